"""What a check cell says of an answer: right, not attempted yet, or what is wrong with it.

A check prints one line, never raises, whatever it gets, and shows no solution. Each exercise has a function of its own.
"""

import contextlib
import functools
import math
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


def returned(name: str, function: object, *arguments: object) -> object:
    """Return what a reader's function gives, whatever it prints. Wrong says why there is none; name: its def line."""
    if not callable(function):
        raise Wrong(f"A function is wanted here: def {name}: ...")
    try:
        with contextlib.redirect_stdout(None), np.errstate(all="ignore"):
            value = function(*arguments)
    except Exception as error:
        raise Wrong(f"Your function stops with {type(error).__name__}: {error}.".replace("\n", " ")) from None
    if value is ...:
        raise Untouched
    if value is None:
        raise Wrong("The function gives nothing back: does it end with return?")
    return value


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


# --- 05 Chase the record -----------------------------------------------------------------------------------------


@checker
def two_small_kernels(two_small: object, one_large: object) -> str:
    """Exercise 5.1: the weights of two 3 x 3 convolutions and of one 5 x 5, each with 32 maps in and 32 out."""
    two_small, one_large = float(numbers(two_small, ())), float(numbers(one_large, ()))
    if (two_small, one_large) == (25 * 1024, 18 * 1024):
        raise Wrong("The two numbers are exchanged.")
    mistakes = {
        9 * 1024: "that is one of the two layers.",
        2 * 9 * 32: "each output map has a kernel for each of the 32 maps that come in.",
        18: "that is for one map in and one map out. There are 32 of each.",
        2 * 9 * 32 * 33: "one bias too many for each kernel: here there are no biases.",
        2 * (9 * 1024 + 32): "these are the weights and the biases. Here there are no biases.",
        6 * 1024: "a kernel of 3 x 3 has nine weights, not three.",
        81 * 1024: "the layers come one after the other: add their weights, do not multiply them.",
    }
    expect(two_small, 18 * 1024, mistakes, "Two small ones: ")
    mistakes = {
        25 * 32: "each output map has a kernel for each of the 32 maps that come in.",
        25: "that is for one map in and one map out. There are 32 of each.",
        25 * 1024 + 32: "these are the weights and the biases. Here there are no biases.",
        2 * 25 * 1024: "there is one such layer, not two.",
        5 * 1024: "a kernel of 5 x 5 has 25 weights, not five.",
    }
    expect(one_large, 25 * 1024, mistakes, "One large one: ")
    return "Right: both see 5 x 5 pixels, and the pair needs 28 % fewer weights."


@checker
def normalise(normalised: object, maps: object) -> str:
    """Exercise 5.2: each map by its own mean and variance. maps: N x rows x columns x maps."""
    shape = np.shape(maps)
    if len(shape) != 4 or not np.issubdtype(np.asarray(maps).dtype, np.number):
        raise Wrong("The second answer should be `maps`, as the cell above made it.")
    maps = numbers(maps, shape)
    normalised = numbers(normalised, shape)
    axes = (0, 1, 2)

    def by(axis: tuple[int, ...] | None, power: float = 0.5) -> bool:
        """Is it normalised over these axes? With the small number of the formula, or without it."""
        moved, variance = maps - maps.mean(axis=axis, keepdims=True), maps.var(axis=axis, keepdims=True)
        with np.errstate(all="ignore"):
            return any(same(moved / (variance + epsilon) ** power) for epsilon in (0.001, 0))

    def same(other: np.ndarray) -> bool:
        return np.allclose(normalised, other, rtol=1e-3, atol=1e-4)

    if by(axes):
        return "Right: now each map has mean 0 and variance 1, however bright the picture was."
    if same(maps):
        raise Wrong("Nothing has changed.")
    if same(maps - maps.mean(axis=axes)):
        raise Wrong("The means are 0 now. Divide by the root of the variance, too.")
    if by(axes, power=1):
        raise Wrong("Divide by the *root* of the variance.")
    if same(maps / np.sqrt(maps.var(axis=axes) + 0.001)):
        raise Wrong("The spread is right. Take the mean of each map away first.")
    if by(None):
        raise Wrong("This is one mean and one variance for all four maps: each map has its own.")
    if by((1, 2)):
        raise Wrong("This is each digit by itself. The mean goes over all digits of the batch as well: axis 0, too.")
    if by((0,)):
        raise Wrong("This is each place by itself. The mean goes over all places of a map as well: axes 1 and 2, too.")
    if by((3,)):
        raise Wrong("This mixes the maps: axis 3 counts them. The mean goes over the three other axes.")
    raise Wrong("Not yet: each map should have mean 0 and variance 1. Look at .mean(axis=(0, 1, 2)) of your answer.")


