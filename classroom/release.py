"""Make a term's release of the assignments: what the students get, and what the instructor keeps.

It runs in the instructor's environment (requirements-instructor.txt), with nbgrader; the notebooks themselves run in
the students' one, whose Python stands in the variable COURSE_PYTHON.

The kind of each part, the term's numbers (budgets, goals) and the seed of each hidden test are drawn from TERM, and
with a list of names from TERM and the name. FOLDER/students is for the students; FOLDER/instructor holds the worked
solutions, the hidden tests and nbgrader's database, and stays private. With a list both hold a folder for each name.
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
KIND = re.compile(r'kind="(\w+)"')
SECONDS = re.compile(r"^It took \d+ s; .*\n?", re.MULTILINE)  # what a slow check prints last
MADE_FOR = "# made for "  # in the cell `numbers`, before a student's name
#: The first code of each assignment, folded: a notebook is opened anywhere, and `No module named` helps nobody.
FIND_COURSE = """# The course's own JupyterLab knows where the course is. In any other, this looks for it.
import importlib
import sys
from pathlib import Path

around = [folder / "notebooks" for folder in (Path.cwd(), *Path.cwd().parents)]
sys.path += [str(folder) for folder in around if (folder / "helpers.py").exists()]
try:
    importlib.import_module("helpers")
except ModuleNotFoundError:
    from IPython.core.error import UsageError  # of which Jupyter shows the sentence alone

    raise UsageError(
        "This notebook needs the course's folder around it: put the notebook there, and "
        "open it by `python3 course.py lab` (Windows: `py course.py lab`)."
    ) from None"""


class Sorry(Exception):
    """What an instructor is told, in place of a traceback."""


# --- What is drawn -----------------------------------------------------------------------------------------------

PRACTICE_SEED = "practice"


def kinds_of(notebook: NotebookNode) -> dict[str, list[str]]:
    """Return the kinds of each part of a source notebook that has several: the first is the public one."""
    found: dict[str, list[str]] = {}
    for about in (cell.metadata.get("course", {}) for cell in notebook.cells):
        kinds = found.setdefault(about["part"], []) if "kind" in about else []
        kinds += [about["kind"]] if "kind" in about and about["kind"] not in kinds else []
    return found


def draw_kinds(assignment: str, seed: str, student: str = "") -> dict[str, str]:
    """Return the kind of each part for a term, or for one of its students: never the one whose solution is public."""
    offered = kinds_of(read_notebook(SOURCES / f"{assignment}.ipynb"))
    rng = random.Random(f"kinds of {seed}, {assignment}, {student}")
    public = seed == PRACTICE_SEED
    return {part: kinds[0] if public else rng.choice(kinds[1:]) for part, kinds in offered.items()}


def measured_as(name: str, kind: str) -> str:
    """Return under which name the results of a part with a goal are kept."""
    return f"{name} {kind}".strip()


def goal(name: str, part: str, least: float = 4, most: float = 6) -> Callable[[random.Random, dict], float]:
    """Draw a goal so many standard deviations below what the kind's model solution reached in the mean of 30 seeds."""

    def draw(rng: random.Random, kinds: dict[str, str]) -> float:
        measured = read_json(MEASURED)["parts"][measured_as(name, kinds.get(part, ""))]
        return math.floor(1000 * (measured["mean"] - rng.uniform(least, most) * measured["sd"])) / 1000

    return draw


#: What a term draws for each assignment, given its kinds. A student sees these numbers, in the cell `numbers`.
TERM_NUMBERS: dict[str, dict[str, Callable[[random.Random, dict], float]]] = {
    "1_the_data": {"GOAL": goal("classifier", "1.4")},
    "2_convolution_and_counting": {
        "BUDGET": lambda rng, kinds: rng.randrange(7000, 12_001, 250),
        "GOAL": goal("own_lenet", "2.5"),
    },
    "3_train_and_report": {"STEPS": lambda rng, kinds: rng.randrange(240, 321, 10), "GOAL": goal("training", "3.4")},
    # the model solution reads nearly all, and hardly varies: a good one that differs may read a few fewer
    "4_your_handwriting": {"GOAL": goal("preparation", "4.3", 12, 18)},
    "5_pages_of_numbers": {"GOAL": goal("reader", "5.6")},
}


