"""The assignments: what the parts are judged by, the releases that are made of them, and the grading of submissions.

The tests of releases and grading need the instructor's environment, which `course.py coursework` installs. Where it is
missing they are skipped, unless NEEDS_GRADER is set, as continuous integration does: then it is installed first.
"""

import copy
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

from helpers import ROOT, coursework
from tools import coursework as tool
from tools import grading
from tools.measure_coursework import MEASURES, SEEDS, made_by, solution_cells
from tools.sample_class import MISTAKES, REMAINS, answered, troubled

ASSIGNMENTS = list(tool.TERM_NUMBERS)
NUMBERS = tool.draw_numbers("a term of the tests")
MEASURED = json.loads(tool.MEASURED.read_text(encoding="utf-8"))["parts"]


def source(assignment):
    return tool.source_of(assignment, "a term of the tests", NUMBERS[assignment])


def parts_of(assignment):
    """Return each part that tests judge: its name, and the code of its hidden test without the seed."""
    for cell in source(assignment).cells:
        hidden = tool.HIDDEN.search(cell.source)
        if hidden:
            yield cell.metadata["nbgrader"]["grade_id"], hidden.group(1)


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
            everything = dict(space, check=coursework)
            exec("\n".join(before), everything)
            found[name] = eval(call, everything)
    return found


def most(assignment):
    return {
        cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]["points"]
        for cell in source(assignment).cells
        if tool.HIDDEN.search(cell.source)
    }


# --- What the parts are judged by ----------------------------------------------------------------------------------

SLOW = ("part_2_5", "part_3_4")


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_model_solution_gets_full_marks(solved, seed):
    assignment, space = solved
    only = [name for name in most(assignment) if seed in (None, 1) or name not in SLOW]
    assert marks(assignment, space, seed, only) == {name: most(assignment)[name] for name in only}


QUICK = ("part_1_2", "part_1_3", "part_2_1", "part_2_2", "part_2_3", "part_2_4", "part_3_1", "part_3_2", "part_3_3")


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
        judge = getattr(coursework, re.search(r"check\.(\w+)\(", hidden).group(1))
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
        if not re.search("my_lenet|train", call):
            exec(call, dict(recorded, check=coursework))
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

    assert coursework.output_side(stops, seed=1) == 0
    assert "stops with SystemExit: no" in capsys.readouterr().out


def test_what_a_function_does_to_its_arguments_changes_nothing():
    space = {}
    exec(solution_cells("1_the_data"), space)

    def spoils(x, y):
        result = space["digit_statistics"](x, y)
        x[:], y[:] = 0, 0
        return result

    assert coursework.digit_statistics(spoils, seed=3) == 4


# --- Goals ---------------------------------------------------------------------------------------------------------


def test_the_goals_lie_four_standard_deviations_below_what_30_seeds_reached():
    assert set(MEASURED) == set(MEASURES) and len(SEEDS) == 30
    for part, measured in MEASURED.items():
        reached = np.array(measured["reached"])
        assert len(reached) == 30
        assert np.isclose(reached.mean(), measured["mean"], atol=1e-4)
        assert np.isclose(reached.std(ddof=1), measured["sd"], atol=1e-4)
        for seed in range(50):
            for numbers in (tool.draw_numbers(str(seed)),):
                assert numbers[MEASURES[part][0]]["GOAL"] <= reached.mean() - 4 * reached.std(ddof=1)
        assert measured["hash"] == made_by(part), "please run `python -m tools.measure_coursework`"


def test_a_term_is_drawn_from_its_seed_alone():
    assert tool.draw_numbers("one") == tool.draw_numbers("one") != tool.draw_numbers("two")
    for assignment in ASSIGNMENTS:
        one, again, two = (tool.source_of(assignment, seed, NUMBERS[assignment]) for seed in ("one", "one", "two"))
        seeds = [re.findall(r"seed=(\d{9})", "".join(cell.source for cell in each.cells)) for each in (one, again, two)]
        assert seeds[0] == seeds[1] and not set(seeds[0]) & set(seeds[2])
        assert len(set(seeds[0])) == len(seeds[0]) == len(most(assignment))


