"""The parts of assignment 4: your own handwriting."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from helpers.exercises.assignment import Test, call, pair, part
from helpers.exercises.engine import Untouched, Wrong, numbers
from helpers.mnist import load_mnist, split_validation


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


@part(8, slow=True)
def preparation(rng: np.random.Generator, prepare: object, goal: float) -> Iterator[Test]:
    """Part 4.3: from a photograph to the 28 x 28 pixels that the network knows."""
    reached: list[float] = []

    def in_range() -> None:
        pictures = [photograph(rng, digit, Page(False, 0, 2))[0] for digit in digits_for_pages(rng, 3)[0]]
        order = rng.permutation(
            [0, 1, 2, *rng.integers(0, 3, 3)]
        )  # any picture has a shape: it comes from the right one
        found = [np.asarray(call(prepare, pictures[place])) for place in order]
        for each in found:
            if each.shape != (28, 28) or not np.issubdtype(each.dtype, np.floating):
                raise Wrong(f"28 x 28 decimal numbers are wanted, and this is {each.dtype} {each.shape}.")
            if not (np.isfinite(each).all() and 0 <= each.min() <= each.max() <= 1.001 and each.max() > 0.3):
                raise Wrong("The numbers should run from 0 (paper) to 1 (ink).")
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
            reached.append(share_read(rng, prepare))
        if reached[0] < bar:
            raise Wrong(f"{reached[0]:.0%} of 100 photographs are read; this term's goal is {goal:.1%}.")

    yield 1, in_range
    yield 1, empty_page
    yield 2, lambda: reads(goal - 0.3)
    yield 4, lambda: reads(goal)
