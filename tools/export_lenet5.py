"""Make the small copies of the shipped network that notebook 10 compares, and a record of how good and quick they are.

    python -m tools.export_lenet5

Written are data/models/lenet5_float16.tflite and lenet5_int8.tflite (LiteRT), data/models/lenet5.onnx (float32), and
data/results/exports.json. The same lenet5.keras gives the same three files again, byte for byte; the times differ. For
int8 one has to know how large the numbers inside the network become: the converter is shown 500 training digits.
"""

import contextlib
import io
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx

from helpers import ROOT
from helpers.lenet import MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import error_channel_aside, keras, tf
from tools.provenance import code_hash, versions
from tools.train_lenet5 import share

CODE = ("tools.export_lenet5", "helpers.mnist:split_validation", "helpers.mnist:to_input")
MODELS = MODEL_FILE.parent
RECORD = ROOT / "data" / "results" / "exports.json"
CALIBRATION = 500  # training digits
Reader = Callable[[np.ndarray], np.ndarray]  # N x 28 x 28 x 1 float32, 0 to 1 -> N x 10 probabilities


# --- LiteRT ------------------------------------------------------------------------------------------------------


def as_litert(model: keras.Model, kind: str) -> bytes:
    """Return a network as the content of a LiteRT file, its weights as float16 or as int8."""
    (digits, _), _ = split_validation(*load_mnist()[0])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    else:
        converter.representative_dataset = lambda: ([digit[np.newaxis]] for digit in to_input(digits[:CALIBRATION]))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with error_channel_aside(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        return converter.convert()


def read_by_litert(path: Path) -> Reader:
    """Return a function that reads digits with a LiteRT file, on one processor core."""
    with error_channel_aside(), warnings.catch_warnings(action="ignore"):  # TensorFlow's own is to move out of it
        interpreter = tf.lite.Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    place, answer = (
        details()[0]["index"] for details in (interpreter.get_input_details, interpreter.get_output_details)
    )
    sides = [1, 28, 28, 1]

    def read(digits: np.ndarray) -> np.ndarray:
        if len(digits) != sides[0]:
            sides[0] = len(digits)
            with error_channel_aside():
                interpreter.resize_tensor_input(place, sides)
                interpreter.allocate_tensors()
        interpreter.set_tensor(place, digits)
        interpreter.invoke()
        return interpreter.get_tensor(answer)

    return read


# --- ONNX --------------------------------------------------------------------------------------------------------


def as_onnx(model: keras.Model) -> bytes:
    """Return LeNet-5 as the content of an ONNX file: N x 1 x 28 x 28 float32 in 0..1, N x 10 probabilities out.

    ONNX counts maps before rows and columns, Keras after them: the weights are turned round, those of C5 as well.
    """
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    for name in ("C1", "C3"):
        weights[name][0] = weights[name][0].transpose(3, 2, 0, 1)
    weights["C5"][0] = weights["C5"][0].reshape(5, 5, 16, 120).transpose(2, 0, 1, 3).reshape(400, 120)
    steps = [  # operation, the layer whose weights it takes, settings
        ("Conv", "C1", {"kernel_shape": [5, 5], "pads": [2, 2, 2, 2]}),
        ("Relu", "", {}),
        ("MaxPool", "", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", "C3", {"kernel_shape": [5, 5]}),
        ("Relu", "", {}),
        ("MaxPool", "", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Flatten", "", {}),
        *((kind, name if kind == "Gemm" else "", {}) for name in ("C5", "F6") for kind in ("Gemm", "Relu")),
        ("Gemm", "output", {}),
        ("Softmax", "", {"axis": 1}),
    ]
    names = ["digits", *(f"step_{number}" for number in range(1, len(steps))), "probabilities"]
    nodes = [
        onnx.helper.make_node(kind, [before, *((f"{layer}_w", f"{layer}_b") if layer else ())], [after], **settings)
        for (kind, layer, settings), before, after in zip(steps, names[:-1], names[1:], strict=True)
    ]
    tensors = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(array), f"{layer}_{letter}")
        for layer, arrays in weights.items()
        for letter, array in zip("wb", arrays, strict=True)
    ]
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sides)
        for name, sides in (("digits", ["N", 1, 28, 28]), ("probabilities", ["N", 10]))
    ]
    graph = onnx.helper.make_graph(nodes, "lenet5", ends[:1], ends[1:], tensors)
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString(deterministic=True)


