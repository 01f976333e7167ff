"""Whole scenes: what ships can be made again, and the boxes of a flat scene lie on its digits."""

import csv

import cv2
import numpy as np
import pytest

from helpers.samples import FOLDER
from tools import pens, render_scenes
from tools.render_handwriting import COLUMNS, encoded

SCENES = FOLDER / "scenes"
with (SCENES / "labels.csv").open(encoding="utf-8", newline="") as table:
    LABELS = list(csv.DictReader(table))
HAVE_FONTS = all((pens.FONTS / f"{hand}-latin-400-normal.woff").exists() for hand in pens.SAMPLES)
needs_fonts = pytest.mark.skipif(not HAVE_FONTS, reason="the typefaces are not on this machine")


def test_there_is_a_scene_of_each_of_the_first_22_kinds_with_its_label():
    assert list(LABELS[0]) == COLUMNS
    assert [row["situation"] for row in LABELS] == list(render_scenes.KINDS)[:22]
    assert {row["file"] for row in LABELS} | {"labels.csv"} == {path.name for path in SCENES.iterdir()}
    assert all(set(row["label"]) <= set("0123456789 ") and row["label"] for row in LABELS)
    assert all(row["licence"] in ("OFL-1.1", "Apache-2.0") for row in LABELS)


@needs_fonts
@pytest.mark.parametrize("number", [0, 9, 14])
def test_a_scene_that_ships_is_made_again(number):
    kind = list(render_scenes.KINDS)[number]
    made = render_scenes.scene(kind, pens.SAMPLES, np.random.default_rng([5, number]))
    stored = cv2.imread(str(SCENES / LABELS[number]["file"]))
    again = cv2.imdecode(np.frombuffer(encoded(made.picture, made.situation), np.uint8), cv2.IMREAD_COLOR)
    assert made.truth == LABELS[number]["label"] and stored.shape == again.shape
    assert np.abs(stored.astype(int) - again).mean() < 1


@needs_fonts
def test_the_boxes_of_a_flat_scene_lie_on_its_digits():
    made = render_scenes.scene("clean page", pens.SAMPLES, np.random.default_rng(3), flat=True)
    assert len(made.boxes) == len(made.truth.replace(" ", ""))
    dark = made.picture.min(axis=2) < np.median(made.picture) - 60
    for x, y, width, height in made.boxes:
        inside = dark[round(y) : round(y + height), round(x) : round(x + width)]
        assert 0.02 < inside.mean() < 0.7
        dark[max(0, round(y) - 3) : round(y + height) + 3, max(0, round(x) - 3) : round(x + width) + 3] = False
    assert dark.mean() < 0.001, "no ink beside the boxes"


@needs_fonts
@pytest.mark.parametrize("seed", range(4))
def test_of_two_pens_each_writes_some_digits_and_one_is_much_lighter(seed):
    made = render_scenes.scene("two pens", pens.SAMPLES, np.random.default_rng(seed), flat=True)
    light = made.picture.astype(float).mean(axis=2)
    darkness = []
    for x, y, width, height in made.boxes:
        part = light[max(0, round(y)) : round(y + height), max(0, round(x)) : round(x + width)]
        darkness.append(1 - np.quantile(part, 0.02) / np.quantile(part, 0.95))
    assert len(darkness) == len(made.truth.replace(" ", ""))
    assert min(darkness) < 0.7 * max(darkness)


def test_a_second_pen_takes_whole_lines_or_single_digits_and_never_all():
    lines = [3, 2, 4]
    shared = [render_scenes.share_out(lines, np.random.default_rng(seed)) for seed in range(60)]
    assert all(len(each) == 9 and 0 < each.sum() < 9 for each in shared)
    whole = [all(len(set(part)) == 1 for part in np.split(each, [3, 5])) for each in shared]
    assert 15 < sum(whole) < 50


@pytest.mark.parametrize("kind", ["boxes", "hand-drawn table"])
def test_a_digit_in_a_cell_stands_between_rules(kind):
    how = render_scenes.KINDS[kind][2]
    rng = np.random.default_rng(8)
    words = render_scenes.draw_words(how, rng)
    rules = render_scenes.rules_of_cells(words, how, rng)
    standing = [rule for rule in rules if np.ptp(rule[:, 1]) > np.ptp(rule[:, 0])]
    lying = [rule for rule in rules if np.ptp(rule[:, 1]) < np.ptp(rule[:, 0])]
    assert len(standing) + len(lying) == len(rules) and len(lying) > len(words)
    for row, word in enumerate(words):
        for number in range(len(word)):
            x, y = how.cell * (number + 0.5), how.line * row
            assert any(rule[:, 0].max() < x and np.ptp(rule[:, 1]) > 1 for rule in standing)
            assert any(rule[:, 0].min() > x and np.ptp(rule[:, 1]) > 1 for rule in standing)
            assert any(y - how.line < rule[:, 1].mean() < y - 0.4 for rule in lying)
            assert any(y + 0.4 < rule[:, 1].mean() < y + how.line for rule in lying)


@needs_fonts
def test_a_page_that_is_turned_has_its_boxes_on_its_digits_and_its_rules_in_the_picture():
    made = render_scenes.scene("boxes", pens.SAMPLES, np.random.default_rng(4), flat=True)
    grey = made.picture.astype(int).min(axis=2)
    dark = grey < np.median(grey) - 40
    inside = np.zeros_like(dark)
    for x, y, width, height in made.boxes:
        part = np.s_[round(y) : round(y + height), round(x) : round(x + width)]
        assert 0.02 < dark[part].mean() < 0.7
        inside[part] = True
    assert (dark & ~inside).sum() > 4 * max(box[3] for box in made.boxes), "the rules are beside the digits"


@pytest.mark.parametrize("seed", range(6))
def test_a_bent_sheet_stays_in_view_and_its_lines_bend(seed):
    sheet = np.full((400, 600, 3), 230, np.uint8)
    sheet[40:44, 20:580] = sheet[356:360, 20:580] = sheet[40:360, 20:24] = sheet[40:360, 576:580] = (0, 0, 200)
    picture, there = render_scenes.bent(sheet, 55, np.random.default_rng(seed))
    assert picture.shape == sheet.shape and there.shape == sheet.shape[:2]
    frame = (picture[..., 2].astype(int) - picture[..., 0] > 40).astype(np.uint8)
    boxes = cv2.connectedComponentsWithStats(frame)[2]
    assert (boxes[1:, 4] > 50).sum() == 1, "the frame that was drawn is whole"
    assert there[frame > 0].min() > 0.9 and not (frame[0].any() or frame[-1].any())
    outline = cv2.contourArea(cv2.convexHull(np.argwhere(there > 0.5)[:, ::-1].astype(np.int32)))
    assert outline > 1.01 * (there > 0.5).sum(), "its outline is curved"
    light = cv2.blur(picture[..., 1], (31, 31))
    assert light.max() > 1.08 * light.min(), "the light changes along the bend"


@needs_fonts
def test_a_curved_sheet_lies_on_a_desk_or_fills_the_picture():
    scenes = [render_scenes.scene("curved sheet", pens.SAMPLES, np.random.default_rng(seed)) for seed in range(6)]
    edges = [np.ptp(np.median(made.picture[:6], axis=(0, 2))) for made in scenes]
    assert all(len(made.truth.replace(" ", "")) >= 3 and made.picture.dtype == np.uint8 for made in scenes)
    assert max(edges) > 3 * min(edges)
