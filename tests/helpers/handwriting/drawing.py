"""Digits of our own, drawn as the tests of the preparation need them."""

import io

import cv2
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import handwriting as hw

SLOW = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def arc(x, y, wide, high, start, end):
    """Return the points of an arc of an ellipse."""
    angles = np.radians(np.linspace(start, end, 40))
    return [(x + wide * np.cos(angle), y + high * np.sin(angle)) for angle in angles]


STROKES = {
    0: [arc(0.5, 0.5, 0.3, 0.48, -90, 270)],
    1: [[(0.55, 0.02), (0.45, 0.98)]],
    2: [[*arc(0.48, 0.27, 0.27, 0.25, -170, 30), (0.2, 0.95), (0.8, 0.93)]],
    3: [arc(0.45, 0.26, 0.25, 0.24, -150, 90) + arc(0.45, 0.73, 0.3, 0.25, -90, 150)],
    4: [[(0.6, 0.03), (0.2, 0.62), (0.85, 0.62)], [(0.66, 0.35), (0.62, 0.98)]],
    5: [[(0.3, 0.05), (0.27, 0.42), *arc(0.45, 0.68, 0.3, 0.28, -120, 140)], [(0.3, 0.05), (0.75, 0.04)]],
    6: [[(0.65, 0.03), *arc(0.5, 0.7, 0.3, 0.28, 180, -190)]],
    7: [[(0.18, 0.06), (0.8, 0.05), (0.42, 0.98)]],
    8: [arc(0.5, 0.26, 0.22, 0.23, 90, -270), arc(0.5, 0.73, 0.28, 0.25, -90, 270)],
    9: [[*arc(0.47, 0.28, 0.25, 0.25, 0, -360), (0.68, 0.6), (0.6, 0.98)]],
}


def draw(digit, height=300, width=300, size=180, left=60, top=60, thick=9, strokes=None):
    """Draw a digit: H x W float32, 0 (paper) to 1 (ink)."""
    canvas = np.zeros((height, width), np.uint8)
    for stroke in STROKES[digit] if strokes is None else strokes:
        points = np.array([(left + x * size, top + y * size) for x, y in stroke]) * 16
        cv2.polylines(canvas, [points.round().astype(np.int32)], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def paint(ink, colour=(30, 30, 40), paper=(235, 235, 230), noise=0.0):
    """Lay ink of one colour on paper: H x W x 3 uint8. paper: a colour or a whole picture."""
    picture = np.asarray(paper, np.float32) * (1 - ink[..., None]) + np.asarray(colour, np.float32) * ink[..., None]
    grain = np.random.default_rng(0).normal(0, noise, picture.shape) if noise else 0
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def encode(picture, kind="PNG", **options):
    """Return the bytes of a picture file."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def difference(one, other):
    """Return the mean absolute difference of two 28 x 28, in grey levels of 255."""
    return 255 * float(np.abs(one - other).mean())


def shape_of(digit, **options):
    """Return the 28 x 28 of a digit drawn in the plainest way."""
    return hw.prepare(paint(draw(digit, **options))).image


DIGIT = st.integers(0, 9)
