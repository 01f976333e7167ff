"""Instruments for the notebooks: each a Python and a JavaScript file, and one line in a cell."""

import importlib

#: Each is imported when it is asked for: the quiz shares their frame, and needs neither TensorFlow nor OpenCV.
MODULES = {"DigitPad": "digit_pad", "KernelLab": "kernel_lab", "NetworkView": "network_view", "PhotoLab": "photo_lab"}

__all__ = ["DigitPad", "KernelLab", "NetworkView", "PhotoLab"]


def __getattr__(name: str) -> type:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
