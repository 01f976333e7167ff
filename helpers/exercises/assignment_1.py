"""The parts of assignment 1: the data, and a classifier of your own."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from helpers.exercises.assignment import Test, agree, call, draw_digits, pair, part
from helpers.exercises.engine import Wrong, numbers


def pictures_of(digit: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a digit's pictures, 0 to 1."""
    return x[y == digit] / 255


#: What part 1.1 can ask for, in words and for the pictures of one digit (N x 28 x 28, 0 to 1).
STATISTICS: dict[str, tuple[str, Callable[[np.ndarray], float]]] = {
    "mean": ("mean grey values", np.mean),
    "spread": ("standard deviations", np.std),
    "inked": ("shares of inked pixels", lambda pictures: np.mean(pictures > 127 / 255)),
    "median": ("medians", lambda pictures: np.median(pictures.mean(axis=(1, 2)))),
}


#: What a usual mistake gives for a digit's pictures, and what is wrong with it.
SLIPS_OF_STATISTICS: dict[str, list[tuple[Callable[[np.ndarray], float], str]]] = {
    "mean": [],
    "spread": [
        (
            lambda pictures: pictures.mean(axis=(1, 2)).std(),
            "That is how the pictures' means differ: take all pixels of the digit together.",
        ),
        (
            lambda pictures: pictures.std(axis=(1, 2)).mean(),
            "That is the mean of each picture's own: take all pixels of the digit together.",
        ),
        (np.var, "That is the variance: the standard deviation is its square root."),
    ],
    "inked": [
        (
            lambda pictures: np.mean(pictures > 0),
            "You count every pixel that is not 0: inked are those above 127.",
        ),
        (
            lambda pictures: np.mean(pictures > 127 / 255) * 28 * 28,
            "That is a number of pixels: divide by how many a picture has.",
        ),
    ],
    "median": [
        (np.median, "That is the median of all pixels, and most are paper: first take a mean for each picture."),
        (np.mean, "That is the mean of the pictures' means: take their median."),
    ],
}


@part(4)
def digit_statistics(rng: np.random.Generator, yours: object, kind: str = "mean") -> Iterator[Test]:
    """Part 1.1: how often each digit occurs, and a statistic of its pictures, on a scale from 0 to 1."""
    words, statistic = STATISTICS[kind]
    digits = draw_digits(rng, rng.integers(300, 600), 0)
    missing = rng.integers(10)
    x, y = digits.x[digits.y != missing], digits.y[digits.y != missing]
    there = np.arange(10) != missing
    right = np.array([statistic(pictures_of(digit, x, y)) if digit != missing else 0 for digit in range(10)])

    def both() -> tuple:
        with np.errstate(all="ignore"):
            return pair(call(yours, x, y), "digit_statistics")

    def counts() -> None:
        agree(both()[0], np.bincount(y, minlength=10), "The counts are not right: ten numbers, one a digit.")

    def found() -> np.ndarray:
        values = np.asarray(both()[1], float).ravel()
        if values.shape != (10,):
            raise Wrong(f"The {words} are {values.size} numbers: there should be ten, one a digit.")
        return values

    def but_for_the_scale() -> None:
        values = found()[there]
        for scale in (1, 255, 100):
            if np.allclose(values, scale * right[there], rtol=1e-3):
                return
        for slip, sentence in SLIPS_OF_STATISTICS[kind]:
            of_slip = np.array([slip(pictures_of(digit, x, y)) for digit in np.flatnonzero(there)])
            if any(np.allclose(values, scale * of_slip, rtol=1e-3) for scale in (1, 255)):
                raise Wrong(sentence)
        raise Wrong(f"The {words} are not right.")

    def scaled() -> None:
        but_for_the_scale()
        if not np.allclose(found()[there], right[there], rtol=1e-3):
            raise Wrong(f"The {words} should be on a scale from 0 to 1, and run beyond.")

    def absent() -> None:
        scaled()
        if found()[missing] != 0:
            raise Wrong("A digit that does not occur should have 0: of no pixels there is nothing to compute.")

    for test in (counts, but_for_the_scale, scaled, absent):
        yield 1, test


def halfway(ink: np.ndarray) -> int:
    """Return the first place at which half of the ink is reached or passed."""
    return int(np.argmax(2 * np.cumsum(ink) >= ink.sum()))


