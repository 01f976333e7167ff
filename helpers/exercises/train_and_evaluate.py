"""The checks and the quiz of notebook 04, and the five trainings that were made to fail."""

import functools
from collections.abc import Callable

import numpy as np

from helpers.evaluation import interval
from helpers.exercises.engine import Untouched, Wrong, checker, name_slip, numbers, one_by_one
from helpers.exercises.quiz import Option, Questions
from helpers.lenet import lenet5
from helpers.quiet import keras


@checker
def twenty_nine_of_thirty(ends: object) -> str:
    """Exercise 4.1: the 95 % interval of 29 right of 30."""
    if np.size(ends) == 1 and numbers(ends, ()).size:
        raise Wrong("This is one number, and an interval has two ends: give all that interval gives.")
    low, high = found = numbers(ends, (2,))
    right = low_right, high_right = interval(29, 30)
    if np.allclose(found, right, rtol=0, atol=0.005):
        missing = 1 - 0.992**30
        return f"Right: {low:.1%} to {high:.1%}. Even 99.2 % misses one of thirty in {missing:.0%} of such tests."
    for author, ends_of_theirs in OTHER_INTERVALS.items():
        if np.allclose(found, ends_of_theirs, rtol=0, atol=0.002):
            return f"Right as well: these are the ends of {author} interval. Wilson's differ a little."
    share = "interval was given a share and 1: it wants the two counts, the digits read and all digits."
    one = "This is the interval of about 1 of 30: count the right ones, and give a count, not the share 0.97."
    middle, half = (low_right + high_right) / 2, (high_right - low_right) / 2
    slips = [((middle, half), "The middle and half the width: the ends are the middle minus half and plus half.")]
    slips += [((29, 30), "These are the two counts: give them to interval.")]
    slips += [(right[::-1], "The lower end comes first.")]
    slips += [(interval(29 / 30, 1), share), (interval(1 / 30, 1), share), (interval(1, 30), one)]
    name_slip(found, slips, atol=0.005)
    per_cent = "The right ends in per cent: leave them as shares of 1, as interval gives them."
    name_slip(found, [(np.multiply(right, 100), per_cent)], atol=0.5)
    other_z = "Another confidence, {}: 95 % has z = 1.96."
    slips = [(ends_of_z, other_z.format(name)) for name, ends_of_z in OTHER_CONFIDENCE.items()]
    simple = "This is the simple formula, which is wrong near 100 %. Use interval, which is Wilson's."
    slips += [((29 / 30, 29 / 30), "That is the accuracy itself, twice.")]
    slips += [((0.9024, 1), simple), ((0.9339, 0.9994), simple)]
    forgets = "This is the interval of {:g} of {:,}. A percentage forgets how many there were: 29 of 30."
    slips += [
        (interval(part * total, total), forgets.format(part * total, total))
        for total in (100, 1000, 10_000)
        for part in (0.97, 0.967, 0.9667, 29 / 30)
    ]
    slips += [
        (interval(count, total), f"This is the interval of {count} of {total}: 29 of 30 were read.")
        for total in range(1, 101)
        for count in range(total + 1)
    ]
    name_slip(found, slips, atol=6e-4)
    if low > high:
        raise Wrong("The lower end comes first.")
    if high > 1:
        raise Wrong("An end above 1: this is the simple formula. Use interval, which is Wilson's.")
    if 0 < high - low < 0.05 and low > 0.5:
        raise Wrong(
            "So narrow an interval needs hundreds of digits: interval wants all digits second, and here are 30."
        )
    raise Wrong("These are not the ends of the interval of 29 of 30: call interval with the two counts.")


#: 95 % intervals of 29 of 30 by other methods that hold near 100 %, and Wilson's at other confidences.
OTHER_INTERVALS = {
    "Clopper and Pearson's": (0.8278, 0.9992),
    "Jeffreys's": (0.8546, 0.9964),
    "Wilson's corrected": (0.8095, 0.9983),
}
OTHER_CONFIDENCE = {"68 %": (0.9160, 0.9872), "90 %": (0.8636, 0.9925), "99 %": (0.7682, 0.9961)}


