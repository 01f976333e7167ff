"""Grade a folder of submitted notebooks against a term's release.

    python3 course.py grade --release FOLDER SUBMISSIONS

SUBMISSIONS may hold folders named after students, or notebooks named after them. Everything is written to
FOLDER/marks: a CSV of marks for each assignment, a page of feedback for each student, a summary, and by_hand.csv, in
which the marks that a person gives are entered; the next run takes them over. What has been graded is not graded
again, so an interrupted run goes on where it was.

Each submission is graded as a copy, in a process of its own and a temporary folder (`classroom.grade_run`), which is
watched: a cell that runs too long, takes too much memory, or ends its Python is left out, and the rest graded again.
That protects against mistakes. It is no prison: see notebooks/coursework/README.md.
"""

import argparse
import ast
import concurrent.futures
import contextlib
import csv
import hashlib
import html
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbformat import NotebookNode

from helpers import ROOT
from classroom.release import NOT_RUN, Sorry, grade_id, read_notebook, write_notebook

CELL_SECONDS = 90  # the slowest part of a model solution takes about 10 on one core
ALL_SECONDS = 600
MEMORY_GB = 4.0  # of the whole process tree; a model solution takes about 1
ATTEMPTS = 5
LARGEST_MB = 100
WORKERS = max(1, min(4, (os.cpu_count() or 1)))
IGNORED = re.compile(r"^(\.|__MACOSX$)|^(Thumbs\.db|desktop\.ini|README\.md)$")
STOPPING = threading.Event()
ATTEMPT = "looks like an attempt on the tests"
#: What no assignment needs, and what somebody would use who wants marks without the work.
SUSPICIOUS = re.compile(
    r"sys\.modules|_getframe|\binspect\b|displayhook|helpers\.(coursework|exercises)|"
    r"from helpers import .*\bcoursework\b|\b(coursework|exercises|assignment(_\d)?)\.\w+ *=[^=]|"
    r"\bcheck\.\w+ *=[^=]|get_ipython|user_ns|instructor|gradebook|BEGIN HIDDEN"
)
#: How helpers.plots stores a figure.
FIGURE = re.compile(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]+)" alt="([^"]*)"')
#: How a release begins its checks: no reason to look, where its cells have lost their names.
OUR_IMPORT = re.compile(r"^from helpers(\.exercises)? import (coursework|assignment_\d) as check$", re.MULTILINE)
#: What an assignment asks not to use, and the cells in which it may be used all the same.
NOT_ALLOWED = {
    "1_the_data": (r"\b(keras|tensorflow|cv2|sklearn|torch)\b", ()),
    "2_convolution_and_counting": (r"\b(scipy|cv2|torch|np\.convolve|count_params)\b", ("my_lenet", "part_2_5")),
    "3_train_and_report": (r"\b(scipy|warmup_cosine|torch)\b", ("train", "trial", "part_3_5")),
    "4_your_handwriting": (r"helpers\.handwriting|from helpers import .*\bhandwriting\b", ("part_4_4",)),
}


class Submission(NamedTuple):
    """A file that somebody handed in."""

    path: Path
    file: str  # its path below SUBMISSIONS
    student: str
    assignment: str  # empty when it is none
    notebook: NotebookNode | None
    problem: str  # why it cannot be graded at all; empty when it can

    def key(self) -> str:
        """Return a name for the folder of its results: stable, and new when the file changes."""
        digest = hashlib.sha256(self.path.read_bytes() + self.file.encode()).hexdigest()[:12]
        return re.sub(r"[^\w-]+", "_", self.student)[:40] + "-" + digest


# --- Which notebook is whose -------------------------------------------------------------------------------------


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


def load(path: Path, folder: Path, released: dict[str, NotebookNode]) -> Submission:
    """Read a submitted file; never raises because of what is in it."""
    student, problem, notebook, assignment = student_of(path, folder, list(released)), "", None, ""
    try:
        if path.suffix.lower() in (".zip", ".gz", ".7z", ".rar"):
            problem = "This is an archive: please unpack it first."
        elif path.suffix.lower() != ".ipynb":
            problem = "This is not a notebook (.ipynb)."
        elif path.stat().st_size > LARGEST_MB * 1e6:
            problem = f"The file is larger than {LARGEST_MB} MB: clear its outputs (nbconvert --clear-output) by hand."
        elif path.stat().st_size == 0:
            problem = "The file is empty."
        else:
            notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
            if not all(isinstance(cell.source, str) and cell.cell_type for cell in notebook.cells):
                raise TypeError
            assignment = assignment_of(notebook, released)
            problem = "" if assignment else "This notebook is none of the release's assignments."
    except Exception as error:  # a file can be anything
        problem = f"The file cannot be read as a notebook ({type(error).__name__}): it is damaged."
    file = path.relative_to(folder).as_posix()
    return Submission(path, file, student, assignment, notebook if not problem else None, problem)


def submitted(folder: Path, released: dict[str, NotebookNode]) -> list[Submission]:
    """Return what was handed in, sorted by name."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    mine = [path for path in paths if not any(IGNORED.search(part) for part in path.relative_to(folder).parts)]
    return [load(path, folder, released) for path in mine]


# --- A submission as it should be ----------------------------------------------------------------------------------


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
    cells = [nbformat.from_dict(cell) for cell in added[""]]
    for name, original in known.items():
        answer = original.metadata["nbgrader"]["solution"]
        mine = pieces[name]
        if not mine:
            missing[answer].append(name)
        if len(mine) > 1:
            notes.append(f"{name}: the cell was there {len(mine)} times" + (" (all were run)." if answer else "."))
        first = nbformat.from_dict(original)
        not_run = NOT_RUN in original.metadata.get("tags", []) or (answer and first.cell_type == "markdown")
        if answer:
            first.source = mine[0].source if mine else ""
            first.outputs = mine[0].get("outputs", []) if mine else []
            if first.cell_type == "markdown":
                del first["outputs"]
                if mine and "attachments" in mine[0]:  # a picture that was pasted into a written answer
                    first.attachments = mine[0].attachments
        cells.append(first)
        for extra in [*(mine[1:] if answer else []), *added[name]]:
            extra = nbformat.from_dict(extra)
            extra.metadata = {"tags": [NOT_RUN]} if not_run else {}
            cells.append(extra)
    if missing[True]:
        notes.append(f"Cells for answers are missing, or have lost their names: {', '.join(missing[True])}.")
    if missing[False]:
        notes.append(f"Cells of ours were deleted, and put back: {', '.join(missing[False])}.")
    for cell in cells:
        if cell.cell_type == "code":
            cell.pop("attachments", None)
            cell.outputs = cell.get("outputs", []) if NOT_RUN in cell.metadata.get("tags", []) else []
            cell.execution_count = None
    notebook = nbformat.from_dict(dict(released, cells=cells))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError:  # other programs write outputs that Jupyter does not know
        notes.append("The outputs that were handed in could not be read, and were left out.")
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
    return notebook, notes


def as_picture(output: NotebookNode) -> NotebookNode:
    """Return a figure of the course as a bare PNG: a page of feedback shows no HTML, which could hold anything."""
    found = FIGURE.search(str(output.get("data", {}).get("text/html", "")))
    if found:
        png, text = found.group(1), html.unescape(found.group(2))
        output.data = NotebookNode({"image/png": png, "text/plain": text})
        output.metadata = NotebookNode({"image/png": NotebookNode(alt=text)})
    return output


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


# --- Running and watching ------------------------------------------------------------------------------------------


def tree_of(process: psutil.Process, marker: str) -> list[psutil.Process]:
    """Return a process, its children and theirs, and whatever carries the marker in its environment."""
    tree = []
    with contextlib.suppress(psutil.Error):
        tree = [process, *process.children(recursive=True)]
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if other not in tree and other.environ().get("GRADING_MARKER") == marker:
                tree.append(other)
    return tree


def end(process: psutil.Process, marker: str) -> None:
    """End a process and all that it started."""
    for _ in range(3):  # a child may start another meanwhile
        for each in tree_of(process, marker):
            with contextlib.suppress(psutil.Error):
                each.kill()


def memory_of(process: psutil.Process) -> float:
    """Return the memory that a process tree holds, in GB."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += each.memory_info().rss
    return total / 1e9


def attempt(job: dict, folder: Path) -> tuple[int | None, str]:
    """Run one attempt under watch; return the cell that was running when it failed, and why. ('' when it has not.)"""
    progress, result, log = Path(job["progress"]), Path(job["result"]), folder / "log.txt"
    progress.write_text("")
    job_file = folder / "job.json"
    job_file.write_text(json.dumps(job), encoding="utf-8")
    marker = f"{os.getpid()}-{folder.name}"
    environ = os.environ | {"GRADING_MARKER": marker, "TMPDIR": job["folder"], "TEMP": job["folder"]}
    environ |= {"HOME": job["folder"], "IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": str(ROOT)}
    environ |= {"MPLCONFIGDIR": str(folder / "matplotlib"), "PYTHONWARNINGS": "ignore"}
    environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "classroom.grade_run", str(job_file)]
    with log.open("wb") as file:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": subprocess.STDOUT}
        child = subprocess.Popen(command, cwd=job["folder"], env=environ, **pipes)
    process, begun, running, since, reason = psutil.Process(child.pid), time.monotonic(), "", time.monotonic(), ""
    try:
        while child.poll() is None and not reason:
            if STOPPING.wait(0.2):
                raise Sorry("The grading was stopped.")
            now, cell = time.monotonic(), progress.read_text()
            if cell != running:
                running, since = cell, now
            if running and now - since > CELL_SECONDS:
                reason = f"It ran longer than {CELL_SECONDS} seconds, and was ended."
            elif now - begun > ALL_SECONDS:
                reason = (
                    f"All cells together ran longer than {ALL_SECONDS} seconds; this one and the rest were left out."
                )
            elif memory_of(process) > MEMORY_GB:
                reason = f"It took more than {MEMORY_GB:g} GB of memory, and was ended."
            elif log.stat().st_size > 50e6:
                reason = "It printed without end past Jupyter, and was ended."
    finally:
        end(process, marker)
        child.wait()
    if result.exists() and not reason:
        return None, ""
    running = progress.read_text() or running
    if not reason and "DeadKernelError" in log.read_text(encoding="utf-8", errors="replace"):
        reason = "It ended the Python that it ran in."
    if not reason:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Sorry(lines[-1][:300] if lines else "The grader stopped without a word.")
    return (int(running) if running else None), reason


#: What is run in a student's Python before the first cell: `exit()` ends the cell and not the Python.
STARTUP = """
def exit(*arguments):
    raise SystemExit("exit() was called: it ends this cell alone.")
quit = exit
get_ipython().ask_exit = exit
"""


def grade_one(submission: Submission, release: Path, marks: Path, fonts: Path) -> dict:
    """Grade one submission, with as many attempts as it takes; return its record."""
    begun = time.monotonic()
    record = {"file": submission.file, "student": submission.student, "assignment": submission.assignment}
    record |= {"marks": {}, "said": {}, "notes": [submission.problem] if submission.problem else [], "code": {}}
    if submission.notebook is None:
        return record
    name = submission.assignment
    source = read_notebook(release / "instructor" / "source" / name / f"{name}.ipynb")
    notebook, notes = mend(submission.notebook, read_notebook(release / "students" / f"{name}.ipynb"))
    record["notes"] = notes + remarks(notebook, name)
    worked, shapes = shapes_of(source), shapes_of(notebook)
    record["code"] = {part: shape for part, shape in shapes.items() if shape != worked.get(part)}
    if len(shapes) > len(record["code"]):
        same = ", ".join(part for part in shapes if part not in record["code"])
        record["notes"].append(f"The code of the worked solution, comments and layout aside: {same}.")
    left_out: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        for part in ("work", "ipython/profile_default/startup"):
            (folder / part).mkdir(parents=True)
        (folder / "ipython/profile_default/startup/00.py").write_text(STARTUP)
        shutil.copytree(fonts, folder / "matplotlib")
        course = folder / "course"
        for tries in range(ATTEMPTS):
            shutil.rmtree(course, ignore_errors=True)
            write_notebook(notebook, course / "submitted" / "student" / name / f"{name}.ipynb")
            (course / "source" / name).mkdir(parents=True)
            shutil.copy2(release / "instructor" / "gradebook.db", course / "gradebook.db")
            job = {"assignment": name, "left_out": left_out, "course": str(course), "folder": str(folder / "work")}
            job |= {"progress": str(folder / "progress"), "result": str(folder / "result.json")}
            try:
                cell, reason = attempt(job, folder)
            except Sorry as told:
                record["notes"].append(f"It could not be graded: {told}")
                return record
            if not reason:
                break
            if cell is None:
                record["notes"].append(f"It could not be graded: {reason}")
                return record
            at = grade_id(notebook.cells[cell]) or "an added cell"
            record["notes"].append(f"{at}: {reason[0].lower()}{reason[1:]}")
            left_out[cell] = reason
            if tries >= ATTEMPTS - 2 or "and the rest" in reason:  # the last attempt goes no further than this cell
                rest = range(cell, len(notebook.cells))
                left_out |= {index: reason for index in rest if notebook.cells[index].cell_type == "code"}
        else:
            record["notes"].append("It could not be graded: each attempt was ended.")
            return record
        record |= json.loads((folder / "result.json").read_text(encoding="utf-8"))
        for got in record["marks"].values():
            got["person"] = got["waits"]
        record["notes"] += [f"{name}: the cell stops with {error}" for name, error in record.pop("stopped").items()]
        record["notes"] += [
            f"`{name}` was changed while it ran: {ATTEMPT}; please look." for name in record.pop("changed")
        ]
        kept = marks / "kept" / submission.key()
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for part in ("gradebook.db", "autograded"):
            shutil.move(course / part, kept / part)
        keep_page(course / "feedback" / "student" / name / f"{name}.html", record, submission.key(), marks)
    record["seconds"] = round(time.monotonic() - begun, 1)
    return record


def shapes_of(notebook: NotebookNode) -> dict[str, str]:
    """Return a hash of each answer's code, without comments and layout; of longer answers only."""
    shapes = {}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and about.get("solution") and not about.get("grade"):
            with contextlib.suppress(SyntaxError):
                tree = ast.parse(re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.MULTILINE))
                if sum(1 for _ in ast.walk(tree)) > 80:
                    shapes[grade_id(cell)] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]
    return shapes


