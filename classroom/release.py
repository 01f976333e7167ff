"""Make a term's release of the assignments: what the students get, and what the instructor keeps.

It runs in the instructor's environment (requirements-instructor.txt), with nbgrader; the notebooks themselves run in
the students' one, whose Python stands in the variable COURSE_PYTHON.

The term's numbers (budgets, goals) and the seed of each hidden test are drawn from TERM. FOLDER/students is for the
students; FOLDER/instructor holds the worked solutions, the hidden tests and nbgrader's database, and stays private.
"""

import contextlib
import json
import math
import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from helpers import ROOT
from helpers.exercises.fresh_kernel import KERNEL, kernel_command, known_kernel
from helpers.shipped import read_json
from tools.run_notebooks import normalise

if TYPE_CHECKING:
    from nbgrader.apps.api import NbGraderAPI

COURSEWORK = ROOT / "notebooks" / "coursework"
SOURCES = COURSEWORK / "source"
MEASURED = ROOT / "data" / "results" / "coursework.json"
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?", re.DOTALL)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


class Sorry(Exception):
    """What an instructor is told, in place of a traceback."""


# --- The term's numbers ------------------------------------------------------------------------------------------


def goal(part: str, least: float = 4, most: float = 6) -> Callable[[random.Random], float]:
    """Draw a goal so many standard deviations below what the model solution reached in the mean of 30 seeds."""

    def draw(rng: random.Random) -> float:
        measured = read_json(MEASURED)["parts"][part]
        return math.floor(1000 * (measured["mean"] - rng.uniform(least, most) * measured["sd"])) / 1000

    return draw


#: What a term draws for each assignment. A student sees these numbers, in the cell `numbers`.
TERM_NUMBERS: dict[str, dict[str, Callable[[random.Random], float]]] = {
    "1_the_data": {"GOAL": goal("classifier")},
    "2_convolution_and_counting": {"BUDGET": lambda rng: rng.randrange(7000, 12_001, 250), "GOAL": goal("own_lenet")},
    "3_train_and_report": {"STEPS": lambda rng: rng.randrange(240, 321, 10), "GOAL": goal("training")},
    # the model solution reads nearly all, and hardly varies: a good one that differs may read a few fewer
    "4_your_handwriting": {"GOAL": goal("preparation", 12, 18)},
    "5_pages_of_numbers": {"GOAL": goal("reader")},
}


MEANINGS = {"GOAL": "share to be read, 0 to 1", "BUDGET": "parameters at most", "STEPS": "training steps at most"}


def draw_numbers(seed: str) -> dict[str, dict[str, float]]:
    """Return the numbers of a term, for each assignment."""
    rng = random.Random(f"numbers of {seed}")
    return {name: {key: draw(rng) for key, draw in draws.items()} for name, draws in TERM_NUMBERS.items()}


def grade_id(cell: NotebookNode) -> str:
    """Return nbgrader's name of a cell; empty when it has none."""
    about = cell.metadata.get("nbgrader")
    return str(about.get("grade_id", "")) if isinstance(about, dict) else ""


def source_of(assignment: str, seed: str, numbers: dict[str, float]) -> NotebookNode:
    """Return the source notebook of an assignment with the term's numbers, and the seeds of its hidden tests."""
    notebook = nbformat.read(SOURCES / f"{assignment}.ipynb", as_version=4)
    rng = random.Random(f"hidden tests of {seed}, {assignment}")
    lines = "\n".join(f"{key} = {value}  # {MEANINGS[key]}" for key, value in numbers.items())
    for cell in notebook.cells:
        if grade_id(cell) == "numbers":
            cell.source = lines
        if HIDDEN.search(cell.source):  # the numbers again: a student may have changed them
            hidden = cell.source.replace("seed=0", f"seed={rng.randrange(10**8, 10**9)}")
            cell.source = hidden.replace("### BEGIN HIDDEN TESTS\n", f"### BEGIN HIDDEN TESTS\n{lines}\n")
    # so that a student can be told which cells are missing: helpers.exercises.hand_in reads it
    names = [name for name in map(grade_id, notebook.cells) if name]
    notebook.metadata["course"] = {"assignment": assignment, "cells": names}
    return notebook


