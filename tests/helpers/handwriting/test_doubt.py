"""What may be no digit is doubted, in words; what is one is believed."""

import numpy as np
import pytest

from helpers import CourseError, shipped
from helpers import handwriting as hw
from helpers.handwriting import doubt
from helpers.samples import single_digits
from tests.helpers.handwriting.drawing import draw, paint

#: Strokes of things that are no digit, in a square of 1 x 1.
NO_DIGITS = {
    "cross": [[(0.1, 0.1), (0.9, 0.9)], [(0.9, 0.1), (0.1, 0.9)]],
    "M": [[(0.1, 0.95), (0.15, 0.05), (0.5, 0.6), (0.85, 0.05), (0.9, 0.95)]],
    "E": [[(0.8, 0.05), (0.2, 0.05), (0.2, 0.95), (0.8, 0.95)], [(0.2, 0.5), (0.7, 0.5)]],
    "H": [[(0.2, 0.05), (0.2, 0.95)], [(0.8, 0.05), (0.8, 0.95)], [(0.2, 0.5), (0.8, 0.5)]],
}


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_doubted(name):
    assert hw.prepare(paint(draw(0, strokes=NO_DIGITS[name]))).doubts


def test_digits_are_believed():
    """At most three in a hundred of the samples are doubted."""
    doubted = [sample.path for sample in single_digits() if hw.prepare(sample.path).doubts]
    assert len(doubted) <= 0.03 * len(single_digits()), doubted


def test_each_doubt_says_what_to_do():
    sure_of_none = np.eye(doubt.NONE + 1)[doubt.NONE]
    image = np.zeros((28, 28), np.float32)
    image[4:24, 4:24] = 1
    assert doubt.doubts_about(sure_of_none, image, (0, 0, 50, 30)) == [doubt.TWO]
    assert doubt.doubts_about(sure_of_none, image, (0, 0, 30, 40)) == [doubt.NO_DIGIT]
    three = hw.prepare(paint(draw(3))).image
    said = doubt.judged(three[np.newaxis])[0]
    second = int(np.argsort(-said[: doubt.NONE])[1])
    assert doubt.doubts_about(said, three, (0, 0, 30, 40)) == doubt.doubts_about(said, three, (0, 0, 30, 40), 3) == []
    assert doubt.doubts_about(said, three, (0, 0, 30, 40), 5) == ["It may be a 3 as well."]
    assert doubt.doubts_about(said, three, (0, 0, 30, 40), 3, 0.99) == []
    assert doubt.doubts_about(said, three, (0, 0, 30, 40), 3, 0.1) == [f"It may be a {second} as well."]


def test_an_answer_that_holds_in_one_place_alone_is_doubted(monkeypatch):
    """This judge gives a 3 where there is ink in the middle, and an 8 where there is none."""

    def judge(images):
        return np.where(images[:, 14, 14:15] > 0, np.eye(doubt.NONE + 1)[3], np.eye(doubt.NONE + 1)[8])

    monkeypatch.setattr(doubt, "judged", judge)
    for first, last, doubts in [
        (14, 14, ["It may be a 8 as well."]),
        (14, 15, ["It may be a 8 as well."]),
        (13, 15, []),
    ]:
        image = np.zeros((28, 28), np.float32)
        image[14, first : last + 1] = 1
        said = 0.6 * np.eye(doubt.NONE + 1)[3] + 0.4 * np.eye(doubt.NONE + 1)[8]
        assert doubt.doubts_about(said, image, (0, 0, 30, 40), 3) == doubts, (first, last)


def test_a_digit_that_lies_is_doubted_and_the_reader_told_to_turn_it():
    lying = np.rot90(paint(draw(4))).copy()
    assert doubt.SIDEWAYS in hw.prepare(lying).doubts


def test_a_tiny_digit_and_an_empty_page_are_doubted():
    assert any("too small" in sentence for sentence in hw.prepare(paint(draw(3, 100, 100, 3, 50, 50, 1))).doubts)
    assert hw.prepare(np.full((100, 100, 3), 235, np.uint8)).doubts == [hw.EMPTY_PAGE]


def test_a_damaged_judge_is_named(monkeypatch, tmp_path):
    doubt.judge_weights.cache_clear()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "judge.npz").write_bytes(b"PK\x03\x04 cut off")
    monkeypatch.setattr(shipped, "DATA", tmp_path)
    monkeypatch.setattr(doubt, "JUDGE_FILE", tmp_path / "models" / "judge.npz")
    with pytest.raises(CourseError, match=r"judge\.npz is damaged"):
        doubt.judge_weights()
    monkeypatch.undo()
    assert doubt.judge_weights()
