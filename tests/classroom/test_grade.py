"""The grading of submissions: put in order, run apart, told to the instructor."""

import base64
import copy
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import psutil
import pytest

from classroom import feedback, likeness, marks, submissions
from classroom import grade as grading
from classroom import release as tool
from classroom.sample_class import answered
from helpers import ROOT
from helpers.exercises.fresh_kernel import NOT_RUN
from helpers.plots import figure_bundle
from tests.classroom.terms import ASSIGNMENTS, course_py, source

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
    mended, notes = submissions.mend(submission, RELEASED)
    assert " ".join(cell.source for cell in mended.cells) == expected
    assert remark in " ".join(notes)
    assert bool(remark) == bool(notes)


def test_outputs_of_another_program_do_not_stop_the_grading():
    submission = cells("a: x", "part_1: test", "b: y", "part_2: test")
    released = copy.deepcopy(RELEASED)
    released.cells[2].metadata["tags"] = [NOT_RUN]
    submission.cells[2].outputs = [nbformat.from_dict({"output_type": "hologram"})]
    mended, notes = submissions.mend(submission, released)
    assert "left out" in notes[0]
    nbformat.validate(mended)


def test_a_picture_that_was_pasted_into_a_written_answer_is_kept():
    released, submission = cells("a: stub"), cells("a: x")
    for notebook in (released, submission):
        notebook.cells[0] = nbformat.v4.new_markdown_cell("text", metadata=notebook.cells[0].metadata)
    submission.cells[0].attachments = {"photo.png": {"image/png": "aGVsbG8="}}
    mended, notes = submissions.mend(submission, released)
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
    assert submissions.student_of(Path("/in") / path, Path("/in"), ASSIGNMENTS) == student


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
    released = {name: tool.read_notebook(tool.COURSEWORK / "practice" / f"{name}.ipynb") for name in ASSIGNMENTS}
    assert told in submissions.load(path, tmp_path, released)[0].problem


def test_code_that_reaches_for_the_tests_is_pointed_at():
    for code in ("import sys; sys.modules", "check.convolution = 1", "import inspect", "import helpers.coursework"):
        assert submissions.remarks(cells(f"a: {code}"), "1_the_data"), code
    assert "keras" in submissions.remarks(cells("a: from helpers.quiet import keras"), "1_the_data")[0]
    for code in ("x = 1  # inspect", "from helpers.exercises import assignment_1 as check\ncheck.split(split)"):
        assert not submissions.remarks(cells(f"a: {code}"), "1_the_data"), code
    assert submissions.remarks(cells("a: from helpers.exercises import assignment_1 as c"), "1_the_data")


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
        ("5_pages_of_numbers", "read_page", "from helpers.handwriting import read_digits", True),
        ("5_pages_of_numbers", "mistakes", "from helpers.evaluation import edit_distance", True),
        ("5_pages_of_numbers", "part_5_7", "from helpers.handwriting import read_digits", False),
        ("5_pages_of_numbers", "our_names", "return ['Edi Tdistance', 'T. Orch']", False),
    ],
)
def test_what_a_part_may_not_use_is_pointed_at_there_alone(assignment, cell, code, told):
    assert bool(submissions.remarks(cells(f"{cell}: {code}"), assignment)) == told


def test_the_model_solutions_are_not_pointed_at():
    for assignment in ASSIGNMENTS:
        assert not submissions.remarks(source(assignment), assignment)
        # without the names of cells nobody sees that 5.7 may use the course's reader
        unnamed = submissions.remarks(tool.solved(source(assignment)), assignment)
        assert [each.split("`")[1] for each in unnamed] == ["helpers.handwriting"] * (assignment[0] == "5")


def test_two_gradings_of_one_release_do_not_run_at_once(tmp_path):
    lock = tmp_path / "running"
    lock.write_text(str(os.getppid()))  # another process that lives
    with pytest.raises(grading.Sorry, match="already"), grading.alone(tmp_path):
        pass
    assert lock.exists()
    for left in (
        "999999999",
        "",
        str(os.getpid()),
    ):  # killed; on a full disk; in a container, where all have one number
        lock.write_text(left)
        with grading.alone(tmp_path):
            assert lock.read_text() == str(os.getpid())
        assert not lock.exists()


