"""Jobs for the tests of `helpers.experiments`: some go well, some do not. They stand in a module, as jobs must."""

import errno
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from helpers.experiments import together


def square(number: float) -> float:
    return number * number


def where(number: int) -> tuple[int, str, str]:
    """Return the number of the process, its folder for what is temporary, and print something."""
    print("a job that talks", number)
    Path(tempfile.mkdtemp(), "hidden").write_text("a test that nobody may see")
    return os.getpid(), tempfile.gettempdir(), os.environ.get("TMPDIR", "")


def note(path: str, number: int, seconds: float = 0) -> int:
    """Leave a line for each time that this is done, to its end."""
    time.sleep(seconds)
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
    return number


def submission(content: bytes, seconds: float) -> bytes:
    """Do what grading does to a worker, but for the student's code: write files, wait, read one, remove them."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("source.ipynb", "gradebook.db", "page.html"):
            Path(folder, name).write_bytes(content)
        time.sleep(seconds)
        return Path(folder, "page.html").read_bytes()


def be_a_machine(mine: str, addresses: list[str], folder: str, settings: dict) -> None:
    """Take part in a training as the machine that has one of the addresses; leave the weights in a folder."""
    together.is_here = lambda address: address == mine
    plan = together.Plan(**settings)
    trained = together.train_together(plan, addresses, threads=1, kept=Path(folder), every=5, seconds=400)
    np.savez(Path(folder, "trained"), trained.losses, trained.seconds, *trained.weights)


def die(number: int) -> None:
    """End as a process that the system has no memory for."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def take_all_memory(number: int) -> None:
    raise MemoryError


def fill_the_disk(number: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def never_end(number: int) -> None:
    while True:
        time.sleep(1)


def kill_the_worker_once(path: str, number: int) -> int:
    """End dask's worker that this job came by, the first time; then do the job."""
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return number


def kill_each_worker(number: int) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def do(name: str, *arguments: object) -> object:
    """Do one of the above by its name, so that one run can hold different jobs."""
    return globals()[name](*arguments)
