"""The course in a Jupyter that it did not install: what is missing is fetched or told in one sentence.

`notebooks/helpers.py` calls `settle` when a notebook first imports from helpers. Old Pythons have to read this file.
"""

import importlib.util
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from helpers import CourseError

#: What the lessons import, and the package that brings it.
NEEDED = {
    "anywidget": "anywidget",
    "cv2": "opencv-python",
    "h5py": "h5py",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "onnx": "onnx",
    "pillow_heif": "pillow-heif",
    "PIL": "pillow",
    "tensorflow": "tensorflow",
}
START = (
    "start it with `python3 course.py lab` (Windows: `py course.py lab`) in its folder, which installs what it needs."
)


def hosted() -> bool:
    """Return whether this is Colab or Kaggle, where a package may be added: the machine is gone after the session."""
    return "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def add(packages: list) -> None:
    """Install packages into the running Python; CourseError when that fails."""
    done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *packages], check=False)
    importlib.invalidate_caches()
    if done.returncode:
        raise CourseError(f"pip could not add {', '.join(packages)}: switch the notebook's internet on, and try again.")


def differing(pins: dict) -> list:
    """Return the packages that are here in another version than the course was tested with, with both versions."""
    found = []
    for package in NEEDED.values():
        try:
            here = version(package)
        except PackageNotFoundError:  # it came under another name, as opencv-python-headless does
            continue
        if package in pins and here != pins[package]:
            found.append(f"{package} {here} ({pins[package]})")
    return found


def settle() -> None:
    """Make the running Python fit for the lessons, silently if it is; CourseError says what is missing."""
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        old = "{}.{}".format(*sys.version_info[:2])
        raise CourseError(f"The course needs Python 3.11, 3.12 or 3.13, and this Jupyter runs {old}: {START}")
    from helpers.machine import pinned_packages  # an old Python could not read it

    pins = pinned_packages()
    missing = [package for module, package in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing and not hosted():
        raise CourseError(f"This Jupyter lacks what the course needs ({', '.join(missing)}): {START}")
    if missing:
        add([f"{package}=={pins[package]}" if package in pins else package for package in missing])
    if others := differing(pins):
        print(f"The course was tested with the versions in brackets, and here are {', '.join(others)}.")
        print("What a cell prints may differ a little.")
    if "google.colab" in sys.modules:
        from google.colab import output

        output.enable_custom_widget_manager()  # else Colab shows no instrument
