"""What the course costs: `python3 course.py bench`.

Each benchmark prints a table. Machines differ and are noisy, so nothing here passes or fails.
"""

import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import nbformat
import numpy as np
import psutil
from nbclient import NotebookClient

from classroom.sample_class import answered
from helpers import ROOT
from helpers.experiments.jobs import run_jobs
from helpers.experiments.runs import Run, run_once
from helpers.handwriting import prepare, read_digits
from helpers.lenet import lenet5, load_lenet5, multiply_adds
from helpers.mnist import load_mnist, to_input
from helpers.quiet import keras
from helpers.training import distort
from tests.browser import CHROMIUM, chromium, draw, jupyter, run_all, write_notebook
from tests.classroom.conftest import grade_quickly
from tests.classroom.terms import course_py
from tests.damage import damaged_models, damaged_pictures, load_damaged, picture_files, read_whole
from tests.helpers.experiments import work
from tests.helpers.experiments.test_jobs_far import PYTHON, Machines
from tests.helpers.handwriting import drawing
from tests.small_course import SmallCourse
from tools.run_notebooks import BUDGETS, CELL_TIMEOUT, course_notebooks


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
        while not done.wait(0.001):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return (max(peak, process.memory_info().rss) - before) / 1e6


def page_of_200() -> np.ndarray:
    """Return a photograph of 12 megapixels with 200 digits in ten lines: H x W x 3, uint8."""
    page = np.zeros((3000, 4000), np.float32)
    for place in range(200):
        top, left = 60 + 290 * (place // 20), 40 + 195 * (place % 20)
        page[top : top + 220, left : left + 180] = drawing.draw(place % 10, 220, 180, 140, 20, 40, 9)
    return drawing.paint(page)


def benchmark_pictures() -> None:
    """Time the preparation of a picture, from the bytes of its file, on one core; watch its memory."""
    cv2.setNumThreads(1)
    print(f"{'picture':30s} {'median ms':>10s} {'goal':>7s} {'peak MB':>8s} {'goal':>7s}")
    network = load_lenet5()
    for name, page, read, goal, allowed in (
        ("12 megapixels, JPEG", photograph(3000, 4000), prepare, 150, 500),
        ("28 x 28, PNG", photograph(28, 28), prepare, 3, 20),
        ("12 megapixels, 200 digits", page_of_200(), lambda file: read_digits(file, network), 1500, 500),
    ):
        file = cv2.imencode(".jpg" if len(page) > 100 else ".png", page)[1].tobytes()
        memory = peak_of(lambda file=file, read=read: read(file))
        seconds = []
        for _ in range(21):
            begin = time.perf_counter()
            read(file)
            seconds.append(time.perf_counter() - begin)
        print(
            f"{name:30s} {1000 * statistics.median(seconds):10.1f} {goal:7.0f} {memory:8.1f} {allowed:7.0f}", flush=True
        )


def reference() -> keras.Sequential:
    """Build the network of the seed documents' recipe: two convolutions of 3 x 3 and three dense layers."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def train_reference(epochs: int, seed: int) -> tuple[float, int]:
    """Train by the seed documents' recipe (Adam, batches of 128); return seconds and errors on the test digits."""
    keras.utils.set_random_seed(seed)
    (x, y), (x_test, y_test) = load_mnist()
    model = reference()
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin = time.perf_counter()
    model.fit(to_input(x), y, batch_size=128, epochs=epochs, verbose=0)
    seconds = time.perf_counter() - begin
    wrong = model.predict(to_input(x_test), batch_size=500, verbose=0).argmax(axis=1) != y_test
    return seconds, int(wrong.sum())


def train_lenet5(epochs: int, seed: int) -> tuple[float, int]:
    """Train LeNet-5 as notebook 04 does, with its validation after each epoch; return seconds and test errors."""
    figures = run_once(Run(epochs=epochs), seed)
    return figures["seconds"], figures["test_errors"]


def matrix_rate() -> float:
    """Return how many GFLOP a second this machine reaches in one large matrix product."""
    a = np.random.default_rng(0).random((2500, 2500), np.float32)
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - begin)
    return 2 * 2500**3 / statistics.median(seconds) / 1e9


