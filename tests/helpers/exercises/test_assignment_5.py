"""Assignment 5: usual mistakes are named and cost their marks, right answers in other forms earn all of them."""

import contextlib
import functools
import re
import types

import numpy as np
import pytest

from classroom.measure import solution_cells
from classroom.release import COURSEWORK
from helpers.exercises import assignment_5

#: The check of each part and the function that it is given.
PARTS = {
    "rows_of": assignment_5.rows_of_boxes,
    "mistakes": assignment_5.kinds_of_mistakes,
    "error_rate": assignment_5.rate_with_bootstrap,
    "cut_columns": assignment_5.straight_cuts,
    "refusal": assignment_5.rule_of_refusal,
    "read_page": functools.partial(assignment_5.own_reader, goal=0.9),
}
SORTED = "sorted(range(len(boxes)), key=lambda n: boxes[n][0])"
BOOTSTRAP = """def error_rate(wrong, digits, seed):
    rng = np.random.default_rng(seed)
    n = len(wrong)
    rates = [{one} for drawn in (rng.{draw} for _ in range(2000))]
    return {rate}, *np.quantile(rates, {ends})"""
WITH = "choice(n, n)"
POOLED = "wrong[drawn].sum() / digits[drawn].sum()"
ALL = "wrong.sum() / digits.sum()"
ENDS = "[0.025, 0.975]"
REFUSAL = """def refusal(sure, right, page, aside, allowed):
    kept = np.isin(page, aside)
    chosen, judged = {chosen}, {judged}
    values = {values}
    holds = [t for t in values if np.mean(~right[chosen][sure[chosen] {at} t]) <= allowed]
    t = {pick}
    answered = sure[judged] {at} t
    wrong = {wrong}
    return t, {share}, wrong"""
USUAL = {
    "chosen": "~kept",
    "judged": "kept",
    "values": "np.unique(sure[~kept])",
    "at": ">=",
    "pick": "min(holds, default=2)",
    "wrong": "np.mean(~right[judged][answered]) if answered.any() else 0",
    "share": "answered.mean()",
}

