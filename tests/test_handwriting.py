"""The preparation of pictures: its properties, every step, every kind of file, and 2,000 damaged or odd inputs."""

import io
import random
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import CourseError
from helpers import handwriting as hw
from helpers.lenet import load_lenet5
from helpers.samples import FOLDER, load_samples

SLOW = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


# --- Digits of our own -------------------------------------------------------------------------------------------


def arc(x, y, wide, high, start, end):
    """Return the points of an arc of an ellipse."""
    angles = np.radians(np.linspace(start, end, 40))
    return [(x + wide * np.cos(angle), y + high * np.sin(angle)) for angle in angles]


STROKES = {
    0: [arc(0.5, 0.5, 0.3, 0.48, -90, 270)],
    1: [[(0.55, 0.02), (0.45, 0.98)]],
    2: [[*arc(0.48, 0.27, 0.27, 0.25, -170, 30), (0.2, 0.95), (0.8, 0.93)]],
    3: [arc(0.45, 0.26, 0.25, 0.24, -150, 90) + arc(0.45, 0.73, 0.3, 0.25, -90, 150)],
    4: [[(0.6, 0.03), (0.2, 0.62), (0.85, 0.62)], [(0.66, 0.35), (0.62, 0.98)]],
    5: [[(0.3, 0.05), (0.27, 0.42), *arc(0.45, 0.68, 0.3, 0.28, -120, 140)], [(0.3, 0.05), (0.75, 0.04)]],
    6: [[(0.65, 0.03), *arc(0.5, 0.7, 0.3, 0.28, 180, -190)]],
    7: [[(0.18, 0.06), (0.8, 0.05), (0.42, 0.98)]],
    8: [arc(0.5, 0.26, 0.22, 0.23, 90, -270), arc(0.5, 0.73, 0.28, 0.25, -90, 270)],
    9: [[*arc(0.47, 0.28, 0.25, 0.25, 0, -360), (0.68, 0.6), (0.6, 0.98)]],
}


