"""The quiz at the end of each notebook: every answer is told what is right or wrong about it."""

import subprocess
import sys

import pytest

from helpers import ROOT, CourseError
from helpers.exercises.quiz import Quiz, as_html, questions_of, quiz
from tools.run_notebooks import course_notebooks

QUIZZES = {path.stem[3:]: questions_of(path.stem[3:]) for path in course_notebooks() if path.stem[:2] != "00"}

every_quiz = pytest.mark.parametrize("notebook", QUIZZES)


@every_quiz
def test_three_to_five_questions_with_three_different_answers_each(notebook):
    assert 3 <= len(QUIZZES[notebook]) <= 5
    for options in QUIZZES[notebook].values():
        assert len({option.text for option in options}) == len({option.feedback for option in options}) == 3


@every_quiz
def test_each_choice_gets_its_own_sentence(notebook):
    for question, options in zip(quiz(notebook).questions, QUIZZES[notebook].values(), strict=True):
        said = {each["name"]: each["said"] for each in question["options"]}
        for option in options:
            assert said[option.text].startswith("✓" if option is options[0] else "✗")
            assert as_html(option.feedback) in said[option.text]


@every_quiz
def test_the_right_answer_is_not_always_the_first(notebook):
    places = [
        [each["name"] for each in question["options"]].index(options[0].text)
        for question, options in zip(quiz(notebook).questions, QUIZZES[notebook].values(), strict=True)
    ]
    assert len(set(places)) > 1


@every_quiz
def test_without_a_front_end_it_is_text_with_folded_answers(notebook):
    text = Quiz(notebook).stored()["text/html"]
    for question, options in QUIZZES[notebook].items():
        assert as_html(question) in text
        assert all(as_html(option.text) in text and as_html(option.feedback) in text for option in options)
    assert text.count("<details>") == len(QUIZZES[notebook]) and "your answer" not in text


def test_what_was_answered_is_stored_and_what_is_no_answer_is_not_taken():
    made = quiz("explore_the_data")
    question, options = next(iter(QUIZZES["explore_the_data"].items()))
    made.set_state({"answers": {question: options[1].text, "an older question": "yes", 3: ["no"]}})
    assert made.answers == {question: options[1].text}
    kept = made.stored()["text/html"].split("<details>")[0]
    assert f"{as_html(options[1].text)} <b>(your answer)</b><br>✗ Not quite." in kept
    made.set_state({"answers": "nonsense"})
    assert made.answers == {question: options[1].text}


def test_a_quiz_needs_no_tensorflow():
    code = "import sys; from helpers.exercises.quiz import Quiz; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_quiz_that_does_not_exist_is_named():
    for name in ("99", "engine", "", "explore the data"):
        with pytest.raises(CourseError, match="explore_the_data"):
            quiz(name)


@pytest.mark.parametrize(
    "path", [path for path in course_notebooks() if path.stem[:2] != "00"], ids=lambda path: path.stem
)
def test_each_notebook_ends_with_its_quiz(path):
    assert f'quiz(\\"{path.stem[3:]}\\")' in path.read_text(encoding="utf-8")
