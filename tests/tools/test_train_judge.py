"""The judge that ships is the one that the code makes, and its record says what it reaches."""

import json

import numpy as np

from helpers.handwriting.doubt import JUDGE_FILE, NONE, judge_weights, judged
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.training import spoil
from tools import train_judge

RECORD = json.loads(JUDGE_FILE.with_suffix(".json").read_text(encoding="utf-8"))


def test_the_record_is_of_this_code():
    assert RECORD["hash"] == train_judge.made_by()
    assert sum(weight.size for weight in judge_weights()) == RECORD["parameters"]


def test_the_record_tells_what_the_judge_reaches():
    _, (x, y) = split_validation(*load_mnist()[0])
    said = judged(to_input(x)[..., 0])
    assert abs(int((said.argmax(axis=1) == y).sum()) - RECORD["validation"]["read"]) <= 3
    assert abs(int((said[:, NONE] > 0.5).sum()) - RECORD["validation"]["doubted"]) <= 3


def test_spoiling_keeps_shape_and_range_and_the_digit():
    _, (x, _) = split_validation(*load_mnist()[0])
    images = to_input(x[:200])
    spoilt = spoil(images, np.random.default_rng(3))
    assert spoilt.shape == images.shape and spoilt.dtype == np.float32
    assert spoilt.min() >= 0 and spoilt.max() <= 1
    assert not np.array_equal(spoilt, images)
