"""Measure what the model solutions of the assignments reach, which the terms' goals are drawn from.

    python -m classroom.measure

Each part that has a goal is measured in each of its kinds, with 30 seeds, each with other data, weights and order: half
an hour. The result stands in data/results/coursework.json; a test fails when a model solution or its data have changed.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classroom.release import SOURCES, grade_id, kinds_of, measured_as, read_notebook, with_kinds
from helpers import ROOT
from helpers.exercises import assignment_1, assignment_2, assignment_3, assignment_4, assignment_5
from helpers.exercises.fresh_kernel import HAND_IN
from tools.provenance import code_hash, versions

RESULT = ROOT / "data" / "results" / "coursework.json"
SEEDS = range(1000, 1030)
STEPS = 240  # the fewest that a term may draw (classroom/release.py)


class Measure(NamedTuple):
    """How the result of a part with a goal is measured."""

    assignment: str
    part: str
    cells: tuple[str, ...]  # of the model solution, with all that they need
    functions: tuple[str, ...]  # which these cells define
    reach: Callable[..., float]  # of a random generator, the functions, and `kind`
    code: tuple[str, ...]  # in helpers.exercises, what measures
    model: bool = False  # whether the shipped network reads


DRAW = "assignment:draw_digits"
MEASURES = {
    "classifier": Measure(
        "1_the_data",
        "1.4",
        ("classifier",),
        ("fit", "read"),
        lambda rng, *both, kind: assignment_1.reading_accuracy(rng, *both, kind)[0],
        (DRAW, *(f"assignment_1:{name}" for name in ("reading_accuracy", "ALTERED", *assignment_1.ALTERED))),
    ),
    "own_lenet": Measure(
        "2_convolution_and_counting",
        "2.5",
        ("my_lenet",),
        ("my_lenet",),
        lambda rng, build, kind: assignment_2.accuracy_after_training(rng, build),
        (DRAW, "assignment_2:accuracy_after_training"),
    ),
    "training": Measure(
        "3_train_and_report",
        "3.4",
        ("train",),
        ("train",),
        lambda rng, train, kind: assignment_3.accuracy_of_training(rng, train, STEPS, kind)[0],
        (DRAW, "assignment_3:accuracy_of_training"),
    ),
    "preparation": Measure(
        "4_your_handwriting",
        "4.3",
        ("to_ink", "prepare"),
        ("prepare",),
        lambda rng, prepare, kind: assignment_4.share_read(rng, prepare, kind),
        tuple(f"assignment_4:{name}" for name in ("photograph", "share_read", "WANTED", "network_that_reads")),
        model=True,
    ),
    "reader": Measure(
        "5_pages_of_numbers",
        "5.6",
        ("rows_of", "cut_columns", "ink_of_page", "boxes_of", "digits_in", "read_page"),
        ("read_page",),
        lambda rng, read_page, kind: assignment_5.share_of_digits_read(rng, read_page),
        (
            "assignment_4:digits_for_pages",
            *(f"assignment_5:{name}" for name in ("PAGES", "number_page", "mistakes_on", "share_of_digits_read")),
        ),
        model=True,
    ),
}


def to_measure() -> list[tuple[str, str]]:
    """Return each part with a goal, and each of its kinds (or "", where it has one)."""
    offered = {name: kinds_of(read_notebook(SOURCES / f"{each.assignment}.ipynb")) for name, each in MEASURES.items()}
    return [(name, kind) for name, each in MEASURES.items() for kind in offered[name].get(each.part, [""])]


def solution_cells(assignment: str, kinds: dict[str, str] | None = None, only: tuple[str, ...] = ()) -> str:
    """Return the code of an assignment's model solution, without the checks and what is not run.

    kinds: of some parts; of the others it is the public one. only: these cells and the first, which imports.
    """
    notebook = read_notebook(SOURCES / f"{assignment}.ipynb")
    public = {part: offered[0] for part, offered in kinds_of(notebook).items()}
    cells = [cell for cell in with_kinds(notebook, public | (kinds or {})).cells if cell.cell_type == "code"]
    wanted = [cell for cell in cells if not cell.metadata["nbgrader"]["grade"] and grade_id(cell) != HAND_IN]
    return "\n\n".join(cell.source for cell in wanted if not only or grade_id(cell) in ("setup", *only))


def made_by(name: str, kind: str) -> str:
    """Return the hash of the solution, of the code that measures it, and of the data."""
    each = MEASURES[name]
    needed = [*(f"helpers.exercises.{code}" for code in each.code), "helpers.lenet:lenet5"]
    model = [ROOT / "data" / "models" / "lenet5.keras"] if each.model else []
    return code_hash(needed, model, [solution_cells(each.assignment, {each.part: kind}, each.cells)])


def measure(name: str, kind: str) -> dict:
    """Return what the model solution of a part reaches with each seed, the mean and the standard deviation."""
    each, space, reached = MEASURES[name], {}, []
    exec(solution_cells(each.assignment, {each.part: kind}, each.cells), space)
    for seed in SEEDS:
        found = each.reach(np.random.default_rng(seed), *(space[function] for function in each.functions), kind=kind)
        reached.append(round(found, 4))
        print(f"{measured_as(name, kind)}, seed {seed}: {reached[-1]:.2%}", flush=True)
    mean, spread = float(np.mean(reached)), float(np.std(reached, ddof=1))
    return {"hash": made_by(name, kind), "mean": round(mean, 5), "sd": round(spread, 5), "reached": reached}


def main(result: Path = RESULT) -> None:
    stored = json.loads(result.read_text(encoding="utf-8"))["parts"] if result.exists() else {}
    parts = {}
    for name, kind in to_measure():
        part = measured_as(name, kind)
        fresh = part in stored and stored[part]["hash"] == made_by(name, kind)
        parts[part] = stored[part] if fresh else measure(name, kind)
        record = {"made_by": "python -m classroom.measure", "versions": versions(), "parts": parts}
        result.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
