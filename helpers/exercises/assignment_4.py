"""The parts of assignment 4: your own handwriting."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from helpers.exercises.assignment import Test, call, pair, part
from helpers.exercises.engine import Untouched, Wrong, numbers
from helpers.mnist import load_mnist, split_validation

if TYPE_CHECKING:  # the parts that need no Keras start quickly without it
    from helpers.quiet import keras


#: What names may consist of: more than a folder gets, so that no list of names can be typed in.
WORDS = ["first", "again", "blue", "thick", "board", "pencil", "desk", "window", "evening", "large", "quick", "third"]


class Folder(NamedTuple):
    """A folder of pictures, for one rule that says where a label stands."""

    labels: dict[str, int]  # of each picture, by its path in the folder
    others: list[str]  # what is no labelled picture by this rule
    gone: str  # what its list names, and is not there


def pictures_in_folder(rng: np.random.Generator, kind: str) -> Folder:
    """Draw a folder for part 4.1. The label stands first in the name, last, in the folder's name, or in a list."""
    digits = [int(each) for each in rng.permutation(10)[:5]]
    words = [str(each) for each in rng.permutation(WORDS)[:6]]
    endings = ["png", "jpg", "JPG", "jpeg", "png"]
    drawn, year, two = list(zip(digits, words, endings, strict=False)), rng.integers(2020, 2030), rng.integers(10, 100)
    extra = words[5]
    others = ["README.md", ".DS_Store", "notes.txt", f"{year}0101.jpg", "seven.png"]
    if kind == "first":
        labels = {f"{digit}_{word}.{ending}": digit for digit, word, ending in drawn}
        others += [f"{digits[0]}_notes.txt", f"{two}_{extra}.png", f"{year}_01.jpg"]
    elif kind == "last":
        labels = {f"{word}_{digit}.{ending}": digit for digit, word, ending in drawn}
        others += [f"notes_{digits[0]}.txt", f"{extra}_{two}.png", f"{digits[0]}_{extra}.jpg"]
    elif kind == "folders":
        labels = {f"{digit}/{word}.{ending}": digit for digit, word, ending in drawn}
        others += [f"{digits[0]}/notes.txt", f"{two}/{extra}.png", f"letters/{extra}.png", f"{digits[1]}_{extra}.jpg"]
    else:
        labels = {f"{word}.{ending}": digit for digit, word, ending in drawn}
        others += [f"{digits[0]}_{extra}.jpg"]
    return Folder(labels, others, f"{extra}.jpg")


@part(3)
def labelled_files(rng: np.random.Generator, yours: object, kind: str = "first") -> Iterator[Test]:
    """Part 4.1: the pictures of a folder, with their labels."""
    right, others, gone = pictures_in_folder(rng, kind)
    given = [*right.items(), (gone, 7)]
    given = [given[place] for place in rng.permutation(len(given))]  # in no order

    def listing(extra: list[str]) -> list[tuple[str, int]]:
        with tempfile.TemporaryDirectory() as folder:
            for name in [*right, *extra]:
                path = Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"")
            if kind == "list":
                lines = [f"{name},{label}\n" for name, label in given if extra or name in right]
                Path(folder, "labels.csv").write_text("".join(["file,label\n", *lines]), encoding="utf-8")
            found = call(yours, Path(folder))
            if not isinstance(found, list | tuple) or not all(isinstance(each, tuple | list) for each in found):
                raise Wrong("Return a list of pairs: (path, label).")
            pairs = [(Path(pair(each, "labelled_files")[0]), each[1]) for each in found]
            deep = 2 if kind == "folders" else 1  # the name alone, or its folder's as well
            return [("/".join(path.parts[-deep:]), label) for path, label in pairs]

    def labels() -> None:
        found = listing([])
        if any(isinstance(label, str) for _, label in found):
            raise Wrong("The labels are text: `int(...)` makes numbers of them.")
        if sorted(found) != sorted(right.items()):
            raise Wrong("In a folder of five pictures (.png, .jpg, .JPG, .jpeg), not each was found with its label.")

    def no_others() -> None:
        found = listing(others)
        names = {name for name, _ in found}
        if not names >= set(right):
            raise Wrong("With other files in the folder, pictures get lost.")
        if names - set(right):
            told = ", ".join(sorted(names - set(right)))
            raise Wrong(f"What is no labelled picture is in the list: {told}")
        if len(found) > len(right):
            raise Wrong("Some pictures are in the list twice.")

    def in_order() -> None:
        no_others()
        found = listing(others)
        if found != sorted(found):
            raise Wrong("The list has another order than the text asks for: a folder's differs between computers.")

    for test in (labels, no_others, in_order):
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


