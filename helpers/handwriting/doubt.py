"""Is this a digit at all? A second network answers, which has learned from what is none.

It is LeNet-5 with an eleventh answer, trained on digits and on letters, halves, pairs, marks, blots and scribbles
(tools/train_judge.py). It runs by NumPy alone. The last stage: what it doubts is said in sentences.
"""

import functools

import numpy as np

from helpers import ROOT
from helpers.forward import forward
from helpers.shipped import check

JUDGE_FILE = ROOT / "data" / "models" / "judge.npz"
NONE = 10  # the number of the eleventh answer


@functools.cache
def judge_weights() -> tuple[np.ndarray, ...]:
    """Load the weights of the judge, float32; DataError when the file is missing or damaged."""
    check(JUDGE_FILE)
    with np.load(JUDGE_FILE) as stored:
        return tuple(stored[name].astype(np.float32) for name in sorted(stored.files))


def judged(images: np.ndarray) -> np.ndarray:
    """Return what the judge says of prepared images (N x 28 x 28): N x 11 probabilities, the last: no digit."""
    return forward(judge_weights(), np.asarray(images, np.float32)) if len(images) else np.zeros((0, NONE + 1))


def steady(images: np.ndarray) -> np.ndarray:
    """Return the least that the judge gives each answer while an image lies where it is and a pixel to either side.

    images: N x 28 x 28; returns N x 11. What is wrong often has its answer from one place alone.
    """
    wide = np.pad(images, ((0, 0), (0, 0), (1, 1)))
    return np.min([judged(wide[:, :, left : left + 28]) for left in range(3)], axis=0)


#: An answer is believed if the least that the judge gives it (`steady`), times what the network gives it, is at least
#: this. Chosen by drawn scenes and rows of validation digits; notebook 06 measures how many digits and how much
#: nonsense are doubted.
BELIEVED = 0.15
SURE = 0.9  # of a digit that lies on its side

NO_DIGIT = "This may be no digit."
SIDEWAYS = "This may be no digit, or it lies on its side: turn the picture."
TWO = "Perhaps these are two digits: leave space between digits."
LEFT_OUT = "Something beside it, as tall as a digit, was not read."


def doubts_about(
    said: np.ndarray,
    image: np.ndarray,
    box: tuple[int, int, int, int],
    answer: int | None = None,
    probability: float = 1.0,
) -> list[str]:
    """Return why a prepared digit may not be one, or not this one, in sentences; none where it is believed.

    said: the judge's eleven probabilities of `image` (28 x 28); box: x, y, width, height in the picture; answer and
    probability: what a network has read, if it is known; otherwise the judge's own digit is meant.
    """
    first, second = (int(digit) for digit in np.argsort(-said[:NONE], kind="stable")[:2])
    answer = first if answer is None else answer
    if steady(image[np.newaxis])[0, answer] * probability >= BELIEVED:
        return []
    if said[NONE] > said[:NONE].max():
        lying = judged(np.stack([np.rot90(image), np.rot90(image, -1)]))[:, :NONE].max()
        return [SIDEWAYS if lying > SURE else TWO if box[2] > 1.2 * box[3] else NO_DIGIT]
    return [f"It may be a {first if answer != first else second} as well."]
