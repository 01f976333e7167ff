"""Tables of marks, the marks that a person gives, and the summary; what is kept of each result."""

import contextlib
import csv
import io
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from classroom.likeness import part_of, told
from classroom.release import Sorry


def total(part: dict) -> float:
    """Return the marks of a part: what a person gave, or else what the tests gave."""
    return (part["by_hand"] if part["by_hand"] is not None else part["auto"]) or 0.0


#: What may stand before a formula: what a spreadsheet may take for a separator, blanks and quotes.
BEFORE_FORMULA = re.compile(r"([;,|\s\"]+)('?)([=+\-@＝＋－＠]?)")


def guarded(text: str, guard: str = "'") -> str:
    """Return a text in which no cell begins like a formula, whatever is taken for a separator; guard='' undoes it."""

    def mark(found: re.Match) -> str:
        blanks, before, formula = found.groups()
        begins = formula and (found.start() == 0 or set(blanks) & set(";,|\t\r\n"))
        return f"{blanks}{guard}{formula}" if begins else blanks + before + formula

    return BEFORE_FORMULA.sub(mark, "\n" + text)[1:]


def write_table(path: Path, rows: list[list[object]]) -> None:
    """Write a CSV that spreadsheets read; a text that holds a formula, for any of their separators, stays a text."""
    safe = [[guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        csv.writer(file).writerows(safe)


def write_marks(records: dict[str, dict], marks: Path) -> None:
    """Write a table of marks for each assignment: a line for each person, so two for the notebook of a pair."""
    now = {table_of(record["assignment"]) for record in records.values()}
    for old in marks.glob("marks_*.csv"):  # of files that others have replaced
        if old.name not in now:
            with contextlib.suppress(OSError):  # another program holds it
                old.unlink()
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
            for person in record.get("people", [record["student"]]):  # none in what could not be read
                rows.append([person, *each, *sums, waits, " ".join(record["notes"]), record["file"], key])
        write_table(marks / table_of(assignment), rows)


def table_of(assignment: str) -> str:
    """Return the name of the table of an assignment's marks; of what is none, when it is empty."""
    return f"marks_{assignment or 'not_graded'}.csv"


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
    mine = [{name: value or "" for name, value in row.items() if isinstance(name, str)} for row in rows]
    return [{name: guarded(value, "").strip() for name, value in row.items()} for row in mine]


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


def summary(records: dict[str, dict]) -> str:
    """Return what was got right and wrong, part by part, and what to look at."""
    lines = []
    for assignment in sorted({record["assignment"] for record in records.values()} - {""}):
        mine = [record for record in records.values() if record["assignment"] == assignment]
        graded = [record for record in mine if record["marks"]]
        lines += [f"{assignment}: {len(graded)} graded of {len(mine)}", ""]
        for part in sorted({part for record in graded for part in record["marks"]}):
            lines += part_summary(part, [record for record in graded if part in record["marks"]])
        lines += told(graded)
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