# --- Marks and summaries -------------------------------------------------------------------------------------------


def part_of(name: str) -> str:
    """Return the number of a part, as students know it: `part_1_2` is 1.2."""
    return name.removeprefix("part_").replace("_", ".")


def total(part: dict) -> float:
    """Return the marks of a part: what a person gave, or else what the tests gave."""
    return (part["by_hand"] if part["by_hand"] is not None else part["auto"]) or 0.0


def write_table(path: Path, rows: list[list[object]]) -> None:
    """Write a CSV that spreadsheets read; a name that begins like a formula is only a name."""
    safe = [
        [f"'{cell}" if isinstance(cell, str) and cell.startswith(tuple("=+-@\t")) else cell for cell in row]
        for row in rows
    ]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(safe)


def write_marks(records: dict[str, dict], marks: Path) -> None:
    """Write a table of marks for each assignment."""
    for assignment in sorted({record["assignment"] for record in records.values()}):
        mine = {key: record for key, record in records.items() if record["assignment"] == assignment}
        parts = sorted({part for record in mine.values() for part in record["marks"]})
        columns = ["marks", "of", "waits", "remarks", "file", "result"]
        rows: list[list[object]] = [["student", *(f"part {part_of(part)}" for part in parts), *columns]]
        for key, record in by_student(mine):
            got = record["marks"]
            waiting = [part for part in parts if part in got and got[part]["waits"]]
            each = ["" if part not in got or part in waiting else total(got[part]) for part in parts]
            sums = [sum(map(total, got.values())), sum(part["most"] for part in got.values())] if got else ["", ""]
            waits = " ".join(f"part {part_of(part)}" for part in waiting)
            rows.append([record["student"], *each, *sums, waits, " ".join(record["notes"]), record["file"], key])
        write_table(marks / f"marks_{assignment or 'not_graded'}.csv", rows)


