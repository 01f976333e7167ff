"""The verb `race` of course.py, for instructors: the class's own race of notebook 08.

python3 course.py race FOLDER    joins the files of all who take part, and opens the test set once, for all

Each file holds what one network answers to the validation digits and to the test digits. Nobody has counted the second
before. The table is FOLDER/race.csv; where it stands already, the test set stays shut.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classroom.marks import write_table
from classroom.release import Sorry
from helpers.mnist import VALIDATION_SIZE, load_mnist, split_validation

TABLE = "race.csv"
LARGEST_BYTES = 100_000
#: How many digits each of the two answers must have.
DIGITS = {"validation": VALIDATION_SIZE, "test": 10_000}


class Entry(NamedTuple):
    """What one who takes part handed in: the answers are uint8, 0 to 9, one for each digit of the set."""

    file: str
    name: str
    network: str
    validation: np.ndarray
    test: np.ndarray


def read_result(path: Path) -> Entry:
    """Read a file that section 8.10 of notebook 08 wrote. Raises Sorry, with a sentence, when it is not such a file."""
    advice = "Ask for it again: the cell of notebook 08, section 8.10, writes it."
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError("it is larger than such a file can be")
        said = json.loads(path.read_text(encoding="utf-8"))
        name, network = (" ".join(str(said.get(key, "")).split())[:60] for key in ("name", "network"))
        if not name:
            raise ValueError("it has no name")
        for key, number in DIGITS.items():
            if not re.fullmatch(rf"[0-9]{{{number}}}", str(said.get(key, "")), re.ASCII):
                raise ValueError(f"it does not have {number:,} answers to the {key} digits")
    except (OSError, ValueError, AttributeError, RecursionError) as problem:
        reason = str(problem) if type(problem) is ValueError else "it cannot be read as JSON"
        raise Sorry(f"{path.name} is no entry: {reason}. {advice}") from None
    answers = (np.frombuffer(said[key].encode("ascii"), np.uint8) - ord("0") for key in DIGITS)
    return Entry(path.name, name, network, *answers)


def read_entries(folder: Path) -> list[Entry]:
    """Return what all handed in. Raises Sorry, with a line for each problem: then nothing may be opened yet."""
    if not folder.is_dir():
        raise Sorry(f"There is no folder {folder}.")
    entries, problems, files_of = [], [], defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        try:
            entries.append(read_result(path))
            files_of[entries[-1].name.casefold()].append(path.name)
        except Sorry as told:
            problems.append(str(told))
    for files in files_of.values():
        if len(files) > 1:
            problems.append(f"{' and '.join(files)} have the same name in them: one entry each, please.")
    if not entries and not problems:
        problems.append(f"No entries lie in {folder}: put the files there that notebook 08 wrote (section 8.10).")
    if problems:
        raise Sorry("\n".join([*problems, "The test set stays shut until this is put right."]))
    return entries


def standing(entries: list[Entry]) -> list[list[object]]:
    """Count all entries; return a row each: place, name, network, mistakes on validation and on test digits.

    The place is by the validation digits; entries with as many mistakes share it.
    """
    (x, y), (_, y_test) = load_mnist()
    _, (_, y_validation) = split_validation(x, y)
    counted = [(int(np.sum(e.validation != y_validation)), e, int(np.sum(e.test != y_test))) for e in entries]
    counted.sort(key=lambda each: (each[0], each[1].name.casefold()))
    places = {wrong: sum(other < wrong for other, *_ in counted) + 1 for wrong, *_ in counted}
    return [[places[wrong], e.name, e.network, wrong, on_test] for wrong, e, on_test in counted]


def report(rows: list[list[object]]) -> str:
    """Return the table as text, and below it what became of those who won by the validation digits."""
    lines = [f"{'place':>5}  {'validation':>10}  {'test':>5}  name"]
    lines += [f"{place:>5}  {wrong:>10}  {on_test:>5}  {name}" for place, name, _, wrong, on_test in rows]
    on_test = np.array([row[4] for row in rows])
    won = np.array([row[0] == 1 for row in rows])
    twice = 2 * rows[0][3]  # there are twice as many test digits
    lines += ["", f"The winner missed {rows[0][3]} of 5,000 validation digits: {twice} of 10,000, if it went on so."]
    lines += [f"On the 10,000 test digits: {', '.join(map(str, on_test[won]))}. All in the mean: {on_test.mean():.1f}."]
    better = int(np.sum(on_test < on_test[won].min()))
    lines += [f"Of {len(rows)} who took part, {better} missed fewer test digits than the winner."]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("course.py race", description="Join a class's race, and open the test set once.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files of all who take part lie")
    folder = parser.parse_args(arguments).folder
    try:
        if (folder / TABLE).exists():
            raise Sorry(f"The test set was opened for this race already: its table is {folder / TABLE}.")
        rows = standing(read_entries(folder))
        titles = ["place", "name", "network", "wrong of 5,000 validation digits", "wrong of 10,000 test digits"]
        write_table(folder / TABLE, [titles, *rows])
    except Sorry as told:
        print(told)
        return 1
    print(report(rows))
    print(f"The table is {folder / TABLE}. The test set has now been opened for this race: it counts once.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
