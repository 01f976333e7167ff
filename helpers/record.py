"""The network with which notebook 05 chases the record: deeper than LeNet-5, with two helps that came after it."""

from helpers.quiet import keras


def deepnet() -> keras.Model:
    """Build the deeper network of notebook 05: N x 28 x 28 x 1 float32 (0 to 1) in, ten probabilities out.

    Four convolutions of 3 x 3 in two pairs, and two dense layers. Batch normalisation: S. Ioffe and C. Szegedy, "Batch
    Normalization" (2015); dropout: N. Srivastava and others, "Dropout" (2014). 330,410 trainable parameters.
    """
    layers = keras.layers
    stack = [keras.Input(shape=(28, 28, 1))]
    for maps in (32, 64):
        for _ in range(2):
            stack += [layers.Conv2D(maps, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
        stack += [layers.MaxPooling2D(2), layers.Dropout(0.25)]
    stack += [layers.Flatten(), layers.Dense(256, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    stack += [layers.Dropout(0.4), layers.Dense(10, activation="softmax")]
    return keras.Sequential(stack, name="deepnet")
