"""The course from a terminal: `python3 course.py lab` (on Windows `py course.py lab`) installs it and opens it.

Everything is installed into the folder .venv beside this file: delete that folder and nothing is left. A stamp in
it, written last, says what was installed; without the stamp the installation counts as unfinished.
This file needs only Python itself, and keeps to what Python 3.6 can read (hence the quoted annotations), so that
an old Python can find a newer one beside it or say in a sentence what to install.
"""

import contextlib
import hashlib
import itertools
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(os.path.abspath(__file__)).parent  # not resolve(): on Windows that turns a network drive into \\server
LOCK = ROOT / "requirements.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
LOG = VENV / "install.log"
HEARTBEAT = VENV / "installing"  # touched while an installation runs, so that a second window waits for it
WINDOWS = os.name == "nt"

OLDEST, TOO_NEW = (3, 11), (3, 14)  # as in pyproject.toml
NEEDED_GB = 4  # 2.6 when installed, the rest while pip unpacks
UV = "uv==0.13.9"
# Using the packages once compiles what is used of them, half the work of compiling everything as pip would.
FIRST_USE = (
    "import jupyterlab.labapp, ipykernel.kernelapp, ipywidgets, nbval, matplotlib.pyplot, cv2, tensorflow, keras"
)
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


class Sorry(Exception):
    """What the reader is told, instead of a traceback, when something outside this file is in the way."""


def say(text: str) -> None:
    print(text, flush=True)


# --- Which Python -------------------------------------------------------------------------------------------------

ASK = """import importlib.util as u, json, platform, struct, sys
print(json.dumps([sys.version_info[:2], 8 * struct.calcsize("P"), sys.platform, platform.machine().lower(),
                  all(getattr(u.find_spec(name), "origin", None) for name in ("venv", "ensurepip")),
                  getattr(sys, "_base_executable", None) or sys.executable]))"""


class Facts(NamedTuple):
    """What a Python says about itself. The path is that of the Python behind it when it belongs to a venv: the one
    that runs course.py may be in the very .venv that is about to be deleted."""

    version: list
    bits: int
    system: str
    machine: str
    makes_venvs: bool
    path: str


