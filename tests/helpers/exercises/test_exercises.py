"""The checks of the exercises: each accepts its solution in any form, and names each usual mistake.

The solutions are taken from the notebooks, where a reader unfolds them. Changed at random (a number, an operator, an
axis) they must be rejected; the few changes that do not matter are listed with the reason.
"""

import ast
import copy
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from helpers import ROOT
from helpers.evaluation import interval
from helpers.evaluation import edit_distance
from helpers.exercises import (
    a_layer_that_learns,
    build_lenet5,
    chase_the_record,
    explore_the_data,
    know_its_limits,
    lenet5_of_1998,
    look_inside,
    many_machines,
    read_numbers,
    train_and_evaluate,
    validate_on_handwriting,
)
from helpers.forward import softmax
from helpers.mnist import load_mnist, split_validation
from helpers.quiet import keras
from helpers.training import warmup_cosine

NOTEBOOKS = ROOT / "notebooks"
MODULES = (
    explore_the_data,
    a_layer_that_learns,
    build_lenet5,
    train_and_evaluate,
    validate_on_handwriting,
    read_numbers,
    lenet5_of_1998,
    chase_the_record,
    look_inside,
    know_its_limits,
    many_machines,
)
CHECKS = {
    name: thing
    for module in MODULES
    for name, thing in vars(module).items()
    if hasattr(thing, "__wrapped__") and not hasattr(thing, "cache_info")  # functools.cache wraps as well
}
(X, Y), _ = load_mnist()
(_, _), (X_VALIDATION, Y_VALIDATION) = split_validation(X, Y)
MEANS = np.array([X[digit == Y].mean() for digit in range(10)])
OF_EACH = [X[:55_000][Y[:55_000] == digit] for digit in range(10)]


def rimmed(*sides, **padding):
    """Return the validation digits, padded on some sides and cut off on the others, so that they have moved."""
    padded = np.pad(X_VALIDATION, sides, **padding)
    return padded[tuple(slice(after, after + size) for (_, after), size in zip(sides, X_VALIDATION.shape, strict=True))]


def windows(says, image, size, start, fill=0):
    """Solve Exercise 9.1 with windows that begin where `start` says, of a copy for each pixel."""
    found = np.zeros((28, 28))
    for row, column in np.ndindex(28, 28):
        copy = image.copy()
        copy[start(row) : start(row) + size, start(column) : start(column) + size] = fill
        found[row, column] = says(image[np.newaxis])[0] - says(copy[np.newaxis])[0]
    return found


def windows_by_padding(says, image, size, fill=0):
    """Solve Exercise 9.1 without a word about the rim, one picture at a time."""
    half = size // 2
    frame = np.pad(image, half)
    unpadded = slice(half, half + 28)
    return windows(lambda frames: says(frames[:, unpadded, unpadded]), frame, size, lambda place: place, fill)


