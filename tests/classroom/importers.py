"""What Moodle and Canvas demand of a file, and what they make of it: checkers, after the sources that are cited there.

`classroom/platforms.py` names manuals and sources. Whatever these would refuse or misread is an assertion here.
"""

import csv
import io
import zipfile


def table(content: bytes) -> list[list[str]]:
    """Read a CSV strictly: UTF-8 without a mark, commas, every line as long as the first."""
    assert not content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8")
    assert not any("\ud800" <= each <= "\udfff" for each in text)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows and len({len(row) for row in rows}) == 1
    assert len(set(rows[0])) == len(rows[0]) and all(cell == cell.strip() and cell for cell in rows[0])
    return rows


def no_formulas(rows: list[list[str]]) -> None:
    """Assert that no spreadsheet takes a cell for a formula, whatever it takes for a separator."""
    for cell in (cell for row in rows for cell in row):
        for piece in cell.replace(";", "\t").replace("|", "\t").split("\t"):
            assert piece.strip() == "-" or not piece.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), (
                cell
            )


def into_moodle(content: bytes, users: list[dict[str, str]], column: str) -> dict[str, dict[str, float]]:
    """Import a table as Moodle does, mapped from a column; return the marks by user name and grade item.

    users: Moodle's accounts, with `Username`, `ID number` and `Email address`, compared letter by letter.
    """
    rows = table(content)
    no_formulas(rows)
    assert column in ("ID number", "Email address", "Username")
    known, marks = rows[0].index(column), {}
    for row in rows[1:]:
        assert row[known], "Moodle would give this line to the person of the line before"
        (user,) = [each for each in users if each[column] == row[known]]  # else the whole import is ended
        for item, value in zip(rows[0], row, strict=True):
            if item not in (column, "Full name") and value not in ("", "-"):
                assert "," not in value and 0 <= float(value) <= 100  # 100: unless the site allows more
                assert item not in marks.setdefault(user["Username"], {}), "a line more for the same person"
                marks[user["Username"]][item] = float(value)
    return marks


def into_canvas(content: bytes, users: list[dict[str, str]], assignments: dict[str, float]) -> tuple[dict, dict]:
    """Import a table as Canvas does; return the marks by login and column, and the assignments with their points.

    users: with `ID`, `SIS Login ID` and `Student`. assignments: those that are there, as `Title (number)`, with points.
    """
    rows = table(content)
    no_formulas(rows)
    header = rows[0]
    assert len(header) > 3 and "Student" in header[0] and "ID" in header[1]
    information = 3
    if header[2] == "SIS Login ID":
        information += 1
    elif header[2:4] == ["SIS User ID", "SIS Login ID"]:
        information += 2 + (header[4] == "Integration ID")
        information += header[information - 1] == "Root Account"
    assert header[information - 1] == "Section"
    columns = header[information:]
    points, marks = dict(assignments), {}
    assert "Points Possible" in rows[1][0]
    for title, value in zip(columns, rows[1][information:], strict=True):
        points[title] = float(value)
    for row in rows[2:]:
        assert "Points Possible" not in row[0]
        (user,) = [each for each in users if each["ID"] == row[1]]
        for title, value in zip(columns, row[information:], strict=True):
            if value:
                assert 0 <= float(value) <= points[title]
                assert title not in marks.setdefault(user["SIS Login ID"], {})
                marks[user["SIS Login ID"]][title] = float(value)
    return marks, points


def feedback_into_moodle(content: bytes, participants: dict[int, str]) -> dict[str, list[bytes]]:
    """Return which pages Moodle gives to whom; participants: the accounts by their numbers in the assignment."""
    given: dict[str, list[bytes]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        assert len(set(names)) == len(names)
        for name in names:
            folder, _, file = name.rpartition("/")
            assert not file.startswith((".", "~")) and ".." not in name.split("/") and not name.startswith("/")
            pieces = folder.split("_", 4)
            assert len(pieces) >= 4 and pieces[1].isdecimal() and pieces[2:4] == ["assignsubmission", "file"]
            given.setdefault(participants[int(pieces[1])], []).append(zipped.read(name))
    return given
