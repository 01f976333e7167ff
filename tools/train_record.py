"""Make what notebook 08 shows: the ensemble, LeNet-5 as its pupil, the shipped LeNet-5, and the trials.

    python -m tools.train_record             all of it: about six hours on two cores
    python -m tools.train_record ensemble    data/models/ensemble.npz and its record, after tools.train_ensemble
    python -m tools.train_record student     data/models/lenet5_taught.keras and its record, after the ensemble
    python -m tools.train_record paper       data/models/lenet5.keras and its record, after that: four minutes
    python -m tools.train_record trials      data/results/record.json
    python -m tools.train_record members     the deeper networks that the ensemble needs, and no more
    python -m tools.train_record score       score the stored networks again, for new samples or a new preparation

How each is trained stands in helpers/experiments/record.py. What is done waits in my_work/record, so that an
interrupted run goes on where it was. `--workers 4` trains four at a time, `--scheduler ADDRESS` on many machines (but
for the last step, on paper, which is short). `members --workers 192.168.1.5:2222,192.168.1.6:2222`, on each of these
machines, trains one member after the other, each on all of them. Every choice was made by the validation digits; the
test digits are counted at the end, for the record.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers import CourseError
from helpers.experiments import record
from helpers.experiments.jobs import add_options
from helpers.experiments.together import Plan, train_together
from helpers.experiments.voters import KINDS
from helpers.lenet import MODEL_FILE, TAUGHT_MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, to_input
from helpers.quiet import keras
from helpers.samples import DRAWN_FILE
from helpers.training import spoil
from tools.provenance import code_hash, versions
from tools.train_ensemble import WAITING, trained_voter
from tools.train_lenet5 import CODE, count, record_of, sample_digits, score, share, validation_digits

TRIED = ["Warp", "warp", "WarpedDigits", "deepnet", "LIGHT", "predict_several", "Trial", "SHORT", "TRIALS", "try_out"]
MEMBER = [*TRIED[:5], "MEMBERS", "MEMBER_EPOCHS", "train_member", "note_anew"]
#: What makes the members of the other kind, on a graphics card. Nothing but the ensemble is made by them.
VOTER = ["helpers.experiments.voters:KINDS", "helpers.experiments.voters:voter"]
MAKING = "LIMITS BATCH VOTER_EPOCHS HIGHEST RISING smoother arrow_ends redraw Warped train_voter"
VOTER += [f"tools.train_ensemble:{name}" for name in MAKING.split()]
#: The kinds whose votes were compared by the validation digits before the choice: five networks of each, four "threes".
COMPARED = [("deepnet",), ("deepnet", "strides"), ("deepnet", "fives"), ("deepnet", "threes")]
COMPARED += [("strides", "fives"), ("strides", "threes"), ("fives", "threes")]
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
    if part == "ensemble":
        code += VOTER
    return code_hash(code, DATA.get(part, [DRAWN_FILE]))


def write_record(path: Path, part: str, figures: dict) -> None:
    """Write a record, with what made it."""
    made = {"made_by": f"python -m tools.train_record {part}", "versions": versions(), "hash": made_by(part)}
    path.write_text(json.dumps(made | figures, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(path.name, json.dumps(figures)[:1500], flush=True)


def judged_together(said: np.ndarray, labels: np.ndarray) -> dict:
    """Return the mistakes of each member and of their vote, and its loss. said: members x N x 10 probabilities."""
    of_label = said.mean(axis=0)[np.arange(len(labels)), labels]
    return {
        "members": record.mistakes(said, labels).tolist(),
        "together": int(record.mistakes(said.mean(axis=0), labels)),
        "loss": round(float(-np.log(of_label + 1e-9).mean()), 5),
    }


def votes(said: np.ndarray, labels: np.ndarray) -> dict:
    """Return what `judged_together` does, the accuracy, and the mistakes of all ensembles of fewer of them.

    Of these: how many there are of each size, the least, the mean and the most of their mistakes.
    """
    made, fewer = judged_together(said, labels), {}
    for size in range(2, len(said)):
        drawn = itertools.combinations(range(len(said)), size)
        counts = [int(record.mistakes(said[list(chosen)].mean(axis=0), labels)) for chosen in drawn]
        fewer[size] = {"ensembles": len(counts), "least": min(counts), "most": max(counts)}
        fewer[size]["mean"] = round(float(np.mean(counts)), 2)
    return made | {"fewer": fewer, **share(len(labels) - made["together"], len(labels))}


def counted_before(path: Path, counted: list[int]) -> list[list[int]]:
    """Return the mistakes on the test digits of the networks that stood in this file before those that are `counted`.

    Those that stay, first in the row, are not among them. Nothing was chosen by them; but test digits wear out, and
    notebook 08 says how often they were looked at.
    """
    if not path.exists():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    last = stored["test"].get("members") or [10_000 - run["test"] for run in stored["seeds"]]
    return stored.get("counted_before", []) + ([] if last == counted[: len(last)] else [last])


def make_kind(trained: Callable[[int], tuple[keras.Model, dict]], images: np.ndarray, labels: np.ndarray) -> tuple:
    """Return five members of a kind, noted anew, and how they were made and what they and their vote missed."""
    members, made = zip(*(trained(seed) for seed in record.MEMBERS), strict=True)
    as_trained = judged_together(record.ask_all(members, images), labels)
    members = [record.note_anew(member) for member in members]
    as_float32 = judged_together(record.ask_all(members, images), labels)
    return members, {"made": made, "as_trained": as_trained, "as_float32": as_float32}


def trained_member(seed: int) -> tuple[keras.Model, dict]:
    """Return a deeper network as it was trained, and how it was made."""
    member, seconds = record.train_member(seed)
    device = f"tensorflow {versions()['tensorflow']}, cpu"
    made = {"kind": "deepnet", "seed": seed, "epochs": record.MEMBER_EPOCHS, "seconds": round(seconds)}
    return member, made | {"keras": versions()["keras"], "device": device}


def compare_kinds(deep: list[keras.Model], images: np.ndarray, labels: np.ndarray) -> dict:
    """Return the mistakes and the loss of the votes of `COMPARED`, noted anew. Each kind waits in my_work/record."""
    said = {"deepnet": record.ask_all(deep, images)}
    for kind in KINDS:
        seeds = [seed for seed in record.MEMBERS if (WAITING / f"{kind}_{seed}.npz").exists()]
        noted = [record.note_anew(trained_voter(kind, seed)[0]) for seed in seeds]
        said[kind] = record.ask_all(noted, images)
    together = {kinds: np.concatenate([said[kind] for kind in kinds]) for kinds in COMPARED}
    return {" + ".join(kinds): judged_together(each, labels) for kinds, each in together.items()}


def networks(kind: str, seeds: Sequence[int]) -> dict[str, tuple]:
    """Return the jobs that train networks of one kind (member, teacher, student), by the file that each leaves."""
    return {f"{kind}_{seed}.keras": (f"train_{kind}", seed) for seed in seeds}


def member_plan(seed: int) -> Plan:
    """Return what `record.train_member` trains, for several workers."""
    settings = {"epochs": record.MEMBER_EPOCHS, "peak": 1e-3, "constant": True, "average": 0.995, "seed": seed}
    return Plan("deepnet", record.LIGHT, **settings)


def train_members(workers: int | list[str], scheduler: str | None) -> None:
    """Leave the deeper networks in my_work/record: so many are trained at a time, or each at all these addresses."""
    if isinstance(workers, int):
        record.ahead(networks("member", record.MEMBERS), workers=workers, scheduler=scheduler)
        return

    def together(seed: int) -> keras.Model:
        member = record.deepnet()
        member.set_weights(train_together(member_plan(seed), workers, kept=record.WAITING).weights)
        return member

    for seed in record.MEMBERS:
        record.kept(f"member_{seed}", lambda seed=seed: together(seed))


def number_or_addresses(text: str) -> int | list[str]:
    """Return what stands after --workers."""
    return text.split(",") if ":" in text else int(text)


def make_ensemble(**how: Any) -> None:
    """Gather the members of both kinds, write their weights, and count the mistakes of what was written."""
    images, labels = validation_digits()
    validation, samples = (to_input(images), labels), sample_digits()
    train_members(**how)
    deep, made_deep = make_kind(trained_member, *validation)
    voters, made_voters = make_kind(lambda seed: trained_voter("strides", seed), *validation)
    record.save_ensemble([*deep, *voters])
    stored = record.load_ensemble()
    x_test, y_test = load_mnist()[1]
    path = record_of(record.ENSEMBLE_FILE)
    made = {
        "kinds": {"deepnet": made_deep, "strides": made_voters},
        "compared": compare_kinds(deep, *validation),
        "validation": votes(record.ask_all(stored, validation[0]), labels),
        "samples": [count(one, *samples) for one in stored],
        "test": votes(record.ask_all(stored, to_input(x_test)), y_test),
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
    parser = argparse.ArgumentParser("python -m tools.train_record", conflict_handler="resolve")
    parser.add_argument("parts", nargs="*", help="members, ensemble, student, paper, trials, score")
    add_options(parser)
    told = "how many at a time on this machine; or, for members, HOST:PORT,HOST:PORT: each of them on all of these"
    parser.add_argument("--workers", type=number_or_addresses, default=1, help=told)  # in place of that of add_options
    options = parser.parse_args(arguments)
    if not isinstance(options.workers, int) and options.parts != ["members"]:
        parser.error("addresses after --workers are for the part members, and for that alone")
    how = {"workers": options.workers, "scheduler": options.scheduler}
    for part in options.parts or ("ensemble", "student", "paper", "trials"):
        if part == "members":
            train_members(**how)
        elif part == "ensemble":
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
    try:
        main(*sys.argv[1:])
    except CourseError as told:
        sys.exit(str(told))
