"""The checks and the quiz of notebook 09."""

import numpy as np

from helpers.exercises.engine import Wrong, checker, expect, numbers, returned
from helpers.exercises.quiz import Option, Questions


@checker
def field_of_small_kernels(seen: object) -> str:
    """Exercise 9.1: the receptive field after two kernels of 3, a pooling of 2 and two more kernels of 3."""
    mistakes = {
        1: "1 is where you start: five layers follow.",
        2: "2 is the distance from unit to unit. How much does one unit see?",
        3: "That is what a unit sees after the first kernel. Four more layers.",
        5: "That is after the two first kernels. The pooling looks at neighbours as well.",
        6: "That is after the pooling. Two kernels are missing.",
        10: "10 comes out with one kernel too few, or if the steps of 2 after the pooling are forgotten.",
        15: "15 comes out if the pooling adds 2 pixels. It looks at 2 neighbours, so it adds one.",
        18: "18 comes out with one kernel too many.",
        9: "9 comes out without the pooling: it adds a pixel, and it doubles the steps after it.",
        13: "13 comes out if the pooling doubles the steps and sees nothing more itself.",
    }
    expect(float(numbers(seen, ())), 14, mistakes)
    return "Right: as much as a unit of C3 sees."


@checker
def weighed_by_place(by_place: object) -> str:
    """Exercise 9.2: a function of maps and slopes, 10 x 10 x 16 each, that weighs and adds: 10 x 10."""
    maps, slopes = np.random.default_rng(6).normal(size=(2, 10, 10, 16))
    found = np.asarray(returned("by_place(maps, slopes)", by_place, maps.copy(), slopes.copy()), np.float64)
    right = (maps * slopes).sum(axis=2)
    if found.shape == right.shape and np.allclose(found, right, atol=1e-4):
        return "Right: each number is weighed by its own slope."
    if found.shape == (10, 10, 16):
        raise Wrong("There are still 16 maps here: add them up, to 10 x 10.")
    if found.shape == (10, 16):
        raise Wrong("This adds up rows or columns, and the places are gone: the last axis counts the maps.")
    if found.shape != (10, 10):
        raise Wrong(
            f"The shape is {found.shape}; it should be (10, 10): add up over the 16 maps, and over nothing else."
        )
    for mistake, sentence in (
        (maps @ slopes.mean(axis=(0, 1)), "The mean of the slopes again: that is Grad-CAM, as above."),
        (right / 16, "This is the mean over the 16 maps: add them up."),
        ((maps + slopes).sum(axis=2), "Maps and slopes are added here: multiply them."),
        (maps.sum(axis=2), "Only the maps are added up: where are the slopes?"),
        (slopes.sum(axis=2), "Only the slopes are added up: where are the maps?"),
        (np.maximum(right, 0), "Keep the negative numbers: what speaks against the digit counts as well."),
        (np.abs(right), "Keep the signs: what speaks against the digit is negative."),
        ((maps * np.abs(slopes)).sum(axis=2), "Keep the signs of the slopes: some speak against the digit."),
        (
            maps.sum(axis=2) * slopes.sum(axis=2),
            "First multiply, number by number, then add up: you did it the other way.",
        ),
    ):
        if np.allclose(found, mistake, atol=1e-4):
            raise Wrong(sentence)
    raise Wrong("Not yet. At one place: 16 numbers, each times its own slope, added up.")


QUESTIONS: Questions = {
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
        Option("Pooling throws the digit away.", "Pooling forgets a pixel or two of the place. It finds the parts."),
    ],
    "A unit of C3 sees 14 x 14 pixels. What can it not know?": [
        Option("Which digit it is.", "Half a digit fits into its square. The dense layers put the parts together."),
        Option("Whether a stroke bends.", "A bend fits into 14 x 14 pixels. That is just what such units look for."),
        Option("Where its square lies.", "Its place in the map says that: row and column of the unit."),
    ],
}
