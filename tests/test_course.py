"""course.py: what it decides, what it says, and one real installation that needs no network."""

import ast
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import course
from tests.small_course import SmallCourse

ROOT = Path(course.__file__).parent
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a Python")


def facts(version=(3, 12), bits=64, system="linux", machine="x86_64", venv=True, path="/usr/bin/python3"):
    return {"version": list(version), "bits": bits, "system": system, "machine": machine, "venv": venv, "path": path}


def test_old_pythons_can_read_course_py():
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 6))


# --- Which Python -------------------------------------------------------------------------------------------------


def test_the_range_of_pythons_is_that_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">={}.{},<{}.{}".format(*course.OLDEST, *course.TOO_NEW)


def choose(monkeypatch, answers: dict) -> str:
    """What is chosen when these are the commands that may be a Python, and what they say about themselves."""
    monkeypatch.setattr(course, "candidates", lambda: list(answers))
    monkeypatch.setattr(course, "ask", answers.get)
    return course.choose_python()


@pytest.mark.parametrize("version, good", [((3, 10), 0), ((3, 11), 1), ((3, 13), 1), ((3, 14), 0), ((2, 7), 0)])
def test_the_running_python_is_taken_when_it_is_of_the_right_age(version, good, monkeypatch):
    answers = {"running": facts(version, path="running"), "other": facts(path="other")}
    assert choose(monkeypatch, answers) == ("running" if good else "other")


def test_pythons_that_do_not_run_or_lack_something_are_passed_over(monkeypatch):
    answers = {
        "too new": facts((3, 14)),
        "shim": {},
        "32 bits": facts(bits=32),
        "no venv": facts(venv=False),
        "good": facts((3, 11), path="good"),
    }
    assert choose(monkeypatch, answers) == "good"


def test_the_complaint_is_about_the_nearest_python(monkeypatch):
    answers = {"running": facts((3, 9)), "near": facts((3, 11), venv=False), "shim": {}}
    with pytest.raises(course.Sorry, match=r"apt-get install python3\.11-venv"):
        choose(monkeypatch, answers)
    with pytest.raises(course.Sorry, match=r"3\.11, 3\.12 or 3\.13.*none was found"):
        choose(monkeypatch, {"nothing": {}})


@pytest.mark.parametrize(
    "python, said",
    [
        (facts((3, 10)), "none was found: please install 3.13"),
        (facts((3, 14), system="darwin", machine="arm64"), "none was found"),
        (facts((3, 9), system="darwin"), "Macs with an Intel processor"),
        (facts(bits=32), "64-bit"),
        (facts(system="win32", machine="arm64"), "on Windows one for Intel and AMD"),
        (facts(venv=False), "sudo apt-get install python3.12-venv"),
        (facts(), ""),
        (facts(system="win32", machine="amd64"), ""),
        (facts(system="darwin", machine="arm64"), ""),
    ],
)
def test_what_is_said_about_an_unsuitable_python(python, said):
    told = course.complaint(python)
    assert said in told
    assert bool(said) == bool(told)
    assert "\n" not in told


def test_the_message_names_every_version_that_will_do():
    for minor in range(course.OLDEST[1], course.TOO_NEW[1]):
        assert f"3.{minor}" in course.NONE_FOUND


def test_the_launcher_of_windows_is_asked_and_only_there():
    assert course.candidates(windows=False)[0] == [sys.executable]
    assert ["python3.12"] in course.candidates(windows=False)
    assert ["py", "-3.13"] in course.candidates(windows=True)
    assert not any(command[0] == "py" for command in course.candidates(windows=False))


def test_a_python_answers_for_itself_and_for_the_one_behind_its_venv():
    answer = course.ask([sys.executable])
    assert tuple(answer["version"]) == sys.version_info[:2]
    assert answer["bits"] == 64
    assert os.path.samefile(answer["path"], sys._base_executable)
    assert os.path.samefile(answer["prefix"], sys.prefix)
    assert Path(answer["packages"], "pytest").is_dir()
    if sys.prefix != sys.base_prefix:
        assert Path(sys.prefix) not in Path(answer["path"]).parents


def test_a_command_that_is_not_there_has_no_facts():
    assert course.ask(["no-such-python-here"]) == {}


