"""The forward pass by NumPy alone."""

import subprocess
import sys

import numpy as np
import pytest

from helpers import CourseError
from helpers.forward import AT_ONCE, MODEL_FILE, NumpyLeNet5, load_weights
from helpers.lenet import LABELS_MODEL_FILE, PLAIN_MODEL_FILE, TAUGHT_MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input

_, (DIGITS, _) = split_validation(*load_mnist()[0])


def test_numpy_gives_what_keras_gives():
    """For 1,000 digits, many more than are taken at once."""
    images = to_input(DIGITS[:1000])
    expected = load_lenet5().predict(images, verbose=0)
    found = NumpyLeNet5()(images, training=False)
    assert len(images) > 5 * AT_ONCE and found.shape == expected.shape == (1000, 10)
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("path", [MODEL_FILE, TAUGHT_MODEL_FILE, LABELS_MODEL_FILE, PLAIN_MODEL_FILE])
def test_the_numbers_of_a_file_are_those_that_keras_reads(path):
    expected, found = load_lenet5(path).get_weights(), load_weights(path)
    assert len(found) == len(expected) and all(map(np.array_equal, found, expected))
    assert sum(each.size for each in found) == 61_706


def test_a_missing_or_damaged_file_gets_a_sentence(tmp_path):
    path, whole = tmp_path / "lenet5.keras", MODEL_FILE.read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for damaged in (None, b"", b"hello", whole[:5000], whole[:-50], *(spoiled(whole, rng) for _ in range(20))):
        if damaged is not None:
            path.write_bytes(damaged)
        try:
            load_weights(path)
        except CourseError as error:
            refused += 1
            assert str(error).startswith("The file lenet5.keras is missing or damaged. Save the network")
    assert refused > 15, "the rest was spoiled where it does not matter"


def spoiled(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with ten bytes changed at random."""
    array = np.frombuffer(whole, np.uint8).copy()
    array[rng.integers(len(array), size=10)] ^= 255
    return array.tobytes()


def test_the_pad_starts_without_tensorflow():
    """Its import takes longer than all the rest."""
    code = "import sys; from helpers.widgets import DigitPad; DigitPad()._repr_mimebundle_(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "helpers.widgets.digit_pad" in run.stdout.split() and not {"keras", "tensorflow"} & set(run.stdout.split())
