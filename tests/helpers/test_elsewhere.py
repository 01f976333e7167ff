"""A Jupyter that the course did not install: bare, with other versions, an old Python, Colab, plain Jupyter."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from helpers import ROOT, CourseError, elsewhere
from helpers.exercises.fresh_kernel import run_a_copy
from helpers.machine import pinned_packages

NOTEBOOKS = ROOT / "notebooks"


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """A Python with nothing in it, and nothing that leads to the course; return its executable."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def packages_of(python: Path) -> Path:
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def said(python: Path, code: str, **environ: str) -> str:
    """What a program says that runs beside the notebooks, as their kernels do."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environ
    done = subprocess.run(
        [str(python), "-c", code], cwd=NOTEBOOKS, env=kept, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_bare_jupyter_says_in_a_sentence_what_is_missing_each_time(bare):
    code = (
        "for _ in range(2):\n try:\n  from helpers.widgets import DigitPad\n except Exception as told:\n  print(told)"
    )
    first, second = said(bare, code).splitlines()
    assert first == second and first.startswith("This Jupyter lacks what the course needs (anywidget, opencv-python, ")
    assert "python3 course.py lab" in first


def test_other_versions_are_told_and_the_lesson_goes_on(bare):
    packages = packages_of(bare)
    for module, package in elsewhere.NEEDED.items():
        (packages / f"{module}.py").touch()
        info = packages / f"{package.replace('-', '_')}-9.9.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9\n")
    told = said(bare, "from helpers import ROOT\nprint(ROOT)")
    assert f"tensorflow 9.9 ({pinned_packages()['tensorflow']})" in told
    assert told.splitlines()[-1] == str(ROOT)


def test_the_courses_own_jupyter_hears_nothing():
    assert said(Path(sys.executable), "import helpers.mnist, helpers\nprint(helpers.ROOT)").splitlines() == [str(ROOT)]


def test_an_old_python_is_told_before_it_reads_what_it_cannot(monkeypatch):
    monkeypatch.setattr(elsewhere.sys, "version_info", (3, 9, 0))
    with pytest.raises(CourseError, match=r"needs Python 3\.11.*runs 3\.9"):
        elsewhere.settle()


def test_colab_gets_what_it_lacks_and_its_widgets(monkeypatch, capsys):
    asked, colab = [], ModuleType("google.colab")
    colab.output = SimpleNamespace(enable_custom_widget_manager=lambda: asked.append("widgets"))
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    there = elsewhere.importlib.util.find_spec
    monkeypatch.setattr(
        elsewhere.importlib.util, "find_spec", lambda name: None if name == "anywidget" else there(name)
    )
    monkeypatch.setattr(
        elsewhere.subprocess, "run", lambda command, **_: asked.append(command) or SimpleNamespace(returncode=0)
    )
    elsewhere.settle()
    assert asked[0][-1] == f"anywidget=={pinned_packages()['anywidget']}" and asked[1:] == ["widgets"]
    monkeypatch.setattr(elsewhere.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))
    with pytest.raises(CourseError, match="pip could not add anywidget"):
        elsewhere.settle()


@pytest.fixture
def plain(bare, tmp_path_factory) -> KernelManager:
    """A kernel with all packages, in a Python that the course did not install."""
    folder = tmp_path_factory.mktemp("plain") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / bare.relative_to(bare.parent.parent)
    # what a .pth file names is searched, and the .pth files there are not read: so nothing leads to the course
    (packages_of(python) / "borrowed.pth").write_text(f"{packages_of(Path(sys.executable))}\n")
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[:1] = [str(python)]
    return manager


def first_code(assignment: str) -> str:
    """Return the code with which the notebook of an assignment begins."""
    notebook = nbformat.read(NOTEBOOKS / "coursework/practice" / f"{assignment}.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


def run(manager: KernelManager, folder: Path, *cells: str) -> list[str]:
    """Run cells in a folder; return what each prints."""
    ran = run_all(manager, folder, *cells)
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in ran.cells]


def run_all(manager: KernelManager, folder: Path, *cells: str, **settings: bool) -> nbformat.NotebookNode:
    """Run cells in a folder; return them with their outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, km=manager, timeout=120, resources=where, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        return client.execute(env=environ)


def test_a_plain_jupyter_finds_the_course_beside_the_notebook(plain):
    look = "import json, sys\nprint(json.dumps([path for path in sys.path if path.endswith('site-packages')]))"
    paths, lesson = run(plain, NOTEBOOKS, look, "from helpers.mnist import load_mnist\nprint(load_mnist()[0][0].shape)")
    assert len(json.loads(paths)) == 2 and lesson == "(60000, 28, 28)\n"


@pytest.mark.parametrize("folder", [NOTEBOOKS / "coursework/practice", ROOT])
def test_an_assignment_finds_the_course_around_it(plain, folder):
    said = run(plain, folder, first_code("1_the_data"), "from helpers import ROOT\nprint(ROOT)")
    assert said[1] == f"{ROOT}\n"


def test_an_assignment_without_the_course_says_so_in_a_sentence(plain, tmp_path):
    ran = run_all(plain, tmp_path, first_code("5_pages_of_numbers"), allow_errors=True)
    (told,) = ran.cells[0].outputs  # no traceback
    assert re.fullmatch(r"UsageError: This notebook needs the course.* by `python3 course\.py lab` .*\n", told.text)


def test_a_plain_jupyter_packs_an_assignment(plain):
    """The copy that it runs lies in a folder of its own, and finds the course all the same."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import helpers\nprint(helpers.ROOT)")])
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        ran = run_a_copy(notebook, plain.kernel_spec.argv[0], lambda *_: None)
    assert ran[0].outputs[0].text == f"{ROOT}\n"


def test_a_notebook_that_came_alone_fetches_the_course(plain, tmp_path):
    from tools import address

    origin = tmp_path / "origin"
    for name in ("notebooks/helpers.py", "helpers/__init__.py", "helpers/elsewhere.py", "helpers/machine.py"):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("helpers/shipped.py", "pyproject.toml"):
        (origin / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    git = ["git", "-C", origin, "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    alone = tmp_path / "alone"
    alone.mkdir()
    cell = address.CELL.format(address=origin.as_uri())
    said = run(plain, alone, cell, "from helpers import ROOT\nprint(ROOT)")
    assert said[1] == f"{alone / 'course'}\n"


def test_a_notebook_that_came_alone_and_cannot_fetch_says_so_in_a_sentence(plain, tmp_path):
    from tools import address

    nowhere = (tmp_path / "nowhere").as_uri()
    ran = run_all(plain, tmp_path, address.CELL.format(address=nowhere), allow_errors=True)
    said = [output.text for output in ran.cells[0].outputs if output.get("text", "").startswith("UsageError")]
    assert len(said) == 1 and f"could not be fetched from {nowhere}: this needs git" in said[0]
    assert "error" not in [output.output_type for output in ran.cells[0].outputs]  # no traceback