@POSIX_ONLY
@pytest.mark.parametrize("script", ["exit 127", "echo pyenv: command not found"])
def test_a_shim_that_fails_has_no_facts(tmp_path, script):
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\n" + script)
    shim.chmod(0o755)
    assert course.ask([str(shim)]) == {}


# --- Whether to install -------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An empty folder in the place of the course, with a lock and without a .venv."""
    for name, file in [("ROOT", "."), ("VENV", ".venv"), ("STAMP", ".venv/installed"), ("LOCK", "requirements.txt")]:
        monkeypatch.setattr(course, name, tmp_path / file)
    course.LOCK.write_text("a==1 \\\n    --hash=sha256:0\nb==2\nwinonly==3 ; os_name == 'nt'\n")
    shutil.copy(ROOT / "environment.yml", tmp_path)
    monkeypatch.delenv("CONDA_DEFAULT_ENV", raising=False)
    monkeypatch.setattr(course, "check_opencv", lambda python: None)
    return tmp_path


def installs(monkeypatch, answer: dict) -> bool:
    """Whether something is installed when this is what the Python of .venv says about itself."""
    calls = []
    monkeypatch.setattr(course, "ask", lambda command: answer)
    monkeypatch.setattr(course, "install", lambda held: calls.append(1))
    course.set_up()
    return bool(calls)


def test_when_to_install(tree, monkeypatch):
    assert installs(monkeypatch, {})
    course.VENV.mkdir()
    assert installs(monkeypatch, facts())  # interrupted before the stamp was written
    course.STAMP.write_text(course.fingerprint([3, 12]))
    assert not installs(monkeypatch, facts())
    assert installs(monkeypatch, {})  # its base Python has gone
    assert installs(monkeypatch, facts((3, 13)))  # python3 of .venv now leads to another Python
    course.LOCK.write_bytes(course.LOCK.read_bytes().replace(b"\n", b"\r\n"))
    assert not installs(monkeypatch, facts())  # git on Windows changes the ends of lines
    course.LOCK.write_text("a==2\n")
    assert installs(monkeypatch, facts())


@pytest.mark.parametrize("name", ["handwriting", "base"])
def test_only_the_courses_own_conda_environment_is_used(tree, tmp_path, monkeypatch, name):
    conda = tmp_path / "conda"
    (conda / "packages").mkdir(parents=True)
    monkeypatch.setenv("CONDA_DEFAULT_ENV", name)
    monkeypatch.setenv("CONDA_PREFIX", str(conda))
    answer = {**facts(), "packages": str(conda / "packages"), "prefix": str(conda)}
    own = name == "handwriting"
    assert installs(monkeypatch, answer) != own
    assert (Path(course.set_up()).parent == conda / ("" if os.name == "nt" else "bin")) == own
    assert (conda / "packages/course.pth").exists() == own
    if own:
        line = (conda / "packages/course.pth").read_text().strip()
        assert (conda / "packages" / line).resolve() == tmp_path.resolve()
        with pytest.raises(course.Sorry, match="conda env update"):
            installs(monkeypatch, {})


# --- What is said -------------------------------------------------------------------------------------------------

OFFLINE = """WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None)) after connection broken by 'New\
ConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new \
connection: [Errno 111] Connection refused')': /simple/absl-py/
ERROR: Could not find a version that satisfies the requirement absl-py==2.5.1 (from versions: none)
ERROR: No matching distribution found for absl-py==2.5.1"""