#: Of each part: a slip, the marks that remain (several, where chance decides), and what is said of it.
SLIPS = [
    ("rows_of", "rows_of = lambda boxes: sum(right.rows_of(boxes), [])", 0, "one long list"),
    ("rows_of", "rows_of = lambda boxes: [[boxes[n] for n in row] for row in right.rows_of(boxes)]", 0, "numbers"),
    ("rows_of", "rows_of = lambda boxes: right.rows_of(boxes)[::-1]", 0, "from the bottom"),
    ("rows_of", "rows_of = lambda boxes: [row[::-1] for row in right.rows_of(boxes)]", 0, "right to left"),
    ("rows_of", "rows_of = lambda boxes: [sorted(row) for row in right.rows_of(boxes)]", 0, "not that of reading"),
    ("rows_of", f"rows_of = lambda boxes: [{SORTED}]", 0, "in one row"),
    ("rows_of", "rows_of = lambda boxes: [row[:-1] for row in right.rows_of(boxes)]", 0, "each belongs to one row"),
    (
        "rows_of",
        """def rows_of(boxes):  # by the height of their middles on a straight page
    rows = {}
    for n in sorted(range(len(boxes)), key=lambda n: boxes[n][0]):
        rows.setdefault(round((boxes[n][1] + boxes[n][3] / 2 - 90) / 80), []).append(n)
    return [rows[key] for key in sorted(rows)]""",
        2,
        "slopes",
    ),
    (
        "rows_of",
        """def rows_of(boxes):  # by their tops, which have to be nearly equal
    rows = []
    for n in sorted(range(len(boxes)), key=lambda n: boxes[n][1]):
        if rows and boxes[n][1] - boxes[rows[-1][0]][1] < 7:
            rows[-1].append(n)
        else:
            rows.append([n])
    return [sorted(row, key=lambda n: boxes[n][0]) for row in rows]""",
        1,
        "their tops differ",
    ),
    ("rows_of", "rows_of = lambda boxes: right.rows_of(boxes) if boxes else [[]]", 3, "no rows"),
    ("rows_of", "rows_of = lambda boxes: right.rows_of(boxes) if len(boxes) > 1 else []", 3, "one number"),
    ("rows_of", "rows_of = lambda boxes: np.float64(right.rows_of([*boxes, boxes[0]]))", 0, "stops with|whole"),
    (
        "mistakes",
        """def mistakes(read, true):
    wrong = sum(a != b for a, b in zip(read, true))
    return wrong, max(0, len(true) - len(read)), max(0, len(read) - len(true))""",
        0,
        "place by place",
    ),
    ("mistakes", "mistakes = lambda read, true: sum(right.mistakes(read, true))", 0, "three are wanted"),
    (
        "mistakes",
        "mistakes = lambda read, true: tuple(np.array(right.mistakes(read, true))[[0, 2, 1]])",
        1,
        "exchanged",
    ),
    (
        "mistakes",
        "mistakes = lambda read, true: (0, max(0, len(true) - len(read)), max(0, len(read) - len(true)))",
        0,
        "difference in length",
    ),
    (
        "mistakes",
        """def mistakes(read, true):
    misread, lost, invented = right.mistakes(read, true)
    return 0, lost + misread, invented + misread""",
        0,
        "are enough",
    ),
    (
        "mistakes",
        "mistakes = lambda read, true: (sum(right.mistakes(read, true)), 0, 0)",
        1,
        "of other kinds",
    ),
    (
        "mistakes",
        """def mistakes(read, true):
    return right.mistakes(read.replace(" ", "x"), true.replace(" ", "y"))""",
        2,
        "Spaces",
    ),
    ("mistakes", "mistakes = lambda read, true: right.mistakes(read[:20], true[:20])", 2, "mistakes"),
    ("error_rate", "error_rate = lambda w, d, s: 100 * np.array(right.error_rate(w, d, s))", 0, "in per cent"),
    (
        "error_rate",
        BOOTSTRAP.format(one=POOLED, draw=WITH, rate="np.mean(wrong / digits)", ends=ENDS),
        3,
        "mean of the pages' rates",
    ),
    (
        "error_rate",
        BOOTSTRAP.format(one="np.mean((wrong / digits)[drawn])", draw=WITH, rate=ALL, ends=ENDS),
        1,
        "mean of the pages' rates",
    ),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw=WITH, rate="wrong.mean()", ends=ENDS), 3, "mistakes a page"),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw=WITH, rate="1 - " + ALL, ends=ENDS), 3, "share of digits read"),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw="permutation(n)", rate=ALL, ends=ENDS), 1, "with replacement"),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw=WITH, rate=ALL, ends="[0.05, 0.95]"), 1, "90 % interval"),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw=WITH, rate=ALL, ends="[0, 1]"), 1, "extremes"),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw=WITH, rate=ALL, ends="[0.975, 0.025]"), 1, "comes first"),
    (
        "error_rate",
        BOOTSTRAP.format(one="wrong[drawn].sum() / digits.sum()", draw=WITH, rate=ALL, ends=ENDS),
        1,
        "its own number of digits",
    ),
    (
        "error_rate",
        BOOTSTRAP.format(one="drawn / digits.sum()", draw=f"binomial(digits.sum(), {ALL})", rate=ALL, ends=ENDS),
        1,
        "independent digits",
    ),
    ("error_rate", "error_rate = lambda w, d, s: right.error_rate(w, d, None)", 3, "same seed"),
    ("error_rate", "error_rate = lambda w, d, s: right.error_rate(w, d, 0)", 3, "Another seed"),
    ("error_rate", "error_rate = lambda w, d, s: right.error_rate(w, d, s)[0]", 0, "3 numbers"),
    (
        "cut_columns",
        """def cut_columns(ink, cuts, apart):
    return [round(ink.shape[1] * n / (cuts + 1)) for n in range(1, cuts + 1)]""",
        (1, 2),
        "equal width",
    ),
    (
        "cut_columns",
        "cut_columns = lambda ink, cuts, apart: assignment_5.greedy_cuts(ink.sum(axis=0), cuts, apart)",
        2,
        "emptiest column first",
    ),
    ("cut_columns", "cut_columns = lambda ink, cuts, apart: right.cut_columns(1 - ink, cuts, apart)", (0, 1), "most"),
    ("cut_columns", "cut_columns = lambda ink, cuts, apart: right.cut_columns(ink, cuts, apart)[::-1]", 1, "left to"),
    (
        "cut_columns",
        "cut_columns = lambda ink, cuts, apart: np.argsort(ink.sum(axis=0))[:cuts]",
        (0, 1),
        "nearer|left to",
    ),
    ("cut_columns", "cut_columns = lambda ink, cuts, apart: range(1, 1 + cuts * apart, apart)", 0, "edge"),
    ("cut_columns", "cut_columns = lambda ink, cuts, apart: right.cut_columns(ink, 1, apart)", 1, "2 numbers"),
    (
        "cut_columns",
        "cut_columns = lambda ink, cuts, apart: right.cut_columns(ink > 0.1, cuts, apart)",
        (1, 2),
        "possible",
    ),
    (
        "cut_columns",
        "cut_columns = lambda ink, cuts, apart: np.array(right.cut_columns(ink, cuts, apart)) + 0.5",
        0,
        "whole number",
    ),
    ("refusal", REFUSAL.format(**USUAL | {"chosen": "kept | ~kept", "values": "np.unique(sure)"}), 2, "on all pages"),
    ("refusal", REFUSAL.format(**USUAL | {"chosen": "kept", "values": "np.unique(sure[kept])"}), 2, "in `aside`: on"),
    ("refusal", REFUSAL.format(**USUAL | {"judged": "~kept"}), 3, "pages that chose it"),
    ("refusal", REFUSAL.format(**USUAL | {"judged": "kept | ~kept"}), 3, "on all pages"),
    ("refusal", REFUSAL.format(**USUAL | {"share": "1 - answered.mean()"}), 3, "that which is refused"),
    ("refusal", REFUSAL.format(**USUAL | {"wrong": "np.mean(~right[judged] & answered)"}), 3, "not of all"),
    ("refusal", REFUSAL.format(**USUAL | {"wrong": "np.mean(~right[judged][answered])"}), 4, "mean of nothing"),
    ("refusal", REFUSAL.format(**USUAL | {"pick": "max(holds, default=2)"}), 2, "more than it must"),
    ("refusal", REFUSAL.format(**USUAL | {"pick": "holds[0]"}), 3, "stops with|could not"),
    ("refusal", REFUSAL.format(**USUAL | {"pick": "sure.min()"}), 1, "are wrong"),
    (
        "refusal",
        """def refusal(sure, right, page, aside, allowed):
    kept = np.isin(page, aside)
    t = 2
    for value in np.unique(sure[~kept])[::-1]:
        if np.mean(~right[~kept][sure[~kept] >= value]) > allowed:
            break
        t = value
    answered = sure[kept] >= t
    return t, answered.mean(), np.mean(~right[kept][answered]) if answered.any() else 0""",
        2,
        "first threshold that fails",
    ),
    (
        "refusal",
        """def refusal(sure, right, page, aside, allowed):  # counts along a sorted list, and cuts equals in two
    kept = np.isin(page, aside)
    order = np.argsort(-sure[~kept], kind="stable")
    share = np.cumsum(~right[~kept][order]) / np.arange(1, len(order) + 1)
    holds = np.flatnonzero(share <= allowed)
    t = sure[~kept][order][holds[-1]] if len(holds) else 2
    answered = sure[kept] >= t
    return t, answered.mean(), np.mean(~right[kept][answered]) if answered.any() else 0""",
        4,
        "are wrong",
    ),
    ("read_page", "read_page = lambda grey, network: ''.join(right.read_page(grey, network))", 0, "One text"),
    ("read_page", "read_page = lambda grey, network: [list(t) for t in right.read_page(grey, network)]", 0, "of texts"),
    ("read_page", "read_page = lambda grey, network: ['0' * 30]", 0, "digits are read"),
    ("read_page", "read_page = lambda grey, network: [f'{t} ' for t in right.read_page(grey, network)]", 0, "other"),
    (
        "read_page",
        "read_page = lambda grey, network: [''.join(right.read_page(grey, network))] if grey.std() > 20 else []",
        9,
        "one for each row",
    ),
    (
        "read_page",
        "read_page = lambda grey, network: right.read_page(grey, network) or 1 / 0",
        9,
        "empty page it stops",
    ),
    (
        "read_page",
        "read_page = lambda grey, network: right.read_page(grey, network) or ['1']",
        9,
        "nothing to read",
    ),
    (
        "read_page",  # loses a digit of each longer row
        "read_page = lambda grey, network: [re.sub(r'(.{5}).', r'\\g<1>', t) for t in right.read_page(grey, network)]",
        5,
        "this term's goal",
    ),
]

