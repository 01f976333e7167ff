"""The course from a terminal: `python3 course.py lab` (on Windows `py course.py lab`) installs it and opens it.

Everything is installed into the folder .venv beside this file: delete that folder, and the empty .venv.lock,
and nothing is left. The last thing written there is a stamp that says what was installed; when it does not fit, .venv
is made again.
This file needs only Python itself, and keeps to what Python 3.6 can read (hence the quoted annotations), so that an
old Python can find a newer one beside it or say in a sentence what to install.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parent  # not resolve(): on Windows that turns a network drive into \\server
LOCK = ROOT / "requirements.txt"
# What is not for every reader, each in an environment of its own, in versions that the others have too: what it is for.
APART = {"instructor": "grading", "many": "a scheduler", "hub": "the hub", "book": "the book"}
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
WINDOWS = os.name == "nt"
BEGIN = time.time()

OLDEST, TOO_NEW = (3, 11), (3, 14)  # as in pyproject.toml
NEEDED_GB = 4  # 2.6 when installed, the rest while pip unpacks
FOR = "the course"
UV = "uv==0.13.9"
# JupyterLab would ask every new reader whether it may fetch news and look for updates.
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}

# Opening a notebook is not editing it: a page would store the reader's version of Python, and git refuse to pull.
SAVING = "--ContentsManager.pre_save_hook=tools.run_notebooks.as_stored"


class Sorry(Exception):
    """What the reader is told, instead of a traceback, when something outside this file is in the way."""


def say(text: str) -> None:
    print(text, flush=True)


# --- Which Python -------------------------------------------------------------------------------------------------

# What a Python says about itself. "path" is the Python behind a venv: the one that runs this file may be in the very
# .venv that is about to be deleted.
ASK = """import importlib.util, json, platform, struct, sys, sysconfig
print(json.dumps({"version": sys.version_info[:2], "bits": 8 * struct.calcsize("P"), "system": sys.platform,
    "machine": platform.machine().lower(), "path": getattr(sys, "_base_executable", None) or sys.executable,
    "venv": all(getattr(importlib.util.find_spec(name), "origin", None) for name in ("venv", "ensurepip")),
    "prefix": sys.prefix, "packages": sysconfig.get_paths()["purelib"]}))"""

NONE_FOUND = (
    "The course needs a 64-bit Python 3.11, 3.12 or 3.13 (on Windows one for Intel and AMD processors), and none was "
    "found: please install 3.13 from https://www.python.org/downloads/ (on Linux with `sudo apt-get install "
    "python3.13-venv` or `sudo dnf install python3.13`) and run this again."
)


def ask(command: list) -> dict:
    """What a Python says about itself; nothing when it does not run (a pyenv shim may lead nowhere)."""
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return json.loads(subprocess.check_output([*command, "-I", "-c", ASK], timeout=60, **quiet).decode())
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def complaint(facts: dict) -> str:
    """Why this Python cannot carry the course, and what to do about it; empty when it can."""
    kind = (facts["system"], facts["machine"])
    if kind == ("darwin", "x86_64"):
        return (
            "TensorFlow is no longer made for Macs with an Intel processor: please use another computer, or, if this "
            "one has an Apple chip, a Python made for it, from https://www.python.org/downloads/."
        )
    if not OLDEST <= tuple(facts["version"]) < TOO_NEW or facts["bits"] != 64 or kind == ("win32", "arm64"):
        return NONE_FOUND
    if not facts["venv"]:
        return (
            f"{facts['path']} lacks the part that makes environments: please run "
            "`sudo apt-get install python{}.{}-venv` and then this again.".format(*facts["version"])
        )
    return ""


def candidates(windows: bool = WINDOWS) -> "list[list[str]]":
    """The commands that may be a suitable Python: the running one, then the newest first."""
    versions = [f"3.{minor}" for minor in reversed(range(OLDEST[1], TOO_NEW[1]))]
    launcher = [["py", "-" + version] for version in versions] if windows else []
    return [[sys.executable], *launcher, *(["python" + version] for version in versions)]


def choose_python() -> str:
    """The path of the first Python that will do. When none will, the complaint is about the nearest one."""
    complaints = []
    for facts in filter(None, map(ask, candidates())):
        complaints.append(complaint(facts))
        if not complaints[-1]:
            return facts["path"]
    raise Sorry(next((text for text in complaints if text != NONE_FOUND), NONE_FOUND))


# --- Installing ---------------------------------------------------------------------------------------------------

DISK_FULL = f"The disk is full: please make {NEEDED_GB} GB of room and run this again."
TROUBLE = {  # a trace in what pip or the system says, and what the reader is told: the first that fits
    r"No space left|Errno 28\b|not enough space|quota exceeded": DISK_FULL,
    r"Permission denied|Access is denied|Read-only file system|Operation not permitted|WinError (5|32)\b": (
        "This folder cannot be written to: please close JupyterLab if it is open, or move the course into a folder of "
        "your own, such as Documents, and run this again."
    ),
    r"Retrying \(|ConnectionError|Connection(Reset|Broken)|(Connect|Read)Timeout|timed out|NameResolution|ProxyError"
    r"|Max retries|SSLError|CERTIFICATE_VERIFY|IncompleteRead|Network is unreachable|getaddrinfo|Failed to fetch": (
        "The packages could not be fetched from the internet, which the first start needs: please look at the "
        "connection (or the proxy) and run this again; what has arrived is kept."
    ),
}


def explain(output: str) -> str:
    """What to tell the reader about a failure: a known one in a sentence, another by the end of the output."""
    last = output.splitlines()[-30:]  # a connection that failed earlier and then held is not the reason
    known = [told for trace, told in TROUBLE.items() if re.search(trace, "\n".join(last), re.I)]
    return known[0] if known else "\n".join([*last[-15:], "That did not work, for the reason above."])


def without_hosts(text: str) -> str:
    """What pip says without the servers it names: nobody's private mirror belongs into a log."""
    return re.sub(r"(https?://|host=|resolve )(['\"]?)[^/\s,'\")]+", r"\1\2...", text)


