"""From a picture of handwritten digits to the 28 x 28 that the network was trained on, a stage in each file:

1. file, picture: read a file of any usual kind, upright; tell which is the ink, the dark or the light.
2. paper: find the sheet among what else is in the picture, and bring its paper to zero, with shadows and grain.
3. ink, rules: keep the strokes, erase printed lines, and say which strokes are a digit.
4. centre: give a digit MNIST's size and place.
5. pages: where there are several digits, find lines, cut what touches, and read them in order.
6. doubt: a second network says what may be no digit at all.

Here all stages are taken together: `prepare` for one digit, `read_digits` and `read_page` for many.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from helpers.handwriting.doubt import LEFT_OUT, doubts_about, judged
from helpers.handwriting.file import HandwritingError, Source, open_picture
from helpers.handwriting.ink import FAINTEST, Box, even_out, find_digits, ink_of, own_ink, touches_edge
from helpers.handwriting.pages import Found, middle_of, pieces_of, read_lines, to_28

__all__ = ["EMPTY_PAGE", "HandwritingError", "Prepared", "ReadDigit", "ReadPage", "prepare", "read_digits", "read_page"]

EMPTY_PAGE = "The page is empty: write a digit on it, in darker ink than this."
ENOUGH = 32  # pixels: a page whose usual digit is lower is read again, larger
LARGEST_PAGE = 2500  # pixels of the longer side, then
SMALL = 7  # pixels: a digit that is lower than this has lost its shape
TALL = (0.6, 1.8)  # of the digits of a page: a mark of such a height may be one; + and - are lower, rules higher


@dataclass
class Prepared:
    """A picture made ready for the network.

    image: 28 x 28 float32, 0 to 1, the digit bright on 0. stages: what each step made of the picture, by name.
    warnings: sentences for the reader. doubts: sentences on why this may not be one digit; none where it is believed.
    """

    image: np.ndarray
    stages: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


class ReadDigit(NamedTuple):
    """A digit that was read. box: x, y, width, height in pixels of the upright picture.

    warnings and doubts: sentences, as those of Prepared.
    """

    digit: int
    probability: float
    box: Box
    warnings: list[str]
    doubts: list[str]


class ReadPage(NamedTuple):
    """What was read from a picture: lines of digits, and the boxes of marks that are none, such as + and -."""

    lines: list[list[ReadDigit]]
    marks: list[Box]


def finish(found: Found, shape: tuple) -> Prepared:
    """Do the fourth stage for one digit that was found in a picture of this shape, and keep what each step makes."""
    stages = {"cropped": even_out(found.ink)}
    stages["centred"] = centre_by_mass(stages["cropped"])
    stages["28 x 28"] = shrink_to_28(stages["centred"])
    return Prepared(stages["28 x 28"], stages, warnings_about(found, shape))


def warnings_about(found: Found, shape: tuple) -> list[str]:
    """Return what a reader may want to know of a digit in a picture of this shape, in sentences."""
    notes = {
        "The digit touches the edge of the picture: a part of it may be missing.": touches_edge(found.box, shape),
        "The ink is very faint: write darker, or take the picture in better light.": is_faint(found.ink),
        "This is very wide for one digit: leave space between digits.": found.box[2] > 1.6 * found.box[3],
    }
    return [sentence for sentence, true in notes.items() if true]


def is_faint(ink: np.ndarray) -> bool:
    """Tell whether the ink of a digit is hardly darker than paper."""
    return bool(np.median(ink[ink > 0]) < 2 * FAINTEST)


def find_one(ink: np.ndarray) -> tuple[Found | None, int]:
    """Return the digit with the most ink of those that touch no edge, and how many there are; None on an empty page."""
    labels, digits = find_digits(ink)
    if not digits:
        return None, 0
    inner = [digit for digit in digits if not touches_edge(digit.box, labels.shape)]
    chosen = (inner or digits)[0]
    strokes = own_ink(ink, labels, chosen)
    image = to_28(strokes)
    return Found(chosen.box, strokes, image, judged(image[np.newaxis])[0]), len(digits)


def prepare(source: Source) -> Prepared:
    """Turn a picture of one digit into the 28 x 28 that the network reads; all 0, and a warning, if the page is empty.

    source: a path, the bytes of a file, or a uint8 array. HandwritingError says why if it cannot be read.
    """
    stages, sheet = ink_of(source)
    found, count = find_one(stages["ink"])
    if found is None:
        return Prepared(np.zeros((28, 28), np.float32), stages, [EMPTY_PAGE], [EMPTY_PAGE])
    prepared = finish(found, sheet.shape)
    if count > 1:
        prepared.warnings.append("There is more than one digit: this is the one with the most ink.")
    doubts = doubts_about(found.said, found.image, found.box)
    if max(found.box[2:]) * max(open_picture(source).size) / max(sheet.shape) < SMALL:
        doubts.append("It is too small to be read safely: go nearer.")
    return Prepared(prepared.image, stages | prepared.stages, prepared.warnings, doubts)


def ink_of_page(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return the ink of a page and where its sheet is, at the size that its digits need.

    All pages are looked at small, which is quick; those with small digits once more, larger.
    """
    stages, sheet = ink_of(source)
    _, usual = pieces_of(stages["ink"], sheet)
    longer = max(sheet.shape)
    needed = min(round(longer * ENOUGH / max(usual, 8)), max(open_picture(source).size), LARGEST_PAGE)
    if usual and needed > 1.25 * longer:
        stages, sheet = ink_of(source, needed)
    return stages["ink"], sheet


def read_page(source: Source, model) -> ReadPage:
    """Read the digits of a row or a page with a trained network, line by line; marks that are no digits stand apart.

    An empty page has no lines; HandwritingError says why if the picture cannot be read.
    """
    ink, sheet = ink_of_page(source)
    lines, marks = read_lines(ink, sheet)
    found = [each for line in lines for each in line]
    if not found:
        return ReadPage([], [])
    answers = iter(model.predict(np.stack([each.image for each in found])[..., np.newaxis], verbose=0))
    scale = max(open_picture(source).size) / max(sheet.shape)

    def enlarged(box: Box) -> Box:
        return tuple(round(side * scale) for side in box)

    def read(each: Found) -> ReadDigit:
        answer = next(answers)
        digit, probability = int(answer.argmax()), float(answer.max())
        warnings = warnings_about(each, sheet.shape)
        doubts = doubts_about(each.said, each.image, each.box, digit, probability)
        return ReadDigit(digit, probability, enlarged(each.box), warnings, doubts)

    page = ReadPage([[read(each) for each in line] for line in lines], [enlarged(mark) for mark in marks])
    doubt_beside_marks(page)
    return page


def doubt_beside_marks(page: ReadPage) -> None:
    """Add a doubt to the digit that is nearest to a mark as tall as a digit: the mark may be one that was not read."""
    digits = [digit for line in page.lines for digit in line]
    usual = np.median([digit.box[3] for digit in digits])
    for mark in page.marks:
        if TALL[0] * usual <= mark[3] <= TALL[1] * usual:
            away = [np.hypot(*np.subtract(middle_of(digit.box), middle_of(mark))) for digit in digits]
            doubts = digits[int(np.argmin(away))].doubts
            if LEFT_OUT not in doubts:
                doubts.append(LEFT_OUT)


def read_digits(source: Source, model) -> list[ReadDigit]:
    """Read every digit of a row or a page with a trained network, in reading order; what is no digit is left out.

    An empty page gives an empty list; HandwritingError says why if the picture cannot be read.
    """
    return [digit for line in read_page(source, model).lines for digit in line]
