"""What is run inside a student's Python notices what was replaced, names it, and puts it back."""

import json
import subprocess
import sys

import pytest

from classroom import inside
from helpers import ROOT

RUN = """
import io, json, sys, types
from contextlib import redirect_stdout
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
root, code = json.loads(sys.argv[1])
module = types.ModuleType("_drawn")
exec(open(root + "/classroom/inside.py", encoding="utf-8").read(), vars(module))
import numpy as np
module.begin(["helpers.exercises.assignment_1"])
told = []
for each in code:
    shell.run_cell(each)
    with redirect_stdout(io.StringIO()) as said:
        module.look_again(root, "SIGN ")
    told.append(said.getvalue())
shown = shell.display_formatter.format(3.0)[0]["text/plain"]
print(json.dumps([told, shown, float(np.mean([1.0, 3.0])), float(np.linalg.norm([3.0, 4.0]))]))
"""


def noticed(*code: str) -> list[str]:
    """Return what is noticed after each cell; all of it must be as ever in the end."""
    command = [sys.executable, "-c", RUN, json.dumps([str(ROOT), code])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    told, shown, mean, norm = json.loads(done.stdout.splitlines()[-1])
    assert (shown, mean, norm) == ("3.0", 2.0, 5.0)
    return told


@pytest.mark.parametrize(
    "code, name",
    [
        ("import importlib; importlib.reload = lambda module: module", "importlib.reload"),
        ("import importlib.util as u; u.spec_from_file_location = None", "importlib.util.spec_from_file_location"),
        ("import numpy as np; np.mean = lambda *a, **k: 1.0", "numpy.mean"),
        ("import numpy as np; np.linalg.norm = lambda *a, **k: 1.0", "numpy.linalg.norm"),
        ("def f(*a): return 1\nimport random; random.Random.shuffle = f", "random.Random.shuffle"),
        ("def f(*a, **k): return 1\nimport random; random.Random.choice.__code__ = f.__code__", "Random.choice"),
        ("import builtins; builtins.print = lambda *a, **k: None", "builtins.print"),
        ("import builtins; del builtins.sorted", "builtins.sorted"),
        ("%precision 1", "format of numbers"),
        (
            "get_ipython().display_formatter.formatters['text/plain'].for_type(float, lambda o, p, c: p.text('9'))",
            "IPython's formatter",
        ),
        ("import helpers.exercises.assignment_1 as c; c.classifier = None", "assignment_1.classifier"),
    ],
)
def test_what_was_replaced_is_named_and_put_back(code, name):
    first, second = noticed(code, "1")
    assert first.startswith("SIGN ") and name in first and not second


def test_honest_work_is_not_named():
    work = "import numpy as np, matplotlib.pyplot as plt, random\nnp.random.seed(0); random.seed(0)\n"
    work += (
        "np.set_printoptions(precision=2)\nx = np.array([1.5])\nx\nplt.plot(x)\ndef mean(x): return 0\nprint = print"
    )
    assert (
        noticed(work, "import helpers.plots, helpers.lenet, helpers.mnist", "import numpy.fft, numpy.ma, json")
        == [""] * 3
    )


def test_many_names_are_told_shortly():
    code = "import numpy as np\nfor name in dir(np):\n    if callable(getattr(np, name)) and name[0] != '_':\n"
    told = noticed(code + "        setattr(np, name, None)")[0]
    assert len(told.splitlines()) == inside.MOST_NAMES
