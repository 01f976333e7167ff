"""Marks back to Moodle and Canvas: a class of thirty goes out, and comes back by a checker of each format."""

import csv
import io
import sys

import nbformat
import pytest

from classroom import grade as grading
from classroom import marks as tables
from classroom import platforms, submissions
from classroom.release import Sorry
from tests.classroom.importers import feedback_into_moodle, into_canvas, into_moodle
from tests.classroom.right_answers import practice
from tests.classroom.terms import ASSIGNMENTS

NAMES = [
    tuple(name.split("|"))
    for name in """Anna|Schmidt  Annalena|Schmidt  Bernd|Schmidt  Jürgen|Müller  Jörg|Möller  Zoë|O'Neill
    Łukasz|Kowalski  Søren|Ångström  José María|García, Jr.  李|小龙  Иван|Петров  Αθηνά|Παππά  Robert "Bob"|Tables
    Mei-Ling|Chen  Ming|Chen
    D'Arcy|van der Berg  =cmd()|+Formula  Nguyễn|Văn An  Nguyễn|Văn Ân B  Renée|Dùbois  Ada|Lovelace  Alan|Turing
    Grace|Hopper  Yann|Le Cun  Emmy|Noether  Carl|Gauß  Leonhard|Euler  Sofja|Kowalewskaja  Jean-Luc|de la Cruz
    Maryam|Mirzakhani""".replace("\n    ", "  ").split("  ")
]


def moodle_list(people=NAMES):
    """Moodle's list of participants; the fifth has no e-mail address."""
    rows = [["First name", "Last name", "ID number", "Email address", "Groups"]]
    for number, (first, last) in enumerate(people):
        rows.append([first, last, f"s{1000 + number}", "" if number == 4 else f"Student{number}@uni.example", ""])
    return rows


def canvas_list(people=NAMES):
    """Canvas's export: two columns of ours are there already, and the row of points possible is the third."""
    titles = ["Assignment 1: the data (501)", "2_convolution_and_counting (502)", "Essay (503)", "Current Score"]
    rows = [["Student", "ID", "SIS Login ID", "Section", *titles]]
    rows.append(["", "", "", "", "Manual Posting", "", "", ""])
    rows.append(["    Points Possible", "", "", "", "20", "100", "5", "(read only)"])
    for number, (first, last) in enumerate(people):
        rows.append([f"{last}, {first}", str(70_000 + number), f"login{number}", "Monday", "", "", "4", "80"])
    return [*rows, ["Student, Test", "", "", "Monday", "", "", "", ""]]


def saved(path, rows, encoding="utf-8-sig", separator=","):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


def folder_of(number, moodle=True):
    first, last = NAMES[number]
    name = f"{first} {last}"
    return f"{name}_{300 + number}_assignsubmission_file_" if moodle else f"{last}{first}_{70_000 + number}_9"


def record_of(number, assignment, moodle=True, waits=False):
    """A graded submission: one part by tests, one by a person."""
    folder = folder_of(number, moodle)
    student = submissions.student_of(submissions.Path("s", folder, "a.ipynb"), submissions.Path("s"), ASSIGNMENTS)
    got = {"auto": number % 8 + 0.5, "most": 10.0, "by_hand": None, "waits": False, "person": False}
    by_hand = got | {"auto": 0.0, "most": 5.0, "by_hand": None if waits else number % 5 + 0.25, "waits": waits}
    parts = {f"part_{assignment[0]}_1": got, f"part_{assignment[0]}_2": by_hand | {"person": True}}
    record = {"student": submissions.shown(student), "file": f"{submissions.shown(folder)}/{assignment}.ipynb"}
    return record | {"assignment": assignment, "marks": parts, "said": {}, "notes": [], "code": {}}


def expected(number):
    return number % 8 + 0.5 + number % 5 + 0.25


