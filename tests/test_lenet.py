"""LeNet-5: its shapes, its counts, and the trained one held to its record."""

import json

import numpy as np
import pytest

from helpers.lenet import MODEL_FILE, ModelError, lenet5, load_lenet5
from helpers.mnist import load_mnist
from tools.provenance import bare_code, code_hash
from tools.train_lenet5 import RECIPES, made_by, record_of, score

# The mistakes of one and the same network may differ by this much on another processor, whose sums round otherwise.
TOLERANCE = 2


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


every_model = pytest.mark.parametrize("model_file", RECIPES, ids=lambda path: path.stem)


@every_model
def test_the_shipped_networks_score_what_their_records_say(model_file):
    record = json.loads(record_of(model_file).read_text(encoding="utf-8"))
    model = load_lenet5(model_file)
    found = score(model)
    assert model.count_params() == record["parameters"] == 61706
    for name in ("validation", "test", "samples"):
        assert found[name]["digits"] == record[name]["digits"]
        assert abs(found[name]["correct"] - record[name]["correct"]) <= TOLERANCE, name


@every_model
def test_the_shipped_networks_were_made_by_the_code_that_is_here(model_file):
    record = json.loads(record_of(model_file).read_text(encoding="utf-8"))
    assert RECIPES[model_file]._asdict().items() <= record.items()
    stale = "the code or the data that made the networks changed: run `python -m tools.train_lenet5`"
    assert record["hash"] == made_by(), stale


def test_the_hash_ignores_comments_and_docstrings_and_notices_code(tmp_path):
    one = '"""Docs."""\n\ndef f(x):\n    """Say\n    more."""\n    # why\n    return x + 1\n'
    assert bare_code(one) == "def f(x):\n    return x + 1"
    (tmp_path / "one.py").write_text(one, encoding="utf-8")
    (tmp_path / "two.py").write_text(one.replace("more", "less"), encoding="utf-8")
    (tmp_path / "three.py").write_text(one.replace("+ 1", "+ 2"), encoding="utf-8")
    assert code_hash([tmp_path / "one.py"]) == code_hash([tmp_path / "two.py"])
    assert code_hash([tmp_path / "one.py"]) != code_hash([tmp_path / "three.py"])


def test_missing_and_damaged_networks(tmp_path):
    with pytest.raises(ModelError, match=r"There is no file mine\.keras"):
        load_lenet5(tmp_path / "mine.keras")
    (tmp_path / "mine.keras").write_bytes(MODEL_FILE.read_bytes()[:5000])
    with pytest.raises(ModelError, match="not a network"):
        load_lenet5(tmp_path / "mine.keras")
    (tmp_path / "text.keras").write_text("hello", encoding="utf-8")
    with pytest.raises(ModelError, match="not a network"):
        load_lenet5(tmp_path / "text.keras")
