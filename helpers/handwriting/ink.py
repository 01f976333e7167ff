"""Find the ink, and which strokes of it are a digit.

The third stage.
"""

from typing import NamedTuple

import cv2
import numpy as np

from helpers.handwriting.paper import (
    find_darkness,
    find_paper,
    find_sheet,
    only_the_sheet,
    smooth_grain,
)
from helpers.handwriting.file import LARGE_SIDE, Source
from helpers.handwriting.picture import SMALL_SIDE, ink_is_light, read_picture
from helpers.handwriting.rules import erase_rules

#: The least part of the paper's light that ink swallows: a faint pencil about 0.06, a black pen 0.8.
FAINTEST = 0.035

Box = tuple[int, int, int, int]  # x, y, width, height


class Strokes(NamedTuple):
    """The strokes of one digit. labels: their numbers in the picture of labels; box: in pixels of that picture."""

    labels: list[int]
    box: Box


def find_ink(darkness: np.ndarray, grain: float) -> np.ndarray:
    """Keep the darkness of the ink, and make all else exactly 0: H x W float32, 0..1.

    Each connected piece is judged by its own darkest place, so that pencil counts beside marker. It is ink if that is
    half as dark as the darkest of all; or a seventh, where it stands well out of the grain and does not span the page:
    the writing on the back and the squares of the paper are fainter. Of a piece its strokes stay, with their soft
    edges, two pixels at most, so that no faint line of the paper is followed. On an empty page all is 0. Source of the
    idea: J. Canny, "A Computational Approach to Edge Detection" (1986), VII.
    """
    least = max(4 * grain, FAINTEST / 2)
    strong = np.quantile(darkness[darkness > least], 0.98) if (darkness > least).any() else 0
    without_lines = erase_rules(darkness, max(least, 0.2 * strong))
    rims = cv2.dilate((without_lines < darkness).astype(np.uint8), np.ones((5, 5)))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((without_lines > least).astype(np.uint8))
    telling = (labels > 0) & (rims == 0)  # the soft rim of an erased line says nothing of how dark ink is
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, labels[telling], darkness[telling])
    darkest = float(peaks.max())
    if darkest < max(FAINTEST, 1.5 * least):
        return np.zeros_like(darkness)
    (high, wide), (widths, heights) = darkness.shape, boxes[:, 2:4].T
    spans = (widths > 0.9 * wide) | ((heights > 0.9 * high) & (widths < 0.1 * high))  # as rules do, and folds
    peaks[peaks < np.where(spans, 0.5 * darkest, min(0.5 * darkest, max(0.15 * darkest, 2.5 * least)))] = np.inf
    peak = peaks[labels]
    strokes = (without_lines > 0.3 * peak).astype(np.uint8)
    soft = (without_lines > 0.2 * peak) & (cv2.dilate(strokes, np.ones((5, 5))) > 0)
    return np.where(soft, darkness, 0)


def touches_edge(box: np.ndarray, shape: tuple) -> bool:
    """Tell whether a box (x, y, width, height) reaches the edge of a picture of this shape."""
    x, y, width, height = box[:4]
    return x <= 0 or y <= 0 or x + width >= shape[1] or y + height >= shape[0]


def is_frame(box: Box, ink: int, others: list[Box]) -> bool:
    """Tell whether a piece is the printed box of a form: little ink for its size, and something large inside it."""
    x, y, width, height = box
    inside = [h for px, py, w, h in others if px > x and py > y and px + w < x + width and py + h < y + height]
    return max(inside, default=0) > 0.3 * height and ink < 0.3 * width * height


