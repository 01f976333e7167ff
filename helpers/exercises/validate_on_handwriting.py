"""The checks and the quiz of notebook 05."""

import functools
from collections.abc import Callable

import cv2
import numpy as np

from helpers.exercises.engine import Wrong, checker, name_slip, numbers, one_by_one, returned
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
    if found.shape == (*picture.shape[:2], 1):
        raise Wrong("The axis of the colours is still there, with a length of 1: leave keepdims away.")
    if found.shape != picture.shape[:2]:
        raise Wrong(f"A picture of shape {picture.shape} has come back as {found.shape}: rows x columns is wanted.")
    missing, light = 1 - share, picture.astype(float)
    right = missing.mean(axis=2)
    for form in (right, missing.clip(0).mean(axis=2), right.clip(0)):
        if np.allclose(found, form, rtol=0, atol=1e-3):
            return "Right: paper is 0 in light and in shadow, and full ink comes near to 1."
    if not np.isfinite(found).all():
        raise Wrong("There is a NaN or an infinity in it: divide by the paper, which is nowhere 0.")
    wrapped = "A number ran over the edge of uint8: divide first, since that gives decimals."
    subtracted = "Subtracted, not divided: in a shadow the same ink would count less than in the light."
    whole = "One number stands for all the paper, and a shadow is dark by it: divide each pixel by its own paper."
    one_light = "Paper is 1 and ink is near 0 here: that is the light that is left. How much is missing?"
    colour_first = "Nearly: divide each colour by its own paper first, and take the mean of the three after that."
    binary = "Only 0 and 1 are left: pale ink is in between."
    means = light.mean(axis=2), paper.mean(axis=2)
    slips = [
        (share, one_light),
        (means[0] / means[1], f"{one_light} And divide each colour by its own paper."),
        (share - 1, "The sign is turned round: ink is below 0."),
        (1 - light / 255, "The paper is not used: its shadow is still there. Divide by the paper, not by 255."),
        (255 - light, "The paper is not used: its shadow is still there. Divide by the paper."),
        (1 - light / 128, "The paper is not used: its shadow is still there. Divide by the paper, not by 128."),
        (light, "That is the picture itself: how much of the paper's light is missing there?"),
        (light < 128, "One threshold for the whole picture: divide by the paper, which knows the shadow."),
        ((255 - light) / paper, "What is missing counts from the paper, not from 255."),
        (1 - light / paper.max(), whole),
        (1 - light / paper.mean(), whole),
        (1 - light / picture.max(), whole),
        ((paper - light) / 255, subtracted),
        (paper - light, subtracted),
        (abs(paper - light), subtracted),
        (1 - paper / np.maximum(light, 1), "The two are exchanged: the picture is a part of its paper."),
        (paper / np.maximum(light, 1), "The two are exchanged: the picture is a part of its paper."),
        ((paper - picture) / paper, wrapped),
        ((paper - picture) / 255, wrapped),
        (paper - picture, wrapped),
        ((picture - paper) / paper, wrapped),
        (-picture / paper + 1, wrapped),
        (-picture / 255 + 1, "A number ran over the edge of uint8 at the minus sign. And divide by the paper."),
        ((1 - picture) / paper, wrapped),
        ((paper - picture).mean(axis=2) / means[1], wrapped),
        (1.0 - picture // paper, "Only 0 and 1 are left: // throws the decimals away."),
        (3 * missing, "This is the sum over the colours: take their mean."),
        (255 * missing, "The right part, but from 0 to 255: leave it from 0 to 1."),
        (100 * missing, "The right part, but in per cent: leave it from 0 to 1."),
        ((255 * right).astype(np.uint8), "The right part, but as whole numbers to 255: leave it from 0 to 1."),
        (
            right.astype(int),
            "All is 0. If that comes from a conversion to whole numbers: the parts below 1 are gone by it.",
        ),
        (right.round(), binary),
        (right > 0.5, binary),
        (missing > 0.5, binary),
        (missing.max(axis=2), "This is the colour in which most is missing: take the mean of the three."),
        (missing.min(axis=2), "This is the colour in which least is missing: take the mean of the three."),
        (np.median(missing, axis=2), "This is the middle one of the three colours, the median: take their mean."),
        (missing.prod(axis=2), "The three colours are multiplied: take their mean."),
        (1 - share**2, "The share of the light is squared: leave it as it is."),
        (
            abs(missing),
            "Paper that is a little brighter than its surroundings is no ink: leave the sign, or cut it at 0.",
        ),
        (1 - light / (paper + 1.0), "The paper is nowhere 0: divide by it as it is, without a + 1."),
        (1 - means[0] / means[1], colour_first),
        ((right * 100).round() / 100, "The right part, but rounded: leave its decimals."),
    ]
    slips = [(slip.mean(axis=2) if slip.ndim == 3 else slip, sentence) for slip, sentence in slips]
    # what lies near to the right one needs a sharp eye; what is cut at 0 or has 1 for a black pixel a blunt one
    name_slip(found, slips, atol=1e-3)
    name_slip(found, [(slip, sentence) for slip, sentence in slips if abs(slip - right).max() > 0.1], atol=0.01)
    if any(np.allclose(found, each, rtol=0, atol=0.01) for each in np.moveaxis(missing, 2, 0)):
        raise Wrong("That is one of the three colours: take the mean of all of them.")
    if np.ptp(found) == 0:
        raise Wrong("Not yet: every pixel gets the same number. Compare each with its own paper.")
    raise Wrong("Not yet. Try it on one pixel: as bright as its paper should give 0, half as bright 0.5.")


@checker(partly=True)
def way_to_the_middle(down: object, right: object) -> str:
    """Exercise 5.2: how far a digit with its mass in row 11.5, column 16.25 has to move to (14, 14)."""
    way, place = (2.5, -2.25), (11.5, 16.25)
    other = "that is the way of the other one: rows go down, columns to the right."
    if not any(answer is ... or answer is None for answer in (down, right)):
        name_slip(
            [float(numbers(each, ())) for each in (down, right)],
            [
                (way[::-1], "The two are exchanged: rows go down, columns go to the right."),
                (np.negative(way), "Both the wrong way: is row 11.5 above or below 14?"),
                ((2.0, -2.75), "This leads to 13.5, the middle of the rows 0 to 27. MNIST's makers used 14."),
                (place, "That is where it is, not how far it has to go."),
                ((14, 14), "That is where it should be, not how far it has to go."),
                ((0.0, 0.0), "Without a move it stays where it is."),
            ],
        )

    def part(move: float, start: float, backwards: str) -> Callable:
        def judge(answer: object) -> None:
            value = float(numbers(answer, ()))
            if np.isclose(value, move):
                return
            name_slip(
                value,
                [
                    (-move, f"the wrong way. {backwards}"),
                    (13.5 - start, "this leads to 13.5, or is rounded. MNIST's makers used 14, and half pixels count."),
                    (start - 13.5, f"this counts from 13.5, and the wrong way. {backwards}"),
                    (start, "that is where it is, not how far it has to go."),
                    (14, "that is where it should be, not how far it has to go."),
                    (14 + start, "a sum: how far it is from one to the other is a difference."),
                    (28 - start, "that is how far it is to the rim: the middle is the aim."),
                    ((14 + start) / 2, "that is half-way between: how far is the whole way?"),
                    (14.5 - start, "this leads to 14.5: the aim is (14, 14)."),
                    (13 - start, "this leads to 13: the aim is (14, 14)."),
                    *((sign * sum(way) - sign * move, other) for sign in (1, -1)),
                    (0, "without a move it stays where it is."),
                    (np.floor(move), "rounded: parts of a pixel count."),
                    (np.ceil(move), "rounded: parts of a pixel count."),
                ],
            )
            raise Wrong("not yet. Where should it be, and where is it?")

        return judge

    one_by_one(
        {
            "Down": (down, part(way[0], place[0], "Is row 11.5 above or below 14?")),
            "To the right": (right, part(way[1], place[1], "Is column 16.25 left or right of 14?")),
        }
    )
    return "Right: down by 2.5 rows, and to the left by 2.25 columns."


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


#: What else a reader's function may have become: the repairs that it does, and a sentence.
ASTRAY: tuple[tuple[tuple[Callable, ...], str], ...] = (
    ((page_of_ink, centre_by_mass), "the polarity and the cutting out are both left out. Leave out one."),
    ((page_of_ink, largest_digit, centre_of_box), "the polarity and the mass are both left out. Leave out one."),
    ((dark_ink, page_of_ink, centre_of_box), "the cutting out and the mass are both left out. Leave out one."),
    ((dark_ink, page_of_ink, largest_digit), "nothing brings it to the middle: centre_by_mass belongs in it."),
    ((page_of_ink, largest_digit), "nothing brings it to the middle: centre_by_mass belongs in it."),
    ((dark_ink, page_of_ink), "nothing brings it to the middle: centre_by_mass belongs in it."),
)


def squeezed(picture: np.ndarray) -> np.ndarray:
    """Bring a whole picture to 28 x 28 and invert it, as the nine steps do."""
    return 1 - cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (28, 28)) / np.float32(255)


