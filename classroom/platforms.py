"""Marks and feedback in the form in which Moodle and Canvas take them back.

A list says who is who, and for which platform to write: the platform's own export. What is written, and why so:

- Moodle, grades: MoodleDocs 3.11, "Grade import", sections "Importing grades" and "CSV grade import" (columns are
  mapped by hand; e-mail addresses are compared letter by letter; feedback in a file overwrites grades, so there is none
  in ours), and Moodle's source, grade/import/csv/classes/load_data.php (`check_user_exists`: one unknown person ends
  the whole import; `map_user_data_with_value`: a line without an identifier goes to the person of the line before;
  `update_grade_item`: `-` or nothing is no grade, else a number).
- Moodle, feedback: Moodle's source, mod/assign/feedback/file/importziplib.php (`is_valid_filename_for_import`: folders
  are named NAME_PARTICIPANT_assignsubmission_file_, as "Download all submissions" names them).
- Canvas: Ohio State University, Teaching and Learning Resource Center, "Import CSV File for Carmen Grades", section
  "Importing a CSV File to Grades" (the columns), and Canvas's source, lib/gradebook_importer.rb
  (`row_has_student_headers?`, `update_column_count`: the order of the first columns; `process_pp`: the row of points
  possible, which changes those of the assignment; `process_student`: by ID, else by SIS ID, login, name;
  `parse_assignments`: "Title (number)" is an assignment that is there, another title makes a new one).
"""

import csv
import io
import re
import shutil
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from classroom.likeness import part_of
from classroom.marks import by_student, guarded, total
from classroom.release import Sorry

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
#: Columns of Moodle's exports: what can identify somebody in an import, in the order of preference, and names.
MOODLE = ("ID number", "Email address", "Username")
MOODLE_NAMES = (("First name", "Last name"), ("First name", "Surname"), ("Full name",))
BY_THE_INSTRUCTOR = "submission"  # a column in which an instructor may write whose submission is whose
POINTS = "    Points Possible"
#: A folder of Moodle's "Download all submissions".
FOLDER = re.compile(r"[^_/]+_\d+_assignsubmission_file_?")
TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ł": "l"})


class Person(NamedTuple):
    """A line of the list."""

    name: str
    row: dict[str, str]
    numbers: frozenset[str]  # what identifies this person alone, in small letters

    def __str__(self) -> str:
        known = [self.row[each] for each in (*MOODLE, "ID") if self.row.get(each)]
        return f"{self.name} ({known[0]})" if known else self.name


class People(NamedTuple):
    """The list of a platform."""

    platform: str  # moodle or canvas
    columns: list[str]
    persons: list[Person]
    points: dict[str, str]  # Canvas: the points possible of each column


# --- Who is who ------------------------------------------------------------------------------------------------------


def read_people(path: Path) -> People:
    """Read a platform's own list, however it was saved; raises Sorry when it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Sorry(f"The list {path} cannot be read ({error.strerror or type(error).__name__}).") from None
    text = ""
    for encoding in ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.split("\n", 1)[0]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count)))
    except csv.Error as error:
        raise Sorry(f"The list {path} is no table (CSV): {error}.") from None
    columns = [column.strip() for column in (rows or [[]])[0]]
    lines = [dict(zip(columns, (cell.strip() for cell in row), strict=False)) for row in rows[1:] if any(row)]
    if columns[:2] == ["Student", "ID"] and "Section" in columns:
        return canvas_people(columns, lines)
    names = next((each for each in MOODLE_NAMES if set(each) <= set(columns)), None)
    if names and set(MOODLE) & set(columns):
        return People("moodle", columns, list(moodle_people(names, lines)), {})
    raise Sorry(
        f"{path} is no list that this understands. From Canvas: Grades, Export. From Moodle: Participants, select all, "
        f"download as CSV, in English: it needs names ({', '.join(MOODLE_NAMES[0])}) and one of {', '.join(MOODLE)}."
    )


def identified(row: dict[str, str], columns: tuple[str, ...]) -> frozenset[str]:
    """Return what identifies a person: numbers, addresses, and what stands in these before the @."""
    found = {row.get(each, "").casefold() for each in columns}
    return frozenset((found | {each.partition("@")[0] for each in found}) - {""})


def moodle_people(names: tuple[str, ...], lines: list[dict[str, str]]) -> Iterator[Person]:
    """Yield the persons of a list of Moodle's."""
    for row in lines:
        yield Person(" ".join(row.get(each, "") for each in names).strip(), row, identified(row, MOODLE))


