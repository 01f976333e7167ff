"""Likeness: which copies are found behind which disguise, and that nobody is told who wrote for themselves."""

import functools
import itertools
import json

import nbformat
import pytest

from classroom import likeness
from classroom.likeness import ALIKE, LEAST, WHOLE, alike, fingerprint, fingerprints, groups, public, with_whole
from tests.classroom.disguises import (
    DISGUISES,
    disguised,
    everything,
    helper_split,
    renamed,
    reordered,
    with_dead_code,
    with_steps,
)
from tests.classroom.right_answers import (
    ASSIGNMENTS,
    CHECKED,
    SLOW,
    checked,
    handed_in,
    hash_of,
    practice,
    right_answers,
)

FIRST, SECOND = (0, 2, 4, 6, 8, 10), (1, 3, 5, 7, 9, 11)  # of the twelve: to choose the limits, and to try them
FIRST_DISGUISES = (renamed, reordered, with_dead_code)


@functools.cache
def class_of(assignment, disguise=None):
    """The fingerprints of the twelve, or of copies of them in a disguise."""
    given = practice(assignment)
    return [
        fingerprints(
            handed_in(
                assignment, {name: disguised(code, disguise) if disguise else code for name, code in each.items()}
            ),
            given,
        )
        for each in right_answers(assignment)
    ]


def shares(one, other):
    """How alike the parts are that are compared, whatever the limit."""
    one, other = with_whole(one), with_whole(other)
    return {part: likeness.likeness(one[part], other[part]) for part in one.keys() & other.keys()}


def innocent(students):
    """How alike the work of these is, and that of each to the public solution: by kind."""
    found = {"part": [], WHOLE: []}
    for assignment in ASSIGNMENTS:
        mine = [*(class_of(assignment)[each] for each in students), public(assignment)]
        for one, other in itertools.combinations(mine, 2):
            for part, share in shares(one, other).items():
                found[part if part == WHOLE else "part"].append(share)
    return found


def guilty(students, disguises):
    """How alike copies in these disguises are to what was copied: by kind."""
    found = {"part": [], WHOLE: []}
    for assignment, disguise in itertools.product(ASSIGNMENTS, disguises):
        for each in students:
            copied = shares(class_of(assignment)[each], class_of(assignment, disguise)[each])
            for part, share in copied.items():
                found[part if part == WHOLE else "part"].append(share)
    return found


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_twelve_answers_are_right(assignment):
    """Most of the checks train: they run by `python -m tests.classroom.right_answers`, which notes what it has seen."""
    assert len(right_answers(assignment)) == 12
    cells = {cell.metadata.nbgrader.grade_id for cell in practice(assignment).cells if "nbgrader" in cell.metadata}
    assert all(set(each) <= cells for each in right_answers(assignment)), "an answer that no cell takes"
    assert json.loads(CHECKED.read_text())[assignment] == hash_of(assignment), "python -m tests.classroom.right_answers"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_nobody_is_told_who_wrote_for_themselves(assignment):
    names = [*(f"student {number}" for number in range(1, 13)), "the public solution"]
    everybody = list(zip(names, [*class_of(assignment), public(assignment)], strict=True))
    assert groups(everybody) == []


def test_the_limits_follow_from_one_half():
    """They lie between the two with a tenth to spare. (The method was chosen with both halves in view.)"""
    most, least = innocent(FIRST), guilty(FIRST, FIRST_DISGUISES)
    for kind, limit in ALIKE.items():
        assert max(most[kind]) < limit - 0.1, (kind, max(most[kind]))
        assert min(least[kind]) > limit + 0.1, (kind, min(least[kind]))


def test_the_limits_hold_with_the_other_half():
    most = innocent(SECOND)
    found = guilty(SECOND, [each for each in DISGUISES if each not in FIRST_DISGUISES])
    for kind, limit in ALIKE.items():
        assert max(most[kind]) < limit
        assert sum(share >= limit for share in found[kind]) >= 0.9 * len(found[kind])


