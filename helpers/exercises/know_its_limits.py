"""The checks and the quiz of notebook 10."""

import numpy as np

from helpers.exercises.engine import Wrong, checker, name_slip, numbers, returned
from helpers.exercises.quiz import Option, Questions


def next_step(picture: np.ndarray, start: np.ndarray, gradient: np.ndarray, step: float, epsilon: float) -> np.ndarray:
    """Take one step along the gradient's sign, no farther than epsilon from the start: as the folded solution."""
    moved = picture + step * np.sign(gradient)
    moved = np.clip(moved, start - epsilon, start + epsilon)
    return np.clip(moved, 0, 1)


@checker(solution=next_step)
def small_step(my_step: object) -> str:
    """Exercise 10.1: a step along the gradient's sign, that stays near the start and within 0 to 1."""
    start = np.array([[0.05, 0.5, 0.95, 0.3, 0.6], [0.9, 0.02, 0.6, 0.0, 0.4]])
    picture = np.array([[0.0, 0.62, 0.9, 0.3, 0.52], [1.0, 0.1, 0.55, 0.06, 0.4]])
    gradient = np.array([[-0.2, 3.0, 0.01, 0.0, -4.0], [4.0, -0.5, 0.001, -2.0, 0.3]])
    step, epsilon, sign = 0.1, 0.15, np.sign(gradient)
    name = "my_step(picture, start, gradient, step, epsilon)"
    given = picture.copy(), start.copy(), gradient.copy()
    moved = np.asarray(returned(name, my_step, *given, step, epsilon), np.float64)
    for what, mine, before in zip(("picture", "start", "gradient"), given, (picture, start, gradient), strict=True):
        if not np.array_equal(mine, before):
            raise Wrong(f"Your function changes `{what}` itself: make a new picture, `picture + ...`.")
    if moved.shape != picture.shape:
        raise Wrong(f"A picture of shape {picture.shape} has come back as {moved.shape}: the shape should stay.")
    right = next_step(picture, start, gradient, step, epsilon)
    if np.allclose(moved, right, rtol=0, atol=1e-6):
        other = returned(name, my_step, *given, 0.04, 0.11)
        if not np.allclose(other, next_step(picture, start, gradient, 0.04, 0.11), rtol=0, atol=1e-6):
            raise Wrong("With another step and another epsilon it is not right: is a number written into the function?")
        return "Right: one step uphill, and never farther than epsilon from where it began."

    def held(way: np.ndarray, middle: np.ndarray = start, far: float = epsilon) -> np.ndarray:
        return np.clip(np.clip(way, middle - far, middle + far), 0, 1)

    slips = (
        (picture, "Nothing has moved."),
        (step * sign, "That is the step alone: it has to be added to the picture."),
        (
            held(picture - step * sign),
            "This goes downhill: it makes the loss *smaller*. Where does the gradient point?",
        ),
        (held(picture + step * gradient), "The size of the slope counts here. Only its sign should."),
        (held(picture + epsilon * sign), "The step is epsilon here: it should be `step`."),
        (held(picture + sign), "The step is 1 here: it should be `step`."),
        (held(start + step * sign), "The step sets out from `start`: it should set out from `picture`."),
        (
            held(picture + step * (gradient > 0)),
            "A pixel with a negative slope has not moved: it should become lighter.",
        ),
        (
            np.clip(np.clip(picture + step * sign, -epsilon, epsilon), 0, 1),
            "The pixels are held between -epsilon and epsilon. They should stay within epsilon of `start`.",
        ),
        (held(picture + step * np.abs(sign)), "Every pixel became darker: a negative slope asks for a lighter one."),
        (
            held(picture + step * sign, far=step),
            "The pixels stay within `step` of the start: `epsilon` is allowed.",
        ),
        (picture + step * sign, "Some pixels are too far from the start, and some left 0 to 1: hold them back, twice."),
        (np.clip(picture + step * sign, 0, 1), "Some pixels are farther than epsilon from `start`: hold them back."),
        (np.clip(picture + step * sign, start - epsilon, start + epsilon), "Pixels have left the range from 0 to 1."),
    )
    name_slip(moved, slips)
    if not np.isclose(moved[0, 3], picture[0, 3]):
        raise Wrong("A pixel with a gradient of 0 has moved: its sign is 0.")
    raise Wrong("Not yet. Try one pixel at 0.62 that began at 0.5: slope 3, step 0.1, epsilon 0.15. It ends at 0.65.")


