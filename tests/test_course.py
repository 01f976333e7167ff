"""course.py: what it decides, what it says, and one real installation that needs no network."""

import ast
import base64
import hashlib
import json
import ntpath
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).parent
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a Python")


def facts(version=(3, 12), bits=64, system="linux", machine="x86_64", makes_venvs=True, path="/usr/bin/python3"):
    return course.Facts(list(version), bits, system, machine, makes_venvs, path)


def test_old_pythons_can_read_course_py():
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 7))


# --- Which Python -------------------------------------------------------------------------------------------------


def test_the_range_of_pythons_is_that_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">={}.{},<{}.{}".format(*course.OLDEST, *course.TOO_NEW)


@pytest.mark.parametrize("version, good", [((3, 10), 0), ((3, 11), 1), ((3, 13), 1), ((3, 14), 0), ((2, 7), 0)])
def test_the_running_python_is_taken_when_it_is_of_the_right_age(version, good):
    answers = {"running": facts(version, path="running"), "other": facts(path="other")}
    chosen = course.choose_python([["running"], ["other"]], lambda command: answers[command[0]])
    assert chosen == ("running" if good else "other")


def test_pythons_that_do_not_run_or_lack_something_are_passed_over():
    answers = {
        "too new": facts((3, 14)),
        "shim": None,
        "32 bits": facts(bits=32),
        "no venv": facts(makes_venvs=False),
        "good": facts((3, 11), path="good"),
    }
    assert course.choose_python([[name] for name in answers], lambda command: answers[command[0]]) == "good"


def test_the_complaint_is_about_the_nearest_python():
    answers = {"running": facts((3, 9)), "near": facts((3, 11), makes_venvs=False)}
    with pytest.raises(course.Sorry, match=r"apt-get install python3\.11-venv"):
        course.choose_python([[name] for name in answers], lambda command: answers[command[0]])
    with pytest.raises(course.Sorry, match=r"3\.11, 3\.12 or 3\.13"):
        course.choose_python([["nothing"]], lambda command: None)


@pytest.mark.parametrize(
    "python, said",
    [
        (facts((3, 10)), "this is 3.10: please install 3.13 (with `sudo apt-get"),
        (facts((3, 14), system="darwin", machine="arm64"), "brew install python@3.13"),
        (facts((3, 8), system="win32", machine="amd64"), "winget install Python.Python.3.13"),
        (facts(system="darwin"), "Macs with an Intel processor"),
        (facts(bits=32), "64-bit"),
        (facts(system="win32", machine="arm64"), "64-bit Python (on Windows one for Intel and AMD"),
        (facts(makes_venvs=False), "python3.12-venv"),
    ],
)
def test_what_is_said_about_an_unsuitable_python(python, said):
    assert said in course.complaint(python)
    assert "\n" not in course.complaint(python)


def test_the_message_names_every_version_that_will_do():
    for minor in range(course.OLDEST[1], course.TOO_NEW[1]):
        assert f"3.{minor}" in course.wrong_age("linux", "this is 3.9")


def test_the_launcher_of_windows_is_asked_and_only_there():
    assert course.candidates(windows=False)[0] == [sys.executable]
    assert ["python3.12"] in course.candidates(windows=False)
    assert ["py", "-3.13"] in course.candidates(windows=True)
    assert not any(command[0] == "py" for command in course.candidates(windows=False))


def test_a_python_answers_for_itself_and_for_the_one_behind_its_venv():
    answer = course.ask([sys.executable])
    assert tuple(answer.version) == sys.version_info[:2]
    assert answer.bits == 64
    assert os.path.samefile(answer.path, sys._base_executable)
    if sys.prefix != sys.base_prefix:
        assert Path(sys.prefix) not in Path(answer.path).parents


def test_a_command_that_is_not_there_has_no_facts():
    assert course.ask(["no-such-python-here"]) is None