@pytest.mark.parametrize(
    "output, said",
    [
        (OFFLINE, "internet"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(port=443): Read timed out.", "internet"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("[WinError 112] There is not enough space on the disk", "disk is full"),
        ("error: Failed to fetch: `https://mirror.example/simple/`", "internet"),
        (OFFLINE + "\nERROR: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'", "cannot be written"),
        ("[WinError 32] The process cannot access the file", "close JupyterLab"),
    ],
)
def test_every_known_failure_has_its_sentence(output, said):
    assert said in course.explain(output)
    assert "\n" not in course.explain(output)


def test_an_unknown_failure_shows_the_end_of_the_output():
    output = "\n".join(f"line {number}" for number in range(100))
    said = course.explain(output).splitlines()
    assert said[:15] == [f"line {number}" for number in range(85, 100)]
    assert said[15:] == ["That did not work, for the reason above."]


def test_a_connection_that_came_back_is_not_blamed():
    output = OFFLINE.splitlines()[0] + "\n" * 40 + "Killed"
    assert "internet" not in course.explain(output)


@pytest.mark.parametrize(
    "line",
    [
        "Looking in indexes: https://user:word@mirror.example/simple, http://mirror.example:8080/simple",
        "  Downloading https://mirror.example/packages/x-1-py3-none-any.whl (1 kB)",
        "HTTPSConnectionPool(host='mirror.example', port=443): Max retries exceeded with url: /simple",
        "NameResolutionError(\"<object>: Failed to resolve 'mirror.example' ([Errno -2] unknown)\")",
    ],
)
def test_no_server_is_named_in_the_log(line):
    kept = course.without_hosts(line)
    assert "mirror" not in kept
    assert "word" not in kept
    assert kept.split()[0] == line.split()[0] or kept.startswith("HTTPSConnectionPool")


def test_the_progress_tells_what_pip_does(tree):
    said, output = [], ""
    for line in [
        "Ignoring winonly: markers 'os_name == \"nt\"' don't match your environment",
        "Collecting a==1 (from -r requirements.txt (line 1))",
        "  Downloading https://host/a-1-py3-none-any.whl (620.4 MB)",
        "Requirement already satisfied: b==2 in x (from -r requirements.txt (line 2))",
        "Installing collected packages: a, b",
    ]:
        output += line + "\n"
        said.append(course.progress(output))
    assert said == [
        "",
        "fetching 1 of 2: a",
        "fetching 1 of 2: a (620.4 MB)",
        "fetching 2 of 2: b",
        "unpacking what was fetched",
    ]


def run(program: str, folder: Path) -> None:
    course.run([sys.executable, "-u", "-c", program], "working", folder)


def test_the_log_keeps_what_matters_and_names_no_server(tree):
    run("print('Collecting a==1'); print('in https://mirror.example/simple')", tree)
    assert (tree / "install.log").read_text().splitlines() == ["Collecting a==1", "in https://.../simple"]


def test_a_step_that_fails_is_explained(tree):
    with pytest.raises(course.Sorry, match="disk is full"):
        run("import sys; print('Collecting a'); sys.exit('[Errno 28] No space left on device')", tree)
    with pytest.raises(course.Sorry, match=r"(?s)in https://\.\.\./x.*did not work"):
        run("import sys; sys.exit('in https://mirror.example/x')", tree)


def test_a_terminal_is_never_silent_for_long(tree, monkeypatch, capsys):
    monkeypatch.setattr(course.sys.stdout, "isatty", lambda: True, raising=False)
    run("import time; print('Collecting a', flush=True); time.sleep(1.2)", tree)
    lines = capsys.readouterr().out.split("\r")
    assert sum("fetching 1 of 3: a" in line for line in lines) >= 2
    assert {len(line) for line in lines[:-1]} == {shutil.get_terminal_size().columns - 1}  # each covers the one before
    assert not lines[-2].strip()  # and the last is wiped away


def test_a_step_that_is_interrupted_does_not_go_on(tree, monkeypatch):
    def interrupted(text):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(course.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(course, "show", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("import pathlib, time; time.sleep(1); pathlib.Path('went-on').touch()", tree)
    time.sleep(1.2)
    assert not (tree / "went-on").exists()


def test_what_is_left_of_an_interrupted_deletion_bears_no_stamp(tree, monkeypatch):
    course.VENV.mkdir()
    course.STAMP.touch()

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(course.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        course.install()
    assert not course.STAMP.exists()


def test_nothing_is_deleted_when_there_is_no_suitable_python(tree, monkeypatch):
    course.VENV.mkdir()
    course.STAMP.touch()
    monkeypatch.setattr(course, "candidates", lambda: [])
    with pytest.raises(course.Sorry, match="none was found"):
        course.install()
    assert course.STAMP.exists()


def test_a_full_disk_is_told_before_anything_is_fetched(tree, monkeypatch):
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**10, 10**10, 10**9))
    with pytest.raises(course.Sorry, match="disk is full"):
        course.install()
    assert not course.VENV.exists()


def test_missing_libraries_of_the_system_are_named(tmp_path, monkeypatch):
    error = b"Traceback\nImportError: libGL.so.1: cannot open shared object file: No such file or directory\n"
    monkeypatch.setattr(course.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, b"", error))
    with pytest.raises(course.Sorry) as told:
        course.check_opencv("python")
    assert "libGL.so.1: cannot open" in str(told.value)
    assert "`sudo apt-get install libgl1 libglib2.0-0`" in str(told.value)
    assert "\n" not in str(told.value)
    monkeypatch.undo()
    course.check_opencv(sys.executable)  # here it works


# --- What is started ----------------------------------------------------------------------------------------------


@pytest.fixture
def lab(monkeypatch):
    """A function that gives the arguments which JupyterLab gets."""
    monkeypatch.setattr(course, "start", lambda module, arguments: [module, *arguments])

    def arguments(*extra, system="linux", root=False, **environ):
        monkeypatch.setattr(course.sys, "platform", system)
        monkeypatch.setattr(course.os, "geteuid", lambda: 0 if root else 1000, raising=False)
        monkeypatch.setattr(course.os, "environ", environ)
        module, *arguments = course.lab(list(extra))
        monkeypatch.undo()
        assert module == "jupyterlab"
        return arguments

    return arguments


@pytest.mark.parametrize("root", [True, False])
def test_only_root_gets_allow_root(lab, root):
    assert ("--allow-root" in lab(root=root)) == root


@pytest.mark.parametrize(
    "system, environ, browser",
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(lab, system, environ, browser):
    assert ("--no-browser" not in lab(system=system, **environ)) == browser


def test_jupyterlab_opens_the_first_notebook_for_this_computer_only_and_keeps_its_token(lab):
    arguments = lab("--port=1", "a b")
    assert arguments[-2:] == ["--port=1", "a b"]
    assert "--ServerApp.ip=localhost" in arguments
    opened = next(argument for argument in arguments if "default_url" in argument).partition("/lab/tree/")[2]
    assert (ROOT / opened).is_file()
    assert not any("token" in argument or "password" in argument for argument in arguments)
    assert course.SAVING in arguments, "or opening a notebook would change it"


def test_jupyterlab_is_not_told_its_address_twice(lab):
    assert "--ServerApp.ip=localhost" not in lab("--ip=::1")


def test_the_names_that_quieten_jupyterlab_are_in_its_schema():
    schema = Path(sys.prefix, "share/jupyter/lab/schemas/@jupyterlab/apputils-extension/notification.json")
    if not schema.exists():
        pytest.skip("JupyterLab is not installed in this environment")
    properties = json.loads(schema.read_text(encoding="utf-8"))["properties"]
    (settings,) = course.QUIET.values()
    assert set(settings) <= set(properties)
    assert settings["fetchNews"] in [choice["const"] for choice in properties["fetchNews"]["oneOf"]]
    assert settings["checkForUpdates"] is False


def test_what_other_pythons_left_in_the_environment_is_not_passed_on(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/opt/ros")
    environ = course.environment()
    assert "PYTHONPATH" not in environ
    assert environ["HOME" if os.name != "nt" else "USERPROFILE"]


@pytest.mark.parametrize("arguments, code", [([], 0), (["--help"], 0), (["unknown"], 2)])
def test_without_a_known_verb_the_verbs_are_told(arguments, code, capsys):
    assert course.main(arguments) == code
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {verb} +\w", said, re.M) for verb in course.VERBS)


def test_a_notebook_is_handed_in_from_where_the_student_is(monkeypatch, tmp_path):
    """The environment's Python is started in the course's folder: a relative path would mean another file there."""
    started = []
    monkeypatch.setattr(course, "start", lambda *command: started.append(command) or 0)
    monkeypatch.chdir(tmp_path)
    assert course.main(["hand-in", "anna 1.ipynb"]) == 0 and course.main(["hand-in", "--help"]) == 0
    module = "helpers.exercises.hand_in"
    assert started == [(module, [str(Path(os.getcwd(), "anna 1.ipynb"))]), (module, ["--help"])]


def test_trouble_is_one_sentence_and_no_traceback(monkeypatch, capsys):
    def fail(extra):
        raise extra

    monkeypatch.setitem(course.VERBS, "lab", lambda extra: fail(PermissionError(13, "Permission denied", "x")))
    monkeypatch.setitem(course.VERBS, "test", lambda extra: fail(KeyboardInterrupt()))
    assert course.main(["lab"]) == 1
    assert "cannot be written" in capsys.readouterr().out
    assert course.main(["test"]) == 130


# --- A real installation, of a package of a few lines -------------------------------------------------------------


def test_a_real_installation(tmp_path):
    """Fails, is repaired, runs, does nothing the second time, and survives being moved."""
    small = SmallCourse(tmp_path / "my é $HOME 100% course")
    folder, run, pin = small.folder, small.run, small.pin
    lock, stamp = folder / "requirements.txt", folder / ".venv/installed"

    lock.write_text(re.sub("sha256:....", "sha256:0000", pin))
    failed = run("test")
    assert failed.returncode == 1
    assert "DO NOT MATCH THE HASHES" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert (folder / ".venv/install.log").exists()
    assert not stamp.exists()
    (folder / ".venv/leftover").touch()

    lock.write_text(pin)
    repaired = run("test", "-k", "a b")
    assert "unfinished" in repaired.stdout
    assert not (folder / ".venv/leftover").exists()
    assert json.loads(repaired.stdout.splitlines()[-1]) == [["-k", "a b"], str(folder)]
    assert repaired.returncode == 7  # that of the program, passed through
    assert "fetchNews" in (folder / ".venv/share/jupyter/lab/settings/overrides.json").read_text()

    written = stamp.stat().st_mtime_ns
    again = run("lab", "--port=1", "--no-browser")
    assert len(again.stdout.splitlines()) == 2  # the address, and what the program prints: nothing is installed
    assert stamp.stat().st_mtime_ns == written
    arguments = json.loads(again.stdout.splitlines()[-1])[0]
    assert arguments[-2:] == ["--port=1", "--no-browser"]
    assert f"--ServerApp.root_dir={folder}" in arguments
    assert "token=" in again.stdout

    small.folder = folder = folder.rename(tmp_path / "moved é")
    (path_file,) = (folder / ".venv").rglob("course.pth")
    assert (path_file.parent / path_file.read_text().strip()).resolve() == folder.resolve()
    moved = run("test")
    assert json.loads(moved.stdout) == [[], str(folder)]


def test_of_two_starts_at_once_one_installs_and_the_other_waits_and_says_so(tmp_path):
    small = SmallCourse(tmp_path / "course")
    starts = [small.start("test") for _ in range(2)]
    said = [start.communicate(timeout=300)[0] for start in starts]
    assert [start.returncode for start in starts] == [7, 7]
    assert sorted("waits for it" in each for each in said) == [False, True]
    assert sorted("Installed in" in each for each in said) == [False, True]


def test_a_start_at_once_after_the_last_was_killed_waits_for_what_lives_on(tmp_path):
    """pip goes on when its course.py is killed; what it leaves is replaced when it has ended, not while it writes."""
    small = SmallCourse(tmp_path / "course")
    for killed in small.interruptions(3, seed=1):
        assert killed.returncode == 7, killed.stdout
    assert len(list(small.folder.rglob("cv2.py"))) == 1


def test_the_file_that_is_held_is_free_when_its_holder_is_gone(tmp_path):
    path = tmp_path / ".venv.lock"
    hold = "import course, sys, time, pathlib; held = course.hold(pathlib.Path(sys.argv[1])); print(1, flush=True)"
    other = [sys.executable, "-c", hold + "; time.sleep(600)", str(path)]
    with subprocess.Popen(other, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(BlockingIOError):
            course.hold(path)
        holder.kill()
    course.hold(path).close()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise on Windows")
def test_the_file_that_is_held_is_not_free_while_a_step_lives_on_that_outlived_its_start(tmp_path):
    path, go, ready = (tmp_path / name for name in (".venv.lock", "go", "ready"))
    grandchild = f"import os, time; open({str(ready)!r}, 'w')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    step = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    start = "import course, pathlib, sys; held = course.hold(pathlib.Path(sys.argv[1]))\n"
    start += f"course.run([sys.executable, '-c', {step!r}], 'working', pathlib.Path(sys.argv[2]), held)"
    with subprocess.Popen([sys.executable, "-c", start, str(path), str(tmp_path)], cwd=ROOT) as holder:
        while not ready.exists():
            time.sleep(0.05)
        holder.kill()
    try:
        with pytest.raises(BlockingIOError):
            course.hold(path)
    finally:
        go.touch()
    for _ in range(200):
        with contextlib.suppress(BlockingIOError):
            course.hold(path).close()
            break
        time.sleep(0.05)
    else:
        pytest.fail("it is held though all have ended")


def test_on_windows_a_file_is_held_that_nobody_shares(tmp_path, monkeypatch):
    answers = [None]

    def create(name, access, share, *_):
        assert (name, share) == (str(tmp_path / "x"), 0)
        if answers[0]:
            error = PermissionError(13, "held")
            error.winerror = answers[0]
            raise error
        return 5

    (tmp_path / "x").touch()
    monkeypatch.setattr(course, "WINDOWS", True)
    monkeypatch.setitem(sys.modules, "_winapi", SimpleNamespace(CreateFile=create, GENERIC_READ=1))
    opened = SimpleNamespace(open_osfhandle=lambda handle, flags: os.open(tmp_path / "x", flags))
    monkeypatch.setitem(sys.modules, "msvcrt", opened)
    course.hold(tmp_path / "x").close()
    answers[0] = 32  # another process has it
    with pytest.raises(BlockingIOError):
        course.hold(tmp_path / "x")
    answers[0] = 5  # the folder cannot be written
    with pytest.raises(PermissionError, match="held"):
        course.hold(tmp_path / "x")


def test_a_file_system_without_locks_does_not_keep_anybody_from_installing(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def none(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    course.hold(tmp_path / ".venv.lock").close()


# --- Reset --------------------------------------------------------------------------------------------------------

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
ORIGINAL = "the original\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A course of a few notebooks under version control; returns its folder and a function that runs git in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "my é course"
    for name in (
        "00_start.ipynb",
        "01_data.ipynb",
        "02_zwölf drei.ipynb",
        "coursework/01_data.ipynb",
        "03_[a].ipynb",
        "03_a.ipynb",
    ):
        path = root / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ORIGINAL)

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-m", "x")
    monkeypatch.setattr(course, "ROOT", root)
    return root, git


def kept(root: Path) -> dict:
    """What is in my_work/, by path, the folder of date and time aside."""
    return {"/".join(p.relative_to(root).parts[2:]): p.read_text() for p in (root / "my_work").rglob("*.ipynb")}


def originals(root: Path) -> set:
    return {path.read_text() for path in (root / "notebooks").rglob("0*.ipynb")}


@needs_git
def test_reset_keeps_edits_and_restores_originals(repository, capsys):
    root, git = repository
    (root / "notebooks/00_start.ipynb").write_text("edited")
    (root / "notebooks/02_zwölf drei.ipynb").write_text("staged")
    (root / "notebooks/new.ipynb").write_text("the reader's own")
    git("add", ".")
    (root / "notebooks/coursework/01_data.ipynb").unlink()
    (root / "notebooks/mine.ipynb").write_text("untracked")
    assert course.reset([]) == 0
    edited, staged = "notebooks/00_start", "notebooks/02_zwölf drei"
    assert kept(root) == {
        f"{name}{end}.ipynb": text for name, text in [(edited, "edited"), (staged, "staged")] for end in ("", ".staged")
    }
    assert originals(root) == {ORIGINAL}
    assert len(list((root / "notebooks").rglob("0*.ipynb"))) == 6
    assert (root / "notebooks/mine.ipynb").read_text() == "untracked"
    assert (root / "notebooks/new.ipynb").read_text() == "the reader's own"
    status = subprocess.run(["git", "diff", "HEAD", "--name-only"], cwd=root, capture_output=True, check=True)
    assert status.stdout == b"notebooks/new.ipynb\n"
    said = capsys.readouterr().out
    assert "Your versions are in my_work/" in said
    assert "notebooks/00_start.ipynb\n" in said
    assert "new.ipynb" not in said
    assert course.reset([]) == 0
    assert capsys.readouterr().out == "Nothing to reset.\n"


@needs_git
def test_reset_keeps_a_staged_version_that_differs_from_the_file(repository):
    root, git = repository
    (root / "notebooks/00_start.ipynb").write_text("staged")
    (root / "notebooks/01_data.ipynb").write_text("staged, then undone")
    git("add", ".")
    (root / "notebooks/00_start.ipynb").write_text("edited since")
    (root / "notebooks/01_data.ipynb").write_text(ORIGINAL)
    course.reset([])
    assert kept(root) == {
        "notebooks/00_start.ipynb": "edited since",
        "notebooks/00_start.staged.ipynb": "staged",
        "notebooks/01_data.ipynb": ORIGINAL,
        "notebooks/01_data.staged.ipynb": "staged, then undone",
    }
    assert originals(root) == {ORIGINAL}


@needs_git
def test_reset_keeps_a_file_that_git_was_told_to_forget(repository):
    root, git = repository
    (root / "notebooks/00_start.ipynb").write_text("edited")
    git("rm", "--cached", "--force", "notebooks/00_start.ipynb")
    course.reset([])
    assert kept(root) == {"notebooks/00_start.ipynb": "edited"}
    assert originals(root) == {ORIGINAL}


@needs_git
def test_reset_in_a_course_that_is_part_of_a_larger_repository(repository, monkeypatch):
    root, git = repository
    shutil.copytree(root / "notebooks", root / "inner/notebooks")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-m", "x")
    monkeypatch.setattr(course, "ROOT", root / "inner")
    for path in (root / "notebooks/00_start.ipynb", root / "inner/notebooks/00_start.ipynb"):
        path.write_text("edited")
    course.reset([])
    assert kept(root / "inner") == {"notebooks/00_start.ipynb": "edited"}
    assert originals(root / "inner") == {ORIGINAL}
    assert (root / "notebooks/00_start.ipynb").read_text() == "edited"


@needs_git
def test_a_notebook_that_was_edited_under_its_old_name_outlives_an_update(repository, tmp_path, monkeypatch, capsys):
    """The course renames a notebook that a reader has edited, and that an open page saves once more afterwards."""
    root, git = repository
    reader = tmp_path / "reader"
    git("clone", str(root), str(reader))
    old, new = "notebooks/01_data.ipynb", "notebooks/02_data.ipynb"
    git("mv", old, new)
    git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-m", "a new number")
    monkeypatch.setattr(course, "ROOT", reader)
    (reader / old).write_text("edited")
    pull = ["git", "pull", "--ff-only"]
    assert subprocess.run(pull, cwd=reader, capture_output=True).returncode, "git overwrites no edits"
    assert (reader / old).read_text() == "edited"
    course.reset([])
    assert subprocess.run(pull, cwd=reader, capture_output=True).returncode == 0
    assert kept(reader) == {old: "edited"} and originals(reader) == {ORIGINAL}
    assert (reader / new).exists() and not (reader / old).exists()

    (reader / old).write_text("saved again")
    (reader / "notebooks/mine.ipynb").write_text("the reader's own")
    monkeypatch.setattr(course.time, "strftime", lambda pattern: "later")
    capsys.readouterr()
    course.reset([])
    assert (reader / "my_work/later" / old).read_text() == "saved again" and not (reader / old).exists()
    assert (reader / "notebooks/mine.ipynb").read_text() == "the reader's own"
    assert old in capsys.readouterr().out
    course.reset([])
    assert capsys.readouterr().out == "Nothing to reset.\n"


@needs_git
def test_reset_in_the_middle_of_a_merge_says_so_and_changes_nothing(repository):
    root, git = repository
    path, commit = (
        root / "notebooks/02_zwölf drei.ipynb",
        ("-c", "user.name=x", "-c", "user.email=x@example.org", "commit"),
    )
    git("checkout", "-b", "theirs")
    path.write_text("theirs\n")
    git(*commit, "-am", "x")
    git("checkout", "-b", "mine", "HEAD~")
    path.write_text("mine\n")
    git(*commit, "-am", "x")
    with pytest.raises(subprocess.CalledProcessError):
        git("-c", "user.name=x", "-c", "user.email=x@example.org", "merge", "theirs")
    torn = path.read_text()
    assert "<<<<" in torn
    with pytest.raises(
        course.Sorry, match=r"two versions of notebooks/02_zwölf drei\.ipynb: .*git merge --abort"
    ) as told:
        course.reset([])
    assert path.read_text() == torn and not (root / "my_work").exists() and "\n" not in str(told.value)
    course.reset(["notebooks/01_data.ipynb"])
    git("merge", "--abort")
    assert course.reset([]) == 0


@needs_git
def test_reset_of_chosen_notebooks_leaves_the_others(repository):
    root, _ = repository
    for path in (root / "notebooks").rglob("*.ipynb"):
        path.write_text("edited")
    course.reset(["notebooks/01_data.ipynb", "notebooks/03_[a].ipynb"])
    assert set(kept(root)) == {f"notebooks/{name}.ipynb" for name in ("01_data", "03_[a]")}
    assert (root / "notebooks/03_a.ipynb").read_text() == "edited"  # though it fits the pattern 03_[a]
    with pytest.raises(course.Sorry, match=r"'notebooks/99' did not match"):
        course.reset(["notebooks/99", "notebooks/02_zwölf drei.ipynb"])
    assert (root / "notebooks/02_zwölf drei.ipynb").read_text() == "edited"


@needs_git
def test_reset_twice_in_a_second_overwrites_nothing(repository, monkeypatch):
    root, _ = repository
    monkeypatch.setattr(course.time, "strftime", lambda pattern: "now")
    path = root / "notebooks/00_start.ipynb"
    path.write_text("one")
    course.reset([])
    path.write_text("two")
    with pytest.raises(FileExistsError):
        course.reset([])
    assert kept(root) == {"notebooks/00_start.ipynb": "one"}
    assert path.read_text() == "two"


@needs_git
def test_reset_restores_nothing_when_it_cannot_put_aside(repository, monkeypatch):
    root, _ = repository
    for path in (root / "notebooks").glob("*.ipynb"):
        path.write_text("edited")
    copies = [lambda *_: None]

    def copy_once(*arguments):
        if not copies:
            raise OSError(28, "No space left on device")
        copies.pop()

    monkeypatch.setattr(course.shutil, "copy2", copy_once)
    with pytest.raises(OSError, match="No space"):
        course.reset([])
    assert {path.read_text() for path in (root / "notebooks").glob("*.ipynb")} == {"edited"}


@needs_git
def test_reset_without_a_checkout_says_where_originals_come_from(repository, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    with pytest.raises(course.Sorry, match="originals come from git"):
        course.reset([])
    unpacked = repository[0] / "unpacked"  # a zip, unpacked inside somebody's own repository
    unpacked.mkdir()
    monkeypatch.setattr(course, "ROOT", unpacked)
    with pytest.raises(course.Sorry, match="originals come from git"):
        course.reset([])


def test_reset_without_git_says_so(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(course.subprocess, "check_output", missing)
    with pytest.raises(course.Sorry, match=r"missing.*git-scm"):
        course.reset([])


# --- Lock ---------------------------------------------------------------------------------------------------------


def test_the_lock_is_made_by_uv_in_an_environment_of_its_own(tree, monkeypatch, capsys):
    steps = []
    monkeypatch.setattr(course, "run", lambda command, doing, folder: steps.append((command, folder)))
    assert course.lock(["--upgrade"]) == 0
    (venv, pip, *uvs), (folder, *_) = zip(*steps, strict=True)
    assert venv[-1] == str(folder)
    assert pip[-1] == course.UV
    assert {Path(pip[0]).is_relative_to(folder), *(pip[0] == uv[0] for uv in uvs)} == {True}
    locks = [course.LOCK, *map(course.lock_of, course.APART)]
    assert [uv[uv.index("--output-file") + 1] for uv in uvs] == list(map(str, locks)), "the students' first"
    for number, uv in enumerate(uvs):
        held_to = [uv[at + 1] for at, word in enumerate(uv) if word == "--constraints"]
        assert held_to == [lock.name for lock in locks[:number]], "one version of a package in all of them"
        assert {"--upgrade", "--universal", "--generate-hashes", "--no-emit-index-url"} <= set(uv)
    assert not folder.exists()
