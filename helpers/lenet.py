"""LeNet-5 as one builds it today, the trained one that the course ships, and the networks of the paper of 1998.

The paper: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of the
IEEE 86 (1998).
"""

from pathlib import Path

import numpy as np

from helpers import ROOT, CourseError
from helpers.forward import MODEL_FILE
from helpers.quiet import keras
from helpers.shipped import check

ops = keras.ops
register = keras.saving.register_keras_serializable(package="helpers")

#: The network that reads handwriting (MODEL_FILE), before it learned to bear spoiled ink: as larger ones taught it.
TAUGHT_MODEL_FILE = ROOT / "data" / "models" / "lenet5_taught.keras"
#: The same network, trained by labels, on distorted and drawn digits.
LABELS_MODEL_FILE = ROOT / "data" / "models" / "lenet5_labels.keras"
#: The same network, trained as notebook 04 does it: four epochs of MNIST, nothing else.
PLAIN_MODEL_FILE = ROOT / "data" / "models" / "lenet5_plain.keras"


class ModelError(CourseError):
    """The file with a trained network is missing or damaged."""


def lenet5() -> keras.Sequential:
    """Build LeNet-5 in today's form, untrained: 61,706 parameters.

    Input: N x 28 x 28 x 1, float32, 0 (paper) to 1 (ink). Output: N x 10 probabilities (softmax).
    The layers carry the names of the paper, section II.B. ReLU, max pooling and softmax are today's.
    """
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.Conv2D(6, kernel_size=5, padding="same", activation="relu", name="C1"),
            keras.layers.MaxPooling2D(pool_size=2, name="S2"),
            keras.layers.Conv2D(16, kernel_size=5, activation="relu", name="C3"),
            keras.layers.MaxPooling2D(pool_size=2, name="S4"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(120, activation="relu", name="C5"),
            keras.layers.Dense(84, activation="relu", name="F6"),
            keras.layers.Dense(10, activation="softmax", name="output"),
        ],
        name="lenet5",
    )


def load_lenet5(path: Path = MODEL_FILE) -> keras.Model:
    """Load a trained network from a .keras file, by default the one that the course ships.

    Raises ModelError when the file is missing, damaged or something else; a shipped one is compared with its checksum.
    """
    path = Path(path)
    check(path, ModelError)
    again = "Save the network again, then try again."
    if not path.is_file():
        raise ModelError(f"There is no file {path.name} with a trained network. {again}")
    try:
        return keras.saving.load_model(path)
    except Exception as error:  # what a damaged file makes Keras and TensorFlow raise is not written down anywhere
        raise ModelError(f"The file {path.name} is not a network that Keras can read. {again}") from error


def without_softmax(network: keras.Model) -> keras.Model:
    """Return a copy of a network whose last layer is named `output`, with its ten logits as outputs."""
    bare = keras.models.clone_model(network)
    bare.set_weights(network.get_weights())
    bare.get_layer("output").activation = keras.activations.linear
    return bare


