"""Train LeNet-5 as notebook 04 does it, five times, so that notebook 10 can show what chance alone changes.

    python -m tools.train_seeds        about a minute on two cores

Written are data/models/lenet5_seeds.npz, the weights as float16, and its record beside it. Only the seed differs. The
test digits are not opened: how many of them such networks read stands in data/results/ladder.json ("LeNet-5 today").
"""

import json

import numpy as np

from helpers.experiments.limits import SEEDS_FILE, load_seeds, save_seeds
from helpers.experiments.runs import SEEDS, Run, train
from helpers.mnist import load_mnist, split_validation, to_input
from tools.provenance import code_hash, versions
from tools.train_lenet5 import CODE

RECORD_FILE = SEEDS_FILE.with_suffix(".json")


def made_by() -> str:
    """Return the hash of the code that makes the networks, and of MNIST."""
    used = [name for name in CODE if name.split(":")[1] not in ("distort", "DistortedDigits", "load_drawn_digits")]
    return code_hash(used)


def validation_scores() -> dict[int, int]:
    """Return how many of the 5,000 validation digits each stored network reads, by seed."""
    _, (x, y) = split_validation(*load_mnist()[0])
    said = {seed: network.predict(to_input(x), batch_size=500, verbose=0) for seed, network in load_seeds().items()}
    return {seed: int(np.sum(each.argmax(axis=1) == y)) for seed, each in said.items()}


def main() -> None:
    networks = {}
    for seed in SEEDS:
        networks[seed], figures = train(Run(), seed)
        print(f"seed {seed}: {figures['seconds']} s", flush=True)
    save_seeds(networks)
    read = validation_scores()
    record = {"made_by": "python -m tools.train_seeds", "hash": made_by(), "versions": versions()}
    record["seeds"] = [{"seed": seed, "validation": correct} for seed, correct in read.items()]
    RECORD_FILE.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