def test_a_file_that_changed_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "anna_1_the_data.ipynb").write_text("{")
    released = {name: tool.read_notebook(tool.COURSEWORK / "practice" / f"{name}.ipynb") for name in ASSIGNMENTS}
    (new,) = submissions.submitted(tmp_path, released)
    old = {"student": "anna", "assignment": "", "file": "anna_1_the_data.ipynb"}
    other = dict(old, file="2/anna_1_the_data.ipynb")
    records = {"old": old, "other": other}
    for key, record in records.items():
        marks.save(record, tmp_path, key)
    grading.forget_earlier(records, new, tmp_path)
    assert records == {"other": other} and not (tmp_path / "kept" / "old.json").exists()


def test_a_figure_of_the_course_is_a_bare_picture_on_a_page_of_feedback():
    figure, _ = plt.subplots()
    text = 'a "line" & more'
    output = nbformat.v4.new_output("display_data", figure_bundle(figure, text, caption=True))
    plt.close(figure)
    picture = feedback.as_picture(output)
    assert (
        set(picture.data) == {"image/png", "text/plain"} and base64.b64decode(picture.data["image/png"])[1:4] == b"PNG"
    )
    assert picture.data["text/plain"] == picture.metadata["image/png"]["alt"] == text
    other = nbformat.v4.new_output("display_data", {"text/html": "<b>bold</b>"})
    assert feedback.as_picture(other).data == {"text/html": "<b>bold</b>"}


FORMULAS = [
    "=1+1",
    "-x",
    "x;=HYPERLINK(A1);y",
    "x\t@SUM(1)",
    'x;"=1"',
    "x; +1",
    "x\n=1",
    "x\r=1",
    " =1",
    "x,=1",
    "x|=1",
    "＝1",
]


@pytest.mark.parametrize("separator", list(",;\t|"))
def test_a_table_holds_no_formula_whatever_separates_its_cells(tmp_path, separator):
    path = tmp_path / "t.csv"
    marks.write_table(path, [["anna", text, "end", 3.0] for text in FORMULAS])
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter=separator) for cell in row]
    assert not [cell for cell in cells if re.match(r"[\s\"]*[=+\-@＝＋－＠]", cell)]


def test_what_holds_no_formula_is_written_as_it_is(tmp_path):
    marks.write_table(tmp_path / "t.csv", [["a-b", "x = 1; y - 2", "anna@home.org", "", -3.0]])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig") == "a-b,x = 1; y - 2,anna@home.org,,-3.0\n"


@pytest.mark.parametrize("comment", [*FORMULAS, "a; b - c", "it's; 'quoted'", "-1 for style; +1 for the idea"])
def test_a_comment_comes_back_from_the_table_as_it_was_written(tmp_path, comment):
    columns = ["result", "student", "part", "most", "marks", "comment"]
    marks.write_table(tmp_path / "by_hand.csv", [columns, ["key", "anna", "part 3.5", 7, 5.0, comment]])
    (row,) = marks.read_by_hand(tmp_path)
    assert row["comment"] == comment.strip()


# --- Nothing ends the batch ------------------------------------------------------------------------------------------

PRACTICE = {name: tool.read_notebook(tool.COURSEWORK / "practice" / f"{name}.ipynb") for name in ASSIGNMENTS}
ANSWER = "centre_of_ink"


