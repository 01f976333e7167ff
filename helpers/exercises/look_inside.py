"""The checks and the quiz of notebook 09."""

from collections.abc import Callable

import numpy as np

from helpers.exercises.engine import Wrong, checker, name_slip, numbers, returned
from helpers.exercises.quiz import Option, Questions

#: A network that can be seen through: the sum of the pixels, each times its own weight.
WEIGHTS = np.random.default_rng(9).normal(size=(28, 28))


def falls_by_window(says: Callable, image: np.ndarray, size: int) -> np.ndarray:
    """Return how far what a network says falls when a window around each pixel is wiped out.

    says: pictures, N x 28 x 28 -> N numbers. image: 28 x 28. size: of the window, an odd number of pixels.
    """
    half, before = size // 2, says(image[np.newaxis])[0]
    covered = np.repeat(image[np.newaxis], 784, axis=0)
    for number, (row, column) in enumerate(np.ndindex(28, 28)):
        top, left = max(0, row - half), max(0, column - half)
        covered[number, top : row + half + 1, left : column + half + 1] = 0
    return (before - says(covered)).reshape(28, 28)


def likeness_by_chance(some: np.ndarray, others: np.ndarray) -> float:
    """Return the mean size of the correlation of maps of different digits: N x 28 x 28 twice -> a number."""
    count = len(some)
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
    return np.mean([abs(np.corrcoef(some[a].ravel(), others[b].ravel())[0, 1]) for a, b in pairs])


@checker(solution=falls_by_window)
def map_of_falls(occlusion: object) -> str:
    """Exercise 9.1: a function (says, image, size) that wipes out a window around each pixel: 28 x 28 falls."""
    image = np.random.default_rng(1).uniform(0.2, 1, (28, 28)).astype(np.float32)
    kept = image.copy()

    def says(pictures):
        pictures = np.asarray(pictures)
        if pictures.ndim == 4 and pictures.shape[-1] == 1:
            pictures = pictures[..., 0]
        if pictures.ndim != 3 or pictures.shape[1:] != (28, 28):
            raise Wrong(f"`says` wants pictures, N x 28 x 28, and was given the shape {pictures.shape}.")
        return np.einsum("nrc,rc->n", pictures.astype(np.float64), WEIGHTS) + 5.0

    for size in (5, 3):
        found = np.asarray(returned("occlusion(says, image, size)", occlusion, says, image, size), np.float64)
        if not np.array_equal(image, kept):
            raise Wrong("Your function wipes ink out of the image itself: take a fresh copy for each pixel.")
        if found.shape == (784,):
            raise Wrong("These are 784 numbers in a row: give them the shape of the picture, .reshape(28, 28).")
        if found.shape != (28, 28):
            raise Wrong(f"The shape is {found.shape}; it should be (28, 28): a fall for each pixel.")
        if size == 3 and np.allclose(found, falls_by_window(says, kept, 5), atol=1e-3):
            raise Wrong("The window is 5 pixels wide, whatever `size` says.")
        if not np.allclose(found, falls_by_window(says, kept, size), atol=1e-3):
            _name_slip_of_window(found, says, kept, size)
    return "Right: each number is the fall of one window."