def belong_together(digit: Box, piece: Box) -> bool:
    """Tell whether a loose piece is part of a digit: the bar of a 5 above it, or any small piece close by."""
    (x, y, width, height), (px, py, pwidth, pheight) = digit, piece
    size = max(width, height)
    aside = max(px - x - width, x - px - pwidth, 0)
    above = max(py - y - height, y - py - pheight, 0)
    if min(x + width, px + pwidth) - max(x, px) > 0.5 * min(width, pwidth):
        return above < (0.35 if pheight < 0.5 * height else 0.15) * size
    return max(aside, above) < (0.15 if max(pwidth, pheight) < 0.6 * size else 0.08) * size


def join(one: Box, other: Box) -> Box:
    """Return the smallest box around two boxes."""
    left, top = (min(a, b) for a, b in zip(one[:2], other[:2], strict=True))
    right, bottom = (max(one[i] + one[i + 2], other[i] + other[i + 2]) for i in (0, 1))
    return left, top, right - left, bottom - top


def find_digits(ink: np.ndarray) -> tuple[np.ndarray, list[Strokes]]:
    """Number the strokes (H x W int32) and group them into digits, the one with the most ink first; drop specks.

    On an empty page there are none.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    amounts = np.bincount(labels.ravel(), ink.ravel(), count)
    pieces = {int(i): tuple(boxes[i, :4].tolist()) for i in np.argsort(-amounts) if i}
    digits: list[Strokes] = []
    for i, box in pieces.items():
        if is_frame(box, boxes[i, cv2.CC_STAT_AREA], pieces.values()):
            continue
        near = [n for n, digit in enumerate(digits) if belong_together(digit.box, box)]
        if not near:
            digits.append(Strokes([i], box))
        elif amounts[i] > 0.02 * amounts[digits[near[0]].labels[0]]:  # less is a speck
            main = digits[near[0]]
            digits[near[0]] = Strokes([*main.labels, i], join(main.box, box))
    if not digits:
        return labels, []
    sizes = np.array([max(digit.box[2:]) for digit in digits])
    usual = np.median(sizes[sizes > 0.5 * sizes[0]])
    return labels, [digit for digit, size in zip(digits, sizes, strict=True) if size > 0.35 * usual]


def own_ink(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> np.ndarray:
    """Return the ink of one digit as it is, without what else is in its box: height x width of the box."""
    x, y, width, height = digit.box
    part = np.s_[y : y + height, x : x + width]
    return np.where(np.isin(labels[part], digit.labels), ink[part], 0)


def cut_out(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> np.ndarray:
    """Cut one digit out of the page, without what else is in its box; the usual darkness of its ink becomes 1."""
    return even_out(own_ink(ink, labels, digit))


def even_out(ink: np.ndarray) -> np.ndarray:
    """Make the usual darkness of a digit's ink 1, be it pen or pencil: H x W float32, 0 to 1."""
    return np.clip(ink / np.median(ink[ink > 0]), 0, 1)


def ink_of(source: Source, largest: int = LARGE_SIDE) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Take a picture through the stages as far as its ink: what each made of it, by name, and where the sheet is.

    largest: the pixels of the longer side to work with at most.
    """
    stages = {"picture": read_picture(source, largest)}
    shape = stages["picture"].shape[:2]  # what was no larger than a digit has nothing around its sheet
    sheet = find_sheet(stages["picture"]) if max(shape) > SMALL_SIDE else np.ones(shape, bool)
    paper_alone = only_the_sheet(stages["picture"], sheet)
    stages["dark ink"] = 255 - paper_alone if ink_is_light(paper_alone) else paper_alone
    stages["paper"] = find_paper(stages["dark ink"])
    stages["darkness"], grain = smooth_grain(find_darkness(stages["dark ink"], stages["paper"]))
    if not sheet.all():  # what the edge of the sheet leaves is no ink, and says nothing of how dark ink is
        times = max(1, max(sheet.shape) // 160)
        inner = cv2.erode(sheet.astype(np.uint8), np.ones((3, 3)), iterations=times, borderValue=1)
        stages["darkness"] = np.where(inner > 0, stages["darkness"], 0)
    stages["ink"] = find_ink(stages["darkness"], grain)
    return stages, sheet
