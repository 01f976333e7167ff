"""One training on many workers: each takes its part of every batch, and all take the same step.

Workers are processes of this machine, or of several; TensorFlow's MultiWorkerMirroredStrategy adds up their gradients.
One worker alone splits its batches among its graphics cards, by MirroredStrategy. (The loop is written out: with many
workers Keras's `fit` fails.) Digits are shuffled and warped for the whole batch, by its one seed, before it is split,
and batch normalisation takes its means over the whole batch. So the weights are those of one machine, but for rounding,
which grows with the steps, as it does on another processor.
"""

import contextlib
import hashlib
import io
import itertools
import json
import os
import re
import socket
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from helpers import CourseError
from helpers.experiments.jobs import LONGEST, run_jobs

if TYPE_CHECKING:  # only workers load TensorFlow, not who starts them: five seconds and half a gigabyte
    from helpers.quiet import keras, tf

ATTEMPTS = 3  # without a new checkpoint in between


class Plan(NamedTuple):
    """What is trained: the same on one worker as on many.

    network: lenet5 or deepnet; limits: how far each digit is warped (`record.Warp`); digits: how many of the 55,000
    training digits; batch_size: of all workers together; steps: after how many it ends (None: after the epochs).
    peak: AdamW's learning rate, which climbs to it and falls along a cosine over all epochs, or is constant; average:
    the momentum of a running average of the weights, which takes their place in the end; dtype: of all numbers.
    """

    network: str = "lenet5"
    limits: tuple[float, ...] = (0, 0, 0, 0, 0)
    digits: int = 55_000
    batch_size: int = 128
    epochs: int = 4
    steps: int | None = None
    peak: float = 4e-3
    constant: bool = False
    average: float | None = None
    seed: int = 1
    dtype: str = "float32"


class Trained(NamedTuple):
    """What a training gave: for each step the mean loss of the whole batch, and the seconds; the weights in the end."""

    losses: np.ndarray
    seconds: np.ndarray
    weights: list[np.ndarray]


def train_together(
    plan: Plan,
    workers: int | Sequence[str] = 2,
    *,
    devices: int = 1,
    threads: int | None = None,
    kept: Path | None = None,
    every: int = 100,
    seconds: float = LONGEST,
) -> Trained:
    """Train one network on several workers, and return what all of them have in the end.

    workers: how many processes on this machine, or the address of each, HOST:PORT, in the same order on all machines:
    a machine starts those that are its own. devices: among how many parts of the processor one worker alone splits its
    batches, where there are no graphics cards. threads: of each worker, for one operation (None: TensorFlow decides).
    kept: a folder for checkpoints, one every so many steps; the same plan goes on from there, with any number of
    workers. seconds: after which it is ended.

    When a worker dies, the others notice within half a minute; it is told in a sentence, and all start again from the
    last checkpoint. Raises CourseError when that fails several times, when the time is over, or an address is wrong.
    """
    with contextlib.ExitStack() as stack:
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"training_{hashlib.sha256(repr(plan).encode()).hexdigest()[:16]}.npz"
        end, failed, reached = time.monotonic() + seconds, 0, steps_in(file)
        while True:
            addresses = free_addresses(workers) if isinstance(workers, int) else list(workers)
            mine = [number for number, address in enumerate(addresses) if is_here(address)]
            if not mine:
                raise CourseError(f"This machine has none of the addresses {', '.join(addresses)}.")
            # Each machine keeps checkpoints of its own, by one worker: so a machine that is lost takes nothing with it.
            jobs = {
                f"worker {number}": (plan, addresses, number, file, every if number == mine[0] else 0, devices, threads)
                for number in mine
            }
            limit = max(1, end - time.monotonic())
            done, trouble = _all_of(run_jobs(work, jobs, workers=len(jobs), seconds=limit))
            if not trouble:
                return done[0]
            failed = 1 if steps_in(file) > reached else failed + 1
            reached = steps_in(file)
            if failed == ATTEMPTS or time.monotonic() > end:
                raise CourseError(trouble)
            print(f"{trouble} The training goes on from step {reached}.", flush=True)


def _all_of(outcomes: Any) -> tuple[list[Trained], str]:
    """Return what each worker here has trained, and what stopped the first that was stopped: the others end with it."""
    done = []
    with contextlib.closing(outcomes):
        for name, result, failure in outcomes:
            if failure or isinstance(result, str):
                return [], f"{name.capitalize()}: {failure or result}"
            done.append(result)
    return done, ""