# --- What stands in the repository ---------------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_worked_solution_is_the_sources_and_ran_without_an_error(assignment):
    stored = tool.read(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb")
    made = tool.solved(tool.practice_sources()[assignment])
    renew = "please run `python3 course.py coursework --practice`"
    assert [cell.source for cell in stored.cells] == [cell.source for cell in made.cells], renew
    kinds = {output.output_type for cell in stored.cells for output in cell.get("outputs", [])}
    assert kinds <= {"stream", "display_data", "execute_result"}
    checks = [cell for cell in stored.cells if cell.cell_type == "code" and re.search(r"^check\.", cell.source, re.M)]
    assert len(checks) == len(most(assignment))
    assert all("✓" in tool.printed(cell) for cell in checks)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_practice_version_tells_nothing(assignment):
    practice = tool.read(tool.COURSEWORK / "practice" / f"{assignment}.ipynb")
    text = "\n".join(cell.source for cell in practice.cells)
    assert not [line for line in tool.secrets_of(source(assignment)) if line in text]
    assert "HIDDEN" not in text and "SOLUTION" not in text and "return ..." in text


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_table_of_marks_is_that_of_the_cells(assignment):
    cells = source(assignment).cells
    table = dict(re.findall(r"^\| (\d\.\d) \|[^|]+\| (\d+) \|", cells[0].source, re.MULTILINE))
    about = [cell.metadata["nbgrader"] for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert {grading.part_of(each["grade_id"]): str(each["points"]) for each in about} == table
    assert f"**{sum(map(int, table.values()))}**" in cells[0].source


# --- Putting a submission in order ---------------------------------------------------------------------------------


def cells(*what):
    """Return a notebook of cells: `name: source` with nbgrader's metadata, or a source alone."""
    made = []
    for text in what:
        name, _, code = text.rpartition(": ")
        cell = nbformat.v4.new_code_cell(code)
        if name:
            tests = name.startswith("part")
            about = {"grade": tests, "solution": not tests, "locked": tests, "grade_id": name, "schema_version": 3}
            cell.metadata["nbgrader"] = about | {"task": False} | ({"points": 1} if tests else {})
        made.append(cell)
    return nbformat.v4.new_notebook(cells=made)


RELEASED = cells("a: stub", "part_1: test", "b: stub", "part_2: test")


@pytest.mark.parametrize(
    "submission, expected, remark",
    [
        (cells("a: x", "part_1: test", "b: y", "part_2: test"), "x test y test", ""),
        (cells("a: x", "part_1: cheat", "b: y", "part_2: test"), "x test y test", ""),
        (cells("a: x", "b: y"), "x test y test", "put back: part_1, part_2"),
        (cells("part_1: test", "b: y", "part_2: test"), " test y test", "missing, or have lost their names: a"),
        (cells("a: x", "a: x2", "part_1: test", "b: y", "part_2: t"), "x x2 test y test", "a: the cell was there 2"),
        (cells("a: x", "part_1: test", "part_1: test", "b: y", "part_2: t"), "x test y test", "part_1: the cell was"),
        (cells("a: x", "mine", "part_1: test", "b: y", "part_2: test"), "x mine test y test", ""),
        (cells("first", "a: x", "part_1: test", "b: y", "part_2: test", "last"), "first x test y test last", ""),
        (cells("b: y", "part_2: test", "a: x", "part_1: test"), "x test y test", ""),
        (cells("x", "y"), "x y  test  test", "missing"),
    ],
)
def test_a_submission_is_put_in_order(submission, expected, remark):
    mended, notes = grading.mend(submission, RELEASED)
    assert " ".join(cell.source for cell in mended.cells) == expected
    assert remark in " ".join(notes)
    assert bool(remark) == bool(notes)


def test_outputs_of_another_program_do_not_stop_the_grading():
    submission = cells("a: x", "part_1: test", "b: y", "part_2: test")
    released = copy.deepcopy(RELEASED)
    released.cells[2].metadata["tags"] = [tool.NOT_RUN]
    submission.cells[2].outputs = [nbformat.from_dict({"output_type": "hologram"})]
    mended, notes = grading.mend(submission, released)
    assert "left out" in notes[0]
    nbformat.validate(mended)


def test_a_picture_that_was_pasted_into_a_written_answer_is_kept():
    released, submission = cells("a: stub"), cells("a: x")
    for notebook in (released, submission):
        notebook.cells[0] = nbformat.v4.new_markdown_cell("text", metadata=notebook.cells[0].metadata)
    submission.cells[0].attachments = {"photo.png": {"image/png": "aGVsbG8="}}
    mended, notes = grading.mend(submission, released)
    assert mended.cells[0].attachments == submission.cells[0].attachments and not notes


@pytest.mark.parametrize(
    "path, student",
    [
        ("anna/1_the_data.ipynb", "anna"),
        ("Anna Schmidt_4711_assignsubmission_file_/1_the_data.ipynb", "Anna Schmidt"),
        ("anna_schmidt_1_the_data.ipynb", "anna_schmidt"),
        ("1_the_data - Anna.ipynb", "Anna"),
        ("Zoë Müller - 1_the_data (1).ipynb", "Zoë Müller"),
        ("Ünal Öz 1_the_data.ipynb", "Ünal Öz"),
        ("1_the_data.ipynb", "(no name)"),
    ],
)
def test_the_name_of_a_student(path, student):
    assert grading.student_of(Path("/in") / path, Path("/in"), ASSIGNMENTS) == student


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "empty"),
        (b"{", "damaged"),
        (bytes(range(256)), "damaged"),
        (b"[1, 2]", "damaged"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": "many"}', "damaged"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "none of the release's"),
    ],
)
def test_a_file_that_is_no_submission_is_told(tmp_path, content, told):
    path = tmp_path / "anna.ipynb"
    path.write_bytes(content)
    released = {name: tool.read(tool.COURSEWORK / "practice" / f"{name}.ipynb") for name in ASSIGNMENTS}
    assert told in grading.load(path, tmp_path, released).problem


