"""Grade one submission: one attempt, in a process of its own, which `classroom.grade` watches and may end.

    python -m classroom.grade_run JOB.json

nbgrader keeps the marks and writes the feedback; the cells are run here, one after the other, in the students' Python.
Before each, its number is written to a file, so that the one who watches knows which cell was running when it hung,
ate the memory, or ended its Python. Such a cell is named in the job of the next attempt, and left out.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import ClassVar

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    DeduplicateIds,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from helpers import ROOT
from classroom.grade import as_picture
from classroom.release import HIDDEN, KERNEL, NOT_RUN, nbgrader, students_kernel, succeed

MOST_TEXT = 20_000  # characters that a cell may print; what comes after is dropped
MOST_PICTURES = 5_000_000  # characters of other outputs (pictures are text here)


#: What judges. A student may have written into it: before each test all of it is read again from its files.
JUDGES = ["helpers.evaluation", "helpers.mnist", "helpers.lenet", "helpers.exercises.engine"]
JUDGES += ["helpers.exercises.assignment", *(f"helpers.exercises.assignment_{number}" for number in (1, 2, 3, 4))]
JUDGES += ["helpers.coursework"]  # the name that older releases import
CHANGED = "changed: "  # begins the line that names what was not as it is in its file
#: What is run in the student's Python for that. Only what was imported is read again: the rest will be read anyway.
FRESH = f"""
def read_again():
    import importlib.util as util, sys, types

    def same(old, new):
        if isinstance(new, types.FunctionType):
            inner, mine = getattr(new, "__wrapped__", None), getattr(old, "__wrapped__", None)
            alike = getattr(old, "__code__", None) == new.__code__ and old.__defaults__ == new.__defaults__
            return alike and (inner is None or same(mine, inner))
        if isinstance(new, type):
            return isinstance(old, type) and all(same(vars(old).get(name), each) for name, each in vars(new).items())
        return old == new if isinstance(new, (int, float, str, tuple)) else True

    for name in {JUDGES}:
        old = sys.modules.get(name)
        if old is None:
            continue
        spec = util.spec_from_file_location(name, {str(ROOT)!r} + "/" + name.replace(".", "/") + ".py")
        new = sys.modules[name] = util.module_from_spec(spec)
        spec.loader.exec_module(new)
        parent, _, leaf = name.rpartition(".")
        setattr(sys.modules[parent], leaf, new)
        for each, value in vars(new).items():
            mine = not each.startswith("__") and getattr(value, "__module__", name) == name
            if mine and not same(vars(old).get(each), value):
                print({CHANGED!r} + name + "." + each)

read_again()
"""


def error(name: str, sentence: str) -> NotebookNode:
    """Return an error as a cell shows it."""
    return nbformat.v4.new_output("error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])


def without(secrets: list[str], outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return outputs in which these words are not told: a student's cell can print what ran before it."""
    text = json.dumps(outputs)
    for secret in secrets:
        text = text.replace(secret, "(hidden)")
    return nbformat.from_dict(json.loads(text))


class Client(NotebookClient):
    """Runs a notebook; keeps of each cell's outputs what a person can read."""

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Drop what a cell prints beyond a limit before it is stored."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            room = MOST_TEXT - sum(len(each.get("text", "")) for each in cell.outputs)
            content["text"] = content["text"][: max(0, room)]
        elif "data" in content:
            size = len(json.dumps(content["data"])) + sum(len(json.dumps(each)) for each in cell.outputs)
            content["data"] = content["data"] if size < MOST_PICTURES else {"text/plain": "(too large to be kept)"}
        return super().process_message(msg, cell, cell_index)


