"""The networks that vote beside `deepnet` in notebook 08. They learned on a graphics card: tools/train_ensemble.py.

There was no TensorFlow there. So this module takes Keras as it is, on whichever backend, and not by `helpers.quiet`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

#: The convolutions of each kind: maps, size, stride. None throws places away by pooling: "strides" learns what to keep
#: where it skips places, the others never skip one. By the validation digits "strides" votes beside `deepnet`.
KINDS = {
    "strides": ((32, 3, 1), (32, 3, 1), (48, 5, 2), (64, 3, 1), (64, 3, 1), (96, 5, 2)),
    "fives": ((16, 5, 1), (24, 5, 1), (40, 5, 1), (56, 5, 1), (80, 5, 1)),
    "threes": tuple((maps, 3, 1) for maps in (16, 16, 16, 24, 32, 40, 48, 56, 64, 80)),
}


def voter(kind: str) -> "keras.Sequential":
    """Build a network of a kind: N x 28 x 28 x 1 float32 (0 to 1) in, ten probabilities out.

    No pooling, no dense layer but the last, batch normalisation after each convolution. Like S. An and others, "An
    Ensemble of Simple Convolutional Neural Network Models for MNIST Digit Recognition" (2020), but several times
    smaller.
    """
    import keras

    layers, stack = keras.layers, [keras.Input(shape=(28, 28, 1))]
    for maps, size, stride in KINDS[kind]:
        padding = "valid" if stride == 1 else "same"
        stack += [layers.Conv2D(maps, size, stride, padding, use_bias=False), layers.BatchNormalization()]
        stack += [layers.ReLU()]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(10, activation="softmax")], name=kind)
