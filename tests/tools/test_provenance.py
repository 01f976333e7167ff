"""The hash of what made a network notices code, and nothing else."""

from tools import provenance
from tools.provenance import bare_code, code_hash, code_of


def test_the_hash_ignores_comments_and_docstrings_and_notices_code(tmp_path, monkeypatch):
    one = '"""Docs."""\n\ndef f(x):\n    """Say\n    more."""\n    # why\n    return x + 1\n'
    assert bare_code(one) == "def f(x):\n    return x + 1"
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    two, three = one.replace("more", "less"), one.replace("+ 1", "+ 2")
    for name, text in (("one", one), ("two", two), ("three", three), ("four", one + "\n\ndef g():\n    pass\n")):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    assert code_hash(["one"]) == code_hash(["two"]) != code_hash(["three"])
    assert code_hash(["one"]) != code_hash(["four"])
    assert code_of("one:f") == code_of("four:f") != code_of("three:f")


def test_a_function_that_moves_to_another_module_keeps_its_hash(tmp_path, monkeypatch):
    """Whatever stands around it there, and whatever the module is called."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    function = "def f(x):\n    return x + 1\n"
    (tmp_path / "old.py").write_text("import os\n\n" + function, encoding="utf-8")
    (tmp_path / "room" / "part").mkdir(parents=True)
    (tmp_path / "room" / "part" / "new.py").write_text("def g():\n    pass\n\n\n" + function, encoding="utf-8")
    assert code_hash(["old:f"]) == code_hash(["room.part.new:f"]) != code_hash(["old"])