def ask(command: list) -> "Facts | None":
    """The facts about a Python, or None when it does not run (a pyenv shim may exist and lead nowhere)."""
    question = [*command, "-I", "-S", "-c", ASK]
    try:
        said = subprocess.check_output(question, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        return Facts(*json.loads(said.decode()))
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        return None


def right_age(facts: Facts) -> bool:
    return OLDEST <= tuple(facts.version) < TOO_NEW


def complaint(facts: Facts) -> str:
    """Why this Python cannot carry the course, and what to do about it; empty when it can."""
    kind, version = (facts.system, facts.machine), ".".join(map(str, facts.version))
    if kind == ("darwin", "x86_64"):
        return (
            "TensorFlow is no longer made for Macs with an Intel processor: please use another computer, or on a "
            "Mac with an Apple chip a Python made for it, from https://www.python.org/downloads/."
        )
    if facts.bits != 64 or kind == ("win32", "arm64"):
        return (
            f"TensorFlow needs a 64-bit Python (on Windows one for Intel and AMD processors), and {facts.path} is "
            "not: please install one from https://www.python.org/downloads/ and run this again."
        )
    if not right_age(facts):
        return wrong_age(facts.system, f"this is {version}")
    if not facts.makes_venvs:
        return (
            f"{facts.path} lacks the part that makes environments: please run "
            f"`sudo apt-get install python{version}-venv` and then this again."
        )
    return ""


def wrong_age(system: str, what_is: str) -> str:
    how = {
        "win32": "from https://www.python.org/downloads/ (or with `winget install Python.Python.3.13`)",
        "darwin": "from https://www.python.org/downloads/ (or with `brew install python@3.13`)",
    }.get(system, "(with `sudo apt-get install python3.13-venv`, `sudo dnf install python3.13` or conda)")
    return f"The course needs Python 3.11, 3.12 or 3.13, and {what_is}: please install 3.13 {how} and run this again."


def candidates(windows: bool = WINDOWS) -> "list[list[str]]":
    """The commands that may be a suitable Python, the running one first, then the newest."""
    versions = [f"3.{minor}" for minor in reversed(range(OLDEST[1], TOO_NEW[1]))]
    launcher = [["py", "-" + version] for version in versions] if windows else []
    return [[sys.executable], *launcher, *(["python" + version] for version in versions), ["python3"], ["python"]]


def choose_python(commands: "list[list[str]]", ask=ask) -> str:
    """The path of the first Python that will do. When none will, the complaint is about the one nearest to it."""
    seen = []
    for command in commands:
        facts = ask(command)
        if facts and not complaint(facts):
            return facts.path
        seen += [facts] if facts else []
    nearest = [facts for facts in seen if right_age(facts)] or seen
    raise Sorry(complaint(nearest[0]) if nearest else wrong_age(sys.platform, "none was found"))


# --- Whether to install -------------------------------------------------------------------------------------------

WHY = {
    "new": "Installing what the course needs: once, a few minutes, 2.6 GB in the folder .venv.",
    "unfinished": "The last installation did not finish, so it starts again.",
    "broken": "The Python that .venv was made with has gone or changed, so .venv is made again.",
    "changed": "The course needs other versions than before, so .venv is brought up to date.",
    "foreign": "This .venv was not made by course.py: what the course needs is added to it.",
}


def fingerprint(lock: str, version: list) -> str:
    """What the stamp says: the lock (whichever way its lines end, and without comments) and the Python it is for."""
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() + " Python {}.{}".format(*version)


def state(exists: bool, begun: bool, facts: "Facts | None", stamp: str, lock: str) -> str:
    """What is to be done about .venv, a key of WHY, or "fine". `begun`: course.py has worked on it before."""
    if not exists:
        return "new"
    if begun and not stamp:
        return "unfinished"
    if not facts or not right_age(facts):
        return "broken"
    if not stamp:
        return "foreign"
    wanted = fingerprint(lock, facts.version)
    if stamp.split()[1:] != wanted.split()[1:]:
        return "broken"
    return "fine" if stamp == wanted else "changed"


def python_of(prefix: Path, windows: bool = WINDOWS, conda: bool = False) -> str:
    return str(prefix / ("python.exe" if conda else "Scripts/python.exe") if windows else prefix / "bin/python")


def site_packages(prefix: Path, version: list, windows: bool = WINDOWS) -> Path:
    return prefix / "Lib/site-packages" if windows else prefix / "lib/python{}.{}/site-packages".format(*version)


def path_line(root: str, site: str, relpath=os.path.relpath) -> str:
    """The line of a .pth file in `site` that makes helpers/ and tools/ importable. Relative where it can be, so
    that neither moving the folder nor a letter that a code page of Windows lacks breaks it."""
    with contextlib.suppress(ValueError):  # on another drive of Windows
        way = relpath(root, site).replace("\\", "/")
        if all(ord(letter) < 128 for letter in way):
            return way
    return root


def adopt(prefix: Path, version: list) -> None:
    """Make the repository importable in an environment, and its JupyterLab quiet about news and updates."""
    site = site_packages(prefix, version)
    for file, text in [
        (site / "course.pth", path_line(str(ROOT), str(site)) + "\n"),
        (prefix / "share/jupyter/lab/settings/overrides.json", json.dumps(QUIET)),
    ]:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_bytes() != text.encode():
            file.write_bytes(text.encode())


def set_up() -> "tuple[str, Path]":
    """The Python and the folder of an environment with all that the course needs, made or mended if it must be."""
    conda = conda_prefix(os.environ, (ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, prefix = python_of(conda or VENV, conda=bool(conda)), conda or VENV
    if conda:
        use_conda(python, conda)
    else:
        wait_for_another()
        lock = LOCK.read_text(encoding="utf-8")
        stamp = STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""
        facts = ask([python]) if (VENV / "pyvenv.cfg").exists() else None  # without it, it would be another Python
        what = state(VENV.exists(), LOG.exists(), facts, stamp, lock)
        if what != "fine":
            install(what, lock, python)
    check_opencv(python, prefix)
    return python, prefix


def conda_prefix(environ: dict, environment_yml: str) -> "Path | None":
    """The active conda environment, if it is the course's own."""
    name = re.search(r"^name:\s*(\S+)", environment_yml, re.M).group(1)
    active = environ.get("CONDA_DEFAULT_ENV") == name and environ.get("CONDA_PREFIX")
    return Path(active) if active else None


def use_conda(python: str, prefix: Path) -> None:
    facts = ask([python])
    if not facts or not right_age(facts):
        raise Sorry("The Python of this conda environment will not do: `conda env update -f environment.yml` mends it.")
    adopt(prefix, facts.version)
    others = differences((ROOT / "pyproject.toml").read_text(encoding="utf-8"), site_packages(prefix, facts.version))
    if others:
        say(f"`conda env update -f environment.yml` mends this environment, which differs from the course's: {others}.")


def differences(pyproject: str, site: Path) -> str:
    """Which packages the course asks for are installed in another version, or not at all."""
    parts = [folder.name[: -len(".dist-info")].rpartition("-") for folder in site.glob("*.dist-info")]
    there = {name.lower().replace("_", "-"): version for name, _, version in parts}
    wanted = re.findall(r'"([\w-]+)==([\w.]+)"', pyproject)
    return ", ".join(
        f"{name} {there.get(name, 'missing')} instead of {pin}" for name, pin in wanted if there.get(name) != pin
    )


# --- Installing ---------------------------------------------------------------------------------------------------

TROUBLE = {  # a trace in what pip or the system says, and what the reader is told: the first that fits
    r"No space left|Errno 28\b|not enough space|quota exceeded": (
        f"The disk is full: please make {NEEDED_GB} GB of room and run this again."
    ),
    r"long path": "This folder's path is too long for Windows: please move the course to one such as C:\\course.",
    r"Permission denied|Access is denied|Read-only file system|Operation not permitted|WinError (5|32)\b": (
        "This folder cannot be written to: please close JupyterLab if it is open, or move the course into a folder of "
        "your own, such as Documents, and run this again."
    ),
    r"do not match the hashes": (
        "A package arrived that is not the one the course was tested with (a broken download, or a network that alters "
        "files), so it was not installed: please run this again, perhaps on another network."
    ),
    r"Retrying \(|ConnectionError|Connection(Reset|Broken)|(Connect|Read)Timeout|timed out|NameResolution|ProxyError"
    r"|Max retries|SSLError|CERTIFICATE_VERIFY|IncompleteRead|Network is unreachable|getaddrinfo": (
        "The packages could not be fetched from the internet, which the first start needs: please look at the "
        "connection (or the proxy) and run this again; what has arrived is kept."
    ),
    r"No matching distribution": (
        "A package is not made for this kind of computer: the course runs on 64-bit Linux and Windows, and on Macs "
        "with an Apple chip."
    ),
}


def explain(output: str) -> str:
    """What to tell the reader about a failure; empty when it is an unknown one."""
    return next((told for trace, told in TROUBLE.items() if re.search(trace, output, re.I)), "")


def failure(output: str) -> str:
    last = output.splitlines()[-30:]  # a connection that failed earlier and then held is not the reason
    told = explain("\n".join(last))
    return f"{told or chr(10).join([*last[-15:], 'The installation failed.'])} The whole record is in {LOG}."


def without_hosts(line: str) -> str:
    """A line of pip's without the servers it names: nobody's private mirror belongs into a log."""
    return re.sub(r"(https?://|host=|resolve )(['\"]?)[^/\s,'\")]+", r"\1\2...", line)


class Progress:
    """One line about pip's work, learned from what pip prints."""

    def __init__(self, lock: str) -> None:
        self.total = len(re.findall(r"^[\w.-]+==", lock, re.M))
        self.site = Path()  # where the packages go, once that is known
        self.step("making the environment")

    def step(self, doing: str) -> None:
        self.done, self.before, self.doing = 0, -1, doing

    def packages(self) -> int:
        return len(list(self.site.glob("*.dist-info")))

    def read(self, line: str) -> None:
        package = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        file = re.match(r"\s+Downloading (?:\S*/)?([\w.]+)-\S+(?<!\.metadata) (\(.+\))", line)
        part = re.match(r"Progress (\d+) of ([1-9]\d*)", line)
        if package:
            self.done, self.doing = self.done + 1, package.group(1)
        elif file:
            self.doing = " ".join(file.groups())
        elif part:
            self.doing = f"{self.doing.split(')')[0]}), {100 * int(part.group(1)) // int(part.group(2))} %"
        elif line.startswith("Ignoring "):
            self.total -= 1  # a package for another system
        elif line.startswith("Installing collected packages"):
            self.before, self.total = self.packages(), line.count(",") + 1

    def text(self, seconds: float) -> str:
        if self.before >= 0:
            what = f"installing {self.packages() - self.before} of {self.total}"
        else:
            what = f"fetching {self.done} of {self.total}: {self.doing}" if self.done else self.doing
        return f"{seconds:4.0f} s  {what}"


def watch(command: list, progress: Progress, begin: float, environ: dict) -> None:
    """Run one step of the installation: what it prints goes into LOG, and a moving line tells that it works."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, env=environ, **pipes)
    lines, output, shown = queue.Queue(), [], 0.0

    def read() -> None:  # in a thread, so that the seconds go on while pip is silent
        for line in process.stdout:
            lines.put(line.decode("utf-8", "replace"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        with open(str(LOG), "a", encoding="utf-8") as log:
            line = ""
            while line is not None:
                if line and not line.startswith("Progress "):
                    output.append(without_hosts(line))
                    log.write(output[-1])
                progress.read(line)
                if progress.before >= 0 and STAMP.exists():
                    STAMP.unlink()  # from here on .venv is neither the old one nor the new
                HEARTBEAT.touch()
                if time.time() - shown > (0.2 if sys.stdout.isatty() else 10):
                    shown = time.time()
                    move(progress.text(shown - begin))
                line = next_line(lines)
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
    if process.returncode:
        raise Sorry(failure("".join(output)))


def move(text: str) -> None:
    """Show a line in the place of the last one, or below it where the output is not a terminal."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text[:width].ljust(width), end="", flush=True)
    else:
        say(text)


def next_line(lines: queue.Queue) -> "str | None":
    try:
        return lines.get(timeout=0.5)
    except queue.Empty:
        return ""


def wait_for_another() -> None:
    """If another window is installing, or was killed while it did, wait until its heartbeat has stopped."""
    with contextlib.suppress(FileNotFoundError):
        for second in itertools.count():
            if abs(time.time() - HEARTBEAT.stat().st_mtime) > 5:
                return
            if second == 0:
                say("Another window is installing the course, or was a moment ago: waiting for it.")
            time.sleep(1)


def clear() -> None:
    """Delete .venv, its Python first: what is left when this is interrupted must not pass for an environment."""
    if VENV.exists():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(python_of(VENV))
        shutil.rmtree(str(VENV))


def install(what: str, lock: str, python: str) -> None:
    """Put what the lock names into .venv, which is made afresh unless a working one needs only an update."""
    fresh, begin, progress = what in ("new", "unfinished", "broken"), time.time(), Progress(lock)
    maker = choose_python(candidates()) if fresh else ""
    say(WHY[what])
    if fresh:
        clear()
        if shutil.disk_usage(str(ROOT)).free < NEEDED_GB * 1e9:
            raise Sorry(explain("No space left"))
    unpack = VENV / "unpack"  # pip's own choice, /tmp, is often too small for TensorFlow
    unpack.mkdir(parents=True, exist_ok=True)
    environ = dict(environment(VENV), PIP_USER="0", **({} if WINDOWS else {"TMPDIR": str(unpack)}))
    try:
        HEARTBEAT.touch()
        LOG.touch()
        if fresh:
            watch([maker, "-I", "-m", "venv", str(VENV)], progress, begin, environ)
        version = ask([python]).version
        progress.site = site_packages(VENV, version)
        run = [python, "-I", "-u", "-X", "utf8", "-m"]
        pip = re.findall(r"/pip-(\d+)\.(\d+)", " ".join(p.as_posix() for p in progress.site.glob("pip-*")))
        if not pip:
            watch([*run, "ensurepip"], progress, begin, environ)
        progress.step("asking for the packages")
        bar = "raw" if pip and tuple(map(int, pip[0])) >= (24, 1) else "off"
        exact = ["--require-hashes", "--only-binary=:all:", "--no-compile", "--requirement", str(LOCK)]
        watch([*run, "pip", "install", "--no-input", "--progress-bar", bar, *exact], progress, begin, environ)
        progress.step("starting the packages for the first time")
        with contextlib.suppress(Sorry):  # a notebook says better what is wrong
            watch([*run[:-1], "-c", FIRST_USE], progress, begin, environ)
        adopt(VENV, version)
        STAMP.write_text(fingerprint(lock, version), encoding="utf-8")
        move(f"Installed in {time.time() - begin:.0f} s.")
    finally:
        if sys.stdout.isatty():
            print()
        shutil.rmtree(str(unpack), ignore_errors=True)
        with contextlib.suppress(OSError):
            HEARTBEAT.unlink()


def check_opencv(python: str, prefix: Path) -> None:
    """Until it has worked once, try the one package that needs libraries which pip cannot bring."""
    passed = prefix / "opencv-works"
    if not passed.exists():
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        result = subprocess.run([python, "-I", "-c", "import cv2"], **pipes)
        if result.returncode:
            raise Sorry(about_opencv(result.stderr.decode("utf-8", "replace"), shutil.which, is_root()))
        passed.touch()


def about_opencv(error: str, which, root: bool) -> str:
    tools = {
        "apt-get": "apt-get install libgl1 libglib2.0-0",
        "dnf": "dnf install mesa-libGL glib2",
        "zypper": "zypper install Mesa-libGL1 libglib-2_0-0",
    }
    how = next((f"{'' if root else 'sudo '}{tools[tool]}" for tool in tools if which(tool)), "")
    if "shared object file" in error and how:
        return f"OpenCV, which reads the photographs, lacks libraries of the system: please run `{how}` and this again."
    if "DLL load failed" in error:
        return (
            "OpenCV, which reads the photographs, lacks a part of Windows: please install the Visual C++ "
            "Redistributable (https://aka.ms/vs/17/release/vc_redist.x64.exe) and run this again."
        )
    return f"OpenCV, which reads the photographs, does not start here: {(error.strip().splitlines() or ['?'])[-1]}"


# --- The verbs ----------------------------------------------------------------------------------------------------


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def environment(prefix: Path) -> dict:
    """The surroundings of what is started: as after activating .venv, without what other Pythons left there."""
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}
    if prefix == VENV:
        environ["VIRTUAL_ENV"] = str(VENV)
        environ["PATH"] = os.path.dirname(python_of(VENV)) + os.pathsep + environ.get("PATH", os.defpath)
    return dict(environ, PYTHONNOUSERSITE="1")


def start(module: str, arguments: list) -> int:
    """Become the environment's Python, running a module, so that signals and the exit code are its own."""
    python, prefix = set_up()
    if "--no-browser" in arguments:
        say("Open the address with `token=` that JupyterLab prints below in a browser. Ctrl-C here stops it.")
    command = [python, "-m", module, *arguments]
    os.chdir(str(ROOT))
    if not WINDOWS:
        os.execve(python, command, environment(prefix))
    process = subprocess.Popen(command, env=environment(prefix))
    while True:  # Windows cannot replace a process; Ctrl-C goes to both, and the child decides what to do
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def lab_arguments(extra: list, root: bool, system: str, environ: dict) -> list:
    """How JupyterLab is started: seen from this computer only, and with its token, as it is by default."""
    screen = not system.startswith("linux") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    return [
        f"--ServerApp.root_dir={ROOT}",
        "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
        *(["--ServerApp.ip=localhost"] if not re.search(r"--(ServerApp\.)?ip\b", " ".join(extra)) else []),
        *(["--allow-root"] if root and "--allow-root" not in extra else []),
        *(["--no-browser"] if not screen and "--no-browser" not in extra else []),
        *extra,
    ]


def git(*arguments: str) -> bytes:
    try:
        return subprocess.check_output(
            ["git", "--literal-pathspecs", *arguments], cwd=str(ROOT), stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise Sorry(
            "The originals come from git, which is not installed: please install it (https://git-scm.com)."
        ) from None
    except subprocess.CalledProcessError as problem:
        raise Sorry(
            "The originals come from git, and this folder was not fetched with it (`git clone`), or git refuses: "
            + (problem.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
        ) from None


def paths(listing: bytes) -> "set[str]":
    return {os.fsdecode(path) for path in listing.split(b"\0") if path.endswith(b".ipynb")}


def chosen(name: str, path: str) -> bool:
    """Whether a reader who says `name` means this notebook: its path, its file name, or how that begins."""
    return os.path.normpath(name).replace("\\", "/") == path or path.rpartition("/")[2].startswith(name)


def reset(names: list) -> int:
    """Copy every edited notebook to my_work/ first, all of them, and only then restore the originals."""
    tracked = paths(git("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", "notebooks"))
    if not tracked:
        raise Sorry("The originals come from git, and git knows no notebooks here: `git clone` fetches them.")
    for name in names:
        if not any(chosen(name, path) for path in tracked):
            raise Sorry(f"No notebook of the course is called {name}.")
    differ = ["diff", "-z", "--name-only", "--no-renames", "--relative", "HEAD", "--", "notebooks"]
    staged = paths(git(*differ[:-3], "--cached", *differ[-3:]))
    edited = tracked & (staged | paths(git(*differ)))
    todo = sorted(path for path in edited if not names or any(chosen(name, path) for name in names))
    aside = ROOT / "my_work" / time.strftime("%Y-%m-%d_%H-%M-%S")
    while aside.exists():  # never overwrite
        aside = aside.with_name(aside.name + "_again")
    for path in todo:
        copy = aside / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).exists():
            shutil.copy2(str(ROOT / path), str(copy))
            say(f"{path}: your version is now {copy.relative_to(ROOT).as_posix()}")
        if path in staged and git("ls-files", "-z", "--cached", "--", path):
            text = git("cat-file", "--filters", ":./" + path)  # what was staged may be a third version
            if not copy.exists() or copy.read_bytes() != text:
                copy = copy.with_name(copy.stem + ".staged.ipynb")
                copy.write_bytes(text)
                say(f"{path}: what you had staged is now {copy.relative_to(ROOT).as_posix()}")
    for path in todo:
        git("checkout", "HEAD", "--", path)
        say(f"{path}: the original is back.")
    say("If one of them is open in JupyterLab, close it and open it again." if todo else "Nothing to reset.")
    return 0


def lock(extra: list) -> int:
    """Renew requirements.txt from pyproject.toml (`--upgrade` also moves what pyproject.toml does not pin)."""
    options = "--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --quiet"
    options += " --no-emit-index-url --no-emit-find-links"
    maker = choose_python(candidates())
    say(f"Asking {UV} for the lock: about half a minute.")
    with tempfile.TemporaryDirectory() as folder:
        new, venv = Path(folder, "requirements.txt"), Path(folder, "venv")
        shutil.copy(str(LOCK), str(new))  # so that only what must change does
        run = [python_of(venv), "-I", "-m"]
        compile = [*run, "uv", "pip", "compile", "pyproject.toml", *options.split(), *extra, "--output-file", str(new)]
        fetch = [*run, "pip", "install", "--quiet", "--only-binary=:all:", UV]
        for command in [maker, "-I", "-m", "venv", str(venv)], fetch, compile:
            done = subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                said = without_hosts(done.stdout.decode("utf-8", "replace"))
                raise Sorry(explain(said) or said)
        lines = new.read_text(encoding="utf-8").splitlines()
    if any(re.search("https?://", line) for line in lines):
        raise Sorry("The new lock names a server, so requirements.txt stays as it was.")
    changed = lines != LOCK.read_text(encoding="utf-8").splitlines()
    LOCK.write_bytes(("\n".join(lines) + "\n").encode())
    say("requirements.txt is " + ("renewed." if changed else "as it was: nothing new."))
    return 0


def lab(extra: list) -> int:
    return start("jupyterlab", lab_arguments(extra, is_root(), sys.platform, os.environ))


VERBS = {
    "lab": (lab, "open the course in JupyterLab; the first time, install what it needs"),
    "test": (lambda extra: start("pytest", extra), "check that everything works (arguments go to pytest)"),
    "notebooks": (lambda extra: start("tools.run_notebooks", extra), "run the notebooks again and store their outputs"),
    "bench": (lambda extra: start("tests.benchmarks.run", extra), "measure time, memory and accuracy"),
    "reset": (reset, "put edited notebooks aside in my_work/ and bring back the originals"),
    "lock": (lock, "renew requirements.txt from pyproject.toml"),
}


def main(arguments: list) -> int:
    if not arguments or arguments[0] not in VERBS:
        say(f"Usage: {'py' if WINDOWS else 'python3'} course.py VERB [ARGUMENTS]\n")
        say("\n".join(f"  {verb:<10} {text}" for verb, (_, text) in VERBS.items()))
        return 0 if not arguments or arguments[0] in ("-h", "--help", "help") else 2
    with contextlib.suppress(AttributeError):  # Python 3.6 has no reconfigure
        sys.stdout.reconfigure(errors="replace")  # a path may hold letters that an old console lacks
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an installation stops its pip before it goes
    try:
        return VERBS[arguments[0]][0](arguments[1:])
    except Sorry as told:
        say(str(told))
    except OSError as problem:
        say(explain(str(problem)) or str(problem))
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
