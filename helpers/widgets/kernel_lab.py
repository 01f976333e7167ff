"""KernelLab: slide a kernel over a digit, and read the arithmetic under the window."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from helpers import CourseError
from helpers.lenet import load_lenet5
from helpers.mnist import VALIDATION_SIZE, load_mnist, split_validation
from helpers.plots import draw_digit
from helpers.widgets.instrument import Instrument, script, validation_number, whole

LARGEST_KERNEL = 11  # weights on each side
#: The two edges have the signs of notebook 03: large where ink begins, from left to right and from top to bottom.
PRESETS = {
    "upright edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "level edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "all edges": [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "nothing": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}


class KernelLab(Instrument):
    """A kernel of 3 x 3 or 5 x 5 on a validation digit; `kernel`, `stride`, `padding`, `output` can be read in Python.

    digit: the number of the validation digit, 0 to 4,999. kernel: rows of weights, or the name of a preset.
    """

    _esm = script("kernel_lab")
    promise = "change the kernel, the stride and the padding, move the window, and follow the sum under it."
    digit = traitlets.Int(0, min=0, max=VALIDATION_SIZE - 1).tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    kernel = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    stride = traitlets.Int(1, min=1, max=4).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=4).tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)

    def __init__(self, digit: int = 0, kernel: list | str = "upright edges", stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        (_, _), (self.digits, self.labels) = split_validation(*load_mnist()[0])
        learned = np.asarray(load_lenet5().get_layer("C1").weights[0])[:, :, 0].transpose(2, 0, 1)
        self.presets = PRESETS | {
            f"LeNet-5's C1, map {number}": each.round(3).tolist() for number, each in enumerate(learned, 1)
        }
        rows = self.presets.get(kernel, []) if isinstance(kernel, str) else np.asarray(kernel, float).tolist()
        if np.shape(rows) not in [(side, side) for side in range(1, LARGEST_KERNEL + 1)]:
            raise CourseError(
                f"The kernel is not a square of numbers, nor one of these names: {', '.join(self.presets)}."
            )
        self.kernel, self.digit = rows, validation_number(digit)
        self.stride, self.padding = whole(stride, 1, 4, "The stride"), whole(padding, 0, 4, "The padding")
        self.choose()

    @traitlets.observe("digit")
    def choose(self, change: object = None) -> None:
        """Send the pixels of the chosen digit to the page."""
        self.image = self.digits[self.digit].tobytes()

    @traitlets.validate("kernel")
    def square(self, proposal: dict) -> list[list[float]]:
        """Refuse what is no square of at most 11 x 11 numbers."""
        rows = proposal["value"]
        if len(rows) > LARGEST_KERNEL or any(len(row) != len(rows) for row in rows) or not rows:
            raise traitlets.TraitError("the kernel is not a square of numbers")
        if not np.isfinite(rows).all():
            raise traitlets.TraitError("a weight is not finite")
        return rows

    @traitlets.observe("digit", "kernel", "stride", "padding")
    def moved(self, _: dict) -> None:
        self.changed()

    @property
    def output(self) -> np.ndarray:
        """The result: float64, (28 + 2 padding - side) // stride + 1 pixels on each side."""
        digit = np.frombuffer(self.image, np.uint8).reshape(28, 28) / 255
        padded, kernel = np.pad(digit, self.padding), np.array(self.kernel)
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[:: self.stride, :: self.stride]
        return np.einsum("rcij,ij->rc", windows, kernel)

    def draw(self) -> plt.Figure:
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8, 2.6))
        draw_digit(
            left,
            np.frombuffer(self.image, np.uint8).reshape(28, 28),
            f"validation digit {self.digit}, a {self.labels[self.digit]}",
        )
        far = np.abs(self.kernel).max()
        middle.imshow(self.kernel, vmin=-far, vmax=far)
        middle.set_title("the kernel (0 is grey)", fontsize=10)
        for (row, column), weight in np.ndenumerate(np.array(self.kernel)):
            middle.text(column, row, f"{weight:.2g}", ha="center", va="center", bbox={"color": "white", "pad": 1})
        far = np.abs(self.output).max()
        negative = self.output.min() < 0
        right.imshow(self.output, vmin=-far if negative else 0, vmax=far)
        right.set_title("the result (0 is grey, negative white)" if negative else "the result", fontsize=10)
        for axes in (middle, right):
            axes.set(xticks=[], yticks=[])
        return figure