def progress(output: str) -> str:
    """What pip is doing, learned from what it has printed so far; empty when that is not known."""
    if "\nInstalling collected packages" in output:
        return "unpacking what was fetched"
    names = re.findall(r"^(?:Collecting|Requirement already satisfied:) ([\w.-]+)", output, re.M)
    size = re.search(r" \([\d.]+ \w?B\)$", output.rstrip())
    total = len(re.findall(r"^[\w.-]+==", LOCK.read_text(encoding="utf-8"), re.M)) - output.count("Ignoring ")
    return f"fetching {len(names)} of {total}: {names[-1]}{size.group() if size else ''}" if names else ""


def show(text: str) -> None:
    """Write over the line before on a terminal, and below it elsewhere."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(text[:width].ljust(width), end="\r", flush=True)
    elif text:
        say(text)


def run(command: list, doing: str, folder: Path, held=subprocess.DEVNULL) -> None:
    """Run one step of an installation under a line that moves; what it prints stays in `folder`.

    held: the file of `only_one`, which it gets as its input (empty), and with it all that it starts.
    """
    log = folder / "install.log"
    environ = dict(environment(), TMPDIR=str(folder))  # pip's own choice, /tmp, is often too small for TensorFlow
    with log.open("wb") as file:
        pipes = {"stdin": held, "stdout": file, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=str(ROOT), env=environ, **pipes)
    try:
        while process.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5 if sys.stdout.isatty() else 10)
            output = log.read_text(encoding="utf-8", errors="replace")
            show(f"{time.time() - BEGIN:4.0f} s  {progress(output) or doing}")
    finally:  # also when the reader stops it
        process.kill()
        process.wait()
        show("")
        output = without_hosts(log.read_text(encoding="utf-8", errors="replace"))
        log.write_text(output, encoding="utf-8")
    if process.returncode:
        raise Sorry(explain(output))


def python_of(venv: Path) -> str:
    return str(venv / ("Scripts/python.exe" if WINDOWS else "bin/python"))


def fingerprint(version: list) -> str:
    """What the stamp says: the lock, and the Python that it was installed for."""
    return hashlib.sha256(LOCK.read_text(encoding="utf-8").encode()).hexdigest() + " Python {}.{}".format(*version)


def adopt(facts: dict) -> None:
    """Make helpers/ and tools/ importable in an environment, and its JupyterLab quiet about news and updates."""
    way = str(ROOT)
    with contextlib.suppress(ValueError):  # conda may be on another drive of Windows
        way = os.path.relpath(str(ROOT), facts["packages"])  # so that the folder can be moved
    Path(facts["packages"], "course.pth").write_text(way + "\n")  # in the encoding that Python reads it in
    overrides = Path(facts["prefix"], "share/jupyter/lab/settings/overrides.json")
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(QUIET), encoding="utf-8")


def hold(path: Path):
    """Open a file that one process can hold, until it and all to whom it is passed on are gone, however they ended.

    BlockingIOError: another one holds it.
    """
    if WINDOWS:
        import _winapi
        import msvcrt

        try:  # shared with nobody, made where it is missing (4)
            handle = _winapi.CreateFile(str(path), _winapi.GENERIC_READ, 0, 0, 4, 0, 0)
        except OSError as problem:
            raise BlockingIOError if problem.winerror == 32 else problem from None
        return os.fdopen(msvcrt.open_osfhandle(handle, os.O_RDONLY), "rb")
    import fcntl

    file = path.open("ab+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError:  # a file system that knows no locks
        pass
    return file


@contextlib.contextmanager
def only_one():
    """Wait until no other start installs, nor a pip that outlived its start; yield the file to be held meanwhile."""
    for attempt in itertools.count():
        try:
            file = hold(VENV.with_name(VENV.name + ".lock"))
            break
        except BlockingIOError:
            if not attempt:
                say("Another start of the course is installing at the moment: this one waits for it (Ctrl-C stops it).")
            time.sleep(0.5)
    with file:
        yield file


def install(held=subprocess.DEVNULL) -> None:
    """Make .venv afresh and put what the lock names into it."""
    maker, python = choose_python(), python_of(VENV)
    say(f"Installing what {FOR} needs: once, a few minutes, up to {NEEDED_GB} GB in the folder {VENV.name}.")
    if VENV.exists():
        say(f"The {VENV.name} that is there is unfinished, or for another Python or other versions: it is replaced.")
        with contextlib.suppress(FileNotFoundError):
            STAMP.unlink()  # first: what is left when this is interrupted must not pass for installed
        shutil.rmtree(str(VENV))
    if shutil.disk_usage(str(ROOT)).free < NEEDED_GB * 1e9:
        raise Sorry(DISK_FULL)
    VENV.mkdir()
    run([maker, "-I", "-m", "venv", str(VENV)], "making the environment", VENV, held)
    pip = [python, "-I", "-u", "-X", "utf8", "-m", "pip", "install", "--no-input", "--no-user", "--progress-bar=off"]
    exact = ["--require-hashes", "--only-binary=:all:", "--no-compile", "--requirement", str(LOCK)]
    exact.append("--no-binary=onetimepass")  # what checks the hub's accounts: its authors publish the source alone
    run([*pip, *exact], "asking for the packages", VENV, held)
    facts = ask([python])
    adopt(facts)
    STAMP.write_text(fingerprint(facts["version"]), encoding="utf-8")
    say(f"Installed in {time.time() - BEGIN:.0f} s. The first start takes a little longer than the later ones.")


def set_up() -> str:
    """The Python of the environment that the verbs run in, which is made or mended if it must be."""
    conda = re.search(r"^name: *(\S+)", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.M).group(1)
    if os.environ.get("CONDA_DEFAULT_ENV") == conda:
        python = os.path.join(os.environ["CONDA_PREFIX"], "python.exe" if WINDOWS else "bin/python")
        facts = ask([python])
        if not facts:
            raise Sorry("This conda environment does not work: `conda env update -f environment.yml` mends it.")
        adopt(facts)
    else:
        python = up_to_date()
    check_opencv(python)
    return python


def up_to_date() -> str:
    """The Python of VENV, which is made afresh when its stamp does not fit."""
    if not installed():
        with only_one() as held:
            if not installed():  # another start may have done it
                install(held)
    return python_of(VENV)


def installed() -> bool:
    """Whether the stamp of VENV fits."""
    facts = ask([python_of(VENV)])
    return bool(facts) and STAMP.exists() and STAMP.read_text(encoding="utf-8") == fingerprint(facts["version"])


def set_up_apart(name: str) -> str:
    """The Python of an environment that is not the students': nbgrader, for one, would change their JupyterLab."""
    global LOCK, VENV, STAMP, NEEDED_GB, FOR
    LOCK, VENV = lock_of(name), ROOT / f".venv-{name}"
    STAMP, NEEDED_GB, FOR = VENV / "installed", 1, APART[name]
    return up_to_date()


