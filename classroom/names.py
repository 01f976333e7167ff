"""A list of students' names: read from a file, made into names of folders, and found again in what was handed in."""

import csv
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from classroom.release import Sorry

#: What the column of names is called in a table, in small letters; or two columns, first and last name.
ONE_COLUMN = ("name", "full name", "student", "vollständiger name", "nom complet", "nombre completo")
TWO_COLUMNS = (("first name", "last name"), ("first name", "surname"), ("vorname", "nachname"))
#: No folder may be called so on Windows.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
LONGEST = 60


def folder_of(name: str) -> str:
    """Return a name as a folder can be called on any system: its letters and digits; empty when it has none."""
    plain = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", name)).strip("_")[:LONGEST].rstrip("_")
    return f"{plain}_" if RESERVED.fullmatch(plain) else plain


def same_name(name: str) -> str:
    """Return what two spellings of a name have in common: small letters, no signs, no blanks."""
    return unicodedata.normalize("NFKC", folder_of(name)).casefold().strip("_")


def in_table(text: str, path: Path) -> list[str]:
    """Return the names in a table: of the column that is called so, or of a first and a last name."""
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=separator) if any(map(str.strip, row))]
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    columns = [(each,) for each in ONE_COLUMN] + list(TWO_COLUMNS)
    places = next(([header.index(each) for each in names] for names in columns if set(names) <= set(header)), None)
    if places is None:
        raise Sorry(f"{path}: no column is called `name`, nor two `first name` and `last name`: please name one so.")
    if {"id", "section"} <= set(header):  # Canvas's export: rows without an ID say what its columns mean
        at = header.index("id")
        rows = [rows[0], *(row for row in rows[1:] if at < len(row) and row[at].strip().isdecimal())]
    return [" ".join(row[place].strip() for place in places if place < len(row)).strip() for row in rows[1:]]


def names_in(path: Path) -> dict[str, str]:
    """Return the names in a file (.csv: a table; else one a line, `#` begins a remark), each by its folder's name.

    Raises Sorry when it cannot be read, or when names are empty or cannot be told from each other.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8: please save it so"
        raise Sorry(f"The list of names {path} cannot be read ({why}).") from None
    table = path.suffix.lower() == ".csv"
    lines = (line.strip() for line in text.splitlines())
    names = in_table(text, path) if table else [line for line in lines if line and not line.startswith("#")]
    problems, students, before = [], {}, {}
    for number, name in enumerate(names, 1):
        folder, key = folder_of(name), same_name(name)
        if not folder:
            problems.append(f"  name {number}: {name!r} has no letter and no digit.")
        elif key in before:
            problems.append(f"  name {number}: {name!r} and {before[key]!r} would be one folder: add a number to one.")
        else:
            students[folder] = before[key] = name
    if problems or not students:
        raise Sorry(
            "\n".join([f"{path}: please look at these names.", *problems] if problems else [f"{path}: no name."])
        )
    return students


def found_in(name: str, students: Iterable[str]) -> str:
    """Return which of these folders' names a student's name is, however it is spelled; empty when it is none."""
    return next((each for each in students if same_name(each) == same_name(name)), "")