# --- nbgrader ----------------------------------------------------------------------------------------------------


def nbgrader(folder: Path, **settings: dict) -> "NbGraderAPI":
    """Return nbgrader's interface to a course that stands in `folder`; settings: further configuration, by class."""
    import nbgrader.api
    from alembic.script import ScriptDirectory
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.dbutil import ALEMBIC_DIR
    from traitlets.config import Config

    # nbgrader would start the script `alembic`, whose first line names the folder that it was installed in
    nbgrader.api.get_alembic_version = ScriptDirectory(ALEMBIC_DIR).get_current_head
    stub = {"python": "return ...  # replace this line by your own code"}
    base = {
        "CourseDirectory": {"root": str(folder), "db_url": f"sqlite:///{(folder / 'gradebook.db').as_posix()}"},
        "ClearSolutions": {"code_stub": stub, "text_stub": "*Write your answer here, in place of this line.*"},
        "NbGraderAPI": {"log_level": "ERROR"},
    }
    return NbGraderAPI(config=Config({name: Config(values) for name, values in (base | settings).items()}))


def succeed(result: dict, what: str) -> None:
    """Raise Sorry, with the log's end, unless nbgrader has succeeded."""
    if not result["success"]:
        last = (result.get("log") or result.get("error") or "").strip().splitlines()[-8:]
        raise Sorry("\n".join([f"nbgrader could not {what}:", *last]))


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


# --- Running notebooks in the students' environment ----------------------------------------------------------------


def students_python() -> str:
    """Return the Python of the students' environment."""
    python = os.environ.get("COURSE_PYTHON")
    if not python:
        raise Sorry("Please start this with `python3 course.py coursework`, which knows the students' Python.")
    return python


@contextlib.contextmanager
def students_kernel(before: Sequence[str] = ()) -> Iterator[None]:
    """Make the students' Python known as the kernel `course`, for this process alone; before: walls around it."""
    with known_kernel([*before, *kernel_command(students_python())]):
        yield


def run_as_student(notebook: NotebookNode) -> NotebookNode:
    """Run a notebook from a fresh kernel of the students' Python; return it with its outputs."""
    notebook = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as folder, students_kernel():
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=300, kernel_name=KERNEL, resources=resources, record_timing=False).execute()
    return normalise(notebook)


def printed(cell: NotebookNode) -> str:
    """Return what a cell has printed."""
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


# --- A release ---------------------------------------------------------------------------------------------------


def release_by_nbgrader(sources: dict[str, NotebookNode], folder: Path) -> None:
    """Let nbgrader make the release and its database in `folder` of these source notebooks."""
    for name, notebook in sources.items():
        write_notebook(notebook, folder / "source" / name / f"{name}.ipynb")
    api = nbgrader(folder)
    for name in sources:
        succeed(api.generate_assignment(name, force=True, create=True), f"release {name}")


def secrets_of(source: NotebookNode) -> set[str]:
    """Return the lines that a release must not hold: of the solutions, the hidden tests and the model answers."""
    lines: set[str] = set()
    for cell in source.cells:
        for hidden in HIDDEN.findall(cell.source):
            lines |= {line.strip() for line in hidden.splitlines() if "seed=" in line}
        for solution in SOLUTION.findall(cell.source):
            lines |= {line.strip() for line in solution.splitlines() if len(line.strip()) > 20}
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata:
            lines |= {line.strip() for line in cell.source.splitlines() if len(line.strip()) > 20}
    return lines


