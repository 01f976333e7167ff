"""A release in which tasks differ from student to student, and its grading."""

import json

import nbformat
import pytest

from classroom import release as tool
from classroom.sample_class import answered
from tests.classroom.terms import ASSIGNMENTS, course_py, offered
from tests.classroom.test_grade import table

FIRST = "1_the_data"


def test_a_release_draws_no_kind_whose_solution_is_public_and_others_for_another_name():
    drawn = {name: tool.draw_kinds(FIRST, "one", name) for name in map(str, range(20))}
    assert drawn["1"] == tool.draw_kinds(FIRST, "one", "1")
    for part, kinds in offered(FIRST).items():
        assert {each[part] for each in drawn.values()} == set(kinds[1:]), part
        assert tool.draw_kinds(FIRST, tool.PRACTICE_SEED)[part] == kinds[0]


def test_a_notebook_has_one_kind_of_each_part_and_says_for_whom_it_is():
    for assignment in ASSIGNMENTS:
        numbers = tool.draw_numbers("one", "Bo_Li")[assignment]
        notebook = tool.source_of(assignment, "one", numbers, "Bo_Li")
        names = [tool.grade_id(cell) for cell in notebook.cells if tool.grade_id(cell)]
        assert len(names) == len(set(names))
        asked = {
            name.removeprefix("part_").replace("_", "."): kind for name, kind in tool.kinds_asked(notebook).items()
        }
        assert asked == tool.draw_kinds(assignment, "one", "Bo_Li")
        assert tool.made_for(notebook) == "Bo_Li"
        del notebook.metadata["made_for"]
        assert tool.made_for(notebook) == "Bo_Li", "the cell `numbers` says so as well"
        assert all("course" not in cell.metadata for cell in notebook.cells)


def test_the_hidden_seeds_of_two_students_differ_and_the_budgets_do_not():
    texts = {}
    for name in ("Bo_Li", "Anna"):
        numbers = tool.draw_numbers("one", name)
        texts[name] = {
            line
            for assignment in ASSIGNMENTS
            for cell in tool.source_of(assignment, "one", numbers[assignment], name).cells
            for hidden in tool.HIDDEN.findall(cell.source)
            for line in hidden.replace(")", " ").replace("=", " ").split()
            if line.isdigit() and len(line) == 9
        }
        assert (
            numbers["2_convolution_and_counting"]["BUDGET"]
            == tool.draw_numbers("one")["2_convolution_and_counting"]["BUDGET"]
        )
    assert len(texts["Anna"]) > 10 and not texts["Anna"] & texts["Bo_Li"]


@pytest.mark.long
def test_each_submission_is_graded_by_the_tasks_of_its_own_student(release, tmp_path):
    """release: that the grader's environment is there."""
    (tmp_path / "names.txt").write_text("Anna Schmidt\nBo Li\n", encoding="utf-8")
    out, handed_in = tmp_path / "term", tmp_path / "submissions"
    done = course_py("coursework", "--seed", "tests", "--out", out, "--per-student", tmp_path / "names.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    term = json.loads((out / "instructor" / "term.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in term["students"].values()] == ["Anna Schmidt", "Bo Li"]
    own = answered(out, FIRST, student="Anna_Schmidt")
    public = tool.practice_sources()[FIRST]
    worked = {tool.grade_id(a): b.source for a, b in zip(public.cells, tool.solved(public).cells, strict=True)}
    copied = answered(out, FIRST, student="Bo_Li", **{name: text for name, text in worked.items() if name})
    files = {
        "anna_schmidt": own,
        "Bo Li": copied,
        "Carla": own,
        "Dan": tool.read_notebook(tool.COURSEWORK / "practice" / f"{FIRST}.ipynb"),
    }
    for name, notebook in files.items():
        (handed_in / name).mkdir(parents=True)
        nbformat.write(notebook, handed_in / name / f"{FIRST}.ipynb")
    done = course_py("grade", "--release", out, handed_in)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = table(out, FIRST)
    assert float(rows["anna_schmidt"]["marks"]) == 20 and "in no list" not in rows["anna_schmidt"]["remarks"]
    assert float(rows["Bo Li"]["marks"]) < 10, "the public worked solution"
    assert float(rows["Carla"]["marks"]) == 20 and "graded by the tasks of Anna_Schmidt" in rows["Carla"]["remarks"]
    assert rows["Dan"]["marks"] == "" and "Dan is in no list" in rows["Dan"]["remarks"]