#: Right answers in other forms.
RIGHT = [
    (
        "rows_of",
        """def rows_of(boxes):  # straightened by the slope of neighbours, then by their middles
    left = sorted(range(len(boxes)), key=lambda n: boxes[n][0])
    last, rows = {}, []
    for n in left:
        x, y, w, h = boxes[n]
        near = [r for r in last if boxes[last[r]][1] < y + h and y < boxes[last[r]][1] + boxes[last[r]][3]]
        row = near[0] if near else len(rows)
        if not near:
            rows.append([])
        rows[row].append(n)
        last[row] = n
    return [tuple(row) for row in sorted(rows, key=lambda row: boxes[row[0]][1])]""",
    ),
    ("rows_of", "rows_of = lambda boxes: tuple(np.array(row) for row in right.rows_of(boxes)) or []"),
    (
        "mistakes",
        """def mistakes(read, true):
    @functools.cache
    def count(i, j):
        if i == len(read) or j == len(true):
            return 0, len(true) - j, len(read) - i
        m, l, n = count(i + 1, j + 1)
        ways = [(m + (read[i] != true[j]), l, n)]
        m, l, n = count(i + 1, j)
        ways.append((m, l, n + 1))
        m, l, n = count(i, j + 1)
        return min([*ways, (m, l + 1, n)], key=sum)
    read, true = read.replace(" ", ""), true.replace(" ", "")
    return list(count(0, 0))""",
    ),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw="choice(n, n, replace=True)", rate=ALL, ends=ENDS)),
    ("error_rate", BOOTSTRAP.format(one=POOLED, draw="integers(0, n, n)", rate="np.float32(" + ALL + ")", ends=ENDS)),
    (
        "cut_columns",
        """def cut_columns(ink, cuts, apart):
    profile, width = ink.sum(axis=0), ink.shape[1]
    @functools.cache
    def best(first, left):
        if not left:
            return 0, ()
        last = width - apart * left
        ways = ((profile[c] + best(c + apart, left - 1)[0], (c, *best(c + apart, left - 1)[1]))
                for c in range(first, last + 1))
        return min(ways)
    return np.array(best(apart, cuts)[1])""",
    ),
    (
        "refusal",
        REFUSAL.format(**USUAL | {"values": "sorted(sure[~kept])", "chosen": "[p not in aside for p in page]"}),
    ),
    ("refusal", REFUSAL.format(**USUAL | {"pick": "np.min([*holds, 2])"})),
]


