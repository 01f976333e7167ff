"""The five trainings that were made to fail: each shows its clue, also with another seed."""

import numpy as np
import pytest

from helpers.exercises.train_and_evaluate import CLUES, EXPECTED, PATIENTS, train_patient
from helpers.mnist import load_mnist, split_validation, to_input

(X, Y), (X_VALIDATION, Y_VALIDATION) = split_validation(*load_mnist()[0])
FEW = to_input(X[:2000]), Y[:2000]
JUDGES = to_input(X_VALIDATION[:1000]), Y_VALIDATION[:1000]
GUESSING = np.log(10)


def test_each_fault_has_a_patient_and_its_clues():
    assert sorted(PATIENTS.values()) == sorted(["", *CLUES]) == sorted(["", *EXPECTED])


@pytest.mark.parametrize("fault", ["", *CLUES])
def test_a_patient_shows_the_clue_of_its_fault_and_no_other(fault):
    """With seed 2; the notebook itself asserts the same of seed 1."""
    (name,) = [name for name, done in PATIENTS.items() if done == fault]
    curves = train_patient(name, FEW, JUDGES, seed=2)
    assert {len(curve) for curve in curves.values()} == {13}
    loss, validation = curves["loss"], curves["val_loss"]
    shown = {
        "scale": loss[0] > 5,
        "rate": loss[0] < 2.6 and loss[1] > 5 and 2.29 < loss[-1] < 2.6,
        "dead": np.ptp(loss) < 0.02 and abs(loss[0] - GUESSING) < 0.02,
        "labels": loss[-1] < 2.2 and validation[-1] > 2.4,
        "softmax": min(loss) > 1.46 and curves["val_accuracy"][-1] > 0.7,
        "": loss[0] < 2.6 and loss[-1] < 0.2 and validation[-1] < 0.5,
    }
    assert [each for each, seen in shown.items() if seen] == [fault]
