"""Run a copy of a notebook from top to bottom in a fresh kernel and a folder of its own, within limits.

`hand_in` runs a student's notebook like this before it is packed; grading uses the same limits, and the same client.
"""

import asyncio
import concurrent.futures
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from helpers import INSIDE_A_COPY, ROOT

CELL_SECONDS = 90  # the slowest part of a model solution takes about 10 on one core
ALL_SECONDS = 600
MEMORY_GB = 4.0  # of the kernel and all it started; a model solution takes about 1
LARGEST_MB = 100  # of a file that is handed in
PATIENCE = 5  # seconds that a cell has to end after it was interrupted
MOST_TEXT = 20_000  # characters that a cell may print; what comes after is dropped
MOST_PICTURES = 5_000_000  # characters of other outputs (pictures are text here)
NOT_RUN = "not-run-at-grading"  # the tag of cells whose outputs a person reads as they were handed in
HAND_IN = "hand_in"  # the name of the cell that hands in
KERNEL = "course"


class BoundedClient(NotebookClient):
    """Runs a notebook, and keeps of each cell's outputs what a person can read."""

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Drop what a cell prints beyond a limit before it is stored."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            room = MOST_TEXT - sum(len(each.get("text", "")) for each in cell.outputs)
            content["text"] = content["text"][: max(0, room)]
        elif msg["msg_type"] == "error":
            content["evalue"] = content["evalue"][:MOST_TEXT]
            content["traceback"] = [line[:MOST_TEXT] for line in content["traceback"][:100]]
        elif "data" in content:
            size = len(json.dumps(content["data"])) + sum(len(json.dumps(each)) for each in cell.outputs)
            content["data"] = content["data"] if size < MOST_PICTURES else {"text/plain": "(too large to be kept)"}
        return super().process_message(msg, cell, cell_index)


@contextlib.contextmanager
def known_kernel(argv: Sequence[str]) -> Iterator[None]:
    """Make the command that starts a kernel known under the name KERNEL, for this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder, "kernels", KERNEL)
        kernel.mkdir(parents=True)
        about = {"argv": list(argv), "display_name": KERNEL, "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = folder
        try:
            yield
        finally:
            os.environ.pop("JUPYTER_PATH")
            if before is not None:
                os.environ["JUPYTER_PATH"] = before


def kernel_command(python: str) -> list[str]:
    """Return the command that starts a kernel of this Python."""
    return [python, "-m", "ipykernel_launcher", "--IPKernelApp.log_level=ERROR", "-f", "{connection_file}"]


def memory_of(process: psutil.Process) -> float:
    """Return the gigabytes that a process and all that it started hold at the moment; 0 when it has ended."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += each.memory_info().rss
    return total / 1e9


class CellRun(NamedTuple):
    """What running a cell came to."""

    seconds: float
    outputs: list[NotebookNode]
    problem: str  # why it was stopped; empty when it ended by itself


