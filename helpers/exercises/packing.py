"""An assignment's notebook looked at, run as a copy, and packed: a page of plain answers, and one file to upload.

The notebook is read once and stays as it is. A copy of it runs from top to bottom in a fresh kernel (`fresh_kernel`),
and what the visible checks say there is told part by part. The file is a zip: the notebook byte for byte, the page,
what the cells printed, and the versions of what ran. Nothing that is found keeps a student from handing in:
it is written whenever there is a notebook to put into it.
"""

import contextlib
import hashlib
import io
import json
import os
import platform
import re
import sys
import textwrap
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from helpers import ROOT, CourseError
from helpers.exercises import fresh_kernel
from helpers.exercises.fresh_kernel import HAND_IN, LARGEST_MB, CellRun, is_read, name_of, run_a_copy
from helpers.machine import pinned_packages

WIDTH = 96  # characters of a line of the page
#: Under these names a zip holds, beside the notebook, what this program adds; grading passes over them.
PAGE, PRINTED, VERSIONS = "hand_in_report.txt", "hand_in_outputs.txt", "hand_in_versions.json"
#: What nbgrader puts in place of an answer that a person marks.
STUBS = ("*Write your answer here, in place of this line.*", "# replace this line by your own code")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


# --- The file ------------------------------------------------------------------------------------------------------


def notebook_bytes(path: Path) -> bytes:
    """Return what a notebook's file holds; CourseError when there is none, or it cannot be read."""
    try:
        if path.is_dir():
            raise CourseError(f"{path} is a folder: please name the notebook in it. {notebooks_in(path)}")
        if path.stat().st_size > LARGEST_MB * 1e6:
            raise CourseError(f"{path.name} is larger than {LARGEST_MB} MB: clear the outputs of cells with pictures.")
        return path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}. {notebooks_in(path.parent)}") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no system can have
        why = getattr(error, "strerror", None) or type(error).__name__
        raise CourseError(f"{path} cannot be read ({why}).") from None


def notebooks_in(folder: Path) -> str:
    """Return a sentence that names the notebooks in a folder; empty when there are none."""
    with contextlib.suppress(OSError, ValueError):
        names = sorted(each.name for each in folder.glob("*.ipynb"))[:8]
        return f"The notebooks there: {', '.join(names)}." if names else ""
    return ""


def notebook_in(content: bytes) -> NotebookNode:
    """Return the notebook that a file holds; raises whatever its damage makes the reading raise."""
    # a lone half of a pair of surrogates is no character: it cannot be written again
    text = json.dumps(json.loads(content.decode("utf-8-sig")), ensure_ascii=False).encode("utf-8", "replace").decode()
    notebook = nbformat.reads(text, as_version=4)
    if not all(isinstance(cell.source, str) and isinstance(cell.metadata, dict) for cell in notebook.cells):
        raise TypeError
    return notebook


def parse_notebook(content: bytes, name: str) -> NotebookNode:
    """Return the notebook that these bytes are; CourseError when they are none."""
    again = "Open it in JupyterLab and save it (File, Save Notebook); if it does not open, go back to an older copy."
    if not content.strip():
        raise CourseError(f"{name} is empty. {again}")
    if content[:4] in (b"PK\x03\x04", b"%PDF") or not name.lower().endswith(".ipynb"):
        raise CourseError(f"{name} is not a notebook: please name the file that ends in .ipynb.")
    try:
        notebook = notebook_in(content)
        if not all("cell_type" in cell for cell in notebook.cells):
            raise TypeError
        return notebook
    except Exception as error:  # a file can be anything
        cut = isinstance(error, ValueError) and not content.rstrip().endswith(b"}")
        raise CourseError(f"{name} is {'cut off before its end' if cut else 'damaged'}. {again}") from None


def age(seconds: float) -> str:
    """Return how long ago something was, in words."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}{'s' if seconds >= 2 * size else ''} ago"
    return "at this moment"


# --- Is it whole, and rightly named? -------------------------------------------------------------------------------


def is_part(name: str) -> bool:
    """Return whether the marks of a part hang on the cell of this name."""
    return bool(re.fullmatch(r"part_\d+_\d+", name))


def is_given(cell: NotebookNode) -> bool:
    """Return whether a cell is the assignment's own, such as its imports: what it takes is no part's."""
    about = cell.metadata.get("nbgrader")
    return isinstance(about, dict) and bool(about.get("locked"))


def expected(notebook: NotebookNode) -> tuple[str, list[str]]:
    """Return the assignment's name, and the names that its cells should have; empty when the notebook says neither."""
    about = notebook.metadata.get("course")
    if not isinstance(about, dict) or not isinstance(about.get("cells"), list):
        return "", []
    return str(about.get("assignment", "")), [str(each) for each in about["cells"]]


