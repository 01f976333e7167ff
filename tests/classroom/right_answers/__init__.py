"""Twelve right answers to each assignment, as twelve students may write them from the text of the task alone.

    python -m tests.classroom.right_answers [ASSIGNMENT]

runs the visible check of every part with every one of them (about ten minutes, most of it training), and notes in
checked.json which text passed. They were written by one hand, in twelve manners: loops and arrays, short and long, with
helpers and without. Several take the nearest way on purpose, as many in a class do. Some answer the task
as it was before its part had several kinds (OTHER_KINDS): these parts are left out.
"""

import contextlib
import copy
import functools
import hashlib
import io
import json
import re
from pathlib import Path

from nbformat import NotebookNode

from classroom.release import COURSEWORK, grade_id, read_notebook

HERE = Path(__file__).parent
CHECKED = HERE / "checked.json"
ASSIGNMENTS = sorted(path.stem for path in HERE.glob("*.txt"))  # those that have such answers
#: Their public kinds are others today than when the answers were written (and right, in all parts).
OTHER_KINDS = ("part_1_4", "part_2_1", "part_2_2", "part_2_3", "part_2_4", "part_2_5", "part_3_4")
SLOW = ("part_1_4", "part_2_5", "part_3_4", "part_4_3")  # they train, or read pictures


@functools.cache
def practice(assignment: str) -> NotebookNode:
    """Return the practice notebook of an assignment: to be read, not to be changed."""
    return read_notebook(COURSEWORK / "practice" / f"{assignment}.ipynb")


def right_answers(assignment: str) -> list[dict[str, str]]:
    """Return for each student the code of each answer, by the name of its cell."""
    text = (HERE / f"{assignment}.txt").read_text(encoding="utf-8")
    students = re.split(r"^=== student \d+\n", text, flags=re.MULTILINE)[1:]
    return [dict(re.findall(r"^--- (\w+)\n(.*?)(?=^--- |\Z)", each, re.M | re.S)) for each in students]


def handed_in(assignment: str, answers: dict[str, str]) -> NotebookNode:
    """Return the practice notebook with these answers."""
    notebook = copy.deepcopy(practice(assignment))
    for cell in notebook.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return notebook


@functools.cache
def beginning(assignment: str) -> dict:
    """Return what an assignment's own cells define: its imports, its data, the term's numbers."""
    space: dict = {}
    for cell in practice(assignment).cells:
        if grade_id(cell) in ("setup", "numbers"):
            exec(cell.source, space)
    return space


def checked(assignment: str, answers: dict[str, str], but: tuple[str, ...] = ()) -> dict[str, str]:
    """Run a student's answers and the visible checks; return what each check says, by part (but: those left out)."""
    said, space = {}, dict(beginning(assignment))
    for name in answers:
        if name != "trial":
            exec(answers[name], space)
    for cell in practice(assignment).cells:
        name = grade_id(cell)
        if name.startswith("part_") and cell.metadata["nbgrader"]["locked"] and name not in but:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(cell.source, space)
            said[name] = out.getvalue().strip()
    return said


def hash_of(assignment: str) -> str:
    """Return a hash of the answers to an assignment."""
    return hashlib.sha256((HERE / f"{assignment}.txt").read_bytes()).hexdigest()[:16]


def main(wanted: list[str]) -> int:
    noted = json.loads(CHECKED.read_text()) if CHECKED.exists() else {}
    for assignment in wanted or sorted(path.stem for path in HERE.glob("*.txt")):
        wrong = []
        for number, answers in enumerate(right_answers(assignment), 1):
            for part, said in checked(assignment, answers, OTHER_KINDS).items():
                print(f"{assignment}, student {number}, {part}: {said.splitlines()[-1]}", flush=True)
                wrong += [] if "✓" in said else [part]
        if not wrong:
            noted[assignment] = hash_of(assignment)
        CHECKED.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n")
    return 0