def free_addresses(count: int) -> list[str]:
    """Return so many addresses of this machine, for itself alone, at which nobody listens."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in taken]


def is_here(address: str) -> bool:
    """Say whether an address, HOST:PORT, is this machine's. Raises CourseError when it is no address."""
    host, _, port = address.rpartition(":")
    try:
        family, kind, *_, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
    except (OSError, ValueError):
        raise CourseError(f"{address!r} is no address of a machine: HOST:PORT is, such as 192.168.1.5:2222.") from None
    with contextlib.suppress(OSError), socket.socket(family, kind) as trial:
        trial.bind((place[0], 0))
        return True
    return False


# --- Checkpoints --------------------------------------------------------------------------------------------------


def steps_in(file: Path) -> int:
    """Return after how many steps a checkpoint was made. One that is missing or damaged counts for nothing."""
    with contextlib.suppress(Exception), np.load(file) as stored:
        return len(stored["losses"])
    return 0


def farthest(strategy: "tf.distribute.Strategy", file: Path, plan: Plan) -> bytes:
    """Return the content of the last checkpoint that any worker has; nothing if there is none.

    Raises CourseError when not all workers have the same plan and the same versions.
    """
    from helpers.quiet import keras, tf

    def total(given: Callable[[int], np.ndarray]) -> np.ndarray:
        """Add up what each replica gives, by its number."""
        give = strategy.experimental_distribute_values_from_function
        values = give(lambda context: tf.constant(given(context.replica_id_in_sync_group), tf.int32))
        return strategy.reduce("SUM", values, axis=None).numpy()

    steps, replicas = steps_in(file), strategy.num_replicas_in_sync
    mine = np.frombuffer(file.read_bytes() if steps else b"", np.uint8)
    what = zlib.crc32(repr((plan, tf.__version__, keras.__version__)).encode()) >> 1  # 31 bits
    table = total(lambda number: np.outer(np.eye(replicas)[number], [steps, len(mine), what]))
    if np.ptp(table[:, 2]):
        raise CourseError("Another worker has another plan, or other versions; all of them need the same.")
    owner = table[:, 0].argmax()
    length = table[owner, 1]
    if not length:
        return b""
    return total(lambda number: mine if number == owner else np.zeros(length)).astype(np.uint8).tobytes()


# --- A worker -----------------------------------------------------------------------------------------------------


def work(
    plan: Plan, addresses: list[str], number: int, file: Path, every: int, devices: int, threads: int | None
) -> Trained | str:
    """Be one of the workers, in a process of its own; return what was trained, or in a sentence what stopped it.

    every: after how many steps this one writes a checkpoint to `file` (0: never).
    """
    if len(addresses) > 1:
        task = {"type": "worker", "index": number}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    from helpers.quiet import error_channel_aside, tf

    with error_channel_aside():
        try:
            return _train(plan, _strategy(addresses, devices, threads), file, every)
        except CourseError as error:
            return str(error)
        except tf.errors.OpError as error:
            if "Could not start gRPC server" in str(error):
                return f"Another program listens at {addresses[number]}: take another port, on all machines."
            others = {int(task) for task in re.findall(r"/task:(\d+)", str(error))} - {number}
            gone = " and ".join(addresses[other] for other in sorted(others)) or "another worker"
            return f"It no longer hears from {gone} ({type(error).__name__})."
        except OSError as error:
            return f"The checkpoint could not be kept ({error.strerror})."


def _strategy(addresses: list[str], devices: int, threads: int | None) -> "tf.distribute.Strategy":
    from helpers.quiet import tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    if len(addresses) > 1:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        if all(address.startswith("127.") for address in addresses):
            stay_on_loopback()
        return strategy
    cards = len(tf.config.list_physical_devices("GPU"))
    if not cards:
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(devices)]
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    kind, count = ("GPU", cards) if cards else ("CPU", devices)
    return tf.distribute.MirroredStrategy([f"{kind}:{n}" for n in range(count)])


def stay_on_loopback() -> None:
    """Shut what listens in this process to other machines: TensorFlow listens on all networks, and asks for no key.

    Only Linux can do that, once the workers have met. Before, and elsewhere, the port is open, a random one each time.
    """
    for name in os.listdir("/proc/self/fd") if hasattr(socket, "SO_BINDTODEVICE") else ():
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as each:
                    if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")


