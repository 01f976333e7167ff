"""The address of a copy: what follows from it stands in the notebooks and the README, and nothing without it."""

import nbformat
import pytest

from helpers import ROOT
from tools import address
from tools.run_notebooks import course_notebooks, links_of, with_links

OURS = "https://github.com/someone/reading-handwriting"


def test_buttons_open_this_notebook_of_this_copy():
    line = address.buttons("notebooks/03_build_lenet5.ipynb", OURS)
    page = "someone/reading-handwriting/blob/main/notebooks/03_build_lenet5.ipynb"
    assert f"[Colab](https://colab.research.google.com/github/{page})" in line
    assert f"src=https://github.com/{page})" in line and "(https://codespaces.new/someone/reading-handwriting)" in line
    assert "/v2/gh/someone/reading-handwriting/main?urlpath=lab%2Ftree%2Fnotebooks%2F03_build_lenet5.ipynb)" in line


@pytest.mark.parametrize(
    "elsewhere", ["", "https://example.org/course", "https://github.com/a/b/c", "ftp://github.com/a/b"]
)
def test_without_an_address_that_can_have_them_there_are_no_buttons(elsewhere):
    assert address.buttons("notebooks/00_start_here.ipynb", elsewhere) == ""


def test_the_address_reaches_links_cell_and_readme_and_can_change(monkeypatch):
    path = course_notebooks()[3]
    stored = nbformat.read(path, as_version=4)
    monkeypatch.setattr(address, "repository", lambda: OURS)
    notebook = with_links(nbformat.read(path, as_version=4), path)
    assert "[Colab](" in notebook.cells[0].source and f'COURSE = "{OURS}"' in str(notebook.cells)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    nbformat.validate(notebook)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "[Colab](" in address.with_buttons(readme, OURS)
    assert address.with_buttons(address.with_buttons(readme, OURS), "") == readme
    monkeypatch.setattr(address, "repository", lambda: "")
    back = with_links(notebook, path)
    assert "Colab" not in links_of(path) and nbformat.writes(back) == nbformat.writes(stored)
    assert address.FETCH not in [cell["id"] for cell in back.cells]


def test_the_repository_stands_in_one_place():
    assert address.repository() == "" or address.repository().startswith("https://")
