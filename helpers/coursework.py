"""What the parts of the four assignments are judged by: `python3 course.py coursework` makes them, `grade` marks them.

Each part is one function. Called with a student's functions it prints how many marks they would earn, and what is
wrong. With a `seed` it draws other data and sizes, and returns the marks: so the hidden tests are this code with a
number that only the instructor knows. It never raises, whatever a student's function does.

Digits that a part trains with or reads come from MNIST's training set, but turned or mirrored, and with the labels
exchanged among each other: a network that was trained elsewhere reads them no better than by chance.
"""

import contextlib
import functools
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from helpers.checks import Untouched, Wrong, numbers
from helpers.mnist import load_mnist, split_validation, to_input

if TYPE_CHECKING:  # the first assignment does not need Keras, and starts quickly without it
    from helpers.quiet import keras

#: The seed of the checks that a student sees.
VISIBLE = 20260901
#: A test of a part: what it is worth, and what raises Wrong.
Test = tuple[float, Callable[[], None]]


def part(marks: float) -> Callable:
    """Make a check of a function that yields the tests of a part; `marks` is what they are worth together.

    The check takes the student's answers, the term's numbers by name, and `seed`. It prints a sentence. With a seed it
    returns the marks (float), without one nothing.
    """

    def decorate(tests: Callable[..., Iterator[Test]]) -> Callable[..., float | None]:
        @functools.wraps(tests)
        def check(*answers: object, seed: int | None = None, **term: float) -> float | None:
            earned, wrong = 0.0, []
            try:
                if not answers or any(answer is ... or answer is None for answer in answers):
                    raise Untouched
                for worth, test in tests(np.random.default_rng(VISIBLE if seed is None else seed), *answers, **term):
                    problem = problem_of(test)
                    earned += 0 if problem else worth
                    wrong += [problem] if problem and problem not in wrong else []
                if wrong:
                    print(f"✗ {earned:g} of {marks:g} marks. " + "\n  ".join(wrong))
                else:
                    print(f"✓ {earned:g} of {marks:g} marks." + (" Grading uses other data." if seed is None else ""))
            except Untouched:
                earned = 0.0
                print("· Not attempted yet: write your answer, run its cell, then this one.")
            return None if seed is None else float(earned)

        check.marks = marks
        return check

    return decorate


def problem_of(test: Callable[[], None]) -> str:
    """Return what is wrong by this test; empty when nothing is. Untouched goes through."""
    try:
        test()
    except Wrong as reason:
        return str(reason)
    except Untouched:
        raise
    except Exception as error:  # an answer can be anything
        return f"The answer could not be judged ({type(error).__name__}): look at its type and its shape."
    return ""


def call(function: object, *arguments: object) -> object:
    """Call a student's function with copies of the arguments; Wrong when it stops, Untouched when it gives nothing."""
    if not callable(function):
        raise Wrong(f"A function is wanted here, and this is a {type(function).__name__}.")
    name = getattr(function, "__name__", "the function")
    try:
        result = function(*(each.copy() if isinstance(each, np.ndarray) else each for each in arguments))
    except (Exception, SystemExit) as error:
        raise Wrong(f"`{name}` stops with {type(error).__name__}: {str(error)[:200]}") from None
    if result is ...:
        raise Untouched
    if result is None:
        raise Wrong(f"`{name}` gives nothing back: does it end with `return`?")
    return result


