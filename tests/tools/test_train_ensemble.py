"""The program that ran on a graphics card: it warps as `record.warp` does, learns, and hands over what it learned."""

import numpy as np
import pytest

from helpers.experiments import record
from helpers.mnist import load_mnist, to_input
from tools import train_ensemble

(X, Y), _ = load_mnist()


class Noted:
    """A random generator that writes down what it draws, as shares of the limits."""

    def __init__(self) -> None:
        self.rng, self.drawn = np.random.default_rng(5), []

    def uniform(self, low, high, shape):
        self.drawn.append(self.rng.uniform(-1, 1, shape))
        return (low + high) / 2 + (high - low) / 2 * self.drawn[-1]


def test_it_warps_as_the_course_does():
    assert tuple(record.LIGHT) == train_ensemble.LIMITS
    noted, digits = Noted(), to_input(X[:50])
    expected = record.warp(digits, noted, record.LIGHT)
    *shares, bending = noted.drawn
    drawn = np.stack([each[:, 0, 0] for each in shares], axis=1).astype(np.float32)
    ends = train_ensemble.arrow_ends(drawn, bending.astype(np.float32))
    assert np.allclose(train_ensemble.redraw(digits, *ends), expected, atol=1e-4)


def test_it_warps_in_training_alone():
    layer, digits = train_ensemble.Warped(1), to_input(X[:5])
    assert np.array_equal(layer(digits), digits)
    first, second = (np.asarray(layer(digits, training=True)) for _ in range(2))
    assert not np.allclose(first, digits, atol=0.1) and not np.allclose(first, second, atol=0.1)


def test_a_network_learns_waits_and_comes_back(tmp_path, monkeypatch):
    """Twelve steps; the average of the weights is then near the first ones, and what waits answers the same."""
    monkeypatch.setattr(train_ensemble, "WAITING", tmp_path)
    few = (X[:1200], Y[:1200])
    monkeypatch.setattr(train_ensemble, "load_mnist", lambda: (few, None))
    monkeypatch.setattr(train_ensemble, "split_validation", lambda x, y: ((x[:800], y[:800]), (x[800:], y[800:])))
    made, train = [], train_ensemble.train_voter
    monkeypatch.setattr(train_ensemble, "train_voter", lambda *task: made.append(train(*task)) or made[-1])
    assert '"epochs": 2' in train_ensemble.make_voter(("strides", 1, 2))
    assert "waits already" in train_ensemble.make_voter(("strides", 1, 2)) and len(made) == 1
    network, told = train_ensemble.trained_voter("strides", 1)
    assert np.array_equal(network(to_input(X[:9])), made[0](to_input(X[:9])))
    assert told["seed"] == 1 and told["device"].startswith("tensorflow") and 0 <= told["validation"] <= 400


@pytest.mark.parametrize("kind", train_ensemble.KINDS)
def test_each_kind_reads_digits(kind):
    network = train_ensemble.voter(kind)
    assert network(to_input(X[:2])).shape == (2, 10) and 150_000 < network.count_params() < 400_000
    assert not any("Pooling" in type(layer).__name__ for layer in network.layers)
