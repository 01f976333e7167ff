"""Run notebooks again in place, from a fresh kernel, and store what they print and draw.

    python3 course.py notebooks                                    all of them
    python3 course.py notebooks notebooks/03_build_lenet5.ipynb    only these
    python3 course.py notebooks --links                            runs none: writes links and the address of the course

A second run on the same machine changes no byte: what would differ from run to run is not stored. The links to the
notebooks before and after are written as well, at the top and at the end.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from helpers import ROOT
from tools import address

CELL_TIMEOUT = 600  # seconds; catches what hangs, measures nothing
#: The plan for two cores, by number: seconds with the kernel's start, and gigabytes of the kernel at its peak.
BUDGETS = {"00": (15, 1.0), "01": (45, 1.5), "02": (45, 1.5), "03": (60, 1.5), "04": (90, 2.0), "05": (60, 1.5)}
BUDGETS |= {"06": (60, 1.5), "07": (45, 1.5), "08": (90, 2.0), "09": (75, 2.0), "10": (75, 2.0), "11": (75, 2.0)}
#: All that a stored notebook says of its language: the rest depends on the reader's Python.
LANGUAGE = {"name": "python"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def course_notebooks() -> list[Path]:
    """Return the numbered notebooks in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


#: Where the map of the course stands.
CONTENTS = "[contents](00_start_here.ipynb#0.7-The-map-of-the-course)"
SHUT_DOWN = "**Before you go on**, free the memory that this notebook holds: *Kernel → Shut Down Kernel*."


def title_of(path: Path) -> str:
    """Return the title of a notebook: its first line."""
    return nbformat.read(path, as_version=4).cells[0].source.split("\n", 1)[0].removeprefix("# ")


def links_of(path: Path) -> str:
    """Return the line of links of a notebook: previous, contents, next."""
    paths = course_notebooks()
    place = paths.index(path)
    before = [f"[← {title_of(each)}]({each.name})" for each in paths[:place][-1:]]
    after = [f"[{title_of(each)} →]({each.name})" for each in paths[place + 1 :][:1]]
    elsewhere = address.buttons(path.relative_to(ROOT).as_posix(), address.repository())
    return " · ".join([*before, CONTENTS, *after, *filter(None, [elsewhere])])


def with_links(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    """Write the line of links under the title and at the end, there with how to free the memory; and what fetches."""
    links, first, last = links_of(path), notebook.cells[0], notebook.cells[-1]
    title, _, rest = first.source.partition("\n")
    first.source = f"{title}\n\n{links}\n\n" + re.sub(r"\A\s*(.*\[contents\]\(.*\n+)?", "", rest)
    last.source = last.source.split("\n\n**Before you go on**")[0].rstrip() + f"\n\n{SHUT_DOWN}\n\n{links}"
    return address.with_fetch(notebook, address.repository())


def merge_streams(outputs: list) -> list:
    """Join neighbouring pieces of printed text: where they are cut depends on timing."""
    merged: list = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == "stream" and last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs from run to run or from machine to machine: times, versions, random widget ids."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": dict(LANGUAGE),
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in list(cell.outputs):
                if output.get("data", {}).pop(WIDGET_VIEW, None) and not any(output.data.values()):
                    cell.outputs.remove(output)  # beside it stands the instrument's still picture
    return notebook


def as_stored(model: dict, **_: object) -> None:
    """Change what JupyterLab is about to save, so that opening a notebook is not editing it.

    An open page writes into its notebook what its kernel says of itself, the version of Python too, and saves that two
    minutes later. `course.py lab` has this called before each save, with a model of the server's contents API.
    """
    if model["type"] == "notebook":
        metadata = model["content"].get("metadata", {})
        if metadata.get("language_info", {}).get("name") == LANGUAGE["name"]:
            metadata["language_info"] = dict(LANGUAGE)


def run_and_store(path: Path) -> None:
    """Execute one notebook in its own folder and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, resources={"metadata": {"path": str(path.parent)}}, record_timing=False
    )
    client.execute()
    notebook = normalise(notebook)
    store(with_links(notebook, path) if path in course_notebooks() else notebook, path)


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook in the one form in which it is stored."""
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")


def write_links() -> int:
    """Write what follows from titles, order and the address of the course into the notebooks and the README."""
    for path in course_notebooks():
        store(with_links(nbformat.read(path, as_version=4), path), path)
    readme = ROOT / "README.md"
    text = address.with_buttons(readme.read_text(encoding="utf-8"), address.repository())
    readme.write_text(text, encoding="utf-8", newline="\n")
    return 0


def main(*names: str) -> int:
    if names == ("--links",):
        return write_links()
    paths = [Path(name).resolve() for name in names] or course_notebooks()
    failed = 0
    for path in paths:
        print(f"{path.name} ...", end=" ", flush=True)
        try:
            run_and_store(path)
            print("done")
        except CellExecutionError as error:
            failed = 1
            print(f"STOPPED, and left as it was:\n{error}")
        except FileNotFoundError:
            failed = 1
            print("there is no such notebook.")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