MEANINGS = {"GOAL": "share to be read, 0 to 1", "BUDGET": "parameters at most", "STEPS": "training steps at most"}


def draw_numbers(seed: str, student: str = "") -> dict[str, dict[str, float]]:
    """Return the numbers of a term, for each assignment; for a student they differ by the goals of the kinds alone."""
    rng, numbers = random.Random(f"numbers of {seed}"), {}
    for name, draws in TERM_NUMBERS.items():
        kinds = draw_kinds(name, seed, student)
        numbers[name] = {key: draw(rng, kinds) for key, draw in draws.items()}
    return numbers


def grade_id(cell: NotebookNode) -> str:
    """Return nbgrader's name of a cell; empty when it has none."""
    about = cell.metadata.get("nbgrader")
    return str(about.get("grade_id", "")) if isinstance(about, dict) else ""


def with_kinds(notebook: NotebookNode, kinds: dict[str, str]) -> NotebookNode:
    """Return a source notebook with the cells of these kinds alone; a check that serves several names its own."""
    notebook = nbformat.from_dict(notebook)
    cells, notebook.cells = notebook.cells, []
    for cell in cells:
        about = cell.metadata.pop("course", {})
        kind = kinds.get(about.get("part", ""))
        if about.get("kind", kind) == kind:
            cell.source = KIND.sub(f'kind="{kind}"', cell.source) if about else cell.source
            notebook.cells.append(cell)
    return notebook


