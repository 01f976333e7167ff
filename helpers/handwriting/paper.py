"""Bring the paper to zero: its light and its grain go, and what is left is the darkness of ink and printed lines.

The second stage.
"""

import cv2
import numpy as np

from helpers.handwriting.picture import resize, square

CROSS = np.ones((3, 3), np.uint8)


def ground_of(small: np.ndarray, share: float) -> np.ndarray:
    """Return a small picture without its strokes: each pixel the median of a square, a share of the shorter side."""
    side = max(5, int(min(small.shape[:2]) * share) | 1)
    framed = cv2.copyMakeBorder(small, side, side, side, side, cv2.BORDER_REPLICATE)
    return cv2.medianBlur(framed, side)[side:-side, side:-side]


def along_edges(region: np.ndarray) -> list[float]:
    """Return which share of each of a picture's four edges a region (H x W bool) takes."""
    return [float(region[0].mean()), float(region[-1].mean()), float(region[:, 0].mean()), float(region[:, -1].mean())]


def find_sheet(picture: np.ndarray) -> np.ndarray:
    """Return where the sheet of paper is: H x W bool. All of it where nothing else is in the picture.

    What a program drew on one even colour has no desk.
    """
    if all(np.ptp(edge.reshape(-1, 3), axis=0).max() == 0 for edge in (picture[[0, -1]], picture[:, [0, -1]])):
        return np.ones(picture.shape[:2], bool)
    return without_slivers(sheet_among_regions(picture), picture)


