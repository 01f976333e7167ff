"""Run the code of the marked exemplars again, and write what it prints and draws into their pages.

    python -m classroom.exemplars

Each block of Python in notebooks/coursework/guide/exemplars_3.md and exemplars_4.md is a student's cell. It runs below
the functions of that assignment's worked solution, as it would in the student's notebook; about five minutes. The
pictures in a student's my_digits are simulated, by one hand for each (tools/render_handwriting.py, which fetches its
typefaces once). Numbers that the prose quotes are held to the outputs by a test, so a new run may ask for new prose.
"""

import base64
import html
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient

from helpers import ROOT
from tools.render_handwriting import encoded, render_digit, situation_of

GUIDE = ROOT / "notebooks" / "coursework" / "guide"
SOLUTIONS = {"exemplars_3.md": "3_train_and_report", "exemplars_4.md": "4_your_handwriting"}
#: A block of code, and what the last run put below it.
BLOCK = re.compile(
    r"^```python\n(.*?)^```\n(?:\n```text\n.*?^```\n)?(?:\n!\[[^\]]*\]\([^)]*\)\n)*", re.DOTALL | re.MULTILINE
)
PNG = re.compile(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]+)" alt="([^"]*)"')
#: Each student's hand (one of the samples'), the kinds of pictures in turn, and how many there are of each digit.
HANDS = {
    "weak": ("patrick-hand", ["drawing program"], 1),
    "middling": ("kalam", ["phone photograph with a shadow"], 2),
    "good": ("kalam", ["paper on a desk", "squared paper"], 2),
}


def write_digits(folder: Path) -> None:
    """Write the pictures of each student into a folder of its own."""
    for seed, (student, (hand, kinds, count)) in enumerate(HANDS.items()):
        (folder / student).mkdir()
        for number in range(10 * count):
            rng, digit, kind = np.random.default_rng([seed, number]), number // count, kinds[number % len(kinds)]
            situation = situation_of(kind, rng, spread=2)
            picture = encoded(render_digit(digit, hand, situation, rng), situation)
            ending = "png" if situation.quality is None else "jpg"
            path = folder / student / f"{digit}_{number % count}_{kind.replace(' ', '_')}.{ending}"
            path.write_bytes(picture)


def functions_of(assignment: str) -> list[str]:
    """Return the cells of a worked solution that a student's cell builds on: no checks, nothing that a person marks."""
    path = ROOT / "notebooks" / "coursework" / "solutions" / f"{assignment}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code" and not cell.id.startswith("part_")]


def below(outputs: list, name: str) -> str:
    """Return what stands below a block: its text, and its figures, which are written into files."""
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    parts = [f"```text\n{text.rstrip()}\n```\n"] if text else []
    figures = [found for output in outputs if (found := PNG.search(str(output.get("data", {}).get("text/html", ""))))]
    for number, found in enumerate(figures, 1):
        file = GUIDE / f"{name}_{number}.png"
        file.write_bytes(base64.b64decode(found[1]))
        parts.append(f"![{html.unescape(found[2])}]({file.name})\n")
    return "".join(f"\n{part}" for part in parts)


def run_page(page: str, digits: Path) -> None:
    """Run all blocks of a page in one kernel, and write their outputs into it."""
    path, blocks, cells = GUIDE / page, [], []
    text = path.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        part, student = (
            re.findall(mark, text[: found.start()], re.MULTILINE)[-1] for mark in (r"^## (\d\.\d)", r"^### (\w+)")
        )
        cells += functions_of(SOLUTIONS[page])  # anew: a student's cell may change them
        cells += [f"MY_DIGITS = Path({str(digits / student.lower())!r})"] if page == "exemplars_4.md" else []
        cells.append(found[1])
        blocks.append((found, len(cells) - 1, f"exemplar_{part.replace('.', '_')}_{student.lower()}"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    for found, cell, name in reversed(blocks):  # from the end: what is before keeps its place
        new = f"```python\n{found[1]}```\n" + below(notebook.cells[cell].outputs, name)
        text = text[: found.start()] + new + text[found.end() :]
    path.write_text(text, encoding="utf-8")


def main(pages: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_digits(Path(folder))
        for page in pages or SOLUTIONS:
            print(f"{page} runs ...", flush=True)
            run_page(page, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