@POSIX_ONLY
@pytest.mark.parametrize("script", ["exit 127", "echo pyenv: command not found", "echo '[1]'"])
def test_a_shim_that_fails_has_no_facts(tmp_path, script):
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\n" + script)
    shim.chmod(0o755)
    assert course.ask([str(shim)]) is None


# --- Whether to install -------------------------------------------------------------------------------------------

STAMP = course.fingerprint("a lock", [3, 12])


@pytest.mark.parametrize(
    "what, exists, begun, python, stamp, lock",
    [
        ("new", False, False, None, "", "a lock"),
        ("fine", True, True, facts(), STAMP, "a lock"),
        ("unfinished", True, True, facts(), "", "a lock"),
        ("unfinished", True, True, None, "", "a lock"),
        ("changed", True, True, facts(), STAMP, "another lock"),
        ("broken", True, True, None, STAMP, "a lock"),
        ("broken", True, True, facts((3, 14)), STAMP, "a lock"),
        ("broken", True, True, facts((3, 13)), STAMP, "a lock"),  # python3 of .venv now leads to another Python
        ("foreign", True, False, facts(), "", "a lock"),
        ("broken", True, False, None, "", "a lock"),
    ],
)
def test_when_to_install(what, exists, begun, python, stamp, lock):
    assert course.state(exists, begun, python, stamp, lock) == what
    assert what == "fine" or what in course.WHY


def test_neither_the_ends_of_lines_nor_comments_change_the_fingerprint():
    assert course.fingerprint("a\n    # via b\n", [3, 12]) == course.fingerprint("a\n    # via c\n# d", [3, 12])
    assert course.fingerprint("a\r\nb\r\n", [3, 12]) == course.fingerprint("a\nb\n", [3, 12])
    assert course.fingerprint("a\nb\n", [3, 12]) != course.fingerprint("a\nc\n", [3, 12])
    assert course.fingerprint("a", [3, 12]) != course.fingerprint("a", [3, 13])


@pytest.mark.parametrize("flavour, root", [(posixpath, "/home/zoë/my course"), (ntpath, r"C:\Users\Zoë\my course")])
def test_the_path_file_leads_from_site_packages_to_the_repository(flavour, root):
    inside = ".venv/Lib/site-packages" if flavour is ntpath else ".venv/lib/python3.12/site-packages"
    site = flavour.normpath(flavour.join(root, inside))
    line = course.path_line(root, site, flavour.relpath)
    assert re.fullmatch(r"[./]+", line)
    assert flavour.normpath(flavour.join(site, line)) == root  # what Python's site module does with the line


def test_the_path_file_is_absolute_where_no_plain_relative_path_leads():
    assert course.path_line("D:\\course", "C:\\conda\\Lib\\site-packages", ntpath.relpath) == "D:\\course"
    assert course.path_line("/home/zoë/course", "/opt/conda/site-packages", posixpath.relpath) == "/home/zoë/course"


def test_where_an_environment_keeps_things():
    assert course.python_of(Path("e"), windows=True) == str(Path("e/Scripts/python.exe"))
    assert course.python_of(Path("e"), windows=True, conda=True) == str(Path("e/python.exe"))
    assert course.python_of(Path("e"), windows=False, conda=True) == str(Path("e/bin/python"))
    assert course.site_packages(Path("e"), [3, 12], windows=False) == Path("e/lib/python3.12/site-packages")
    assert course.site_packages(Path("e"), [3, 12], windows=True) == Path("e/Lib/site-packages")


def test_only_the_courses_own_conda_environment_is_used():
    yml = "# name: not this\nname: handwriting\nchannels: [conda-forge]\n"
    assert course.conda_prefix({"CONDA_DEFAULT_ENV": "handwriting", "CONDA_PREFIX": "/c"}, yml) == Path("/c")
    assert course.conda_prefix({"CONDA_DEFAULT_ENV": "base", "CONDA_PREFIX": "/c"}, yml) is None
    assert course.conda_prefix({}, yml) is None