def lock_of(name: str) -> Path:
    return ROOT / f"requirements-{name}.txt"


def check_opencv(python: str) -> None:
    """Try the one package that needs libraries which pip cannot bring."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    result = subprocess.run([python, "-I", "-c", "import cv2"], **pipes)
    if result.returncode:
        error = result.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise Sorry(
            f"OpenCV, which reads the photographs, does not start ({error}): please install what it needs (on Debian, "
            "Ubuntu `sudo apt-get install libgl1 libglib2.0-0`, on Fedora `sudo dnf install mesa-libGL glib2`, on "
            "Windows the Visual C++ Redistributable) and run this again."
        )


# --- The verbs ----------------------------------------------------------------------------------------------------


def environment() -> dict:
    """The surroundings of what is started, without what other Pythons left there."""
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}
    return dict(environ, PYTHONNOUSERSITE="1")


def start(module: str, arguments: list, apart: tuple = ()) -> int:
    """Become the Python of the last environment, running a module, so that signals and the exit code are its own."""
    python = students = set_up()
    for name in apart:
        python = set_up_apart(name)
    if "--no-browser" in arguments:
        say("Open the address with `token=` that JupyterLab prints below in a browser. Ctrl-C here stops it.")
    command, environ = [python, "-m", module, *arguments], environment()
    environ["COURSE_PYTHON"] = students
    environ["PATH"] = os.path.dirname(python) + os.pathsep + environ.get("PATH", os.defpath)  # for !pip in a notebook
    if apart:
        command.insert(1, "-P")  # the work is done where its user is, and nothing is imported from there
    else:
        os.chdir(str(ROOT))
    if not WINDOWS:
        os.execve(python, command, environ)
    process = subprocess.Popen(command, env=environ)
    while True:  # Windows cannot replace a process; Ctrl-C goes to both, and the child decides what to do
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def lab(extra: list) -> int:
    """open the course in JupyterLab; the first time, install what it needs"""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    screen = not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ours = [f"--ServerApp.root_dir={ROOT}", SAVING, "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]
    if not re.search(r"--(ServerApp\.)?ip\b", " ".join(extra)):  # JupyterLab refuses to be told twice
        ours.append("--ServerApp.ip=localhost")
    ours += (["--allow-root"] if root else []) + ([] if screen else ["--no-browser"])
    return start("jupyterlab", [*ours, *extra])


def test(extra: list) -> int:
    """check that everything works; `--long` runs the tests that take longer (other arguments go to pytest)"""
    if "--long" in extra:
        extra = ["-m", "long", *(each for each in extra if each != "--long")]
    return start("pytest", extra)


def notebooks(extra: list) -> int:
    """run the notebooks again and store their outputs"""
    return start("tools.run_notebooks", extra)


def bench(extra: list) -> int:
    """measure time, memory and accuracy"""
    return start("tests.benchmarks.run", extra)


def hand_in(extra: list) -> int:
    """check the NOTEBOOK of an assignment, and pack it into one file to upload"""
    # the environment's Python is started in the course's folder
    return start("helpers.exercises.hand_in", [each if each[:1] == "-" else os.path.abspath(each) for each in extra])


def coursework(extra: list) -> int:
    """make a term's release of the assignments: --seed TERM --out FOLDER (for instructors)"""
    return start("classroom", extra, ("instructor",))