def by_student(records: dict[str, dict]) -> list[tuple[str, dict]]:
    """Return records with their keys, sorted by student, assignment and file."""
    return sorted(
        records.items(), key=lambda item: [item[1][what].lower() for what in ("student", "assignment", "file")]
    )


def write_by_hand(records: dict[str, dict], marks: Path) -> None:
    """Write the table that a person fills in: a line for each part that waits, or was marked by hand."""
    rows: list[list[object]] = [["result", "student", "part", "most", "marks", "comment"]]
    for key, record in by_student(records):
        for part, got in sorted(record["marks"].items()):
            if got["person"] or "entered" in got:
                # "part 3.5", since a spreadsheet may take 3.5 for a date
                rows.append(
                    [key, record["student"], f"part {part_of(part)}", got["most"], *got.get("entered", ["", ""])]
                )
    write_table(marks / "by_hand.csv", rows)


def read_by_hand(marks: Path) -> list[dict[str, str]]:
    """Return the lines that a person filled in, however the spreadsheet has saved them."""
    path = marks / "by_hand.csv"
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("cp1252", "replace")
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    if rows and not {"result", "part", "marks"} <= set(rows[0]):
        raise Sorry(f"{path} has lost its first line, with the names of the columns: result, part, marks, comment.")
    return [{name: (value or "").strip() for name, value in row.items() if isinstance(name, str)} for row in rows]


