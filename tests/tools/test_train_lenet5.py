"""The trained networks, held to their records."""

import json

import pytest

from helpers.lenet import MODEL_FILE, load_lenet5
from tools.train_lenet5 import RECIPES, made_by, record_of, score

# The mistakes of one and the same network may differ by this much on another processor, whose sums round otherwise.
TOLERANCE = 2

every_model = pytest.mark.parametrize("model_file", RECIPES, ids=lambda path: path.stem)


@pytest.mark.parametrize("model_file", [MODEL_FILE, *RECIPES], ids=lambda path: path.stem)
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
    recipe = RECIPES[model_file]
    assert record["settings"].items() <= recipe.run._asdict().items()
    assert [run["seed"] for run in record["seeds"]] == list(recipe.seeds)
    best = max(record["seeds"], key=lambda run: run["validation"])
    assert record["seed"] == best["seed"] and abs(record["test"]["correct"] - best["test"]) <= TOLERANCE
    stale = "the code or the data that made the networks changed: run `python -m tools.train_lenet5`"
    assert record["hash"] == made_by(recipe), stale
