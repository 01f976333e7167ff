"""Grade a folder of submitted notebooks against a term's release.

    python3 course.py grade --release FOLDER [--names LIST] SUBMISSIONS

SUBMISSIONS may hold folders named after students, or notebooks named after them, bare or as the zip that `hand-in`
makes; or it is the one zip of them all that a learning platform gives out. Where a release has other tasks for each
name of a list, a submission is graded by those of its own student. Everything is written to FOLDER/marks: a CSV of
marks for each assignment, a page of feedback for each student, a summary, and by_hand.csv, in which the marks that a
person gives are entered; the next run takes them over. What has been graded is not graded again, so an interrupted run
goes on where it was. With LIST, the list of names of Moodle or Canvas, what that platform takes back is written as well
(`platforms`): by the same command, since marks are given back as often as they change.

A submission is read and put in order (`submissions`), run in a process of its own and a temporary folder (`grade_run`,
watched by `apart`), and then marked (`book`). A cell that runs too long, takes too much memory, or ends its Python is
left out, and the rest run again. Whatever a submission raises, it ends in a record. What that protects against, and
what not, says notebooks/coursework/README.md.
"""

import argparse
import contextlib
import functools
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import nbformat
import psutil
from nbformat import NotebookNode

from helpers import CourseError
from helpers.experiments.jobs import run_jobs
from classroom.apart import ALL_SECONDS, STOPPING, ask, end_what_is_left_of, keep_orphans, walls, why_no_walls
from classroom.likeness import fingerprints, like_the_solution, too_long
from classroom.marks import part_of, save, summary, total, wishes, write_by_hand, write_marks
from classroom.names import found_in
from classroom.pairs import people_of, same_person
from classroom.platforms import read_people, write_back
from classroom.release import Sorry, grade_id, kinds_asked, made_for, read_notebook, students_python
from classroom.submissions import ATTEMPT, Submission, mend, remarks, submitted

ATTEMPTS = 5
WORKERS = max(1, min(4, (os.cpu_count() or 1)))
SEED = re.compile(r"seed=(\d{6,})")
KEPT = ("file", "student", "assignment", "marks", "said", "notes", "code")  # what each record holds
BOOK_SECONDS = 300  # nbgrader takes about 3 seconds


# --- One submission ------------------------------------------------------------------------------------------------


@functools.cache
def secrets_of_release(release: Path) -> list[str]:
    """Return what no page of feedback may tell: the seeds of all hidden tests of a release."""
    return sorted(
        {
            seed
            for path in (release / "instructor").rglob("*.ipynb")
            for seed in SEED.findall(path.read_text(encoding="utf-8"))
        }
    )


def not_run(reason: str) -> NotebookNode:
    """Return what a cell shows that was left out."""
    return nbformat.v4.new_output("error", ename="NotRun", evalue=reason, traceback=[f"NotRun: {reason}"])


def run_submission(job: dict, fonts: Path, record: dict) -> NotebookNode | None:
    """Run a submission, with as many attempts as it takes; return it with its outputs, or None, with notes why.

    job: what `classroom.grade_run` needs; `walled` says whether there are walls. fonts: Matplotlib's list of them.
    """
    cells, left_out = job["notebook"].cells, {}
    for tries in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix=f"grading-{os.getpid()}-", ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary, "home")
            (folder / "work").mkdir(parents=True)
            shutil.copytree(fonts, folder / "matplotlib")
            about = {"left_out": left_out, "folder": str(folder / "work")}
            about["walls"] = walls(folder) if job["walled"] else []
            told, reason = ask("classroom.grade_run", job | about, folder)
        if not reason:
            record["notes"] += [
                f"`{name}` was changed while it ran: {ATTEMPT}; please look." for name in told.result["changed"]
            ]
            notebook = nbformat.from_dict(job["notebook"])
            for index, cell in enumerate(notebook.cells):
                if index in left_out:
                    cell.outputs = [not_run(left_out[index])]
                elif str(index) in told.result["outputs"]:
                    cell.outputs = nbformat.from_dict(told.result["outputs"][str(index)])
            return notebook
        cell = told.cell
        if cell is None:
            record["notes"].append(f"It could not be graded: {reason}")
            return None
        at = grade_id(cells[cell]) or "an added cell"
        record["notes"].append(f"{at}: {reason[0].lower()}{reason[1:]}")
        left_out[cell] = reason
        if tries >= ATTEMPTS - 2 or "and the rest" in reason:  # the last attempt goes no further than this cell
            rest = range(cell, len(cells))
            left_out |= {index: reason for index in rest if cells[index].cell_type == "code"}
    record["notes"].append("It could not be graded: each attempt was ended.")
    return None


