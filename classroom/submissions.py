"""What was handed in, put in order: which file is whose, the release's cells around the student's answers, remarks.

Nothing that is in a file raises here: what cannot be read is a problem that its student and the instructor are told.
"""

import ast
import contextlib
import hashlib
import json
import os
import re
import stat
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from classroom.release import grade_id
from helpers.exercises.fresh_kernel import NOT_RUN

LARGEST_MB = 100
IGNORED = re.compile(r"^(\.|__MACOSX$)|^(Thumbs\.db|desktop\.ini|README\.md)$")
ARCHIVES = (".zip", ".gz", ".7z", ".rar")
ATTEMPT = "looks like an attempt on the tests"
#: A line that imports one of the course's modules. The length is bounded, so that no line of any length takes long.
OF_HELPERS = r"from helpers import [^\n]{0,200}\b"
#: What no assignment needs, and what somebody would use who wants marks without the work.
SUSPICIOUS = re.compile(
    r"sys\.modules|_getframe|\binspect\b|displayhook|helpers\.(coursework|exercises)|"
    + OF_HELPERS
    + r"coursework\b|\b(coursework|exercises|assignment(_\d)?)\.\w+ *=[^=]|"
    r"\bcheck\.\w+ *=[^=]|get_ipython|user_ns|instructor|gradebook|BEGIN HIDDEN"
)
#: How a release begins its checks, and what hands it in: no reason to look, where its cells have lost their names.
OUR_IMPORT = re.compile(
    r"^from helpers(\.exercises)? import (coursework|assignment_\d) as check$"
    r"|^from helpers\.exercises\.hand_in import hand_in$",
    re.MULTILINE,
)
#: What an assignment asks not to use, and the cells in which it may be used all the same.
NOT_ALLOWED = {
    "1_the_data": (r"\b(keras|tensorflow|cv2|sklearn|torch)\b", ()),
    "2_convolution_and_counting": (r"\b(scipy|cv2|torch|np\.convolve|count_params)\b", ("my_lenet", "part_2_5")),
    "3_train_and_report": (r"\b(scipy|warmup_cosine|torch)\b", ("train", "trial", "part_3_5")),
    "4_your_handwriting": (r"helpers\.handwriting|" + OF_HELPERS + r"handwriting\b", ("part_4_4",)),
}


class Submission(NamedTuple):
    """A file that somebody handed in."""

    path: Path
    file: str  # its path below SUBMISSIONS, as it can be printed
    student: str
    assignment: str  # empty when it is none
    notebook: NotebookNode | None
    problem: str  # why it cannot be graded at all; empty when it can
    key: str  # a name for the folder of its results: stable, and new when the file changes


# --- Which notebook is whose -------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """Return a name as it can be printed and stored anywhere: odd bytes and control characters are spelled out."""
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def student_of(path: Path, folder: Path, assignments: list[str]) -> str:
    """Return the student's name: the first folder below SUBMISSIONS, or the file's name without the assignment's."""
    inside = path.relative_to(folder)
    if len(inside.parts) > 1:
        return re.sub(r"_\d+$", "", inside.parts[0].split("_assignsubmission_")[0]).strip()  # as Moodle names them
    name = re.sub(r"\s*\(\d+\)$", "", path.stem)  # a second download of the same name
    for assignment in assignments:
        name = re.sub(re.escape(assignment), "", name, flags=re.IGNORECASE)
    return re.sub(r"^[\W_]+|[\W_]+$", "", name) or "(no name)"


def assignment_of(notebook: NotebookNode, released: dict[str, NotebookNode]) -> str:
    """Return which assignment a notebook is: by nbgrader's names of its cells, or by its first heading."""
    mine = {grade_id(cell) for cell in notebook.cells} - {""}
    shared = {name: len(mine & {grade_id(cell) for cell in released[name].cells}) for name in released}
    best = max(shared, key=lambda name: shared[name])
    if shared[best] > 2:
        return best
    headings = {name: released[name].cells[0].source.splitlines()[0] for name in released}
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return next((name for name, heading in headings.items() if heading in text), "")


def contents(path: Path) -> tuple[bytes, str]:
    """Return what a file holds, or something that changes with it, and why it cannot be a notebook (empty: it can)."""
    content, problem = b"", ""
    try:
        about = path.lstat()
        content = f"{about.st_size} {about.st_mtime_ns}".encode()
        if stat.S_ISLNK(about.st_mode):
            problem = "This is a link to another file: please put the file itself there."
        elif stat.S_ISDIR(about.st_mode):
            problem = "This folder cannot be opened."
        elif not stat.S_ISREG(about.st_mode):
            problem = "This is no ordinary file."
        elif about.st_size > LARGEST_MB * 1e6:
            problem = f"The file is larger than {LARGEST_MB} MB: clear its outputs (nbconvert --clear-output) by hand."
        else:
            content = path.read_bytes()
            if path.suffix.lower() in ARCHIVES:
                problem = "This is an archive: please unpack it first."
            elif path.suffix.lower() != ".ipynb":
                problem = "This is not a notebook (.ipynb)."
            elif not content:
                problem = "The file is empty."
    except OSError as error:
        problem = f"The file cannot be read ({error.strerror or type(error).__name__})."
    return content, problem


def notebook_in(content: bytes) -> NotebookNode:
    """Return the notebook that a file holds; raises whatever its damage makes the reading raise."""
    # a lone half of a pair of surrogates is no character: it cannot be written again
    text = json.dumps(json.loads(content.decode("utf-8-sig")), ensure_ascii=False).encode("utf-8", "replace").decode()
    notebook = nbformat.reads(text, as_version=4)
    if not all(isinstance(cell.source, str) and isinstance(cell.metadata, dict) for cell in notebook.cells):
        raise TypeError
    return notebook


