"""The checks and the quiz of notebook 07."""

import ast
import contextlib
import inspect
import textwrap

import numpy as np

from helpers.exercises.engine import Wrong, checker, name_slip, numbers, returned
from helpers.exercises.quiz import Option, Questions

MULTIPLIES = {"multiply", "matmul", "power", "float_power", "square", "divide", "dot", "vdot", "vecdot", "matvec"}
MULTIPLIES |= {"vecmat", "inner", "outer", "einsum", "tensordot", "kron", "prod", "norm", "convolve", "correlate"}
BY_SUMS = "It can be done by sums and differences."


class Additive(np.ndarray):
    """Numbers that can be added, compared and chosen, and refuse to be multiplied."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        refuse(ufunc)
        plain = [np.asarray(each) for each in inputs]
        return additive(getattr(ufunc, method)(*plain, **kwargs))

    def __array_function__(self, function, types, arguments, kwargs):
        refuse(function)
        return additive(super().__array_function__(function, types, arguments, kwargs))

    def dot(self, *arguments):
        """Refuse."""
        refuse(np.dot)

    def prod(self, *arguments, **kwargs):
        """Refuse."""
        refuse(np.prod)


def refuse(function: object) -> None:
    """Raise Wrong if a function of NumPy multiplies."""
    if getattr(function, "__name__", "") in MULTIPLIES:
        raise Wrong(f"There is a multiplication in it ({function.__name__}). {BY_SUMS}")


def refuse_signs(function: object) -> None:
    """Raise Wrong if the source of a function, where it is known, has a sign that multiplies."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
            named = getattr(node, "attr", getattr(node, "id", ""))
            if named in {*MULTIPLIES, "mul", "pow", "squared_distances"}:
                raise Wrong(f"There is a multiplication in it ({named}). {BY_SUMS}")
            if isinstance(getattr(node, "op", None), ast.Mult | ast.MatMult | ast.Pow | ast.Div):
                raise Wrong(
                    f"There is a multiplication (or a division) in line {node.lineno} of your function. {BY_SUMS}"
                )


def additive(value: object) -> object:
    """Return numbers that refuse to be multiplied; other things as they are."""
    return np.asarray(value).view(Additive) if isinstance(value, np.ndarray | np.number) else value


@checker
def nearest_without_multiplying(nearest_code: object) -> str:
    """Exercise 7.1: a function of F6 (84) and the drawings (10 x 84) that returns the digit of the nearest one."""
    from helpers.lenet import digit_codes

    drawings, rng, found = digit_codes(), np.random.default_rng(0), []
    noisy = [drawing + rng.normal(0, 2.5, 84) for drawing in drawings]
    refuse_signs(nearest_code)
    all_f6 = [*drawings, *noisy, *rng.normal(0, 1, (40, 84)), *rng.normal(-0.4, 1, (40, 84))]
    for f6 in all_f6:
        given = f6.copy().view(Additive), drawings.copy().view(Additive)
        answer = np.asarray(returned("nearest_code(f6, drawings)", nearest_code, *given))
        if answer.size > 1:
            raise Wrong(
                f"{answer.size} numbers come back, and one digit should: argmax finds the place of the largest."
            )
        found.append(float(numbers(answer, ())))
    sums = np.array([np.where(drawings > 0, f6, -f6).sum(axis=1) for f6 in all_f6])
    if np.array_equal(found, sums.argmax(axis=1)):
        return "Right: the nearest drawing, by sums and differences alone."
    agree = np.array([((f6 > 0) == (drawings > 0)).sum(axis=1) for f6 in all_f6])
    name_slip(
        found,
        [
            (sums.argmin(axis=1), "That is the drawing that is farthest away: the *largest* sum is the nearest."),
            (sums.max(axis=1), "That is the sum itself. Which drawing has it?"),
            (agree.argmax(axis=1), "This counts agreements of sign. How *large* a value of F6 is counts as well."),
            (
                [np.abs(f6 - drawings).sum(axis=1).argmin() for f6 in all_f6],
                "This adds the differences without their squares: the nearest by another measure.",
            ),
            (
                [np.where(drawings > 0, f6, -f6).argmax() for f6 in all_f6],
                "This is the place among all 840 numbers: add up each drawing's 84 first.",
            ),
        ],
    )
    if len(set(found)) == 1:
        raise Wrong(f"The answer is {found[0]:g} whatever F6 says: where do ink and paper part?")
    wrong = np.flatnonzero(np.array(found) != sums.argmax(axis=1))
    if wrong[0] < len(drawings):
        raise Wrong(f"The perfect drawing of {wrong[0]} is taken for {found[wrong[0]]:g}.")
    raise Wrong(f"Perfect drawings are right; of {len(all_f6) - 10} others, {len(wrong)} are wrong.")


QUESTIONS: Questions = {
    "The targets of 1998 were +1 and -1, and the squashing function goes up to 1.7159. Why not use its ends?": [
        Option(
            "At its ends the curve is flat.",
            "Training goes back through the slopes. At +1 and -1 there is a slope left, at the ends hardly any.",
        ),
        Option("Because pixels end at 1.", "The targets belong to F6, which sees no pixels any more."),
        Option("Larger numbers would not fit.", "A float32 holds far larger ones. It is the slope that counts."),
    ],
    "What does the table of connections of C3 save?": [
        Option(
            "Parameters and work: 36 of 96 pairs of maps.",
            "Each pair has 25 weights, and each weight is used at 100 places.",
        ),
        Option("Parameters alone.", "Each weight that is missing is also missing at all its 100 places."),
        Option("Work alone.", "Each pair that is missing has 25 weights that nobody stores or learns."),
    ],
    "LeNet-5 of 1998, trained here, makes about as many mistakes as in the paper. What has been shown?": [
        Option(
            "That its layers reach this number, trained by a recipe of today.",
            "Optimizer, schedule and the number of digits differ from the paper's.",
        ),
        Option("That the paper's training has been repeated.", "Its optimizer and its schedule were other ones."),
        Option("That nothing has become better since.", "The ladder shows networks of the same size that read better."),
    ],
}
