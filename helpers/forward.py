"""A network like LeNet-5 by NumPy alone: what each layer computes, in a few lines, and no TensorFlow to load."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from helpers import ROOT, CourseError
from helpers.shipped import check

#: The network that reads handwriting: the taught one, which then learned to bear spoiled ink (notebook 08).
MODEL_FILE = ROOT / "data" / "models" / "lenet5.keras"
AT_ONCE = 128  # images: more need more memory, and are no quicker


def convolve(images: np.ndarray, kernels: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Slide kernels (k x k x maps in x maps out) over images (N x H x W x maps in): one product for all places."""
    side = len(kernels)
    # N x H' x W' x maps in x k x k
    windows = np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2))
    rows = windows.reshape(*windows.shape[:3], -1)
    return rows @ kernels.transpose(2, 0, 1, 3).reshape(-1, kernels.shape[3]) + bias


def max_pool(maps: np.ndarray) -> np.ndarray:
    """Keep the largest number of each 2 x 2 square: N x H x W x maps becomes N x H/2 x W/2 x maps."""
    count, height, width, depth = maps.shape
    return maps.reshape(count, height // 2, 2, width // 2, 2, depth).max(axis=(2, 4))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits, N x classes, into probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def forward(weights: Sequence[np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the probabilities (N x classes) that a network like LeNet-5 gives images: N x 28 x 28, 0 to 1.

    weights: kernels and bias of C1 and C3, then weights and bias of the dense layers, as Keras's `get_weights`
    has them.
    """
    return np.concatenate([_forward(weights, images[n : n + AT_ONCE]) for n in range(0, max(1, len(images)), AT_ONCE)])


def _forward(weights: Sequence[np.ndarray], images: np.ndarray) -> np.ndarray:
    c1, c1_bias, c3, c3_bias, *dense = weights
    x = np.pad(np.asarray(images, np.float32), ((0, 0), (2, 2), (2, 2)))[..., np.newaxis]
    x = max_pool(np.maximum(convolve(x, c1, c1_bias), 0))
    x = max_pool(np.maximum(convolve(x, c3, c3_bias), 0)).reshape(len(images), -1)
    for matrix, bias in zip(dense[:-2:2], dense[1:-2:2], strict=True):
        x = np.maximum(x @ matrix + bias, 0)
    return softmax(x @ dense[-2] + dense[-1])


def load_weights(path: Path = MODEL_FILE) -> list[np.ndarray]:
    """Read the numbers of a network like LeNet-5, float32, in the order of Keras's `get_weights`.

    path: a .keras file, which is a zip: its layers in order as JSON, their numbers as HDF5. CourseError when it is
    missing or damaged.
    """
    check(path)
    try:
        with zipfile.ZipFile(path) as parts:
            layers = json.loads(parts.read("config.json"))["config"]["layers"]
            hdf5 = io.BytesIO(parts.read("model.weights.h5"))
        with h5py.File(hdf5, "r") as stored:
            numbers = {each["vars"].attrs["name"]: each["vars"] for each in stored["layers"].values()}
            found = [numbers.get(layer["config"]["name"], {}) for layer in layers]
            return [np.array(layer[name], np.float32) for layer in found for name in sorted(layer)]
    except Exception as error:  # what a damaged file makes zipfile and h5py raise is not written down anywhere
        remedy = "Save the network again, then try again."
        raise CourseError(f"The file {Path(path).name} is missing or damaged. {remedy}") from error


class NumpyLeNet5:
    """The network that the course ships, called as Keras's are. It starts at once: there is no TensorFlow to load."""

    def __init__(self) -> None:
        self.weights = load_weights()

    def __call__(self, images: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the probabilities (N x 10) of images: N x 28 x 28 x 1 float32, 0 to 1."""
        return forward(self.weights, images[..., 0])
