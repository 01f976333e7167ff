"""Which strokes are a digit."""

import cv2
import numpy as np
import pytest

from helpers import handwriting as hw
from helpers.handwriting.ink import find_ink
from tests.helpers.handwriting.drawing import STROKES, difference, draw, paint, shape_of


def test_the_loose_bar_of_a_5_stays():
    loose = [STROKES[5][0], [(0.42, 0.04), (0.8, 0.0)]]
    prepared = hw.prepare(paint(draw(5, strokes=loose)))
    without = hw.prepare(paint(draw(5, strokes=loose[:1])))
    assert difference(prepared.image, without.image) > 15
    assert prepared.warnings == []


def test_the_second_stroke_of_a_4_stays():
    loose = [[(0.5, 0.03), (0.2, 0.6), (0.6, 0.6)], [(0.75, 0.25), (0.7, 0.98)]]
    cropped = hw.prepare(paint(draw(4, strokes=loose))).stages["cropped"]
    assert cropped.shape[0] > 165


def test_a_gap_in_a_stroke_is_no_reason_to_lose_a_half():
    ink = draw(0)
    ink[140:152] = 0
    assert difference(hw.prepare(paint(ink)).image, shape_of(0)) < 12


def test_the_soft_edge_of_a_stroke_is_ink_and_a_faint_line_that_meets_it_is_not():
    darkness = np.zeros((60, 60), np.float32)
    darkness[10:50, 29:32] = 0.8
    darkness[10:50, [28, 32]] = 0.2  # the edge of the stroke
    darkness[30, :50] = np.maximum(darkness[30, :50], 0.2)  # a printed line
    ink = find_ink(darkness, 0.0)
    assert np.flatnonzero(ink[20]).tolist() == [28, 29, 30, 31, 32]
    assert np.flatnonzero(ink[30]).tolist() == [27, 28, 29, 30, 31, 32, 33]


@pytest.mark.parametrize(("grain", "pencil", "paper"), [(0.001, 0.13, 0.1), (0.001, 0.3, 0.1), (0.02, 0.25, 0.18)])
def test_pencil_counts_beside_marker_and_what_is_fainter_or_within_the_grain_does_not(grain, pencil, paper):
    darkness = np.zeros((60, 90), np.float32)
    darkness[10:50, 10:16] = 0.8
    darkness[10:50, 40:43] = pencil
    darkness[10:50, 70:73] = paper  # the writing on the back, or its grain
    assert np.flatnonzero(find_ink(darkness, grain)[30]).tolist() == [*range(10, 16), *range(40, 43)]
    darkness[10:50, 10:16] = 0  # where nothing is darker, this may be ink
    assert np.flatnonzero(find_ink(darkness, grain)[30]).tolist() == [40, 41, 42, 70, 71, 72]


def test_specks_are_dropped():
    ink = draw(3)
    for place in ((75, 100), (85, 140), (200, 180), (205, 90), (120, 40), (20, 280)):
        cv2.circle(ink, place, 2, 1, -1)
    assert difference(hw.prepare(paint(ink)).image, shape_of(3)) < 3


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom", "all"])
@pytest.mark.parametrize("digit", [0, 2, 5, 7, 9])
def test_a_digit_that_touches_the_edge_is_not_cut(digit, edge):
    picture, ink = paint(draw(digit)), draw(digit) > 0.5
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    top = rows[0] if edge in ("top", "all") else 0
    left = columns[0] if edge in ("left", "all") else 0
    bottom = rows[-1] + 1 if edge in ("bottom", "all") else 300
    right = columns[-1] + 1 if edge in ("right", "all") else 300
    prepared = hw.prepare(np.ascontiguousarray(picture[top:bottom, left:right]))
    assert difference(prepared.image, shape_of(digit)) < 8
    assert any("edge" in sentence for sentence in prepared.warnings)


@pytest.mark.parametrize("margin", [0, 15, 45])
def test_the_printed_box_of_a_form_is_not_part_of_the_digit(margin):
    ink = draw(3)
    cv2.rectangle(ink, (margin, margin), (299 - margin, 299 - margin), 1, 3)
    assert difference(hw.prepare(paint(ink)).image, shape_of(3)) < 8


@pytest.mark.parametrize("digit", [1, 4, 7, 9])
def test_a_digit_that_stands_on_the_line_of_a_form(digit):
    ink = draw(digit, size=200, top=72)
    line = cv2.line(np.zeros((300, 300), np.float32), (0, 266), (300, 269), 1, 3)
    assert difference(hw.prepare(paint(np.maximum(ink, line))).image, hw.prepare(paint(ink)).image) < 12


@pytest.mark.parametrize("digit", [0, 1, 4, 8])
def test_rules_nearly_as_dark_as_the_pencil(digit):
    paper = np.full((600, 480, 3), 225.0)
    for y in range(25, 600, 52):
        cv2.line(paper, (0, y), (480, y + 5), (178, 178, 180), 2)
    picture = paint(draw(digit, 600, 480, 260, 100, 150, 12), (130, 130, 132), paper, noise=2)
    assert difference(hw.prepare(picture).image, shape_of(digit, height=600, width=480, size=260, thick=12)) < 16


@pytest.mark.parametrize("edge", ["left", "all"])
def test_a_thick_marker_that_fills_the_picture(edge):
    ink = draw(3, 500, 460, 420, 20, 40, 80)
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if edge == "all" else ink[:, columns[0] :]
    assert difference(hw.prepare(paint(tight)).image, hw.prepare(paint(np.pad(ink, 100))).image) < 8


def test_more_than_one_digit_is_noticed():
    two = np.hstack([draw(3), draw(8)])
    assert any("more than one" in sentence for sentence in hw.prepare(paint(two)).warnings)
    assert hw.prepare(paint(draw(3))).warnings == []


def test_a_pale_line_from_side_to_side_is_no_ink_and_pale_strokes_are():
    """A rule too pale to be found as one; a digit as pale, beside a dark one, stays."""
    darkness = np.zeros((200, 300), np.float32)
    darkness[20:23] = darkness[:, 290:293] = 0.14
    darkness[60:160, 60:72] = 0.8
    darkness[60:160, 200:206] = 0.14
    ink = find_ink(darkness, 0.001)
    assert ink[100, 66] > 0 and ink[100, 203] > 0
    assert not ink[21, 100:250].any() and not ink[100:150, 291].any()
