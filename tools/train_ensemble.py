"""Train the networks that vote beside `deepnet` in notebook 08, by Keras on any of its backends, some side by side.

    KERAS_BACKEND=jax python -m tools.train_ensemble --at-once 8     nine minutes on one NVIDIA H200

It needs Keras, one of its backends and NumPy, and of the course this file, helpers/__init__.py, helpers/mnist.py,
helpers/shipped.py, helpers/experiments/voters.py and data/mnist.npz: a machine with a graphics card may have no
TensorFlow. On two cores it would take days. Each network waits in my_work/record/ensemble as soon as it has learned,
so that an interrupted run goes on where it was; `python -m tools.train_record ensemble` gathers them. No test digit is
read here.
"""

import argparse
import json
import math
import multiprocessing
import time
from importlib.metadata import version

import keras
import numpy as np
from keras import layers, ops

from helpers import ROOT
from helpers.experiments.voters import KINDS, voter
from helpers.mnist import load_mnist, split_validation, to_input

WAITING = ROOT / "my_work" / "record" / "ensemble"
#: `LIGHT` of helpers.experiments.record: pixels, degrees, shares, and alpha of the bending.
LIMITS = (2, 12, 0.12, 0.12, 10)
BATCH = 128
VOTER_EPOCHS = 60
#: The highest learning rate, and the share of all steps in which it is reached; then it falls along a cosine.
HIGHEST = 2e-3
RISING = 0.05


# --- `record.warp` for a whole batch at once, by Keras's own operations ---------------------------------------------


def smoother(sigma: float = 4) -> np.ndarray:
    """Return what smooths 28 values in a row as `cv2.GaussianBlur` does, at the edges too: 28 x 28, float32."""
    reach = round(4 * sigma)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    matrix = np.zeros((28, 28))
    for place in range(28):
        for offset, weight in zip(range(-reach, reach + 1), weights / weights.sum(), strict=True):
            mirrored = abs(place + offset)
            matrix[place, min(mirrored, 54 - mirrored)] += weight
    return matrix.astype(np.float32)


def arrow_ends(drawn, bending):
    """Return from where each pixel takes its ink, x and y, N x 28 x 28 each, in pixels.

    drawn: N x 6 between -1 and 1, the shares of the limits in the order in which `warp` draws them; bending:
    N x 28 x 28 x 2 between -1 and 1.
    """
    shift, degrees, zoom, slant, bend = LIMITS
    zoom_x, zoom_y, lean, turn, right, down = (drawn[:, number, None, None] for number in range(6))
    middle = ops.arange(28, dtype="float32") - 13.5
    x, y = middle[None, None, :] * (1 + zoom * zoom_x), middle[None, :, None] * (1 + zoom * zoom_y)
    x = x + y * slant * lean
    angle = turn * math.radians(degrees)
    x, y = x * ops.cos(angle) - y * ops.sin(angle), x * ops.sin(angle) + y * ops.cos(angle)
    smooth = ops.convert_to_tensor(smoother())
    bent = [bend * ops.matmul(ops.matmul(smooth, bending[..., axis]), ops.transpose(smooth)) for axis in range(2)]
    return x + shift * right + 13.5 + bent[0], y + shift * down + 13.5 + bent[1]


def redraw(images, x, y):
    """Return the pictures with each pixel's ink taken from the place (x, y), between four pixels; outside is paper."""
    flat = ops.reshape(images, (-1, 28 * 28))
    left, top = ops.floor(x), ops.floor(y)
    ink = 0.0
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        inside = ops.cast((column >= 0) & (column <= 27) & (row >= 0) & (row <= 27), "float32")
        place = ops.cast(ops.clip(row, 0, 27) * 28 + ops.clip(column, 0, 27), "int32")
        share = inside * (1 - ops.abs(x - column)) * (1 - ops.abs(y - row))
        ink = ink + ops.reshape(share, (-1, 28 * 28)) * ops.take_along_axis(flat, ops.reshape(place, (-1, 28 * 28)), 1)
    return ops.reshape(ink, (-1, 28, 28, 1))


