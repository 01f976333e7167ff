"""nbgrader's part, when a submission has run: its marks into a gradebook, and the student's page of feedback.

It runs in a process of its own, since what a student wrote goes through it; none of the student's code runs here.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    DeduplicateIds,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from classroom.apart import answer_jobs
from classroom.feedback import as_picture, inert, top_of
from classroom.release import HIDDEN, Sorry, nbgrader, succeed, write_notebook

STUDENT = "student"


def page_of(job: dict, marks: dict[str, dict]) -> str:
    """Return the student's page of feedback."""
    course, name = Path(job["course"]), job["assignment"]
    succeed(nbgrader(course).generate_feedback(name, STUDENT), "write the feedback")
    page = (course / "feedback" / STUDENT / name / f"{name}.html").read_text(encoding="utf-8")
    return inert(page, top_of(job, marks))


# --- Marks ---------------------------------------------------------------------------------------------------------


def grade_submission(job: dict) -> dict:
    """Put a submission that has run into a gradebook of its own; return its marks, and what each test said."""
    course, name = Path(job["course"]), job["assignment"]
    notebook = nbformat.from_dict(job["notebook"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [as_picture(output) for output in cell.outputs]
    write_notebook(notebook, course / "submitted" / STUDENT / name / f"{name}.ipynb")
    (course / "source" / name).mkdir(parents=True)
    shutil.copy2(job["gradebook"], course / "gradebook.db")
    steps = {
        "sanitize_preprocessors": [DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata],
        "autograde_preprocessors": [SaveAutoGrades, AssignLatePenalties, CheckCellMetadata],
    }
    succeed(nbgrader(course, Autograde=steps).autograde(name, STUDENT), "grade it")
    path = course / "autograded" / STUDENT / name / f"{name}.ipynb"
    graded, marks = nbformat.read(path, as_version=4), marks_of(course, name)
    said, stopped = {}, {}
    for cell in graded.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("locked"):  # the student's page tells no hidden test
            cell.source = HIDDEN.sub("", cell.source).rstrip()
        if cell.cell_type == "code" and about.get("grade_id") in marks:
            said[about["grade_id"]] = "".join(output.get("text", "") for output in cell.outputs).strip()
        if cell.cell_type == "code" and about.get("solution"):
            for output in cell.outputs:
                if output.output_type == "error" and output.ename != "NotRun":
                    stopped[about["grade_id"]] = f"{output.ename}: {output.evalue[:100]}"
    write_notebook(graded, path)
    return {"marks": marks, "said": said, "stopped": stopped}


def marks_of(course: Path, name: str) -> dict[str, dict]:
    """Return the marks of each part: by the tests, by hand (None while they are missing), and the most there are."""
    with Gradebook(f"sqlite:///{(course / 'gradebook.db').as_posix()}") as book:
        submission = book.find_submission_notebook(name, name, STUDENT)
        return {
            grade.name: {
                "auto": grade.auto_score,
                "by_hand": grade.manual_score,
                "most": grade.max_score,
                "waits": bool(grade.needs_manual_grade),
            }
            for grade in submission.grades
        }


def enter_by_hand(job: dict) -> dict:
    """Enter marks that a person gave, and what they wrote; return the marks."""
    course, name = Path(job["course"]), job["assignment"]
    with Gradebook(f"sqlite:///{(course / 'gradebook.db').as_posix()}") as book:
        for part, (marks, comment, person) in job["by_hand"].items():
            grade = book.find_grade(part, name, name, STUDENT)
            grade.manual_score, grade.needs_manual_grade = marks, person and marks is None
            answer = part if person else answer_before(course, name, part)
            book.find_comment(answer, name, name, STUDENT).manual_comment = comment
        book.db.commit()
    return {"marks": marks_of(course, name)}


def answer_before(course: Path, name: str, part: str) -> str:
    """Return the name of the answer that a test belongs to: nbgrader keeps comments with answers, not with tests."""
    notebook = nbformat.read(course / "autograded" / STUDENT / name / f"{name}.ipynb", as_version=4)
    answer = ""
    for about in (cell.metadata.get("nbgrader", {}) for cell in notebook.cells):
        if about.get("grade_id") == part:
            break
        answer = about["grade_id"] if about.get("solution") else answer
    return answer


def keep_book(job: dict, tell: Callable[[dict], None]) -> None:
    """Do what a job asks: grade, or enter marks by hand. Told first are the marks, since a page may fail by itself."""
    result = enter_by_hand(job) if "by_hand" in job else grade_submission(job)
    tell(result)
    try:
        tell({"page": page_of(job, result["marks"])})
    except (Exception, Sorry) as error:
        tell({"no_page": type(error).__name__})


if __name__ == "__main__":
    answer_jobs(keep_book)
