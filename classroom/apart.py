"""Processes that run a student's code: walls around them where the system has some, a watch, and an end for all.

Walls are bubblewrap's (Linux): the student's Python has a file system of its own, with the course's code and data, no
network, and its own processes. A trial shows whether they hold here: to have bubblewrap is not enough.
"""

import contextlib
import ctypes
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from helpers import INSIDE_A_COPY, ROOT
from classroom.release import Sorry, students_python
from helpers.exercises.fresh_kernel import ALL_SECONDS, CELL_SECONDS, MEMORY_GB, memory_of

DISK_GB, FILES = 2.0, 20_000  # that it may write; a model solution writes less than 1 MB
MARKER = "GRADING_MARKER"  # in the environment of all that is started here
#: All that a submission is told of its surroundings: the rest may hold passwords, and a cell can print it.
KEPT = {"PATH", "COURSE_PYTHON", "PYTHONNOUSERSITE", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"}
KEPT |= {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"}
STOPPING = threading.Event()
LINUX = sys.platform.startswith("linux")
#: What a Python needs of a Linux, and holds nothing of its users but their names.
SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache"]
SYSTEM += ["/etc/localtime", "/etc/passwd", "/nix/store", "/gnu/store"]
#: Run behind the walls to see that they hold: sys.argv names a file of ours, which must not be there.
TRIAL = """
import os, socket, sys
assert not os.path.exists(sys.argv[1]), "files can be seen"
assert sum(name.isdigit() for name in os.listdir("/proc")) < 5, "processes can be seen"
assert [name for _, name in socket.if_nameindex()] in ([], ["lo"]), "there is a network"
import helpers.mnist, ipykernel, numpy
os.mkdir("home")
socket.socket(socket.AF_UNIX).bind(os.path.abspath("home/kernel-5"))  # as the kernel's own: a path may be too long
print("the walls hold")
"""


# --- Walls ---------------------------------------------------------------------------------------------------------


@functools.cache
def python_folders() -> list[str]:
    """Return the folders of the students' Python."""
    ask = "import sys; print(sys.prefix, sys.base_prefix, sys.base_exec_prefix, sep='\\n')"
    told = subprocess.run([students_python(), "-c", ask], capture_output=True, text=True, encoding="utf-8", check=True)
    return sorted({str(Path(students_python()).parent.parent), *told.stdout.split("\n")} - {""})


def walls(folder: Path) -> list[str]:
    """Return the beginning of a command that then sees this folder, the course's code and data, and nothing else."""
    seen = [*SYSTEM, *python_folders(), str(ROOT / "helpers"), str(ROOT / "data")]
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/dev/shm"):  # on the disk: what is written into memory is in no process, and not counted
        command += ["--bind", str(folder), place]
    command += [word for path in seen for word in ("--ro-bind-try", path, path)]
    # the kernel ends itself when its parent is gone; here that is told by --die-with-parent
    command += ["--bind", str(folder), str(folder), "--setenv", "JPY_PARENT_PID", "1"]
    return [*command, "--remount-ro", "/", "--remount-ro", "/dev"]


def why_no_walls() -> str:
    """Try the walls; return in one sentence why there are none, and nothing when they hold."""
    if not LINUX:
        return "They need Linux."
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (Debian, Ubuntu, Fedora: the package bubblewrap)."
    with (
        tempfile.TemporaryDirectory(prefix=f"grading-{os.getpid()}-") as temporary,
        tempfile.NamedTemporaryFile() as ours,
    ):
        command = [*walls(Path(temporary)), "--chdir", temporary]
        command += [students_python(), "-c", TRIAL, ours.name]
        try:
            tried = subprocess.run(command, capture_output=True, env=environment_in(Path(temporary)), timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap is installed and does not work here ({type(error).__name__})."
        if b"the walls hold" in tried.stdout and Path(temporary, "home").exists():
            return ""
        last = tried.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        return f"bubblewrap is installed and does not work here ({last[0][:200]})."


def environment_in(folder: Path, marker: str = "") -> dict[str, str]:
    """Return the environment of a process that runs a submission in a folder."""
    environ = {name: value for name, value in os.environ.items() if name.upper() in KEPT}
    environ |= {"TMPDIR": str(folder), "TEMP": str(folder), "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    environ["USERPROFILE"] = str(folder)  # the home on Windows
    environ |= {"IPYTHONDIR": str(folder / "ipython"), "MPLCONFIGDIR": str(folder / "matplotlib"), MARKER: marker}
    environ |= {"PYTHONWARNINGS": "ignore", INSIDE_A_COPY: "1"}
    return environ | {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}


# --- Processes of ours and what they start ---------------------------------------------------------------------------

OWN: set[int] = set()  # numbers of the processes that this one has started and still watches
STARTING = threading.Lock()


def keep_orphans(closed: bool = False) -> None:
    """Become the parent of what this process's children leave behind (Linux); closed: let no other look inside.

    Then a daemon is found whatever it does to its environment, and no student's process can open our pipes.
    """
    if LINUX:
        library = ctypes.CDLL(None)
        library.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        if closed:
            library.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def tree_of(process: psutil.Process, marker: str) -> list[psutil.Process]:
    """Return a process's children, theirs, and whatever carries the marker in its environment: the living ones."""
    tree = []
    with contextlib.suppress(psutil.Error):
        tree = process.children(recursive=True)
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if marker and other not in tree and other.environ().get(MARKER, "").startswith(marker):
                tree.append(other)
    return [each for each in tree if is_alive(each) and each.pid not in (process.pid, os.getpid())]


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs."""
    with contextlib.suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def end_all(find: Callable[[], list[psutil.Process]]) -> None:
    """End processes until none is found: one may start another meanwhile."""
    for _ in range(20):
        found = find()
        for each in found:
            with contextlib.suppress(psutil.Error):
                each.kill()
        if not found:
            break
        psutil.wait_procs(found, timeout=1)


def orphans() -> list[psutil.Process]:
    """Return what was left to this process by children of ours that are gone, with all that it started."""
    left = [each for each in psutil.Process().children() if each.pid not in OWN]
    for each in [each for each in left if not is_alive(each)]:
        with contextlib.suppress(psutil.Error):
            each.wait(0)
    return [each for one in left if is_alive(one) for each in [*tree_of(one, ""), one]]


def start(command: list[str], folder: Path, environ: dict[str, str], log: Path) -> subprocess.Popen:
    """Start a process of ours; its standard input and output are pipes."""
    with STARTING, log.open("wb") as file:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": file}
        child = subprocess.Popen(command, cwd=folder, env=environ, **pipes)
        OWN.add(child.pid)
        return child


def end(child: subprocess.Popen, process: psutil.Process, marker: str) -> None:
    """End a process of ours and all that it started; it goes last, since its orphans are left to it."""
    end_all(lambda: tree_of(process, marker))
    child.kill()
    child.wait()
    with STARTING:
        OWN.discard(child.pid)
        if LINUX:
            end_all(orphans)


def end_what_is_left_of(grader: int) -> None:
    """End what a grading of this number, which was killed, has left behind."""
    end_all(lambda: tree_of(psutil.Process(), f"{grader}-"))


def written_to(folder: Path) -> tuple[float, int]:
    """Return what the files in a folder hold, in GB, and how many there are; no more than FILES are counted."""
    total = count = 0
    waiting = [str(folder)]
    while waiting and count <= FILES:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as found:  # it may be gone, or closed to us
            for each in found:
                count += 1
                if count > FILES:
                    break
                with contextlib.suppress(OSError):
                    about = each.stat(follow_symlinks=False)
                    # what it takes on the disk: a file with holes is longer (Windows tells its length alone)
                    total += getattr(about, "st_blocks", about.st_size / 512) * 512
                    if each.is_dir(follow_symlinks=False):
                        waiting.append(each.path)
    return total / 1e9, count


# --- Asking a process of ours ----------------------------------------------------------------------------------------


class Told:
    """What a process of ours says, a line of JSON at a time, through a pipe that no student's process has an end of."""

    def __init__(self, child: subprocess.Popen, job: dict) -> None:
        self.cell: int | None = None  # which runs now
        self.since = time.monotonic()
        self.result: dict = {}
        self.failed = ""
        self._child, self._job = child, job
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # it may be gone
            self._child.stdin.write(json.dumps(self._job).encode() + b"\n")
            self._child.stdin.flush()
        with contextlib.suppress(OSError, ValueError):
            for line in self._child.stdout:
                self._hear(json.loads(line))

    def _hear(self, said: dict) -> None:
        if "cell" in said:
            self.cell, self.since = said["cell"], time.monotonic()
        elif "failed" in said:
            self.failed = said["failed"]
        else:
            self.result |= said

    def all(self) -> None:
        """Wait for the last line, when the process is gone."""
        self._thread.join(10)


def ask(module: str, job: dict, folder: Path, seconds: float = ALL_SECONDS) -> tuple[Told, str]:
    """Let a module of ours do a job, in a process that is watched; return what it told, and why it was ended ('': not).

    folder: where the student's code is at home; the log is beside it.
    """
    marker = f"{os.getpid()}-{folder.parent.name}"
    log = folder.parent / "log.txt"
    child = start([sys.executable, "-P", "-m", module], folder, environment_in(folder, marker), log)
    process, begun, reason, told = psutil.Process(child.pid), time.monotonic(), "", Told(child, job)
    looked = begun
    try:
        while child.poll() is None and not reason:
            if STOPPING.wait(0.2):
                raise Sorry("The grading was stopped.")
            now = time.monotonic()
            if told.cell is not None and now - told.since > CELL_SECONDS:
                reason = f"It ran longer than {CELL_SECONDS} seconds, and was ended."
            elif now - begun > seconds:
                reason = f"All cells together ran longer than {seconds} seconds; this one and the rest were left out."
            elif memory_of(process) > MEMORY_GB:
                reason = f"It took more than {MEMORY_GB:g} GB of memory, and was ended."
            elif log.exists() and log.stat().st_size > 50e6:
                reason = "It printed without end past Jupyter, and was ended."
            elif now - looked > 1:
                gigabytes, files = written_to(folder)
                if gigabytes > DISK_GB or files > FILES:
                    reason = f"It wrote more than {DISK_GB:g} GB, or {FILES:,} files, and was ended."
                looked = time.monotonic()
    finally:
        end(child, process, marker)
        told.all()
        child.stdin.close()
        child.stdout.close()
    if not reason and not told.result:
        reason = told.failed or "It ended the process that grades it; please look."
    return told, reason


def answer_jobs(work: Callable[[dict, Callable[[dict], None]], None]) -> None:
    """Do the job that stands on standard input, and tell of it on what was standard output; end with who asked.

    work: does a job; its second argument tells a line.
    """
    keep_orphans(closed=True)
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")  # a copy, which no child inherits
    os.dup2(2, 1)

    def tell(said: dict) -> None:
        pipe.write(json.dumps(said) + "\n")
        pipe.flush()

    def leave_with_the_grader() -> None:
        while os.read(0, 1):
            pass
        end_all(lambda: tree_of(psutil.Process(), ""))
        os._exit(1)

    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=leave_with_the_grader, daemon=True).start()
    try:
        work(job, tell)
    except Exception as error:
        line = (str(error).strip().splitlines() or [""])[-1]
        tell({"failed": f"It stopped with {type(error).__name__}: {line[:300]}"})
    os._exit(0)
