"""The forward pass by NumPy alone."""

import numpy as np

from helpers.forward import AT_ONCE, forward
from helpers.lenet import load_lenet5
from tests.helpers.handwriting.drawing import shape_of


def test_numpy_gives_what_tensorflow_gives():
    """Also for more images than are taken at once."""
    network = load_lenet5()
    images = np.stack([shape_of(digit) for digit in range(10)] * (AT_ONCE // 10 + 1))
    expected = network.predict(images[..., np.newaxis], verbose=0)
    found = forward(network.get_weights(), images)
    assert found.shape == (len(images), 10) and np.allclose(found, expected, atol=1e-4)
