"""Notebook 10's networks are those of their record, and its strangers can be shown to a network."""

import json

import numpy as np
import pytest

from helpers.experiments import limits
from helpers.lenet import ModelError
from tools import train_seeds

RECORD = json.loads(train_seeds.RECORD_FILE.read_text(encoding="utf-8"))
#: The mistakes of one and the same network may differ by this much on another processor, whose sums round otherwise.
TOLERANCE = 2


def test_the_record_is_of_this_code_and_says_what_the_networks_read():
    assert RECORD["hash"] == train_seeds.made_by(), "run `python -m tools.train_seeds`"
    found = train_seeds.validation_scores()
    assert list(found) == [1, 2, 3, 4, 5] == [each["seed"] for each in RECORD["seeds"]]
    for each in RECORD["seeds"]:
        assert abs(found[each["seed"]] - each["validation"]) <= TOLERANCE


def test_what_is_saved_is_loaded_and_what_is_something_else_is_refused(tmp_path):
    networks = limits.load_seeds()
    limits.save_seeds({7: networks[2]}, tmp_path / "seven.npz")
    (again,) = limits.load_seeds(tmp_path / "seven.npz").values()
    assert all(map(np.array_equal, again.get_weights(), networks[2].get_weights()))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("no weights")
    for name in ("other.npz", "text.npz", "missing.npz"):
        with pytest.raises(ModelError, match=name):
            limits.load_seeds(tmp_path / name)


def test_strangers_are_pictures_with_ink_and_the_seed_decides_which():
    one, same, other = (limits.strangers_of(seed, count=3) for seed in (1, 1, 2))
    for kind, pictures in one.items():
        assert pictures.shape == (3, 28, 28, 1) and pictures.dtype == np.float32
        assert pictures.min() >= 0 and pictures.max() <= 1 and (pictures.max(axis=(1, 2, 3)) > 0.5).all()
        assert np.array_equal(pictures, same[kind]) and not np.array_equal(pictures, other[kind])


def test_a_table_shows_the_shipped_network_and_the_range_of_the_others(capsys):
    limits.print_spread(["one"], {"a row": [[0.1, 0.3, 0.2, 0.75]]})
    assert "75.0% (10.0% to 30.0%)" in capsys.readouterr().out.split("\n")[1]