@pytest.fixture(scope="module")
def model():
    """What the model solution defines."""
    space = {"assignment_5": assignment_5, "functools": functools, "re": re}
    with contextlib.redirect_stdout(None):
        exec(solution_cells("5_pages_of_numbers"), space)
    return space


def answered(model, code):
    """Return a space in which another answer stands in place of the model's, which it may call as `right`."""
    mine = model | {"right": types.SimpleNamespace(**model)}
    exec(code, mine)
    return mine


@pytest.fixture
def few_pages(monkeypatch):
    """A slip shows on five pages as well; the comparison with the course's reader has a test of its own."""
    monkeypatch.setattr(assignment_5, "PAGES", 5)
    monkeypatch.setattr(assignment_5, "against_ours", lambda *_: "")


def test_there_are_forty_slips_and_more():
    assert len(SLIPS) >= 40 and {part for part, *_ in SLIPS} == set(PARTS)


@pytest.mark.parametrize(("part", "code", "remains", "told"), SLIPS, ids=range(len(SLIPS)))
def test_a_slip_costs_its_marks_and_is_named(model, few_pages, capsys, part, code, remains, told):
    mine = answered(model, code)
    seeds = (3,) if part == "read_page" else (3, 4, 5)
    for seed in seeds:
        capsys.readouterr()
        assert PARTS[part](mine[part], seed=seed) in np.atleast_1d(remains), capsys.readouterr().out
        assert re.search(told, capsys.readouterr().out)


