"""What the parts of the five assignments are judged by: `python3 course.py coursework` makes them, `grade` marks them.

The parts stand in assignment_1.py to assignment_5.py; here is what they share.

Each part is one function. Called with a student's functions it prints how many marks they would earn, and what is
wrong. With a `seed` it draws other data and sizes, and returns the marks: so the hidden tests are this code with a
number that only the instructor knows. It never raises, whatever a student's function does.

Many parts have kinds, which a term or a student draws: what is asked for differs, not the data alone. The check is told
which by `kind`; without it, it judges what releases of before there were kinds ask for. The right answer of one kind
earns less than half of the marks of another.

Digits that a part trains with or reads come from MNIST's training set, but turned or mirrored, and with the labels
exchanged among each other: a network that was trained elsewhere reads them no better than by chance.
"""

import functools
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from helpers.exercises.engine import Untouched, Wrong, numbers
from helpers.mnist import load_mnist

#: The seed of the checks that a student sees.
VISIBLE = 20260901
#: Where grading ends a cell; the texts of the assignments say so beside what may take long.
MOST_SECONDS, MOST_GB = 90, 4
#: A test of a part: what it is worth, and what raises Wrong.
Test = tuple[float, Callable[[], None]]


def part(marks: float, *, slow: bool = False) -> Callable:
    """Make a check of a function that yields the tests of a part; `marks` is what they are worth together.

    The check takes the student's answers, the term's numbers and the kind by name, and `seed`. It prints a sentence,
    and the seconds that it took where it is slow. With a seed it returns the marks (float), without one nothing.
    """

    def decorate(tests: Callable[..., Iterator[Test]]) -> Callable[..., float | None]:
        @functools.wraps(tests)
        def check(*answers: object, seed: int | None = None, **term: float | str) -> float | None:
            earned, wrong, begun = 0.0, [], time.monotonic()
            try:
                if not answers or any(answer is ... or answer is None for answer in answers):
                    raise Untouched
                for worth, test in tests(np.random.default_rng(VISIBLE if seed is None else seed), *answers, **term):
                    problem = problem_of(test)
                    earned += 0 if problem else worth
                    wrong += [problem] if problem and problem not in wrong else []
                if wrong:
                    print(f"✗ {earned:g} of {marks:g} marks. " + "\n  ".join(wrong))
                else:
                    print(f"✓ {earned:g} of {marks:g} marks." + (" Grading uses other data." if seed is None else ""))
                if slow:
                    print(f"It took {time.monotonic() - begun:.0f} s; grading ends a cell after {MOST_SECONDS}.")
            except Untouched:
                earned = 0.0
                print("· Not attempted yet: write your answer, run its cell, then this one.")
            return None if seed is None else float(earned)

        check.marks = marks
        return check

    return decorate


def problem_of(test: Callable[[], None]) -> str:
    """Return what is wrong by this test; empty when nothing is. Untouched goes through."""
    try:
        test()
    except Wrong as reason:
        return str(reason)
    except Untouched:
        raise
    except Exception as error:  # an answer can be anything
        return f"The answer could not be judged ({type(error).__name__}): look at its type and its shape."
    return ""


def call(function: object, *arguments: object) -> object:
    """Call a student's function with copies of the arguments; Wrong when it stops, Untouched when it gives nothing."""
    if not callable(function):
        raise Wrong(f"A function is wanted here, and this is a {type(function).__name__}.")
    name = getattr(function, "__name__", "the function")
    try:
        result = function(*(each.copy() if isinstance(each, np.ndarray) else each for each in arguments))
    except (Exception, SystemExit) as error:
        raise Wrong(f"`{name}` stops with {type(error).__name__}: {str(error)[:200]}") from None
    if result is ...:
        raise Untouched
    if result is None:
        raise Wrong(f"`{name}` gives nothing back: does it end with `return`?")
    return result


def pair(result: object, name: str) -> tuple:
    """Return the two things that a function should give back."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong(f"`{name}` should return two things, separated by a comma.")
    return tuple(result)


def agree(found: object, right: object, problem: str, tolerance: float = 1e-6) -> None:
    """Raise Wrong unless an answer holds the right numbers in the right shape."""
    right = np.asarray(right, float)
    if not np.allclose(numbers(found, right.shape), right, rtol=tolerance, atol=tolerance):
        raise Wrong(problem)


class Digits(NamedTuple):
    """Digits of a grader, N x 28 x 28 uint8, 0 (paper) to 255 (ink), with labels; and others to judge with."""

    x: np.ndarray
    y: np.ndarray
    x_unseen: np.ndarray
    y_unseen: np.ndarray


def draw_digits(rng: np.random.Generator, seen: int, unseen: int) -> Digits:
    """Draw digits that nobody can have trained with: turned or mirrored alike, and with new labels."""
    (x, y), _ = load_mnist()
    chosen = rng.permutation(len(x))[: seen + unseen]
    x, y = np.rot90(x[chosen], rng.integers(1, 4), axes=(1, 2)), rng.permutation(10)[y[chosen]].astype(np.uint8)
    if rng.random() < 0.5:
        x = x[:, :, ::-1]
    return Digits(np.ascontiguousarray(x[:seen]), y[:seen], np.ascontiguousarray(x[seen:]), y[seen:])
