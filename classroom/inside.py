"""What is run inside a student's Python: before the first cell, before each test, and after the last.

Its text is sent there and run as a module of a name that is drawn anew each time. It looks at what judges: whether
functions of the libraries, the numbers' own way to show themselves, or the modules that judge are still what they were.
What was replaced is put back and named. It shares the student's Python, so it notices usual tricks; whoever sets out to
deceive it can.
"""

import importlib.util
import sys
from types import FunctionType, ModuleType

from IPython import get_ipython
from IPython.core.formatters import PlainTextFormatter

#: Libraries in whose functions the tests trust.
LIBRARIES = {"builtins", "importlib", "numpy", "keras", "random", "math", "json", "cv2"}
#: Replaced by the kernel itself, in each cell.
OFTEN = {("builtins", "input")}
#: What judges. A student may have written into it: before each test all of it is read again from its files.
JUDGES = ["helpers.evaluation", "helpers.mnist", "helpers.lenet", "helpers.exercises.engine"]
JUDGES += ["helpers.exercises.assignment", *(f"helpers.exercises.assignment_{number}" for number in (1, 2, 3, 4))]
JUDGES += ["helpers.coursework"]  # the name that older releases import
MOST_NAMES = 20

before: dict[tuple[int, str], tuple[object, str, object, object]] = {}
shown_by: dict[str, object] = {}


def body_of(value: object) -> object:
    """Return the code of a function, which can be replaced inside it; None for all else."""
    return value.__code__ if isinstance(value, FunctionType) else None


def functions() -> dict:
    """Return what can be called in the libraries and their classes: its place, its name there, itself, its code."""
    found, seen = {}, set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES and isinstance(module, ModuleType):
            for each, value in list(vars(module).items()):
                if not callable(value) or (name, each) in OFTEN:
                    continue
                found[id(module), each] = module, f"{name}.{each}", value, body_of(value)
                ours = isinstance(value, type) and value.__module__.partition(".")[0] in LIBRARIES
                if not ours or id(value) in seen:
                    continue
                seen.add(id(value))
                for method, inner in list(vars(value).items()):
                    if isinstance(inner, FunctionType):
                        found[id(value), method] = value, f"{name}.{each}.{method}", inner, body_of(inner)
    return found


def put_back() -> list[str]:
    """Put back what was replaced since it was first seen; return the names."""
    changed = []
    now = functions()
    for key, (place, name, value, code) in before.items():
        _, _, other, its_code = now.get(key, (None, "", None, None))
        if other is value and its_code is code:
            continue
        changed.append(name)
        if isinstance(value, FunctionType):
            value.__code__ = code
        setattr(place, key[1], value)
    for key, each in now.items():
        before.setdefault(key, each)
    return changed


def show_as_ever() -> list[str]:
    """Let values be shown as in a fresh Python; return the names of what was changed about that since the last time."""
    shell, changed = get_ipython(), []
    now = shell.display_formatter.formatters["text/plain"]
    if shown_by and (now is not shown_by["formatter"] or now.float_format != shown_by["float_format"]):
        changed.append("IPython's format of numbers")
    elif shown_by and any(now.type_printers.get(kind) is not each for kind, each in shown_by["printers"].items()):
        changed.append("IPython's formatter")
    fresh = PlainTextFormatter(parent=shell.display_formatter)
    shell.display_formatter.formatters["text/plain"] = fresh
    shown_by.update(formatter=fresh, float_format=fresh.float_format, printers=dict(fresh.type_printers))
    return changed


def same(old: object, new: object) -> bool:
    """Return whether a function, a class or a constant of what judges is what stands in its file."""
    if isinstance(new, FunctionType):
        inner, mine = getattr(new, "__wrapped__", None), getattr(old, "__wrapped__", None)
        alike = getattr(old, "__code__", None) == new.__code__ and old.__defaults__ == new.__defaults__
        return alike and (inner is None or same(mine, inner))
    if isinstance(new, type):
        return isinstance(old, type) and all(same(vars(old).get(name), each) for name, each in vars(new).items())
    return old == new if isinstance(new, int | float | str | tuple) else True


def read_again(root: str) -> list[str]:
    """Read what judges again from its files, as far as it was imported; return the names of what was changed."""
    changed = []
    for name in JUDGES:
        old = sys.modules.get(name)
        if old is None:
            continue
        spec = importlib.util.spec_from_file_location(name, f"{root}/{name.replace('.', '/')}.py")
        new = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(new)
        parent, _, leaf = name.rpartition(".")
        setattr(sys.modules[parent], leaf, new)
        for each, value in vars(new).items():
            mine = not each.startswith("__") and getattr(value, "__module__", name) == name
            if mine and not same(vars(old).get(each), value):
                changed.append(f"{name}.{each}")
    return changed


def leave(*arguments: object) -> None:
    """Stand in for exit() and quit(), which would end the Python."""
    raise SystemExit("exit() was called: it ends this cell alone.")


def begin(modules: list[str]) -> None:
    """Import what the tests will need, look at it before the student can, and let exit() end a cell alone."""
    for name in modules:
        importlib.import_module(name)
    get_ipython().user_ns.update(exit=leave, quit=leave)
    get_ipython().ask_exit = leave
    before.update(functions())
    show_as_ever()


def look_again(root: str, sign: str) -> None:
    """Name what was changed, a line for each that begins with the sign, and let all be as it was."""
    changed = put_back() + show_as_ever() + read_again(root)
    print("".join(f"{sign}{name}\n" for name in changed[:MOST_NAMES]), end="")
