"""The sample pictures and the drawn digits, as the notebooks get them."""

import numpy as np

from helpers.samples import load_drawn_digits, load_samples, single_digits


def test_samples_come_with_labels_and_situations():
    samples = load_samples()
    assert all(sample.path.is_file() and sample.situation for sample in samples)
    assert {len(sample.label) for sample in samples} >= {0, 1, 3}, "broken files, single digits and rows"
    assert single_digits() == [sample for sample in samples if len(sample.label) == 1]
    assert {sample.label for sample in single_digits()} == set("0123456789")
    assert len({sample.hand for sample in single_digits()}) == 11 and all(sample.hand for sample in single_digits())


def test_drawn_digits_have_the_form_of_mnist():
    x, y = load_drawn_digits()
    assert x.shape == (12_000, 28, 28) and x.dtype == y.dtype == np.uint8
    assert x.max() == 255 and set(y) == set(range(10))
    rows, columns = np.indices((28, 28))
    ink = x[:500].sum(axis=(1, 2))
    centres = np.stack([(x[:500] * axis).sum(axis=(1, 2)) / ink for axis in (rows, columns)])
    assert np.abs(centres - 14).max() < 1
