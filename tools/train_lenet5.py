"""Make the trained networks that the course ships, each with a record of how it was made and what it scored.

    python -m tools.train_lenet5           train (some minutes on two cores), score, write models and records
    python -m tools.train_lenet5 --score   score the stored networks again, for new samples or a new preparation

data/models/lenet5_plain.keras is trained as in notebook 03. data/models/lenet5.keras, the one that reads handwriting,
sees each digit newly distorted in every epoch, and 12,000 drawn digits besides. Both learn from the 55,000 digits that
`split_validation` leaves. Every setting was chosen by the accuracy on the 5,000 validation digits and on rendered
pictures of other hands; the test digits are counted once, at the end, for the record.
"""

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.evaluation import interval
from helpers.handwriting import prepare
from helpers.lenet import MODEL_FILE, PLAIN_MODEL_FILE, lenet5, load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.samples import DRAWN_FILE, load_drawn_digits, single_digits
from helpers.training import DistortedDigits, warmup_cosine
from tools.provenance import code_hash, module_files, versions

BATCH_SIZE, LEARNING_RATE = 128, 4e-3
CODE = ("tools.train_lenet5", "helpers.lenet", "helpers.mnist", "helpers.training")


class Recipe(NamedTuple):
    """How a network is trained. widened: distorted digits, and the drawn ones besides."""

    seed: int
    epochs: int
    widened: bool


RECIPES = {PLAIN_MODEL_FILE: Recipe(1, 4, False), MODEL_FILE: Recipe(5, 40, True)}


def record_of(model_file: Path) -> Path:
    """Return the record that belongs to a model."""
    return model_file.with_suffix(".json")


def made_by() -> str:
    """Return the hash of the code and data that make the networks."""
    return code_hash(module_files(*CODE), [DRAWN_FILE])


def train(recipe: Recipe, model_file: Path) -> dict:
    """Train and save one network; return how it was made."""
    keras.utils.set_random_seed(recipe.seed)
    (x, y), _ = load_mnist()
    (x, y), (x_validation, y_validation) = split_validation(x, y)
    model = lenet5()
    if recipe.widened:
        x_drawn, y_drawn = load_drawn_digits()
        x, y = np.concatenate([x, x_drawn]), np.concatenate([y, y_drawn])
        digits = {"x": DistortedDigits(to_input(x), y, BATCH_SIZE, recipe.seed)}
    else:
        digits = {"x": to_input(x), "y": y, "batch_size": BATCH_SIZE}
    rate = warmup_cosine(LEARNING_RATE, recipe.epochs * -(-len(x) // BATCH_SIZE))
    model.compile(keras.optimizers.AdamW(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begin = time.perf_counter()
    validation = (to_input(x_validation), y_validation)
    model.fit(**digits, epochs=recipe.epochs, validation_data=validation, verbose=2)
    bare = lenet5()  # without the optimizer's memory, a third of the size
    bare.set_weights(model.get_weights())
    bare.save(model_file)
    return {
        "made_by": "python -m tools.train_lenet5",
        **recipe._asdict(),
        "training_digits": len(x),
        "parameters": model.count_params(),
        "seconds": round(time.perf_counter() - begin),
        "versions": versions(),
        "hash": made_by(),
    }


def score(model: keras.Model) -> dict:
    """Count the digits that the network reads correctly: on validation, on test, on the sample pictures."""
    (x, y), test = load_mnist()
    _, validation = split_validation(x, y)
    singles = single_digits()
    pictures = np.stack([prepare(sample.path).image for sample in singles])
    sets = {
        "validation": (to_input(validation[0]), validation[1]),
        "test": (to_input(test[0]), test[1]),
        "samples": (pictures[..., np.newaxis], np.array([int(sample.label) for sample in singles])),
    }
    return {name: count(model, *digits) for name, digits in sets.items()}


def count(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> dict:
    """Return how many of these digits the network reads correctly, with the 95 % interval of the share."""
    correct = int(np.sum(model.predict(images, batch_size=500, verbose=0).argmax(axis=1) == labels))
    low, high = interval(correct, len(labels))
    share = {"accuracy": round(correct / len(labels), 4), "interval_95": [round(low, 4), round(high, 4)]}
    return {"digits": len(labels), "correct": correct} | share


def main(*arguments: str) -> None:
    for model_file, recipe in RECIPES.items():
        record = record_of(model_file)
        only_score = "--score" in arguments
        made = json.loads(record.read_text(encoding="utf-8")) if only_score else train(recipe, model_file)
        text = json.dumps(made | score(load_lenet5(model_file)), indent=2) + "\n"
        record.write_text(text, encoding="utf-8", newline="\n")
        print(model_file.name, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
