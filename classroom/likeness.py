"""How alike is the code of two answers? By its shape, so that other names, another order or dead code hide no copy.

An answer becomes a fingerprint. Its code is parsed, and each statement and expression becomes a hash of its form: which
operations stand in it, which attributes and keywords of libraries, and how they are nested. Names, the values of
constants, comments, docstrings, type hints and layout are left out; so is in what order statements stand, and in which
block or function. A loop and a comprehension over the same thing have the same hash, and so have `a += b` and
`a = a + b`. How alike two answers are is the share of the smaller one's hashes, weighted by their size, that the other
one has as well: what is added to a copy makes it no less alike.

To compare fingerprints in place of texts, and to leave out what was given to all, is the method of S. Schleimer,
D. Wilkerson and A. Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003. They choose some of
the hashes of a long document; an answer is short, and keeps all of its own.

What is found are remarks, no verdicts. A short part has few right forms and is not compared by itself, but all parts of
a notebook together are.
"""

import ast
import functools
import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from nbformat import NotebookNode

from classroom.release import COURSEWORK, grade_id, read_notebook

Fingerprint = dict[str, int]  # the hash of a form, and the weight of all its occurrences

LONGEST = 30_000  # characters of a part that are compared: one with more is told
SMALLEST = 3  # nodes of a form that is counted: less stands in every program
WHOLE = "all parts together"
#: From which weight a part, and all of them together, are compared, and from which share they are told: between what
#: the right answers in tests/classroom/right_answers have in common, and what disguised copies of them have.
LEAST = {"part": 170, WHOLE: 500}
ALIKE = {"part": 0.8, WHOLE: 0.7}
SWAPPED = ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor  # operations whose two sides may be exchanged
#: What is no code of the student's: nbgrader's marks in a source, and what IPython alone understands.
NO_PYTHON = re.compile(r"^ *(### (BEGIN|END) SOLUTION|[%!].*)$", re.MULTILINE)


