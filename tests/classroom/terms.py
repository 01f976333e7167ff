"""The assignments of a term that the tests draw."""

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


def parts_of(assignment):
    """Return each part that tests judge: its name, and the code of its hidden test without the seed."""
    for cell in source(assignment).cells:
        hidden = tool.HIDDEN.search(cell.source)
        if hidden:
            yield cell.metadata["nbgrader"]["grade_id"], hidden.group(1)


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
