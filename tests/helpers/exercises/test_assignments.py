"""What the parts of the assignments are judged by: fair to the right answer, and to no other."""

import itertools
import re
import types

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from classroom.measure import solution_cells
from classroom.sample_class import MISTAKES, REMAINS
from helpers import ROOT, coursework
from helpers.exercises import assignment_1, assignment_2, assignment_5
from tests.classroom.terms import ASSIGNMENTS, judges_of, most, numbers_with, offered, parts_of, turns

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


ALL_TURNS = [(assignment, turn) for assignment in ASSIGNMENTS for turn in range(len(turns(assignment)))]


@pytest.fixture(scope="module", params=ALL_TURNS, ids=lambda each: f"{each[0][0]}-{each[1]}")
def solved(request):
    """An assignment, the kinds of its parts, and a space in which its model solution was run."""
    return solved_as(request.param[0], turns(request.param[0])[request.param[1]])


def solved_as(assignment, kinds):
    space = {}
    exec(solution_cells(assignment, kinds), space)
    return assignment, kinds, space


def marks(assignment, kinds, space, seed=4711, only=None):
    """Return the marks of each part, with the functions that stand in a space."""
    everything = dict(space, check=judges_of(assignment)) | numbers_with(assignment, kinds)
    calls = {name: call.replace("seed=0", f"seed={seed}") for name, call in parts_of(assignment, kinds).items()}
    return {name: eval(call, everything) for name, call in calls.items() if only is None or name in only}


SLOW = ("part_2_5", "part_3_4", "part_5_6")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_model_solution_gets_full_marks(solved, seed):
    assignment, kinds, space = solved
    only = [name for name in most(assignment) if seed == 1 or name not in SLOW]
    assert marks(assignment, kinds, space, seed, only) == {name: most(assignment)[name] for name in only}


PARTS = [(assignment, part) for assignment in ASSIGNMENTS for part in offered(assignment)]


@pytest.mark.parametrize(("assignment", "part"), PARTS, ids=[part for _, part in PARTS])
def test_the_right_answer_of_another_kind_earns_less_than_half(assignment, part):
    """Whatever its variables are called: it is its doing that is judged."""
    kinds, name = offered(assignment)[part], f"part_{part.replace('.', '_')}"
    assert len(set(kinds)) == len(kinds) >= 3
    spaces = {kind: solved_as(assignment, {part: kind})[2] for kind in kinds}
    for asked, given in itertools.permutations(kinds, 2):
        others = turns(assignment)[0] | {part: asked}
        got = marks(assignment, others, spaces[given], only=[name])[name]
        assert got < most(assignment)[name] / 2, f"{asked} is asked for, {given} is given: {got}"


QUICK = ("part_1_2", "part_1_3", "part_2_1", "part_2_2", "part_2_3", "part_2_4", "part_3_1", "part_3_2", "part_3_3")
QUICK += ("part_4_1", "part_5_1", "part_5_2", "part_5_3", "part_5_4", "part_5_5")


def test_no_draw_is_unfair(solved):
    """Over many terms: a draw in which the right answer would be judged wrong is rare, and costs somebody marks."""
    assignment, kinds, space = solved
    quick = {name: worth for name, worth in most(assignment).items() if name in QUICK}
    for seed in range(100):
        assert marks(assignment, kinds, space, seed, quick) == quick, seed


def test_an_untouched_notebook_gets_none(solved, capsys):
    assignment, kinds, space = solved
    stubs = {name: lambda *_, **__: ... for name in space if callable(space[name])}
    assert set(marks(assignment, kinds, stubs).values()) == {0.0}
    assert capsys.readouterr().out.count("Not attempted") == len(most(assignment))


def test_the_marks_of_a_part_are_what_its_tests_are_worth(solved):
    assignment, kinds, space = solved
    for name, call in parts_of(assignment, kinds).items():
        judge = getattr(judges_of(assignment), re.search(r"check\.(\w+)\(", call).group(1))
        tests = f"tests({call.partition('(')[2]}".replace("seed=0", "rng=rng")
        given = dict(space, rng=np.random.default_rng(0), **numbers_with(assignment, kinds))
        given["tests"] = lambda *answers, rng, judge=judge, **term: judge.__wrapped__(rng, *answers, **term)
        assert sum(worth for worth, _ in eval(tests, given)) == judge.marks == most(assignment)[name]


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
    assignment, kinds, space = solved
    recorded = {name: Recorded(thing) if callable(thing) else thing for name, thing in space.items()}
    names = [name for name in most(assignment) if name not in SLOW]
    for call in parts_of(assignment, kinds).values():
        if not re.search("my_lenet|train|read_page", call):
            everything = dict(recorded, check=judges_of(assignment)) | numbers_with(assignment, kinds)
            exec(call.replace(", seed=0", ""), everything)
    for thing in recorded.values():
        if isinstance(thing, Recorded) and thing.answers:
            thing.again = 0
    assert set(marks(assignment, kinds, recorded, 7, names).values()) == {0.0}, capsys.readouterr().out


def of_each_kind(assignment, mistake):
    """Return the kinds of the part in which a mistake is made."""
    part = REMAINS[assignment][mistake][0].removeprefix("part_").replace("_", ".")
    return [{part: kind} for kind in offered(assignment).get(part, [""])]


@pytest.mark.parametrize(
    ("assignment", "mistake", "kind"),
    [(name, mistake, kind) for name in REMAINS for mistake in REMAINS[name] for kind in of_each_kind(name, mistake)],
)
def test_a_usual_mistake_costs_its_marks_and_is_named(assignment, mistake, kind, capsys):
    part, remains = REMAINS[assignment][mistake]
    _, kinds, space = solved_as(assignment, turns(assignment)[0] | kind)
    mine = space | {"right": types.SimpleNamespace(**space)}
    exec(MISTAKES[mistake], mine)
    capsys.readouterr()
    assert marks(assignment, kinds, mine, only=[part]) == {part: remains}
    assert re.search(r"^✗ .{40,}", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("answer", [None, 5, "text", [], np.zeros((3, 3)), print, lambda *_: None, lambda *_: object()])
def test_nonsense_gets_no_marks_and_never_raises(solved, answer):
    assignment, kinds, space = solved
    nonsense = {name: answer for name, thing in space.items() if callable(thing)}
    assert set(marks(assignment, kinds, nonsense).values()) == {0.0}


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


@pytest.mark.parametrize(("spoiled", "left"), [(0, 10), (2, 10), (3, 9)])
def test_two_pages_of_five_in_other_rows_cost_no_mark(monkeypatch, spoiled, left):
    """The model solution takes the upper stroke of a 5 for a row on one page in fourteen."""
    known, asked, draw = {}, [], assignment_5.number_page

    def number_page(rng, **how):
        grey, rows = draw(rng, **how)
        known[grey.tobytes()] = rows
        return grey, rows

    def read_page(grey, network):
        asked.append(grey)
        place = len(asked) - 1 - (1 + assignment_5.PAGES)  # of the five: one page and all pages come before them
        return [*known[grey.tobytes()], *(["1"] if 0 <= place < spoiled else [])]

    monkeypatch.setattr(assignment_5, "number_page", number_page)
    monkeypatch.setattr(assignment_5, "against_ours", lambda *_: "")  # the course's reader takes its time
    assert assignment_5.own_reader(read_page, goal=0.99, seed=1) == left
