"""Processes that run a student's code: what they can tell, that they end, and walls around them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from classroom import apart
from helpers import ROOT

linux = pytest.mark.skipif(not apart.LINUX, reason="Linux alone hands orphans to whom one names")
ASK = """
import json, sys
from pathlib import Path
from classroom import apart
apart.keep_orphans(closed=True)
apart.CELL_SECONDS, apart.DISK_GB, apart.FILES = 2 if "stops" in sys.argv[2] else 60, 0.05, 500
Path(sys.argv[1], "home").mkdir()
told, reason = apart.ask("tests.classroom.doings", json.loads(sys.argv[2]), Path(sys.argv[1], "home"))
print(json.dumps([told.cell, told.result, reason]))
"""


def asked(folder: Path, **job):
    """Return what a process of ours told, in which cell, and why it was ended: asked as by the grader."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", ASK, folder, json.dumps(job)], env=environ, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def sleeping(seconds: int) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", str(seconds)]]


def test_a_process_of_ours_answers(tmp_path):
    assert asked(tmp_path, does="answers") == [3, {"answer": 42}, ""]


def test_what_it_raises_is_told_in_a_line(tmp_path):
    assert asked(tmp_path, does="raises") == [3, {}, "It stopped with ValueError: the last"]


def test_no_process_below_it_has_an_end_of_its_pipe(tmp_path):
    assert asked(tmp_path, does="forges") == [3, {"honest": True}, ""]


@linux
def test_a_stopped_process_is_ended(tmp_path):
    cell, result, reason = asked(tmp_path, does="stops")
    assert (cell, result) == (3, {}) and "longer than 2 seconds" in reason


@pytest.mark.parametrize("does", ["writes", "writes many"])
def test_what_fills_the_disk_is_ended(tmp_path, does):
    told = asked(tmp_path, does=does)
    assert told == [3, {}, "It wrote more than 0.05 GB, or 500 files, and was ended."]


@linux
@pytest.mark.parametrize("does", ["leaves daemons", "leaves daemons and is killed"])
def test_a_daemon_ends_whatever_environment_and_parent_it_has(tmp_path, does):
    seconds = 10_000 + os.getpid() % 10_000 + len(does)
    _, _, reason = asked(tmp_path, does=does, seconds=seconds)
    assert ("ended the process that grades it" in reason) == ("killed" in does)
    assert not sleeping(seconds)


@linux
def test_who_asked_and_is_killed_takes_its_processes_along(tmp_path):
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ASK.replace("else 60", "else 600"), tmp_path, json.dumps({"does": "waits"})]
    grader = subprocess.Popen(command, env=environ)
    below = []
    while not below:
        time.sleep(0.1)
        below = psutil.Process(grader.pid).children()
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    psutil.wait_procs(below, timeout=60)
    assert not [each for each in below if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@linux
def test_what_judges_lets_no_other_look_inside():
    code = (
        "import ctypes\nfrom classroom import apart\napart.keep_orphans(closed=True)\nprint(ctypes.CDLL(None).prctl(3))"
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True).stdout == "0\n"


# --- Walls ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def students(monkeypatch):
    monkeypatch.setenv("COURSE_PYTHON", sys.executable)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize(
    "script, told",
    [
        ("echo 'No permissions to create new namespace' >&2; exit 1", "does not work here (No permissions to create"),
        ("exit 0", "does not work here (it said nothing)"),
        ('while [ "$1" != --chdir ]; do shift; done; cd "$2"; shift 2; exec "$@"', "files can be seen"),
    ],
)
def test_to_have_bubblewrap_is_not_enough(tmp_path, monkeypatch, students, script, told):
    monkeypatch.setattr(apart, "LINUX", True)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    assert told in apart.why_no_walls()


def test_where_there_are_no_walls_it_is_said_why(monkeypatch, students):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "not installed" in apart.why_no_walls() or not apart.LINUX
    monkeypatch.setattr(apart, "LINUX", False)
    assert apart.why_no_walls() == "They need Linux."


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_behind_walls_there_is_the_course_and_nothing_else(tmp_path, students):
    if apart.why_no_walls():
        pytest.skip(apart.why_no_walls())
    (tmp_path / "home").mkdir()
    (tmp_path / "release").mkdir()
    code = """
import json, os, socket
found = {"beside": os.listdir(".."), "course": sorted(os.listdir(os.environ["PYTHONPATH"])), "processes": 0}
found["processes"] = sum(name.isdigit() for name in os.listdir("/proc"))
try:
    socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5)
    found["network"] = True
except OSError:
    found["network"] = False
print(json.dumps(found))
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        environ = apart.environment_in(tmp_path / "home") | {"PORT": str(server.getsockname()[1])}
        command = [*apart.walls(tmp_path / "home"), "--chdir", str(tmp_path / "home"), sys.executable, "-c", code]
        done = subprocess.run(command, env=environ, capture_output=True, text=True)
    found = json.loads(done.stdout or done.stderr)
    assert found["beside"] == ["home"] and not found["network"] and found["processes"] < 5
    assert set(found["course"]) <= {"helpers", "data", ".venv"}


def test_a_submission_is_told_nothing_of_its_surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    environ = apart.environment_in(tmp_path)
    assert "secret" not in environ.values() and environ["PATH"] == os.environ["PATH"]
    assert {environ["HOME"], environ["USERPROFILE"]} == {str(tmp_path)}


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_what_is_written_behind_walls_fills_the_disk_and_not_the_memory(tmp_path, students):
    if apart.why_no_walls():
        pytest.skip(apart.why_no_walls())
    code = """
import json, os
closed = {place: not os.access(place, os.W_OK) for place in ("/", "/dev")}
lines = open("/proc/mounts").read().splitlines()
kinds = {line.split()[1]: line.split()[2] for line in lines}
print(json.dumps([closed, [kinds[place] for place in ("/tmp", "/dev/shm")]]))
"""
    environ = apart.environment_in(tmp_path)
    command = [*apart.walls(tmp_path), "--chdir", str(tmp_path), sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    closed, kinds = json.loads(done.stdout or done.stderr)
    assert all(closed.values()) and (tmp_path.is_relative_to("/dev/shm") or "tmpfs" not in kinds)