def averaged(page: np.ndarray) -> np.ndarray:
    """Bring a whole page of ink to 28 x 28, each pixel the mean of its area."""
    small = cv2.resize(page, (28, 28), interpolation=cv2.INTER_AREA)
    return small / max(small.max(), 0.01)


#: What the notebook had when it added a repair, without it and with it. (The mass was added last: LEFT_OUT has it.)
ADDED: dict[str, tuple[tuple[Callable, ...], tuple[Callable, ...]]] = {
    "polarity": ((squeezed,), (dark_ink, squeezed)),
    "cutting out": ((dark_ink, page_of_ink, averaged), LEFT_OUT["mass"]),
}


def repaired(path: object, repairs: tuple[Callable, ...]) -> np.ndarray:
    """Prepare a picture with these repairs alone: 28 x 28, all 0 if nothing is found."""
    image = read_picture(path)
    try:
        for repair in repairs:
            image = repair(image)
    except HandwritingError:
        return np.zeros((28, 28), np.float32)
    return image if repairs[-1] in (squeezed, averaged) else shrink_to_28(image)


def prepared_without(step: str, path: object) -> np.ndarray:
    """Prepare a picture with one repair left out: 28 x 28, all 0 if nothing is found."""
    return repaired(path, LEFT_OUT[step])