def test_a_conda_environment_is_made_to_import_the_course_and_its_differences_are_told(tmp_path, monkeypatch, capsys):
    site = course.site_packages(tmp_path, [3, 12])
    (site / "numpy-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(course, "ask", lambda command: facts())
    course.use_conda("python", tmp_path)
    line = (site / "course.pth").read_text().strip()
    assert (site / line).resolve() == ROOT.resolve()
    said = capsys.readouterr().out
    assert "numpy 1.0 instead of" in said
    assert "jupyterlab missing" in said
    assert said.count("\n") == 1
    monkeypatch.setattr(course, "ask", lambda command: facts((3, 10)))
    with pytest.raises(course.Sorry, match="conda env update"):
        course.use_conda("python", tmp_path)


def test_equal_versions_are_no_difference(tmp_path):
    (tmp_path / "opencv_python-5.0.0.93.dist-info").mkdir()
    assert course.differences('dependencies = ["opencv-python==5.0.0.93"]', tmp_path) == ""
    assert course.differences('dependencies = ["opencv-python==5.0.1"]', tmp_path) != ""


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
        (OFFLINE + "\nERROR: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'", "cannot be written"),
        ("[WinError 32] The process cannot access the file", "close JupyterLab"),
        ("HINT: This error might have occurred since this system does not have Windows Long Path support", "too long"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one the course was"),
        ("ERROR: No matching distribution found for tensorflow==2.21.0", "kind of computer"),
    ],
)
def test_every_known_failure_has_its_sentence(output, said):
    assert said in course.explain(output)
    assert "\n" not in course.failure(output)
    assert str(course.LOG) in course.failure(output)


def test_an_unknown_failure_shows_the_end_of_the_output():
    output = "\n".join(f"line {number}" for number in range(100))
    assert course.explain(output) == ""
    said = course.failure(output).splitlines()
    assert said[:15] == [f"line {number}" for number in range(85, 100)]
    assert "The installation failed." in said[15]


def test_a_connection_that_came_back_is_not_blamed():
    output = OFFLINE.splitlines()[0] + "\n" * 40 + "Killed"
    assert "internet" not in course.failure(output)


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