def test_the_guide_tells_what_was_measured():
    guide = " ".join((likeness.COURSEWORK / "README.md").read_text(encoding="utf-8").split())
    most = innocent(range(12))
    assert f"single parts were {max(most['part']):.0%} alike".replace("%", " %") in guide
    assert f"most alike of whole notebooks, {max(most[WHOLE]):.0%}".replace("%", " %") in guide
    copies = {each.__name__: guilty(range(12), [each]) for each in DISGUISES}
    found = {name: sum(share >= ALIKE["part"] for share in got["part"]) for name, got in copies.items()}
    tried = {name: len(got["part"]) for name, got in copies.items()}
    assert all(share >= ALIKE[WHOLE] for got in copies.values() for share in got[WHOLE])
    assert f"all {sum(len(got[WHOLE]) for got in copies.values())} copies of whole notebooks" in guide
    assert f"{sum(found.values())} of {sum(tried.values())} copies of parts" in guide
    for name in ("with_steps", "loops_exchanged"):
        assert f"({tried[name] - found[name]} of {tried[name]})" in guide
    assert all(f"{share:.0%}".replace("%", " %") in guide for share in ALIKE.values())


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda each: each.__name__)
def test_each_whole_copy_is_found_behind_each_disguise(disguise):
    for assignment in ASSIGNMENTS:
        for mine, copy in zip(class_of(assignment), class_of(assignment, disguise), strict=True):
            assert WHOLE in alike(mine, copy)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_copy_of_the_public_solution_is_found(assignment):
    code = dict(zip(*named(assignment), strict=True))
    copy = handed_in(assignment, {name: disguised(source, everything) for name, source in code.items()})
    assert WHOLE in alike(fingerprints(copy, practice(assignment)), public(assignment))


def named(assignment):
    """The names of the answers' cells, and the public solution's code for them."""
    solution = nbformat.read(likeness.COURSEWORK / "solutions" / f"{assignment}.ipynb", as_version=4)
    cells = zip(practice(assignment).cells, solution.cells, strict=True)
    mine = [(one, two) for one, two in cells if one.cell_type == "code" and one.metadata.nbgrader.solution]
    return [one.metadata.nbgrader.grade_id for one, _ in mine], [two.source for _, two in mine]


@pytest.mark.long
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_disguise_costs_no_marks(assignment):
    """Else it would be none that anybody wears. (What trains is left out here; four of the twelve wear two each.)"""
    for number, disguise in zip((1, 4, 7, 10), (reordered, with_dead_code, helper_split, with_steps), strict=True):
        for each in (disguise, everything):
            answers = right_answers(assignment)[number]
            worn = {name: disguised(code, each) for name, code in answers.items()}
            said, bare = checked(assignment, worn, SLOW), checked(assignment, answers, SLOW)
            assert said and said == bare, (number + 1, each.__name__, said)


# --- What the fingerprint sees, and what not --------------------------------------------------------------------------