@checker(partly=True)
def precision_and_recall(precision: object, recall: object) -> str:
    """Exercise 4.2: precision and recall of the 7; of 50 ones 2 were read as 7, of 50 sevens 40."""
    right = 40 / 42, 40 / 50
    if not any(answer is ... or answer is None for answer in (precision, recall)):
        name_slip(
            [float(numbers(each, ())) for each in (precision, recall)],
            [
                (right[::-1], "The two are exchanged: precision asks about all that was *read* as 7."),
                ((48 / 58, 48 / 50), "These are the precision and the recall of the 1."),
            ],
            atol=0.005,
        )
    either = [
        (40 / 42, "this divides by all that was read as 7: that is the precision."),
        (40 / 50, "this divides by all true 7s: that is the recall."),
        (88 / 100, "this is the accuracy."),
        (40 / 100, "this divides by all hundred digits."),
        (40 / 88, "this divides by all right answers."),
        (48 / 50, "this is the recall of the 1."),
        (48 / 58, "this is the precision of the 1."),
        (42 / 50, "42 were read as a 7, but two of them were not: above the line only those that were."),
        (42 / 100, "this is how often it says 7, right or wrong."),
        (50 / 100, "this is how many of the digits are 7s."),
        (40 / 48, "48 is the number of right 1s: the 7 alone is asked."),
        (40 / 52, "both kinds of mistake stand below the line: one kind belongs to the precision, one to the recall."),
        (80 / 92, "this is the F1 score, which is made of both."),
        (2 / 42, "this is the share of the wrong ones: how many are right?"),
        (2 / 50, "this is the share of the 1s that were read as 7."),
        (10 / 50, "this is the share of the 7s that were missed: how many were found?"),
        (0, "this is 0, as if no 7 had been read."),
        (1, "this is 1, as if no mistake had been made."),
    ]

    def part(share: float, below: str) -> Callable:
        def judge(answer: object) -> None:
            value = float(numbers(answer, ()))
            if np.isclose(value, share, rtol=0, atol=0.005):
                return
            name_slip(value, either, atol=0.005)
            name_slip(value, [(100 * share, "the right number in per cent: write a share of 1.")], atol=0.5)
            name_slip(value, [(1 / share, "upside down: the larger count stands below the line.")], atol=0.005)
            if value > 1:
                raise Wrong("this is a count: a share is one count divided by another.")
            raise Wrong(f"not yet. {below} That number stands below the line.")

        return judge

    one_by_one(
        {
            "Precision": (precision, part(right[0], "How many did the machine *call* a 7?")),
            "Recall": (recall, part(right[1], "How many true 7s are there?")),
        }
    )
    return "Right: what it calls a 7 nearly always is one, and it misses every fifth."


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


def _diagnosed(diagnosis: object) -> None:
    """Raise Wrong for a wrong word, Untouched for one that is missing."""
    if not isinstance(diagnosis, dict) or not diagnosis:
        raise Wrong('A dictionary is wanted: {"A": "...", "B": "...", ...}, with a word for each letter.')
    said = {str(letter).strip().upper(): word for letter, word in diagnosis.items()}
    letters = [name for name in PATIENTS if name != "healthy"]
    if {word.upper() for word in CLUES} & set(said):
        raise Wrong("The other way round: the letter comes first, then its word.")
    if sorted(said) != letters:
        raise Wrong("One word for each of the letters A, B, C, D and E is wanted.")
    dots = [letter for letter in letters if said[letter] in (..., None, "")]
    said = {letter: str(said[letter]).strip().lower() for letter in letters if letter not in dots}
    for letter, word in said.items():
        if word not in CLUES:
            raise Wrong(f"{letter}: {word!r} is none of the five words: {', '.join(sorted(CLUES))}.")
    for word in CLUES:
        if list(said.values()).count(word) > 1:
            raise Wrong(f"{word!r} stands there more than once: each thing was done to one training only.")
    for letter, word in said.items():
        if word != PATIENTS[letter]:
            raise Wrong(f"{letter}: {EXPECTED[word]}. The clue that you missed: {CLUES[PATIENTS[letter]]}.")
    if dots:
        raise Untouched(f"{', '.join(said)} right, {', '.join(dots)} not attempted yet." if said else "")


def _least_loss(floor: object) -> None:
    """Raise Wrong unless this is the least loss that two softmaxes allow."""
    value, right = float(numbers(floor, ())), np.log(np.e + 9) - 1
    if np.isclose(value, right, rtol=0, atol=0.002):
        return
    brackets = "below the line stand all ten: e for the 1, and once e to the power of 0 for each of the nine 0s."
    name_slip(
        value,
        [
            (0, "0 would need a probability of 1. What does softmax make of 1 and nine 0s?"),
            (1, "the 1 is what the first softmax gives at best. The second gets this 1 and nine 0s."),
            (np.exp(-right), "this is the probability; the loss is its negative logarithm."),
            (23.2, "this is the probability in per cent; the loss is the negative logarithm of the share."),
            (
                1 - np.exp(-right),
                "this is 1 minus the probability: the loss is the negative logarithm of the probability itself.",
            ),
            (1 / (np.e + 9), "this is the probability of one of the nine others, and no loss yet."),
            (np.log(np.e + 9), "this is the loss if one of the nine others were true: above the line stands e."),
            (-right, "a loss is not negative. Where is the minus sign?"),
            (right / np.log(10), "this is the logarithm to the base 10; the loss takes the natural one."),
            (right / np.log(2), "this is the logarithm to the base 2; the loss takes the natural one."),
            (np.log(10), "this is the loss of guessing, when all ten inputs are equal."),
            (np.log(9), "this leaves the true digit out: " + brackets),
            (np.log(9) - 1, "this leaves the true digit out: " + brackets),
            (np.log(10) - 1, "this is e of ten: " + brackets),
            (np.log(np.e + 10) - 1, "one too many: ten digits are one true and *nine* others."),
            (np.log(np.e + 8) - 1, "one too few: ten digits are one true and *nine* others."),
            (np.log(np.e + 1) - 1, "these are two digits: there are nine others."),
        ],
        atol=0.002,
    )
    if 1.4 < value < 1.65:
        raise Wrong("read off a curve, it seems. It can be computed: softmax of 1 and nine 0s.")
    raise Wrong("not yet. At best the first softmax gives 1 and nine 0s; the second gets those.")


