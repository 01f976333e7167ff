"""The checks and the quiz of notebook 05."""

from collections.abc import Callable

import numpy as np

from helpers.exercises.engine import Untouched, Wrong, checker, numbers, returned
from helpers.exercises.quiz import Option, Questions
from helpers.handwriting import HandwritingError
from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from helpers.handwriting.ink import cut_out, find_digits, find_ink
from helpers.handwriting.paper import find_darkness, find_paper, smooth_grain
from helpers.handwriting.picture import ink_is_light, read_picture
from helpers.samples import FOLDER, single_digits


@checker
def darkness_by_paper(darkness_of: object) -> str:
    """Exercise 5.1: which part of the paper's light is missing, the mean over the three colours."""
    rng = np.random.default_rng(0)
    paper = rng.integers(90, 250, (3, 5, 3)).astype(np.uint8)
    picture = (paper * rng.uniform(0.1, 1, paper.shape)).astype(np.uint8)
    picture[0], picture[1, 0] = paper[0], paper[1, 0] + 4  # grain: a pixel may be brighter than the paper around it
    given = picture.copy(), paper.copy()
    found = returned("darkness_of(picture, paper)", darkness_of, *given)
    if not (np.array_equal(given[0], picture) and np.array_equal(given[1], paper)):
        raise Wrong("The function has changed what it was given: work on a new array.")
    found, share = np.asarray(found), picture / paper
    if found.shape == picture.shape:
        raise Wrong("There are still three colours: take the mean over the last axis, axis=2.")
    if found.shape != picture.shape[:2]:
        raise Wrong(f"A picture of shape {picture.shape} has come back as {found.shape}: rows x columns is wanted.")
    right = (1 - share).mean(axis=2)
    for form in (right, (1 - share).clip(0).mean(axis=2), right.clip(0)):
        if np.allclose(found, form, rtol=0, atol=1e-5):
            return "Right: paper is 0 in light and in shadow, and full ink comes near to 1."
    light, wrapped = (
        picture.astype(float),
        "A number ran over the edge of uint8: divide first, since that gives decimals.",
    )
    for mistake, sentence in (
        (share, "Paper is 1 and ink is near 0 here: that is the light that is left. How much is missing?"),
        (share - 1, "The sign is turned round: ink is below 0."),
        (1 - light / 255, "The paper is not used: its shadow is still there. Divide by the paper, not by 255."),
        (
            (paper - light) / 255,
            "Subtracted, not divided: in a shadow the same ink would count less than in the light.",
        ),
        (paper - light, "Subtracted, not divided: in a shadow the same ink would count less than in the light."),
        (1 - paper / np.maximum(light, 1), "The two are exchanged: the picture is a part of its paper."),
        ((paper - picture) / paper, wrapped),
        (paper - picture, wrapped),
        (-picture / paper + 1, wrapped),
        ((1 - picture) / paper, wrapped),
        (1.0 - picture // paper, "Only 0 and 1 are left: // throws the decimals away."),
        (3 * (1 - share), "This is the sum over the colours: take their mean."),
        (((1 - share) > 0.5).astype(float), "Only 0 and 1 are left: pale ink is in between."),
    ):
        if np.allclose(found, mistake.mean(axis=2), rtol=0, atol=0.01):
            raise Wrong(sentence)
    if np.allclose(found, 1 - light.mean(axis=2) / paper.mean(axis=2), rtol=0, atol=0.01):
        raise Wrong("Nearly: divide each colour by its own paper first, and take the mean of the three after that.")
    if any(np.allclose(found, each, rtol=0, atol=0.01) for each in np.moveaxis(1 - share, 2, 0)):
        raise Wrong("That is one of the three colours: take the mean of all of them.")
    raise Wrong("Not yet. Try it on one pixel: as bright as its paper should give 0, half as bright 0.5.")


@checker
def way_to_the_middle(down: object, right: object) -> str:
    """Exercise 5.2: how far a digit with its mass in row 11.5, column 16.25 has to move to (14, 14)."""
    moves = [float(numbers(each, ())) for each in (down, right)]
    if np.allclose(moves, (2.5, -2.25)):
        return "Right: down by 2.5 rows, and to the left by 2.25 columns."
    for mistake, sentence in (
        ((-2.25, 2.5), "The two are exchanged: rows go down, columns go to the right."),
        ((-2.5, 2.25), "Both the wrong way: is row 11.5 above or below 14?"),
        ((2.0, -2.75), "This leads to 13.5, the middle of the rows 0 to 27. MNIST's makers used 14."),
        ((11.5, 16.25), "That is where it is, not how far it has to go."),
        ((0.0, 0.0), "Without a move it stays where it is."),
    ):
        if np.allclose(moves, mistake):
            raise Wrong(sentence)
    if np.isclose(moves[0], -2.5):
        raise Wrong("Down: the wrong way. Is row 11.5 above or below 14?")
    if np.isclose(moves[1], 2.25):
        raise Wrong("To the right: the wrong way. Is column 16.25 left or right of 14?")
    part = "To the right" if np.isclose(moves[0], 2.5) else "Down"
    raise Wrong(f"{part}: not yet. Where should it be, and where is it?")


# --- Exercise 5.3: the repairs one by one, and what each is worth ------------------------------------------------


def dark_ink(picture: np.ndarray) -> np.ndarray:
    """Do the first repair: dark ink on light paper, whichever way it was."""
    return 255 - picture if ink_is_light(picture) else picture


def page_of_ink(picture: np.ndarray) -> np.ndarray:
    """Do the second repair: 0 on paper."""
    return find_ink(*smooth_grain(find_darkness(picture, find_paper(picture))))


def largest_digit(ink: np.ndarray) -> np.ndarray:
    """Do the third repair: cut out the digit with the most ink."""
    labels, digits = find_digits(ink)
    if not digits:
        raise HandwritingError("The page is empty.")
    return cut_out(ink, labels, digits[0])


def centre_of_box(digit: np.ndarray) -> np.ndarray:
    """Put the box of a digit into the middle of a square, in place of its mass."""
    height, width = digit.shape
    side = round(max(height, width) * 28 / 20)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(digit, ((top, side - height - top), (left, side - width - left)))


LEFT_OUT: dict[str, tuple[Callable, ...]] = {
    "": (dark_ink, page_of_ink, largest_digit, centre_by_mass),
    "polarity": (page_of_ink, largest_digit, centre_by_mass),
    "cutting out": (dark_ink, page_of_ink, centre_by_mass),
    "mass": (dark_ink, page_of_ink, largest_digit, centre_of_box),
}


def prepared_without(step: str, path: object) -> np.ndarray:
    """Prepare a picture with one repair left out: 28 x 28, all 0 if nothing is found."""
    image = read_picture(path)
    try:
        for repair in LEFT_OUT[step]:
            image = repair(image)
    except HandwritingError:
        return np.zeros((28, 28), np.float32)
    return shrink_to_28(image)


#: What has been counted by `read_without`, which takes some seconds.
COUNTED: dict[str, dict[str, int]] = {}


def read_without(step: str) -> dict[str, int]:
    """Count how many samples the plain and the shipped network read with one repair left out."""
    from helpers.lenet import PLAIN_MODEL_FILE, load_lenet5, run

    if step in COUNTED:
        return COUNTED[step]
    singles = single_digits()
    images = np.stack([prepared_without(step, sample.path) for sample in singles])[..., np.newaxis]
    right = np.array([int(sample.label) for sample in singles])
    found = images.any(axis=(1, 2, 3))
    networks = {"plain": load_lenet5(PLAIN_MODEL_FILE), "shipped": load_lenet5()}
    for name, network in networks.items():
        answers = run(network, images).argmax(axis=1)
        COUNTED.setdefault(step, {})[name] = int(np.sum((answers == right) & found))
    return COUNTED[step]


#: A clean scan, chalk on a board, and a digit that is small on its page and has no light ink.
PROBES = [FOLDER / "clean_scan" / "2.png", FOLDER / "dark_board" / "4.jpg", FOLDER / "off-centre_and_small" / "5.jpg"]


def examine(name: str, step: str, prepare: object) -> None:
    """Raise Wrong unless a reader's function leaves out this repair, and nothing else."""
    for path in PROBES:
        found = np.asarray(returned(f"{name}(path)", prepare, path))
        if found.size != 784 or not np.issubdtype(found.dtype, np.number):
            raise Wrong(f"{name} should give one image of 28 x 28, and gives the shape {found.shape}.")
        image = found.reshape(28, 28)
        if np.allclose(image, prepared_without(step, path), rtol=0, atol=0.02):
            continue
        for other in LEFT_OUT:
            if other != step and np.allclose(image, prepared_without(other, path), rtol=0, atol=0.02):
                raise Wrong(f"{name}: {f'here the {other} is left out' if other else f'the {step} is still in it'}.")
        raise Wrong(f"{name}: besides the {step} something else has changed. Take one call out of prepare_centred.")


@checker
def missing_step(without_polarity: object, without_cutting_out: object, lost: object) -> str:
    """Exercise 5.3: two functions that leave one repair out, and how many pictures each of three repairs is worth."""
    names = ("polarity", "cutting out", "mass")
    for name, step, prepare in (
        ("without_polarity", "polarity", without_polarity),
        ("without_cutting_out", "cutting out", without_cutting_out),
    ):
        examine(name, step, prepare)
    if not isinstance(lost, dict) or set(lost) != set(names):
        raise Wrong('lost should stay a dictionary with the three names "polarity", "cutting out" and "mass".')
    if any(each is ... for each in lost.values()):
        raise Untouched
    mine = np.array([float(numbers(lost[name], ())) for name in names])
    counts = {network: [read_without(step)[network] for step in ("", *names)] for network in ("plain", "shipped")}
    worth = {network: count[0] - np.array(count[1:]) for network, count in counts.items()}
    if np.all(np.abs(mine - worth["plain"]) <= 1):  # a picture on the edge may fall either way
        return f"Right: the {names[worth['plain'].argmax()]} is worth most here, to the plain network."
    for mistake, sentence in (
        (-worth["plain"], "A loss is counted upwards: how many fewer are read?"),
        (
            np.array(counts["plain"][1:]),
            "These are the pictures that are still read. How many fewer than with all repairs?",
        ),
        (80 - np.array(counts["plain"][1:]), "Counted from 80: count from what all repairs reach."),
        (worth["shipped"], "These are the losses of the shipped network: the plain one is asked for."),
    ):
        if np.all(np.abs(mine - mistake) <= 1):
            raise Wrong(sentence)
    wrong = next(name for name, given, right in zip(names, mine, worth["plain"], strict=True) if abs(given - right) > 1)
    raise Wrong(f"Without the {wrong}: not yet. Measure it, and subtract from what all repairs reach.")


QUESTIONS: Questions = {
    "Photographs are read badly, MNIST is read well. Where do you look first?": [
        Option("At the 28 x 28 that the network gets.", "Most often it is another kind of picture than it knows."),
        Option("At the network: it needs more layers.", "It read 99 of 100 digits. Show it what it knows first."),
        Option("At the photograph.", "You can read it. But the network never sees it."),
    ],
    "Why not call every pixel ink that is darker than 128?": [
        Option(
            "In a shadow, paper is darker than 128 as well.",
            "Ink is darker than the paper *around it*: divide by the paper first.",
        ),
        Option("128 is too low. 200 would do.", "No single number does: light changes over the page."),
        Option("It would be too slow.", "It is the fastest rule of all. It is wrong."),
    ],
    "Two networks read the same 80 pictures. Only A reads 3 of them, only B reads 15. How do you compare A and B?": [
        Option(
            "By the 18 pictures on which they differ: 3 against 15.",
            "The sign test: would a fair coin fall so unevenly? Seldom.",
        ),
        Option(
            "By their two intervals: if these overlap, neither is shown to be better.",
            "Intervals that overlap do not show that. And they forget that the pictures are the same ones.",
        ),
        Option("By the number that is larger.", "A difference of one picture would then decide."),
    ],
    "Nineteen of your twenty digits are read. What have you shown?": [
        Option(
            "That the true share may well be anywhere from about 76 to 99 %.",
            "Twenty digits leave a wide interval, and they come from one hand, one pen, one lamp.",
        ),
        Option("That it is worse than the 99 % on MNIST.", "Not shown: 99 % may well miss one of twenty."),
        Option("That it reads 95 % of all handwriting.", "Of yours, perhaps, and give or take a lot."),
    ],
}
