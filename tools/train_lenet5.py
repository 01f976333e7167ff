"""Make the two LeNet-5 that are trained by labels, each with a record of how it was made and what it scored.

    python -m tools.train_lenet5             train what is missing, score, write models and records
    python -m tools.train_lenet5 --seed 3    train the runs of this seed only, to share the work or to go on later
    python -m tools.train_lenet5 --score     score the stored networks again, for new samples or a new preparation

data/models/lenet5_plain.keras is trained as in notebook 04. data/models/lenet5_labels.keras sees each digit newly
distorted in every epoch, and 12,000 drawn digits besides. (lenet5.keras, which reads handwriting, is taught by larger
networks: tools/train_record.py.) Both learn from the 55,000 digits that `split_validation` leaves. The second one is
trained with five seeds; the one that reads most validation digits is kept. Every setting was chosen by the validation
digits and by rendered pictures of other hands; the test digits are counted at the end, for the record. What is trained
waits in my_work/training, so that an interrupted run goes on where it was. `--workers 4` trains four at a time,
`--scheduler ADDRESS` on many machines.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import ROOT
from helpers.evaluation import interval
from helpers.experiments.jobs import add_options, all_results, run_jobs
from helpers.experiments.runs import Run, train
from helpers.handwriting import prepare
from helpers.lenet import LABELS_MODEL_FILE, PLAIN_MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.samples import DRAWN_FILE, single_digits
from tools.provenance import code_hash, versions

CODE = (
    "helpers.experiments.runs:Run",
    "helpers.experiments.runs:train",
    "helpers.lenet:lenet5",
    "helpers.mnist:split_validation",
)
CODE += ("helpers.mnist:to_input", "helpers.training:distort", "helpers.training:DistortedDigits")
CODE += ("helpers.training:warmup_cosine", "helpers.samples:load_drawn_digits")
WAITING = ROOT / "my_work" / "training"


class Recipe(NamedTuple):
    """How a shipped network is trained, and with which seeds."""

    run: Run
    seeds: tuple[int, ...]


RECIPES = {
    PLAIN_MODEL_FILE: Recipe(Run(), (1,)),
    LABELS_MODEL_FILE: Recipe(Run(epochs=40, distorted=True, drawn=True), (1, 2, 3, 4, 5)),
}


def seed_name(model_file: Path, seed: int) -> str:
    """Return the name of the job that trains a network with a seed: another one when its recipe changes."""
    return f"{model_file.stem}, seed {seed} ({made_by(RECIPES[model_file])})"


def record_of(model_file: Path) -> Path:
    """Return the record that belongs to a model."""
    return model_file.with_suffix(".json")


def made_by(recipe: Recipe) -> str:
    """Return the hash of the code, the data and the settings that make a network."""
    return code_hash(CODE, [DRAWN_FILE]) + f" {recipe.run._replace(network='', loss='', metric='')}"


def train_one(model_name: str, seed: int) -> tuple[list[np.ndarray], dict]:
    """Return the weights of a newly trained network, and the figures of its run."""
    recipe = next(recipe for file, recipe in RECIPES.items() if file.name == model_name)
    model, figures = train(recipe.run, seed)
    figures = {
        "seed": seed,
        "seconds": figures["seconds"],
        "validation": count(model, *validation_digits()),
        "test": count(model, *load_mnist()[1]),
    }
    return model.get_weights(), figures


def validation_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the validation digits, uint8, and their labels."""
    return split_validation(*load_mnist()[0])[1]


def sample_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the prepared sample pictures, as uint8, and their labels."""
    singles = single_digits()
    images = np.stack([prepare(sample.path).image for sample in singles])
    return np.round(255 * images).astype(np.uint8), np.array([int(sample.label) for sample in singles])


def count(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> int:
    """Return how many of these digits (N x 28 x 28 uint8) the network reads correctly."""
    return int(np.sum(model.predict(to_input(images), batch_size=500, verbose=0).argmax(axis=1) == labels))


def score(model: keras.Model) -> dict:
    """Count the digits that the network reads correctly: on validation, on test, on the sample pictures."""
    sets = {"validation": validation_digits(), "test": load_mnist()[1], "samples": sample_digits()}
    return {name: share(count(model, *digits), len(digits[1])) for name, digits in sets.items()}


def share(correct: int, digits: int) -> dict:
    """Return a count as it stands in the record, with the 95 % interval of the accuracy."""
    low, high = interval(correct, digits)
    rounded = {"accuracy": round(correct / digits, 4), "interval_95": [round(low, 4), round(high, 4)]}
    return {"digits": digits, "correct": correct} | rounded


def main(*arguments: str) -> None:
    parser = argparse.ArgumentParser("python -m tools.train_lenet5")
    parser.add_argument("--seed", type=int, help="train the runs of this seed only")
    parser.add_argument("--score", action="store_true", help="score the stored networks again")
    add_options(parser)
    options = parser.parse_args(arguments)
    jobs = {
        seed_name(model_file, seed): (model_file.name, seed)
        for model_file, recipe in RECIPES.items()
        for seed in recipe.seeds
        if not options.score and options.seed in (None, seed)
    }
    outcomes = run_jobs(train_one, jobs, workers=options.workers, scheduler=options.scheduler, kept=WAITING)
    done = all_results(outcomes, len(jobs))
    if options.seed is not None:
        return
    for model_file, recipe in RECIPES.items():
        record = record_of(model_file)
        if options.score:
            made = json.loads(record.read_text(encoding="utf-8"))
            model = load_lenet5(model_file)
        else:
            runs = [done[seed_name(model_file, seed)] for seed in recipe.seeds]
            weights, best = max(runs, key=lambda run: run[1]["validation"])
            model = recipe.run.network()  # without the optimizer's memory, a third of the size
            model.set_weights(weights)
            model.save(model_file)
            made = {
                "made_by": "python -m tools.train_lenet5",
                "settings": {key: value for key, value in recipe.run._asdict().items() if not callable(value)},
                "parameters": model.count_params(),
                "seed": best["seed"],
                "seeds": [figures for _, figures in runs],
                "versions": versions(),
                "hash": made_by(recipe),
            }
        text = json.dumps(made | score(model), indent=2) + "\n"
        record.write_text(text, encoding="utf-8", newline="\n")
        print(model_file.name, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