def wishes(records: dict[str, dict], marks: Path) -> tuple[dict[str, dict], list[str]]:
    """Return what by_hand.csv changes (by result and part: marks, or None to withdraw, and comment), and its errors."""
    wanted: dict[str, dict] = defaultdict(dict)
    errors = []
    for row in read_by_hand(marks):
        key, text, comment = row["result"], row["marks"], row.get("comment") or ""
        number = re.search(r"(\d)\D+(\d)", row["part"])
        part = f"part_{number.group(1)}_{number.group(2)}" if number else ""
        who = f"{row.get('student') or key}, {row['part']}"
        if part not in records.get(key, {"marks": {}})["marks"]:
            if text:
                errors.append(
                    f"{who}: there is no such result and part (take them from the tables: {key!r}, 'part 3.5')."
                )
            continue
        got = records[key]["marks"][part]
        try:
            value = float(text.replace(",", ".")) if text else None
        except ValueError:
            value = -1.0
        if value is not None and not 0 <= value <= got["most"]:
            errors.append(f"{who}: {text!r} is no number from 0 to {got['most']:g}.")
        elif value is None and "entered" in got:
            wanted[key][part] = (None, "")
        elif value is not None and [value, comment] != got.get("entered"):
            wanted[key][part] = (value, comment)
    return wanted, errors


