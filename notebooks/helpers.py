"""What a notebook finds first when it imports from helpers: it leads to the real ones.

The course's own JupyterLab would find them anyway. Any other (Colab, VS Code, ...) finds
this file, because it lies beside the notebooks, and by it the helpers in the folder above,
or one sentence that says what is missing.
"""

import sys
from pathlib import Path

COURSE = str(Path(__file__).resolve().parent.parent)
sys.path.insert(0, COURSE)
del sys.modules[__name__]  # this file; what comes next are the real ones

from helpers import elsewhere  # noqa: E402

try:
    elsewhere.settle()
except BaseException:
    sys.path.remove(COURSE)  # so that the next try comes by here again
    raise