def _train(plan: Plan, strategy: "tf.distribute.Strategy", file: Path, every: int) -> Trained:
    from helpers.experiments.record import Warp, WarpedDigits
    from helpers.mnist import load_mnist, split_validation, to_input
    from helpers.quiet import keras

    keras.config.set_floatx(plan.dtype)  # of losses and optimizers
    keras.config.set_dtype_policy(plan.dtype)  # of layers
    keras.utils.set_random_seed(plan.seed)
    (x, y), _ = split_validation(*load_mnist()[0])
    batches = WarpedDigits(to_input(x[: plan.digits]), y[: plan.digits], Warp(*plan.limits), plan.seed)
    batches.batch_size = plan.batch_size
    length = len(batches)
    with strategy.scope():
        model, optimizer = _network(plan, strategy.num_replicas_in_sync, plan.epochs * length)
    step, state = _step(strategy, model, optimizer), [*model.weights, *optimizer.variables]
    losses, seconds = [], []
    begun = farthest(strategy, file, plan)
    if begun:
        with np.load(io.BytesIO(begun)) as stored:
            losses, seconds = stored["losses"].tolist(), stored["seconds"].tolist()
            batches.order = stored["order"]
            batches.rng.bit_generator.state = json.loads(str(stored["rng"]))
            for place, variable in enumerate(state):
                variable.assign(stored[f"state/{place}"])

    total = plan.epochs * length
    for number in range(len(losses), min(total, plan.steps or total)):
        if number % length == 0:
            batches.on_epoch_begin()
        begin = time.perf_counter()
        x, y = batches[number % length]
        losses.append(step(x.astype(plan.dtype), y.astype(np.int32)))
        seconds.append(time.perf_counter() - begin)
        if every and len(losses) % every == 0:
            stored = {f"state/{place}": variable.value.numpy() for place, variable in enumerate(state)}
            stored |= {"losses": losses, "seconds": seconds, "order": batches.order}
            part = file.with_suffix(f".{os.getpid()}.part")  # the folder may be shared with other machines
            with part.open("wb") as out:
                np.savez(out, rng=json.dumps(batches.rng.bit_generator.state), **stored)
            part.replace(file)
    optimizer.finalize_variable_values(model.trainable_weights)
    return Trained(np.array(losses), np.array(seconds), model.get_weights())


def _network(plan: Plan, replicas: int, steps: int) -> tuple["keras.Model", "keras.Optimizer"]:
    """Build what is trained, for so many replicas and so many steps."""
    from helpers.experiments.record import deepnet
    from helpers.lenet import lenet5
    from helpers.quiet import keras
    from helpers.training import warmup_cosine

    model = {"lenet5": lenet5, "deepnet": deepnet}[plan.network]()
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = replicas > 1  # means over the whole batch, not over a worker's part
    rate = plan.peak if plan.constant else warmup_cosine(plan.peak, steps)
    averaging = {"use_ema": True, "ema_momentum": plan.average} if plan.average else {}
    optimizer = keras.optimizers.AdamW(rate, weight_decay=4e-3, **averaging)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def _step(
    strategy: "tf.distribute.Strategy", model: "keras.Model", optimizer: "keras.Optimizer"
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Return what takes a step with a whole batch, of which each replica takes its part, and returns the mean loss."""
    from helpers.quiet import keras, tf

    def of_part(x, y, size):
        with tf.GradientTape() as tape:
            losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=True))
            loss = tf.reduce_sum(losses) / size  # the parts may differ in size: their shares add up to the mean
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))  # adds up those of all first
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, loss)

    @tf.function
    def together(x, y, size):
        return strategy.run(of_part, (x, y, size))

    def step(x: np.ndarray, y: np.ndarray) -> float:
        ends = np.arange(strategy.num_replicas_in_sync + 1) * len(x) // strategy.num_replicas_in_sync
        give = strategy.experimental_distribute_values_from_function

        def parts(whole: np.ndarray):
            pieces = [whole[start:end] for start, end in itertools.pairwise(ends)]
            return give(lambda context: tf.constant(pieces[context.replica_id_in_sync_group]))

        loss = together(parts(x), parts(y), tf.constant(len(x), x.dtype))
        return float(strategy.experimental_local_results(loss)[0])

    return step