class WatchedClient(BoundedClient):
    """Runs a notebook, and stops what takes too long or too much.

    show: gets the position of the cell that runs, and the seconds since the notebook's start, twice a second.
    """

    def __init__(self, notebook: NotebookNode, show: Callable[[int, float], None], **settings: object):
        super().__init__(notebook, timeout=None, allow_errors=True, **settings)
        self.record_timing = self.store_widget_state = False
        self.shutdown_kernel = "immediate"
        self.show, self.begun, self.ran = show, time.monotonic(), {}

    def trouble(self, cell: NotebookNode, begun: float) -> str:
        """Return why the running cell must be stopped; empty when it may go on."""
        now = time.monotonic()
        # what grading does not run may take as long as there is time
        if now - begun > CELL_SECONDS and not is_read(cell):
            return f"It ran longer than {CELL_SECONDS:g} seconds, and was stopped, as grading does."
        if now - self.begun > ALL_SECONDS:
            return f"The whole notebook ran longer than {ALL_SECONDS:g} seconds: it was stopped here."
        with contextlib.suppress(psutil.Error, AttributeError):
            if memory_of(psutil.Process(self.km.provisioner.pid)) > MEMORY_GB:
                return f"It took more than {MEMORY_GB:g} GB of memory, and was stopped, as grading does."
        return ""

    async def watch(self, cell: NotebookNode, cell_index: int, told: list[str]) -> None:
        """Look at the running cell twice a second; interrupt it when it must be stopped, or else end its Python."""
        begun, interrupted = time.monotonic(), 0.0
        while True:
            self.show(cell_index, time.monotonic() - self.begun)
            await asyncio.sleep(0.5)
            if not told and (why := self.trouble(cell, begun)):
                told.append(why)
                interrupted = time.monotonic()
                await self.km.interrupt_kernel()
            elif told and time.monotonic() - interrupted > PATIENCE:
                told[0] += " It could not be interrupted: its Python was ended."
                await self.km.shutdown_kernel(now=True)
                return

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, *arguments: object, **named: object):
        """Run a cell if there is time left, and note what came of it; DeadKernelError: none can be run after it."""
        if not cell.source.strip() or time.monotonic() - self.begun > ALL_SECONDS:
            return cell
        told: list[str] = []
        begun, watch = time.monotonic(), asyncio.ensure_future(self.watch(cell, cell_index, told))
        cell.outputs = []
        try:
            return await super().async_execute_cell(cell, cell_index, *arguments, **named)
        except DeadKernelError:
            told += [] if told else ["It ends the Python that it runs in."]
            raise
        finally:
            watch.cancel()
            self.ran[cell_index] = CellRun(time.monotonic() - begun, cell.outputs, " ".join(told))


def end_kernel(client: NotebookClient) -> None:
    """End the kernel of a client and all that it started, if it still runs."""
    with contextlib.suppress(psutil.Error, AttributeError):  # there is none (any more)
        kernel = psutil.Process(client.km.provisioner.pid)
        for each in [*kernel.children(recursive=True), kernel]:
            with contextlib.suppress(psutil.Error):
                each.kill()


def name_of(cell: NotebookNode) -> str:
    """Return nbgrader's name of a cell; empty when it has none."""
    about = cell.metadata.get("nbgrader")
    return str(about.get("grade_id", "")) if isinstance(about, dict) else ""


def is_read(cell: NotebookNode) -> bool:
    """Return whether a person reads a cell's outputs as they were handed in."""
    tags = cell.metadata.get("tags")
    return isinstance(tags, list) and NOT_RUN in tags


def run_a_copy(notebook: NotebookNode, python: str, show: Callable[[int, float], None]) -> dict[int, CellRun]:
    """Run a copy of a notebook in a fresh kernel of this Python; return what came of each code cell, by its position.

    A cell that raises does not stop those below it. After one that ended its Python no other is in the result.
    """
    copy = nbformat.v4.new_notebook()
    for cell in notebook.cells:  # of a cell its text alone: what else a file says of it may be anything
        source = cell.source if cell.cell_type == "code" and name_of(cell) != HAND_IN else ""
        copy.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [NOT_RUN] if is_read(cell) else []}))
    with (
        tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as temporary,
        known_kernel(kernel_command(python)),
    ):
        work = Path(temporary, "work")
        work.mkdir()
        mine = {name: value for name, value in os.environ.items() if name not in ("JPY_SESSION_NAME", "MPLBACKEND")}
        # no start-up file of the reader: the grader's Python has none of them
        mine |= {INSIDE_A_COPY: "1", "IPYTHONDIR": str(Path(temporary, "ipython"))}
        # a Jupyter that the course did not install finds it beside the notebook, which the copy is not
        mine["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        client = WatchedClient(copy, show, kernel_name=KERNEL, resources={"metadata": {"path": str(work)}})
        # in a thread, since nbclient would catch Ctrl-C and take it for the end of the kernel
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            running = thread.submit(client.execute, env=mine)
            try:
                concurrent.futures.wait([running])
            finally:
                end_kernel(client)
        with contextlib.suppress(DeadKernelError):
            running.result()
    return client.ran