def windows_in_place(says, image, size):
    """Do Exercise 9.1 without a fresh copy: the windows add up."""
    before, found = says(image[np.newaxis])[0], np.zeros((28, 28))
    for row, column in np.ndindex(28, 28):
        image[max(0, row - size // 2) : row + size // 2 + 1, max(0, column - size // 2) : column + size // 2 + 1] = 0
        found[row, column] = before - says(image[np.newaxis])[0]
    return found


def covering(first, last, columns=True):
    """Return a function of Exercise 9.1 whose window goes from first(place, half) to last(place, half)."""

    def occlusion(says, image, size):
        found = np.zeros((28, 28))
        for row, column in np.ndindex(28, 28):
            copy, down = image.copy(), slice(max(0, first(row, size // 2)), last(row, size // 2))
            copy[down, slice(max(0, first(column, size // 2)), last(column, size // 2)) if columns else slice(28)] = 0
            found[row, column] = says(image[np.newaxis])[0] - says(copy[np.newaxis])[0]
        return found

    return occlusion


def kept_inside(found, size):
    """Return a map with 0 at the rim, where a whole window does not fit."""
    half = size // 2
    return np.pad(found[half:-half, half:-half], half)


def floor_by_rows(some, others):
    """Do Exercise 9.2 without ravel: the first row of a map against the second."""
    pairs = [(a, b) for i, a in enumerate(some) for j, b in enumerate(others) if i != j]
    return np.mean([abs(np.corrcoef(a, b)[0, 1]) for a, b in pairs])


def both(some, others):
    """Return the correlation of each of some maps with each of others: N x N."""
    return np.corrcoef(some.reshape(len(some), -1), others.reshape(len(others), -1))[: len(some), len(some) :]


def different(table):
    """Return the numbers of a table that stand beside its diagonal."""
    return table[~np.eye(len(table), dtype=bool)]


def floor_by_matrix(some, others):
    """Solve Exercise 9.2 without a loop."""
    return abs(different(both(some, others))).mean()


def darkness(line):
    """Return a function of Exercise 5.1 that gives back this line; q is the share of the light."""
    return lambda picture, paper: eval(line, {"np": np, "picture": picture, "paper": paper, "q": picture / paper})


def darkness_by_loops(picture, paper):
    """Solve Exercise 5.1 pixel by pixel."""
    rows, columns, colours = picture.shape
    found = np.zeros((rows, columns))
    for row, column, colour in np.ndindex(rows, columns, colours):
        found[row, column] += (1 - float(picture[row, column, colour]) / float(paper[row, column, colour])) / colours
    return found


def flips_by_loops(picture, seen, epsilon):
    """Solve Exercise 10.2 pixel by pixel."""
    found = []
    for place in np.ndindex(picture.shape):
        if 0.5 - epsilon < picture[place] < 0.5 + epsilon:
            found.append(seen.copy())
            found[-1][place] = 1 - seen[place]
    return found


def scale_by(candidates, choose=np.argmin, each=np.square):
    """Return a function of Exercise 10.3 that tries other scales: candidates(weights, values on each side)."""

    def scale(weights, bits):
        tried = candidates(weights, 2 ** (bits - 1) - 1)
        return tried[choose([each(know_its_limits.rounded(weights, one, bits) - weights).sum() for one in tried])]

    return scale


def fifty(weights, top):
    """Return the scales that the solution of Exercise 10.3 tries."""
    return np.abs(weights).max() / top * np.linspace(0.2, 1, 50)


def weighed(slopes, sizes):
    """Return the sum of the slopes of all digits, from the means of shares."""
    return sum(size * each for size, each in zip(sizes, slopes, strict=True))


def step(of_time):
    """Return a function of Exercise 11.2; of_time(machines, alone, shared, seconds that sending all takes once)."""
    return lambda machines, alone, shared, size, speed: of_time(machines, alone, shared, size / speed)


#: Four maps of six digits, with means and spreads of their own.
MAPS = np.random.default_rng(0).normal([0, 5, -3, 1], [1, 2, 0.5, 10], (6, 5, 5, 4))


class Exercise(NamedTuple):
    """An exercise. cell: the id of its answer cell; context: what its solution finds in the notebook."""

    notebook: str
    number: str
    cell: str
    check: str
    names: tuple[str, ...]
    context: dict


def nothing(*arguments, **options):
    """Stand for what only draws or prints."""


def receptive_field(layers):
    """The function of notebook 09."""
    side, step = 1, 1
    for kernel, stride in layers:
        side += (kernel - 1) * step
        step *= stride
    return side, step


#: The four lines that Exercise 2.2 asks for, and what each can be replaced by.
STEP = {
    "p": "softmax(x @ w + b)",
    "slopes_w": "x.T @ (p - y) / len(x)",
    "slopes_b": "(p - y).mean(axis=0)",
    "w, b": "w - rate * slopes_w, b - rate * slopes_b",
}


def loop(*, result="w, b, losses", order="rng.permutation(len(images))", **lines):
    """Return the loop of Exercise 2.2 with some of its lines written otherwise."""
    lines = STEP | {name.replace("_and_", ", "): line for name, line in lines.items()}
    text = f"""
def learn(weights, biases, images, labels, rate, batch_size, epochs, seed):
    w, b, losses = weights.copy(), biases.copy(), []
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = {order}
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            x, y = images[batch], np.eye(10)[labels[batch]]
            losses.append(mean_loss(w, b, x, labels[batch]))
""" + "".join(f"            {name} = {line}\n" for name, line in lines.items())
    scope = {"np": np, "softmax": softmax, "mean_loss": a_layer_that_learns.mean_loss}
    exec(f"{text}    return {result}", scope)
    return scope["learn"]


DRAWS = {"print": nothing, "show_bars": nothing, "np": np, "keras": keras, "L": keras.layers}
EXERCISES = [
    Exercise("01_explore_the_data", "1.1", "exercise-1-1", "mean_ink", ("ink",), {"x_train": X, "y_train": Y}),
    Exercise(
        "01_explore_the_data",
        "1.3",
        "exercise-1-3",
        "shifted",
        ("moved", "SHIFT"),
        {
            "x_validation": X_VALIDATION,
            "y_validation": Y_VALIDATION,
            "read_by_nearest_mean": lambda x: np.zeros(len(x)),
        },
    ),
    Exercise("02_a_layer_that_learns", "2.1", "exercise-2-1", "both_inked", ("my_weights", "my_bias"), {}),
    Exercise(
        "02_a_layer_that_learns",
        "2.2",
        "exercise-2-2",
        "descent",
        ("learn",),
        {"softmax": softmax, "mean_loss": a_layer_that_learns.mean_loss},
    ),
    Exercise("03_build_lenet5", "3.1", "exercise-3-1", "slanted_kernel", ("mine",), {}),
    Exercise(
        "03_build_lenet5",
        "3.2",
        "exercise-3-2",
        "final_side",
        ("side",),
        {"output_size": lambda n, k, p=0, s=1: (n + 2 * p - k) // s + 1},
    ),
    Exercise(
        "03_build_lenet5",
        "3.3",
        "exercise-3-3",
        "without_sharing",
        ("dense", "unshared"),
        {"count_parameters": lambda inputs, units: units * (inputs + 1)},
    ),
    Exercise(
        "07_lenet5_of_1998",
        "7.1",
        "exercise-7-1-cell",
        "nearest_without_multiplying",
        ("nearest_code",),
        {"np": np},
    ),
    Exercise(
        "04_train_and_evaluate",
        "4.1",
        "exercise-4-1",
        "twenty_nine_of_thirty",
        ("my_interval",),
        {"interval": interval},
    ),
    Exercise(
        "04_train_and_evaluate",
        "4.2",
        "exercise-4-2",
        "precision_and_recall",
        ("precision_of_7", "recall_of_7"),
        {},
    ),
    Exercise("04_train_and_evaluate", "4.3", "exercise-4-3", "diagnoses", ("diagnosis", "floor"), {}),
    Exercise("05_validate_on_handwriting", "5.1", "exercise-5-1", "darkness_by_paper", ("darkness_of",), {}),
    Exercise("05_validate_on_handwriting", "5.2", "exercise-5-2", "way_to_the_middle", ("down", "right_by"), {}),
    Exercise("08_chase_the_record", "8.1", "exercise-8-2", "batch_normalised", ("normalised", "maps"), {"maps": MAPS}),
    Exercise("08_chase_the_record", "8.2", "exercise-8-3", "majority_wrong", ("majority_wrong",), {}),
    Exercise("08_chase_the_record", "8.3", "exercise-8-5", "softened", ("soften",), {}),
    Exercise("06_read_numbers", "6.1", "exercise-6-1", "number_with_doubts", ("as_text",), {}),
    Exercise("06_read_numbers", "6.2", "exercise-6-2", "mistakes_of_reading", ("edits",), {}),
    Exercise("09_look_inside", "9.1", "exercise-9-1", "map_of_falls", ("occlusion",), {}),
    Exercise("09_look_inside", "9.2", "exercise-9-2", "likeness_without_cause", ("floor",), {}),
    Exercise("10_know_its_limits", "10.1", "exercise-10-1", "small_step", ("my_step",), {}),
    Exercise("10_know_its_limits", "10.2", "exercise-10-2", "flips_in_reach", ("my_flips",), {}),
    Exercise(
        "10_know_its_limits",
        "10.3",
        "exercise-10-3",
        "scale_of_least_error",
        ("my_scale",),
        {"rounded": know_its_limits.rounded},
    ),
    Exercise("11_many_machines", "11.1", "exercise-11-1", "mean_of_shares", ("my_mean",), {}),
    Exercise("11_many_machines", "11.2", "exercise-11-2", "seconds_of_a_step", ("my_seconds",), {}),
    Exercise("11_many_machines", "11.3", "exercise-11-3", "cores_for_a_day", ("my_cores",), {}),
]
#: Exercises whose solution takes a while: it is run in its notebook, and not mutated.
LONG = [
    Exercise("04_train_and_evaluate", "4.4", "exercise-4-4", "more_data", ("with_500", "with_5000"), {}),
    Exercise(
        "05_validate_on_handwriting",
        "5.3",
        "exercise-mine",
        "missing_step",
        ("without_polarity", "without_cutting_out", "lost"),
        {},
    ),
]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)


def solution_of(exercise: Exercise) -> str:
    """Return the code of the folded solution, as the reader sees it."""
    cells = nbformat.read(NOTEBOOKS / f"{exercise.notebook}.ipynb", as_version=4).cells
    (text,) = [cell.source for cell in cells if f"Exercise {exercise.number} " in cell.source]
    return re.search(r"<summary>Solution</summary>.*?```python\n(.*?)```", text, re.DOTALL).group(1)


def answers_of(exercise: Exercise, code: str | ast.Module) -> list:
    """Run a solution where the notebook's names are; return its answers."""
    scope = DRAWS | exercise.context
    exec(compile(code, exercise.number, "exec"), scope)
    return [scope[name] for name in exercise.names]


def said(capsys, exercise_or_name: Exercise | str, *answers) -> str:
    """Return what a check prints: one line."""
    name = getattr(exercise_or_name, "check", exercise_or_name)
    capsys.readouterr()
    CHECKS[name](*answers)
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and line[:2] in ("✓ ", "✗ ", "· "), line
    return line


@every_exercise
def test_the_solution_is_right(exercise, capsys):
    assert said(capsys, exercise, *answers_of(exercise, solution_of(exercise))).startswith("✓")


@every_exercise
def test_the_untouched_cell_is_not_attempted(exercise, capsys):
    path = NOTEBOOKS / f"{exercise.notebook}.ipynb"
    (cell,) = [cell for cell in nbformat.read(path, as_version=4).cells if cell.id == exercise.cell]
    assert "not attempted" in said(capsys, exercise, *answers_of(exercise, cell.source)).lower()
    assert "not attempted" in said(capsys, exercise).lower()


@every_exercise
@pytest.mark.parametrize(
    "nonsense",
    [
        "five",
        b"5",
        True,
        [],
        [1, "two"],
        {},
        object(),
        np.nan,
        [np.nan] * 10,
        np.inf,
        np.zeros((0, 3)),
        print,
        10**400,
        1j,
    ],
    ids=repr,
)
def test_nonsense_is_rejected_and_never_raises(exercise, nonsense, capsys):
    """Also a function that prints, which the fourth notebook's check calls."""
    answers = [nonsense] * len(exercise.names)
    assert said(capsys, exercise, *answers).startswith("✗")


CLIMBED = "w + rate * slopes_w, b + rate * slopes_b"
DIAGNOSIS = {"A": "softmax", "B": "dead", "C": "scale", "D": "labels", "E": "rate"}
FLOOR = np.log(np.e + 9) - 1


def fitted(amount, accuracy, epochs=20, batch_size=128, before=0, peak=4e-3, first_loss=1.7):
    """Return what fit would return; before: the steps that the network had taken already; peak: 0 for no schedule."""
    history = keras.callbacks.History()
    history.history = {"loss": [first_loss] + [0.1] * (epochs - 1)} | (
        {} if accuracy is None else {"val_accuracy": [accuracy] * epochs}
    )
    history.params = {"epochs": epochs, "steps": -(-amount // batch_size)}
    model = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.AdamW(warmup_cosine(peak, 100) if peak else 0.004), "mse")
    model.optimizer.iterations.assign(before + epochs * history.params["steps"])
    history.set_model(model)
    return history


KERNEL = np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]])


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        ("mean_ink", [MEANS.tolist()]),
        ("mean_ink", [MEANS.astype(np.float32)[:, np.newaxis]]),
        ("mean_ink", [dict(enumerate(MEANS)).values()]),
        ("mean_ink", [[keras.ops.mean(each.astype("float32")) for each in OF_EACH]]),
        ("mean_ink", [[X[:55_000][Y[:55_000] == digit].mean() for digit in range(10)]]),
        ("shifted", [np.concatenate([np.zeros((5000, 28, 2)), X_VALIDATION[:, :, :-2]], axis=2), 2]),
        ("shifted", [np.roll(X_VALIDATION, 3, axis=-1).astype(float), np.int64(3)]),
        ("shifted", [[np.roll(picture, 1, axis=1) for picture in X_VALIDATION], 1]),
        ("shifted", [keras.ops.roll(X_VALIDATION, 4, axis=2), 4]),
        ("both_inked", [(0.6, 0.6), -1]),
        ("both_inked", [np.array([[3], [2]]), [-4]]),
        ("descent", [loop(slopes_w="np.einsum('nd,nk->dk', x, p - y) / len(p)")]),
        ("descent", [loop(slopes_b="(p - y).sum(axis=0, keepdims=True) / len(x)")]),
        ("descent", [loop(slopes_w="x.T @ (y - p) / len(x)", slopes_b="(y - p).mean(0)", w_and_b=CLIMBED)]),
        ("descent", [loop(order="np.arange(len(images))")]),
        ("descent", [loop(slopes_w="sum(np.outer(a, c) for a, c in zip(x, p - y)) / len(x)")]),
        ("descent", [loop(slopes_w="np.mean([np.outer(a, c) for a, c in zip(x, p - y)], axis=0)")]),
        ("slanted_kernel", [KERNEL.tolist()]),
        ("slanted_kernel", [KERNEL * 0.5]),
        ("slanted_kernel", [[[0, -1, 1], [-1, 2, -1], [1, -1, 0]]]),
        ("final_side", [5]),
        ("final_side", [np.array([5.0])]),
        ("final_side", [np.int64(5)]),
        ("final_side", [(5, 5)]),
        ("without_sharing", [105_214, 122_304]),
        ("without_sharing", [np.float64(105_214), [122_304]]),
        ("twenty_nine_of_thirty", [list(interval(29, 30))]),
        ("twenty_nine_of_thirty", [np.round(interval(29, 30), 3)]),
        ("twenty_nine_of_thirty", [(0.828, 0.999)]),
        ("twenty_nine_of_thirty", [(0.8095, 0.9983)]),
        ("precision_and_recall", [0.952, 0.8]),
        ("precision_and_recall", [np.float64(20 / 21), np.array([0.8])]),
        ("diagnoses", [DIAGNOSIS, 1.461]),
        ("diagnoses", [{letter.lower(): f" {word.upper()} " for letter, word in DIAGNOSIS.items()}, [FLOOR]]),
        ("more_data", [fitted(500, 0.93), fitted(5000, 0.976)]),
        ("darkness_by_paper", [lambda picture, paper: ((paper - picture.astype(float)) / paper).mean(axis=-1)]),
        ("darkness_by_paper", [lambda picture, paper: np.mean(1 - picture / paper, axis=2).clip(0, 1)]),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / paper).sum(axis=2).astype(np.float32) / 3]),
        ("darkness_by_paper", [lambda picture, paper: np.maximum(1 - picture / paper, 0).mean(axis=2).tolist()]),
        ("darkness_by_paper", [darkness_by_loops]),
        ("darkness_by_paper", [darkness("np.einsum('rck->rc', 1 - q) / 3")]),
        ("darkness_by_paper", [darkness("1 - q.astype(np.float16).mean(axis=2)")]),
        ("darkness_by_paper", [lambda a, b: keras.ops.mean(1 - keras.ops.cast(a, "float32") / b.astype("f"), axis=2)]),
        ("way_to_the_middle", [np.float32(2.5), [-2.25]]),
        ("way_to_the_middle", [5 / 2, -9 / 4]),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).sum(axis=1).argmax()]),
        ("nearest_without_multiplying", [lambda f, d: np.array([f[w > 0].sum() - f[w < 0].sum() for w in d]).argmax()]),
        ("nearest_without_multiplying", [lambda f, d: [np.argmax(np.where(d > 0, f, 0).sum(axis=1))]]),
        (
            "batch_normalised",
            [((MAPS - MAPS.mean((0, 1, 2))) / np.sqrt(MAPS.var((0, 1, 2)) + 1e-3)).astype("float32"), MAPS],
        ),
        ("batch_normalised", [(MAPS - MAPS.mean((0, 1, 2))) / MAPS.std((0, 1, 2)), MAPS]),
        ("softened", [lambda x, t: 1 / np.exp((x - x[:, np.newaxis]) / t).sum(axis=1)]),
        ("majority_wrong", [lambda p: p**3 * (10 - 15 * p + 6 * p**2)]),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join([str(x) if y >= t else "?" for x, y in zip(d, p, strict=True)])],
        ),
        ("number_with_doubts", [lambda d, p, t: "".join(np.where(np.array(p) < t, "?", np.array(d).astype(str)))]),
        ("mistakes_of_reading", [lambda read, true: np.int64(edit_distance(read, true))]),
        ("map_of_falls", [windows_by_padding]),
        ("likeness_without_cause", [floor_by_matrix]),
        ("small_step", [lambda p, s, g, d, e: np.clip(p + d * np.sign(g), np.maximum(s - e, 0), np.minimum(s + e, 1))]),
        ("small_step", [lambda p, s, g, d, e: s + np.clip(p.clip(0, 1) - s + d * np.sign(g), -e, e).clip(-s, 1 - s)]),
        ("flips_in_reach", [flips_by_loops]),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, s, e)[::-1]]),
        ("scale_of_least_error", [scale_by(lambda w, top: np.abs(w).max() / top * np.linspace(0.1, 1, 400))]),
        ("scale_of_least_error", [scale_by(lambda w, top: np.abs(w).max() / top * np.geomspace(0.2, 1, 60))]),
        ("mean_of_shares", [lambda slopes, sizes: np.average(slopes, axis=0, weights=sizes)]),
        ("mean_of_shares", [lambda slopes, sizes: np.tensordot(sizes, slopes, 1).tolist() / np.sum(sizes)]),
        (
            "mean_of_shares",
            [
                lambda slopes, sizes: sum(
                    np.multiply(size, each) / sum(sizes) for size, each in zip(sizes, slopes, strict=True)
                )
            ],
        ),
        (
            "seconds_of_a_step",
            [lambda n, alone, shared, size, speed: alone + (shared + 2 * (n - 1) * size / speed) / n],
        ),
        ("seconds_of_a_step", [lambda n, a, w, size, speed: [np.float64(a + w / n + (2 - 2 / n) * size / speed)]]),
        ("cores_for_a_day", [lambda images, each, rush: -(-images * each * rush // 86_400)]),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images / 24 / 3600 * rush * each)]),
    ],
)
def test_a_right_answer_in_another_form_is_right(check, answers, capsys):
    assert said(capsys, check, *answers).startswith("✓")


@pytest.mark.parametrize(
    ("check", "answers", "sentence"),
    [
        ("mean_ink", [np.zeros(10)], "All ten are 0"),
        ("mean_ink", [MEANS / 255], "from 0 to 255"),
        ("mean_ink", [[X[:55_000][Y[:55_000] == digit].sum() for digit in range(10)]], "sums"),
        ("mean_ink", [MEANS * 784], "784"),
        ("mean_ink", [np.round([X[:55_000][Y[:55_000] == digit].mean() for digit in range(10)])], "rounded"),
        ("mean_ink", [dict(enumerate(MEANS))], "a dict"),
        ("mean_ink", [np.zeros((10, 28, 28))], "mean \\*pictures"),
        ("mean_ink", [[(X[digit == Y] > 0).mean() for digit in range(10)]], "how many pixels"),
        ("mean_ink", [[X[digit == Y].std() for digit in range(10)]], "standard deviations"),
        ("mean_ink", [MEANS[::-1]], "another order"),
        ("mean_ink", [[X.mean()] * 10], "the same"),
        ("mean_ink", [X.mean()], "This is one number"),
        ("mean_ink", [[np.median(X[digit == Y]) + 1 for digit in range(10)]], "the same"),
        ("mean_ink", [[np.median(each) for each in OF_EACH]], "Their median is 0"),
        ("mean_ink", [[each.max() for each in OF_EACH]], "largest pixels"),
        ("mean_ink", [X[:10].mean(axis=(1, 2))], "the first ten pictures, whatever they show"),
        ("mean_ink", [[each[0].mean() for each in OF_EACH]], "only the first 1 counted"),
        ("mean_ink", [[each[:10].mean() for each in OF_EACH]], "only the first 10 counted"),
        ("mean_ink", [[X_VALIDATION[digit == Y_VALIDATION].mean() for digit in range(10)]], "validation digits"),
        ("mean_ink", [np.bincount(Y)], "how many pictures"),
        ("mean_ink", [[len(each) for each in OF_EACH]], "how many pictures"),
        ("mean_ink", [[len(each) / 55_000 for each in OF_EACH]], "shares of the pictures"),
        ("mean_ink", [[np.count_nonzero(each) for each in OF_EACH]], "how many pixels"),
        ("mean_ink", [[(each > 0).sum() / len(each) for each in OF_EACH]], "how many pixels"),
        ("mean_ink", [[(each > 128).mean() for each in OF_EACH]], "counts the dark pixels"),
        ("mean_ink", [[(each == 0).mean() for each in OF_EACH]], "share of empty pixels"),
        ("mean_ink", [[each.sum() / 255 for each in OF_EACH]], "sums"),
        ("mean_ink", [[each.sum(axis=2).mean() for each in OF_EACH]], "a row of 28"),
        ("mean_ink", [[each.sum() / 55_000 / 784 for each in OF_EACH]], r"\*its\* pictures"),
        ("mean_ink", [[each.sum() / X[:55_000].sum() for each in OF_EACH]], "part of all the ink"),
        ("mean_ink", [MEANS / 2.55], "per cent of 255"),
        ("mean_ink", [255 - MEANS], "the paper"),
        ("mean_ink", [[each.var() for each in OF_EACH]], "variances"),
        ("mean_ink", [[each.mean(axis=0).max() for each in OF_EACH]], "darkest pixel of each mean picture"),
        ("mean_ink", [np.arange(10)], "digits themselves"),
        ("mean_ink", [np.argsort(MEANS)], "order of their ink"),
        ("mean_ink", [MEANS.astype(np.uint8)], "rounded"),
        ("mean_ink", [MEANS[1:]], "Nine numbers"),
        ("mean_ink", [[each.mean(axis=(1, 2)) for each in OF_EACH]], "more than one number"),
        ("mean_ink", [iter(MEANS)], "make a list"),
        ("mean_ink", [X.mean(axis=0)], "10 numbers"),
        ("shifted", [X_VALIDATION, 2], "Nothing has moved"),
        ("shifted", [np.roll(X_VALIDATION, 2, axis=1), 2], "moved down"),
        ("shifted", [np.roll(X_VALIDATION, -2, axis=1), 2], "moved up"),
        ("shifted", [np.roll(X_VALIDATION, -2, axis=2), 2], "to the left"),
        ("shifted", [np.roll(X_VALIDATION, 2, axis=0), 2], "changed places"),
        ("shifted", [np.roll(X_VALIDATION, 2), 2], "one long row"),
        ("shifted", [X_VALIDATION[:, :, 2:], 2], "shape"),
        ("shifted", [np.roll(X_VALIDATION, 3, axis=2), 2], "moved by 3, and SHIFT is 2"),
        ("shifted", [np.roll(X_VALIDATION, (2, 2), axis=(1, 2)), 2], "down as well"),
        ("shifted", [np.roll(X_VALIDATION, (2, 2), axis=(0, 2)), 2], "changed places as well"),
        ("shifted", [rimmed((0, 0), (2, 0), (0, 0)), 2], "moved down"),
        ("shifted", [rimmed((0, 0), (0, 2), (0, 0)), 2], "moved up"),
        ("shifted", [rimmed((0, 0), (0, 0), (0, 2)), 2], "to the left"),
        ("shifted", [rimmed((2, 0), (0, 0), (0, 0)), 2], "changed places"),
        ("shifted", [rimmed((0, 0), (0, 0), (3, 0)), 2], "moved by 3, and SHIFT is 2"),
        ("shifted", [rimmed((0, 0), (2, 0), (0, 0)) / 255, 2], "moved down"),
        ("shifted", [rimmed((0, 0), (0, 0), (2, 0), mode="edge"), 2], "are no paper"),
        ("shifted", [rimmed((0, 0), (0, 0), (2, 0), constant_values=255), 2], "are no paper"),
        ("shifted", [np.roll(X_VALIDATION, 1, axis=1), 2], "moved down"),
        ("shifted", [np.roll(X_VALIDATION, -3, axis=2), 2], "to the left"),
        ("shifted", [np.roll(X_VALIDATION.reshape(-1, 784), 2, axis=1).reshape(-1, 28, 28), 2], "one long row"),
        ("shifted", [X_VALIDATION + 2, 2], "darker, and moves none"),
        ("shifted", [X_VALIDATION[..., ::-1], 2], "mirrored"),
        ("shifted", [X_VALIDATION.transpose(0, 2, 1), 2], "Rows and columns"),
        ("shifted", [np.roll(X[:55_000], 2, axis=2), 2], "take x_validation"),
        ("shifted", [np.roll(X[:5000], 2, axis=2), 2], "take x_validation"),
        ("shifted", [(np.roll(X_VALIDATION, 2, axis=2), Y_VALIDATION), 2], "without labels"),
        ("shifted", [np.roll(X_VALIDATION, 4, axis=2), (1, 2, 3, 4)], "one after the other"),
        ("shifted", [np.roll(X_VALIDATION, 1, axis=2), 1.5], "a whole number"),
        ("shifted", [X_VALIDATION[2:] ** 0, 2], "The shape is"),
        ("shifted", [255 - X_VALIDATION, 2], "not the digits moved"),
        ("shifted", [X_VALIDATION, 0], "moves nothing"),
        ("both_inked", [[0, 0], 0], "All zeros"),
        ("both_inked", [[1, 1], 1.5], "it is above 0"),
        ("both_inked", [[1, 1], 0], "neither yes nor no"),
        ("both_inked", [[1, 1], -0.5], "first pixel alone reaches 0.5"),
        ("both_inked", [[0.5, 2], -1], "second pixel alone reaches 1"),
        ("both_inked", [[1, 1], -1], "alone reaches 0, and"),
        ("both_inked", [[1, 1], -2], "too low"),
        ("both_inked", [[-1, -1], -1.5], "both weights above 0"),
        ("both_inked", [-1.5, [1, 1]], "are exchanged"),
        ("both_inked", [[1, 1, -1.5], -1.5], "apart from them one bias"),
        ("both_inked", [[1, 1], [-1, -1]], "apart from them one bias"),
        ("both_inked", [[0.1, 0.2], -0.3], "Both pixels together reach 0"),
        ("descent", [loop(w_and_b="w, b")], "Nothing has moved"),
        ("descent", [loop(w_and_b=CLIMBED)], "climbs"),
        ("descent", [loop(slopes_w="x.T @ (y - p) / len(x)", slopes_b="(y - p).mean(axis=0)")], "climbs"),
        ("descent", [loop(w_and_b="w - slopes_w, b - slopes_b")], "learning rate"),
        ("descent", [loop(slopes_w="x.T @ (p - y)", slopes_b="(p - y).sum(axis=0)")], "sums over the batch"),
        ("descent", [loop(slopes_w="x.T @ (p - y)")], "The weights: these slopes are sums"),
        ("descent", [loop(slopes_b="(p - y).sum(axis=0)")], "The biases: these slopes are sums"),
        ("descent", [loop(slopes_w="x.T @ (p - y) / 784")], "not of pixels"),
        ("descent", [loop(slopes_w="x.T @ (p - y) / batch_size")], "smaller than batch_size"),
        ("descent", [loop(slopes_b="(p - y).sum(axis=0) / batch_size")], "smaller than batch_size"),
        ("descent", [loop(slopes_b="(p - y).mean(axis=0) / len(x)")], "twice"),
        ("descent", [loop(slopes_b="(p - y).mean()")], "The biases: nothing has moved"),
        ("descent", [loop(slopes_w="x.T @ (y - p) / len(x)")], "The weights: this climbs"),
        ("descent", [loop(p="softmax(x @ w)")], "lacks the biases"),
        ("descent", [loop(p="x @ w + b")], "softmax is missing"),
        ("descent", [loop(p="np.exp(x @ w + b) / np.exp(x @ w + b).sum()")], "whole batch"),
        ("descent", [loop(slopes_w="x.T @ p / len(x)", slopes_b="p.mean(axis=0)")], "Where is y"),
        ("descent", [loop(p="softmax(x @ weights + biases)")], "The slopes stay those of the start"),
        ("descent", [loop(w_and_b="weights - rate * slopes_w, biases - rate * slopes_b")], "begins at the start again"),
        ("descent", [loop(slopes_w="x.T @ (p - y) / len(images)")], "not by all the images"),
        ("descent", [loop(order="rng.permutation(len(images) - 1)")], "never used"),
        ("descent", [loop(slopes_b="...")], "dots are still there"),
        ("descent", [loop(w_and_b="w - rate * slopes_w, ...")], "dots are still there"),
        ("descent", [loop(slopes_w="x.T @ (p - y) / 0")], "NaN"),
        ("descent", [loop(p="softmax(x @ ww + b)")], "stops with NameError"),
        ("descent", [loop(p="softmax(w @ x + b)")], "p: the shapes in this line .* N x 784"),
        ("descent", [loop(p="(x @ w + b).argmax(axis=1)")], "p: it has the shape N, and N x 10"),
        ("descent", [loop(slopes_w="(p - y) @ x")], "slopes_w: the shapes in this line"),
        ("descent", [loop(slopes_w="x * (p - y) / len(x)")], "slopes_w: the shapes in this line"),
        ("descent", [loop(slopes_w="(p - y).T @ x / len(x)")], "slopes_w: it has the shape 10 x 784"),
        ("descent", [loop(slopes_b="(p - y).mean(axis=1)")], r"each \*digit\* \(axis=1\)"),
        ("descent", [loop(slopes_b="p - y")], "a row for each digit"),
        ("descent", [loop(slopes_w="x[:, :, None] * (p - y)[:, None]")], "784 x 10 numbers for each digit"),
        ("descent", [loop(w_and_b="w - rate * slopes_b[:7], b - rate * slopes_b")], "The step: the shapes"),
        ("descent", [loop(w_and_b="b - rate * slopes_b, w - rate * slopes_w")], "w and b are exchanged"),
        ("descent", [loop(w_and_b="w - rate * slopes_w, b - rate * slopes_w")], "takes slopes_b"),
        ("descent", [loop(w_and_b="w - slopes_w / rate, b - slopes_b / rate")], "does not divide"),
        ("descent", [loop(w_and_b="w - rate**2 * slopes_w, b - rate**2 * slopes_b")], "multiplies twice"),
        ("descent", [loop(w_and_b="rate * slopes_w, rate * slopes_b")], "step alone is left"),
        ("descent", [loop(w_and_b="-rate * slopes_w, -rate * slopes_b")], "step alone is left"),
        ("descent", [loop(slopes_w="x.T @ (p - y) / 10")], "not of classes"),
        ("descent", [loop(slopes_w="(p - y).mean(axis=0)")], "where is the ink"),
        ("descent", [loop(slopes_w="(x.T @ (p - y)).mean(axis=0)")], "the same for every pixel"),
        ("descent", [loop(slopes_b="slopes_w.mean(axis=0)")], "that of a bias is p - y alone"),
        ("descent", [loop(slopes_b="slopes_w.sum(axis=0)")], "a bias's p - y alone"),
        ("descent", [loop(slopes_w="x.T @ p - x.T @ y / len(x)")], "brackets"),
        ("descent", [loop(slopes_w="x.T @ (p - y)**2 / len(x)", slopes_b="((p - y)**2).mean(axis=0)")], "squared"),
        ("descent", [loop(slopes_w="x.T @ abs(p - y) / len(x)", slopes_b="abs(p - y).mean(axis=0)")], "sign of p - y"),
        ("descent", [loop(p="softmax(images @ w + b)")], "p is that of all images"),
        ("descent", [loop(p="softmax(x @ w - b)")], "a bias is added"),
        ("descent", [loop(p="softmax(softmax(x @ w + b))")], "softmax twice"),
        ("descent", [loop(p="1 / (1 + np.exp(-(x @ w + b)))")], "sigmoid"),
        ("descent", [loop(p="np.log(softmax(x @ w + b))")], "logarithms"),
        ("descent", [loop(p="np.eye(10)[(x @ w + b).argmax(axis=1)]")], "the answers alone"),
        ("descent", [loop(p="softmax(x @ weights + b)")], "wrong at the second step"),
        ("descent", [loop(slopes_w="w", slopes_b="b")], "not yet those after a step"),
        ("descent", [loop(result="w, b")], "three things"),
        ("descent", [loop(result="w, b, losses[:1]")], "losses holds"),
        ("descent", [loop(result="w.T, b, losses")], "comes back as w"),
        ("descent", [loop(w_and_b="np.subtract(w, rate * slopes_w, out=weights), b - rate * slopes_b")], "was given"),
        ("shifted", [np.roll(X_VALIDATION / 255, 2, axis=2), 2], "but scaled"),
        ("shifted", [np.roll((X_VALIDATION / 255).astype(np.float32), 2, axis=2), 2], "but scaled"),
        ("slanted_kernel", [np.zeros((3, 3))], "All zeros"),
        ("slanted_kernel", [np.eye(3)[::-1]], "even ground"),
        ("slanted_kernel", [np.array([[0, 0, 1], [0, 1, -1], [1, -1, -1]])], "looks for an \\*edge"),
        ("slanted_kernel", [np.array([[-1, -1, 1], [-1, 1, 0], [1, 0, 0]])], "looks for an \\*edge"),
        ("slanted_kernel", [KERNEL[:, ::-1]], "most to strokes like"),
        ("slanted_kernel", [-KERNEL], "are negative"),
        ("slanted_kernel", [[[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]], r"looks for an \*edge"),
        ("slanted_kernel", [[[-1, -1, 0], [-1, 0, 1], [0, 1, 1]]], "paper on both sides"),
        ("slanted_kernel", [[[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]], "paper on both sides"),
        ("slanted_kernel", [[[-1, 2, -1]] * 3], r"strokes like \|"),
        ("slanted_kernel", [np.ones((5, 5))], "3 x 3 is wanted"),
        ("slanted_kernel", [KERNEL.ravel()], "Three rows"),
        ("final_side", [32], "where you start"),
        ("final_side", [28], "first step"),
        ("final_side", [14], "two steps"),
        ("final_side", [10], "last pooling"),
        ("final_side", [8], "takes 4 pixels away"),
        ("final_side", [2], r"\+ 1 is forgotten"),
        ("final_side", [6], "both kernels come before"),
        ("final_side", [16], "One halving"),
        ("final_side", [5.5], "whole number"),
        ("final_side", [-1], "✗ Not yet: write down the side after each"),
        ("final_side", [100], "✗ Not yet: write down the side after each"),
        ("without_sharing", [0, 0], "still 0"),
        ("without_sharing", [105_000, 122_304], "Dense network: the biases"),
        ("without_sharing", [61_706, 122_304], "convolutions"),
        ("without_sharing", [94_200, 122_304], "first layer alone"),
        ("without_sharing", [105_214, 117_600], "C1 unshared: the biases"),
        ("without_sharing", [105_214, 117_606], "not each map"),
        ("without_sharing", [105_214, 20_384], "There are six"),
        ("without_sharing", [122_304, 105_214], "Dense network: .* are exchanged. C1 unshared: .* are exchanged"),
        ("without_sharing", [105_214, 7], "C1 unshared: not yet. How many units .* Dense network: right"),
        ("without_sharing", [200_000, 122_304], "Dense network: not yet. Count each .* C1 unshared: right"),
        ("without_sharing", ["five", 122_304], "Dense network: A number is wanted.* C1 unshared: right"),
        ("without_sharing", [105_000, ...], "the biases.* C1 unshared: not attempted"),
        ("without_sharing", [105_988, 122_304], "arguments are exchanged"),
        ("without_sharing", [167_990, 122_304], "the second has 120 inputs"),
        ("without_sharing", [104_364, 122_304], "one layer is missing"),
        ("without_sharing", [105_214, 4_710], "six units that see all pixels"),
        ("without_sharing", [105_214, 118_384], "a bias of its own"),
        ("final_side", [22], "stride of 1"),
        ("final_side", [(28, 14, 10, 5)], "give the last one alone"),
        ("final_side", [4.25], "takes 4 pixels away"),
        ("without_sharing", [105_214, 117_625], "arguments are exchanged"),
        ("without_sharing", [94_080, 122_304], "weights of its first layer alone"),
        ("without_sharing", [998, 122_304], "pixels and units"),
        ("without_sharing", [105_998, 122_304], "only units have"),
        ("without_sharing", [167_776, 122_304], "and the biases are missing"),
        ("without_sharing", [(94_200, 10_164, 850), 122_304], "add them up"),
        ("without_sharing", ["105,214", 122_304], "without quotes"),
        ("without_sharing", [105.214, 122.304], "decimal one"),
        ("without_sharing", [105_214, 150], "for each of the 28 x 28 places"),
        ("without_sharing", [105_214, 86_400], "not 24 x 24"),
        ("without_sharing", [105_214, 3_687_936], "5 x 5 pixels"),
        ("without_sharing", [105_214, 705_600], "counted twice"),
        ("final_side", [(32, 28, 14, 10, 5)], "give the last one alone"),
        ("slanted_kernel", [[[0, 1], [1, 0]]], "3 x 3 is wanted"),
        ("twenty_nine_of_thirty", [interval(1, 30)], "count the right ones"),
        ("twenty_nine_of_thirty", [interval(97, 100)], "97 of 100"),
        ("twenty_nine_of_thirty", [interval(0.967, 30)], "not the share"),
        ("twenty_nine_of_thirty", [interval(29 / 30, 1)], "a share and 1"),
        ("twenty_nine_of_thirty", [interval(29, 30)[::-1]], "lower end comes first"),
        ("twenty_nine_of_thirty", [np.multiply(interval(29, 30), 100)], "per cent"),
        ("twenty_nine_of_thirty", [[0.902, 1.031]], "simple formula"),
        ("twenty_nine_of_thirty", [0.967], "two ends"),
        ("twenty_nine_of_thirty", [[0, 0]], "not the ends"),
        ("twenty_nine_of_thirty", [interval(28, 30)], "the interval of 28 of 30"),
        ("twenty_nine_of_thirty", [interval(30, 30)], "the interval of 30 of 30"),
        ("twenty_nine_of_thirty", [interval(29, 31)], "the interval of 29 of 31"),
        ("twenty_nine_of_thirty", [interval(29, 100)], "the interval of 29 of 100"),
        ("twenty_nine_of_thirty", [interval(96.7, 100)], "the interval of 96.7 of 100. A percentage forgets"),
        ("twenty_nine_of_thirty", [interval(967, 1000)], "the interval of 967 of 1,000"),
        ("twenty_nine_of_thirty", [interval(9670, 10_000)], "the interval of 9670 of 10,000"),
        ("twenty_nine_of_thirty", [interval(9927, 10_000)], "hundreds of digits"),
        ("twenty_nine_of_thirty", [interval(1 / 30, 1)], "a share and 1"),
        ("twenty_nine_of_thirty", [(0.9137, 0.0804)], "The middle and half the width"),
        ("twenty_nine_of_thirty", [(29, 30)], "two counts"),
        ("twenty_nine_of_thirty", [(29 / 30, 29 / 30)], "accuracy itself"),
        ("twenty_nine_of_thirty", [(0.902, 1)], "simple formula"),
        ("twenty_nine_of_thirty", [(0.8636, 0.9925)], "Another confidence, 90 %"),
        ("twenty_nine_of_thirty", [(0.7682, 0.9961)], "Another confidence, 99 %"),
        ("twenty_nine_of_thirty", [(0.916, 0.9872)], "Another confidence, 68 %"),
        ("twenty_nine_of_thirty", ["0.83 to 0.99"], "without quotes"),
        ("twenty_nine_of_thirty", [{"low": 0.833, "high": 0.994}], "this is a dict"),
        ("more_data", [fitted(500, 0.93, peak=0.04), fitted(5000, 0.976)], "different learning rates"),
        (
            "more_data",
            [fitted(500, 0.93), fitted(5000, 0.976, peak=0)],
            "5,000 digits: this learning rate has no schedule",
        ),
        ("more_data", [fitted(5000, 0.976), fitted(500, 0.93)], "exchanged"),
        ("more_data", [fitted(5000, 0.93), fitted(5000, 0.976)], "500 digits: it saw 5,000"),
        ("more_data", [fitted(500, 0.93).history, fitted(5000, 0.976)], "leave .history away"),
        ("precision_and_recall", [0.8, 0.952], "exchanged"),
        ("precision_and_recall", [95.2, 80], "per cent"),
        ("precision_and_recall", [48 / 58, 0.96], "precision and the recall of the 1"),
        ("precision_and_recall", [0.88, 0.8], "accuracy"),
        ("precision_and_recall", [0.952, 0.952], "read as 7"),
        ("precision_and_recall", [0, 0], "Precision: this is 0, .* Recall: this is 0"),
        ("precision_and_recall", [40 / 42, 0.5], "Recall: this is how many .* 7s. Precision: right"),
        ("precision_and_recall", [0.8, 0.8], "Precision: .* that is the recall. Recall: right"),
        ("precision_and_recall", [0.4, 0.4], "Precision: .* hundred digits. Recall: .* hundred digits"),
        ("precision_and_recall", [40 / 88, 0.8], "all right answers"),
        ("precision_and_recall", [0.96, 0.8], "Precision: this is the recall of the 1"),
        ("precision_and_recall", [40 / 42, 48 / 58], "Recall: this is the precision of the 1"),
        ("precision_and_recall", [0.84, 0.8], "two of them were not"),
        ("precision_and_recall", [0.42, 0.8], "right or wrong"),
        ("precision_and_recall", [40 / 42, 40 / 48], "48 is the number of right 1s"),
        ("precision_and_recall", [40 / 52, 0.8], "both kinds of mistake"),
        ("precision_and_recall", [80 / 92, 0.8], "F1"),
        ("precision_and_recall", [2 / 42, 0.8], "the wrong ones"),
        ("precision_and_recall", [2 / 50, 0.8], "the 1s that were read as 7"),
        ("precision_and_recall", [40 / 42, 0.2], "Recall: .* missed"),
        ("precision_and_recall", [1, 1], "as if no mistake"),
        ("precision_and_recall", [0.952, 80], "Recall: the right number in per cent.* Precision: right"),
        ("precision_and_recall", [42 / 40, 0.8], "upside down"),
        ("precision_and_recall", [40, 50], "Precision: this is a count.* Recall: this is a count"),
        ("precision_and_recall", [0.6, 0.8], "Precision: not yet.* Recall: right"),
        ("precision_and_recall", [0.8, ...], "Precision: .* that is the recall. Recall: not attempted"),
        ("precision_and_recall", ["95%", 0.8], "without quotes"),
        ("diagnoses", [{}, FLOOR], "A dictionary"),
        ("diagnoses", [["softmax", "dead"], FLOOR], "A dictionary"),
        ("diagnoses", [{"A": "softmax"}, FLOOR], "each of the letters"),
        ("diagnoses", [DIAGNOSIS | {"B": "flat"}, FLOOR], "none of the five words"),
        ("diagnoses", [DIAGNOSIS | {"B": "rate"}, FLOOR], "more than once"),
        ("diagnoses", [DIAGNOSIS | {"A": "dead", "B": "softmax"}, FLOOR], "A: .*nothing at all.*do not fit together"),
        ("diagnoses", [DIAGNOSIS | {"B": "rate", "E": "dead"}, FLOOR], "B: .*as a leap.*is flat"),
        ("diagnoses", [DIAGNOSIS | {"C": "rate", "E": "scale"}, FLOOR], "C: .*as a leap.*before the first step"),
        ("diagnoses", [DIAGNOSIS | {"C": "labels", "D": "scale"}, FLOOR], "C: .*climb.*before the first step"),
        ("diagnoses", [DIAGNOSIS | {"D": "rate", "E": "labels"}, FLOOR], "D: .*as a leap.*the curves part"),
        ("diagnoses", [DIAGNOSIS, 0], "0 would need"),
        ("diagnoses", [DIAGNOSIS, 0.232], "this is the probability"),
        ("diagnoses", [DIAGNOSIS, -FLOOR], "not negative"),
        ("diagnoses", [DIAGNOSIS, FLOOR / np.log(10)], "base 10"),
        ("diagnoses", [DIAGNOSIS, 2.303], "loss of guessing"),
        ("diagnoses", [DIAGNOSIS, 1.57], "read off a curve"),
        ("diagnoses", [DIAGNOSIS, 7], "not yet"),
        ("diagnoses", [DIAGNOSIS, 1], "what the first softmax gives"),
        ("diagnoses", [DIAGNOSIS, 23.2], "in per cent"),
        ("diagnoses", [DIAGNOSIS, 1 - 0.232], "1 minus the probability"),
        ("diagnoses", [DIAGNOSIS, 0.0853], "one of the nine others"),
        ("diagnoses", [DIAGNOSIS, np.log(np.e + 9)], "above the line stands e"),
        ("diagnoses", [DIAGNOSIS, FLOOR / np.log(2)], "base 2"),
        ("diagnoses", [DIAGNOSIS, np.log(9)], "leaves the true digit out"),
        ("diagnoses", [DIAGNOSIS, np.log(9) - 1], "leaves the true digit out"),
        ("diagnoses", [DIAGNOSIS, np.log(10) - 1], "below the line stand all ten"),
        ("diagnoses", [DIAGNOSIS, np.log(np.e + 10) - 1], "one too many"),
        ("diagnoses", [DIAGNOSIS, np.log(np.e + 8) - 1], "one too few"),
        ("diagnoses", [DIAGNOSIS, np.log(np.e + 1) - 1], "two digits"),
        ("diagnoses", [DIAGNOSIS, "1.461"], "The floor: .* without quotes. The five words: right"),
        ("diagnoses", [{word: letter for letter, word in DIAGNOSIS.items()}, FLOOR], "The other way round"),
        ("diagnoses", [DIAGNOSIS | {"A": "healthy"}, FLOOR], "none of the five words.* The floor: right"),
        ("diagnoses", [DIAGNOSIS | {"A": "dead", "B": ...}, FLOOR], "A: .* do not fit together.* The floor: right"),
        ("diagnoses", [dict.fromkeys("ABCDE", ...), 2.303], "The floor: .* guessing.* The five words: not attempted"),
        ("more_data", [0.95, 0.96], "can be typed"),
        ("more_data", [fitted(500, 0.93), fitted(500, 0.93)], "5,000 digits: it saw 500"),
        ("more_data", [fitted(500, 0.93, epochs=10), fitted(5000, 0.976)], "10 epochs"),
        ("more_data", [fitted(500, 0.93, batch_size=32), fitted(5000, 0.976)], "16 steps an epoch"),
        ("more_data", [fitted(500, None), fitted(5000, 0.976)], "no val_accuracy"),
        ("more_data", [fitted(500, 0.93), fitted(5000, 0.976, before=80)], "had been trained before"),
        ("more_data", [fitted(500, 0.93, first_loss=0.07), fitted(5000, 0.976)], "500 digits: .* had learned before"),
        ("more_data", [fitted(500, 0.93), fitted(5000, 0.976, first_loss=0.3)], "5,000 digits: .* had learned before"),
        ("more_data", [fitted(500, 0.93, epochs=5), ...], "500 digits: 5 epochs.* 5,000 digits: not attempted"),
        ("more_data", [fitted, fitted], "That is a function"),
        ("more_data", [keras.Sequential(), fitted(5000, 0.976)], "That is the network"),
        ("more_data", [fitted(500, 0.1), fitted(5000, 0.1)], "guessing"),
        ("more_data", [fitted(500, 0.7), fitted(5000, 0.9)], "Out of the range"),
        ("darkness_by_paper", [lambda picture, paper: (picture / paper).mean(axis=2)], "light that is left"),
        ("darkness_by_paper", [lambda picture, paper: (picture / paper - 1).mean(axis=2)], "sign is turned"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / 255).mean(axis=2)], "paper is not used"),
        ("darkness_by_paper", [lambda picture, paper: (paper / 255 - picture / 255).mean(axis=2)], "Subtracted"),
        ("darkness_by_paper", [lambda picture, paper: (paper * 1.0 - picture).mean(axis=2)], "Subtracted"),
        ("darkness_by_paper", [lambda picture, paper: (1 - paper / picture).mean(axis=2)], "exchanged"),
        ("darkness_by_paper", [lambda picture, paper: ((paper - picture) / paper).mean(axis=2)], "edge of uint8"),
        ("darkness_by_paper", [lambda picture, paper: (-picture / paper + 1).mean(axis=2)], "edge of uint8"),
        ("darkness_by_paper", [lambda picture, paper: ((1 - picture) / paper).mean(axis=2)], "edge of uint8"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture // paper).mean(axis=2)], "decimals away"),
        ("darkness_by_paper", [lambda picture, paper: 1 - picture / paper], "still three colours"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / paper).mean(axis=0)], "rows x columns"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / paper).mean()], "rows x columns"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / paper).sum(axis=2)], "sum over the colours"),
        ("darkness_by_paper", [lambda picture, paper: (1 - picture / paper)[..., 1]], "one of the three"),
        ("darkness_by_paper", [lambda picture, paper: 1 - picture.mean(axis=2) / paper.mean(axis=2)], "Nearly"),
        ("darkness_by_paper", [lambda picture, paper: (picture < 0.5 * paper).mean(axis=2)], "pale ink"),
        ("darkness_by_paper", [lambda picture, paper: np.divide(picture, 2, out=picture, casting="unsafe")], "changed"),
        ("darkness_by_paper", [lambda picture, paper: np.zeros(picture.shape[:2])], "All is 0"),
        ("darkness_by_paper", [lambda picture, paper: np.full(picture.shape[:2], np.nan)], "NaN"),
        ("darkness_by_paper", [darkness("(1 - q).mean(axis=2, keepdims=True)")], "leave keepdims away"),
        ("darkness_by_paper", [darkness("(1 - q).max(axis=2)")], "in which most is missing"),
        ("darkness_by_paper", [darkness("(1 - q).min(axis=2)")], "in which least is missing"),
        ("darkness_by_paper", [darkness("np.median(1 - q, axis=2)")], "the median"),
        ("darkness_by_paper", [darkness("(1 - q).prod(axis=2)")], "are multiplied"),
        ("darkness_by_paper", [darkness("(1 - q**2).mean(axis=2)")], "squared"),
        ("darkness_by_paper", [darkness("abs(1 - q).mean(axis=2)")], "no ink"),
        ("darkness_by_paper", [darkness("255 * (1 - q).mean(axis=2)")], "from 0 to 255"),
        ("darkness_by_paper", [darkness("100 * (1 - q).mean(axis=2)")], "in per cent"),
        ("darkness_by_paper", [darkness("(255 * (1 - q).mean(axis=2)).astype(np.uint8)")], "whole numbers to 255"),
        ("darkness_by_paper", [darkness("(1 - q).mean(axis=2).astype(int)")], "conversion to whole numbers"),
        ("darkness_by_paper", [darkness("(1 - q).mean(axis=2).round()")], "pale ink"),
        ("darkness_by_paper", [darkness("(1 - q).mean(axis=2).round(2)")], "rounded"),
        ("darkness_by_paper", [darkness("(1 - q).mean(axis=2) > 0.5")], "pale ink"),
        ("darkness_by_paper", [darkness("(1 - picture / paper.max()).mean(axis=2)")], "One number stands for all"),
        ("darkness_by_paper", [darkness("(1 - picture / paper.mean()).mean(axis=2)")], "One number stands for all"),
        ("darkness_by_paper", [darkness("(1 - picture / picture.max()).mean(axis=2)")], "One number stands for all"),
        ("darkness_by_paper", [darkness("(1 - picture / 128).mean(axis=2)")], "not by 128"),
        ("darkness_by_paper", [darkness("(-picture / 255 + 1).mean(axis=2)")], "at the minus sign"),
        ("darkness_by_paper", [darkness("(255 - picture).mean(axis=2)")], "paper is not used"),
        ("darkness_by_paper", [darkness("(picture < 128).mean(axis=2)")], "One threshold"),
        ("darkness_by_paper", [darkness("((255 - picture) / paper).mean(axis=2)")], "not from 255"),
        ("darkness_by_paper", [darkness("picture.mean(axis=2)")], "the picture itself"),
        ("darkness_by_paper", [darkness("picture.mean(axis=2) / paper.mean(axis=2)")], "left.* each colour by its own"),
        ("darkness_by_paper", [darkness("(paper / picture).mean(axis=2)")], "exchanged"),
        ("darkness_by_paper", [darkness("((paper - picture) / 255).mean(axis=2)")], "edge of uint8"),
        ("darkness_by_paper", [darkness("((picture - paper) / paper).mean(axis=2)")], "edge of uint8"),
        ("darkness_by_paper", [darkness("(paper - picture).mean(axis=2) / paper.mean(axis=2)")], "edge of uint8"),
        ("darkness_by_paper", [darkness("abs(paper.astype(int) - picture).mean(axis=2)")], "Subtracted"),
        ("darkness_by_paper", [darkness("(1 - picture / (paper.astype(int) + 1)).mean(axis=2)")], r"without a \+ 1"),
        ("darkness_by_paper", [darkness("np.zeros((3, 5)) + 0.5")], "the same number"),
        ("darkness_by_paper", [darkness("np.sqrt((1 - q).clip(0)).mean(axis=2)")], "Not yet. Try it on one pixel"),
        ("darkness_by_paper", [lambda picture: picture], "stops with TypeError"),
        ("darkness_by_paper", [lambda picture, paper: None], "nothing back"),
        ("darkness_by_paper", [0.5], "A function is wanted"),
        ("way_to_the_middle", [-2.25, 2.5], "exchanged"),
        ("way_to_the_middle", [-2.5, 2.25], "wrong way"),
        ("way_to_the_middle", [2, -2.75], "13.5"),
        ("way_to_the_middle", [2.5, -2], "To the right: rounded.* Down: right"),
        ("way_to_the_middle", [2, -2.25], "Down: .* 13.5, or is rounded.* To the right: right"),
        ("way_to_the_middle", [2.5, 2.25], "To the right: the wrong way.* Down: right"),
        ("way_to_the_middle", [-2.5, -2.25], "Down: the wrong way.* To the right: right"),
        ("way_to_the_middle", [-2, 2.75], "Down: this counts from 13.5, and the wrong way.* To the right: this counts"),
        ("way_to_the_middle", [2.25, -2.5], "Down: .*the other one.* To the right: .*the other one"),
        ("way_to_the_middle", [-2.25, -2.25], "Down: .*the other one.* To the right: right"),
        ("way_to_the_middle", [14, 14], "where it should be"),
        ("way_to_the_middle", [25.5, -2.25], "Down: a sum"),
        ("way_to_the_middle", [2.5, 11.75], "To the right: .* to the rim"),
        ("way_to_the_middle", [12.75, -2.25], "Down: that is half-way"),
        ("way_to_the_middle", [3, -2.25], "Down: this leads to 14.5"),
        ("way_to_the_middle", [1.5, -2.25], "Down: this leads to 13:"),
        ("way_to_the_middle", [2.5, 0], "To the right: without a move"),
        ("way_to_the_middle", [2.5, 16.25], "To the right: that is where it is"),
        ("way_to_the_middle", [7, -2.25], "Down: not yet.* To the right: right"),
        ("way_to_the_middle", [-2.5, ...], "Down: the wrong way.* To the right: not attempted"),
        ("way_to_the_middle", [11.5, 16.25], "where it is"),
        ("way_to_the_middle", [0, 0], "Without a move"),
        ("nearest_without_multiplying", [lambda f, d: (f * d).sum(axis=1).argmax()], "line 1 of your function"),
        ("nearest_without_multiplying", [lambda f, d: d.dot(f).argmax()], r"\(dot\)"),
        (
            "nearest_without_multiplying",
            [lambda f, d: np.multiply(np.asarray(d), np.asarray(f)).sum(axis=1).argmax()],
            r"\(multiply\)",
        ),
        ("nearest_without_multiplying", [lambda f, d: np.linalg.norm(f - d, axis=1).argmin()], r"\(norm\)"),
        ("nearest_without_multiplying", [lambda f, d: np.square(f - d).sum(axis=1).argmin()], r"\(square\)"),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).sum(axis=1).argmin()], "farthest"),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).sum(axis=1).max()], "the sum itself"),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).sum(axis=1)], "10 numbers"),
        ("nearest_without_multiplying", [lambda f, d: ((f > 0) == (d > 0)).sum(axis=1).argmax()], "agreements of sign"),
        ("nearest_without_multiplying", [lambda f, d: np.abs(f - d).sum(axis=1).argmin()], "without their squares"),
        ("nearest_without_multiplying", [lambda f, d: 3], "whatever F6 says"),
        ("nearest_without_multiplying", [lambda f, d: (f + d).sum(axis=1).argmax()], "whatever F6 says"),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).argmax()], "all 840"),
        ("nearest_without_multiplying", [lambda f, d: np.where(d > 0, f, -f).sum(axis=0).argmax()], "drawing of 0"),
        ("batch_normalised", [MAPS, MAPS], "Nothing has changed"),
        ("batch_normalised", [MAPS - MAPS.mean((0, 1, 2)), MAPS], "root of the variance, too"),
        ("batch_normalised", [(MAPS - MAPS.mean((0, 1, 2))) / (MAPS.var((0, 1, 2)) + 1e-3), MAPS], r"\*root\*"),
        ("batch_normalised", [MAPS / np.sqrt(MAPS.var((0, 1, 2)) + 1e-3), MAPS], "mean of each map away"),
        ("batch_normalised", [(MAPS - MAPS.mean()) / np.sqrt(MAPS.var() + 1e-3), MAPS], "all four maps"),
        ("batch_normalised", [(MAPS - MAPS.mean(0)) / np.sqrt(MAPS.var(0) + 1e-3), MAPS], "each place by itself"),
        (
            "batch_normalised",
            [(MAPS - MAPS.mean((1, 2), keepdims=True)) / MAPS.std((1, 2), keepdims=True), MAPS],
            "each digit",
        ),
        ("batch_normalised", [MAPS[:3], MAPS], "numbers should be there"),
        ("batch_normalised", [MAPS - MAPS.mean((0, 1, 2)) / MAPS.std((0, 1, 2)), MAPS], "brackets"),
        ("batch_normalised", [(MAPS - MAPS.mean((0, 1, 2))) / np.sqrt(MAPS.std((0, 1, 2)) + 1e-3), MAPS], "deviation"),
        ("batch_normalised", [(MAPS - MAPS.mean((0, 1, 2))) / np.sqrt(MAPS.var() + 1e-3), MAPS], "one variance"),
        (
            "batch_normalised",
            [(MAPS - MAPS.mean((1, 2, 3), keepdims=True)) / MAPS.std((1, 2, 3), keepdims=True), MAPS],
            "all its maps mixed",
        ),
        ("softened", [lambda x, t: np.exp(x) / np.exp(x).sum()], "not used"),
        ("softened", [lambda x, t: np.exp(x * t) / np.exp(x * t).sum()], "The other way round"),
        ("softened", [lambda x, t: np.exp(x) / np.exp(x).sum() / t], "before the exponential"),
        ("softened", [lambda x, t: np.exp(x / t)], "add up to 1"),
        ("softened", [lambda x, t: x / t], "Softmax comes next"),
        ("softened", [lambda x, t: x / x.sum()], "exponential of each first"),
        ("softened", [lambda x, t: np.full(3, 1 / 3)], "Not yet"),
        ("majority_wrong", [lambda p: 10 * p**3 * (1 - p) ** 2], "exactly"),
        ("majority_wrong", [lambda p: p**3], "three certain ones"),
        ("majority_wrong", [lambda p: p**3 * (1 - p) ** 2 + p**4 * (1 - p) + p**5], "several ways"),
        ("majority_wrong", [lambda p: 1 - (1 - p) ** 5], "at least \\*one\\*"),
        ("majority_wrong", [lambda p: p**5], "all five"),
        ("majority_wrong", [lambda p: p**3 + p**4 + p**5], "two are right"),
        ("majority_wrong", [lambda p: 10 * p**3], "two are right"),
        ("majority_wrong", [lambda p: 10 * p**3 + 5 * p**4 + p**5], "to the power"),
        ("majority_wrong", [lambda p: p**3 * (10 - 15 * p + 6 * p**2) + 10 * p**2 * (1 - p) ** 3], "begin with three"),
        ("majority_wrong", [lambda p: 5 * p**4 * (1 - p) + p**5], "Exactly three"),
        ("majority_wrong", [lambda p: 1 - p**3 * (10 - 15 * p + 6 * p**2)], "majority is right"),
        ("majority_wrong", [lambda p: None], "nothing back"),
        ("majority_wrong", [lambda p: 1 / 0], "ZeroDivisionError"),
        ("majority_wrong", [0.1], "A function is wanted"),
        ("majority_wrong", [lambda p: p], "Not yet"),
        ("mistakes_of_reading", [lambda r, t: sum(a != b for a, b in zip(r, t, strict=False))], "Place by place"),
        ("mistakes_of_reading", [lambda r, t: abs(len(r) - len(t))], "difference in length"),
        ("mistakes_of_reading", [lambda r, t: edit_distance(r, t) + (r != t and len(r) == len(t))], "One too many"),
        ("mistakes_of_reading", [lambda r, t: edit_distance(r, t) + (r == t)], "first signs agree"),
        ("mistakes_of_reading", [lambda r, t: edit_distance(r, t) / len(t)], "whole number is wanted"),
        ("mistakes_of_reading", [lambda r, t: 0], "Not yet"),
        ("mistakes_of_reading", [lambda r, t: edit_distance(r, t) if r and t else 0], "one of the two is empty"),
        ("number_with_doubts", [lambda d, p, t: "".join(map(str, d))], "No digit is doubted"),
        (
            "number_with_doubts",
            [
                lambda d, p, t: "".join(
                    str(x) if y >= 0.5 * (t > 0.3) + 0.25 * (t < 0.3) else "?" for x, y in zip(d, p, strict=True)
                )
            ],
            "another threshold",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join(str(x) if y > t else "?" for x, y in zip(d, p, strict=True))],
            "Below",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join(str(x) for x in np.array(d)[np.array(p) >= t])],
            "have vanished",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join(np.where(np.array(p) >= t, "?", np.array(d).astype(str)))],
            "other way round",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: list(np.where(np.array(p) < t, "?", np.array(d).astype(str)))],
            "one by one",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: " ".join(np.where(np.array(p) < t, "?", np.array(d).astype(str)))],
            "between them",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join(np.where(np.array(p) < t, "?", np.array(d).astype(str)))[::-1]],
            "from right to left",
        ),
        (
            "number_with_doubts",
            [lambda d, p, t: "".join(np.where(np.array(p) < t, "x", np.array(d).astype(str)))],
            "Not yet",
        ),
        ("number_with_doubts", [lambda d, p, t: 4071], "A text is wanted"),
        ("map_of_falls", [lambda says, image, size: -windows_by_padding(says, image, size)], "sign is turned"),
        ("map_of_falls", [lambda says, image, size: abs(windows_by_padding(says, image, size))], "Keep the sign"),
        ("map_of_falls", [lambda says, image, size: windows_by_padding(says, image, size).T], "exchanged"),
        ("map_of_falls", [lambda says, image, size: windows_by_padding(says, image, size).ravel()], "in a row"),
        ("map_of_falls", [lambda says, image, size: windows_by_padding(says, image, 5)], "pixels wide"),
        ("map_of_falls", [lambda says, image, size: windows_by_padding(says, image, 1)], "Only the pixel"),
        ("map_of_falls", [lambda says, image, size: windows_by_padding(says, image, size, 1)], "full of ink"),
        ("map_of_falls", [lambda says, image, size: windows(says, image, size, lambda k: k)], "begins at its pixel"),
        ("map_of_falls", [lambda says, image, size: windows(says, image, size, lambda k: k - size // 2)], "the rim"),
        ("map_of_falls", [lambda says, image, size: windows_in_place(says, image, size)], "fresh copy"),
        ("map_of_falls", [lambda says, image, size: windows_in_place(says, image.copy(), size)], "fresh copy"),
        ("map_of_falls", [lambda says, image, size: says(image)], "was given the shape"),
        ("map_of_falls", [lambda says, image, size: says(image[np.newaxis])], "a fall for each pixel"),
        ("map_of_falls", [lambda says, image, size: image], "Not yet"),
        ("map_of_falls", [covering(lambda k, h: k - 2 * h - 1, lambda k, h: k + 2 * h + 2)], "to each side"),
        ("map_of_falls", [covering(lambda k, h: k - h, lambda k, h: min(27, k + h + 1))], "may go to 28"),
        ("map_of_falls", [covering(lambda k, h: k - h, lambda k, h: max(0, k - h) + 2 * h + 1)], "should shrink"),
        ("map_of_falls", [covering(lambda k, h: k - h, lambda k, h: k + h + 1, columns=False)], "columns as well"),
        ("map_of_falls", [lambda says, image, size: kept_inside(windows_by_padding(says, image, size), size)], "rim"),
        ("likeness_without_cause", [lambda a, b: np.mean(abs(both(a, b).diagonal()))], "the same digit: that"),
        ("likeness_without_cause", [lambda a, b: np.mean(abs(both(a, b)))], "leave those out"),
        ("likeness_without_cause", [lambda a, b: different(both(a, b)).mean()], "before you take the mean: abs"),
        ("likeness_without_cause", [lambda a, b: abs(different(both(a, b)).mean())], "not after"),
        ("likeness_without_cause", [lambda a, b: abs(different(both(a, b))).sum()], "the sum"),
        ("likeness_without_cause", [lambda a, b: abs(different(both(a, a))).mean()], "from `some`"),
        ("likeness_without_cause", [lambda a, b: np.median(abs(different(both(a, b))))], "median"),
        ("likeness_without_cause", [lambda a, b: abs(different(both(a, b)))], "one number"),
        ("likeness_without_cause", [lambda a, b: np.mean(different(both(a, b)) ** 2)], "squared"),
        ("likeness_without_cause", [lambda a, b: (1 + np.mean(abs(different(both(a, b))))) / 2], "2 x 2"),
        ("likeness_without_cause", [floor_by_rows], "ravel"),
        ("likeness_without_cause", [lambda a, b: 0.2], "."),
        ("small_step", [lambda p, s, g, d, e: np.clip(p + d * np.sign(g), 0, 1)], "hold them back"),
        ("small_step", [lambda p, s, g, d, e: p + d * np.sign(g)], "hold them back, twice"),
        ("small_step", [lambda p, s, g, d, e: np.clip(p + d * np.sign(g), s - e, s + e)], "range from 0 to 1"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(p, s, -g, d, e)], "downhill"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(s, s, g, d, e)], "sets out from `start`"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(p, s, g, e, e)], "step is epsilon here"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(p, s, g, d, d)], "within `step` of the start"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(p, s, g, 1, e)], "The step is 1"),
        ("small_step", [lambda p, s, g, d, e: np.clip(np.clip(p + d * g, s - e, s + e), 0, 1)], "size of the slope"),
        ("small_step", [lambda p, s, g, d, e: d * np.sign(g)], "step alone"),
        ("small_step", [lambda p, s, g, d, e: p], "Nothing has moved"),
        ("small_step", [lambda p, s, g, d, e: p.ravel()], "the shape should stay"),
        ("small_step", [lambda p, s, g, d, e: know_its_limits.next_step(p, s, g.clip(0), d, e)], "negative slope"),
        ("small_step", [lambda p, s, g, d, e: (p + d * np.sign(g)).clip(-e, e).clip(0, 1)], "-epsilon and epsilon"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, s, 1)], "Every pixel is flipped once"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(s, s, e)], "should be|No pixel is flipped"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, p, e)], "grey"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops((abs(p - 0.5) < e) + 0.5, s, e)], "out of reach"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(abs(p - s) + 0.5, s, e)], "near to what is seen"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, s, 0.2)], "With another epsilon"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, s, e / 2)], "are in reach"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(np.where(p > 0.5, p, 0), s, e)], "Only ink"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(np.where(p < 0.5, p, 1), s, e)], "Only paper"),
        ("flips_in_reach", [lambda p, s, e: flips_by_loops(p, p.round(), e)], "several pixels"),
        ("flips_in_reach", [lambda p, s, e: np.where(abs(p - 0.5) < e, 1 - s, s)], "picture of its own"),
        ("flips_in_reach", [lambda p, s, e: np.repeat(s[np.newaxis], 6, axis=0)], "Nothing is flipped"),
        ("scale_of_least_error", [scale_by(lambda w, top: [np.abs(w).max() / top])], "by the largest weight"),
        ("scale_of_least_error", [lambda w, bits: np.abs(w).max()], "largest weight"),
        ("scale_of_least_error", [scale_by(lambda w, top: np.abs(w).max() * np.linspace(0.2, 1, 50))], "✗"),
        (
            "scale_of_least_error",
            [scale_by(lambda w, top: np.abs(w).max() / top * np.linspace(0.2, 1, 50), np.argmax)],
            "largest",
        ),
        ("scale_of_least_error", [scale_by(fifty, each=np.abs)], "not squared"),
        ("scale_of_least_error", [scale_by(fifty, each=np.positive)], "cancel each other"),
        ("scale_of_least_error", [scale_by(lambda w, top: w.max() / top * np.linspace(0.2, 1, 50))], "more than 0"),
        (
            "scale_of_least_error",
            [scale_by(lambda w, top: np.abs(w).max() / (2 * top + 1) * np.linspace(0.2, 1, 50))],
            "on each side of 0",
        ),
        ("scale_of_least_error", [lambda w, bits: 30], "place in the list"),
        ("scale_of_least_error", [lambda w, bits: -0.1], "more than 0"),
        ("scale_of_least_error", [lambda w, bits: np.abs(w).mean()], "times smaller"),
        ("scale_of_least_error", [0.02], "A function is wanted"),
        ("mean_of_shares", [lambda slopes, sizes: np.mean(slopes, axis=0)], "Each share counts the same"),
        ("mean_of_shares", [lambda slopes, sizes: sum(slopes)], "sums of slopes"),
        ("mean_of_shares", [lambda slopes, sizes: sum(slopes) / sum(sizes)], "multiply it by its size"),
        ("mean_of_shares", [lambda slopes, sizes: weighed(slopes, sizes)], "how many there are"),
        ("mean_of_shares", [lambda slopes, sizes: weighed(slopes, sizes) / len(sizes)], "not by that of the shares"),
        ("mean_of_shares", [lambda slopes, sizes: weighed(slopes, sizes) / sizes[0]], "not by that of one share"),
        (
            "mean_of_shares",
            [lambda slopes, sizes: np.average(slopes, axis=0, weights=1 / np.array(sizes))],
            "other way",
        ),
        ("mean_of_shares", [lambda slopes, sizes: slopes[0]], "first share alone"),
        ("mean_of_shares", [lambda slopes, sizes: slopes[-1]], "last share alone"),
        ("mean_of_shares", [lambda slopes, sizes: np.mean(slopes)], "axis=0"),
        (
            "mean_of_shares",
            [lambda slopes, sizes: (3 * slopes[0] + 2 * slopes[1]) / 5],
            "numbers should be there|Not yet",
        ),
        ("mean_of_shares", [lambda slopes, sizes: slopes], "numbers should be there"),
        ("mean_of_shares", [0.5], "A function is wanted"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n)], "sending is missing"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: (a + w) / n + 2 * (n - 1) / n * t)], "do not divide it"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w + 2 * (n - 1) / n * t)], "divided among the machines"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: w / n + 2 * (n - 1) / n * t)], "`alone` is missing"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a / n + w + 2 * (n - 1) / n * t)], "exchanged"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n + (n - 1) / n * t)], "round twice"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n + 2 * t)], "n - 1 a round"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n + 2 * (n - 1) * t)], "n-th part"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n + t)], "2 \\(n - 1\\) / n times the size"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n - 2 * (n - 1) / n * t)], "it is added"),
        ("seconds_of_a_step", [lambda n, a, w, size, v: a + w / n + 2 * (n - 1) / n * size * v], "are seconds"),
        ("seconds_of_a_step", [lambda n, a, w, size, v: a + w / n + 2 * (n - 1) / n * v / size], "not the reverse"),
        ("seconds_of_a_step", [lambda n, a, w, size, v: a + w / n + 2 * (n - 1) / n * size], "divided by the speed"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w / n + 1.5 * t)], "Not yet|sends nothing"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: a + w)], "and then they send"),
        ("seconds_of_a_step", [step(lambda n, a, w, t: -1)], "more than 0"),
        ("cores_for_a_day", [lambda images, each, rush: images * each * rush / 86_400], "no part of a core"),
        ("cores_for_a_day", [lambda images, each, rush: int(images * each * rush / 86_400)], "Rounded down"),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images * each / 86_400)], "average hour"),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images * each / 86_400 / rush)], "multiply by it"),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images * each * rush / 3600)], "24 of them"),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images * each * rush / 1440)], "24 \\* 60 \\* 60"),
        ("cores_for_a_day", [lambda images, each, rush: images * each * rush], "seconds of a day's work"),
        ("cores_for_a_day", [lambda images, each, rush: np.ceil(images * rush / each / 86_400)], "multiply by it"),
        ("cores_for_a_day", [lambda images, each, rush: rush * np.ceil(images * each / 86_400)], "once, at the end"),
        ("cores_for_a_day", [lambda images, each, rush: 7], "Not yet"),
    ],
)
def test_a_usual_mistake_is_named(check, answers, sentence, capsys):
    line = said(capsys, check, *answers)
    assert re.search(sentence, line), line
    assert line.startswith("✗")