@checker
def majority_wrong(answer: object) -> str:
    """Exercise 5.3: the probability that at least three of five are wrong, each with probability p."""

    def of(p: float) -> float:
        return sum(math.comb(5, k) * p**k * (1 - p) ** (5 - k) for k in (3, 4, 5))

    def same(other: Callable[[float], float]) -> bool:
        return all(np.isclose(values[p], other(p), rtol=1e-6, atol=1e-12) for p in values)

    ps = (0.0, 0.003, 0.1, 0.5, 0.8, 1.0)
    values = {p: float(numbers(returned("majority_wrong(p)", answer, p), ())) for p in ps}
    if same(of):
        return f"Right: with p = 0.5 it is 0.5, and with p = 0.1 it is {of(0.1):.4f}."
    if same(lambda p: math.comb(5, 3) * p**3 * (1 - p) ** 2):
        raise Wrong("This is *exactly* three of five. Four and five make a majority, too.")
    if same(lambda p: p**3):
        raise Wrong("This is three certain ones, whatever the others do: there are ten ways to choose three.")
    if same(lambda p: p**3 * (1 - p) ** 2 + p**4 * (1 - p) + p**5):
        raise Wrong("There are several ways to choose three of five, or four: math.comb(5, 3) and math.comb(5, 4).")
    if same(lambda p: 1 - of(p)):
        raise Wrong("This is the probability that the majority is right.")
    if same(lambda p: 1 - (1 - p) ** 5):
        raise Wrong("This is the probability that at least *one* is wrong.")
    if same(lambda p: p**5):
        raise Wrong("This is the probability that all five are wrong.")
    if same(lambda p: of(p) - p**5):
        raise Wrong("All five wrong is a majority, too.")
    raise Wrong(
        f"Not yet: with p = 0.1 your function gives {values[0.1]:.4g}. With p = 1 it should give 1, with 0.5 0.5."
    )


@checker
def softened(soften: object) -> str:
    """Exercise 5.5: softmax of logits divided by a temperature."""
    cases = [(np.array([6.0, 2.0, -1.0]), 1.0), (np.array([6.0, 2.0, -1.0]), 4.0), (np.array([0.5, 3.0, 2.0]), 0.5)]
    what = "soften(logits, temperature)"
    found = [(case, numbers(returned(what, soften, case[0].copy(), case[1]), (3,))) for case in cases]

    def of(logits: np.ndarray, temperature: float) -> np.ndarray:
        powers = np.exp(logits / temperature)
        return powers / powers.sum()

    def same(other: Callable[[np.ndarray, float], np.ndarray]) -> bool:
        return all(np.allclose(value, other(*case), rtol=1e-6) for case, value in found)

    if same(of):
        return "Right: the hotter, the more the second and third thoughts count."
    if same(lambda logits, temperature: of(logits, 1.0)):
        raise Wrong("The temperature is not used: divide the logits by it first.")
    if same(lambda logits, temperature: of(logits, 1 / temperature)):
        raise Wrong("The other way round: the logits are *divided* by the temperature.")
    if same(lambda logits, temperature: of(logits, 1.0) / temperature):
        raise Wrong("The probabilities are divided here. Divide the logits, before the exponential.")
    if same(lambda logits, temperature: logits / temperature):
        raise Wrong("These are the logits, divided. Softmax comes next: exp, and divide by the sum.")
    if not all(np.isclose(value.sum(), 1) for _, value in found):
        raise Wrong("These do not add up to 1: divide by their sum.")
    raise Wrong("Not yet: exp(logits / temperature), divided by the sum of all of them.")


# --- 06 Look inside ----------------------------------------------------------------------------------------------


@checker
def field_of_small_kernels(seen: object) -> str:
    """Exercise 6.1: the receptive field after two kernels of 3, a pooling of 2 and two more kernels of 3."""
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
    """Exercise 6.2: a function of maps and slopes, 10 x 10 x 16 each, that weighs and adds: 10 x 10."""
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


