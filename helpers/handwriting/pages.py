"""Put the digits of a row or a page into reading order.

The last stage, for pictures that hold several digits.
"""

import numpy as np

from helpers.handwriting.ink import Strokes


def in_reading_order(digits: list[Strokes]) -> list[Strokes]:
    """Sort digits by lines from the top, and from left to right; a digit joins the line whose last one it is beside."""
    lines: list[list[Strokes]] = []
    for digit in sorted(digits, key=lambda digit: digit.box[0]):
        _, top, _, height = digit.box
        for line in lines:
            _, last_top, _, last_height = line[-1].box
            shared = min(last_top + last_height, top + height) - max(last_top, top)
            if shared > 0.4 * min(last_height, height):
                line.append(digit)
                break
        else:
            lines.append([digit])
    lines.sort(key=lambda line: np.mean([digit.box[1] + digit.box[3] / 2 for digit in line]))
    return [digit for line in lines for digit in line]
