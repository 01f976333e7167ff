"""The preparation as a whole: its properties, and 2,000 damaged or odd inputs."""

import random
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import handwriting as hw
from helpers.handwriting.centre import centre_of_mass
from tests.helpers.handwriting.drawing import DIGIT, SLOW, difference, draw, encode, paint, shape_of


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
        row, column = centre_of_mass(image)
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