def test_code_that_reaches_for_the_tests_is_pointed_at():
    for code in ("import sys; sys.modules", "check.convolution = 1", "import inspect", "import helpers.coursework"):
        assert grading.remarks(cells(f"a: {code}"), "1_the_data"), code
    assert "keras" in grading.remarks(cells("a: from helpers.quiet import keras"), "1_the_data")[0]
    assert not grading.remarks(cells("a: x = 1  # inspect"), "1_the_data")


@pytest.mark.parametrize(
    ("assignment", "cell", "code", "told"),
    [
        ("2_convolution_and_counting", "count_parameters", "network.count_params()", True),
        ("2_convolution_and_counting", "my_lenet", "network.count_params()", False),
        ("3_train_and_report", "learning_rates", "from helpers.training import warmup_cosine", True),
        ("3_train_and_report", "train", "from helpers.training import warmup_cosine", False),
        ("4_your_handwriting", "prepare", "from helpers.handwriting import prepare", True),
        ("4_your_handwriting", "prepare", "from helpers import ROOT, handwriting", True),
        ("4_your_handwriting", "part_4_4", "from helpers import handwriting", False),
        ("4_your_handwriting", "to_ink", "handwriting = grey < 100", False),
    ],
)
def test_what_a_part_may_not_use_is_pointed_at_there_alone(assignment, cell, code, told):
    assert bool(grading.remarks(cells(f"{cell}: {code}"), assignment)) == told


def test_the_model_solutions_are_not_pointed_at():
    for assignment in ASSIGNMENTS:
        assert not grading.remarks(tool.solved(source(assignment)), assignment)


