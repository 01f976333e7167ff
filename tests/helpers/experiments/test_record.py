"""Notebook 08's networks: the stored weights make the stated number of mistakes, and each program can run again."""

import json

import nbformat
import numpy as np
import pytest

from helpers import ROOT, CourseError
from helpers.experiments import record
from helpers.experiments.jobs import Outcome
from helpers.experiments.voters import voter
from helpers.lenet import (
    LABELS_MODEL_FILE,
    MODEL_FILE,
    TAUGHT_MODEL_FILE,
    ModelError,
    lenet5,
    load_lenet5,
    multiply_adds,
)
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.training import warmup_cosine
from tools import train_record

(X, Y), (X_TEST, Y_TEST) = load_mnist()
FEW = to_input(X[:200])
#: The mistakes of one and the same network may differ by this much on another processor, whose sums round otherwise.
TOLERANCE = 2


@pytest.fixture(scope="module")
def ensemble() -> dict:
    return json.loads(record.ENSEMBLE_FILE.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """What the shipped members say of the test digits: members x 10,000 x 10."""
    return record.ask_all(record.load_ensemble(), to_input(X_TEST))


def test_the_shipped_ensemble_makes_the_stated_number_of_mistakes(ensemble, said):
    stated = ensemble["test"]
    assert len(said) == len(stated["members"]) == 2 * len(record.MEMBERS) == 10
    assert said.mean(axis=0).argmax(axis=1).shape == Y_TEST.shape
    together = int(np.sum(said.mean(axis=0).argmax(axis=1) != Y_TEST))
    assert together == pytest.approx(stated["together"], abs=TOLERANCE)
    for member, count in zip(said, stated["members"], strict=True):
        assert np.sum(member.argmax(axis=1) != Y_TEST) == pytest.approx(count, abs=TOLERANCE)
    assert stated["correct"] == 10_000 - stated["together"]


def layers_of(network: keras.Model) -> list[tuple]:
    """Return what each layer of a network is, gives, and holds."""
    return [
        (type(layer).__name__, layer.output.shape, [weight.shape for weight in layer.weights])
        for layer in network.layers
    ]


def test_the_deepnet_that_notebook_08_writes_is_that_of_its_trials_and_members():
    """There without the two options that only the trials use."""
    cells = nbformat.read(ROOT / "notebooks" / "08_chase_the_record.ipynb", as_version=4).cells
    names = {"keras": keras}
    exec(next(cell.source for cell in cells if cell.id == "deepnet"), names)
    assert layers_of(names["deepnet"]()) == layers_of(record.deepnet())
    assert layers_of(names["deepnet"]()) != layers_of(record.deepnet(dropout=True))


def test_the_vote_is_better_than_its_members(ensemble):
    for digits in ("validation", "test"):
        assert ensemble[digits]["together"] <= np.mean(ensemble[digits]["members"])


def test_what_votes_was_chosen_by_the_validation_digits(ensemble):
    """First by the mistakes, then by the loss; noting anew lowers the loss of each kind."""
    compared = ensemble["compared"]
    assert (
        min(compared, key=lambda kinds: (compared[kinds]["together"], compared[kinds]["loss"])) == "deepnet + strides"
    )
    assert ensemble["validation"]["together"] < compared["deepnet"]["together"]
    for made in ensemble["kinds"].values():
        assert made["as_float32"]["loss"] < made["as_trained"]["loss"]


def test_half_precision_loses_nothing(ensemble):
    """Chosen by the validation digits: as many mistakes with weights of 16 bits as with 32, give or take one."""
    as_float32 = ensemble["compared"]["deepnet + strides"]
    assert abs(as_float32["together"] - ensemble["validation"]["together"]) <= 1
    assert record.ENSEMBLE_FILE.stat().st_size < 8_000_000


def test_the_record_says_who_made_each_member(ensemble):
    made = [member for kind in ensemble["kinds"].values() for member in kind["made"]]
    assert [(each["kind"], each["seed"]) for each in made] == [
        (kind, seed) for kind in ("deepnet", "strides") for seed in record.MEMBERS
    ]
    assert all(each["device"].split()[0] in ("tensorflow", "jax", "torch") and each["epochs"] > 0 for each in made)
    assert [member.name for member in record.load_ensemble()] == [each["kind"] for each in made]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("ensemble", record.ENSEMBLE_FILE.with_suffix(".json")),
        ("student", TAUGHT_MODEL_FILE.with_suffix(".json")),
        ("paper", MODEL_FILE.with_suffix(".json")),
        ("trials", record.RESULTS_FILE),
    ],
)
def test_what_is_stored_was_made_by_the_code_that_is_here(part, path):
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["hash"] == train_record.made_by(part), f"run `python -m tools.train_record {part}`"