def run(network: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Return what a network makes of pictures, N x 28 x 28 x 1 float32, 1,000 at a time: N x ... float32."""
    parts = [network(pictures[start : start + 1000]) for start in range(0, len(pictures), 1000)]
    return np.concatenate(parts)


def units_of(network: keras.Model, layer: str, pictures: np.ndarray) -> np.ndarray:
    """Return what a layer, by its name, makes of pictures, one row for each: N x D float32."""
    part = keras.Model(network.inputs[0], network.get_layer(layer).output)
    return run(part, pictures).reshape(len(pictures), -1)


def multiply_adds(model: keras.Model) -> int:
    """Count the multiplications of reading one digit: each weight once at every place where it is used."""
    total = 0
    for layer in model.layers:
        places = int(np.prod(layer.output.shape[1:3])) if len(layer.output.shape) == 4 else 1
        for weight in layer.weights:  # what is added, and the means of batch normalisation, multiply nothing
            if weight.name not in ("bias", "beta", "moving_mean", "moving_variance"):
                total += places * int(np.prod(weight.shape))
    return total


# --- As published in 1998 ----------------------------------------------------------------------------------------

Table = tuple[tuple[int, ...], ...]

#: Table I of the paper: the maps of S2 that each of the 16 maps of C3 sees, 60 pairs in all.
C3_TABLE: Table = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)
#: The same for H3 of LeNet-1: Table 1 of LeCun et al., "Handwritten Digit Recognition with a Back-Propagation Network",
#: NIPS 2 (1990), which the paper names as its source. Twenty pairs.
H3_TABLE: Table = ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))

#: The codes of the ten digits, 7 x 12 pixels each (section II.B). Drawn for this course: the paper prints its own only
#: as a picture (Fig. 3), and any set of stylised digits that differ enough serves.
BITMAPS = """
..###.. ...##.. .#####. ####### ....##. ####### ....##. ####### ..###.. .#####.
.#####. ..###.. ####### ####### ...##.. ####### ...##.. ####### .#####. #######
##...## .####.. ##...## ....##. ...##.. ##..... ..##... .....## ##...## ##...##
##...## ##.##.. .....## ...##.. ..##... ##..... .##.... ....##. ##...## ##...##
##...## ...##.. .....## ..##... ..##... #####.. .##.... ....##. .##.##. ##...##
##...## ...##.. ....##. ..####. .##.##. ######. ######. ...##.. ..###.. #######
##...## ...##.. ...##.. .....## .##.##. .....## ####### ...##.. ..###.. .######
##...## ...##.. ..##... .....## ##..##. .....## ##...## ..##... .##.##. ....##.
##...## ...##.. .##.... .....## ####### .....## ##...## ..##... ##...## ....##.
##...## ...##.. ##..... ##...## ####### ##...## ##...## .##.... ##...## ...##..
.#####. .###### ####### ####### ....##. ####### ####### .##.... .#####. ..##...
..###.. .###### ####### .#####. ....##. .#####. .#####. ##..... ..###.. .##....
"""


def digit_codes() -> np.ndarray:
    """Return the code of each digit: 10 x 84, float32, +1 where the bitmap has ink and -1 elsewhere, row by row."""
    rows = [list("".join(words)) for words in zip(*(line.split() for line in BITMAPS.split("\n") if line), strict=True)]
    return np.where(np.array(rows) == "#", 1, -1).astype(np.float32)


@register
def squash(a):
    """Squash the weighted sums: f(a) = A tanh(S a), equation 6, with f(1) = 1 and f(-1) = -1 (appendix A)."""
    return 1.7159 * ops.tanh(2 / 3 * a)


def small(fan_in: int) -> keras.initializers.Initializer:
    """Return the first weights of a unit with `fan_in` inputs: uniform, -2.4 / fan_in to 2.4 / fan_in (appendix A)."""
    return keras.initializers.RandomUniform(-2.4 / fan_in, 2.4 / fan_in)


@register
class Subsampling(keras.layers.Layer):
    """S2 and S4: the sum of 2 x 2 units, times a coefficient, plus a bias, squashed. Two parameters for each map."""

    def build(self, shape) -> None:
        self.coefficient = self.add_weight(shape=(shape[-1],), initializer=small(4), name="coefficient")
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

    def call(self, x):
        return squash(4 * ops.average_pool(x, 2) * self.coefficient + self.bias)


@register
class PartialConv2D(keras.layers.Layer):
    """C3: a 5 x 5 convolution, squashed, in which map m sees only the maps `table[m]` of the layer before."""

    def __init__(self, table: Table, **kwargs) -> None:
        super().__init__(**kwargs)
        self.table = table

    def build(self, shape) -> None:
        # One 5 x 5 kernel for each pair; `places` puts them where a full 5 x 5 x inputs x maps kernel has them.
        self.full = (5, 5, shape[-1], len(self.table))
        pairs = [(source * len(self.table) + m, 25 * len(seen)) for m, seen in enumerate(self.table) for source in seen]
        self.places = np.eye(shape[-1] * len(self.table), dtype=np.float32)[[place for place, _ in pairs]]
        fan_in = np.array([fan_in for _, fan_in in pairs], np.float32)
        first = lambda shape, dtype: small(1)(shape, dtype) / fan_in  # noqa: E731
        self.kernels = self.add_weight(shape=(5, 5, len(pairs)), initializer=first, name="kernels")
        self.bias = self.add_weight(shape=(len(self.table),), initializer="zeros", name="bias")

    def call(self, x):
        return squash(ops.conv(x, ops.reshape(self.kernels @ self.places, self.full)) + self.bias)


@register
class RBF(keras.layers.Layer):
    """The output: y_i, the squared distance of F6 from the fixed code of digit i (equation 7). The least one wins."""

    def build(self, shape) -> None:
        codes = lambda shape, dtype: ops.convert_to_tensor(digit_codes(), dtype)  # noqa: E731
        self.codes = self.add_weight(shape=(10, shape[-1]), initializer=codes, trainable=False, name="codes")

    def call(self, x):
        return ops.sum(ops.square(x[:, None, :] - self.codes), axis=-1)


def penalty(labels, y):
    """Equation 8: the distance of F6 from the code of the right digit, y_D. One value for each image."""
    return ops.take_along_axis(y, ops.cast(ops.reshape(labels, (-1, 1)), "int32"), axis=1)[:, 0]


def squared_error(labels, y):
    """Return, for each image, the squared distance of ten units from +1 for the right digit and -1 for the others."""
    targets = 2 * ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), 10, dtype=y.dtype) - 1
    return ops.sum(ops.square(y - targets), axis=-1)


def correct(labels, y):
    """Return 1 for each image whose least penalty is that of the right digit, else 0."""
    return ops.cast(ops.equal(ops.argmin(y, axis=1), ops.reshape(labels, (-1,))), "float32")


def lenet5_1998() -> keras.Sequential:
    """Build LeNet-5 as in 1998, untrained: section II.B, 60,000 trainable parameters and 840 fixed ones.

    Input: N x 28 x 28 x 1, float32, 0 (paper) to 1 (ink). Output: N x 10 penalties; the answer is the argmin.
    """
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.ZeroPadding2D(2, name="pad"),
            keras.layers.Rescaling(1.275, offset=-0.1, name="input"),
            keras.layers.Conv2D(6, 5, activation=squash, kernel_initializer=small(25), name="C1"),
            Subsampling(name="S2"),
            PartialConv2D(C3_TABLE, name="C3"),
            Subsampling(name="S4"),
            keras.layers.Conv2D(120, 5, activation=squash, kernel_initializer=small(400), name="C5"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(84, activation=squash, kernel_initializer=small(120), name="F6"),
            RBF(name="output"),
        ],
        name="lenet5_1998",
    )


def lenet5_after(steps: int) -> keras.Sequential:
    """Build LeNet-5 of 1998 with the first 0 to 4 of four changes made: max pooling, all connections, ReLU, softmax.

    It differs from `lenet5_1998` by what is in none of them: the input's range and padding, and the first weights.
    """
    layers = keras.layers
    bend = "relu" if steps >= 3 else squash
    pool = layers.MaxPooling2D if steps >= 1 else Subsampling
    c3 = layers.Conv2D(16, 5, activation=bend) if steps >= 2 else PartialConv2D(C3_TABLE)
    last = layers.Dense(10, activation="softmax") if steps >= 4 else RBF()
    maps = [layers.Conv2D(6, 5, padding="same", activation=bend), pool(), c3, pool()]
    units = [layers.Dense(size, activation=bend) for size in (120, 84)]
    return keras.Sequential([keras.Input(shape=(28, 28, 1)), *maps, layers.Flatten(), *units, last])


def lenet1() -> keras.Sequential:
    """Build LeNet-1, untrained: section III.C.7 and, for the layers, NIPS 2 (1990): 2,578 parameters.

    Input: N x 28 x 28 x 1, float32, 0 to 1. Output: N x 10 squashed units, +1 for the right digit, -1 for the others.
    """
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.Rescaling(1.275, offset=-0.1, name="input"),
            keras.layers.Conv2D(4, 5, activation=squash, kernel_initializer=small(25), name="H1"),
            Subsampling(name="H2"),
            PartialConv2D(H3_TABLE, name="H3"),
            Subsampling(name="H4"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(10, activation=squash, kernel_initializer=small(192), name="output"),
        ],
        name="lenet1",
    )


def dense300() -> keras.Sequential:
    """Build the network of one hidden layer with 300 units, untrained: section III.C.5, "28x28-300-10"."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(300, activation="relu", name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="output"),
        ],
        name="dense300",
    )