@functools.cache  # it takes some seconds
def read_with(repairs: tuple[Callable, ...]) -> dict[str, int]:
    """Count how many samples the plain and the shipped network read with these repairs alone."""
    from helpers.lenet import PLAIN_MODEL_FILE, load_lenet5, run

    singles = single_digits()
    images = np.stack([repaired(sample.path, repairs) for sample in singles])[..., np.newaxis]
    right = np.array([int(sample.label) for sample in singles])
    found = images.any(axis=(1, 2, 3))
    networks = {"plain": load_lenet5(PLAIN_MODEL_FILE), "shipped": load_lenet5()}
    return {
        name: int(np.sum((run(network, images).argmax(axis=1) == right) & found)) for name, network in networks.items()
    }


def read_without(step: str) -> dict[str, int]:
    """Count how many samples the plain and the shipped network read with one repair left out."""
    return read_with(LEFT_OUT[step])


def gain_when_added(step: str) -> int:
    """Count how many samples more the plain network read when the notebook added a repair of ADDED."""
    before, after = ADDED[step]
    return read_with(after)["plain"] - read_with(before)["plain"]


#: A clean scan, chalk on a board, and a digit that is small on its page and has no light ink.
PROBES = [FOLDER / "clean_scan" / "2.png", FOLDER / "dark_board" / "4.jpg", FOLDER / "off-centre_and_small" / "5.jpg"]


