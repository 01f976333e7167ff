"""Training that can be watched, digits that are drawn a little differently each time, and honest intervals."""

import math
import time
from collections.abc import Iterator, Sequence

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import HTML, display

from helpers.plots import figure_bundle
from helpers.quiet import keras


def warmup_cosine(peak: float, steps: int) -> keras.optimizers.schedules.CosineDecay:
    """Return a learning rate that climbs to `peak` in the first tenth of `steps`, then falls along a cosine to 0.

    Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), section 3.
    """
    warmup = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(0.0, steps - warmup, warmup_target=peak, warmup_steps=warmup)


def distort(images: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Draw each digit a little differently: rotated, zoomed, slanted and shifted by random amounts.

    images: N x 28 x 28 x 1, float32, 0 to 1; returns the same shape and type. At strength 1: up to 12 degrees,
    12 % in size and slant, 2 pixels of shift. The idea: LeCun et al. 1998, section III.C.
    """
    count = len(images)
    degrees, slant = rng.uniform(-12, 12, count), rng.uniform(-0.12, 0.12, count)
    zoom_x, zoom_y = rng.uniform(0.88, 1.12, count), rng.uniform(0.88, 1.12, count)
    shift = rng.uniform(-2, 2, (count, 2))
    angle = np.deg2rad(degrees * strength)
    zoom_x, zoom_y = 1 + (zoom_x - 1) * strength, 1 + (zoom_y - 1) * strength
    # One 2 x 3 matrix per digit: zoom and slant first, then the rotation, all about the middle (13.5, 13.5).
    inner = np.array([[zoom_x, slant * strength], [np.zeros(count), zoom_y]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.einsum("ijn,jkn->nik", turn, inner)
    move = 13.5 - linear @ np.array([13.5, 13.5]) + shift * strength
    matrices = np.concatenate([linear, move[:, :, np.newaxis]], axis=2)
    result = np.empty_like(images)
    for image, matrix, target in zip(images, matrices, result, strict=True):
        cv2.warpAffine(image[..., 0], matrix, (28, 28), dst=target[..., 0], flags=cv2.INTER_LINEAR)
    return result


def spoil(images: np.ndarray, rng: np.random.Generator, share: float = 2 / 3) -> np.ndarray:
    """Spoil a share of the images as paper and cameras do: thin or thick strokes, blur, pale ink, noise.

    images: N x 28 x 28 x 1, float32, 0 to 1; returns the same shape and type.
    """
    result = images.copy()
    for number in np.flatnonzero(rng.random(len(images)) < share):
        image = result[number, ..., 0]
        way = rng.integers(5)
        if way == 0:
            large = cv2.resize(image, (84, 84), interpolation=cv2.INTER_CUBIC)
            side = int(rng.integers(2, 5))
            change = cv2.erode if rng.random() < 0.6 else cv2.dilate
            large = change(large, np.ones((side, side)))
            image = cv2.resize(large, (28, 28), interpolation=cv2.INTER_AREA)
            image = image / max(0.3, float(image.max()))
        elif way == 1:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
        elif way == 2:
            image = image * rng.uniform(0.12, 0.8)
        elif way == 3:
            image = image + rng.normal(0, rng.uniform(0.05, 0.4), (28, 28))
        else:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9)) * rng.uniform(0.3, 1)
            image = image + rng.normal(0, rng.uniform(0, 0.15), (28, 28))
        result[number, ..., 0] = image.clip(0, 1)
    return result


class DistortedDigits(keras.utils.PyDataset):
    """The training digits in batches, in a new order and newly distorted in every epoch."""

    def __init__(self, x: np.ndarray, y: np.ndarray, batch_size: int = 128, seed: int = 0) -> None:
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_begin()

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.batch_size)

    def on_epoch_begin(self) -> None:
        self.order = self.rng.permutation(len(self.x))

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return distort(self.x[chosen], self.rng), self.y[chosen]


def progress(steps: Sequence) -> Iterator:
    """Go through `steps` one by one, under a bar where a notebook can draw one."""
    bar = display(HTML("..."), display_id=True) if get_ipython() else None
    for number, step in enumerate(steps, 1):
        yield step
        if bar and (number % max(1, len(steps) // 20) == 0 or number == len(steps)):
            bar.update(HTML(f'<progress value="{number}" max="{len(steps)}" aria-label="progress"></progress>'))


class LiveCurves(keras.callbacks.Callback):
    """Show the loss and the accuracy of each epoch while `fit` runs: one figure, and a bar with the time left.

    The figure is drawn again after each epoch; what stays in the notebook is its last state. Outside a notebook, where
    nothing can be drawn again, each epoch is a line of text.
    """

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.history: list[dict] = []
        self.begin = time.monotonic()
        self.bar = display(HTML("Training starts ..."), display_id=True) if get_ipython() else None
        self.picture = None

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        steps, epochs = self.params["steps"] or 1, self.params["epochs"]
        if self.bar and batch % max(1, steps // 20) == 0:
            done, total = len(self.history) * steps + batch + 1, epochs * steps
            left = (time.monotonic() - self.begin) * (total - done) / done
            self.bar.update(
                HTML(
                    f'<progress value="{done}" max="{total}" aria-label="progress of the training"></progress> '
                    f"epoch {len(self.history) + 1} of {epochs}, loss {logs['loss']:.3f}, about {left:.0f} s left"
                )
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.history.append(dict(logs))
        if self.bar is None:
            values = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in logs.items())
            print(f"epoch {epoch + 1} of {self.params['epochs']}: {values}", flush=True)
            return
        data = figure_bundle(self.draw(), self.describe())
        if self.picture is None:
            self.picture = display(data, raw=True, display_id=True)
        else:
            self.picture.update(data, raw=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        if self.bar:
            self.bar.update(HTML(f"Trained for {len(self.history)} of {self.params['epochs']} epochs."))

    def describe(self) -> str:
        """Say in a sentence what the figure shows."""
        names = " and ".join(key.replace("_", " ") for key in self.history[-1])
        return f"Curves of {names} over {len(self.history)} epochs of training."

    def draw(self) -> plt.Figure:
        """Draw loss on the left and accuracy on the right, training solid, validation dashed."""
        figure, panels = plt.subplots(1, 2, figsize=(8, 2.8))
        epochs = range(1, len(self.history) + 1)
        for axes, name in zip(panels, ("loss", "accuracy"), strict=True):
            for key, style, label in ((name, "o-", "training"), (f"val_{name}", "s--", "validation")):
                if key in self.history[0]:
                    axes.plot(epochs, [logs[key] for logs in self.history], style, label=label)
            axes.set(
                xlabel="epoch",
                ylabel=name,
                xticks=epochs if len(epochs) <= 12 else range(0, len(epochs) + 1, 5),
            )
        panels[0].legend()
        figure.tight_layout()
        plt.close(figure)
        return figure