def pair(result: object, name: str) -> tuple:
    """Return the two things that a function should give back."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(f"`{name}` should return two things, separated by a comma.")
    return tuple(result)


def agree(found: object, right: object, problem: str, tolerance: float = 1e-6) -> None:
    """Raise Wrong unless an answer holds the right numbers in the right shape."""
    right = np.asarray(right, float)
    if not np.allclose(numbers(found, right.shape), right, rtol=tolerance, atol=tolerance):
        raise Wrong(problem)


class Digits(NamedTuple):
    """Digits of a grader, N x 28 x 28 uint8, 0 (paper) to 255 (ink), with labels; and others to judge with."""

    x: np.ndarray
    y: np.ndarray
    x_unseen: np.ndarray
    y_unseen: np.ndarray


def draw_digits(rng: np.random.Generator, seen: int, unseen: int) -> Digits:
    """Draw digits that nobody can have trained with: turned or mirrored alike, and with new labels."""
    (x, y), _ = load_mnist()
    chosen = rng.permutation(len(x))[: seen + unseen]
    x, y = np.rot90(x[chosen], rng.integers(1, 4), axes=(1, 2)), rng.permutation(10)[y[chosen]].astype(np.uint8)
    if rng.random() < 0.5:
        x = x[:, :, ::-1]
    return Digits(np.ascontiguousarray(x[:seen]), y[:seen], np.ascontiguousarray(x[seen:]), y[seen:])


# --- 1 The data, and a classifier of your own --------------------------------------------------------------------


@part(4)
def digit_statistics(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 1.1: how often each digit occurs, and its mean grey value from 0 to 1."""
    digits = draw_digits(rng, rng.integers(300, 600), 0)
    missing = rng.integers(10)
    x, y = digits.x[digits.y != missing], digits.y[digits.y != missing]
    means = np.array([x[y == digit].mean() / 255 if digit != missing else 0 for digit in range(10)])
    there = np.arange(10) != missing

    def found(which: int) -> np.ndarray:
        return numbers(pair(call(yours, x, y), "digit_statistics")[which], (10,))

    def mean_greys() -> None:
        if np.allclose(found(1)[there], 255 * means[there]):
            raise Wrong("The mean grey values run from 0 to 255: divide by 255.")
        agree(found(1)[there], means[there], "The mean grey values are not right.", 1e-5)

    def no_nan() -> None:
        with np.errstate(all="ignore"):
            mean = np.asarray(pair(call(yours, x, y), "digit_statistics")[1], float).ravel()
        if mean.shape == (10,) and not np.allclose(mean[there], means[there], rtol=1e-5):
            raise Wrong("The mean grey values are not right.")
        if mean.shape != (10,) or mean[missing] != 0:
            raise Wrong("A digit that does not occur should have a mean of 0: the mean of no pixels is not a number.")

    yield (
        2,
        lambda: agree(found(0), np.bincount(y, minlength=10), "The counts are not right: ten numbers, one a digit."),
    )
    yield 1, lambda: mean_greys() if not np.isnan(call(yours, x, y)[1]).any() else no_nan()
    yield 1, no_nan


