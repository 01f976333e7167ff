"""The sample pictures of data/samples, and the drawn digits that widen the training."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import ROOT, CourseError
from helpers.shipped import check, checked

FOLDER = ROOT / "data" / "samples"
OWN_FOLDER = ROOT / "my_digits"
DRAWN_FILE = ROOT / "data" / "drawn_digits.npz"


class Sample(NamedTuple):
    """One picture. label: its digits in reading order, rows of a page separated by a space; empty for a broken file.

    hand: the typeface whose shapes it was drawn from.
    """

    path: Path
    label: str
    situation: str
    hand: str


def load_samples(folder: Path = FOLDER) -> list[Sample]:
    """Return every sample picture: single digits, rows, a page, and broken files (whose label is empty)."""
    check(folder / "labels.csv")
    with open(folder / "labels.csv", encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table)
        return [Sample(folder / row["file"], row["label"], row["situation"], row["hand"]) for row in rows]


def single_digits(folder: Path = FOLDER) -> list[Sample]:
    """Return the samples that show one digit."""
    return [sample for sample in load_samples(folder) if len(sample.label) == 1]


def two_of_each(folder: Path = FOLDER) -> list[Path]:
    """Return twenty samples, of each digit two: other files than digit0.png to digit9.png, by two different hands."""
    chosen = []
    for digit in "0123456789":
        first, *others = [each for each in single_digits(folder) if each.label == digit and each.path.parent != folder]
        chosen += [first.path, next(each.path for each in others if each.hand != first.hand)]
    return chosen


def own_digits(writer: str = "", folder: Path = OWN_FOLDER) -> list[Path]:
    """Return the reader's own pictures, whose names begin with their digit; say which files are left out.

    writer: the name of a folder in my_digits, for somebody else's. CourseError when that folder cannot be read.
    """
    others = ("README", "page")  # the page is for notebook 06
    try:
        files = sorted(path for path in (folder / writer).iterdir() if path.is_file() and path.stem not in others)
    except FileNotFoundError:
        files = []
    except OSError:
        raise CourseError(
            f"The folder {folder.name} cannot be read: see that it is one, and that you may open it."
        ) from None
    files = [path for path in files if not path.name.startswith(".")]
    for path in files:
        if not re.match(r"[0-9][_.]", path.name):
            print(f"{path.name}: left out. Name it after its digit, like 7_first.jpg")
    return [path for path in files if re.match(r"[0-9][_.]", path.name)]


@checked(DRAWN_FILE)
def load_drawn_digits() -> tuple[np.ndarray, np.ndarray]:
    """Load the drawn digits that widen the training of the shipped network: x, y.

    x: N x 28 x 28 uint8, 0 (paper) to 255 (ink), 20 pixels long and centred by mass like MNIST; y: N labels, uint8.
    """
    with np.load(DRAWN_FILE) as stored:
        return stored["x"], stored["y"]
