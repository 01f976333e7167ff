"""The parts of assignment 2: convolution and counting, and a LeNet of your own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from helpers.exercises.assignment import Digits, Test, agree, call, draw_digits, part
from helpers.exercises.engine import Wrong, numbers
from helpers.mnist import to_input

if TYPE_CHECKING:  # the parts that need no Keras start quickly without it
    from helpers.quiet import keras


def slide(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return what a convolution should give; kernel and image are integers, so it is exact."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return np.einsum("rcij,ij->rc", windows, kernel)


@part(5)
def convolution(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 2.1: slide a kernel over an image, with a stride."""

    def case(stride: int, square: bool) -> None:
        height, width = (rng.integers(9, 14, 2)) if not square else (12, 12)
        rows, columns = (3, 3) if square else rng.permutation([2, 4])
        image, kernel = rng.integers(0, 256, (height, width)), rng.integers(-3, 4, (rows, columns))
        kernel[0, 0], kernel[-1, -1] = 3, -2  # so that a turned kernel shows
        right = slide(image, kernel, stride)
        found = np.asarray(call(yours, image, kernel, stride), float)
        if found.shape != right.shape:
            sizes = f"a {height} x {width} image, a {rows} x {columns} kernel and stride {stride}"
            raise Wrong(f"For {sizes} the result is {found.shape}; it should be {right.shape}.")
        if np.array_equal(found, slide(image, kernel[::-1, ::-1], stride)):
            raise Wrong("The kernel is turned by 180 degrees: in deep learning it is laid on as it is.")
        agree(found, right, f"With stride {stride} the numbers are not right.")

    yield 2, lambda: case(1, square=True)
    yield 1, lambda: case(1, square=False)
    yield 1, lambda: case(2, square=True)
    yield 1, lambda: case(3, square=False)


@part(3)
def output_side(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 2.2: the side of a feature map."""

    def case(padding: bool, stride: bool) -> None:
        for _ in range(5):
            n, k = int(rng.integers(15, 60)), int(rng.integers(2, 8))
            p, s = int(rng.integers(1, 4)) if padding else 0, int(rng.integers(2, 5)) if stride else 1
            right = (n + 2 * p - k) // s + 1
            found = float(numbers(call(yours, n, k, p, s), ()))
            question = f"a side of {n}, kernel {k}, padding {p} and stride {s}"
            if found == (n + p - k) // s + 1 != right:
                raise Wrong(f"For {question} you count the padding on one side only.")
            agree(found, right, f"For {question} it is not {found:g}.")

    yield 1, lambda: case(padding=False, stride=False)
    yield 1, lambda: case(padding=True, stride=False)
    yield 1, lambda: case(padding=True, stride=True)


@part(4)
def parameters(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 2.3: count the numbers that a network learns."""

    def conv() -> tuple:
        return ("conv", *(int(each) for each in rng.integers(2, 20, 2)), int(rng.integers(2, 7)))

    def dense() -> tuple:
        return ("dense", *(int(each) for each in rng.integers(10, 300, 2)))

    def case(layers: list[tuple]) -> None:
        weights = sum(each[1] * each[2] * each[3] ** 2 if each[0] == "conv" else each[1] * each[2] for each in layers)
        biases = sum(each[2] for each in layers)
        kinds = " and ".join(sorted({each[0] for each in layers}))
        found = float(numbers(call(yours, layers), ()))
        if found == weights:
            raise Wrong(f"{kinds}: the biases are missing, one for each map or unit.")
        agree(found, weights + biases, f"{kinds}: {found:,.0f} is not the number of parameters of {layers}.")

    yield 2, lambda: case([conv()])
    yield 1, lambda: case([dense()])
    yield 1, lambda: case([conv(), conv(), dense(), dense()])


@part(3)
def cost_of_convolution(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 2.4: how many multiplications a convolution costs for one picture."""

    def case(padding: int, stride: int) -> None:
        n, maps_in, maps_out, k = (int(rng.integers(*ends)) for ends in ((16, 40), (1, 9), (2, 17), (3, 8)))
        side = (n + 2 * padding - k) // stride + 1
        right = side**2 * maps_out * maps_in * k**2
        found = float(numbers(call(yours, n, maps_in, maps_out, k, padding, stride), ()))
        mistakes = {
            maps_out * (maps_in * k**2 + 1): "these are the parameters: each weight is used at every place of the map",
            side**2 * maps_out * k**2: "each map of the output looks at all maps of the input",
            side * maps_out * maps_in * k**2: "the map has side times side places",
            side**2 * maps_out * (maps_in * k**2 + 1): "the bias is added, not multiplied",
        }
        of = f"for {n} x {n} x {maps_in}, {maps_out} kernels of {k} x {k}, padding {padding}, stride {stride}"
        agree(
            found, right, f"{found:,.0f} is not right {of}" + f": {mistakes.get(int(found), 'try a tiny one by hand')}."
        )

    yield 1, lambda: case(0, 1)
    yield 1, lambda: case(int(rng.integers(1, 3)), 1)
    yield 1, lambda: case(int(rng.integers(1, 3)), 2)


def network_of(build: object) -> "keras.Model":
    """Return the Keras network that a student's function builds; Wrong when it is none for 28 x 28 pictures."""
    from helpers.quiet import keras

    network = call(build)
    if not isinstance(network, keras.Model):
        raise Wrong(f"A Keras network is wanted, and this is a {type(network).__name__}.")
    try:
        answer = np.asarray(network(np.random.default_rng(0).random((2, 28, 28, 1), np.float32)))
    except Exception as error:
        raise Wrong(f"The network does not take 2 x 28 x 28 x 1 numbers ({type(error).__name__}).") from None
    if answer.shape != (2, 10):
        raise Wrong(f"For two pictures the network gives {answer.shape}; it should be (2, 10).")
    if answer.min() < 0 or not np.allclose(answer.sum(axis=1), 1, atol=1e-3):
        raise Wrong("The ten outputs are no probabilities: the last layer needs `softmax`.")
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


@part(9)
def own_lenet(rng: np.random.Generator, build: object, budget: int, goal: float) -> Iterator[Test]:
    """Part 2.5: a network under a budget of parameters, which the grader trains."""
    from helpers.lenet import multiply_adds
    from helpers.quiet import keras

    reached: list[float] = []

    def has_convolutions() -> None:
        if not any(isinstance(layer, keras.layers.Conv2D) for layer in network_of(build).layers):
            raise Wrong("There is no convolution in it.")

    def is_small() -> None:
        count = network_of(build).count_params()
        if count > budget:
            raise Wrong(f"It has {count:,} parameters; this term's budget is {budget:,}.")

    def is_quick() -> None:
        needed = multiply_adds(network_of(build))
        if needed > 1_000_000:
            raise Wrong(f"It needs {needed:,} multiply-adds for a digit; one million is allowed.")

    def learns(bar: float) -> None:
        if not reached:
            is_small()
            is_quick()
            reached.append(accuracy_after_training(rng, build))
        if reached[0] < bar:
            raise Wrong(f"After 300 steps it reads {reached[0]:.1%} of 2,000 unseen digits; the goal is {goal:.1%}.")

    yield 1, has_convolutions
    yield 2, is_small
    yield 1, is_quick
    yield 2, lambda: learns(goal - 0.05)
    yield 3, lambda: learns(goal)