class Warped(layers.Layer):
    """Draw each digit anew while the network learns, another way each time; leave it as it is when it reads."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training: bool = False):
        if not training:
            return images
        number = ops.shape(images)[0]
        drawn = keras.random.uniform((number, 6), -1, 1, seed=self.generator)
        return redraw(images, *arrow_ends(drawn, keras.random.uniform((number, 28, 28, 2), -1, 1, seed=self.generator)))


# --- Learning -------------------------------------------------------------------------------------------------------


def train_voter(kind: str, seed: int, epochs: int, x: np.ndarray, y: np.ndarray) -> keras.Sequential:
    """Return a network of a kind that has learned these digits, warped anew each time.

    x: N x 28 x 28 x 1, float32, 0 to 1; y: N labels. What it has in the end is the running
    average of its weights, over about the last 1000 steps.
    """
    keras.utils.set_random_seed(seed)
    network = voter(kind)
    steps = epochs * math.ceil(len(x) / BATCH)
    first = round(RISING * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        HIGHEST / 20, steps - first, warmup_target=HIGHEST, warmup_steps=first
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=2e-2, use_ema=True, ema_momentum=0.999)
    pupil = keras.Sequential([keras.Input(shape=(28, 28, 1)), Warped(seed), network])
    pupil.compile(optimizer, loss="sparse_categorical_crossentropy", jit_compile=keras.backend.backend() == "jax")
    pupil.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
    return network


def device() -> str:
    """Return what did the arithmetic, in the words of Keras's backend."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        kind = jax.devices()[0].device_kind
    elif backend == "torch":
        import torch

        kind = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    else:
        from tensorflow import config

        kind = "gpu" if config.list_physical_devices("GPU") else "cpu"
    return f"{backend} {version(backend)}, {kind}"


def make_voter(task: tuple[str, int, int]) -> str:
    """Let one network learn (kind, seed, epochs), unless it waits already; return a line about it."""
    kind, seed, epochs = task
    path = WAITING / f"{kind}_{seed}.npz"
    if path.exists():
        return f"{path.stem} waits already"
    begin = time.perf_counter()
    (x, y), (x_validation, y_validation) = split_validation(*load_mnist()[0])
    network = train_voter(kind, seed, epochs, to_input(x), y)
    said = network.predict(to_input(x_validation), batch_size=500, verbose=0)
    made = {"kind": kind, "seed": seed, "epochs": epochs, "seconds": round(time.perf_counter() - begin)}
    made |= {"keras": version("keras"), "device": device()}
    made["validation"] = int((said.argmax(axis=1) != y_validation).sum())
    weights = {f"{place:02}": array for place, array in enumerate(network.get_weights())}
    np.savez(path.with_suffix(".part.npz"), made=json.dumps(made), **weights)
    path.with_suffix(".part.npz").replace(path)
    return json.dumps(made)


def trained_voter(kind: str, seed: int) -> tuple[keras.Sequential, dict]:
    """Return a network that waits, as it was trained, and what made it: kind, seed, epochs, seconds, keras, device."""
    with np.load(WAITING / f"{kind}_{seed}.npz") as stored:
        network = voter(kind)
        network.set_weights([stored[name] for name in sorted(set(stored.files) - {"made"})])
        return network, json.loads(str(stored["made"]))


def main() -> None:
    parser = argparse.ArgumentParser("python -m tools.train_ensemble", description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["strides"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--epochs", type=int, default=VOTER_EPOCHS)
    parser.add_argument("--at-once", type=int, default=1, help="how many learn side by side, a process each")
    parser.add_argument("--minutes", type=float, default=1e5, help="then those that are not ready are given up")
    told = parser.parse_args()
    WAITING.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * told.minutes
    tasks = [(kind, seed, told.epochs) for seed in told.seeds for kind in told.kinds]
    with multiprocessing.get_context("spawn").Pool(told.at_once) as pool:  # its end stops what still learns
        ready = pool.imap_unordered(make_voter, tasks)
        try:
            for _ in tasks:
                print(ready.next(timeout=max(0, end - time.monotonic())), flush=True)
        except multiprocessing.TimeoutError:
            print(f"The {told.minutes:g} minutes are over.", flush=True)


if __name__ == "__main__":
    main()
