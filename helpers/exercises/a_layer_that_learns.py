"""The checks and the quiz of notebook 02, and the loop with which it goes on where the reader's is not right yet."""

import traceback
import warnings
from collections.abc import Callable

import numpy as np

from helpers.exercises.engine import Untouched, Wrong, checker, numbers, returned
from helpers.exercises.quiz import Option, Questions
from helpers.forward import softmax


def mean_loss(weights: np.ndarray, biases: np.ndarray, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of images (N x pixels) whose digits are `labels`."""
    p = softmax(images @ weights + biases)
    return np.log(1 / p[np.arange(len(labels)), labels]).mean()


def learn(
    weights: np.ndarray,
    biases: np.ndarray,
    images: np.ndarray,
    labels: np.ndarray,
    rate: float,
    batch_size: int,
    epochs: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Return weights and biases after stochastic gradient descent, and the loss of each batch before its step.

    It is the solution of Exercise 2.2, word for word; a test compares the two.
    """
    w, b, losses = weights.copy(), biases.copy(), []
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images), batch_size):
            batch = order[start : start + batch_size]
            x, y = images[batch], np.eye(10)[labels[batch]]
            losses.append(mean_loss(w, b, x, labels[batch]))
            p = softmax(x @ w + b)
            slopes_w = x.T @ (p - y) / len(x)
            slopes_b = (p - y).mean(axis=0)
            w, b = w - rate * slopes_w, b - rate * slopes_b
    return w, b, losses


@checker
def both_inked(weights: object, bias: object) -> str:
    """Exercise 2.1: two weights and a bias with a sum above 0 if both pixels are inked, below 0 otherwise."""
    if (np.size(weights), np.size(bias)) == (1, 2):
        raise Wrong("The two are exchanged: first two weights, then one bias.")
    if np.size(bias) == 2 or np.size(weights) == 3:
        raise Wrong("Two weights, one for each pixel, and apart from them one bias: the unit has one alone.")
    (first, second), bias = numbers(weights, (2,)), float(numbers(bias, ()))
    sums = {(a, b): round(a * first + b * second + bias, 9) for a in (0, 1) for b in (0, 1)}
    if not any(sums.values()):
        raise Wrong("All zeros: the sum is 0 for every picture.")
    if sums[0, 0] > 0:
        raise Wrong("Without any ink only the bias is left, and it is above 0. That picture should get a no.")
    if sums[0, 0] == 0:
        raise Wrong("Without any ink only the bias is left. At 0 it says neither yes nor no: it should be below 0.")
    if first <= 0 or second <= 0:
        raise Wrong("Ink should speak for a yes at both pixels: both weights above 0.")
    if sums[1, 1] <= 0:
        raise Wrong(f"Both pixels together reach {sums[1, 1]:g}, and should get above 0: the bias is too low for them.")
    for pixel, sum_of_one in (("first", sums[1, 0]), ("second", sums[0, 1])):
        if sum_of_one >= 0:
            raise Wrong(f"The {pixel} pixel alone reaches {sum_of_one:g}, and should stay below 0: lower the bias.")
    return f"Right: {sums[0, 0]:g} without ink, {sums[1, 0]:g} or {sums[0, 1]:g} with one, {sums[1, 1]:g} with both."


DOTS = "Some dots are still there: fill all four gaps, run that cell, then this one."


def _misshapen(error: BaseException | None) -> Wrong | None:
    """Return what to say if numbers that do not fit together have stopped a reader's loop; None for other reasons.

    The batch that stopped it is the check's, and the reader knows nothing of its size: it is called N.
    """
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(getattr(error, "__traceback__", None))]
    frames = [names for names in frames if {"w", "b", "x"} <= set(names)]
    if not isinstance(error, ValueError) or not frames:
        return None
    count = len(frames[-1]["x"])
    wanted = {"p": (count, 10), "slopes_w": (784, 10), "slopes_b": (10,)}
    sides = "x holds N pictures, N x 784; y is N x 10, w 784 x 10, and b has 10 numbers."
    for name, shape in wanted.items():
        if name not in frames[-1]:
            return Wrong(f"{name}: the shapes in this line do not fit together. {sides}")
        found = np.shape(frames[-1][name])
        if found != shape and not (name == "slopes_b" and found == (1, 10)):
            found, shape = (" x ".join("N" if n == count else str(n) for n in each) for each in (found, shape))
            if name == "slopes_b" and found == "N":
                return Wrong("slopes_b: one number for each *digit* (axis=1). One for each *unit* is wanted: axis=0.")
            return Wrong(f"{name}: it has the shape {found or 'of one number'}, and {shape} is wanted. {sides}")
    return Wrong(f"The step: the shapes in this line do not fit together. {sides}")


