"""Make whole scenes: rows and pages of digits as people photograph them, each with its true reading.

    python -m tools.render_scenes --group TRAINING --seed 1 --count 200 --out FOLDER    to develop with
    python -m tools.render_scenes --group HELD_OUT --seed 2 --count 400 --out FOLDER    kept aside, other hands
    python -m tools.render_scenes --group SAMPLES --seed 5 --count 22 --out data/samples/scenes      what ships

A scene is one of the kinds below: a sheet on a desk, ruled and squared paper, a table with its rules, a child's large
or faint writing, digits that nearly touch, signs beside the digits, a page under a lamp, a strip of something at the
edge, pencil beside marker, a form with a box for each digit, a table drawn by hand, a sheet that bends up. The stages
are those of tools/render_handwriting.py. labels.csv has the columns of data/samples/labels.csv: for each file its
digits in reading order, a space between two lines, its kind, and the hand with its source.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tools import pens
from tools.pens import Lines
from tools.render_handwriting import (
    COLUMNS,
    Rendered,
    Situation,
    encoded,
    lay_ink,
    look,
    mix,
    sheet_of_paper,
    shine,
    situation_of,
    size_of,
)


class Writing(NamedTuple):
    """How the digits of a page stand, in heights of a digit: gaps, lines' distance, drift, sizes; signs: how often."""

    gap: tuple[float, float] = (0.25, 0.7)
    line: float = 1.8
    drift: float = 0.03  # how far a digit stands above or below its line
    slope: float = 0.0  # of the lines
    sizes: tuple[float, float] = (0.88, 1.1)
    signs: float = 0.0
    lines: tuple[int, int] = (1, 5)
    digits: tuple[int, int] = (2, 8)
    cell: float = 0.0  # the width of the cells in which the digits stand, one in each; 0: they stand free
    wobble: float = 0.0  # of the cells' rules; 0: printed
    tilt: float = 0.0  # degrees by which the page may be turned


#: What is drawn: the situation's kind, what is changed in it, and how the digits stand.
KINDS: dict[str, tuple[str, dict, Writing]] = {
    "clean page": ("clean scan", {}, Writing()),
    "photograph": ("phone photograph", {}, Writing()),
    "row": ("phone photograph", {}, Writing(lines=(1, 1), digits=(3, 9))),
    "sheet on a desk": ("phone photograph", {"around": 0.25}, Writing()),
    "room": ("phone photograph", {"around": 0.4}, Writing(lines=(1, 3), digits=(2, 5))),
    "strip at the edge": ("phone photograph", {"strip": 0.03}, Writing()),
    "lamp": ("phone photograph with a shadow", {"gradient": 0.5, "vignette": 0.35}, Writing()),
    "shadow": ("phone photograph with a shadow", {"shadow": 0.5}, Writing()),
    "ruled": ("ruled paper", {}, Writing()),
    "squared": ("squared paper", {}, Writing()),
    "table": ("phone photograph", {"table": True}, Writing(gap=(0.25, 0.5), lines=(2, 5), digits=(2, 5))),
    "child": ("pencil", {}, Writing(sizes=(0.6, 1.3), drift=0.15, slope=0.08, lines=(1, 3), digits=(2, 5))),
    "faint": ("pencil", {"opacity": 0.45}, Writing()),
    "close": ("phone photograph", {}, Writing(gap=(-0.02, 0.12))),
    "touching": ("phone photograph", {}, Writing(gap=(-0.16, 0.03), lines=(1, 2), digits=(2, 5))),
    "signs": ("phone photograph", {}, Writing(signs=0.35, gap=(0.35, 0.7))),
    "sloping": ("phone photograph", {}, Writing(slope=0.16, drift=0.08)),
    "unequal": ("phone photograph", {}, Writing(sizes=(0.45, 1.25), line=2.2)),
    "board": ("dark board", {}, Writing()),
    "drawn": ("drawing program", {}, Writing(lines=(1, 3), digits=(1, 4), gap=(0.3, 0.8))),
    "thick marker": ("thick marker", {}, Writing(gap=(0.35, 0.8))),
    "many small": ("phone photograph", {"high": 1600.0}, Writing(lines=(8, 14), digits=(6, 12))),
    "two pens": ("thick marker", {"second": "pencil"}, Writing(lines=(2, 5))),
    "boxes": ("phone photograph", {}, Writing(cell=0.95, gap=(0.03, 0.1), drift=0.07, line=1.7, tilt=4)),
    "hand-drawn table": (
        "phone photograph",
        {},
        Writing(cell=1.15, wobble=0.03, gap=(0.05, 0.2), drift=0.06, line=1.6, lines=(2, 5), digits=(2, 6), tilt=5),
    ),
    "curved sheet": ("phone photograph", {"around": 0.2, "bend": 55.0}, Writing(digits=(3, 9))),
}
#: The inks of rules, blue-green-red: grey, black, red, blue, brown.
RULES = [(130, 130, 130), (60, 55, 55), (70, 60, 205), (190, 110, 50), (90, 110, 150)]
SIGNS: dict[str, Lines] = {
    "+": [np.array([[-0.25, 0.0], [0.25, 0.0]]), np.array([[0.0, -0.25], [0.0, 0.25]])],
    "-": [np.array([[-0.25, 0.0], [0.25, 0.0]])],
    ".": [np.array([[0.0, 0.45], [0.02, 0.46]])],
    "=": [np.array([[-0.25, -0.1], [0.25, -0.1]]), np.array([[-0.25, 0.1], [0.25, 0.1]])],
}