@checker
def step_by_sign(my_step: object) -> str:
    """Exercise 6.3: a function of picture, gradient and epsilon that takes a step along the gradient's sign."""
    picture = np.array([[0.0, 0.5, 1.0, 0.3], [0.95, 0.02, 0.6, 0.0]])
    gradient = np.array([[0.2, -3.0, 0.01, 0.0], [4.0, -0.5, 0.001, -2.0]])
    epsilon = 0.1
    moved = returned("my_step(picture, gradient, epsilon)", my_step, picture.copy(), gradient.copy(), epsilon)
    moved = np.asarray(moved, np.float64)
    if moved.shape != picture.shape:
        raise Wrong(f"A picture of shape {picture.shape} has come back as {moved.shape}: the shape should stay.")
    step, smaller = epsilon * np.sign(gradient), np.clip(picture - epsilon * np.sign(gradient), 0, 1)
    if np.allclose(moved, np.clip(picture + step, 0, 1), rtol=0, atol=1e-6):
        return "Right: each pixel moves as far as it may, and stays between 0 and 1."
    for mistake, sentence in (
        (picture + step, "Pixels have left the range from 0 to 1: hold them inside it."),
        (smaller, "This goes downhill: it makes the loss *smaller*. Which way does the gradient point?"),
        (picture - step, "This goes downhill, and pixels leave the range from 0 to 1."),
        (picture, "Nothing has moved."),
        (step, "That is the step alone: it has to be added to the picture."),
        (np.clip(step, 0, 1), "That is the step alone: it has to be added to the picture."),
        (np.clip(picture + np.sign(gradient), 0, 1), "The step is 1: where is epsilon?"),
        (np.clip(picture + epsilon, 0, 1), "All pixels have become darker: where is the gradient?"),
        (np.clip(picture + epsilon * gradient, 0, 1), "The size of the slope counts here. Only its sign should."),
        (picture + epsilon * gradient, "The size of the slope counts here. Only its sign should."),
        (np.clip(picture + np.abs(step), 0, 1), "Every pixel became darker: a negative slope asks for a lighter one."),
    ):
        if np.allclose(moved, mistake, rtol=0, atol=1e-6):
            raise Wrong(sentence)
    if not np.isclose(moved[0, 3], picture[0, 3]):
        raise Wrong("A pixel with a gradient of 0 has moved: its sign is 0.")
    raise Wrong("Not yet. Try one pixel: 0.5 with a gradient of -3 and an epsilon of 0.1 becomes 0.4.")


@checker
def threshold_of_scores(threshold_for: object) -> str:
    """Exercise 6.4: a function of scores and a percentage that returns the threshold below which so many lie."""
    rng = np.random.default_rng(0)
    for scores, percent in ((rng.normal(-20, 5, 4000), 2), (rng.uniform(0, 1, 3000), 10), (rng.random(2000) * 9, 60)):
        threshold = float(numbers(returned("threshold_for(scores, percent)", threshold_for, scores, percent), ()))
        below = 100 * np.mean(scores < threshold)
        if abs(below - percent) <= 0.2:
            continue
        if abs(below - (100 - percent)) <= 0.2:
            raise Wrong(f"Your threshold keeps {percent} % and refuses the rest: it should be the other way round.")
        if below > 0 and abs(below - percent / 100) <= 0.05:
            raise Wrong(f"Your threshold refuses {below:.2f} %, a hundredth of what it may: {percent} % are a share.")
        if np.isclose(threshold, percent / 100) or np.isclose(threshold, percent):
            raise Wrong("That is the percentage itself. The threshold is a *score*: look among the scores.")
        if np.isclose(threshold, scores.mean()) or np.isclose(threshold, np.median(scores)):
            raise Wrong("That is the middle of the scores, whatever the percentage is.")
        raise Wrong(f"With {percent} % allowed, your threshold refuses {below:.1f} % of the scores.")
    return "Right: what is refused is what was allowed."


@checker
def stored_as_int8(scale: object, zero_point: object, stored: object) -> str:
    """Exercise 6.5: -0.55 to 2.0 in the integers from -128 to 127: scale, zero point, and the integer of 0.5."""
    scale, zero_point, stored = (float(numbers(each, ())) for each in (scale, zero_point, stored))
    for mistake, sentence in {
        2.55 / 256: "Scale: 256 integers have 255 steps between them.",
        2.55: "Scale: that is the whole range. How large is one of its 255 steps?",
        2.0 / 127: "Scale: this looks at the upper half alone. The whole range goes from -0.55 to 2.0.",
        2.0 / 255: "Scale: the range begins at -0.55, not at 0.",
        1.45 / 255: "Scale: from -0.55 to 2.0 it is more than 2: minus a negative number.",
        255 / 2.55: "Scale: this is turned upside down: steps for each 1, in place of the size of a step.",
    }.items():
        if np.isclose(scale, mistake):
            raise Wrong(sentence)
    if not np.isclose(scale, 0.01):
        raise Wrong("Scale: not yet. The range, divided by the number of steps.")
    expect(
        zero_point,
        -73,
        {
            55: "this counts from 0. The integers begin at -128.",
            -128: "-128 stands for -0.55, and not for 0.",
            -183: "the wrong way: 0 lies above -0.55, so its integer lies above -128.",
            0: "0 would stand for 0 if the range had its middle there.",
            127: "127 stands for 2.0, and not for 0.",
        },
        "Zero point: ",
    )
    expect(
        stored,
        -23,
        {
            50: "the zero point is missing.",
            123: "the zero point is subtracted here. Solve the formula for q.",
            -78: "check the sign: 0.5 lies above 0.",
            -123: "check the sign: 0.5 lies above 0.",
            0: "it is still 0: put 0.5 into the formula.",
        },
        "Stored: ",
    )
    return "Right: with one byte for each number, at most half a step is lost."
