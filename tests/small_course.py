"""A course that is installed in seconds and without a network: one package of a few lines stands in for all."""

import base64
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT

SHOW = """import json, os, sys
import helpers
print(json.dumps([sys.argv[1:], os.getcwd()]))
sys.exit({code})
"""


def wheel(folder: Path) -> str:
    """Write a package that stands in for JupyterLab, pytest and OpenCV; returns its line in a lock."""
    info = "course_stub-1.dist-info/"
    files = {
        "jupyterlab/__main__.py": SHOW.format(code=0),
        "pytest/__main__.py": SHOW.format(code=7),
        "cv2.py": "",
        info + "METADATA": "Metadata-Version: 2.1\nName: course-stub\nVersion: 1\n",
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text)}\n"
    path = folder / "course_stub-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, info + "RECORD": record + info + "RECORD,,\n"}.items():
            archive.writestr(name, text)
    return f"course-stub==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class SmallCourse:
    """A folder with course.py and a small lock; the package that it names waits beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, wheels = folder, folder.with_name("wheels é")
        (folder / "helpers").mkdir(parents=True)
        wheels.mkdir()
        for name in ("course.py", "environment.yml"):
            shutil.copy(ROOT / name, folder)
        (folder / "helpers/__init__.py").touch()
        self.pin = wheel(wheels)
        (folder / "requirements.txt").write_text(self.pin)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "CONDA_", "PYTHONPATH"))}
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
        self.environ = {**kept, **offline, "PYTHONIOENCODING": "utf-8"}

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start course.py, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "course.py", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run course.py; return its exit code and what it printed."""
        with self.start(*arguments) as process:
            said = process.communicate(timeout=300)[0]
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def interruptions(self, count: int, seed: int) -> Iterator[subprocess.CompletedProcess]:
        """Kill so many installations, each at another moment, start again at once, and yield what that start did."""
        rng, begin = random.Random(seed), time.monotonic()
        self.run("test")
        whole = time.monotonic() - begin
        for _ in range(count):
            (self.folder / ".venv/installed").unlink()
            process = self.start("test")
            time.sleep(rng.uniform(0, whole))
            process.kill()  # as kill -9: what it started lives on
            process.stdout.close()
            process.wait()
            yield self.run("test")
