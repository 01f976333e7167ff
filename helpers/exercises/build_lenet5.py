"""The checks and the quiz of notebook 03."""

from collections.abc import Callable

import numpy as np

from helpers.exercises.engine import Wrong, checker, expect, numbers, one_by_one
from helpers.exercises.quiz import Option, Questions


def answer_to(kernel: np.ndarray, stroke: np.ndarray) -> float:
    """Return the largest sum of a 3 x 3 kernel over an image."""
    windows = np.lib.stride_tricks.sliding_window_view(stroke, (3, 3))
    return float((windows * kernel).sum(axis=(2, 3)).max())


@checker
def slanted_kernel(kernel: object) -> str:
    """Exercise 3.1: a kernel of 3 x 3 that answers to strokes like /, and not to even ground."""
    if np.size(kernel) in (4, 25):
        raise Wrong("A kernel of 3 x 3 is wanted: three rows of three numbers.")
    if np.size(kernel) == 9 and np.ndim(kernel) != 2:
        raise Wrong("Three rows of three numbers are wanted: np.array([[...], [...], [...]]).")
    kernel = numbers(kernel, (3, 3))
    if not kernel.any():
        raise Wrong("All zeros answer to nothing: put positive numbers where the stroke should lie.")
    if abs(kernel.sum()) > 1e-9 * np.abs(kernel).sum():
        raise Wrong(f"On even ground it answers with {kernel.sum():g} times the ink: let the nine numbers add up to 0.")
    stroke, below = np.eye(9)[::-1], np.tri(9)[::-1]  # ink on the diagonal /, and on one side of it
    edges = max(answer_to(kernel, below), answer_to(kernel, below[::-1, ::-1]))
    if np.allclose(kernel, -kernel[::-1, ::-1]) or (
        np.trace(kernel[:, ::-1]) > 0 and edges >= answer_to(kernel, stroke)
    ):
        raise Wrong(
            "This looks for an *edge*: negative on one side, positive on the other. A stroke has paper on both sides: "
            "let the positive numbers lie between negative ones."
        )
    if np.trace(kernel[:, ::-1]) < 0:
        raise Wrong("On the slant / itself your numbers are negative: turn the signs round.")
    upright, level = np.zeros((9, 9)), np.zeros((9, 9))
    upright[:, 4] = level[4] = 1
    found = answer_to(kernel, stroke)
    others = {name: answer_to(kernel, stroke) for name, stroke in zip("\\|-", (np.eye(9), upright, level), strict=True)}
    name = max(others, key=others.get)
    if others[name] == found:
        raise Wrong(f"It answers to strokes like {name} as much as to /: it does not tell the two apart.")
    if others[name] > found:
        raise Wrong(f"It answers most to strokes like {name}.")
    return f"Right: a stroke like / gets {found:g}, and no other as much."


@checker
def final_side(side: object) -> str:
    """Exercise 3.2: 32 pixels, twice a kernel of 5 and a window of 2 with stride 2."""
    mistakes = {
        32: "32 is where you start: write the four steps.",
        28: "That is the size after the first step: three more.",
        14: "That is the size after two steps: the same two once more.",
        10: "That is the size after three steps: the last pooling is missing.",
        8: "This comes out if the kernel changes no size: without padding it takes 4 pixels away.",
        24: "Two kernels, and no pooling: a window of 2 with stride 2 halves the map.",
        2: "2 comes out if the + 1 is forgotten, or after one pooling too many.",
        7: "7 comes out without the second kernel, or from 28 pixels with padding.",
        4: "4 comes out from 28 pixels, or if a kernel of 5 takes 5 away: it takes 4, and the picture has 32 pixels.",
        4.25: "A kernel of 5 takes 4 pixels away, not 5: 32 becomes 28.",
        22: "22 comes out if the windows have a stride of 1: write s=2 in both steps of pooling.",
        9: "One window has a stride of 1 here: s=2 in both steps of pooling.",
        11: "One window has a stride of 1 here: s=2 in both steps of pooling.",
        3: "A window of 2 with stride 2 halves: 28 becomes 14. Has the + 1 been forgotten?",
        12: "Both kernels, and one window: a window comes after each kernel.",
        25: "That is the whole map: only its side is asked.",
        6: "6 comes out if both kernels come before both windows, or if a window gives one place too many.",
        1: "1 comes out if the kernels have a stride of 2 as well: only the windows have.",
        16: "One halving alone: the kernels take something away, too, and there are two windows.",
    }
    side = side[0] if isinstance(side, tuple | list) and len(set(side)) == 1 else side  # 5 x 5 is 5
    if np.size(side) in (4, 5) and np.ravel(side)[-1] == 5:
        raise Wrong("These are all the steps, and they are right: give the last one alone.")
    begin = "Not yet: write down the side after each of the four steps, each step with the side of the one before."
    expect(float(numbers(side, ())), 5, mistakes, otherwise=begin)
    return "Right: the side that S4 of LeNet-5 has."


