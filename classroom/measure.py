"""Measure what the model solutions of the assignments reach, which the terms' goals are drawn from.

    python -m classroom.measure

Each part that has a goal is measured with 30 seeds, each with other data, weights and order: about ten minutes. The
result stands in data/results/coursework.json; a test fails when a model solution or its data have changed since.
"""

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np

from helpers import ROOT
from helpers.exercises import assignment_1, assignment_2, assignment_3, assignment_4, assignment_5
from helpers.exercises.fresh_kernel import HAND_IN, name_of
from tools.provenance import code_hash, versions

SOURCES = ROOT / "notebooks" / "coursework" / "source"
RESULT = ROOT / "data" / "results" / "coursework.json"
SEEDS = range(1000, 1030)
STEPS = 240  # the fewest that a term may draw (classroom/release.py)

#: Each part with a goal: its assignment, the functions that its solution defines, and how their result is measured.
MEASURES: dict[str, tuple[str, tuple[str, ...], Callable[..., float]]] = {
    "classifier": ("1_the_data", ("fit", "read"), lambda *both: assignment_1.reading_accuracy(*both)[0]),
    "own_lenet": ("2_convolution_and_counting", ("my_lenet",), assignment_2.accuracy_after_training),
    "training": (
        "3_train_and_report",
        ("train",),
        lambda rng, train: assignment_3.accuracy_of_training(rng, train, STEPS)[0],
    ),
    "preparation": ("4_your_handwriting", ("prepare",), assignment_4.share_read),
    "reader": ("5_pages_of_numbers", ("read_page",), assignment_5.share_of_digits_read),
}
CODE = [
    "assignment_1:reading_accuracy",
    "assignment:draw_digits",
    "assignment_2:accuracy_after_training",
    "assignment_3:accuracy_of_training",
    "assignment_4:photograph",
    "assignment_4:share_read",
]
#: What judges the reader of pages besides.
CODE_OF_READER = [
    "assignment_4:digits_for_pages",
    "assignment_5:PAGES",
    "assignment_5:number_page",
    "assignment_5:mistakes_on",
    "assignment_5:share_of_digits_read",
]


def solution_cells(assignment: str) -> str:
    """Return the code of an assignment that its model solution needs: all but the checks and what hands it in."""
    notebook = nbformat.read(SOURCES / f"{assignment}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and name_of(cell) != HAND_IN]
    return "\n\n".join(cell.source for cell in cells if not cell.metadata["nbgrader"]["grade"])


def made_by(part: str) -> str:
    """Return the hash of the solution, of the code that measures it, and of the data."""
    code = [*CODE, *(CODE_OF_READER if part == "reader" else [])]
    needed = [*(f"helpers.exercises.{name}" for name in code), "helpers.lenet:lenet5"]
    model = [ROOT / "data" / "models" / "lenet5.keras"] if part in ("preparation", "reader") else []
    return code_hash(needed, model, [solution_cells(MEASURES[part][0])])


def measure(part: str) -> dict:
    """Return what the model solution of a part reaches with each seed, the mean and the standard deviation."""
    assignment, names, reach = MEASURES[part]
    space: dict = {}
    exec(solution_cells(assignment), space)
    reached = []
    for seed in SEEDS:
        reached.append(round(reach(np.random.default_rng(seed), *(space[name] for name in names)), 4))
        print(f"{part}, seed {seed}: {reached[-1]:.2%}", flush=True)
    mean, spread = float(np.mean(reached)), float(np.std(reached, ddof=1))
    return {"hash": made_by(part), "mean": round(mean, 5), "sd": round(spread, 5), "reached": reached}


def main(result: Path = RESULT) -> None:
    stored = json.loads(result.read_text(encoding="utf-8"))["parts"] if result.exists() else {}
    parts = {}
    for part in MEASURES:
        fresh = part in stored and stored[part]["hash"] == made_by(part)
        parts[part] = stored[part] if fresh else measure(part)
        record = {"made_by": "python -m classroom.measure", "versions": versions(), "parts": parts}
        result.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
