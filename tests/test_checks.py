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

from helpers import ROOT, checks
from helpers.evaluation import interval
from helpers.mnist import load_mnist, split_validation
from helpers.quiet import keras

NOTEBOOKS = ROOT / "notebooks"
(X, Y), _ = load_mnist()
(_, _), (X_VALIDATION, Y_VALIDATION) = split_validation(X, Y)
MEANS = np.array([X[digit == Y].mean() for digit in range(10)])


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
    Exercise("02_build_lenet5", "2.1", "exercise-2-1", "slanted_kernel", ("mine",), {}),
    Exercise(
        "02_build_lenet5",
        "2.2",
        "exercise-2-2",
        "final_side",
        ("side",),
        {"output_size": lambda n, k, p=0, s=1: (n + 2 * p - k) // s + 1},
    ),
    Exercise(
        "02_build_lenet5",
        "2.3",
        "exercise-2-3",
        "without_sharing",
        ("dense", "unshared"),
        {"count_parameters": lambda inputs, units: units * (inputs + 1)},
    ),
    Exercise(
        "02_build_lenet5",
        "2.5",
        "exercise-multiply-adds-cell",
        "dense_multiply_adds",
        ("by_hand",),
        {"multiply_adds": nothing},
    ),
    Exercise(
        "03_train_and_evaluate", "3.1", "exercise-3-1", "nineteen_of_twenty", ("my_interval",), {"interval": interval}
    ),
    Exercise(
        "03_train_and_evaluate",
        "3.2",
        "exercise-3-2",
        "precision_and_recall",
        ("precision_of_7", "recall_of_7"),
        {},
    ),
    Exercise("04_validate_on_handwriting", "4.1", "exercise-4-1", "ink_of_scan", ("to_ink",), {}),
    Exercise("04_validate_on_handwriting", "4.2", "exercise-4-2", "way_to_the_middle", ("down", "right"), {}),
]
#: Exercises whose solution takes a while: it is run in its notebook, and not mutated.
LONG = [
    Exercise("03_train_and_evaluate", "3.4", "exercise-3-4", "more_data", ("with_500", "with_5000"), {}),
    Exercise("04_validate_on_handwriting", "4.3", "exercise-mine", "missing_step", ("costs_most",), {}),
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
    getattr(checks, name)(*answers)
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


KERNEL = np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]])


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        ("mean_ink", [MEANS.tolist()]),
        ("mean_ink", [MEANS.astype(np.float32)[:, np.newaxis]]),
        ("mean_ink", [[X[:55_000][Y[:55_000] == digit].mean() for digit in range(10)]]),
        ("shifted", [np.concatenate([np.zeros((5000, 28, 2)), X_VALIDATION[:, :, :-2]], axis=2), 2]),
        ("shifted", [np.roll(X_VALIDATION, 3, axis=-1).astype(float), np.int64(3)]),
        ("slanted_kernel", [KERNEL.tolist()]),
        ("slanted_kernel", [KERNEL * 0.5]),
        ("slanted_kernel", [[[0, -1, 1], [-1, 2, -1], [1, -1, 0]]]),
        ("final_side", [5]),
        ("final_side", [np.array([5.0])]),
        ("final_side", [np.int64(5)]),
        ("final_side", [(5, 5)]),
        ("without_sharing", [105_214, 122_304]),
        ("without_sharing", [np.float64(105_214), [122_304]]),
        ("nineteen_of_twenty", [list(interval(19, 20))]),
        ("nineteen_of_twenty", [np.round(interval(19, 20), 2)]),
        ("precision_and_recall", [0.952, 0.8]),
        ("precision_and_recall", [np.float64(20 / 21), np.array([0.8])]),
        ("more_data", [0.93, 0.976]),
        ("ink_of_scan", [lambda grey: (255 - grey) / 255]),
        ("ink_of_scan", [lambda grey: np.float32(1) - grey.astype(np.float32) / 255]),
        ("ink_of_scan", [lambda grey: [[(255 - int(pixel)) / 255 for pixel in row] for row in grey]]),
        ("way_to_the_middle", [np.float32(2.5), [-2.25]]),
        ("way_to_the_middle", [5 / 2, -9 / 4]),
        ("missing_step", ["cutting out"]),
        ("missing_step", [" Cutting out"]),
        ("dense_multiply_adds", [np.array(238_200)]),
        ("dense_multiply_adds", [238_200.0]),
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
        ("mean_ink", [np.zeros((10, 28, 28))], "mean \\*pictures"),
        ("mean_ink", [[(X[digit == Y] > 0).mean() for digit in range(10)]], "how many pixels"),
        ("mean_ink", [[X[digit == Y].std() for digit in range(10)]], "standard deviations"),
        ("mean_ink", [MEANS[::-1]], "another order"),
        ("mean_ink", [[X.mean()] * 10], "the same"),
        ("mean_ink", [X.mean()], "10 numbers"),
        ("mean_ink", [[np.median(X[digit == Y]) + 1 for digit in range(10)]], "the same"),
        ("mean_ink", [X.mean(axis=0)], "10 numbers"),
        ("shifted", [X_VALIDATION, 2], "Nothing has moved"),
        ("shifted", [np.roll(X_VALIDATION, 2, axis=1), 2], "moved down"),
        ("shifted", [np.roll(X_VALIDATION, -2, axis=1), 2], "moved up"),
        ("shifted", [np.roll(X_VALIDATION, -2, axis=2), 2], "to the left"),
        ("shifted", [np.roll(X_VALIDATION, 2, axis=0), 2], "changed places"),
        ("shifted", [np.roll(X_VALIDATION, 2), 2], "one long row"),
        ("shifted", [X_VALIDATION[:, :, 2:], 2], "shape"),
        ("shifted", [np.roll(X_VALIDATION, 3, axis=2), 2], "moved by 3, and SHIFT is 2"),
        ("shifted", [np.roll(X_VALIDATION, (2, 2), axis=(1, 2)), 2], "not the digits moved"),
        ("shifted", [X_VALIDATION, 0], "moves nothing"),
        ("slanted_kernel", [np.zeros((3, 3))], "All zeros"),
        ("slanted_kernel", [np.eye(3)[::-1]], "even ground"),
        ("slanted_kernel", [KERNEL[:, ::-1]], "most to strokes like"),
        ("slanted_kernel", [-KERNEL], "are negative"),
        ("slanted_kernel", [[[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]], "strokes like"),
        ("slanted_kernel", [[[-1, 2, -1]] * 3], r"strokes like \|"),
        ("slanted_kernel", [np.ones((5, 5))], "9 numbers"),
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
        ("final_side", [-1], "too small"),
        ("without_sharing", [0, 0], "still 0"),
        ("without_sharing", [105_000, 122_304], "Dense network: the biases"),
        ("without_sharing", [61_706, 122_304], "convolutions"),
        ("without_sharing", [94_200, 122_304], "first layer alone"),
        ("without_sharing", [105_214, 117_600], "C1 unshared: the biases"),
        ("without_sharing", [105_214, 117_606], "not each map"),
        ("without_sharing", [105_214, 20_384], "There are six"),
        ("without_sharing", [122_304, 105_214], "Dense network: 122,304 is too large"),
        ("without_sharing", [105_988, 122_304], "arguments are exchanged"),
        ("without_sharing", [105_214, 117_625], "arguments are exchanged"),
        ("nineteen_of_twenty", [interval(1, 20)], "count the right ones"),
        ("nineteen_of_twenty", [interval(95, 100)], "95 of 100"),
        ("nineteen_of_twenty", [interval(19, 20)[::-1]], "lower end comes first"),
        ("nineteen_of_twenty", [np.multiply(interval(19, 20), 100)], "per cent"),
        ("nineteen_of_twenty", [[0.854, 1.046]], "simple formula"),
        ("nineteen_of_twenty", [0.95], "2 numbers"),
        ("nineteen_of_twenty", [[0, 0]], "not the ends"),
        ("precision_and_recall", [0.8, 0.952], "exchanged"),
        ("precision_and_recall", [95.2, 80], "per cent"),
        ("precision_and_recall", [48 / 58, 0.96], "precision and the recall of the 1"),
        ("precision_and_recall", [0.88, 0.8], "accuracy"),
        ("precision_and_recall", [0.952, 0.952], "read as 7"),
        ("precision_and_recall", [0, 0], "not yet"),
        ("more_data", [93, 97.6], "no shares"),
        ("more_data", [0.976, 0.93], "exchanged"),
        ("more_data", [1.0, 1.0], "learned from"),
        ("more_data", [0.1, 0.1], "guessing"),
        ("more_data", [0.91, 0.91], "Both are the same"),
        ("more_data", [0.91, 1.0], "after 5,000"),
        ("more_data", [0.7, 0.9], "Out of the range"),
        ("ink_of_scan", [lambda grey: grey / 255], "not inverted"),
        ("ink_of_scan", [lambda grey: 255 - grey], "divide by 255"),
        ("ink_of_scan", [lambda grey: grey], "Nothing has changed"),
        ("ink_of_scan", [lambda grey: np.round(1 - grey / 255)], "Only 0 and 1"),
        ("ink_of_scan", [lambda grey: (255 - grey) // 255], "decimals away"),
        ("ink_of_scan", [lambda grey: (1 - grey / 255).ravel()], "the shape should stay"),
        ("ink_of_scan", [lambda grey: None], "nothing back"),
        ("ink_of_scan", [lambda grey: grey.fill(0)], "nothing back"),
        ("ink_of_scan", [lambda grey: np.zeros(grey.shape)], "Not yet"),
        ("ink_of_scan", [lambda grey: np.full(grey.shape, np.nan)], "Not yet"),
        ("ink_of_scan", [lambda: 1], "stops with TypeError"),
        ("ink_of_scan", [lambda grey: gray], "stops with NameError: name 'gray'"),  # noqa: F821
        ("ink_of_scan", [lambda grey: (1 - grey) / 255], "over the edge of uint8"),
        ("ink_of_scan", [lambda grey: -grey / 255], "over the edge of uint8"),
        ("ink_of_scan", [lambda grey: 1 - grey / 256], "exactly 0"),
        ("way_to_the_middle", [-2.25, 2.5], "exchanged"),
        ("way_to_the_middle", [-2.5, 2.25], "wrong way"),
        ("way_to_the_middle", [2, -2.75], "13.5"),
        ("way_to_the_middle", [2.5, -2], "To the right: not yet"),
        ("way_to_the_middle", [2, -2.25], "Down: not yet"),
        ("way_to_the_middle", [11.5, 16.25], "where it is"),
        ("way_to_the_middle", [0, 0], "Without a move"),
        ("missing_step", ["polarity"], "boards"),
        ("missing_step", ["mass"], "a few digits"),
        ("missing_step", ["ink"], "One of the three names"),
        ("missing_step", [2], "One of the three names"),
        ("dense_multiply_adds", [0], "still 0"),
        ("dense_multiply_adds", [235_200], "first layer"),
        ("dense_multiply_adds", [238_510], "bias is added"),
        ("dense_multiply_adds", [2_352_000], "add their weights"),
        ("dense_multiply_adds", [1094], "units"),
        ("dense_multiply_adds", [476_400], "count it once"),
    ],
)
def test_a_usual_mistake_is_named(check, answers, sentence, capsys):
    line = said(capsys, check, *answers)
    assert re.search(sentence, line), line
    assert line.startswith("✗")


# --- Mutations ---------------------------------------------------------------------------------------------------

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult}
SWAPS |= {ast.Eq: ast.NotEq, ast.Gt: ast.Lt, ast.USub: ast.UAdd}


