"""The files of data/ are those that the course ships: each is compared with its checksum where it is loaded."""

import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers import ROOT, CourseError

DATA = ROOT / "data"
#: The SHA-256 of each file, in the form of `sha256sum`; made by `python -m tools.list_checksums`.
CHECKSUM_FILE = DATA / "checksums.txt"


class DataError(CourseError):
    """A file that the course ships is missing, or is not as it was shipped."""


@functools.cache
def checksums() -> dict[str, str]:
    """Return the SHA-256 of each shipped file, by its path below data/ (`models/lenet5.keras`)."""
    try:
        lines = CHECKSUM_FILE.read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        raise DataError(f"The file data/{CHECKSUM_FILE.name} is missing or damaged. {remedy('')}") from None


def remedy(name: str) -> str:
    """Return what to do when a shipped file, by its path below data/, is not as it was."""
    return (
        f"To get it back, run `git checkout HEAD -- data/{name or CHECKSUM_FILE.name}` in the course's folder, "
        "or download the course again."
    )


def check(path: Path, error: type[CourseError] = DataError) -> None:
    """Raise `error` if a file of data/ is missing or not as it was shipped; other files, the reader's own, pass.

    In a program of tools/ all pass: it makes such files, and loads what it has written before it is in the list.
    """
    program = getattr(sys.modules["__main__"], "__spec__", None)
    if getattr(program, "name", "").startswith("tools."):
        return
    path = Path(os.path.abspath(path))  # without "..", as a notebook may have it
    name = path.relative_to(DATA).as_posix() if path.is_relative_to(DATA) else ""
    if name not in checksums():
        return
    try:
        found = path.stat()
        digest = digest_of(path, found.st_mtime_ns, found.st_size)
    except FileNotFoundError:
        raise error(f"The file data/{name} is missing. {remedy(name)}") from None
    except OSError:  # it is closed, or a folder stands in its place
        raise error(f"The file data/{name} cannot be read. {remedy(name)}") from None
    if digest != checksums()[name]:
        raise error(f"The file data/{name} is damaged or another one. {remedy(name)}")


@functools.cache
def digest_of(path: Path, changed: int, length: int) -> str:
    """Return the SHA-256 of a file. It is read once, and again when it has changed: when, or its length, differs."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checked(path: Path) -> Callable:
    """Decorate a function that loads a shipped file: it is compared with its checksum before."""

    def decorate(load: Callable) -> Callable:
        @functools.wraps(load)
        def loads(*args, **kwargs):
            check(path)
            return load(*args, **kwargs)

        return loads

    return decorate


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of data/; DataError when it is missing or damaged."""
    check(path)
    return json.loads(path.read_text(encoding="utf-8"))