def ask_the_book(job: dict, record: dict, key: str, marks: Path) -> dict:
    """Let nbgrader grade a submission that has run, or enter marks by hand; keep what it makes."""
    with tempfile.TemporaryDirectory(prefix=f"grading-{os.getpid()}-", ignore_cleanup_errors=True) as temporary:
        folder, kept = Path(temporary, "home"), marks / "kept" / key
        folder.mkdir()
        if "by_hand" in job:
            shutil.copytree(kept, folder / "course")
        job |= {"assignment": record["assignment"], "student": record["student"], "file": record["file"]}
        told, reason = ask("classroom.book", job | {"course": str(folder / "course")}, folder, BOOK_SECONDS)
        if not told.result:
            raise Sorry(reason)
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / "course" / "gradebook.db", kept / "gradebook.db")
        shutil.copytree(folder / "course" / "autograded", kept / "autograded", dirs_exist_ok=True)
    no_page = "The page of feedback could not be made: the marks stand in the table alone."
    record["notes"] = [note for note in record["notes"] if note != no_page]
    if "page" in told.result:
        place = marks / "feedback" / record["assignment"] / f"{key}.html"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(told.result["page"], encoding="utf-8")
    else:
        record["notes"].append(no_page)
    return told.result


@functools.cache
def students_of(release: Path) -> list[str]:
    """Return the folders' names of the students for each of whom a release has other tasks; empty: one set for all."""
    term = release / "instructor" / "term.json"
    return list(json.loads(term.read_text(encoding="utf-8")).get("students", [])) if term.exists() else []


def whose_tasks(submission: Submission, students: list[str]) -> tuple[str, list[str]]:
    """Return by whose tasks a submission is graded, the student's folder's name, and what the instructor is told.

    That is its own student, or, where the name is in no list, the one for whom the notebook was made. Empty: nobody.
    """
    mine, stamp = found_in(submission.student, students), found_in(made_for(submission.notebook), students)
    if mine and stamp and mine != stamp:
        return mine, [f"This notebook was made for {stamp}, not for {mine}, by whose tasks it is graded: please look."]
    if mine or not students:
        return mine, []
    unknown = f"{submission.student} is in no list of this release"
    if stamp:
        return stamp, [f"{unknown}: graded by the tasks of {stamp}, for whom this notebook was made; please look."]
    return "", [f"{unknown}, and the notebook does not say for whom it was made: name the file after the student."]


def other_tasks(submission: Submission, released: NotebookNode) -> list[str]:
    """Return a remark on the parts for which a submission answers another task than it was given."""
    asked, given = kinds_asked(submission.notebook), kinds_asked(released)
    other = [part_of(name) for name, kind in asked.items() if given.get(name, kind) != kind]
    return [f"Its tasks are others than those that were given out in {', '.join(other)}: please look."] if other else []


def grade_one(submission: Submission, release: Path, fonts: Path, walled: bool) -> dict:
    """Grade one submission; return its record."""
    begun, name, record = time.monotonic(), submission.assignment, empty_record(submission)
    if submission.notebook is None:
        return record
    students = students_of(release)
    whose, told = whose_tasks(submission, students)
    if students and not whose:
        return empty_record(submission, *told)
    ours, given = release / "instructor" / whose, read_notebook(release / "students" / whose / f"{name}.ipynb")
    source = read_notebook(ours / "source" / name / f"{name}.ipynb")
    notebook, notes = mend(submission.notebook, given)
    record["people"], who = people_of(submission.student, notebook)
    stamp = made_for(submission.notebook)
    if found_in(submission.student, students) and any(same_person(stamp, each) for each in record["people"][1:]):
        told = []  # the notebook is the other one's of the pair
    record["notes"] += told + other_tasks(submission, given) + who + notes + remarks(notebook, name)
    record["code"] = fingerprints(notebook, given)
    record["notes"] += too_long(notebook, given)
    record["notes"] += like_the_solution(record["code"], fingerprints(source, given), name)
    text = "\n".join(cell.source for cell in source.cells)
    job = {
        "notebook": notebook,
        "tests": {grade_id(cell): cell.source for cell in source.cells if grade_id(cell)},
        "modules": [f"helpers.exercises.assignment_{name[0]}", *(["helpers.quiet"] if "helpers.quiet" in text else [])],
        "secrets": secrets_of_release(release),
        "walled": walled,
    }
    ran = run_submission(job, fonts, record)
    if ran is not None:
        book = {"notebook": ran, "gradebook": str(ours / "gradebook.db")}
        result = ask_the_book(book, record, submission.key, release / "marks")
        record |= {"marks": result["marks"], "said": result["said"]}
        for got in record["marks"].values():
            got["person"] = got["waits"]
        record["notes"] += [f"{part}: the cell stops with {error}" for part, error in result["stopped"].items()]
    record["seconds"] = round(time.monotonic() - begun, 1)
    return record


