"""Draw what is no digit: what the network that doubts learns from, beside digits.

Everything here is brought to 28 x 28 by the steps that a photograph goes through. Letters and signs come from the
handwriting typefaces of tools/pens.py: those of the group TRAINING to learn from, those of HELD_OUT to judge with.
"""

import functools

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from tools import pens

#: Letters and signs that nobody takes for a digit, whoever writes them.
LETTERS = "ACEFHJKLMNPRTUVWXYacdefhkmnprtuvwxy"
SIGNS = "+=*%#&@?<>~$"
#: Greek letters, which few handwriting typefaces have: the corners of their strokes, x and y in a square of 100 x 100.
GREEK = {
    "alpha": "90 15, 50 78, 25 82, 10 50, 25 18, 50 30, 75 70, 95 85",
    "gamma": "10 15, 30 10, 50 50, 50 90, 40 95, 42 70, 60 40, 85 8",
    "delta": "85 10, 50 5, 35 20, 55 40, 80 62, 75 88, 50 97, 22 85, 20 60, 45 42, 60 42",
    "epsilon": "80 15, 40 10, 25 30, 55 47, 25 65, 40 90, 85 85",
    "lambda": "15 8, 35 10, 60 55, 90 92 / 50 42, 15 95",
    "mu": "15 20, 15 98 / 15 60, 35 72, 65 60, 65 20 / 65 50, 85 70",
    "pi": "5 20, 95 18 / 30 20, 25 90 / 70 20, 70 85, 85 90",
    "sigma": "95 18, 50 20, 20 35, 10 60, 25 88, 50 92, 75 75, 75 45, 50 20",
    "phi": "50 2, 50 98 / 50 20, 20 25, 10 50, 25 75, 50 78, 75 75, 90 50, 80 25, 50 20",
    "psi": "10 20, 15 60, 50 72, 85 60, 90 20 / 50 5, 50 97",
    "omega": "15 20, 5 60, 20 90, 40 85, 50 50, 60 85, 80 90, 95 60, 85 20",
}
SIDE = 64  # pixels of the field in which a thing is drawn


def as_prepared(ink: np.ndarray) -> np.ndarray:
    """Bring ink (H x W, 0 to 1) to 28 x 28 as `prepare` does; all 0 where there is none."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.2), np.flatnonzero(ink.max(axis=0) > 0.2)
    if not len(rows):
        return np.zeros((28, 28), np.float32)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    return shrink_to_28(centre_by_mass(cut)) if cut.sum() > 1 else np.zeros((28, 28), np.float32)


def crop(digit: np.ndarray) -> np.ndarray:
    """Cut a digit of MNIST (28 x 28 uint8) out of its rim: H x W float32, 0 to 1."""
    rows, columns = np.flatnonzero(digit.max(axis=1)), np.flatnonzero(digit.max(axis=0))
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255


def pen_of(rng: np.random.Generator) -> int:
    """Return the width of a pen in pixels of the field."""
    return int(rng.integers(2, 9))


def curve(points: np.ndarray, width: int) -> np.ndarray:
    """Draw a line through points (N x 2, x and y in pixels): SIDE x SIDE, 0 to 1."""
    field = np.zeros((SIDE, SIDE), np.uint8)
    cv2.polylines(field, [np.int32(points * 16)], False, 255, width, cv2.LINE_AA, 4)
    return field / np.float32(255)


# --- The kinds ------------------------------------------------------------------------------------------------------


def neighbours(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two digits, now and then three, beside each other: apart, touching, or one over the other."""
    crops = [crop(each) for each in digits[rng.integers(0, len(digits), 2 + (rng.random() < 0.15))]]
    height = max(map(len, crops)) + 4
    field, right = np.zeros((height, 80), np.float32), 0
    for each in crops:
        each = cv2.resize(each, None, fx=rng.uniform(0.8, 1.1), fy=rng.uniform(0.8, 1.1)).clip(0, 1)[:height, :26]
        left = max(0, right + int(rng.integers(-4, 6)) if right else 0)
        top = int(rng.integers(0, height - len(each) + 1))
        part = field[top : top + len(each), left : left + each.shape[1]]
        np.maximum(part, each, out=part)
        right = left + each.shape[1]
    return as_prepared(field)


