"""What is gathered for the book: instruments in their places, links, the list of exercises, the glossary."""

import html
import json
import re

import pytest

from book import glossary, sources
from helpers import ROOT
from helpers.exercises.quiz import Quiz

TEXTS = {path: sources.cells_of(path) for path in sources.LESSONS}
PLACES = re.compile(r'<div class="instrument" data-instrument="(\w+)" data-asked="([^"]*)">')


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    sources.gather(folder / "sources", figures=folder / "figures")
    return folder / "sources"


def places(page) -> list[tuple[str, dict]]:
    """The instruments of a gathered notebook, and what each is asked to show."""
    found = []
    for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("data", {}).get("text/html", ""))
            found += [(name, json.loads(html.unescape(asked))) for name, asked in PLACES.findall(text)]
    return found


def test_each_instrument_has_a_place_that_says_what_the_cell_asked_for(gathered):
    found = {path.stem[:2]: places(gathered / "notebooks" / path.name) for path in sources.LESSONS}
    assert found["00"] == [("DigitPad", {})]
    assert ("KernelLab", {"digit": 3, "kernel": "upright edges"}) in found["03"]
    assert ("NetworkView", {"digit": 2564}) in found["03"]
    assert "PhotoLab" in dict(found["05"])
    stored = sum(path.read_text(encoding="utf-8").count('class=\\"still-instrument') for path in sources.LESSONS)
    assert sum(map(len, found.values())) == stored > 15


def test_the_questions_of_a_quiz_are_those_that_its_notebook_asks(gathered):
    for path in sources.LESSONS[1:]:
        (asked,) = [asked for name, asked in places(gathered / "notebooks" / path.name) if name == "Quiz"]
        quiz = Quiz(asked["name"])
        plain = html.unescape(json.dumps(quiz.questions, ensure_ascii=False))
        told = html.unescape(json.dumps(asked["questions"], ensure_ascii=False))
        without_marks = str.maketrans("", "", "`*")  # in a picture, a name has no marks of Markdown
        assert told.translate(without_marks) == plain.translate(without_marks), path.name


def test_no_picture_is_left_in_the_text(gathered):
    for page in gathered.rglob("*.ipynb"):
        assert "data:image" not in page.read_text(encoding="utf-8")
    texts = "".join(path.read_text(encoding="utf-8") for path in gathered.rglob("*.ipynb"))
    figures = set(re.findall(r"_static/figures/(\w+\.png)", texts))
    assert figures == {path.name for path in (gathered.parent / "figures").glob("*.png")} and len(figures) > 80


def test_files_of_the_course_become_pages_and_code_is_left_alone(tmp_path):
    gathering = sources.Gathering(tmp_path / "sources", tmp_path / "figures")
    text = "See `helpers/mnist.py`, [it](../LICENSE), [04](04_train_and_evaluate.ipynb), `no/such.py`.\n\n"
    code = "```python\nopen('helpers/mnist.py')  # `helpers/mnist.py` [x](../LICENSE)\n```\n"
    said = gathering.linked(text + code, ROOT / "notebooks")
    begin = "See [`helpers/mnist.py`](../files/helpers/mnist.py.md), [it](../files/LICENSE.md), "
    assert said == begin + "[04](04_train_and_evaluate.ipynb), `no/such.py`.\n\n" + code
    assert "def load_mnist" in (tmp_path / "sources/files/helpers/mnist.py.md").read_text(encoding="utf-8")


def test_every_exercise_is_listed_with_its_minutes():
    listed = sources.list_of_exercises()
    headings = [line for cells in TEXTS.values() for text in cells for line in text.splitlines() if "✎" in line]
    assert len(headings) >= 28
    for heading in headings:
        number, time = re.fullmatch(r"## ✎ Exercise ([\d.]+)\s*\((.*)\)", heading).groups()
        assert f"- [Exercise {number}](<" in listed and f"({time}): " in listed
    assert listed.count("\n- ") == len(headings)


def test_the_glossary_has_each_term_where_it_is_emphasised():
    page = glossary.page(TEXTS)
    entries = dict(re.findall(r"^(\S.*)\n  (.*)$", page, re.M))
    terms = [term for listed in glossary.TERMS.values() for term in listed.split(", ")]
    assert {name.lower() for name in entries} == {term.lower() for term in terms} and len(entries) == len(terms)
    for name, said in entries.items():
        assert re.search(rf"\*{re.escape(name)}\*", said, re.I), name
    assert entries["equivariance"].startswith("What moves in the picture moves in the map. This is called")
    assert r"$-\ln p_\text{true},$" in entries["cross-entropy"], "a formula is part of its sentence"


def test_a_term_that_no_text_emphasises_any_more_is_told():
    with pytest.raises(LookupError, match="convolution"):
        glossary.introduction("convolution", ["# Title", "## 3.1 A shape\n\nThis is a convolution."])