def changed(change) -> bytes:
    """Return the practice notebook of the first assignment as a file, in which something was changed."""
    notebook = json.loads(nbformat.writes(PRACTICE["1_the_data"]))
    change(notebook, next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")))
    return json.dumps(notebook).encode()


ODD = {
    "400 elif": lambda nb, cell: cell.update(source="if x: pass\n" + "elif x: pass\n" * 400),
    "1+1+...": lambda nb, cell: cell.update(source="x = " + "1+" * 1500 + "1"),
    "((((...": lambda nb, cell: cell.update(source="(" * 5000),
    "half a pair": lambda nb, cell: cell.update(source="'\ud83d'"),
    "a null byte": lambda nb, cell: cell.update(source="x = '\0'"),
    "text for nbgrader": lambda nb, cell: cell["metadata"].update(nbgrader="text"),
    "text for nbgrader in front": lambda nb, cell: nb["cells"].insert(
        0, dict(cell, id="a", metadata={"nbgrader": "text", "tags": "text"})
    ),
    "a list for a name": lambda nb, cell: cell["metadata"]["nbgrader"].update(grade_id=["a"]),
    "text for metadata": lambda nb, cell: cell.update(metadata="text"),
    "metadata of the notebook": lambda nb, cell: nb.update(metadata={"kernelspec": 3, "nbgrader": []}),
    "no source": lambda nb, cell: cell.pop("source"),
    "a number for source": lambda nb, cell: cell.update(source=3),
    "no kind": lambda nb, cell: cell.pop("cell_type"),
    "an odd kind": lambda nb, cell: cell.update(cell_type="heading"),
    "odd outputs": lambda nb, cell: cell.update(outputs=[{"output_type": "stream", "text": {"a": 1}}, 3]),
    "odd attachments": lambda nb, cell: cell.update(cell_type="markdown", attachments=[3]),
    "a cell that is text": lambda nb, cell: nb["cells"].append("text"),
    "200 kB on one line": lambda nb, cell: cell.update(source="from helpers import " * 100_000),
    "check. for ever": lambda nb, cell: cell.update(source="check." * 300_000),
    "deep": lambda nb, cell: cell.update(metadata=json.loads('{"a":' * 300 + "1" + "}" * 300)),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_notebook_is_put_in_order_or_its_problem_told(tmp_path, odd):
    path = tmp_path / "anna_1_the_data.ipynb"
    path.write_bytes(changed(ODD[odd]))
    (got,) = submissions.load(path, tmp_path, PRACTICE)
    assert bool(got.problem) == (got.notebook is None)
    if got.notebook is not None:
        mended, _ = submissions.mend(got.notebook, PRACTICE[got.assignment])
        nbformat.validate(mended)
        assert nbformat.writes(mended).encode()
        submissions.remarks(mended, got.assignment)
        likeness.fingerprints(mended, PRACTICE[got.assignment])
        mine = [cell for cell in mended.cells if not submissions.grade_id(cell)]
        assert not [cell for cell in mine if set(cell.metadata) - {"tags"}], "a student's metadata reach the grader"


def test_a_deep_file_is_told(tmp_path):
    (tmp_path / "a.ipynb").write_text("[" * 100_000)
    assert "RecursionError" in submissions.load(tmp_path / "a.ipynb", tmp_path, PRACTICE)[0].problem


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_a_name_may_hold_any_bytes(tmp_path):
    inside = os.fsencode(tmp_path)
    for name in (b"b\xff", b"\x1b[2J\n", b"\xe2\x80\xaegnp"):
        os.mkdir(inside + b"/" + name)
        Path(os.fsdecode(inside + b"/" + name + b"/1_the_data.ipynb")).write_bytes(changed(lambda nb, cell: None))
    found = submissions.submitted(tmp_path, PRACTICE)
    assert sorted(each.student for each in found) == sorted(["b\\xff", "\\x1b[2J", "\\u202egnp"])
    assert len({each.key for each in found}) == 3 and not any(each.problem for each in found)
    for each in found:
        assert (each.file + each.student + each.key).isprintable() and each.file.encode()
        record = grading.empty_record(each)
        marks.save(record, tmp_path / "marks", each.key)
        marks.write_marks({each.key: record}, tmp_path / "marks")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_is_no_ordinary_file_is_told(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "secret")
    (tmp_path / "folder").symlink_to("/")
    closed = tmp_path / "closed.ipynb"
    closed.write_text("{}")
    read = Path.read_bytes

    def refuse(path):
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    told = {each.file: each.problem for each in submissions.submitted(tmp_path, PRACTICE)}
    assert "no ordinary" in told["pipe.ipynb"] and "link" in told["link.ipynb"] and "link" in told["folder"]
    assert "Permission denied" in told["closed.ipynb"]


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    def walk(folder, onerror):
        yield str(folder), ["closed"], []
        onerror(PermissionError(13, "Permission denied", str(folder / "closed")))

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(submissions.os, "walk", walk)
    (told,) = submissions.submitted(tmp_path, PRACTICE)
    assert told.file == "closed" and "cannot be opened" in told.problem


def one(tmp_path) -> submissions.Submission:
    (tmp_path / "anna_1_the_data.ipynb").write_bytes(changed(lambda nb, cell: None))
    (tmp_path / "marks").mkdir(exist_ok=True)
    return submissions.load(tmp_path / "anna_1_the_data.ipynb", tmp_path, PRACTICE)[0]


@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError(), OSError("disk"), tool.Sorry("a sentence")])
def test_whatever_is_raised_a_submission_ends_in_a_record(tmp_path, monkeypatch, error):
    def fails(*arguments):
        raise error

    monkeypatch.setattr(grading, "grade_one", fails)
    record = grading.graded(one(tmp_path), tmp_path, tmp_path, False)
    assert record["student"] == "anna" and "could not be graded" in record["notes"][0]
    assert (type(error).__name__ if not isinstance(error, tool.Sorry) else "a sentence") in record["notes"][0]
    assert not list((tmp_path / "marks" / "begun").iterdir())