class RunCells(NbGraderPreprocessor):
    """Runs a submission's cells, and leaves in each test's outputs nothing but what its marks hang on."""

    changed: ClassVar[set[str]] = set()  # what a test found changed in the modules that judge

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        job = json.loads(Path(os.environ["GRADING_JOB"]).read_text(encoding="utf-8"))
        progress = Path(job["progress"])
        code = {index: cell.source for index, cell in enumerate(nb.cells) if cell.cell_type == "code"}
        hidden = "".join(text for each in nb.cells for text in HIDDEN.findall(each.source))
        secrets = re.findall(r".*seed=\d+.*", hidden) + re.findall(r"seed=(\d+)", hidden) + [str(ROOT)]
        left_out = {int(index): reason for index, reason in job["left_out"].items()}
        for index, cell in enumerate(nb.cells):
            if index in left_out:
                cell.source = ""
            elif NOT_RUN in cell.metadata.get("tags", []):
                continue
            elif HIDDEN.search(cell.source):  # the visible check has been seen by the student, and takes as long again
                imports = re.findall(r"^from helpers.* import .* as check$", cell.source, re.MULTILINE)
                cell.source = "\n".join([FRESH, *imports, HIDDEN.search(cell.source).group(1)])

        def begins(cell: NotebookNode, cell_index: int) -> None:
            progress.write_text(str(cell_index), encoding="utf-8")

        def ends(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
            self.changed.update(take_the_changes(cell))
            keep_the_marks(cell)

        runs = nbformat.from_dict(nb)
        for cell in runs.cells:
            if NOT_RUN in cell.metadata.get("tags", []):
                cell.source = ""  # empty cells are not run
        with students_kernel():
            where = {"metadata": {"path": job["folder"]}}
            client = Client(runs, timeout=None, kernel_name=KERNEL, resources=where, allow_errors=True)
            client.record_timing = client.store_widget_state = False
            client.on_cell_execute, client.on_cell_executed = begins, ends
            client.execute()
        for index, cell in enumerate(nb.cells):
            if index in left_out:
                cell.outputs = [error("NotRun", left_out[index])]
            elif index in code and NOT_RUN not in cell.metadata.get("tags", []):
                cell.outputs = without(secrets, runs.cells[index].outputs)
            if index in code:  # what the student had, without the hidden tests
                cell.outputs = [as_picture(output) for output in cell.outputs]
                cell.source = HIDDEN.sub("", code[index]).rstrip()
        return nb, resources


def take_the_changes(cell: NotebookNode) -> list[str]:
    """Take the lines that name what was changed in what judges out of a test's outputs; return the names."""
    names = []
    for output in cell.outputs:
        if output.output_type == "stream" and cell.metadata.get("nbgrader", {}).get("grade"):
            names += re.findall(rf"^{CHANGED}(.*)$", output.text, re.MULTILINE)
            output.text = re.sub(rf"^{CHANGED}.*\n", "", output.text, flags=re.MULTILINE)
    return names


def keep_the_marks(cell: NotebookNode) -> None:
    """Keep of a test's outputs its sentences and its last result, which is the test's own.

    nbgrader would take the first result, which a student's function can show, and no marks at all for a warning.
    """
    about = cell.metadata.get("nbgrader", {})
    if not (about.get("grade") and about.get("locked")):
        return
    marks = [output for output in cell.outputs if output.output_type == "execute_result"][-1:]
    # a traceback would show the lines of the hidden test
    failed = [error(output.ename, output.evalue) for output in cell.outputs if output.output_type == "error"]
    said = [output for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"]
    try:
        valid = 0 <= float(marks[0].data["text/plain"]) <= about["points"]
    except (IndexError, KeyError, ValueError):
        valid = False
    cell.outputs = said + (marks if valid and not failed else failed or [error("NoMarks", "The test gave no marks.")])


def grade_submission(job: dict) -> None:
    """Run and grade a submission; leave marks, graded notebook, gradebook and feedback in its folder."""
    course, name, student = Path(job["course"]), job["assignment"], "student"
    preprocessors = {
        "Autograde": {
            "sanitize_preprocessors": [DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata],
            "autograde_preprocessors": [RunCells, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata],
        }
    }
    succeed(nbgrader(course, **preprocessors).autograde(name, student), "grade it")
    write_feedback(course, name)
    marks = marks_of(course, name)
    graded = nbformat.read(course / "autograded" / student / name / f"{name}.ipynb", as_version=4)
    said = {
        cell.metadata["nbgrader"]["grade_id"]: "".join(output.get("text", "") for output in cell.outputs).strip()
        for cell in graded.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade_id") in marks
    }
    stopped = {
        cell.metadata["nbgrader"]["grade_id"]: f"{output.ename}: {output.evalue[:100]}"
        for cell in graded.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
        for output in cell.outputs
        if output.output_type == "error" and output.ename != "NotRun"
    }
    result = {"marks": marks, "said": said, "stopped": stopped, "changed": sorted(RunCells.changed)}
    Path(job["result"]).write_text(json.dumps(result), encoding="utf-8")


def write_feedback(course: Path, name: str) -> None:
    """Write nbgrader's page for the student, without scripts that a notebook may bring along."""
    settings = {"HTMLExporter": {"sanitize_html": True}}
    succeed(nbgrader(course, **settings).generate_feedback(name, "student"), "write the feedback")


def marks_of(course: Path, name: str) -> dict[str, dict]:
    """Return the marks of each part: by the tests, by hand (None while they are missing), and the most there are."""
    with Gradebook(f"sqlite:///{(course / 'gradebook.db').as_posix()}") as book:
        submission = book.find_submission_notebook(name, name, "student")
        return {
            grade.name: {
                "auto": grade.auto_score,
                "by_hand": grade.manual_score,
                "most": grade.max_score,
                "waits": bool(grade.needs_manual_grade),
            }
            for grade in submission.grades
        }


def enter_by_hand(job: dict) -> None:
    """Enter marks that a person gave, and what they wrote, and write the feedback anew."""
    course, name = Path(job["course"]), job["assignment"]
    with Gradebook(f"sqlite:///{(course / 'gradebook.db').as_posix()}") as book:
        for part, (marks, comment, person) in job["by_hand"].items():
            grade = book.find_grade(part, name, name, "student")
            grade.manual_score, grade.needs_manual_grade = marks, person and marks is None
            answer = part if person else answer_before(course, name, part)
            book.find_comment(answer, name, name, "student").manual_comment = comment
        book.db.commit()
    write_feedback(course, name)
    Path(job["result"]).write_text(json.dumps({"marks": marks_of(course, name)}), encoding="utf-8")


def answer_before(course: Path, name: str, part: str) -> str:
    """Return the name of the answer that a test belongs to: nbgrader keeps comments with answers, not with tests."""
    notebook = nbformat.read(course / "autograded" / "student" / name / f"{name}.ipynb", as_version=4)
    answer = ""
    for about in (cell.metadata.get("nbgrader", {}) for cell in notebook.cells):
        if about.get("grade_id") == part:
            break
        answer = about["grade_id"] if about.get("solution") else answer
    return answer


if __name__ == "__main__":
    os.environ["GRADING_JOB"] = sys.argv[1]
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    enter_by_hand(task) if "by_hand" in task else grade_submission(task)
