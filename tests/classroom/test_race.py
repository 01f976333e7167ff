"""A class's race: what is handed in is joined, the test set is opened once, and every bad file is told by its name."""

import csv
import json

import numpy as np
import pytest

from classroom import race
from helpers.mnist import load_mnist, split_validation

(X, Y), (_, Y_TEST) = load_mnist()
LABELS = {"validation": split_validation(X, Y)[1][1], "test": Y_TEST}


def entry(name: str, validation: int, test: int) -> dict:
    """Return what a participant hands in whose network misreads so many digits of each set."""
    said = {"name": name, "network": "a deep one"}
    for key, wrong in (("validation", validation), ("test", test)):
        answers = LABELS[key].copy()
        answers[:wrong] = (answers[:wrong] + 1) % 10
        said[key] = "".join(map(str, answers))
    return said


@pytest.fixture
def folder(tmp_path):
    def write(*entries):
        for number, each in enumerate(entries):
            text = each if isinstance(each, str) else json.dumps(each)
            (tmp_path / f"race_{number}.json").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_the_winner_by_validation_digits_may_lose_on_the_test_digits(folder, capsys):
    where = folder(entry("Ada", 12, 33), entry("Bo", 15, 28), entry("Cy", 12, 30))
    assert race.main([str(where)]) == 0
    said = capsys.readouterr().out
    assert "24 of 10,000, if it went on so" in said and "33, 30. All in the mean: 30.3" in said
    assert "Of 3 who took part, 1 missed fewer test digits" in said
    with (where / "race.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [
        ["1", "Ada", "a deep one", "12", "33"],
        ["1", "Cy", "a deep one", "12", "30"],
        ["3", "Bo", "a deep one", "15", "28"],
    ]


def test_the_test_set_is_opened_once(folder, capsys, monkeypatch):
    where = folder(entry("Ada", 12, 33))
    assert race.main([str(where)]) == 0
    table = (where / "race.csv").read_bytes()
    folder(entry("Ada", 3, 3))
    monkeypatch.setattr(race, "standing", lambda entries: pytest.fail("opened again"))
    assert race.main([str(where)]) == 1
    assert "already" in capsys.readouterr().out and (where / "race.csv").read_bytes() == table


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("no JSON", "cannot be read as JSON"),
        ("[1, 2]", "cannot be read as JSON"),
        ("[" * 50_000, "cannot be read as JSON"),
        ({"name": "Bo", "validation": "12", "test": "3"}, "5,000 answers to the validation digits"),
        (entry("Bo", 1, 1) | {"test": "7" * 9_999}, "10,000 answers to the test digits"),
        (entry("Bo", 1, 1) | {"validation": "٧" * 5_000}, "5,000 answers to the validation digits"),
        (entry(" \n", 1, 1), "no name"),
        (entry("Bo", 1, 1) | {"more": "x" * 100_000}, "larger"),
        (entry("ada", 1, 1), "race_0.json and race_1.json have the same name"),
    ],
    ids=["text", "list", "deep", "short", "one missing", "other digits", "no name", "large", "twice"],
)
def test_a_bad_file_is_named_and_the_test_set_stays_shut(folder, capsys, monkeypatch, bad, reason):
    where = folder(entry("Ada", 12, 33), bad)
    monkeypatch.setattr(race, "standing", lambda entries: pytest.fail("opened"))
    assert race.main([str(where)]) == 1
    said = capsys.readouterr().out
    assert reason in said and "race_1.json" in said and "stays shut" in said and "Traceback" not in said
    assert not (where / "race.csv").exists()


@pytest.mark.parametrize(("name", "said"), [("", "No entries"), ("nowhere", "There is no folder")])
def test_without_entries_it_says_so(tmp_path, capsys, name, said):
    assert race.main([str(tmp_path / name)]) == 1
    assert said in capsys.readouterr().out


def test_a_name_that_is_a_formula_stays_a_text(folder):
    where = folder(entry("=1+1", 12, 33))
    assert race.main([str(where)]) == 0
    assert "'=1+1" in (where / "race.csv").read_text(encoding="utf-8-sig")


def test_counting_is_by_the_labels(folder):
    rows = race.standing(race.read_entries(folder(entry("Ada", 0, 7))))
    assert rows == [[1, "Ada", "a deep one", 0, 7]] and np.shape(LABELS["test"]) == (10_000,)
