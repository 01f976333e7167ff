"""What the instruments share: their JavaScript, their still pictures, and answers that never break the page."""

import asyncio
import contextlib
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import traitlets
from IPython.display import display, update_display

from helpers import CourseError
from helpers.mnist import VALIDATION_SIZE
from helpers.plots import figure_bundle

FOLDER = Path(__file__).parent
CSS = (FOLDER / "common.css").read_text(encoding="utf-8")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUN_IT = "As it was left. Run the cell to play:"
LARGEST_DRAWING = 2_000_000  # bytes; the pad's own have 10,000
QUIET = 2.0  # seconds after the last change before the still picture is drawn again: nobody waits for it
#: The still picture and the living instrument are two outputs of one cell, and one of them is shown. A page without the
#: kernel cannot bring the second to life, and JupyterLab would say "model not found" in its place.
ONE_OF_TWO = """<style>
.jp-OutputArea-child:has(.still-instrument):has(+ .jp-OutputArea-child .instrument),
.jp-OutputArea-child:has(.still-instrument) + .jp-OutputArea-child:has(> .lm-Panel):not(:has(.instrument)) {
  display: none;
}
</style>"""


def script(name: str) -> str:
    """Return the JavaScript of an instrument, with what all of them share before it."""
    return "\n".join((FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in ("common", name))


class Instrument(anywidget.AnyWidget):
    """An instrument in the notebook. Where nothing can be operated, it shows a still picture of itself.

    A subclass has `_esm`, `promise` (a sentence on what the instrument does), `draw` (its still picture, as it stands
    now), and `answer`; it calls `changed` when the picture would be another one.
    """

    _css = CSS
    promise: str

    def __init__(self, **state: object) -> None:
        super().__init__(**state)
        self.shown, self.waiting = False, None  # is there a still picture to renew, and what will renew it
        self.on_msg(self._receive)

    def draw(self) -> plt.Figure:
        """Draw the still picture."""
        raise NotImplementedError

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        """Answer a question of the page: what it asks and its bytes in, the answer and its bytes out."""
        raise CourseError("This instrument has no answer to that: run the cell again.")

    def still(self) -> dict[str, str]:
        """Return the still picture as Jupyter's data."""
        figure = self.draw()
        figure.tight_layout()
        data = figure_bundle(figure, self.promise)
        plt.close(figure)
        return data

    def stored(self) -> dict[str, str]:
        """Return what stays in the file: the still picture, and one sentence."""
        data, sentence = self.still(), f"{RUN_IT} {self.promise}"
        page = f'{ONE_OF_TWO}<div class="still-instrument">{data["text/html"]}<p><em>{sentence}</em></p></div>'
        return {"text/html": page, "text/plain": f"{data['text/plain']} {sentence}"}

    def _ipython_display_(self, **_: object) -> None:
        display(self.stored(), raw=True, display_id=self.model_id)
        with contextlib.suppress(RuntimeError):  # outside of a kernel no loop runs, and no page is to be renewed
            self.shown = bool(asyncio.get_running_loop())
        living = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display({WIDGET_VIEW: living, "text/plain": ""}, raw=True)  # without a text, nbconvert would complain

    def changed(self) -> None:
        """Draw the still picture again soon, so that what is saved is what was seen last."""
        if self.waiting:
            self.waiting.cancel()
        if self.shown:
            self.waiting = asyncio.get_running_loop().call_later(QUIET, self._renew)

    def _renew(self) -> None:
        update_display(self.stored(), raw=True, display_id=self.model_id)

    def _receive(self, _: object, content: object, buffers: list) -> None:
        sender = content.get("sender") if isinstance(content, dict) else None
        try:
            if not isinstance(content, dict):
                raise CourseError("The page sent what is no question: run the cell again.")
            answer, data = self.answer(content, [bytes(buffer) for buffer in buffers])
        except CourseError as error:
            answer, data = {"error": str(error)}, []
        except Exception as error:  # the page waits for an answer, whatever happens
            answer, data = {"error": f"This did not work ({type(error).__name__}): run the cell again."}, []
        self.send(answer | {"sender": sender}, data)

    def set_state(self, sync_data: dict) -> None:
        """Take what the page has set; what is out of bounds is refused, and the page is told what stands."""
        try:
            super().set_state(sync_data)
        except (traitlets.TraitError, TypeError, ValueError, AttributeError):
            names = [name for name in self.keys if isinstance(sync_data, dict) and name in sync_data]
            self.send({"error": f"This cannot be set so: {', '.join(names)}.", "sender": None})
            self.send_state(names)


def whole(value: object, low: int, high: int, what: str) -> int:
    """Return a whole number from low to high that the page sent; CourseError names what is none."""
    if isinstance(value, int | float | str):
        with contextlib.suppress(ValueError, OverflowError):
            if low <= int(value) <= high and float(value) == int(value):
                return int(value)
    raise CourseError(f"{what} is a whole number from {low} to {high:,}, not {str(value)[:40]!r}.")


def validation_number(value: object) -> int:
    """Return the number of a validation digit; CourseError names what is none."""
    return whole(value, 0, VALIDATION_SIZE - 1, "The number of a validation digit")


def one_picture(buffers: list[bytes]) -> bytes:
    """Return the one picture that the page sent; CourseError if it is none or too large for a drawing."""
    if len(buffers) != 1 or len(buffers[0]) > LARGEST_DRAWING:
        raise CourseError(f"One drawing of at most {LARGEST_DRAWING // 10**6} million bytes is expected here.")
    return buffers[0]


def probabilities_of(model, image: np.ndarray) -> list[float]:
    """Return the ten probabilities that a network gives a prepared digit (28 x 28, float32, 0 to 1)."""
    return np.asarray(model(image[np.newaxis, ..., np.newaxis], training=False))[0].astype(float).tolist()


def as_bytes(image: np.ndarray) -> bytes:
    """Return an image from 0 to 1 as bytes from 0 to 255."""
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8).tobytes()
