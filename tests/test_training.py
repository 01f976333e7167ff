"""The schedule, the distortions, the live curves, the intervals."""

import numpy as np
import pytest

from helpers.evaluation import confusion_matrix, interval, squared_distances
from helpers.lenet import lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import error_channel_aside, keras
from helpers.training import DistortedDigits, LiveCurves, distort, warmup_cosine


@pytest.fixture(scope="module")
def training_digits():
    (x, y), _ = load_mnist()
    (x, y), _ = split_validation(x, y)
    return to_input(x[:2000]), y[:2000]


def test_wilson_interval_against_published_values():
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I."""
    for correct, total, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert interval(correct, total) == pytest.approx((low, high), abs=1e-4)
    assert interval(20, 20)[1] == 1.0


def test_confusion_matrix_has_true_digits_in_its_rows():
    matrix = confusion_matrix(np.array([3, 3, 3, 5]), np.array([3, 8, 8, 5]))
    assert matrix[3, 8] == 2 and matrix[8, 3] == 0 and matrix[3, 3] == matrix[5, 5] == 1 and matrix.sum() == 4


def test_squared_distances_against_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 7)), rng.normal(size=(3, 7))
    assert np.allclose(squared_distances(a, b), ((a[:, None] - b[None]) ** 2).sum(axis=2))


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


def test_what_tensorflow_writes_is_hidden_and_shown_when_the_import_fails(capfd):
    import os

    with error_channel_aside():
        os.write(2, b"harmless noise")
    assert "harmless" not in capfd.readouterr().err
    with pytest.raises(ImportError), error_channel_aside():
        os.write(2, b"libfoo.so: cannot open")
        raise ImportError
    assert "libfoo.so: cannot open" in capfd.readouterr().err
