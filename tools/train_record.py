"""Make what notebook 08 shows: the ensemble, LeNet-5 as its pupil, the shipped LeNet-5, and the trials.

    python -m tools.train_record             all of it: about six hours on two cores
    python -m tools.train_record ensemble    data/models/ensemble.npz and its record
    python -m tools.train_record student     data/models/lenet5_taught.keras and its record, after the ensemble
    python -m tools.train_record paper       data/models/lenet5.keras and its record, after that: four minutes
    python -m tools.train_record trials      data/results/record.json
    python -m tools.train_record score       score the stored networks again, for new samples or a new preparation

How each is trained stands in helpers/experiments/record.py. What is done waits in my_work/record, so that an
interrupted run goes on where it was. `--workers 4` trains four at a time, `--scheduler ADDRESS` on many machines (but
for the last step, on paper, which is short). Every choice was made by the validation digits; the test digits are
counted at the end, for the record.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.experiments import record
from helpers.experiments.jobs import add_options
from helpers.lenet import MODEL_FILE, TAUGHT_MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, to_input
from helpers.quiet import keras
from helpers.samples import DRAWN_FILE
from helpers.training import spoil
from tools.provenance import code_hash, versions
from tools.train_lenet5 import CODE, count, record_of, sample_digits, score, share, validation_digits

TRIED = ["Warp", "warp", "WarpedDigits", "deepnet", "LIGHT", "predict_several", "Trial", "SHORT", "TRIALS", "try_out"]
MEMBER = [*TRIED[:5], "MEMBERS", "MEMBER_EPOCHS", "train_member", "note_anew"]
STUDENT = [
    *MEMBER,
    "TEACHERS",
    "TEACHER",
    "train_teacher",
    "TEMPERATURE",
    "TEACHERS_SHARE",
    "COPIES",
    "STUDENT_EPOCHS",
    "mean_logits",
    "distillation",
    "lesson",
    "opinion",
    "distil",
]
PAPER = [
    "SPOILED",
    "PAPER_EPOCHS",
    "PAPER_RATE",
    "stabilise",
    "TEMPERATURE",
    "TEACHERS_SHARE",
    "distillation",
    "lesson",
]
#: A name for harder digits, and what makes them and their labels.
Hard = tuple[str, Callable[[], tuple[np.ndarray, np.ndarray]]]
#: What decides each result, for its hash.
PARTS = {"trials": TRIED, "ensemble": MEMBER, "student": STUDENT, "paper": PAPER}
#: The last step starts from a file, so that a later ensemble does not make it stale.
DATA = {"paper": [DRAWN_FILE, TAUGHT_MODEL_FILE]}


def made_by(part: str) -> str:
    """Return the hash of the code and the data that make a part."""
    code = [*CODE, *(f"helpers.experiments.record:{name}" for name in PARTS[part])]
    if part == "paper":
        code += ["helpers.training:spoil", "helpers.lenet:without_softmax"]
    return code_hash(code, DATA.get(part, [DRAWN_FILE]))


def write_record(path: Path, part: str, figures: dict) -> None:
    """Write a record, with what made it."""
    made = {"made_by": f"python -m tools.train_record {part}", "versions": versions(), "hash": made_by(part)}
    path.write_text(json.dumps(made | figures, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(path.name, json.dumps(figures)[:1500], flush=True)


def votes(members: list[keras.Model], images: np.ndarray, labels: np.ndarray) -> dict:
    """Return the mistakes of each member, of every choice of fewer of them, and of all, with the loss of the vote."""
    said = record.ask_all(members, to_input(images))
    of_label = said.mean(axis=0)[np.arange(len(labels)), labels]

    def wrong(probabilities: np.ndarray) -> int:
        return int(record.mistakes(probabilities, labels))

    drawn = {
        size: [wrong(said[list(chosen)].mean(axis=0)) for chosen in itertools.combinations(range(len(said)), size)]
        for size in range(2, len(said))
    }
    together = wrong(said.mean(axis=0))
    return {
        "members": [wrong(each) for each in said],
        "fewer": drawn,
        "together": together,
        "loss": round(float(-np.log(of_label + 1e-9).mean()), 5),
        **share(len(labels) - together, len(labels)),
    }


def counted_before(path: Path, counted: list[int]) -> list[list[int]]:
    """Return the mistakes on the test digits of the networks that stood in this file before those that are `counted`.

    Nothing was chosen by them; but test digits wear out, and notebook 08 says how often they were looked at.
    """
    if not path.exists():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    last = stored["test"].get("members") or [10_000 - run["test"] for run in stored["seeds"]]
    return stored.get("counted_before", []) + ([] if last == counted else [last])


def networks(kind: str, seeds: Sequence[int]) -> dict[str, tuple]:
    """Return the jobs that train networks of one kind (member, teacher, student), by the file that each leaves."""
    return {f"{kind}_{seed}.keras": (f"train_{kind}", seed) for seed in seeds}


def make_ensemble(**how: Any) -> None:
    """Train the members, write their weights, and count their mistakes from the file that was written."""
    validation, samples = validation_digits(), sample_digits()
    record.ahead(networks("member", record.MEMBERS), **how)
    members, seconds = zip(*(record.train_member(seed) for seed in record.MEMBERS), strict=True)
    as_trained = votes(members, *validation)
    record.save_ensemble([record.note_anew(member) for member in members])
    stored = record.load_ensemble()
    path = record_of(record.ENSEMBLE_FILE)
    made = {
        "seeds": list(record.MEMBERS),
        "seconds": [round(each) for each in seconds],
        "as_trained": as_trained,
        "as_float32": votes(members, *validation),
        "validation": votes(stored, *validation),
        "samples": [count(one, *samples) for one in stored],
        "test": votes(stored, *load_mnist()[1]),
    }
    write_record(path, "ensemble", made | {"counted_before": counted_before(path, made["test"]["members"])})


def noisy_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the validation digits with noise: a standard deviation of a fifth of the way from paper to ink."""
    images, labels = validation_digits()
    noise = np.random.default_rng(0).normal(0, 51, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8), labels