def about_cells(notebook: NotebookNode) -> list[str]:
    """Return what is wrong with the cells that the marks hang on: missing, doubled or split ones."""
    wanted, there = expected(notebook)[1], Counter(filter(None, map(name_of, notebook.cells)))
    found = []
    if not there:
        return ["The cells have lost their names (another program may have saved this file): tell your instructor."]
    if not wanted:
        found.append("This notebook is of an older release, which does not say how many cells it should have.")
    missing = [each for each in wanted if each not in there and each != HAND_IN]
    if missing:
        found.append(f"Missing: {', '.join(missing)}. Undo the deletion, or copy your answers into a fresh notebook.")
    twice = [each for each, times in there.items() if times > 1]
    if twice:
        found.append(f"Split or copied: {', '.join(twice)}. Put each back into one cell (Edit, Merge Selected Cells).")
    return found


def student_in(stem: str, assignments: list[str]) -> str:
    """Return the student's name in a file's name without its ending: what is left without the assignment's name."""
    name = re.sub(r"\s*\(\d+\)$", "", stem)  # a second download of the same name
    for assignment in assignments:
        name = re.sub(re.escape(assignment), "", name, flags=re.IGNORECASE)
    return re.sub(r"^[\W_]+|[\W_]+$", "", name)


def about_name(stem: str, assignment: str) -> str:
    """Return a sentence about the file's name."""
    if re.search(r"[- ]Copy\d*$", stem):
        return f"The name says that this is a copy ({stem}): is it the one that you have worked in?"
    others = {each.stem for each in (ROOT / "notebooks/coursework/source").glob("*.ipynb")} - {assignment}
    wrong = [each for each in sorted(others) if each.lower() in stem.lower()]
    if assignment and wrong:
        return f"The name says {wrong[0]}, but the notebook is {assignment}: please rename it."
    student = student_in(stem, [assignment] if assignment else [])
    if not student:
        example = f"anna_schmidt_{assignment or stem}.ipynb"
        return f"It does not say whose it is. If you were told nothing about names, rename it, such as {example}."
    return f"Grading reads the name `{student}` in it."


# --- What ran ------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """What a student is told of a part."""

    number: str  # such as 1.2
    attempted: str  # yes, no or ?
    seconds: float | None  # of the cells since the part before it; None: nothing ran
    said: str


def printed_by(run: CellRun | None) -> str:
    """Return what a cell has printed."""
    outputs = run.outputs if run else []
    return "".join(each.get("text", "") for each in outputs if each.output_type == "stream" and each.name == "stdout")


def error_of(run: CellRun | None) -> str:
    """Return why a cell did not end well: it was stopped, or raised; empty when it did."""
    if run and run.problem:
        return run.problem
    raised = [each for each in (run.outputs if run else []) if each.output_type == "error"]
    return (
        f"It stops with {raised[0].ename}: {raised[0].evalue.splitlines()[0][:150] if raised[0].evalue else ''}"
        if (raised)
        else ""
    )


def said_of(cell: NotebookNode, run: CellRun | None, stopped: bool) -> tuple[str, str]:
    """Return whether a part was attempted, and what is said of it. stopped: no cell here was run any more."""
    about = cell.metadata["nbgrader"]
    if about.get("solution"):  # a person marks it
        stub = any(each in cell.source for each in STUBS)
        said = "Not attempted yet: your instructor marks this part." if stub else "Your instructor marks this part."
        if cell.cell_type == "code" and not stub and is_read(cell):
            without = " Your file holds NO OUTPUTS of it, and they are what is read: run it, save, and hand in again."
            said += f" {error_of(run)}".rstrip() + ("" if cell.get("outputs") else without)
        return "no" if stub else "yes", said
    if stopped and run is None:
        return "?", "It could not be run."
    text = printed_by(run).strip()
    if error_of(run):
        return "yes", error_of(run)
    if not text:
        return "?", "The check says nothing: has its cell been changed?"
    verdict = re.sub(r"^[^✓✗·]*(?=[✓✗·])", "", text)  # a part that trains says so first
    return "no" if verdict.startswith("·") else "yes", " ".join(verdict.split())