def mutants(code: str) -> list[tuple[str, ast.Module]]:
    """Return the solution with one constant, operator or comparison changed, each with a word about it."""
    tree, found = ast.parse(code), []
    for place, node in enumerate(ast.walk(tree)):
        changes = []
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            changes = [("value", node.value + 1), ("value", node.value - 1), ("value", 0)]
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
HARMLESS = {"1.3": r"for SHIFT in"}  # any shift that is tried last is a shift


@every_exercise
def test_a_solution_that_is_changed_is_rejected_unless_its_answer_is_the_same(exercise, capsys):
    solution, survivors = solution_of(exercise), []
    original, right = ast.unparse(ast.parse(solution)).split("\n"), answers_of(exercise, solution)
    made = mutants(solution)
    assert len(made) >= 3
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
    "02_build_lenet5": {"INDEX = 15": "INDEX = 4", '"left": kernel,': '"blur": np.ones((3, 3), int),'},
    "03_train_and_evaluate": {
        "SEED = 1": "SEED = 3",
        "EPOCHS = 4": "EPOCHS = 1",
        "BATCH_SIZE = 128": "BATCH_SIZE = 256",
    },
    "04_validate_on_handwriting": {"EXAMPLE = 5": "EXAMPLE = 8", "LOW, HIGH = 0.12": "LOW, HIGH = 0.02"},
}