@part(3)
def centre_of_mass(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 1.2: the row and the column on which the ink of a picture of any size balances."""
    height, width = 2 * rng.integers(5, 12, 2) + [0, 1]
    image = np.zeros((height, width), np.uint8)
    image[1 : height // 2, 2 : width - 3] = rng.integers(0, 256, (height // 2 - 1, width - 5))
    row, column = (
        np.average(np.arange(side), weights=image.sum(axis=1 - axis)) for axis, side in enumerate(image.shape)
    )

    def balance() -> None:
        found = numbers(pair(call(yours, image), "centre_of_mass"), (2,))
        for mistake, sentence in (
            ((column, row), "Row and column are exchanged: the row comes first."),
            ((row + 1, column + 1), "You count from 1: the first row is row 0."),
            (((height - 1) / 2, (width - 1) / 2), "That is the middle of the picture, whatever the ink is."),
        ):
            if np.allclose(found, mistake):
                raise Wrong(sentence)
        agree(found, (row, column), "The ink does not balance there: weigh each pixel's place with its grey value.")

    def empty() -> None:
        balance()
        with np.errstate(all="ignore"):
            found = pair(call(yours, np.zeros((height, width), np.uint8)), "centre_of_mass")
        middle = ((height - 1) / 2, (width - 1) / 2)
        agree(np.nan_to_num(np.array(found, float), nan=-1), middle, "A picture without ink balances in its middle.")

    yield 2, balance
    yield 1, empty  # the middle alone is no answer


@part(4)
def split(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 1.3: put a share of the digits aside for validation, by chance, and none of them twice."""
    total = int(rng.integers(200, 400))
    first = int(rng.integers(1_000_000))
    x = first + np.arange(total * 4).reshape(total, 2, 2)  # so each picture can be told by its first pixel
    y = np.sort(rng.integers(0, 10, total)).astype(np.uint8)  # sorted: whoever cuts without shuffling is found out
    share, seed = float(rng.choice([0.1, 0.2, 0.3])), int(rng.integers(1000))
    aside = round(share * total)

    def parts(seed: int) -> list[np.ndarray]:
        (x_train, y_train), (x_validation, y_validation) = (
            pair(each, "split") for each in pair(call(yours, x, y, share, seed), "split")
        )
        sets = [np.asarray(each) for each in (x_train, y_train, x_validation, y_validation)]
        if not all(np.isin(each, x).all() for each in sets[::2]):
            raise Wrong("There are pictures in the two sets that were not given.")
        return sets

    def sizes() -> None:
        lengths = [len(each) for each in parts(seed)]
        if lengths == [aside, aside, total - aside, total - aside]:
            raise Wrong("The two sets are exchanged: the training digits come first.")
        if lengths != [total - aside, total - aside, aside, aside]:
            raise Wrong(f"Of {total} digits and a share of {share:g}, {aside} should be put aside: the sizes differ.")

    def none_twice() -> None:
        x_train, _, x_validation, _ = parts(seed)
        numbers_of = np.concatenate([x_train, x_validation])[:, 0, 0]
        if len(np.unique(numbers_of)) != total or len(numbers_of) != total:
            raise Wrong("Each digit should be in one of the two sets: some are in both, twice, or in none.")

    def labels_kept() -> None:
        x_train, y_train, x_validation, y_validation = parts(seed)
        order = (np.concatenate([x_train, x_validation])[:, 0, 0] - first) // 4
        if not np.array_equal(np.concatenate([y_train, y_validation]), y[order]):
            raise Wrong("Pictures and labels were shuffled apart: the same order must sort both.")

    def by_chance() -> None:
        once, again, other = (parts(each)[2] for each in (seed, seed, seed + 1))
        if not np.array_equal(once, again):
            raise Wrong("The same seed should give the same split: make `np.random.default_rng(seed)` in the function.")
        if np.array_equal(once, other) or np.all(np.diff(once[:, 0, 0]) == 4):
            raise Wrong("The digits put aside are not drawn by chance from the seed.")

    for test in (sizes, none_twice, labels_kept, by_chance):
        yield 1, test


def reading_accuracy(rng: np.random.Generator, fit: object, read: object) -> tuple[float, float]:
    """Return the accuracy of a student's classifier on a grader's digits, and that of the nearest mean."""
    digits = draw_digits(rng, 3000, 1000)
    learned = call(fit, digits.x, digits.y)
    found = numbers(call(read, learned, digits.x_unseen), (1000,))
    means = np.stack([digits.x[digits.y == digit].mean(axis=0) for digit in range(10)])
    nearest = [np.sum((means - image) ** 2, axis=(1, 2)).argmin() for image in digits.x_unseen]
    return float(np.mean(found == digits.y_unseen)), float(np.mean(nearest == digits.y_unseen))


@part(9)
def classifier(rng: np.random.Generator, fit: object, read: object, goal: float) -> Iterator[Test]:
    """Part 1.4: a classifier that is better than the nearest mean, and reaches the term's goal."""
    state: list[float] = []

    def runs() -> None:
        state.extend(reading_accuracy(rng, fit, read))
        if state[0] < 0.2:
            raise Wrong(f"It reads {state[0]:.1%} of 1,000 unseen digits: that is hardly more than guessing.")

    def at_least(bar: Callable[[], float], what: str) -> None:
        if not state:
            raise Wrong("Without an answer for each digit there is nothing to count.")
        if state[0] < bar():
            raise Wrong(f"It reads {state[0]:.1%} of 1,000 unseen digits; {what} {bar():.1%}.")

    yield 1, runs
    yield 4, lambda: at_least(lambda: state[1] + 0.03, "three points more than the nearest mean would be")
    yield 4, lambda: at_least(lambda: goal, "this term's goal is")


# --- 2 Convolution and counting, and a LeNet of your own ---------------------------------------------------------


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
def multiply_adds(rng: np.random.Generator, yours: object) -> Iterator[Test]:
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
    from helpers.lenet import multiply_adds as cost
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
        needed = cost(network_of(build))
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


# --- 3 Train, compare and report honestly ------------------------------------------------------------------------


@part(4)
def learning_rates(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.1: warm-up, then half a cosine down to 0."""
    steps, warmup, peak = int(rng.integers(40, 90)), int(rng.integers(5, 12)), float(rng.choice([1e-3, 2e-3, 5e-3]))
    rising = peak * np.arange(1, warmup + 1) / warmup
    falling = peak * 0.5 * (1 + np.cos(np.pi * np.arange(steps - warmup) / (steps - warmup)))

    def found() -> np.ndarray:
        return numbers(call(yours, steps, peak, warmup), (steps,))

    def rises() -> None:
        if np.allclose(found()[:warmup], peak * np.arange(warmup) / warmup):
            raise Wrong("The first step has a learning rate of 0 and learns nothing: begin with peak / warmup.")
        agree(found()[:warmup], rising, f"In the first {warmup} steps the rate should rise in equal steps to its peak.")

    def falls() -> None:
        late = peak * 0.5 * (1 + np.cos(np.pi * np.arange(warmup, steps) / steps))
        if np.allclose(found()[warmup:], late):
            raise Wrong("The cosine counts the steps of the warm-up as well: it begins after them.")
        agree(found()[warmup:], falling, "After the warm-up the rate should fall from its peak along half a cosine.")

    yield 2, rises
    yield 2, falls


def sign_test_by_counting(one_only: int, other_only: int) -> float:
    """Return the two-sided p-value of so many digits that only one, and only the other network reads correctly."""
    total, fewer = one_only + other_only, min(one_only, other_only)
    return min(1.0, 2 * sum(math.comb(total, count) for count in range(fewer + 1)) / 2**total)


@part(3)
def sign_test(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.2: can two networks differ so much by chance? Compared digit by digit."""

    def case(one_only: int, other_only: int, problem: str) -> None:
        both, none = rng.integers(50, 100), rng.integers(5, 20)
        one = np.repeat([True, True, False, False], [both, one_only, other_only, none])
        other = np.repeat([True, False, True, False], [both, one_only, other_only, none])
        order = rng.permutation(len(one))
        found = float(numbers(call(yours, one[order], other[order]), ()))
        right = sign_test_by_counting(one_only, other_only)
        if right < 1 and np.isclose(found, right / 2):
            raise Wrong("That is one side only: either network could have been the better one, so double it.")
        if not np.isclose(found, right, rtol=1e-4, atol=0):
            raise Wrong(problem.format(one_only, other_only, found))

    def both_even_and_uneven() -> None:
        case(small - 1, more, differ)
        case(small, small, "When each is better on as many digits, the p-value is 1 and never more.")

    small = int(rng.integers(3, 14))
    more = small + int(rng.integers(3, 19))
    differ = "{} digits are read by the first network only and {} by the second only: the p-value is not {:.4g}."
    yield 1, lambda: case(small, more, differ)
    yield 1, lambda: case(more + 1, small, differ)
    yield 1, lambda: both_even_and_uneven()


@part(3)
def choose(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.3: choose a setting by validation, and report its test accuracy, the mean over the seeds."""

    def results() -> tuple[np.ndarray, np.ndarray, list[int]]:
        settings, seeds = int(rng.integers(4, 7)), int(rng.integers(3, 6))
        validation = 0.95 + 0.005 * rng.random((settings, seeds))
        test = 0.95 + 0.005 * rng.random((settings, seeds))
        best, lucky, tempting = (int(each) for each in rng.permutation(settings)[:3])
        validation[best] += 0.01
        validation[lucky, 0] = 0.999  # one lucky seed
        validation[lucky, 1:] -= 0.02  # so that its mean stays below the best one
        test[tempting] += 0.02
        return validation, test, [best, lucky, tempting]

    def which() -> None:
        for _ in range(5):
            validation, test, (best, lucky, tempting) = results()
            found = float(numbers(pair(call(yours, validation, test), "choose")[0], ()))
            if found == tempting:
                raise Wrong("You choose by the test set: then its accuracy is no longer an honest one.")
            if found == lucky:
                raise Wrong("You choose the luckiest seed: compare the means over the seeds.")
            agree(found, best, "Choose the setting (a row) with the best mean validation accuracy.")

    def report() -> None:
        validation, test, (best, *_) = results()
        found = float(numbers(pair(call(yours, validation, test), "choose")[1], ()))
        if np.isclose(found, test[best].max()):
            raise Wrong("You report the best seed: report the mean over the seeds.")
        if np.isclose(found, validation[best].mean()):
            raise Wrong("You report the validation accuracy, by which you have chosen: report the test accuracy.")
        agree(found, test[best].mean(), "Report the mean test accuracy of the setting that you chose.")

    yield 2, which
    yield 1, report


@contextlib.contextmanager
def counted_steps() -> Iterator[Callable[[], int]]:
    """Count the steps of all optimizers that are made inside."""
    from helpers.quiet import keras

    made: list = []
    original = keras.optimizers.Optimizer.__init__

    def remember(self: object, *arguments: object, **options: object) -> None:
        original(self, *arguments, **options)
        made.append(self)

    keras.optimizers.Optimizer.__init__ = remember
    try:
        yield lambda: sum(int(np.asarray(each.iterations)) for each in made)
    finally:
        keras.optimizers.Optimizer.__init__ = original


def accuracy_of_training(rng: np.random.Generator, train: object, steps: int) -> tuple[float, int]:
    """Return the accuracy that a student's training reaches on a grader's digits, and the steps it took."""
    digits = draw_digits(rng, 30_000, 2000)
    with counted_steps() as count:
        network = call(train, to_input(digits.x), digits.y, steps, int(rng.integers(1000)))
        network_of(lambda: network)
        return accuracy(network, digits), count()


@part(8)
def training(rng: np.random.Generator, train: object, steps: int, goal: float) -> Iterator[Test]:
    """Part 3.4: reach the term's accuracy within the term's number of steps."""
    reached: list[float] = []

    def keeps_to_the_steps() -> None:
        print("Your function trains, up to a minute ...", flush=True)
        found, taken = accuracy_of_training(rng, train, steps)
        if not 0 < taken <= steps:
            raise Wrong(f"{taken} steps were taken, and {steps} are allowed: one batch is one step.")
        if found < 0.3:
            raise Wrong(f"It reads {found:.1%} of 2,000 unseen digits: it has hardly learned from those it was given.")
        reached.append(found)

    def reaches(bar: float) -> None:
        if not reached:
            raise Wrong("Without a network that was trained within the rules there is nothing to count.")
        if reached[0] < bar:
            raise Wrong(f"It reads {reached[0]:.1%} of 2,000 unseen digits; this term's goal is {goal:.1%}.")

    yield 3, keeps_to_the_steps
    yield 2, lambda: reaches(goal - 0.03)
    yield 3, lambda: reaches(goal)


# --- 4 Your own handwriting --------------------------------------------------------------------------------------


@part(3)
def labelled_files(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 4.1: the pictures of a folder, with the labels that their names begin with."""
    digits = [int(each) for each in rng.permutation(10)[:5]]
    words = rng.permutation(["first", "again", "blue", "thick", "board"])
    names = [
        f"{digit}_{word}.{kind}"
        for digit, word, kind in zip(digits, words, ["png", "jpg", "JPG", "jpeg", "png"], strict=True)
    ]
    others = ["README.md", ".DS_Store", "notes.txt", "7_notes.txt", f"{rng.integers(2020, 2030)}0101.jpg"]
    others += ["seven.png", f"{rng.integers(10, 100)}_points.png", f"{rng.integers(2020, 2030)}_01.jpg"]

    def listing(extra: list[str]) -> list[tuple[str, int]]:
        with tempfile.TemporaryDirectory() as folder:
            for name in [*names, *extra]:
                Path(folder, name).write_bytes(b"")
            found = call(yours, Path(folder))
            if not isinstance(found, list | tuple) or not all(isinstance(each, tuple | list) for each in found):
                raise Wrong("Return a list of pairs: (path, label).")
            return [(Path(pair(each, "labelled_files")[0]).name, each[1]) for each in found]

    def labels() -> None:
        found = listing([])
        if any(isinstance(label, str) for _, label in found):
            raise Wrong("The labels are text: `int(...)` makes numbers of them.")
        if sorted(found) != sorted(zip(names, digits, strict=True)):
            raise Wrong("In a folder of five pictures (.png, .jpg, .JPG, .jpeg), not each was found with its label.")

    def no_others() -> None:
        found = {name for name, _ in listing(others)}
        if not found >= set(names):
            raise Wrong("With other files in the folder, pictures get lost.")
        if found & set(others):
            raise Wrong(
                "Files that are no labelled pictures are in the list: " + ", ".join(sorted(found & set(others)))
            )

    def sorted_by_name() -> None:
        no_others()
        found = listing(others)
        if found != sorted(found):
            raise Wrong("Sort the pictures by their names: the order of a folder differs from computer to computer.")

    for test in (labels, no_others, sorted_by_name):
        yield 1, test


class Page(NamedTuple):
    """How a simulated photograph is made."""

    light_on_dark: bool
    slope: float  # by how many grey values the light changes from one edge to the other
    grain: float  # standard deviation of the noise, in grey values


def photograph(rng: np.random.Generator, digit: np.ndarray | None, page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Put a digit (28 x 28 uint8, or none) anywhere on a page; return the photograph and the ink, H x W.

    The photograph is uint8, the ink float32 from 0 (paper) to 1.
    """
    height, width = (int(each) for each in rng.integers(200, 330, 2))
    ink = np.zeros((height, width), np.float32)
    if digit is not None:
        side = int(rng.integers(70, 150))
        large = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC) / np.float32(255)
        turned = cv2.warpAffine(
            large, cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-8, 8), 1), (side, side)
        )
        row, column = rng.integers(10, height - side - 10), rng.integers(10, width - side - 10)
        ink[row : row + side, column : column + side] = np.clip(2 * turned - 0.5, 0, 1)  # as sharp as a pen
    light = np.linspace(-0.5, 0.5, width) if rng.random() < 0.5 else np.linspace(-0.5, 0.5, height)[:, np.newaxis]
    paper = rng.uniform(175, 205) + page.slope * light
    contrast = rng.uniform(90, 130)
    grey = np.broadcast_to(paper, ink.shape) - contrast * ink
    grey = (255 - grey if page.light_on_dark else grey) + rng.normal(0, page.grain, ink.shape)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8), ink


def digits_for_pages(rng: np.random.Generator, amount: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw from MNIST's validation digits, which the shipped network was not trained with."""
    x, y = split_validation(*load_mnist()[0])[1]
    chosen = rng.permutation(len(x))[:amount]
    return x[chosen], y[chosen]


@part(4)
def to_ink(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 4.2: from grey values to ink, whatever is darker, and however the light falls."""

    images, _ = digits_for_pages(rng, 4)

    def ink_of(page: Page, digit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        picture, ink = photograph(rng, digit, page)
        found = np.asarray(call(yours, picture))
        if found.shape != picture.shape or not np.issubdtype(found.dtype, np.floating):
            raise Wrong(
                f"Ink is a decimal number for each pixel, {picture.shape}; this is {found.dtype} {found.shape}."
            )
        if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1.001):
            raise Wrong("Ink runs from 0 (paper) to 1: there are numbers beyond.")
        return found, ink

    def separates(page: Page, problem: str) -> None:
        for digit in images:
            found, ink = ink_of(page, digit)
            paper = np.where(ink < 0.05, found, np.nan)
            corners = [half for rows in np.array_split(paper, 3) for half in np.array_split(rows, 3, axis=1)]
            if max(map(np.nanmean, corners)) > 0.2 or np.mean(found[ink > 0.95]) < 0.6:
                raise Wrong(problem)

    yield 1, lambda: separates(Page(False, 0, 2), "Dark ink on light paper: paper should be near 0 and ink near 1.")
    yield (
        1,
        lambda: separates(Page(True, 0, 2), "Light ink on a dark board: the board should be near 0, the ink near 1."),
    )
    yield (
        2,
        lambda: separates(Page(False, 140, 2), "In uneven light, the darker side of the paper should not become ink."),
    )


def share_read(rng: np.random.Generator, prepare: object, amount: int = 100) -> float:
    """Return the share of simulated photographs that the shipped network reads after a student's preparation."""
    from helpers.lenet import load_lenet5

    images, labels = digits_for_pages(rng, amount)
    prepared = np.zeros((amount, 28, 28, 1), np.float32)
    for place, digit in enumerate(images):
        page = Page(bool(rng.random() < 0.4), rng.uniform(0, 60), rng.uniform(1, 4))
        prepared[place, ..., 0] = numbers(call(prepare, photograph(rng, digit, page)[0]), (28, 28))
    answers = load_lenet5().predict(prepared, batch_size=100, verbose=0).argmax(axis=1)
    return float(np.mean(answers == labels))


@part(8)
def preparation(rng: np.random.Generator, prepare: object, goal: float) -> Iterator[Test]:
    """Part 4.3: from a photograph to the 28 x 28 pixels that the network knows."""
    reached: list[float] = []

    def in_range() -> None:
        picture, _ = photograph(rng, digits_for_pages(rng, 1)[0][0], Page(False, 0, 2))
        found = np.asarray(call(prepare, picture))
        if found.shape != (28, 28) or not np.issubdtype(found.dtype, np.floating):
            raise Wrong(f"28 x 28 decimal numbers are wanted, and this is {found.dtype} {found.shape}.")
        if not (np.isfinite(found).all() and 0 <= found.min() <= found.max() <= 1.001 and found.max() > 0.3):
            raise Wrong("The numbers should run from 0 (paper) to 1 (ink).")
        reads(0.3)  # any picture has a shape; this one should show the digit

    def empty_page() -> None:
        reads(0.3)
        try:
            found = prepare(photograph(rng, None, Page(False, 0, 2))[0])
        except ValueError:
            return
        except (Exception, SystemExit) as error:
            raise Wrong(f"For an empty page it stops with {type(error).__name__}: raise ValueError instead.") from None
        if found is ...:
            raise Untouched
        raise Wrong("For an empty page there is no digit to prepare: raise ValueError and say so.")

    def reads(bar: float) -> None:
        if not reached:
            reached.append(share_read(rng, prepare))
        if reached[0] < bar:
            raise Wrong(f"{reached[0]:.0%} of 100 photographs are read; this term's goal is {goal:.1%}.")

    yield 1, in_range
    yield 1, empty_page
    yield 2, lambda: reads(goal - 0.3)
    yield 4, lambda: reads(goal)
