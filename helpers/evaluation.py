"""How good is a classifier, and how sure can one be of that number?"""

import functools
import math

import numpy as np


def interval(correct: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of an accuracy: the shares, 0 to 1, that fit `correct` out of `total`.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
    """
    z = 1.96  # 95 % of a normal distribution lies within 1.96 standard deviations of its middle
    share = correct / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    spread = math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    half = z / (1 + z**2 / total) * spread
    return max(0.0, middle - half), min(1.0, middle + half)


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Count how often each true digit (row) was given each predicted digit (column): 10 x 10 integers."""
    matrix = np.zeros((10, 10), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distance of each row of `a` (N x D) to each row of `b` (M x D): N x M."""
    of_a, of_b = (np.einsum("nd,nd->n", rows, rows) for rows in (a, b))  # each row times itself, summed
    return of_a[:, np.newaxis] - 2 * (a @ b.T) + of_b


@functools.cache
def edit_distance(read: str, true: str) -> int:
    """Return how many signs must be changed, left out or put in, at least, to make `true` of `read`.

    Source: V. I. Levenshtein, "Binary Codes Capable of Correcting Deletions, Insertions and Reversals" (1966).
    """
    if not read or not true:
        return len(read) + len(true)
    changed = edit_distance(read[1:], true[1:]) + (read[0] != true[0])
    return min(changed, edit_distance(read[1:], true) + 1, edit_distance(read, true[1:]) + 1)