def test_all_trials_are_stored():
    stored = record.ablation()
    assert {row: list(steps) for row, steps in stored.items()} == {row: list(s) for row, s in record.TRIALS.items()}
    for steps in stored.values():
        for step in steps.values():
            assert np.shape(step["errors"]) == (len(record.TRIAL_SEEDS), 3) and len(step["vote"]) == 3
            assert np.min(step["errors"]) > 10 and np.max(step["errors"]) < 500


def test_the_students_are_better_than_those_trained_by_labels():
    """The means of three and of five seeds, on the test digits; what is shipped was chosen by validation digits."""
    made, labels = (
        json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        for path in (TAUGHT_MODEL_FILE, LABELS_MODEL_FILE)
    )
    assert len(made["seeds"]) == 3 and made["parameters"] == 61_706
    assert np.mean([run["test"] for run in made["seeds"]]) > np.mean([run["test"] for run in labels["seeds"]]) + 5
    best = max(made["seeds"], key=lambda run: run["validation"] + run["noisy"])
    assert made["seed"] == best["seed"] and made["validation"]["correct"] == best["validation"]
    assert made["samples"]["correct"] >= labels["samples"]["correct"]


def test_the_shipped_network_bears_spoiled_ink_and_reads_clean_digits_as_before():
    """It is the taught one after its last lesson. The means of three seeds; what is shipped was chosen beforehand."""
    made = json.loads(MODEL_FILE.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(made["seeds"]) == 3 and made["parameters"] == 61_706
    assert np.mean([run["test"] for run in made["seeds"]]) >= 9950
    best = max(made["seeds"], key=lambda run: run["validation"] + run["spoiled"])
    assert made["seed"] == best["seed"] and made["validation"]["correct"] == best["validation"]
    images, labels = train_record.spoiled_digits()
    taught, shipped = (
        train_record.count(load_lenet5(path), images, labels) for path in (TAUGHT_MODEL_FILE, MODEL_FILE)
    )
    assert shipped == pytest.approx(best["spoiled"], abs=TOLERANCE) and shipped > taught + 100


# --- The ingredients ------------------------------------------------------------------------------------------------


def test_no_limits_change_nothing():
    assert np.allclose(record.warp(FEW, np.random.default_rng(0), record.Warp()), FEW, atol=1e-6)


def centre(images):
    """Return the centre of mass of each image: N x 2, row and column, pixels from the middle."""
    places = np.mgrid[:28, :28] - 13.5
    return np.einsum("nij,kij->nk", images[..., 0], places) / images.sum(axis=(1, 2))


def test_a_shift_moves_each_digit_by_its_own_amount_up_to_the_limit():
    small = FEW[:, :, :, :] * (np.abs(np.mgrid[:28, :28] - 13.5).max(axis=0) < 9)[..., np.newaxis]
    moved = centre(record.warp(small, np.random.default_rng(0), record.Warp(shift=2))) - centre(small)
    assert np.abs(moved).max() < 2.1 and np.abs(moved).max() > 1.8 and moved.std() > 0.8


@pytest.mark.parametrize("limit", ["degrees", "zoom", "slant", "bend"])
def test_each_other_limit_changes_digits_and_keeps_their_place(limit):
    limits = record.Warp(**{limit: getattr(record.LIGHT, limit)})
    warped = record.warp(FEW, np.random.default_rng(0), limits)
    assert warped.shape == FEW.shape and warped.dtype == np.float32
    assert warped.min() >= 0 and warped.max() <= 1 + 1e-6
    changed = np.abs(warped - FEW).mean(axis=(1, 2, 3))
    assert np.all(changed > 0) and np.median(changed) > 0.005
    assert np.abs(centre(warped) - centre(FEW)).max() < 3


def test_bending_moves_the_ink_as_far_as_is_said():
    """Sigma 4: alpha 34, as in the paper, moves the ink by 1.7 pixels, alpha 10 by 0.5 (standard deviations)."""
    import cv2

    arrows = np.random.default_rng(0).uniform(-1, 1, (300, 28, 28, 2))
    smooth = np.array([cv2.GaussianBlur(one, (0, 0), 4) for one in arrows])
    assert 34 * smooth.std() == pytest.approx(1.7, abs=0.1) and 10 * smooth.std() == pytest.approx(0.5, abs=0.03)


def test_every_epoch_warps_anew_and_the_same_with_the_same_seed():
    def batches():
        return record.WarpedDigits(FEW, Y[:200], record.LIGHT, seed=5)

    one, other = batches(), batches()
    assert np.array_equal(one[0][0], other[0][0])
    assert not np.array_equal(one[0][0], one[0][0])
    assert sorted(np.concatenate([one[0][1], one[1][1]])) == sorted(Y[:200])


def test_the_deeper_network_has_the_parameters_that_are_stated():
    network = record.deepnet()
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 330_410
    assert multiply_adds(network) > 20 * 416_520
    kinds = {type(layer).__name__ for layer in network.layers}
    assert "BatchNormalization" in kinds and "Dropout" not in kinds
    other = {type(layer).__name__ for layer in record.deepnet(normalise=False, dropout=True).layers}
    assert "Dropout" in other and "BatchNormalization" not in other


def test_many_looks_are_a_mean_of_probabilities():
    network = record.load_ensemble()[0]
    several = record.predict_several(network, FEW, copies=2)
    assert several.shape == (200, 10) and np.allclose(several.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(record.predict_several(network, FEW, copies=0), network.predict(FEW, verbose=0))
    assert not np.allclose(several, network.predict(FEW, verbose=0), atol=1e-4)


# --- The loss of the student ----------------------------------------------------------------------------------------


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_distillation_is_the_formula_of_the_paper():
    rng = np.random.default_rng(0)
    teachers, student, labels = rng.normal(0, 3, (8, 10)), rng.normal(0, 3, (8, 10)), rng.integers(0, 10, 8)
    soft = -(softmax(teachers / 4) * np.log(softmax(student / 4))).sum(axis=1)
    hard = -np.log(softmax(student))[np.arange(8), labels]
    targets = np.column_stack([teachers, labels]).astype(np.float32)
    got = np.array(record.distillation(targets, student.astype(np.float32)))
    assert np.allclose(got, 0.9 * 16 * soft + 0.1 * hard, rtol=1e-4)


def test_mean_logits_bring_the_probabilities_back():
    probabilities = softmax(np.random.default_rng(0).normal(0, 2, (1, 5, 10)))
    assert np.allclose(softmax(record.mean_logits(probabilities)), probabilities[0], atol=1e-6)


# --- How often the test digits were looked at -----------------------------------------------------------------------


def test_networks_that_were_counted_are_counted_once_each(tmp_path, monkeypatch):
    records = {
        "models/pupils.json": {"seeds": [{"test": 1}, {"test": 2}], "test": {"correct": 2}, "counted_before": [[7, 8]]},
        "models/vote.json": {"seeds": [1, 2], "test": {"members": [3, 4], "together": 3}, "counted_before": [[5]]},
        "results/ladder.json": {"runs": {"plain": [{"test_errors": 5}], "more": [{"test_errors": 6}, {"errors": 1}]}},
    }
    for name, made in records.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(record, "ROOT", tmp_path)
    assert record.counted_on_test_digits() == (6, 3)


def test_networks_that_are_replaced_leave_their_counts(tmp_path):
    path = tmp_path / "record.json"
    assert train_record.counted_before(path, [1, 2]) == []
    path.write_text(json.dumps({"test": {"members": [3, 4]}, "counted_before": [[9]]}), encoding="utf-8")
    assert train_record.counted_before(path, [1, 2]) == [[9], [3, 4]]
    assert train_record.counted_before(path, [3, 4]) == [[9]]
    assert train_record.counted_before(path, [3, 4, 6]) == [[9]], "they stay, and others join them"
    path.write_text(json.dumps({"test": {}, "seeds": [{"test": 9990}, {"test": 9980}]}), encoding="utf-8")
    assert train_record.counted_before(path, [1, 2]) == [[10, 20]]


# --- Running again --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Let everything that is trained be small, and wait elsewhere."""
    monkeypatch.setattr(record, "WAITING", tmp_path / "record")
    few = (X[:900], Y[:900])
    monkeypatch.setattr(record, "load_mnist", lambda: (few, (X_TEST[:100], Y_TEST[:100])))
    monkeypatch.setattr(record, "split_validation", lambda x, y: split_validation(x, y, 300))
    monkeypatch.setattr(record, "load_drawn_digits", lambda: (X[900:950], Y[900:950]))
    return tmp_path


def test_an_interrupted_trial_goes_on_where_it_was(tmp_path, monkeypatch):
    """Each seed is trained in a process of its own, and its answers are kept as they come."""
    runs, stop_after = [], [2]

    def interrupted(*arguments, original=record.run_jobs, **options):
        for outcome in original(*arguments, **options):
            if len(runs) in stop_after:
                raise KeyboardInterrupt
            runs.append(outcome.name)
            yield outcome

    monkeypatch.setattr(record, "WAITING", tmp_path / "record")
    trial = record.Trial(limits=record.LIGHT, epochs=1, digits=900)
    monkeypatch.setattr(record, "TRIALS", {"digits": {"+ shift": trial}})
    monkeypatch.setattr(record, "run_jobs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record.ablation(retrain=True)
    stop_after.clear()
    results = record.ablation(retrain=True)
    assert runs == [record.waits_for("digits", "+ shift", trial, seed) for seed in (1, 2, 3)]
    step = results["digits"]["+ shift"]
    assert np.shape(step["errors"]) == (3, 3) and len(step["seconds"]) == 3
    assert all(0 <= count <= 5000 for seed in step["errors"] for count in seed)
    assert record.ablation(retrain=True) == results and len(runs) == 3


def test_what_is_trained_by_a_job_is_what_is_trained_here(small, monkeypatch):
    """The files of a job are put where the same call would leave them, and are then found there."""
    monkeypatch.setattr(record, "train_member", lambda seed: record.kept(f"member_{seed}", record.deepnet))
    given = small / "opinion.npy"
    given.write_bytes(b"needed")
    waiting = record.WAITING
    files = record.files_left(("train_member", 7), {given.name: given.read_bytes()})
    monkeypatch.setattr(record, "WAITING", waiting)
    assert set(files) == {"member_7.keras", "member_7.seconds"}
    monkeypatch.setattr(record, "run_jobs", lambda function, jobs, **how: iter([Outcome(*jobs, files, "")]))
    record.ahead({"member_7.keras": ("train_member", 7)}, [given])
    assert {path.name: path.read_bytes() for path in waiting.iterdir()} == files
    made = (waiting / "member_7.keras").stat().st_mtime_ns
    record.train_member(7)
    assert (waiting / "member_7.keras").stat().st_mtime_ns == made, "it is not trained again"
    monkeypatch.setattr(record, "run_jobs", lambda function, jobs, **how: iter([Outcome("other", None, "It died.")]))
    with pytest.raises(CourseError, match="Not done: other"):
        record.ahead({"other": ("train_member", 8)})


def test_a_trial_returns_last_averaged_and_several(small):
    trial = record.Trial(limits=record.LIGHT, epochs=1, constant=True)
    said = record.try_out(trial, seed=1)
    assert said.shape == (3, 300, 10) and np.allclose(said.sum(axis=2), 1, atol=1e-4)
    assert not np.allclose(said[0], said[1], atol=1e-3) and not np.allclose(said[1], said[2], atol=1e-4)
    assert np.array_equal(record.try_out(trial, seed=1), said)
    assert not np.array_equal(record.try_out(trial, seed=2), said)


def test_a_member_is_trained_once_saved_and_loaded(small, monkeypatch):
    monkeypatch.setattr(record, "MEMBER_EPOCHS", 1)
    (member, seconds), (other, _) = record.train_member(1), record.train_member(2)
    again = record.train_member(1)
    assert seconds > 0 and again[1] == seconds
    assert np.array_equal(again[0].get_weights()[0], member.get_weights()[0])
    assert not np.array_equal(other.get_weights()[0], member.get_weights()[0])
    together = (member, voter("strides"), other)
    record.save_ensemble(together, small / "three.npz")
    for stored, made in zip(record.load_ensemble(small / "three.npz"), together, strict=True):
        for one, of_made in zip(stored.get_weights(), made.get_weights(), strict=True):
            assert np.array_equal(one, of_made.astype(np.float16).astype(np.float32))


def test_a_member_ends_with_the_average_of_its_weights(small, monkeypatch):
    """Five steps of about 0.001 each: the last weights are far from the first, their average is still near."""
    monkeypatch.setattr(record, "MEMBER_EPOCHS", 1)
    after = record.train_member(1)[0].get_weights()[0]
    keras.utils.set_random_seed(1)
    moved = np.abs(after - record.deepnet().get_weights()[0])
    assert 0 < np.quantile(moved, 0.9) < 0.0015


def test_noting_anew_takes_the_means_of_the_digits_as_they_are(small, monkeypatch):
    """The first layer's notes are then the mean and the variance over all training digits, and no weight has moved."""
    monkeypatch.setattr(record, "MEMBER_EPOCHS", 1)
    member, _ = record.train_member(1)
    learned = [weight.numpy() for weight in member.trainable_weights]
    convolution, noted = member.layers[:2]
    before = noted.moving_mean.numpy()
    assert record.note_anew(member) is member
    assert all(np.array_equal(weight, old) for weight, old in zip(member.trainable_weights, learned, strict=True))
    maps = np.asarray(convolution(to_input(X[:600])))
    assert np.allclose(noted.moving_mean, maps.mean(axis=(0, 1, 2)), atol=1e-4)
    assert np.allclose(noted.moving_variance, maps.var(axis=(0, 1, 2)), rtol=1e-2)
    assert not np.allclose(noted.moving_mean, before, atol=1e-3)


def test_a_teacher_is_trained_in_its_own_way(small, monkeypatch):
    runs = []
    monkeypatch.setattr(record, "train", lambda run, seed: (runs.append((run, seed)) or run.network(), {}))
    teacher, _ = record.train_teacher(3)
    assert runs == [(record.TEACHER, 3)] and record.TEACHER.drawn
    assert any(type(layer).__name__ == "Dropout" for layer in teacher.layers)


def test_the_student_learns_what_its_teachers_say(small, monkeypatch):
    """Teachers that always say 3 have a pupil that says 3."""
    monkeypatch.setattr(record, "STUDENT_EPOCHS", 4)
    monkeypatch.setattr(record, "COPIES", 2)
    three = np.tile(np.log(np.eye(10)[3] + 0.001), (650, 1)).astype(np.float16)
    student = record.distil({None: three, 0: three, 1: three}, seed=1)
    assert student.count_params() == 61_706
    assert np.mean(student.predict(FEW, verbose=0).argmax(axis=1) == 3) > 0.95


def test_the_student_sees_each_copy_in_turn_and_the_plain_digits_each_fourth_time(small, monkeypatch):
    """Each copy with its own opinions."""
    seen, taught = [], []
    digits = record.lesson
    monkeypatch.setattr(record, "lesson", lambda copy: (seen.append(copy), digits(copy))[1])
    monkeypatch.setattr(record, "STUDENT_EPOCHS", 12)
    monkeypatch.setattr(record, "COPIES", 4)
    monkeypatch.setattr(record.keras.Model, "fit", lambda self, x, targets, **rest: taught.append(targets[0, 0]))
    opinions = {copy: np.full((650, 10), -1 if copy is None else copy, np.float16) for copy in (None, *range(4))}
    record.distil(opinions, seed=1)
    assert seen == [0, 1, 2, None, 3, 0, 1, None, 2, 3, 0, None]
    assert taught == [-1 if copy is None else copy for copy in seen]


@pytest.mark.parametrize("copy", [None, 0])
def test_the_members_teach_mnist_and_only_the_teachers_the_drawn_digits(small, monkeypatch, copy):
    """Networks of two kinds, each of which knows one digit only. Both kinds have half a say on MNIST."""
    says = {"teacher": 3, "member": 5}
    asked, noted = [], []

    def ask_all(networks, images):
        asked.append((networks, len(images)))
        return np.tile(np.eye(10)[says[networks[0]]] * 0.99 + 0.001, (len(networks), len(images), 1))

    monkeypatch.setattr(record, "ask_all", ask_all)
    monkeypatch.setattr(record, "train_teacher", lambda seed: ("teacher", 0))
    monkeypatch.setattr(record, "train_member", lambda seed: ("member", 0))
    monkeypatch.setattr(record, "note_anew", lambda member: (noted.append(member), member)[1])
    logits = record.opinion(copy)
    assert asked == [(["teacher"] * len(record.TEACHERS), 650), (["member"] * len(record.MEMBERS), 600)]
    assert logits.shape == (650, 10) and logits.dtype == np.float16
    assert np.allclose(logits[:600, [3, 5]], np.log([0.991, 0.001]).mean(), atol=0.01)
    assert np.allclose(logits[:600, 0], np.log(0.001), atol=0.01)
    assert np.all(logits[600:].argmax(axis=1) == 3) and np.allclose(logits[600:, 5], logits[600:, 0])
    assert len(noted) == (len(record.MEMBERS) if copy is None else 0)
    asked.clear()
    assert np.array_equal(record.opinion(copy), logits) and not asked


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "other"])
def test_a_damaged_file_is_told_in_a_sentence(damage, tmp_path):
    path = tmp_path / "ensemble.npz"
    if damage == "cut":
        path.write_bytes(record.ENSEMBLE_FILE.read_bytes()[:5000])
    elif damage == "text":
        path.write_text("no network", encoding="utf-8")
    elif damage == "other":
        np.savez(path, x=np.zeros(3))
    with pytest.raises(ModelError, match=r"ensemble\.npz"):
        record.load_ensemble(path)


def test_the_learning_rate_of_a_trial_ends_at_zero_unless_it_is_constant():
    assert record.SHORT.constant and not record.Trial().constant
    assert float(warmup_cosine(1e-3, 100)(100)) == pytest.approx(0, abs=1e-9)
    assert isinstance(keras.optimizers.AdamW(record.SHORT.peak).learning_rate, keras.Variable)


def test_on_paper_the_network_keeps_its_own_answers_to_the_digits_before_they_were_spoiled(small, monkeypatch):
    """A teacher that always says 3: so does what it becomes. The answers are those to the picture before `spoil`."""
    teacher = lenet5()
    teacher.get_layer("output").set_weights([np.zeros((84, 10)), 20 * np.eye(10)[3]])
    monkeypatch.setattr(record, "load_lenet5", lambda path: teacher)
    monkeypatch.setattr(record, "PAPER_EPOCHS", 4)
    shares, seen = [], []

    def spoil(images, rng, share):
        shares.append(share)
        seen.append(np.array_equal(images, record.lesson(None)[0]))
        return np.zeros_like(images)

    monkeypatch.setattr(record, "spoil", spoil)
    network, _ = record.train_shipped(1)
    assert shares == [record.SPOILED] * 4 and seen == [False, False, False, True]
    assert network.count_params() == 61_706
    assert np.all(network.predict(np.zeros((3, 28, 28, 1)), verbose=0).argmax(axis=1) == 3)