def test_who_was_graded_when_the_grading_was_killed_comes_first_and_alone_and_not_a_third_time(tmp_path, monkeypatch):
    anna = one(tmp_path)
    begun = tmp_path / "marks" / "begun"

    class Killed(BaseException):
        pass

    def killed(submission, *arguments):
        raise Killed

    monkeypatch.setattr(grading.Path, "unlink", lambda *arguments, **named: None)  # nobody tidies up
    monkeypatch.setattr(grading, "grade_one", killed)
    for times in (1, 2):
        with pytest.raises(Killed):
            list(grading.grade_suspects([anna], tmp_path, tmp_path, False))
            grading.graded(anna, tmp_path, tmp_path, False)
        assert [path.name for path in begun.iterdir()] == [anna.key], times
    monkeypatch.undo()
    ((who, record),) = grading.grade_suspects([anna], tmp_path, tmp_path, False)
    assert who == anna and "Twice the grading was killed" in record["notes"][0] and not list(begun.iterdir())


def test_whoever_is_innocent_is_graded_after_all(tmp_path, monkeypatch):
    anna = one(tmp_path)
    (tmp_path / "marks" / "begun").mkdir()
    (tmp_path / "marks" / "begun" / anna.key).touch()
    monkeypatch.setattr(grading, "grade_one", lambda each, *arguments: grading.empty_record(each))
    ((who, record),) = grading.grade_suspects([anna], tmp_path, tmp_path, False)
    assert who == anna and "and then not" in record["notes"][0]


def test_a_damaged_record_is_graded_again(tmp_path, capsys):
    record = grading.empty_record(one(tmp_path))
    marks.save(record, tmp_path / "marks", "good")
    for name, text in {"cut": '{"file": "a', "list": "[]", "empty": "{}"}.items():
        (tmp_path / "marks" / "kept" / f"{name}.json").write_text(text)
    assert set(grading.kept_records(tmp_path / "marks")) == {"good"}
    assert capsys.readouterr().out.count("is graded again") == 3


# --- A graded class -------------------------------------------------------------------------------------------------


