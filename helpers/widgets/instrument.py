"""What the instruments share: their JavaScript, their still pictures, and answers that never break the page."""

import textwrap
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np

from helpers import CourseError
from helpers.plots import figure_bundle

FOLDER = Path(__file__).parent
CSS = (FOLDER / "common.css").read_text(encoding="utf-8")


def script(name: str) -> str:
    """Return the JavaScript of an instrument, with what all of them share before it."""
    return "\n".join((FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in ("common", name))


class Instrument(anywidget.AnyWidget):
    """An instrument in the notebook. Where nothing can be operated, it shows a still picture of itself.

    A subclass has `_esm`, `promise` (a sentence on what the instrument does), `draw` (its still picture), and `answer`.
    """

    _css = CSS
    promise: str

    def __init__(self) -> None:
        super().__init__()
        self.on_msg(self._receive)

    def draw(self) -> plt.Figure:
        """Draw the still picture."""
        raise NotImplementedError

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        """Answer a question of the page: what it asks and its bytes in, the answer and its bytes out."""
        raise NotImplementedError

    def _receive(self, _: object, content: dict, buffers: list) -> None:
        try:
            answer, data = self.answer(content, [bytes(buffer) for buffer in buffers])
        except CourseError as error:
            answer, data = {"error": str(error)}, []
        except Exception as error:  # the page waits for an answer, whatever happens
            answer, data = {"error": f"This did not work ({type(error).__name__}): run the cell again."}, []
        self.send(answer | {"sender": content.get("sender")}, data)

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        live = super()._repr_mimebundle_(**kwargs)
        figure = self.draw()
        figure.tight_layout()
        sentence = textwrap.fill(f"A still picture. In a running notebook: {self.promise}", 90)
        figure.text(0.02, -0.04, sentence, va="top")
        data = figure_bundle(figure, self.promise)
        plt.close(figure)
        return (live[0] if isinstance(live, tuple) else live or {}) | data


def probabilities_of(model, image: np.ndarray) -> list[float]:
    """Return the ten probabilities that a network gives a prepared digit (28 x 28, float32, 0 to 1)."""
    return np.asarray(model(image[np.newaxis, ..., np.newaxis], training=False))[0].astype(float).tolist()


def as_bytes(image: np.ndarray) -> bytes:
    """Return an image from 0 to 1 as bytes from 0 to 255."""
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8).tobytes()