def canvas_people(columns: list[str], lines: list[dict[str, str]]) -> People:
    """Return the people of Canvas's export: lines with an ID, below those that say how each column is meant."""
    points = next((row for row in lines if "Points Possible" in row.get("Student", "")), {})
    known = ("ID", "SIS User ID", "SIS Login ID")
    people = [Person(row["Student"], row, identified(row, known)) for row in lines if row.get("ID", "").isdecimal()]
    return People("canvas", columns, people, points)


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in one order, so that `Schmidt, Anna` is `anna_schmidt`."""
    return tuple(sorted(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())))


def plain_words(name: str) -> set[tuple[str, ...]]:
    """Return the words of a name without accents: `Müller` is `muller` or `mueller`."""
    bare = {
        unicodedata.normalize("NFKD", each).encode("ascii", "ignore").decode()
        for each in (name.casefold(), unicodedata.normalize("NFC", name).casefold().translate(TRANSLITERATED))
    }
    return {words(each) for each in bare} - {()}


def fitting(record: dict, people: People) -> list[Person]:
    """Return who may have handed this in: by the instructor's word, else by number and name (also without accents).

    Where number and name are of different people it is both of them: that is for a person to decide.
    """
    student, first = record["student"], record["file"].partition("/")[0]
    said = [each for each in people.persons if (each.row.get(BY_THE_INSTRUCTOR) or None) in (student, first)]
    if said:
        return said
    pieces = re.split(r"[\s_,;()]+", student.casefold())
    numbers = {student.casefold(), *(each for each in pieces if len(each) > 2 and re.search(r"\d", each))}
    in_file = re.match(r"[^_]+(?:_LATE)?_(\d+)_\d+_", first)  # Canvas: name_user_submission_title
    numbers |= {in_file[1]} if in_file and people.platform == "canvas" else set()
    by_number = [each for each in people.persons if numbers & each.numbers]
    name = " ".join(each for each in pieces if each not in numbers) or student
    by_name = [each for each in people.persons if words(name) and words(each.name) == words(name)]
    by_name = by_name or [each for each in people.persons if plain_words(each.name) & plain_words(name)]
    both = [each for each in by_number if each in by_name]
    return both or [*by_number, *by_name]


class Given(NamedTuple):
    """The marks that can be given back, and what has to be told."""

    marks: dict[str, dict[int, float]]  # by assignment, and by the person's place in the list
    most: dict[str, float]
    complete: list[tuple[str, dict]]  # results without a part that waits
    told: list[str]


def one_for_each(key: str, record: dict) -> list[tuple[str, dict]]:
    """Return a record for the student whose file it is, and for the other of a pair one without a file.

    Who names more than one other has made no pair: that is told in the table of marks, and a person decides.
    """
    people = record.get("people", [record["student"]])
    others = people[1:] if len(people) == 2 else []
    return [(key, record), *((key, record | {"student": other, "file": ""}) for other in others)]


def give(records: dict[str, dict], people: People) -> Given:
    """Return what each person got in each assignment; who cannot be matched, or is not finished, is told."""
    marks: dict[str, dict[int, float]] = defaultdict(dict)
    most: dict[str, float] = {}
    found: dict[tuple[str, int], list[dict]] = defaultdict(list)
    complete, told = [], []
    for key, record in [each for one in by_student(records) for each in one_for_each(*one)]:
        who = f"{record['student']} ({record['file'] or 'of a pair'})"
        several = fitting(record, people)
        if len(several) != 1:
            names = ": " + ", ".join(map(str, several)) if several else ""
            told.append(f"{who}: fits {len(several) or 'nobody'} in the list{names}. {WHAT_TO_DO}")
        waits = [f"part {part_of(part)}" for part, got in sorted(record["marks"].items()) if got["waits"]]
        if waits:
            told.append(f"{who}: waits for your marks in by_hand.csv ({', '.join(waits)}); left out until then.")
        elif record["marks"]:
            complete += [(key, record)] if record["file"] else []
            points = sum(got["most"] for got in record["marks"].values())
            most[record["assignment"]] = max(points, most.get(record["assignment"], 0))
        elif not record["assignment"]:
            told.append(f"{who}: it could not be read, or is none of the assignments; no marks.")
        if len(several) == 1 and record["assignment"]:
            found[record["assignment"], people.persons.index(several[0])].append(record)
    for (assignment, place), handed_in in sorted(found.items()):
        counted = [record for record in handed_in if record["marks"]]
        who = f"{people.persons[place]}, {assignment}"
        if len(counted) > 1:
            files = ", ".join(f"{record['file'] or 'of a pair'}: {points_of(record):g}" for record in counted)
            told.append(f"{who}: handed in {len(counted)} times ({files} marks); left out: please enter what counts.")
        elif not counted:
            told.append(f"{who}: no marks, since it could not be graded.")
        elif not any(got["waits"] for got in counted[0]["marks"].values()):
            marks[assignment][place] = round(points_of(counted[0]), 2)
    for assignment in sorted({assignment for assignment, _ in found}):
        handed = {place for name, place in found if name == assignment}
        absent = [str(each) for place, each in enumerate(people.persons) if place not in handed]
        if absent:
            told.append(f"{assignment}: nothing from {len(absent)} of the list: {', '.join(absent)}.")
    return Given(dict(marks), most, complete, told)


WHAT_TO_DO = (
    f"Write this name into a column `{BY_THE_INSTRUCTOR}` of the list, in the line of whose it is, and run it again."
)


def points_of(record: dict) -> float:
    """Return the marks of a result."""
    return sum(map(total, record["marks"].values()))


# --- Tables ----------------------------------------------------------------------------------------------------------


def write_csv(path: Path, rows: list[list[str]]) -> None:
    """Write a table as both platforms read it: UTF-8, commas, no mark at its beginning."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        csv.writer(file).writerows(rows)


