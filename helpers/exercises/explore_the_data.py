"""The checks and the quiz of notebook 01."""

from collections.abc import Iterator, ValuesView

import numpy as np

from helpers.exercises.engine import Wrong, checker, name_slip, numbers
from helpers.exercises.quiz import Option, Questions
from helpers.mnist import load_mnist, split_validation


@checker
def mean_ink(ink: object) -> str:
    """Exercise 1.1: the mean of all pixels of each digit, ten numbers from 0 to 255."""
    (all_x, all_y), _ = load_mnist()
    (x, y), (others, their_labels) = split_validation(all_x, all_y)
    ink = list(ink) if isinstance(ink, ValuesView) else ink
    if isinstance(ink, dict | Iterator):
        values = "list(ink.values())" if isinstance(ink, dict) else "list(...)"
        raise Wrong(f"This is a {type(ink).__name__}: make a list of its ten values, with {values}.")
    if isinstance(ink, list | tuple) and any(np.size(each) not in (1, 784) for each in ink):
        raise Wrong("Each of these holds more than one number: .mean() without an axis gives one for each digit.")
    if np.size(ink) == 7840:
        raise Wrong("These are ten mean *pictures*, 784 numbers each: .mean() without an axis gives one number.")
    if np.size(ink) == 9:
        raise Wrong("Nine numbers, and there are ten digits, 0 to 9: range(10) counts them all.")
    if np.size(ink) == 1 and np.ndim(ink) == 0 and not callable(ink) and not isinstance(ink, str | bytes | bool):
        raise Wrong("This is one number: one for each digit is wanted, ten in all.")
    ink = numbers(ink, (10,))
    of_each = [x[y == digit] for digit in range(10)]
    right = np.array([images.mean() for images in of_each])
    if any(np.allclose(ink, form, rtol=0, atol=0.06) for form in (right, _means(all_x, all_y))):
        return f"Right. The {ink.argmax()} has the most ink, the {ink.argmin()} the least."
    if not ink.any():
        raise Wrong("All ten are 0: take .mean() of each digit's pictures. (Their median is 0: most pixels are empty.)")
    if np.array_equal(ink, np.full(10, 255)):
        raise Wrong("These are the largest pixels, 255 in every digit: take .mean() in place of .max().")
    if np.ptp(ink) < 1e-9:
        raise Wrong("All ten are the same: choose the pictures of each digit with y_train == digit.")
    count, size = np.bincount(y), right * 784  # the pictures of each digit, and the ink of one
    sharp = [([(images > 128).mean() for images in of_each], "This counts the dark pixels: take .mean() of them all.")]
    sharp += [
        (
            [images[:first].mean() for images in of_each],
            f"Of each digit only the first {first} counted here: take all its pictures.",
        )
        for first in (1, 10, 100, 1000)
    ]
    sharp += [
        (
            x[:10].mean(axis=(1, 2)),
            "These are the first ten pictures, whatever they show: x_train[y_train == digit] chooses those of a digit.",
        ),
        (_means(others, their_labels), "These are the means of the validation digits: take x_train and y_train."),
        (count, "This counts how many pictures there are of each digit: take the mean of their pixels."),
        (np.bincount(all_y), "This counts how many pictures there are of each digit: take the mean of their pixels."),
        (count / len(y), "These are the shares of the pictures: take the mean of their pixels."),
        (np.arange(10), "These are the digits themselves, or their labels: take the mean of the pixels in x_train."),
        (np.argsort(right), "These are the digits in the order of their ink: the ten means are wanted."),
        (np.argsort(-right), "These are the digits in the order of their ink: the ten means are wanted."),
    ]
    name_slip(ink, sharp, atol=1e-6, rtol=1e-3)
    if np.abs(ink - right).max() < 1.1 and np.array_equal(ink, np.round(ink)):
        raise Wrong("These are the right means, and rounded to whole numbers: leave their decimals.")
    inked = np.array([(images > 0).mean() for images in of_each])
    blunt = [(right / 255, "These are the right shares of 1. Pixels go from 0 to 255: leave them as they are.")]
    blunt += [(right / 2.55, "These are the right ones in per cent of 255. Pixels go from 0 to 255: leave them so.")]
    sums = "These are sums. A digit with more pictures has a larger sum: take the mean."
    blunt += [(size * count / scale, sums) for scale in (1, 255)]
    blunt += [
        (size, "This is the ink of a whole picture: divide by its 784 pixels as well."),
        (28 * right, "This is the ink of a row of 28 pixels: .mean() without an axis takes the mean of all pixels."),
        (size * count / x.size, "Divide the ink of a digit by the number of *its* pictures, not of all."),
        (right * count / (right @ count), "This is each digit's part of all the ink: take the mean of its pixels."),
    ]
    counted = "This counts how many pixels have ink at all. How dark they are counts, too: take the mean."
    blunt += [(inked * scale, counted) for scale in (1, 100, 784, 784 * count)]
    blunt += [
        (1 - inked, "This is the share of empty pixels: take the mean of all pixels."),
        (255 - right, "This is the paper, 255 minus the ink. In MNIST 0 is paper already: take the mean as it is."),
        (right / inked, "This is the mean of the inked pixels alone. The empty ones count as well."),
        ([images.std() for images in of_each], "These are standard deviations: take .mean()."),
        ([images.var() for images in of_each], "These are variances: take .mean()."),
        (
            [images.mean(axis=0).max() for images in of_each],
            "This is the darkest pixel of each mean picture: take the mean of all its pixels.",
        ),
    ]
    name_slip(ink, blunt, atol=1e-9, rtol=0.01)
    if np.allclose(np.sort(ink), np.sort(right), rtol=0.01):
        raise Wrong("The right ten numbers in another order: the first is that of the 0, the last that of the 9.")
    raise Wrong("These are not the ten means. Choose the pictures of a digit, then take the mean of all their pixels.")