def parts_of(notebook: NotebookNode, ran: dict[int, CellRun]) -> list[Part]:
    """Return what is told of each part, in the order of their numbers."""
    found, seconds, somewhere = {}, 0.0, False
    last = max(ran, default=-1)
    for index, cell in enumerate(notebook.cells):
        name = name_of(cell)
        if index in ran and (is_part(name) or not is_given(cell)):
            seconds, somewhere = seconds + ran[index].seconds, True
        if is_part(name):
            attempted, said = said_of(cell, ran.get(index), index > last)
            found[name] = Part(number_of(name), attempted, seconds if somewhere else None, said)
            seconds, somewhere = 0.0, False
    for name in expected(notebook)[1]:
        if is_part(name) and name not in found:
            found[name] = Part(number_of(name), "?", None, "Its cell is missing.")
    return [found[name] for name in sorted(found, key=lambda name: [int(each) for each in name.split("_")[1:]])]


def number_of(name: str) -> str:
    """Return the number of a part, as students know it: `part_1_2` is 1.2."""
    return name.removeprefix("part_").replace("_", ".")


def about_running(notebook: NotebookNode, ran: dict[int, CellRun], failed: str) -> list[str]:
    """Return sentences: did it run from top to bottom, how long, and which cells did not end well."""
    cells = [cell if name_of(cell) != HAND_IN else None for cell in notebook.cells]
    codes = [index for index, cell in enumerate(cells) if cell and cell.cell_type == "code" and cell.source.strip()]
    wrong, seconds = {index: error_of(ran.get(index)) for index in codes}, sum(run.seconds for run in ran.values())
    wrong = {index: why for index, why in wrong.items() if why}
    left = [index for index in codes if index not in ran]
    if failed:
        return [failed]
    if not wrong and not left:
        return [f"Yes, from top to bottom in a fresh kernel, in {seconds:.0f} s."]
    told = [f"Not to the end without an error ({seconds:.0f} s in a fresh kernel):"]
    for index, why in wrong.items():
        what = name_of(notebook.cells[index]) or f"`{notebook.cells[index].source.strip().splitlines()[0][:40]}`"
        told.append(f"code cell {codes.index(index) + 1}, {what}: {why}")
        if "FileNotFoundError" in why:
            told.append("The copy runs in a folder of its own: files beside your notebook are not there.")
    if left:
        told.append(f"What stands below it could not be tried any more (code cells: {len(left)}).")
    return told


# --- The page, and the file to upload ------------------------------------------------------------------------------


def fold(label: str, text: str, indent: int = 12) -> str:
    """Return a text with a label in front, folded to the width of the page."""
    return textwrap.fill(text, WIDTH, initial_indent=label.ljust(indent), subsequent_indent=" " * indent)


def page_about(path: Path, notebook: NotebookNode, saved: str, ran: dict[int, CellRun], failed: str = "") -> str:
    """Return the page: what was found, in plain sentences.

    saved: a sentence about the file's age; failed: why nothing could be run.
    """
    assignment = expected(notebook)[0]
    cells = about_cells(notebook) or [f"All {len(expected(notebook)[1])} cells that belong to it are there, each once."]
    lines = [f"Hand in: {path.name}" + (f" (assignment {assignment})" if assignment else ""), ""]
    lines += [fold("Saved?", saved), fold("Its name?", about_name(path.stem, assignment))]
    for label, told in (("Whole?", cells), ("Runs?", about_running(notebook, ran, failed))):
        lines += [fold(label if text is told[0] else "", text) for text in told]
    lines += ["", "Part  Attempted  Seconds  What the visible check says (grading uses other data)"]
    for part in parts_of(notebook, ran):
        seconds = "" if part.seconds is None else f"{part.seconds:.1f}"
        said = part.said.removesuffix(" Grading uses other data.")
        lines.append(fold(f"{part.number:<6}{part.attempted:<11}{seconds:>7}  ", said, 26))
    return "\n".join(lines)


def as_text(notebook: NotebookNode, ran: dict[int, CellRun]) -> str:
    """Return what each cell printed in the fresh kernel; a picture is named, a path of the student's home is not."""
    blocks = []
    for index, run in ran.items():
        name = name_of(notebook.cells[index])
        block = [f"--- cell {index + 1}{', ' + name if name else ''}: {run.seconds:.1f} s {run.problem}".rstrip()]
        for output in run.outputs:
            if output.output_type == "stream":
                block.append(output.text.rstrip())
            elif output.output_type == "error":
                block.append(COLOURS.sub("", "\n".join(output.traceback)))
            elif "image/png" in output.data or "<img " in str(output.data.get("text/html", "")):
                block.append("(a picture)")
            else:
                block.append(str(output.data.get("text/plain", "(something that is no text)")))
        blocks.append("\n".join(block))
    return "\n\n".join(blocks).replace(str(ROOT), "(course)").replace(str(Path.home()), "~") + "\n"