def functions_of(source: str) -> dict[str, str]:
    """Return each function of a source as text, without docstrings and types."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            names = [argument.arg for argument in node.args.args]
            found[node.name] = "\n".join([f"{node.name} {names}", *map(ast.unparse, body)])
    return found


def test_the_loop_that_goes_on_is_that_of_the_folded_solution():
    (exercise,) = [each for each in EXERCISES if each.number == "2.2"]
    source = Path(a_layer_that_learns.__file__).read_text(encoding="utf-8")
    assert functions_of(solution_of(exercise))["learn"] == functions_of(source)["learn"]


def test_the_readers_own_loop_goes_on_if_it_is_right_and_else_ours(capsys):
    mine, wrong = loop(order="np.arange(len(images))"), loop(w_and_b=CLIMBED)
    assert a_layer_that_learns.own_or_ours(mine) is mine and "your own loop" in capsys.readouterr().out
    for other in (wrong, loop(**dict.fromkeys(("p", "slopes_w", "slopes_b"), "..."), w_and_b="..., ..."), None, 3):
        assert a_layer_that_learns.own_or_ours(other) is a_layer_that_learns.learn
        assert "folded solution" in capsys.readouterr().out


@pytest.mark.parametrize("module", [look_inside, know_its_limits, many_machines])
def test_a_notebook_goes_on_with_the_readers_function_if_it_is_right_and_else_with_that_of_the_solution(module, capsys):
    source = Path(module.__file__).read_text(encoding="utf-8")
    checks = [each for each in vars(module).values() if getattr(each, "solution", None)]
    assert len(checks) >= 2
    for check in checks:
        ours = check.solution
        (exercise,) = [each for each in EXERCISES if each.check == check.__name__]
        (shown,) = functions_of(solution_of(exercise)).values()
        assert shown.split("\n")[1:] == functions_of(source)[ours.__name__].split("\n")[1:], exercise.number
        (mine,) = answers_of(exercise, solution_of(exercise))
        assert check.own_or_solution(mine) is mine and "your own" in capsys.readouterr().out
        for other in (print, None, 3, lambda *given: ...):
            assert check.own_or_solution(other) is ours
            assert "folded solution" in capsys.readouterr().out


def test_the_job_of_notebook_11_trains_the_layer_of_notebook_02():
    (x, y), (x_validation, y_validation) = many_machines.rows_of_digits()
    assert x.shape == (20_000, 784) and x_validation.shape == (5000, 784) and (x.min(), x.max()) == (0, 1)
    assert np.array_equal(y, Y[:20_000]) and np.array_equal(y_validation, Y_VALIDATION)
    loss, accuracy = many_machines.train_layer(0.1, 50, 0, seed=0)
    assert np.isclose(loss, np.log(10)) and accuracy == (Y_VALIDATION == 0).mean(), "untrained: all zeros"
    loss, accuracy = many_machines.train_layer(0.1, 500, 1, seed=0)
    assert loss < 1 and accuracy > 0.8
    assert many_machines.train_layer(0.1, 500, 1, seed=1) != (loss, accuracy), "another seed, another order"


def test_a_gap_in_a_list_is_not_attempted(capsys):
    assert said(capsys, "both_inked", [1, ...], -1.5).startswith("· Some dots are still there")


@pytest.mark.parametrize(
    ("check", "answers", "sentence"),
    [
        ("without_sharing", (105_214, ...), "Dense network: right. C1 unshared: not attempted yet."),
        ("without_sharing", (None, 122_304), "C1 unshared: right. Dense network: not attempted yet."),
        ("precision_and_recall", (40 / 42, ...), "Precision: right. Recall: not attempted yet."),
        ("precision_and_recall", (..., 0.8), "Recall: right. Precision: not attempted yet."),
        ("diagnoses", (DIAGNOSIS, ...), "The five words: right. The floor: not attempted yet."),
        ("diagnoses", (dict.fromkeys("ABCDE", ...), 1.461), "The floor: right. The five words: not attempted yet."),
        (
            "diagnoses",
            (DIAGNOSIS | {"B": ..., "D": None}, ...),
            "The five words: A, C, E right, B, D not attempted yet. The floor: not attempted yet.",
        ),
        ("more_data", (fitted(500, 0.93), ...), "500 digits: right. 5,000 digits: not attempted yet."),
        ("way_to_the_middle", (2.5, ...), "Down: right. To the right: not attempted yet."),
        ("way_to_the_middle", (None, -2.25), "To the right: right. Down: not attempted yet."),
    ],
)
def test_half_an_answer_is_credited(check, answers, sentence, capsys):
    assert said(capsys, check, *answers).strip() == f"· {sentence}"


# --- Mutations ---------------------------------------------------------------------------------------------------

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult}
SWAPS |= {ast.Eq: ast.NotEq, ast.Gt: ast.Lt, ast.GtE: ast.Lt, ast.Lt: ast.GtE, ast.USub: ast.UAdd}


def mutants(code: str) -> list[tuple[str, ast.Module]]:
    """Return the solution with one constant, operator or comparison changed, each with a word about it."""
    tree, found = ast.parse(code), []
    for place, node in enumerate(ast.walk(tree)):
        changes = []
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            changes = [("value", node.value + 1), ("value", node.value - 1), ("value", 0)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            changes = [("value", node.value + "x")]
        elif isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) in SWAPS:
            changes = [("op", SWAPS[type(node.op)]())]
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            changes = [("ops", [SWAPS[type(node.ops[0])]()])]
        for field, value in changes:
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[place]
            if getattr(target, field) != value or field != "value":
                setattr(target, field, value)
                found.append((ast.unparse(changed), ast.fix_missing_locations(changed)))
    return found


#: Changes that lead to another answer which is right as well, and why.
HARMLESS = {
    "9.1": r"\[-1\]",  # `says` was asked about one picture: its last is its first
    "7.1": r"drawings > -1,",  # pixels are +1 or -1
    "1.3": r"for SHIFT in",  # any shift that is tried last is a shift
    "10.3": r"linspace\(",  # how many scales are tried, and from which share on, if they are enough
    "11.1": r"strict=[02]\)",  # the check's two lists have one length
    "8.1": r"\+ 0\)$",  # the number that guards against a division by zero, where there is none
}


@every_exercise
def test_a_solution_that_is_changed_is_rejected_unless_its_answer_is_the_same(exercise, capsys):
    solution, survivors = solution_of(exercise), []
    original, right = ast.unparse(ast.parse(solution)).split("\n"), answers_of(exercise, solution)
    made = mutants(solution)
    assert len(made) >= 2
    for text, changed in made:
        try:
            answers = answers_of(exercise, changed)
        except Exception:  # the reader sees Python's own message
            continue
        same = all(map(np.array_equal, answers, right))
        if said(capsys, exercise, *answers).startswith("✓") and not same:
            line = next(new for new, old in zip(text.split("\n"), original, strict=True) if new != old)
            survivors.append(line.strip())
    unexplained = [line for line in survivors if not re.search(HARMLESS.get(exercise.number, r"(?!)"), line)]
    print(f"{exercise.number}: {len(made)} mutations, {len(survivors)} survived: {survivors}")
    assert not unexplained


# --- The whole notebook ------------------------------------------------------------------------------------------


#: What a reader may change on the way, for each notebook: other values of its knobs.
KNOBS = {
    "01_explore_the_data": {
        "INDEX = 7": "INDEX = 12345",
        "AGREE = 8, 7": "AGREE = 8, 8",
        "CANDIDATES = 400": "CANDIDATES = 150",
    },
    "02_a_layer_that_learns": {"RATE, BATCH_SIZE, EPOCHS = 0.1, 50, 5": "RATE, BATCH_SIZE, EPOCHS = 5, 128, 1"},
    "03_build_lenet5": {"INDEX = 15": "INDEX = 4", '"left": kernel,': '"blur": np.ones((3, 3), int),'},
    "04_train_and_evaluate": {
        "SEED = 1": "SEED = 3",
        "EPOCHS = 4": "EPOCHS = 1",
        "BATCH_SIZE = 128": "BATCH_SIZE = 256",
    },
    "05_validate_on_handwriting": {
        "EXAMPLE = 5": "EXAMPLE = 8",
        "WINDOWS = 9, 51, 501": "WINDOWS = 25, 41, 151",
        "THICKER = 14": "THICKER = 28",
    },
    "06_read_numbers": {"GAPS = (0.2, -0.08, -0.2)": "GAPS = (0.3, -0.15, -0.3)"},
    "07_lenet5_of_1998": {"K, BLOCK = 3, 250": "K, BLOCK = 1, 250"},
    "08_chase_the_record": {
        "NUMBER = 7": "NUMBER = 13",
        "DIGITS, EPOCHS, SEED = 4000, 6, 1": "DIGITS, EPOCHS, SEED = 2000, 2, 2",
        "FEW = 3000": "FEW = 2000",
        "PUPIL_READS = 644": "PUPIL_READS = 54",
    },
    "09_look_inside": {"UNITS = (1, 5, 10, 14)": "UNITS = (2, 16)", "AXES = [0, 1]": "AXES = [2, 3]"},
    "10_know_its_limits": {
        "ROBUST_SIZE = 0.2": "ROBUST_SIZE = 0.05",
        "EPSILON = 0.3": "EPSILON = 0.15",
        "REFUSE = 0.02": "REFUSE = 0.1",
    },
    "11_many_machines": {
        "EPOCHS = 10": "EPOCHS = 1",
        "SPEED = 125e6": "SPEED = 1e9",
        "ROUND = 0.0002": "ROUND = 0.00002",
        "IMAGES, RUSH = 60_000_000, 3": "IMAGES, RUSH = 3_000, 10",
    },
}


def printed(cell):
    """Return what a cell of a notebook printed when it ran."""
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def test_the_knobs_are_where_they_are_turned():
    for notebook, knobs in KNOBS.items():
        cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        assert [knob for knob in knobs if not any(knob in source for source in code)] == [], notebook


@pytest.mark.long
@pytest.mark.parametrize("notebook", KNOBS)
def test_a_notebook_with_its_knobs_turned_and_its_solutions_filled_in_runs_and_says_right(notebook):
    document = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4)
    mine = {exercise.cell: exercise for exercise in [*EXERCISES, *LONG] if exercise.notebook == notebook}
    knobs = dict(KNOBS[notebook])
    for cell in document.cells:
        if cell.id in mine:
            cell.source = solution_of(mine[cell.id])
        for before in [knob for knob in knobs if cell.cell_type == "code" and knob in cell.source]:
            cell.source = cell.source.replace(before, knobs.pop(before))
    NotebookClient(document, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    verdicts = {
        cell.source.split("\n")[-1]: printed(cell)
        for cell in document.cells
        if cell.cell_type == "code" and re.search(r"^check\.", cell.source, re.MULTILINE)
    }
    assert len(verdicts) == len(mine)
    assert all(text.startswith("✓") for text in verdicts.values()), verdicts


def test_every_check_has_an_exercise():
    ours = set(CHECKS)
    assert ours == {exercise.check for exercise in [*EXERCISES, *LONG]}
    assert all(Path(NOTEBOOKS / f"{exercise.notebook}.ipynb").exists() for exercise in EXERCISES)