def half(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of a digit, as a cut in the wrong place leaves it."""
    ink = crop(digits[rng.integers(len(digits))])
    ink = ink if rng.random() < 0.7 else ink.T
    at = round(ink.shape[1] * rng.uniform(0.3, 0.7))
    ink = ink[:, :at] if rng.random() < 0.5 else ink[:, at:]
    return as_prepared(ink if rng.random() < 0.7 else ink.T)


def digit_and_a_half(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A digit with a good part of its neighbour."""
    one, other = (crop(each) for each in digits[rng.integers(0, len(digits), 2)])
    other = other[:, : max(3, round(other.shape[1] * rng.uniform(0.35, 0.7)))]
    field = np.zeros((24, 60), np.float32)
    at = one.shape[1] + int(rng.integers(-2, 3))
    field[2 : 2 + len(one), : one.shape[1]] = one[:22]
    top = int(rng.integers(0, 24 - len(other) + 1))
    part = field[top : top + len(other), at : at + other.shape[1]]
    np.maximum(part, other, out=part)
    return as_prepared(field if rng.random() < 0.5 else field[:, ::-1])


@functools.cache
def glyph_of(sign: str, typeface: str) -> np.ndarray:
    """Return a letter or a sign of a typeface, filled: H x W uint8, about 40 pixels high."""
    font = ImageFont.truetype(str(pens.fetch_font(typeface)), 48)
    field = Image.new("L", (110, 110))
    ImageDraw.Draw(field).text((30, 20), sign, fill=255, font=font)
    return np.asarray(field)


def sign_in_a_hand(sign: str, typeface: str, rng: np.random.Generator) -> np.ndarray:
    """A letter or a sign in some hand, with some pen: 28 x 28."""
    ink = glyph_of(sign, typeface).astype(np.float32) / 255
    turn, zoom = np.radians(rng.normal(0, 6)), rng.uniform(0.75, 1.3, 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag(zoom)
    matrix[0, 1] += rng.normal(0, 0.15)
    ink = cv2.warpAffine(ink, np.column_stack([matrix, 55 - matrix @ [55, 55]]), (110, 110))
    side = int(rng.integers(1, 7))
    ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return as_prepared(ink)


def scribble(rng: np.random.Generator) -> np.ndarray:
    """A line that wanders about, or several that cross something out."""
    if rng.random() < 0.4:
        ends = rng.uniform(6, SIDE - 6, (int(rng.integers(3, 9)), 2))
        return as_prepared(curve(ends, pen_of(rng)))
    t = np.linspace(0, 1, 80)
    waves = [np.sin(np.pi * k * t * rng.uniform(0.8, 2.5) + rng.uniform(0, 6)) for k in (1, 2, 3, 4)]
    return as_prepared(curve((32 + 8 * (rng.normal(size=(2, 4)) @ waves).clip(-3, 3)).T, pen_of(rng)))


def blot(rng: np.random.Generator) -> np.ndarray:
    """Something filled: a blot, a block, a bar that lies, a dot."""
    field = np.zeros((SIDE, SIDE), np.uint8)
    kind, (a, b) = rng.integers(4), rng.integers(5, 28, 2)
    if kind == 0:
        cv2.ellipse(field, (32, 32), (int(a), int(max(b, a // 2))), float(rng.uniform(0, 180)), 0, 360, 255, -1)
    elif kind == 1:
        field[32 - a : 32 + a, 32 - b : 32 + max(b, a // 2)] = 255
    elif kind == 2:
        field[30 : 30 + int(rng.integers(2, 9)), 6 : 6 + int(rng.integers(24, 52))] = 255
    else:
        rough = cv2.GaussianBlur(rng.normal(size=(SIDE, SIDE)), (0, 0), rng.uniform(3, 8))
        field[rough > np.quantile(rough, rng.uniform(0.5, 0.9))] = 255
    return as_prepared(cv2.GaussianBlur(field, (0, 0), 1).astype(np.float32) / 255)


def shape(rng: np.random.Generator) -> np.ndarray:
    """A frame, a triangle, a star, a cross, an arrow, a ladder of lines, with a hand that is not steady."""
    corners = {
        "frame": [(8, 8), (56, 8), (56, 56), (8, 56), (8, 8)],
        "triangle": [(32, 8), (58, 56), (6, 56), (32, 8)],
        "star": [(32, 4), (48, 58), (6, 24), (58, 24), (16, 58), (32, 4)],
        "cross": [(8, 8), (56, 56), (32, 32), (56, 8), (8, 56)],
        "plus": [(32, 6), (32, 58), (32, 32), (6, 32), (58, 32)],
        "arrow": [(6, 32), (58, 32), (42, 14), (58, 32), (42, 50)],
        "wave": [(4, 32), (14, 14), (24, 50), (34, 14), (44, 50), (58, 20)],
        "two bars": [(8, 22), (56, 22), (56, 22.5), (8, 44), (56, 44)],
        "tee": [(6, 10), (58, 10), (32, 10), (32, 58)],
        "corner": [(10, 8), (10, 56), (54, 56)],
    }
    points = np.array(list(corners.values())[rng.integers(len(corners))], np.float64)
    centred = (points - 32) * rng.uniform(0.7, 1.1, 2) * [rng.choice([-1, 1]), 1]
    turn = np.radians(rng.normal(0, 8))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return as_prepared(curve(32 + centred @ matrix.T + rng.normal(0, 1.5, points.shape), pen_of(rng)))


def rounded(corners: np.ndarray) -> np.ndarray:
    """Cut the corners of a line (N x 2) three times, each at a quarter of its way: a curve between the same ends.

    Source: G. Chaikin, "An algorithm for high-speed curve generation" (1974).
    """
    for _ in range(3):
        one, next_one = corners[:-1], corners[1:]
        between = np.stack([0.75 * one + 0.25 * next_one, 0.25 * one + 0.75 * next_one], axis=1).reshape(-1, 2)
        corners = np.concatenate([corners[:1], between, corners[-1:]])
    return corners


def greek(rng: np.random.Generator) -> np.ndarray:
    """A Greek letter, by a hand that is not steady, with a pen that may be thick."""
    letter, width = list(GREEK.values())[rng.integers(len(GREEK))], int(rng.integers(2, 13))
    strokes = [np.array([corner.split() for corner in stroke.split(",")], float) / 100 for stroke in letter.split("/")]
    turn, zoom = np.radians(rng.normal(0, 8)), rng.uniform(0.7, 1, 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag(zoom)
    matrix[0, 1] += rng.normal(0, 0.15)
    lines = [rounded(stroke - 0.5 + rng.normal(0, 0.03, (len(stroke), 2))) for stroke in strokes]
    return as_prepared(np.max([curve(32 + 46 * line @ matrix.T, width) for line in lines], axis=0))


def sideways(digits: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A digit that lies on its side; 0, 1 and 8 are left out, which can lie and be others."""
    lying = np.flatnonzero(~np.isin(labels, (0, 1, 8)))
    return as_prepared(np.rot90(crop(digits[rng.choice(lying)]), rng.choice([1, 3])))


def crossed_out(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A digit under a scribble."""
    ink = np.pad(cv2.resize(crop(digits[rng.integers(len(digits))]), (34, 46)), ((9, 9), (15, 15))).clip(0, 1)
    lines = curve(rng.uniform(8, SIDE - 8, (int(rng.integers(4, 9)), 2)), pen_of(rng))
    return as_prepared(np.maximum(ink, lines))


def speckle(rng: np.random.Generator) -> np.ndarray:
    """Noise as coarse as strokes."""
    return (3 * cv2.GaussianBlur(rng.normal(size=(28, 28)), (0, 0), rng.uniform(0.7, 2))).clip(0, 1).astype(np.float32)


def draw_junk(
    count: int, digits: np.ndarray, labels: np.ndarray, rng: np.random.Generator, group: dict = pens.TRAINING
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures that show no single digit: N x 28 x 28 float32, 0 to 1, and the name of each one's kind.

    digits: N x 28 x 28 uint8 and labels: what pairs and halves are made of; group: the typefaces of letters and signs.
    """
    hands = list(group)
    kinds = {
        "pair": (0.25, lambda: neighbours(digits, rng)),
        "half": (0.1, lambda: half(digits, rng)),
        "digit and a half": (0.1, lambda: digit_and_a_half(digits, rng)),
        "letter": (
            0.25,
            lambda: sign_in_a_hand(LETTERS[rng.integers(len(LETTERS))], hands[rng.integers(len(hands))], rng),
        ),
        "sign": (0.06, lambda: sign_in_a_hand(SIGNS[rng.integers(len(SIGNS))], hands[rng.integers(len(hands))], rng)),
        "Greek": (0.06, lambda: greek(rng)),
        "scribble": (0.06, lambda: scribble(rng)),
        "blot": (0.05, lambda: blot(rng)),
        "shape": (0.06, lambda: shape(rng)),
        "sideways": (0.03, lambda: sideways(digits, labels, rng)),
        "crossed out": (0.02, lambda: crossed_out(digits, rng)),
        "speckle": (0.02, lambda: speckle(rng)),
    }
    shares = np.array([share for share, _ in kinds.values()])
    names = rng.choice(list(kinds), count, p=shares / shares.sum())
    return np.stack([kinds[name][1]() for name in names]).astype(np.float32), names