def one_flip_each(picture: np.ndarray, seen: np.ndarray, epsilon: float) -> np.ndarray:
    """Return `seen` with one pixel flipped, once for each pixel in reach of epsilon: as the folded solution."""
    rows, columns = np.nonzero(np.abs(picture - 0.5) < epsilon)
    tries = np.repeat(seen[np.newaxis], len(rows), axis=0)
    tries[np.arange(len(rows)), rows, columns] = 1 - seen[rows, columns]
    return tries


@checker(solution=one_flip_each)
def flips_in_reach(my_flips: object) -> str:
    """Exercise 10.2: all pictures that differ from the one seen in one pixel that epsilon carries across 0.5."""
    rng, epsilon = np.random.default_rng(2), 0.2
    picture = np.array([[0.0, 0.31, 0.62, 1.0, 0.1], [0.45, 0.9, 0.68, 0.05, 0.75], [0.2, 0.55, 1.0, 0.35, 0.0]])
    seen = picture.round()
    seen[0, 1] = 1  # flipped before
    given = seen.copy()
    tries = returned("my_flips(picture, seen, epsilon)", my_flips, picture.copy(), given, epsilon)
    if not np.array_equal(given, seen):
        raise Wrong("`seen` itself has changed: flip pixels in copies of it.")
    tries = np.asarray(tries, np.float64)
    right = one_flip_each(picture, seen, epsilon)
    if tries.shape == picture.shape:
        raise Wrong("One picture comes back. Each pixel in reach should give a picture of its own.")
    if tries.ndim != 3 or tries.shape[1:] != picture.shape:
        raise Wrong(f"The shape is {tries.shape}; for {len(right)} flips it should be {right.shape}.")
    changed = (tries != seen).sum(axis=(1, 2))
    if len(tries) == picture.size:
        raise Wrong("Every pixel is flipped once. Epsilon carries only some of them across 0.5.")
    if len(tries) and not changed.any():
        raise Wrong("Nothing is flipped: black should become white, and white black.")
    if len(tries) == 0:
        raise Wrong("No pixel is flipped. What counts is how far the grey `picture` is from 0.5.")
    if len(tries) and not np.isin(tries, (0, 1)).all():
        raise Wrong("There is grey in what the network sees: copy `seen`, in which a pixel is 0 or 1.")
    if (changed > 1).any():
        raise Wrong("A picture differs from `seen` in several pixels: flip one, and copy the others.")
    flipped = (tries != seen).any(axis=0)
    if np.array_equal(flipped, abs(picture - 0.5) > epsilon):
        raise Wrong("These are the pixels out of reach: those *nearer* to 0.5 than epsilon are wanted.")
    if np.array_equal(flipped, abs(picture - seen) < epsilon):
        raise Wrong("Here pixels near to what is seen are flipped: how far are they from 0.5?")
    if flipped.any() and not (flipped & (picture < 0.5)).any():
        raise Wrong("Only ink is flipped. Paper can be carried across 0.5 as well.")
    if flipped.any() and not (flipped & (picture > 0.5)).any():
        raise Wrong("Only paper is flipped. Ink can be carried across 0.5 as well.")
    if len(tries) != len(right) or not np.array_equal(flipped, (right != seen).any(axis=0)):
        raise Wrong(f"With an epsilon of 0.2, {len(right)} of these 15 pixels are in reach: those between 0.3 and 0.7.")
    other = rng.random((4, 3))  # another epsilon, and a side that is no square
    again = np.asarray(returned("my_flips", my_flips, other.copy(), other.round(), 0.4), np.float64)
    if not np.array_equal(np.sort(again, axis=0), np.sort(one_flip_each(other, other.round(), 0.4), axis=0)):
        raise Wrong("With another epsilon it is not right: is 0.2 written into the function?")
    return "Right: each is one flip away, and epsilon allows every one."


def rounded(weights: np.ndarray, scale: float, bits: int) -> np.ndarray:
    """Round weights to the nearest of 2**bits - 1 values around 0, `scale` apart; what lies beyond is cut off."""
    top = 2 ** (bits - 1) - 1  # the number of values on each side of 0
    return np.clip(np.round(weights / scale), -top, top) * scale


def best_scale(weights: np.ndarray, bits: int) -> float:
    """Return the scale whose rounding has the least squared error: as the folded solution."""
    largest = np.abs(weights).max() / (2 ** (bits - 1) - 1)
    scales = largest * np.linspace(0.2, 1, 50)
    errors = [np.sum((rounded(weights, scale, bits) - weights) ** 2) for scale in scales]
    return scales[np.argmin(errors)]


