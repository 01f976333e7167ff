"""The sample pictures of data/samples, and the drawn digits that widen the training."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import ROOT

FOLDER = ROOT / "data" / "samples"
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
    with open(folder / "labels.csv", encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table)
        return [Sample(folder / row["file"], row["label"], row["situation"], row["hand"]) for row in rows]


def single_digits(folder: Path = FOLDER) -> list[Sample]:
    """Return the samples that show one digit."""
    return [sample for sample in load_samples(folder) if len(sample.label) == 1]


def load_drawn_digits() -> tuple[np.ndarray, np.ndarray]:
    """Load the drawn digits that widen the training of the shipped network: x, y.

    x: N x 28 x 28 uint8, 0 (paper) to 255 (ink), 20 pixels long and centred by mass like MNIST; y: N labels, uint8.
    """
    with np.load(DRAWN_FILE) as stored:
        return stored["x"], stored["y"]
