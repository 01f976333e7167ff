"""The instructor's guide keeps to the course: its pages, the marked exemplars, and the model answers."""

import ast
import json
import re
import shutil

import pytest

from classroom import marks
from classroom import release as tool
from classroom.exemplars import BLOCK, GUIDE, SOLUTIONS
from helpers import ROOT
from tests.classroom.terms import ASSIGNMENTS, source
from tests.test_notebooks import promise_of
from tools.run_notebooks import course_notebooks

PAGES = [tool.COURSEWORK / "README.md", *sorted(GUIDE.glob("*.md"))]
USES = {"explain", "help", "write", "language"}


def page(name: str) -> str:
    return (GUIDE / name).read_text(encoding="utf-8")


def sections(text: str, level: int) -> dict[str, str]:
    """Return the sections of a page by their headings, which have so many `#`."""
    parts = re.split(rf"^{'#' * level} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str, columns: int) -> list[list[str]]:
    """Return the rows of the tables in a text that have so many columns, without their heads."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    found = [row for row in found if len(row) == columns]
    rules = [number for number, row in enumerate(found) if set("".join(row)) <= set("-:")]
    return [row for number, row in enumerate(found) if number not in rules and number + 1 not in rules]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_of_the_guide_leads_to_a_file_and_every_page_is_linked(path):
    text = path.read_text(encoding="utf-8")
    targets = [each for each in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in each]
    assert targets and not [each for each in targets if not (path.parent / each).is_file()]
    assert path.stem == "README" or f"](guide/{path.name})" in PAGES[0].read_text(encoding="utf-8")


def test_each_notebook_has_three_misconceptions_with_a_question_and_both_answers():
    found = sections(page("misconceptions.md"), 2)
    links = [re.search(r"\]\(\.\./\.\./(.+)\)", heading)[1] for heading in found]
    assert links == [path.name for path in course_notebooks()]
    for heading, text in found.items():
        table = rows(text, 4)
        assert len(table) >= 3, heading
        assert len({row[0] for row in table}) == len(table) and all(len(cell) > 10 for row in table for cell in row), (
            heading
        )
        assert all(row[1].startswith('"') and "?" in row[1] for row in table), heading


def test_the_plan_names_every_notebook_once_in_order_with_its_minutes_and_every_assignment():
    text = page("plan.md")
    weeks = "\n".join(row[1] for row in rows(text, 5))
    named = re.findall(r"\]\(\.\./\.\./(\w+\.ipynb)\) \((\d+)\)", weeks)
    assert named == [(path.name, str(promise_of(path)[0])) for path in course_notebooks()]
    assert [row[0] for row in rows(text, 5)] == [str(week) for week in range(1, 13)]
    assert all(f"](../practice/{assignment}.ipynb)" in text for assignment in ASSIGNMENTS)
    assert "over two weeks" in source("5_pages_of_numbers").cells[0].source
    assert sum("assignment 5, " in row[2] for row in rows(text, 5)) == 2


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_policy_on_assistants_covers_each_part_and_has_two_questions(assignment):
    text = page("ai_policy.md")
    parts = dict(re.findall(r"^\| (\d\.\d) \| ([^|]+) \| \d+ \|", source(assignment).cells[0].source, re.MULTILINE))
    covered = {row[0]: row[1:] for row in rows(text, 4)}
    for part, title in parts.items():
        assert covered[part][0] == title.strip() and covered[part][1] in USES and covered[part][2], part
    assert not [part for part in covered if part[0] == assignment[0] and part not in parts]
    talk = sections(text, 3)[f"Assignment {assignment[0]}"]
    assert len(re.findall(r'^\*\*"[^*]+"\*\*', talk, re.MULTILINE)) == 2
    assert [len(re.findall(told, talk)) for told in (r"A\s+good\s+answer", r"A\s+poor\s+one")] == [2, 2]


def rubrics() -> dict[str, list[tuple[str, float]]]:
    """Return the rubric of each part that a person marks and that has exemplars: its lines, and the marks of each."""
    found = {}
    for assignment in SOLUTIONS.values():
        for cell in source(assignment).cells:
            part = re.match(r"## (\d\.\d) .*by a person\)", cell.source)
            if part:
                found[part[1]] = [(line, float(most)) for line, most in rows(cell.source, 2)]
    return found


RUBRICS = rubrics()


def exemplars() -> dict[tuple[str, str], tuple[str, str]]:
    """Return each exemplar by its part and its grade: its own text, and the page up to its end."""
    found = {}
    for name in SOLUTIONS:
        text = page(name)
        for heading, section in sections(text, 2).items():
            for title, own in sections(section, 3).items():
                found[heading[:3], title] = own, text[: text.index(own) + len(own)]
    return found


EXEMPLARS = exemplars()


def test_a_rubrics_lines_add_up_to_the_parts_marks():
    assert set(RUBRICS) >= {"3.5", "3.6", "4.4", "4.5"}
    for part, lines in RUBRICS.items():
        (most,) = re.findall(
            rf"^\| {part} \|[^|]+\| (\d+) \|", "\n".join(source(a).cells[0].source for a in ASSIGNMENTS), re.M
        )
        assert sum(most for _, most in lines) == float(most)


@pytest.mark.parametrize("part", RUBRICS)
def test_there_are_three_exemplars_whose_marks_keep_to_the_rubric_and_add_up(part):
    grades, totals = [], []
    for (of, title), (text, _) in EXEMPLARS.items():
        if of == part:
            grade, got, most = re.fullmatch(r"(\w+): ([\d.]+) of (\d+)", title).groups()
            table = rows(text, 4)
            assert [(line, float(most)) for line, most, _, _ in table] == RUBRICS[part], "the rubric's own lines"
            assert all(0 <= float(mine) <= float(most) and why for _, most, mine, why in table)
            assert sum(float(mine) for _, _, mine, _ in table) == float(got) <= float(most)
            assert float(most) == sum(most for _, most in RUBRICS[part])
            grades, totals = [*grades, grade], [*totals, float(got)]
    assert grades == ["Weak", "Middling", "Good"] and totals == sorted(set(totals))
    assert totals[0] < 0.4 * float(most) < 0.8 * float(most) <= totals[2]


def numbers_in(text: str) -> set[str]:
    """Return the shares and the p-values that a text gives; 0.9592 is 95.92%."""
    shares = [f"{float(each):.2%}" for each in re.findall(r"\b0\.\d{4}\b", text)]
    return {each.replace(" ", "") for each in re.findall(r"\d[\d.]* ?%|p = [\d.e-]*\d", text)} | set(shares)


@pytest.mark.parametrize("key", EXEMPLARS, ids=lambda key: "-".join(key))
def test_the_numbers_of_an_exemplar_are_those_that_its_code_printed(key):
    own, before = EXEMPLARS[key]
    for found in BLOCK.finditer(own):
        ast.parse(found[1])
        assert "```text" in found[0], "please run `python -m classroom.exemplars`"
    prose = "\n".join(re.findall(r"^>.*", own, re.MULTILINE)).replace("95 % interval", "")
    printed = numbers_in("\n".join(re.findall(r"^```text\n(.*?)^```", before, re.MULTILINE | re.DOTALL)))
    assert numbers_in(prose) <= printed


def words(text: str) -> int:
    return len(re.sub(r"^> ?", "", text, flags=re.MULTILINE).split())


def test_the_exemplars_of_the_report_show_what_its_length_is():
    reports = ["\n".join(re.findall(r"^>.*", own, re.M)) for (part, _), (own, _) in EXEMPLARS.items() if part == "3.6"]
    weak, middling, good = map(words, reports)
    assert weak < middling < 150 <= good <= 250
    for count, (_, (own, _)) in zip((weak, middling), list(EXEMPLARS.items())[3:5], strict=True):
        assert f"{count} words" in own


# --- The model answers -----------------------------------------------------------------------------------------------


def worked(assignment: str, cell_id: str) -> tuple[str, str]:
    """Return the source of a cell of the worked solution, and all that is printed up to it."""
    printed = ""
    for cell in tool.read_notebook(tool.COURSEWORK / "solutions" / f"{assignment}.ipynb").cells:
        printed += "".join(output.get("text", "") for output in cell.get("outputs", []))
        if cell.id == cell_id:
            return cell.source, printed
    raise LookupError(cell_id)


@pytest.mark.parametrize(
    ("assignment", "cell", "wanted"),
    [
        ("3_train_and_report", "part_3_5", ("Question:", "Prediction:")),
        ("4_your_handwriting", "part_4_4", ("My change:", "reason")),
    ],
)
def test_a_model_experiment_says_in_its_docstring_what_it_asks_before_it_measures(assignment, cell, wanted):
    function = ast.parse(worked(assignment, cell)[0]).body[0]
    told = ast.get_docstring(function) or ""
    assert all(word in told for word in wanted) and len(told.split()) > 15 and "..." not in told


def test_the_model_experiment_prints_every_run_its_mean_its_deviation_and_p():
    _, printed = worked("3_train_and_report", "part_3_5")
    runs = re.findall(r"^batches of +(\d+) digits((?: +[\d.]+%){4}) +[\d.]+ points$", printed, re.MULTILINE)
    assert len(runs) == 2
    for _, shares in runs:
        *each, mean = (float(share) for share in re.findall(r"[\d.]+", shares))
        assert len(each) >= 3 and abs(sum(each) / len(each) - mean) < 0.011
    assert re.search(r"p = [\d.e-]+", printed)


def test_the_model_report_earns_the_lines_of_its_rubric():
    report, printed = worked("3_train_and_report", "part_3_6")
    assert 150 <= len(report.removeprefix("**A model answer.**").split()) <= 250
    assert numbers_in(report.replace("95 % interval", "")) <= numbers_in(printed)
    assert re.search(r"[\d.]+ % \(95 % interval [\d.]+ % to [\d.]+ %\)", report), "an accuracy with its interval"
    assert "standard deviation" in report and "p = " in report and "seed" in report
    assert "I predicted" in report and "my prediction was" in report
    assert "cannot claim" in report and "test digits" in report
    means = [float(each) for each in re.findall(r"([\d.]+)% +[\d.]+ points", printed)]
    (points,) = re.findall(r"That is ([\d.]+) points more", report)
    assert abs(float(points) - (means[1] - means[0])) < 0.006


def test_the_model_measurement_counts_gains_and_losses_with_intervals():
    _, printed = worked("4_your_handwriting", "part_4_4")
    before, after = (int(each) for each in re.findall(r"(\d+) of 20 right, 95 % interval \d+% to \d+%", printed))
    gained, lost = map(int, re.search(r"gained (\d+) and lost (\d+)", printed).groups())
    assert after - before == gained - lost and lost > 0
    assert "no honest test" in printed


def test_the_model_explanation_is_about_digits_that_were_misread():
    text, printed = worked("4_your_handwriting", "part_4_5")
    misread = set(re.findall(r"(\d as -?\d), (\d+)% sure", printed))
    explained = re.findall(r"\*\*(\d as \d), (\d+) % sure\*\*", text)
    assert len(explained) >= 3 and set(explained) <= misread
    assert all(label != answer for label, answer in (each.split(" as ") for each, _ in explained))
    assert numbers_in(text) <= numbers_in(printed) and "18 of 20" in text and "18 of 20 right" in printed
    assert min(text.count(f"*{word}:*") for word in ("Given", "Seen", "To blame", "Test")) >= 3
    assert "I would trust" in text and "I would not trust" in text


# --- Students' data --------------------------------------------------------------------------------------------------


def test_what_the_page_on_data_deletes_leaves_no_trace_of_a_student(tmp_path):
    got = {"auto": None, "by_hand": 3.0, "most": 5.0, "waits": False, "person": True, "entered": [3.0, "well"]}
    for name in ("anna", "bert"):
        record = {
            "file": f"{name}/3.ipynb",
            "student": name,
            "assignment": "3_train_and_report",
            "said": {},
            "notes": [],
        }
        marks.save(record | {"marks": {"part_3_5": got}, "code": {"train": "the same"}}, tmp_path, f"{name}-0123")
        (tmp_path / "kept" / f"{name}-0123" / "autograded").mkdir(parents=True)
        (tmp_path / "feedback").mkdir(exist_ok=True)
        (tmp_path / "feedback" / f"{name}-0123.html").write_text(name)

    def renew() -> str:
        records = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "kept").glob("*.json")}
        assert not marks.wishes(records, tmp_path)[1], "a line of by_hand.csv is not understood"
        marks.write_marks(records, tmp_path)
        marks.write_by_hand(records, tmp_path)
        (tmp_path / "summary.txt").write_text(marks.summary(records))
        files = list(tmp_path.rglob("*"))
        return "\n".join([*map(str, files), *(path.read_text() for path in files if path.is_file())])

    assert "anna" in renew()
    (tmp_path / "kept" / "anna-0123.json").unlink()
    shutil.rmtree(tmp_path / "kept" / "anna-0123")
    (tmp_path / "feedback" / "anna-0123.html").unlink()
    table = tmp_path / "by_hand.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(line for line in lines if "anna" not in line), encoding="utf-8")
    left = renew()
    assert "bert" in left and "anna" not in left.replace(str(tmp_path), "")


def test_the_page_on_data_names_what_grading_writes():
    """Each name of a file or a folder in marks/ that the code gives stands on the page."""
    code = "\n".join((ROOT / "classroom" / name).read_text(encoding="utf-8") for name in ("grade.py", "marks.py"))
    written = set(re.findall(r'marks / f?"([\w.]+)', code)) - {"marks_"}
    text = page("students_data.md")
    assert {"kept", "feedback", "begun", "suspected", "running", "by_hand.csv", "summary.txt"} <= written
    assert not [name for name in written if name not in text] and "marks_ASSIGNMENT.csv" in text
