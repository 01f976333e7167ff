"""The parts of assignment 1: the data, and a classifier of your own."""

from collections.abc import Callable, Iterator

import numpy as np

from helpers.exercises.assignment import Test, agree, call, draw_digits, pair, part
from helpers.exercises.engine import Wrong, numbers


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
def balance_of_ink(rng: np.random.Generator, yours: object) -> Iterator[Test]:
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
