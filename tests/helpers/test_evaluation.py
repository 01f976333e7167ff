"""Intervals, confusion, distances."""

import numpy as np
import pytest

from helpers.evaluation import confusion_matrix, edit_distance, interval, squared_distances


def test_wilson_interval_against_published_values():
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I."""
    for correct, total, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert interval(correct, total) == pytest.approx((low, high), abs=1e-4)
    assert interval(20, 20)[1] == 1.0


def test_confusion_matrix_has_true_digits_in_its_rows():
    matrix = confusion_matrix(np.array([3, 3, 3, 5]), np.array([3, 8, 8, 5]))
    assert matrix[3, 8] == 2 and matrix[8, 3] == 0 and matrix[3, 3] == matrix[5, 5] == 1 and matrix.sum() == 4


def test_squared_distances_against_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 7)), rng.normal(size=(3, 7))
    assert np.allclose(squared_distances(a, b), ((a[:, None] - b[None]) ** 2).sum(axis=2))


@pytest.mark.parametrize(
    ("read", "true", "least"),
    [
        ("4071", "4071", 0),
        ("471", "4071", 1),
        ("40711", "4071", 1),
        ("4017", "4071", 2),
        ("", "407", 3),
        ("9", "407", 3),
    ],
)
def test_the_edit_distance_counts_changes_losses_and_additions(read, true, least):
    assert edit_distance(read, true) == edit_distance(true, read) == least


def test_the_edit_distance_of_a_whole_page_is_found():
    page = "3141592653" * 12
    assert edit_distance(page[:40] + page[41:], page) == 1