def spoiled_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the validation digits, two in three of them spoiled, uint8, and their labels."""
    images, labels = validation_digits()
    return np.round(255 * spoil(to_input(images), np.random.default_rng(0))[..., 0]).astype(np.uint8), labels


def make_three(path: Path, part: str, train: Callable[[int], tuple[keras.Model, float]], hard: Hard) -> None:
    """Train LeNet-5 with three seeds, and keep one.

    The three read about as many validation digits. What they do on noise differs, and so it does on thin or grained
    ink. So the one is kept that reads most of the validation digits as they are and made `hard`, taken together.
    """
    (name, digits), runs = hard, []
    for seed in record.TRIAL_SEEDS:
        model, seconds = train(seed)
        figures = {"seed": seed, "seconds": round(seconds)}
        figures |= {"validation": count(model, *validation_digits()), name: count(model, *digits())}
        figures |= {"test": count(model, *load_mnist()[1])}
        runs.append((model, figures))
        print(figures, flush=True)
    model, best = max(runs, key=lambda run: run[1]["validation"] + run[1][name])
    model.save(path)
    made = {"parameters": model.count_params(), "seed": best["seed"], "seeds": [figures for _, figures in runs]}
    before = counted_before(record_of(path), [10_000 - figures["test"] for _, figures in runs])
    write_record(record_of(path), part, made | score(model) | {"counted_before": before})


def main(*arguments: str) -> None:
    parser = argparse.ArgumentParser("python -m tools.train_record")
    parser.add_argument("parts", nargs="*", help="ensemble, student, paper, trials, score")
    add_options(parser)
    options = parser.parse_args(arguments)
    how = {"workers": options.workers, "scheduler": options.scheduler}
    for part in options.parts or ("ensemble", "student", "paper", "trials"):
        if part == "ensemble":
            make_ensemble(**how)
        elif part == "student":
            record.ahead(networks("member", record.MEMBERS) | networks("teacher", record.TEACHERS), **how)
            for copy in (None, *range(record.COPIES)):
                record.opinion(copy)  # here, since it asks all of them
            record.ahead(networks("student", record.TRIAL_SEEDS), record.WAITING.glob("opinion_*.npy"), **how)
            make_three(TAUGHT_MODEL_FILE, part, record.train_student, ("noisy", noisy_digits))
        elif part == "paper":
            make_three(MODEL_FILE, part, record.train_shipped, ("spoiled", spoiled_digits))
        elif part == "trials":
            write_record(record.RESULTS_FILE, "trials", {"trials": record.ablation(retrain=True, **how)})
        elif part == "score":
            for path in (TAUGHT_MODEL_FILE, MODEL_FILE):
                made = json.loads(record_of(path).read_text(encoding="utf-8"))
                text = json.dumps(made | score(load_lenet5(path)), indent=2) + "\n"
                record_of(path).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