def examine(step: str, prepare: object) -> None:
    """Raise Wrong unless a reader's function leaves out this repair, and nothing else."""
    name = f"without_{step.replace(' ', '_')}"
    found = [np.asarray(returned(f"{name}(path)", prepare, path)) for path in PROBES]
    for image in found:
        if image.ndim > 1 and max(image.shape) > 28:
            raise Wrong(f"this gives the shape {image.shape}: shrink_to_28 makes it 28 x 28.")
        if image.size != 784 or not np.issubdtype(image.dtype, np.number):
            raise Wrong(f"one image of 28 x 28 is wanted, and this gives the shape {image.shape}.")
    images = np.array(found, np.float64).reshape(-1, 28, 28)

    def same(repairs: tuple[Callable, ...], scale: float = 1) -> bool:
        theirs = np.array([repaired(path, repairs) for path in PROBES])
        return np.allclose(images / scale, theirs, rtol=0, atol=0.02)

    if same(LEFT_OUT[step]):
        return
    for other, repairs in LEFT_OUT.items():
        if other != step and same(repairs):
            raise Wrong(f"here the {other} is left out." if other else f"the {step} is still in it.")
    if same(LEFT_OUT[step], 255):
        raise Wrong("the right picture, but from 0 to 255: the networks know 0 to 1, which shrink_to_28 gives.")
    for repairs, sentence in ASTRAY:
        if same(repairs):
            raise Wrong(sentence)
    if not images.any():
        raise Wrong("the picture is empty: does the path go through all the calls?")
    if np.ptp(images, axis=0).max() < 0.02:
        raise Wrong("every file gives the same picture: use path, the file that it is given.")
    if np.allclose(1 - images, [prepared_without(step, path) for path in PROBES], rtol=0, atol=0.02):
        raise Wrong("the right picture, but turned round: ink is 1, paper is 0.")
    raise Wrong(f"besides the {step} something else has changed. Take one call out of prepare_centred.")


def _measured(step: str, loss: object) -> None:
    """Raise Wrong unless so many pictures fewer are read by the plain network without a repair."""
    value = float(numbers(loss, ()))
    every, rest = read_without(""), read_without(step)
    worth = {network: every[network] - rest[network] for network in every}
    if value == worth["plain"]:
        return
    if step in ADDED and value == gain_when_added(step):
        raise Wrong("that is what it gained when it was added, before the later repairs. Leave it out of all of them.")
    if abs(value - worth["plain"]) <= 1:  # a picture on the edge may fall either way
        return
    others = {other: every["plain"] - read_without(other)["plain"] for other in LEFT_OUT if other not in ("", step)}
    slips = [
        (0, "still 0: measure it with the plain network."),
        (-worth["plain"], "a loss is counted upwards: how many fewer are read?"),
        (rest["plain"], "these are the pictures that are still read. How many fewer than with all repairs?"),
        (every["plain"], "these are the pictures that all repairs read. How many fewer without this one?"),
        (80 - rest["plain"], "counted from 80: count from what all repairs reach."),
        (worth["shipped"], "this is the loss of the shipped network: the plain one is asked for."),
        (rest["shipped"], "this is what the shipped network still reads: the plain one's loss is asked for."),
        *((worth_of, f"that is the loss without the {other}.") for other, worth_of in others.items()),
    ]
    name_slip(value, slips, atol=0)
    share = worth["plain"] / 80
    name_slip(value, [(share, "a share of 80: how many pictures are that?")], atol=0.01)
    name_slip(
        value, [(rest["plain"] / 80, "the share that is still read: how many pictures fewer is that?")], atol=0.01
    )
    name_slip(value, [(100 * share, "in per cent of 80: how many pictures are that?")], atol=1)
    raise Wrong("not yet. Measure it, and subtract from what all repairs reach.")


@checker(partly=True)
def missing_step(without_polarity: object, without_cutting_out: object, lost: object) -> str:
    """Exercise 5.3: two functions that leave one repair out, and how many pictures each of three repairs is worth."""
    names = [step for step in LEFT_OUT if step]
    if lost is ... or lost is None:
        lost = dict.fromkeys(names, ...)
    if not isinstance(lost, dict) or set(lost) != set(names):
        raise Wrong('lost should stay a dictionary with the three names "polarity", "cutting out" and "mass".')
    one_by_one(
        {
            "without_polarity": (without_polarity, functools.partial(examine, "polarity")),
            "without_cutting_out": (without_cutting_out, functools.partial(examine, "cutting out")),
            **{f"Lost without the {step}": (lost[step], functools.partial(_measured, step)) for step in names},
        }
    )
    return f"Right: the {max(lost, key=lost.get)} is worth most here, to the plain network."


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