def lay_out(
    words: list[str], hand: str, how: Writing, situation: Situation, rng: np.random.Generator
) -> list[list[Lines]]:
    """Return the strokes of each digit of each line, in heights of a digit, from the upper left corner."""
    placed = []
    for row, word in enumerate(words):
        right, line = 0.0 if how.cell else rng.uniform(0, 0.8), []
        for number, sign in enumerate(word):
            if sign.isdigit():
                shape = pens.strokes(int(sign), hand)
                if rng.random() < situation.extra:
                    shape = pens.extra_form(int(sign), shape, rng)
                slant, turn = situation.slant + rng.normal(0, 0.04), situation.turn + rng.normal(0, 1.5)
                shape = pens.written(shape, slant, turn, situation.aspect, situation.warp, rng)
                shape = [stroke * rng.uniform(*how.sizes) for stroke in shape]
            else:
                shape = SIGNS[sign]
            left = right - np.vstack(shape)[:, 0].min()
            if how.cell:  # what is wider than its cell stands as close as it may
                left = max(left, (number + 0.5 + rng.normal(0, 0.06)) * how.cell - np.vstack(shape)[:, 0].mean())
            down = how.line * row + how.slope * left + rng.normal(0, how.drift)
            line.append([stroke + np.array([left, down]) for stroke in shape])
            right = left + np.vstack(shape)[:, 0].max() + rng.uniform(*how.gap) + situation.width
        placed.append(line)
    return placed


def draw_words(how: Writing, rng: np.random.Generator) -> list[str]:
    """Draw what is written: lines of digits, with signs between them now and then."""
    words = []
    for _ in range(int(rng.integers(how.lines[0], how.lines[1] + 1))):
        digits = "".join(map(str, rng.integers(0, 10, int(rng.integers(how.digits[0], how.digits[1] + 1)))))
        signs = [rng.choice(list(SIGNS)) if rng.random() < how.signs else "" for _ in digits[1:]]
        words.append(digits[0] + "".join(sign + digit for sign, digit in zip(signs, digits[1:], strict=True)))
    return words


def share_out(lines: list[int], rng: np.random.Generator) -> np.ndarray:
    """Say which digits a second pen writes: whole lines, or one here and there, never all or none.

    lines: how many digits stand in each line. Returns bool, one for each digit in reading order.
    """
    if len(lines) > 1 and rng.random() < 0.5:
        return np.repeat(rng.permutation(len(lines)) < rng.integers(1, len(lines)), lines)
    return rng.permutation(sum(lines)) < rng.integers(1, sum(lines))


