"""The checks and the quiz of notebook 05."""

import numpy as np

from helpers.exercises.engine import Wrong, checker, numbers, returned
from helpers.exercises.quiz import Option, Questions


@checker
def ink_of_scan(to_ink: object) -> str:
    """Exercise 5.1: a function that turns a scan (uint8, paper 255, ink 0) into ink from 0 (paper) to 1."""
    grey = np.array([[255, 255, 128, 0], [255, 64, 32, 255]], np.uint8)
    given = grey.copy()
    ink = returned("to_ink(grey)", to_ink, given)
    if not np.array_equal(given, grey):
        raise Wrong("The function has changed the picture that it was given: work on a new array.")
    ink, scaled = np.asarray(ink), grey / 255
    if ink.shape != grey.shape:
        raise Wrong(f"A picture of shape {grey.shape} has come back as {ink.shape}: the shape should stay.")
    if np.allclose(ink, 1 - scaled, rtol=0, atol=1e-5):
        if ink.dtype.kind == "f":
            return "Right: paper is exactly 0, and the blackest ink is 1."
        raise Wrong(f"The result is {ink.dtype}: decimals from 0 to 1 are wanted.")
    if ink.dtype.kind == "f" and np.allclose(ink, 1 - scaled, rtol=0, atol=0.01):
        raise Wrong(f"Nearly: paper comes out as {ink[0, 0]:.3f}, and should be exactly 0. What is the largest uint8?")
    wrapped = "A subtraction ran over the edge of uint8: bring the numbers out of uint8 before you subtract."
    for mistake, sentence in (
        (scaled, "Paper is 1 and ink is 0 here: it is not inverted."),
        (255.0 - grey, "It is inverted, and still goes to 255: divide by 255."),
        (grey.astype(float), "Nothing has changed: invert, and divide by 255."),
        ((1 - scaled).round(), "Only 0 and 1 are left: grey ink is in between."),
        ((1 - scaled).astype(np.uint8), "Only 0 and 1 are left: // or uint8 throws the decimals away."),
        ((1 - grey) / 255, wrapped),
        (1 - grey, wrapped),
        (-grey / 255, wrapped),
        ((grey - 255) / 255, wrapped),
        (1 - scaled - (1 - scaled).mean(), "Paper should be exactly 0: do not subtract a mean."),
        (scaled - 1, "The sign is turned round: ink is below 0."),
    ):
        if np.allclose(ink, mistake, atol=0.01):
            raise Wrong(sentence)
    raise Wrong("Not yet. Try it on one pixel: 255 should become 0, 0 should become 1, and 128 about a half.")


@checker
def way_to_the_middle(down: object, right: object) -> str:
    """Exercise 5.2: how far a digit with its mass in row 11.5, column 16.25 has to move to (14, 14)."""
    moves = [float(numbers(each, ())) for each in (down, right)]
    if np.allclose(moves, (2.5, -2.25)):
        return "Right: down by 2.5 rows, and to the left by 2.25 columns."
    for mistake, sentence in (
        ((-2.25, 2.5), "The two are exchanged: rows go down, columns go to the right."),
        ((-2.5, 2.25), "Both the wrong way: is row 11.5 above or below 14?"),
        ((2.0, -2.75), "This leads to 13.5, the middle of the rows 0 to 27. MNIST's makers used 14."),
        ((11.5, 16.25), "That is where it is, not how far it has to go."),
        ((0.0, 0.0), "Without a move it stays where it is."),
    ):
        if np.allclose(moves, mistake):
            raise Wrong(sentence)
    if np.isclose(moves[0], -2.5):
        raise Wrong("Down: the wrong way. Is row 11.5 above or below 14?")
    if np.isclose(moves[1], 2.25):
        raise Wrong("To the right: the wrong way. Is column 16.25 left or right of 14?")
    part = "To the right" if np.isclose(moves[0], 2.5) else "Down"
    raise Wrong(f"{part}: not yet. Where should it be, and where is it?")


@checker
def missing_step(costs_most: object) -> str:
    """Exercise 5.3: which step costs the plain network most when it is left out."""
    said = {
        "polarity": "Without it the boards are lost, and they are few here. Another step costs more: measure it.",
        "mass": "The box in place of the mass costs a few digits. Another step costs more: measure it.",
        "centre of mass": "The box in place of the mass costs a few digits. Another step costs more: measure it.",
    }
    name = costs_most.strip().lower() if isinstance(costs_most, str) else ""
    if name in ("cutting out", "cut out", "not cut out"):
        return "Right: what is small on its page stays small, and no network here knows such digits."
    raise Wrong(said.get(name, 'One of the three names is wanted, as text: "polarity", "cutting out" or "mass".'))


QUESTIONS: Questions = {
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
}