def _name_slip_of_window(found: np.ndarray, says: Callable, image: np.ndarray, size: int) -> None:
    """Raise Wrong for a map of falls that is not right, with a sentence for the usual slips."""
    half, right = size // 2, falls_by_window(says, image, size)
    before = says(image[np.newaxis])[0]

    def with_windows(cover: Callable) -> np.ndarray:
        covered = np.repeat(image[np.newaxis], 784, axis=0)
        for number, (row, column) in enumerate(np.ndindex(28, 28)):
            cover(covered[number], row, column)
        return (before - says(covered)).reshape(28, 28)

    def corner(picture, row, column):
        picture[row : row + size, column : column + size] = 0

    def short(picture, row, column):
        picture[max(0, row - half) : row + half, max(0, column - half) : column + half] = 0

    def wrapped(picture, row, column):
        picture[row - half : row + half + 1, column - half : column + half + 1] = 0

    def black(picture, row, column):
        picture[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = 1

    def one(picture, row, column):
        picture[row, column] = 0

    def wide(picture, row, column):
        picture[max(0, row - size) : row + size + 1, max(0, column - size) : column + size + 1] = 0

    def bands(picture, row, column):
        picture[max(0, row - half) : row + half + 1] = 0

    def half_held(picture, row, column):
        picture[max(0, row - half) : row + half + 1, column - half : column + half + 1] = 0

    def early(picture, row, column):
        picture[max(0, row - half) : min(27, row + half + 1), max(0, column - half) : min(27, column + half + 1)] = 0

    def pushed(picture, row, column):
        top, left = max(0, row - half), max(0, column - half)
        picture[top : top + size, left : left + size] = 0

    inner = np.zeros((28, 28))
    inner[half:-half, half:-half] = right[half:-half, half:-half]
    worn, added_up = image.copy(), np.zeros((28, 28))
    for row, column in np.ndindex(28, 28):
        worn[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = 0
        added_up[row, column] = before - says(worn[np.newaxis])[0]
    slips = [
        (-right, "The sign is turned: a fall is what it said before, minus what it says now."),
        (np.abs(right), "Keep the sign: where wiping out helps, the fall is negative."),
        (before - right, "This is what is left of the logit. How far has it fallen?"),
        (right.T, "Rows and columns are exchanged."),
        (with_windows(corner), "The window begins at its pixel: the pixel should be in its middle."),
        (with_windows(short), "The window is a pixel too small below and at the right: a slice leaves its end out."),
        (
            with_windows(wrapped),
            "At the rim nothing is wiped out, where row - half is negative: take max(0, ...).",
        ),
        (
            with_windows(wide),
            "The window reaches `size` pixels to each side. Half of that, size // 2, makes it `size` wide.",
        ),
        (with_windows(bands), "Whole rows are wiped out: the window has columns as well."),
        (with_windows(half_held), "At the left rim nothing is wiped out: the columns need max(0, ...), too."),
        (with_windows(early), "At the rim the last row and column stay: a slice may go to 28, its end is left out."),
        (with_windows(pushed), "At the rim the window should shrink: what lies outside is not made up inside."),
        (inner, "At the rim nothing is asked. There the window is what lies inside the picture."),
        (with_windows(black), "Your window is full of ink: paper is 0."),
        (added_up, "The windows add up: take a fresh copy of the image for each pixel."),
        (with_windows(one), "Only the pixel itself is wiped out, not the window around it."),
    ]
    name_slip(found, slips, atol=1e-3)
    raise Wrong("Not yet. For one pixel: copy the image, set its window to 0, and subtract what `says` says now.")


@checker(solution=likeness_by_chance)
def likeness_without_cause(floor: object) -> str:
    """Exercise 9.2: a function (some, others) that gives the mean |correlation| of maps of different digits."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=(28, 28))
    some = common + rng.normal(size=(7, 28, 28)) + 2.0
    signs = np.array([-1, 1, -1, -1, 1, -1, -1])[:, np.newaxis, np.newaxis]
    others = 1.0 + 0.6 * signs * common + 0.8 * (some - common) + rng.normal(size=(7, 28, 28))
    found = returned("floor(some, others)", floor, some.copy(), others.copy())
    found = float(numbers(found, ()))
    table = np.corrcoef(some.reshape(7, -1), others.reshape(7, -1))[:7, 7:]
    different = ~np.eye(7, dtype=bool)
    right = likeness_by_chance(some, others)
    own = np.corrcoef(some.reshape(7, -1))
    cosine = [[np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b)) for b in others] for a in some]
    slips = {
        np.abs(np.diag(table)).mean(): "These are pairs of the same digit: that is the left column, not its floor.",
        np.abs(table).mean(): "Pairs of the same digit are among them: leave those out.",
        table[different].mean(): "Drop the sign of each correlation before you take the mean: abs.",
        abs(table[different].mean()): "Drop the sign of each correlation before you take the mean, not after.",
        table.mean(): "Pairs of the same digit are among them, and the signs are kept.",
        np.abs(table[different]).sum(): "This is the sum over all pairs: take the mean.",
        np.abs(table * different).mean(): "Pairs of the same digit count as 0 here: leave them out of the mean.",
        np.abs(own[different]).mean(): "Both maps of your pairs are from `some`: take one from `others`.",
        np.abs(np.array(cosine)[different]).mean(): "Subtract the mean of each map first; np.corrcoef does it.",
        np.median(np.abs(table[different])): "This is the median: take the mean.",
        np.mean([abs(np.corrcoef(a, b)[0, 1]) for i, a in enumerate(some) for j, b in enumerate(others) if i != j]): (
            "This compares two rows of one map: make one long row of each map, .ravel()."
        ),
        np.mean(table[different] ** 2): "The correlations are squared: take their size, abs.",
        np.mean((1 + np.abs(table[different])) / 2): "np.corrcoef gives a table of 2 x 2: take [0, 1] of it.",
        np.mean([abs(table[n, n - 1]) for n in range(7)]): "You pair each map with one other: take all pairs.",
        np.mean([abs(table[n - 1, n]) for n in range(7)]): "You pair each map with one other: take all pairs.",
        np.abs(table[np.tril_indices(7, -1)]).mean(): "Half of the pairs are missing: (2, 5) and (5, 2) are two.",
        np.abs(table[np.triu_indices(7, 1)]).mean(): "Half of the pairs are missing: (2, 5) and (5, 2) are two.",
    }
    if not np.isclose(found, right, rtol=1e-9):
        name_slip(found, [(np.float64(slip), says) for slip, says in slips.items()], atol=1e-9)
        raise Wrong("Not yet. All pairs of a map of `some` and one of `others`, of different digits, without signs.")
    fewer = returned("floor(some, others)", floor, some[:4].copy(), others[:4].copy())
    if not np.isclose(float(numbers(fewer, ())), likeness_by_chance(some[:4], others[:4]), rtol=1e-9):
        raise Wrong("With four maps in place of seven it is not right: is a number written into the function?")
    return "Right: so alike are maps that share neither the digit nor the weights."


QUESTIONS: Questions = {
    "A map shows which pixels decided. The same map comes out with random weights. What does that say?": [
        Option(
            "It shows the picture, and not what was learned.",
            "Random weights know nothing. A map that does not notice that cannot explain an answer.",
        ),
        Option("The map is right: two networks agree.", "One of the two knows nothing. It has no reasons to show."),
        Option("Random weights are good enough.", "They read one of ten digits. Only the map is the same."),
    ],
    "A map correlates with that of a random network at 0.2. What must you know before you judge it?": [
        Option(
            "How alike maps are that share neither the digit nor the weights.",
            "If that is 0.2 as well, nothing is left to explain.",
        ),
        Option("How well the random network reads.", "It reads about one digit of ten, whatever its maps look like."),
        Option("Nothing: 0.2 is near 0.", "Near 0 is a floor that nobody has measured. Maps have it without a cause."),
    ],
    "A unit of C3 sees 14 x 14 pixels. What can it not know?": [
        Option("Which digit it is.", "Half a digit fits into its square. The dense layers put the parts together."),
        Option("Whether a stroke bends.", "A bend fits into 14 x 14 pixels. Such units look for that."),
        Option("How thick a stroke is.", "A stroke's breadth fits into 14 x 14 pixels."),
    ],
}
