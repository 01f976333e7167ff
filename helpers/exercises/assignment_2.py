"""The parts of assignment 2: convolution and counting, and a LeNet of your own."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from helpers.exercises.assignment import Digits, Test, agree, call, draw_digits, part
from helpers.exercises.engine import Wrong, numbers
from helpers.mnist import to_input

if TYPE_CHECKING:  # the parts that need no Keras start quickly without it
    from helpers.quiet import keras


#: How far over a limit a network may be, to be trained all the same.
FORGIVEN = 4


def slide(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return what a convolution should give; kernel and image are integers, so it is exact."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return np.einsum("rcij,ij->rc", windows, kernel)


#: How part 2.1 can ask for a rim: numpy.pad's word, and what it is called.
RIMS = {
    "zeros": ("constant", "zeros"),
    "edge": ("edge", "the edge repeated"),
    "mirror": ("reflect", "the mirror image"),
}


def rimmed(image: np.ndarray, kernel: np.ndarray, kind: str) -> np.ndarray:
    """Return an image with a rim of half the kernel on each side, of a kind."""
    return np.pad(image, [(side // 2, side // 2) for side in kernel.shape], mode=RIMS[kind][0])


def spread_out(kernel: np.ndarray, gap: int) -> np.ndarray:
    """Return a kernel whose numbers lie so many pixels apart, with zeros between them."""
    large = np.zeros([gap * (side - 1) + 1 for side in kernel.shape], kernel.dtype)
    large[::gap, ::gap] = kernel
    return large


@part(5)
def convolution(rng: np.random.Generator, yours: object, kind: str = "bare") -> Iterator[Test]:
    """Part 2.1: slide a kernel over an image with a stride: bare, with a rim, or with holes in the kernel."""

    def result(image: np.ndarray, kernel: np.ndarray, number: int, how: str = kind) -> np.ndarray:
        if how == "holes":
            return slide(image, spread_out(kernel, number), 1)
        return slide(rimmed(image, kernel, how) if how in RIMS else image, kernel, number)

    def case(number: int, square: bool) -> None:
        height, width = rng.integers(11, 16, 2) if not square else (12, 12)
        rows, columns = (3, 3) if square else rng.permutation([3, 5] if kind in RIMS else [2, 4])
        image, kernel = rng.integers(0, 256, (height, width)), rng.integers(-3, 4, (rows, columns))
        kernel[0, 0], kernel[-1, -1] = 3, -2  # so that a turned kernel shows
        right = result(image, kernel, number)
        what = f"gap {number}" if kind == "holes" else f"stride {number}"
        found = np.asarray(call(yours, image, kernel, number), float)
        if found.shape != right.shape:
            bare = slide(image, kernel, number).shape if kind != "bare" else ()
            left_out = " The kernel has no holes." if kind == "holes" else " The rim is missing."
            sizes = f"a {height} x {width} image, a {rows} x {columns} kernel and {what}"
            of = f"For {sizes} the result is {found.shape}; it should be {right.shape}."
            raise Wrong(of + (left_out if found.shape == bare else ""))
        if np.array_equal(found, result(image, kernel[::-1, ::-1], number)):
            raise Wrong("The kernel is turned by 180 degrees: in deep learning it is laid on as it is.")
        for other, (_, words) in RIMS.items():
            if kind in RIMS and other != kind and np.array_equal(found, result(image, kernel, number, other)):
                raise Wrong(f"Your rim is {words}: here it should be {RIMS[kind][1]}.")
        agree(found, right, f"With {what} the numbers are not right.")

    first = 2 if kind == "holes" else 1  # without holes it would be a bare convolution
    yield 2, lambda: case(first, square=True)
    yield 1, lambda: case(first, square=False)
    yield 1, lambda: case(2, square=True)
    yield 1, lambda: case(3, square=False)


#: What the side of a feature map can be, of n, k, padding (or gap) and stride.
SIDES: dict[str, Callable[[int, int, int, int], int]] = {
    "whole": lambda n, k, padding, stride: (n + 2 * padding - k) // stride + 1,
    "partial": lambda n, k, padding, stride: -(-(n + 2 * padding - k) // stride) + 1,
    "dilated": lambda n, k, gap, stride: (n - gap * (k - 1) - 1) // stride + 1,
    "transposed": lambda n, k, padding, stride: (n - 1) * stride + k - 2 * padding,
}
#: A usual mistake in each.
WRONG_SIDES: dict[str, tuple[Callable[[int, int, int, int], int], str]] = {
    "whole": (lambda n, k, p, s: (n + p - k) // s + 1, "you count the padding on one side only"),
    "partial": (SIDES["whole"], "you leave the last step out, for which zeros are added"),
    "dilated": (lambda n, k, g, s: (n - g * k) // s + 1, "you count a hole after the kernel's last number as well"),
    "transposed": (lambda n, k, p, s: n * s + k - 2 * p, "you count a step after the last pixel as well"),
}


@part(3)
def output_side(rng: np.random.Generator, yours: object, kind: str = "whole") -> Iterator[Test]:
    """Part 2.2: the side of a feature map."""
    word = "gap" if kind == "dilated" else "padding"

    def case(padding: bool, stride: bool) -> None:
        for _ in range(5):
            n, k = int(rng.integers(15, 60)), int(rng.integers(2, 8))
            p, s = int(rng.integers(1, 4)) if padding else 0, int(rng.integers(2, 5)) if stride else 1
            p += kind == "dilated"
            if kind == "partial" and s > 1:
                n += (n + 2 * p - k) % s == 0  # so that pixels are left over
            right = SIDES[kind](n, k, p, s)
            found = float(numbers(call(yours, n, k, p, s), ()))
            question = f"a side of {n}, kernel {k}, {word} {p} and stride {s}"
            mistaken, sentence = WRONG_SIDES[kind]
            if found == mistaken(n, k, p, s) != right:
                raise Wrong(f"For {question} {sentence}.")
            agree(found, right, f"For {question} it is not {found:g}.")

    yield 1, lambda: case(padding=False, stride=kind in ("partial", "transposed"))
    yield 1, lambda: case(padding=True, stride=kind == "partial")
    yield 1, lambda: case(padding=True, stride=True)


#: What a convolution learns: its weights, and what comes with each of its maps.
WEIGHTS: dict[str, Callable[..., int]] = {
    "plain": lambda maps_in, maps_out, k: maps_in * maps_out * k**2,
    "groups": lambda maps_in, maps_out, k, groups: maps_in // groups * maps_out * k**2,
    "separable": lambda maps_in, maps_out, k: maps_in * k**2 + maps_in * maps_out,
    "normalised": lambda maps_in, maps_out, k: maps_in * maps_out * k**2,
}


@part(4)
def parameters(rng: np.random.Generator, yours: object, kind: str = "plain") -> Iterator[Test]:
    """Part 2.3: count the numbers that a network learns."""

    def conv() -> tuple:
        maps, k = [int(each) for each in rng.integers(2, 20, 2)], int(rng.integers(2, 7))
        groups = int(rng.integers(2, 5))
        return ("conv", *(groups * each for each in maps), k, groups) if kind == "groups" else ("conv", *maps, k)

    def dense() -> tuple:
        return ("dense", *(int(each) for each in rng.integers(10, 300, 2)))

    def case(layers: list[tuple]) -> None:
        weights = sum(WEIGHTS[kind](*each[1:]) if each[0] == "conv" else each[1] * each[2] for each in layers)
        each_map = {"conv": 2 if kind == "normalised" else 1, "dense": 1}
        right = weights + sum(each_map[each[0]] * each[2] for each in layers)
        kinds = " and ".join(sorted({each[0] for each in layers}))
        found = float(numbers(call(yours, layers), ()))
        if found == weights:
            missing = "a factor and a shift" if kind == "normalised" and kinds == "conv" else "the biases"
            raise Wrong(f"{kinds}: {missing} of each map or unit are missing.")
        agree(found, right, f"{kinds}: {found:,.0f} is not the number of parameters of {layers}.")

    yield 2, lambda: case([conv()])
    yield 1, lambda: case([dense()])
    yield 1, lambda: case([conv(), conv(), dense(), dense()])


@part(3)
def cost_of_convolution(rng: np.random.Generator, yours: object, kind: str = "plain") -> Iterator[Test]:
    """Part 2.4: what a convolution costs for one picture."""

    def case(padding: int, stride: int) -> None:
        n, maps_in, maps_out, k = (int(rng.integers(*ends)) for ends in ((16, 40), (2, 9), (3, 17), (3, 8)))
        starts = np.arange(-padding, n + padding - k + 1, stride)
        side = len(starts)
        inside = int(np.sum(np.minimum(starts + k, n) - np.maximum(starts, 0)))
        plain = side**2 * maps_out * maps_in * k**2
        costs = {
            "plain": plain,
            "separable": side**2 * maps_in * (k**2 + maps_out),
            "operations": 2 * plain,
            "inside": inside**2 * maps_in * maps_out,
        }
        right = costs[kind]
        found = float(numbers(call(yours, n, maps_in, maps_out, k, padding, stride), ()))
        mistakes = {
            costs["separable"]: "this would be a separable convolution's",
            2 * plain: "additions are not asked for",
            costs["inside"]: "the rim's zeros count as well",
            plain: "these are the multiplications of an ordinary convolution, with those of the rim",
            maps_out * (maps_in * k**2 + 1): "these are the parameters: each weight is used at every place of the map",
            side**2 * maps_out * k**2: "each map of the output looks at all maps of the input",
            side * maps_out * maps_in * k**2: "the map has side times side places",
            side**2 * maps_out * (maps_in * k**2 + 1): "the bias is added, not multiplied",
            side**2 * maps_out * (2 * maps_in * k**2 - 1): "the bias is added as well",
            side**2 * maps_in * k**2: "the kernels of 1 x 1 are missing",
        }
        of = f"for {n} x {n} x {maps_in}, {maps_out} kernels of {k} x {k}, padding {padding}, stride {stride}"
        agree(
            found, right, f"{found:,.0f} is not right {of}" + f": {mistakes.get(int(found), 'try a tiny one by hand')}."
        )

    yield 1, lambda: case(int(rng.integers(1, 3)) if kind == "inside" else 0, 1)
    yield 1, lambda: case(int(rng.integers(1, 3)), 1)
    yield 1, lambda: case(int(rng.integers(1, 3)), 2)


#: What may come out of a network, in words, and whether so many digits' outputs (N x 10) are that.
OUTPUTS: dict[str, tuple[str, Callable[[np.ndarray], bool]]] = {
    "probabilities": (
        "no probabilities: the last layer needs `softmax`",
        lambda out: bool(out.min() >= 0 and np.allclose(out.sum(axis=1), 1, atol=1e-3)),
    ),
    "scores": (
        "no free scores: a last layer without an activation gives numbers below 0 and above 1",
        lambda out: bool(out.min() < 0 and out.max() > 1),
    ),
    "separate": (
        "not ten answers from 0 to 1, each by itself: the last layer needs `sigmoid`",
        lambda out: bool(out.min() >= 0 and out.max() <= 1 and not np.allclose(out.sum(axis=1), 1, atol=1e-3)),
    ),
}


def network_of(build: object, outputs: str = "probabilities", pictures: np.ndarray | None = None) -> "keras.Model":
    """Return the Keras network that a student's function builds; Wrong when it is none for 28 x 28 pictures.

    outputs: what has to come out of it. pictures: N x 28 x 28 x 1 float32, of which it comes (else two of noise).
    """
    from helpers.quiet import keras

    network = call(build)
    if not isinstance(network, keras.Model):
        raise Wrong(f"A Keras network is wanted, and this is a {type(network).__name__}.")
    if pictures is None:
        pictures = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    amount = len(pictures)
    try:
        answer = np.asarray(network(pictures))
    except Exception as error:
        raise Wrong(f"The network does not take {amount} x 28 x 28 x 1 numbers ({type(error).__name__}).") from None
    if answer.shape != (amount, 10):
        raise Wrong(f"For {amount} pictures the network gives {answer.shape}; it should be {(amount, 10)}.")
    words, fits = OUTPUTS[outputs]
    if not fits(answer):
        raise Wrong(f"The ten outputs are {words}.")
    return network


def accuracy_after_training(rng: np.random.Generator, build: object, steps: int = 300) -> float:
    """Return the accuracy of a student's network when the grader has trained it: so many steps of 64 digits."""
    from helpers.quiet import keras

    print(f"Training for {steps} steps, about ten seconds ...", flush=True)
    digits = draw_digits(rng, 64 * steps, 2000)
    keras.utils.set_random_seed(int(rng.integers(2**31)))
    network = network_of(build)
    network.compile(keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy")
    network.fit(to_input(digits.x), digits.y, batch_size=64, verbose=0)
    return accuracy(network, digits)


def accuracy(network: "keras.Model", digits: Digits) -> float:
    """Return the share of a grader's unseen digits that a network reads correctly."""
    probabilities = network.predict(to_input(digits.x_unseen), batch_size=500, verbose=0)
    return float(np.mean(probabilities.argmax(axis=1) == digits.y_unseen))


def layers_of(network: "keras.Model") -> list["keras.layers.Layer"]:
    """Return the layers of a network, with those of networks inside it."""
    return [each for layer in network.layers for each in (layers_of(layer) if hasattr(layer, "layers") else [layer])]


def problem_of_layers(network: "keras.Model", kind: str) -> str:
    """Return what about a network's layers is not as part 2.5 asks for in this kind; empty when all is."""
    from helpers.quiet import keras

    layers, separable = layers_of(network), (keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D)
    ordinary = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    apart = [layer for layer in layers if isinstance(layer, separable)]
    pools = [layer.__class__.__name__ for layer in layers if "Pooling" in layer.__class__.__name__]
    steps = [layer for layer in [*ordinary, *apart] if max(layer.strides) > 1]
    rules = {
        "pooled": [
            (apart, "There are separable convolutions in it: ordinary ones are asked for."),
            (steps, "A convolution has a stride: the maps should shrink by pooling alone."),
            (not pools, "No layer pools."),
        ],
        "strided": [
            (pools, f"There is pooling in it ({', '.join(pools)}): the maps should shrink by strides alone."),
            (not steps, "No convolution has a stride larger than 1."),
        ],
        "separable": [
            (not apart, "There is no separable convolution in it."),
            (len(ordinary) > 1, "All convolutions but the first should be separable."),
        ],
    }
    if not ordinary and not apart:
        return "There is no convolution in it."
    return next((sentence for broken, sentence in rules.get(kind, []) if broken), "")


@part(9, slow=True)
def own_lenet(rng: np.random.Generator, build: object, budget: int, goal: float, kind: str = "") -> Iterator[Test]:
    """Part 2.5: a network under a budget of parameters, which the grader trains."""
    from helpers.lenet import multiply_adds

    reached: list[float] = []

    def as_asked_for() -> None:
        problem = problem_of_layers(network_of(build), kind)
        if problem:
            raise Wrong(problem)

    def is_small(times: int = 1) -> None:
        count = network_of(build).count_params()
        if count > times * budget:
            raise Wrong(f"It has {count:,} parameters; this term's budget is {budget:,}.")

    def is_quick(times: int = 1) -> None:
        needed = multiply_adds(network_of(build))
        if needed > times * 1_000_000:
            raise Wrong(f"It needs {needed:,} multiply-adds for a digit; one million is allowed.")

    def learns(bar: float) -> None:
        if not reached:
            as_asked_for()
            is_small(FORGIVEN)
            is_quick(FORGIVEN)
            reached.append(accuracy_after_training(rng, build))
        if reached[0] < bar:
            raise Wrong(f"After 300 steps it reads {reached[0]:.1%} of 2,000 unseen digits; the goal is {goal:.1%}.")

    def learns_within_the_limits() -> None:
        learns(goal)
        is_small()
        is_quick()

    yield 1, as_asked_for
    yield 2, is_small
    yield 1, is_quick
    yield 2, lambda: learns(goal - 0.05)
    yield 3, learns_within_the_limits
