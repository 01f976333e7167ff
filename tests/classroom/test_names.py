"""A list of students' names: read, made into folders, found again in what was handed in."""

import pytest

from classroom import grade as grading
from classroom import names
from classroom.release import MADE_FOR, Sorry
from classroom.submissions import Submission
from tests.classroom.test_grade import cells


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Anna Schmidt", "Anna_Schmidt"),
        ("  Zoë  O'Neill-Şahin ", "Zoë_O_Neill_Şahin"),
        ("../../etc/passwd", "etc_passwd"),
        ("李 小龙", "李_小龙"),
        ("CON", "CON_"),
        ("Ada.", "Ada"),
        ("x" * 300, "x" * 60),
        ("—", ""),
    ],
)
def test_a_name_becomes_a_folder_of_any_system(name, folder):
    assert names.folder_of(name) == folder


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("list.txt", "\ufeff# this term's\nAnna Schmidt\n\n  Bo Li  \n"),
        ("list.csv", "id,Name\n1,Anna Schmidt\n\n2,Bo Li\n"),
        ("list.csv", "Matrikel;Vorname;Nachname\n1;Anna;Schmidt\n2;Bo;Li\n"),
        ("list.csv", 'First name,Last name,Email\nAnna,Schmidt,a@x\nBo,"Li",b@x\n'),
    ],
)
def test_a_list_is_read(tmp_path, file, text):
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert names.names_in(tmp_path / file) == {"Anna_Schmidt": "Anna Schmidt", "Bo_Li": "Bo Li"}


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("list.txt", "Anna Schmidt\nanna-schmidt\n", "'anna-schmidt' and 'Anna Schmidt' would be one folder"),
        ("list.txt", "Anna\n?!\n", "name 2: '?!' has no letter"),
        ("list.csv", "name\nAnna\n;\n", "name 2"),
        ("list.csv", "who\nAnna\n", "no column is called `name`"),
        ("list.txt", "# nobody\n", "no name"),
        ("list.txt", b"\xff\xfeA\x00", "cannot be read (it is no text in UTF-8"),
        ("missing.txt", None, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_list_is_told(tmp_path, file, text, told):
    if text is not None:
        (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Sorry) as raised:
        names.names_in(tmp_path / file)
    assert told in str(raised.value)


def test_canvas_s_export_makes_nobody_of_the_points_possible(tmp_path):
    path = tmp_path / "canvas.csv"
    path.write_text('Student,ID,Section\n    Points Possible,,\n"Schmidt, Anna",17,A\n', encoding="utf-8")
    assert names.names_in(path) == {"Schmidt_Anna": "Schmidt, Anna"}


STUDENTS = ["Anna_Schmidt", "Bo_Li"]


def handed_in(student, made_for=""):
    notebook = cells(f"numbers: GOAL = 1\n{MADE_FOR}{made_for}" if made_for else "numbers: GOAL = 1")
    return Submission("file", student, "1_the_data", notebook, "", "key")


@pytest.mark.parametrize(
    ("student", "made_for", "whose", "told"),
    [
        ("anna_schmidt", "Anna_Schmidt", "Anna_Schmidt", ""),
        ("Anna Schmidt", "", "Anna_Schmidt", ""),
        ("Bo Li", "Anna_Schmidt", "Bo_Li", "was made for Anna_Schmidt, not for Bo_Li"),
        ("Li, Bo", "Bo_Li", "Bo_Li", "Li, Bo is in no list of this release: graded by the tasks of Bo_Li"),
        ("Carla", "", "", "Carla is in no list of this release, and the notebook does not say"),
        ("Carla", "Dan", "", "in no list"),
    ],
)
def test_a_submission_is_graded_by_its_own_students_tasks(student, made_for, whose, told):
    found, notes = grading.whose_tasks(handed_in(student, made_for), STUDENTS)
    assert found == whose and told in " ".join(notes) and bool(notes) == bool(told)


def test_where_all_have_the_same_tasks_nobody_has_to_be_in_a_list():
    assert grading.whose_tasks(handed_in("Carla"), []) == ("", [])


def test_who_answers_other_tasks_than_were_given_out_is_pointed_at():
    given = cells('part_1_1: check.a(a, kind="mean")', 'part_1_2: check.b(b, kind="box")', "part_1_3: check.c(c)")
    other = cells('part_1_1: check.a(a, kind="mean")', 'part_1_2: check.b(b, kind="mass")', "part_1_3: check.c(c)")
    assert not grading.other_tasks(handed_in("Anna")._replace(notebook=given), given)
    (told,) = grading.other_tasks(handed_in("Anna")._replace(notebook=other), given)
    assert "in 1.2: please look" in told
