"""What a check cell says of an answer: right, not attempted yet, or what is wrong with it.

A check prints one line, never raises, whatever it gets, and shows no solution. Each exercise has a function of
its own, in the file of its notebook.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable

import numpy as np

DOTS = "Some dots are still there: replace all of them, run that cell, then this one."


class Wrong(Exception):
    """An answer is not right; the message says what is wrong with it."""


class Untouched(Exception):
    """The answer cell is as it was; or only a part of it is, and the message says which."""


def checker(
    judge: Callable[..., str] | None = None, *, partly: bool = False, solution: Callable | None = None
) -> Callable:
    """Make a check of a function that returns what to say of a right answer, and raises Wrong for any other.

    partly: the function is also asked when only some of several answers are still dots. solution: that of the folded
    text; `check.own_or_solution(answer)` is what the notebook goes on with.
    """
    if judge is None:
        return functools.partial(checker, partly=partly, solution=solution)
    all_or_any = all if partly else any

    @functools.wraps(judge)
    def check(*answers: object) -> None:
        try:
            if not answers or all_or_any(answer is ... or answer is None for answer in answers):
                raise Untouched
            print("✓ " + judge(*answers))
        except Untouched as left:
            print("·", str(left) or "Not attempted yet: replace the dots, run that cell, then this one.")
        except Wrong as reason:
            print(f"✗ {reason}")
        except Exception as error:  # an answer can be anything
            print(f"✗ This answer could not be checked ({type(error).__name__}): look at its type and its shape.")

    def own_or_solution(own: Callable) -> Callable:
        """Return the reader's function if it is right, and else that of the solution; say which."""
        try:
            judge(own)
        except Exception:  # whatever is wrong with it, the check's own cell has said
            print("From here on, the function of the folded solution is used.")
            return solution
        print("From here on, your own function is used.")
        return own

    check.solution, check.own_or_solution = solution, own_or_solution
    return check


def numbers(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return an answer as float64 of this shape; a list or one number in an array will do. Wrong says why it is not."""
    if isinstance(answer, str | bytes | bool | np.bool_ | dict) or callable(answer):
        quotes = ": write it without quotes" if isinstance(answer, str) else ""
        raise Wrong(f"A number is wanted here, and this is a {type(answer).__name__}{quotes}.")
    if isinstance(answer, list | tuple) and any(each is ... for each in answer):
        raise Untouched(DOTS)
    try:
        array = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise Wrong("Numbers are wanted here, and this is something else.") from None
    if array.size != np.prod(shape):
        wanted = "one number" if shape == () else f"{int(np.prod(shape))} numbers"
        found = "one number" if array.size == 1 else f"{array.size} numbers"
        raise Wrong(f"This holds {found}, and {wanted} should be there.")
    if array.ndim > 1 and tuple(side for side in array.shape if side > 1) != tuple(side for side in shape if side > 1):
        raise Wrong(f"The shape is {array.shape}; it should be {shape}.")
    if not np.isfinite(array).all():
        raise Wrong("There is a NaN or an infinity in it: somewhere a division by zero, or an overflow.")
    return array.reshape(shape)


def returned(name: str, function: object, *arguments: object) -> object:
    """Return what a reader's function gives, whatever it prints. Wrong says why there is none; name: its def line."""
    if not callable(function):
        raise Wrong(f"A function is wanted here: def {name}: ...")
    try:
        with contextlib.redirect_stdout(None), np.errstate(all="ignore"):
            value = function(*arguments)
    except Wrong:  # what it was given has complained
        raise
    except Exception as error:
        raise Wrong(f"Your function stops with {type(error).__name__}: {error}.".replace("\n", " ")) from None
    if value is ...:
        raise Untouched
    if value is None:
        raise Wrong("The function gives nothing back: does it end with return?")
    return value


def expect(
    value: float, right: float, mistakes: dict[float, str], what: str = "", otherwise: str = "not yet: count once more."
) -> None:
    """Raise Wrong unless a number is right; a known mistake gets its own sentence.

    what: which number it is about. otherwise: where to begin, for a number that no known mistake leads to. (Whether it
    is too large would tell nobody what to do, and would let a reader find the number by trying.)
    """
    if np.isclose(value, right, rtol=1e-9):
        return
    for mistake, sentence in mistakes.items():
        if np.isclose(value, mistake, rtol=1e-9):
            raise Wrong(what + sentence)
    if np.isclose(1000 * value, right, rtol=1e-9):
        raise Wrong(f"{what}Python takes the point for a decimal one: write the number without it.")
    if value != round(value):
        raise Wrong(f"{what}{value:g} is not a whole number: you need // in place of /, or a rounding.")
    raise Wrong(what + otherwise)


def name_slip(found: object, slips: Iterable[tuple[object, str]], *, atol: float = 1e-6, rtol: float = 0.0) -> None:
    """Raise Wrong with the sentence of the first slip that leads to what was found: numbers of the same shape."""
    for slip, sentence in slips:
        if np.shape(slip) == np.shape(found) and np.allclose(found, slip, rtol=rtol, atol=atol):
            raise Wrong(sentence)


def one_by_one(parts: dict[str, tuple[object, Callable]]) -> None:
    """Judge the parts of an answer, each by itself; return if all are right.

    parts: for each name an answer and what raises Wrong or Untouched for it. Wrong and Untouched say of every part
    what it is; for use in a `checker(partly=True)`.
    """
    good, wrong, left, begun = [], [], [], False
    for name, (answer, judge) in parts.items():
        try:
            if answer is ... or answer is None:
                raise Untouched
            judge(answer)
            good.append(f"{name}: right.")
        except Untouched as rest:
            begun = begun or bool(str(rest))
            left.append(f"{name}: {str(rest) or 'not attempted yet.'}")
        except Wrong as reason:
            wrong.append(f"{name}: {reason}")
    if wrong:
        raise Wrong(" ".join(wrong + good + left))
    if left:
        raise Untouched(" ".join(good + left) if good or begun else "")
