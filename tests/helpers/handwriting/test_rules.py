"""Rules of tables, boxes and squared paper go; what is written across them stays."""

import cv2
import numpy as np
import pytest

from helpers.handwriting.rules import erase_rules
from tests.helpers.handwriting.drawing import arc, draw

HIGH, WIDE, CELL = 300, 500, 80


def written(thick=5):
    """Return ten digits in two rows, about 60 pixels high: 300 x 500 float32."""
    page = np.zeros((HIGH, WIDE), np.float32)
    for digit in range(10):
        left, top = 60 + digit % 5 * CELL, 70 + digit // 5 * CELL
        page = np.maximum(page, draw(digit, HIGH, WIDE, 56, left, top, thick))
    return page


def turned(lines, degrees):
    """Return lines ((x, y) to (x, y)) turned about the middle of the page."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.array([WIDE / 2, HIGH / 2])
    return [(np.array(line) - middle) @ matrix + middle for line in lines]


def ruled(lines, dark=0.6, thick=3):
    """Draw lines of points: 300 x 500 float32."""
    canvas = np.zeros((HIGH, WIDE), np.uint8)
    for line in lines:
        cv2.polylines(canvas, [np.int32(np.round(np.array(line) * 16))], False, 255, thick, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255 * dark


def cells(rows=2, columns=5, left=48, top=58, wide=CELL, high=CELL):
    """Return the rules of a table: lines from (x, y) to (x, y)."""
    ys, xs = top + high * np.arange(rows + 1), left + wide * np.arange(columns + 1)
    return [[(xs[0], y), (xs[-1], y)] for y in ys] + [[(x, ys[0]), (x, ys[-1])] for x in xs]


def left_over(found, ink):
    """Return how much there is that was not written, and how much of what was written is lost, over all that was."""
    there, wanted = found > 0.15, ink > 0.15
    near = cv2.dilate(wanted.astype(np.uint8), np.ones((9, 9))) > 0
    return (there & ~near).sum() / wanted.sum(), (wanted & ~there).sum() / wanted.sum()


@pytest.mark.parametrize("degrees", [-5, -2, 0, 3, 5])
@pytest.mark.parametrize("dark", [0.4, 0.9])
def test_a_table_goes_and_its_digits_stay(degrees, dark):
    ink = written()
    more, lost = left_over(erase_rules(np.maximum(ink, ruled(turned(cells(), degrees), dark))), ink)
    assert more < 0.02 and lost < 0.02


@pytest.mark.parametrize("thick", [2, 4])
def test_boxes_little_higher_than_their_digits_go_too(thick):
    """Their standing rules are no longer than a digit; some digits touch them."""
    ink = written()
    boxes = [line for row in range(2) for line in cells(1, 5, 28, 60 + row * CELL, CELL, 74)]
    more, lost = left_over(erase_rules(np.maximum(ink, ruled(boxes, 0.9, thick))), ink)
    assert more < 0.04 and lost < 0.1


def test_rules_drawn_by_hand_wobble_and_overshoot():
    ink, rng = written(), np.random.default_rng(3)
    lines = []
    for (x, y), (right, bottom) in cells():
        along = np.linspace(-0.05, 1.05, 12)[:, np.newaxis]
        lines.append(np.array([x, y]) + along * [right - x, bottom - y] + rng.normal(0, 1.2, (12, 2)))
    more, lost = left_over(erase_rules(np.maximum(ink, ruled(lines, 0.9, 4))), ink)
    assert more < 0.01 and lost < 0.05


def test_squared_paper_in_which_every_digit_touches_a_line():
    ink = written()
    lines = [[(0, y), (WIDE, y + 12)] for y in range(10, HIGH - 12, 30)]
    lines += [[(x, 0), (x - 8, HIGH)] for x in range(10, WIDE, 30)]
    more, lost = left_over(erase_rules(np.maximum(ink, ruled(lines, 0.9, 2))), ink)
    assert more < 0.06 and lost < 0.15


@pytest.mark.parametrize("stroke", [[(198, 66), (218, 130)], [(220, 66), (194, 130)]])
def test_a_stroke_that_crosses_a_rule_of_its_own_darkness_at_a_small_angle_stays_whole(stroke):
    ink = np.maximum(written(), ruled([stroke], 1, 4))
    rule = [[(208, 20), (208, 280)], [(20, 20), (480, 20)], [(20, 280), (480, 280)], [(20, 20), (20, 280)]]
    found = erase_rules(np.maximum(ink, ruled(rule, 1, 6)))
    whole = ruled([stroke], 1, 2) > 0.5
    assert (found[whole] > 0).mean() > 0.9
    assert (found[30:60, 198:218] > 0).sum() == 0


def test_a_0_whose_side_lies_in_a_rule_stays_closed():
    ring = [(x * 60 + 151, y * 60 + 215) for x, y in arc(0.5, 0.5, 0.45, 0.48, -90, 270)]
    ink = np.maximum(written(), ruled([ring], 1, 5))
    side = max(x for x, _ in ring)
    rule = [[(side, 20), (side, 295)], [(20, 20), (480, 20)], [(20, 295), (480, 295)], [(20, 20), (20, 295)]]
    found = erase_rules(np.maximum(ink, ruled(rule, 1, 5)))
    assert (found[ruled([ring], 1, 1) > 0.5] > 0).mean() > 0.97
    assert (found[60:200, int(side) - 8 : int(side) + 8] > 0).mean() < 0.1


def test_a_dark_stroke_upon_a_paler_rule_stays():
    ink = np.maximum(written(), ruled([[(240, 80), (240, 130)]], 1, 4))
    found = erase_rules(np.maximum(ink, ruled([[(240, 20), (240, 280)], [(20, 20), (480, 20)], *cells()], 0.5, 6)))
    assert (found[85:125, 239:242] > 0).mean() > 0.95


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("thick", [6, 14, 40])
def test_one_digit_that_fills_its_picture_has_no_rules(digit, thick):
    ink = draw(digit, 200, 160, 180, 0, 10, thick)
    assert (erase_rules(ink) == ink).all()


def test_digits_of_straight_lines_alone_are_no_rules():
    eight = [[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], [(0, 0.5), (1, 0.5)]]
    shapes = [
        eight,
        [[(0, 0), (0, 0.5), (1, 0.5)], [(0.8, 0), (0.8, 1)]],
        [[(0, 0), (1, 0), (1, 1)]],
        [[(0, 0), (0, 1)]],
    ]
    lines = [
        [(60 + 100 * n + 50 * x, 90 + 90 * y) for x, y in line] for n, shape in enumerate(shapes) for line in shape
    ]
    ink = ruled(lines, 1, 5)
    assert (erase_rules(ink) == ink).all()


@pytest.mark.parametrize("seed", [561, 622, 961, 1009, 1012, *range(10)])
def test_lines_that_leave_the_picture_are_followed_to_its_edge(seed):
    """In the drawings of the first five seeds, a line slopes out of the picture where another goes on."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(60, 260, 2)
    ink = np.zeros((height, width), np.float32)
    for _ in range(8):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * [width, height]
        cv2.line(ink, *np.int32(ends).tolist(), float(rng.uniform(0.3, 1)), int(rng.integers(1, 5)))
    left = erase_rules(ink)
    assert left.shape == ink.shape and ((left == ink) | (left == 0)).all()


def test_a_stroke_alone_is_no_rule_and_an_empty_ruled_page_is_empty():
    bar = np.zeros((200, 300), np.float32)
    bar[100:105, 60:240] = 0.8
    assert np.array_equal(erase_rules(bar), bar)
    page = np.zeros((200, 300), np.float32)
    page[[40, 41, 100, 101, 160, 161]] = 0.8
    assert not erase_rules(page).any()
