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


def code_of(name: str) -> str:
    """Return the bare code of a module (`helpers.lenet`) or of one thing in it (`helpers.lenet:lenet5`)."""
    module, _, thing = name.partition(":")
    source = (ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    if thing:
        (source,) = (ast.get_source_segment(source, node) for node in ast.parse(source).body if thing in names_of(node))
    return bare_code(source)


def names_of(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return [getattr(node, "name", ""), *(getattr(target, "id", "") for target in targets)]


def code_hash(names: Iterable[str], data: Iterable[Path] = (), sources: Iterable[str] = ()) -> str:
    """Return the SHA-256 over this code (see `code_of`), the checksums of MNIST, other files of data, other sources."""
    parts = [*(code_of(name) for name in names), *map(bare_code, sources)]
    parts.append(json.dumps(CHECKSUMS, sort_keys=True))
    parts += [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in data]
    return hashlib.sha256("\n\f".join(parts).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what a training run gives."""
    return {name: version(name) for name in ("tensorflow", "keras", "numpy", "opencv-python")}
