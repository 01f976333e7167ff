"""The parts of assignment 3: train, compare and report honestly."""

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np

from helpers.exercises.assignment import Test, agree, call, draw_digits, pair, part
from helpers.exercises.assignment_2 import accuracy, network_of
from helpers.exercises.engine import Wrong, numbers
from helpers.mnist import to_input


@part(4)
def learning_rates(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.1: warm-up, then half a cosine down to 0."""
    steps, warmup, peak = int(rng.integers(40, 90)), int(rng.integers(5, 12)), float(rng.choice([1e-3, 2e-3, 5e-3]))
    rising = peak * np.arange(1, warmup + 1) / warmup
    falling = peak * 0.5 * (1 + np.cos(np.pi * np.arange(steps - warmup) / (steps - warmup)))

    def found() -> np.ndarray:
        return numbers(call(yours, steps, peak, warmup), (steps,))

    def rises() -> None:
        if np.allclose(found()[:warmup], peak * np.arange(warmup) / warmup):
            raise Wrong("The first step has a learning rate of 0 and learns nothing: begin with peak / warmup.")
        agree(found()[:warmup], rising, f"In the first {warmup} steps the rate should rise in equal steps to its peak.")

    def falls() -> None:
        late = peak * 0.5 * (1 + np.cos(np.pi * np.arange(warmup, steps) / steps))
        if np.allclose(found()[warmup:], late):
            raise Wrong("The cosine counts the steps of the warm-up as well: it begins after them.")
        agree(found()[warmup:], falling, "After the warm-up the rate should fall from its peak along half a cosine.")

    yield 2, rises
    yield 2, falls


def sign_test_by_counting(one_only: int, other_only: int) -> float:
    """Return the two-sided p-value of so many digits that only one, and only the other network reads correctly."""
    total, fewer = one_only + other_only, min(one_only, other_only)
    return min(1.0, 2 * sum(math.comb(total, count) for count in range(fewer + 1)) / 2**total)


@part(3)
def sign_test(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.2: can two networks differ so much by chance? Compared digit by digit."""

    def case(one_only: int, other_only: int, problem: str) -> None:
        both, none = rng.integers(50, 100), rng.integers(5, 20)
        one = np.repeat([True, True, False, False], [both, one_only, other_only, none])
        other = np.repeat([True, False, True, False], [both, one_only, other_only, none])
        order = rng.permutation(len(one))
        found = float(numbers(call(yours, one[order], other[order]), ()))
        right = sign_test_by_counting(one_only, other_only)
        if right < 1 and np.isclose(found, right / 2):
            raise Wrong("That is one side only: either network could have been the better one, so double it.")
        if not np.isclose(found, right, rtol=1e-4, atol=0):
            raise Wrong(problem.format(one_only, other_only, found))

    def both_even_and_uneven() -> None:
        case(small - 1, more, differ)
        case(small, small, "When each is better on as many digits, the p-value is 1 and never more.")

    small = int(rng.integers(3, 14))
    more = small + int(rng.integers(3, 19))
    differ = "{} digits are read by the first network only and {} by the second only: the p-value is not {:.4g}."
    yield 1, lambda: case(small, more, differ)
    yield 1, lambda: case(more + 1, small, differ)
    yield 1, lambda: both_even_and_uneven()


@part(3)
def choose(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 3.3: choose a setting by validation, and report its test accuracy, the mean over the seeds."""

    def results() -> tuple[np.ndarray, np.ndarray, list[int]]:
        settings, seeds = int(rng.integers(4, 7)), int(rng.integers(3, 6))
        validation = 0.95 + 0.005 * rng.random((settings, seeds))
        test = 0.95 + 0.005 * rng.random((settings, seeds))
        best, lucky, tempting = (int(each) for each in rng.permutation(settings)[:3])
        validation[best] += 0.01
        validation[lucky, 0] = 0.999  # one lucky seed
        validation[lucky, 1:] -= 0.02  # so that its mean stays below the best one
        test[tempting] += 0.02
        return validation, test, [best, lucky, tempting]

    def which() -> None:
        for _ in range(5):
            validation, test, (best, lucky, tempting) = results()
            found = float(numbers(pair(call(yours, validation, test), "choose")[0], ()))
            if found == tempting:
                raise Wrong("You choose by the test set: then its accuracy is no longer an honest one.")
            if found == lucky:
                raise Wrong("You choose the luckiest seed: compare the means over the seeds.")
            agree(found, best, "Choose the setting (a row) with the best mean validation accuracy.")

    def report() -> None:
        validation, test, (best, *_) = results()
        found = float(numbers(pair(call(yours, validation, test), "choose")[1], ()))
        if np.isclose(found, test[best].max()):
            raise Wrong("You report the best seed: report the mean over the seeds.")
        if np.isclose(found, validation[best].mean()):
            raise Wrong("You report the validation accuracy, by which you have chosen: report the test accuracy.")
        agree(found, test[best].mean(), "Report the mean test accuracy of the setting that you chose.")

    yield 2, which
    yield 1, report


@contextlib.contextmanager
def counted_steps() -> Iterator[Callable[[], int]]:
    """Count the steps of all optimizers that are made inside."""
    from helpers.quiet import keras

    made: list = []
    original = keras.optimizers.Optimizer.__init__

    def remember(self: object, *arguments: object, **options: object) -> None:
        original(self, *arguments, **options)
        made.append(self)

    keras.optimizers.Optimizer.__init__ = remember
    try:
        yield lambda: sum(int(np.asarray(each.iterations)) for each in made)
    finally:
        keras.optimizers.Optimizer.__init__ = original


def accuracy_of_training(
    rng: np.random.Generator, train: object, steps: int, kind: str = "probabilities"
) -> tuple[float, int]:
    """Return the accuracy that a student's training reaches on a grader's digits, and the steps it took.

    kind: what has to come out of the network (`OUTPUTS` of assignment_2).
    """
    digits = draw_digits(rng, 30_000, 2000)
    with counted_steps() as count:
        network = call(train, to_input(digits.x), digits.y, steps, int(rng.integers(1000)))
        network_of(lambda: network, kind, to_input(digits.x_unseen[:200]))
        return accuracy(network, digits), count()


@part(8, slow=True)
def own_training(
    rng: np.random.Generator, train: object, steps: int, goal: float, kind: str = "probabilities"
) -> Iterator[Test]:
    """Part 3.4: reach the term's accuracy within the term's number of steps."""
    reached: list[float] = []

    def keeps_to_the_steps() -> None:
        print("Your function trains, up to a minute ...", flush=True)
        found, taken = accuracy_of_training(rng, train, steps, kind)
        if not 0 < taken <= steps:
            raise Wrong(f"{taken} steps were taken, and {steps} are allowed: one batch is one step.")
        if found < 0.3:
            raise Wrong(f"It reads {found:.1%} of 2,000 unseen digits: it has hardly learned from those it was given.")
        reached.append(found)

    def reaches(bar: float) -> None:
        if not reached:
            raise Wrong("Without a network that was trained within the rules there is nothing to count.")
        if reached[0] < bar:
            raise Wrong(f"It reads {reached[0]:.1%} of 2,000 unseen digits; this term's goal is {goal:.1%}.")

    yield 3, keeps_to_the_steps
    yield 2, lambda: reaches(goal - 0.03)
    yield 3, lambda: reaches(goal)