def _after(own: object, start: tuple, images: np.ndarray, labels: np.ndarray, *settings: float) -> tuple:
    """Return what a reader's loop makes of weights and biases, and its losses. Wrong says what is no result."""
    given = [part.copy() for part in start]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing has its own sentence, below
            result = returned("learn(weights, biases, ...)", own, *given, images, labels, *settings)
    except Wrong as reason:
        if "ellipsis" in str(reason):
            raise Wrong(DOTS) from None
        raise _misshapen(reason.__context__) or reason from None
    if not isinstance(result, tuple) or len(result) != 3:
        raise Wrong("The function should give back three things: return w, b, losses.")
    *moved, losses = result
    if all(part is ... for part in moved):
        raise Untouched("Not attempted yet, or not to the end: w and b are still dots. Fill all four gaps.")
    if any(part is ... for part in moved):
        raise Wrong(DOTS)
    if not all(map(np.array_equal, given, start)):
        raise Wrong("It changes the weights that it was given. Work on w and b, and make new ones: w = w - ...")
    found = []
    shape_w, shape_b = map(np.shape, moved)
    if (shape_w, shape_b) == ((10,), (784, 10)):
        raise Wrong("w and b are exchanged: the weights first, then the biases.")
    if shape_b == (784, 10):
        raise Wrong("b has become 784 x 10, as large as w: its step takes slopes_b.")
    if len(shape_b) == 2 and shape_b[0] > 1:
        raise Wrong("b has a row for each digit of the batch now: slopes_b is their mean, ten numbers.")
    if len(shape_w) == 3:
        raise Wrong("w has 784 x 10 numbers for each digit of the batch now: slopes_w is their mean.")
    for name, part, like in zip(("w", "b"), moved, start, strict=True):
        try:
            found.append(numbers(part, like.shape))
        except Wrong as reason:
            raise Wrong(f"What comes back as {name}: {reason}") from None
    _, batch_size, epochs, _ = settings
    steps = epochs * -(-len(images) // batch_size)
    if np.size(losses) != steps:
        raise Wrong(
            f"losses holds {np.size(losses)} numbers after {steps} steps: one for each step, inside both loops."
        )
    numbers(losses, (steps,))
    return tuple(found)


def _walk(start: tuple, x: np.ndarray, y: np.ndarray, rates: tuple, steps: int, anew: bool = False) -> tuple:
    """Return weights and biases after steps with all of x. rates: of weights and biases; anew: each from the start."""
    w, b = start
    for _ in range(steps):
        error = softmax(x @ w + b) - y
        from_w, from_b = start if anew else (w, b)
        w, b = from_w - rates[0] * x.T @ error / len(x), from_b - rates[1] * error.mean(axis=0)
    return w, b


def _name_mistake(found: tuple, right: tuple, mistakes: list[tuple], other: str) -> None:
    """Raise Wrong unless weights and biases are right; mistakes: weights, biases and a sentence each; other: for any
    other mistake."""
    fits = [bool(np.allclose(*pair, rtol=1e-6, atol=1e-9)) for pair in zip(found, right, strict=True)]
    if all(fits):
        return
    for *parts, sentence in mistakes:
        if all(np.allclose(*pair, rtol=1e-6, atol=1e-9) for pair in zip(found, parts, strict=True)):
            raise Wrong(sentence if sentence.startswith("p ") else sentence[0].upper() + sentence[1:])
    part = fits.index(False)
    name = ("The weights", "The biases")[part]
    for *parts, sentence in mistakes:
        if np.allclose(found[part], parts[part], rtol=1e-6, atol=1e-9):
            raise Wrong(f"{name}: {sentence}")
    raise Wrong(f"{name} {other}")


def _all_are_used(own: object, start: tuple, rate: float, batch_size: int) -> None:
    """Raise Wrong if some of ten digits leave their weights alone, and others not. Each has a pixel of its own."""
    found, _ = _after(own, start, np.eye(10, 784), np.arange(10), rate, batch_size, 1, 0)
    still = np.isclose(found[:10], start[0][:10]).all(axis=1)
    if still.any() and not still.all():
        raise Wrong("Some digits are never used: the batches should go through all of them, the last one too.")


@checker
def descent(own: object) -> str:
    """Exercise 2.2: the loop of stochastic gradient descent for one dense layer with softmax and cross-entropy."""
    rng = np.random.default_rng(2)
    x = rng.random((7, 784)) * (rng.random((7, 784)) < 0.2)
    labels = np.array([9, 0, 3, 3, 5, 8, 1])
    start = w, b = rng.normal(0, 0.1, (784, 10)), rng.normal(0, 1, 10)
    rate, y, logits = 0.2, np.eye(10)[labels], x @ w + b

    def moved(error: np.ndarray, step: float = rate) -> tuple:
        return w - step * x.T @ error / len(x), b - step * error.mean(axis=0)

    def aside(of_w: np.ndarray, of_b: np.ndarray) -> tuple:
        return w - rate * of_w, b - rate * of_b

    powers, error = np.exp(logits), softmax(logits) - y
    mean_w, mean_b = x.T @ error / len(x), error.mean(axis=0)
    drawn = np.random.default_rng(0).permutation(len(x))  # the order of the first epoch, as the cell draws it
    after = _after(own, start, x, labels, rate, len(x), 1, 0)
    _all_are_used(own, start, rate, 10)
    _name_mistake(
        after,
        moved(error),
        [
            (w, b, "nothing has moved. (A mean over *everything* is 0 here: one slope for each unit, axis=0.)"),
            (*moved(-error), "this climbs. The slope is x times (p - y), and a step goes against it: minus."),
            (*moved(error, 1), "the step is the whole slope: where is the learning rate?"),
            (*moved(error, len(x) * rate), "these slopes are sums over the batch: take the mean, / len(x)."),
            (*moved(error, len(x) * rate / 784), "divide by the number of digits in the batch, not of pixels."),
            (*moved(error, rate / len(x)), "this divides by the number of digits twice."),
            (*moved(softmax(x @ w) - y), "p lacks the biases: softmax(x @ w + b)."),
            (*moved(logits - y), "p holds the logits: softmax is missing."),
            (*moved(powers / powers.sum() - y), "p adds up to 1 over the whole batch: each row has a sum of its own."),
            (*moved(softmax(logits)), "where is y? How much *too* sure is p - y."),
            (*moved(error, rate * rate), "the learning rate multiplies twice: once is enough."),
            (*moved(error, 1 / rate), "the learning rate multiplies the slopes, it does not divide them."),
            (*moved(error, len(x) * rate / 10), "divide by the number of digits in the batch, not of classes."),
            (*moved(softmax(x @ w - b) - y), "p takes the biases away: a bias is added."),
            (*moved(softmax(softmax(logits)) - y), "p went through softmax twice: once is enough."),
            (*moved(1 / (1 + 1 / powers) - y), "p judges each unit by itself (a sigmoid): softmax compares all ten."),
            (*moved(np.log(softmax(logits)) - y), "p holds logarithms: the slope takes the probabilities themselves."),
            (*moved(np.eye(10)[logits.argmax(axis=1)] - y), "p holds the answers alone: leave the probabilities."),
            (*moved(error**2), "p - y is squared: the slope is x times (p - y) as it is."),
            (*moved(abs(error)), "the sign of p - y is lost: too sure and not sure enough must pull apart."),
            (-rate * mean_w, -rate * mean_b, "the step alone is left: take it from w and b."),
            (rate * mean_w, rate * mean_b, "the step alone is left: take it from w and b."),
            (
                *aside(x[drawn].T @ (softmax(logits) - y[drawn]) / len(x), (softmax(logits) - y[drawn]).mean(axis=0)),
                "p is that of all images, in their old order: take x, the pictures of the batch.",
            ),
            (
                *aside(mean_b, mean_w.mean(axis=0)),
                "where is the ink? A slope is the ink at the pixel, x, times (p - y); that of a bias is p - y alone.",
            ),
            (
                *aside(len(x) * mean_w.mean(axis=0), mean_w.sum(axis=0)),
                "these slopes are the same for every pixel, or taken from slopes_w: a weight's is x times (p - y), "
                "a bias's p - y alone.",
            ),
            (
                *aside(x.T @ softmax(logits) - x.T @ y / len(x), softmax(logits).sum(axis=0) - y.mean(axis=0)),
                "only y is divided by the number of digits: put brackets round the difference.",
            ),
        ],
        "are not yet those after a step: compare the four lines with 2.5 and 2.6.",
    )
    _name_mistake(
        _after(own, start, x, labels, rate, len(x), 3, 0),
        _walk(start, x, y, (rate, rate), 3),
        [
            (
                *_walk(start, x, y, (rate, rate), 3, anew=True),
                "each step begins at the start again: go on from w and b, not from weights and biases.",
            ),
            (*moved(error, 3 * rate), "the slopes stay those of the start: compute p from w and b."),
        ],
        "go wrong at the second step, after a right first one: every line should use w and b, not weights and biases.",
    )
    copies, same, four = np.repeat(x[:1], 8, axis=0), np.repeat(labels[:1], 8), (np.repeat(x[:1], 4, axis=0), y[:1])
    halved = ((rate / 2, rate / 2), (rate / 2, rate), (rate, rate / 2))
    _name_mistake(
        _after(own, start, copies, same, rate, 4, 1, 0),
        _walk(start, *four, (rate, rate), 2),
        [(*_walk(start, *four, rates, 2), "divide by len(x), the batch, not by all the images.") for rates in halved],
        "go wrong with a second batch: every line should use x and y, the pictures of this batch.",
    )
    _all_are_used(own, start, rate, 4)
    once, last = _walk(start, *four, (rate, rate), 1), 3 / 4 * rate  # the last batch holds three digits of four
    _name_mistake(
        _after(own, start, copies[:7], same[:7], rate, 4, 1, 0),
        _walk(once, *four, (rate, rate), 1),
        [
            (*_walk(once, *four, rates, 1), "the last batch may be smaller than batch_size: divide by len(x).")
            for rates in ((last, last), (last, rate), (rate, last))
        ],
        "go wrong with a last batch that is smaller: divide by len(x).",
    )
    return "Right: this loop learns."


def own_or_ours(own: Callable) -> Callable:
    """Return the reader's loop if it is right, and else that of the solution; say which."""
    try:
        descent.__wrapped__(own)
    except Exception:  # whatever is wrong with it, the cell above has said
        print("From here on, the loop of the folded solution learns.")
        return learn
    print("From here on, your own loop learns.")
    return own


QUESTIONS: Questions = {
    "What does the bias of a unit do?": [
        Option("It is added to the sum, whatever the picture.", "So it sets how willing the unit is before any ink."),
        Option("It multiplies the sum.", "Weights multiply, each its own pixel. The bias is added once, at the end."),
        Option(
            "It is the mistake that the unit makes.", "That is the everyday word. Here it is a number that is learned."
        ),
    ],
    "A pixel is empty, its value is 0. What does this picture do to the ten weights of that pixel?": [
        Option("Nothing.", "The slope is x (p - y), and x is 0: the picture cannot say anything about them."),
        Option("It makes them smaller.", "The slope would have to be above 0 for that. It is x (p - y), with x = 0."),
        Option("It pulls them towards the true digit.", "Only inked pixels do that: x, the ink, multiplies the slope."),
    ],
    "The loss on the training digits has fallen to 0.01. What do you know?": [
        Option(
            "The layer can repeat the labels that it was shown.",
            "You saw it reach such a loss with shuffled labels, too. Other digits have to say what it has learned.",
        ),
        Option(
            "It reads new digits well.",
            "With shuffled labels the loss fell as low, and it read them no better than by lot.",
        ),
        Option("The labels are right.", "It learned shuffled labels by heart as well. A low loss cannot tell."),
    ],
    "Training digits: 55,000. Batch: 50. How many steps are in one epoch?": [
        Option("1,100", "An epoch is one pass through all training digits: 55,000 / 50 steps."),
        Option("50", "That is how many digits share one step."),
        Option("55,000", "That would be so with a batch of one digit."),
    ],
}
