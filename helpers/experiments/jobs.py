"""Many independent jobs, by processes here or on a dask scheduler's machines; whatever befalls one, the rest go on.

A job is a call of a function that stands in a module, done in a Python of its own. On the way to another machine it is
bytes that nobody opens, and so is its result. (dask.distributed is imported only where a scheduler is named.)
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import importlib
import itertools
import os
import pickle
import queue
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from helpers import ROOT, CourseError

KEYS = ROOT / "my_work" / "many"  # cert.pem and key.pem: see notebooks/coursework/README.md
AHEAD = 256  # jobs that a scheduler holds at a time: their bytes fill its memory
PATIENCE = 300  # seconds for which a scheduler may be away
LONGEST = 12 * 3600.0
_MINE = threading.local()
_PYTHONS: weakref.WeakSet["_Python"] = weakref.WeakSet()


class Outcome(NamedTuple):
    """What became of a job: its result, or in a sentence why there is none (empty when it is done)."""

    name: str
    result: Any
    failure: str


def run_jobs(
    function: Callable,
    jobs: dict[str, tuple],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    kept: Path | None = None,
    seconds: float = LONGEST,
    apart: bool = True,
) -> Iterator[Outcome]:
    """Yield the outcome of `function(*arguments)` for each job, by name, as they are done. A failure is no exception.

    workers: how many at a time here (None: one for each processor); scheduler: dask's, instead of them; kept: a folder
    in which results wait by name, so that the next run goes on where this one was; seconds: after which a job is ended;
    apart=False: a thread is enough here, since the job starts processes of its own.
    Raises CourseError when the scheduler cannot be reached.
    """
    todo = {}
    for name, arguments in jobs.items():
        found = _kept(kept, name)
        if found:
            yield Outcome(name, found[1], "")
        else:
            todo[name] = arguments
    apart = apart or scheduler is not None
    begun = time.monotonic()
    while todo:  # a second time when the scheduler was away
        with _pool(scheduler, workers) as pool:
            names, running, done = iter(list(todo)), {}, queue.SimpleQueue()
            while True:
                for name in itertools.islice(names, AHEAD - len(running)):
                    call = (do_apart, _packed(function, todo[name]), seconds) if apart else (function, *todo[name])
                    future = pool.submit(*call)
                    running[future] = name
                    future.add_done_callback(done.put)
                if not running:
                    break
                try:
                    future = done.get(timeout=1)  # so that Ctrl-C is heard on Windows too
                except queue.Empty:
                    _show(begun, [each for future, each in running.items() if future.running()], len(todo))
                    continue
                name = running.pop(future)
                if future.cancelled():
                    names = iter(())
                else:
                    del todo[name]
                    _show()
                    yield _keep(kept, _outcome(name, future, apart))


def all_results(outcomes: Iterator[Outcome], total: int) -> dict[str, Any]:
    """Return the results of `run_jobs` by name, and tell of each in a line as it comes.

    Raises CourseError at the end, when all the rest is done, that names those that failed.
    """
    found, failed, begun = {}, [], time.monotonic()
    for number, (name, result, failure) in enumerate(outcomes, 1):
        print(f"{number:4} of {total}  {time.monotonic() - begun:5.0f} s  {name}: {failure or 'done'}", flush=True)
        if failure:
            failed.append(name)
        found[name] = result
    if failed:
        raise CourseError(f"Not done: {', '.join(failed)}. The same command does these again, and keeps the rest.")
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what a program passes on to `run_jobs`. One job at a time is the default: a training uses all processors."""
    parser.add_argument("--workers", type=int, default=1, help="how many at a time on this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a scheduler of `course.py many`, instead of that")


def _show(begun: float = 0, running: list[str] | tuple = (), left: int = 0) -> None:
    """On a terminal, write a line that moves: seconds, how many jobs are left, which run here. left=0: clear it."""
    if sys.stdout.isatty():
        line = f"{time.monotonic() - begun:5.0f} s  {left} left  {', '.join(sorted(running))}" if left else ""
        print(line[:79].ljust(79), end="\r", flush=True)


def _packed(function: Callable, arguments: tuple) -> bytes:
    """Return a call as bytes; the function goes by its name, with the environment in which it is to be found."""
    module = function.__module__
    if module == "__main__":
        module = getattr(sys.modules[module].__spec__, "name", None)
    if not module:
        raise CourseError(
            f"A job runs in another process: please put {function.__name__} into a module, and import it."
        )
    return pickle.dumps((Path(sys.prefix).name, pickle.dumps((module, function.__name__, arguments))))


def _outcome(name: str, future: concurrent.futures.Future, apart: bool) -> Outcome:
    try:
        answer = future.result()
        return Outcome(name, *(pickle.loads(answer) if apart else (answer, "")))
    except Exception as error:  # a worker that died with each attempt, or a result that is none
        return Outcome(name, None, f"It was not done ({type(error).__name__}: {error}).")


