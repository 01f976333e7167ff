"""Training runs that take longer than a cell may: how each one is made.

Their results stand in data/results/, one file for each experiment, made by `python -m tools.run_experiments`.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers import ROOT
from helpers.experiments.jobs import all_results, run_jobs
from helpers.lenet import (
    LABELS_MODEL_FILE,
    correct,
    dense300,
    lenet1,
    lenet5,
    lenet5_1998,
    lenet5_after,
    multiply_adds,
    penalty,
    squared_error,
)
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.samples import load_drawn_digits
from helpers.shipped import read_json
from helpers.training import DistortedDigits, warmup_cosine


class Run(NamedTuple):
    """One way to train a network, by default as notebook 04 does it.

    digits: how many of the 55,000 training digits; distorted: each digit drawn differently in every epoch; drawn: the
    12,000 drawn digits besides; constant: keep the learning rate as it is instead of warm-up and cosine.
    """

    network: Callable[[], keras.Model] = lenet5
    epochs: int = 4
    batch_size: int = 128
    learning_rate: float = 4e-3
    weight_decay: float = 4e-3
    digits: int = 55_000
    distorted: bool = False
    drawn: bool = False
    constant: bool = False
    loss: str | Callable = "sparse_categorical_crossentropy"
    metric: Callable = keras.metrics.sparse_categorical_accuracy


def train(run: Run, seed: int) -> tuple[keras.Model, dict]:
    """Train one network on MNIST; return it, and its seed, seconds and curves (one value for each epoch)."""
    keras.utils.set_random_seed(seed)
    (x, y), (x_validation, y_validation) = split_validation(*load_mnist()[0])
    x, y = x[: run.digits], y[: run.digits]
    if run.drawn:
        x, y = (np.concatenate(both) for both in zip((x, y), load_drawn_digits(), strict=True))
    digits = {"x": to_input(x), "y": y, "batch_size": run.batch_size}
    if run.distorted:
        digits = {"x": DistortedDigits(to_input(x), y, run.batch_size, seed)}
    rate = run.learning_rate
    if not run.constant:
        rate = warmup_cosine(rate, run.epochs * -(-len(x) // run.batch_size))
    model = run.network()
    accuracy = keras.metrics.MeanMetricWrapper(run.metric, name="accuracy")
    model.compile(keras.optimizers.AdamW(rate, weight_decay=run.weight_decay), loss=run.loss, metrics=[accuracy])
    validation = (to_input(x_validation), y_validation)
    begin = time.perf_counter()
    history = model.fit(**digits, epochs=run.epochs, validation_data=validation, verbose=0).history
    seconds = round(time.perf_counter() - begin, 1)
    curves = {name: [round(float(value), 5) for value in values] for name, values in history.items()}
    return model, {"seed": seed, "seconds": seconds, "curves": curves}


SEEDS = (1, 2, 3, 4, 5)
#: The four changes of notebook 07, after the network of 1998. One recipe for all five networks.
CHANGES = ("as in 1998", "max pooling", "all connections", "ReLU", "softmax")
OF_1998 = {"batch_size": 64, "epochs": 20, "weight_decay": 0.0}
#: What is tried, by experiment and by name: the run, and its seeds.
EXPERIMENTS: dict[str, dict[str, tuple[Run, tuple[int, ...]]]] = {
    "ladder": {
        "300 units": (Run(dense300), SEEDS[:3]),
        "LeNet-1": (Run(lenet1, loss=squared_error, **OF_1998), SEEDS[:3]),
        "LeNet-5 of 1998": (Run(lenet5_1998, loss=penalty, metric=correct, **OF_1998), SEEDS[:3]),
        "LeNet-5 today": (Run(), SEEDS),
    },
    "learning rate": {str(rate): (Run(learning_rate=rate), SEEDS[:3]) for rate in (0.0004, 0.004, 0.04)},
    "batch size": {str(size): (Run(batch_size=size), SEEDS[:3]) for size in (32, 128, 512, 2048)},
    "schedule": {"warm-up and cosine": (Run(), SEEDS), "constant": (Run(constant=True), SEEDS)},
    "walk": {
        change: (
            Run(partial(lenet5_after, steps), epochs=10, **({"loss": penalty, "metric": correct} if steps < 4 else {})),
            SEEDS[:3],
        )
        for steps, change in enumerate(CHANGES)
    },
    # Each until it has learned its digits by heart: at least 1,720 steps, and each digit at least 12 times.
    "learning curve": {
        f"{digits:,} digits": (Run(digits=digits, epochs=max(12, -(-1720 // -(-digits // 128)))), SEEDS[:3])
        for digits in (500, 1000, 2000, 5000, 10_000, 20_000, 55_000)
    },
}
#: Those that are judged by their curves, on the validation digits, and leave the test digits closed.
ON_VALIDATION_DIGITS = ("walk",)
RESULTS = ROOT / "data" / "results"


def run_once(run: Run, seed: int) -> dict:
    """Train once; return what is stored of it: seed, seconds, curves, and the errors on the 10,000 test digits."""
    model, figures = train(run, seed)
    _, (x_test, y_test) = load_mnist()
    outputs = model.predict(to_input(x_test), batch_size=500, verbose=0)
    right = np.array(run.metric(y_test[:, np.newaxis], outputs))
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    size = {"parameters": trainable, "multiply_adds": multiply_adds(model)}
    return figures | size | {"test_errors": int(len(y_test) - right.sum())}


def result_of(name: str, run: Run, seed: int) -> dict:
    """Train once for an experiment; return what is stored of it."""
    return train(run, seed)[1] if name in ON_VALIDATION_DIGITS else run_once(run, seed)


def experiment(name: str, retrain: bool = False, **how: Any) -> dict[str, list[dict]]:
    """Return the results of an experiment by name of the run: for each seed what `result_of` returns.

    They are read from data/results; with `retrain` everything is trained again, which may take many minutes, by
    `run_jobs`. how: its options (by default one training at a time).
    """
    if not retrain:
        return read_json(file_of(name))["runs"]
    runs = EXPERIMENTS[name].items()
    jobs = {f"{name}: {label}, seed {seed}": (name, run, seed) for label, (run, seeds) in runs for seed in seeds}
    done = all_results(run_jobs(result_of, jobs, **{"workers": 1} | how), len(jobs))
    return {label: [done[f"{name}: {label}, seed {seed}"] for seed in seeds] for label, (_, seeds) in runs}


def ladder_rungs(retrain: bool = False) -> dict[str, tuple[int, int, float, list[int]]]:
    """Return the networks of notebook 07's ladder by name: parameters, multiply-adds, seconds of training (the median
    of the seeds), and the errors of each seed on the 10,000 test digits. The last one is that of lenet5_labels.keras.
    """
    ladder = experiment("ladder", retrain)
    by_labels = read_json(LABELS_MODEL_FILE.with_suffix(".json"))["seeds"]
    today = {key: ladder["LeNet-5 today"][0][key] for key in ("parameters", "multiply_adds")}
    ladder["LeNet-5, more digits"] = [run | today | {"test_errors": 10_000 - run["test"]} for run in by_labels]
    return {
        name: (
            runs[0]["parameters"],
            runs[0]["multiply_adds"],
            float(np.median([run["seconds"] for run in runs])),
            [run["test_errors"] for run in runs],
        )
        for name, runs in ladder.items()
    }


def file_of(name: str) -> Path:
    """Return the file of an experiment's stored results."""
    return RESULTS / f"{name.replace(' ', '_')}.json"
