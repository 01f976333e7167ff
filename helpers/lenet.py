"""LeNet-5 as one builds it today, and the trained one that the course ships."""

from pathlib import Path

from helpers import ROOT, CourseError
from helpers.quiet import keras

MODEL_FILE = ROOT / "data" / "models" / "lenet5.keras"
#: The same network, trained as notebook 03 does it: four epochs of MNIST, nothing else.
PLAIN_MODEL_FILE = ROOT / "data" / "models" / "lenet5_plain.keras"


class ModelError(CourseError):
    """The file with the trained network is missing or damaged."""


def lenet5() -> keras.Sequential:
    """Build LeNet-5 in today's form, untrained: 61,706 parameters.

    Input: N x 28 x 28 x 1, float32, 0 (paper) to 1 (ink). Output: N x 10 probabilities (softmax).
    The layers carry the names of the paper: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (1998), section II.B. ReLU, max pooling and softmax are today's.
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

    Raises ModelError when the file is missing, damaged or something else.
    """
    path = Path(path)
    shipped = path in (MODEL_FILE, PLAIN_MODEL_FILE)
    remedy = "Run `git checkout HEAD -- data/models`" if shipped else "Save the network again"
    if not path.is_file():
        raise ModelError(f"There is no file {path.name} with a trained network. {remedy}, then try again.")
    try:
        return keras.saving.load_model(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The file {path.name} is not a network that Keras can read. {remedy}, then try again."
        ) from error
