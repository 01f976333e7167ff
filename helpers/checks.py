"""What a check cell says of an answer: right, not attempted yet, or what is wrong with it.

A check prints one line, never raises, whatever it gets, and shows no solution. Each exercise has a function of its own.
"""

import contextlib
import functools
from collections.abc import Callable

import numpy as np

from helpers.evaluation import interval
from helpers.mnist import load_mnist, split_validation


class Wrong(Exception):
    """An answer is not right; the message says what is wrong with it."""


class Untouched(Exception):
    """The answer cell is as it was."""


def checker(judge: Callable[..., str]) -> Callable[..., None]:
    """Make a check of a function that returns what to say of a right answer, and raises Wrong for any other."""

    @functools.wraps(judge)
    def check(*answers: object) -> None:
        try:
            if not answers or any(answer is ... or answer is None for answer in answers):
                raise Untouched
            print("✓ " + judge(*answers))
        except Untouched:
            print("· Not attempted yet: replace the dots, run that cell, then this one.")
        except Wrong as reason:
            print(f"✗ {reason}")
        except Exception as error:  # an answer can be anything
            print(f"✗ This answer could not be checked ({type(error).__name__}): look at its type and its shape.")

    return check


def numbers(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return an answer as float64 of this shape; a list or one number in an array will do. Wrong says why it is not."""
    if isinstance(answer, str | bytes | bool | np.bool_) or callable(answer):
        raise Wrong(f"A number is wanted here, and this is a {type(answer).__name__}.")
    try:
        array = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise Wrong("Numbers are wanted here, and this is something else.") from None
    if array.size != np.prod(shape):
        wanted = "one number" if shape == () else f"{int(np.prod(shape))} numbers"
        found = "one number" if array.size == 1 else f"{array.size} numbers"
        raise Wrong(f"This holds {found}, and {wanted} should be there.")
    if array.ndim > 1 and tuple(side for side in array.shape if side > 1) != tuple(side for side in shape if side > 1):
        raise Wrong(f"The shape is {array.shape}; it should be {shape}.")
    if not np.isfinite(array).all():
        raise Wrong("There is a NaN or an infinity in it: somewhere a division by zero, or an overflow.")
    return array.reshape(shape)


def expect(value: float, right: float, mistakes: dict[float, str], what: str = "") -> None:
    """Raise Wrong unless a number is right; a known mistake gets its own sentence. what: which number it is about."""
    if np.isclose(value, right, rtol=1e-9):
        return
    for mistake, sentence in mistakes.items():
        if np.isclose(value, mistake, rtol=1e-9):
            raise Wrong(what + sentence)
    if value != round(value):
        raise Wrong(f"{what}{value:g} is not a whole number: you need // in place of /, or a rounding.")
    raise Wrong(f"{what}{value:,.0f} is too {'large' if value > right else 'small'}.")


# --- 01 Explore the data -----------------------------------------------------------------------------------------


@checker
def mean_ink(ink: object) -> str:
    """Exercise 1.1: the mean of all pixels of each digit, ten numbers from 0 to 255."""
    (x, y), _ = split_validation(*load_mnist()[0])
    if np.size(ink) == 7840:
        raise Wrong("These are ten mean *pictures*, 784 numbers each: .mean() without an axis gives one number.")
    ink = numbers(ink, (10,))
    of_each = [x[y == digit] for digit in range(10)]
    right = np.array([images.mean() for images in of_each])

    def same(other: object) -> bool:
        return np.allclose(ink, other, rtol=0.01)

    if same(right):  # also from all 60,000
        return f"Right. The {ink.argmax()} has the most ink, the {ink.argmin()} the least."
    if not ink.any():
        raise Wrong("All ten are 0: write the mean of each digit's pictures there.")
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


# --- 02 Build LeNet-5 --------------------------------------------------------------------------------------------


def answer_to(kernel: np.ndarray, stroke: np.ndarray) -> float:
    """Return the largest sum of a 3 x 3 kernel over an image."""
    windows = np.lib.stride_tricks.sliding_window_view(stroke, (3, 3))
    return float((windows * kernel).sum(axis=(2, 3)).max())


@checker
def slanted_kernel(kernel: object) -> str:
    """Exercise 2.1: a kernel of 3 x 3 that answers to strokes like /, and not to even ground."""
    if np.size(kernel) == 9 and np.ndim(kernel) != 2:
        raise Wrong("Three rows of three numbers are wanted: np.array([[...], [...], [...]]).")
    kernel = numbers(kernel, (3, 3))
    if not kernel.any():
        raise Wrong("All zeros answer to nothing: put positive numbers where the stroke should lie.")
    if abs(kernel.sum()) > 1e-9 * np.abs(kernel).sum():
        raise Wrong(f"On even ground it answers with {kernel.sum():g} times the ink: let the nine numbers add up to 0.")
    if np.trace(kernel[:, ::-1]) < 0:
        raise Wrong("On the slant / itself your numbers are negative: turn the signs round.")
    upright, level = np.zeros((9, 9)), np.zeros((9, 9))
    upright[:, 4] = level[4] = 1
    found = answer_to(kernel, np.eye(9)[::-1])
    others = {name: answer_to(kernel, stroke) for name, stroke in zip("\\|-", (np.eye(9), upright, level), strict=True)}
    name = max(others, key=others.get)
    if others[name] == found:
        raise Wrong(f"It answers to strokes like {name} as much as to /: it does not tell the two apart.")
    if others[name] > found:
        raise Wrong(f"It answers most to strokes like {name}.")
    return f"Right: a stroke like / gets {found:g}, and no other as much."


@checker
def final_side(side: object) -> str:
    """Exercise 2.2: 32 pixels, twice a kernel of 5 and a window of 2 with stride 2."""
    mistakes = {
        32: "32 is where you start: write the four steps.",
        28: "That is the size after the first step: three more.",
        14: "That is the size after two steps: the same two once more.",
        10: "That is the size after three steps: the last pooling is missing.",
        8: "This comes out if the kernel changes no size: without padding it takes 4 pixels away.",
        24: "Two kernels, and no pooling: a window of 2 with stride 2 halves the map.",
        2: "2 comes out if the + 1 is forgotten, or after one pooling too many.",
        7: "7 comes out without the second kernel, or from 28 pixels with padding.",
        4: "This begins with 28 pixels: the picture has 32 here.",
        6: "6 comes out if both kernels come before both windows, or if a window gives one place too many.",
        1: "1 comes out if the kernels have a stride of 2 as well: only the windows have.",
        16: "One halving alone: the kernels take something away, too, and there are two windows.",
    }
    side = side[0] if isinstance(side, tuple | list) and len(set(side)) == 1 else side  # 5 x 5 is 5
    expect(float(numbers(side, ())), 5, mistakes)
    return "Right: the side that S4 of LeNet-5 has."


@checker
def without_sharing(dense: object, unshared: object) -> str:
    """Exercise 2.3: the parameters of 784-120-84-10, and of C1 if nothing were shared."""
    layers = [(784, 120), (120, 84), (84, 10)]
    weights = sum(inputs * units for inputs, units in layers)
    right = weights + 120 + 84 + 10
    dense, unshared = float(numbers(dense, ())), float(numbers(unshared, ()))
    if (dense, unshared) == (0, 0):
        raise Wrong("Both are still 0: count each layer with count_parameters.")
    mistakes = {
        weights: "the biases are missing, one for each unit.",
        784 * 120 + 120: "that is its first layer alone. Two more.",
        right + 120 * 120 + 120: "there is a layer too many.",
        400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10: "these are C5, F6 and output of LeNet-5. Here "
        "the first layer sees all 784 pixels.",
        61_706: "this is LeNet-5 with its convolutions.",
        sum(
            inputs * (units + 1) for inputs, units in layers
        ): "the two arguments are exchanged: first the inputs of one unit, then how many units.",
    }
    expect(dense, right, mistakes, "Dense network: ")
    units = 28 * 28 * 6
    mistakes = {
        units * 25: "the biases are missing, one for each unit.",
        units * 25 + 6: "each unit has a bias of its own, not each map.",
        28 * 28 * 26: "that is one map. There are six.",
        6 * 26: "that is the shared kernel, as LeNet-5 has it.",
        24 * 24 * 6 * 26: "with its padding C1 has 28 x 28 places, not 24 x 24.",
        25 * (units + 1): "the two arguments are exchanged: first the inputs of one unit, then how many units.",
        units * 6 * 26: "the six maps are counted twice: 156 is all six kernels.",
    }
    expect(unshared, units * 26, mistakes, "C1 unshared: ")
    return "Right, both of them."


@checker
def dense_multiply_adds(by_hand: object) -> str:
    """Exercise 2.5: the multiply-adds of 784-300-10."""
    mistakes = {
        0: "It is still 0: count the weights of the two layers.",
        784 * 300: "That is the first layer alone. One more.",
        300 * 10: "That is the second layer alone.",
        784 * 300 + 300 + 300 * 10 + 10: "These are the parameters. A bias is added, and multiplies nothing.",
        784 * 300 * 10: "The layers come one after the other: add their weights, do not multiply them.",
        784 * 10: "That is a network without the hidden layer.",
        784 + 300 + 10: "These are the units. Each *pair* of connected units has a weight.",
        2 * (784 * 300 + 300 * 10): "One multiply-add is a multiplication and its addition together: count it once.",
    }
    expect(float(numbers(by_hand, ())), 784 * 300 + 300 * 10, mistakes)
    return "Right: fewer than LeNet-5's 416,520."


# --- 03 Train and evaluate ---------------------------------------------------------------------------------------


@checker
def nineteen_of_twenty(ends: object) -> str:
    """Exercise 3.1: the 95 % interval of 19 right of 20."""
    low, high = numbers(ends, (2,))
    right = interval(19, 20)
    if low > high:
        raise Wrong("The lower end comes first.")
    if np.allclose([low, high], right, rtol=0, atol=0.006):
        missing = 1 - 0.992**20
        return f"Right: {low:.0%} to {high:.0%}. Even 99.2 % misses one of twenty in {missing:.0%} of such tests."
    if np.allclose([low, high], np.multiply(right, 100), rtol=0, atol=0.6):
        raise Wrong("The right ends in per cent: leave them as shares of 1, as interval gives them.")
    if np.allclose([low, high], interval(1, 20), rtol=0, atol=0.006):
        raise Wrong("This is the interval of 1 of 20: count the right ones, not the wrong one.")
    if np.allclose([low, high], interval(95, 100), rtol=0, atol=0.006):
        raise Wrong("This is the interval of 95 of 100. A percentage forgets how many there were: 19 of 20.")
    if high > 1:
        raise Wrong("An end above 1: this is the simple formula. Use interval, which is Wilson's.")
    raise Wrong("These are not the ends of the interval of 19 of 20: call interval with the two counts.")


@checker
def precision_and_recall(precision: object, recall: object) -> str:
    """Exercise 3.2: precision and recall of the 7; of 50 ones 2 were read as 7, of 50 sevens 40."""
    found = [float(numbers(each, ())) for each in (precision, recall)]

    def same(*other: float) -> bool:
        return np.allclose(found, other, atol=0.005)

    if same(40 / 42, 40 / 50):
        return "Right: what it calls a 7 nearly always is one, and it misses every fifth."
    if np.allclose(found, [100 * 40 / 42, 100 * 40 / 50], rtol=0.01):
        raise Wrong("The right numbers in per cent: write shares of 1.")
    if same(40 / 50, 40 / 42):
        raise Wrong("The two are exchanged: precision asks about all that was *read* as 7.")
    if same(48 / 58, 48 / 50):
        raise Wrong("These are the precision and the recall of the 1.")
    if max(found) > 1:
        raise Wrong("These are counts: a share is one count divided by another.")
    accuracy = {0.88: "is the accuracy"}
    for name, value, right, mistakes, below in (
        ("Precision", found[0], 40 / 42, {40 / 50: "is the recall"}, "How many did the machine *call* a 7?"),
        ("Recall", found[1], 40 / 50, {40 / 42: "divides by all that was read as 7"}, "How many true 7s are there?"),
    ):
        for mistake, sentence in (mistakes | accuracy).items():
            if np.isclose(value, mistake, rtol=0, atol=0.005):
                raise Wrong(f"{name}: this {sentence}.")
        if not np.isclose(value, right, rtol=0, atol=0.005):
            raise Wrong(f"{name}: not yet. {below} That number stands below the line.")
    return "Right."


@checker
def more_data(with_500: object, with_5000: object) -> str:
    """Exercise 3.4: the validation accuracies after training with 500 and with 5,000 digits."""
    few, many = (float(numbers(each, ())) for each in (with_500, with_5000))
    if max(few, many) > 1.5:
        raise Wrong("These are no shares of 1: take the accuracy, not the per cent, and not the loss.")
    if min(few, many) < 0.3:
        raise Wrong("That is little more than guessing, or it is a loss: take val_accuracy, after the last epoch.")
    if few > 0.985:
        raise Wrong("So good after 500 digits? That is the accuracy on the digits it learned from: take val_accuracy.")
    if many == few:
        raise Wrong("Both are the same: did the second training get 5,000 digits?")
    if many > 0.995:
        raise Wrong("So good after 5,000? That is the accuracy on the digits it learned from: take val_accuracy.")
    if many < few:
        raise Wrong("More data made it worse? The two may be exchanged.")
    if not 0.83 < few < 0.965 or not 0.95 < many < 0.99:
        raise Wrong("Out of the range that we found with several seeds: 20 epochs, and the schedule's steps to fit?")
    return f"Right: {1 - few:.1%} mistakes with 500 digits, {1 - many:.1%} with 5,000."


# --- 04 Validate on handwriting ----------------------------------------------------------------------------------


@checker
def ink_of_scan(to_ink: object) -> str:
    """Exercise 4.1: a function that turns a scan (uint8, paper 255, ink 0) into ink from 0 (paper) to 1."""
    if not callable(to_ink):
        raise Wrong("A function is wanted here: def to_ink(grey): ...")
    grey = np.array([[255, 255, 128, 0], [255, 64, 32, 255]], np.uint8)
    given = grey.copy()
    try:
        with contextlib.redirect_stdout(None), np.errstate(all="ignore"):  # whatever the function prints
            ink = to_ink(given)
    except Exception as error:
        raise Wrong(f"Your function stops with {type(error).__name__}: {error}.".replace("\n", " ")) from None
    if ink is ...:
        raise Untouched
    if ink is None:
        raise Wrong("The function gives nothing back: does it end with return?")
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
    """Exercise 4.2: how far a digit with its mass in row 11.5, column 16.25 has to move to (14, 14)."""
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
    """Exercise 4.3: which step costs the plain network most when it is left out."""
    said = {
        "polarity": "Without it the boards are lost, and they are few here. Another step costs more: measure it.",
        "mass": "The box in place of the mass costs a few digits. Another step costs more: measure it.",
        "centre of mass": "The box in place of the mass costs a few digits. Another step costs more: measure it.",
    }
    name = costs_most.strip().lower() if isinstance(costs_most, str) else ""
    if name in ("cutting out", "cut out", "not cut out"):
        return "Right: what is small on its page stays small, and no network here knows such digits."
    raise Wrong(said.get(name, 'One of the three names is wanted, as text: "polarity", "cutting out" or "mass".'))
