"""The parts of assignment 5: pages of numbers, in pairs."""

import functools
from collections.abc import Iterator

import cv2
import numpy as np

from helpers.evaluation import edit_distance
from helpers.exercises.assignment import Test, call, part
from helpers.exercises.assignment_3 import sign_test_by_counting
from helpers.exercises.assignment_4 import digits_for_pages
from helpers.exercises.engine import Untouched, Wrong, name_slip, numbers

Place = tuple[int, int, int, int]  # x, y, width, height, in pixels
PAGES = 24  # that a reader is judged on: about 600 digits
DRAWS = 2000  # of a bootstrap


# --- 5.1 -----------------------------------------------------------------------------------------------------------


def height_shared(one: Place, other: Place) -> int:
    """Return how many rows of pixels two boxes share; below 0: how far one lies above the other."""
    return min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])


def clear(boxes: list[Place], rows: list[list[int]]) -> bool:
    """Tell whether the boxes of a page stand as the task promises: from left to right, each beside its own row."""
    row_of = {number: row for row, numbers_of_row in enumerate(rows) for number in numbers_of_row}
    last: dict[int, Place] = {}
    for number in sorted(row_of, key=lambda each: boxes[each][0]):
        box, mine = boxes[number], row_of[number]
        for row, other in last.items():
            least = min(box[3], other[3]) / 2
            if (height_shared(box, other) < least) if row == mine else (height_shared(box, other) > 0):
                return False
        last[mine] = box
    return True


def boxes_in_rows(rng: np.random.Generator, slope: float, lowest: int) -> tuple[list[Place], list[list[int]]]:
    """Draw the boxes of a page in any order, and the numbers of each row's; lowest: the least height of a box."""
    while True:
        counts = rng.integers(6, 9, int(rng.integers(3, 6)))
        drawn: list[tuple[int, Place]] = []
        for row, count in enumerate(counts):
            x = 40 + rng.uniform(0, 8)
            for _ in range(count):
                width, height = rng.integers(16, 30), int(rng.integers(lowest, 45))
                middle = 90 + 80 * row + slope * x + rng.uniform(-2, 2)
                drawn.append((row, (round(x), round(middle - height / 2), int(width), height)))
                x += width + rng.uniform(6, 18)
        order = rng.permutation(len(drawn))
        boxes = [drawn[each][1] for each in order]
        rows = [[n for n, each in enumerate(order) if drawn[each][0] == row] for row in range(len(counts))]
        rows = [sorted(row, key=lambda number: boxes[number][0]) for row in rows]
        if clear(boxes, rows):
            return boxes, rows


