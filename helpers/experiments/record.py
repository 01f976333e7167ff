"""Beyond LeNet-5: digits that bend, a deeper network, networks that vote, and LeNet-5 taught by them."""

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from helpers import ROOT
from helpers.experiments.jobs import Outcome, all_results, run_jobs
from helpers.experiments.runs import Run, train
from helpers.experiments.voters import voter
from helpers.lenet import TAUGHT_MODEL_FILE, ModelError, lenet5, load_lenet5, without_softmax
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.samples import load_drawn_digits
from helpers.shipped import check, read_json
from helpers.training import DistortedDigits, distort, spoil, warmup_cosine

ENSEMBLE_FILE = ROOT / "data" / "models" / "ensemble.npz"
RESULTS_FILE = ROOT / "data" / "results" / "record.json"
#: What is trained waits there, so that an interrupted run goes on where it was.
WAITING = ROOT / "my_work" / "record"


class Warp(NamedTuple):
    """How far each digit is changed at random, at most.

    shift: pixels; degrees: of rotation; zoom and slant: shares (0.12 is 12 %); bend: alpha of Simard and others, pixels
    before smoothing; their 34 moves the ink by 1.7 pixels each way (standard deviation), 10 by 0.5.
    """

    shift: float = 0
    degrees: float = 0
    zoom: float = 0
    slant: float = 0
    bend: float = 0


def warp(images: np.ndarray, rng: np.random.Generator, limits: Warp) -> np.ndarray:
    """Draw each digit anew along a field of arrows: for each pixel, from where in the old picture its ink comes.

    images: N x 28 x 28 x 1, float32, 0 to 1; returns the same shape and type. Source of the bending: P. Simard,
    D. Steinkraus, J. Platt, "Best Practices for Convolutional Neural Networks" (2003), section 2; sigma is 4 pixels.
    """
    within = lambda limit: rng.uniform(-limit, limit, (len(images), 1, 1))  # noqa: E731
    y, x = np.mgrid[-13.5:14, -13.5:14]  # the pixels, counted from the middle
    x, y = x * (1 + within(limits.zoom)), y * (1 + within(limits.zoom))
    x = x + y * within(limits.slant)
    angle = np.deg2rad(within(limits.degrees))
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    x, y = x + within(limits.shift), y + within(limits.shift)
    fields = np.stack([x, y], axis=-1) + 13.5
    if limits.bend:
        arrows = limits.bend * rng.uniform(-1, 1, fields.shape)
        fields = fields + [cv2.GaussianBlur(one, (0, 0), 4) for one in arrows]
    result = np.empty_like(images)
    for image, field, target in zip(images, fields.astype(np.float32), result, strict=True):
        cv2.remap(image[..., 0], field, None, cv2.INTER_LINEAR, dst=target[..., 0])
    return result


class WarpedDigits(DistortedDigits):
    """The training digits in batches, in a new order and newly warped in every epoch."""

    def __init__(self, x: np.ndarray, y: np.ndarray, limits: Warp, seed: int = 0) -> None:
        super().__init__(x, y, seed=seed)
        self.limits = limits

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return warp(self.x[chosen], self.rng, self.limits), self.y[chosen]


def deepnet(normalise: bool = True, dropout: bool = False) -> keras.Sequential:
    """Build a deeper network: N x 28 x 28 x 1 float32 (0 to 1) in, ten probabilities out; 330,410 parameters to learn.

    Four convolutions of 3 x 3 in two pairs, and two dense layers. Batch normalisation: S. Ioffe and C. Szegedy, "Batch
    Normalization" (2015); dropout: N. Srivastava and others, "Dropout" (2014).
    """
    layers = keras.layers

    def block(layer) -> list:
        return [layer, *([layers.BatchNormalization()] if normalise else []), layers.ReLU()]

    def drop(share: float) -> list:
        return [layers.Dropout(share)] if dropout else []

    stack = [keras.Input(shape=(28, 28, 1))]
    for maps in (32, 64):
        for _ in range(2):
            stack += block(layers.Conv2D(maps, 3, use_bias=not normalise))
        stack += [layers.MaxPooling2D(2), *drop(0.25)]
    stack += [layers.Flatten(), *block(layers.Dense(256, use_bias=not normalise)), *drop(0.4)]
    return keras.Sequential([*stack, layers.Dense(10, activation="softmax")], name="deepnet")


