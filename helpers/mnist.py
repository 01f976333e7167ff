"""The MNIST digits: bundled with the course, checked each time they are loaded, no network needed."""

import hashlib
from pathlib import Path

import numpy as np

from helpers import ROOT, CourseError
from helpers.shipped import check, remedy

MNIST_FILE = ROOT / "data" / "mnist.npz"

# The SHA-256 of each array's bytes, taken from the four original files (tools/pack_mnist.py).
CHECKSUMS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
SHAPES = {"x_train": (60000, 28, 28), "y_train": (60000,), "x_test": (10000, 28, 28), "y_test": (10000,)}

#: How many of the 60,000 training digits `split_validation` sets aside.
VALIDATION_SIZE = 5000

Digits = tuple[np.ndarray, np.ndarray]


class MnistError(CourseError):
    """The file with the digits is missing or damaged."""


def load_mnist(path: Path = MNIST_FILE) -> tuple[Digits, Digits]:
    """Load MNIST: `(x_train, y_train), (x_test, y_test)`, as `keras.datasets.mnist.load_data()` returns it.

    x_train: 60,000 x 28 x 28, x_test: 10,000 x 28 x 28, both uint8, 0 (paper) to 255 (ink).
    y_train: 60,000, y_test: 10,000 labels, uint8, 0 to 9.

    The file and every array are compared with their checksums. Raises MnistError when the file is missing, damaged or
    another one.
    Source: Y. LeCun and C. Cortes, "The MNIST database of handwritten digits" (data/README.md).
    """
    path, again = Path(path), remedy(MNIST_FILE.name)
    check(path, MnistError)
    if not path.is_file():
        raise MnistError(f"The file {path.name} with the MNIST digits is missing. {again}")
    try:
        with np.load(path) as stored:
            arrays = {key: stored[key] for key in CHECKSUMS}
    except Exception as error:  # what a damaged file makes NumPy raise is not written down anywhere
        raise MnistError(f"The file {path.name} is damaged and cannot be read. {again}") from error
    for key, array in arrays.items():
        same = array.dtype == np.uint8 and array.shape == SHAPES[key]
        if not same or hashlib.sha256(array.tobytes()).hexdigest() != CHECKSUMS[key]:
            raise MnistError(f"The file {path.name} does not hold the original {key} of MNIST. {again}")
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def split_validation(x: np.ndarray, y: np.ndarray, size: int = VALIDATION_SIZE) -> tuple[Digits, Digits]:
    """Set the last `size` digits aside for validation: `(x_train, y_train), (x_validation, y_validation)`."""
    return (x[:-size], y[:-size]), (x[-size:], y[-size:])


def to_input(images: np.ndarray) -> np.ndarray:
    """Turn uint8 images, N x 28 x 28, 0 to 255, into what the network reads: float32, N x 28 x 28 x 1, 0 to 1."""
    return images[..., np.newaxis].astype(np.float32) / 255
