"""The sample pictures and the drawn digits, as the notebooks get them."""

import numpy as np

from helpers.samples import load_drawn_digits, load_samples, own_digits, single_digits, two_of_each


def test_samples_come_with_labels_and_situations():
    samples = load_samples()
    assert all(sample.path.is_file() and sample.situation for sample in samples)
    assert {len(sample.label) for sample in samples} >= {0, 1, 3}, "broken files, single digits and rows"
    assert single_digits() == [sample for sample in samples if len(sample.label) == 1]
    assert {sample.label for sample in single_digits()} == set("0123456789")
    assert len({sample.hand for sample in single_digits()}) == 11 and all(sample.hand for sample in single_digits())


def test_two_of_each_digit_are_different_files_of_different_hands():
    hand = {sample.path: (sample.label, sample.hand) for sample in single_digits()}
    chosen = two_of_each()
    assert len(set(chosen)) == 20
    pairs = [[hand[path] for path in chosen[start : start + 2]] for start in range(0, 20, 2)]
    assert [first[0] for first, _ in pairs] == [second[0] for _, second in pairs] == list("0123456789")
    assert all(first[1] != second[1] for first, second in pairs)


def test_own_digits_are_found_by_their_names(tmp_path, capsys):
    for name in ("7_first.jpg", "0.png", "20261122.jpg", "page.jpg", "README.md", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / "3_x.png").touch()
    assert [path.name for path in own_digits(folder=tmp_path)] == ["0.png", "7_first.jpg"]
    assert capsys.readouterr().out == "20261122.jpg: left out. Name it after its digit, like 7_first.jpg\n"
    assert [path.name for path in own_digits("ana", tmp_path)] == ["3_x.png"]
    assert own_digits("nobody", tmp_path) == []


def test_drawn_digits_have_the_form_of_mnist():
    x, y = load_drawn_digits()
    assert x.shape == (12_000, 28, 28) and x.dtype == y.dtype == np.uint8
    assert x.max() == 255 and set(y) == set(range(10))
    rows, columns = np.indices((28, 28))
    ink = x[:500].sum(axis=(1, 2))
    centres = np.stack([(x[:500] * axis).sum(axis=(1, 2)) / ink for axis in (rows, columns)])
    assert np.abs(centres - 14).max() < 1