#: What part 1.2 can ask for: along one side, of the ink in each row (or column).
CENTRES: dict[str, Callable[[np.ndarray], float]] = {
    "mass": lambda ink: float(np.average(np.arange(len(ink)), weights=ink)),
    "box": lambda ink: float(np.flatnonzero(ink)[[0, -1]].mean()),
    "halves": halfway,
}
#: What is wrong when the centre of another kind was found.
NOT_THE = {
    "mass": "That is where the ink balances, each pixel weighed with its grey value: another centre is asked for.",
    "box": "That is the middle of the smallest box around the ink: another centre is asked for.",
    "halves": "That is where half of the ink is reached: another centre is asked for.",
}


@part(3)
def balance_of_ink(rng: np.random.Generator, yours: object, kind: str = "mass") -> Iterator[Test]:
    """Part 1.2: the row and the column of the centre of a picture's ink, of any size."""
    while True:  # until no two centres are one, nor a row a column
        height, width = 2 * rng.integers(6, 12, 2) + [0, 1]
        image = np.zeros((height, width), np.uint8)
        image[1 : height // 2, 2 : width - 3] = rng.integers(1, 200, (height // 2 - 1, width - 5))
        image[1:3, 2:5] = 255  # heavier in a corner
        by_side = [image.sum(axis=1 - axis, dtype=int) for axis in (0, 1)]
        centres = {name: np.array([find(ink) for ink in by_side]) for name, find in CENTRES.items()}
        right, middle = centres[kind], (np.array(image.shape) - 1) / 2
        others = [right[::-1], right + 1, middle, *(centres[other] for other in CENTRES if other != kind)]
        if not any(np.allclose(right, other) for other in others):
            break

    def centre() -> None:
        found = numbers(pair(call(yours, image), getattr(yours, "__name__", "the function")), (2,))
        sentences = ["Row and column are exchanged: the row comes first.", "You count from 1: the first row is row 0."]
        sentences += ["That is the middle of the picture, whatever the ink is."]
        sentences += [sentence for other, sentence in NOT_THE.items() if other != kind]
        for slip, sentence in zip(others, sentences, strict=True):
            if np.allclose(found, slip):
                raise Wrong(sentence)
        agree(found, right, "The centre of the ink is not there: try a picture with one pixel of ink, then with two.")

    def empty() -> None:
        centre()
        with np.errstate(all="ignore"):
            found = pair(call(yours, np.zeros((height, width), np.uint8)), "the function")
        agree(
            np.nan_to_num(np.array(found, float), nan=-1), middle, "A picture without ink has its centre in its middle."
        )

    yield 2, centre
    yield 1, empty  # the middle alone is no answer


class TwoSets(NamedTuple):
    """What a student's split gives: for training and for validation the places of the digits, and their labels."""

    training: np.ndarray
    y_training: np.ndarray
    validation: np.ndarray
    y_validation: np.ndarray


def problem_of_split(y: np.ndarray, share: float, found: TwoSets, kind: str) -> str:
    """Return what is wrong with which digits were put aside by the rule of this kind; empty when nothing is."""
    aside, total = found.validation, len(y)
    amounts, counts = np.bincount(y[aside], minlength=10), np.bincount(y, minlength=10)
    if kind == "stratified":
        wanted = np.round(share * counts).astype(int)
        wrong = np.flatnonzero(amounts != wanted)
        of = "of {1} digits {0}, {2} should be put aside, and it is {3}"
    elif kind == "balanced":
        wanted = np.full(10, round(share * counts.min()))
        wrong = np.flatnonzero(amounts != wanted)
        of = "{2} of each digit should be put aside, a share of the rarest; of the digit {0} it is {3}"
    elif kind == "blocks":
        inside = np.bincount(aside // 10, minlength=total // 10)
        if set(inside) - {0, 10}:
            return "Some sheets of ten are torn apart: all ten go into the same set."
        right = round(share * (total // 10))
        return "" if sum(inside == 10) == right else f"Of {total // 10} sheets {right} should be put aside."
    else:
        right = round(share * total)
        problem = f"Of {total} digits and a share of {share:g}, {right} should be put aside: the sizes differ."
        return "" if len(aside) == right else problem
    told = [(digit, counts[digit], wanted[digit], amounts[digit]) for digit in wrong]
    return "" if not told else of.format(*told[0]).capitalize() + "."


@part(4)
def split(rng: np.random.Generator, yours: object, kind: str = "chance") -> Iterator[Test]:
    """Part 1.3: put a share of the digits aside for validation, by a rule and by chance, and none of them twice."""
    share, seed = float(rng.choice([0.2, 0.4])), int(rng.integers(1000))
    # a fifth (or two) of each digit has a fraction, so the rules differ in their sums
    counts = 5 * rng.integers(3, 8, 10) + 3
    counts[rng.integers(10)] = 13
    counts[0] += 10 - counts.sum() % 10 + (0 if kind == "blocks" else 3)  # whole sheets of ten, and else none
    first, total = int(rng.integers(1_000_000)), int(counts.sum())
    x = first + np.arange(total * 4).reshape(total, 2, 2)  # so each picture can be told by its first pixel
    y = np.repeat(np.arange(10), counts).astype(np.uint8)  # sorted: whoever cuts without shuffling is found out
    if kind == "blocks":
        y = y[rng.permutation(total)]

    def parts(seed: int) -> TwoSets:
        (x_train, y_train), (x_validation, y_validation) = (
            pair(each, "split") for each in pair(call(yours, x, y, share, seed), "split")
        )
        sets = [np.asarray(each) for each in (x_train, y_train, x_validation, y_validation)]
        if not all(np.isin(each, x).all() for each in sets[::2]):
            raise Wrong("There are pictures in the two sets that were not given.")
        if any(len(pictures) != len(labels) for pictures, labels in (sets[:2], sets[2:])):
            raise Wrong("A set should have as many labels as pictures.")
        places = [(each[:, 0, 0] - first) // 4 if len(each) else np.zeros(0, int) for each in sets[::2]]
        return TwoSets(places[0], sets[1], places[1], sets[3])

    def none_twice() -> None:
        found = parts(seed)
        places = np.concatenate([found.training, found.validation])
        if len(np.unique(places)) != total or len(places) != total:
            raise Wrong("Each digit should be in one of the two sets: some are in both, twice, or in none.")
        if not np.array_equal(np.concatenate([found.y_training, found.y_validation]), y[places]):
            raise Wrong("Pictures and labels were shuffled apart: the same order must sort both.")
        if not len(found.training) or not len(found.validation):
            raise Wrong("One of the two sets is empty.")

    def by_the_rule() -> None:
        found = parts(seed)
        problem = problem_of_split(y, share, found, kind)
        other_way = TwoSets(found.validation, found.y_validation, found.training, found.y_training)
        if problem and not problem_of_split(y, share, other_way, kind):
            raise Wrong("The two sets are exchanged: the training digits come first.")
        if problem:
            raise Wrong(problem)

    def by_chance() -> None:
        by_the_rule()
        once, again, other = (parts(each).validation for each in (seed, seed, seed + 1))
        if not np.array_equal(once, again):
            raise Wrong("The same seed should give the same split: make `np.random.default_rng(seed)` in the function.")
        if set(once) == set(other):
            raise Wrong("The digits put aside are not drawn by chance from the seed.")

    yield 1, none_twice
    yield 2, by_the_rule
    yield 1, by_chance


def moved(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Move a picture by up to four pixels, up or down and left or right; MNIST's rim is as wide."""
    return np.roll(image, rng.integers(-4, 5, 2), axis=(0, 1))


def negative(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Make every second picture a negative, by chance."""
    return 255 - image if rng.random() < 0.5 else image


def faint(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Take contrast from a picture, and darken its paper."""
    return np.round(image * rng.uniform(0.15, 0.5) + rng.uniform(20, 120)).astype(np.uint8)


#: What happens to the pictures that part 1.4 has to read, and not to those that it learns from.
ALTERED = {"moved": moved, "negative": negative, "faint": faint}


def reading_accuracy(rng: np.random.Generator, fit: object, read: object, kind: str = "") -> tuple[float, float]:
    """Return the accuracy of a student's classifier on a grader's digits, and of the nearest mean on unaltered ones."""
    digits = draw_digits(rng, 3000, 1000)
    shown = np.stack([ALTERED[kind](rng, image) for image in digits.x_unseen]) if kind else digits.x_unseen
    learned = call(fit, digits.x, digits.y)
    found = numbers(call(read, learned, shown), (1000,))
    means = np.stack([digits.x[digits.y == digit].mean(axis=0) for digit in range(10)])
    nearest = [np.sum((means - image) ** 2, axis=(1, 2)).argmin() for image in digits.x_unseen]
    return float(np.mean(found == digits.y_unseen)), float(np.mean(nearest == digits.y_unseen))


@part(9, slow=True)
def classifier(rng: np.random.Generator, fit: object, read: object, goal: float, kind: str = "") -> Iterator[Test]:
    """Part 1.4: a classifier that is better than the nearest mean, and reaches the term's goal."""
    state: list[float] = []

    def runs() -> None:
        state.extend(reading_accuracy(rng, fit, read, kind))
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