def read_by_opencv(path: Path) -> Reader:
    """Return a function that reads digits with an ONNX file by OpenCV."""
    network = cv2.dnn.readNetFromONNX(str(path))

    def read(digits: np.ndarray) -> np.ndarray:
        network.setInput(digits.transpose(0, 3, 1, 2))
        return network.forward()

    return read


# --- The record --------------------------------------------------------------------------------------------------


def read_by_keras(model: keras.Model) -> Reader:
    """Return a function that reads digits with Keras, called as it is quickest for few digits."""
    return lambda digits: np.asarray(model(digits, training=False))


def in_batches(read: Reader, digits: np.ndarray, size: int = 500) -> np.ndarray:
    """Read many digits, `size` at a time: N x 10."""
    return np.concatenate([read(digits[start : start + size]) for start in range(0, len(digits), size)])


def microseconds(read: Reader, digits: np.ndarray, repeats: int) -> float:
    """Return the median time of reading these digits, in microseconds a digit."""
    taken = []
    for _ in range(repeats + 3):  # the first ones warm up
        begin = time.perf_counter()
        read(digits)
        taken.append(time.perf_counter() - begin)
    return round(float(np.median(taken[3:])) / len(digits) * 1e6, 1)


def scores(read: Reader, keras_answers: dict[str, np.ndarray]) -> dict:
    """Return what is right of the validation and of the test digits, and how often the answer is that of Keras."""
    found = {}
    for name, (images, labels) in digit_sets().items():
        answers = in_batches(read, to_input(images)).argmax(axis=1)
        agree = int(np.sum(answers == keras_answers[name]))
        found[name] = share(int(np.sum(answers == labels)), len(labels)) | {"as_keras": agree}
    return found


def digit_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the validation and the test digits, uint8, with their labels."""
    train, test = load_mnist()
    return {"validation": split_validation(*train)[1], "test": test}


def made_by() -> str:
    """Return the hash of the code and the network that make the files."""
    return code_hash(CODE, [MODEL_FILE])


def write_all(folder: Path) -> dict[str, tuple[Path, Reader]]:
    """Write the three files into a folder; return each one's path, and a function that reads digits with it."""
    model = load_lenet5()
    contents = {f"{kind}.tflite": as_litert(model, kind) for kind in ("float16", "int8")} | {"onnx": as_onnx(model)}
    names = {"float16.tflite": "lenet5_float16.tflite", "int8.tflite": "lenet5_int8.tflite", "onnx": "lenet5.onnx"}
    written = {}
    for kind, content in contents.items():
        path = folder / names[kind]
        path.write_bytes(content)
        written[path.name] = (path, (read_by_opencv if kind == "onnx" else read_by_litert)(path))
    return written


def main() -> None:
    model = load_lenet5()
    readers = {MODEL_FILE.name: (MODEL_FILE, read_by_keras(model))} | write_all(MODELS)
    keras_answers = {
        name: in_batches(read_by_keras(model), to_input(images)).argmax(axis=1)
        for name, (images, _) in digit_sets().items()
    }
    runners = {".keras": "Keras, TensorFlow", ".tflite": "LiteRT in TensorFlow, one core", ".onnx": "OpenCV's dnn"}
    digits = to_input(digit_sets()["validation"][0])
    networks = {}
    for name, (path, read) in readers.items():
        times = {
            "one_at_a_time": microseconds(read, digits[:1], 500),
            "in_batches_of_500": microseconds(read, digits[:500], 50),
        }
        networks[name] = {
            "kb": round(path.stat().st_size / 1024, 1),
            "run_by": runners[path.suffix],
            "microseconds_a_digit": times,
        } | scores(read, keras_answers)
        print(name, json.dumps(networks[name]), flush=True)
    record = {
        "made_by": "python -m tools.export_lenet5",
        "hash": made_by(),
        "versions": versions() | {"onnx": onnx.__version__},
        "measured": "microseconds a digit: the median of 500 calls with one digit, of 50 calls with 500 digits",
        "networks": networks,
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
