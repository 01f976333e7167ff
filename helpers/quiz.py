"""A short quiz at the end of a notebook: choose an answer, and read what is right or wrong about it."""

import html
import re
from typing import NamedTuple

import ipywidgets

from helpers import CourseError


class Option(NamedTuple):
    """An answer that can be chosen, and what to say of it. The first one of each question is right."""

    text: str
    feedback: str


#: Questions by notebook; the right answer stands first here, and elsewhere on the page.
QUIZZES: dict[str, dict[str, list[Option]]] = {
    "01": {
        "A program computes `image + 100` with an image of type uint8. A pixel was 200. What is it now?": [
            Option("44", "uint8 ends at 255 and starts again at 0: 300 - 256 = 44."),
            Option("255", "Some programs stop at the end. NumPy does not: it starts again at 0."),
            Option("300", "300 does not fit into eight bits. Convert to a wider type first, and it would be."),
        ],
        "Where do MNIST's digits have their centre of mass?": [
            Option("At row 14, column 14, within half a pixel.", "Its makers put it there, and you measured it."),
            Option("Anywhere: people write as they like.", "They did, and then the makers of MNIST moved each digit."),
            Option("In the middle of the box around the ink.", "No: a 6 carries its ink low in its box, a 7 high."),
        ],
        "Five settings are to be compared. Which digits decide?": [
            Option("The validation digits.", "They pay for your choices, so that the test set stays honest."),
            Option("The training digits.", "The network has seen them. It may know them by heart."),
            Option(
                "The test digits.", "The best of five would partly be the luckiest of five, and its number too good."
            ),
        ],
    },
    "02": {
        "A picture of 28 goes through a kernel of 5 with padding 2 and stride 1. How large is the map?": [
            Option("28", "(28 + 2 · 2 - 5) / 1 + 1 = 28. This is C1."),
            Option("24", "That is the size without padding."),
            Option("32", "The padded picture has 32. The kernel of 5 then takes 4 away."),
        ],
        "Why has C3 only 2,416 parameters, while C5 has 48,120?": [
            Option(
                "C3 uses each weight at 100 places; in C5 each weight is used once.",
                "Sharing: few parameters, and much work. C3 does more multiply-adds than C5.",
            ),
            Option("C3 comes earlier.", "The place in the network decides nothing. Count inputs, outputs and sharing."),
            Option("C3 does less work.", "It does more: 240,000 multiply-adds against 48,000."),
        ],
        "Two convolutions follow each other, with no ReLU between them. What is lost?": [
            Option(
                "Together they can do no more than one convolution could.",
                "A sum of weighted sums is a weighted sum. The bend lets the second layer say something new.",
            ),
            Option("Nothing, only speed.", "A ReLU costs next to nothing. It is not there for the speed."),
            Option(
                "Only that negative numbers are set to 0.",
                "That is what the ReLU does. What is lost is its bend: without it, two layers are worth one.",
            ),
        ],
        "Softmax gets the logits 2, 1 and 0. Somebody adds 10 to each. What happens to the probabilities?": [
            Option("Nothing.", "Each exponential grows by the same factor, and the division takes it away again."),
            Option("All become larger.", "They always add up to 1, so they cannot all grow."),
            Option(
                "The first comes nearer to 1.",
                "That happens when you *multiply* the logits by more than 1, not when you add.",
            ),
        ],
    },
    "03": {
        "The training loss falls and falls, the validation loss rises. What is going on?": [
            Option("Overfitting.", "The network learns its examples by heart. More data or an earlier stop helps."),
            Option("The learning rate is too small.", "Then both would fall slowly, side by side."),
            Option("The network is too small.", "Then both would stay high: that is underfitting."),
        ],
        "9,925 of 10,000 right, and 9,932 with another network. Is the second one better?": [
            Option(
                "These two numbers cannot tell.",
                "Their intervals overlap widely. Compare digit by digit, or over several seeds.",
            ),
            Option(
                "Yes, by seven digits.", "On these digits, with this seed. On others it may be the other way round."
            ),
            Option(
                "No, they are equally good.", "Not proven either. A small difference may be there, and not be seen."
            ),
        ],
        "Of all that it calls an 8, 90 of 100 are 8s. What is 90 %?": [
            Option("The precision of the 8.", "Of what it *called* an 8: down a column of the matrix."),
            Option("The recall of the 8.", "Recall asks how many of the true 8s were found: along a row."),
            Option("The accuracy.", "Accuracy asks about all digits at once."),
        ],
        "A network is well calibrated on MNIST. It says 98 % of your photograph. How far may you trust the 98 %?": [
            Option(
                "Only if your picture is like MNIST's.",
                "Calibration is measured on pictures of one kind, and says nothing about another kind.",
            ),
            Option("98 of 100 times.", "On MNIST, yes. Your photograph is not from there."),
            Option("Not at all, ever.", "On the kind of picture it was measured on, such numbers hold well."),
        ],
    },
    "04": {
        "Photographs are read badly, MNIST is read well. Where do you look first?": [
            Option("At the 28 x 28 that the network gets.", "Most often it is another kind of picture than it knows."),
            Option("At the network: it needs more layers.", "It read 99 of 100 digits. Show it what it knows first."),
            Option("At the photograph.", "You can read it. But the network never sees it."),
        ],
        "Why not call every pixel ink that is darker than 128?": [
            Option(
                "In a shadow, paper is darker than 128 as well.",
                "Ink is darker than the paper *around it*: divide by the paper first.",
            ),
            Option("128 is too low. 200 would do.", "No single number does: light changes over the page."),
            Option("It would be too slow.", "It is the fastest rule of all. It is wrong."),
        ],
        "Nineteen of your twenty digits are read. What have you shown?": [
            Option(
                "That the true share may well be anywhere from about 76 to 99 %.",
                "Twenty digits leave a wide interval, and they come from one hand, one pen, one lamp.",
            ),
            Option("That it is worse than the 99 % on MNIST.", "Not shown: 99 % may well miss one of twenty."),
            Option("That it reads 95 % of all handwriting.", "Of yours, perhaps, and give or take a lot."),
        ],
    },
    "05": {
        "Five networks vote, and each misreads 17 of 5,000. Why does the vote still misread more than a few?": [
            Option(
                "They misread the same digits.",
                "All learned from the same pictures. What is odd for one is odd for all, and cannot be outvoted.",
            ),
            Option("Five are too few.", "More of the same kind learn from the same pictures, and stumble alike."),
            Option(
                "A mean of probabilities is no proper vote.", "Counting hands gives nearly the same number. Try it."
            ),
        ],
        "Batch normalisation reads one digit alone. Which mean does it take away?": [
            Option(
                "One that it noted while it was trained.",
                "A single digit has no batch. So the layer keeps a running mean and variance of each map.",
            ),
            Option("The mean of this one digit.", "Then a bright and a dark digit would look the same to it."),
            Option("None: it is switched off.", "The layers behind it would get numbers that they do not know."),
        ],
        "99.79 % and 99.87 % on the same 10,000 digits. How many digits lie between them?": [
            Option(
                "Eight.", "And the intervals of the two overlap. Such a difference needs more digits, or more networks."
            ),
            Option("Eighty.", "Count again: 0.01 % of 10,000 is one digit."),
            Option("Eight hundred.", "That would be 8 %. Count again: 0.01 % of 10,000 is one digit."),
        ],
        "What does a high temperature do when a large network teaches a small one?": [
            Option(
                "It lets the second thoughts be seen.",
                "At temperature 1 nearly everything is on one digit, and what it resembles is lost.",
            ),
            Option("It makes the large network right more often.", "The order of the ten stays. So does the answer."),
            Option("It makes the training faster.", "A step takes as long as before. It makes the answers tell more."),
        ],
    },
    "06": {
        "A map shows which pixels decided. The same map comes out with random weights. What does that say?": [
            Option(
                "It shows the picture, and not what was learned.",
                "Random weights know nothing. A map that does not notice that cannot explain an answer.",
            ),
            Option("The map is right: two networks agree.", "One of the two knows nothing. It has no reasons to show."),
            Option("Random weights are good enough.", "They read one of ten digits. Only the map is the same."),
        ],
        "Why does the plain network misread many digits that stand five pixels beside the middle?": [
            Option(
                "The dense layers have a weight of their own for each place.",
                "Convolution finds the parts anywhere. Its C5 has only ever seen them near the middle.",
            ),
            Option("A kernel looks at one place only.", "The same kernel goes over every place. That part is fine."),
            Option(
                "Pooling throws the digit away.", "Pooling forgets a pixel or two of the place. It finds the parts."
            ),
        ],
        "The best temperature makes the percentages honest on digits. What does it do against letters?": [
            Option(
                "Little: letters and digits move together.",
                "One factor for all logits cannot tell the two apart. For that one needs another score.",
            ),
            Option("It turns letters away.", "It refuses nothing, and never changes which digit is read."),
            Option(
                "It teaches the network an eleventh answer.", "It is one number, and nothing is learned besides it."
            ),
        ],
        "Noise changes few answers. An attack of the same size changes most. Why?": [
            Option(
                "Each of its small pushes makes the loss larger.",
                "The gradient says for each pixel which way hurts. Random pushes cancel each other.",
            ),
            Option("It changes more pixels.", "Both push every pixel by the same amount, and both stop at 0 and 1."),
            Option("The network was trained on noise.", "It was not. Noise is weak here because it has no direction."),
        ],
    },
}


def as_html(text: str) -> str:
    """Return a line of Markdown (code and emphasis, no more) as HTML."""
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", re.sub(r"`(.+?)`", r"<code>\1</code>", html.escape(text)))


class Quiz(ipywidgets.VBox):
    """The quiz of a notebook: radio buttons, and below them what is right or wrong about the chosen answer."""

    def __init__(self, notebook: str) -> None:
        if notebook not in QUIZZES:
            raise CourseError(f"There is no quiz {notebook!r}. There are: {', '.join(QUIZZES)}.")
        self.questions = QUIZZES[notebook]
        self.turn = int(notebook)  # so that the right answers stand elsewhere in each notebook
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
    """Return the quiz of a notebook: `quiz("02")`."""
    return Quiz(notebook)
