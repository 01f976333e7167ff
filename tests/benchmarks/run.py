"""What the course costs: `python3 course.py bench`.

Each benchmark prints a table. Machines differ and are noisy, so nothing here passes or fails.
"""

import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import nbformat
import numpy as np
import psutil
from nbclient import NotebookClient

from helpers.handwriting import prepare
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


def photograph(width: int, height: int) -> np.ndarray:
    """Return a noisy picture of a 7 on paper: H x W x 3 uint8."""
    page = np.random.default_rng(0).normal(215, 3, (height, width, 3)).clip(0, 255).astype(np.uint8)
    corners = (np.array([[0.3, 0.25], [0.65, 0.25], [0.45, 0.75]]) * (width, height)).astype(np.int32)
    cv2.polylines(page, [corners], False, (60, 50, 40), max(2, width // 60), cv2.LINE_AA)
    return page


def peak_of(work: Callable[[], object]) -> float:
    """Return by how many megabytes the memory of this process rose at most while `work` ran."""
    process, peak, done = psutil.Process(), 0, threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return (peak - before) / 1e6


def benchmark_pictures() -> None:
    """Time the preparation of a picture, from the bytes of its file, on one core; watch its memory."""
    cv2.setNumThreads(1)
    print(f"{'picture':30s} {'median ms':>10s} {'goal':>7s} {'peak MB':>8s} {'goal':>7s}")
    for name, width, height, goal in (("12 megapixels, JPEG", 3000, 4000, 150), ("28 x 28, PNG", 28, 28, 3)):
        page = photograph(width, height)
        file = cv2.imencode(".jpg" if width > 100 else ".png", page)[1].tobytes()
        memory = peak_of(lambda file=file: prepare(file))
        seconds = []
        for _ in range(21):
            begin = time.perf_counter()
            prepare(file)
            seconds.append(time.perf_counter() - begin)
        allowed = 12 * page.nbytes / 1e6 + 20
        print(
            f"{name:30s} {1000 * statistics.median(seconds):10.1f} {goal:7.0f} {memory:8.1f} {allowed:7.0f}", flush=True
        )


if __name__ == "__main__":
    benchmark_pictures()
    benchmark_notebooks()
