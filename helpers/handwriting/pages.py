"""Rows and pages: which pieces of ink are a digit, where touching ones are cut, and in which order all are read.

The pieces of a line stand in a row, from left to right. Between them are the places where one digit may end and the
next begin. Each way to group neighbours has a cost: how little the judge (doubt.py) believes that a group is a digit.
The cheapest path through a line is its number. Source of the idea: LeCun et al. 1998, section IV (segmentation graphs).
"""

import itertools
from typing import NamedTuple

import cv2
import numpy as np

from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from helpers.handwriting.doubt import NONE, judged
from helpers.handwriting.ink import Box, even_out, is_frame, join

MOST = 4  # strokes of one digit
ASIDE = 0.2  # what a step to the side costs a cut, in pixels of ink


class Piece(NamedTuple):
    """A piece of ink: its box in the page, its ink alone (height x width of the box), the stroke it was cut from."""

    box: Box
    ink: np.ndarray
    stroke: int


class Group(NamedTuple):
    """Neighbours that may be one digit: the first and the last of a line's pieces, their box and their ink together."""

    first: int
    last: int
    box: Box
    ink: np.ndarray


def pieces_of(ink: np.ndarray, sheet: np.ndarray | None = None) -> tuple[list[Piece], float]:
    """Return the pieces of ink of a page, without specks, frames and what lies at an edge, and the height of a digit.

    sheet: where the paper is, H x W bool; None for all of it.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    amounts = np.bincount(labels.ravel(), ink.ravel(), count)[1:]
    if count == 1:
        return [], 0.0
    rim = np.zeros(ink.shape, bool)
    rim[:2] = rim[-2:] = rim[:, :2] = rim[:, -2:] = True
    if sheet is not None and not sheet.all():
        reach = max(3, max(ink.shape) // 60) | 1
        rim |= cv2.dilate((~sheet).astype(np.uint8), np.ones((reach, reach))) > 0
    at_edge = np.bincount(labels[rim], minlength=count)[1:] > 0
    sizes = [tuple(each) for each in boxes[1:, :4].tolist()]
    heights = np.array([height for _, _, _, height in sizes], float)
    lies = boxes[1:, cv2.CC_STAT_WIDTH] > 6 * heights  # as a rule does, and a minus
    weights = np.where(at_edge | lies, 0.01, 1) * amounts
    order = np.argsort(heights)
    # half of the ink stands in pieces that are lower than this
    usual = float(heights[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])
    found = []
    for number, box in enumerate(sizes, 1):
        x, y, width, height = box
        longer, shorter = max(width, height), min(width, height)
        if longer < 0.15 * usual:
            continue
        if is_frame(box, boxes[number, cv2.CC_STAT_AREA], sizes) and longer > 1.4 * usual:
            continue
        if longer > 3 * usual and shorter < 0.15 * longer:  # what is left of a rule: no digit is so long and thin
            continue
        if at_edge[number - 1] and (longer > 2 * usual or shorter < 0.2 * usual):
            continue
        part = np.where(labels[y : y + height, x : x + width] == number, ink[y : y + height, x : x + width], 0)
        found.append(Piece(box, part.astype(np.float32), number))
    return found, usual


def middle_of(box: Box) -> tuple[float, float]:
    """Return the middle of a box: x, y."""
    x, y, width, height = box
    return x + width / 2, y + height / 2


def lines_of(pieces: list[Piece], usual: float) -> list[list[Piece]]:
    """Put pieces into lines of writing, from the top; the pieces of a line from left to right.

    Lines may slope: how they do is learned from neighbours. Small pieces join the line that they lie in.
    """
    tall = [piece for piece in pieces if piece.box[3] > 0.5 * usual] or pieces
    slopes = []
    for piece in tall:
        x, y = middle_of(piece.box)
        right = [(middle_of(each.box)[0] - x, middle_of(each.box)[1] - y) for each in tall]
        near = [(dx, dy) for dx, dy in right if 0.3 * usual < dx < 4 * usual and abs(dy) < 0.5 * dx + 0.2 * usual]
        if near:
            dx, dy = min(near, key=lambda step: step[0] + 2 * abs(step[1]))
            slopes.append(dy / dx)
    slope = float(np.clip(np.median(slopes), -0.4, 0.4)) if len(slopes) > 1 else 0.0
    level = lambda piece: middle_of(piece.box)[1] - slope * middle_of(piece.box)[0]  # noqa: E731
    lines: list[list[Piece]] = []
    for piece in sorted(tall, key=level):
        # a line's own level is that of its pieces nearby: those that lie far to the side may have drifted
        best, distance = None, 0.62
        for line in lines:
            near = sorted(line, key=lambda each: abs(middle_of(each.box)[0] - middle_of(piece.box)[0]))[:3]
            away = abs(level(piece) - np.mean([level(each) for each in near])) / usual
            if away < distance:
                best, distance = line, away
        lines.append([piece]) if best is None else best.append(piece)
    for piece in pieces:
        if piece in tall:
            continue
        beside = [
            (min(np.hypot(*np.subtract(middle_of(each.box), middle_of(piece.box))) for each in line), n)
            for n, line in enumerate(lines)
        ]
        nearest, number = min(beside)
        if nearest < 1.5 * usual:
            lines[number].append(piece)
        else:
            lines.append([piece])
    lines.sort(key=lambda line: np.mean([level(each) for each in line]))
    return [sorted(line, key=lambda piece: middle_of(piece.box)[0]) for line in lines]


def slant_of(pieces: list[Piece]) -> float:
    """Return how far the writing leans, in pixels to the right for each pixel up: where upright lines are sharpest."""
    best, sharpest = 0.0, -1.0
    for slant in np.arange(-0.3, 0.61, 0.1):
        sharp = 0.0
        for piece in pieces:
            rows, columns = np.nonzero(piece.ink)
            leaning = np.bincount(np.int32(columns + slant * rows - min(0, slant * len(piece.ink)) + 1))
            sharp += float((leaning.astype(float) ** 2).sum())
        if sharp > sharpest:
            best, sharpest = float(slant), sharp
    return best


def ways_down(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the cheapest way from the top row to each pixel costs, and from which side its last step came.

    ink: H x W float32. A way goes down row by row, straight or to the next column; it pays for the ink that it crosses,
    and ASIDE for each step to a side.
    """
    cost, came = ink.astype(np.float64), np.zeros(ink.shape, int)
    for row in range(1, len(ink)):
        above = np.pad(cost[row - 1], 1, constant_values=np.inf)
        three = np.stack([above[1:-1], above[:-2] + ASIDE, above[2:] + ASIDE])
        cheapest = three.argmin(axis=0)
        came[row] = np.array([0, -1, 1])[cheapest]
        cost[row] += three.min(axis=0)
    return cost, came