def benchmark_training(rounds: int = 3) -> None:
    """Train in turn, `rounds` times with other seeds: the reference and LeNet-5; print ratios of median times."""
    recipes = {
        "reference, 3 epochs": lambda seed: train_reference(3, seed),
        "LeNet-5, 4 epochs": lambda seed: train_lenet5(4, seed),
        "LeNet-5, 3 epochs": lambda seed: train_lenet5(3, seed),
        "LeNet-5, 2 epochs": lambda seed: train_lenet5(2, seed),
    }
    found: dict[str, list] = {name: [] for name in recipes}
    for seed in range(1, rounds + 1):
        for name, recipe in recipes.items():
            found[name].append(recipe(seed))
    seconds = {name: statistics.median(run[0] for run in runs) for name, runs in found.items()}
    whole = seconds["reference, 3 epochs"]
    print(f"{'training':24s} {'seconds':>8s} {'ratio':>6s} {'test accuracy, mean':>20s}")
    for name, runs in found.items():
        accuracy = 1 - statistics.mean(run[1] for run in runs) / 10_000
        print(f"{name:24s} {seconds[name]:8.1f} {seconds[name] / whole:6.2f} {accuracy:20.2%}", flush=True)
    epoch = seconds["LeNet-5, 4 epochs"] / 4
    work = 3 * 2 * multiply_adds(lenet5()) * 55_000 / 1e9  # forward, and twice as much backward
    print(
        f"an epoch of LeNet-5: {epoch:.1f} s, {55_000 / epoch:,.0f} digits a second, {work / epoch:.0f} GFLOP a second"
    )
    print(f"this machine in one large matrix product: {matrix_rate():.0f} GFLOP a second")


def benchmark_distortions() -> None:
    """Time the distortion of 60,000 digits on one core."""
    cv2.setNumThreads(1)
    images, seconds = to_input(load_mnist()[0][0]), []
    for seed in range(5):
        begin = time.perf_counter()
        distort(images, np.random.default_rng(seed))
        seconds.append(time.perf_counter() - begin)
    print(f"60,000 digits distorted: {statistics.median(seconds):.2f} s (goal 1.5)")


def benchmark_instruments(strokes: int = 60) -> None:
    """Time the drawing pad in a real JupyterLab and Chromium, from pen-up to the prediction, and count its bytes."""
    if not CHROMIUM:
        print("no Chromium here: the instruments were not timed")
        return
    watch = """element => {
        window.times = [];
        let up;
        element.addEventListener("pointerup", () => (up = performance.now()), true);
        new MutationObserver(() => window.times.push(performance.now() - up))
            .observe(element, { attributes: true, attributeFilter: ["data-answers"] });
    }"""
    with tempfile.TemporaryDirectory() as folder, jupyter(Path(folder)) as address, chromium() as browser:
        write_notebook(Path(folder) / "pad.ipynb", "from helpers.widgets import DigitPad\nDigitPad()")
        page, sent = browser.new_page(viewport={"width": 1300, "height": 1000}), []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(len(frame))))
        run_all(page, address, "pad.ipynb")
        pad = page.locator(".instrument")
        pad.evaluate(watch)
        for number in range(1, strokes + 1):
            if number % 10 == 1:
                pad.get_by_role("button", name="Clear").click()
                page.wait_for_timeout(300)
            if number == 1:
                page.evaluate("window.times = []")
                sent.clear()
            draw(page, pad.locator(".pad"), [[(0.2 + 0.06 * (number % 10), 0.2), (0.3 + 0.04 * (number % 10), 0.8)]])
            page.wait_for_timeout(300)
        times = sorted(page.evaluate("window.times"))
    print(f"pen-up to prediction, {strokes} strokes: median {statistics.median(times):.0f} ms (goal 80),", end=" ")
    print(f"95 % under {times[int(0.95 * len(times))]:.0f} ms (goal 150); {sum(sent) / strokes / 1000:.1f} KB a stroke")


def benchmark_coursework() -> None:
    """Make a release and grade its sample class of thirty; print the times, and marks that are not as expected."""
    with tempfile.TemporaryDirectory() as folder:
        release = Path(folder) / "release"
        verbs = {
            "release": ["coursework", "--seed", "bench", "--out", str(release), "--sample-class"],
            "class of 30": ["grade", "--release", str(release), str(release / "sample_class")],
        }
        for what, arguments in verbs.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, str(ROOT / "course.py"), *arguments], check=True, stdout=subprocess.DEVNULL)
            print(f"{what:14s} {(time.perf_counter() - begin) / 60:5.1f} minutes", flush=True)
        expected = {row["file"]: row["marks"] for row in table(release / "instructor" / "sample_class.csv")}
        found = [row for path in (release / "marks").glob("marks_*.csv") for row in table(path)]
        for row in found:
            wanted = expected.get(row["file"], "")
            if (float(row["marks"] or -1)) != float(wanted or -1):
                print(f"  {row['file']}: {row['marks'] or 'no'} marks, and not {wanted}: {row['remarks']}")
        print(f"{len(found)} submissions graded (goal: 30 minutes on two cores)")


def benchmark_damage(pictures: int = 2000, models: int = 150) -> None:
    """Read damaged files by the thousand, as the fuzz tests do by the hundred; print the slowest and the largest."""
    network = load_lenet5()
    read_whole(picture_files()[0], network)  # what is loaded once
    with tempfile.TemporaryDirectory() as folder:

        def load(content: bytes) -> bool:
            path = Path(folder) / "mine.keras"
            path.write_bytes(content)
            return load_damaged(path)

        for what, files, work in (
            ("damaged pictures, read twice", damaged_pictures(pictures), lambda file: read_whole(file, network)),
            ("damaged networks", damaged_models(models), load),
        ):
            told: list[bool] = []
            slowest = largest = 0.0
            for file in files:
                begin = time.perf_counter()
                largest = max(largest, peak_of(lambda file=file, work=work, told=told: told.append(work(file))))
                slowest = max(slowest, time.perf_counter() - begin)
            print(f"{what:30s} {len(told)}, {sum(told)} of them could be read;", end=" ")
            print(f"slowest {slowest:.1f} s (goal 10), largest {largest:.0f} MB (goal 600)", flush=True)


