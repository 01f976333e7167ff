"""The house: rooms of a size that can be read, imports in one direction, names with one meaning, code in one style."""

import ast
import graphlib
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from helpers import ROOT

#: The rooms, from the ground up: each may import those that stand before it, and itself.
FLOORS = (
    ("helpers", "helpers.handwriting"),
    ("helpers.exercises", "helpers.widgets", "helpers.experiments"),
    ("tools", "book"),
    ("classroom",),
    ("tests",),
)
#: Names that several modules may give: a program's beginning, and the hash of what makes a program's results.
EVERYWHERE = {"main", "made_by", "__main__"}
#: The same name twice, and why it has to stay.
TWICE = {
    "Digits": "both stand in code that the hashes of stored networks and goals cover",
    "groups_of": "tools.train_judge is covered by the hash of the judge",
    "lay_out": "tools.render_scenes is covered by the hash of the judge",
    "rounded": "tools.junk is covered by the hash of the judge",
}
#: The name that releases made before version 0.2 import: an entrance to helpers.exercises.
OLD_ENTRANCE = "helpers.coursework"


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=["check", "format"])
def test_ruff(command):
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def modules() -> dict[str, Path]:
    """Return every module of the course by its dotted name."""
    found = {}
    for room in ("helpers", "tools", "book", "classroom", "tests"):
        for path in (ROOT / room).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(name: str, path: Path) -> set[str]:
    """Return the modules of the course that a module imports, wherever in its text, but for what only types need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    wanted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            wanted |= (below & set(MODULES)) or {node.module}
    return (wanted & set(MODULES)) - {name}


IMPORTS = {name: imports_of(name, path) for name, path in MODULES.items()}


def floor_of(name: str) -> int:
    """Return on which floor a module stands."""
    if name == OLD_ENTRANCE:
        return 1
    room = max((room for floor in FLOORS for room in floor if f"{name}.".startswith(f"{room}.")), key=len)
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def test_nothing_imports_upwards():
    up = [(name, each) for name, found in IMPORTS.items() for each in found if floor_of(each) > floor_of(name)]
    assert not up


def test_there_is_no_circle():
    assert list(graphlib.TopologicalSorter(IMPORTS).static_order())


def test_the_reading_of_imports_sees_them():
    assert {"helpers", "helpers.lenet"} <= IMPORTS["helpers.experiments.runs"]
    assert "helpers.exercises.assignment_1" in IMPORTS["classroom.measure"]
    assert "helpers.lenet" in IMPORTS["helpers.exercises.assignment_2"], "also inside a function"
    assert "classroom.release" in IMPORTS["classroom.sample_class"] - IMPORTS["classroom.release"]


def names_given(path: Path) -> set[str]:
    """Return the public functions, classes and names of types that a module defines."""
    given = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            given.add(node.name)
        elif isinstance(node, ast.Assign):  # a type's own name, such as Digits = tuple[...]
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            given |= {name for name in names if re.fullmatch("[A-Z][a-z]+[A-Za-z]*", name)}
    return {name for name in given if not name.startswith("_")}


def test_a_name_means_one_thing():
    """Nobody has to ask which one is meant."""
    given = defaultdict(set)
    for name, path in MODULES.items():
        if not name.startswith("tests") and name != OLD_ENTRANCE:
            for each in {name.rpartition(".")[2], *names_given(path)}:
                given[each].add(name)
    several = {each: sorted(rooms) for each, rooms in given.items() if len(rooms) > 1 and each not in EVERYWHERE}
    assert set(several) == set(TWICE), several


def lines(pattern: str) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob(pattern))


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("helpers/*.py", 1450),
        ("helpers/handwriting/*.py", 1570),
        ("helpers/widgets/*.py", 600),
        ("helpers/widgets/*.js", 900),
        ("helpers/experiments/*.py", 1570),
        ("course.py", 560),
    ],
)
def test_a_room_is_read_in_one_sitting(pattern, most):
    assert 0 < lines(pattern) <= most


def test_whoever_changes_a_room_finds_its_test_by_its_name():
    """Each room has a folder of tests, and each module of helpers a test of its name."""
    for path in (ROOT / "helpers").glob("*.py"):
        if path.stem not in ("__init__", "coursework"):
            assert (ROOT / "tests" / "helpers" / f"test_{path.stem}.py").exists(), path.stem
    for room in ("helpers/handwriting", "helpers/exercises", "helpers/experiments", "helpers/widgets"):
        assert list((ROOT / "tests" / room).glob("test_*.py")), room
    for room in ("tools", "book", "classroom"):
        assert list((ROOT / "tests" / room).glob("test_*.py")), room
