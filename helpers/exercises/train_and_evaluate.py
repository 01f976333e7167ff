"""The checks and the quiz of notebook 04, and the five trainings that were made to fail."""

import numpy as np

from helpers.evaluation import interval
from helpers.exercises.engine import Untouched, Wrong, checker, numbers
from helpers.exercises.quiz import Option, Questions
from helpers.lenet import lenet5
from helpers.quiet import keras


@checker
def twenty_nine_of_thirty(ends: object) -> str:
    """Exercise 4.1: the 95 % interval of 29 right of 30."""
    low, high = numbers(ends, (2,))
    right = interval(29, 30)

    def near(other: object, factor: float = 1) -> bool:
        return np.allclose([low, high], np.multiply(other, factor), rtol=0, atol=0.005 * factor)

    if low > high:
        raise Wrong("The lower end comes first.")
    if near(right):
        missing = 1 - 0.992**30
        return f"Right: {low:.1%} to {high:.1%}. Even 99.2 % misses one of thirty in {missing:.0%} of such tests."
    if near(right, 100):
        raise Wrong("The right ends in per cent: leave them as shares of 1, as interval gives them.")
    if near((0.8278, 0.9992)):
        return "Right as well: these are the ends of Clopper and Pearson's interval, a little wider than Wilson's."
    if near(interval(29 / 30, 1)):
        raise Wrong("interval was given a share and 1: it wants the two counts, the digits read and all digits.")
    if near(interval(1, 30)):
        raise Wrong(
            "This is the interval of about 1 of 30: count the right ones, and give a count, not the share 0.97."
        )
    if near(interval(97, 100)) or near(interval(96.67, 100)):
        raise Wrong("This is the interval of 97 of 100. A percentage forgets how many there were: 29 of 30.")
    if high > 1:
        raise Wrong("An end above 1: this is the simple formula. Use interval, which is Wilson's.")
    raise Wrong("These are not the ends of the interval of 29 of 30: call interval with the two counts.")


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


#: What was done to each patient of exercise 4.3.
PATIENTS = {"healthy": "", "A": "softmax", "B": "dead", "C": "scale", "D": "labels", "E": "rate"}