def _means(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean pixel of each digit, ten numbers."""
    return np.array([images[labels == digit].mean() for digit in range(10)])


def _same_inside(moved: np.ndarray, images: np.ndarray, step: int, axis: int) -> bool:
    """Say whether `moved` shows images that moved by a step along an axis, whatever came in at the rim."""
    one, other = np.moveaxis(moved, axis, 0), np.moveaxis(images, axis, 0)
    return np.array_equal(one[max(step, 0) :][: len(one) - abs(step)], other[max(-step, 0) :][: len(one) - abs(step)])


@checker
def shifted(moved: object, shift: object) -> str:
    """Exercise 1.3: the validation digits, moved to the right by so many pixels."""
    (x, _), (images, _) = split_validation(*load_mnist()[0])
    if np.size(shift) > 1:
        raise Wrong("SHIFT is one number, and moved holds one shift: try 1, 2, 3 and 4 one after the other.")
    shift = float(numbers(shift, ()))
    if shift != int(shift):
        raise Wrong("SHIFT counts pixels: a whole number, 1, 2, 3 or 4.")
    if not 0 < (shift := int(shift)) < 28:
        raise Wrong("SHIFT counts pixels to the right, and 0 moves nothing: set it to 1, 2, 3 and 4.")
    if isinstance(moved, list | tuple) and len({np.shape(each) for each in moved}) > 1:
        raise Wrong("One array of pictures is wanted in moved, without labels or anything else.")
    moved = np.asarray(moved)
    if moved.shape == x.shape:
        raise Wrong("These are all the training digits: take x_validation.")
    if moved.shape != images.shape:
        raise Wrong(f"The shape is {moved.shape}, and that of the digits is {images.shape}: shift, and keep them all.")
    right = np.roll(images, shift, axis=2)
    # the rim is empty, but for a pixel here and there
    empty = np.pad(images[..., :-shift], ((0, 0), (0, 0), (shift, 0)))
    if np.array_equal(moved, right) or np.array_equal(moved, empty):
        return f"Right: {len(images):,} digits, moved by {shift} to the right."
    scaled = moved.max() <= 1
    if scaled and np.allclose(255 * moved, np.rint(255 * moved.astype(float)), rtol=0, atol=1e-3):
        moved = np.rint(255 * moved.astype(float))
    if scaled and _same_inside(moved, images, shift, 2):
        raise Wrong(
            "Moved rightly, but scaled: these go from 0 to 1. The means go from 0 to 255: do not divide by 255."
        )
    for same, sentence in (
        (images, "Nothing has moved yet."),
        (np.roll(images, shift), "Without an axis, np.roll shifts all numbers as one long row: name axis=2."),
        (
            np.roll(images.reshape(-1, 784), shift, axis=1).reshape(images.shape),
            "Without an axis, np.roll shifts all numbers as one long row: name axis=2.",
        ),
        (images + shift, "A sum makes the pixels darker, and moves none: np.roll moves them."),
        (images.transpose(0, 2, 1), "Rows and columns have changed places: np.roll with axis=2 keeps them."),
        (images[..., ::-1], "The digits are mirrored: np.roll with axis=2 moves them."),
        (np.roll(right, shift, axis=1), "These moved down as well: axis=2 alone moves to the right."),
        (np.roll(right, shift, axis=0), "The pictures have changed places as well: name axis=2 alone."),
        (np.roll(x[: len(images)], shift, axis=2), "These are training digits: take x_validation."),
    ):
        if np.array_equal(moved, same):
            raise Wrong(sentence)
    if _same_inside(moved, images, shift, 2):
        raise Wrong("Moved rightly, but the columns that came free on the left are no paper: they should be 0.")
    sure = "Axis 1 counts the rows, axis 2 the columns."
    for step in (shift, *range(1, 15)):
        for way, axis, sentence in (
            (
                step,
                2,
                f"These moved by {step}, and SHIFT is {shift}: write SHIFT in place of the number, and run again.",
            ),
            (-step, 2, "These moved to the left: a positive shift moves to the right."),
            (step, 1, f"These moved down. {sure}"),
            (-step, 1, f"These moved up. {sure}"),
            (step, 0, "The pictures have changed places. Axis 0 counts the pictures, axis 2 the columns."),
            (-step, 0, "The pictures have changed places. Axis 0 counts the pictures, axis 2 the columns."),
        ):
            if _same_inside(moved, images, way, axis):
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
