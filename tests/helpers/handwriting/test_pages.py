"""Rows and pages."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import handwriting as hw
from helpers.evaluation import edit_distance
from helpers.handwriting import pages
from helpers.handwriting.doubt import LEFT_OUT, NONE
from helpers.samples import FOLDER, load_samples
from tests.helpers.handwriting.drawing import STROKES, draw, encode, paint


class Counter:
    """Stands for a network: answers 0, 1, 2 ... in the order in which it is asked."""

    def predict(self, images, verbose):
        assert images.shape[1:] == (28, 28, 1) and images.dtype == np.float32
        return np.eye(10, dtype=np.float32)[np.arange(len(images)) % 10]


def test_a_row_is_read_from_left_to_right_with_boxes(network):
    row = np.hstack([draw(digit, thick=14) for digit in (4, 0, 7, 1, 5)])
    found = hw.read_digits(paint(row, noise=2), network)
    assert [one.digit for one in found] == [4, 0, 7, 1, 5]
    for i, one in enumerate(found):
        x, y, width, height = one.box
        assert 0.5 < one.probability <= 1 and one.warnings == []
        assert 300 * i + 60 < x + 12 and x + width < 300 * i + 250 + 12
        assert abs(y - 60) < 25 and abs(height - 185) < 30


def test_pencil_and_marker_in_one_row_are_both_read(network):
    row = paint(np.hstack([draw(4, thick=24), np.zeros((300, 300)), draw(7, thick=24)]))
    pencil = np.hstack([np.zeros((300, 300)), draw(0, thick=8), np.zeros((300, 300))])
    found = hw.read_digits(paint(pencil, (190, 190, 188), row, noise=2), network)
    assert [one.digit for one in found] == [4, 0, 7]


def test_a_slanted_row_and_a_page_in_reading_order():
    page = np.zeros((1000, 1600), np.float32)
    places = [(120 + 280 * i, 80 + 250 * line + 16 * i) for line in range(3) for i in range(5)]
    for left, top in places:
        page[top : top + 150, left : left + 150] = draw(2, 150, 150, 120, 10, 15, 8)
    found = hw.read_digits(paint(page), Counter())
    assert [(round((x - 140) / 280), round((y - 95) / 250)) for x, y, _, _ in (one.box for one in found)] == [
        (i, line) for line in range(3) for i in range(5)
    ]


def test_a_large_scan_with_small_digits_is_looked_at_closely(network):
    """At 1000 pixels these would be eight pixels high."""
    page, true = np.zeros((3200, 2400), np.float32), "4071583692" * 3
    for place, digit in enumerate(true):
        top, left = 300 + 900 * (place // 10), 100 + 220 * (place % 10)
        page[top : top + 50, left : left + 50] = draw(int(digit), 50, 50, 26, 12, 12, 3)
    found = hw.read_digits(paint(page, noise=2), network)
    assert "".join(str(one.digit) for one in found) == true
    assert all(22 <= one.box[3] <= 36 for one in found)


def test_boxes_are_in_pixels_of_the_upright_picture():
    picture = Image.fromarray(paint(draw(7, 2400, 1800, 600, 900, 300, 40)))
    exif = Image.Exif()
    exif[274] = 6
    content = encode(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)
    (one,) = hw.read_digits(content, Counter())
    assert np.allclose(one.box, (988, 310, 412, 600), atol=30)


def test_pieces_of_one_digit_are_one_digit_in_a_row():
    loose = [STROKES[5][0], [(0.42, 0.04), (0.8, 0.0)]]
    row = np.hstack([draw(5, strokes=loose), draw(4, strokes=[STROKES[4][0], [(0.9, 0.25), (0.85, 0.98)]])])
    assert len(hw.read_digits(paint(row), Counter())) == 2


def test_the_rows_and_the_page_of_the_samples(network):
    for sample in load_samples():
        if len(sample.label) > 1:
            found = hw.read_digits(sample.path, network)
            assert "".join(str(reading.digit) for reading in found) == sample.label.replace(" ", "")
            width, height = Image.open(sample.path).size
            for reading in found:
                x, y, wide, high = reading.box
                assert 0 <= x < x + wide <= width + 2 and 0 <= y < y + high <= height + 2
                assert 0.1 <= reading.probability <= 1


# --- Each stage by itself -------------------------------------------------------------------------------------------


def blocks(*boxes, shape=(120, 400)) -> np.ndarray:
    """Draw full boxes (x, y, width, height) of ink."""
    ink = np.zeros(shape, np.float32)
    for x, y, width, height in boxes:
        ink[y : y + height, x : x + width] = 1
    return ink


def pieces(*boxes) -> list[pages.Piece]:
    return [pages.Piece(box, np.ones((box[3], box[2]), np.float32), number) for number, box in enumerate(boxes)]


def test_specks_and_what_lies_at_the_edge_are_no_pieces():
    ink = blocks((30, 30, 12, 40), (60, 28, 12, 42), (90, 40, 2, 2), (150, 0, 240, 3))
    found, usual = pages.pieces_of(ink)
    assert sorted(piece.box[0] for piece in found) == [30, 60] and 40 <= usual <= 42
    assert pages.pieces_of(np.zeros((50, 50), np.float32)) == ([], 0.0)


def test_a_frame_around_digits_is_no_piece():
    ink = blocks((5, 5, 300, 110))
    ink[8:112, 8:302] = 0
    ink += blocks((60, 40, 12, 40), (120, 40, 12, 40))
    assert [piece.box[0] for piece in pages.pieces_of(ink)[0]] == [60, 120]


@pytest.mark.parametrize("slope", [-0.15, 0, 0.15])
def test_sloping_lines_stay_apart_and_small_pieces_join_theirs(slope):
    upper = [(60 * n, round(100 + 60 * n * slope), 20, 40) for n in range(6)]
    lower = [(60 * n, round(190 + 60 * n * slope), 20, 40) for n in range(6)]
    dot = (130, round(225 + 130 * slope), 5, 5)
    lines = pages.lines_of(pieces(*lower, dot, *upper), 40.0)
    assert [[piece.box for piece in line] for line in lines] == [upper, sorted([*lower, dot], key=lambda box: box[0])]


def test_the_slant_of_leaning_strokes_is_found():
    for slant in (0.0, 0.3, 0.5):
        ink = np.zeros((60, 60), np.float32)
        for row in range(60):
            at = round(10 + slant * (59 - row))
            ink[row, at : at + 4] = 1
        assert abs(pages.slant_of([pages.Piece((0, 0, 60, 60), ink, 0)]) - slant) <= 0.1


def test_a_seam_bends_with_the_gap_and_goes_through_the_thinnest_place():
    """A gap that leans too far for a straight cut, bridged by four pixels of ink in one row."""
    ink = np.ones((40, 90), np.float32)
    for row in range(40):
        ink[row, 25 + row : 28 + row] = 0
    ink[20, 45:48] = 1
    seams = pages.seams_of(ink, apart=15, margin=10)
    crossed = [float(sum(ink[row, column] for row, column in enumerate(seam))) for seam in seams]
    best = seams[int(np.argmin(crossed))]
    assert min(crossed) == 1 and ink.sum(axis=0).min() > 35
    assert np.abs(best - (26 + np.arange(40))).max() <= 1
    assert all(np.abs(np.diff(seam)).max() <= 1 and len(seam) == 40 for seam in seams)


def test_seams_never_cross_each_other():
    ink = np.random.default_rng(0).random((50, 120)).astype(np.float32)
    seams = pages.seams_of(ink, apart=10, margin=5)
    assert len(seams) > 3
    assert all((left <= right).all() for left, right in itertools.pairwise(seams))


@pytest.mark.parametrize("slant", [0.0, 0.3])
def test_a_cut_loses_no_ink_and_spares_what_is_narrow(slant):
    ink = np.hstack([draw(4, thick=14)[60:240, 40:260], draw(0, thick=14)[60:240, 40:260]]).astype(np.float32)
    piece = pages.Piece((7, 9, ink.shape[1], ink.shape[0]), ink, 3)
    parts = pages.cut(piece, 180.0, slant)
    again = np.zeros_like(ink)
    for x, y, width, height in (part.box for part in parts):
        assert x >= 7 and y >= 9 and x + width <= 7 + ink.shape[1] and y + height <= 9 + ink.shape[0]
    for part in parts:
        x, y, width, height = part.box
        again[y - 9 : y - 9 + height, x - 7 : x - 7 + width] += part.ink
    assert len(parts) > 1 and np.array_equal(again, ink) and {part.stroke for part in parts} == {3}
    narrow = pages.Piece((0, 0, 20, 100), np.ones((100, 20), np.float32), 0)
    assert pages.cut(narrow, 100.0, slant) == [narrow]


def test_groups_are_neighbours_that_are_not_too_wide():
    line = pieces((0, 0, 20, 40), (22, 0, 20, 40), (44, 0, 20, 40), (300, 0, 20, 40))
    groups = pages.groups_of(line, 40.0)
    assert [(group.first, group.last) for group in groups] == [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (3, 3)]
    assert groups[1].box == (0, 0, 42, 40) and groups[1].ink.sum() == 2 * 20 * 40


def test_what_the_judge_believes_costs_less_and_so_does_what_is_whole():
    line = pieces((0, 0, 20, 40), (22, 0, 20, 40))
    one, both, _ = pages.groups_of(line, 40.0)
    sure, none = np.eye(NONE + 1)[3], np.eye(NONE + 1)[NONE]
    assert pages.cost_of(one, sure, line, 40.0) < 0.1 < 5 < pages.cost_of(one, none, line, 40.0)
    assert pages.cost_of(both, sure, line, 40.0) > pages.cost_of(one, sure, line, 40.0)
    torn = [piece._replace(stroke=0) for piece in line]
    assert pages.cost_of(one, sure, torn, 40.0) > pages.cost_of(one, sure, line, 40.0) + 0.3


@given(st.integers(1, 6), st.data())
def test_the_cheapest_path_is_the_cheapest_of_all(count, data):
    pairs = [(start, end) for start in range(count) for end in range(start + 1, count + 1)]
    steps = [(start, end, data.draw(st.floats(0, 10))) for start, end in pairs]
    path = pages.best_path(count, steps)
    assert [steps[number][0] for number in path] == [0, *(steps[number][1] for number in path[:-1])]
    assert steps[path[-1]][1] == count
    price = {(start, end): cost for start, end, cost in steps}
    ways = ([0, *middle, count] for n in range(count) for middle in itertools.combinations(range(1, count), n))
    least = min(sum(price[pair] for pair in itertools.pairwise(way)) for way in ways)
    assert sum(steps[number][2] for number in path) == pytest.approx(least)


def test_marks_stand_apart_from_digits(network):
    """A plus and a minus between digits have boxes of their own and are never read."""
    sign = [[(0.3, 0.5), (0.7, 0.5)]]
    plus = [*sign, [(0.5, 0.3), (0.5, 0.7)]]
    row = np.hstack(
        [draw(3, thick=14), draw(5, thick=14, strokes=plus), draw(7, thick=14), draw(5, thick=14, strokes=sign)]
    )
    page = hw.read_page(paint(row, noise=2), network)
    assert [each.digit for line in page.lines for each in line] == [3, 7]
    assert sorted(x // 300 for x, _, _, _ in page.marks) == [1, 3]
    assert not any(LEFT_OUT in each.doubts for line in page.lines for each in line)


def test_the_digit_beside_something_tall_that_was_left_out_is_doubted(network):
    """It may be a digit that was lost: the row is not handed on in silence."""
    letter = [[(0.8, 0.05), (0.2, 0.05), (0.2, 0.95), (0.8, 0.95)], [(0.2, 0.5), (0.7, 0.5)]]
    row = np.hstack([draw(3, thick=14), draw(7, thick=14), np.zeros((300, 150)), draw(5, thick=14, strokes=letter)])
    page = hw.read_page(paint(row, noise=2), network)
    assert [each.digit for each in page.lines[0]] == [3, 7] and page.marks
    assert [each.doubts for each in page.lines[0]] == [[], [LEFT_OUT]]


def test_pages_of_every_kind(network):
    """The scenes that ship, in hands of typefaces that the judge has not learned from."""
    scenes = load_samples(FOLDER / "scenes")
    assert len(scenes) == len({scene.situation for scene in scenes}) == 22
    exact = wrong = digits = 0
    for scene in scenes:
        said = "".join(str(each.digit) for each in hw.read_digits(scene.path, network))
        true = scene.label.replace(" ", "")
        exact, wrong, digits = exact + (said == true), wrong + edit_distance(said, true), digits + len(true)
    assert exact >= 12 and wrong < 0.1 * digits


def test_a_long_thin_piece_is_neither_cut_nor_read():
    ink = np.zeros((200, 500), np.float32)
    for left in (60, 140, 220):
        cv2.rectangle(ink, (left, 60), (left + 24, 100), 1, 3)
    cv2.line(ink, (40, 130), (400, 136), 1, 12)  # lies
    cv2.line(ink, (450, 10), (452, 190), 1, 4)  # stands
    found, usual = pages.pieces_of(ink)
    assert sorted(piece.box[0] for piece in found) == [58, 138, 218] and 40 <= usual < 50
