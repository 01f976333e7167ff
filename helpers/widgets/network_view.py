"""NetworkView: a digit on its way through the network, and any unit under the magnifying glass."""

from functools import cached_property

import matplotlib.pyplot as plt
import numpy as np
import traitlets

from helpers.handwriting import prepare
from helpers.lenet import load_lenet5
from helpers.mnist import VALIDATION_SIZE, load_mnist, split_validation, to_input
from helpers.plots import draw_digit
from helpers.quiet import keras
from helpers.widgets.instrument import Instrument, one_picture, probabilities_of, script, validation_number, whole

DIGITS = 1000  # validation digits among which the most exciting patch is looked for


class NetworkView(Instrument):
    """What each layer of a network makes of a digit. model: layers that follow one another, like LeNet-5's.

    digit: the number of the validation digit to begin with, 0 to 4,999.
    """

    _esm = script("network_view")
    promise = "draw a digit or choose one, see each layer's maps, and choose a unit to see what it looks for."
    digit = traitlets.Int(0, min=0, max=VALIDATION_SIZE - 1).tag(sync=True)

    def __init__(self, model=None, digit: int = 0) -> None:
        super().__init__()
        self.model, self.digit = model or load_lenet5(), validation_number(digit)
        self.layers = [layer for layer in self.model.layers if layer.name != "flatten"]
        self.every = keras.Model(self.model.inputs[0], [layer.output for layer in self.layers])
        (_, _), (self.validation, self.labels) = split_validation(*load_mnist()[0])
        self.image = self.of_validation(digit)  # the one that was looked at last

    def of_validation(self, number: int) -> np.ndarray:
        """Return a validation digit, 28 x 28 float32 from 0 to 1."""
        return to_input(self.validation[number])[..., 0]

    def activations(self, image: np.ndarray) -> list[np.ndarray]:
        """Return what each layer makes of one image (28 x 28 float32): maps x height x width, or units x 1 x 1."""
        values = (np.asarray(value)[0] for value in self.every(image[np.newaxis, ..., np.newaxis], training=False))
        return [
            np.atleast_3d(value).transpose(2, 0, 1) if value.ndim == 3 else value[:, None, None] for value in values
        ]

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        if content.get("kind") == "unit":
            place = whole(content.get("layer"), 0, len(self.layers) - 1, "The place of a layer")
            units = self.layers[place].output.shape[-1]
            return self.describe(place, whole(content.get("unit"), 0, units - 1, "The place of a unit"))
        image, doubted = np.zeros((28, 28), np.float32), False
        if buffers:
            prepared = prepare(one_picture(buffers))
            image, doubted = prepared.image, bool(prepared.doubts)
        elif "digit" in content:
            image = self.of_validation(validation_number(content["digit"]))
        if image.any() and not np.array_equal(image, self.image):
            self.image = image
            self.changed()
        maps = self.activations(image)
        layers = [self.layout(layer.name, *values.shape) for layer, values in zip(self.layers, maps, strict=True)]
        probabilities = maps[-1].ravel().astype(float).tolist() if image.any() else None
        flat = np.concatenate([values.ravel() for values in maps]).astype(np.float32)
        return {"layers": layers, "probabilities": probabilities, "doubted": doubted}, [image.tobytes(), flat.tobytes()]

    def layout(self, name: str, maps: int, height: int, width: int) -> dict:
        """Say how a layer is drawn: so many maps side by side, each pixel so large."""
        if height * width == 1:
            columns, scale, text = min(maps, 20), 11, f"{maps} units"
        else:
            columns, text = min(maps, 6 if width > 12 else 8), f"{maps} maps of {height} x {width}"
            scale = max(1, round(56 / width)) if width > 5 else 6
        sizes = {"maps": maps, "height": height, "width": width, "columns": columns, "scale": scale}
        return sizes | {"name": name, "text": text}

    def field(self, place: int) -> tuple[int, int, int]:
        """Return the receptive field of a layer's units in pixels: its side, its step, and where the first begins."""
        side, step, begin = 1, 1, 0
        for layer in self.layers[: place + 1]:
            if isinstance(layer, keras.layers.Dense):
                return 28, 0, 0
            size, stride = (getattr(layer, "kernel_size", None) or layer.pool_size)[0], layer.strides[0]
            if layer.padding == "same" and stride == 1:
                begin -= step * ((size - 1) // 2)
            side, step = side + (size - 1) * step, step * stride
        return side, step, begin

    @cached_property
    def excited(self) -> list[tuple[np.ndarray, ...]]:
        """For each layer and each of its units: which of many digits excites it most, at which row and column."""
        self.digits = to_input(self.validation[:DIGITS])
        found = []
        for values in self.every.predict(self.digits, batch_size=250, verbose=0):
            values = values if values.ndim == 4 else values[:, None, None]
            best = values.reshape(-1, values.shape[-1]).argmax(axis=0)
            found.append(np.unravel_index(best, values.shape[:3]))
        return found

    def describe(self, place: int, unit: int) -> tuple[dict, list[bytes]]:
        """Return the weights of a unit, and the part of a digit that excites it most."""
        layer, (side, step, begin) = self.layers[place], self.field(place)
        digit, row, column = (int(found[unit]) for found in self.excited[place])
        padded = np.pad(self.digits[digit, ..., 0], 28)
        top, left = 28 + begin + step * row, 28 + begin + step * column
        patch = np.ascontiguousarray(padded[top : top + side, left : left + side])
        about = f"Below, of {DIGITS:,} digits, the one that excites it most"
        about += "." if side == 28 else f": the {side} x {side} pixels that it looks at there."
        answer = {"detail": about, "patch": side, "kernel": None}
        if not layer.weights:
            answer["detail"] = f"It has no weights: it passes on the largest of its four inputs. {about}"
            return answer, [b"", patch.tobytes()]
        weights, bias = (np.asarray(weight) for weight in layer.weights)
        kernel = weights[..., unit]
        if kernel.ndim == 1:  # a dense layer: arranged as the maps it reads, or in rows of twelve
            before = self.layers[place - 1].output.shape[1:]
            kernel = kernel.reshape(before) if len(before) == 3 else kernel[None, None, :]
        kernel = np.ascontiguousarray(kernel.transpose(2, 0, 1), np.float32)
        answer["kernel"] = self.layout("", *kernel.shape) | {
            "scale": 80 // kernel.shape[2] if kernel.shape[0] == 1 else 9
        }
        answer["detail"] = f"It has {kernel.size:,} weights and a bias of {bias[unit]:.2f}. {about}"
        return answer, [kernel.tobytes(), patch.tobytes()]

    def draw(self) -> plt.Figure:
        image, own = self.image, not np.array_equal(self.image, self.of_validation(self.digit))
        figure, grid = plt.subplots(1, 6, figsize=(8, 2.2), width_ratios=[1, 1, 1, 1, 1, 1.4])
        draw_digit(grid[0], image, "your choice" if own else f"a {self.labels[self.digit]}")
        for axes, layer, values in zip(grid[1:5], self.layers, self.activations(image), strict=False):
            axes.imshow(values[0] if values[0].size > 1 else values.reshape(-1, 12), vmin=min(0, values.min()))
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"{layer.name}, map 1", fontsize=10)
            axes.spines[:].set(visible=True, color="0.6")
        grid[5].barh(range(10), probabilities_of(self.model, image))
        grid[5].set(yticks=range(10), ylim=(9.6, -0.6), xlim=(0, 1), xlabel="probability")
        return figure
