"""A release and a graded class, for the tests that need them: they need the instructor's environment as well.

`course.py coursework` installs it. Where it is missing these tests are skipped, unless NEEDS_GRADER is set, as
continuous integration does: then it is installed first.
"""

import os
import subprocess
import sys

import nbformat
import pytest

from classroom import release as tool
from classroom.sample_class import answered, troubled
from helpers import ROOT
from tests.classroom.terms import ASSIGNMENTS, INSTRUCTOR, course_py


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    if not (INSTRUCTOR / "installed").exists() and not os.environ.get("NEEDS_GRADER"):
        pytest.skip("grading is not installed: `python3 course.py grade --help` installs it")
    folder = tmp_path_factory.mktemp("a term") / "release"
    done = course_py("coursework", "--seed", "tests", "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def grade_quickly(release, folder, *options, seconds=30):
    """Grade a folder as `course.py grade` does, with smaller limits."""
    code = "import sys, classroom.apart as a, classroom.grade as g\n"
    code += f"a.CELL_SECONDS, a.MEMORY_GB = {seconds}, 2.5\nsys.exit(g.main(sys.argv[1:]))"
    python = INSTRUCTOR / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    path = str(python.parent) + os.pathsep + os.environ["PATH"]
    environ = os.environ | {"COURSE_PYTHON": sys.executable, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = [str(python), "-P", "-c", code, "--release", str(release), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environ, check=False)


@pytest.fixture(scope="session")
def graded(release, tmp_path_factory):
    """A class: model and untouched notebooks, those in which something goes wrong, and files that are none."""
    folder, expected = tmp_path_factory.mktemp("submissions"), {}
    for assignment in ASSIGNMENTS:
        (folder / "model").mkdir(exist_ok=True)
        nbformat.write(answered(release, assignment), folder / "model" / f"{assignment}.ipynb")
    untouched = tool.read_notebook(release / "students" / "3_train_and_report.ipynb")
    nbformat.write(untouched, folder / "untouched_3_train_and_report.ipynb")
    for name, (notebook, left) in troubled(release).items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
        expected[name] = left
    draws = "from helpers.plots import show_digits\nshow_digits([x[0]], text='one digit, as it is stored.')"
    nbformat.write(answered(release, "1_the_data", trial=draws), folder / "draws.ipynb")
    expected["draws"] = 20
    (folder / "corrupt.ipynb").write_text("{")
    (folder / "essay.pdf").write_bytes(b"%PDF")
    done = grade_quickly(release, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, expected, done.stdout
