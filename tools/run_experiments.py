"""Make data/results: the stored results of the experiments that notebooks 04 and 07 show.

    python -m tools.run_experiments            all of them, more than an hour on two cores
    python -m tools.run_experiments ladder     only these

Runs that stand in several experiments are trained once, and what is done waits in my_work/training, so that an
interrupted run goes on where it was. `--workers 4` trains four at a time, `--scheduler ADDRESS` on many machines.
"""

import argparse
import json
import sys
from functools import partial

from helpers import ROOT
from helpers.experiments.jobs import add_options, all_results, run_jobs
from helpers.experiments.runs import EXPERIMENTS, Run, file_of, result_of
from tools.provenance import code_hash, versions

CODE = ["helpers.experiments.runs:Run", "helpers.experiments.runs:train", "helpers.experiments.runs:run_once"]
CODE += ["helpers.mnist:split_validation", "helpers.mnist:to_input", "helpers.training:warmup_cosine"]
#: Further code that a network is made of.
NETWORKS = {
    "lenet5": ["lenet5"],
    "dense300": ["dense300"],
    "lenet1": ["lenet1", "H3_TABLE", "squash", "small", "Subsampling", "PartialConv2D", "squared_error"],
    "lenet5_1998": [
        "lenet5_1998",
        "C3_TABLE",
        "BITMAPS",
        "squash",
        "small",
        "Subsampling",
        "PartialConv2D",
        "RBF",
        "digit_codes",
        "penalty",
        "correct",
    ],
}
NETWORKS["lenet5_after"] = ["lenet5_after", *NETWORKS["lenet5_1998"][1:]]
WAITING = ROOT / "my_work" / "training" / "experiments"


def made_by(run: Run) -> str:
    """Return the hash of the code and the settings that make a run, and of MNIST."""
    network, steps = run.network, ""
    if isinstance(network, partial):
        network, steps = network.func, str(network.args)
    network = network.__name__
    settings = {key: value for key, value in run._asdict().items() if not callable(value)}
    return (
        code_hash([*CODE, *(f"helpers.lenet:{name}" for name in NETWORKS[network])]) + f" {network}{steps} {settings}"
    )


def main(*arguments: str) -> None:
    parser = argparse.ArgumentParser("python -m tools.run_experiments")
    parser.add_argument("names", nargs="*", help=", ".join(EXPERIMENTS))
    add_options(parser)
    options = parser.parse_args(arguments)
    names = options.names or list(EXPERIMENTS)
    jobs = {}
    for name in names:
        for run, seeds in EXPERIMENTS[name].values():
            jobs |= {f"{made_by(run)}, seed {seed}": (name, run, seed) for seed in seeds}
    outcomes = run_jobs(result_of, jobs, workers=options.workers, scheduler=options.scheduler, kept=WAITING)
    done = all_results(outcomes, len(jobs))
    for name in names:
        made = {label: made_by(run) for label, (run, _) in EXPERIMENTS[name].items()}
        runs = {
            label: [done[f"{made[label]}, seed {seed}"] for seed in seeds]
            for label, (_, seeds) in EXPERIMENTS[name].items()
        }
        text = json.dumps(
            {"made_by": "python -m tools.run_experiments", "hashes": made, "versions": versions(), "runs": runs}
        )
        file_of(name).parent.mkdir(exist_ok=True)
        file_of(name).write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
