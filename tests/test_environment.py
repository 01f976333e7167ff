"""pyproject.toml, requirements.txt and environment.yml describe one environment; continuous integration uses it."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = TABLES["project"], TABLES["dependency-groups"]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def entries(lock: str) -> dict:
    """The lock by package: its pin, its marker and its hashes."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", lock, flags=re.M))
    found = {}
    for line in filter(str.strip, joined.splitlines()):
        match = re.fullmatch(r"([\w.-]+)==([\w.+]+)(?: ; (.*?))?((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*", line)
        assert match, f"this line of the lock is not a pin with hashes: {line[:100]}"
        name, version, marker, hashes = match.groups()
        assert name not in found, f"{name} is locked twice"
        found[name] = (version, marker, hashes.split())
    return found


ENTRIES = entries(LOCK)
APART = {name: entries((ROOT / f"requirements-{name}.txt").read_text(encoding="utf-8")) for name in GROUPS}


def test_every_dependency_is_locked_as_pyproject_pins_it():
    for dependency in PROJECT["dependencies"]:
        name, _, version = dependency.partition("==")
        assert ENTRIES[name][0] == version
        assert ENTRIES[name][1] is None, f"{name} must be installed on every system"


def test_every_package_of_the_lock_has_hashes():
    assert len(ENTRIES) > 100
    for name, (_, _, hashes) in ENTRIES.items():
        assert hashes, f"{name} has no hash"
        assert len(hashes) == len(set(hashes))


def test_tensorflow_is_locked_for_every_python_and_every_system():
    # Linux for Intel and for ARM, Windows, macOS: four wheels for each of three Pythons at least
    assert len(ENTRIES["tensorflow"][2]) >= 12


@pytest.mark.parametrize("name, system", [("pywinpty", "nt"), ("appnope", "darwin"), ("colorama", "win32")])
def test_the_lock_is_for_every_system_and_not_only_for_the_one_that_made_it(name, system):
    assert f"'{system}'" in ENTRIES[name][1]


@pytest.mark.parametrize("group, shares", [("instructor", 50), ("many", 8), ("hub", 50), ("book", 25)])
def test_what_is_apart_is_locked_as_pyproject_pins_it_with_the_versions_that_the_others_have(group, shares):
    mine = APART[group]
    for dependency in GROUPS[group]:
        name, _, version = dependency.partition("==")
        assert mine[name][0] == version, "please run `python3 course.py lock`"
    assert all(hashes for _, _, hashes in mine.values())
    for others in (ENTRIES, *APART.values()):
        shared = set(others) & set(mine)
        assert {name: others[name][0] for name in shared} == {name: mine[name][0] for name in shared}
    assert len(set(ENTRIES) & set(mine)) > shares


def test_what_is_apart_stays_apart():
    """nbgrader would change the students' JupyterLab; dask is for who asks for it; TensorFlow is large."""
    assert not {"nbgrader", "distributed", "dask", "sphinx", "jupyterhub"} & set(ENTRIES)
    assert not any("tensorflow" in mine for mine in APART.values()) and "distributed" not in APART["instructor"]


@pytest.mark.parametrize(
    "file", ["requirements.txt", *(f"requirements-{name}.txt" for name in GROUPS), "environment.yml"]
)
def test_no_server_is_named(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not [sign for sign in ("://", "index-url", "find-links", "trusted-host") if sign in text]


def test_the_lock_was_made_from_pyproject():
    names = {dependency.partition("==")[0] for dependency in PROJECT["dependencies"]}
    of_package = {text.partition("==")[0]: text for text in re.split(r"^(?=\w)", LOCK, flags=re.M)}
    asked_for = {name for name, text in of_package.items() if f"{PROJECT['name']} (pyproject.toml)" in text}
    assert asked_for == names, "please run `python3 course.py lock`"


def test_conda_brings_python_alone_and_pip_what_is_locked():
    assert set(CONDA) == {"name", "channels", "dependencies"}
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    python, pip, by_pip = CONDA["dependencies"]
    assert python == "python " + PROJECT["requires-python"]
    assert pip == "pip"
    assert by_pip == {"pip": ["-r requirements.txt"]}


def test_continuous_integration_runs_the_command_of_the_readme():
    command = "python3 course.py test"
    *_, first, last = (ROOT / ".ci/run").read_text(encoding="utf-8").rstrip().splitlines()
    assert (first, last) == (command, command + " --long")
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit, and runs .ci/run nowhere")
def test_continuous_integration_can_be_started():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)


@pytest.mark.parametrize(
    "line", ["numpy>=2 --hash=sha256:" + "0" * 64, "x @ file:///x.whl", "numpy==2 --hash=md5:0", "--pre"]
)
def test_a_lock_that_pins_nothing_is_noticed(line):
    with pytest.raises(AssertionError):
        entries(LOCK + line + "\n")


def test_lent_machines_bring_what_pip_cannot():
    """Binder and the dev container; neither can be run here."""
    libraries = (ROOT / "apt.txt").read_text(encoding="utf-8").split()
    assert libraries == ["libgl1", "libglib2.0-0"]
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert "apt.txt" in container["postCreateCommand"]
    assert container["postCreateCommand"].endswith("python3 course.py lab --version")
    version = tuple(map(int, container["image"].rpartition(":")[2].split(".")))
    assert (3, 11) <= version < (3, 14)


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
def test_binder_makes_the_course_importable(tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PATH": path}
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env=environ, check=True)
    subprocess.run([venv / "bin/python", "-c", "import helpers"], cwd=tmp_path, env=environ, check=True)


@pytest.mark.skipif(os.name == "nt", reason="repo2docker's images are Linux")
def test_an_image_of_repo2docker_has_one_description_and_gives_a_class_copies(tmp_path):
    """A folder for Binder would hide the environment; in its home the course is left alone, elsewhere it is copied."""
    assert not (ROOT / "binder").exists() and not (ROOT / ".binder").exists()
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    for home, copied in ((ROOT, False), (tmp_path, True)):
        environ = os.environ | {"HOME": str(home), "REPO_DIR": str(ROOT), "PATH": path, "PYTHONPATH": "as before"}
        command = [ROOT / "start", "sh", "-c", 'echo "$PYTHONPATH $1"', "sh", "the server"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == f"{tmp_path / 'course' if copied else 'as before'} the server"
    assert (tmp_path / "course/notebooks/00_start_here.ipynb").exists()


def test_the_book_is_published_only_where_that_is_switched_on():
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert job["if"] == "vars.PUBLISH_BOOK == 'yes'" and "PUBLISH_BOOK" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )
    assert "python course.py book" in str(job["steps"]) and "book/_build/html" in str(job["steps"])
    public = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    assert "python course.py book" in str(public["jobs"]["book"]["steps"])
