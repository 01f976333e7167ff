"""The check of the machine says OK where it is, and what to do where it is not."""

import re
import shutil
import sys

import pytest

from helpers import machine, shipped


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_all_is_well_here(capsys):
    machine.check_machine()
    output = lines(capsys)
    assert output[-1] == "This machine is ready."
    assert sum(line.startswith("OK") for line in output) >= 15 and not any("FAIL" in line for line in output)


def test_python_too_old_and_too_new():
    for found, good in (((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)):
        assert next(machine.check_python(found))[0] is good


def test_the_versions_come_from_pyproject():
    pinned = machine.pinned_packages()
    assert {"tensorflow", "numpy", "opencv-python", "matplotlib", "jupyterlab", "nbval"} <= set(pinned)
    assert all(re.fullmatch(r"[0-9.]+", version) for version in pinned.values())


def test_wrong_and_missing_packages(monkeypatch):
    monkeypatch.setattr(machine, "pinned_packages", lambda: {"numpy": "0.1", "no-such-package": "1.0"})
    wrong, missing = machine.check_packages()
    assert not wrong[0] and "is installed" in wrong[2] and "course.py lab" in wrong[2]
    assert not missing[0] and "not installed" in missing[2]


def test_opencv_without_its_system_libraries(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)  # makes `import cv2` fail
    good, _, remedy = next(machine.check_opencv())
    assert not good and "libgl1" in remedy


def test_missing_and_damaged_data(monkeypatch, tmp_path):
    shutil.copytree(shipped.DATA, tmp_path / "data")
    for module in (shipped, machine):
        monkeypatch.setattr(module, "DATA", tmp_path / "data")
    (tmp_path / "data/models/judge.npz").write_bytes(b"?")
    shutil.rmtree(tmp_path / "data/samples/rows")
    findings = list(machine.check_data())
    assert [good for good, _, _ in findings] == [True, False, False]
    assert "git checkout HEAD -- data/models/judge.npz" in findings[1][2]
    assert "data/samples/rows" in findings[2][2] and "is missing" in findings[2][2]


def test_too_little_memory(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 0.3)
    good, _, remedy = next(machine.check_resources())
    assert not good and "Only 0.3 GB" in remedy


@pytest.mark.skipif(sys.platform not in ("linux", "win32"), reason="macOS does not say how much memory is free")
def test_free_memory_is_plausible():
    assert 0.05 < machine.free_memory() < 10_000


def test_a_failure_is_printed_with_its_remedy(capsys):
    def broken():
        yield False, "the moon", "Wait for the night."

    machine.check_machine((broken,))
    assert lines(capsys) == [
        "FAIL  the moon",
        "      -> Wait for the night.",
        "",
        "1 to mend, then run this cell again.",
    ]