def walk_back(came: np.ndarray, column: int) -> list[int]:
    """Return the columns of the way that ends in a column of the last row, from there back to the top."""
    columns = [column]
    for step in came[:0:-1]:
        columns.append(columns[-1] + int(step[columns[-1]]))
    return columns


def seams_of(ink: np.ndarray, apart: float, margin: int) -> list[np.ndarray]:
    """Return the cheapest ways from the top of a stroke to its bottom, from the left: of each, the column in each row.

    apart: how far two of them are from each other at half height, and margin: from the sides, in pixels.
    """
    middle = len(ink) // 2
    (down, came), (up, back) = ways_down(ink[: middle + 1]), ways_down(ink[::-1][: len(ink) - middle])
    total = down[-1] + up[-1] - ink[middle]
    chosen: list[int] = []
    for column in np.argsort(total, kind="stable"):
        if margin <= column < ink.shape[1] - margin and all(abs(column - each) >= apart for each in chosen):
            chosen.append(int(column))
    halves = [(walk_back(came, column)[::-1], walk_back(back, column)[1:]) for column in sorted(chosen)]
    return list(np.maximum.accumulate([upper + lower for upper, lower in halves], axis=0)) if halves else []


def cut(piece: Piece, usual: float, slant: float) -> list[Piece]:
    """Cut a wide piece along the slant where the least ink lies in the way: into parts side by side, or only itself."""
    x, y, width, height = piece.box
    if width < 0.7 * usual or width < 0.55 * height:
        return [piece]
    shift = np.rint(slant * (np.arange(height) - height / 2)).astype(int)
    low, high = int(shift.min()), int(shift.max())
    upright = np.zeros((height, width + high - low), np.float32)
    place = np.arange(width) + (shift - low)[:, np.newaxis]
    np.put_along_axis(upright, place, piece.ink / piece.ink.max(), axis=1)
    seams = seams_of(upright, 0.2 * usual, max(2, round(0.15 * usual)))
    edges = [np.zeros(height, int), *seams, np.full(height, upright.shape[1])]
    parts = []
    for left, right in itertools.pairwise(edges):
        ink = np.where((place >= left[:, np.newaxis]) & (place < right[:, np.newaxis]), piece.ink, 0)
        inked_rows, inked = np.flatnonzero(ink.max(axis=1) > 0), np.flatnonzero(ink.max(axis=0) > 0)
        if len(inked):
            top, bottom, begin, end = inked_rows[0], inked_rows[-1] + 1, inked[0], inked[-1] + 1
            box = (x + int(begin), y + int(top), int(end - begin), int(bottom - top))
            parts.append(Piece(box, ink[top:bottom, begin:end], piece.stroke))
    return parts


