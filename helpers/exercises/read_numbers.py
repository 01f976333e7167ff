"""The checks and the quiz of notebook 06."""

import numpy as np

from helpers import evaluation
from helpers.exercises.engine import Wrong, checker, returned
from helpers.exercises.quiz import Option, Questions


@checker
def number_with_doubts(as_text: object) -> str:
    """Exercise 6.1: a function of digits, probabilities and a threshold; below the threshold a digit becomes ?."""
    name = "as_text(digits, probabilities, threshold)"
    cases = [([4, 0, 7, 1], [0.99, 0.4, 0.97, 0.999], 0.9), ([3, 3], [0.2, 0.8], 0.5), ([8], [0.99], 0.5)]
    cases += [([6, 2], [0.7, 0.95], 0.9), ([5, 1], [0.25, 0.125], 0.25)]
    for digits, probabilities, threshold in cases:
        found = returned(name, as_text, list(digits), list(probabilities), threshold)
        sure = [p >= threshold for p in probabilities]
        right = "".join(str(d) if s else "?" for d, s in zip(digits, sure, strict=True))
        if isinstance(found, str) and found == right:
            continue
        if isinstance(found, list | tuple) and "".join(map(str, found)) == right:
            raise Wrong('The right signs, one by one. A text is wanted: "".join(...) puts them together.')
        if not isinstance(found, str):
            raise Wrong(f"A text is wanted, such as '4?71', and this is a {type(found).__name__}.")
        if len(found) == len(right) and digits == [6, 2]:
            raise Wrong("With another threshold it answers wrongly: compare with the threshold that was given.")
        if found == "".join("?" if s else str(d) for d, s in zip(digits, sure, strict=True)):
            raise Wrong("The other way round: the question marks stand for the digits that it is *not* sure of.")
        if found == "".join(str(d) for d, s in zip(digits, sure, strict=True) if s):
            raise Wrong("The doubtful digits have vanished, and the number looks complete. Write a ? in their place.")
        if found == "".join(map(str, digits)):
            raise Wrong("No digit is doubted, whatever the probabilities are: compare each with the threshold.")
        if found == right[::-1]:
            raise Wrong("The right signs, from right to left.")
        if threshold in probabilities and found.replace("?", "") != right.replace("?", ""):
            raise Wrong("*Below* the threshold is doubted: a probability equal to it is sure enough.")
        if found.replace(" ", "").replace(",", "") == right:
            raise Wrong("The right signs, with something between them: join them with an empty text.")
        raise Wrong(f"Not yet: {digits} with {probabilities} and {threshold} becomes {right!r}, yours gives {found!r}.")
    return "Right: whoever reads the number sees where to look again."


@checker
def mistakes_of_reading(edits: object) -> str:
    """Exercise 6.2: a function of what was read and what is true, two texts; the least number of mistakes."""
    name = "edits(read, true)"
    cases = ["4071 4071", "471 4071", "40711 4071", "45071 4071", "4017 4071", "9 407", "307 4071", "52 5 "]
    for read, true in (case.split(" ")[:2] for case in cases):
        found, right = returned(name, edits, read, true), evaluation.edit_distance(read, true)
        if isinstance(found, bool) or not isinstance(found, int | np.integer):
            raise Wrong(f"A whole number is wanted, and this is a {type(found).__name__}.")
        if found == right:
            continue
        in_place = sum(a != b for a, b in zip(read, true, strict=False))
        if found in (in_place, in_place + abs(len(read) - len(true))):
            raise Wrong("Place by place: then one lost digit makes nearly all that follow wrong. 471 for 4071 is 1.")
        if found == abs(len(read) - len(true)):
            raise Wrong("That is the difference in length. A digit that was changed is a mistake as well.")
        if read == true:
            raise Wrong("When the first signs agree, going on without them costs nothing.")
        if found == right + 1:
            raise Wrong("One too many: a digit that was changed is one mistake, not one left out and one put in.")
        raise Wrong(f"Not yet: {read!r} read for {true!r} has {right}, yours gives {found}.")
    empty = returned(name, edits, "", "407"), returned(name, edits, "407", "")
    if empty != (3, 3):
        raise Wrong("When one of the two is empty, every sign of the other is a mistake.")
    return "Right: the least number of mistakes, whichever digit was lost."


QUESTIONS: Questions = {
    "The network may refuse the digits of which it is least sure. What does that protect from?": [
        Option(
            "From mistakes on hard digits.",
            "On digits of the kind that it knows, it is mostly unsure where it is wrong.",
        ),
        Option("From pictures that are no digits.", "It can be very sure of a grey page. Prepare, and look."),
        Option("From all mistakes.", "Some wrong answers are given with great confidence: those stay."),
    ],
    "Why does the reader of a line need a second network, the judge?": [
        Option("The first has only seen digits, so half a 4 gets a name too.", "It cannot say that it is none."),
        Option("The first is too slow for so many groups.", "Both are quick: the groups of a page take a second."),
        Option("Two networks are right more often than one.", "On digits, perhaps. Here one judges what is none."),
    ],
    "Among a hundred files, one is no picture. What should your program do?": [
        Option("Say in a sentence what is wrong with it, and go on.", "So the other ninety-nine are read."),
        Option("Stop, so that nobody overlooks it.", "Then one bad file costs ninety-nine good ones."),
        Option("Leave it out in silence.", "Then somebody waits for an answer that never comes."),
    ],
}