def test_two_gradings_of_one_release_do_not_run_at_once(tmp_path):
    with grading.alone(tmp_path), pytest.raises(grading.Sorry, match="already"), grading.alone(tmp_path):
        pass
    (tmp_path / "running").write_text("999999999")  # it was killed
    with grading.alone(tmp_path):
        assert (tmp_path / "running").exists()
    assert not (tmp_path / "running").exists()


def test_a_file_that_changed_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "anna_1_the_data.ipynb").write_text("{")
    released = {name: tool.read(tool.COURSEWORK / "practice" / f"{name}.ipynb") for name in ASSIGNMENTS}
    (new,) = grading.submitted(tmp_path, released)
    old = {"student": "anna", "assignment": "", "file": "anna_1_the_data.ipynb"}
    other = dict(old, file="2/anna_1_the_data.ipynb")
    records = {"old": old, "other": other}
    for key, record in records.items():
        grading.save(record, tmp_path, key)
    grading.forget_earlier(records, new, tmp_path)
    assert records == {"other": other} and not (tmp_path / "kept" / "old.json").exists()


def test_a_table_holds_no_formula(tmp_path):
    grading.write_table(tmp_path / "t.csv", [["=1+1", "-x", "anna", "", 3.0]])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig") == "'=1+1,'-x,anna,,3.0\n"


# --- A release, and its grading ------------------------------------------------------------------------------------

INSTRUCTOR = ROOT / ".venv-instructor"


