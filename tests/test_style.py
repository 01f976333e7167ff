"""ruff checks and formats code and notebooks."""

import subprocess
import sys

import pytest

from helpers import ROOT


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=["check", "format"])
def test_ruff(command):
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


#: What says whether an answer is right: read where one is looked up, and not in one sitting.
JUDGES = ("checks.py", "coursework.py", "quiz.py")
#: How the stored results were made: read by whoever makes them again.
RUNS = ("experiments.py", "record.py")


def lines(paths) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


@pytest.mark.parametrize(("pattern", "most"), [("*.py", 1200), ("widgets/*.py", 450), ("widgets/*.js", 900)])
def test_helpers_are_read_in_one_sitting(pattern, most):
    files = [path for path in (ROOT / "helpers").glob(pattern) if path.name not in (*JUDGES, *RUNS)]
    assert lines(files) <= most


def test_how_results_are_made_is_read_in_another():
    assert lines(ROOT / "helpers" / name for name in RUNS) <= 550


def test_helpers_import_neither_notebooks_nor_tools():
    for path in (ROOT / "helpers").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import tools" not in text and "from tools" not in text and "notebooks" not in text.split('"""')[-1]
