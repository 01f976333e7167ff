"""The checks and the quiz of notebook 10."""

import numpy as np

from helpers.exercises.engine import Wrong, checker, expect, numbers, returned
from helpers.exercises.quiz import Option, Questions


@checker
def step_by_sign(my_step: object) -> str:
    """Exercise 10.1: a function of picture, gradient and epsilon that takes a step along the gradient's sign."""
    picture = np.array([[0.0, 0.5, 1.0, 0.3], [0.95, 0.02, 0.6, 0.0]])
    gradient = np.array([[0.2, -3.0, 0.01, 0.0], [4.0, -0.5, 0.001, -2.0]])
    epsilon = 0.1
    moved = returned("my_step(picture, gradient, epsilon)", my_step, picture.copy(), gradient.copy(), epsilon)
    moved = np.asarray(moved, np.float64)
    if moved.shape != picture.shape:
        raise Wrong(f"A picture of shape {picture.shape} has come back as {moved.shape}: the shape should stay.")
    step, smaller = epsilon * np.sign(gradient), np.clip(picture - epsilon * np.sign(gradient), 0, 1)
    if np.allclose(moved, np.clip(picture + step, 0, 1), rtol=0, atol=1e-6):
        return "Right: each pixel moves as far as it may, and stays between 0 and 1."
    for mistake, sentence in (
        (picture + step, "Pixels have left the range from 0 to 1: hold them inside it."),
        (smaller, "This goes downhill: it makes the loss *smaller*. Which way does the gradient point?"),
        (picture - step, "This goes downhill, and pixels leave the range from 0 to 1."),
        (picture, "Nothing has moved."),
        (step, "That is the step alone: it has to be added to the picture."),
        (np.clip(step, 0, 1), "That is the step alone: it has to be added to the picture."),
        (np.clip(picture + np.sign(gradient), 0, 1), "The step is 1: where is epsilon?"),
        (np.clip(picture + epsilon, 0, 1), "All pixels have become darker: where is the gradient?"),
        (np.clip(picture + epsilon * gradient, 0, 1), "The size of the slope counts here. Only its sign should."),
        (picture + epsilon * gradient, "The size of the slope counts here. Only its sign should."),
        (np.clip(picture + np.abs(step), 0, 1), "Every pixel became darker: a negative slope asks for a lighter one."),
    ):
        if np.allclose(moved, mistake, rtol=0, atol=1e-6):
            raise Wrong(sentence)
    if not np.isclose(moved[0, 3], picture[0, 3]):
        raise Wrong("A pixel with a gradient of 0 has moved: its sign is 0.")
    raise Wrong("Not yet. Try one pixel: 0.5 with a gradient of -3 and an epsilon of 0.1 becomes 0.4.")


@checker
def threshold_of_scores(threshold_for: object) -> str:
    """Exercise 10.2: a function of scores and a percentage that returns the threshold below which so many lie."""
    rng = np.random.default_rng(0)
    for scores, percent in ((rng.normal(-20, 5, 4000), 2), (rng.uniform(0, 1, 3000), 10), (rng.random(2000) * 9, 60)):
        threshold = float(numbers(returned("threshold_for(scores, percent)", threshold_for, scores, percent), ()))
        below = 100 * np.mean(scores < threshold)
        if abs(below - percent) <= 0.2:
            continue
        if abs(below - (100 - percent)) <= 0.2:
            raise Wrong(f"Your threshold keeps {percent} % and refuses the rest: it should be the other way round.")
        if below > 0 and abs(below - percent / 100) <= 0.05:
            raise Wrong(f"Your threshold refuses {below:.2f} %, a hundredth of what it may: {percent} % are a share.")
        if np.isclose(threshold, percent / 100) or np.isclose(threshold, percent):
            raise Wrong("That is the percentage itself. The threshold is a *score*: look among the scores.")
        if np.isclose(threshold, scores.mean()) or np.isclose(threshold, np.median(scores)):
            raise Wrong("That is the middle of the scores, whatever the percentage is.")
        raise Wrong(f"With {percent} % allowed, your threshold refuses {below:.1f} % of the scores.")
    return "Right: what is refused is what was allowed."


@checker
def stored_as_int8(scale: object, zero_point: object, stored: object) -> str:
    """Exercise 10.3: -0.55 to 2.0 in the integers from -128 to 127: scale, zero point, and the integer of 0.5."""
    scale, zero_point, stored = (float(numbers(each, ())) for each in (scale, zero_point, stored))
    for mistake, sentence in {
        2.55 / 256: "Scale: 256 integers have 255 steps between them.",
        2.55: "Scale: that is the whole range. How large is one of its 255 steps?",
        2.0 / 127: "Scale: this looks at the upper half alone. The whole range goes from -0.55 to 2.0.",
        2.0 / 255: "Scale: the range begins at -0.55, not at 0.",
        1.45 / 255: "Scale: from -0.55 to 2.0 it is more than 2: minus a negative number.",
        255 / 2.55: "Scale: this is turned upside down: steps for each 1, in place of the size of a step.",
    }.items():
        if np.isclose(scale, mistake):
            raise Wrong(sentence)
    if not np.isclose(scale, 0.01):
        raise Wrong("Scale: not yet. The range, divided by the number of steps.")
    expect(
        zero_point,
        -73,
        {
            55: "this counts from 0. The integers begin at -128.",
            -128: "-128 stands for -0.55, and not for 0.",
            -183: "the wrong way: 0 lies above -0.55, so its integer lies above -128.",
            0: "0 would stand for 0 if the range had its middle there.",
            127: "127 stands for 2.0, and not for 0.",
        },
        "Zero point: ",
    )
    expect(
        stored,
        -23,
        {
            50: "the zero point is missing.",
            123: "the zero point is subtracted here. Solve the formula for q.",
            -78: "check the sign: 0.5 lies above 0.",
            -123: "check the sign: 0.5 lies above 0.",
            0: "it is still 0: put 0.5 into the formula.",
        },
        "Stored: ",
    )
    return "Right: with one byte for each number, at most half a step is lost."


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
            "One of them was, the other never. Noise is weak on both, because it has no direction.",
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