SOME = """
def centre(image):
    '''Where it balances.'''
    total = 0
    row = 0.0
    for r, line in enumerate(image):
        total += line.sum()   # ink
        row += r * line.sum()
    return row / total
"""
SAME = {
    "names and comments": SOME.replace("total", "m").replace("line", "z").replace("# ink", "# something else"),
    "docstring and layout": SOME.replace("'''Where it balances.'''", "").replace(" + ", "+"),
    "constants": SOME.replace("0.0", "1.5").replace("total = 0", "total = 7"),
    "order": SOME.replace("    total = 0\n    row = 0.0\n", "    row = 0.0\n    total = 0\n"),
    "sides": SOME.replace("r * line.sum()", "line.sum() * r"),
    "the long way": SOME.replace("row += r * line.sum()", "row = r * line.sum() + row"),
    "types": SOME.replace("centre(image)", "centre(image: list) -> float").replace("row =", "row: float ="),
    "dead code": SOME.replace(
        "    return", "    unused = [1, 2]\n    if not unused:\n        print(total)\n    return"
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_what_changes_nothing_is_not_seen(what):
    assert likeness.likeness(fingerprint(SOME), fingerprint(SAME[what])) == 1


def test_what_is_another_program_is_seen():
    other = "def centre(image):\n    return np.average(np.arange(len(image)), weights=image.sum(axis=1))"
    assert likeness.likeness(fingerprint(SOME), fingerprint(other)) < 0.3


def test_most_of_a_loop_is_seen_again_in_a_comprehension_over_the_same():
    loop = "out = []\nfor a, b in zip(one, two[1:]):\n    if a > b + 1:\n        out.append(a * b - 1)"
    written = "out = [a * b - 1 for a, b in zip(one, two[1:]) if a > b + 1]"
    assert likeness.likeness(fingerprint(loop), fingerprint(written)) > 0.5


HOSTILE = {
    "no Python": "def (",
    "a null byte": "a = 1\0",
    "half a character": "a = '\ud800'\nb = a + '\udfff'",
    "brackets": "(" * 5000 + ")" * 5000,
    "lists": "[" * 900 + "]" * 900,
    "minus signs": "-" * 20_000 + "1",
    "a long sum": "+".join(["1"] * 14_000),
    "attributes": "a" + ".b" * 14_000,
    "blocks": "\n".join(" " * depth + "if a:" for depth in range(99)) + "\n" + " " * 99 + "a",
    "a huge number": "a = " + "9" * 20_000,
    "many lines": "a = b * 2\n" * 2900,
    "nothing": "",
    "magic": "%matplotlib inline\n!ls\nprint(1 + 2 + 3)",
    "odd letters": "ｘ = 1\nprint(ｘ + ﬁ + 1)",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_raises(what):
    made = fingerprint(HOSTILE[what])
    assert json.loads(json.dumps(made)) == made and len(made) < 30_000


def test_code_that_cannot_be_read_hides_its_own_cell_alone():
    answers = right_answers("1_the_data")[0]
    whole = fingerprints(handed_in("1_the_data", answers), practice("1_the_data"))
    broken = fingerprints(handed_in("1_the_data", answers | {"trial": "def ("}), practice("1_the_data"))
    assert broken["part_1_4"] and broken["part_1_1"] == whole["part_1_1"]


def test_what_stands_in_an_added_cell_is_compared_as_well():
    notebook = handed_in("1_the_data", {})
    answer = right_answers("1_the_data")[3]
    place = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells].index("classifier")
    notebook.cells.insert(place, nbformat.v4.new_code_cell(answer["classifier"]))
    assert "part_1_4" in alike(fingerprints(notebook, practice("1_the_data")), class_of("1_the_data")[3])


def test_a_cell_of_any_length_is_left_out_and_told():
    answers = right_answers("1_the_data")[0]
    notebook = handed_in("1_the_data", answers | {"trial": "a = b + 1\n" * 1_000_000})
    made = fingerprints(notebook, practice("1_the_data"))
    assert sum(made["part_1_4"].values()) < 1000 and made["part_1_1"] == class_of("1_the_data")[0]["part_1_1"]
    (note,) = likeness.too_long(notebook, practice("1_the_data"))
    assert note.startswith("part 1.4") and "please look" in note
    assert likeness.too_long(handed_in("1_the_data", answers), practice("1_the_data")) == []


def test_what_everybody_got_does_not_count():
    for assignment in ASSIGNMENTS:
        assert not any(fingerprints(practice(assignment), practice(assignment)).values())


def test_short_parts_are_not_told_by_themselves():
    same = class_of("2_convolution_and_counting")[0]
    assert not {"part_2_2", "part_2_4"} & alike(same, same).keys()
    assert min(LEAST.values()) > 100


def test_a_class_is_told_in_groups():
    one, two, three = class_of("1_the_data")[:3]
    copy, again = class_of("1_the_data", renamed)[0], class_of("1_the_data", everything)[0]
    found = groups([("ada", one), ("ben", two), ("cem", copy), ("dora", again), ("ada", one), ("eve", three)])
    assert {group.part for group in found} >= {WHOLE, "part_1_4"}
    for group in found:
        assert group.students == ["ada", "cem", "dora"] and ALIKE.get(group.part, 0.8) <= group.least <= group.most <= 1


def test_the_summary_tells_it_and_skips_what_an_earlier_version_kept():
    one, copy = class_of("1_the_data")[0], class_of("1_the_data", renamed)[0]
    record = {"student": "ada", "assignment": "1_the_data", "notes": [], "marks": {}, "file": "a", "said": {}}
    records = [record | {"code": one}, record | {"student": "cem", "code": copy}]
    records.append(record | {"student": "old", "code": {"part_1_4": "0123456789ab"}})
    lines = likeness.told(records)
    assert "  all parts together: the code has one shape (100% alike): ada, cem" in lines
    assert not any("old" in line for line in lines)


def test_a_submission_like_the_solution_gets_a_remark():
    mine = public("2_convolution_and_counting")
    (note,) = likeness.like_the_solution(mine, {}, "2_convolution_and_counting")
    assert "worked solution: all parts together (100%)" in note
    assert likeness.like_the_solution(class_of("1_the_data")[3], {}, "1_the_data") == []