def moodle_column(people: People, places: set[int]) -> tuple[str, set[int]]:
    """Return the column that identifies most of these persons in an import, and the places of those it does."""
    values = {}
    for column in [each for each in MOODLE if each in people.columns]:
        mine = {place: people.persons[place].row.get(column, "") for place in places}
        often = Counter(person.row.get(column, "") for person in people.persons)
        # a number with a sign before it would be a formula for a spreadsheet, and something else with a guard
        values[column] = {place for place, each in mine.items() if each and often[each] == 1 and guarded(each) == each}
    return max(values.items(), key=lambda pair: len(pair[1]))


def moodle_tables(given: Given, people: People, folder: Path) -> list[str]:
    """Write the tables for Moodle's grade import: one for each assignment, and one for all."""
    places = {place for got in given.marks.values() for place in got}
    if not places:
        return []
    column, known = moodle_column(people, places)
    for name, assignments in files_of(given):
        rows = [["Full name", column, *assignments]]
        for place in sorted({place for each in assignments for place in given.marks[each]}):
            person = people.persons[place]
            got = [given.marks[each].get(place) for each in assignments]
            if place in known:
                cells = ["-" if each is None else f"{each:g}" for each in got]
                rows.append([guarded(person.name), person.row[column], *cells])
        write_csv(folder / f"{name}.csv", rows)
    lost = [
        f"{people.persons[place]}: the {column} in the list is missing, not unique or formed like a formula; left out."
        for place in sorted(places - known)
    ]
    return [f"For Moodle: Grades, Import, CSV file; map from `{column}`, and each column to its assignment.", *lost]