def test_the_progress_tells_what_pip_does(tmp_path):
    progress = course.Progress("a==1 \\\n    --hash=sha256:0\nb==2\nwinonly==3 ; os_name == 'nt'\n")
    assert "making the environment" in progress.text(1)
    said = []
    for line in [
        "Ignoring winonly: markers 'os_name == \"nt\"' don't match your environment",
        "Collecting a==1 (from -r requirements.txt (line 1))",
        "  Downloading https://host/a-1-py3-none-any.whl.metadata (2.3 kB)",
        "  Downloading a-1-py3-none-any.whl (620.4 MB)",
        "Progress 1 of 4",
        "Progress 2 of 4",
        "Requirement already satisfied: b==2 in x (from -r requirements.txt (line 2))",
        "Installing collected packages: a, b",
    ]:
        progress.read(line)
        said.append(progress.text(7).strip())
    assert said[1:7] == [
        "7 s  fetching 1 of 2: a",
        "7 s  fetching 1 of 2: a",
        "7 s  fetching 1 of 2: a (620.4 MB)",
        "7 s  fetching 1 of 2: a (620.4 MB), 25 %",
        "7 s  fetching 1 of 2: a (620.4 MB), 50 %",
        "7 s  fetching 2 of 2: b",
    ]
    progress.site = tmp_path
    progress.read("Installing collected packages: a, b")
    (tmp_path / "a-1.dist-info").mkdir()
    assert progress.text(7).strip() == "7 s  installing 1 of 2"


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A folder in the place of .venv that bears the stamp."""
    monkeypatch.setattr(course, "VENV", tmp_path)
    for name, file in [("STAMP", "installed"), ("LOG", "install.log"), ("HEARTBEAT", "installing")]:
        monkeypatch.setattr(course, name, tmp_path / file)
    course.STAMP.touch()
    return tmp_path


@pytest.mark.parametrize("line", ["Collecting", "Progress", "Progress 1 of 0", "  Downloading", "Requirement already"])
def test_a_line_that_is_cut_short_stops_nothing(line):
    progress = course.Progress("a==1")
    progress.read(line)
    assert progress.text(0).strip() == "0 s  making the environment"


def watch(program: str) -> None:
    course.watch([sys.executable, "-u", "-c", program], course.Progress("a==1"), 0, dict(os.environ))


def test_the_log_keeps_what_matters(venv):
    watch("print('Collecting a==1'); print('Progress 1 of 2'); print('in https://mirror.example/simple')")
    assert course.LOG.read_text().splitlines() == ["Collecting a==1", "in https://.../simple"]
    assert course.HEARTBEAT.exists()
    assert course.STAMP.exists()


def test_from_the_first_change_on_the_environment_counts_as_unfinished(venv):
    with pytest.raises(course.Sorry, match="disk is full"):
        watch("import sys; print('Installing collected packages: a'); sys.exit('[Errno 28] No space left on device')")
    assert not course.STAMP.exists()


def test_a_second_window_waits_for_the_first(venv, monkeypatch, capsys):
    course.HEARTBEAT.touch()
    monkeypatch.setattr(course.time, "sleep", lambda seconds: course.HEARTBEAT.unlink())
    course.wait_for_another()
    assert "Another window is installing" in capsys.readouterr().out
    course.HEARTBEAT.touch()
    os.utime(course.HEARTBEAT, (1, 1))  # killed long ago
    course.wait_for_another()
    assert capsys.readouterr().out == ""


def test_what_is_left_of_an_interrupted_deletion_has_no_python(venv, monkeypatch):
    python = Path(course.python_of(venv))
    python.parent.mkdir()
    python.touch()

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(course.shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        course.clear()
    assert not python.exists()


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(course, "choose_python", lambda commands: sys.executable)
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**10, 10**10, 10**9))
    with pytest.raises(course.Sorry, match="disk is full"):
        course.install("new", "", "python")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    "tool, root, said",
    [
        ("apt-get", False, "`sudo apt-get install libgl1 libglib2.0-0`"),
        ("apt-get", True, "`apt-get install libgl1 libglib2.0-0`"),
        ("dnf", False, "`sudo dnf install mesa-libGL glib2`"),
        ("", False, "libGL.so.1: cannot open"),
    ],
)
def test_missing_libraries_of_the_system_are_named(tool, root, said):
    error = "Traceback\nImportError: libGL.so.1: cannot open shared object file: No such file or directory\n"
    assert said in course.about_opencv(error, lambda name: name == tool, root)


def test_what_else_opencv_may_lack():
    assert "Visual C++" in course.about_opencv(
        "ImportError: DLL load failed while importing cv2", lambda name: None, False
    )
    assert course.about_opencv("Boom", lambda name: "/usr/bin/" + name, False).endswith("Boom")


def test_opencv_is_tried_until_it_has_worked_once(tmp_path, monkeypatch):
    results = []
    monkeypatch.setattr(course.subprocess, "run", lambda *_, **__: results.pop())
    results[:] = [subprocess.CompletedProcess([], 0, b"", b""), subprocess.CompletedProcess([], 1, b"", b"Boom")]
    with pytest.raises(course.Sorry, match="Boom"):
        course.check_opencv("python", tmp_path)
    course.check_opencv("python", tmp_path)
    assert not results
    course.check_opencv("python", tmp_path)  # would raise IndexError if it tried again


# --- What is started ----------------------------------------------------------------------------------------------


def test_only_root_gets_allow_root():
    assert "--allow-root" in course.lab_arguments([], True, "linux", {"DISPLAY": ":0"})
    assert "--allow-root" not in course.lab_arguments([], False, "linux", {"DISPLAY": ":0"})


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
def test_a_browser_is_opened_where_there_is_a_screen(system, environ, browser):
    assert ("--no-browser" not in course.lab_arguments([], False, system, environ)) == browser


def test_jupyterlab_is_seen_from_this_computer_only_and_keeps_its_token():
    arguments = course.lab_arguments(["--port=1", "a b"], False, "linux", {})
    assert arguments[-2:] == ["--port=1", "a b"]
    assert "--ServerApp.ip=localhost" in arguments
    assert not any("token" in argument or "password" in argument for argument in arguments)
    assert "--ServerApp.ip=localhost" not in course.lab_arguments(["--ip=::1"], False, "linux", {})
    assert course.lab_arguments(["--no-browser"], False, "linux", {}).count("--no-browser") == 1


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
    environ = course.environment(course.VENV)
    assert "PYTHONPATH" not in environ
    assert environ["PATH"].startswith(str(course.VENV))
    assert "VIRTUAL_ENV" not in course.environment(Path("/conda")) or "VIRTUAL_ENV" in os.environ


@pytest.mark.parametrize("arguments, code", [([], 0), (["--help"], 0), (["unknown"], 2)])
def test_without_a_known_verb_the_verbs_are_told(arguments, code, capsys):
    assert course.main(arguments) == code
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {verb} +\w", said, re.M) for verb in course.VERBS)


def test_trouble_is_one_sentence_and_no_traceback(monkeypatch, capsys):
    def fail(extra):
        raise extra

    monkeypatch.setitem(course.VERBS, "lab", (lambda extra: fail(PermissionError(13, "Permission denied", "x")), ""))
    monkeypatch.setitem(course.VERBS, "test", (lambda extra: fail(KeyboardInterrupt()), ""))
    assert course.main(["lab"]) == 1
    assert "cannot be written" in capsys.readouterr().out
    assert course.main(["test"]) == 130


# --- A real installation, of a package of a few lines -------------------------------------------------------------

SHOW = """import json, os, sys
import helpers
print(json.dumps([sys.argv[1:], os.getcwd(), {version!r}]))
sys.exit({code})
"""


def wheel(folder: Path, version: str) -> str:
    """Write a package that stands in for JupyterLab, pytest and OpenCV; returns its line in a lock."""
    info = f"course_stub-{version}.dist-info/"
    files = {
        "jupyterlab/__main__.py": SHOW.format(version=version, code=0),
        "pytest/__main__.py": SHOW.format(version=version, code=7),
        "cv2.py": "",
        info + "METADATA": f"Metadata-Version: 2.1\nName: course-stub\nVersion: {version}\n",
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text)}\n"
    path = folder / f"course_stub-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, info + "RECORD": record + info + "RECORD,,\n"}.items():
            archive.writestr(name, text)
    return f"course-stub=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_a_real_installation(tmp_path):
    """Fails, is repaired, runs, does nothing the second time, follows the lock, and survives being moved."""
    folder, wheels = tmp_path / "my é course", tmp_path / "wheels é"
    folder.mkdir()
    wheels.mkdir()
    for name in ("course.py", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "helpers").mkdir()
    (folder / "helpers/__init__.py").touch()
    lock, stamp = folder / "requirements.txt", folder / ".venv/installed"
    first, second = wheel(wheels, "1"), wheel(wheels, "2")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "CONDA_", "PYTHONPATH"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "course.py", *arguments],
            cwd=folder,
            env={**kept, **offline, "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
        )

    lock.write_text(re.sub("sha256:....", "sha256:0000", first))
    failed = run("test")
    assert failed.returncode == 1
    assert "not the one the course was tested with" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert (folder / ".venv/install.log").exists()
    assert not stamp.exists()
    (folder / ".venv/leftover").touch()

    lock.write_text(first)
    repaired = run("test", "-k", "a b")
    assert "did not finish" in repaired.stdout
    assert not (folder / ".venv/leftover").exists()
    assert json.loads(repaired.stdout.splitlines()[-1]) == [["-k", "a b"], str(folder), "1"]
    assert repaired.returncode == 7  # that of the program, passed through
    assert "fetchNews" in (folder / ".venv/share/jupyter/lab/settings/overrides.json").read_text()
    assert not (folder / ".venv/installing").exists()

    written = stamp.stat().st_mtime_ns
    again = run("lab", "--port=1", "--no-browser")
    assert len(again.stdout.splitlines()) == 2  # the address, and what the program prints: nothing is installed
    assert stamp.stat().st_mtime_ns == written
    arguments = json.loads(again.stdout.splitlines()[-1])[0]
    assert arguments[-2:] == ["--port=1", "--no-browser"]
    assert f"--ServerApp.root_dir={folder}" in arguments
    assert "token=" in again.stdout

    lock.write_text(re.sub("sha256:....", "sha256:0000", second))
    assert run("test").returncode == 1
    assert stamp.exists()  # nothing was installed, so what is there still counts
    lock.write_text(second)
    changed = run("test")
    assert "brought up to date" in changed.stdout
    assert json.loads(changed.stdout.splitlines()[-1])[2] == "2"

    folder = folder.rename(tmp_path / "moved é")
    moved = run("test")
    assert json.loads(moved.stdout) == [[], str(folder), "2"]


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
    assert kept(root) == {"notebooks/00_start.ipynb": "edited", "notebooks/02_zwölf drei.ipynb": "staged"}
    assert originals(root) == {ORIGINAL}
    assert len(list((root / "notebooks").rglob("0*.ipynb"))) == 6
    assert (root / "notebooks/mine.ipynb").read_text() == "untracked"
    assert (root / "notebooks/new.ipynb").read_text() == "the reader's own"
    status = subprocess.run(["git", "diff", "HEAD", "--name-only"], cwd=root, capture_output=True, check=True)
    assert status.stdout == b"notebooks/new.ipynb\n"
    assert "notebooks/00_start.ipynb: your version is now my_work/" in capsys.readouterr().out
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
def test_reset_of_chosen_notebooks_leaves_the_others(repository):
    root, _ = repository
    for path in (root / "notebooks").rglob("*.ipynb"):
        path.write_text("edited")
    course.reset(["00", "notebooks/01_data.ipynb", "03_["])
    assert set(kept(root)) == {f"notebooks/{name}.ipynb" for name in ("00_start", "01_data", "03_[a]")}
    assert (root / "notebooks/03_a.ipynb").read_text() == "edited"  # though it fits the pattern 03_[a]
    with pytest.raises(course.Sorry, match=r"No notebook of the course is called 99"):
        course.reset(["99", "02"])
    assert (root / "notebooks/02_zwölf drei.ipynb").read_text() == "edited"


@needs_git
def test_reset_twice_in_a_second_overwrites_nothing(repository, monkeypatch):
    root, _ = repository
    monkeypatch.setattr(course.time, "strftime", lambda pattern: "now")
    for text in ("one", "two", "three"):
        (root / "notebooks/00_start.ipynb").write_text(text)
        course.reset([])
    assert sorted(path.read_text() for path in (root / "my_work").rglob("*.ipynb")) == ["one", "three", "two"]


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
    with pytest.raises(course.Sorry, match=r"not installed.*git-scm"):
        course.reset([])


# --- Lock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made, said",
    [
        ("a==1\n", "as it was"),
        ("a==2\n", "renewed"),
        ("a @ https://mirror.example/a.whl\n", "stays as it was"),
        (None, "internet"),
    ],
)
def test_the_lock_is_replaced_only_by_a_good_one(tmp_path, monkeypatch, capsys, made, said):
    lock = tmp_path / "requirements.txt"
    lock.write_text("a==1\n")
    monkeypatch.setattr(course, "LOCK", lock)

    def run(command, **_):
        if "compile" in command and made:
            Path(command[-1]).write_text(made)
            assert "--upgrade" in command
        return subprocess.CompletedProcess(command, 0 if made else 1, OFFLINE.encode())

    monkeypatch.setattr(course.subprocess, "run", run)
    monkeypatch.setattr(course, "choose_python", lambda commands: sys.executable)
    try:
        course.lock(["--upgrade"])
    except course.Sorry as told:
        print(told)
    assert said in capsys.readouterr().out
    assert lock.read_text() == ("a==2\n" if said == "renewed" else "a==1\n")
