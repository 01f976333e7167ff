"""Make pictures of handwritten digits as people send them: pen on paper, in some light, seen by a camera or scanner.

    python -m tools.render_handwriting samples [--out FOLDER]
    python -m tools.render_handwriting evaluation --group HELD_OUT --seed 1 --count 600 --out FOLDER

`samples` makes data/samples again, byte for byte on the same machine. `evaluation` makes harsher pictures, to judge
with. The shapes come from typefaces (tools/pens.py), which npm fetches once. The stages are functions in the order of
the real ones: strokes -> lay_out -> sheet_of_paper -> write (ink) -> shine (light) -> look (camera or scanner).
"""

import argparse
import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from tools import pens
from tools.pens import FONTS, Lines

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
SEED = 1998
COLUMNS = ["file", "label", "situation", "hand", "origin", "licence"]
Colour = tuple[float, float, float]  # blue, green, red as OpenCV has them, 0 to 255


@dataclass(frozen=True)
class Situation:
    """How a digit came to be a picture. Lengths are fractions of the digit's height unless a comment says otherwise."""

    name: str = "scan"
    high: float = 300  # pixels: the picture's height
    ratio: float = 0.8  # the picture's width over its height
    height: float = 0.55  # of the digit, over the picture's height
    x: float = 0.5  # the digit's centre, over the picture's width
    y: float = 0.5  # and over its height
    edge: float = 0.02  # what stays free of ink around the picture, over its sides

    width: float = 0.06  # of the pen's tip: 0.015 a hairline, 0.15 a thick marker
    pressure: float = 0.15  # how much that width varies along a stroke, 0 to 0.5
    flatness: float = 1.0  # of the tip: 1 round, 0.3 chisel
    tremor: float = 0.003
    slant: float = 0.0  # to the right per unit of height
    turn: float = 0.0  # degrees clockwise
    aspect: float = 1.0  # factor on the digit's width
    warp: float = 0.012  # how far the shape wanders from the typeface's
    extra: float = 0.25  # probability of a form that the typeface lacks, such as a crossed 7

    ink: Colour = (0, 0, 0)
    opacity: float = 0.93  # 0 to 1
    grain: float = 0.0  # how much ink the tooth of the paper takes away: 0 marker, 0.5 pencil or chalk
    paper: Colour = (255, 255, 255)
    mottle: float = 0.0  # grey levels by which the paper varies
    pattern: str = "plain"  # or ruled, squared, recycled, smudged (a wiped board)
    spacing: float = 1.3  # of the lines of the pattern
    desk: float = 0.0  # how much of the picture's width shows what the paper lies on

    gradient: float = 0.0  # by how much of its brightness the light falls off across the picture, 0 to 0.6
    bearing: float = 0.0  # degrees: where it falls off to
    shadow: float = 0.0  # how much light a soft shadow takes away, 0 to 0.6
    vignette: float = 0.0  # how much darker the corners are, 0 to 0.4
    warmth: float = 0.0  # the camera's white balance: more red and less blue, -0.1 to 0.1
    perspective: float = 0.0  # how far the corners move, over the picture's sides, 0 to 0.1
    blur: float = 0.0  # over the picture's height
    noise: float = 0.0  # grey levels
    quality: float | None = None  # of the JPEG, 0 to 100; None makes a PNG
    negative: bool = False  # light on dark, by a drawing program


# --- The stages -------------------------------------------------------------------------------------------------


def lay_out(words: list[list[Lines]], situation: Situation, rng: np.random.Generator) -> tuple[Lines, float]:
    """Place lines of writing (each a list of digits, each a list of strokes) in the picture.

    Returns the strokes in pixels of the picture, and the height of a digit in pixels. Where the writing would leave
    the picture, it is made smaller and moved inside.
    """
    lines = []
    for row, word in enumerate(words):
        right = rng.uniform(0, 0.4)
        for digit in word:
            slant, turn = situation.slant + rng.normal(0, 0.04), situation.turn + rng.normal(0, 1.5)
            shape = pens.written(digit, slant, turn, situation.aspect, situation.warp, rng)
            if len(word) > 1:  # the digits of a row differ in height and stand a little above or below the line
                shape = [line * rng.uniform(0.85, 1.1) + [0, rng.normal(0, 0.05)] for line in shape]
            left = right - np.vstack(shape)[:, 0].min()
            lines += [line + np.array([left, 1.7 * row]) for line in shape]
            right = left + np.vstack(shape)[:, 0].max() + rng.uniform(0.25, 0.6)
    low, high = np.vstack(lines).min(axis=0), np.vstack(lines).max(axis=0)
    size, box = np.array(size_of(situation)), high - low + situation.width
    edge = (situation.edge + situation.desk + situation.perspective) * size
    unit = min(situation.height * size[1], *((size - 2 * edge) / box))
    centre = np.clip([situation.x, situation.y] * size, edge + box / 2 * unit, size - edge - box / 2 * unit)
    return [(line - (low + high) / 2) * unit + centre for line in lines], unit


