"""Bringing the paper to zero: shadows, lines, grain, faint ink."""

import cv2
import numpy as np
import pytest

from helpers import handwriting as hw
from helpers.handwriting import paper
from tests.helpers.handwriting.drawing import difference, draw, encode, paint, shape_of


@pytest.mark.parametrize("pencil", [30, 150])
def test_a_shadow_with_a_hard_edge_is_not_ink(pencil):
    picture = paint(draw(3, 600, 480, 240, 100, 150, 8), (pencil,) * 3, (225,) * 3).astype(np.float32)
    rows, columns = np.indices((600, 480))
    picture[rows - 280 + 0.4 * (columns - 220) > 0] *= 0.4
    image = hw.prepare(picture.astype(np.uint8)).image
    assert difference(image, shape_of(3, height=600, width=480, size=240, left=100, top=150, thick=8)) < 12


@pytest.mark.parametrize("angle", [10, 60, 140])
@pytest.mark.parametrize("digit", [0, 3, 5, 8])
def test_the_narrow_shadow_of_a_phone_across_a_digit_is_not_ink(digit, angle):
    picture = paint(draw(digit, 600, 480, 240, 120, 150, 9), noise=1).astype(np.float32)
    shadow = np.zeros((600, 480), np.uint8)
    corners = cv2.boxPoints(((230.0, 290.0), (110.0, 300.0), angle))
    cv2.fillPoly(shadow, [corners.astype(np.int32)], 255)
    picture *= 1 - 0.5 * cv2.GaussianBlur(shadow, (0, 0), 1.5)[..., np.newaxis].astype(np.float32) / 255
    image = hw.prepare(picture.astype(np.uint8)).image
    assert difference(image, shape_of(digit, height=600, width=480, size=240, left=120, top=150)) < 14


@pytest.mark.parametrize("grey", [110, 160])
@pytest.mark.parametrize("digit", [0, 1, 8])
def test_a_thick_pale_marker_is_no_shadow(digit, grey):
    picture = paint(draw(digit, 600, 480, 300, 90, 150, 60), (grey,) * 3, noise=1)
    assert difference(hw.prepare(picture).image, shape_of(digit, height=600, width=480, size=300, thick=60)) < 12


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("digit", [0, 2, 3, 5, 8])
def test_a_thick_drawing_on_one_even_colour_is_no_sheet_on_a_desk(digit, dark):
    """A program's canvas: thick strokes with round ends once passed for paper, and the digit was lost."""
    drawing = draw(digit, 280, 280, 200, 60, 40, 34)
    canvas = paint(drawing, (235,) * 3 if dark else (0,) * 3, (20,) * 3 if dark else (255,) * 3)
    assert paper.find_sheet(canvas).all()
    assert difference(hw.prepare(canvas).image, shape_of(digit, height=280, width=280, size=200, thick=34)) < 20


def squared(height, width, step, colour, depth=2):
    """Return squared paper: H x W x 3."""
    paper = np.full((height, width, 3), 235.0)
    for at in range(20, max(height, width), step):
        cv2.line(paper, (0, at), (width, at + 4), colour, depth)
        cv2.line(paper, (at, 0), (at - 4, height), colour, depth)
    return paper


@pytest.mark.parametrize("step", [30, 52])
@pytest.mark.parametrize("digit", [0, 1, 3, 4, 5, 7])
def test_squared_paper(digit, step):
    picture = paint(draw(digit, 500, 400, 250, 80, 100, 10), paper=squared(500, 400, step, (150, 170, 205)), noise=2)
    assert difference(hw.prepare(picture).image, shape_of(digit, height=500, width=400, size=250, thick=10)) < 12


def test_ruled_paper_with_a_margin():
    paper = np.full((500, 400, 3), 235.0)
    for y in range(30, 500, 50):
        cv2.line(paper, (0, y), (400, y + 5), (150, 170, 205), 2)
    cv2.line(paper, (50, 0), (53, 500), (215, 90, 90), 2)
    picture = paint(draw(4, 500, 400, 250, 100, 110, 10), paper=paper, noise=2)
    assert difference(hw.prepare(picture).image, shape_of(4, height=500, width=400, size=250, thick=10)) < 12


@pytest.mark.parametrize("table", [(50, 40, 35), (140, 95, 60), (205, 195, 185)])
def test_a_sheet_on_a_table(table):
    turn = cv2.getRotationMatrix2D((150, 150), 7, 1)
    turn[:, 2] += 60
    sheet = cv2.warpAffine(paint(draw(3), noise=1), turn, (440, 440), borderValue=table)
    straight = cv2.warpAffine(draw(3), turn, (440, 440))
    assert difference(hw.prepare(sheet).image, hw.prepare(paint(straight)).image) < 12


def grained(height, width):
    """Return a table of wood, its grain as strong as pencil: H x W x 3."""
    rows, columns = np.indices((height, width))
    waves = np.sin((rows + 12 * np.sin(columns / 90)) * 2 * np.pi / 22)
    return np.array([170, 120, 75.0]) * (1 + 0.2 * waves + 0.1 * np.sin(rows / 2))[..., np.newaxis]


def checked(height, width):
    """Return a tablecloth in checks, some as light as paper: H x W x 3."""
    rows, columns = np.indices((height, width)) // 40 % 2
    return 240 - np.array([20, 140, 130.0]) * ((rows + columns) / 2)[..., np.newaxis]