def benchmark_interruptions(count: int = 40) -> None:
    """Kill installations of a small lock, start again at once, and count the starts that do not go well."""
    with tempfile.TemporaryDirectory() as folder:
        failed, seconds, begin = 0, [], time.perf_counter()
        for started in SmallCourse(Path(folder) / "my $HOME course").interruptions(count, seed=19):
            seconds.append(time.perf_counter() - begin)
            if started.returncode != 7:  # that of the program that it starts
                failed += 1
                print(started.stdout)
            begin = time.perf_counter()
        print(f"{count} installations killed, {failed} starts after it failed (goal 0);", end=" ")
        print(f"slowest pair {max(seconds[1:]):.0f} s")


def benchmark_jobs(count: int = 3000, workers: int = 64, seconds: float = 4) -> None:
    """Time what each of many jobs costs besides its work, by processes here and by dask on this machine, in turn.

    Then simulated submissions, which read and write files of a submission's size and sleep, on many workers.
    """
    with tempfile.TemporaryDirectory() as folder:
        machines = Machines(Path(folder))
        try:
            scheduler = machines.scheduler()
            machines.worker(threads=2)
            for _ in range(2):
                for where in ({"workers": 2}, {"scheduler": machines.address}):
                    few = list(run_jobs(work.square, {str(n): (n,) for n in range(2)}, **where))
                    begin = time.perf_counter()
                    many = list(run_jobs(work.square, {str(n): (n,) for n in range(500)}, **where))
                    each = 1000 * (time.perf_counter() - begin) / len(many)
                    assert len(few) == 2 and not any(outcome.failure for outcome in many)
                    print(f"{next(iter(where)):10s} {each:.1f} ms a job (goal 50)", flush=True)
            machines.worker(threads=workers - 2)
            content = bytes(300_000)  # a notebook, its hidden tests and the gradebook
            warm = {f"warm {n}": (content, 1) for n in range(2 * workers)}
            list(run_jobs(work.submission, warm, scheduler=machines.address))
            jobs = {str(n): (content, seconds) for n in range(count)}
            begin, peak = time.perf_counter(), 0
            for outcome in run_jobs(work.submission, jobs, scheduler=machines.address):
                assert len(outcome.result) == len(content), outcome.failure
                peak = max(peak, memory_of(psutil.Process(scheduler.pid)))
            took, ideal = time.perf_counter() - begin, count * seconds / workers
            print(f"{count} jobs of {seconds} s on {workers} workers: {took:.0f} s, ideal {ideal:.0f}", end=" ")
            print(f"({ideal / took:.0%}, goal 95 %); the scheduler held {peak / 1e6:.0f} MB")
        finally:
            machines.end()


def benchmark_grading_by_dask(count: int = 30) -> None:
    """Grade model solutions by processes and by dask's workers in turn, as many at a time; print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        release, handed_in = Path(folder) / "release", Path(folder) / "class"
        handed_in.mkdir()
        course_py("coursework", "--seed", "bench", "--out", release, check=True)
        for number in range(count):
            code = answered(release, "1_the_data", trial=f"number = {number}")
            nbformat.write(code, handed_in / f"student{number}_1_the_data.ipynb")
        machines, took = Machines(Path(folder)), {}
        try:
            machines.scheduler()
            machines.worker(threads=min(4, os.cpu_count() or 1))
            for name, options in (("processes", []), ("dask", ["--scheduler", machines.address])):
                copy = shutil.copytree(release, Path(folder) / name)
                begin = time.perf_counter()
                done = grade_quickly(copy, handed_in, *options, seconds=90)
                assert done.returncode == 0, done.stdout + done.stderr
                took[name] = time.perf_counter() - begin
                print(f"{count} submissions by {name}: {took[name]:.0f} s", flush=True)
        finally:
            machines.end()
        print(f"dask / processes: {took['dask'] / took['processes']:.2f} (goal 1.1)")


def table(path: Path) -> list[dict]:
    """Return the rows of a CSV."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    benchmark_pictures()
    benchmark_distortions()
    benchmark_training()
    benchmark_notebooks()
    benchmark_instruments()
    benchmark_damage()
    benchmark_interruptions()
    benchmark_coursework()
    if PYTHON.exists():
        benchmark_jobs()
        benchmark_grading_by_dask()
    else:
        print("Jobs on many machines: `python3 course.py many` installs what is measured.")
