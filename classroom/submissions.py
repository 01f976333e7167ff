"""What was handed in, put in order: which file is whose, the release's cells around the student's answers, remarks.

Nothing that is in a file raises here: what cannot be read is a problem that its student and the instructor are told.
"""

import hashlib
import os
import re
import stat
from collections import Counter, defaultdict
from pathlib import Path, PurePath
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from classroom.archives import Unreadable, is_zip, leads_out, name_in, opened, place_of, read_entry
from classroom.release import Sorry, grade_id
from helpers.exercises.fresh_kernel import LARGEST_MB, NOT_RUN
from helpers.exercises.packing import PAGE, PRINTED, VERSIONS, notebook_in, student_in

OF_HAND_IN = "|".join(map(re.escape, (PAGE, PRINTED, VERSIONS)))
IGNORED = re.compile(rf"^(\.|__MACOSX$)|^(Thumbs\.db|desktop\.ini|README\.md|{OF_HAND_IN})$")
ARCHIVES = (".gz", ".tar", ".7z", ".rar")
MOST_NOTEBOOKS = 20  # that are looked at in one archive
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
    "5_pages_of_numbers": (
        r"helpers\.handwriting|edit_distance|\b(scipy|torch)\b|" + OF_HELPERS + r"handwriting\b",
        ("part_5_7",),
    ),
}


class Submission(NamedTuple):
    """A notebook that somebody handed in, bare or in an archive; or a file that is none."""

    file: str  # its path below SUBMISSIONS, or its archive's, as it can be printed
    student: str
    assignment: str  # empty when it is none
    notebook: NotebookNode | None
    problem: str  # why it cannot be graded at all; empty when it can
    key: str  # a name for the folder of its results: stable, and new when the file changes
    notes: tuple[str, ...] = ()  # what else was in its archive


# --- Which notebook is whose -------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """Return a name as it can be printed and stored anywhere: odd bytes and control characters are spelled out."""
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def student_of(path: PurePath, folder: PurePath, assignments: list[str]) -> str:
    """Return the student's name: the first folder below SUBMISSIONS, or the file's name without the assignment's."""
    inside = path.relative_to(folder)
    if len(inside.parts) > 1:
        return re.sub(r"_\d+$", "", inside.parts[0].split("_assignsubmission_")[0]).strip()  # as Moodle names them
    name = student_in(inside.stem, assignments)
    if "_assignsubmission_" in name:  # as Moodle names files, where folders were not wanted
        return re.sub(r"_\d+$", "", name.split("_assignsubmission_")[0]).strip()
    return re.sub(r"(_LATE)?_\d+_\d+(_.*)?$", "", name) or "(no name)"  # as Canvas names them


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


def problem_of_kind(name: str, content: bytes) -> str:
    """Return why a file of this name cannot be graded, by its kind; empty when it may be a notebook or a zip."""
    if not content:
        return "The file is empty."
    if name.lower().endswith(ARCHIVES):
        return "This is an archive of a kind that is not opened here: please unpack it first."
    if not is_zip(name, content) and not name.lower().endswith(".ipynb"):
        return "This is not a notebook (.ipynb)."
    return ""


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
            problem = problem_of_kind(path.name, content)
    except OSError as error:
        problem = f"The file cannot be read ({error.strerror or type(error).__name__})."
    return content, problem


def load(path: Path, folder: Path, released: dict[str, NotebookNode]) -> list[Submission]:
    """Read a submitted file, bare or an archive; never raises because of its name or of what is in it."""
    return handed_in_as(path.relative_to(folder), *contents(path), released)


