"""Make the small copies of the shipped network that notebook 06 compares, and a record of how good and quick they are.

    python -m tools.export_lenet5

Written are data/models/lenet5_float16.tflite and lenet5_int8.tflite (LiteRT), data/models/lenet5.onnx (float32), and
data/results/exports.json. The same lenet5.keras gives the same three files again, byte for byte; the times differ. For
int8 one has to know how large the numbers inside the network become: the converter is shown 500 training digits.
"""

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from helpers import ROOT
from helpers.evaluation import interval
from helpers.lenet import MODEL_FILE, load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import error_channel_aside, keras, tf
from tools.provenance import code_hash, versions

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
# An ONNX file is a tree of messages in Google's protocol buffers: numbered fields, one after the other. LeNet-5 needs
# few of them, so they are written here, without the package `onnx`. The numbers of the fields are those of onnx.proto:
# https://github.com/onnx/onnx/blob/main/onnx/onnx.proto


def number(value: int) -> bytes:
    """Return a whole number as a varint: seven bits a byte, the lowest first, the top bit set on all but the last."""
    parts = [value >> shift & 127 for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes([*(part | 128 for part in parts[:-1]), parts[-1]])


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Return the bytes of a message: (number of the field, its value) for each."""
    parts = []
    for field, value in fields:
        if isinstance(value, int):
            parts += [number(field << 3), number(value)]
        else:
            content = value.encode() if isinstance(value, str) else value
            parts += [number(field << 3 | 2), number(len(content)), content]
    return b"".join(parts)


def tensor(name: str, values: np.ndarray) -> bytes:
    """Return a TensorProto of float32."""
    raw = np.ascontiguousarray(values, "<f4").tobytes()
    return message(*((1, side) for side in values.shape), (2, 1), (8, name), (9, raw))


def node(kind: str, inputs: Iterable[str], output: str, **attributes: int | list[int]) -> bytes:
    """Return a NodeProto: an operation, the names of what it gets, of what it gives, and its settings."""
    settings = []
    for name, value in attributes.items():
        is_list = isinstance(value, list)
        values = [(8, each) for each in value] if is_list else [(3, value)]
        settings.append(message((1, name), *values, (20, 7 if is_list else 2)))
    return message(
        *((1, each) for each in inputs), (2, output), (3, output), (4, kind), *((5, each) for each in settings)
    )


def value_info(name: str, *sides: int) -> bytes:
    """Return a ValueInfoProto: float32, any number of digits, each of these sides."""
    shape = message((1, message((2, "N"))), *((1, message((1, side))) for side in sides))
    return message((1, name), (2, message((1, message((1, 1), (2, shape))))))


def as_onnx(model: keras.Model) -> bytes:
    """Return LeNet-5 as the content of an ONNX file: N x 1 x 28 x 28 float32 in 0..1, N x 10 probabilities out.

    ONNX counts maps before rows and columns, Keras after them: the weights are turned round, those of C5 as well.
    """
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    weights["C5"][0] = weights["C5"][0].reshape(5, 5, 16, 120).transpose(2, 0, 1, 3).reshape(400, 120)
    tensors, nodes, last = [], [], "digits"
    for convolution, pooling, pads in (("C1", "S2", [2, 2, 2, 2]), ("C3", "S4", [0, 0, 0, 0])):
        kernel, bias = weights[convolution]
        tensors += [tensor(f"{convolution}_w", kernel.transpose(3, 2, 0, 1)), tensor(f"{convolution}_b", bias)]
        inputs = (last, f"{convolution}_w", f"{convolution}_b")
        nodes.append(node("Conv", inputs, convolution, kernel_shape=[5, 5], pads=pads, strides=[1, 1]))
        nodes.append(node("Relu", [convolution], f"{convolution}_relu"))
        nodes.append(node("MaxPool", [f"{convolution}_relu"], pooling, kernel_shape=[2, 2], strides=[2, 2]))
        last = pooling
    nodes.append(node("Flatten", [last], "flatten", axis=1))
    last = "flatten"
    for dense in ("C5", "F6", "output"):
        tensors += [tensor(f"{dense}_w", weights[dense][0]), tensor(f"{dense}_b", weights[dense][1])]
        nodes.append(node("Gemm", [last, f"{dense}_w", f"{dense}_b"], dense))
        last = f"{dense}_relu" if dense != "output" else "probabilities"
        nodes.append(node("Relu", [dense], last) if dense != "output" else node("Softmax", [dense], last, axis=1))
    ends = (11, value_info("digits", 1, 28, 28)), (12, value_info("probabilities", 10))
    graph = message(*((1, one) for one in nodes), (2, "lenet5"), *((5, one) for one in tensors), *ends)
    return message((1, 8), (2, "tools.export_lenet5"), (7, graph), (8, message((1, ""), (2, 13))))


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
        right = int(np.sum(answers == labels))
        low, high = interval(right, len(labels))
        found[name] = {
            "digits": len(labels),
            "correct": right,
            "accuracy": round(right / len(labels), 4),
            "interval_95": [round(low, 4), round(high, 4)],
            "as_keras": int(np.sum(answers == keras_answers[name])),
        }
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
        "versions": versions() | {"python": sys.version.split()[0]},
        "measured": "microseconds a digit: the median of 500 calls with one digit, of 50 calls with 500 digits",
        "networks": networks,
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
