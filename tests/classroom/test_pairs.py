"""Whose marks the notebook of a pair are."""

import csv

import nbformat
import pytest

from classroom import marks
from classroom.pairs import LONGEST, names_written_in, people_of, same_person


def naming(*sources):
    """Return a notebook with the cell of the names, in these pieces."""
    about = {"grade_id": "our_names", "solution": True, "grade": False, "locked": False, "schema_version": 3}
    cells = [nbformat.v4.new_code_cell(source, metadata={"nbgrader": about}) for source in sources]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('def f():\n    return ["Eve"]'), *cells])


def function(answer):
    return f'def our_names():\n    """Return both names."""\n    return {answer}'


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ('["Ada Lovelace", "Charles Babbage"]', ["Ada Lovelace", "Charles Babbage"]),
        ('"Zoë Müller", "Ünal Öz"', ["Zoë Müller", "Ünal Öz"]),
        ('("Ada", "Ada", " ")', ["Ada"]),
        ('"Ada Lovelace"', ["Ada Lovelace"]),
        ("...  # replace this line by your own code", []),
        ("[1, None]", []),
        ("[Ada, Charles]", []),
        ("[", []),
        ('["a\\x1b[2J"]', ["a\\x1b[2J"]),
        (f'["{"a" * 500}"]', ["a" * LONGEST]),
        ("(" * 5000, []),
    ],
)
def test_names_are_read_from_the_cell_and_nothing_is_run(answer, names):
    assert names_written_in(naming(function(answer))) == names


def test_a_notebook_without_the_cell_names_nobody():
    assert names_written_in(nbformat.v4.new_notebook()) == [] and people_of("anna", nbformat.v4.new_notebook()) == (
        ["anna"],
        [],
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("anna_schmidt", "Anna Schmidt", True),
        ("Schmidt, Anna", "anna schmidt", True),
        ("schmidtanna", "Anna Schmidt", True),
        ("schmidtanna", "Anna Meier", False),
        ("anna", "Anna Schmidt", True),
        ("Anna Schmidt", "Hanna Schmidt", False),
        ("(no name)", "Anna", False),
        ("---", "Anna", False),
    ],
)
def test_a_name_in_other_forms_is_one_person(one, other, same):
    assert same_person(one, other) == same_person(other, one) == same


def test_the_other_one_of_a_pair_is_told_and_strangers_are_looked_at():
    pair = naming(function('["Anna Schmidt", "Ben Meier"]'))
    assert people_of("anna_schmidt", pair)[0] == ["anna_schmidt", "Ben Meier"]
    assert "pair" in people_of("Ben Meier", pair)[1][0] and people_of("Ben Meier", pair)[0] == [
        "Ben Meier",
        "Anna Schmidt",
    ]
    people, (told,) = people_of("Group 7", pair)
    assert people == ["Group 7", "Anna Schmidt", "Ben Meier"] and "please look" in told
    people, (told,) = people_of("cleo", naming(function('["Ben Meier"]')))
    assert people == ["cleo", "Ben Meier"] and "please look" in told
    assert people_of("anna", naming(function('["Anna Schmidt"]'))) == (["anna"], [])


def test_each_of_a_pair_has_a_line_in_the_table(tmp_path):
    got = {"auto": 3.0, "by_hand": None, "most": 4.0, "waits": False, "person": False}
    record = {"student": "anna", "assignment": "5", "file": "a.ipynb", "notes": [], "said": {}, "code": {}}
    records = {
        "pair": record | {"marks": {"part_5_1": got}, "people": ["anna", "Ben Meier"]},
        "old": record | {"student": "zoe", "marks": {"part_5_1": got}},
    }
    marks.write_marks(records, tmp_path)
    with (tmp_path / "marks_5.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["student"], row["part 5.1"], row["result"]) for row in csv.DictReader(file)]
    assert rows == [("anna", "3.0", "pair"), ("Ben Meier", "3.0", "pair"), ("zoe", "3.0", "old")]


def test_a_second_name_that_cannot_be_read_is_told():
    by_hand = naming('def our_names():\n    names = ["Anna Schmidt", "Ben Koch"]\n    return names')
    for notebook in (by_hand, naming(function('"Anna Schmidt", "Anna Meier"'))):
        people, told = people_of("anna", notebook)
        assert people == ["anna"] and "no second name that can be read" in told[0]
    assert people_of("anna", naming(function('"Anna Schmidt"'))) == (["anna"], [])


def test_a_table_of_files_that_were_replaced_goes(tmp_path):
    record = {"student": "anna", "assignment": "1_the_data", "marks": {}, "notes": [], "file": "a.ipynb"}
    marks.write_marks({"one": record | {"assignment": ""}, "two": record}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"marks_1_the_data.csv", "marks_not_graded.csv"}
    marks.write_marks({"two": record}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"marks_1_the_data.csv"}
