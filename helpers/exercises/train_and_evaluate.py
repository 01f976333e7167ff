"""The checks and the quiz of notebook 04."""

import numpy as np

from helpers.evaluation import interval
from helpers.exercises.engine import Wrong, checker, numbers
from helpers.exercises.quiz import Option, Questions


@checker
def nineteen_of_twenty(ends: object) -> str:
    """Exercise 4.1: the 95 % interval of 19 right of 20."""
    low, high = numbers(ends, (2,))
    right = interval(19, 20)
    if low > high:
        raise Wrong("The lower end comes first.")
    if np.allclose([low, high], right, rtol=0, atol=0.006):
        missing = 1 - 0.992**20
        return f"Right: {low:.0%} to {high:.0%}. Even 99.2 % misses one of twenty in {missing:.0%} of such tests."
    if np.allclose([low, high], np.multiply(right, 100), rtol=0, atol=0.6):
        raise Wrong("The right ends in per cent: leave them as shares of 1, as interval gives them.")
    if np.allclose([low, high], interval(1, 20), rtol=0, atol=0.006):
        raise Wrong("This is the interval of 1 of 20: count the right ones, not the wrong one.")
    if np.allclose([low, high], interval(95, 100), rtol=0, atol=0.006):
        raise Wrong("This is the interval of 95 of 100. A percentage forgets how many there were: 19 of 20.")
    if high > 1:
        raise Wrong("An end above 1: this is the simple formula. Use interval, which is Wilson's.")
    raise Wrong("These are not the ends of the interval of 19 of 20: call interval with the two counts.")


@checker
def precision_and_recall(precision: object, recall: object) -> str:
    """Exercise 4.2: precision and recall of the 7; of 50 ones 2 were read as 7, of 50 sevens 40."""
    found = [float(numbers(each, ())) for each in (precision, recall)]

    def same(*other: float) -> bool:
        return np.allclose(found, other, atol=0.005)

    if same(40 / 42, 40 / 50):
        return "Right: what it calls a 7 nearly always is one, and it misses every fifth."
    if np.allclose(found, [100 * 40 / 42, 100 * 40 / 50], rtol=0.01):
        raise Wrong("The right numbers in per cent: write shares of 1.")
    if same(40 / 50, 40 / 42):
        raise Wrong("The two are exchanged: precision asks about all that was *read* as 7.")
    if same(48 / 58, 48 / 50):
        raise Wrong("These are the precision and the recall of the 1.")
    if max(found) > 1:
        raise Wrong("These are counts: a share is one count divided by another.")
    accuracy = {0.88: "is the accuracy"}
    for name, value, right, mistakes, below in (
        ("Precision", found[0], 40 / 42, {40 / 50: "is the recall"}, "How many did the machine *call* a 7?"),
        ("Recall", found[1], 40 / 50, {40 / 42: "divides by all that was read as 7"}, "How many true 7s are there?"),
    ):
        for mistake, sentence in (mistakes | accuracy).items():
            if np.isclose(value, mistake, rtol=0, atol=0.005):
                raise Wrong(f"{name}: this {sentence}.")
        if not np.isclose(value, right, rtol=0, atol=0.005):
            raise Wrong(f"{name}: not yet. {below} That number stands below the line.")
    return "Right."


@checker
def more_data(with_500: object, with_5000: object) -> str:
    """Exercise 4.4: the validation accuracies after training with 500 and with 5,000 digits."""
    few, many = (float(numbers(each, ())) for each in (with_500, with_5000))
    if max(few, many) > 1.5:
        raise Wrong("These are no shares of 1: take the accuracy, not the per cent, and not the loss.")
    if min(few, many) < 0.3:
        raise Wrong("That is little more than guessing, or it is a loss: take val_accuracy, after the last epoch.")
    if few > 0.985:
        raise Wrong("So good after 500 digits? That is the accuracy on the digits it learned from: take val_accuracy.")
    if many == few:
        raise Wrong("Both are the same: did the second training get 5,000 digits?")
    if many > 0.995:
        raise Wrong("So good after 5,000? That is the accuracy on the digits it learned from: take val_accuracy.")
    if many < few:
        raise Wrong("More data made it worse? The two may be exchanged.")
    if not 0.83 < few < 0.965 or not 0.95 < many < 0.99:
        raise Wrong("Out of the range that we found with several seeds: 20 epochs, and the schedule's steps to fit?")
    return f"Right: {1 - few:.1%} mistakes with 500 digits, {1 - many:.1%} with 5,000."


QUESTIONS: Questions = {
    "The training loss falls and falls, the validation loss rises. What is going on?": [
        Option("Overfitting.", "The network learns its examples by heart. More data or an earlier stop helps."),
        Option("The learning rate is too small.", "Then both would fall slowly, side by side."),
        Option("The network is too small.", "Then both would stay high: that is underfitting."),
    ],
    "9,925 of 10,000 right, and 9,932 with another network. Is the second one better?": [
        Option(
            "These two numbers cannot tell.",
            "Their intervals overlap widely. Compare digit by digit, or over several seeds.",
        ),
        Option("Yes, by seven digits.", "On these digits, with this seed. On others it may be the other way round."),
        Option("No, they are equally good.", "Not proven either. A small difference may be there, and not be seen."),
    ],
    "Of all that it calls an 8, 90 of 100 are 8s. What is 90 %?": [
        Option("The precision of the 8.", "Of what it *called* an 8: down a column of the matrix."),
        Option("The recall of the 8.", "Recall asks how many of the true 8s were found: along a row."),
        Option("The accuracy.", "Accuracy asks about all digits at once."),
    ],
    "A network is well calibrated on MNIST. It says 98 % of your photograph. How far may you trust the 98 %?": [
        Option(
            "Only if your picture is like MNIST's.",
            "Calibration is measured on pictures of one kind, and says nothing about another kind.",
        ),
        Option("98 of 100 times.", "On MNIST, yes. Your photograph is not from there."),
        Option("Not at all, ever.", "On the kind of picture it was measured on, such numbers hold well."),
    ],
}