def without_slivers(sheet: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Take from a sheet (H x W bool) the slivers of a desk, a few pixels wide, that run along the picture's edges.

    A sliver is much darker or lighter than what is beside it, long and thin; a stroke of a digit is thicker or shorter.
    """
    if min(sheet.shape) < 12:
        return sheet
    sheet, level = sheet.copy(), picture.max(axis=2)
    for turns in range(4):
        side, here = np.rot90(level, turns), np.rot90(sheet, turns)
        depth = max(3, min(side.shape) // 40)
        beside = cv2.blur(np.median(side[depth : 2 * depth], axis=0)[np.newaxis], (4 * depth + 1, 1))
        ratio = (side[:depth] + 1.0) / (beside + 1)
        other = ((ratio < 0.6) | (ratio > 1.7)) & here[:depth]
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(np.uint8(other))
        for number in range(1, count):
            _, top, length, thick, _ = boxes[number]
            if top == 0 and thick < depth and length > max(4 * thick, 0.04 * side.shape[1]):
                here[:depth] &= cv2.dilate(np.uint8(labels == number), np.ones((5, 5))) == 0
    return sheet


def sheet_among_regions(picture: np.ndarray) -> np.ndarray:
    """Return where the sheet of paper is, but for slivers: H x W bool.

    Without its strokes a picture falls into even regions: the sheet, its shadowed parts, a desk, a room, a strip at
    the edge; grain, cloth and keys leave none, or small ones. Beyond the sheet is what reaches an edge and has another
    colour, and what lies outside of all that can be paper.
    """
    everything = np.ones(picture.shape[:2], bool)
    high, wide = picture.shape[:2]
    small = resize(picture, min(round(140 * (max(high, wide) / min(high, wide)) ** 0.5), max(high, wide)))
    ground = ground_of(small, 1 / 14)
    colour = cv2.cvtColor(ground, cv2.COLOR_RGB2LAB).astype(np.float32) - (0, 128, 128)
    step = ((cv2.dilate(colour, CROSS) - cv2.erode(colour, CROSS)) * (1, 1.5, 1.5)).sum(axis=2)
    labels = large_regions(cv2.erode((step < 13).astype(np.uint8), CROSS, borderValue=1))
    count = int(labels.max()) + 1
    if count == 1:
        return everything
    written = writing_on(labels, count, picture, ground)
    pixels = np.bincount(labels.ravel(), minlength=count)
    light = np.bincount(labels.ravel(), colour[..., 0].ravel(), count) / np.maximum(pixels, 1) / 255
    at_edges = np.array([np.mean(along_edges(labels == number)) for number in range(count)])
    area = pixels / labels.size
    # the sheet is large and light, is written on, and does not run along the edges
    score = area + light + 2 * np.minimum(1, 20 * written / max(written.max(), 1e-9)) - 2 * at_edges
    score[(area < 0.012) | (np.arange(count) == 0)] = -np.inf
    # it is written on, or so large that its strokes are too, and count as what is beside it
    may_be = np.isfinite(score) & ((written > 0) | (area > 0.15))
    chosen = score.argmax()
    if not may_be[chosen]:
        return everything
    for number in np.argsort(-light):  # what was chosen may be a shadow on the sheet
        if may_be[number]:
            sheet = labels == number
            foreign, off, ratio = foreign_to(sheet, colour)
            if number == chosen or foreign[labels == chosen].mean() < 0.5:
                break
    _, parts = cv2.connectedComponents(1 - cv2.dilate(beyond_edges(foreign), CROSS), connectivity=4)
    inside = np.bincount(parts.ravel(), sheet.ravel() & (parts.ravel() > 0))
    found = parts == inside.argmax()
    paper = sheet.copy()
    for number in range(1, count):
        region = labels == number
        if foreign[region].mean() < 0.5 < found[region].mean():
            shadow = area[number] > 0.02 and np.median(ratio[region]) < 1.08 and np.median(off[region]) < 4
            paper |= region & (written[number] > 0 or shadow)
    found = (found & outline_of(paper)).astype(np.uint8)
    # without writing, what is cut away has to be more than a stroke along an edge
    if found.mean() > (0.97 if written[chosen] else 0.8) or not fills_its_outline(paper):
        return everything
    found = cv2.erode(found, CROSS, borderValue=1)
    return cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def large_regions(even: np.ndarray) -> np.ndarray:
    """Number the connected regions of a picture (H x W uint8) that take four thousandths of it: H x W, 0 elsewhere."""
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    large = boxes[:, cv2.CC_STAT_AREA] >= 0.004 * labels.size
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[labels]


def writing_on(labels: np.ndarray, count: int, picture: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return how much is written on each numbered region of a picture: what stands out of the region's own grain."""
    fine = resize(picture, min(2 * max(labels.shape), max(picture.shape[:2]))).astype(np.float32)
    under = np.maximum(cv2.resize(ground, fine.shape[1::-1]).astype(np.float32), 40)
    contrast = cv2.dilate((np.abs(fine - under) / under).max(axis=2), np.ones((2, 2)))
    contrast = cv2.resize(contrast, labels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    grain = np.array([0, *(np.median(contrast[labels == number]) for number in range(1, count))])
    inner = cv2.erode((labels > 0).astype(np.uint8), np.ones((3, 3)), borderValue=1)
    strokes = np.maximum(contrast - 0.1 - 4 * grain[labels], 0) ** 2 * inner
    return np.bincount(labels.ravel(), strokes.ravel(), count)


def outline_of(region: np.ndarray) -> np.ndarray:
    """Return the convex outline of a region, and three pixels more: H x W bool in and out."""
    filled = np.zeros(region.shape, np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.argwhere(region)[:, ::-1].astype(np.int32)), 1)
    return cv2.dilate(filled, np.ones((7, 7))) > 0


def fills_its_outline(region: np.ndarray) -> bool:
    """Tell a sheet (H x W bool), with a shadow across it perhaps, from the thick stroke of a drawing."""
    closed = cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
    return closed.sum() > 0.5 * cv2.contourArea(cv2.convexHull(np.argwhere(closed)[:, ::-1].astype(np.int32)))


def foreign_to(sheet: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which pixels of L*a*b* are no paper of a sheet (H x W bool), how far off their hue is, and their light.

    A shadow has the paper's colour, only less of it.
    """
    own = np.median(colour[sheet], axis=0)
    ratio = (colour[..., 0] + 1) / (own[0] + 1)
    off = np.linalg.norm(colour[..., 1:] - own[1:] * np.minimum(1, ratio)[..., np.newaxis], axis=2)
    return (off > 7) | (ratio < 0.35) | (ratio > 4), off, ratio


def beyond_edges(foreign: np.ndarray) -> np.ndarray:
    """Keep of what is no paper (H x W bool) what takes a fifth of an edge of the picture and a corner: H x W uint8.

    A stroke that crosses an edge seldom reaches a corner; what takes most of an edge is no stroke either.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(foreign.astype(np.uint8))
    at_corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
    beyond = []
    for number in range(1, count):
        if boxes[number, cv2.CC_STAT_AREA] > 0.002 * labels.size:
            share = max(along_edges(labels == number))
            if share > 0.6 or (share > 0.2 and number in at_corners):
                beyond.append(number)
    return np.isin(labels, beyond).astype(np.uint8)


def only_the_sheet(picture: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """Return a picture in which the paper of the sheet goes on beyond its edges: H x W x 3 uint8."""
    if sheet.all():
        return picture
    small = resize(picture, min(160, max(picture.shape[:2])))
    ground = ground_of(small, 1 / 9)
    there = cv2.resize(sheet.astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    inner = cv2.erode(there, np.ones((7, 7)), borderValue=1)
    inner = inner if inner.any() else there
    _, nearest = cv2.distanceTransformWithLabels(1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros((nearest.max() + 1, 3), np.uint8)
    of_label[nearest[inner > 0]] = ground[inner > 0]
    beyond = cv2.resize(cv2.blur(of_label[nearest], (5, 5)), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(sheet[..., np.newaxis], picture, beyond)


def find_paper(picture: np.ndarray) -> np.ndarray:
    """Return the paper's colour at every place, as if nothing were written on it.

    picture: dark ink on light paper, H x W x 3 uint8, as is the result. A closing fills what is thinner than its
    square; shadows and desks are wider.
    """
    small = resize(picture, min(100, max(picture.shape)))
    reach = square(max(small.shape) / 3.5)
    margin = len(reach)
    framed = cv2.copyMakeBorder(small, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    # the paper goes on beyond each of the four edges, the strokes that cross an edge do not
    for _ in range(4):
        framed = np.rot90(framed).copy()
        along = np.ones((1, (framed.shape[1] - 2 * margin) // 2 | 1))
        framed[:margin] = cv2.morphologyEx(framed[:margin], cv2.MORPH_CLOSE, along)
    paper = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, reach)[margin:-margin, margin:-margin]
    # at the edge of a shadow, believe the darker side
    paper = cv2.blur(cv2.erode(paper, CROSS), (3, 3))
    paper = cv2.resize(paper, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return follow_shadows(picture, paper)


def follow_shadows(picture: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return the paper's colour (H x W x 3 uint8) with narrow shadows, such as those of a hand or a phone.

    What is dark falls into thin strokes and, perhaps, something much thicker. That is a shadow where all colours are
    missing alike, not too much of them, and where it is written on or comes from beyond the picture. Then a closing
    that fills the strokes alone follows it.
    """
    fine = resize(picture, min(300, max(picture.shape)))
    left = (fine + 1.0) / (cv2.resize(paper, fine.shape[1::-1], interpolation=cv2.INTER_AREA) + 1.0)
    thick = (left.max(axis=2) < 0.8).astype(np.uint8)
    for side in (3, 5, 7, 11, 15, 21):
        wider, thick = thick, cv2.morphologyEx(thick, cv2.MORPH_OPEN, disc(side))
        if thick.mean() < 0.01:
            return paper
        if side > 3 and thick.sum() > 0.85 * wider.sum():  # no stroke is left, only what is thicker
            break
    inner = cv2.erode(thick, disc(5)) > 0
    level = np.median(left[inner], axis=0) if inner.any() else np.zeros(3)
    written = float((left[inner].mean(axis=1) < 0.65 * level.mean()).mean()) if inner.any() else 0.0
    if level.min() < 0.3 or np.ptp(level) > 0.15 or not (0.01 < written < 0.3 or max(along_edges(thick > 0)) > 0.08):
        return paper
    local = cv2.morphologyEx(fine, cv2.MORPH_CLOSE, disc(2 * side + 1))
    local = cv2.blur(cv2.erode(local, CROSS), (3, 3))
    return np.minimum(paper, cv2.resize(local, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def disc(side: int) -> np.ndarray:
    """Return a round shape of ones with an odd side."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def find_darkness(picture: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return which part of the paper's light is missing on each pixel: H x W float32.

    It is about 0 on paper and at most 1. Red ink leaves red light as it is and swallows blue: the colours count by
    how much the ink shows in them.
    """
    missing = 1 - picture.astype(np.float32) / np.maximum(paper, 1)
    strongest = np.quantile(missing[::4, ::4].reshape(-1, 3), 0.999, axis=0).clip(0.001)
    return missing @ (strongest**2 / (strongest**2).sum()).astype(np.float32)


def smooth_grain(darkness: np.ndarray) -> tuple[np.ndarray, float]:
    """Smooth until the ink stands well out of the paper's grain; return H x W float32, 0..1, and the grain left."""
    for width in (1, 2, 4):
        smooth = cv2.GaussianBlur(darkness, (0, 0), width)
        some = smooth[::3, ::3]
        paper = some[some <= (max(some.min(), 0) + some.max()) / 2]  # less than half as dark as the darkest
        level = np.median(paper)
        grain = 1.5 * float(np.median(np.abs(paper - level)))
        if smooth.max() - level > 10 * grain:
            break
    return np.clip(smooth - level, 0, 1), grain