def with_keys(height, width):
    """Return a black keyboard with light signs above a brown desk: H x W x 3."""
    desk = np.full((height, width, 3), (120, 95, 70), np.uint8)
    desk[: height // 8] = 25
    for x in range(6, width - 20, 40):
        cv2.putText(desk, "R", (x, height // 8 - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (230,) * 3, 2, cv2.LINE_AA)
    return desk.astype(float)


@pytest.mark.parametrize("size", [170, 420])
@pytest.mark.parametrize("table", [grained, checked, with_keys])
def test_a_sheet_on_a_table_with_a_pattern_near_and_far(table, size):
    desk = table(600, 600)
    sheet = paint(draw(3, size, size, 0.5 * size, 0.3 * size, 0.2 * size, 0.04 * size), noise=1)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), 5, 1)
    turn[:, 2] += (100, 90)
    covered = cv2.warpAffine(np.ones((size, size), np.float32), turn, (600, 600))
    moved = cv2.warpAffine(sheet, turn, (600, 600)).astype(float)
    picture = np.uint8(moved * covered[..., np.newaxis] + desk * (1 - covered[..., np.newaxis]))
    found = paper.find_sheet(picture)
    assert found[covered == 0].mean() < 0.08
    assert found[cv2.erode(covered, np.ones((41, 41))) > 0.99].mean() > 0.99
    straight = paint(
        cv2.warpAffine(draw(3, size, size, 0.5 * size, 0.3 * size, 0.2 * size, 0.04 * size), turn, (600, 600))
    )
    assert difference(hw.prepare(picture).image, hw.prepare(straight).image) < 12


def test_a_sheet_in_light_and_shadow_is_one_sheet():
    """The dark half has more writing; both halves are paper, and the desk is none."""
    picture = paint(draw(3, 500, 400, 150, 130, 60, 8) + draw(5, 500, 400, 150, 130, 290, 8), noise=1).astype(float)
    picture[:260] *= 0.5
    desk = paint(np.zeros((600, 600)), paper=(90, 60, 45), noise=2)
    desk[50:550, 100:500] = picture
    found = paper.find_sheet(desk)
    assert found[80:520, 130:470].all() and not found[:, :90].any() and not found[:, 510:].any()


def test_a_second_sheet_without_writing_is_left_aside():
    picture = paint(np.zeros((600, 800)), paper=(120, 85, 60), noise=2)
    picture[300:, 550:] = 250
    picture[60:560, 60:460] = paint(draw(3, 500, 400, 250, 80, 100, 10), noise=1)
    found = paper.find_sheet(picture)
    assert found[90:530, 90:430].all() and not found[:, 500:].any()


@pytest.mark.parametrize("contrast", [12, 18])
def test_a_faint_pencil_is_whole(contrast):
    ink = draw(0, 600, 500, 300, 80, 100, 8)
    picture = paint(ink, (225 - contrast,) * 3, (225,) * 3, noise=2.5)
    prepared = hw.prepare(encode(picture, "JPEG", quality=92))
    assert difference(prepared.image, shape_of(0, height=600, width=500, size=300, thick=8)) < 14
    assert contrast > 15 or any("faint" in sentence for sentence in prepared.warnings)


@pytest.mark.parametrize("thick", [1, 2])
def test_a_hairline_on_a_large_white_page(thick):
    page = 255 - (255 * draw(3, 2000, 2000, 700, 500, 400, thick)).astype(np.uint8)
    image = hw.prepare(page).image
    assert difference(image, shape_of(3, thick=6)) < 16
    assert (image > 0.8).sum() > 12  # full contrast, not a grey shimmer


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((220, 40, 40), (240, 240, 240)),
        ((245, 225, 60), (240, 240, 240)),
        ((120, 230, 120), (240, 240, 240)),
        ((120, 190, 250), (240, 240, 240)),
        ((240, 140, 30), (240, 225, 150)),
        ((40, 60, 160), (90, 70, 60)),
    ],
)
def test_ink_of_any_colour(ink, paper):
    assert difference(hw.prepare(paint(draw(3), ink, paper, noise=1)).image, shape_of(3)) < 8


def test_a_jpeg_of_low_quality():
    picture = paint(draw(3), (90, 90, 100), noise=3)
    assert difference(hw.prepare(encode(picture, "JPEG", quality=20)).image, shape_of(3)) < 8


@pytest.mark.parametrize("turns", range(4))
def test_a_sliver_of_the_desk_along_an_edge_is_no_ink(turns):
    """Once it was the darkest of all, and faint digits were lost beside it."""
    picture = paint(draw(3, 800, 640, 60, 300, 300, 4), (170,) * 3, noise=1)
    side = np.rot90(picture, turns)
    side[:4, 100:400] = side[:2, 400:500] = 25
    ink = hw.prepare(picture).stages["ink"]
    assert ink.any() and not np.rot90(ink, turns)[:20].any()
    assert difference(hw.prepare(picture).image, shape_of(3, height=800, width=640, size=60, thick=4)) < 20


@pytest.mark.parametrize("thick", [12, 45])
@pytest.mark.parametrize("digit", [0, 4, 5, 6, 8, 9])
def test_strokes_that_cross_the_edges_are_no_desk(digit, thick):
    assert paper.find_sheet(paint(draw(digit, 300, 300, 300, 0, thick / 2 - 15, thick), noise=1)).all()
