"""What the parts of the assignments are judged by: fair to the right answer, and to no other."""

import re
import types

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from classroom import release as tool
from classroom.measure import solution_cells
from classroom.sample_class import MISTAKES, REMAINS
from helpers import ROOT, coursework
from helpers.exercises import assignment_1, assignment_2
from tests.classroom.terms import ASSIGNMENTS, judges_of, most, parts_of, source


#: The parts as releases of before version 0.2 call them, in order.
OLD_NAMES = [
    "digit_statistics",
    "centre_of_mass",
    "split",
    "classifier",
    "convolution",
    "output_side",
    "parameters",
    "multiply_adds",
]
OLD_NAMES += [
    "own_lenet",
    "learning_rates",
    "sign_test",
    "choose",
    "training",
    "labelled_files",
    "to_ink",
    "preparation",
]


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def solved(request):
    """An assignment, and a space in which its model solution was run."""
    space = {}
    exec(solution_cells(request.param), space)
    return request.param, space


def marks(assignment, space, seed=None, only=None):
    """Return the marks of each part, with the functions that stand in a space; seed: other data than the term's."""
    found = {}
    for name, hidden in parts_of(assignment):
        if only is None or name in only:
            code = hidden if seed is None else re.sub(r"seed=\d+", f"seed={seed}", hidden)
            *before, call = code.strip().split("\n")
            everything = dict(space, check=judges_of(assignment))
            exec("\n".join(before), everything)
            found[name] = eval(call, everything)
    return found


SLOW = ("part_2_5", "part_3_4", "part_5_6")


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_model_solution_gets_full_marks(solved, seed):
    assignment, space = solved
    only = [name for name in most(assignment) if seed in (None, 1) or name not in SLOW]
    assert marks(assignment, space, seed, only) == {name: most(assignment)[name] for name in only}


QUICK = ("part_1_2", "part_1_3", "part_2_1", "part_2_2", "part_2_3", "part_2_4", "part_3_1", "part_3_2", "part_3_3")
QUICK += ("part_5_1", "part_5_2", "part_5_3", "part_5_4", "part_5_5")


def test_no_draw_is_unfair(solved):
    """Over many terms: a draw in which the right answer would be judged wrong is rare, and costs somebody marks."""
    assignment, space = solved
    quick = {name: worth for name, worth in most(assignment).items() if name in QUICK}
    for seed in range(150):
        assert marks(assignment, space, seed, quick) == quick, seed


def test_an_untouched_notebook_gets_none(solved, capsys):
    assignment, space = solved
    stubs = {name: lambda *_, **__: ... for name in space if callable(space[name])}
    assert set(marks(assignment, stubs).values()) == {0.0}
    assert capsys.readouterr().out.count("Not attempted") == len(most(assignment))


def test_the_marks_of_a_part_are_what_its_tests_are_worth(solved):
    assignment, _ = solved
    for name, hidden in parts_of(assignment):
        judge = getattr(judges_of(assignment), re.search(r"check\.(\w+)\(", hidden).group(1))
        numbers = [2.0] * hidden.count("=GOAL") + [1] * (hidden.count("=BUDGET") + hidden.count("=STEPS"))
        words = re.findall(r"(\w+)=(?:GOAL|BUDGET|STEPS)", hidden)
        functions = [print] * (judge.__wrapped__.__code__.co_argcount - 1 - len(words))
        given = dict(zip(words, numbers, strict=True))
        worth = [worth for worth, _ in judge.__wrapped__(np.random.default_rng(0), *functions, **given)]
        assert sum(worth) == judge.marks == most(assignment)[name]


class Recorded:
    """Answers typed in: what a function gave when the visible check called it, in that order, whatever is asked."""

    def __init__(self, function):
        self.function, self.answers, self.again = function, [], None
        self.__name__ = "recorded"

    def __call__(self, *arguments):
        if self.again is None:
            self.answers.append(self.function(*arguments))
            return self.answers[-1]
        self.again += 1
        return self.answers[(self.again - 1) % len(self.answers)]


def test_answers_that_are_typed_in_get_none(solved, capsys):
    """Networks cannot be typed in: for these parts see the table below."""
    assignment, space = solved
    recorded = {name: Recorded(thing) if callable(thing) else thing for name, thing in space.items()}
    names = [name for name in most(assignment) if name not in SLOW]
    visible = "\n".join(cell.source for cell in source(assignment).cells if tool.HIDDEN.search(cell.source))
    calls = [line for line in visible.split("\n") if line.startswith("check.") and "seed=" not in line]
    for call in calls:
        if not re.search("my_lenet|train|read_page", call):
            exec(call, dict(recorded, check=judges_of(assignment)))
    for thing in recorded.values():
        if isinstance(thing, Recorded) and thing.answers:
            thing.again = 0
    assert set(marks(assignment, recorded, 7, names).values()) == {0.0}, capsys.readouterr().out


@pytest.mark.parametrize("assignment, mistake", [(name, mistake) for name in REMAINS for mistake in REMAINS[name]])
def test_a_usual_mistake_costs_its_marks_and_is_named(assignment, mistake, capsys):
    space, (part, remains) = {}, REMAINS[assignment][mistake]
    exec(solution_cells(assignment), space)
    mine = space | {"right": types.SimpleNamespace(**space)}
    exec(MISTAKES[mistake], mine)
    capsys.readouterr()
    assert marks(assignment, mine, only=[part]) == {part: remains}
    assert re.search(r"^✗ .{40,}", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("answer", [None, 5, "text", [], np.zeros((3, 3)), print, lambda *_: None, lambda *_: object()])
def test_nonsense_gets_no_marks_and_never_raises(solved, answer):
    assignment, space = solved
    nonsense = {name: answer for name, thing in space.items() if callable(thing)}
    assert set(marks(assignment, nonsense).values()) == {0.0}


def test_a_function_that_stops_is_said_to_stop(capsys):
    def stops(*_):
        raise SystemExit("no")

    assert assignment_2.output_side(stops, seed=1) == 0
    assert "stops with SystemExit: no" in capsys.readouterr().out


def test_a_release_of_before_version_0_2_runs_as_its_students_have_it():
    """Every part is there under the name that old releases import, and one of them runs from top to bottom."""
    old = ROOT / "tests" / "classroom" / "old_release" / "students" / "1_the_data.ipynb"
    notebook = nbformat.read(old, as_version=4)
    assert "from helpers import coursework as check" in old.read_text(encoding="utf-8")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    checks = [cell for cell in notebook.cells if cell.cell_type == "code" and "\ncheck." in cell.source]
    assert len(checks) == 4
    assert all("Not attempted yet" in cell.outputs[0].text for cell in checks)
    new = [getattr(coursework, name) for name in OLD_NAMES]
    assert [judge.marks for judge in new] == [4, 3, 4, 9, 5, 3, 4, 3, 9, 4, 3, 3, 8, 3, 4, 8]


def test_what_a_function_does_to_its_arguments_changes_nothing():
    space = {}
    exec(solution_cells("1_the_data"), space)

    def spoils(x, y):
        result = space["digit_statistics"](x, y)
        x[:], y[:] = 0, 0
        return result

    assert assignment_1.digit_statistics(spoils, seed=3) == 4