def empty_record(submission: Submission, *notes: str) -> dict:
    """Return the record of a submission that has no marks (yet)."""
    record = {"file": submission.file, "student": submission.student, "assignment": submission.assignment}
    told = [*([submission.problem] if submission.problem else []), *submission.notes, *notes]
    return record | {"marks": {}, "said": {}, "notes": told, "code": {}}


def graded(submission: Submission, release: Path, fonts: Path, walled: bool, passing: tuple = ()) -> dict:
    """Grade one submission, whatever it raises (but for `passing`): it ends in a record, and the others are graded."""
    begun = release / "marks" / "begun" / submission.key
    begun.parent.mkdir(exist_ok=True)
    begun.write_text(f"{submission.student}, {submission.file}", encoding="utf-8")
    try:
        record = grade_one(submission, release, fonts, walled)
    except passing:
        raise
    except Exception as error:
        if STOPPING.is_set():
            raise
        why = str(error) if isinstance(error, Sorry) else type(error).__name__
        record = empty_record(submission, f"It could not be graded ({why[:300]}): please look.")
    finally:
        begun.unlink(missing_ok=True)
    return record


def needs(submission: Submission, release: Path) -> dict[str, bytes]:
    """Return what of a release the grading of this submission reads, by path: it goes to another machine with it."""
    if submission.notebook is None:
        return {}
    name, students = submission.assignment, students_of(release)
    whose = whose_tasks(submission, students)[0]
    if students and not whose:
        paths = []
    else:
        ours, given = PurePosixPath("instructor", whose), PurePosixPath("students", whose, f"{name}.ipynb")
        paths = [ours / "source" / name / f"{name}.ipynb", ours / "gradebook.db", given]
    term = {"instructor/term.json": json.dumps({"students": students}).encode()}  # without the seed
    return term | {str(path): (release / path).read_bytes() for path in paths}


def list_typefaces(folder: Path) -> None:
    """Let Matplotlib look for the system's typefaces once, and not for each student."""
    fill = [students_python(), "-c", "import matplotlib.font_manager"]
    subprocess.run(fill, env=os.environ | {"MPLCONFIGDIR": str(folder)}, check=False, capture_output=True)


@functools.cache
def of_this_process() -> tuple[str, Path]:
    """Return why a worker has no walls ('': it has), and a folder with the typefaces, which goes when it ends."""
    fonts = Path(tempfile.mkdtemp(prefix="fonts-"))
    list_typefaces(fonts)
    return why_no_walls(), fonts


def graded_away(submission: Submission, files: dict[str, bytes]) -> tuple[dict, dict[str, bytes]]:
    """Grade one submission on a machine that has no release; return its record, and what is kept of it, by path.

    files: what it `needs`; they are gone afterwards. Where there are no walls nothing is graded: a worker has keys.
    """
    keep_orphans(closed=True)
    why, fonts = of_this_process()
    if why:
        raise Sorry(f"There are no walls on {platform.node()}. {why}")
    with tempfile.TemporaryDirectory(prefix="release-") as temporary:
        release = Path(temporary)
        for path, content in files.items():
            (release / path).parent.mkdir(parents=True, exist_ok=True)
            (release / path).write_bytes(content)
        marks = release / "marks"
        marks.mkdir()
        # a full disk or too little memory there is no fault of the submission's
        record = graded(submission, release, fonts, True, passing=(OSError, MemoryError))
        made = {path.relative_to(marks).as_posix(): path.read_bytes() for path in marks.rglob("*") if path.is_file()}
    return record, made


# --- A folder of them ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone(marks: Path) -> Iterator[None]:
    """Let nobody else grade against this release meanwhile."""
    lock = marks / "running"
    with contextlib.suppress(OSError):
        told = lock.read_text()
        before = int(told) if told.isdigit() else 0  # 0: the disk was full
        if before in (0, os.getpid()) or not psutil.pid_exists(before):  # killed; in a container all have one number
            if before not in (0, os.getpid()):
                end_what_is_left_of(before)
            if before:
                for left in Path(tempfile.gettempdir()).glob(f"grading-{before}-*"):
                    shutil.rmtree(left, ignore_errors=True)
            lock.unlink()
    try:
        with lock.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        raise Sorry("This release is being graded already, in another window.") from None
    try:
        yield
    finally:
        lock.unlink()