@part(4)
def rows_of_boxes(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 5.1: the boxes of a page in the order of reading."""

    def rows_from(boxes: list[Place]) -> list[list[int]]:
        found = call(yours, list(boxes))
        if not isinstance(found, list | tuple | np.ndarray):
            raise Wrong(f"A list of rows is wanted, and this is a {type(found).__name__}.")
        if len(found) and not all(isinstance(row, list | tuple | np.ndarray) for row in found):
            raise Wrong("A list of rows is wanted, each of them a list of numbers; this is one long list.")
        if any(isinstance(each, list | tuple | np.ndarray) for row in found for each in row):
            raise Wrong("The boxes themselves are in the rows: put their numbers (places in the list) there.")
        if any(isinstance(each, bool) or not isinstance(each, int | np.integer) for row in found for each in row):
            raise Wrong("Each row is a list of whole numbers: the places of its boxes in the list.")
        return [[int(each) for each in row] for row in found]

    def case(slope: float, lowest: int, problem: str) -> None:
        boxes, right = boxes_in_rows(rng, slope, lowest)
        found = rows_from(boxes)
        if found == right:
            return
        if sorted(each for row in found for each in row) != list(range(len(boxes))):
            raise Wrong(f"The page has {len(boxes)} boxes, 0 to {len(boxes) - 1}: each belongs to one row, once.")
        if found == right[::-1]:
            raise Wrong("The rows come from the bottom: y grows downwards, so the top row has the smallest.")
        if found == [row[::-1] for row in right]:
            raise Wrong("The rows are read from right to left.")
        if sorted(map(sorted, found)) == sorted(map(sorted, right)):
            raise Wrong("The right boxes share a row, but the order is not that of reading.")
        if len(found) == 1:
            raise Wrong("All boxes are in one row: where does a new row begin?")
        raise Wrong(problem)

    def straight() -> None:
        case(0, 40, "On a straight page with digits of nearly one height, the rows are not right.")

    def sloping() -> None:
        for slope in (0.16, -0.16):
            case(slope, 30, "On a page that slopes, rows are mixed: compare a box with its neighbour in the row.")

    def few() -> None:
        sloping()
        if rows_from([(30, 20, 18, 40)]) != [[0]]:
            raise Wrong("A page with one box has one row with one number: [[0]].")
        if rows_from([]) != []:
            raise Wrong("A page without boxes has no rows: [].")

    yield 1, straight
    yield 1, lambda: case(0, 24, "Where low and high digits share a row, it falls apart: their tops differ.")
    yield 1, sloping
    yield 1, few


# --- 5.2 -----------------------------------------------------------------------------------------------------------


def fewest_mistakes(read: str, true: str) -> set[tuple[int, int, int]]:
    """Return each way to count the fewest mistakes that make `read` of `true`: misread, lost, invented."""
    above = [{(0, 0, length)} for length in range(len(read) + 1)]  # against no true digit, all are invented
    for row, digit in enumerate(true, 1):
        here: list[set[tuple[int, int, int]]] = [{(0, row, 0)}]
        for column, said in enumerate(read, 1):
            ways = {(a + (digit != said), b, c) for a, b, c in above[column - 1]}
            ways |= {(a, b + 1, c) for a, b, c in above[column]} | {(a, b, c + 1) for a, b, c in here[column - 1]}
            least = min(map(sum, ways))
            here.append({way for way in ways if sum(way) == least})
        above = here
    return above[-1]


def spoiled(rng: np.random.Generator, true: str, mistakes: int) -> str:
    """Return a text with so many mistakes in it, or a few fewer."""
    digits = list(true)
    for _ in range(mistakes):
        place, kind = int(rng.integers(len(digits))), rng.integers(3)
        digit = str(rng.integers(10))
        digits[place : place + (kind > 0)] = [digit] if kind < 2 else []
    return "".join(digits)


@part(3)
def kinds_of_mistakes(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 5.2: how many digits of a page were misread, lost and invented."""

    def text(length: int) -> str:
        return "".join(map(str, rng.integers(0, 10, length)))

    def counted(read: str, true: str) -> tuple[int, ...]:
        found = call(yours, read, true)
        if isinstance(found, int | np.integer):
            raise Wrong("One number comes back: three are wanted (misread, lost, invented).")
        return tuple(int(each) for each in numbers(found, (3,)))

    def fewest(read: str, true: str) -> None:
        found, right = counted(read, true), min(map(sum, fewest_mistakes(read, true)))
        if sum(found) == right:
            return
        in_place = sum(a != b for a, b in zip(read, true, strict=False)) + abs(len(read) - len(true))
        if sum(found) == in_place:
            raise Wrong("You compare place by place: after one lost digit nearly all that follow count as wrong.")
        if sum(found) == abs(len(read) - len(true)) and len(true) < 10:  # on a long page it may be chance
            raise Wrong("That is the difference in length: a digit that was misread is a mistake as well.")
        more = "more" if sum(found) > right else "fewer"
        raise Wrong(f"{read!r} read for {true!r}: {right} mistakes are enough, and yours are {more} ({sum(found)}).")

    def short() -> None:
        cases = []
        for length in (4, 5, 6, 7, 8):
            true = text(length)
            cases += [(spoiled(rng, true, int(rng.integers(4))), true), (true[1:], true)]
        cases += [(true, true), ("", text(int(rng.integers(3, 6))))]
        for place in rng.permutation(len(cases)):  # in no order that an answer could be typed in for
            fewest(*cases[place])

    def kinds(read: str, true: str) -> None:
        found, ways = counted(read, true), fewest_mistakes(read, true)
        if found in ways:
            return
        if (found[0], found[2], found[1]) in ways:
            raise Wrong("Lost and invented are exchanged: a digit that is on the page and was not read is lost.")
        if sum(found) in map(sum, ways):
            raise Wrong(f"{read!r} read for {true!r}: so many mistakes, but of other kinds (misread, lost, invented).")
        fewest(read, true)

    def which() -> None:
        for length in (5, 7, 9):
            true = text(length)
            kinds(true[:2] + true[3:], true)
            kinds(true[:2] + text(1) + true[2:], true)
            kinds(true[:-1] + str((int(true[-1]) + 1) % 10), true)
            kinds(spoiled(rng, true, 3), true)

    def long() -> None:
        which()
        true = text(60)
        kinds(spoiled(rng, true, 8), true)
        spaced = " ".join(true[place : place + 5] for place in range(0, 60, 5))
        read = spoiled(rng, true, 5)
        if counted(read, spaced) not in fewest_mistakes(read, true):
            raise Wrong("Spaces between numbers do not count, whichever of the two texts they stand in.")

    yield 1, short
    yield 1, which
    yield 1, long


# --- 5.3 -----------------------------------------------------------------------------------------------------------


@part(4)
def rate_with_bootstrap(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 5.3: the digit error rate of some pages, and its interval by a bootstrap over pages."""
    pages = int(rng.integers(24, 40))
    digits = rng.integers(8, 60, pages)
    # long pages are the worse ones, and pages differ by more than chance
    shares = 0.02 + 0.16 * rng.random(pages) ** 2 + 0.12 * (digits > 40)
    wrong = rng.binomial(digits, shares)
    right = wrong.sum() / digits.sum()
    drawn = rng.integers(0, pages, (20_000, pages))
    rates = wrong[drawn].sum(axis=1) / digits[drawn].sum(axis=1)
    low, high = np.quantile(rates, [0.025, 0.975])
    # Monte Carlo with 2,000 draws moves an end by 0.06 standard deviations
    near = 0.25 * rates.std()

    def found(seed: int = 1) -> np.ndarray:
        return numbers(call(yours, wrong, digits, seed), (3,))

    def rate() -> None:
        slips = [
            (100 * right, "The rate is a share, 0 to 1: this is in per cent."),
            (np.mean(wrong / digits), "That is the mean of the pages' rates: a short page counts as much as a long."),
            (1 - right, "That is the share of digits read: the share of mistakes is wanted."),
            (wrong.mean(), "Those are mistakes a page: divide all mistakes by all digits."),
        ]
        name_slip(found()[0], slips)
        if not np.isclose(found()[0], right):
            raise Wrong("The digit error rate is all mistakes divided by all true digits.")

    def fits(ends: np.ndarray, others: np.ndarray) -> bool:
        return bool(np.all(np.abs(ends - others) < near))

    def ends_of(resampled: np.ndarray, share: float = 0.95) -> np.ndarray:
        return np.quantile(resampled, [(1 - share) / 2, (1 + share) / 2])

    def interval_over_pages() -> None:
        ends = found()[1:]
        if fits(ends, np.array([low, high])):
            return
        if ends[0] > ends[1]:
            raise Wrong("The lower end comes first, then the upper one.")
        if np.isclose(ends[0], ends[1]):
            raise Wrong("The interval has no width: draw pages *with replacement*, as many as there are.")
        by_digit = rng.binomial(digits.sum(), right, 20_000) / digits.sum()
        of_all = wrong[drawn].sum(axis=1) / digits.sum()
        of_means = (wrong / digits)[drawn].mean(axis=1)
        slips = [
            (ends_of(rates, 0.9), "That is the 90 % interval: for 95 % leave 2.5 % out at each end."),
            (ends_of(by_digit), "The interval is that of independent digits. Draw whole pages, with all they hold."),
            (ends_of(of_all), "A drawn page brings its own number of digits: divide by the digits that were drawn."),
            (ends_of(of_means), "The interval is that of the mean of the pages' rates: draw, then divide the sums."),
            (100 * np.array([low, high]), "The ends are shares, 0 to 1: these are in per cent."),
        ]
        distance = [np.abs(ends - slip).sum() for slip, _ in slips]
        if min(distance) < 2 * near:
            raise Wrong(slips[int(np.argmin(distance))][1])
        if ends[0] < low - 2 * near and ends[1] > high + 2 * near:
            raise Wrong("The interval is too wide, as the extremes of all draws are: take 2.5 % and 97.5 %.")
        raise Wrong(
            f"The interval is {ends[0]:.4f} to {ends[1]:.4f}, and {DRAWS:,} bootstraps over pages give another."
        )

    def by_its_seed() -> None:
        interval_over_pages()
        first, again, other = found(1), found(1), found(2)
        if not np.array_equal(first, again):
            raise Wrong("The same seed gives two results: draw from `np.random.default_rng(seed)` alone.")
        if np.array_equal(first[1:], other[1:]):
            raise Wrong("Another seed should draw other pages: yours gives the same to the last digit.")

    yield 1, rate
    yield 2, interval_over_pages
    yield 1, by_its_seed


# --- 5.4 -----------------------------------------------------------------------------------------------------------


def least_ink(profile: np.ndarray, cuts: int, apart: int) -> float:
    """Return the least ink that so many cuts can cross; infinity where they do not fit."""
    width = len(profile)
    allowed = np.full(width, np.inf)
    allowed[apart : width - apart + 1] = profile[apart : width - apart + 1]
    total = allowed
    for _ in range(cuts - 1):
        cheapest = np.minimum.accumulate(total)
        total = np.concatenate([np.full(apart, np.inf), cheapest[:-apart]]) + allowed
    return float(total.min())


def greedy_cuts(profile: np.ndarray, cuts: int, apart: int) -> list[int]:
    """Return the cuts of somebody who takes the column with the least ink, again and again."""
    chosen: list[int] = []
    for column in np.argsort(profile, kind="stable"):
        if apart <= column <= len(profile) - apart and all(abs(column - each) >= apart for each in chosen):
            chosen.append(int(column))
        if len(chosen) == cuts:
            break
    return sorted(chosen)


@part(4)
def straight_cuts(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 5.4: so many straight cuts through a piece of ink, across as little ink as possible."""

    def piece(cuts: int, apart: int) -> np.ndarray:
        """Draw ink, H x W float32, in which taking the emptiest column first is not the best that can be done."""
        while True:
            height, width = int(rng.integers(20, 40)), int(apart * (cuts + 1) + rng.integers(15, 35))
            rough = rng.random((height, width)) ** 3
            ink = cv2.GaussianBlur(rough, (3, 3), 0).astype(np.float32)
            profile = ink.sum(axis=0)
            taken = greedy_cuts(profile, cuts, apart)
            best = least_ink(profile, cuts, apart)
            if cuts == 1 or len(taken) < cuts or profile[taken].sum() > 1.03 * best:
                return ink

    def found(ink: np.ndarray, cuts: int, apart: int) -> list[int]:
        columns = numbers(call(yours, ink, cuts, apart), (cuts,))
        if not np.array_equal(columns, np.round(columns)):
            raise Wrong("A cut is a column: a whole number.")
        width, columns = ink.shape[1], columns.astype(int)
        if np.any(np.diff(columns) < 0):
            raise Wrong("The cuts should come from left to right.")
        if np.any(np.diff(columns) < apart):
            raise Wrong(f"Two cuts are nearer to each other than {apart} columns.")
        if columns[0] < apart or columns[-1] > width - apart:
            raise Wrong(f"A cut is nearer to an edge than {apart} columns: a digit would be lost there.")
        return columns.tolist()

    def least(cuts: int, apart: int) -> None:
        ink = piece(cuts, apart)
        columns, profile = found(ink, cuts, apart), ink.sum(axis=0)
        crossed, best = float(profile[columns].sum()), least_ink(profile, cuts, apart)
        if crossed <= best * (1 + 1e-4):
            return
        even = np.round(np.linspace(0, ink.shape[1], cuts + 2)[1:-1])
        if np.abs(np.array(columns) - even).max() <= 1:
            raise Wrong("You cut into pieces of equal width: cut where there is little ink.")
        if cuts > 1 and columns == greedy_cuts(profile, cuts, apart):
            raise Wrong("The emptiest column first is not always best: it can stand in the way of two good cuts.")
        if np.isclose(crossed, -least_ink(-profile, cuts, apart), rtol=1e-4):
            raise Wrong("The cuts cross the *most* ink that they can.")
        raise Wrong(f"With {cuts} cuts yours cross ink of {crossed:.2f}; {best:.2f} is possible.")

    def keeps_the_rules() -> None:
        emptier = []  # for each cut, the share of the columns that hold less ink
        for cuts in (1, 2, 3):
            apart = int(rng.integers(6, 12))
            ink = piece(cuts, apart)
            profile = ink.sum(axis=0)
            emptier += [np.mean(profile < profile[column]) for column in found(ink, cuts, apart)]
        if np.mean(emptier) > 0.85:
            raise Wrong("Your cuts go where most ink is: they should go where there is little.")

    def several() -> None:
        for cuts in (2, 3, 5):
            least(cuts, int(rng.integers(6, 12)))

    yield 1, keeps_the_rules
    yield 1, lambda: least(1, int(rng.integers(6, 12)))
    yield 2, several


# --- 5.5 -----------------------------------------------------------------------------------------------------------


def lowest_threshold(sure: np.ndarray, right: np.ndarray, allowed: float) -> float:
    """Return the lowest threshold above which at most the share `allowed` is wrong; 2 where there is none."""
    for threshold in np.unique(sure):
        if np.mean(~right[sure >= threshold]) <= allowed:
            return float(threshold)
    return 2.0


@part(5)
def rule_of_refusal(rng: np.random.Generator, yours: object) -> Iterator[Test]:
    """Part 5.5: a threshold that is chosen on some pages, and judged on others."""
    allowed = float(rng.choice([0.02, 0.03, 0.04]))

    def drawn(decimals: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
        """Draw the digits of some pages; those kept aside are harder, and a threshold can fail above one that holds."""
        while True:
            pages = int(rng.integers(14, 20))
            page = rng.permutation(np.repeat(np.arange(pages), rng.integers(20, 40, pages)))
            aside = sorted(int(each) for each in rng.permutation(pages)[: pages // 2])
            hard = np.isin(page, aside)
            sure = np.round(1 - 0.6 * rng.random(len(page)) ** 3, decimals)
            right = rng.random(len(page)) < np.clip(sure + np.where(hard, 0.02, 0.12), 0, 0.995)
            right[rng.permutation(np.flatnonzero(~hard & (sure > np.quantile(sure, 0.9))))[:2]] = False
            mine, theirs = (lowest_threshold(sure[each], right[each], allowed) for each in (~hard, hard))
            both = lowest_threshold(sure, right, allowed)
            high = stepwise(sure[~hard], right[~hard])
            if len({mine, theirs, both, high}) == 4 and mine < 1.5 and np.mean(sure >= mine) < 0.97:
                return sure, right, page, aside

    def stepwise(sure: np.ndarray, right: np.ndarray) -> float:
        """Return what somebody chooses who goes down from the top, and stops at the first threshold that fails."""
        chosen = 2.0
        for threshold in np.unique(sure)[::-1]:
            if np.mean(~right[sure >= threshold]) > allowed:
                break
            chosen = float(threshold)
        return chosen

    def asked(case: tuple) -> np.ndarray:
        return numbers(call(yours, *case, allowed), (3,))

    def chosen(decimals: int) -> None:
        sure, right, page, aside = case = drawn(decimals)
        found, hard = asked(case)[0], np.isin(page, aside)

        def same(threshold: float, where: np.ndarray) -> bool:
            return np.array_equal(sure[where] >= threshold, sure[where] >= found)

        best = lowest_threshold(sure[~hard], right[~hard], allowed)
        if same(best, ~hard):
            return
        slips = [
            (lowest_threshold(sure, right, allowed), "It is chosen on all pages: those in `aside` may not take part."),
            (
                lowest_threshold(sure[hard], right[hard], allowed),
                "It is chosen on the pages in `aside`: on the others!",
            ),
            (stepwise(sure[~hard], right[~hard]), "You stop at the first threshold that fails: a lower one holds."),
        ]
        for slip, sentence in slips:
            if np.isclose(found, slip):
                raise Wrong(sentence)
        answered = sure[~hard] >= found
        share = np.mean(~right[~hard][answered]) if answered.any() else 0.0
        if share > allowed:
            raise Wrong(
                f"Of the digits answered on the pages for choosing, {share:.2%} are wrong: {allowed:.0%} may be."
            )
        raise Wrong("The rule holds, and refuses more than it must: a lower threshold holds as well.")

    def ties_and_none() -> None:
        for _ in range(3):
            chosen(2)
        sure, right, page, aside = drawn(3)
        found = np.asarray(call(yours, sure, np.zeros_like(right), page, aside, allowed), float).ravel()
        if not found[0] > sure.max():  # the two shares are judged below
            raise Wrong("Where every digit is wrong, no threshold holds: then return 2, which refuses everything.")

    def judged_aside() -> None:
        for _ in range(2):
            sure, _, page, aside = case = drawn(3)
            threshold, answered, wrong = asked(case)
            hard = np.isin(page, aside)
            if not sure.min() <= threshold <= 2:
                raise Wrong("The first number should be a threshold for `sure`.")

            def told(where: np.ndarray, threshold: float = threshold, case: tuple = case) -> tuple[float, float]:
                passed = case[0][where] >= threshold
                return float(passed.mean()), float(np.mean(~case[1][where][passed])) if passed.any() else 0.0

            share, errors = told(hard)
            if np.allclose([answered, wrong], [share, errors], atol=1e-6):
                continue
            of_all = share * errors
            slips = [
                (told(~hard), "It is judged on the pages that chose it: judge on those in `aside`."),
                (told(hard | ~hard), "It is judged on all pages: judge on those in `aside` alone."),
                ((1 - share, errors), "The second number is the share that is *answered*, not that which is refused."),
                ((share, of_all), "The third number is the share of the *answered* digits that is wrong, not of all."),
                ((share, 1 - errors), "The third number is the share that is wrong, not that which is right."),
            ]
            name_slip(np.array([answered, wrong]), slips)
            raise Wrong("On the pages in `aside`, other shares are answered and wrong at your threshold.")

    def nothing_answered() -> None:
        judged_aside()
        sure, right, page, aside = drawn(3)
        with np.errstate(all="ignore"):
            found = np.asarray(call(yours, sure, np.zeros_like(right), page, aside, allowed), float).ravel()
        if found.shape != (3,) or not np.array_equal(found[1:], [0, 0]):
            raise Wrong("Where nothing is answered, both shares are 0: the mean of nothing is not a number.")

    yield 2, lambda: chosen(4)
    yield 1, ties_and_none
    yield 1, judged_aside
    yield 1, nothing_answered


# --- 5.6 -----------------------------------------------------------------------------------------------------------


def number_page(rng: np.random.Generator, empty: bool = False) -> tuple[np.ndarray, list[str]]:
    """Draw a page of numbers with digits of MNIST: grey values (H x W uint8, dark ink), and the digits of each row.

    A page has 3 to 5 rows of 4 to 8 digits, slopes a little, and lies in uneven light; one digit in seven nearly
    touches the next, or does.
    """
    height = int(rng.integers(26, 40))  # of a digit, in pixels
    counts = rng.integers(4, 9, int(rng.integers(3, 6)))
    images, labels = digits_for_pages(rng, int(counts.sum()))
    pitch, width = 2.1 * height, int(10.5 * height)
    ink = np.zeros((int(pitch * (len(counts) + 1)), width), np.float32)
    slope, place, rows = rng.uniform(-0.035, 0.035), 0, []
    for row, count in enumerate(counts):
        x = height * rng.uniform(0.6, 1.2)
        for image in images[place : place + count]:
            lines, columns = np.flatnonzero(image.max(axis=1)), np.flatnonzero(image.max(axis=0))
            digit = image[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1]
            high, wide = (max(2, round(height / 20 * rng.uniform(0.9, 1.1) * side)) for side in digit.shape)
            large = cv2.resize(digit, (wide, high), interpolation=cv2.INTER_CUBIC) / np.float32(255)
            middle = pitch * (row + 0.95) + slope * (x - width / 2) + rng.normal(0, 0.05 * height)
            spot = ink[round(middle - high / 2) :, round(x) :][:high, :wide]
            np.maximum(spot, np.clip(2 * large - 0.5, 0, 1)[: len(spot), : spot.shape[1]], out=spot)
            close = rng.random() < 1 / 7
            x += wide + height * (rng.uniform(-0.12, 0.02) if close else rng.uniform(0.12, 0.4))
        rows.append("".join(map(str, labels[place : place + count])))
        place += count
    if empty:
        ink, rows = np.zeros_like(ink), []
    light = np.linspace(-0.5, 0.5, width) if rng.random() < 0.5 else np.linspace(-0.5, 0.5, len(ink))[:, np.newaxis]
    paper = rng.uniform(180, 210) + rng.uniform(0, 50) * light
    grey = np.broadcast_to(paper, ink.shape) - rng.uniform(90, 130) * ink
    grey = grey + rng.normal(0, rng.uniform(1, 4), ink.shape)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8), rows


def texts_of(found: object) -> list[str]:
    """Return what a student's reader has read, a text a row. Wrong says why it is not that."""
    if isinstance(found, str):
        raise Wrong("One text comes back: return a list, with a text for each row.")
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise Wrong("Return a list of texts, one for each row, such as ['4071', '365'].")
    if not all(set(each) <= set("0123456789") for each in found):
        raise Wrong("A row holds other signs than the digits 0 to 9.")
    return list(found)


@functools.cache
def course_network() -> object:
    """Return the network that ships with the course."""
    from helpers.lenet import load_lenet5

    return load_lenet5()


def mistakes_on(pages: list[tuple[np.ndarray, list[str]]], read_page: object) -> np.ndarray:
    """Return a student's mistakes on each page: the edit distance, at most the number of its digits."""
    made = []
    for grey, rows in pages:
        said, true = "".join(texts_of(call(read_page, grey, course_network()))), "".join(rows)
        made.append(min(edit_distance(said[: 4 * len(true)], true), len(true)))
    return np.array(made)


def share_of_digits_read(rng: np.random.Generator, read_page: object) -> float:
    """Return the share of digits that a student's reader reads on drawn pages: 1 less the digit error rate."""
    pages = [number_page(rng) for _ in range(PAGES)]
    return float(1 - mistakes_on(pages, read_page).sum() / sum(len("".join(rows)) for _, rows in pages))


def against_ours(pages: list[tuple[np.ndarray, list[str]]], mine: np.ndarray) -> str:
    """Return a sentence that compares a student's mistakes on some pages with those of the course's reader."""
    from helpers.handwriting import read_digits

    true = ["".join(rows) for _, rows in pages]
    said = ["".join(str(each.digit) for each in read_digits(grey, course_network())) for grey, _ in pages]
    ours = np.array([edit_distance(*both) for both in zip(said, true, strict=True)])
    better, worse, total = int(np.sum(mine < ours)), int(np.sum(mine > ours)), sum(map(len, true))
    return (
        f"Digit error rate on {len(pages)} pages: yours {mine.sum() / total:.1%}, ours {ours.sum() / total:.1%}."
        f" Yours is better on {better} pages and worse on {worse} (p = {sign_test_by_counting(better, worse):.2g})."
    )


@part(10)
def own_reader(rng: np.random.Generator, read_page: object, goal: float) -> Iterator[Test]:
    """Part 5.6: from a picture of a page to its digits, row by row."""
    measured: list[float] = []

    def share() -> float:
        if not measured:
            mistakes_on([number_page(rng)], read_page)  # what has no form, or is untouched, says so at once
            print(f"Your reader and the course's read {PAGES} pages, about 15 seconds ...", flush=True)
            pages = [number_page(rng) for _ in range(PAGES)]
            mine = mistakes_on(pages, read_page)
            print(against_ours(pages, mine))
            measured.append(float(1 - mine.sum() / sum(len("".join(rows)) for _, rows in pages)))
        return measured[0]

    def reads(bar: float) -> None:
        if share() < bar:
            raise Wrong(f"{share():.1%} of the digits are read; this term's goal is {goal:.1%}.")

    def in_rows() -> None:
        reads(0.3)
        wrong = []
        for _ in range(5):
            grey, rows = number_page(rng)
            found = texts_of(call(read_page, grey, course_network()))
            wrong += [(len(rows), len(found))] if len(found) != len(rows) else []
        if len(wrong) > 2:  # a good reader takes a stroke of a 5 for a row, on one page in fourteen
            rows_there, rows_read = wrong[0]
            raise Wrong(f"A page of {rows_there} rows is read as {rows_read} texts: one for each row, from the top.")

    def empty_page() -> None:
        reads(0.3)
        try:
            found = read_page(number_page(rng, empty=True)[0], course_network())
        except (Exception, SystemExit) as error:
            raise Wrong(f"On an empty page it stops with {type(error).__name__}: return an empty list.") from None
        if found is ...:
            raise Untouched
        if found is None or len(texts_of(found)):
            raise Wrong("On an empty page there is nothing to read: return an empty list.")

    yield 1, in_rows
    yield 1, empty_page
    yield 3, lambda: reads(goal - 0.15)
    yield 5, lambda: reads(goal)