def table(release, assignment):
    with (release / "marks" / f"marks_{assignment}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.long
@pytest.mark.parametrize("assignment, full", list(zip(ASSIGNMENTS, (20, 24, 18, 15, 30), strict=True)))
def test_the_model_solution_is_graded_in_full(release, graded, assignment, full):
    row = table(release, assignment)["model"]
    assert float(row["marks"]) == full, row
    waits = {"3": "part 3.5 part 3.6", "4": "part 4.4 part 4.5", "5": "part 5.7 part 5.8"}
    assert row["waits"] == waits.get(assignment[0], "")
    assert "worked solution" in row["remarks"]


@pytest.mark.long
def test_both_of_a_pair_have_a_line_with_the_same_marks(release, graded):
    rows = table(release, "5_pages_of_numbers")
    assert set(rows) == {"model", "Ada Lovelace", "Charles Babbage"}
    assert all({**row, "student": ""} == {**rows["model"], "student": ""} for row in rows.values())
    assert "each of them has a line; please look" in rows["model"]["remarks"]


@pytest.mark.long
def test_an_untouched_notebook_is_graded_with_0_and_waits_for_nobody(release, graded):
    row = table(release, "3_train_and_report")["untouched"]
    assert float(row["marks"]) == 0 and row["waits"] == ""


@pytest.mark.long
def test_whatever_goes_wrong_costs_its_own_part_alone(release, graded):
    found = {name: float(row["marks"]) for name, row in table(release, "1_the_data").items()}
    assert found == graded[1] | {"model": 20}


@pytest.mark.long
@pytest.mark.parametrize(
    "student, told",
    [
        ("loops", "ran longer than 30 seconds"),
        ("holds_on", "ran longer than 30 seconds"),
        ("eats_memory", "more than 2.5 GB of memory"),
        ("kills_its_python", "ended the Python"),
        ("splits_a_cell", "was there 2 times"),
        ("deletes_cells", "put back: part_1_2"),
        ("exits", "centre_of_ink: the cell stops with SystemExit"),
        ("loses_the_names", "lost their names"),
        ("writes_into_the_tests", "please look"),
        ("shows_marks", "displayhook"),
    ],
)
def test_the_instructor_is_told(release, graded, student, told):
    assert told in table(release, "1_the_data")[student]["remarks"]


@pytest.mark.long
def test_files_that_are_no_notebooks_are_in_a_table_of_their_own(release, graded):
    rows = table(release, "not_graded")
    assert set(rows) == {"corrupt", "essay"}
    assert "not a notebook" in rows["essay"]["remarks"] and rows["essay"]["marks"] == ""


@pytest.mark.long
def test_nothing_that_a_submission_started_goes_on(graded):
    for process in psutil.process_iter():
        try:
            assert not process.environ().get("GRADING_MARKER"), process.cmdline()
        except psutil.Error:
            continue


@pytest.mark.long
def test_the_feedback_tells_marks_and_sentences_and_no_hidden_test(release, graded):
    sources = (release / "instructor" / "source").rglob("*.ipynb")
    seeds = re.findall(r"seed=(\d{9})", "".join(path.read_text(encoding="utf-8") for path in sources))
    assert len(seeds) > 10
    pages = list((release / "marks" / "feedback").rglob("*.html"))
    assert len(pages) == len(graded[1]) + len(ASSIGNMENTS) + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Score: " in text and "HIDDEN" not in text
        assert not [seed for seed in seeds if seed in text]
    (page,) = (release / "marks" / "feedback" / "1_the_data").glob("draws-*.html")
    figure = re.search(r'<img [^>]*src="data:image/png;base64,[^"]{500,}"', page.read_text(encoding="utf-8"))
    assert figure and 'alt="one digit, as it is stored."' in figure[0]
    (page,) = (release / "marks" / "feedback" / "1_the_data").glob("shows_marks-*.html")
    assert "hardly more than guessing" in page.read_text(encoding="utf-8")


@pytest.mark.long
def test_the_summary_says_what_most_got_wrong(release, graded):
    text = (release / "marks" / "summary.txt").read_text(encoding="utf-8")
    assert text in graded[2]
    assert re.search(r"^  1\.2 +\d+% of the marks   students with all: \d+, with none: \d+$", text, re.MULTILINE)
    assert re.search(r"^  3\.5 +0% of the marks .* waits: 1$", text, re.MULTILINE)
    assert "6 answers wait for a person" in text
    assert re.search(r"^  1\.4 .*\n +1 x It reads .*hardly more than guessing", text, re.MULTILINE)


@pytest.mark.long
def test_what_is_graded_is_not_graded_again_and_marks_by_hand_are_taken_over(release, graded):
    path = release / "marks" / "by_hand.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["part"]) for row in rows] == [
        ("model", part) for part in ("part 3.5", "part 3.6", "part 4.4", "part 4.5", "part 5.7", "part 5.8")
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
    marks.write_table(path, [list(rows[0]), *(list(row.values()) for row in rows)])
    written = path.read_bytes()
    done = course_py("grade", "--release", release, graded[0])
    assert done.returncode == 1 and path.read_bytes() == written
    assert "model, part 3.6: '8' is no number from 0 to 7" in done.stdout
    assert "model, part 9.9: there is no such result and part" in done.stdout
    row = table(release, "3_train_and_report")["model"]
    assert (row["part 3.5"], row["marks"], row["waits"]) == ("", "18.0", "part 3.5 part 3.6")


@pytest.mark.long
def test_an_interrupted_grading_goes_on_where_it_was(release, graded, tmp_path):
    for number in range(4):
        code = f"def centre_of_ink(image):\n    return {number}, 0"
        nbformat.write(answered(release, "1_the_data", centre_of_ink=code), tmp_path / f"late_{number}.ipynb")
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


# --- A release of before version 0.2, and answers that reach for what judges ----------------------------------------

#: In place of the classifier of part 1.4: something that writes into what judges, by its old name and by its new ones.
REACHES = {
    "old_name": "import helpers.coursework as c\nc.classifier = lambda *a, **k: 9.0",
    "new_name": "import helpers.exercises.assignment_1 as c\nc.classifier = lambda *a, **k: 9.0",
    "deeper": "import helpers.exercises.assignment as c\nc.problem_of = lambda test: ''",
    "data": "import helpers.mnist as c\nc.load_mnist = lambda: None",
}


@pytest.fixture(scope="module", params=["old", "new"])
def reached(request, tmp_path_factory):
    """A release, old or new, and the marks of answers that reach for what judges."""
    folder = tmp_path_factory.mktemp("reached")
    if request.param == "old":
        request.getfixturevalue("release")  # that the grader's environment is there
        shutil.copytree(Path(__file__).parent / "old_release", folder / "release")
    else:
        new = request.getfixturevalue("release")
        shutil.copytree(new, folder / "release", ignore=shutil.ignore_patterns("marks"))
    for name, code in REACHES.items():
        notebook = answered(folder / "release", "1_the_data", classifier=code + "\nfit = read = lambda *a: 1")
        nbformat.write(notebook, folder / f"{name}.ipynb")
    nbformat.write(answered(folder / "release", "1_the_data"), folder / "model.ipynb")
    (folder / "submissions").mkdir()
    for path in folder.glob("*.ipynb"):
        path.rename(folder / "submissions" / path.name)
    done = course_py("grade", "--release", folder / "release", folder / "submissions")
    assert done.returncode == 0, done.stdout + done.stderr
    return table(folder / "release", "1_the_data")


@pytest.mark.long
def test_a_release_of_any_version_is_graded(reached):
    assert float(reached["model"]["marks"]) == 20, reached["model"]


@pytest.mark.long
def test_who_writes_into_what_judges_earns_nothing_by_it(reached):
    for name in REACHES:
        assert float(reached[name]["marks"]) == 11 and float(reached[name]["part 1.4"]) == 0, reached[name]
        changed = {"old_name": "", "data": "helpers.mnist.load_mnist", "deeper": "assignment.problem_of"}
        word = changed.get(name, "assignment_1.classifier")
        assert word in reached[name]["remarks"] and "please look" in reached[name]["remarks"], reached[name]
