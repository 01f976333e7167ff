"""Exercise 5.3: a repair left out, and what it is worth. Its check measures, so its answers are measured here."""

import re

import numpy as np
import pytest

from helpers.exercises.validate_on_handwriting import (
    ADDED,
    ASTRAY,
    LEFT_OUT,
    PROBES,
    gain_when_added,
    missing_step,
    prepared_without,
    read_without,
    repaired,
)

STEPS = ("polarity", "cutting out", "mass")


def without(step):
    """Return a reader's function that leaves out a repair: 1 x 28 x 28 x 1."""
    return lambda path: prepared_without(step, path)[np.newaxis, ..., np.newaxis]


FUNCTIONS = [without("polarity"), without("cutting out")]


@pytest.fixture(scope="module")
def lost():
    return {step: read_without("")["plain"] - read_without(step)["plain"] for step in STEPS}


def said(capsys, *answers) -> str:
    capsys.readouterr()
    missing_step(*answers)
    return capsys.readouterr().out


def test_the_repairs_are_those_of_the_notebook(lost):
    """What its cells print is compared elsewhere; the order of the three is what the exercise is about."""
    assert set(LEFT_OUT) == {"", *STEPS}
    assert read_without("")["plain"] >= 74
    assert max(lost, key=lost.get) == "cutting out" and min(lost.values()) > 0


def test_the_gains_of_added_repairs_are_those_that_the_notebook_prints(lost):
    """Its table of 5.8: 24, 28, 44, 50, 73, 78. One picture may fall either way on another processor."""
    assert abs(gain_when_added("polarity") - 4) <= 1 and abs(gain_when_added("cutting out") - 23) <= 1
    assert all(gain_when_added(step) < lost[step] for step in ADDED)


def test_right_in_any_form(lost, capsys):
    assert said(capsys, *FUNCTIONS, lost).startswith("✓ Right: the cutting out")
    flat = [lambda path: FUNCTIONS[0](path)[0, ..., 0], lambda path: FUNCTIONS[1](path)[0].astype(float)]
    assert said(capsys, *flat, {step: np.array([loss]) for step, loss in lost.items()}).startswith("✓")


@pytest.mark.parametrize(
    ("functions", "sentence"),
    [
        ([without("cutting out"), FUNCTIONS[1]], "without_polarity: here the cutting out is left out"),
        *(
            ([lambda path, repairs=repairs: repaired(path, repairs), FUNCTIONS[1]], re.escape(sentence))
            for repairs, sentence in ASTRAY
        ),
        (
            [FUNCTIONS[0], lambda path: 255 * FUNCTIONS[1](path)],
            "without_cutting_out: .* from 0 to 255.* polarity: right",
        ),
        ([lambda path: 1 - FUNCTIONS[0](path), FUNCTIONS[1]], "turned round"),
        ([lambda path: FUNCTIONS[0](PROBES[0]), FUNCTIONS[1]], "every file gives the same"),
        ([lambda path: np.zeros((28, 28)), FUNCTIONS[1]], "the picture is empty"),
        ([lambda path: np.zeros((56, 60)), FUNCTIONS[1]], "shrink_to_28"),
        ([without(""), FUNCTIONS[1]], "without_polarity: the polarity is still in it"),
        ([FUNCTIONS[0], without("")], "without_cutting_out: the cutting out is still in it"),
        ([FUNCTIONS[0], without("mass")], "without_cutting_out: here the mass is left out"),
        ([lambda path: FUNCTIONS[0](path) / 2, FUNCTIONS[1]], "something else has changed"),
        ([lambda path: np.zeros((20, 20)), FUNCTIONS[1]], "one image of 28 x 28"),
        ([lambda: 0, FUNCTIONS[1]], "stops with TypeError"),
        ([lambda path: None, FUNCTIONS[1]], "nothing back"),
        (["polarity", "cutting out"], "A function is wanted"),
    ],
)
def test_a_function_that_leaves_out_something_else_is_named(functions, sentence, lost, capsys):
    """Also with the right numbers: nobody passes by trying."""
    line = said(capsys, *functions, lost)
    assert line.startswith("✗") and re.search(sentence, line), line


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lost: "cutting out", "a dictionary"),
        (lambda lost: {"cutting out": 24}, "a dictionary"),
        (lambda lost: lost | {"mass": "few"}, "A number is wanted"),
        (lambda lost: {step: -loss for step, loss in lost.items()}, "counted upwards"),
        (lambda lost: {step: read_without(step)["plain"] for step in STEPS}, "still read"),
        (lambda lost: {step: 80 - read_without(step)["plain"] for step in STEPS}, "counted from 80"),
        (
            lambda lost: {step: read_without("")["shipped"] - read_without(step)["shipped"] for step in STEPS},
            "the plain",
        ),
        (lambda lost: lost | {"mass": lost["mass"] + 9}, "Lost without the mass: not yet.* the polarity: right"),
        (lambda lost: lost | {"mass": 0}, "Lost without the mass: still 0"),
        (lambda lost: lost | {"mass": read_without("")["plain"]}, "that all repairs read"),
        (
            lambda lost: lost | {"cutting out": read_without("cutting out")["shipped"]},
            "the shipped network still reads",
        ),
        (lambda lost: lost | {"cutting out": lost["polarity"]}, "that is the loss without the polarity"),
        (lambda lost: lost | {"cutting out": lost["cutting out"] / 80}, "a share of 80"),
        (
            lambda lost: lost | {"cutting out": read_without("cutting out")["plain"] / 80},
            "the share that is still read",
        ),
        (lambda lost: lost | {"cutting out": lost["cutting out"] / 0.8}, "in per cent of 80"),
        (lambda lost: dict.fromkeys(STEPS, 40), "Lost without the mass: not yet"),
        (lambda lost: lost | {step: gain_when_added(step) for step in ADDED}, "polarity: that is .* out: that is what"),
    ],
)
def test_a_number_that_was_not_measured_is_named(change, sentence, lost, capsys):
    line = said(capsys, *FUNCTIONS, change(lost))
    assert line.startswith("✗") and re.search(sentence, line), line


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (lambda lost: (), "Not attempted yet"),
        (lambda lost: (lambda path: ..., lambda path: ..., dict.fromkeys(STEPS, ...)), "Not attempted yet"),
        (
            lambda lost: (lambda path: ..., FUNCTIONS[1], dict.fromkeys(STEPS, ...)),
            "without_cutting_out: right. without_polarity: not attempted yet. Lost without the polarity: not attempted",
        ),
        (lambda lost: (FUNCTIONS[0], lambda path: ..., lost), "mass: right. without_cutting_out: not attempted yet."),
        (
            lambda lost: (*FUNCTIONS, lost | {"mass": ...}),
            "cutting out: right. Lost without the mass: not attempted yet.",
        ),
        (lambda lost: (*FUNCTIONS, ...), "without_cutting_out: right. Lost without the polarity: not attempted yet."),
    ],
)
def test_each_part_is_credited_by_itself(answers, sentence, lost, capsys):
    line = said(capsys, *answers(lost))
    assert line.startswith("·") and sentence in line, line