def grade(extra: list) -> int:
    """grade submissions: --release FOLDER SUBMISSIONS (for instructors)"""
    return start("classroom.grade", extra, ("instructor",))


def many(extra: list) -> int:
    """start a `scheduler` for jobs on many machines, or a `worker ADDRESS` (for instructors)"""
    return start("tools.many", extra, ("instructor", "many"))


def book(extra: list) -> int:
    """make the course's web site: `--open` shows it, `--pdf` prints it (for authors)"""
    return start("book.build", extra, ("book",))


def race(extra: list) -> int:
    """join a class's race of notebook 08, and open the test set once for all: FOLDER (for instructors)"""
    return start("classroom.race", extra)


def hub(extra: list) -> int:
    """try a JupyterHub for a class here, or run one: FILE with its settings (for instructors)"""
    return start("classroom.hub", extra, ("hub",))


def git(*arguments: str) -> bytes:
    command = ["git", "--literal-pathspecs", *arguments]
    try:
        return subprocess.check_output(command, cwd=str(ROOT), stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Sorry("The originals come from git, which is missing: please install it (https://git-scm.com).") from None
    except subprocess.CalledProcessError as problem:
        said = problem.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise Sorry(f"The originals come from git (was this folder made by `git clone`?), which says: {said}") from None


def reset(names: list) -> int:
    """put edited notebooks aside in my_work/ and bring back the originals (of all, or of the paths given)"""
    where = ["--", *(names or ["notebooks"])]
    git("ls-files", "--error-unmatch", *where)  # complains when it knows none of them
    torn = git("ls-files", "-z", "--unmerged", *where).split(b"\t")[1:]
    if torn:
        raise Sorry(
            "git is in the middle of a merge and has two versions of {}: end it or go back (`git status` says how, "
            "often `git merge --abort`), then run this again.".format(os.fsdecode(torn[0].partition(b"\0")[0]))
        )

    def changed(*options: str) -> "set[str]":
        listing = git("diff", "-z", "--name-only", "--no-renames", "--relative", *options, "HEAD", *where)
        return {os.fsdecode(path) for path in listing.split(b"\0") if path.endswith(b".ipynb")}

    # without a: those that the reader added, which have no original; without d: those that git was told to forget
    staged = changed("--cached", "--diff-filter=ad")
    todo = sorted(staged | changed("--diff-filter=a"))
    # a page that was open during an update can save a notebook under a name that the course has given up
    loose = [os.fsdecode(path) for path in git("ls-files", "-z", "--others", "--exclude-standard", *where).split(b"\0")]
    known = [path for path in loose if path.endswith(".ipynb") and git("log", "-1", "--format=%h", "--", path)]
    old = sorted(set(known) - set(todo))
    if not todo + old:
        say("Nothing to reset.")
        return 0
    aside = ROOT / "my_work" / time.strftime("%Y-%m-%d_%H-%M-%S")
    aside.mkdir(parents=True)  # fails when it is there: nothing is overwritten
    for path in todo + old:
        copy = aside / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).exists():
            shutil.copy2(str(ROOT / path), str(copy))
        if path in staged:  # it may be a third version
            copy.with_suffix(".staged.ipynb").write_bytes(git("cat-file", "blob", ":./" + path))
    if todo:
        git("checkout", "HEAD", "--", *todo)  # only now that all of them are safe
        say("\n".join(["The originals are back:", *todo]))
    for path in old:
        (ROOT / path).unlink()
    if old:
        say("\n".join(["These stood under names that the course no longer has, and were put aside:", *old]))
    say(f"Your versions are in {aside.relative_to(ROOT).as_posix()}. Close and open again what is open in JupyterLab.")
    return 0


