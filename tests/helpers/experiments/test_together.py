"""One training on many workers: its weights are those of one machine, and what befalls a worker does not stop it."""

import errno
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT, CourseError
from helpers.experiments import jobs, record, together
from helpers.experiments.jobs import Outcome
from helpers.experiments.together import Plan, Trained, train_together
from helpers.lenet import lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras, tf
from helpers.training import warmup_cosine
from tools import train_record

#: Five steps with batches of 64, 64, 23, 64, 64 digits: the third one cannot be split evenly.
SMALL = Plan(limits=tuple(record.LIGHT), digits=151, batch_size=64, epochs=2, steps=5, average=0.9, dtype="float64")
#: Enough steps that a worker can be killed in the midst of them.
LONGER = SMALL._replace(digits=1000, steps=None, epochs=3)
#: By how much a weight may differ after such few steps, since sums are taken in another order.
CLOSE = {"float64": 1e-11, "float32": 1e-5}


@pytest.fixture(autouse=True)
def floats():
    """Let Keras have its kind of numbers again after each test."""
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def by_keras(plan: Plan) -> Trained:
    """Train on one machine, with the trainer that Keras brings."""
    keras.config.set_floatx(plan.dtype)
    keras.config.set_dtype_policy(plan.dtype)
    keras.utils.set_random_seed(plan.seed)
    (x, y), _ = split_validation(*load_mnist()[0])
    batches = record.WarpedDigits(to_input(x[: plan.digits]), y[: plan.digits], record.Warp(*plan.limits), plan.seed)
    batches.batch_size = plan.batch_size
    model = {"lenet5": lenet5, "deepnet": record.deepnet}[plan.network]()
    rate = warmup_cosine(plan.peak, plan.epochs * len(batches))
    optimizer = keras.optimizers.AdamW(rate, weight_decay=4e-3, use_ema=True, ema_momentum=plan.average)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    losses = []
    for number in range(plan.steps or plan.epochs * len(batches)):
        if number % len(batches) == 0:
            batches.on_epoch_begin()
        model.reset_metrics()
        losses.append(model.train_on_batch(*batches[number % len(batches)]))
    optimizer.finalize_variable_values(model.trainable_weights)
    return Trained(np.array(losses), np.zeros(len(losses)), model.get_weights())


def assert_same(one: Trained, other: Trained, within: float) -> None:
    assert len(one.losses) == len(one.seconds) == len(other.losses)
    assert np.abs(one.losses - other.losses).max() < within
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        assert mine.shape == theirs.shape and np.abs(mine - theirs).max() < within


# --- The same weights ---------------------------------------------------------------------------------------------


