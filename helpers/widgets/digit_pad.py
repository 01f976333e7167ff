"""DigitPad: draw a digit in the notebook, and see after each stroke what the network reads."""

from pathlib import Path

import matplotlib.pyplot as plt

from helpers import ROOT
from helpers.forward import NumpyLeNet5
from helpers.handwriting import prepare
from helpers.plots import draw_digit
from helpers.samples import single_digits
from helpers.widgets.instrument import Instrument, as_bytes, one_picture, probabilities_of, script, whole


class DigitPad(Instrument):
    """A pad to draw on. model: a network like LeNet-5, by default the one that the course ships.

    "Keep as my digit" writes the drawing into `folder`; its name begins with the digit, as notebook 05 wants it.
    """

    _esm = script("digit_pad")
    promise = "draw a digit with mouse, pen, finger or keys, and the network reads it after each stroke."

    def __init__(self, model=None, folder: Path = ROOT / "my_digits") -> None:
        super().__init__()
        self.drawing: bytes | None = None  # what was drawn last
        self.model, self.folder = model or NumpyLeNet5(), Path(folder)

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        if content.get("kind") == "keep":
            label = whole(content.get("label"), 0, 9, "The digit that you drew")
            return {"kept": self.keep(label, one_picture(buffers))}, []
        if not buffers:
            return {"probabilities": None}, []
        prepared = prepare(one_picture(buffers))
        self.drawing = buffers[0]
        self.changed()
        probabilities = probabilities_of(self.model, prepared.image) if prepared.image.any() else None
        notes = {"warnings": prepared.warnings, "doubts": prepared.doubts}
        return {"probabilities": probabilities, **notes}, [as_bytes(prepared.image)]

    def keep(self, label: int, picture: bytes) -> str:
        """Write a drawing beside the others, under a name that is free; return a sentence about it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (path := self.folder / f"{label}_drawn_{number:02d}.png").exists():
            number += 1
        path.write_bytes(picture)
        return f"Kept as {self.folder.name}/{path.name}."

    def draw(self) -> plt.Figure:
        sample = next(each for each in single_digits() if each.situation == "tablet drawing")
        prepared = prepare(self.drawing or sample.path)
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8, 2.6), width_ratios=[1, 1, 1.6])
        left.imshow(prepared.stages["picture"])
        left.set(title="the pad", xticks=[], yticks=[])
        left.spines[:].set_visible(True)
        draw_digit(middle, prepared.image, "what the network sees")
        right.barh(range(10), probabilities_of(self.model, prepared.image))
        right.set(yticks=range(10), ylim=(9.6, -0.6), xlim=(0, 1), xlabel="probability", ylabel="digit")
        return figure