def predict_several(model: keras.Model, images: np.ndarray, copies: int = 8) -> np.ndarray:
    """Return the mean of the probabilities for each digit as it is and for some copies, each half as far warped.

    images: N x 28 x 28 x 1, float32; returns N x 10. This is test-time augmentation.
    """
    rng = np.random.default_rng(0)
    several = [images, *(warp(images, rng, Warp(*(limit / 2 for limit in LIGHT))) for _ in range(copies))]
    return np.mean([model.predict(each, batch_size=500, verbose=0) for each in several], axis=0)


#: As far as `distort` goes in notebook 04, and a little bent.
LIGHT = Warp(shift=2, degrees=12, zoom=0.12, slant=0.12, bend=10)


# --- One ingredient at a time --------------------------------------------------------------------------------------


class Trial(NamedTuple):
    """One way to train: by default LeNet-5, its learning rate as in notebook 04, on the first 10,000 digits."""

    network: Callable[[], keras.Model] = lenet5
    limits: Warp = Warp()
    digits: int = 10_000
    epochs: int = 12
    peak: float = 4e-3
    constant: bool = False


SHORT = Trial(limits=LIGHT, digits=55_000, epochs=2, peak=1e-3, constant=True)
#: What is tried, by name, in two rows of steps; each step adds one thing to the one before.
TRIALS: dict[str, dict[str, Trial]] = {
    "digits": {
        "as they are": Trial(),
        "+ shift": Trial(limits=LIGHT._replace(degrees=0, zoom=0, slant=0, bend=0)),
        "+ rotation": Trial(limits=LIGHT._replace(zoom=0, slant=0, bend=0)),
        "+ zoom": Trial(limits=LIGHT._replace(slant=0, bend=0)),
        "+ slant": Trial(limits=LIGHT._replace(bend=0)),
        "+ light bending": Trial(limits=LIGHT),
        "+ strong bending": Trial(limits=LIGHT._replace(bend=34)),
    },
    "network": {
        "LeNet-5": SHORT,
        "deeper and wider": SHORT._replace(network=partial(deepnet, normalise=False)),
        "+ batch normalisation": SHORT._replace(network=deepnet),
        "+ dropout": SHORT._replace(network=partial(deepnet, dropout=True)),
        "+ warm-up and cosine": SHORT._replace(network=partial(deepnet, dropout=True), constant=False),
    },
}
TRIAL_SEEDS = (1, 2, 3)


def try_out(trial: Trial, seed: int) -> np.ndarray:
    """Train once; return what it says of the 5,000 validation digits: 3 x 5000 x 10 probabilities, float32.

    First the network as it was after the last step, then with the running average of its weights, then this one with
    test-time augmentation.
    """
    keras.utils.set_random_seed(seed)
    (x, y), (x_validation, _) = split_validation(*load_mnist()[0])
    x_validation = to_input(x_validation)
    batches = WarpedDigits(to_input(x[: trial.digits]), y[: trial.digits], trial.limits, seed)
    rate = trial.peak if trial.constant else warmup_cosine(trial.peak, trial.epochs * len(batches))
    model, last = trial.network(), []
    # The optimizer averages the weights over about the last 100 steps, and puts the average in when `fit` ends.
    optimizer = keras.optimizers.AdamW(rate, use_ema=True, ema_momentum=0.99)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: last.append(model.get_weights()))
    model.fit(batches, epochs=trial.epochs, verbose=0, callbacks=[keep])
    averaged = model.predict(x_validation, batch_size=500, verbose=0)
    several = predict_several(model, x_validation)
    model.set_weights(last[-1])
    return np.stack([model.predict(x_validation, batch_size=500, verbose=0), averaged, several])