# --- What is done -------------------------------------------------------------------------------------------------


def _file_of(folder: Path, name: str) -> Path:
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.pickle"


def _kept(folder: Path | None, name: str) -> tuple | None:
    """Return what waits under a name; a file that is damaged counts for nothing, and is made again."""
    with contextlib.suppress(Exception):
        found = pickle.loads(_file_of(folder, name).read_bytes())
        return found if found[0] == name else None


def _keep(folder: Path | None, outcome: Outcome) -> Outcome:
    """Store a result in one step."""
    if folder is None or outcome.failure:
        return outcome
    path = _file_of(folder, outcome.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".part").write_bytes(pickle.dumps((outcome.name, outcome.result)))
        path.with_suffix(".part").replace(path)
    except OSError as error:
        path.with_suffix(".part").unlink(missing_ok=True)
        return Outcome(outcome.name, None, f"It was done, and could not be kept ({error.strerror}).")
    return outcome


# --- Where it is done ---------------------------------------------------------------------------------------------


class _Python:
    """A process that does the jobs of one thread, one after the other; it ends when this process does."""

    def __init__(self, environment: str) -> None:
        self.environment, self.late = environment, False
        there = ROOT / environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        here = Path(sys.prefix).name == environment or not there.exists()
        self.folder = tempfile.TemporaryDirectory(prefix="jobs-", ignore_cleanup_errors=True)
        serve = "from helpers.experiments import jobs; jobs.serve()"
        command = [sys.executable if here else str(there), "-P", "-c", serve, self.folder.name]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes)
        _PYTHONS.add(self)

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        self.folder.cleanup()

    def _end_late(self) -> None:
        self.late = True
        self.child.kill()

    def do(self, work: bytes, seconds: float) -> bytes:
        timer = threading.Timer(seconds, self._end_late)
        timer.start()
        try:
            pickle.dump(work, self.child.stdin)
            self.child.stdin.flush()
            return pickle.load(self.child.stdout)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            self.end()
            how = f"It ran longer than {seconds:g} seconds" if self.late else "Its process died (memory?)"
            return pickle.dumps((None, f"{how}, and was ended."))
        finally:
            timer.cancel()


def do_apart(work: bytes, seconds: float) -> bytes:
    """Do a job in the Python that belongs to this thread, here or on a machine of dask's; return result and failure."""
    environment, call = pickle.loads(work)
    mine = getattr(_MINE, "python", None)
    if mine is None or mine.environment != environment or mine.child.poll() is not None:
        mine = _MINE.python = _Python(environment)
    return mine.do(call, seconds)


def serve() -> None:
    """Do the jobs that stand on standard input. sys.argv[1]: a folder for what is temporary, which goes with them."""
    folder = tempfile.tempdir = sys.argv[1]
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for who asked
    pipe, waiting = os.fdopen(os.dup(1), "wb"), queue.SimpleQueue()
    os.dup2(2, 1)  # what a job prints is no answer

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                waiting.put(pickle.load(sys.stdin.buffer))
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            module, name, arguments = pickle.loads(waiting.get())
            answer = pickle.dumps((getattr(importlib.import_module(module), name)(*arguments), ""))
        except BaseException as error:
            answer = pickle.dumps((None, f"It stopped with {type(error).__name__}: {error}"[:500]))
        pickle.dump(answer, pipe)
        pipe.flush()


@contextlib.contextmanager
def _pool(scheduler: str | None, workers: int | None) -> Iterator[concurrent.futures.Executor]:
    """Open what calls are submitted to; afterwards nothing of it runs here."""
    if scheduler:
        with _client(scheduler) as client:
            yield client.get_executor(pure=False)
        return
    pool = concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for each in list(_PYTHONS):
            each.end()
        pool.shutdown()


def _client(address: str):
    """Return dask's client of a scheduler: with TLS, unless it is this machine's own."""
    many = str(ROOT / ".venv-many")
    there = sysconfig.get_path("purelib", "venv", {"base": many, "platbase": many})
    sys.path += [there] if there not in sys.path else []  # last: this environment's own packages come first
    try:
        from distributed import Client, Security
    except ImportError:
        raise CourseError("What a scheduler needs is not installed: `python3 course.py many` does it.") from None
    security = None
    if address.startswith("tls://"):
        ours = {"tls_ca_file": "cert.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}
        security = Security(require_encryption=True, **{name: str(KEYS / file) for name, file in ours.items()})
    elif not re.match(r"(tcp://)?(127\.|localhost:|\[::1\])", address):
        raise CourseError(
            f"{address} is another machine: its scheduler needs TLS, and an address with tls:// (see guide)."
        )
    try:
        return Client(address, security=security, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"The scheduler {address} cannot be reached; run this again when it can. ({error})") from None
