"""From a picture of handwritten digits to the 28 x 28 that the network was trained on, a stage in each file:

picture (read it, tell which is the ink), paper (bring it to zero), ink (strokes and digits), centre (28 x 28), and for
several digits pages (their order). Here all stages are taken together: `prepare` for one digit, `read_digits` for many.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from helpers.handwriting.ink import FAINTEST, Box, Strokes, cut_out, find_digits, find_ink, touches_edge
from helpers.handwriting.pages import in_reading_order
from helpers.handwriting.paper import find_darkness, find_paper, smooth_grain
from helpers.handwriting.picture import HandwritingError, Source, ink_is_light, open_picture, read_picture

__all__ = ["EMPTY_PAGE", "HandwritingError", "Prepared", "ReadDigit", "prepare", "read_digits"]

EMPTY_PAGE = "The page is empty: write a digit on it, in darker ink than this."


@dataclass
class Prepared:
    """A picture made ready for the network.

    image: 28 x 28 float32, 0 to 1, the digit bright on 0. stages: what each step made of the picture, by name.
    warnings: sentences for the reader.
    """

    image: np.ndarray
    stages: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class ReadDigit(NamedTuple):
    """A digit that was read. box: x, y, width, height in pixels of the upright picture; warnings: sentences."""

    digit: int
    probability: float
    box: Box
    warnings: list[str]


def find_strokes(source: Source) -> tuple[dict[str, np.ndarray], np.ndarray, list[Strokes]]:
    """Do steps 1 to 4: return the stages by name, the numbered strokes and the digits."""
    stages = {"picture": read_picture(source)}
    stages["dark ink"] = 255 - stages["picture"] if ink_is_light(stages["picture"]) else stages["picture"]
    stages["paper"] = find_paper(stages["dark ink"])
    stages["darkness"], grain = smooth_grain(find_darkness(stages["dark ink"], stages["paper"]))
    stages["ink"] = find_ink(stages["darkness"], grain)
    return stages, *find_digits(stages["ink"])


def finish(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> Prepared:
    """Do step 5 for one digit, and look for what may have gone wrong with it."""
    stages = {"cropped": cut_out(ink, labels, digit)}
    stages["centred"] = centre_by_mass(stages["cropped"])
    stages["28 x 28"] = shrink_to_28(stages["centred"])
    faint = np.median(ink[np.isin(labels, digit.labels)]) < 2 * FAINTEST
    notes = {
        "The digit touches the edge of the picture: a part of it may be missing.": touches_edge(digit.box, ink.shape),
        "The ink is very faint: write darker, or take the picture in better light.": faint,
        "This is very wide for one digit: leave space between digits.": digit.box[2] > 1.6 * digit.box[3],
    }
    return Prepared(stages["28 x 28"], stages, [sentence for sentence, true in notes.items() if true])


def prepare(source: Source) -> Prepared:
    """Turn a picture of one digit into the 28 x 28 that the network reads; all 0, and a warning, if the page is empty.

    source: a path, the bytes of a file, or a uint8 array. HandwritingError says why if it cannot be read.
    """
    stages, labels, digits = find_strokes(source)
    if not digits:
        return Prepared(np.zeros((28, 28), np.float32), stages, [EMPTY_PAGE])
    inner = [digit for digit in digits if not touches_edge(digit.box, labels.shape)]
    prepared = finish(stages["ink"], labels, (inner or digits)[0])
    if len(digits) > 1:
        prepared.warnings.append("There is more than one digit: this is the one with the most ink.")
    return Prepared(prepared.image, stages | prepared.stages, prepared.warnings)


def read_digits(source: Source, model) -> list[ReadDigit]:
    """Read every digit of a row or a page with a trained network, in reading order; they must not touch each other.

    An empty page gives an empty list; HandwritingError says why if the picture cannot be read.
    """
    stages, labels, digits = find_strokes(source)
    if not digits:
        return []
    digits = in_reading_order(digits)
    ready = [finish(stages["ink"], labels, digit) for digit in digits]
    answers = model.predict(np.stack([one.image for one in ready])[..., None], verbose=0)
    scale = max(open_picture(source).size) / max(labels.shape)
    return [
        ReadDigit(int(p.argmax()), float(p.max()), tuple(round(side * scale) for side in digit.box), one.warnings)
        for p, digit, one in zip(answers, digits, ready, strict=True)
    ]