def forget_earlier(records: dict[str, dict], submission: Submission, marks: Path) -> None:
    """Forget what an earlier version of a file got."""
    same = (submission.student, submission.file)
    for key, old in list(records.items()):
        mine = (old["student"], old["file"]) == same and old["assignment"] in ("", submission.assignment)
        if mine and key != submission.key:  # "": it could not be read
            del records[key]
            shutil.rmtree(marks / "kept" / key, ignore_errors=True)
            (marks / "kept" / f"{key}.json").unlink(missing_ok=True)
            (marks / "feedback" / old["assignment"] / f"{key}.html").unlink(missing_ok=True)


def kept_records(marks: Path) -> dict[str, dict]:
    """Return what is graded already, by key; a record that is damaged is told and graded again."""
    records = {}
    for path in sorted((marks / "kept").glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            records[path.stem] = {name: record[name] for name in KEPT} | record
        except (OSError, ValueError, KeyError, TypeError):
            print(f"{path} is damaged: this submission is graded again.", flush=True)
    return records


def enter(record: dict, key: str, parts: dict, marks: Path) -> None:
    """Enter marks by hand into nbgrader's database, and write the student's feedback anew."""
    by_hand = {part: [*what, record["marks"][part]["person"]] for part, what in parts.items()}
    try:
        result = ask_the_book({"by_hand": by_hand}, record, key, marks)
    except (Sorry, OSError) as error:
        raise Sorry(f"{record['student']}: the marks could not be entered: {error}") from None
    for part, found in result["marks"].items():
        record["marks"][part] |= found
    for part, (value, comment) in parts.items():
        record["marks"][part].pop("entered", None)
        if value is not None:
            record["marks"][part]["entered"] = [value, comment]
    save(record, marks, key)


def suspects(submissions: list[Submission], marks: Path) -> tuple[list[Submission], list[Submission]]:
    """Return which submissions were being graded when the grading was killed: once, and twice (then alone)."""
    begun = {path.name for path in (marks / "begun").glob("*")}
    again = {path.name for path in (marks / "suspected").glob("*")}
    mine = [each for each in submissions if each.key in begun]
    return [each for each in mine if each.key not in again], [each for each in mine if each.key in again]


def take(submission: Submission, record: dict, records: dict[str, dict], marks: Path, count: str) -> None:
    """Keep a record, and tell of it in a line."""
    save(record, marks, submission.key)
    forget_earlier(records, submission, marks)
    records[submission.key] = record
    got = f"{sum(map(total, record['marks'].values())):g} marks" if record["marks"] else "not graded"
    waits = ", more by hand" if any(part["waits"] for part in record["marks"].values()) else ""
    seconds = f" in {record['seconds']:.0f} s" if "seconds" in record else ""
    what = f"{submission.student}, {submission.assignment or submission.file.rpartition('/')[2]}"
    print(f"{count}  {what}: {got}{waits}{seconds}", flush=True)


def grade_suspects(todo: list[Submission], release: Path, fonts: Path, walled: bool) -> Iterator[tuple]:
    """Yield the records of those that were being graded when the grading was killed, one after the other, alone."""
    marks = release / "marks"
    first, second = suspects(todo, marks)
    (marks / "suspected").mkdir(exist_ok=True)
    if first or second:
        names = ", ".join(each.student for each in [*first, *second])
        print(f"The last grading was killed while it graded {names}. They come first now, each alone.", flush=True)
    for submission in second:
        (marks / "begun" / submission.key).unlink()
        yield (
            submission,
            empty_record(submission, f"Twice the grading was killed while it ran: {ATTEMPT}; please look."),
        )
    for submission in first:
        (marks / "suspected" / submission.key).touch()
        record = graded(submission, release, fonts, walled)
        record["notes"].append("The grading was killed while it ran (or beside it), and then not: please look.")
        yield submission, record


def grade_side_by_side(
    rest: list[Submission], release: Path, fonts: Path, walled: bool, scheduler: str | None
) -> Iterator[tuple[Submission, dict]]:
    """Yield each submission with its record as it is graded, here or on the machines of a scheduler.

    What a machine could not grade is told, and keeps no record: the next run grades it.
    """
    named = {f"{each.student} ({each.key})": each for each in rest}
    if scheduler is None:  # threads: each of them watches the processes of a submission
        jobs = {name: (each, release, fonts, walled) for name, each in named.items()}
        outcomes = run_jobs(graded, jobs, workers=WORKERS, apart=False)
    else:
        jobs = {name: (each, needs(each, release)) for name, each in named.items()}
        outcomes = run_jobs(graded_away, jobs, scheduler=scheduler, seconds=ATTEMPTS * 2 * ALL_SECONDS)
    for name, result, failure in outcomes:
        if failure:
            print(f"{named[name].student}, {named[name].file}: not graded. {failure}", flush=True)
            continue
        record, made = (result, {}) if scheduler is None else result
        try:
            for path, content in made.items():
                place = release / "marks" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        except OSError as error:
            raise Sorry(
                f"{release / 'marks'} cannot be written to ({error.strerror}): please run this again then."
            ) from None
        yield named[name], record


def grade_all(folder: Path, release: Path, names: Path | None = None, scheduler: str | None = None) -> None:
    """Grade what has not been graded yet, then write marks and summary, and what a platform takes back (names)."""
    if not folder.is_dir() and not (folder.is_file() and folder.suffix.lower() == ".zip"):
        raise Sorry(f"There is no folder {folder} with submissions, and no zip of them.")
    people = read_people(names) if names else None  # a list that is none is told before an hour of grading
    given_out = release / "students" / (students_of(release) or [""])[0]  # what is in all notebooks of an assignment
    released = {path.stem: read_notebook(path) for path in sorted(given_out.glob("*.ipynb"))}
    marks = release / "marks"
    submissions = submitted(folder, released)
    if not submissions:
        raise Sorry(f"{folder} holds no files.")
    records = kept_records(marks)
    todo = [submission for submission in submissions if submission.key not in records]
    done = len(submissions) - len(todo)
    print(f"{len(submissions)} files, {done} of them graded already.", flush=True)
    why = why_no_walls() if todo and not scheduler else ""
    if why:
        print(f"Submissions run without walls here, and can read the release: see the guide. {why}", flush=True)
    with tempfile.TemporaryDirectory(prefix=f"grading-{os.getpid()}-") as temporary:
        fonts = Path(temporary)
        list_typefaces(fonts)
        keep_orphans(closed=True)
        for submission, record in grade_suspects(todo, release, fonts, not why):
            done += 1
            take(submission, record, records, marks, f"{done:4} of {len(submissions)}")
        rest = [each for each in todo if each.key not in records]
        with contextlib.closing(grade_side_by_side(rest, release, fonts, not why, scheduler)) as found:
            for submission, record in found:
                done += 1
                take(submission, record, records, marks, f"{done:4} of {len(submissions)}")
    shutil.rmtree(marks / "suspected", ignore_errors=True)
    wanted, errors = wishes(records, marks)
    for key, parts in wanted.items():
        enter(records[key], key, parts, marks)
    write_marks(records, marks)
    text = summary(records)
    (marks / "summary.txt").write_text(text, encoding="utf-8", errors="backslashreplace")
    print(f"\n{text}\nMarks, feedback and by_hand.csv: {marks}")
    if people:
        print("\n".join(["", *write_back(records, people, marks)]))
    if errors:  # the file stays as it is, so that nothing that a person wrote is lost
        raise Sorry("\n".join(["", "by_hand.csv: the rest was taken over, but please look at these lines:", *errors]))
    write_by_hand(records, marks)


def stop(*_: object) -> None:
    """Let all that watch a submission end it, and go."""
    STOPPING.set()
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("course.py grade", description="Grade a folder of submitted notebooks.")
    parser.add_argument("--release", metavar="FOLDER", type=Path, required=True, help="what `coursework --out` made")
    parser.add_argument("--names", metavar="LIST", type=Path, help="Moodle's or Canvas's list: write marks for it, too")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a scheduler's: let many machines grade (see the guide)")
    parser.add_argument("submissions", metavar="SUBMISSIONS", type=Path, help="a folder of notebooks, or a zip of them")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", module="nbformat")  # it tells of cells that were copied; so do we
    sys.stdout.reconfigure(errors="backslashreplace")  # a name may hold what this terminal cannot show
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    try:
        release = options.release.resolve()
        if not any((release / "instructor" / each / "gradebook.db").exists() for each in ["", *students_of(release)]):
            raise Sorry(f"{release} is no release: `python3 course.py coursework --seed TERM --out FOLDER` makes one.")
        (release / "marks").mkdir(exist_ok=True)
        with alone(release / "marks"):
            grade_all(options.submissions.resolve(), release, options.names, options.scheduler)
    except (Sorry, CourseError) as told:
        print(told)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