def draw(digit, height=300, width=300, size=180, left=60, top=60, thick=9, strokes=None):
    """Draw a digit: H x W float32, 0 (paper) to 1 (ink)."""
    canvas = np.zeros((height, width), np.uint8)
    for stroke in STROKES[digit] if strokes is None else strokes:
        points = np.array([(left + x * size, top + y * size) for x, y in stroke]) * 16
        cv2.polylines(canvas, [points.round().astype(np.int32)], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def paint(ink, colour=(30, 30, 40), paper=(235, 235, 230), noise=0.0):
    """Lay ink of one colour on paper: H x W x 3 uint8. paper: a colour or a whole picture."""
    picture = np.asarray(paper, np.float32) * (1 - ink[..., None]) + np.asarray(colour, np.float32) * ink[..., None]
    grain = np.random.default_rng(0).normal(0, noise, picture.shape) if noise else 0
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def encode(picture, kind="PNG", **options):
    """Return the bytes of a picture file."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def difference(one, other):
    """Return the mean absolute difference of two 28 x 28, in grey levels of 255."""
    return 255 * float(np.abs(one - other).mean())


def shape_of(digit, **options):
    """Return the 28 x 28 of a digit drawn in the plainest way."""
    return hw.prepare(paint(draw(digit, **options))).image


@pytest.fixture(scope="session")
def network():
    """The network of the course."""
    return load_lenet5()


@pytest.fixture(scope="session")
def answers(network):
    """What the network says of a list of 28 x 28, all in one go."""
    return lambda images: network.predict(np.stack(images)[..., None], verbose=0).argmax(axis=1).tolist()


DIGIT = st.integers(0, 9)


# --- Properties --------------------------------------------------------------------------------------------------


def test_every_stage_can_be_drawn():
    prepared = hw.prepare(paint(draw(3)))
    assert next(iter(prepared.stages)) == "picture"
    assert np.array_equal(list(prepared.stages.values())[-1], prepared.image)
    assert all(stage.ndim in (2, 3) and stage.size for stage in prepared.stages.values())


def test_the_result_is_like_mnist():
    for digit in range(10):
        image = shape_of(digit)
        assert image.shape == (28, 28) and image.dtype == np.float32
        assert image.min() == 0 and image.max() == 1
        row, column = hw.centre_of_mass(image)
        assert abs(row - 14) < 0.3 and abs(column - 14) < 0.3
        rows, columns = np.nonzero(image.max(axis=1) > 0.3)[0], np.nonzero(image.max(axis=0) > 0.3)[0]
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21


@SLOW
@given(DIGIT, st.integers(15, 400), st.integers(15, 300))
def test_moving_changes_nothing(digit, left, top):
    moved = paint(draw(digit, 500, 600, left=left, top=top))
    assert difference(hw.prepare(moved).image, hw.prepare(paint(draw(digit, 500, 600))).image) < 8


@SLOW
@given(DIGIT, st.floats(np.log(40), np.log(4000)))
def test_size_changes_nothing(digit, exponent):
    side = round(np.exp(exponent))
    scale = side / 300
    scaled = draw(digit, side, side, 180 * scale, 60 * scale, 60 * scale, 24 * scale)
    if side < 300:  # as a camera would see it, not as a pen of whole pixels would draw it
        scaled = cv2.resize(draw(digit, thick=24), (side, side), interpolation=cv2.INTER_AREA)
    assert difference(hw.prepare(paint(scaled)).image, shape_of(digit, thick=24)) < 8


@SLOW
@given(DIGIT)
def test_inverting_changes_nothing(digit):
    picture = paint(draw(digit))
    assert difference(hw.prepare(255 - picture).image, hw.prepare(picture).image) < 8


@SLOW
@given(DIGIT, st.floats(0.35, 1), st.floats(0.25, 1))
def test_brightness_and_contrast_change_nothing(digit, brightness, contrast):
    paper = 235 * brightness
    picture = paint(draw(digit), [paper * (1 - 0.85 * contrast)] * 3, [paper] * 3)
    assert difference(hw.prepare(picture).image, shape_of(digit)) < 8


@SLOW
@given(DIGIT, st.integers(0, 500))
def test_a_wider_margin_changes_nothing(digit, margin):
    picture = paint(draw(digit))
    wider = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(235, 235, 230))
    assert difference(hw.prepare(wider).image, hw.prepare(picture).image) < 8


@SLOW
@given(DIGIT, st.floats(0.4, 1), st.floats(0, 2 * np.pi))
def test_a_gradient_of_light_changes_nothing(digit, darkest, angle):
    rows, columns = np.indices((300, 300)) / 299 - 0.5
    slope = rows * np.sin(angle) + columns * np.cos(angle)
    light = 1 - (1 - darkest) * (slope - slope.min()) / np.ptp(slope)
    picture = (paint(draw(digit)) * light[..., None]).astype(np.uint8)
    assert difference(hw.prepare(picture).image, shape_of(digit)) < 8


def test_the_label_stays_the_same(answers):
    rows, columns = np.indices((300, 300)) / 300
    shapes = []
    for digit in range(10):
        picture = paint(draw(digit, thick=16), noise=2)
        small = cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA)
        large = cv2.resize(picture, (3000, 3000), interpolation=cv2.INTER_LINEAR)
        shaded = (picture * (1 - 0.5 * rows * columns)[..., None]).astype(np.uint8)
        shapes += [hw.prepare(p).image for p in (picture, 255 - picture, small, large, shaded, picture // 2 + 20)]
    right = sum(answer == i // 6 for i, answer in enumerate(answers(shapes)))
    assert right >= 57, f"{right} of 60"


def test_the_samples_of_the_course_are_read(network):
    from helpers import ROOT

    folder = ROOT / "data" / "samples"
    files = sorted(folder.glob("digit?.png"))
    images = np.stack([hw.prepare(file).image for file in files])
    right = network.predict(images[..., None], verbose=0).argmax(axis=1) == [int(file.stem[-1]) for file in files]
    assert right.sum() >= len(files) - 1


# --- 1. Read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_every_format_reads_the_same(kind):
    assert difference(hw.prepare(encode(paint(draw(3)), kind)).image, shape_of(3)) < 3


def test_photographs_of_iphones():
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(paint(draw(3)))).save(file, quality=90)
    assert difference(hw.prepare(file.getvalue()).image, shape_of(3)) < 3


def test_a_path_with_any_letters(tmp_path):
    path = tmp_path / "Zürich – 数字 😀.png"
    path.write_bytes(encode(paint(draw(3))))
    assert np.array_equal(hw.prepare(path).image, hw.prepare(str(path)).image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_noted_how_it_was_held(orientation):
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
    undo |= {6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
    picture = Image.fromarray(paint(draw(7, width=340)))
    if orientation > 1:
        picture = picture.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[274] = orientation
    content = encode(picture, "JPEG", quality=95, exif=exif)
    assert difference(hw.prepare(content).image, shape_of(7, width=340)) < 3


def test_transparency():
    alpha = (255 * draw(3)).astype(np.uint8)
    black, white = np.zeros((300, 300, 3), np.uint8), np.full((300, 300, 3), 255, np.uint8)
    grey_alpha = Image.merge("LA", (Image.fromarray(black[..., 0]), Image.fromarray(alpha)))
    for source in (
        np.dstack([black, alpha]),
        encode(np.dstack([black, alpha])),
        encode(np.dstack([white, alpha])),  # white ink on nothing
        encode(grey_alpha),
    ):
        assert difference(hw.prepare(source).image, shape_of(3)) < 4


def test_sixteen_bits_palettes_and_one_bit():
    grey = paint(draw(3), (30,) * 3, (235,) * 3)[..., 0]
    for picture in (
        Image.fromarray(grey.astype(np.uint16) * 257),
        Image.fromarray(grey.astype(np.uint16) * 16),  # 12 bits of 16
        Image.fromarray(grey.astype(np.int32)),
        Image.fromarray(grey).convert("P"),
        Image.fromarray(paint(draw(3), (200, 30, 30))).quantize(8),
        Image.fromarray(grey).convert("1", dither=Image.Dither.NONE),
    ):
        assert difference(hw.prepare(encode(picture, "TIFF" if picture.mode == "I" else "PNG")).image, shape_of(3)) < 8


def test_the_first_picture_of_an_animation():
    frames = [Image.fromarray(paint(draw(digit))) for digit in (3, 7)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert difference(hw.prepare(content).image, shape_of(3)) < 3


def test_arrays():
    colour = paint(draw(3))
    opaque = np.dstack([colour, np.full((300, 300), 255, np.uint8)])
    for array in (colour, colour[..., 0], opaque, np.asfortranarray(colour), colour[::-1][::-1]):
        assert difference(hw.prepare(array).image, shape_of(3)) < 3
    before = colour.copy()
    hw.prepare(colour)
    assert np.array_equal(before, colour)


@pytest.mark.parametrize(
    "array",
    [
        np.ones((28, 28), np.float32),
        np.full((28, 28), np.nan),
        np.ones((28, 28), bool),
        np.ones((28, 28), np.int64),
        np.zeros((0, 28), np.uint8),
        np.zeros((28, 28, 2), np.uint8),
        np.zeros((1, 28, 28), np.uint8),
        np.zeros(784, np.uint8),
        np.array(7, np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_a_wrong_array_says_what_is_wrong(array):
    with pytest.raises(hw.HandwritingError, match=r"array of .* is not a picture: give"):
        hw.prepare(array)


def png_that_claims(width, height):
    """Return a small PNG whose header promises a huge picture."""
    chunks = [
        (b"IHDR", width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(b"\0" * 99)),
    ]
    body = b"".join(len(c).to_bytes(4) + n + c + zlib.crc32(n + c).to_bytes(4) for n, c in [*chunks, (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(60_000, 60_000), (13_000, 10_000), (2**31 - 1, 1)])
def test_a_bomb_is_not_decoded(size):
    with pytest.raises(hw.HandwritingError, match="too many"):
        hw.prepare(png_that_claims(*size))


def test_what_is_not_a_picture_says_so(tmp_path):
    picture = encode(paint(draw(3)))
    (tmp_path / "text.png").write_text("no picture")
    for source, words in {
        tmp_path / "missing.png": "no such file",
        tmp_path: "folder",
        tmp_path / "text.png": "not a picture",
        b"": "empty",
        picture[: len(picture) // 2]: "damaged",
        "zero\0byte.png": "cannot be read",
    }.items():
        with pytest.raises(hw.HandwritingError, match=words) as caught:
            hw.prepare(source)
        assert str(caught.value)[0].isupper() and str(caught.value).endswith(".")
    for source in (None, 7, [1, 2]):
        with pytest.raises(hw.HandwritingError, match="not a picture: give"):
            hw.prepare(source)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_empty_page(level):
    page = np.random.default_rng(0).normal(level, 1.5 * (level == 90), (400, 300, 3)).clip(0, 255).astype(np.uint8)
    prepared = hw.prepare(page)
    assert not prepared.image.any() and "page is empty" in prepared.warnings[0]
    assert hw.read_digits(page, None) == []  # nothing to ask the network


def test_the_broken_samples_are_refused_or_empty():
    found = {}
    for path in (FOLDER / "broken").iterdir():
        try:
            found[path.stem] = " ".join(hw.prepare(path).warnings)
        except CourseError as error:
            found[path.stem] = str(error)
    assert "not a picture" in found.pop("not_a_picture")
    assert "damaged or cut off" in found.pop("truncated")
    assert "file is empty" in found.pop("empty")
    assert "page is empty" in found.pop("blank_page")
    assert not found


# --- 2. Polarity -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("thick", [3, 9, 24])
def test_polarity_of_any_pen(digit, thick):
    picture = paint(draw(digit, thick=thick))
    assert not hw.ink_is_light(picture)
    assert hw.ink_is_light(255 - picture)


@pytest.mark.parametrize("digit", range(10))
def test_polarity_of_a_drawing_of_28_pixels_that_reaches_the_edges(digit):
    ink = cv2.resize(draw(digit, 280, 280, 270, -5, 5, 26), (28, 28), interpolation=cv2.INTER_AREA)
    light = hw.read_picture((255 * ink).astype(np.uint8))
    assert hw.ink_is_light(light) and not hw.ink_is_light(255 - light)


def test_a_dark_grey_photograph_of_paper_is_not_a_board():
    rows, columns = np.indices((300, 300)) - 150
    light = 0.35 + 0.65 * np.exp(-(rows**2 + columns**2) / 110**2)
    picture = paint(draw(3), (22, 22, 24), 110 * light[..., None] * np.ones(3), noise=3)
    assert difference(hw.prepare(picture).image, shape_of(3)) < 10


def test_a_board():
    picture = paint(draw(3), (220, 220, 210), (40, 70, 55), noise=3)
    assert difference(hw.prepare(picture).image, shape_of(3)) < 10


# --- 3. Paper to zero --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pencil", [30, 150])
def test_a_shadow_with_a_hard_edge_is_not_ink(pencil):
    picture = paint(draw(3, 600, 480, 240, 100, 150, 8), (pencil,) * 3, (225,) * 3).astype(np.float32)
    rows, columns = np.indices((600, 480))
    picture[rows - 280 + 0.4 * (columns - 220) > 0] *= 0.4
    image = hw.prepare(picture.astype(np.uint8)).image
    assert difference(image, shape_of(3, height=600, width=480, size=240, left=100, top=150, thick=8)) < 12


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


# --- 4. The digit ------------------------------------------------------------------------------------------------


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


# --- 6. A row or a page ------------------------------------------------------------------------------------------


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


def test_a_slanted_row_and_a_page_in_reading_order():
    page = np.zeros((1000, 1600), np.float32)
    places = [(120 + 280 * i, 80 + 250 * line + 16 * i) for line in range(3) for i in range(5)]
    for left, top in places:
        page[top : top + 150, left : left + 150] = draw(2, 150, 150, 120, 10, 15, 8)
    found = hw.read_digits(paint(page), Counter())
    assert [(round((x - 140) / 280), round((y - 95) / 250)) for x, y, _, _ in (one.box for one in found)] == [
        (i, line) for line in range(3) for i in range(5)
    ]


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


# --- Whatever comes ----------------------------------------------------------------------------------------------


def damaged_files():
    """Return 1,600 files that are cut off, altered, or nonsense behind a right header."""
    chance = random.Random(1)
    small = paint(draw(3, 60, 60, 36, 12, 12, 4))
    kinds = [encode(small, kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")]
    kinds += [
        encode(Image.fromarray(small).quantize(8)),
        encode(Image.fromarray(small[..., 0].astype(np.uint16) * 257)),
    ]
    files = []
    for content in kinds:
        files += [content[: chance.randrange(len(content))] for _ in range(70)]
        for _ in range(80):
            bad = bytearray(content)
            for _ in range(chance.choice((1, 3, 30))):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            files.append(bytes(bad))
        files += [content[: chance.randrange(4, 60)] + chance.randbytes(chance.randrange(300)) for _ in range(50)]
    return files


def odd_arrays():
    """Return 400 arrays of odd shapes, kinds and contents."""
    chance = np.random.default_rng(2)
    shapes = [(1, 1), (1, 2), (2, 1), (1, 300), (300, 1), (2, 2), (3, 3), (5, 200), (28, 28), (60, 45)]
    arrays = [chance.integers(0, 256, shape + tail, np.uint8) for shape in shapes for tail in ((), (3,), (4,)) * 6]
    arrays += [np.full(shape, level, np.uint8) for shape in shapes for level in (0, 1, 127, 255)]
    arrays += [chance.integers(0, 2, shape, np.uint8) * 255 for shape in shapes for _ in range(8)]
    arrays += [chance.normal(200, 9, shape).clip(0, 255).astype(np.uint8) for shape in shapes for _ in range(8)]
    kinds = (np.float32, np.float64, np.int64, bool, np.complex64, object)
    arrays += [np.ones((9, 9)).astype(kind) for kind in kinds]
    arrays += [np.full((9, 9), np.nan), np.full((9, 9), -np.inf, np.float32)]
    arrays += [np.zeros(shape, np.uint8) for shape in ((0, 0), (0, 5), (5, 0, 3), (2, 2, 5), (1, 2, 3, 4), ())]
    return [*arrays, np.zeros((30_000, 1), np.uint8), np.eye(1, 30_000, 9, np.uint8) * 255]


@pytest.mark.parametrize("make", [damaged_files, odd_arrays])
def test_2000_damaged_or_odd_inputs_give_a_result_or_one_sentence(make):
    sources = make()
    assert len(sources) >= {"damaged_files": 1600, "odd_arrays": 380}[make.__name__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for source in sources:
            try:
                prepared = hw.prepare(source)
            except hw.HandwritingError as error:
                sentence = str(error)
                assert sentence[0].isupper() and sentence[-1] == "." and len(sentence) < 120
            else:
                assert prepared.image.shape == (28, 28) and prepared.image.dtype == np.float32
                assert prepared.image.min() == 0
                assert 0.5 < prepared.image.max() <= 1 or "page is empty" in prepared.warnings[0]