def groups_of(line: list[Piece], usual: float) -> list[Group]:
    """Return every group of neighbours in a line that is not too wide for one digit."""
    groups = []
    for first in range(len(line)):
        box = line[first].box
        for last in range(first, len(line)):
            box, strokes = join(box, line[last].box), {piece.stroke for piece in line[first : last + 1]}
            if last > first and (box[2] > 1.5 * max(usual, box[3]) or len(strokes) > MOST):
                break
            ink = np.zeros((box[3], box[2]), np.float32)
            for x, y, width, height, part in ((*piece.box, piece.ink) for piece in line[first : last + 1]):
                place = ink[y - box[1] : y - box[1] + height, x - box[0] : x - box[0] + width]
                np.maximum(place, part, out=place)
            groups.append(Group(first, last, box, ink))
    return groups


def to_28(ink: np.ndarray) -> np.ndarray:
    """Bring the ink of one digit to 28 x 28."""
    return shrink_to_28(centre_by_mass(even_out(ink)))


def cost_of(group: Group, said: np.ndarray, line: list[Piece], high: float) -> float:
    """Return what it costs to read a group as one digit: little where the judge believes it and its shape is right."""
    _, _, width, height = group.box
    cost = -np.log(max(float(said[:NONE].max()), 1e-4))
    cost += 3 * max(0.0, width / height - 1.3) + 4 * max(0.0, 0.5 - height / high)
    for one, next_one in zip(line[group.first : group.last], line[group.first + 1 : group.last + 1], strict=True):
        gap = max(0, next_one.box[0] - one.box[0] - one.box[2]) / high
        cost += 0.2 if one.stroke == next_one.stroke else 0.4 + 5 * max(0.0, gap - 0.1)
    if group.last + 1 < len(line) and line[group.last].stroke == line[group.last + 1].stroke:
        cost += 0.5  # a stroke is cut here
    return cost


def cost_of_leaving(piece: Piece, high: float) -> float:
    """Return what it costs to leave a piece out: little for what is small."""
    return 0.7 + 4 * min(1.0, max(piece.box[2], piece.box[3]) / high) ** 2


def best_path(count: int, steps: list[tuple[int, int, float]]) -> list[int]:
    """Return the cheapest path from 0 to `count`: the numbers of its steps. A step: from where, to where, its cost.

    Source: A. Viterbi, "Error Bounds for Convolutional Codes" (1967).
    """
    cheapest, came_by = [0.0] + [np.inf] * count, [-1] * (count + 1)
    for number, (start, end, cost) in sorted(enumerate(steps), key=lambda step: step[1][0]):
        if cheapest[start] + cost < cheapest[end]:
            cheapest[end], came_by[end] = cheapest[start] + cost, number
    path = []
    while count:
        path.append(came_by[count])
        count = steps[came_by[count]][0]
    return path[::-1]


class Line(NamedTuple):
    """A line of writing: its parts from left to right, their groups, and the usual height of the page's digits."""

    parts: list[Piece]
    groups: list[Group]
    usual: float


def lines_of_parts(ink: np.ndarray, sheet: np.ndarray | None = None) -> list[Line]:
    """Return the lines of a page (ink: H x W float32; sheet: where the paper is), wide pieces cut, from the top."""
    pieces, usual = pieces_of(ink, sheet)
    slant, lines = slant_of(pieces), []
    for line in lines_of(pieces, usual):
        parts = [part for piece in line for part in cut(piece, usual, slant)]
        parts.sort(key=lambda part: middle_of(part.box)[0])
        lines.append(Line(parts, groups_of(parts, usual), usual))
    return lines


class Found(NamedTuple):
    """A digit of a page: its box, its ink, its 28 x 28, and what the judge says of it (11 probabilities)."""

    box: Box
    ink: np.ndarray
    image: np.ndarray
    said: np.ndarray


def read_lines(ink: np.ndarray, sheet: np.ndarray | None = None) -> tuple[list[list[Found]], list[Box]]:
    """Return the digits of a page line by line, and the boxes of the marks that are none."""
    lines = lines_of_parts(ink, sheet)
    images = [to_28(group.ink) for line in lines for group in line.groups]
    said = judged(np.stack(images)) if images else np.zeros((0, NONE + 1))
    found, marks, at = [], [], 0
    for parts, groups, usual in lines:
        high = max(float(np.quantile([part.box[3] for part in parts], 0.8)), 0.6 * usual)
        steps = [
            (group.first, group.last + 1, cost_of(group, said[at + n], parts, high)) for n, group in enumerate(groups)
        ]
        steps += [(n, n + 1, cost_of_leaving(part, high)) for n, part in enumerate(parts)]
        digits = []
        for step in best_path(len(parts), steps):
            if step < len(groups):
                digits.append(Found(groups[step].box, groups[step].ink, images[at + step], said[at + step]))
            else:
                marks.append(parts[step - len(groups)].box)
        found.append(digits)
        at += len(groups)
    return [line for line in found if line], marks
