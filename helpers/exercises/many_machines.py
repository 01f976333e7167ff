"""The checks and the quiz of notebook 11, and the training that its jobs do, each in a process of its own."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from helpers.exercises.a_layer_that_learns import learn, mean_loss
from helpers.exercises.engine import Wrong, checker, name_slip, numbers, returned
from helpers.exercises.quiz import Option, Questions
from helpers.mnist import Digits, load_mnist, split_validation, to_input


@functools.cache
def rows_of_digits() -> tuple[Digits, Digits]:
    """Return 20,000 training digits and the validation digits: N x 784 float32, 0 to 1, and labels. Read once."""
    (x, y), validation = split_validation(*load_mnist()[0])
    parts = (x[:20_000], y[:20_000]), validation
    return tuple((to_input(images).reshape(-1, 784), labels) for images, labels in parts)


def train_layer(rate: float, batch_size: int, epochs: int, seed: int) -> tuple[float, float]:
    """Train the layer of notebook 02 from zeros; return its loss and its accuracy on the validation digits."""
    training, (images, labels) = rows_of_digits()
    nothing = np.zeros((784, 10)), np.zeros(10)
    w, b, _ = learn(*nothing, *training, rate, batch_size, epochs, seed)
    right = (images @ w + b).argmax(axis=1) == labels
    return float(mean_loss(w, b, images, labels)), float(right.mean())


def mean_by_size(slopes: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    """Return the mean slopes of a batch from those of its shares: as the folded solution."""
    return sum(size * each for size, each in zip(sizes, slopes, strict=True)) / sum(sizes)


@checker(solution=mean_by_size)
def mean_of_shares(my_mean: object) -> str:
    """Exercise 11.1: the mean slopes of a batch, from the mean slopes of its shares and their sizes."""
    rng = np.random.default_rng(11)
    cases = ((rng.normal(size=(2, 4, 3)), (30, 20)), (rng.normal(size=(4, 5)), (13, 13, 12, 1)))
    for given, sizes in cases:
        slopes = list(given)
        found = returned("my_mean(slopes, sizes)", my_mean, [each.copy() for each in slopes], list(sizes))
        if np.size(found) == 1:
            raise Wrong("One number has come back: each weight keeps a slope of its own (axis=0).")
        found = numbers(found, slopes[0].shape)
        right, total, n = mean_by_size(slopes, sizes), sum(sizes), len(sizes)
        if np.allclose(found, right, rtol=1e-9, atol=1e-12):
            continue
        weighted, inverse = right * total, [1 / size for size in sizes]
        slips = [
            (sum(slopes) / n, "Each share counts the same here. A share of 30 digits speaks for more than one of 20."),
            (sum(slopes), "These are sums of slopes: a mean is wanted, weighted by the sizes."),
            (sum(slopes) / total, "A mean of a share stands for all its digits: multiply it by its size first."),
            (weighted, "The sum over all digits is right. Divide it by how many there are."),
            (weighted / n, "Divide by the number of digits, not by that of the shares."),
            (weighted / max(sizes), "Divide by the number of all digits, not by that of one share."),
            (mean_by_size(slopes, inverse), "The other way round: a larger share counts more."),
            (slopes[0], "That is the first share alone."),
            (slopes[-1], "That is the last share alone."),
        ]
        name_slip(found, slips)
        raise Wrong("Not yet: times its size, added up, divided by all the digits. (Try shares of 1 and 3 digits.)")
    return "Right: every digit counts once, wherever it was."


def step_seconds(machines: int, alone: float, shared: float, size: float, speed: float) -> float:
    """Return the seconds of a step on many machines: as the folded solution."""
    sending = 2 * (machines - 1) / machines * size / speed
    return alone + shared / machines + sending


@checker(solution=step_seconds)
def seconds_of_a_step(my_seconds: object) -> str:
    """Exercise 11.2: what does not shrink, what is divided, and what a ring sends."""
    name = "my_seconds(machines, alone, shared, size, speed)"
    for machines, alone, shared, size, speed in (
        (4, 0.5, 8.0, 2.7e6, 1e6),
        (1, 0.2, 3.0, 5e6, 1e6),
        (7, 0.1, 9, 4e5, 3e4),
    ):
        found = float(numbers(returned(name, my_seconds, machines, alone, shared, size, speed), ()))
        right = step_seconds(machines, alone, shared, size, speed)
        if math.isclose(found, right, rel_tol=1e-9):
            continue
        n, once = machines, size / speed
        ring = 2 * (n - 1) / n * once
        slips = [
            (alone + shared, "`shared` is divided among the machines, and then they send."),
            (alone + shared / n, "The sending is missing: 2 (n - 1) / n times the size, at that speed."),
            ((alone + shared) / n + ring, "`alone` is what no machine can take over from another: do not divide it."),
            (alone + shared + ring, "`shared` is divided among the machines."),
            (alone / n + shared + ring, "The two are exchanged: `alone` stays, `shared` is divided."),
            (shared / n + ring, "`alone` is missing: it takes its time whatever comes beside it."),
            (alone + shared / n + ring / 2, "The ring goes round twice: once to add up, once to hand out."),
            (alone + shared / n + 2 * once, "Of n pieces a machine sends n - 1 a round, not all of them."),
            (
                alone + shared / n + 2 * (n - 1) * once,
                "A piece is the n-th part of the numbers: divide by the machines.",
            ),
            (alone + shared / n + n * ring, "A piece is the n-th part of the numbers: divide by the machines."),
            (alone + shared / n + once, "Each machine sends 2 (n - 1) / n times the size."),
            (alone + shared / n + ring / n, "Each machine sends that much, all at once: divide only once."),
            (alone + (shared + 2 * (n - 1) * once) / n**2, "`shared` is divided by the machines, once."),
            (alone + shared / n + 2 * (n - 1) / n * size * speed, "Bytes *divided* by bytes a second are seconds."),
            (alone + shared / n + 2 * (n - 1) / n * speed / size, "Bytes divided by bytes a second, not the reverse."),
            (alone + shared / n + 2 * (n - 1) / n * size, "Those are bytes: divided by the speed they are seconds."),
            (alone * n + shared / n + ring, "`alone` takes its time once: all machines wait for it together."),
            (alone + shared / n - ring, "Sending takes time: it is added."),
        ]
        name_slip(found, slips, rtol=1e-9, atol=0)
        if found <= 0:
            raise Wrong("A time is more than 0.")
        if n == 1:
            raise Wrong("One machine sends nothing: alone + shared.")
        raise Wrong(
            f"Not yet. {n} machines, {alone:g} s alone, {shared:g} s shared, {once:g} s to send all: {right:.3f} s."
        )
    return "Right: one part stays, one shrinks, and one grows."


def cores_needed(images: float, seconds_each: float, rush: float) -> int:
    """Return how many cores read so many images a day: as the folded solution."""
    return math.ceil(images * seconds_each * rush / (24 * 60 * 60))


@checker(solution=cores_needed)
def cores_for_a_day(my_cores: object) -> str:
    """Exercise 11.3: cores from images a day, seconds of a core for each, and how much busier the busiest hour is."""
    name = "my_cores(images, seconds_each, rush)"
    for images, each, rush in ((1_000_000, 0.5, 3), (8_640_001, 0.5, 2), (8_640_000, 0.25, 2), (86_000, 0.01, 1.5)):
        found = float(numbers(returned(name, my_cores, images, each, rush), ()))
        need = images * each * rush / 86_400
        if found == math.ceil(need):
            continue
        slips = [
            (need, f"{need:.5g} cores: there is no part of a core to buy. Round up."),
            (math.floor(need), "Rounded down, the last images of the busiest hour wait. Round up."),
            (round(need), "Rounded to the nearest: at the busiest hour that may be too few. Round up."),
            (
                math.ceil(images * each / 86_400),
                "That is enough for the average hour: the busiest one needs `rush` times.",
            ),
            (math.ceil(images * each / 86_400) * rush, "Round up once, at the end."),
            (math.ceil(images * each / 86_400 / rush), "A rush needs more cores: multiply by it."),
            (math.ceil(need * 24), "That is what one hour would need: a day has 24 of them."),
            (math.ceil(need * 60), "A day has 24 * 60 * 60 seconds."),
            (math.ceil(need * 86_400), "Those are the seconds of a day's work. How many seconds has a core in a day?"),
            (math.ceil(images * rush / each / 86_400), "`seconds_each` is time for one image: multiply by it."),
            (images * each * rush, "Those are the seconds of a day's work. How many seconds has a core in a day?"),
        ]
        name_slip(found, slips, rtol=1e-9, atol=0)
        raise Wrong(
            f"Not yet: {images:,} images of {each:g} s, {rush:g} times as many in the busiest hour: {math.ceil(need)}."
        )
    return "Right: seconds of work, over the seconds of a day, for the busiest hour."


QUESTIONS: Questions = {
    "Twenty trainings with other seeds, four machines. What do you split?": [
        Option("The jobs: five trainings each.", "None needs to know of another, so only tasks and results travel."),
        Option(
            "Each batch: a quarter on each machine.",
            "It works, and the machines talk after every step. Twenty trainings that never talk need none of that.",
        ),
        Option("The network.", "That is for a network too large for one machine."),
    ],
    "Two machines read 40 and 10 digits of a batch. How do you get the slopes of the batch?": [
        Option("4/5 of the first, 1/5 of the second.", "Each digit counts once, wherever it was."),
        Option("The mean of the two.", "Then each of the 10 digits counts four times as much as one of the 40."),
        Option("The sum of the two.", "Each is a mean already. Their sum is about twice too large."),
    ],
    "A ring of 8 machines becomes one of 64. What does each machine send a step?": [
        Option(
            "Hardly more: 2 (n - 1) / n of the slopes' bytes.",
            "It goes from 1.75 times their size to 1.97. What grows are the rounds: each waits for the one before.",
        ),
        Option("Nine times as much.", "So it would be if each wrote to all others. Here it writes to its neighbour."),
        Option("An eighth.", "The pieces are an eighth as large, and there are nine times as many rounds."),
    ],
    "16 machines, the batch of each as before. What is likely to need a change?": [
        Option(
            "The learning rate.",
            "The batch is 16 times larger, and an epoch has a sixteenth of the steps. At the old rate it learns less.",
        ),
        Option("The loss.", "It is a mean over the batch, whatever its size."),
        Option("Nothing: the slopes are the same.", "They are those of a batch of another size, and steps are fewer."),
    ],
}
