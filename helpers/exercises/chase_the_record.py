"""The checks and the quiz of notebook 08."""

import math
from collections.abc import Callable

import numpy as np

from helpers.exercises.engine import Wrong, checker, numbers, returned
from helpers.exercises.quiz import Option, Questions


@checker
def batch_normalised(normalised: object, maps: object) -> str:
    """Exercise 8.1: each map by its own mean and variance. maps: N x rows x columns x maps."""
    shape = np.shape(maps)
    if len(shape) != 4 or not np.issubdtype(np.asarray(maps).dtype, np.number):
        raise Wrong("The second answer should be `maps`, as the cell above made it.")
    maps = numbers(maps, shape)
    normalised = numbers(normalised, shape)
    axes = (0, 1, 2)

    def by(axis: tuple[int, ...] | None, power: float = 0.5) -> bool:
        """Is it normalised over these axes? With the small number of the formula, or without it."""
        moved, variance = maps - maps.mean(axis=axis, keepdims=True), maps.var(axis=axis, keepdims=True)
        with np.errstate(all="ignore"):
            return any(same(moved / (variance + epsilon) ** power) for epsilon in (0.001, 0))

    def same(other: np.ndarray) -> bool:
        return np.allclose(normalised, other, rtol=1e-3, atol=1e-4)

    if by(axes):
        return "Right: now each map has mean 0 and variance 1, however bright the picture was."
    if same(maps):
        raise Wrong("Nothing has changed.")
    if same(maps - maps.mean(axis=axes)):
        raise Wrong("The means are 0 now. Divide by the root of the variance, too.")
    if by(axes, power=1):
        raise Wrong("Divide by the *root* of the variance.")
    if same(maps / np.sqrt(maps.var(axis=axes) + 0.001)):
        raise Wrong("The spread is right. Take the mean of each map away first.")
    if by(None):
        raise Wrong("This is one mean and one variance for all four maps: each map has its own.")
    if by((1, 2)):
        raise Wrong("This is each digit by itself. The mean goes over all digits of the batch as well: axis 0, too.")
    if by((0,)):
        raise Wrong("This is each place by itself. The mean goes over all places of a map as well: axes 1 and 2, too.")
    if by((1, 2, 3)):
        raise Wrong("This is each digit by itself, with all its maps mixed. The mean goes over axes 0, 1 and 2.")
    if by((3,)):
        raise Wrong("This mixes the maps: axis 3 counts them. The mean goes over the three other axes.")
    mean, variance = maps.mean(axis=axes), maps.var(axis=axes)
    if any(same(maps - mean / np.sqrt(variance + epsilon)) for epsilon in (0.001, 0)):
        raise Wrong("Only the mean is divided: brackets around the difference, (maps - mean) / ...")
    if same((maps - mean) / np.sqrt(np.sqrt(variance) + 0.001)):
        raise Wrong("That is the root of the deviation (std). The root of the *variance* is wanted.")
    if same((maps - mean) / np.sqrt(maps.var() + 0.001)):
        raise Wrong("The means are 0 now, but one variance serves all four maps: each map has its own.")
    raise Wrong("Not yet: each map should have mean 0 and variance 1. Look at .mean(axis=(0, 1, 2)) of your answer.")


@checker
def majority_wrong(answer: object) -> str:
    """Exercise 8.2: the probability that at least three of five are wrong, each with probability p."""

    def of(p: float) -> float:
        return sum(math.comb(5, k) * p**k * (1 - p) ** (5 - k) for k in (3, 4, 5))

    def same(other: Callable[[float], float]) -> bool:
        return all(np.isclose(values[p], other(p), rtol=1e-6, atol=1e-12) for p in values)

    ps = (0.0, 0.003, 0.1, 0.5, 0.8, 1.0)
    values = {p: float(numbers(returned("majority_wrong(p)", answer, p), ())) for p in ps}
    if same(of):
        return f"Right: with p = 0.5 it is 0.5, and with p = 0.1 it is {of(0.1):.4f}."
    if same(lambda p: math.comb(5, 3) * p**3 * (1 - p) ** 2):
        raise Wrong("This is *exactly* three of five. Four and five make a majority, too.")
    if same(lambda p: 10 * p**3):
        raise Wrong("In ten ways three are wrong, but then two are right: (1 - p)². Four and five come on top.")
    if same(lambda p: p**3):
        raise Wrong("This is three certain ones, whatever the others do: there are ten ways to choose three.")
    if same(lambda p: p**3 * (1 - p) ** 2 + p**4 * (1 - p) + p**5):
        raise Wrong("There are several ways to choose three of five, or four: math.comb(5, 3) and math.comb(5, 4).")
    if same(lambda p: p**3 + p**4 + p**5):
        raise Wrong("Of exactly three, two are right: (1 - p)² belongs to it, and the ways to choose three.")
    if same(lambda p: sum(math.comb(5, k) * p**k for k in (3, 4, 5))):
        raise Wrong("The others are right: (1 - p) to the power of how many they are belongs to each case.")
    if same(lambda p: of(p) + math.comb(5, 2) * p**2 * (1 - p) ** 3):
        raise Wrong("Two of five are no majority: begin with three.")
    if same(lambda p: of(p) - math.comb(5, 3) * p**3 * (1 - p) ** 2):
        raise Wrong("Exactly three is a majority, too.")
    if same(lambda p: 1 - of(p)):
        raise Wrong("This is the probability that the majority is right.")
    if same(lambda p: 1 - (1 - p) ** 5):
        raise Wrong("This is the probability that at least *one* is wrong.")
    if same(lambda p: p**5):
        raise Wrong("This is the probability that all five are wrong.")
    if same(lambda p: of(p) - p**5):
        raise Wrong("All five wrong is a majority, too.")
    raise Wrong(
        f"Not yet: with p = 0.1 your function gives {values[0.1]:.4g}. With p = 1 it should give 1, with 0.5 0.5."
    )