def course_py(*arguments, **options):
    """Run a verb of course.py, as an instructor does."""
    command = [sys.executable, str(ROOT / "course.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    if not (INSTRUCTOR / "installed").exists() and not os.environ.get("NEEDS_GRADER"):
        pytest.skip("grading is not installed: `python3 course.py grade --help` installs it")
    folder = tmp_path_factory.mktemp("a term") / "release"
    done = course_py("coursework", "--seed", "tests", "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def graded(release, tmp_path_factory):
    """A class: model and untouched notebooks, those in which something goes wrong, and files that are none."""
    folder, expected = tmp_path_factory.mktemp("submissions"), {}
    for assignment in ASSIGNMENTS:
        (folder / "model").mkdir(exist_ok=True)
        nbformat.write(answered(release, assignment), folder / "model" / f"{assignment}.ipynb")
    untouched = tool.read(release / "students" / "3_train_and_report.ipynb")
    nbformat.write(untouched, folder / "untouched_3_train_and_report.ipynb")
    for name, (notebook, left) in troubled(release).items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
        expected[name] = left
    (folder / "corrupt.ipynb").write_text("{")
    (folder / "essay.pdf").write_bytes(b"%PDF")
    code = "import sys, tools.grading as g\ng.CELL_SECONDS, g.MEMORY_GB = 30, 2.5\nsys.exit(g.main(sys.argv[1:]))"
    python = INSTRUCTOR / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    path = str(python.parent) + os.pathsep + os.environ["PATH"]
    environ = os.environ | {"COURSE_PYTHON": sys.executable, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = [str(python), "-P", "-c", code, "--release", str(release), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environ, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, expected, done.stdout


def table(release, assignment):
    with (release / "marks" / f"marks_{assignment}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("assignment, full", list(zip(ASSIGNMENTS, (20, 24, 18, 15), strict=True)))
def test_the_model_solution_is_graded_in_full(release, graded, assignment, full):
    row = table(release, assignment)["model"]
    assert float(row["marks"]) == full, row
    assert row["waits"] == {"3": "part 3.5 part 3.6", "4": "part 4.4 part 4.5"}.get(assignment[0], "")
    assert "worked solution" in row["remarks"]


def test_an_untouched_notebook_is_graded_with_0_and_waits_for_nobody(release, graded):
    row = table(release, "3_train_and_report")["untouched"]
    assert float(row["marks"]) == 0 and row["waits"] == ""


def test_whatever_goes_wrong_costs_its_own_part_alone(release, graded):
    found = {name: float(row["marks"]) for name, row in table(release, "1_the_data").items()}
    assert found == graded[1] | {"model": 20}


@pytest.mark.parametrize(
    "student, told",
    [
        ("loops", "ran longer than 30 seconds"),
        ("holds_on", "ran longer than 30 seconds"),
        ("eats_memory", "more than 2.5 GB of memory"),
        ("kills_its_python", "ended the Python"),
        ("splits_a_cell", "was there 2 times"),
        ("deletes_cells", "put back: part_1_2"),
        ("exits", "centre_of_mass: the cell stops with SystemExit"),
        ("loses_the_names", "lost their names"),
        ("writes_into_the_tests", "please look"),
        ("shows_marks", "displayhook"),
    ],
)
def test_the_instructor_is_told(release, graded, student, told):
    assert told in table(release, "1_the_data")[student]["remarks"]


def test_files_that_are_no_notebooks_are_in_a_table_of_their_own(release, graded):
    rows = table(release, "not_graded")
    assert set(rows) == {"corrupt", "essay"}
    assert "not a notebook" in rows["essay"]["remarks"] and rows["essay"]["marks"] == ""


def test_nothing_that_a_submission_started_goes_on(graded):
    for process in psutil.process_iter():
        try:
            assert not process.environ().get("GRADING_MARKER"), process.cmdline()
        except psutil.Error:
            continue


def test_the_feedback_tells_marks_and_sentences_and_no_hidden_test(release, graded):
    sources = (release / "instructor" / "source").rglob("*.ipynb")
    seeds = re.findall(r"seed=(\d{9})", "".join(path.read_text(encoding="utf-8") for path in sources))
    assert len(seeds) > 10
    pages = list((release / "marks" / "feedback").rglob("*.html"))
    assert len(pages) == len(graded[1]) + 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Score: " in text and "HIDDEN" not in text
        assert not [seed for seed in seeds if seed in text]
    (page,) = (release / "marks" / "feedback" / "1_the_data").glob("shows_marks-*.html")
    assert "hardly more than guessing" in page.read_text(encoding="utf-8")


def test_the_summary_says_what_most_got_wrong(release, graded):
    text = (release / "marks" / "summary.txt").read_text(encoding="utf-8")
    assert text in graded[2]
    assert re.search(r"^  1\.2 +\d+% of the marks   students with all: \d+, with none: \d+$", text, re.MULTILINE)
    assert re.search(r"^  3\.5 +0% of the marks .* waits: 1$", text, re.MULTILINE)
    assert "4 answers wait for a person" in text
    assert re.search(r"^  1\.4 .*\n +1 x It reads .*hardly more than guessing", text, re.MULTILINE)


def test_what_is_graded_is_not_graded_again_and_marks_by_hand_are_taken_over(release, graded):
    path = release / "marks" / "by_hand.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["part"]) for row in rows] == [
        ("model", part) for part in ("part 3.5", "part 3.6", "part 4.4", "part 4.5")
    ]
    tested = table(release, "2_convolution_and_counting")["model"]["result"]
    rows[0] |= {"marks": "4,5", "comment": "A fine question, für mich."}
    rows.append(dict(rows[0], result=tested, part="part 2.1", marks="3", comment="Not your own."))
    with path.open("w", encoding="cp1252", newline="") as file:  # as a German spreadsheet writes it
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    stored = {each: each.stat().st_mtime_ns for each in (release / "marks" / "kept").glob("*/autograded")}
    done = course_py("grade", "--release", release, graded[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored == {each: each.stat().st_mtime_ns for each in (release / "marks" / "kept").glob("*/autograded")}
    row = table(release, "3_train_and_report")["model"]
    assert (row["part 3.5"], row["marks"], row["waits"]) == ("4.5", "22.5", "part 3.6")
    row = table(release, "2_convolution_and_counting")["model"]
    assert (row["part 2.1"], row["marks"]) == ("3.0", "22.0")
    for assignment, comment in (("3_train_and_report", "für mich."), ("2_convolution_and_counting", "Not your own.")):
        (page,) = (release / "marks" / "feedback" / assignment).glob("model-*.html")
        assert comment in page.read_text(encoding="utf-8")

    rows[0]["marks"] = ""  # withdrawn; and what cannot be understood is told, and stays
    rows[1]["marks"], rows[2]["part"], rows[2]["marks"] = "8", "part 9.9", "1"
    grading.write_table(path, [list(rows[0]), *(list(row.values()) for row in rows)])
    written = path.read_bytes()
    done = course_py("grade", "--release", release, graded[0])
    assert done.returncode == 1 and path.read_bytes() == written
    assert "model, part 3.6: '8' is no number from 0 to 7" in done.stdout
    assert "model, part 9.9: there is no such result and part" in done.stdout
    row = table(release, "3_train_and_report")["model"]
    assert (row["part 3.5"], row["marks"], row["waits"]) == ("", "18.0", "part 3.5 part 3.6")


def test_an_interrupted_grading_goes_on_where_it_was(release, graded, tmp_path):
    for number in range(4):
        code = f"def centre_of_mass(image):\n    return {number}, 0"
        nbformat.write(answered(release, "1_the_data", centre_of_mass=code), tmp_path / f"late_{number}.ipynb")
    command = [sys.executable, str(ROOT / "course.py"), "grade", "--release", str(release), str(tmp_path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    for line in running.stdout:
        if " of 4 " in line:
            break
    running.send_signal(signal.SIGTERM)
    rest = running.stdout.read()
    assert running.wait(60) == 130 and "goes on where it was" in rest
    time.sleep(1)
    test_nothing_that_a_submission_started_goes_on(graded)
    done = course_py("grade", "--release", release, tmp_path)
    assert re.search(r"4 files, [123] of them graded already", done.stdout)
    rows = table(release, "1_the_data")
    assert [float(rows[f"late_{number}"]["marks"]) for number in range(4)] == [17] * 4
    assert set(graded[1]) < set(rows), "what was graded from another folder stays in the table"


def test_a_release_that_tells_too_much_or_does_not_run_is_not_written(release, monkeypatch):
    monkeypatch.setenv("COURSE_PYTHON", sys.executable)
    notebook = source("1_the_data")
    with pytest.raises(tool.Sorry, match="should not"):
        tool.check_release("1", tool.solved(notebook), notebook)
    with pytest.raises(tool.Sorry, match="does not run"):
        tool.check_release("1", cells("a: 1 / 0"), cells())
    with pytest.raises(tool.Sorry, match="should say so"):
        tool.check_release("1", cells("part_1: print('✓')"), cells())


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["coursework", "--seed", "x", "--out", ROOT / "tests"], "not empty"),
        (["grade", "--release", ROOT / "tests", ROOT / "tests"], "is no release"),
    ],
)
def test_a_wrong_folder_is_told(release, arguments, told):
    done = course_py(*arguments)
    assert done.returncode == 1 and told in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_each_number_of_a_model_answer_stands_in_an_output_above_it():
    for assignment in ASSIGNMENTS:
        printed = ""
        for cell in tool.read(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb").cells:
            printed += "".join(output.get("text", "") for output in cell.get("outputs", []))
            if cell.source.startswith("**A model answer.**"):
                percentages = re.findall(r"[\d.]+ ?%", cell.source)
                missing = [each for each in percentages if each.replace(" ", "") not in printed]
                assert not missing, f"{assignment}: {missing} is not printed above"


def test_the_model_report_keeps_to_its_length():
    cells = tool.read(tool.COURSEWORK / "solutions" / "3_train_and_report.ipynb").cells
    (report,) = [cell.source for cell in cells if "**A model answer.**" in cell.source]
    assert 150 <= len(report.removeprefix("**A model answer.**").split()) <= 250