def mistakes(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count the wrong answers among N digits: ... x N x 10 probabilities in, ... counts out."""
    return (probabilities.argmax(axis=-1) != labels).sum(axis=-1)


def ablation(retrain: bool = False, **how: Any) -> dict[str, dict[str, dict]]:
    """Return the results of all trials, by row and by step: "errors", "vote" and "seconds".

    errors: for each seed the mistakes on the 5,000 validation digits (after the last step, with averaged weights, with
    these and test-time augmentation); vote: the same three when the seeds' probabilities are averaged. They are read
    from data/results; with `retrain` everything is trained again, or taken from my_work/record where it is done.
    how: options of `ahead`.
    """
    if not retrain:
        return read_json(RESULTS_FILE)["trials"]
    all_steps = [(row, name, trial) for row, steps in TRIALS.items() for name, trial in steps.items()]
    trials = [(*step, seed) for step in all_steps for seed in TRIAL_SEEDS]
    ahead({waits_for(*each): ("kept_answers", *each) for each in trials}, **how)
    _, (_, labels) = split_validation(*load_mnist()[0])
    results: dict[str, dict[str, dict]] = {}
    for row, steps in TRIALS.items():
        results[row] = {}
        for name, trial in steps.items():
            said, seconds = zip(*(kept_answers(row, name, trial, seed) for seed in TRIAL_SEEDS), strict=True)
            of_seeds, of_vote = mistakes(np.stack(said), labels), mistakes(np.mean(said, axis=0), labels)
            results[row][name] = {"errors": of_seeds.tolist(), "vote": of_vote.tolist()}
            results[row][name]["seconds"] = [round(each) for each in seconds]
            print(f"{row}, {name}: {results[row][name]}", flush=True)
    return results


def ahead(jobs: dict[str, tuple], given: Iterable[Path] = (), **how: Any) -> None:
    """Do what is trained below as jobs, and put the files that it leaves into my_work/record, where it is then found.

    jobs: by the file that each leaves: a function of this module, and its arguments. given: files that each needs from
    there. how: the options of `run_jobs` (by default one training at a time). Raises CourseError if one is not done.
    """
    todo = {file: job for file, job in jobs.items() if not (WAITING / file).exists()}
    files = {path.name: path.read_bytes() for path in given}
    outcomes = run_jobs(files_left, {file: (job, files) for file, job in todo.items()}, **{"workers": 1} | how)

    def arrived() -> Iterator[Outcome]:
        for name, files, failure in outcomes:
            try:  # each is put there as it comes; the one that is looked for goes last
                for file, content in sorted((files or {}).items(), key=lambda found: found[0] == name):
                    WAITING.mkdir(parents=True, exist_ok=True)
                    (WAITING / f"{file}.part").write_bytes(content)
                    (WAITING / f"{file}.part").replace(WAITING / file)
            except OSError as error:
                failure = f"It was done, and could not be kept ({error.strerror})."
            yield Outcome(name, None, failure)

    all_results(arrived(), len(todo))


def files_left(job: tuple, given: dict[str, bytes]) -> dict[str, bytes]:
    """Do a job of `ahead` in an empty folder, on whatever machine; return the files that it leaves, by name."""
    global WAITING
    with tempfile.TemporaryDirectory() as folder:
        WAITING = Path(folder)  # this process does nothing but such jobs
        for name, content in given.items():
            (WAITING / name).write_bytes(content)
        function, *arguments = job
        globals()[function](*arguments)
        return {path.name: path.read_bytes() for path in WAITING.iterdir() if path.name not in given}


def waits_for(row: str, name: str, trial: Trial, seed: int) -> str:
    """Return the name of the file with the answers of a trial."""
    return f"trial {row} {name} {trial.epochs} epochs {seed}.npz"


def kept_answers(row: str, name: str, trial: Trial, seed: int) -> tuple[np.ndarray, float]:
    """Return what `try_out` returns, and its seconds; both wait in my_work/record once they are made."""
    path = WAITING / waits_for(row, name, trial, seed)
    if not path.exists():
        WAITING.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        said = try_out(trial, seed)
        np.savez(path.with_suffix(".part.npz"), said=said, seconds=time.perf_counter() - begin)
        path.with_suffix(".part.npz").replace(path)
    with np.load(path) as stored:
        return stored["said"], float(stored["seconds"])


# --- The ensemble ---------------------------------------------------------------------------------------------------

#: The seeds of the deeper networks that vote, and for how many epochs each of them learns.
MEMBERS = (1, 2, 3, 4, 5)
MEMBER_EPOCHS = 9


def kept(name: str, make: Callable[[], keras.Model]) -> tuple[keras.Model, float]:
    """Return a network, and the seconds that its training took. It is made if it does not wait in my_work/record."""
    path = WAITING / f"{name}.keras"
    if not path.exists():
        WAITING.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        model = make()
        seconds = time.perf_counter() - begin
        path.with_suffix(".seconds").write_text(f"{seconds:.1f}", encoding="utf-8")
        model.save(path.with_suffix(".part.keras"))
        path.with_suffix(".part.keras").replace(path)
        print(f"{name}: trained for {seconds / 60:.0f} minutes", flush=True)
    model = keras.saving.load_model(path, compile=False)
    return model, float(path.with_suffix(".seconds").read_text(encoding="utf-8"))


def train_member(seed: int) -> tuple[keras.Model, float]:
    """Return a member of the ensemble as it was trained, before `note_anew`, and the seconds of its training.

    It learns MNIST alone, lightly bent, at a constant rate; what it has in the end is the running average of its
    weights, over about the last 200 steps.
    """

    def make() -> keras.Model:
        keras.utils.set_random_seed(seed)
        (x, y), _ = split_validation(*load_mnist()[0])
        model = deepnet()
        optimizer = keras.optimizers.AdamW(1e-3, weight_decay=4e-3, use_ema=True, ema_momentum=0.995)
        model.compile(optimizer, loss="sparse_categorical_crossentropy")
        model.fit(WarpedDigits(to_input(x), y, LIGHT, seed), epochs=MEMBER_EPOCHS, verbose=2)
        return model

    return kept(f"member_{seed}", make)


def note_anew(member: keras.Model) -> keras.Model:
    """Let batch normalisation note the means and variances of the digits as they are; the weights stay. Returns it.

    What it noted in training is that of warped digits, and these are a little blurred. The idea: P. Izmailov and
    others, "Averaging Weights Leads to Wider Optima and Better Generalization" (2018), on batch normalisation.
    """
    (x, _), _ = split_validation(*load_mnist()[0])
    noting = [layer for layer in member.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for number, start in enumerate(range(0, len(x), 1000)):
        for layer in noting:
            layer.momentum = number / (number + 1)  # so that it is the mean over all batches in the end
        member(to_input(x[start : start + 1000]), training=True)
    return member


def save_ensemble(members: Sequence[keras.Model], path: Path = ENSEMBLE_FILE) -> None:
    """Write the kinds and the weights of networks that vote to one file, as float16: half the size."""
    weights = {
        f"{number}/{place:02}": array.astype(np.float16)
        for number, member in enumerate(members)
        for place, array in enumerate(member.get_weights())
    }
    np.savez_compressed(path, kinds=[member.name for member in members], **weights)


def load_ensemble(path: Path = ENSEMBLE_FILE) -> list[keras.Model]:
    """Load the networks that vote. Raises ModelError when the file is missing, damaged or something else."""
    check(path, ModelError)
    if not Path(path).is_file():
        raise ModelError(f"There is no file {Path(path).name} with trained networks.")
    try:
        with np.load(path) as stored:
            members = [deepnet() if kind == "deepnet" else voter(kind) for kind in stored["kinds"].tolist()]
            for number, member in enumerate(members):
                names = sorted(name for name in stored.files if name.startswith(f"{number}/"))
                member.set_weights([stored[name].astype(np.float32) for name in names])
    except Exception as error:  # what a damaged file makes NumPy and Keras raise is not written down anywhere
        raise ModelError(f"The file {Path(path).name} does not hold such networks.") from error
    return members


def ask_all(members: Sequence[keras.Model], images: np.ndarray) -> np.ndarray:
    """Return what each member says of each digit: members x N x 10 probabilities. The vote is their mean."""
    starts = range(0, len(images), 500)
    return np.stack([np.concatenate([member(images[i : i + 500]) for i in starts]) for member in members])


def counted_on_test_digits() -> tuple[int, int]:
    """Return how many networks that are here have their mistakes on the test digits on record, and how many others."""
    now = before = 0
    for path in sorted((ROOT / "data").glob("*/*.json")):
        made = read_json(path)
        seeds = [each for each in made.get("seeds", []) if isinstance(each, dict)]
        runs = [run for several in made.get("runs", {}).values() for run in several]
        now += sum("test" in each or "test_errors" in each for each in [*seeds, *runs])
        now += len(made["test"].get("members", [])) if "test" in made else 0
        before += sum(len(networks) for networks in made.get("counted_before", []))
    return now, before


# --- Back into LeNet-5 ----------------------------------------------------------------------------------------------

#: The seeds of the teachers who know the drawn digits of notebook 05 as well. They have learned in another way: with
#: dropout, twisted and shifted but not bent, at a rate that falls along a cosine.
TEACHERS = (1, 2, 3, 4, 5)
TEACHER = Run(partial(deepnet, dropout=True), epochs=16, learning_rate=2e-3, distorted=True, drawn=True)
#: At a temperature of 4 the teachers' second and third thoughts count as well: what a digit resembles.
TEMPERATURE = 4
TEACHERS_SHARE = 0.9
COPIES = 14
STUDENT_EPOCHS = 56


def train_teacher(seed: int) -> tuple[keras.Model, float]:
    """Return a teacher, and the seconds of its training."""
    return kept(f"teacher_{seed}", lambda: train(TEACHER, seed)[0])


def mean_logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the mean of the members' logits, up to a constant for each digit: members x N x 10 in, N x 10 out."""
    return np.log(probabilities + 1e-9).mean(axis=0)


def distillation(targets, logits):
    """Return the loss of each digit: nine parts of agreement with the teachers, one part of agreement with the label.

    targets: N x 11, the teachers' ten logits and the label; logits: N x 10, the student's. Source: G. Hinton,
    O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network" (2015), section 2.
    """
    softmax, losses = keras.ops.softmax, keras.losses
    teachers = softmax(targets[:, :10] / TEMPERATURE)
    agreement = losses.categorical_crossentropy(teachers, logits / TEMPERATURE, from_logits=True)
    label = losses.sparse_categorical_crossentropy(targets[:, 10], logits, from_logits=True)
    return TEACHERS_SHARE * TEMPERATURE**2 * agreement + (1 - TEACHERS_SHARE) * label


def lesson(copy: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the 55,000 training digits and the 12,000 drawn ones, distorted (None: as they are), and the labels."""
    (x, y), _ = split_validation(*load_mnist()[0])
    x, y = (np.concatenate(both) for both in zip((x, y), load_drawn_digits(), strict=True))
    return (to_input(x) if copy is None else distort(to_input(x), np.random.default_rng(1000 + copy))), y


def opinion(copy: int | None) -> np.ndarray:
    """Return what all who teach say of one copy: mean logits, N x 10, float16. They wait in my_work/record once made.

    The teachers read everything. The members of the ensemble, who are better at MNIST, read MNIST's digits with them.
    """
    path = WAITING / f"opinion_{'plain' if copy is None else copy}.npy"
    if not path.exists():
        WAITING.mkdir(parents=True, exist_ok=True)
        images, mnist = lesson(copy)[0], slice(-len(load_drawn_digits()[1]))
        logits = mean_logits(ask_all([train_teacher(seed)[0] for seed in TEACHERS], images))
        members = [train_member(seed)[0] for seed in MEMBERS]
        if copy is None:
            members = [note_anew(member) for member in members]
        logits[mnist] = (logits[mnist] + mean_logits(ask_all(members, images[mnist]))) / 2
        np.save(path.with_suffix(".part.npy"), logits.astype(np.float16))
        path.with_suffix(".part.npy").replace(path)
        print(f"read: {path.stem}", flush=True)
    return np.load(path)


def distil(opinions: dict[int | None, np.ndarray], seed: int) -> keras.Model:
    """Train LeNet-5 to answer as its teachers do. `opinions` says how, for each copy; each fourth epoch is plain."""
    keras.utils.set_random_seed(seed)
    student = lenet5()
    student.layers[-1].activation = keras.activations.linear  # the loss wants logits
    steps = STUDENT_EPOCHS * math.ceil(len(opinions[None]) / 128)
    student.compile(keras.optimizers.AdamW(warmup_cosine(4e-3, steps), weight_decay=4e-3), loss=distillation)
    for epoch in range(STUDENT_EPOCHS):
        copy = None if epoch % 4 == 3 else (epoch - epoch // 4) % COPIES
        images, labels = lesson(copy)
        targets = np.column_stack([opinions[copy].astype(np.float32), labels])
        student.fit(images, targets, batch_size=128, verbose=0)
        print(f"seed {seed}: epoch {epoch + 1} of {STUDENT_EPOCHS}", flush=True)
    network = lenet5()
    network.set_weights(student.get_weights())
    return network


def train_student(seed: int) -> tuple[keras.Model, float]:
    """Return LeNet-5, taught by larger networks, and its seconds of training (theirs not counted)."""
    opinions = {copy: opinion(copy) for copy in (None, *range(COPIES))}
    return kept(f"student_{seed}", lambda: distil(opinions, seed))


# --- And onto paper -------------------------------------------------------------------------------------------------

#: The share of the digits that are spoiled in each epoch, for how many epochs, and the highest learning rate. A fifth
#: for 12 epochs, and a third for 24 at twice the rate, were tried: the first reads more validation digits.
SPOILED = 0.2
PAPER_EPOCHS = 12
PAPER_RATE = 1e-3


def stabilise(seed: int) -> keras.Model:
    """Train the taught LeNet-5 to answer on spoiled digits what it answered on the same digits before.

    It is its own teacher: the digits are distorted first, its answers on them noted, and only then some are spoiled.
    So what it knew of clean digits stays. The idea: S. Zheng and others, "Improving the Robustness of Deep Neural
    Networks via Stability Training" (2016), section 3.
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    teacher, student = (without_softmax(load_lenet5(TAUGHT_MODEL_FILE)) for _ in range(2))
    digits, labels = lesson(None)
    steps = PAPER_EPOCHS * math.ceil(len(labels) / 128)
    student.compile(keras.optimizers.AdamW(warmup_cosine(PAPER_RATE, steps), weight_decay=4e-3), loss=distillation)
    for epoch in range(PAPER_EPOCHS):
        images = digits if epoch % 4 == 3 else distort(digits, rng)
        targets = np.column_stack([teacher.predict(images, batch_size=500, verbose=0), labels]).astype(np.float32)
        student.fit(spoil(images, rng, SPOILED), targets, batch_size=128, verbose=0)
        print(f"seed {seed}: epoch {epoch + 1} of {PAPER_EPOCHS}", flush=True)
    network = lenet5()
    network.set_weights(student.get_weights())
    return network


def train_shipped(seed: int) -> tuple[keras.Model, float]:
    """Return the LeNet-5 that reads handwriting, and the seconds of its last training."""
    return kept(f"shipped_{seed}", lambda: stabilise(seed))
