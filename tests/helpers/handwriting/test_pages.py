"""Rows and pages."""

import numpy as np
from PIL import Image

from helpers import handwriting as hw
from helpers.samples import load_samples
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