def handed_in_as(place: PurePath, content: bytes, problem: str, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what a file holds: a notebook, or those in an archive; at least one, since each file gets a row.

    place: its path below SUBMISSIONS; problem: why it cannot be graded, as far as that is known.
    """
    if not problem and is_zip(place.name, content):
        return packed(place, content, released)
    return [submission(place, content, problem, released)]


def submission(
    place: PurePath, content: bytes, problem: str, released: dict[str, NotebookNode], notes: tuple[str, ...] = ()
) -> Submission:
    """Return a notebook's file as a submission."""
    file, notebook, assignment = shown(place.as_posix()), None, ""
    student = shown(student_of(place, PurePath(), list(released)))
    if not problem:
        try:
            notebook = notebook_in(content)
            assignment = assignment_of(notebook, released)
            problem = "" if assignment else "This notebook is none of the release's assignments."
        except Exception as error:  # a file can be anything
            problem = f"The file cannot be read as a notebook ({type(error).__name__}): it is damaged."
    digest = hashlib.sha256(content + file.encode()).hexdigest()[:12]
    key = re.sub(r"[^\w-]+", "_", student)[:40] + "-" + digest
    return Submission(file, student, assignment, notebook if not problem else None, problem, key, notes)


def packed(place: PurePath, content: bytes, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what is in the zip of one submission: for each assignment one notebook, with remarks about the rest."""
    found: list[tuple[str, Submission]] = []
    notes: list[str] = []
    try:
        with opened(content) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir() and not is_ignored(place_of(each))]
            out = [shown(name_in(each))[:200] for each in entries if leads_out(each)]
            if out:
                notes.append(f"The archive names files outside of itself, such as `{out[0]}`: please look.")
            mine = [each for each in entries if place_of(each).name.lower().endswith(".ipynb")]
            # what lies on top comes first, and of that the newest
            mine.sort(key=lambda each: each.date_time, reverse=True)
            mine.sort(key=lambda each: len(place_of(each).parts))
            room = int(LARGEST_MB * 1e6)
            for entry in mine[:MOST_NOTEBOOKS]:
                name = shown(str(place_of(entry)))
                try:
                    inner = read_entry(archive, entry, room)
                    room -= len(inner)
                    found.append((name, submission(place, inner, problem_of_kind(name, inner), released)))
                except Unreadable as why:
                    notes.append(f"`{name}` in the archive {why}.")
            if len(mine) > MOST_NOTEBOOKS:
                notes.append(f"The archive holds {len(mine)} notebooks: only {MOST_NOTEBOOKS} were looked at.")
            inner_archives = [each for each in entries if place_of(each).name.lower().endswith((".zip", *ARCHIVES))]
            if inner_archives:
                name = shown(str(place_of(inner_archives[0])))
                notes.append(f"An archive in the archive was not opened (`{name}`): unpack it by hand if it is needed.")
            if not mine:
                notes.append("There is no notebook (.ipynb) in the archive.")
    except Exception as error:  # a file can be anything
        notes.append(f"The archive {error if isinstance(error, Unreadable) else 'is damaged'}.")
    return chosen(place, content, found, notes, released)


def chosen(
    place: PurePath,
    content: bytes,
    found: list[tuple[str, Submission]],
    notes: list[str],
    released: dict[str, NotebookNode],
) -> list[Submission]:
    """Return the first good notebook of each assignment in an archive; or why there is none, as one submission."""
    taken: dict[str, tuple[str, Submission]] = {}
    for name, each in found:
        if each.problem:
            notes.append(f"`{name}` in the archive: {each.problem}")
        elif each.assignment in taken:
            notes.append(f"`{taken[each.assignment][0]}` was taken from the archive, and not `{name}`.")
        else:
            taken[each.assignment] = (name, each)
    if not taken:
        return [submission(place, content, " ".join(notes), released)]
    return [each._replace(notes=tuple(notes)) for _, each in taken.values()]


def is_ignored(place: PurePath) -> bool:
    """Return whether a file is none that somebody handed in: what systems and `hand-in` put beside those."""
    return any(IGNORED.search(part) for part in place.parts)


def submitted(folder: Path, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what was handed in, sorted by name; a folder that cannot be opened is handed in, too.

    folder: of files, or the one zip with those of all, as Moodle and Canvas give it out.
    """
    if folder.is_file():
        return packed_class(folder, released)
    paths, closed = [], []
    for root, folders, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        paths += [Path(root, name) for name in [*files, *(each for each in folders if Path(root, each).is_symlink())]]
    mine = [path for path in paths if not is_ignored(path.relative_to(folder))]
    return [each for path in sorted([*mine, *closed]) for each in load(path, folder, released)]


def packed_class(path: Path, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what is in the zip of a whole class. Only the instructor says that a zip is one.

    A student's own zip is never taken for it, or it could hold files under the names of others.
    """
    found, places = [], Counter()
    try:
        with opened(path) as archive:
            for entry in archive.infolist():
                place = place_of(entry)
                if entry.is_dir() or is_ignored(place) or not place.parts:
                    continue
                places[place] += 1
                if places[place] > 1:  # the same name again
                    place = place.with_name(f"{place.stem} ({places[place]}){place.suffix}")
                content, problem = f"{entry.CRC} {entry.file_size}".encode(), ""
                try:
                    content = read_entry(archive, entry)
                    problem = problem_of_kind(place.name, content)
                except Unreadable as why:
                    problem = f"This file {why}."
                found += handed_in_as(place, content, problem, released)
    except Unreadable as why:
        raise Sorry(f"{path} {why}.") from None
    return sorted(found, key=lambda each: each.file)


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