def enter(record: dict, key: str, parts: dict, marks: Path) -> None:
    """Enter marks by hand into nbgrader's database, and write the student's feedback anew."""
    kept, name = marks / "kept" / key, record["assignment"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(kept, folder / "course")
        by_hand = {part: [*what, record["marks"][part]["person"]] for part, what in parts.items()}
        job = {"assignment": name, "course": str(folder / "course"), "by_hand": by_hand}
        job |= {"result": str(folder / "result.json")}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "classroom.grade_run", str(folder / "job.json")]
        done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise Sorry(f"{record['student']}: the marks could not be entered: {' '.join(last)}")
        for part, found in json.loads((folder / "result.json").read_text(encoding="utf-8"))["marks"].items():
            record["marks"][part] |= found
        for part, (value, comment) in parts.items():
            record["marks"][part].pop("entered", None)
            if value is not None:
                record["marks"][part]["entered"] = [value, comment]
        shutil.copy2(folder / "course" / "gradebook.db", kept / "gradebook.db")
        keep_page(folder / "course" / "feedback" / "student" / name / f"{name}.html", record, key, marks)
    save(record, marks, key)


def keep_page(page: Path, record: dict, key: str, marks: Path) -> None:
    """Keep a page of feedback, with the student's name and with what still waits on top."""
    waits = [part_of(part) for part, got in sorted(record["marks"].items()) if got["waits"]]
    told = f"<p><b>{html.escape(record['student'])}</b>, {html.escape(record['file'])}</p>"
    if waits:
        told += f"<p>Parts that a person has not marked yet, and that count 0 so far: {', '.join(waits)}.</p>"
    text = page.read_text(encoding="utf-8")
    place = marks / "feedback" / record["assignment"] / f"{key}.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(re.sub(r"(<body[^>]*>)", lambda found: found.group() + told, text, count=1), encoding="utf-8")


