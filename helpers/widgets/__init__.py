"""Instruments for the notebooks: each a Python and a JavaScript file, and one line in a cell."""

from helpers.widgets.digit_pad import DigitPad
from helpers.widgets.kernel_lab import KernelLab
from helpers.widgets.network_view import NetworkView
from helpers.widgets.photo_lab import PhotoLab

__all__ = ["DigitPad", "KernelLab", "NetworkView", "PhotoLab"]