class Wanted(NamedTuple):
    """What a network wants to be given: a square of numbers."""

    side: int  # pixels
    paper: float
    ink: float
    by_columns: bool = False
    whole: bool = False  # uint8, else decimal numbers


#: What part 4.3 can ask for. of_1998: as LeCun et al. (1998), section II.B, have it: a rim of two pixels more, and
#: numbers by which the mean of all pixels is about 0, and their variance about 1.
WANTED = {
    "today": Wanted(28, 0, 1),
    "of_1998": Wanted(32, -0.1, 1.175),
    "columns": Wanted(28, 0, 1, by_columns=True),
    "scanned": Wanted(28, 255, 0, whole=True),
}


def network_that_reads(kind: str = "today") -> "keras.Model":
    """Return the course's network, behind layers that make what it knows of what this kind of part 4.3 asks for."""
    from helpers.lenet import load_lenet5
    from helpers.quiet import keras

    if kind == "today":
        return load_lenet5()
    side, paper, ink, by_columns, _ = WANTED[kind]
    layers = [keras.layers.Rescaling(1 / (ink - paper), offset=-paper / (ink - paper))]
    layers += [keras.layers.Cropping2D((side - 28) // 2)] if side > 28 else []
    layers += [keras.layers.Permute((2, 1, 3))] if by_columns else []
    return keras.Sequential([keras.Input(shape=(side, side, 1)), *layers, load_lenet5()])


def share_read(rng: np.random.Generator, prepare: object, kind: str = "today", amount: int = 100) -> float:
    """Return the share of simulated photographs that a network of this kind reads after a student's preparation."""
    side = WANTED[kind].side
    images, labels = digits_for_pages(rng, amount)
    prepared = np.zeros((amount, side, side, 1), np.float32)
    for place, digit in enumerate(images):
        page = Page(bool(rng.random() < 0.4), rng.uniform(0, 60), rng.uniform(1, 4))
        prepared[place, ..., 0] = numbers(call(prepare, photograph(rng, digit, page)[0]), (side, side))
    answers = network_that_reads(kind).predict(prepared, batch_size=100, verbose=0).argmax(axis=1)
    return float(np.mean(answers == labels))


@part(8, slow=True)
def preparation(rng: np.random.Generator, prepare: object, goal: float, kind: str = "today") -> Iterator[Test]:
    """Part 4.3: from a photograph to the pixels that a network wants."""
    reached: list[float] = []
    side, paper, ink, _, whole = WANTED[kind]
    words = f"{side} x {side} " + ("whole numbers (uint8)" if whole else "decimal numbers")

    def in_range() -> None:
        pictures = [photograph(rng, digit, Page(False, 0, 2))[0] for digit in digits_for_pages(rng, 3)[0]]
        order = rng.permutation(
            [0, 1, 2, *rng.integers(0, 3, 3)]
        )  # any picture has a shape: it comes from the right one
        found = [np.asarray(call(prepare, pictures[place])) for place in order]
        for each in found:
            right = each.dtype == np.uint8 if whole else np.issubdtype(each.dtype, np.floating)
            if each.shape != (side, side) or not right:
                raise Wrong(f"{words} are wanted, and this is {each.dtype} {each.shape}.")
            strength = (each - float(paper)) / (ink - paper)  # 0 paper, 1 ink
            if not (np.isfinite(each).all() and strength.min() >= -1e-5 and 0.3 < strength.max() <= 1.001):
                raise Wrong(f"The numbers should run from {paper:g} (paper) to {ink:g} (ink).")
        for one, other in itertools.combinations(range(len(order)), 2):
            if (order[one] == order[other]) != np.allclose(found[one], found[other], atol=1e-3):
                raise Wrong("Different digits should give different numbers, and the same photograph the same.")

    def empty_page() -> None:
        call(prepare, photograph(rng, digits_for_pages(rng, 1)[0][0], Page(False, 0, 2))[0])  # whoever always raises
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
            reached.append(share_read(rng, prepare, kind))
        if reached[0] < bar:
            raise Wrong(f"{reached[0]:.0%} of 100 photographs are read; this term's goal is {goal:.1%}.")

    yield 1, in_range
    yield 1, empty_page
    yield 2, lambda: reads(goal - 0.3)
    yield 4, lambda: reads(goal)
