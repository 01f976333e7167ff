"""The small copies of the shipped network: what their record says, and made again they are the same."""

import json

import numpy as np
import pytest

from helpers.lenet import MODEL_FILE, load_lenet5
from helpers.mnist import to_input
from tools import export_lenet5 as export

RECORD = json.loads(export.RECORD.read_text(encoding="utf-8"))
FILES = ("lenet5_float16.tflite", "lenet5_int8.tflite", "lenet5.onnx")
#: The answers of one and the same file may differ by this much on another processor, whose sums round otherwise.
TOLERANCE = 2
every_file = pytest.mark.parametrize("name", FILES)


def reader(path):
    """Return a function that reads digits with one of the files."""
    return (export.read_by_opencv if path.suffix == ".onnx" else export.read_by_litert)(path)


@pytest.fixture(scope="module")
def digits():
    """The validation and the test digits, ready for a network, with their labels."""
    return {name: (to_input(images), labels) for name, (images, labels) in export.digit_sets().items()}


@pytest.fixture(scope="module")
def by_keras(digits):
    """The ten probabilities of Keras, for each set of digits."""
    model = load_lenet5()
    return {name: export.in_batches(export.read_by_keras(model), images) for name, (images, _) in digits.items()}


@pytest.fixture(scope="module")
def made_again(tmp_path_factory):
    """All three files, made by the code that is here."""
    return export.write_all(tmp_path_factory.mktemp("again"))


def test_the_record_belongs_to_the_network_and_the_code_that_are_here():
    assert RECORD["hash"] == export.made_by(), "run `python -m tools.export_lenet5`"
    assert set(RECORD["networks"]) == {MODEL_FILE.name, *FILES}


@every_file
def test_right_answers_and_agreement_are_those_of_the_record(name, digits, by_keras):
    read = reader(export.MODELS / name)
    for kind, (images, labels) in digits.items():
        stored = RECORD["networks"][name][kind]
        answers = export.in_batches(read, images)
        assert answers.shape == (len(labels), 10) and np.allclose(answers.sum(axis=1), 1, atol=0.02)
        assert stored["digits"] == len(labels)
        assert abs(np.sum(answers.argmax(axis=1) == labels) - stored["correct"]) <= TOLERANCE
        agree = np.sum(answers.argmax(axis=1) == by_keras[kind].argmax(axis=1))
        assert abs(agree - stored["as_keras"]) <= TOLERANCE
        assert agree >= len(labels) * (0.998 if "int8" in name else 0.9998)


def test_keras_itself_is_as_recorded(digits, by_keras):
    for kind, (_, labels) in digits.items():
        stored = RECORD["networks"][MODEL_FILE.name][kind]
        assert abs(np.sum(by_keras[kind].argmax(axis=1) == labels) - stored["correct"]) <= TOLERANCE
        assert stored["as_keras"] == stored["digits"] == len(labels)


@every_file
def test_one_digit_gives_the_same_as_many(name, digits):
    images = digits["test"][0][:20]
    read = reader(export.MODELS / name)
    many = read(images).copy()
    assert np.allclose([read(image[np.newaxis])[0] for image in images], many, atol=1e-5)


def test_onnx_gives_the_probabilities_of_keras(digits, by_keras):
    answers = export.in_batches(reader(export.MODELS / "lenet5.onnx"), digits["test"][0])
    assert np.allclose(answers, by_keras["test"], atol=1e-4)


def test_sizes():
    for name, network in RECORD["networks"].items():
        assert network["kb"] == round((export.MODELS / name).stat().st_size / 1024, 1)
        assert all(0 < time < 1e6 for time in network["microseconds_a_digit"].values())
    kb = {name: network["kb"] for name, network in RECORD["networks"].items()}
    assert kb["lenet5_int8.tflite"] < kb["lenet5_float16.tflite"] < kb["lenet5.onnx"] < 250


@every_file
def test_made_again_the_answers_are_the_same(name, made_again, digits):
    path, read = made_again[name]
    images = digits["validation"][0][:1000]
    assert path.stat().st_size == pytest.approx((export.MODELS / name).stat().st_size, rel=0.01)
    assert np.allclose(read(images), reader(export.MODELS / name)(images), atol=1e-4)


def test_made_again_the_bytes_are_the_same(made_again):
    """The ONNX file is made of the weights and nothing else; the others depend on TensorFlow's version as well."""
    path, _ = made_again["lenet5.onnx"]
    assert path.read_bytes() == (export.MODELS / "lenet5.onnx").read_bytes()
