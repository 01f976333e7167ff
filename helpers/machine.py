"""Is this machine ready for the course? Uses the standard library alone, so that it can say what is missing."""

import ctypes
import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from helpers import ROOT
from helpers.shipped import DATA, DataError, check, checksums

AGAIN = "Close JupyterLab, run `python3 course.py lab` (Windows: `py course.py lab`), and open this notebook again."
MEMORY_GB, DISK_GB = 2, 0.5  # what the largest notebook takes, and room for what readers save

Finding = tuple[bool, str, str]  # is it good, what was looked at, what to do if it is not


def pinned_packages() -> dict[str, str]:
    """Return the packages that the course itself asks for in pyproject.toml, each with its exact version."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ours = text.partition("[dependency-groups]")[0]  # what follows is for instructors and authors
    return dict(re.findall(r'^ +"([a-z0-9-]+)==([^"]+)",$', ours, re.MULTILINE))


def check_python(found: tuple[int, int] = sys.version_info[:2]) -> Iterator[Finding]:
    """Check that Python is one that TensorFlow supports."""
    good = (3, 11) <= found < (3, 14)
    yield good, "Python 3.11, 3.12 or 3.13", f"This is Python {found[0]}.{found[1]}. {AGAIN}"


def check_packages() -> Iterator[Finding]:
    """Check that each package is there, in the version that the course was tested with."""
    for name, wanted in pinned_packages().items():
        try:
            found = version(name)
            yield found == wanted, f"{name} {wanted}", f"Version {found} is installed. {AGAIN}"
        except PackageNotFoundError:
            yield False, f"{name} {wanted}", f"It is not installed. {AGAIN}"


def check_opencv() -> Iterator[Finding]:
    """Check that OpenCV starts: on a slim Linux it may lack libraries of the system."""
    try:
        importlib.import_module("cv2")
        yield True, "OpenCV starts", ""
    except ImportError as error:
        yield False, "OpenCV starts", f"It says: {error}. On Debian or Ubuntu: sudo apt-get install libgl1 libglib2.0-0"


def check_data() -> Iterator[Finding]:
    """Check the digits, the trained networks and the sample pictures, byte by byte."""
    for what, begin in {
        "the 70,000 digits of MNIST": "mnist.npz",
        "the trained network": "models/",
        "the sample pictures": "samples/",
    }.items():
        try:
            for name in checksums():
                if name.startswith(begin):
                    check(DATA / name)
            yield True, what, ""
        except DataError as error:
            yield False, what, str(error)


def free_memory() -> float | None:
    """Return the gigabytes of memory that programs can still take, or None where the system does not say."""
    if sys.platform == "linux":
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(re.search(r"MemAvailable:\s+(\d+) kB", text)[1]) / 1e6
    if sys.platform == "win32":

        class Status(ctypes.Structure):  # MEMORYSTATUSEX of the Windows API
            _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
                (name, ctypes.c_ulonglong) for name in ("total", "free", "d", "e", "f", "g", "h")
            ]

        status = Status(length=ctypes.sizeof(Status))
        return status.free / 1e9 if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    return None  # macOS lends memory so freely that the number would mislead


def check_resources() -> Iterator[Finding]:
    """Check that there is memory for the largest notebook, and disk for what readers save."""
    memory = free_memory()
    good = memory is None or memory >= MEMORY_GB
    yield good, f"{MEMORY_GB} GB of free memory", f"Only {memory or 0:.1f} GB are free. Close other programs."
    disk = shutil.disk_usage(ROOT).free / 1e9
    yield disk >= DISK_GB, f"{DISK_GB} GB of free disk", f"Only {disk:.1f} GB are free. Delete what you do not need."
    yield os.access(ROOT, os.W_OK), "the course's folder can be written", "Move the folder to a place of your own."


CHECKS = (check_python, check_packages, check_opencv, check_data, check_resources)


def check_machine(checks: tuple[Callable[[], Iterator[Finding]], ...] = CHECKS) -> None:
    """Print OK or FAIL for each thing that the course needs, with the remedy where it fails."""
    findings = [finding for check in checks for finding in check()]
    for good, what, remedy in findings:
        print(f"{'OK  ' if good else 'FAIL'}  {what}" + ("" if good else f"\n      -> {remedy}"))
    failures = sum(not good for good, _, _ in findings)
    print("\nThis machine is ready." if not failures else f"\n{failures} to mend, then run this cell again.")