@pytest.fixture
def back(tmp_path):
    """Write back some records with a list; return the folder's files and what is told."""

    def written(records, rows, **how):
        keyed = {f"{each['student']}-{number}": each for number, each in enumerate(records)}
        for key, each in keyed.items():
            page = tmp_path / "marks" / "feedback" / each["assignment"] / f"{key}.html"
            if each["marks"] and "/" not in key:
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(f"feedback for {each['student']}", encoding="utf-8")
        people = platforms.read_people(saved(tmp_path / "list.csv", rows, **how))
        told = platforms.write_back(keyed, people, tmp_path / "marks")
        made = tmp_path / "marks" / people.platform
        return {path.name: path.read_bytes() for path in made.iterdir()}, told

    return written


def moodle_users():
    header, *rows = moodle_list()
    users = [dict(zip(header, row, strict=True)) for row in rows]
    return [each | {"Username": f"u{number}"} for number, each in enumerate(users)]


def canvas_users():
    header, *rows = canvas_list()
    return [dict(zip(header, row, strict=True)) for row in rows if row[1].isdecimal()]


# --- There and back --------------------------------------------------------------------------------------------------


def test_thirty_names_go_to_moodle_and_come_back(back):
    files, told = back([record_of(number, each) for number in range(30) for each in ASSIGNMENTS[:2]], moodle_list())
    assert set(files) == {
        "1_the_data.csv", "2_convolution_and_counting.csv", "all.csv", "read_first.txt",
        "feedback_1_the_data.zip", "feedback_2_convolution_and_counting.zip",
    }  # fmt: skip
    want = {f"u{number}": {each: expected(number) for each in ASSIGNMENTS[:2]} for number in range(30)}
    assert into_moodle(files["all.csv"], moodle_users(), "ID number") == want
    for each in ASSIGNMENTS[:2]:
        one = {who: {each: got[each]} for who, got in want.items()}
        assert into_moodle(files[f"{each}.csv"], moodle_users(), "ID number") == one
        pages = feedback_into_moodle(files[f"feedback_{each}.zip"], {300 + number: number for number in range(30)})
        assert {number: len(mine) for number, mine in pages.items()} == dict.fromkeys(range(30), 1)
        assert pages[3] == ["feedback for Jürgen Müller".encode()]
    assert len(told) == 2 and "map from `ID number`" in told[1]


def test_thirty_names_go_to_canvas_and_come_back(back):
    records = [record_of(number, each, moodle=False) for number in range(30) for each in ASSIGNMENTS[:3]]
    files, told = back(records, canvas_list())
    there = {"Assignment 1: the data (501)": 20.0, "2_convolution_and_counting (502)": 100.0, "Essay (503)": 5.0}
    marks, points = into_canvas(files["all.csv"], canvas_users(), there)
    titles = ["Assignment 1: the data (501)", "2_convolution_and_counting (502)", "3_train_and_report"]
    assert marks == {f"login{number}": dict.fromkeys(titles, expected(number)) for number in range(30)}
    assert points == dict.fromkeys(titles, 15) | {"Essay (503)": 5}
    one, _ = into_canvas(files["3_train_and_report.csv"], canvas_users(), there)
    assert one["login16"] == {"3_train_and_report": expected(16)}
    text = "\n".join(told)
    assert "Canvas has 100 points possible" in text and "makes a new assignment `3_train_and_report`" in text


@pytest.mark.parametrize("encoding, separator", [("utf-8", ";"), ("utf-16", "\t"), ("utf-8-sig", ",")])
def test_a_list_is_read_however_it_was_saved(back, encoding, separator):
    files, _ = back([record_of(4, "1_the_data")], moodle_list(), encoding=encoding, separator=separator)
    assert into_moodle(files["1_the_data.csv"], moodle_users(), "ID number") == {"u4": {"1_the_data": expected(4)}}


def test_a_list_in_the_letters_of_an_older_windows_is_read(back):
    files, _ = back([record_of(3, "1_the_data")], moodle_list(NAMES[:6]), encoding="cp1252")
    assert into_moodle(files["1_the_data.csv"], moodle_users(), "ID number") == {"u3": {"1_the_data": expected(3)}}


def test_an_empty_address_is_told_where_nothing_else_identifies(back):
    rows = [[row[0], row[1], row[3]] for row in moodle_list()]
    files, told = back([record_of(number, "1_the_data") for number in range(30)], rows)
    got = into_moodle(files["1_the_data.csv"], moodle_users(), "Email address")
    assert set(got) == {f"u{number}" for number in range(30) if number != 4}
    assert any("Jörg Möller" in line and "left out" in line for line in told)


