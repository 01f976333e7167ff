"""Zips that are handed in: of one submission, of a class, and of somebody who means harm. Each file gets a row."""

import io
import os
import random
import shutil
import stat
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import nbformat
import pytest

from classroom import archives, submissions
from classroom import grade as grading
from classroom.sample_class import answered
from helpers import CourseError
from helpers.exercises import packing
from tests.classroom.conftest import grade_quickly
from tests.classroom.test_grade import ODD, PRACTICE, changed, table

GOOD = changed(lambda notebook, cell: None)
OTHER = changed(lambda notebook, cell: cell.update(source="x = 1"))
SECOND = nbformat.writes(PRACTICE["2_convolution_and_counting"]).encode()


def packed(*files, method=zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these names (or ZipInfo) and contents."""
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", method) as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def link(name: str, to: str) -> tuple[zipfile.ZipInfo, str]:
    """Return an entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, to


def locked(content: bytes) -> bytes:
    """Return a zip whose entries say that they are encrypted, here and in the index."""
    changed = bytearray(content)
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            changed[at + flags] |= 1
            at = content.find(sign, at + 1)
    return bytes(changed)


def lies(content: bytes, size: int) -> bytes:
    """Return a zip that says of its first entry that it is so large, here and in the index."""
    changed = bytearray(content)
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(sign) + at
        changed[place : place + 4] = struct.pack("<I", size)
    return bytes(changed)


def with_index(length: int) -> bytes:
    """Return an archive that says that its index is so long, and is."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, length, 0, 0)
    return b"PK\x01\x02" * (length // 4) + end


def handed_in(folder: Path, content: bytes, name="anna_1_the_data.zip") -> list[submissions.Submission]:
    (folder / name).write_bytes(content)
    return submissions.submitted(folder, PRACTICE)


# --- One submission ------------------------------------------------------------------------------------------------


def test_what_hand_in_packs_is_the_notebook_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "run_a_copy", lambda *arguments: {})
    (tmp_path / "in").mkdir()
    path = tmp_path / "Zoë Müller 1_the_data.ipynb"
    path.write_bytes(GOOD)
    packing.pack_up(path, lambda line: None)
    (made,) = tmp_path.glob("*.zip")
    shutil.copy(made, tmp_path / "in")
    (zipped,) = submissions.submitted(tmp_path / "in", PRACTICE)
    with zipfile.ZipFile(made) as archive:  # as some browsers do with a download
        archive.extractall(tmp_path / "in" / "Zoë Müller")
    os.unlink(tmp_path / "in" / made.name)
    (bare,) = submissions.submitted(tmp_path / "in", PRACTICE)
    assert zipped.notebook == bare.notebook and not zipped.problem and not zipped.notes
    assert zipped.student == bare.student == "Zoë Müller" and zipped.assignment == bare.assignment == "1_the_data"


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_notebook_is_packed_as_it_is_or_its_problem_told(tmp_path, monkeypatch, odd):
    monkeypatch.setattr(packing, "run_a_copy", lambda *arguments: {})
    path = tmp_path / "anna_1_the_data.ipynb"
    path.write_bytes(changed(ODD[odd]))
    try:
        assert "Upload this" in packing.pack_up(path, lambda line: None)
    except CourseError as told:
        assert "\n" not in str(told) and not list(tmp_path.glob("*.zip"))
        return
    with zipfile.ZipFile(next(tmp_path.glob("*.zip"))) as archive:
        assert archive.read(path.name) == path.read_bytes()


@pytest.mark.parametrize(
    ("place", "student"),
    [
        ("anna/hand in.zip", "anna"),
        ("anna_1_the_data (2).zip", "anna"),
        ("Anna Schmidt_4711_assignsubmission_file_/1_the_data.zip", "Anna Schmidt"),
        ("Anna Schmidt_4711_assignsubmission_file_1_the_data.zip", "Anna Schmidt"),
        ("schmidtanna_LATE_123_4567_my_1_the_data.zip", "schmidtanna"),
        ("schmidtanna_123_4567_1_the_data-1.zip", "schmidtanna"),
    ],
)
def test_the_name_of_a_zip_tells_the_student_as_that_of_a_notebook_does(tmp_path, place, student):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (got,) = handed_in(tmp_path, packed(("inner/1_the_data.ipynb", GOOD)), place)
    assert (got.student, got.problem, got.file) == (student, "", place)


def test_of_several_notebooks_the_topmost_and_newest_is_taken_and_that_is_told(tmp_path):
    old, new = (
        zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)) for name, year in (("old.ipynb", 2024), ("new.ipynb", 2025))
    )
    deep = zipfile.ZipInfo("deep/newest.ipynb", (2026, 1, 1, 0, 0, 0))
    (got,) = handed_in(tmp_path, packed((old, OTHER), (new, GOOD), (deep, OTHER), ("bad.ipynb", "{")))
    assert got.notebook == submissions.notebook_in(GOOD)
    told = " ".join(got.notes)
    assert "`new.ipynb` was taken from the archive, and not `old.ipynb`" in told and "not `deep/newest.ipynb`" in told
    assert "`bad.ipynb` in the archive: The file cannot be read as a notebook" in told
    assert grading.empty_record(got)["notes"] == list(got.notes)


def test_two_assignments_in_one_zip_are_two_submissions(tmp_path):
    found = handed_in(tmp_path, packed(("1.ipynb", GOOD), ("2.ipynb", SECOND)), "anna.zip")
    assert sorted(each.assignment for each in found) == ["1_the_data", "2_convolution_and_counting"]
    assert len({each.key for each in found}) == 2 and {each.student for each in found} == {"anna"}


def test_what_systems_add_is_passed_over(tmp_path):
    more = ("__MACOSX/._1.ipynb", ".ipynb_checkpoints/1-checkpoint.ipynb", "Thumbs.db", packing.PAGE)
    (got,) = handed_in(tmp_path, packed(("1.ipynb", GOOD), *((name, "x") for name in more)))
    assert not got.problem and not got.notes


# --- Harm and damage -----------------------------------------------------------------------------------------------

BOMB = packed(("1.ipynb", bytes(150_000_000)))
HARM = {
    "nothing in it": (packed(), "no notebook"),
    "no notebook": (packed(("essay.pdf", b"%PDF")), "no notebook"),
    "cut": (packed(("1.ipynb", GOOD))[:-100], "damaged"),
    "no archive": (b"PK\x03\x04" + bytes(1000), "damaged"),
    "no bytes": (b"", "empty"),
    "garbled": (packed(("1.ipynb", GOOD)).replace(zlib.compress(GOOD)[20:60], b"x"), "damaged"),
    "a bomb": (BOMB, "larger than 100 MB"),
    "a bomb that says it is small": (lies(BOMB, 1000), "damaged"),
    "two halves of a bomb": (packed(*((f"{n}.ipynb", bytes(70_000_000)) for n in (1, 2))), "larger than 100 MB"),
    "claims": (lies(packed(("1.ipynb", GOOD)), 4_000_000_000), "larger than 100 MB"),
    "locked": (locked(packed(("1.ipynb", GOOD))), "password"),
    "lzma": (packed(("1.ipynb", GOOD), method=zipfile.ZIP_LZMA), "unusual way"),
    "a link": (packed(link("1.ipynb", "/etc/passwd")), "link to another file"),
    "in a zip": (packed(("a.zip", packed(("1.ipynb", GOOD)))), "was not opened (`a.zip`)"),
    "many files": (packed(*((f"{n}.txt", "") for n in range(archives.MOST_FILES + 1))), "more than 5,000 files"),
    "a huge index": (with_index(40_000_000), "far too many files"),
    "a name that is no text": (packed(("ä.ipynb", GOOD)).replace("ä".encode(), b"\xff\xff"), "damaged"),
}


@pytest.mark.parametrize("harm", HARM)
def test_what_cannot_be_opened_is_told_in_one_row(tmp_path, harm):
    content, told = HARM[harm]
    (got,) = handed_in(tmp_path, content)
    assert got.notebook is None and told in got.problem, got.problem
    assert (got.student, got.file) == ("anna", "anna_1_the_data.zip")


OUTSIDE = ["../../../slip.ipynb", "/tmp/slip.ipynb", "C:\\slip.ipynb", "..\\slip.ipynb", "a/../../slip.ipynb"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_read_where_it_is_and_told(tmp_path, name):
    (tmp_path / "in").mkdir()
    (got,) = handed_in(tmp_path / "in", packed((name, GOOD)))
    assert not got.problem and "outside of itself" in got.notes[0] and "please look" in got.notes[0]
    assert [each.name for each in tmp_path.rglob("*")] == ["in", "anna_1_the_data.zip"], "nothing is unpacked"


@pytest.mark.parametrize(
    "name", ["\x1b[2J\n.ipynb", "con.ipynb", "a" * 60_000 + ".ipynb", "aux\\..ipynb", "\u202egnp.ipynb", "x\0.ipynb"]
)
def test_odd_names_are_told_as_they_can_be_printed(tmp_path, name):
    entry = zipfile.ZipInfo("x.ipynb")
    entry.filename = name
    for got in handed_in(tmp_path, packed((entry, GOOD), ("z.ipynb", OTHER), (entry, "{"))):
        assert all(each.isprintable() and len(each) < 500 for each in (*got.notes, got.file, got.problem))
        assert not got.problem


def test_a_thousand_damaged_archives_are_a_thousand_rows(tmp_path):
    """Bytes are changed, cut out and put in anywhere."""
    rng, good = random.Random(20), packed(("1.ipynb", b'{"cells": []}'), ("b/2.ipynb", b"{"))
    for _ in range(1000):
        content = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(content))
            content[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        got = submissions.handed_in_as(Path("anna.zip"), bytes(content), "", PRACTICE)
        assert len(got) == 1 and got[0].problem


# --- A class -------------------------------------------------------------------------------------------------------


def test_the_zip_of_a_class_is_what_its_folder_would_be(tmp_path):
    files = {
        "Anna Schmidt_4711_assignsubmission_file_/anna_1_the_data.zip": packed(("1.ipynb", GOOD)),
        "Ben Öz_4712_assignsubmission_file_/1_the_data.ipynb": GOOD,
        "Cleo_4713_assignsubmission_file_/essay.pdf": b"%PDF",
        "Dora_4714_assignsubmission_file_/bomb.zip": BOMB,
        "Emil_4715_assignsubmission_file_/locked.zip": locked(packed(("1.ipynb", GOOD))),
        "Fay_4716_assignsubmission_file_/cut.zip": packed(("1.ipynb", GOOD))[:500],
    }
    path = tmp_path / "class.zip"
    path.write_bytes(packed(*files.items()))
    for name, content in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True)
        (tmp_path / "folder" / name).write_bytes(content)
    from_zip, from_folder = (submissions.submitted(each, PRACTICE) for each in (path, tmp_path / "folder"))
    assert from_zip == from_folder and len(from_zip) == len(files)
    assert [each.student for each in from_zip] == ["Anna Schmidt", "Ben Öz", "Cleo", "Dora", "Emil", "Fay"]
    assert [bool(each.problem) for each in from_zip] == [False, False, True, True, True, True]


def test_in_a_class_each_file_gets_a_row_whatever_it_is(tmp_path):
    names = ["../anna.ipynb", "ben.ipynb", "ben.ipynb", "/cleo.ipynb", "C:\\dora\\1.ipynb"]
    content = packed(*((name, GOOD) for name in names), ("ben.ipynb", OTHER), link("emil.ipynb", "/etc/passwd"))
    (tmp_path / "class.zip").write_bytes(content)
    found = submissions.submitted(tmp_path / "class.zip", PRACTICE)
    assert sorted(each.student for each in found) == ["anna", "ben", "ben", "ben", "cleo", "dora", "emil"]
    assert len({each.key for each in found}) == 7
    assert next(each.problem for each in found if each.student == "emil").startswith("This file is a link")


def test_a_students_zip_holds_nothing_in_the_name_of_others(tmp_path):
    """Only the instructor can say that a zip is that of a class, by naming it."""
    forged = packed(*((f"{name}_1_assignsubmission_file_/1_the_data.ipynb", OTHER) for name in ("Ben", "Cleo")))
    found = handed_in(tmp_path, forged)
    assert {each.student for each in found} == {"anna"} and len(found) == 1


def test_a_name_from_a_mac_is_read_as_it_was_meant(tmp_path):
    """Finder writes UTF-8 and does not say so."""
    content = packed(("Zo\u00eb/1_the_data.ipynb", GOOD))
    for sign, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = content.index(sign) + flags
        content = content[:at] + bytes([content[at] & ~8]) + content[at + 1 :]
    (tmp_path / "class.zip").write_bytes(content)
    assert submissions.submitted(tmp_path / "class.zip", PRACTICE)[0].student == "Zoë"


def test_a_class_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "class.zip").write_bytes(b"PK")
    with pytest.raises(grading.Sorry, match="is damaged"):
        submissions.submitted(tmp_path / "class.zip", PRACTICE)


@pytest.mark.long
def test_zips_are_graded_as_notebooks_are(release, tmp_path):
    """A class's zip with good, mean and broken ones: the good one has its marks, and nothing ends the batch."""
    shutil.copytree(release, tmp_path / "release", ignore=shutil.ignore_patterns("marks"))
    good = answered(release, "1_the_data")
    calls = "from helpers.exercises.hand_in import hand_in\nhand_in()"
    again = answered(release, "1_the_data", trial=calls)
    again.cells[-1].source = "while True: pass"  # whatever was made of the cell that hands in
    again.cells.append(nbformat.v4.new_code_cell(calls))
    slip = packed(("../../slip.ipynb", nbformat.writes(good)))
    files = [("again.zip", packed(("a.ipynb", nbformat.writes(again)))), ("slip.zip", slip)]
    files += [(f"{harm.replace(' ', '_')}.zip", content) for harm, (content, _) in HARM.items()]
    (tmp_path / "class.zip").write_bytes(packed(*files))
    done = grade_quickly(tmp_path / "release", tmp_path / "class.zip")
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr
    rows = table(tmp_path / "release", "1_the_data")
    assert {name: float(row["marks"]) for name, row in rows.items()} == {"again": 20, "slip": 20}
    assert "please look" in rows["slip"]["remarks"] and "please look" not in rows["again"]["remarks"]
    assert set(table(tmp_path / "release", "not_graded")) == {harm.replace(" ", "_") for harm in HARM}
    assert not list(tmp_path.glob("slip*"))
