"""LeNet-5: its shapes, its counts, and the trained one held to its record."""

import zipfile
from unittest.mock import Mock

import numpy as np
import pytest

from helpers.lenet import (
    C3_TABLE,
    MODEL_FILE,
    ModelError,
    correct,
    dense300,
    digit_codes,
    lenet1,
    lenet5,
    lenet5_1998,
    load_lenet5,
    multiply_adds,
    penalty,
    squared_error,
)
from helpers.mnist import load_mnist
from helpers.quiet import keras, tf
from tests.damage import damaged_models, load_damaged


def test_shapes_and_parameters_layer_by_layer():
    expected = {
        "C1": ((28, 28, 6), 156),
        "S2": ((14, 14, 6), 0),
        "C3": ((10, 10, 16), 2416),
        "S4": ((5, 5, 16), 0),
        "flatten": ((400,), 0),
        "C5": ((120,), 48120),
        "F6": ((84,), 10164),
        "output": ((10,), 850),
    }
    model = lenet5()
    assert {layer.name: (layer.output.shape[1:], layer.count_params()) for layer in model.layers} == expected
    assert model.count_params() == 61706


def test_output_is_ten_probabilities():
    (x, _), _ = load_mnist()
    probabilities = np.array(lenet5()(x[:4, ..., None] / np.float32(255)))
    assert probabilities.shape == (4, 10) and probabilities.min() >= 0
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


# --- The network of 1998: the numbers are those of the paper, section II.B ----------------------------------------


def trainable(layer) -> int:
    return sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)


def test_the_trainable_parameters_of_1998():
    model = lenet5_1998()
    found = {layer.name: trainable(layer) for layer in model.layers if trainable(layer)}
    assert found == {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48120, "F6": 10164}
    assert sum(found.values()) == 60_000


def test_the_connections_of_1998():
    model = lenet5_1998()
    places = {layer.name: int(np.prod(layer.output.shape[1:3])) for layer in model.layers if layer.name[0] in "CS"}
    found = {name: places[name] * trainable(model.get_layer(name)) for name in ("C1", "C3", "C5")}
    found |= {name: places[name] * model.get_layer(name).output.shape[-1] * (4 + 1) for name in ("S2", "S4")}
    found |= {"F6": trainable(model.get_layer("F6")), "output": int(np.prod(model.get_layer("output").codes.shape))}
    expected = {"C1": 122_304, "S2": 5_880, "C3": 151_600, "S4": 2_000, "C5": 48_120, "F6": 10_164, "output": 840}
    assert found == expected and sum(found.values()) == 340_908


def test_the_input_of_1998_is_32_pixels_from_minus_a_tenth_to_1_175():
    model = lenet5_1998()
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[0, 5, 5] = 1
    seen = np.array(model.get_layer("input")(model.get_layer("pad")(image)))
    assert seen.shape == (1, 32, 32, 1)
    assert seen.min() == pytest.approx(-0.1) and seen.max() == pytest.approx(1.175)


def test_each_map_of_c3_depends_on_the_maps_of_the_table_and_on_no_other():
    layer = lenet5_1998().get_layer("C3")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 14, 14, 6)).astype(np.float32)
    before = np.array(layer(x))
    for source in range(6):
        changed = x.copy()
        changed[..., source] += rng.normal(size=(14, 14))  # one and the same number may vanish in a kernel's sum
        differs = np.abs(np.array(layer(changed)) - before).max(axis=(0, 1, 2)) > 1e-4
        assert differs.tolist() == [source in seen for seen in C3_TABLE]
    assert sum(len(seen) for seen in C3_TABLE) == 60


def test_subsampling_adds_four_scales_shifts_and_squashes():
    layer = lenet5_1998().get_layer("S2")
    layer.set_weights([np.full(6, 0.3, np.float32), np.full(6, -0.2, np.float32)])
    x = np.random.default_rng(1).normal(size=(1, 4, 4, 6)).astype(np.float32)
    sums = x.reshape(1, 2, 2, 2, 2, 6).sum(axis=(2, 4))
    assert np.allclose(np.array(layer(x)), 1.7159 * np.tanh(2 / 3 * (0.3 * sums - 0.2)), atol=1e-5)


def test_the_outputs_of_1998_are_distances_from_ten_different_drawings():
    codes = digit_codes()
    assert codes.shape == (10, 84) and set(np.unique(codes)) == {-1, 1}
    apart = ((codes[:, None] - codes[None]) ** 2).sum(axis=2) / 4  # pixels in which two drawings differ
    assert apart[~np.eye(10, dtype=bool)].min() >= 9
    outputs = np.array(lenet5_1998().get_layer("output")(codes))
    assert np.allclose(outputs, 4 * apart, atol=1e-3)
    labels = np.arange(10)[:, None]
    assert np.allclose(penalty(labels, outputs), 0, atol=1e-3) and np.all(np.array(correct(labels, outputs)) == 1)
    assert np.all(np.array(correct((labels + 1) % 10, outputs)) == 0)


def test_the_network_of_1998_is_the_same_after_saving_and_loading(tmp_path):
    model = lenet5_1998()
    model.save(tmp_path / "old.keras")
    again = load_lenet5(tmp_path / "old.keras")
    x = np.random.default_rng(2).random((3, 28, 28, 1), np.float32)
    assert np.array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def test_counts_of_the_other_networks():
    counts = {build: (build().count_params(), multiply_adds(build())) for build in (lenet5, lenet1, dense300)}
    assert counts[lenet5] == (61_706, 416_520)
    assert counts[lenet1][0] == 2_578
    assert counts[dense300] == (784 * 300 + 300 + 3010, 784 * 300 + 3000)
    assert multiply_adds(lenet5_1998()) == 117_600 + 1_176 + 150_000 + 400 + 48_000 + 10_080 + 840


def test_squared_error_wants_plus_one_and_minus_one():
    outputs = np.full((1, 10), -1, np.float32)
    assert float(squared_error(np.array([[4]]), outputs)[0]) == 4
    outputs[0, 4] = 1
    assert float(squared_error(np.array([[4]]), outputs)[0]) == 0


# --- The trained networks -----------------------------------------------------------------------------------------


def test_missing_and_damaged_networks(tmp_path):
    with pytest.raises(ModelError, match=r"There is no file mine\.keras"):
        load_lenet5(tmp_path / "mine.keras")
    (tmp_path / "mine.keras").write_bytes(MODEL_FILE.read_bytes()[:5000])
    with pytest.raises(ModelError, match="not a network"):
        load_lenet5(tmp_path / "mine.keras")
    (tmp_path / "text.keras").write_text("hello", encoding="utf-8")
    with pytest.raises(ModelError, match="not a network"):
        load_lenet5(tmp_path / "text.keras")


def test_whatever_a_damaged_network_makes_keras_raise_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "mine.keras"
    path.touch()
    for error in (
        zipfile.BadZipFile("x"),
        RecursionError(),
        RuntimeError(),
        tf.errors.ResourceExhaustedError(None, None, "x"),
    ):
        monkeypatch.setattr(keras.saving, "load_model", Mock(side_effect=error))
        with pytest.raises(ModelError, match=r"mine\.keras is not a network that Keras can read\. Save"):
            load_lenet5(path)


@pytest.mark.long
def test_a_hundred_and_fifty_damaged_networks(tmp_path, capfd):
    loaded = 0
    for content in damaged_models(150):
        (tmp_path / "mine.keras").write_bytes(content)
        loaded += load_damaged(tmp_path / "mine.keras")
    assert loaded < 75
