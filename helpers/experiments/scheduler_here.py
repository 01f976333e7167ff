"""A scheduler of dask's with a worker, on this machine alone, for as long as a cell needs them (notebook 11)."""

import contextlib
import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT, CourseError

#: Where `course.py many` installs dask.
PYTHON = ROOT / ".venv-many" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@contextlib.contextmanager
def scheduler_here(at_a_time: int, seconds: float = 60) -> Iterator[tuple[str, str] | None]:
    """Yield a scheduler's address for `run_jobs`, and its dashboard's; None where dask is not installed.

    at_a_time: how many jobs its worker does at a time; seconds: within which both have to be there.
    Raises CourseError when they are not. Both listen on loopback, and end with the block.
    """
    if not PYTHON.exists():
        yield None
        return
    with (
        tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True) as folder,
        contextlib.ExitStack() as ends,
    ):
        file = Path(folder) / "scheduler.json"

        def start(what: str, *options: str) -> subprocess.Popen:
            given = ["--scheduler-file", str(file), "--host", "127.0.0.1", *options]
            environ = os.environ | {"PYTHONPATH": str(ROOT)}
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            command = [str(PYTHON), "-P", "-m", f"distributed.cli.dask_{what}", *given]
            process = subprocess.Popen(command, env=environ, cwd=folder, **quiet)
            ends.callback(process.wait)
            ends.callback(process.terminate)
            return process

        scheduler = start("scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:8787")
        worker = start(
            "worker", "--nthreads", str(at_a_time), "--no-nanny", "--no-dashboard", "--local-directory", folder
        )
        late = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError, ValueError):  # not yet
                about = json.loads(file.read_text(encoding="utf-8"))
                page = f"http://127.0.0.1:{about['services']['dashboard']}"
                with urllib.request.urlopen(f"{page}/json/counts.json", timeout=5) as counts:
                    if json.load(counts)["workers"]:
                        break
            if time.monotonic() > late or scheduler.poll() is not None or worker.poll() is not None:
                raise CourseError(
                    "Dask's scheduler did not start here; if it is the installation, `python3 course.py many` mends it."
                )
            time.sleep(0.1)
        yield about["address"], f"{page}/status"
