"""The digits: the originals, or a clear sentence."""

import hashlib
import io

import numpy as np
import pytest

from helpers import mnist
from helpers.mnist import MNIST_FILE, MnistError, load_mnist, split_validation, to_input
from tools.pack_mnist import ORIGINALS


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


def test_load_mnist_returns_what_keras_returns(digits):
    (x_train, y_train), (x_test, y_test) = digits
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert y_train.shape == (60000,) and y_test.shape == (10000,)
    assert {array.dtype for pair in digits for array in pair} == {np.dtype(np.uint8)}
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]


def test_the_arrays_are_the_four_original_files(digits):
    """Put the header of the IDX format in front again: the MD5 sums are those of the files as published."""
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), (a for pair in digits for a in pair), strict=True))
    for key, (_, md5, _, shape) in ORIGINALS.items():
        header = bytes([0, 0, 8, len(shape)]) + b"".join(side.to_bytes(4, "big") for side in shape)
        assert hashlib.md5(header + arrays[key].tobytes(), usedforsecurity=False).hexdigest() == md5


def test_missing_file(tmp_path):
    with pytest.raises(MnistError, match=r"mnist\.npz.*missing.*git checkout HEAD -- data/mnist\.npz"):
        load_mnist(tmp_path / "mnist.npz")


@pytest.mark.parametrize("keep", [0, 100, 1_000_000, 11_000_000])
def test_truncated_file(tmp_path, keep):
    path = tmp_path / "mnist.npz"
    path.write_bytes(MNIST_FILE.read_bytes()[:keep])
    with pytest.raises(MnistError, match="damaged"):
        load_mnist(path)


def test_damage_in_the_middle_of_the_file_is_noticed(tmp_path):
    content = bytearray(MNIST_FILE.read_bytes())
    content[5_000_000] ^= 255
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(MnistError, match="damaged"):
        load_mnist(tmp_path / "mnist.npz")


def write_npz(path, **arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.write_bytes(buffer.getvalue())


def test_another_data_set_under_the_same_name(tmp_path, digits):
    (x_train, y_train), (x_test, y_test) = digits
    path = tmp_path / "mnist.npz"
    write_npz(path, x_train=x_train, y_train=y_train, x_test=x_test)
    with pytest.raises(MnistError, match="damaged"):
        load_mnist(path)
    one_wrong = y_test.copy()
    one_wrong[17] = (one_wrong[17] + 1) % 10
    write_npz(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=one_wrong)
    with pytest.raises(MnistError, match="y_test"):
        load_mnist(path)
    write_npz(path, x_train=x_train.astype(np.int32), y_train=y_train, x_test=x_test, y_test=y_test)
    with pytest.raises(MnistError, match="x_train"):
        load_mnist(path)


def test_jupyter_shows_the_sentence_alone():
    assert MnistError("One sentence.")._render_traceback_() == ["One sentence."]


def test_split_validation_loses_and_mixes_nothing(digits):
    (x, y), _ = digits
    (x_train, y_train), (x_validation, y_validation) = split_validation(x, y)
    assert len(x_validation) == len(y_validation) == mnist.VALIDATION_SIZE
    assert np.array_equal(np.concatenate([x_train, x_validation]), x)
    assert np.array_equal(np.concatenate([y_train, y_validation]), y)


def test_to_input_scales_to_one():
    images = np.zeros((3, 28, 28), np.uint8)
    images[1, 2, 3] = 255
    result = to_input(images)
    assert result.shape == (3, 28, 28, 1) and result.dtype == np.float32
    assert result[1, 2, 3, 0] == 1 and result.sum() == 1
