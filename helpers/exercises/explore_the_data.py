"""The checks and the quiz of notebook 01."""

import numpy as np

from helpers.exercises.engine import Wrong, checker, numbers
from helpers.exercises.quiz import Option, Questions
from helpers.mnist import load_mnist, split_validation


@checker
def mean_ink(ink: object) -> str:
    """Exercise 1.1: the mean of all pixels of each digit, ten numbers from 0 to 255."""
    (x, y), _ = split_validation(*load_mnist()[0])
    if np.size(ink) == 7840:
        raise Wrong("These are ten mean *pictures*, 784 numbers each: .mean() without an axis gives one number.")
    if isinstance(ink, dict):
        raise Wrong("This is a dict: make a list of its ten values, with list(ink.values()).")
    ink = numbers(ink, (10,))
    of_each = [x[y == digit] for digit in range(10)]
    right = np.array([images.mean() for images in of_each])

    def same(other: object) -> bool:
        return np.allclose(ink, other, rtol=0.01)

    if same(right):  # also from all 60,000
        return f"Right. The {ink.argmax()} has the most ink, the {ink.argmin()} the least."
    if not ink.any():
        raise Wrong("All ten are 0: write the mean of each digit's pictures there.")
    if np.array_equal(ink, np.round(right)) or np.array_equal(ink, np.floor(right)):
        raise Wrong("These are the right means, and rounded to whole numbers: leave their decimals.")
    if same(right / 255):
        raise Wrong("These are the right shares of 1. Pixels go from 0 to 255 here: leave them as they are.")
    if same([images.sum(dtype=np.float64) for images in of_each]):
        raise Wrong("These are sums. A digit with more pictures has a larger sum: take the mean.")
    if same([images.sum(dtype=np.float64) / len(images) for images in of_each]):
        raise Wrong("This is the ink of a whole picture: divide by its 784 pixels as well.")
    if same([(images > 0).mean() for images in of_each]) or same([100 * (images > 0).mean() for images in of_each]):
        raise Wrong("This counts how many pixels have ink at all. How dark they are counts, too: take the mean.")
    if same([images[images > 0].mean() for images in of_each]):
        raise Wrong("This is the mean of the inked pixels alone. The empty ones count as well.")
    if same([images.std() for images in of_each]):
        raise Wrong("These are standard deviations: take .mean().")
    if np.allclose(np.sort(ink), np.sort(right), rtol=0.01):
        raise Wrong("The right ten numbers in another order: the first is that of the 0, the last that of the 9.")
    if np.ptp(ink) < 1e-9:
        raise Wrong("All ten are the same: choose the pictures of each digit with y_train == digit.")
    raise Wrong("These are not the ten means. Choose the pictures of a digit, then take the mean of all their pixels.")


@checker
def shifted(moved: object, shift: object) -> str:
    """Exercise 1.3: the validation digits, moved to the right by so many pixels."""
    _, (images, _) = split_validation(*load_mnist()[0])
    moved, shift = np.asarray(moved), int(numbers(shift, ()))
    if moved.shape != images.shape:
        raise Wrong(f"The shape is {moved.shape}, and that of the digits is {images.shape}: shift, and keep them all.")
    if not 0 < shift < 28:
        raise Wrong("SHIFT counts pixels to the right, and 0 moves nothing: set it to 1, 2, 3 and 4.")
    right = np.roll(images, shift, axis=2)
    # the rim is empty, but for a pixel here and there
    empty = np.pad(images[..., :-shift], ((0, 0), (0, 0), (shift, 0)))
    if np.array_equal(moved, right) or np.array_equal(moved, empty):
        return f"Right: {len(images):,} digits, moved by {shift} to the right."
    if np.allclose(255 * moved.astype(float), right) or np.allclose(255 * moved.astype(float), empty):
        raise Wrong(
            "Moved rightly, but scaled: these go from 0 to 1. The means go from 0 to 255: do not divide by 255."
        )
    ways = {
        (0, 2): "Nothing has moved yet.",
        (shift, 1): "These moved down. Axis 1 counts the rows, axis 2 the columns.",
        (-shift, 1): "These moved up. Axis 1 counts the rows, axis 2 the columns.",
        (-shift, 2): "These moved to the left: a positive shift moves to the right.",
        (shift, 0): "The pictures have changed places. Axis 0 counts the pictures, axis 2 the columns.",
        (shift, None): "Without an axis, np.roll shifts all numbers as one long row: name axis=2.",
    }
    other = "These moved by {}, and SHIFT is {}: write SHIFT in place of the number, and run the cell again."
    ways |= {(step, 2): other.format(step, shift) for step in range(1, 28) if step not in (shift, 28 - shift)}
    for (step, axis), sentence in ways.items():
        if np.array_equal(moved, np.roll(images, step, axis)):
            raise Wrong(sentence)
    raise Wrong("These are not the digits moved by SHIFT to the right. One call of np.roll on x_validation is enough.")


QUESTIONS: Questions = {
    "A program computes `image + 100` with an image of type uint8. A pixel was 200. What is it now?": [
        Option("44", "uint8 ends at 255 and starts again at 0: 300 - 256 = 44."),
        Option("255", "Some programs stop at the end. NumPy does not: it starts again at 0."),
        Option("300", "300 does not fit into eight bits. Converted to a wider type first, the pixel would be 300."),
    ],
    "Where do MNIST's digits have their centre of mass?": [
        Option("At row 14, column 14, within half a pixel.", "Its makers put it there, and you measured it."),
        Option("Anywhere: people write as they like.", "They did, and then the makers of MNIST moved each digit."),
        Option(
            "In the middle of the box around the ink.", "That varies: a 6 carries its ink low in its box, a 7 high."
        ),
    ],
    "Five settings are to be compared. Which digits decide?": [
        Option("The validation digits.", "They pay for your choices, so that the test set stays honest."),
        Option("The training digits.", "The network has seen them. It may know them by heart."),
        Option("The test digits.", "The best of five would partly be the luckiest of five, and its number too good."),
    ],
}