def summary(records: dict[str, dict]) -> str:
    """Return what was got right and wrong, part by part, and what to look at."""
    lines = []
    for assignment in sorted({record["assignment"] for record in records.values()} - {""}):
        mine = [record for record in records.values() if record["assignment"] == assignment]
        graded = [record for record in mine if record["marks"]]
        lines += [f"{assignment}: {len(graded)} graded of {len(mine)}", ""]
        for part in sorted({part for record in graded for part in record["marks"]}):
            lines += part_summary(part, [record for record in graded if part in record["marks"]])
        same: dict[tuple[str, str], list[str]] = defaultdict(list)
        for record in graded:
            for name, shape in record["code"].items():
                same[name, shape].append(record["student"])
        for (name, _), students in sorted(same.items()):
            if len(students) > 1:
                lines.append(f"  {name}: the same code, comments and layout aside: {', '.join(sorted(students))}")
        lines.append("")
    kinds: dict[str, list[str]] = {"To look at first:": [], "Remarks:": [], "Like the worked solution:": []}
    for record in records.values():
        for note in record["notes"]:
            first, like = "please look" in note, "worked solution" in note
            kind = "To look at first:" if first else "Like the worked solution:" if like else "Remarks:"
            kinds[kind].append(f"  {record['student']} ({record['file']}): {note}")
    for kind, found in kinds.items():
        lines += [kind, *sorted(found), ""] if found else []
    waiting = sum(got["waits"] for record in records.values() for got in record["marks"].values())
    if waiting:
        lines.append(f"{waiting} answers wait for a person: enter their marks in by_hand.csv, and run this again.")
    return "\n".join(lines)


def part_summary(part: str, records: list[dict]) -> list[str]:
    """Return the lines about one part: the share of its marks, how many got all and none, and the usual mistakes."""
    got = [record["marks"][part] for record in records]
    done = [each for each in got if not each["waits"]]
    waits = f"   waits: {len(got) - len(done)}" if len(done) < len(got) else ""
    if not done:
        return [f"  {part_of(part)} {waits}"]
    share = sum(map(total, done)) / sum(each["most"] for each in done)
    full = sum(total(each) == each["most"] for each in done)
    none = sum(not total(each) for each in done)
    line = f"  {part_of(part)}  {share:4.0%} of the marks   students with all: {full}, with none: {none}{waits}"
    said = [text for record in records for text in record["said"].get(part, "").split("\n") if "✗" in text]
    mistakes = Counter(re.sub(r"^[ ✗]*[\d.]+ of [\d.]+ marks\. ", "", text)[:110] for text in said)
    return [line, *(f"         {count} x {text}" for text, count in mistakes.most_common(2))]


def save(record: dict, marks: Path, key: str) -> None:
    """Store a record in one step, so that an interruption leaves none half written."""
    path = marks / "kept" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_suffix(".tmp")
    waiting.write_text(json.dumps(record), encoding="utf-8")
    waiting.replace(path)


def forget_earlier(records: dict[str, dict], submission: Submission, marks: Path) -> None:
    """Forget what an earlier version of a file got, and say so in the remarks of the new one."""
    same = (submission.student, submission.assignment, submission.file)
    for key, old in list(records.items()):
        if (old["student"], old["assignment"], old["file"]) == same and key != submission.key():
            del records[key]
            (marks / "kept" / f"{key}.json").unlink()
            (marks / "feedback" / old["assignment"] / f"{key}.html").unlink(missing_ok=True)


@contextlib.contextmanager
def alone(marks: Path) -> Iterator[None]:
    """Let nobody else grade against this release meanwhile."""
    lock = marks / "running"
    with contextlib.suppress(OSError, ValueError):
        if not psutil.pid_exists(int(lock.read_text())):
            lock.unlink()  # left by a grading that was killed
    try:
        with lock.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        raise Sorry("This release is being graded already, in another window.") from None
    try:
        yield
    finally:
        lock.unlink()


