"""The line that moves while the tests run, where a terminal shows it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers import ROOT
from tests.conftest import Progress

COMMAND = [sys.executable, "-m", "pytest", "tests/helpers/test_evaluation.py"]


def test_cells_weigh_what_their_notebook_may_take():
    items = [SimpleNamespace(nodeid=str(n), path=Path("08_chase_the_record.ipynb")) for n in range(9)]
    items += [SimpleNamespace(nodeid="test", path=Path("test_x.py"))]
    progress = Progress(items)
    assert "  0%" in progress.line("now") and progress.line("now").endswith("left: now")
    for item in items[:-1]:
        progress.pytest_runtest_logfinish(item.nodeid)
    assert " 100%" in progress.line("test"), "one small test is left, after all the cells"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_a_terminal_is_told_what_runs_and_how_long_it_will_take():
    ours, theirs = os.openpty()
    environ = os.environ | {"COLUMNS": "120", "TERM": "xterm"}
    running = subprocess.Popen(COMMAND, cwd=ROOT, stdout=theirs, stderr=theirs, stdin=theirs, env=environ)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 10_000):
            shown += part
    except OSError:  # how Linux tells that the other side has ended
        pass
    assert running.wait(60) == 0
    lines = shown.decode().split("\r")
    moving = [line for line in lines if re.match(r" *\d+ s, +\d+%, about \d+ s left: tests/helpers/test_ev", line)]
    passed = re.search(r"(\d+) passed", lines[-2] + lines[-1])
    assert len(moving) == int(passed[1]) >= 3 and "test_wilson" in moving[0]
    assert "test_evaluation.py ." not in shown.decode()


def test_elsewhere_the_output_is_pytests_own():
    run = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True)
    assert "test_evaluation.py ..." in run.stdout and "left:" not in run.stdout
