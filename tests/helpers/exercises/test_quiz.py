"""The quiz at the end of each notebook: every answer is told what is right or wrong about it."""

import pytest

from helpers import CourseError
from helpers.exercises.quiz import Quiz, questions_of, quiz
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
    for question, options in zip(quiz(notebook).children, QUIZZES[notebook].values(), strict=True):
        _, choice, said = question.children
        assert choice.value is None and not said.value
        for option in options:
            choice.value = option.text
            assert said.value.startswith("✓" if option is options[0] else "✗")
            assert option.feedback[:10] in said.value


@every_quiz
def test_the_right_answer_is_not_always_the_first(notebook):
    places = [
        question.children[1].options.index(options[0].text)
        for question, options in zip(quiz(notebook).children, QUIZZES[notebook].values(), strict=True)
    ]
    assert len(set(places)) > 1


@every_quiz
def test_without_a_front_end_it_is_text_with_folded_answers(notebook):
    text = Quiz(notebook)._repr_mimebundle_()["text/markdown"]
    for question, options in QUIZZES[notebook].items():
        assert question in text
        assert all(option.text in text and option.feedback in text for option in options)
    assert text.count("<details>") == len(QUIZZES[notebook])


def test_a_quiz_that_does_not_exist_is_named():
    for name in ("99", "engine", "", "explore the data"):
        with pytest.raises(CourseError, match="explore_the_data"):
            quiz(name)


@pytest.mark.parametrize(
    "path", [path for path in course_notebooks() if path.stem[:2] != "00"], ids=lambda path: path.stem
)
def test_each_notebook_ends_with_its_quiz(path):
    assert f'quiz(\\"{path.stem[3:]}\\")' in path.read_text(encoding="utf-8")