def size_of(situation: Situation) -> tuple[int, int]:
    """Return the picture's width and height in pixels."""
    return max(8, round(situation.high * situation.ratio)), round(situation.high)


def slow_noise(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Return float32 noise of unit size that changes over about scale pixels."""
    small = rng.standard_normal([max(2, int(side / scale) + 2) for side in shape], np.float32)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)


def mix(under: np.ndarray, cover: np.ndarray, colour: Colour) -> np.ndarray:
    """Lay a colour over a picture where cover (0..1) says."""
    return under + cover[..., None] * (np.array(colour, np.float32) - under)


def sheet_of_paper(shape: tuple[int, int], unit: float, situation: Situation, rng: np.random.Generator) -> np.ndarray:
    """Return an empty sheet, float32 (height, width, 3) in 0..255; unit is the height of a digit in pixels."""
    sheet = np.full((*shape, 3), situation.paper, np.float32)
    if situation.mottle:
        fine, coarse = slow_noise(shape, max(1.0, unit / 150), rng), slow_noise(shape, max(8.0, unit / 3), rng)
        sheet += (situation.mottle * (0.6 * fine + coarse))[..., None]
    step, thick = max(situation.spacing * unit, 6.0), max(1, round(unit / 120))
    if situation.pattern in ("ruled", "squared"):
        ticks = np.zeros(shape, np.uint8)
        for y in np.arange(rng.uniform(0, step), shape[0], step):
            cv2.line(ticks, (0, round(y)), (shape[1], round(y)), 255, thick)
        for x in np.arange(rng.uniform(0, step), shape[1], step) if situation.pattern == "squared" else []:
            cv2.line(ticks, (round(x), 0), (round(x), shape[0]), 255, thick)
        ticks = cv2.GaussianBlur(ticks, (0, 0), 0.4 + thick / 6)
        sheet = mix(sheet, ticks.astype(np.float32) / 255, (215, 190, 170))
    if situation.pattern == "recycled":
        for _ in range(min(2000, round(12 * shape[0] * shape[1] / unit**2) + 60)):
            steps, bend = int(rng.integers(1, 9)), rng.normal(0, unit / 60, 2)  # one step is a speck, eight a fibre
            curve = rng.uniform(0, shape[::-1]) + np.cumsum(rng.normal(0, unit / 120, (steps, 2)) + bend, axis=0)
            fibre = np.round(np.vstack([curve, curve[-1:] + 1]) * 16).astype(np.int32)
            shade = np.array(situation.paper) + rng.choice([-1, -1, 1]) * rng.uniform(10, 35)
            cv2.polylines(sheet, [fibre], False, shade.tolist(), thick, cv2.LINE_8, 4)
        sheet = cv2.GaussianBlur(sheet, (0, 0), 0.6)
    if situation.pattern == "smudged":  # faint broad bands, here and there
        wiped = cv2.blur(slow_noise(shape, max(4.0, unit / 6), rng), (round(unit) | 1, 1))
        sheet += (12 * np.clip(wiped * slow_noise(shape, unit, rng), -0.5, 2))[..., None]
    return sheet


def lay_ink(sheet: np.ndarray, lines: Lines, unit: float, situation: Situation, rng: np.random.Generator) -> np.ndarray:
    """Write strokes (in pixels of the sheet) on a sheet; unit is the height of a digit in pixels."""
    shape = sheet.shape[:2]
    pen = (situation.pressure, situation.flatness, situation.tremor * unit)
    cover = pens.ink_cover(lines, shape, max(situation.width * unit, 0.8), rng, *pen)
    if situation.grain:
        tooth = slow_noise(shape, max(1.0, unit / 160), rng) + 0.5 * slow_noise(shape, max(2.0, unit / 40), rng)
        cover = cover * np.clip(1 - situation.grain * (0.5 + 0.6 * tooth), 0, 1)
    if situation.mottle:  # a pen on paper does not give its ink evenly
        cover = cover * (1 - 0.08 * np.abs(slow_noise(shape, max(4.0, unit / 8), rng)))
    return mix(sheet, situation.opacity * cover, situation.ink)


def shine(sheet: np.ndarray, situation: Situation, rng: np.random.Generator) -> np.ndarray:
    """Return the sheet in its light: a gradient, a soft shadow, darker corners, a colour, and the desk beside it."""
    y, x = np.mgrid[-0.5 : 0.5 : sheet.shape[0] * 1j, -0.5 : 0.5 : sheet.shape[1] * 1j].astype(np.float32)

    def beyond(angle: float, where: float, soft: float) -> np.ndarray:
        """0 on this side of a line across the picture, 1 beyond it; soft is how wide the change is."""
        along = np.cos(angle) * x + np.sin(angle) * y
        return 1 / (1 + np.exp(-np.clip((along - where) / soft, -30, 30)))

    if situation.desk:
        side = rng.choice([0, np.pi]) + rng.uniform(-0.08, 0.08)
        wood = rng.uniform(50, 150) * np.array([0.5, 0.75, 1.0])
        sheet = mix(sheet, beyond(side, 0.5 - situation.desk, 0.002), wood)
    bearing = np.radians(situation.bearing)
    light = 1 - situation.gradient * (np.cos(bearing) * x + np.sin(bearing) * y + 0.5)
    if situation.shadow:  # of a hand or a phone: its edge is not straight
        angle, where, soft = bearing + rng.uniform(-0.6, 0.6), rng.uniform(-0.15, 0.2), rng.uniform(0.015, 0.06)
        x, y = (axis + 0.03 * slow_noise(x.shape, max(x.shape) / 3, rng) for axis in (x, y))
        light = light * (1 - situation.shadow * beyond(angle, where, soft))
    light = light * (1 - 2 * situation.vignette * (x**2 + y**2))
    return sheet * light[..., None] * np.array([1 - situation.warmth, 1, 1 + situation.warmth], np.float32)


def look(sheet: np.ndarray, situation: Situation, rng: np.random.Generator) -> np.ndarray:
    """Return the uint8 picture (height, width, 3) that a camera or a scanner takes of the middle of a sheet."""
    size = np.array(size_of(situation))
    away = (np.array(sheet.shape[1::-1]) - size) / 2
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (size - 1)
    seen = corners + away + rng.uniform(-1, 1, (4, 2)) * np.minimum(situation.perspective * size, away)
    matrix = cv2.getPerspectiveTransform(seen.astype(np.float32), corners.astype(np.float32))
    picture = cv2.warpPerspective(sheet, matrix, size.tolist(), borderMode=cv2.BORDER_REPLICATE)
    if situation.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), max(0.3, situation.blur * situation.high))
    if situation.noise:  # mostly of brightness, a little of colour, as after a camera's own smoothing
        grey = rng.standard_normal((*picture.shape[:2], 1), np.float32)
        picture = picture + situation.noise * (grey + 0.4 * rng.standard_normal(picture.shape, np.float32))
    picture = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return 255 - picture if situation.negative else picture


# --- Pictures ---------------------------------------------------------------------------------------------------


def render(words: list[list[Lines]], situation: Situation, rng: np.random.Generator) -> np.ndarray:
    """Return a picture, uint8 (height, width, 3), of lines of writing: lists of digits, each a list of strokes."""
    thinnest = min(pens.open_width(digit, situation.width) for word in words for digit in word)
    situation = replace(situation, width=thinnest)
    lines, unit = lay_out(words, situation, rng)
    margin = int(np.ceil(situation.perspective * max(size_of(situation))))  # paper that perspective lets one see
    width, height = size_of(situation)
    sheet = sheet_of_paper((height + 2 * margin, width + 2 * margin), unit, situation, rng)
    sheet = lay_ink(sheet, [line + margin for line in lines], unit, situation, rng)
    return look(shine(sheet, situation, rng), situation, rng)


def render_row(
    digits: str, typeface: str, situation: Situation, rng: np.random.Generator, fonts: Path = FONTS
) -> np.ndarray:
    """Return a picture of digits in a row, such as "2024"; after a space another row of a page begins."""
    words = [[pens.strokes(int(digit), typeface, fonts) for digit in word] for word in digits.split()]
    for word, shapes in zip(digits.split(), words, strict=True):
        for place, digit in enumerate(word):
            if rng.random() < situation.extra:
                shapes[place] = pens.extra_form(int(digit), shapes[place], rng)
    return render(words, situation, rng)


def render_digit(
    digit: int, typeface: str, situation: Situation, rng: np.random.Generator, fonts: Path = FONTS
) -> np.ndarray:
    """Return a picture of one digit: uint8 (height, width, 3), blue-green-red."""
    return render_row(str(digit), typeface, situation, rng, fonts)


def training_drawings(
    count: int, rng: np.random.Generator, side: int = 96, fonts: Path = FONTS
) -> tuple[np.ndarray, np.ndarray]:
    """Return count pen drawings of digits for training, and their labels.

    The drawings are uint8 (count, side, side), ink bright on 0, with no paper or camera; the digits differ in size,
    place, slant, proportions and pen, and half of them have a form that American typefaces lack. The digits that
    are written most differently from MNIST's, 1 and 7, come twice as often as others; 4 and 9 a little more often.
    """
    often = np.array([1, 2, 1, 1, 1.3, 1, 1, 2, 1, 1.3])
    drawings, labels = np.zeros((count, side, side), np.uint8), rng.choice(10, count, p=often / often.sum())
    for place, digit in enumerate(labels):
        lines = pens.strokes(int(digit), pens.a_hand(pens.TRAINING, str(digit), rng), fonts)
        if rng.random() < 0.5:
            lines = pens.extra_form(int(digit), lines, rng, longest_flag=0.9)
        slant, turn, aspect = rng.uniform(-0.3, 0.4), rng.normal(0, 7), np.exp(rng.normal(0, 0.25))
        lines = pens.written(lines, slant, turn, aspect, rng.uniform(0, 0.03), rng)
        width = pens.open_width(lines, np.exp(rng.uniform(np.log(0.025), np.log(0.2))))
        box = np.ptp(np.vstack(lines), axis=0) + width
        unit = rng.uniform(0.6, 0.95) * side / max(box)
        shift = side / 2 + rng.uniform(-0.45, 0.45, 2) * (side - box * unit)
        pen = (rng.uniform(0, 0.3), rng.choice([1.0, 1.0, 0.4]), rng.uniform(0, 0.008) * unit)
        cover = pens.ink_cover([line * unit + shift for line in lines], (side, side), width * unit, rng, *pen)
        drawings[place] = np.round(255 * cover)
    return drawings, labels


# --- Situations -------------------------------------------------------------------------------------------------


class Span(NamedTuple):
    """A number drawn from middle - reach to middle + reach; never under least, however far the draw is widened."""

    middle: float
    reach: float
    least: float = -np.inf


WHITE, OFF_WHITE, CREAM, GREY = (248, 250, 250), (225, 230, 232), (205, 228, 238), (182, 188, 190)
GREEN_BOARD, SLATE, CHALK, YELLOW_CHALK = (58, 72, 48), (54, 50, 48), (228, 232, 232), (170, 225, 240)
BLUE, DARK_BLUE, BLACK, GRAPHITE = (140, 60, 30), (92, 42, 26), (42, 38, 38), (92, 90, 90)
RED, GREEN, VIOLET, ORANGE = (48, 40, 200), (70, 130, 30), (140, 50, 110), (30, 110, 225)

# What a field of Situation is drawn from: a Span, a colour (drawn near it), a list (one of it), or itself.
HAND = {
    "high": [Span(450, 150), Span(450, 150), Span(800, 200)],
    "ratio": Span(0.85, 0.25, 0.4),
    "height": Span(0.52, 0.14, 0.12),
    "x": Span(0.5, 0.1),
    "y": Span(0.5, 0.08),
    "width": Span(0.055, 0.018, 0.02),
    "pressure": Span(0.15, 0.08, 0),
    "flatness": [1.0, 1.0, Span(0.5, 0.2, 0.25)],
    "tremor": Span(0.004, 0.003, 0),
    "slant": Span(0.05, 0.15),
    "turn": Span(0, 6),
    "aspect": Span(1.0, 0.15, 0.8),
    "warp": Span(0.012, 0.008, 0),
}
PENNED = HAND | {"ink": [BLUE, DARK_BLUE, BLACK, BLACK], "mottle": Span(1.5, 0.5, 0)}
SCAN = PENNED | {"paper": WHITE, "mottle": 0.6, "blur": 0.001}
PHOTOGRAPH = PENNED | {
    "paper": [GREY, (205, 212, 214), OFF_WHITE, CREAM],
    "gradient": Span(0.22, 0.12, 0),
    "bearing": Span(0, 180),
    "vignette": Span(0.1, 0.1, 0),
    "warmth": Span(0, 0.05),
    "perspective": Span(0.03, 0.02, 0),
    "blur": Span(0.0018, 0.0008, 0),
    "noise": Span(2.2, 1.2, 0),
    "quality": Span(87, 2),
}
DRAWN = HAND | {"ratio": 1.0, "opacity": 1.0, "tremor": Span(0.006, 0.004, 0), "negative": [True, False]}
DRAWN |= {"height": Span(0.7, 0.1), "width": Span(0.1, 0.03, 0.04), "x": Span(0.5, 0.06), "y": Span(0.5, 0.04)}
KINDS = {
    "clean scan": SCAN,
    "phone photograph with a shadow": PHOTOGRAPH | {"shadow": Span(0.32, 0.08)},
    "ruled paper": PHOTOGRAPH
    | {"pattern": "ruled", "spacing": Span(1.3, 0.4, 0.5), "paper": [WHITE, CREAM, OFF_WHITE]},
    "squared paper": PHOTOGRAPH
    | {"pattern": "squared", "spacing": Span(0.55, 0.15, 0.25), "paper": [WHITE, OFF_WHITE]},
    "pencil": PHOTOGRAPH
    | {"ink": GRAPHITE, "opacity": Span(0.82, 0.1), "grain": Span(0.45, 0.12), "width": Span(0.042, 0.012, 0.02)},
    "thick marker": PHOTOGRAPH
    | {"ink": [BLACK, BLACK, DARK_BLUE, RED], "width": Span(0.15, 0.035), "flatness": Span(0.7, 0.3, 0.3)},
    "coloured ink": PHOTOGRAPH | {"ink": [RED, GREEN, VIOLET, ORANGE], "paper": [WHITE, OFF_WHITE, CREAM]},
    "dark board": PHOTOGRAPH
    | {"paper": [GREEN_BOARD, SLATE], "ink": [CHALK, CHALK, YELLOW_CHALK], "pattern": "smudged", "mottle": 2.5}
    | {"width": Span(0.08, 0.025, 0.04), "grain": Span(0.4, 0.12)},
    "off-centre and small": PHOTOGRAPH
    | {"height": Span(0.22, 0.05, 0.1), "x": [Span(0.26, 0.08), Span(0.74, 0.08)], "ratio": Span(1.1, 0.3, 0.5)}
    | {"y": [Span(0.28, 0.08), Span(0.72, 0.08)]},
    "tablet drawing": DRAWN | {"high": 28},
}
HARSH_KINDS = KINDS | {  # also for evaluation
    "phone photograph": PHOTOGRAPH,
    "hairline": SCAN | {"width": Span(0.018, 0.005, 0.01)},
    "hairline photograph": PHOTOGRAPH | {"width": Span(0.02, 0.005, 0.012)},
    "recycled paper": PHOTOGRAPH
    | {"pattern": "recycled", "paper": [(165, 182, 190), (185, 195, 198)], "mottle": Span(2.5, 1, 0)},
    "dim photograph": PHOTOGRAPH
    | {"paper": [(120, 124, 128), (98, 102, 106)], "noise": Span(6, 2), "blur": Span(0.003, 0.001)}
    | {"gradient": Span(0.35, 0.1), "vignette": Span(0.25, 0.1), "quality": Span(60, 15)},
    "small photograph": PHOTOGRAPH
    | {"high": Span(80, 28), "height": Span(0.7, 0.12), "blur": Span(0.006, 0.002), "quality": Span(65, 15)},
    "drawing program": DRAWN | {"high": [Span(200, 60), Span(600, 200)], "ratio": Span(0.9, 0.2)},
    "close crop": PHOTOGRAPH | {"height": Span(0.95, 0.04), "edge": Span(0, 0.008), "perspective": 0.0},
    "paper on a desk": PHOTOGRAPH | {"desk": Span(0.1, 0.04), "height": Span(0.4, 0.08), "x": 0.5},
}


def drawn(value: Any, rng: np.random.Generator, spread: float) -> Any:
    """Draw the value of a field from its entry in the tables above; a spread above 1 widens every range."""
    if isinstance(value, list):
        return drawn(value[rng.integers(len(value))], rng, spread)
    if isinstance(value, Span):
        return float(max(value.least, value.middle + spread * rng.uniform(-value.reach, value.reach)))
    if isinstance(value, tuple):
        shade = spread * (rng.uniform(-12, 12) + rng.uniform(-4, 4, 3))
        return tuple(np.clip(value + shade, 0, 255).tolist())
    return value


def situation_of(kind: str, rng: np.random.Generator, spread: float = 1.0) -> Situation:
    """Draw a situation of a kind in HARSH_KINDS at random."""
    return Situation(name=kind, **{field: drawn(value, rng, spread) for field, value in HARSH_KINDS[kind].items()})


def for_rows(situation: Situation, words: list[str]) -> Situation:
    """Return the situation with a picture of the right shape for lines of digits."""
    longest, lines = max(map(len, words)), len(words)
    ratio = min(4.5, (0.9 + 0.85 * longest) / (0.6 + 1.5 * lines))
    high = min(situation.high, 300) * (0.5 + 0.5 * lines)
    return replace(
        situation, ratio=ratio, high=min(high, 1600 / ratio), height=0.75 / (0.4 + 1.5 * lines), x=0.5, y=0.5
    )


# --- The folder of samples, and pictures to judge with ------------------------------------------------------------

TEN = [  # digit0.png to digit9.png, which a reader meets first: kind, hand, and what is not left to chance
    ("phone photograph", "patrick-hand", {"x": 0.58, "ratio": 0.77, "width": 0.07}),
    ("phone photograph with a shadow", "kalam", {"x": 0.4, "ratio": 1.25, "height": 0.6, "bearing": 70.0}),
    ("clean scan", "caveat", {"x": 0.45, "y": 0.44, "ratio": 0.75, "height": 0.6}),
    ("clean scan", "reenie-beanie", {"x": 0.58, "ratio": 1.2, "height": 0.66}),
    ("thick marker", "covered-by-your-grace", {"x": 0.55, "ratio": 0.8, "height": 0.6, "ink": BLACK, "paper": WHITE}),
    ("phone photograph with a shadow", "schoolbell", {"x": 0.44, "y": 0.57, "ratio": 0.7}),
    ("pencil", "rock-salt", {"x": 0.42, "ratio": 1.2, "height": 0.6}),
    ("phone photograph", "gochi-hand", {"x": 0.56, "y": 0.45, "ratio": 0.8, "ink": BLUE, "paper": CREAM}),
    ("phone photograph", "shadows-into-light", {"x": 0.42, "ratio": 0.85, "paper": GREY}),
    ("clean scan", "nanum-pen-script", {"x": 0.46, "y": 0.54, "ratio": 0.85, "height": 0.66}),
]
ROWS = [("ruled paper", "4071"), ("phone photograph with a shadow", "90210"), ("pencil", "365")]
ROWS += [("dark board", "27182818"), ("squared paper", "3141 5926 5358 97")]


@dataclass(frozen=True)
class Rendered:
    """One picture to be made: its file, without the ending, in the folder, the digits to write, and how."""

    stem: str
    label: str
    typeface: str
    situation: Situation

    def file(self) -> str:
        return self.stem.replace(" ", "_") + (".png" if self.situation.quality is None else ".jpg")

    def line(self) -> list[str]:
        """Return its line of labels.csv."""
        origin = f"@fontsource/{self.typeface} {pens.PACKAGE_VERSION}"
        hand, licence = self.typeface.replace("-", " ").title(), pens.TYPEFACES[self.typeface][0]
        return [self.file(), self.label, self.situation.name, hand, origin, licence]


def sample_pictures(rng: np.random.Generator) -> list[Rendered]:
    """Return the pictures of data/samples: ten that stand first, seventy in folders by situation, rows and a page."""
    found = []
    for digit, (kind, hand, fixed) in enumerate(TEN):
        small = replace(situation_of(kind, rng), high=rng.uniform(240, 340), blur=0.0025, extra=0.0, **fixed)
        if small.quality is not None:  # these ten are PNGs, where noise costs much room
            small = replace(small, quality=None, noise=1.0)
        found.append(Rendered(f"digit{digit}", str(digit), hand, small))
    for digit in range(10):
        for step in range(7):
            kind = list(KINDS)[(3 * digit + step) % len(KINDS)]
            hand = pens.a_hand(pens.SAMPLES, str(digit), rng)
            found.append(Rendered(f"{kind}/{digit}", str(digit), hand, situation_of(kind, rng)))
    for kind, digits in ROWS:
        situation, folder = for_rows(situation_of(kind, rng), digits.split()), "pages" if " " in digits else "rows"
        found.append(Rendered(f"{folder}/{digits}", digits, pens.a_hand(pens.SAMPLES, digits, rng), situation))
    return found


def evaluation_pictures(group: dict, count: int, rng: np.random.Generator) -> list[Rendered]:
    """Return count single digits, one in 150 of 12 megapixels, and one row of 3 to 9 digits for every 30 of them."""
    found = []
    for number in range(count + count // 30):
        kind = list(HARSH_KINDS)[rng.integers(len(HARSH_KINDS))]
        situation = replace(situation_of(kind, rng, spread=1.5), extra=0.4)
        if number % 150 == 50:
            situation = replace(situation, high=4032, ratio=0.75)
        digits, stem = str(number % 10), f"{number % 10}_{number:04d}_{kind}"
        if number >= count:
            digits = "".join(map(str, rng.integers(0, 10, rng.integers(3, 10))))
            situation, stem = (
                for_rows(replace(situation, high=max(situation.high, 80)), [digits]),
                f"rows/{digits}_{number:04d}",
            )
        found.append(Rendered(stem, digits, pens.a_hand(group, digits, rng), situation))
    return found


def write_pictures(pictures: list[Rendered], out: Path, seed: int, fonts: Path) -> list[list[str]]:
    """Render and save pictures; return their lines of labels.csv. Each has its own seed, so that one can change."""
    for number, sample in enumerate(pictures):
        rng, situation, path = np.random.default_rng([seed, number]), sample.situation, out / sample.file()
        picture = render_row(sample.label, sample.typeface, situation, rng, fonts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(picture, situation))
    return [sample.line() for sample in pictures]


def encoded(picture: np.ndarray, situation: Situation) -> bytes:
    """Return the bytes of the picture's file: a PNG, or a JPEG if the situation has a quality."""
    if situation.quality is None:
        return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, round(situation.quality)])[1].tobytes()


