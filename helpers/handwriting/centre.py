"""Give a digit MNIST's size and place: 20 pixels long, its centre of mass in the middle of 28 x 28.

The fourth stage.
"""

import cv2
import numpy as np


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Return the point (row, column), in pixels, on which the ink of an image would balance."""
    rows, columns = np.indices(image.shape)
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def centre_by_mass(ink: np.ndarray) -> np.ndarray:
    """Place a digit on a square, its longer side 20/28 of it, its centre of mass in the middle."""
    height, width = ink.shape
    side = round(max(height, width) * 28 / 20)
    row, column = centre_of_mass(ink)
    # the middle of the ink falls on the middle of pixel 14 of 28, counted from 0
    middle = side * 14.5 / 28 - 0.5
    top = min(max(0, round(middle - row)), side - height)
    left = min(max(0, round(middle - column)), side - width)
    canvas = np.zeros((side, side), np.float32)
    canvas[top : top + height, left : left + width] = ink
    return canvas


def shrink_to_28(canvas: np.ndarray) -> np.ndarray:
    """Shrink to 28 x 28, each pixel the mean of its area, with full contrast: float32, 0..1."""
    method = cv2.INTER_AREA if len(canvas) > 28 else cv2.INTER_LINEAR
    small = cv2.resize(canvas, (28, 28), interpolation=method)
    return np.clip(small / np.quantile(small[small > 0], 0.9), 0, 1)
