"""Handing in: what a student is told of a notebook, the file to upload, and what leaves the notebook alone."""

import errno
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from helpers import INSIDE_A_COPY, ROOT, CourseError
from helpers.exercises import fresh_kernel, hand_in, packing
from helpers.exercises.fresh_kernel import CellRun

SOURCES = sorted((ROOT / "notebooks/coursework/source").glob("*.ipynb"))
CELLS = ["setup", "first", "part_9_1", "second", "part_9_2", "part_9_3", "hand_in"]
#: A small assignment: what its cells hold when all is right.
RIGHT = {
    "setup": "import os",
    "first": "x = 1",
    "part_9_1": "print('✓ 4 of 4 marks. Grading uses other data.')",
    "second": "y = 2",
    "part_9_2": "print('· Not attempted yet: write your answer.')",
    "part_9_3": "My report.",
    "hand_in": "from helpers.exercises.hand_in import hand_in\n\nhand_in()",
}


def made(leave=(), twice=(), says=True, **changes):
    """Return the small assignment with other texts in its cells, without some, or with some twice."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    if says:
        notebook.metadata["course"] = {"assignment": "9_trial", "cells": CELLS}
    for name in CELLS:
        if name in leave:
            continue
        new = nbformat.v4.new_markdown_cell if name == "part_9_3" else nbformat.v4.new_code_cell
        solution = name in ("first", "second", "part_9_3")
        about = {"grade_id": name, "grade": name.startswith("part"), "solution": solution, "locked": not solution}
        for _ in range(2 if name in twice else 1):
            notebook.cells.append(new(changes.get(name, RIGHT[name]), metadata={"nbgrader": about}))
    return notebook


def stored(folder: Path, notebook, name="anna_9_trial.ipynb") -> Path:
    nbformat.write(notebook, folder / name)
    return folder / name


def silent(line: str) -> None:
    pass


# --- In a fresh kernel ---------------------------------------------------------------------------------------------


def test_a_notebook_is_packed_as_it_is_and_runs_once(tmp_path, monkeypatch):
    """An error, an endless loop and a cell that hands in do not keep the others from running."""
    monkeypatch.setattr(fresh_kernel, "CELL_SECONDS", 2)
    told = []
    again = 'from helpers.exercises.hand_in import hand_in\nhand_in()\n!"{}" -m helpers.exercises.hand_in x.ipynb'
    notebook = made(first="x = 1\nwhile True: pass", second=f"here = os.listdir()\n1/0\n{again.format(sys.executable)}")
    notebook.cells.insert(3, nbformat.v4.new_code_cell(again.format(sys.executable)))
    path = stored(tmp_path, notebook)
    before = path.read_bytes(), path.stat().st_mtime_ns
    page = packing.pack_up(path, told.append)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert "first: It ran longer than 2 seconds, and was stopped, as grading does." in page
    assert "ZeroDivisionError" in page and "9.1   yes" in page and "9.2   no" in page
    assert told[-1] == "" and any("part 9.1" in line for line in told)
    (packed,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(packed) as archive:
        assert set(archive.namelist()) == {path.name, packing.PAGE, packing.PRINTED, packing.VERSIONS}
        assert archive.read(path.name) == before[0]
        assert archive.read(packing.PAGE).decode().strip() in page
        printed = archive.read(packing.PRINTED).decode()
        assert json.loads(archive.read(packing.VERSIONS))["packages"]["numpy"]
    assert printed.count("waits for you") == 2 and "✓ 4 of 4" in printed and str(Path.home()) not in printed
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, packed.name]


def test_what_holds_on_is_ended_and_the_rest_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(fresh_kernel, "CELL_SECONDS", 1)
    monkeypatch.setattr(fresh_kernel, "PATIENCE", 1)
    code = "import time\nwhile True:\n  try: time.sleep(1)\n  except BaseException: pass"
    page = packing.pack_up(stored(tmp_path, made(first=code)), silent)
    assert "its Python was ended" in " ".join(page.split()) and "(code cells: 3)" in page
    assert "9.1   ?" in page and "It could not be run." in page


# --- What is told --------------------------------------------------------------------------------------------------


def page(notebook, name="anna_9_trial.ipynb", **ran):
    """Return the page of a notebook whose cells printed this; all of them ran."""
    runs = {}
    for index, cell in enumerate(notebook.cells):
        mine = packing.name_of(cell)
        if cell.cell_type == "code" and mine != "hand_in":
            text = nbformat.v4.new_output("stream", text=ran.get(mine, "✓ 1 of 1 marks."))
            runs[index] = CellRun(1.0, [text], "")
    return " ".join(packing.page_about(Path(name), notebook, "Saved.", runs).split())


def test_all_is_well():
    said = page(made())
    assert "All 7 cells" in said and "Yes, from top to bottom" in said and "the name `anna`" in said
    assert "9.1 yes 2.0 ✓" in said, "the cell of the answer and that of the check, and not the setup"


@pytest.mark.parametrize(
    ("notebook", "told"),
    [
        (made(leave=["part_9_1", "second"]), "Missing: part_9_1, second."),
        (made(leave=["part_9_1"]), "9.1 ? Its cell is missing."),
        (made(leave=["hand_in"]), "All 7 cells"),
        (made(twice=["first"]), "Split or copied: first."),
        (made(says=False), "an older release"),
        (made(part_9_3=packing.STUBS[0]), "9.3 no Not attempted"),
    ],
)
def test_what_is_missing_or_doubled_is_told(notebook, told):
    assert told in page(notebook)


def test_cells_that_lost_their_names_are_told():
    notebook = made()
    for cell in notebook.cells:
        cell.metadata = {}
    assert "lost their names" in page(notebook)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("9_trial.ipynb", "anna_schmidt_9_trial.ipynb"),
        ("9_trial (1).ipynb", "does not say whose"),
        ("Zoë - 9_trial.ipynb", "`Zoë`"),
        ("anna_9_trial-Copy1.ipynb", "a copy"),
        ("anna_1_the_data.ipynb", "but the notebook is 9_trial"),
    ],
)
def test_the_name_is_looked_at(name, told):
    assert told in page(made(), name)


def test_a_check_is_told_by_its_verdict():
    assert "9.1 yes 2.0 ✗ 0 of 4" in page(made(), part_9_1="Your function trains ... ✗ 0 of 4 marks.")
    assert "9.1 no" in page(made(), part_9_1="Your function trains ... · Not attempted yet")
    assert "has its cell been changed?" in page(made(), part_9_1=" ")


def test_a_part_that_a_person_reads_needs_its_outputs():
    notebook = made()
    cell = notebook.cells[4]
    cell.metadata = {"nbgrader": {"grade_id": "part_9_2", "solution": True}, "tags": [fresh_kernel.NOT_RUN]}
    assert "NO OUTPUTS" in page(notebook)
    cell.outputs = [nbformat.v4.new_output("stream", text="a table")]
    assert "NO OUTPUTS" not in page(notebook)


# --- What is no notebook, and no room ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.ipynb", b"", "is empty"),
        ("a.ipynb", b'{"cells": [', "cut off before its end"),
        ("a.ipynb", b'{"cells": 3}', "damaged"),
        ("a.ipynb", b"\xff\xfe}", "damaged"),
        ("a.ipynb", b"PK\x03\x04 a zip", "not a notebook"),
        ("a.py", b"print()", "not a notebook"),
        ("a.ipynb", nbformat.writes(nbformat.v4.new_notebook()).encode(), "none of the assignments"),
    ],
)
def test_what_is_no_assignment_is_told_in_a_sentence(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CourseError, match=told):
        packing.pack_up(tmp_path / name, silent)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command_tells_a_sentence_and_the_notebooks_there(tmp_path):
    stored(tmp_path, made())
    command = [sys.executable, "-m", "helpers.exercises.hand_in", str(tmp_path / "nothing.ipynb")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)
    assert done.returncode == 1 and not done.stderr and len(done.stdout.splitlines()) == 1
    for name, told in (("nothing.ipynb", "no file"), (".", "is a folder"), ("a" * 400 + ".ipynb", "cannot be read")):
        with pytest.raises(CourseError, match=told):
            packing.notebook_bytes(tmp_path / name)


def test_a_notebook_that_cannot_be_run_here_is_packed_all_the_same(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packing, "run_a_copy", full)
    said = " ".join(packing.pack_up(stored(tmp_path, made()), silent).split())
    assert "could not be run here (No space left on device)" in said and "Upload this one file" in said
    assert "9.1 ? It could not be run." in said and len(list(tmp_path.glob("*.zip"))) == 1


def test_an_older_file_stays_as_it_was(tmp_path):
    path = tmp_path / "anna.ipynb"
    places = [packing.write_zip(path, {"a": bytes([number])}) for number in range(3)]
    assert [place.name for place in places] == ["anna.zip", "anna (2).zip", "anna (3).zip"]
    for number, place in enumerate(places):
        with zipfile.ZipFile(place) as archive:
            assert archive.read("a") == bytes([number])


def test_without_room_on_the_disk_nothing_half_written_stays(tmp_path, monkeypatch):
    def full(place, mode):
        file = io.FileIO(place, mode)

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *raised):
                file.close()

            def write(self, content):
                file.write(content[:10])
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(packing.Path, "open", full)
    with pytest.raises(CourseError, match=r"No space left.*make room"):
        packing.write_zip(tmp_path / "anna.ipynb", {"a": b"b"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("stem", "safe"),
    [
        ("Zoë Müller 1_the_data", "Zoë Müller 1_the_data"),
        ("../../x", "_.._x"),
        ("a:b*c?", "a_b_c_"),
        ("con", "_con"),
        ("", "_"),
        ("x" * 300, "x" * 80),
        ("end. ", "end"),
    ],
)
def test_the_file_has_a_name_that_every_system_takes(stem, safe):
    assert packing.safe_name(stem) == safe


# --- In the notebook -----------------------------------------------------------------------------------------------


class Shell:
    """What hand_in asks a kernel; somebody sits before it."""

    def __init__(self, history, reader=True, **names):
        self.kernel = type("Kernel", (), {"_allow_stdin": reader})
        self.history_manager = type("History", (), {"input_hist_raw": history})
        self.user_ns = names


@pytest.fixture
def started(monkeypatch):
    """The commands that were started."""
    commands = []

    class Started:
        def __init__(self, command, **options):
            commands.append(command)
            self.stdout = io.BytesIO("\r   1 s  it works\n\rthe page ✓\n".encode())

        def terminate(self):
            pass

        def wait(self):
            return 0

    monkeypatch.setattr(hand_in.subprocess, "Popen", Started)
    monkeypatch.setattr(hand_in, "ASKED", {})
    monkeypatch.delenv(INSIDE_A_COPY, raising=False)
    return commands


@pytest.mark.parametrize("inside", [True, False])
def test_a_program_that_runs_the_notebook_hands_nothing_in(monkeypatch, started, capsys, inside):
    """Neither the fresh kernel, nor grading, nor the check of a release starts anything."""
    monkeypatch.setattr(hand_in, "get_ipython", lambda: Shell(["", "hand_in()"], reader=inside))
    if inside:
        monkeypatch.setenv(INSIDE_A_COPY, "1")
    hand_in.hand_in("anything.ipynb")
    assert not started and "waits for you" in capsys.readouterr().out


def test_cells_that_were_run_since_are_told_until_the_notebook_is_saved(tmp_path, monkeypatch, started, capsys):
    notebook = made()
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
    path = stored(tmp_path, notebook)
    os.utime(path, (time.time() + 5, time.time() + 5))  # saved after the kernel's start
    history = ["", *[f"x = {number}" for number in range(6)]]

    def call(*more):
        monkeypatch.setattr(hand_in, "get_ipython", lambda: Shell([*history, *more, "hand_in()"]))
        hand_in.hand_in(str(path))
        return capsys.readouterr().out

    assert call().endswith("\r   1 s  it works\rthe page ✓") and len(started) == 1
    assert "Not handed in yet" in call("x = 7") and "Not handed in yet" in call("x = 7") and len(started) == 1
    os.utime(path, (time.time() + 9, time.time() + 9))  # saved, without the cell: it was deleted
    assert "the page" in call("x = 7") and len(started) == 2
    os.utime(path, (1, 1))  # of a session before this one
    assert "Not handed in yet" in call()


def test_the_notebook_is_known_by_its_session(tmp_path, monkeypatch, started, capsys):
    path = stored(tmp_path, made())
    monkeypatch.setattr(hand_in, "get_ipython", lambda: Shell(["", "hand_in()"]))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    hand_in.hand_in()
    assert started[0][-1] == str(path)
    for name, told in ((str(tmp_path / "gone.ipynb"), "renamed"), ("", "please name it")):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        with pytest.raises(CourseError, match=told):
            hand_in.hand_in()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_each_assignment_ends_with_a_cell_that_hands_in_and_says_the_limits(path):
    *_, text, last = nbformat.read(path, as_version=4).cells
    assert last.source.endswith("hand_in()") and last.metadata["tags"] == [fresh_kernel.NOT_RUN]
    about = last.metadata["nbgrader"]
    assert about["grade_id"] == fresh_kernel.HAND_IN and about["locked"] and not about["solution"]
    limits = [f"{fresh_kernel.CELL_SECONDS} seconds", f"{fresh_kernel.MEMORY_GB:g} GB"]
    limits += [f"{fresh_kernel.ALL_SECONDS / 60:g} minutes", f"{fresh_kernel.LARGEST_MB} MB"]
    assert text.source.startswith("## Hand in") and all(each in text.source for each in limits)