def printed(cell):
    """Return what a cell of a notebook printed when it ran."""
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


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
    assert not knobs, "a knob is no longer there"
    NotebookClient(document, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    verdicts = {
        cell.source.split("\n")[-1]: printed(cell)
        for cell in document.cells
        if cell.cell_type == "code" and re.search(r"^check\.", cell.source, re.MULTILINE)
    }
    assert len(verdicts) == len(mine)
    assert all(text.startswith("✓") for text in verdicts.values()), verdicts
    if notebook.startswith("04"):  # the one right answer that is a measurement, and stands in the check
        (said_by_mine,) = [outputs for outputs in map(printed, document.cells) if "not cut out, plain" in outputs]
        read = {step: int(number) for step, number in re.findall(r"^(.+), plain: (\d+) of", said_by_mine, re.MULTILINE)}
        assert set(read) == {"no polarity", "not cut out", "box"}
        assert min(read, key=read.get) == "not cut out", read


def test_every_check_has_an_exercise():
    ours = {name for name, thing in vars(checks).items() if hasattr(thing, "__wrapped__")}
    assert ours == {exercise.check for exercise in [*EXERCISES, *LONG]}
    assert all(Path(NOTEBOOKS / f"{exercise.notebook}.ipynb").exists() for exercise in EXERCISES)
