"""Hand an assignment in: `python3 course.py hand-in NOTEBOOK`, or `hand_in()` in the notebook's last cell.

Both let `packing` look at the notebook, in a process of its own. This module is imported where a student's cells run,
so it needs little, and answers at once.
"""

import argparse
import io
import json
import logging
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import psutil
from IPython import get_ipython

from helpers import INSIDE_A_COPY, ROOT, CourseError

WIDTH = 79  # characters of a line that is written over
BEGIN = "   0 s  The check of the notebook starts."
#: For which state of a notebook the reader was asked to save it: the last cell that had run, and the file's time.
ASKED: dict[Path, tuple[int, int]] = {}


def this_notebook() -> Path:
    """Return the notebook whose kernel this is; CourseError when nothing says which."""
    for told in (get_ipython().user_ns.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if told and told.endswith(".ipynb"):
            if not Path(told).exists():
                raise CourseError(f"There is no {told} any more. Was the notebook renamed? Restart its kernel first.")
            return Path(told)
    raise CourseError('Nothing here says which notebook this is: please name it, hand_in("NAME.ipynb").')


def unsaved(path: Path, history: list[str], kernel_began: float) -> bool:
    """Return whether cells were run in this kernel since the notebook was saved, as far as a kernel can know.

    history: what was run, by its number, the running cell last; kernel_began: in seconds since 1970.
    """
    ran = [number for number, code in enumerate(history[:-1]) if code.strip() and "hand_in(" not in code]
    try:
        changed = path.stat().st_mtime_ns
        stored = {cell.get("execution_count") for cell in json.loads(path.read_bytes())["cells"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # what is wrong with the file is told by whoever packs it
    last = max(ran, default=0)
    asked = ASKED.get(path)
    if asked and asked[0] == last and asked[1] != changed:
        return False  # nothing has run since this was asked, and the notebook was saved
    if not last or (last in stored and changed > kernel_began * 1e9):
        return False
    ASKED[path] = (last, changed)
    return True


def hand_in(name: str = "") -> None:
    """Print the page about this notebook and write the file to upload; name: of the notebook, where nothing else says.

    It does so for a reader alone: a program that runs a notebook, as grading does, gets one line.
    """
    reader = getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False)
    if os.environ.get(INSIDE_A_COPY) or not reader:
        print("Handing in waits for you: run this cell in JupyterLab.")
        return
    path = Path(name).absolute() if name else this_notebook()
    if unsaved(path, get_ipython().history_manager.input_hist_raw, psutil.Process().create_time()):
        print("Not handed in yet: cells were run since the notebook was saved. Save it (Ctrl+S, on a Mac ⌘S).")
        print("Then run this cell again, by itself.")
        return
    print(f"\r{BEGIN}", end="", flush=True)
    command = [sys.executable, "-X", "utf8", "-m", __name__, "--cell", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        # newline: a carriage return, after which a line is written over, is none
        for line in io.TextIOWrapper(process.stdout, encoding="utf-8", newline="\n"):
            print(line.rstrip("\n") if line.startswith("\r") else line, end="", flush=True)
        if process.wait() not in (0, 1):
            print(f"\nIt ended before its time: please try `python3 course.py hand-in {path.name}` in a terminal.")
    except KeyboardInterrupt:  # the process gets it as well
        print("\nStopped: nothing was written.")
    finally:
        process.terminate()
        process.wait()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("course.py hand-in", description="Check an assignment's notebook, and pack it.")
    parser.add_argument("notebook", metavar="NOTEBOOK", type=Path, help="the notebook that you were given (.ipynb)")
    parser.add_argument("--cell", action="store_true", help=argparse.SUPPRESS)  # started by the notebook's last cell
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # a name may hold what this terminal cannot show
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.simplefilter("ignore")  # what libraries say of an odd notebook is nothing for a student
    logging.disable()
    if os.environ.get(INSIDE_A_COPY):
        print("Handing in waits for you: run this in a terminal.")
        return 1

    def show(line: str) -> None:  # over the one before; a cell reads whole lines
        if options.cell or sys.stdout.isatty():
            text = line[:WIDTH].ljust(WIDTH) + ("" if line else "\r")
            print(f"\r{text}", end="\n" if options.cell else "", flush=True)

    try:
        show(BEGIN)
        from helpers.exercises.packing import pack_up  # takes seconds

        print(pack_up(options.notebook, show, "No cell was run since." if options.cell else ""))
    except CourseError as told:
        show("")
        print(told)
        return 1
    except KeyboardInterrupt:
        if not options.cell:  # which says so itself
            print("\nStopped: nothing was written.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