def check_release(name: str, released: NotebookNode, source: NotebookNode) -> None:
    """Raise Sorry unless a release runs as it stands, claims nothing, and holds no solution and no hidden test."""
    text = "\n".join(cell.source for cell in released.cells)
    told = sorted(line for line in {*secrets_of(source), "BEGIN HIDDEN", "BEGIN SOLUTION"} if line in text)
    if told:
        raise Sorry(f"{name}: the release would hold what it should not:\n  {told[0]}")
    try:
        ran = run_as_student(released)
    except CellExecutionError as error:
        raise Sorry(f"{name}: the release does not run as it stands:\n{error}") from None
    for cell in ran.cells:
        tested = cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        if tested and cell.metadata.nbgrader.locked and "· Not attempted" not in printed(cell):
            raise Sorry(f"{name}, {grade_id(cell)}: untouched, it should say so, and says: {printed(cell)}")


def make_release(seed: str, out: Path) -> None:
    """Make a term's release in a new folder."""
    if out.exists() and any(out.iterdir()):
        raise Sorry(f"{out} is there already and not empty: please name a new folder, or move that one away.")
    numbers = draw_numbers(seed)
    sources = {name: source_of(name, seed, numbers[name]) for name in TERM_NUMBERS}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        print("nbgrader makes the students' notebooks ...", flush=True)
        release_by_nbgrader(sources, work)
        released = {name: read_notebook(work / "release" / name / f"{name}.ipynb") for name in sources}
        for name, notebook in released.items():
            print(f"{name}: does it run as it stands, and keep its secrets? ...", end=" ", flush=True)
            check_release(name, notebook, sources[name])
            print("yes")
        for name, notebook in released.items():  # only now that all of them are in order
            write_notebook(notebook, out / "students" / f"{name}.ipynb")
            write_notebook(sources[name], out / "instructor" / "source" / name / f"{name}.ipynb")
        shutil.copy2(work / "gradebook.db", out / "instructor" / "gradebook.db")
    term = {"seed": seed, "numbers": numbers}
    (out / "instructor" / "term.json").write_text(json.dumps(term, indent=2) + "\n", encoding="utf-8")
    print(f"\nFor the students: {out / 'students'}")
    print(f"For you alone:    {out / 'instructor'} (the solutions, the hidden tests, the database)")
    print("Whoever knows the seed can make the hidden tests: keep it to yourself as well.")


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


# --- What stands in the repository ---------------------------------------------------------------------------------

PRACTICE_SEED = "practice"


def practice_sources() -> dict[str, NotebookNode]:
    """Return the source notebooks with the numbers of the practice version."""
    numbers = draw_numbers(PRACTICE_SEED)
    return {name: source_of(name, PRACTICE_SEED, numbers[name]) for name in TERM_NUMBERS}


def solved(source: NotebookNode) -> NotebookNode:
    """Return the worked solution of a source notebook: without hidden tests, marks and nbgrader."""
    notebook = nbformat.from_dict(source)
    for cell in notebook.cells:
        cell.source = HIDDEN.sub("", cell.source)
        cell.source = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.MULTILINE).rstrip()
        cell.metadata = {}
    notebook.cells[0].source = notebook.cells[0].source.replace("# Assignment", "# Worked solution of assignment", 1)
    return notebook


def practised() -> dict[str, NotebookNode]:
    """Return the students' version of each assignment, as practice."""
    with tempfile.TemporaryDirectory() as temporary:
        release_by_nbgrader(practice_sources(), Path(temporary))
        return {name: read_notebook(Path(temporary, "release", name, f"{name}.ipynb")) for name in TERM_NUMBERS}


def make_practice() -> None:
    """Write the students' version and the worked solution of each assignment into the repository."""
    sources = practice_sources()
    for name, notebook in practised().items():
        check_release(name, notebook, sources[name])
        write_notebook(notebook, COURSEWORK / "practice" / f"{name}.ipynb")
        print(f"{name}: the worked solution runs ...", flush=True)
        write_notebook(run_as_student(solved(sources[name])), COURSEWORK / "solutions" / f"{name}.ipynb")
