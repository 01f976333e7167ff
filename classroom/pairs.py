"""Who gets the marks of a notebook that a pair hands in: the one whose file it is, and whom its first cell names."""

import ast
import contextlib
import itertools
import re

from nbformat import NotebookNode

from classroom.release import grade_id
from classroom.submissions import shown

NAMES = "our_names"  # the cell in which a pair writes its names
LONGEST = 80  # characters of a name


def names_written_in(notebook: NotebookNode) -> list[str]:
    """Return the names that the function `our_names` of a notebook returns, read and not run; none if it holds none."""
    names: list[str] = []
    for cell in notebook.cells:
        if grade_id(cell) == NAMES and cell.cell_type == "code":
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                returns = [node.value for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Return)]
                texts = [node.value for each in returns if each for node in ast.walk(each) if is_text(node)]
                names += [shown(text.strip())[:LONGEST] for text in texts if text.strip()]
    return list(dict.fromkeys(names))


def is_text(node: ast.AST) -> bool:
    """Tell whether a piece of code is a text."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def same_person(one: str, other: str) -> bool:
    """Tell whether two names mean one person: `anna_schmidt`, `Schmidt, Anna`, `schmidtanna`, and `anna` alone."""
    words = [re.findall(r"[^\W_]+", name.casefold()) for name in (one, other)]
    first, second = map(set, words)
    glued = [{"".join(each) for each in itertools.permutations(some[:5])} for some in words]  # as Canvas names files
    return bool(first and second) and bool(first <= second or second <= first or glued[0] & glued[1])


def people_of(student: str, notebook: NotebookNode) -> tuple[list[str], list[str]]:
    """Return whose marks a notebook's are, first the student whose file it is; and remarks on that."""
    named = names_written_in(notebook)
    others = [name for name in named if not same_person(name, student)]
    if not others:
        asked = any(grade_id(cell) == NAMES for cell in notebook.cells)
        unread = len(named) > 1 or (asked and not named)
        return [student], ["`our_names` gives no second name that can be read: a pair? Please look."] if unread else []
    people = [student, *others]
    if len(people) == 2 and len(named) == 2:
        return people, [f"Handed in by a pair: {student} and {others[0]} get the same marks."]
    told = f"The file is that of {student}, and it names {', '.join(named)}: each of them has a line; please look."
    return people, [told]