# --- Who is who ------------------------------------------------------------------------------------------------------


def whose(student, file="x.ipynb", people=NAMES, columns=None):
    rows = moodle_list(people)
    if columns:
        rows = [[*row, columns.get(number, "")] for number, row in enumerate(rows)]
        rows[0][-1] = platforms.BY_THE_INSTRUCTOR
    persons = platforms.moodle_people(
        ("First name", "Last name"), [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    )
    people = platforms.People("moodle", rows[0], list(persons), {})
    return [each.name for each in platforms.fitting({"student": student, "file": file}, people)]


@pytest.mark.parametrize(
    "student, name",
    [
        ("anna_schmidt", "Anna Schmidt"),
        ("Schmidt, Anna", "Anna Schmidt"),
        ("SCHMIDT ANNA", "Anna Schmidt"),
        ("mueller_juergen", "Jürgen Müller"),
        ("Jurgen Muller", "Jürgen Müller"),
        ("Mu\u0308ller Ju\u0308rgen", "Jürgen Müller"),
        ("gauss-carl", "Carl Gauß"),
        ("s1020", "Ada Lovelace"),
        ("whatever_s1020", "Ada Lovelace"),
        ("student7@uni.example", "Søren Ångström"),
        ("nguyễn_văn_an", "Nguyễn Văn An"),
        ("小龙_李", "李 小龙"),
    ],
)
def test_a_student_is_found_by_number_or_name(student, name):
    assert whose(student) == [name]


@pytest.mark.parametrize("file", ["schmidtanna_70003_5_a.ipynb", "schmidtanna_LATE_70003_5_a.ipynb"])
def test_on_canvas_the_number_in_the_files_name_decides(file, tmp_path):
    people = platforms.read_people(saved(tmp_path / "list.csv", canvas_list()))
    (found,) = platforms.fitting({"student": "unknown", "file": file}, people)
    assert found.name == "Müller, Jürgen"


@pytest.mark.parametrize("student", ["", "-", "schmidt", "anna", "anna_maria_schmidt", "ada", "nobody", "(no name)"])
def test_a_name_that_does_not_fit_is_nobodys(student):
    assert whose(student) == []


def test_a_first_name_is_no_user_name_of_somebody_else():
    people = [("Ada", "Lovelace"), ("Ada", "Smith")]
    rows = [["First name", "Last name", "Username"], [*people[0], "lovelace1"], [*people[1], "ada"]]
    persons = platforms.moodle_people(
        ("First name", "Last name"), [dict(zip(rows[0], row, strict=True)) for row in rows]
    )
    listed = platforms.People("moodle", rows[0], list(persons), {})
    for student, name in (("ada_lovelace", "Ada Lovelace"), ("ada", "Ada Smith"), ("lovelace1_x", "Ada Lovelace")):
        assert [each.name for each in platforms.fitting({"student": student, "file": "x"}, listed)] == [name]
    assert len(platforms.fitting({"student": "Ada Smith lovelace1", "file": "x"}, listed)) == 2, "whose is it?"


def test_a_number_of_one_and_the_name_of_another_are_for_a_person_to_decide():
    assert set(whose("s1000")) == {"Anna Schmidt"}
    twice = platforms.moodle_people(
        ("Full name",), [{"Full name": "s1", "ID number": ""}, {"Full name": "A", "ID number": "s1"}]
    )
    people = platforms.People("moodle", [], list(twice), {})
    assert len(platforms.fitting({"student": "s1", "file": "x"}, people)) == 2


def test_of_two_with_one_name_the_number_decides():
    twins = [*NAMES[:29], ("Anna", "Schmidt")]
    assert whose("Anna Schmidt", people=twins) == ["Anna Schmidt", "Anna Schmidt"]
    rows = [{"Full name": "Anna Schmidt", "ID number": number} for number in ("s1", "Anna Schmidt")]
    people = platforms.People("moodle", [], list(platforms.moodle_people(("Full name",), rows)), {})
    assert [each.row["ID number"] for each in platforms.fitting({"student": "Anna Schmidt", "file": "x"}, people)] == [
        "Anna Schmidt"
    ]


def test_the_instructor_has_the_last_word():
    assert whose("xX_anna_Xx", columns={3: "xX_anna_Xx"}) == ["Bernd Schmidt"]
    assert whose("folder", "folder/a.ipynb", columns={3: "folder"}) == ["Bernd Schmidt"]


def test_whoever_does_not_fit_or_fits_twice_is_told_and_nothing_is_lost(back):
    twins = [*NAMES[:29], ("Anna", "Schmidt")]
    records = [record_of(0, "1_the_data"), record_of(3, "1_the_data"), record_of(20, "1_the_data", moodle=False)]
    records[2] |= {"student": "Unknown", "file": "Unknown_1_the_data.ipynb"}
    files, told = back(records, moodle_list(twins))
    text = "\n".join(told)
    assert "Anna Schmidt (Anna Schmidt_300_assignsubmission_file_/1_the_data.ipynb): fits 2 in the list" in text
    assert "(s1000)" in text and "(s1029)" in text and "Unknown (Unknown_1_the_data.ipynb): fits nobody" in text
    assert "column `submission`" in text
    assert into_moodle(files["1_the_data.csv"], moodle_users(), "ID number") == {"u3": {"1_the_data": expected(3)}}
    assert files["read_first.txt"].decode().splitlines() == told
    assert "not in a folder of Moodle's download" in text
    assert "nothing from 29 of the list" in text


def test_what_a_person_has_not_marked_yet_is_told_and_left_out(back):
    records = [record_of(0, "1_the_data"), record_of(5, "1_the_data", waits=True)]
    files, told = back(records, moodle_list())
    assert list(into_moodle(files["1_the_data.csv"], moodle_users(), "ID number")) == ["u0"]
    assert list(feedback_into_moodle(files["feedback_1_the_data.zip"], {300: "u0"})) == ["u0"]
    assert any("Zoë O'Neill" in line and "by_hand.csv (part 1.2)" in line for line in told)


def test_two_results_of_one_person_are_told_and_a_broken_file_beside_a_good_one_is_no_second(back):
    one, again, good, broken = (record_of(number, "1_the_data") for number in (0, 0, 3, 3))
    again["file"] = f"{folder_of(0)}/again.ipynb"
    broken |= {"marks": {}, "assignment": "", "file": f"{folder_of(3)}/notes.pdf"}
    files, told = back([one, again, good, broken], moodle_list())
    assert list(into_moodle(files["1_the_data.csv"], moodle_users(), "ID number")) == ["u3"]
    text = "\n".join(told)
    assert "handed in 2 times" in text and "again.ipynb" in text and "notes.pdf): it could not be read" in text


def test_both_of_a_pair_get_the_marks_and_a_stranger_in_it_is_told(back):
    pair, odd = record_of(0, "5_pages_of_numbers"), record_of(3, "5_pages_of_numbers")
    pair["people"] = [pair["student"], "Gauß, Carl"]
    odd["people"] = [odd["student"], "Ada Lovelace", "Alan Turing"]  # each has a line in the table of marks
    files, told = back([pair, odd], moodle_list())
    marks = into_moodle(files["5_pages_of_numbers.csv"], moodle_users(), "ID number")
    carl = next(f"u{number}" for number, (_, last) in enumerate(NAMES) if last == "Gauß")
    assert {who: got["5_pages_of_numbers"] for who, got in marks.items()} == {
        "u0": expected(0), carl: expected(0), "u3": expected(3)
    }  # fmt: skip
    pair["people"][1] = "Nobody Known"
    _, told = back([pair], moodle_list())
    assert any(line.startswith("Nobody Known (of a pair): fits nobody") for line in told)


def test_nothing_graded_writes_no_table(back):
    files, told = back([record_of(0, "1_the_data") | {"marks": {}}], moodle_list())
    assert set(files) == {"read_first.txt"} and any("could not be graded" in line for line in told)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name;mark\nAnna;3\n",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        b'First name,Last name\n"Anna',
        b"Student,ID\n",
        b"\0" * 99,
    ],
)
def test_what_is_no_list_is_told(tmp_path, content):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(Sorry, match="Participants"):
        platforms.read_people(tmp_path / "list.csv")