@checker(partly=True)
def diagnoses(diagnosis: object, floor: object) -> str:
    """Exercise 4.3: what is wrong with each of the five trainings, and the least loss that two softmaxes allow."""
    one_by_one({"The five words": (diagnosis, _diagnosed), "The floor": (floor, _least_loss)})
    least = np.log(np.e + 9) - 1
    return f"Right, all five. Two softmaxes give the true digit at most {np.exp(-least):.0%}: a loss of {least:.3f}."


#: Below this the loss of a first epoch is none of a new network: those of 4.4 have 1.4 to 2.3 (six seeds, three rates),
#: and networks that had learned before 0.003 to 0.3.
NEWBORN = 0.7


def _trained_anew(amount: int, fitted: object) -> None:
    """Raise Wrong unless this is what fit returned of a new network that has seen so many digits for 20 epochs."""
    if isinstance(fitted, dict):
        raise Wrong("That is the dictionary in what fit returned: leave .history away.")
    if isinstance(fitted, keras.Model):
        raise Wrong("That is the network: give what its fit returned.")
    if callable(fitted):
        raise Wrong("That is a function: call it, and give what fit returned.")
    if not isinstance(fitted, keras.callbacks.History):
        raise Wrong("A number can be typed. Give what fit returned, the object itself: it knows how it was made.")
    curve, epochs, steps = fitted.history, len(fitted.history.get("loss", [])), fitted.params.get("steps")
    if "val_accuracy" not in curve:
        raise Wrong("there is no val_accuracy in it. compile wants the metric, fit the validation data.")
    if epochs != 20:
        raise Wrong(f"{epochs} epochs, and 20 are wanted.")
    if steps != -(-amount // 128):
        other = {4: 500, 40: 5000, 430: 55_000}.get(steps)
        found = f"it saw {other:,} digits, it seems" if other else f"{steps} steps an epoch"
        raise Wrong(f"{found}. With batches of 128 it should be {-(-amount // 128)} steps.")
    if fitted.model is not None:
        if int(fitted.model.optimizer.iterations) > epochs * steps:
            raise Wrong("this network had been trained before. Build a new one each time.")
        if not isinstance(fitted.model.optimizer.get_config()["learning_rate"], dict):
            raise Wrong("this learning rate has no schedule. Give AdamW a warmup_cosine.")
    if curve["loss"][0] < NEWBORN:
        raise Wrong(
            f"this network had learned before: its first epoch has a loss of {curve['loss'][0]:.2f}, a newborn's is "
            "near 2. To compile it anew keeps its weights: build a new one each time, with lenet5()."
        )


@checker(partly=True)
def more_data(with_500: object, with_5000: object) -> str:
    """Exercise 4.4: what `fit` returned of the trainings with 500 and with 5,000 digits."""
    both = with_500, with_5000
    if [getattr(fitted, "params", {}).get("steps") for fitted in both] == [40, 4]:
        raise Wrong("The two are exchanged: first what fit returned with 500 digits, then with 5,000.")
    if getattr(with_500, "model", None) is not None and with_500.model is getattr(with_5000, "model", None):
        raise Wrong("5,000 digits: this is the network that had the 500. Build a new one, and compile it anew.")
    one_by_one(
        {
            "500 digits": (with_500, functools.partial(_trained_anew, 500)),
            "5,000 digits": (with_5000, functools.partial(_trained_anew, 5000)),
        }
    )
    rates = [fitted.model.optimizer.get_config()["learning_rate"] for fitted in both if fitted.model is not None]
    if len({rate["config"].get("warmup_target") for rate in rates}) > 1:
        raise Wrong("The two had different learning rates. Change one thing only: the digits.")
    few, many = last = [fitted.history["val_accuracy"][-1] for fitted in both]
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