def parsed(code: str) -> ast.AST | None:
    """Return the tree of some code; None when it is none, or is too deep to be read."""
    try:
        tree = ast.parse(NO_PYTHON.sub("", code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        for _, body in ast.iter_fields(node):
            if isinstance(body, list):
                body[:] = [written_out(each) if isinstance(each, ast.AugAssign) else each for each in body]
    return tree


def written_out(node: ast.AugAssign) -> ast.Assign:
    """Return `a = a + b` for `a += b`."""
    return ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that belong to its form: of a statement with a body, what stands in its first line."""
    for name, value in ast.iter_fields(node):
        if name not in ("ctx", "annotation", "returns", "type_comment", "type_params", "decorator_list"):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.AST) and not isinstance(each, ast.stmt | ast.excepthandler | ast.match_case):
                    yield each


def form(node: ast.AST, below: list[str]) -> str:
    """Return the form of a node from the forms of its parts."""
    kind = type(node).__name__
    match node:
        case ast.Constant():
            kind = type(node.value).__name__
        case ast.Attribute():
            kind = f".{node.attr}"
        case ast.keyword():
            kind = f"{node.arg}="
        case ast.AnnAssign():
            kind = "Assign"
        case ast.BinOp(op=operation) if isinstance(operation, SWAPPED):
            below = [below[1], *sorted([below[0], below[2]])]
        case ast.BinOp():
            below = [below[1], below[0], below[2]]
        case ast.For() | ast.comprehension():
            kind, below = "for", below[:2]
        case ast.If() | ast.IfExp() | ast.While():
            kind = "if"
    return f"{kind}({' '.join(below)})"


def fingerprint(code: str) -> Fingerprint:
    """Return the fingerprint of some code; an empty one when it cannot be read."""
    tree = parsed(code)
    if tree is None:
        return {}
    forms: dict[int, tuple[str, int]] = {}
    found: Counter[str] = Counter()
    for node in reversed(list(ast.walk(tree))):  # from the leaves up, and without recursion
        below = [forms[id(each)] for each in children(node)]
        size = 1 + sum(each for _, each in below)
        digest = hashlib.blake2b(form(node, [each for each, _ in below]).encode("utf-8", "replace"), digest_size=6)
        forms[id(node)] = (digest.hexdigest(), size)
        if size >= SMALLEST and isinstance(node, ast.stmt | ast.expr | ast.comprehension):
            found[digest.hexdigest()] += size
    return dict(found)


def shared(one: Fingerprint, other: Fingerprint) -> int:
    """Return the weight of what stands in both."""
    return sum(min(one[each], other[each]) for each in one.keys() & other.keys())


def likeness(one: Fingerprint, other: Fingerprint) -> float:
    """Return which share of the smaller fingerprint the other one has as well: 0 to 1."""
    return shared(one, other) / max(1, min(sum(one.values()), sum(other.values())))


# --- The answers of a notebook -----------------------------------------------------------------------------------


def by_part(notebook: NotebookNode, given: NotebookNode) -> dict[str, list[str]]:
    """Return the code of each part, a text for each cell: of all cells but the release's, up to the part's test."""
    names = [grade_id(cell) for cell in notebook.cells]
    if not any(names) and len(names) == len(given.cells):  # a worked solution that is public has lost them
        names = [grade_id(cell) for cell in given.cells]
    ours = {grade_id(cell) for cell in given.cells if cell.metadata.get("nbgrader", {}).get("locked")}
    parts: dict[str, list[str]] = {}
    waiting: list[str] = []
    for cell, name in zip(notebook.cells, names, strict=True):
        if cell.cell_type == "code":
            waiting += [cell.source] if name not in ours else []
            if name.startswith("part_"):
                parts[name], waiting = parts.get(name, []) + waiting, []
    return parts


def fingerprints(notebook: NotebookNode, given: NotebookNode) -> dict[str, Fingerprint]:
    """Return the fingerprint of each part, without what everybody got: given is the notebook as it was released."""
    stubs = by_part(given, given)
    made = {}
    for part, cells in by_part(notebook, given).items():
        while sum(map(len, cells)) > LONGEST:
            cells.remove(max(cells, key=len))
        mine = sum((Counter(fingerprint(code)) for code in cells), Counter())
        made[part] = dict(mine - sum((Counter(fingerprint(code)) for code in stubs.get(part, [])), Counter()))
    return made


def too_long(notebook: NotebookNode, given: NotebookNode) -> list[str]:
    """Return the remarks on parts of which not all code is compared."""
    long = [part for part, cells in by_part(notebook, given).items() if sum(map(len, cells)) > LONGEST]
    return [f"{called(part)}: {LONGEST:,} characters of code and more are not compared; please look." for part in long]


@functools.cache
def public(assignment: str) -> dict[str, Fingerprint]:
    """Return the fingerprints of the worked solution that stands in the repository; none for an assignment without."""
    solution, practice = (COURSEWORK / room / f"{assignment}.ipynb" for room in ("solutions", "practice"))
    if not (solution.exists() and practice.exists()):
        return {}
    return fingerprints(read_notebook(solution), read_notebook(practice))


def with_whole(parts: dict[str, Fingerprint]) -> dict[str, Fingerprint]:
    """Return the fingerprints that weigh enough to be compared, and that of all parts together."""
    together = dict(sum((Counter(each) for each in parts.values()), Counter()))
    return {
        part: each
        for part, each in (parts | {WHOLE: together}).items()
        if sum(each.values()) >= LEAST.get(part, LEAST["part"])
    }


def alike(one: dict[str, Fingerprint], other: dict[str, Fingerprint]) -> dict[str, float]:
    """Return the parts of two notebooks that are so alike that it is told, and how alike: 0 to 1."""
    one, other = with_whole(one), with_whole(other)
    found = {part: likeness(one[part], other[part]) for part in one.keys() & other.keys()}
    return {part: share for part, share in sorted(found.items()) if share >= ALIKE.get(part, ALIKE["part"])}


def like_the_solution(mine: dict[str, Fingerprint], worked: dict[str, Fingerprint], assignment: str) -> list[str]:
    """Return the remark on answers that are like the release's worked solution, or like the public one."""
    found = alike(mine, worked)
    for part, share in alike(mine, public(assignment)).items():
        found[part] = max(share, found.get(part, 0))
    parts = ", ".join(f"{called(part)} ({share:.0%})" for part, share in found.items())
    return [f"The shape of the code is that of the worked solution: {parts}."] if parts else []


def part_of(name: str) -> str:
    """Return the number of a part, as students know it: `part_1_2` is 1.2."""
    return name.removeprefix("part_").replace("_", ".")


def called(part: str) -> str:
    """Return what a part is called in a remark."""
    return part if part == WHOLE else f"part {part_of(part)}"


# --- A class ---------------------------------------------------------------------------------------------------------


class Alike(NamedTuple):
    """Students whose answers to one part are alike: each to at least one of the others."""

    part: str
    students: list[str]
    least: float  # how alike those pairs are that are told, 0 to 1
    most: float


def told(records: list[dict]) -> list[str]:
    """Return the lines of a summary on who is alike, from the records of one assignment."""
    readable = [(record["student"], record["code"]) for record in records]
    # records of releases that were graded before fingerprints were kept hold a text for each part
    mine = [(who, code) for who, code in readable if all(isinstance(each, dict) for each in code.values())]
    lines = []
    for group in groups(mine):
        how = (
            f"{group.least:.0%}"
            if f"{group.least:.0%}" == f"{group.most:.0%}"
            else f"{group.least:.0%} to {group.most:.0%}"
        )
        lines.append(f"  {called(group.part)}: the code has one shape ({how} alike): {', '.join(group.students)}")
    return lines


def groups(notebooks: list[tuple[str, dict[str, Fingerprint]]]) -> list[Alike]:
    """Return who is alike in a class: pairs of student and fingerprints, of one assignment."""
    found: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    ready: dict[str, list[tuple[int, Fingerprint, int]]] = defaultdict(list)
    for number, (_, parts) in enumerate(notebooks):
        for part, mine in with_whole(parts).items():
            ready[part].append((number, mine, sum(mine.values())))
    for part, answers in ready.items():
        enough = ALIKE.get(part, ALIKE["part"])
        for (one, mine, weight), (two, others, other_weight) in itertools.combinations(answers, 2):
            share = shared(mine, others) / min(weight, other_weight)
            if share >= enough and notebooks[one][0] != notebooks[two][0]:
                found[part].append((one, two, share))
    made = []
    for part, pairs in sorted(found.items()):
        leader: dict[int, int] = {}
        for one, two, _ in pairs:
            first, second = leader.setdefault(one, one), leader.setdefault(two, two)
            leader |= {each: first for each, lead in leader.items() if lead == second}
        for lead in sorted(set(leader.values())):
            shares = [share for one, _, share in pairs if leader[one] == lead]
            names = sorted({notebooks[each][0] for each, mine in leader.items() if mine == lead})
            made.append(Alike(part, names, min(shares), max(shares)))
    return made
