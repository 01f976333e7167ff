"""What the course costs: `python3 course.py bench`.

Each benchmark prints a table. Machines differ and are noisy, so nothing here passes or fails.
"""

import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from tools.run_notebooks import CELL_TIMEOUT, course_notebooks

# The plan for two cores: seconds with the kernel's start, and gigabytes of the kernel at its peak.
BUDGETS = {"00": (15, 1.0), "01": (45, 1.5), "02": (60, 1.5), "03": (120, 2.0), "04": (60, 1.5)}


def memory_of(process: psutil.Process) -> int:
    """Return the resident bytes of a process and of all that it started."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def run_measured(path: Path) -> tuple[float, float, float]:
    """Run a notebook without storing it; return seconds in all, seconds of its slowest cell, peak gigabytes."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT, resources={"metadata": {"path": str(path.parent)}})
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        me = psutil.Process()
        while not done.wait(0.1):
            peak = max(peak, sum(memory_of(child) for child in me.children()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    starts: list[float] = []
    client.on_cell_start = lambda **_: starts.append(time.perf_counter())
    try:
        client.execute()
    finally:
        seconds = time.perf_counter() - begin
        done.set()
        watcher.join()
    slowest = max(b - a for a, b in zip(starts, [*starts[1:], begin + seconds], strict=True))
    return seconds, slowest, peak / 1e9


def benchmark_notebooks() -> None:
    """Time every notebook, and watch the memory of its kernel."""
    print(f"{'notebook':30s} {'seconds':>8s} {'budget':>7s} {'slowest cell':>13s} {'peak GB':>8s} {'budget':>7s}")
    for path in course_notebooks():
        seconds, slowest, peak = run_measured(path)
        budget = BUDGETS.get(path.name[:2], (float("nan"), float("nan")))
        print(
            f"{path.stem:30s} {seconds:8.1f} {budget[0]:7.0f} {slowest:13.1f} {peak:8.2f} {budget[1]:7.1f}", flush=True
        )


if __name__ == "__main__":
    benchmark_notebooks()
