"""A short quiz at the end of a notebook: choose an answer, and read what is right or wrong about it.

The questions of a notebook stand in the file of its exercises, as QUESTIONS.
"""

import html
import importlib
import re
from typing import NamedTuple

import traitlets

from helpers import CourseError
from helpers.widgets.instrument import Instrument, script


class Option(NamedTuple):
    """An answer that can be chosen, and what to say of it. The first one of each question is right."""

    text: str
    feedback: str


#: The questions of a notebook, each with its answers; the right one stands first here, and elsewhere on the page.
Questions = dict[str, list[Option]]


def questions_of(notebook: str) -> Questions:
    """Return the questions of a notebook, by its name without the number; CourseError when there are none."""
    try:
        return importlib.import_module(f"helpers.exercises.{notebook}").QUESTIONS
    except (ImportError, AttributeError, ValueError):
        raise CourseError(f"There is no quiz {notebook!r}: name a notebook, such as explore_the_data.") from None


def as_html(text: str) -> str:
    """Return a line of Markdown (code and emphasis, no more) as HTML."""
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", re.sub(r"`(.+?)`", r"<code>\1</code>", html.escape(text)))


class Quiz(Instrument):
    """The quiz of a notebook: radio buttons, and below them what is right or wrong about the chosen answer.

    `answers` holds what was chosen, by the text of the question. The page remembers it for the next time.
    """

    _esm = script("quiz")
    promise = "choose an answer to each question, and read what is right or wrong about it."
    name = traitlets.Unicode().tag(sync=True)
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)

    def __init__(self, notebook: str) -> None:
        self.asked = questions_of(notebook)
        self.turn = len(notebook)  # so that the right answers stand elsewhere in each notebook
        questions = [
            {
                "name": question,
                "text": as_html(question),
                "options": [
                    {"name": option.text, "text": as_html(option.text), "said": self.said(option, options)}
                    for option in self.turned(number, options)
                ],
            }
            for number, (question, options) in enumerate(self.asked.items(), 1)
        ]
        super().__init__(name=notebook, questions=questions)

    def turned(self, number: int, options: list[Option]) -> list[Option]:
        """Return the options in the order of the page, where the right one is not always the first."""
        first = -(number * self.turn + number // 2) % len(options)
        return options[first:] + options[:first]

    def said(self, option: Option, options: list[Option]) -> str:
        """Return what is said of an option, as HTML."""
        return as_html(("✓ Right. " if option is options[0] else "✗ Not quite. ") + option.feedback)

    @traitlets.validate("answers")
    def known(self, proposal: dict) -> dict[str, str]:
        """Keep the answers to questions of today: what a page remembers may be older."""
        texts = {question: [option.text for option in options] for question, options in self.asked.items()}
        return {asked: text for asked, text in proposal["value"].items() if text in texts.get(asked, [])}

    @traitlets.observe("answers")
    def answered(self, _: dict) -> None:
        self.changed()

    def still(self) -> dict[str, str]:
        """Return the quiz as HTML: what was chosen and what is said of it, and all answers folded."""
        parts = []
        for number, question in enumerate(self.questions, 1):
            chosen = self.answers.get(question["name"])
            lines, answers = [], []
            for letter, option in zip("abc", question["options"], strict=True):
                mine = f" <b>(your answer)</b><br>{option['said']}" if option["name"] == chosen else ""
                lines.append(f"{letter}) {option['text']}{mine}")
                answers.append(f"{letter}) {option['said']}")
            parts.append(
                f"<p><b>{number}. {question['text']}</b></p><p>{'<br>'.join(lines)}</p>"
                f"<details><summary>Answers</summary><p>{'<br>'.join(answers)}</p></details>"
            )
        return {"text/html": "".join(parts), "text/plain": "A quiz."}


def quiz(notebook: str) -> Quiz:
    """Return the quiz of a notebook, by its name without the number: `quiz("build_lenet5")`."""
    return Quiz(notebook)