def table_rules(sheet: np.ndarray, rows: int, unit: float, box: tuple, rng: np.random.Generator) -> np.ndarray:
    """Draw the rules of a table around lines of writing; box: left, top, right, bottom in pixels."""
    left, top, right, bottom = box
    rules = np.zeros(sheet.shape[:2], np.uint8)
    thick = max(1, round(unit * rng.uniform(0.015, 0.05)))
    for y in np.linspace(top, bottom, rows + 1):
        cv2.line(rules, (round(left), round(y)), (round(right), round(y)), 255, thick)
    for x in np.linspace(left, right, int(rng.integers(2, 4))):
        cv2.line(rules, (round(x), round(top)), (round(x), round(bottom)), 255, thick)
    return mix(sheet, cv2.GaussianBlur(rules, (0, 0), 0.6).astype(np.float32) / 255, (90, 85, 85))


def rules_of_cells(words: list[str], how: Writing, rng: np.random.Generator) -> Lines:
    """Return the rules of the cells in which digits stand, in heights of a digit, from the upper left corner.

    Printed, each line of writing has a row of boxes, one for each digit; drawn by hand, all stand in one table with up
    to three digits to a cell, and its rules are no straighter than a hand and end where they like.
    """
    high = how.line if how.wobble else rng.uniform(1.1, how.line - 0.1)
    step, spare, over = int(rng.integers(1, 4)) if how.wobble else 1, rng.integers(0, 3), 5 * how.wobble
    tables = [(0, words)] if how.wobble else [(row, [word]) for row, word in enumerate(words)]
    ends = []
    for row, inside in tables:
        down = how.line * row + high * (np.arange(len(inside) + 1) - 0.5)
        across = how.cell * np.arange(0, max(map(len, inside)) + spare + step, step)
        ends += [[(across[0] - over, y), (across[-1] + over, y)] for y in down]
        ends += [[(x, down[0] - over), (x, down[-1] + over)] for x in across]
    waves = how.wobble * rng.normal(0, 1, (len(ends), 6, 2))
    waves[:, [0, -1]] *= 3
    places, knots = np.linspace(0, 1, 25), np.linspace(0, 1, 6)
    return [
        np.linspace(*np.array(each), 25) + np.column_stack([np.interp(places, knots, side) for side in wave.T])
        for each, wave in zip(ends, waves, strict=True)
    ]


def with_rules(
    sheet: np.ndarray, rules: Lines, unit: float, how: Writing, situation: Situation, rng: np.random.Generator
) -> np.ndarray:
    """Draw the rules of cells (in pixels) on a sheet: printed in an ink of their own, by hand often with the pen."""
    if how.wobble:
        pen = replace(situation, width=situation.width * rng.uniform(0.5, 1))
    else:
        pen = replace(situation, width=rng.uniform(0.012, 0.05), pressure=0.0, flatness=1.0, tremor=0.0)
    if not how.wobble or rng.random() < 0.5:
        pen = replace(pen, ink=RULES[int(rng.integers(len(RULES)))], opacity=rng.uniform(0.5, 0.95))
    return lay_ink(sheet, rules, unit, pen, rng)


