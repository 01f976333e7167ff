"""What notebook 10 measures with: networks that differ by chance alone, and pictures that show no digit."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np

from helpers import ROOT
from helpers.evaluation import interval
from helpers.handwriting import prepare
from helpers.lenet import ModelError, lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.plots import BLUE, VERMILION
from helpers.quiet import keras
from helpers.shipped import check

#: LeNet-5 as notebook 04 trains it, five times: only the seed differs. Made by `python -m tools.train_seeds`.
SEEDS_FILE = ROOT / "data" / "models" / "lenet5_seeds.npz"


def save_seeds(networks: dict[int, keras.Model], path: Path = SEEDS_FILE) -> None:
    """Write the weights of LeNet-5, by seed, to one file, as float16: half the size."""
    weights = {
        f"{seed}/{place:02}": array.astype(np.float16)
        for seed, network in networks.items()
        for place, array in enumerate(network.get_weights())
    }
    np.savez_compressed(path, **weights)


def load_seeds(path: Path = SEEDS_FILE) -> dict[int, keras.Model]:
    """Load the five LeNet-5, by seed. Raises ModelError when the file is missing, damaged or something else."""
    check(path, ModelError)
    networks = {}
    try:
        with np.load(path) as stored:
            for seed in sorted({int(name.partition("/")[0]) for name in stored.files}):
                names = sorted(name for name in stored.files if name.startswith(f"{seed}/"))
                networks[seed] = lenet5()
                networks[seed].set_weights([stored[name].astype(np.float32) for name in names])
    except Exception as error:  # what a missing or damaged file makes NumPy and Keras raise is not written down
        raise ModelError(f"The file {Path(path).name} is missing, or does not hold such networks.") from error
    return networks


# --- Pictures that show no digit ------------------------------------------------------------------------------------

#: None of these is written like a digit.
LETTERS = "AEFHKMNRTWXYPJ"
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)


def letter(rng: np.random.Generator) -> np.ndarray:
    """Write one letter in one of OpenCV's line fonts: what the reader makes of it, 28 x 28 float32."""
    page, scale = np.full((400, 400), 255, np.uint8), rng.uniform(2, 4)
    which, font = LETTERS[rng.integers(len(LETTERS))], FONTS[rng.integers(len(FONTS))]
    cv2.putText(page, which, (140, 240), font, scale, 0, int(rng.integers(1, 6)), cv2.LINE_AA)
    return prepare(page).image


def doodle(rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth line that wanders about: the sum of four slow waves, 28 x 28 float32."""
    page, t = np.full((200, 200), 255, np.uint8), np.linspace(0, 1, 80)
    waves = [np.sin(np.pi * k * t + rng.uniform(0, 6)) for k in (1, 2, 3, 4)]
    line = np.int32(100 + 22 * (rng.normal(size=(2, 4)) @ waves).clip(-3, 3)).T
    cv2.polylines(page, [line], False, 0, int(rng.integers(5, 12)), cv2.LINE_AA)
    return prepare(page).image


def face(rng: np.random.Generator) -> np.ndarray:
    """Draw a head with two eyes and a mouth: 28 x 28 float32."""
    page, pen = np.full((200, 200), 255, np.uint8), int(rng.integers(3, 9))
    wide, high = (int(side) for side in rng.integers(45, 75, 2))
    cv2.ellipse(page, (100, 100), (wide, high), 0, 0, 360, 0, pen, cv2.LINE_AA)
    for side in (-1, 1):
        eye = (100 + side * wide * 2 // 5, 100 - high // 3 + int(rng.integers(-4, 5)))
        cv2.circle(page, eye, int(rng.integers(3, 8)), 0, -1, cv2.LINE_AA)
    mood = 0 if rng.random() < 0.5 else 180
    cv2.ellipse(page, (100, 100 + high // 2), (wide // 2, high // 5), 0, mood, mood + 180, 0, pen, cv2.LINE_AA)
    return prepare(page).image


@functools.cache
def training_digits() -> np.ndarray:
    """Return the 55,000 training digits, read once: N x 28 x 28 uint8."""
    return split_validation(*load_mnist()[0])[0][0]


def two_digits(rng: np.random.Generator) -> np.ndarray:
    """Return two training digits side by side, made small enough for one picture: 28 x 28 float32."""
    digits = training_digits()
    left, right = to_input(digits[rng.integers(0, len(digits), 2)])[..., 0]
    both = np.maximum(np.pad(left, ((0, 0), (0, 16))), np.pad(right, ((0, 0), (16, 0))))
    return np.pad(cv2.resize(both, (28, 18), interpolation=cv2.INTER_AREA), ((5, 5), (0, 0)))


STRANGERS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "letters": letter,
    "doodles": doodle,
    "two digits": two_digits,
    "faces": face,
}


def strangers_of(seed: int, count: int = 250) -> dict[str, np.ndarray]:
    """Return pictures that show no single digit, by kind: count x 28 x 28 x 1 float32 each, 0 to 1."""
    rng = np.random.default_rng(seed)
    return {
        kind: np.stack([make(rng) for _ in range(count)])[..., np.newaxis].astype(np.float32)
        for kind, make in STRANGERS.items()
    }


# --- Tables and figures of six networks -----------------------------------------------------------------------------


def draw_spread(axes: plt.Axes, x: Sequence[float], networks: np.ndarray) -> None:
    """Draw what was measured on networks (networks x points, the shipped one last): the plain ones' mean, range."""
    *plain, shipped = np.asarray(networks)
    axes.fill_between(x, np.min(plain, axis=0), np.max(plain, axis=0), color="0.8")
    axes.plot(x, np.mean(plain, axis=0), "o--", label="plain (mean, range)")
    axes.plot(x, shipped, "s-", label="shipped")


def print_spread(columns: Sequence[str], rows: dict[str, Sequence[Sequence[float]]]) -> None:
    """Print shares in per cent, by row and column: of the shipped network, and the range of the plain ones.

    rows: for each name, a list of shares for each column, by network, the shipped one last.
    """
    print(f"{'shipped (plain)':16s}" + "".join(f"{name:>26s}" for name in columns))
    for name, cells in rows.items():
        spread = ((each[-1], min(each[:-1]), max(each[:-1])) for each in cells)
        print(f"{name:16s}" + "".join(f"{s:9.1%} ({low:5.1%} to {high:5.1%})" for s, low, high in spread))


def draw_doubts(confidence: np.ndarray, wrong: np.ndarray, style: str, label: str) -> None:
    """Draw the diagram of notebook 04: wrong answers against doubt by powers of ten, with 95 % Wilson intervals.

    confidence: N, 0 to 1, of each answer; wrong: N bool. Bins without a wrong answer are drawn by their interval alone.
    """
    number = np.digitize(confidence, (0.7, 0.9, 0.99, 0.999))
    for each in np.unique(number):
        inside = number == each
        share, (low, high) = wrong[inside].mean(), interval(int(wrong[inside].sum()), int(inside.sum()))
        doubt, color = 1 - confidence[inside].mean(), BLUE if style == "o" else VERMILION
        plt.plot([doubt, doubt], [max(low, 1e-5), high], color=color)
        plt.plot(doubt, share or np.nan, style, color=color, label=label)
        label = None
    plt.gca().set(xscale="log", yscale="log", xlabel="mean doubt", ylabel="share of wrong answers", ylim=(1e-5, 1))
