"""Where this copy of the course can be fetched, and what follows for a notebook: buttons, a cell that fetches the rest.

The address stands in pyproject.toml, as `repository` of [tool.course], and nowhere else. `course.py notebooks --links`
writes what follows from it; without an address there are no buttons and no such cell.
"""

import re
import tomllib
from urllib.parse import quote

import nbformat

from helpers import ROOT

FETCH = "fetch-the-course"  # the id of the cell, the same in every notebook
README_LINE = re.compile(r"(<!-- elsewhere: .*?-->\n).*?(\n<!-- end -->)", re.S)
CELL = """# A notebook that came alone (on Colab, Kaggle) fetches the course here. Else: nothing.
import contextlib
import os
import subprocess
from pathlib import Path

COURSE = "{address}"
if not Path("helpers.py").exists():
    with contextlib.suppress(OSError):  # there may be no git
        subprocess.run(["git", "clone", "--quiet", "--depth=1", COURSE, "course"], check=False)
    if not Path("course").exists():
        from IPython.core.error import UsageError  # of which Jupyter shows the sentence alone

        missing = "this needs git, and the internet (on Kaggle: a switch beside the notebook)."
        raise UsageError(f"The course could not be fetched from {{COURSE}}: {{missing}}")
    os.chdir("course/notebooks")"""


def repository() -> str:
    """Return the public address of this copy, or nothing."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["course"]["repository"].rstrip("/").removesuffix(".git")


def buttons(path: str, address: str) -> str:
    """Return links that open a file of the course (its path from the root) elsewhere; nothing without an address.

    Those who lend machines know GitHub; with an address elsewhere there are no buttons.
    """
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        return ""
    copy = address.removeprefix("https://github.com/")
    page = f"{copy}/blob/main/{path}"
    places = {
        "Colab": f"https://colab.research.google.com/github/{page}",
        "Kaggle": f"https://www.kaggle.com/kernels/welcome?src=https://github.com/{page}",
        "Binder": f"https://mybinder.org/v2/gh/{copy}/main?urlpath={quote(f'lab/tree/{path}', safe='')}",
        "Codespaces": f"https://codespaces.new/{copy}",
    }
    return "run it on " + ", ".join(f"[{name}]({place})" for name, place in places.items())


def with_fetch(notebook: nbformat.NotebookNode, address: str) -> nbformat.NotebookNode:
    """Write the cell that fetches the course before the first code cell, folded; without an address there is none.

    The cells are counted as if they ran with it, or without.
    """
    cells = notebook.cells
    there = [cell for cell in cells if cell.get("id") == FETCH]
    change = bool(address) - bool(there)
    for cell in cells:
        if cell.get("execution_count"):
            cell.execution_count += change
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count += change
    notebook.cells = [cell for cell in cells if cell.get("id") != FETCH]
    if address:
        first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        fetch = nbformat.v4.new_code_cell(CELL.format(address=address), id=FETCH, execution_count=1)
        fetch.metadata = {"jupyter": {"source_hidden": True}}
        notebook.cells.insert(first, fetch)
    return notebook


def with_buttons(readme: str, address: str) -> str:
    """Return the README with the line that opens the first notebook elsewhere, or with none."""
    line = buttons("notebooks/00_start_here.ipynb", address)
    said = f"Or without an installation: {line}.\n" if line else ""
    return README_LINE.sub(lambda found: found[1] + said + found[2], readme)
