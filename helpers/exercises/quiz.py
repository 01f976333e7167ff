"""A short quiz at the end of a notebook: choose an answer, and read what is right or wrong about it.

The questions of a notebook stand in the file of its exercises, as QUESTIONS.
"""

import html
import importlib
import re
from typing import NamedTuple

import ipywidgets

from helpers import CourseError


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


class Quiz(ipywidgets.VBox):
    """The quiz of a notebook: radio buttons, and below them what is right or wrong about the chosen answer."""

    def __init__(self, notebook: str) -> None:
        self.questions = questions_of(notebook)
        self.turn = len(notebook)  # so that the right answers stand elsewhere in each notebook
        super().__init__([self.ask(number, *each) for number, each in enumerate(self.questions.items(), 1)])

    def turned(self, number: int, options: list[Option]) -> list[Option]:
        """Return the options in the order of the page, where the right one is not always the first."""
        first = -(number * self.turn + number // 2) % len(options)
        return options[first:] + options[:first]

    def ask(self, number: int, question: str, options: list[Option]) -> ipywidgets.VBox:
        """Return one question: its text, its options, and a line for what to say."""
        texts = [option.text for option in self.turned(number, options)]
        wide = {"layout": ipywidgets.Layout(width="100%")}
        choice = ipywidgets.RadioButtons(options=texts, value=None, **wide)
        said = ipywidgets.HTML()

        def say(change: dict) -> None:
            (option,) = [option for option in options if option.text == change["new"]]
            said.value = as_html(("✓ Right. " if option is options[0] else "✗ Not quite. ") + option.feedback)

        choice.observe(say, "value")
        return ipywidgets.VBox([ipywidgets.HTML(f"<b>{number}. {as_html(question)}</b>"), choice, said])

    def as_text(self) -> str:
        """Return the quiz as Markdown, with its answers folded: for pages where nothing can be chosen."""
        parts = []
        for number, (question, options) in enumerate(self.questions.items(), 1):
            shown = self.turned(number, options)
            lines = [f"{letter}) {option.text}  " for letter, option in zip("abc", shown, strict=True)]
            answers = [
                f"{letter}) {'Right' if option is options[0] else 'No'}: {option.feedback}  "
                for letter, option in zip("abc", shown, strict=True)
            ]
            folded = ["<details><summary>Answers</summary>", "", *answers, "", "</details>"]
            parts.append("\n".join([f"**{number}. {question}**", "", *lines, "", *folded]))
        return "\n\n".join(parts)

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        live = super()._repr_mimebundle_(**kwargs)
        return live | {"text/markdown": self.as_text(), "text/plain": "A quiz: run this cell to answer it."}


def quiz(notebook: str) -> Quiz:
    """Return the quiz of a notebook, by its name without the number: `quiz("build_lenet5")`."""
    return Quiz(notebook)