@pytest.mark.parametrize(("part", "code"), RIGHT, ids=range(len(RIGHT)))
def test_a_right_answer_in_another_form_earns_all(model, part, code, capsys):
    for seed in range(6):
        assert PARTS[part](answered(model, code)[part], seed=seed) == PARTS[part].marks, capsys.readouterr().out


def test_no_reader_is_credited_for_an_empty_page_alone(model, few_pages):
    assert PARTS["read_page"](lambda grey, network: [], seed=1) == 0


def test_both_readers_are_compared_on_the_same_pages(model, monkeypatch):
    monkeypatch.setattr(assignment_5, "PAGES", 2)
    rng = np.random.default_rng(8)
    pages = [assignment_5.number_page(rng) for _ in range(2)]
    said = assignment_5.against_ours(pages, assignment_5.mistakes_on(pages, lambda *_: ["0"]))
    assert re.search(r"on 2 pages: yours (9\d|100)\.\d%, ours [0-9]\.\d%", said)
    assert "better on 0 pages and worse on 2 (p = 0.5)" in said


def test_a_drawn_page_keeps_what_the_task_says_of_it():
    rng = np.random.default_rng(2)
    for _ in range(20):
        grey, rows = assignment_5.number_page(rng)
        assert grey.dtype == np.uint8 and 3 <= len(rows) <= 5 and all(4 <= len(row) <= 8 for row in rows)
    grey, rows = assignment_5.number_page(rng, empty=True)
    assert rows == [] and grey.std() < 25


NO_JOIN, NO_CUT = {"join": False}, {"wide": 99}
#: What the exemplars say of the pages of a seed: how many pages, which half (None: all), the settings, the rate.
EXEMPLARS = [
    (101, 10, None, NO_JOIN | NO_CUT, "7.9 %"),
    (101, 10, None, NO_JOIN, "3.7 %"),
    (102, 12, False, NO_JOIN | NO_CUT, "10.4 %"),
    (102, 12, False, {}, "5.9 %"),
    (102, 12, True, NO_JOIN | NO_CUT, "7.1 %"),
    (102, 12, True, {}, "5.0 %"),
    (103, 20, False, NO_CUT, "7.2 %"),
    (103, 20, False, {}, "3.8 %"),
    (103, 20, True, NO_CUT, "7.4 %"),
    (103, 20, True, {}, "4.1 %"),
]


@functools.cache
def drawn_pages(seed, count):
    rng = np.random.default_rng(seed)
    return [assignment_5.number_page(rng) for _ in range(count)]


@pytest.mark.parametrize(("seed", "count", "kept", "settings", "rate"), EXEMPLARS)
def test_the_numbers_of_the_exemplars_are_those_of_the_model_solution(model, seed, count, kept, settings, rate):
    assert rate in (COURSEWORK / "guide" / "exemplars_5.md").read_text(encoding="utf-8")
    pages = drawn_pages(seed, count)
    aside = np.random.default_rng(1).permutation(count) < count // 2
    mine = [page for page, is_aside in zip(pages, aside, strict=True) if kept in (None, is_aside)]
    wrong = assignment_5.mistakes_on(mine, lambda grey, network: model["read_page"](grey, network, **settings))
    digits = sum(len("".join(rows)) for _, rows in mine)
    # two digits may fall the other way on another processor
    assert abs(wrong.sum() / digits - float(rate.split()[0]) / 100) < 2.5 / digits


def test_the_marks_of_the_exemplars_add_up():
    """Each table: the marks of the three answers, and no line above what the rubric gives."""
    tables = (COURSEWORK / "guide" / "exemplars_5.md").read_text(encoding="utf-8").split("\n## ")[1:3]
    for table in tables:
        rows = re.findall(r"^\| [^|]+\((\d+)\) \| (\d+) \| (\d+) \| (\d+) \|$", table, re.MULTILINE)
        parts = np.array([[int(each) for each in row] for row in rows])
        together = re.search(r"\*\*Together\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\*", table)
        assert [10, *map(int, together.groups())] == parts.sum(axis=0).tolist()
        assert (parts[:, 1:] <= parts[:, :1]).all()
        said = re.findall(r"^### (?:Weak|Middling|Good): (\d+) marks?$", table, re.MULTILINE)
        assert tuple(said) == together.groups()
