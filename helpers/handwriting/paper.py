"""Bring the paper to zero: its light, its grain and its printed lines go, and what is left is the darkness of ink.

The second stage.
"""

import cv2
import numpy as np

from helpers.handwriting.picture import resize, square


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

    Without its strokes a picture falls into even regions: the sheet, a desk, a room, a strip at the edge. The sheet is
    large, does not run along the edges, and is written on. What borders on an edge and has another colour is beyond
    it; a shadow has the paper's colour, only less of it. What a program drew on one even colour has no desk.
    """
    everything = np.ones(picture.shape[:2], bool)
    if all(np.ptp(edge.reshape(-1, 3), axis=0).max() == 0 for edge in (picture[[0, -1]], picture[:, [0, -1]])):
        return everything
    small = resize(picture, min(160, max(picture.shape[:2])))
    ground = ground_of(small, 1 / 7)
    colour = cv2.cvtColor(ground, cv2.COLOR_RGB2LAB).astype(np.float32) - (0, 128, 128)
    cross = np.ones((3, 3))
    step = ((cv2.dilate(colour, cross) - cv2.erode(colour, cross)) * (1, 1.5, 1.5)).sum(axis=2)
    even = (step < 13).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    if count <= 2:
        return everything
    contrast = np.abs(small.astype(np.float32) - ground).max(axis=2)
    strokes = np.maximum(contrast - 25, 0) ** 2 * cv2.erode(even, np.ones((5, 5)), borderValue=1)
    written = np.bincount(labels.ravel(), strokes.ravel(), count)
    area = boxes[:, cv2.CC_STAT_AREA] / labels.size
    edges = [along_edges(labels == number) for number in range(count)]
    score = area + 2 * written / max(written[1:].sum(), 1e-9) - np.mean(edges, axis=1)
    score[(area < 0.04) | (np.arange(count) == 0)] = -np.inf
    sheet = int(score.argmax())
    if not looks_like_paper(labels == sheet, strokes):
        return everything
    own, beyond = np.median(colour[labels == sheet], axis=0), np.zeros(labels.shape, np.uint8)
    for number in range(1, count):
        if number != sheet and area[number] > 0.002 and max(edges[number]) > 0.25:
            light, *hue = np.median(colour[labels == number], axis=0)
            ratio = (light + 1) / (own[0] + 1)
            if np.hypot(*(hue - own[1:] * min(1.0, ratio))) > 7 or not 0.4 < ratio < 2.5:
                beyond[labels == number] = 1
    if not beyond.any():
        return everything
    _, parts = cv2.connectedComponents(1 - cv2.dilate(beyond, np.ones((5, 5))), connectivity=4)
    inside = np.bincount(parts.ravel(), (labels == sheet).ravel())
    found = (parts == 1 + int(inside[1:].argmax())).astype(np.uint8)
    found = cv2.erode(found, cross, borderValue=1)
    return cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def looks_like_paper(region: np.ndarray, strokes: np.ndarray) -> bool:
    """Tell a sheet from the thick stroke of a drawing: it fills its outline, and is written on (H x W bool; float)."""
    points = np.argwhere(region)[:, ::-1].astype(np.int32)
    outline = cv2.contourArea(cv2.convexHull(points))
    return len(points) > 0.6 * outline and float(strokes[region].max()) > 0


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
    paper = cv2.blur(cv2.erode(paper, np.ones((3, 3))), (3, 3))
    return cv2.resize(paper, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


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


def erase_lines(darkness: np.ndarray, least: float) -> np.ndarray:
    """Erase printed lines: straight, thin, from edge to edge; lighter than the ink, or close to the picture's edge.

    Where the ink is thicker than a line, a stroke crosses it or stands on it, and stays.
    """
    peak = np.quantile(darkness[darkness > least], 0.98) if (darkness > least).any() else 0
    ink = (darkness > max(least, 0.2 * peak)).astype(np.uint8)
    result = darkness.copy()
    for mask, dark, left in ((ink, darkness, result), (ink.T.copy(), darkness.T, result.T)):
        height, width = mask.shape
        flat = cv2.morphologyEx(cv2.dilate(mask, np.ones((3, 1))), cv2.MORPH_OPEN, np.ones((1, width // 16 | 1))) & mask
        depth = flat.sum() / max(1, (flat[1:] > flat[:-1]).sum())  # of the average line: its pixels by its tops
        flat &= ~cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((int(1.6 * depth) + 2, 1)))
        bridged = cv2.dilate(flat, np.ones((1, width // 8 | 1)))  # over the strokes that cross
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(bridged)
        for label, (_, top, length, depth, _) in enumerate(boxes):
            line = flat & (labels == label)
            if label and length > 0.9 * width and depth < 0.1 * width and height < 1.5 * width and line.any():
                near_edge = top < 0.12 * height or top + depth > 0.88 * height
                if near_edge or np.median(dark[line > 0]) < 0.7 * peak:
                    left[line > 0] = 0
    return result