def bent(sheet: np.ndarray, steepest: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bend a picture of a sheet up towards a side, as a page of an open book: uint8, and where it is, float32, 0 to 1.

    steepest: degrees at that side, at most. The sheet is a part of a cylinder, seen from above by a camera that does
    not always stand over its middle, in light from a side: what has risen is nearer, and so larger; the lines of
    writing bend, or come closer to each other.
    """
    turns = int(rng.choice([0, 0, 0, 1, 2, 2, 2, 3]))  # a book's gutter is more often beside the lines than above them
    sheet = np.rot90(sheet, turns)
    height, width = sheet.shape[:2]
    along = np.linspace(0, 1, width, dtype=np.float32)
    angle = np.radians(steepest * rng.uniform(0.5, 1)) * along ** rng.uniform(1, 3)
    angle -= np.radians(rng.uniform(0, 15)) * (1 - along)  # before it rises, it may sink a little
    across, up = np.cumsum(np.cos(angle)) / width, np.cumsum(np.sin(angle)) / width
    nearer = 1 / (1 - up / rng.uniform(1.5, 3))  # the camera's distance, over the sheet's width
    seen = (across - 0.5) * nearer
    columns = np.interp(np.linspace(seen[0], seen[-1], width), seen, np.arange(width)).astype(np.float32)
    enlarged, middle = np.interp(columns, np.arange(width), nearer), rng.uniform(-0.8, 1.8) * height
    shown = np.linspace((-middle * nearer).min(), ((height - middle) * nearer).max(), height)  # all of it is in view
    rows = shown[:, np.newaxis] / enlarged + middle
    place = (np.broadcast_to(columns, rows.shape).copy(), rows.astype(np.float32))
    lamp = rng.uniform(-0.6, 0.6)
    light = np.clip(np.cos(angle - lamp) / np.cos(angle[0] - lamp), 0.35, 1.15)
    shaded = np.clip(sheet * light[:, np.newaxis].astype(np.float32), 0, 255).astype(np.uint8)
    picture = cv2.remap(shaded, *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.remap(np.ones((height, width), np.float32), *place, cv2.INTER_LINEAR)
    return np.rot90(picture, -turns), np.rot90(there, -turns)


def on_a_desk(
    picture: np.ndarray, share: float, rng: np.random.Generator, there: np.ndarray | None = None
) -> np.ndarray:
    """Lay a picture of a sheet on a desk that shows on all sides or on some: the same size, uint8.

    there: where in the picture the sheet is, float32, 0 to 1; None for all of it.
    """
    height, width = picture.shape[:2]
    colour = rng.choice([35, 70, 110, 150]) * np.array([rng.uniform(0.4, 1), rng.uniform(0.6, 1), 1.0])
    desk = colour + 8 * cv2.resize(rng.standard_normal((height // 3 + 1, 4, 1)), (width, height))[..., None]
    desk = desk + rng.normal(0, 4, (height, width, 3))
    margins = share * rng.uniform(0, 1, 4) * (rng.random(4) < 0.75)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    inner = corners * [1 - margins[0] - margins[1], 1 - margins[2] - margins[3]] + [margins[0], margins[2]]
    inner = (inner + rng.normal(0, 0.015, (4, 2))) * [width, height]
    matrix = cv2.getPerspectiveTransform(np.float32(corners * [width, height]), np.float32(inner))
    there = np.ones((height, width), np.float32) if there is None else there
    there = cv2.warpPerspective(there, matrix, (width, height), flags=cv2.INTER_LINEAR)
    moved = cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_AREA).astype(np.float32)
    shown = moved * there[..., None] + desk * (1 - there[..., None])
    return np.clip(shown, 0, 255).astype(np.uint8)


class Scene(NamedTuple):
    """A picture (H x W x 3 uint8, blue-green-red), its digits in reading order, how, where and in which hand.

    boxes: of each digit x, y, width, height in pixels; true only where neither perspective nor a desk has moved them.
    """

    picture: np.ndarray
    truth: str
    situation: Situation
    boxes: list[tuple[float, float, float, float]]
    hand: str


def scene(kind: str, group: dict, rng: np.random.Generator, flat: bool = False) -> Scene:
    """Return a scene of a kind in the hands of a group of typefaces; flat: seen straight from above."""
    base, changes, how = KINDS[kind]
    changes = dict(changes)
    names = ("around", "strip", "table", "second", "bend")
    around, strip, table, second, bend = (changes.pop(name, 0) for name in names)
    situation = replace(situation_of(base, rng), extra=0.3, desk=0.0, **changes)
    if flat:
        situation, around, strip, bend = replace(situation, perspective=0.0), 0, 0, 0
    how = how._replace(slope=how.slope * rng.choice([-1, 1]), line=how.line * rng.uniform(0.9, 1.2))
    words = draw_words(how, rng)
    hand = pens.a_hand(group, "0123456789", rng)
    placed = lay_out(words, hand, how, situation, rng)
    rules = rules_of_cells(words, how, rng) if how.cell else []
    turned = np.radians(rng.uniform(-how.tilt, how.tilt)) if how.tilt else 0.0
    if turned:
        turn = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
        placed = [[[stroke @ turn for stroke in shape] for shape in line] for line in placed]
        rules = [rule @ turn for rule in rules]
    shapes = [shape for line in placed for shape in line]
    strokes = [stroke for shape in shapes for stroke in shape]
    low, high = np.vstack(strokes).min(axis=0) - 0.6, np.vstack(strokes).max(axis=0) + 0.6
    room = rng.uniform(1.0, 1.8, 2)  # how much larger the page is than what is written on it
    extent = (high - low) * room
    tall = rng.uniform(30, 110) if kind != "many small" else rng.uniform(28, 45)  # pixels of a digit
    scale = min(tall, 1900 / extent.max())
    situation = replace(situation, high=float(extent[1] * scale), ratio=float(extent[0] / extent[1]), height=0.5)
    thin = min(situation.width, min(pens.open_width(shape, situation.width) for shape in shapes))
    width = max(thin, 1.2 / scale)
    situation = replace(situation, width=width, blur=min(situation.blur, 0.02 * scale / situation.high))
    margin = int(np.ceil(situation.perspective * max(size_of(situation)))) + 2
    shape = tuple(side + 2 * margin for side in size_of(situation)[::-1])
    shift = (extent - (high - low)) * rng.uniform(0.1, 0.9, 2) - low
    sheet = sheet_of_paper(shape, scale, situation, rng)
    if table:
        ends = [(low + 0.3 + shift) * scale + margin, (high - 0.3 + shift) * scale + margin]
        sheet = table_rules(sheet, len(words), scale, (*ends[0], *ends[1]), rng)
    if rules:
        sheet = with_rules(sheet, [(rule + shift) * scale + margin for rule in rules], scale, how, situation, rng)
    tips, tip_of = [situation], np.zeros(len(shapes), int)
    if second:
        light = situation_of(second, rng)
        thin, opacity = max(min(light.width, width), 1.2 / scale), rng.uniform(0.4, 0.9)
        tips.append(replace(situation, ink=light.ink, grain=light.grain, width=thin, opacity=opacity))
        tip_of = share_out([len(line) for line in placed], rng)
    for number, tip in enumerate(tips):
        written = [stroke for shape, its in zip(shapes, tip_of, strict=True) if its == number for stroke in shape]
        sheet = lay_ink(sheet, [(stroke + shift) * scale + margin for stroke in written], scale, tip, rng)
    picture = look(shine(sheet, situation, rng), situation, rng)
    picture, there = bent(picture, bend, rng) if bend else (picture, None)
    if around and (not bend or rng.random() < 0.6):  # else the sheet fills the picture
        picture = on_a_desk(picture, around, rng, there)
    if strip:
        thick = max(2, round(strip * rng.uniform(0.3, 1) * min(picture.shape[:2])))
        side = np.rot90(picture, int(rng.integers(4)))
        side[:, :thick] = rng.choice([20, 60, 250])
    truth = " ".join("".join(sign for sign in word if sign.isdigit()) for word in words)
    boxes = []
    for sign, shape_of_digit, its in zip("".join(words), shapes, tip_of, strict=True):
        if sign.isdigit():
            points, reach = (np.vstack(shape_of_digit) + shift) * scale, tips[int(its)].width * scale / 2
            corner, far = points.min(axis=0) - reach, points.max(axis=0) + reach
            boxes.append((*corner.tolist(), *(far - corner).tolist()))
    return Scene(np.ascontiguousarray(picture), truth, situation, boxes, hand)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", choices=["TRAINING", "SAMPLES", "HELD_OUT"], default="TRAINING")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=220)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    lines = [COLUMNS]
    for number in range(chosen.count):
        kind = list(KINDS)[number % len(KINDS)]
        rng = np.random.default_rng([chosen.seed, number])
        made = scene(kind, getattr(pens, chosen.group), rng)
        stem = kind if chosen.count <= len(KINDS) else f"{number:04d} {kind}"
        lines.append(Rendered(stem, made.truth, made.hand, replace(made.situation, name=kind)).line())
        (chosen.out / lines[-1][0]).write_bytes(encoded(made.picture, made.situation))
    with (chosen.out / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    print(f"{chosen.count} scenes and labels.csv in {chosen.out}")


if __name__ == "__main__":
    main()