def as_completed(jobs: dict) -> Iterator[concurrent.futures.Future]:
    """Yield each job when it is done; on a terminal, a line that moves says meanwhile who is being graded."""
    waiting, begun = set(jobs), time.monotonic()
    while waiting:
        done, waiting = concurrent.futures.wait(waiting, 1, concurrent.futures.FIRST_COMPLETED)
        if sys.stdout.isatty():
            now = ", ".join(sorted(jobs[job].student for job in waiting if job.running()))
            line = f"{time.monotonic() - begun:5.0f} s  {now}" if waiting and not done else ""
            print(line[:79].ljust(79), end="\r", flush=True)
        yield from done


def grade_all(folder: Path, release: Path) -> None:
    """Grade what has not been graded yet, then write marks and summary."""
    if not folder.is_dir():
        raise Sorry(f"There is no folder {folder} with submissions.")
    released = {path.stem: read_notebook(path) for path in sorted((release / "students").glob("*.ipynb"))}
    marks = release / "marks"
    submissions = submitted(folder, released)
    if not submissions:
        raise Sorry(f"{folder} holds no files. Archives (.zip) have to be unpacked first.")
    kept = sorted((marks / "kept").glob("*.json"))
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in kept}
    todo = [submission for submission in submissions if submission.key() not in records]
    done = len(submissions) - len(todo)
    print(f"{len(submissions)} files, {done} of them graded already.", flush=True)
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        fonts = Path(temporary)  # Matplotlib looks for the system's typefaces once, and not for each student
        ask = [os.environ["COURSE_PYTHON"], "-c", "import matplotlib.font_manager"]
        subprocess.run(ask, env=os.environ | {"MPLCONFIGDIR": str(fonts)}, check=False, capture_output=True)
        jobs = {pool.submit(grade_one, submission, release, marks, fonts): submission for submission in todo}
        try:
            for number, job in enumerate(as_completed(jobs), done + 1):
                submission, record = jobs[job], job.result()
                save(record, marks, submission.key())
                forget_earlier(records, submission, marks)
                records[submission.key()] = record
                got = f"{sum(map(total, record['marks'].values())):g} marks" if record["marks"] else "not graded"
                waits = ", more by hand" if any(part["waits"] for part in record["marks"].values()) else ""
                seconds = f" in {record['seconds']:.0f} s" if "seconds" in record else ""
                what = f"{submission.student}, {submission.assignment or submission.path.name}"
                print(f"{number:4} of {len(submissions)}  {what}: {got}{waits}{seconds}", flush=True)
        except KeyboardInterrupt:
            STOPPING.set()
            pool.shutdown(cancel_futures=True)
            raise
    wanted, errors = wishes(records, marks)
    for key, parts in wanted.items():
        enter(records[key], key, parts, marks)
    write_marks(records, marks)
    text = summary(records)
    (marks / "summary.txt").write_text(text, encoding="utf-8")
    print(f"\n{text}\nMarks, feedback and by_hand.csv: {marks}")
    if errors:  # the file stays as it is, so that nothing that a person wrote is lost
        raise Sorry("\n".join(["", "by_hand.csv: the rest was taken over, but please look at these lines:", *errors]))
    write_by_hand(records, marks)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("course.py grade", description="Grade a folder of submitted notebooks.")
    parser.add_argument("--release", metavar="FOLDER", type=Path, required=True, help="what `coursework --out` made")
    parser.add_argument("submissions", metavar="SUBMISSIONS", type=Path, help="a folder of submitted notebooks")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", module="nbformat")  # it tells of cells that were copied; so do we
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        release = options.release.resolve()
        if not (release / "instructor" / "gradebook.db").exists():
            raise Sorry(f"{release} is no release: `python3 course.py coursework --seed TERM --out FOLDER` makes one.")
        (release / "marks").mkdir(exist_ok=True)
        with alone(release / "marks"):
            grade_all(options.submissions.resolve(), release)
    except Sorry as told:
        print(told)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