@checker
def softened(soften: object) -> str:
    """Exercise 8.3: softmax of logits divided by a temperature."""
    cases = [(np.array([6.0, 2.0, -1.0]), 1.0), (np.array([6.0, 2.0, -1.0]), 4.0), (np.array([0.5, 3.0, 2.0]), 0.5)]
    what = "soften(logits, temperature)"
    found = [(case, numbers(returned(what, soften, case[0].copy(), case[1]), (3,))) for case in cases]

    def of(logits: np.ndarray, temperature: float) -> np.ndarray:
        powers = np.exp(logits / temperature)
        return powers / powers.sum()

    def same(other: Callable[[np.ndarray, float], np.ndarray]) -> bool:
        return all(np.allclose(value, other(*case), rtol=1e-6) for case, value in found)

    if same(of):
        return "Right: the hotter, the more the second and third thoughts count."
    if same(lambda logits, temperature: of(logits, 1.0)):
        raise Wrong("The temperature is not used: divide the logits by it first.")
    if same(lambda logits, temperature: of(logits, 1 / temperature)):
        raise Wrong("The other way round: the logits are *divided* by the temperature.")
    if same(lambda logits, temperature: of(logits, 1.0) / temperature):
        raise Wrong("The probabilities are divided here. Divide the logits, before the exponential.")
    if same(lambda logits, temperature: logits / temperature):
        raise Wrong("These are the logits, divided. Softmax comes next: exp, and divide by the sum.")
    if same(lambda logits, temperature: logits / logits.sum()):
        raise Wrong("They add up to 1, but a softmax takes the exponential of each first.")
    if not all(np.isclose(value.sum(), 1) for _, value in found):
        raise Wrong("These do not add up to 1: divide by their sum.")
    raise Wrong("Not yet: exp(logits / temperature), divided by the sum of all of them.")


QUESTIONS: Questions = {
    "Five networks vote, and each misreads 17 of 5,000. Why does the vote still misread more than a few?": [
        Option(
            "They misread the same digits.",
            "All learned from the same pictures. What is odd for one is odd for all, and cannot be outvoted.",
        ),
        Option("Five are too few.", "More of the same kind learn from the same pictures, and stumble alike."),
        Option("A mean of probabilities is no proper vote.", "Counting hands gives nearly the same number. Try it."),
    ],
    "Batch normalisation reads one digit alone. Which mean does it take away?": [
        Option(
            "One that it noted while it was trained.",
            "A single digit has no batch. So the layer keeps a running mean and variance of each map.",
        ),
        Option("The mean of this one digit.", "Then a bright and a dark digit would look the same to it."),
        Option("None: it is switched off.", "The layers behind it would get numbers that they do not know."),
    ],
    "99.79 % and 99.87 % on the same 10,000 digits. How many digits lie between them?": [
        Option(
            "Eight.", "Whether that is chance is told by the digits on which the two differ, not by their intervals."
        ),
        Option("Eighty.", "Count again: 0.01 % of 10,000 is one digit."),
        Option("Eight hundred.", "That would be 8 %. Count again: 0.01 % of 10,000 is one digit."),
    ],
    "What does a high temperature do when a large network teaches a small one?": [
        Option(
            "It lets the second thoughts be seen.",
            "At temperature 1 nearly everything is on one digit, and what it resembles is lost.",
        ),
        Option("It makes the large network right more often.", "The order of the ten stays. So does the answer."),
        Option("It makes the training faster.", "A step takes as long as before. It makes the answers tell more."),
    ],
}