@checker(partly=True)
def without_sharing(dense: object, unshared: object) -> str:
    """Exercise 3.3: the parameters of 784-120-84-10, and of C1 if nothing were shared. Each is judged by itself."""
    layers = [(784, 120), (120, 84), (84, 10)]
    weights = sum(inputs * units for inputs, units in layers)
    right, units = weights + 120 + 84 + 10, 28 * 28 * 6
    turned = "the two arguments are exchanged: first the inputs of one unit, then how many units."
    of_dense = {
        0: "this is still 0: count each layer with count_parameters.",
        units * 26: "this is the number of C1 unshared: the two answers are exchanged.",
        weights: "the biases are missing, one for each unit.",
        784 * 120 + 120: "that is its first layer alone. Two more.",
        right + 120 * 120 + 120: "there is a layer too many.",
        400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10: "these are C5, F6 and output of LeNet-5. Here "
        "the first layer sees all 784 pixels.",
        61_706: "this is LeNet-5 with its convolutions.",
        785 * (120 + 84 + 10): "only the first layer sees the 784 pixels: the second has 120 inputs, the third 84.",
        right - 850: "one layer is missing: 784 to 120, 120 to 84, 84 to 10.",
        right - 10_164: "one layer is missing: 784 to 120, 120 to 84, 84 to 10.",
        784 * 120: "those are the weights of its first layer alone.",
        784 + 120 + 84 + 10: "those are pixels and units: count the weights between them, and the biases.",
        weights + 784 + 214: "the 784 pixels have no biases: only units have.",
        784 * (120 + 84 + 10): "only the first layer sees the 784 pixels, and the biases are missing.",
        weights + 3: "each unit has a bias, not each layer.",
        sum(inputs * (each + 1) for inputs, each in layers): turned,
    }
    of_unshared = {
        0: "this is still 0: count its units first.",
        right: "this is the number of the dense network: the two answers are exchanged.",
        units * 25: "the biases are missing, one for each unit.",
        units * 25 + 6: "each unit has a bias of its own, not each map.",
        28 * 28 * 26: "that is one map. There are six.",
        6 * 26: "that is the shared kernel, as LeNet-5 has it.",
        6 * 25: "those are the weights of the shared kernels: count them for each of the 28 x 28 places.",
        24 * 24 * 6 * 25: "with its padding C1 has 28 x 28 places, not 24 x 24, and each unit has a bias.",
        784 * units: "each unit sees 5 x 5 pixels, not all of them: 25 inputs, and a bias.",
        units * 6 * 25: "the six maps are counted twice, and the biases are missing.",
        24 * 24 * 6 * 26: "with its padding C1 has 28 x 28 places, not 24 x 24.",
        25 * (units + 1): turned,
        785 * 6: "those are six units that see all pixels: there are 28 x 28 x 6 units, with 25 inputs each.",
        28 * 28 * 151: "each of the 28 x 28 x 6 units has a bias of its own.",
        785 * units: "each unit sees 5 x 5 pixels, not all of them: 25 inputs.",
        units: "that is how many units there are: each has 25 weights and a bias.",
        units * 6 * 26: "the six maps are counted twice: 156 is all six kernels.",
    }

    def counted(count: int, mistakes: dict[float, str], begin: str) -> Callable:
        return lambda answer: expect(float(numbers(answer, ())), count, mistakes, otherwise=f"not yet. {begin}")

    if np.size(dense) == 3 and sum(np.ravel(dense)) == right:
        raise Wrong("Dense network: these are its three layers, and they are right: add them up.")
    one_by_one(
        {
            "Dense network": (dense, counted(right, of_dense, "Count each of its three layers by itself, and add.")),
            "C1 unshared": (
                unshared,
                counted(units * 26, of_unshared, "How many units has C1, and how many numbers does each of them need?"),
            ),
        }
    )
    return "Right, both of them."


QUESTIONS: Questions = {
    "A picture of 28 goes through a kernel of 5 with padding 2 and stride 1. How large is the map?": [
        Option("28", "(28 + 2 · 2 - 5) / 1 + 1 = 28. This is C1."),
        Option("24", "That is the size without padding."),
        Option("32", "The padded picture has 32. The kernel of 5 then takes 4 away."),
    ],
    "Why has C3 only 2,416 parameters, while C5 has 48,120?": [
        Option(
            "C3 has 16 kernels, each with 6 · 25 weights and a bias; C5 has 120 units, each with 16 · 25 and a bias.",
            "16 · 151 against 120 · 401. Sharing keeps C3 there, at however many places its kernels are used: with "
            "weights of its own at each of its 100 places, C3 would have 241,600.",
        ),
        Option(
            "C5 is not a convolution.",
            "Written as a convolution with kernels of 5 x 5 x 16, it has the same 48,120: they fit at one place.",
        ),
        Option("C3 does less work.", "It does more: 240,000 multiply-adds against 48,000."),
    ],
    "Two convolutions follow each other, with nothing between them. What is lost?": [
        Option(
            "Together they can do no more than one larger convolution could.",
            "A sum of weighted sums is a weighted sum. The bend lets the second layer say something new.",
        ),
        Option("Nothing, only speed.", "A ReLU costs next to nothing. It is not there for the speed."),
        Option(
            "Only that negative numbers are set to 0.",
            "That is what the ReLU does. What is lost is its bend: without it, two layers are worth one.",
        ),
    ],
    "A digit moves by 4 pixels. What do the layers of LeNet-5 promise, whatever their weights are?": [
        Option(
            "The maps of S4 move by one place. The answer may change.",
            "That is equivariance. C5 has another weight for each place, and may answer differently.",
        ),
        Option(
            "The answer stays the same.",
            "That would be invariance. No layer promises it. They make small moves matter less; the rest is learned.",
        ),
        Option(
            "The maps of S4 stay as they are.",
            "Two poolings make a step of 4 pixels into a step of one place. They do not make it none.",
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
}
