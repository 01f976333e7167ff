"""Drawings as a pad makes them: digits in hands that differ, and what is no digit."""

import base64
import zlib

import cv2
import numpy as np

from tests.browser import STROKES

SIDE = 280  # pixels of the pad
FINER = 4  # times; so drawn, a line has a soft edge as in a browser


def draw_on_pad(strokes: list[np.ndarray], width: float) -> np.ndarray:
    """Draw strokes (points x, y in parts of the pad) with a round pen, black on white: 280 x 280 uint8."""
    page = np.full((SIDE * FINER, SIDE * FINER), 255, np.uint8)
    for stroke in strokes:
        points = np.round(np.array(stroke) * SIDE * FINER).astype(np.int32)
        for start, end in zip(points, [*points[1:], points[-1]], strict=True):
            cv2.line(page, tuple(start.tolist()), tuple(end.tolist()), 0, round(width * FINER))
    return cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def digits_in_hands(count: int, seed: int = 0) -> np.ndarray:
    """Draw the ten digits in turn, each in another hand: turned, leaning, of other sizes, with thin and thick pens."""
    rng, found = np.random.default_rng(seed), []
    for number in range(count):
        turn, lean, size = rng.normal(0, 0.12), rng.normal(0, 0.15), rng.uniform(0.3, 1.1)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = matrix @ np.array([[1, lean], [0, 1]]) @ np.diag([size * rng.uniform(0.8, 1.2), size])
        middle, width = 0.5 + rng.normal(0, 0.08, 2), rng.uniform(8, 40)
        strokes = [np.array(stroke) for stroke in STROKES[number % 10]]
        strokes = [(each - 0.5 + rng.normal(0, 0.012, each.shape)) @ matrix.T + middle for each in strokes]
        found.append(draw_on_pad(strokes, width * np.clip(size, 0.5, 1)))
    return np.array(found)


def no_digits(count: int, seed: int = 1) -> np.ndarray:
    """Draw what is no digit: an empty pad, scribbles, two digits beside each other, digits that lie, dots.

    With thin pens: thick scribbles cover half the pad, where the stages for photographs may not know ink from paper.
    """
    rng, found = np.random.default_rng(seed), [draw_on_pad([], 22)]
    for number in range(count - 1):
        if number % 4 == 0:
            strokes = [rng.uniform(0.15, 0.85, (4, 2)) for _ in range(2)]
        elif number % 4 == 1:
            pair = [STROKES[int(digit)] for digit in rng.integers(0, 10, 2)]
            strokes = [np.array(s) * (0.5, 1) + (0.5 * n, 0) for n, digit in enumerate(pair) for s in digit]
        elif number % 4 == 2:
            strokes = [np.array(stroke)[:, ::-1] for stroke in STROKES[number // 4 % 10]]
        else:
            strokes = [rng.uniform(0.2, 0.8, (1, 2)) for _ in range(1 + number // 4 % 3)]
        found.append(draw_on_pad(strokes, rng.uniform(8, 16)))
    return np.array(found)


def packed(images: np.ndarray) -> str:
    """Return images (uint8) as the book packs them."""
    return base64.b64encode(zlib.compress(images.tobytes())).decode("ascii")
