"""Find the ink, and which strokes of it are a digit.

The third stage.
"""

from typing import NamedTuple

import cv2
import numpy as np

from helpers.handwriting.paper import erase_lines

#: The least part of the paper's light that ink swallows: a faint pencil about 0.06, a black pen 0.8.
FAINTEST = 0.035

Box = tuple[int, int, int, int]  # x, y, width, height


class Strokes(NamedTuple):
    """The strokes of one digit. labels: their numbers in the picture of labels; box: in pixels of that picture."""

    labels: list[int]
    box: Box


def find_ink(darkness: np.ndarray, grain: float) -> np.ndarray:
    """Keep the darkness of the ink, and make all else exactly 0: H x W float32, 0..1.

    Two thresholds: sure ink is half as dark as the darkest; fainter pixels count only where they touch sure ink. On
    an empty page all is 0. Source of the idea: J. Canny, "A Computational Approach to Edge Detection" (1986), VII.
    """
    least = max(4 * grain, FAINTEST / 2)
    darkness = erase_lines(darkness, least)
    peak = float(darkness.max())
    if peak < max(FAINTEST, 1.5 * least):
        return np.zeros_like(darkness)
    possible = (darkness > max(0.3 * peak, least)).astype(np.uint8)
    count, labels = cv2.connectedComponents(possible)
    sure = np.zeros(count, bool)
    sure[labels[darkness > 0.5 * peak]] = True
    return np.where(sure[labels], darkness, 0)


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


def cut_out(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> np.ndarray:
    """Cut one digit out of the page, without what else is in its box; the usual darkness of its ink becomes 1."""
    x, y, width, height = digit.box
    part = np.s_[y : y + height, x : x + width]
    strokes = np.where(np.isin(labels[part], digit.labels), ink[part], 0)
    return np.clip(strokes / np.median(strokes[strokes > 0]), 0, 1)