def load(path: Path, folder: Path, released: dict[str, NotebookNode]) -> Submission:
    """Read a submitted file; never raises because of its name or of what is in it."""
    file, notebook, assignment = shown(path.relative_to(folder).as_posix()), None, ""
    student = shown(student_of(path, folder, list(released)))
    content, problem = contents(path)
    if not problem:
        try:
            notebook = notebook_in(content)
            assignment = assignment_of(notebook, released)
            problem = "" if assignment else "This notebook is none of the release's assignments."
        except Exception as error:  # a file can be anything
            problem = f"The file cannot be read as a notebook ({type(error).__name__}): it is damaged."
    digest = hashlib.sha256(content + file.encode()).hexdigest()[:12]
    key = re.sub(r"[^\w-]+", "_", student)[:40] + "-" + digest
    return Submission(path, file, student, assignment, notebook if not problem else None, problem, key)


def submitted(folder: Path, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what was handed in, sorted by name; a folder that cannot be opened is handed in, too."""
    paths, closed = [], []
    for root, folders, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        paths += [Path(root, name) for name in [*files, *(each for each in folders if Path(root, each).is_symlink())]]
    mine = [path for path in paths if not any(IGNORED.search(part) for part in path.relative_to(folder).parts)]
    return [load(path, folder, released) for path in sorted([*mine, *closed])]


# --- A submission as it should be ----------------------------------------------------------------------------------


def added_cell(cell: NotebookNode, not_run: bool) -> NotebookNode:
    """Return a cell that a student added: its text, and nothing else of what the file says about it."""
    kinds = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = kinds.get(cell.cell_type, nbformat.v4.new_raw_cell)(cell.source)
    made.metadata = NotebookNode({"tags": [NOT_RUN]} if not_run else {})
    if not_run and cell.cell_type == "code":
        made.outputs = cell.get("outputs", [])
    return made


def answered_cell(original: NotebookNode, pieces: list[NotebookNode]) -> NotebookNode:
    """Return the release's cell with the student's text; what is not run keeps its outputs and pasted pictures."""
    made = nbformat.from_dict(original)
    made.source = pieces[0].source if pieces else ""
    if pieces and made.cell_type == "code" and NOT_RUN in made.metadata.get("tags", []):
        made.outputs = pieces[0].get("outputs", [])
    if pieces and made.cell_type == "markdown" and "attachments" in pieces[0]:
        made.attachments = pieces[0].attachments
    return made


def mend(submission: NotebookNode, released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return a submission with the release's cells in the release's order, and what had to be mended.

    Tests come from the release, answers from the student: when an answer's cell was split or copied, all its pieces,
    in their order. What a student added stays behind the cell that it stood behind.
    """
    notes, known = [], {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    missing: dict[bool, list[str]] = {True: [], False: []}
    pieces: dict[str, list[NotebookNode]] = defaultdict(list)
    added: dict[str, list[NotebookNode]] = defaultdict(list)
    last = ""  # before the first cell that is known
    for cell in submission.cells:
        name = grade_id(cell)
        if name in known:
            last = name
            pieces[name].append(cell)
        else:
            added[last].append(cell)
    cells = [added_cell(cell, False) for cell in added[""]]
    for name, original in known.items():
        answer, mine = original.metadata["nbgrader"]["solution"], pieces[name]
        if not mine:
            missing[answer].append(name)
        if len(mine) > 1:
            notes.append(f"{name}: the cell was there {len(mine)} times" + (" (all were run)." if answer else "."))
        not_run = answer and (NOT_RUN in original.metadata.get("tags", []) or original.cell_type == "markdown")
        cells.append(answered_cell(original, mine) if answer else nbformat.from_dict(original))
        cells += [added_cell(cell, not_run) for cell in [*(mine[1:] if answer else []), *added[name]]]
    if missing[True]:
        notes.append(f"Cells for answers are missing, or have lost their names: {', '.join(missing[True])}.")
    if missing[False]:
        notes.append(f"Cells of ours were deleted, and put back: {', '.join(missing[False])}.")
    notebook = nbformat.from_dict(dict(released, cells=cells))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.execution_count = None
            if NOT_RUN not in cell.metadata.get("tags", []):
                cell.outputs = []
    try:
        nbformat.validate(notebook)
    except Exception:  # other programs write outputs that Jupyter does not know, and a file can hold anything
        notes.append("The outputs that were handed in could not be read, and were left out.")
        for cell in notebook.cells:
            cell.pop("attachments", None)
            if cell.cell_type == "code":
                cell.outputs = []
    return notebook, notes


def remarks(notebook: NotebookNode, assignment: str) -> list[str]:
    """Return what an instructor should look at in a student's code."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.metadata.get("nbgrader", {}).get("locked"):
            continue
        code = OUR_IMPORT.sub("", re.sub(r"#.*", "", cell.source))
        pattern, free = NOT_ALLOWED[assignment]
        rules = [(ATTEMPT, SUSPICIOUS)]
        if grade_id(cell) not in free:
            rules.append(("may not be used", pattern))
        for what, pattern in rules:
            for word in sorted({match.group() for match in re.finditer(pattern, code)}):
                found.append(f"`{word}` in {grade_id(cell) or 'an added cell'}: {what}; please look.")
    return found


def shapes_of(notebook: NotebookNode) -> dict[str, str]:
    """Return a hash of each answer's code, without comments and layout; of longer answers only."""
    shapes = {}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and about.get("solution") and not about.get("grade"):
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                tree = ast.parse(re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.MULTILINE))
                if sum(1 for _ in ast.walk(tree)) > 80:
                    shapes[grade_id(cell)] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]
    return shapes
