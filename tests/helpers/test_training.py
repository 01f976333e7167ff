"""The schedule, the distortions, the live curves."""

import numpy as np
import pytest

from helpers.lenet import lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.training import DistortedDigits, LiveCurves, distort, warmup_cosine


@pytest.fixture(scope="module")
def training_digits():
    (x, y), _ = load_mnist()
    (x, y), _ = split_validation(x, y)
    return to_input(x[:2000]), y[:2000]


def test_learning_rate_climbs_to_its_peak_and_falls_to_zero():
    rate = warmup_cosine(0.004, 1000)
    values = [float(rate(step)) for step in range(0, 1001, 10)]
    assert values[0] < 0.0005 and values[-1] == pytest.approx(0, abs=1e-8)
    assert max(values) == pytest.approx(0.004, rel=0.02) and np.argmax(values) == 10


def test_distort_keeps_shape_range_and_label_and_moves_the_ink(training_digits):
    x, _ = training_digits
    result = distort(x[:200], np.random.default_rng(0))
    assert result.shape == (200, 28, 28, 1) and result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 1
    assert np.abs(result - x[:200]).mean() > 0.02
    ink_before, ink_after = x[:200].sum(axis=(1, 2, 3)), result.sum(axis=(1, 2, 3))
    assert np.all(np.abs(ink_after / ink_before - 1) < 0.5)
    assert np.array_equal(distort(x[:9], np.random.default_rng(0), strength=0), x[:9])
    assert np.array_equal(distort(x[:9], np.random.default_rng(7)), distort(x[:9], np.random.default_rng(7)))


def test_distorted_digits_show_each_digit_once_in_an_epoch(training_digits):
    _, y = training_digits
    numbered = np.arange(len(y), dtype=np.float32)[:, None, None, None] * np.ones((1, 28, 28, 1), np.float32)
    batches = DistortedDigits(numbered, np.arange(len(y)), batch_size=300, seed=0)
    labels = np.concatenate([batches[number][1] for number in range(len(batches))])
    assert sorted(labels) == list(range(len(y))) and not np.array_equal(labels, np.arange(len(y)))
    batches.on_epoch_begin()
    assert not np.array_equal(labels[:300], batches[0][1])


def test_a_network_learns_and_live_curves_follow_it(training_digits, monkeypatch, capsys):
    """Without a front end, `display` gives no handle for one of the outputs: training goes on all the same."""
    x, y = training_digits
    keras.utils.set_random_seed(0)
    model = lenet5()
    model.compile(keras.optimizers.AdamW(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    curves = LiveCurves()
    model.fit(x, y, batch_size=128, epochs=3, validation_data=(x[:200], y[:200]), callbacks=[curves], verbose=0)
    assert len(curves.history) == 3
    assert curves.history[-1]["accuracy"] > 0.6 > curves.history[0]["accuracy"]
    told = capsys.readouterr().out.splitlines()  # here is no front end: a line of text for each epoch
    assert len(told) == 3 and told[0].startswith("epoch 1 of 3: accuracy 0.") and "val loss" in told[0]
    panels = curves.draw().axes
    assert [panel.get_ylabel() for panel in panels] == ["loss", "accuracy"] and len(panels[0].lines) == 2
    assert curves.describe() == "Curves of accuracy and loss and val accuracy and val loss over 3 epochs of training."