def train_patient(name: str, digits: tuple, validation: tuple, seed: int = 1) -> dict[str, list[float]]:
    """Train LeNet-5 for 12 epochs, "healthy" or, as "A" to "E", with one thing wrong: return its curves.

    digits, validation: images as the network reads them, and labels. Each curve begins before the first step.
    """
    fault = PATIENTS[name]
    keras.utils.set_random_seed(seed)
    (x, y), (x_validation, y_validation), rate, network = digits, validation, 0.002, lenet5()
    if fault == "rate":
        rate *= 100
    if fault == "labels":
        y = np.random.default_rng(seed).permutation(y)
    if fault == "scale":
        x, x_validation = 255 * x, 255 * x_validation
    if fault == "softmax":
        network.add(keras.layers.Softmax())
    if fault == "dead":
        network.get_layer("F6").bias.assign(np.full(84, -10))
    network.compile(keras.optimizers.AdamW(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [network.evaluate(*each, batch_size=500, verbose=0) for each in ((x, y), (x_validation, y_validation))]
    first = dict(zip(("loss", "accuracy", "val_loss", "val_accuracy"), (*before[0], *before[1]), strict=True))
    after = network.fit(x, y, batch_size=64, epochs=12, validation_data=(x_validation, y_validation), verbose=0).history
    return {key: [first[key], *after[key]] for key in first}


#: For each fault: where a training with it differs from all others, and what a wrong diagnosis would have looked like.
CLUES = {
    "softmax": "accuracy and loss do not fit together: many right, and a loss far above that of the healthy one",
    "dead": "the training loss is flat from the first step to the last, at the loss of guessing",
    "scale": "the loss before the first step: ten probabilities that are nearly equal could not cost so much",
    "labels": "the curves part: the training loss falls below that of guessing, the validation loss climbs above it",
    "rate": "the loss begins at that of guessing, leaps up in the first epoch, and never goes below it again",
}
EXPECTED = {
    "softmax": "With a second softmax the network still learns to read, while the loss stays above 1",
    "dead": "With dead units nothing at all would move, in the first epoch either",
    "scale": "With unscaled inputs the loss would be high before the first step already, and then fall",
    "labels": "With shuffled labels the training loss would fall, slowly, and the validation loss would climb",
    "rate": "A rate that is far too high would show as a leap of the loss right after the start",
}


@checker
def diagnoses(diagnosis: object, floor: object) -> str:
    """Exercise 4.3: what is wrong with each of the five trainings, and the least loss that two softmaxes allow."""
    if not isinstance(diagnosis, dict) or not diagnosis:
        raise Wrong('A dictionary is wanted: {"A": "...", "B": "...", ...}, with a word for each letter.')
    said = {str(letter).strip().upper(): word for letter, word in diagnosis.items()}
    if any(word is ... for word in said.values()):
        raise Untouched
    letters = [name for name in PATIENTS if name != "healthy"]
    if sorted(said) != letters:
        raise Wrong("One word for each of the letters A, B, C, D and E is wanted.")
    said = {letter: str(said[letter]).strip().lower() for letter in letters}
    for letter, word in said.items():
        if word not in CLUES:
            raise Wrong(f"{letter}: {word!r} is none of the five words: {', '.join(sorted(CLUES))}.")
    for word in CLUES:
        if list(said.values()).count(word) > 1:
            raise Wrong(f"{word!r} stands there more than once: each thing was done to one training only.")
    for letter, word in said.items():
        if word != PATIENTS[letter]:
            raise Wrong(f"{letter}: {EXPECTED[word]}. The clue that you missed: {CLUES[PATIENTS[letter]]}.")
    value, right = float(numbers(floor, ())), np.log(np.e + 9) - 1
    if np.isclose(value, right, rtol=0, atol=0.002):
        return (
            f"Right, all five. Two softmaxes give the true digit at most {np.exp(-right):.0%}: a loss of {right:.3f}."
        )
    if np.isclose(value, 0, atol=1e-6):
        raise Wrong(
            "The five are right. The floor: 0 would need a probability of 1. What does softmax make of 1 and nine 0s?"
        )
    if np.isclose(value, np.exp(-right), rtol=0, atol=0.002):
        raise Wrong("The five are right. The floor: this is the probability; the loss is its negative logarithm.")
    if np.isclose(value, -right, rtol=0, atol=0.002):
        raise Wrong("The five are right. The floor: a loss is not negative. Where is the minus sign?")
    if np.isclose(value, right / np.log(10), rtol=0, atol=0.002):
        raise Wrong(
            "The five are right. The floor: this is the logarithm to the base 10; the loss takes the natural one."
        )
    if np.isclose(value, np.log(10), rtol=0, atol=0.002):
        raise Wrong("The five are right. The floor: this is the loss of guessing, when all ten inputs are equal.")
    if 1.4 < value < 1.65:
        raise Wrong(
            "The five are right. The floor: read off a curve, it seems. It can be computed: softmax of 1 and nine 0s."
        )
    raise Wrong(
        "The five are right. The floor: not yet. At best the first softmax gives 1 and nine 0s; the second gets those."
    )


@checker
def more_data(with_500: object, with_5000: object) -> str:
    """Exercise 4.4: what `fit` returned of the trainings with 500 and with 5,000 digits."""
    last, peaks = [], []
    steps_of = [getattr(fitted, "params", {}).get("steps") for fitted in (with_500, with_5000)]
    if steps_of == [40, 4]:
        raise Wrong("The two are exchanged: first what fit returned with 500 digits, then with 5,000.")
    if getattr(with_500, "model", None) is not None and with_500.model is getattr(with_5000, "model", None):
        raise Wrong("5,000 digits: this is the network that had the 500. Build a new one, and compile it anew.")
    for amount, fitted in ((500, with_500), (5000, with_5000)):
        if isinstance(fitted, dict):
            raise Wrong("That is the dictionary in what fit returned: leave .history away.")
        if not isinstance(fitted, keras.callbacks.History):
            raise Wrong("A number can be typed. Give what fit returned, the object itself: it knows how it was made.")
        epochs, steps = len(fitted.history.get("loss", [])), fitted.params.get("steps")
        if "val_accuracy" not in fitted.history:
            raise Wrong(
                f"{amount:,} digits: there is no val_accuracy in it. compile wants the metric, fit the validation data."
            )
        if epochs != 20:
            raise Wrong(f"{amount:,} digits: {epochs} epochs, and 20 are wanted.")
        if steps != -(-amount // 128):
            other = {4: 500, 40: 5000, 430: 55_000}.get(steps)
            found = f"it saw {other:,} digits, it seems" if other else f"{steps} steps an epoch"
            raise Wrong(f"{amount:,} digits: {found}. With batches of 128 it should be {-(-amount // 128)} steps.")
        if fitted.model is not None and int(fitted.model.optimizer.iterations) > epochs * steps:
            raise Wrong(f"{amount:,} digits: this network had been trained before. Build a new one each time.")
        if fitted.model is not None:
            rate = fitted.model.optimizer.get_config()["learning_rate"]
            if not isinstance(rate, dict):
                raise Wrong(f"{amount:,} digits: this learning rate has no schedule. Give AdamW a warmup_cosine.")
            peaks.append(rate["config"].get("warmup_target"))
        last.append(fitted.history["val_accuracy"][-1])
    if len(set(peaks)) > 1:
        raise Wrong("The two had different learning rates. Change one thing only: the digits.")
    few, many = last
    if min(last) < 0.3:
        raise Wrong("That is little more than guessing: does the schedule know its own number of steps?")
    if not 0.83 < few < 0.965 or not 0.95 < many < 0.99:
        raise Wrong("Out of the range that we found with several seeds: the schedule's steps to fit, the same rate?")
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
            "On how many digits do the two differ, and who is right there? And what do other seeds give?",
        ),
        Option("Yes, by seven digits.", "On these digits, with this seed. On others it may be the other way round."),
        Option("No, they are equally good.", "Not proven either. A small difference may be there, and not be seen."),
    ],
    "Someone tried forty settings and kept the one that was best on the test digits. What of its test accuracy?": [
        Option("It is too good.", "The best of forty is partly the luckiest of forty. Choose by validation digits."),
        Option("It is honest: nothing was trained on them.", "Choosing by them is a way of learning from them, too."),
        Option("It is too low.", "A choice by these digits can only favour what happens to suit them."),
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
