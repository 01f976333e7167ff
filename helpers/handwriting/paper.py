"""Bring the paper to zero: its light, its grain and its printed lines go, and what is left is the darkness of ink.

The second stage.
"""

import cv2
import numpy as np

from helpers.handwriting.picture import resize, square


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
