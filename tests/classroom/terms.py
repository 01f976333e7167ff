"""The assignments of a term that the tests draw."""

import random
import subprocess
import sys
from importlib import import_module
from types import ModuleType

from classroom import release as tool
from helpers import ROOT

ASSIGNMENTS = list(tool.TERM_NUMBERS)
INSTRUCTOR = ROOT / ".venv-instructor"
NUMBERS = tool.draw_numbers("a term of the tests")


def judges_of(assignment: str) -> ModuleType:
    """Return the module with the parts of an assignment."""
    return import_module(f"helpers.exercises.assignment_{assignment[0]}")


def source(assignment):
    return tool.source_of(assignment, "a term of the tests", NUMBERS[assignment])


def offered(assignment):
    """Return the kinds of each part that has several."""
    return tool.kinds_of(tool.read_notebook(tool.SOURCES / f"{assignment}.ipynb"))


def turns(assignment):
    """Return choices of kinds in which each kind of each part occurs at least once."""
    parts = offered(assignment)
    return [
        {part: kinds[turn % len(kinds)] for part, kinds in parts.items()}
        for turn in range(max(map(len, parts.values()), default=1))
    ]


def numbers_with(assignment, kinds):
    """Return numbers that a term with these kinds may draw."""
    rng = random.Random("numbers of the tests")
    return {key: draw(rng, kinds) for key, draw in tool.TERM_NUMBERS[assignment].items()}


def parts_of(assignment, kinds):
    """Return each part that tests judge, by its name: the call of its check, with 0 for the seed."""
    notebook = tool.with_kinds(tool.read_notebook(tool.SOURCES / f"{assignment}.ipynb"), kinds)
    found = {tool.grade_id(cell): tool.HIDDEN.search(cell.source) for cell in notebook.cells}
    return {name: hidden.group(1).strip() for name, hidden in found.items() if hidden}


def most(assignment):
    return {
        cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]["points"]
        for cell in source(assignment).cells
        if tool.HIDDEN.search(cell.source)
    }


def course_py(*arguments, **options):
    """Run a verb of course.py, as an instructor does."""
    command = [sys.executable, str(ROOT / "course.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)
