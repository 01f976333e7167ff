"""Many jobs on a scheduler of dask's: the faults of several machines. `course.py many` installs what is needed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT, CourseError
from helpers.experiments import jobs
from helpers.experiments.jobs import run_jobs
from tests.helpers.experiments import work
from tests.helpers.experiments.test_jobs import BAD, TOLD, outcomes
from tools import many
from tools.many import command

PYTHON = ROOT / ".venv-many" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
installed = pytest.mark.skipif(
    not PYTHON.exists() and not os.environ.get("NEEDS_MANY"), reason="`python3 course.py many` installs dask"
)


class Machines:
    """A scheduler and workers, on this machine, that can be killed and started again; all are ended at the end."""

    def __init__(self, folder: Path, tls: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.running = folder, []
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"

    def start(self, what: str, *rest: str) -> subprocess.Popen:
        code = "import pathlib, sys; from tools import many; many.KEYS = pathlib.Path(sys.argv.pop(1))\n"
        code += "many.main(*sys.argv[1:])"
        environ = os.environ | {"PYTHONPATH": str(ROOT), "COURSE_PYTHON": sys.executable}
        with (self.folder / f"{what}.log").open("ab") as log:
            call = [PYTHON, "-P", "-c", code, jobs.KEYS, what, *rest]
            self.running.append(
                subprocess.Popen(call, env=environ, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
            )
        return self.running[-1]

    def scheduler(self) -> subprocess.Popen:
        return self.start("scheduler", "--port", str(self.port), "--host", "127.0.0.1", "--no-dashboard")

    def worker(self, threads: int = 1) -> subprocess.Popen:
        return self.start("worker", self.address, "--nthreads", str(threads), "--host", "127.0.0.1")

    def end(self) -> None:
        for each in self.running:
            with contextlib.suppress(OSError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()


@pytest.fixture
def machines(tmp_path):
    found = Machines(tmp_path)
    found.scheduler()
    found.worker()
    yield found
    found.end()


@installed
@pytest.mark.long
def test_a_scheduler_gives_what_processes_give_to_the_byte(machines, tmp_path):
    these = {str(n): ("square", np.arange(5, dtype=np.float32) / (n + 1)) for n in range(12)} | BAD
    near = outcomes(work.do, these, workers=2)
    far = outcomes(work.do, these, scheduler=machines.address, kept=tmp_path / "kept")
    for name, each in near.items():
        assert each.failure == far[name].failure and (name in BAD) == bool(each.failure)
        assert name in BAD or each.result.tobytes() == far[name].result.tobytes()
    assert all(told in far[name].failure for name, told in TOLD.items())
    again = outcomes(work.do, dict.fromkeys(these, ("dance",)), workers=1, kept=tmp_path / "kept")
    assert [each.failure == "" for each in again.values()] == [name not in BAD for name in these], "resumed here"


@installed
@pytest.mark.long
def test_a_worker_that_is_killed_is_made_up_for(machines, tmp_path):
    """Its job is done once more; a job that takes each worker along is told, and the rest are done."""
    these = {"kills once": ("kill_the_worker_once", str(tmp_path / "killed"), 7), "kills": ("kill_each_worker", 1)}
    these |= {str(n): ("note", str(tmp_path / "done"), n) for n in range(10)}
    these |= {"never ends": ("never_end", 1)}
    found = outcomes(work.do, these, scheduler=machines.address, seconds=20)
    assert (found["kills once"].result, found["kills once"].failure) == (7, "")
    assert "KilledWorker" in found["kills"].failure and "longer than 20 seconds" in found["never ends"].failure
    assert [found[str(n)].result for n in range(10)] == list(range(10))


@installed
@pytest.mark.long
def test_a_scheduler_that_is_killed_and_comes_back_goes_on_where_it_was(tmp_path):
    machines = Machines(tmp_path)
    first, _ = machines.scheduler(), machines.worker()
    done = tmp_path / "done"
    try:
        going = run_jobs(work.note, {str(n): (str(done), n, 0.3) for n in range(30)}, scheduler=machines.address)
        told = [next(going) for _ in range(5)]
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        machines.scheduler()
        told += list(going)
    finally:
        machines.end()
    assert sorted(each.result for each in told) == list(range(30)) and not any(each.failure for each in told)
    lines = done.read_text().split()
    assert all(lines.count(each.name) == 1 for each in told[:5]), "what was told as done is not done again"


@installed
@pytest.mark.long
def test_other_machines_are_spoken_to_by_tls_alone_and_only_with_the_key(tmp_path, monkeypatch):
    """The certificate is made as the guide says."""
    guide = (ROOT / "notebooks" / "coursework" / "README.md").read_text(encoding="utf-8")
    (line,) = [line.strip() for line in guide.splitlines() if line.strip().startswith("openssl req")]
    for name in ("many", "stranger"):
        (tmp_path / name).mkdir()
        subprocess.run(line, shell=True, check=True, cwd=tmp_path / name, capture_output=True)
    monkeypatch.setattr(jobs, "KEYS", tmp_path / "many")
    machines = Machines(tmp_path, tls=True)
    try:
        machines.scheduler(), machines.worker()
        assert outcomes(work.square, {"three": (3,)}, scheduler=machines.address)["three"].result == 9
        monkeypatch.setattr(jobs, "PATIENCE", 2)
        monkeypatch.setattr(jobs, "KEYS", tmp_path / "stranger")
        with pytest.raises(CourseError, match="cannot be reached"):
            outcomes(work.square, {"three": (3,)}, scheduler=machines.address)
        with pytest.raises(CourseError, match="cannot be reached"):
            outcomes(work.square, {"three": (3,)}, scheduler=machines.address.replace("tls", "tcp"))
    finally:
        machines.end()


@installed
@pytest.mark.parametrize(
    "address", ["tcp://10.1.2.3:8786", "10.1.2.3:8786", "tcp://128.0.0.1:8786", "ws://127.0.0.1:1"]
)
def test_another_machine_without_tls_is_refused(address):
    with pytest.raises(CourseError, match="tls://"):
        outcomes(work.square, {"three": (3,)}, scheduler=address)


@installed
def test_a_scheduler_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE", 1)
    with pytest.raises(CourseError, match="cannot be reached"):
        outcomes(work.square, {"three": (3,)}, scheduler="tcp://127.0.0.1:9")


def test_without_dask_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(jobs, "ROOT", Path("/nowhere"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CourseError, match=r"course\.py many"):
        outcomes(work.square, {"three": (3,)}, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize("what", ["scheduler", "worker"])
def test_only_loopback_listens_where_there_are_no_certificates(what, monkeypatch, tmp_path):
    monkeypatch.setattr("tools.many.KEYS", tmp_path / "none")
    called = command(what)
    assert called[called.index("--host") + 1] == "127.0.0.1"
    assert called[called.index("--dashboard-address") + 1].startswith("127.0.0.1:")
    monkeypatch.setattr("tools.many.KEYS", tmp_path)
    assert {"--tls-ca-file", "--tls-cert", "--tls-key"} <= set(command(what)) and "--host" not in command(what)


def test_a_worker_that_ends_is_started_again_and_a_wrong_call_is_not(monkeypatch, tmp_path, capfd):
    """A job that kills its worker while that starts makes dask's own guard end, too: the run would wait for ever."""
    starts = tmp_path / "starts"
    starts.touch()
    code = "import pathlib, sys; path = pathlib.Path(sys.argv[1]); path.write_text(path.read_text() + '.')\n"
    code += "sys.exit((1, 0, -9, 2)[len(path.read_text()) - 1])"
    monkeypatch.setattr(many, "command", lambda *_: [sys.executable, "-c", code, str(starts)])
    monkeypatch.setattr(many.time, "sleep", lambda _: None)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert many.main("worker", "tcp://127.0.0.1:9") == 2 and starts.read_text() == "...."
    finally:
        signal.signal(signal.SIGTERM, handler)
    told = capfd.readouterr().out
    assert "ended with 1" in told and "has lost its scheduler" in told and "in 2 seconds" in told