def versions_of(content: bytes) -> dict[str, object]:
    """Return what ran the notebook, and the hash by which the notebook can be told."""
    found = {}
    for name in pinned_packages():
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    system = {"python": platform.python_version(), "system": platform.platform(), "packages": found}
    return {"notebook_sha256": hashlib.sha256(content).hexdigest(), "at": time.strftime("%Y-%m-%d %H:%M:%S")} | system


def safe_name(stem: str) -> str:
    """Return a file's name without its ending as every system and learning platform takes it, at most 80 characters."""
    name = re.sub(r"[^\w.() -]+", "_", stem)[:80].strip(". ")
    while len(name.encode()) > 200:  # most systems count bytes
        name = name[:-1]
    return f"_{name}" if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)?(\..*)?", name) else name


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    """Write a zip beside the notebook, under a name that no file has yet; return its path. CourseError: no room."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    for number in range(1, 1000):
        place = path.with_name(safe_name(path.stem) + (f" ({number})" if number > 1 else "") + ".zip")
        try:
            with place.open("xb") as file:
                try:
                    file.write(packed.getvalue())
                    file.flush()
                except OSError:
                    with contextlib.suppress(OSError):  # no half of it stays
                        os.unlink(place)
                    raise
            return place
        except FileExistsError:
            continue
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise CourseError(
                f"The file {place} could not be written ({why}): please make room on the disk, or copy the notebook "
                "into a folder of your own, and run this again."
            ) from None
    raise CourseError(f"There are a thousand files like {place.name} already: please delete the old ones.")


# --- All of it in one  ------------------------------------------------------------------------


def pack_up(path: Path, show: Callable[[str], None], saved: str = "") -> str:
    """Look at a notebook, run a copy, write the file to upload; return the page.

    show: gets a line that says what is going on, again and again, and an empty one at the end. saved: what is known of
    the notebook beyond its file. CourseError: a sentence says why nothing was written.
    """
    content = notebook_bytes(path)
    notebook = parse_notebook(content, path.name)
    ours = expected(notebook)[0] or any(map(name_of, notebook.cells)) or "# Assignment" in str(notebook.cells)
    if not ours:
        raise CourseError(f"{path.name} is none of the assignments: please name the notebook that you were given.")
    changed = path.stat().st_mtime
    date = time.strftime("%d %b %Y, %H:%M", time.localtime(changed))
    when = f"The file was saved {age(time.time() - changed)} ({date})."
    names = [name_of(cell) for cell in notebook.cells]

    def tell(index: int, seconds: float) -> None:
        part = next((number_of(each) for each in names[index:] if is_part(each)), "")
        doing = f"part {part}" if part else "the cells at the end"
        limit = f"a cell may take {fresh_kernel.CELL_SECONDS} s"
        show(f"{seconds:4.0f} s  A copy runs in a fresh kernel: {doing} ({limit})")

    ran, failed = {}, ""
    try:
        ran = run_a_copy(notebook, sys.executable, tell)
    except Exception as error:  # a full disk, a lost package: the notebook is packed all the same
        why = str(getattr(error, "strerror", None) or type(error).__name__)
        failed = f"The copy could not be run here ({why}). Is there room on the disk? Does notebook 00 run?"
    finally:
        show("")
    saved = saved or "What you typed since then is not in it."
    page = page_about(path, notebook, f"{when} {saved}", ran, failed)
    with contextlib.suppress(OSError):
        if path.stat().st_mtime != changed:
            page += "\n\nThe notebook was saved again meanwhile: what is packed is the version before. Run this again."
    files = {f"{safe_name(path.stem)}.ipynb": content, PAGE: f"{page}\n".encode()}
    files |= {PRINTED: as_text(notebook, ran).encode(errors="backslashreplace")}
    files |= {VERSIONS: f"{json.dumps(versions_of(content), indent=1)}\n".encode()}
    place = write_zip(path, files)
    older = "" if place.stem == safe_name(path.stem) else " The older ones stay as they were."
    size = f"{place.stat().st_size / 1e3:,.0f} kB"
    end = f"Upload this one file, which stands beside the notebook: {place.name} ({size}).{older}"
    return f"{page}\n\n{fold('', end, 0)}"
