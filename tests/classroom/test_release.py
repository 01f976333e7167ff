"""Releases of the assignments: what a term draws, what stands in the repository, and what is refused."""

import json
import os
import random
import re
import subprocess
import sys

import numpy as np
import pytest

from classroom import apart, marks
from classroom import release as tool
from classroom.measure import MEASURES, SEEDS, made_by, to_measure
from helpers import ROOT
from helpers.exercises import assignment as limits
from tests.classroom.terms import ASSIGNMENTS, INSTRUCTOR, NUMBERS, course_py, most, source
from tests.classroom.test_grade import cells

MEASURED = json.loads(tool.MEASURED.read_text(encoding="utf-8"))["parts"]


def test_the_goals_lie_four_standard_deviations_below_what_30_seeds_reached():
    assert list(MEASURED) == [tool.measured_as(*each) for each in to_measure()] and len(SEEDS) == 30
    for name, kind in to_measure():
        measured = MEASURED[tool.measured_as(name, kind)]
        reached = np.array(measured["reached"])
        assert len(reached) == 30
        assert np.isclose(reached.mean(), measured["mean"], atol=1e-4)
        assert np.isclose(reached.std(ddof=1), measured["sd"], atol=1e-4)
        draw = tool.TERM_NUMBERS[MEASURES[name].assignment]["GOAL"]
        for seed in range(50):
            assert draw(random.Random(seed), {MEASURES[name].part: kind}) <= reached.mean() - 4 * reached.std(ddof=1)
        assert measured["hash"] == made_by(name, kind), "please run `python -m classroom.measure`"


def test_a_term_is_drawn_from_its_seed_alone():
    assert tool.draw_numbers("one") == tool.draw_numbers("one") != tool.draw_numbers("two")
    for assignment in ASSIGNMENTS:
        one, again, two = (tool.source_of(assignment, seed, NUMBERS[assignment]) for seed in ("one", "one", "two"))
        seeds = [re.findall(r"seed=(\d{9})", "".join(cell.source for cell in each.cells)) for each in (one, again, two)]
        assert seeds[0] == seeds[1] and not set(seeds[0]) & set(seeds[2])
        assert len(set(seeds[0])) == len(seeds[0]) == len(most(assignment))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_worked_solution_is_the_sources_and_ran_without_an_error(assignment):
    stored = tool.read_notebook(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb")
    made = tool.solved(tool.practice_sources()[assignment])
    renew = "please run `python3 course.py coursework --practice`"
    assert [cell.source for cell in stored.cells] == [cell.source for cell in made.cells], renew
    kinds = {output.output_type for cell in stored.cells for output in cell.get("outputs", [])}
    assert kinds <= {"stream", "display_data", "execute_result"}
    checks = [cell for cell in stored.cells if cell.cell_type == "code" and re.search(r"^check\.", cell.source, re.M)]
    assert len(checks) == len(most(assignment))
    assert all("✓" in tool.printed(cell) for cell in checks)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_practice_version_tells_nothing(assignment):
    practice = tool.read_notebook(tool.COURSEWORK / "practice" / f"{assignment}.ipynb")
    text = "\n".join(cell.source for cell in practice.cells)
    assert not [line for line in tool.secrets_of(source(assignment)) if line in text]
    assert "HIDDEN" not in text and "SOLUTION" not in text and "return ..." in text


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_table_of_marks_is_that_of_the_cells(assignment):
    cells = source(assignment).cells
    table = dict(re.findall(r"^\| (\d\.\d) \|[^|]+\| (\d+) \|", cells[0].source, re.MULTILINE))
    about = [cell.metadata["nbgrader"] for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert {marks.part_of(each["grade_id"]): str(each["points"]) for each in about} == table
    assert f"**{sum(map(int, table.values()))}**" in cells[0].source


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows closes folders in another way")
def test_a_release_is_closed_to_the_other_users_of_the_machine(release):
    assert release.stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_a_release_that_tells_too_much_or_does_not_run_is_not_written(release, monkeypatch):
    monkeypatch.setenv("COURSE_PYTHON", sys.executable)
    notebook = source("1_the_data")
    with pytest.raises(tool.Sorry, match="should not"):
        tool.check_secrets("1", tool.solved(notebook), notebook)
    with pytest.raises(tool.Sorry, match="does not run"):
        tool.check_untouched("1", cells("a: 1 / 0"))
    with pytest.raises(tool.Sorry, match="should say so"):
        tool.check_untouched("1", cells("part_1: print('✓')"))


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments, told",
    [
        (["coursework", "--seed", "x", "--out", ROOT / "tests"], "not empty"),
        (["grade", "--release", ROOT / "tests", ROOT / "tests"], "is no release"),
    ],
)
def test_a_wrong_folder_is_told(release, arguments, told):
    done = course_py(*arguments)
    assert done.returncode == 1 and told in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_each_number_of_a_model_answer_stands_in_an_output_above_it():
    for assignment in ASSIGNMENTS:
        printed = ""
        for cell in tool.read_notebook(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb").cells:
            printed += "".join(output.get("text", "") for output in cell.get("outputs", []))
            if cell.source.startswith("**A model answer.**"):
                percentages = re.findall(r"[\d.]+ ?%", cell.source.replace("95 % interval", ""))
                missing = [each for each in percentages if each.replace(" ", "") not in printed]
                assert not missing, f"{assignment}: {missing} is not printed above"


@pytest.mark.parametrize(
    ("assignment", "least", "most_words"), [("3_train_and_report", 150, 250), ("5_pages_of_numbers", 300, 400)]
)
def test_the_model_report_keeps_to_its_length(assignment, least, most_words):
    cells = tool.read_notebook(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb").cells
    (report,) = [cell.source for cell in cells if "**A model answer.**" in cell.source]
    assert least <= len(report.removeprefix("**A model answer.**").split()) <= most_words


@pytest.mark.skipif(not (INSTRUCTOR / "installed").exists(), reason="grading is not installed")
def test_nbgrader_makes_its_database_without_the_script_of_alembic(tmp_path):
    """Its first line names the folder that it was installed in: none by that name, or one with a `$`, runs nothing."""
    code = """import sys
from pathlib import Path
from classroom.release import nbgrader
with nbgrader(Path(sys.argv[1])).gradebook as book:
    print(book.db.execute(__import__("sqlalchemy").text("SELECT version_num FROM alembic_version")).scalar())
"""
    python = INSTRUCTOR / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environ = os.environ | {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [str(python), "-P", "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch("[0-9a-f]{12}\n", done.stdout)


def test_the_limits_that_the_assignments_tell_are_those_of_grading():
    assert (limits.MOST_SECONDS, limits.MOST_GB) == (apart.CELL_SECONDS, apart.MEMORY_GB)
    slow = {"1_the_data": "part-1-4", "2_convolution_and_counting": "part-2-5"}
    slow |= {"3_train_and_report": "part-3-4", "4_your_handwriting": "part-4-3"}
    for name, place in slow.items():
        texts = [cell.source for cell in tool.read_notebook(tool.SOURCES / f"{name}.ipynb").cells if place in cell.id]
        assert texts and all("after 90 seconds" in text and "more than 4 GB" in text for text in texts)