def broken(folder: Path) -> list[list[str]]:
    """Write files that are no pictures of digits, as people also send them; return their lines of labels.csv."""
    blank = encoded(np.full((300, 400, 3), 255, np.uint8), Situation())
    noisy = encoded(np.random.default_rng(SEED).integers(0, 255, (60, 80, 3), np.uint8), Situation())
    files = {
        "not_a_picture.png": ("text named .png", b"This is a text, whatever its name says.\n"),
        "truncated.png": ("truncated PNG", noisy[: len(noisy) // 2]),
        "empty.png": ("empty file", b""),
        "blank_page.png": ("all-white page", blank),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, content) in files.items():
        (folder / name).write_bytes(content)
    return [[f"broken/{name}", "", why, "", "tools/render_handwriting.py", "MIT"] for name, (why, _) in files.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["samples", "evaluation"])
    parser.add_argument("--out", type=Path, help="folder to write to (samples: data/samples)")
    parser.add_argument("--fonts", type=Path, default=FONTS, help=f"folder that keeps the typefaces ({FONTS})")
    parser.add_argument("--group", choices=["TRAINING", "HELD_OUT"], default="HELD_OUT")
    parser.add_argument("--seed", type=int, default=1, help="of the evaluation")
    parser.add_argument("--count", type=int, default=600, help="of single digits in the evaluation")
    chosen = parser.parse_args()
    if chosen.what == "samples":
        out = chosen.out or SAMPLES
        lines = write_pictures(sample_pictures(np.random.default_rng(SEED)), out, SEED, chosen.fonts) + broken(
            out / "broken"
        )
    elif chosen.out is None:
        parser.error("say with --out FOLDER where the evaluation pictures go.")
    else:
        out = chosen.out
        pictures = evaluation_pictures(getattr(pens, chosen.group), chosen.count, np.random.default_rng(chosen.seed))
        lines = write_pictures(pictures, out, chosen.seed, chosen.fonts)
    with (out / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *lines])  # the same line ends on every system
    print(f"{len(lines)} files and labels.csv in {out}")


if __name__ == "__main__":
    main()