def test_a_list_that_is_not_there_is_told_before_anything_is_graded(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(Sorry, match="cannot be read"):
        grading.grade_all(tmp_path / "in", tmp_path, tmp_path / "none.csv")


def test_grading_with_names_writes_what_was_graded_and_marked_by_hand(tmp_path, monkeypatch, capsys):
    """The verb itself, from a folder of Moodle's: all of it is graded already, so that nothing has to run."""
    monkeypatch.setenv("COURSE_PYTHON", sys.executable)
    release, handed = tmp_path / "term", tmp_path / "handed in"
    (release / "students").mkdir(parents=True)
    given = practice("3_train_and_report")
    nbformat.write(given, release / "students" / "3_train_and_report.ipynb")
    for number in range(3):
        (handed / folder_of(number)).mkdir(parents=True)
        nbformat.write(given, handed / folder_of(number) / "mine.ipynb")
    made = submissions.submitted(handed, {"3_train_and_report": given})
    for number, each in enumerate(made):
        record = record_of(number, "3_train_and_report", waits=number == 1) | {
            "student": each.student,
            "file": each.file,
        }
        tables.save(record, release / "marks", each.key)
    grading.grade_all(handed, release, saved(tmp_path / "list.csv", moodle_list()))
    out = capsys.readouterr().out
    content = (release / "marks" / "moodle" / "3_train_and_report.csv").read_bytes()
    assert len(into_moodle(content, moodle_users(), "ID number")) == 2
    assert "2 marks of 30 people for Moodle" in out and "by_hand.csv (part 3.2)" in out


BAD_FOR_MOODLE = [
    ("s1000", ""), ("s1000", "s1"), (",3", ",three"), (",3", ',"3,5"'), (",3", ",101"), ("Full", "\ufeffFull"),
    ("Anna", "=1+1"), ("3", "3\r\nBea,s1001"), ("3", "3\r\nAnna,s1000,3"), ("ID number,a", "ID number,ID number"),
]  # fmt: skip
BAD_FOR_CANVAS = [
    ("Section,a", "a,Section"), ("70000", "7"), (",3", ",6"), ("    Points Possible", "Points"),
    ("Student,ID", "ID,Student"), (",3", ",three"), ("A,", "@A,"),
]  # fmt: skip


@pytest.mark.parametrize("old, new", [("", ""), *BAD_FOR_MOODLE])
def test_the_checker_refuses_what_moodle_would(old, new):
    content = "Full name,ID number,a\r\nAnna,s1000,3\r\n".replace(old, new)
    if not old:
        assert into_moodle(content.encode(), moodle_users(), "ID number") == {"u0": {"a": 3}}
        return
    with pytest.raises((AssertionError, ValueError)):
        into_moodle(content.encode(), moodle_users(), "ID number")


@pytest.mark.parametrize("old, new", [("", ""), *BAD_FOR_CANVAS])
def test_the_checker_refuses_what_canvas_would(old, new):
    content = "Student,ID,SIS Login ID,Section,a\r\n    Points Possible,,,,5\r\nA,70000,login0,Monday,3\r\n"
    if not old:
        assert into_canvas(content.encode(), canvas_users(), {}) == ({"login0": {"a": 3}}, {"a": 5})
        return
    with pytest.raises((AssertionError, ValueError)):
        into_canvas(content.replace(old, new).encode(), canvas_users(), {})


def test_a_formula_in_the_list_reaches_no_table(back):
    rows = moodle_list()
    rows[1][2] = "=HYPERLINK(1)"
    files, _ = back([record_of(0, "1_the_data"), record_of(16, "1_the_data")], rows)
    read = list(csv.reader(io.StringIO(files["1_the_data.csv"].decode())))
    assert read[0][1] == "Email address" and "'=cmd() +Formula" in [row[0] for row in read]
