"""The checks and the quiz of notebook 07."""

from helpers.exercises.engine import checker, expect, numbers
from helpers.exercises.quiz import Option, Questions


@checker
def dense_multiply_adds(by_hand: object) -> str:
    """Exercise 7.2: the multiply-adds of 784-300-10."""
    mistakes = {
        0: "It is still 0: count the weights of the two layers.",
        784 * 300: "That is the first layer alone. One more.",
        300 * 10: "That is the second layer alone.",
        784 * 300 + 300 + 300 * 10 + 10: "These are the parameters. A bias is added, and multiplies nothing.",
        784 * 300 * 10: "The layers come one after the other: add their weights, do not multiply them.",
        784 * 10: "That is a network without the hidden layer.",
        784 + 300 + 10: "These are the units. Each *pair* of connected units has a weight.",
        2 * (784 * 300 + 300 * 10): "One multiply-add is a multiplication and its addition together: count it once.",
    }
    expect(float(numbers(by_hand, ())), 784 * 300 + 300 * 10, mistakes)
    return "Right: fewer than LeNet-5's 416,520."


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
