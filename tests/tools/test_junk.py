"""What the judge learns from that is no digit."""

import numpy as np
import pytest

from helpers.handwriting.doubt import NONE, judged
from helpers.mnist import load_mnist, split_validation
from tools import junk, pens

HAVE_FONTS = all((pens.FONTS / f"{hand}-latin-400-normal.woff").exists() for hand in pens.TRAINING)


def test_a_rounded_line_keeps_its_ends_and_has_no_sharp_corner():
    corners = np.array([(0, 0), (10, 0), (10, 10)], float)
    line = junk.rounded(corners)
    assert np.array_equal(line[[0, -1]], corners[[0, -1]])
    turns = np.diff(np.arctan2(*np.diff(line, axis=0).T))
    assert len(line) > 10 and np.abs(turns).max() < np.radians(40)
    assert line.min() >= 0 and line.max() <= 10


def test_the_judge_takes_few_greek_letters_for_digits():
    rng = np.random.default_rng(31)
    letters = np.stack([junk.greek(rng) for _ in range(300)])
    assert letters.dtype == np.float32 and letters.min() >= 0 and letters.max() <= 1
    assert (letters.reshape(300, -1).max(axis=1) > 0.9).all(), "each of them has ink"
    assert (judged(letters)[:, NONE] > 0.5).mean() > 0.9


@pytest.mark.skipif(not HAVE_FONTS, reason="the typefaces are not on this machine")
def test_all_kinds_are_drawn():
    _, (x, y) = split_validation(*load_mnist()[0])
    images, names = junk.draw_junk(400, x, y, np.random.default_rng(5))
    assert images.shape == (400, 28, 28) and set(names) >= {"pair", "half", "letter", "Greek", "sign", "shape"}
