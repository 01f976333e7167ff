"""Erase the rules of tables, grids and forms; what is written across them stays.

A part of the third stage. Lying and standing rules are found alike: the picture is turned over its diagonal.
"""

import itertools
from typing import NamedTuple

import cv2
import numpy as np


class Rule(NamedTuple):
    """A line that lies: its columns from the left, the row of its middle in each of them, how thick it is, in pixels.

    It may slope, bend and wobble a little.
    """

    columns: np.ndarray
    rows: np.ndarray
    thick: float

    @property
    def length(self) -> int:
        """How many columns it spans."""
        return int(self.columns[-1] - self.columns[0])

    def draw(self, canvas: np.ndarray, wider: float = 0) -> None:
        """Draw it on a canvas (H x W uint8), some pixels wider."""
        points = np.rint(np.column_stack([self.columns, self.rows])).astype(np.int32)
        cv2.polylines(canvas, [points], False, 1, round(self.thick + wider) + 2)

    def along(self, picture: np.ndarray) -> np.ndarray:
        """Return what lies on its middle."""
        return picture[np.rint(self.rows).astype(int), self.columns]


Both = tuple[list[Rule], list[Rule]]  # those that lie and those that stand


def lines_in(mask: np.ndarray, usual: float) -> list[Rule]:
    """Return the lying lines of a mask (H x W uint8) that are about as long as digits of a usual height, or longer."""
    reach = max(5, int(usual) // 3 | 1)
    taller = cv2.dilate(mask, np.ones((max(3, reach // 8 | 1), 1)))  # what slopes is flat, too
    flat = cv2.morphologyEx(taller, cv2.MORPH_OPEN, np.ones((1, reach))) & mask
    tops = (flat[1:] > flat[:-1]).sum() + flat[0].sum()
    thick = flat.sum() / max(1, tops)  # of the average line: its pixels by its tops; thicker is a stroke that crosses
    thin = mask & ~cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((int(1.6 * thick) + 2, 1)))
    flat &= thin
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(cv2.dilate(flat, np.ones((3, reach))))  # over the strokes
    taken, found = np.zeros_like(mask), []
    for number in np.argsort(-boxes[:, cv2.CC_STAT_WIDTH], kind="stable"):
        x, y, width, height = boxes[number, :4]
        if number == 0 or width < 0.8 * usual + reach or height > 0.35 * width:
            continue
        part = np.s_[y : y + height, x : x + width]
        rows, places = np.nonzero((labels[part] == number) & (flat[part] > 0))
        if taken[part][rows, places].mean() > 0.5:
            continue
        counts = np.bincount(places, minlength=width)
        inked = np.flatnonzero(counts)
        middles = np.bincount(places, rows, width)[inked] / counts[inked]
        rule = follow(Rule(inked + x, middles + y, float(np.median(counts[inked]))), mask, thin, reach)
        found.append(rule)
        rule.draw(taken)
    return found


def follow(rule: Rule, mask: np.ndarray, thin: np.ndarray, step: int) -> Rule:
    """Follow a rule to both sides for as long as there is ink on its way (mask; thin: where it is no thicker)."""
    columns, rows, thick = rule
    beside = np.arange(-int(thick / 2 + 2), int(thick / 2 + 2) + 1)[:, np.newaxis]
    for _ in range(2):
        goes_on = True
        while goes_on and columns[-1] + 1 < mask.shape[1]:
            tail = columns > columns[-1] - 6 * step
            ahead = np.arange(columns[-1] + 1, min(mask.shape[1], columns[-1] + 1 + step))
            straight = np.polyval(np.polyfit(columns[tail], rows[tail], 1), ahead).clip(0, len(mask) - 1)
            way = (np.rint(straight).astype(int) + beside).clip(0, len(mask) - 1)
            inked, here = mask[way, ahead].any(axis=0), thin[way, ahead]
            goes_on = inked.mean() > 0.5
            new = inked & (goes_on | (np.cumsum(~inked) == 0))
            middles = np.where(here.any(axis=0), (way * here).sum(axis=0) / here.sum(axis=0).clip(1), straight)
            columns, rows = np.append(columns, ahead[new]), np.append(rows, middles[new])
        columns, rows = mask.shape[1] - 1 - columns[::-1], rows[::-1]
        mask, thin = mask[:, ::-1], thin[:, ::-1]
    return Rule(columns, rows, thick)


def band(rules: list[Rule], shape: tuple, wider: float = 0) -> np.ndarray:
    """Return where rules are in a picture of this shape, and some pixels wider: H x W uint8."""
    canvas = np.zeros(shape, np.uint8)
    for rule in rules:
        rule.draw(canvas, wider)
    return canvas


def bands(rules: Both, shape: tuple, wider: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return where the lying and where the standing rules are, each H x W uint8 of a picture of this shape."""
    return band(rules[0], shape, wider), band(rules[1], shape[::-1], wider).T


def rules_in(mask: np.ndarray, ink: np.ndarray, usual: float, share: float, need: int) -> Both:
    """Return the rules among the lines of a mask (H x W uint8) of ink (H x W float32).

    Lines longer than digits, and than a share of the picture, are rules where they meet: as many as needed, both ways;
    shorter ones, where they stand between two that lie. Very long ones are rules anywhere, unless a share is asked for,
    and so are thin ones through the whole picture that are pale or close to its edge.
    """
    lines = lines_in(mask, usual), lines_in(mask.T.copy(), usual)
    least = [max(1.3 * usual, share * wide) for wide in mask.shape[::-1]]
    long = tuple([rule for rule in rules if rule.length > most] for rules, most in zip(lines, least, strict=True))
    lying = bands(long, mask.shape, 0.1 * usual)[0]
    thick = 1.5 * np.median([rule.thick for rules in long for rule in rules] or [0])
    for rule in lines[1]:
        meets = rule.along(lying.T).astype(int)
        between = meets[0] and meets[-1] and (np.diff(meets) > 0).sum() == 1
        if rule.length <= least[1] and rule.thick < thick and between:
            long[1].append(rule)
    side = int(usual) // 4 | 1
    _, nets = cv2.connectedComponents(cv2.dilate(np.maximum(*bands(long, mask.shape)), np.ones((side, side))))
    names = [[rule.along(net)[0] for rule in rules] for rules, net in zip(long, (nets, nets.T), strict=True)]
    dark = 0.7 * np.quantile(ink[mask > 0], 0.98)

    def is_rule(rule: Rule, name: int, ink: np.ndarray) -> bool:
        high, wide = ink.shape
        lying, standing = (own.count(name) for own in names)
        at_edge = rule.rows.min() < 0.12 * high or rule.rows.max() > 0.88 * high
        through = rule.length > 0.9 * wide and high < 1.5 * wide and rule.thick < 0.03 * max(high, wide)
        return (
            (lying and standing and lying + standing >= need)
            or (not share and rule.length > 3.5 * usual)
            or (through and (at_edge or np.median(rule.along(ink)) < dark))
        )

    chosen = [
        [rule for rule, name in zip(rules, own, strict=True) if is_rule(rule, name, view)]
        for rules, own, view in zip(long, names, (ink, ink.T), strict=True)
    ]
    return chosen[0], chosen[1]


def within(strip: np.ndarray, rim: int, longest: float) -> np.ndarray:
    """Return in which columns of a strip (rows x columns bool) with a rule in its middle a stroke lies in the rule.

    Such a stroke is seen where it leaves the rule (`rim` rows from the middle) on either side: it comes out slanting.
    """
    middle, out = len(strip) // 2, 3
    ends = []
    for side in (strip, strip[::-1]):
        near, far = side[middle - rim], np.flatnonzero(side[middle - rim - out])
        for begin, end in np.flatnonzero(np.diff(np.pad(near, 1).astype(int))).reshape(-1, 2):
            own = far[(far > begin - 4 * out) & (far < end + 4 * out)]
            if len(own):
                ends.append((begin, end, own.min() > begin + 1, own.max() < end - 2))
    ends.sort()
    result = np.zeros(strip.shape[1], bool)
    for (_, end, _, slants), (begin, _, slants_too, _) in itertools.pairwise(ends):
        if slants and slants_too and 0 <= begin - end < longest:
            result[end:begin] = True
    return result


def erase(rule: Rule, ink: np.ndarray, mask: np.ndarray, crossing: np.ndarray, usual: float) -> None:
    """Erase a lying rule from the ink (H x W float32), but not the strokes that cross it or stand on it.

    Those are thicker than the rule, or darker, or go on beyond it. mask: where there was ink; crossing: where standing
    rules are (H x W uint8).
    """
    over = int(rule.thick)
    columns = np.arange(max(0, rule.columns[0] - over), min(mask.shape[1], rule.columns[-1] + over + 1))
    beside = np.arange(-3 * over - 8, 3 * over + 9)
    rows = np.rint(np.interp(columns, rule.columns, rule.rows)).astype(int) + beside[:, np.newaxis]
    inside, rows = (rows >= 0) & (rows < len(mask)), rows.clip(0, len(mask) - 1)
    strip, dark = mask[rows, columns] * inside, ink[rows, columns]
    rim, own = int(rule.thick / 2 + 1.5), strip & ~crossing[rows, columns]
    thick = np.quantile(own[np.abs(beside) <= over + 1].sum(axis=0), 0.75)
    kept = cv2.morphologyEx(own, cv2.MORPH_OPEN, np.ones((int(thick) + 2, 1))) > 0
    kept |= dark > 1.2 * np.quantile(dark[np.abs(beside) <= rule.thick / 4], 0.75)
    gone = (strip > 0) & ~kept & ~within(own > 0, rim + 1, 0.6 * usual)
    gone[np.abs(beside) > rim] = False
    ink[rows[gone], np.broadcast_to(columns, gone.shape)[gone]] = 0


def erase_rules(ink: np.ndarray, faintest: float = 0) -> np.ndarray:
    """Erase the rules of tables, grids and forms: H x W float32 in and out. faintest: what is no darker is no ink."""
    mask = (ink > faintest).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask)
    side = max(ink.shape)
    heights = boxes[1:, 3][boxes[1:, 3] > max(5, side / 100)]
    tall = heights[heights > 0.25 * np.quantile(heights, 0.9)] if len(heights) else [side / 6]  # or lying lines alone
    usual = float(np.median(tall))
    large = boxes[:, 2:4].max(axis=1) > 1.5 * min(usual, side / 6)
    large[0] = False
    if not large.any():
        return ink
    large = large[labels].astype(np.uint8)
    rules = rules_in(large, ink, usual, 0, 3)
    if usual > side / 6:  # digits so large, or all of them in one grid?
        rules = max(rules, rules_in(large, ink, side / 6, 0.6, 6), key=lambda found: sum(map(len, found)))
    if not any(rules):
        return ink
    result = ink.copy()
    lying, standing = bands(rules, mask.shape)
    for rule in rules[0]:
        erase(rule, result, mask, standing, usual)
    for rule in rules[1]:
        erase(rule, result.T, mask.T, lying.T, usual)
    # what is left of a rule alone is nothing
    thick = float(np.median([rule.thick for rule in rules[0] + rules[1]]))
    near = np.maximum(*bands(rules, mask.shape, thick))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((result > faintest).astype(np.uint8))
    remnant = np.bincount(labels.ravel(), near.ravel(), count) > 0.8 * boxes[:, cv2.CC_STAT_AREA]
    remnant &= boxes[:, 2:4].min(axis=1) < 2 * thick + 2
    remnant[0] = False
    result[remnant[labels]] = 0
    # a stroke alone in the picture, from nowhere to nowhere, is no rule
    alone = len(rules[0] + rules[1]) == 1 and (rules[0] + rules[1])[0].length < 0.9 * side
    return ink if alone and not (result > faintest).any() else result
