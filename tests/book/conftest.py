"""The built book, for the tests that need it: they need its own environment, which `course.py book` installs.

Where that is missing they are skipped, unless NEEDS_BOOK is set, as continuous integration does: then it is installed.
"""

import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers import ROOT


@pytest.fixture(scope="session")
def pages() -> Path:
    """Build the book as `course.py book` does; return the folder of its pages."""
    if not (ROOT / ".venv-book/installed").exists() and not os.environ.get("NEEDS_BOOK"):
        pytest.skip("the book's builder is not installed: `python3 course.py book` installs it")
    done = subprocess.run([sys.executable, ROOT / "course.py", "book"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "book/_build/html"


@pytest.fixture(scope="session")
def address(pages: Path) -> str:
    """Serve the pages on loopback, under a sub-path as on a shared host; return the address of the first page."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix("/a/copy"))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/a/copy/"
    server.shutdown()