def lock(extra: list) -> int:
    """renew requirements.txt from pyproject.toml (`--upgrade` also moves what pyproject.toml does not pin)"""
    options = "--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --quiet"
    options += " --no-emit-index-url --no-emit-find-links --output-file"
    with tempfile.TemporaryDirectory() as folder:
        python = python_of(Path(folder))
        run([choose_python(), "-I", "-m", "venv", folder], "making an environment for uv", Path(folder))
        fetch = [python, "-I", "-m", "pip", "install", "--no-user", "--only-binary=:all:", "--quiet", UV]
        run(fetch, "fetching uv", Path(folder))
        compile = [python, "-I", "-m", "uv", "pip", "compile"]
        groups = {lock_of(name): ["--group", f"pyproject.toml:{name}"] for name in APART}
        made = []
        for file, what in {LOCK: ["pyproject.toml"], **groups}.items():
            command = [*compile, *options.split(), str(file), *what, *made, *extra]
            run(command, "asking uv for the lock", Path(folder))
            made += ["--constraints", file.name]
    say("The requirements now fit pyproject.toml: `git diff` shows what has changed.")
    return 0


ALL = (lab, test, notebooks, bench, reset, lock, hand_in, coursework, grade, race, many, hub, book)
VERBS = {verb.__name__.replace("_", "-"): verb for verb in ALL}


def main(arguments: list) -> int:
    if not arguments or arguments[0] not in VERBS:
        say(f"Usage: {'py' if WINDOWS else 'python3'} course.py VERB [ARGUMENTS]\n")
        say("\n".join(f"  {name:<10} {verb.__doc__}" for name, verb in VERBS.items()))
        return 0 if not arguments or arguments[0] in ("-h", "--help", "help") else 2
    with contextlib.suppress(AttributeError):  # Python 3.6 has no reconfigure
        sys.stdout.reconfigure(errors="replace")  # a path may hold letters that an old console lacks
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an installation stops its pip before it goes
    try:
        return VERBS[arguments[0]](arguments[1:])
    except Sorry as told:
        say(str(told))
    except OSError as problem:
        say(explain(str(problem)))
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
