"""How a stored model or result tells which code and data made it, so that a test can notice when it is stale."""

import ast
import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from helpers import ROOT
from helpers.mnist import CHECKSUMS


def bare_code(source: str) -> str:
    """Return Python source without docstrings, lines of comment and blank lines: what decides the result."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        is_scope = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if is_scope and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            lines[text.lineno - 1 : text.end_lineno] = [""] * (text.end_lineno - text.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip() and not line.strip().startswith("#"))


def code_hash(files: Iterable[Path], data: Iterable[Path] = ()) -> str:
    """Return the SHA-256 over the bare code of these files, the checksums of MNIST, and other files of data."""
    parts = [bare_code(Path(file).read_text(encoding="utf-8")) for file in files]
    parts.append(json.dumps(CHECKSUMS, sort_keys=True))
    parts += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in data]
    return hashlib.sha256("\n\f".join(parts).encode()).hexdigest()


def module_files(*names: str) -> list[Path]:
    """Return the files of modules of this course, given as `helpers.lenet`."""
    return [ROOT / (name.replace(".", "/") + ".py") for name in names]


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what a training run gives."""
    return {name: version(name) for name in ("tensorflow", "keras", "numpy", "opencv-python")}