@checker(solution=best_scale)
def scale_of_least_error(my_scale: object) -> str:
    """Exercise 10.3: a function of weights and bits that returns the scale of least squared error."""
    rng = np.random.default_rng(4)
    one_is_large = np.append(rng.normal(0, 0.1, 300), 1.2)  # no fixed share of the largest scale serves all
    cases = ((rng.normal(0, 0.1, 400), 3), (rng.standard_t(4, 300), 4), (rng.uniform(-2, 2, 200), 2), (one_is_large, 3))
    cases += ((-rng.uniform(0.5, 2, 200), 3),)  # the largest in size is negative
    for weights, bits in cases:
        scale = float(numbers(returned("my_scale(weights, bits)", my_scale, weights.copy(), bits), ()))
        if scale <= 0:
            raise Wrong(f"The scale is {scale:g}: it is the distance between two values, more than 0.")
        top = 2 ** (bits - 1) - 1
        largest = np.abs(weights).max() / top

        def error(of: float, weights: np.ndarray = weights, bits: int = bits) -> float:
            return float(np.sum((rounded(weights, of, bits) - weights) ** 2))

        least = min(error(largest * share) for share in np.linspace(0.1, 1.2, 1101))
        if error(scale) <= 1.03 * least:
            continue
        worst = largest * np.linspace(0.2, 1, 50)[np.argmax([error(largest * x) for x in np.linspace(0.2, 1, 50)])]
        shares = np.linspace(0.2, 1, 50)
        left = np.array([rounded(weights, largest * share, bits) - weights for share in shares])
        halved = np.abs(weights).max() / (2**bits - 1) * shares
        other = halved[np.argmin([error(scale) for scale in halved])]
        slips = (
            (largest * shares[np.abs(left).sum(axis=1).argmin()], "The errors are not squared: large ones count more."),
            (
                largest * shares[np.abs(left).max(axis=1).argmin()],
                "That has the smallest *largest* error: add them all up.",
            ),
            (
                largest * shares[(left.sum(axis=1) ** 2).argmin()],
                "Square each error first, then add: they cancel here.",
            ),
            (largest * shares[left.sum(axis=1).argmin()], "The errors cancel each other here: square each first."),
            (other, "There are 2**(bits - 1) - 1 values on each side of 0, not 2**bits - 1."),
            (largest, "That is the scale by the largest weight. Smaller ones cut off a few, and serve the many."),
            (np.abs(weights).max(), "That is the largest weight. The scale is the distance between two values."),
            (least, "That is the least error itself: which scale has led to it?"),
            (worst, "That scale has the *largest* error of those tried."),
            (best_scale(weights, bits) * top, "This is not divided by the number of values on each side of 0."),
        )
        name_slip(scale, slips, atol=1e-9)
        if 0 < scale < 1 and abs(scale * largest - best_scale(weights, bits)) < 0.02 * largest:
            raise Wrong("That is a share of the largest scale: multiply it.")
        if scale == round(scale) and scale >= 1:
            raise Wrong("This looks like the place in the list of scales: give back the scale that stands there.")
        times = error(scale) / least
        raise Wrong(f"For {len(weights)} weights in {bits} bits, another scale has an error {times:.2f} times smaller.")
    return "Right: a few large weights are cut off, and all others come out finer."


QUESTIONS: Questions = {
    "The best temperature makes the percentages honest on digits. What does it do against letters?": [
        Option(
            "Little: letters and digits move together.",
            "One factor for all logits cannot tell the two apart. For that one needs another score.",
        ),
        Option("It turns letters away.", "It refuses nothing, and never changes which digit is read."),
        Option("It teaches the network an eleventh answer.", "It is one number, and nothing is learned besides it."),
    ],
    "Noise changes few answers. An attack of the same size changes most. Why?": [
        Option(
            "Each of its small pushes makes the loss larger.",
            "The gradient says for each pixel which way hurts. Random pushes cancel each other.",
        ),
        Option("It changes more pixels.", "Both push every pixel by the same amount, and both stop at 0 and 1."),
        Option(
            "The network was trained on noise.",
            "One of them was, the others never. Noise is weak on both, because it has no direction.",
        ),
    ],
    "It says of a letter A: a 4, 99 %. What are the 99 %?": [
        Option(
            "The share of the 4 among the ten digits.",
            "The ten shares add up to 1, whatever the picture shows. Nobody asked whether it is a digit.",
        ),
        Option(
            "How likely it is that this is a digit.", "It has no output that says so: only ten names, and a sum of 1."
        ),
        Option("How alike the letter and a 4 are.", "Softmax compares the ten logits with each other, not with a 4."),
    ],
}