def canvas_tables(given: Given, people: People, folder: Path) -> list[str]:
    """Write the tables for Canvas's gradebook import: one for each assignment, and one for all."""
    columns = [each for each in people.columns[: people.columns.index("Section") + 1] if each in CANVAS]
    titles, told = {}, []
    for assignment, points in given.most.items():
        there = [each for each in people.columns if is_column_of(each, assignment)]
        titles[assignment] = there[0] if len(there) == 1 else assignment
        if len(there) != 1:
            why = f"{len(there)} columns may be it" if there else "no column is it"
            told.append(f"{assignment}: in Canvas's export {why}; the import makes a new assignment `{assignment}`.")
        elif people.points.get(there[0]) and float_of(people.points[there[0]]) != points:
            told.append(
                f"{assignment}: Canvas has {people.points[there[0]]} points possible for `{there[0]}`, and the import "
                f"changes them to {points:g}."
            )
    for name, assignments in files_of(given):
        blank = [""] * (len(columns) - 1)
        rows = [[*columns, *(titles[each] for each in assignments)]]
        rows.append([POINTS, *blank, *(f"{given.most[each]:g}" for each in assignments)])
        for place in sorted({place for each in assignments for place in given.marks[each]}):
            got = [given.marks[each].get(place) for each in assignments]
            about = [guarded(people.persons[place].row.get(each, "")) for each in columns]
            rows.append([*about, *("" if each is None else f"{each:g}" for each in got)])
        write_csv(folder / f"{name}.csv", rows)
    return ["For Canvas: Grades, Import; it shows what it will change before it does.", *told]


def files_of(given: Given) -> list[tuple[str, list[str]]]:
    """Return which tables to write: their names, and the assignments in them."""
    mine = sorted(assignment for assignment, got in given.marks.items() if got)
    return [*((each, [each]) for each in mine), *([("all", mine)] if len(mine) > 1 else [])]


def is_column_of(title: str, assignment: str) -> bool:
    """Return whether a column of Canvas's export is that of an assignment: by its name, or as `Assignment 1`."""
    found = re.fullmatch(r"(.*) \(\d+\)", title)
    if not found or guarded(title) != title:
        return False
    number = assignment.partition("_")[0]
    return assignment in title or bool(re.match(rf"assignment\W*{number}\b", found[1], re.IGNORECASE))


def float_of(text: str) -> float | None:
    """Return a number as Canvas writes it; None when it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


# --- Feedback --------------------------------------------------------------------------------------------------------


def feedback_zips(given: Given, marks: Path, folder: Path) -> list[str]:
    """Write for each assignment the zip that Moodle's "Upload multiple feedback files in a zip" takes."""
    told, pages = [], defaultdict(list)
    for key, record in given.complete:
        page = marks / "feedback" / record["assignment"] / f"{key}.html"
        place = next((part for part in record["file"].split("/") if FOLDER.fullmatch(part)), "")
        if not page.exists():
            told.append(f"{record['student']}, {record['assignment']}: there is no page of feedback.")
        elif place:
            pages[record["assignment"]].append((place, page))
        else:
            told.append(
                f"{record['student']} ({record['file']}): not in a folder of Moodle's download; its page is not zipped."
            )
    for assignment, mine in pages.items():
        often: Counter[str] = Counter()
        with zipfile.ZipFile(folder / f"feedback_{assignment}.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
            for place, page in mine:
                often[place] += 1
                name = f"feedback_{assignment}{'' if often[place] == 1 else f'_{often[place]}'}.html"
                about = zipfile.ZipInfo(f"{place}/{name}")  # of no date, so that the same pages make the same file
                about.compress_type = zipfile.ZIP_DEFLATED
                zipped.writestr(about, page.read_bytes())
    return told


def write_back(records: dict[str, dict], people: People, marks: Path) -> list[str]:
    """Write into marks/moodle or marks/canvas what the platform takes back; return what to tell, a line each."""
    folder = marks / people.platform
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    given = give(records, people)
    if people.platform == "moodle":
        told = [*moodle_tables(given, people, folder), *feedback_zips(given, marks, folder)]
    else:
        told = canvas_tables(given, people, folder)
    count = sum(map(len, given.marks.values()))
    lines = [
        f"{count} marks of {len(people.persons)} people for {people.platform.title()}: {folder}",
        *told,
        *given.told,
    ]
    (folder / "read_first.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    return lines
