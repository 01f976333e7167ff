"""Run notebooks again in place, from a fresh kernel, and store what they print and draw.

    python3 course.py notebooks                                    all of them
    python3 course.py notebooks notebooks/02_build_lenet5.ipynb    only these

A second run on the same machine changes no byte: what would differ from run to run is not stored.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from helpers import ROOT

CELL_TIMEOUT = 600  # seconds; catches what hangs, measures nothing
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def course_notebooks() -> list[Path]:
    """Return the numbered notebooks in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


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
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def run(path: Path) -> None:
    """Execute one notebook in its own folder and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, resources={"metadata": {"path": str(path.parent)}}, record_timing=False
    )
    client.execute()
    content = nbformat.writes(normalise(notebook)) + "\n"
    path.write_text(content, encoding="utf-8", newline="\n")


def main(*names: str) -> int:
    paths = [Path(name).resolve() for name in names] or course_notebooks()
    failed = 0
    for path in paths:
        print(f"{path.name} ...", end=" ", flush=True)
        try:
            run(path)
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