def test_a_batch_that_is_split_on_one_machine_gives_what_keras_gives():
    split = train_together(SMALL, 1, devices=2, seconds=300)
    assert split.weights[0].dtype == np.float64
    assert_same(split, by_keras(SMALL), CLOSE["float64"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("network", "workers", "devices", "dtype"),
    [("lenet5", 4, 1, "float32"), ("deepnet", 1, 2, "float64"), ("deepnet", 4, 1, "float64")],
)
def test_many_workers_give_what_keras_gives_on_one_machine(network, workers, devices, dtype):
    plan = SMALL._replace(network=network, dtype=dtype)
    assert_same(train_together(plan, workers, devices=devices, seconds=500), by_keras(plan), CLOSE[dtype])


def test_the_members_are_trained_by_the_recipe_of_one_machine(monkeypatch):
    fitted = {}
    monkeypatch.setattr(record, "kept", lambda name, make: (make(), 0.0))
    monkeypatch.setattr(keras.Model, "fit", lambda model, digits, **how: fitted.update(how, digits=digits))
    model, _ = record.train_member(3)
    plan, digits = train_record.member_plan(3), fitted["digits"]
    ours, optimizer = together._network(plan, 1, plan.epochs * len(digits))
    assert optimizer.get_config() | {"name": ""} == model.optimizer.get_config() | {"name": ""}
    assert ours.name == model.name and ours.count_params() == model.count_params()
    assert (plan.digits, plan.batch_size, plan.limits) == (len(digits.x), digits.batch_size, digits.limits)
    assert plan.epochs == fitted["epochs"] and plan.steps is None
    same = record.WarpedDigits(digits.x, digits.y, record.LIGHT, plan.seed)
    assert np.array_equal(same.order, digits.order)


# --- Checkpoints, in this process ---------------------------------------------------------------------------------


@pytest.fixture
def here(monkeypatch):
    """Do a worker's work in this process, alone."""
    monkeypatch.setattr(together, "_strategy", lambda *_: tf.distribute.get_strategy())
    return lambda plan, file, every=0: together.work(plan, ["127.0.0.1:1"], 0, file, every, 1, None)


def test_a_training_goes_on_from_its_checkpoint_as_if_nothing_had_been(here, tmp_path):
    file = tmp_path / "training.npz"
    whole = here(SMALL, file, 4)  # in the midst of the second epoch
    assert together.steps_in(file) == 4 and list(tmp_path.iterdir()) == [file]
    rest = here(SMALL, file)
    assert_same(rest, whole, 1e-15)
    assert np.array_equal(rest.seconds[:4], whole.seconds[:4]), "what was done is not done again"


def test_a_damaged_checkpoint_counts_for_nothing(here, tmp_path):
    file = tmp_path / "training.npz"
    here(SMALL, file, 4)
    file.write_bytes(file.read_bytes()[:-1000])
    assert together.steps_in(file) == 0
    assert len(here(SMALL._replace(steps=1), file).losses) == 1


def test_a_full_disk_is_told(here, tmp_path, monkeypatch):
    def no_room(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", no_room)
    assert here(SMALL, tmp_path / "training.npz", 2) == "The checkpoint could not be kept (No space left on device)."


# --- Who starts the workers ---------------------------------------------------------------------------------------


def test_all_start_again_when_one_dies(monkeypatch, tmp_path, capsys):
    """A fake run of the workers: in each attempt they make a checkpoint of so many steps, and one dies."""
    trained = Trained(np.zeros(1), np.zeros(1), [])

    def attempts(*steps: int):
        left = list(steps)

        def run(function, started, **how):
            if left:
                np.savez(started["worker 0"][3], losses=np.zeros(left.pop(0)))
                yield Outcome("worker 1", None, "It died.")
            yield from (Outcome(name, trained, "") for name in started)

        monkeypatch.setattr(together, "run_jobs", run)

    attempts(0, 0, 100, 100, 200)
    assert train_together(SMALL, 2, kept=tmp_path) is trained
    said = [f"Worker 1: It died. The training goes on from step {step}." for step in (0, 0, 100, 100, 200)]
    assert capsys.readouterr().out.splitlines() == said
    attempts(100, 100, 100, 100)
    with pytest.raises(CourseError, match=r"^Worker 1: It died\.$"):
        train_together(SMALL._replace(seed=2), 2, kept=tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 2, "the third time without a new checkpoint is the last"


def test_a_training_that_takes_too_long_is_ended():
    with pytest.raises(CourseError, match="Worker 0: It ran longer than 1 seconds, and was ended"):
        train_together(Plan(), 1, seconds=1)


def test_an_address_that_is_none_is_told():
    assert together.is_here("127.0.0.1:2222") and together.is_here("localhost:2222") and together.is_here("[::1]:2222")
    assert not together.is_here("192.0.2.1:2222"), "an address for examples, which no machine has"
    for wrong in ("192.168.1.5", "192.168.1.5:", "nowhere.invalid:2222", ""):
        with pytest.raises(CourseError, match="no address of a machine"):
            train_together(SMALL, ["127.0.0.1:2222", wrong])
    with pytest.raises(CourseError, match=r"none of the addresses 192\.0\.2\.1:2222"):
        train_together(SMALL, ["192.0.2.1:2222"])


@pytest.mark.skipif(not hasattr(socket, "SO_BINDTODEVICE"), reason="only Linux ties a socket to loopback")
def test_what_listens_is_shut_to_other_machines():
    with socket.create_server(("", 0)) as server, socket.create_connection(server.getsockname()) as client:
        together.stay_on_loopback()
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"
        assert not client.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        socket.create_connection(("127.0.0.1", server.getsockname()[1])).close()


def test_a_port_that_is_taken_and_a_worker_that_is_gone_are_told(monkeypatch):
    """TensorFlow's own words, as they came from two workers."""
    gone = "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy"

    def told(error: Exception) -> str:
        monkeypatch.setattr(together, "_strategy", lambda *_: exec("raise error", {"error": error}))
        return together.work(SMALL, ["127.0.0.1:2222", "192.168.1.6:2222"], 0, Path(), 0, 1, None)

    monkeypatch.setenv("TF_CONFIG", "")
    assert "listens at 127.0.0.1:2222" in told(tf.errors.UnknownError(None, None, "Could not start gRPC server"))
    said = "It no longer hears from 192.168.1.6:2222 (UnavailableError)."
    assert told(tf.errors.UnavailableError(None, None, gone)) == said
    assert "hears from another worker (Unavail" in told(tf.errors.UnavailableError(None, None, "Connection reset"))


def test_the_program_takes_a_number_or_addresses(monkeypatch, capsys):
    given, of_five, both = [], record.deepnet().get_weights(), "192.168.1.5:2222,192.168.1.6:2222"

    def train(plan, workers, **how):
        given.append((plan.seed, workers))
        return Trained(np.zeros(0), np.zeros(0), of_five)

    monkeypatch.setattr(train_record, "train_together", train)
    monkeypatch.setattr(record, "kept", lambda name, make: given.append((name, make().count_params())))
    monkeypatch.setattr(record, "ahead", lambda jobs, **how: given.append((list(jobs), how["workers"])))
    train_record.main("members", "--workers", "3")
    with pytest.raises(SystemExit):
        train_record.main("ensemble", "--workers", both)
    assert "for the part members" in capsys.readouterr().err
    train_record.main("members", "--workers", both)
    assert given[0] == ([f"member_{seed}.keras" for seed in record.MEMBERS], 3)
    size = record.deepnet().count_params()
    assert given[1:3] == [(1, both.split(",")), ("member_1", size)]
    assert len(given) == 1 + 2 * len(record.MEMBERS)


@pytest.mark.long
def test_a_worker_is_killed_and_the_training_goes_on_to_the_same_weights(tmp_path, capsys):
    def kill():
        wait_for(lambda: list(tmp_path.glob("*.npz")))
        alive = [each.child for each in jobs._PYTHONS if each.child.poll() is None]
        alive[0].kill()

    killing = threading.Thread(target=kill)
    killing.start()
    trained = train_together(LONGER, 2, threads=1, kept=tmp_path, every=5, seconds=400)
    killing.join()
    told = r"Worker \d: Its process died.* The training goes on from step \d*[05]\.$"
    assert re.search(told, capsys.readouterr().out)
    assert_same(trained, by_keras(LONGER), CLOSE["float64"])


@pytest.mark.long
def test_a_machine_is_lost_and_another_takes_its_place(tmp_path):
    """The one that is lost is the leader, and its checkpoints are lost with it. The other notices, waits, goes on."""
    addresses = together.free_addresses(2)

    def start(number: int, name: str) -> subprocess.Popen:
        (tmp_path / name).mkdir()
        what = (addresses[number], addresses, str(tmp_path / name), LONGER._asdict())
        code = f"from tests.helpers.experiments import work; work.be_a_machine(*{what!r})"
        return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    with start(0, "lost") as lost, start(1, "stays") as stays:
        try:
            wait_for(lambda: list((tmp_path / "stays").glob("training_*.npz")))
            lost.kill()
            said = stays.stdout.readline()
            with start(0, "new") as new:
                try:
                    assert new.wait(300) == 0 and stays.wait(60) == 0
                finally:
                    new.kill()
        finally:
            stays.kill()
            lost.kill()
    assert re.match(rf"Worker 1: It no longer hears from {addresses[0]}.* goes on from step \d*[05]\.$", said)
    oracle = by_keras(LONGER)
    for name in ("stays", "new"):
        with np.load(tmp_path / name / "trained.npz") as stored:
            losses, seconds, *weights = (stored[f"arr_{place}"] for place in range(len(stored.files)))
            assert_same(Trained(losses, seconds, weights), oracle, CLOSE["float64"])


def wait_for(there: Callable[[], object]) -> None:
    end = time.monotonic() + 200
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)