def source_of(assignment: str, seed: str, numbers: dict[str, float], student: str = "") -> NotebookNode:
    """Return the source notebook of an assignment for a term: its kinds, its numbers, the seeds of its hidden tests.

    student: for whom it is, where each has other kinds and seeds; the notebook says so (see `made_for`).
    """
    notebook = with_kinds(read_notebook(SOURCES / f"{assignment}.ipynb"), draw_kinds(assignment, seed, student))
    rng = random.Random(f"hidden tests of {seed}, {assignment}" + (f", {student}" if student else ""))
    lines = "\n".join(f"{key} = {value}  # {MEANINGS[key]}" for key, value in numbers.items())
    for cell in notebook.cells:
        if grade_id(cell) == "numbers":
            cell.source = lines + (f"\n{MADE_FOR}{student}" if student else "")
        if HIDDEN.search(cell.source):  # the numbers again: a student may have changed them
            hidden = cell.source.replace("seed=0", f"seed={rng.randrange(10**8, 10**9)}")
            cell.source = hidden.replace("### BEGIN HIDDEN TESTS\n", f"### BEGIN HIDDEN TESTS\n{lines}\n")
    notebook.cells.insert(next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"), find_course())
    # so that a student can be told which cells are missing: helpers.exercises.hand_in reads it
    names = [name for name in map(grade_id, notebook.cells) if name]
    notebook.metadata["course"] = {"assignment": assignment, "cells": names}
    if student:
        notebook.metadata["made_for"] = student
    return notebook


def find_course() -> NotebookNode:
    """Return the cell that finds the course, or says in a sentence that it is missing."""
    about = dict.fromkeys(("grade", "solution", "task"), False) | {"grade_id": "course", "locked": True}
    folded = {"jupyter": {"source_hidden": True}, "nbgrader": about | {"schema_version": 3}}
    return nbformat.v4.new_code_cell(FIND_COURSE, id="course", metadata=folded)


def made_for(notebook: NotebookNode) -> str:
    """Return for whom a notebook says that it was made; empty when it does not. Both places are tried."""
    said = notebook.metadata.get("made_for")
    if isinstance(said, str) and said:
        return said
    texts = [cell.source for cell in notebook.cells if grade_id(cell) == "numbers"] or [""]
    return texts[0].partition(MADE_FOR)[2].partition("\n")[0].strip()


def kinds_asked(notebook: NotebookNode) -> dict[str, str]:
    """Return which kind each check of a notebook asks for, by the check's name; not those that have one kind."""
    found = {grade_id(cell): KIND.search(cell.source) for cell in notebook.cells if grade_id(cell).startswith("part_")}
    return {name: match.group(1) for name, match in found.items() if match}


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


def check_secrets(name: str, released: NotebookNode, source: NotebookNode) -> None:
    """Raise Sorry if a release holds a solution or a hidden test."""
    text = "\n".join(cell.source for cell in released.cells)
    told = sorted(line for line in {*secrets_of(source), "BEGIN HIDDEN", "BEGIN SOLUTION"} if line in text)
    if told:
        raise Sorry(f"{name}: the release would hold what it should not:\n  {told[0]}")


def check_untouched(name: str, released: NotebookNode) -> None:
    """Raise Sorry unless a release runs as it stands, and claims nothing."""
    try:
        ran = run_as_student(released)
    except CellExecutionError as error:
        raise Sorry(f"{name}: the release does not run as it stands:\n{error}") from None
    for cell in ran.cells:
        tested = cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        if tested and cell.metadata.nbgrader.locked and "· Not attempted" not in printed(cell):
            raise Sorry(f"{name}, {grade_id(cell)}: untouched, it should say so, and says: {printed(cell)}")


def make_release(seed: str, out: Path, students: dict[str, str] | None = None) -> None:
    """Make a term's release in a new folder; students: the names for each of which it is made, by their folders' names.

    All notebooks are searched for secrets. Run are those that hold a kind of a part that none before them held.
    """
    if out.exists() and any(out.iterdir()):
        raise Sorry(f"{out} is there already and not empty: please name a new folder, or move that one away.")
    tried: set[tuple] = set()
    term: dict = {"seed": seed, "students": {}} if students else {"seed": seed}
    with tempfile.TemporaryDirectory() as temporary:
        for count, (student, name_in_list) in enumerate((students or {"": ""}).items(), 1):
            if student:
                print(f"{count:4} of {len(students)}  {name_in_list}", flush=True)
            made = Path(temporary, "release")
            about = {"numbers": draw_numbers(seed, student)}
            about["kinds"] = {name: draw_kinds(name, seed, student) for name in TERM_NUMBERS}
            sources = {name: source_of(name, seed, about["numbers"][name], student) for name in TERM_NUMBERS}
            work = Path(temporary, "work")
            release_by_nbgrader(sources, work)
            for name, source in sources.items():
                notebook = read_notebook(work / "release" / name / f"{name}.ipynb")
                check_secrets(name, notebook, source)
                holds = {(name, part, kind) for part, kind in about["kinds"][name].items()} or {(name,)}
                if not holds <= tried:
                    print(f"{name}: does it run as it stands? ...", end=" ", flush=True)
                    check_untouched(name, notebook)
                    print("yes", flush=True)
                tried |= holds
                write_notebook(notebook, made / "students" / student / f"{name}.ipynb")
                write_notebook(source, made / "instructor" / student / "source" / name / f"{name}.ipynb")
            shutil.copy2(work / "gradebook.db", made / "instructor" / student / "gradebook.db")
            shutil.rmtree(work)
            if student:
                term["students"][student] = {"name": name_in_list} | about
            else:
                term |= about
        (made / "instructor" / "term.json").write_text(json.dumps(term, indent=2) + "\n", encoding="utf-8")
        made.chmod(0o700)  # closed to the other users of the machine, and so will the copy be
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(made, out, dirs_exist_ok=True)  # only now that all of them are in order
    print(f"\nFor the students: {out / 'students'}" + (", a folder for each" if students else ""))
    print(f"For you alone:    {out / 'instructor'} (the solutions, the hidden tests, the database)")
    print("Whoever knows the seed can make the hidden tests: keep it to yourself as well.")


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


# --- What stands in the repository ---------------------------------------------------------------------------------


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
        check_secrets(name, notebook, sources[name])
        check_untouched(name, notebook)
        write_notebook(notebook, COURSEWORK / "practice" / f"{name}.ipynb")
        print(f"{name}: the worked solution runs ...", flush=True)
        ran = run_as_student(solved(sources[name]))
        for cell in ran.cells:
            for output in cell.get("outputs", []):
                if "text" in output:
                    output.text = SECONDS.sub("", output.text)  # they differ from run to run
        write_notebook(ran, COURSEWORK / "solutions" / f"{name}.ipynb")
