"""PhotoLab: a picture on its way through the preparation, step by step, with sliders that show what matters."""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from helpers import CourseError
from helpers.handwriting import EMPTY_PAGE, find_one, finish, prepare
from helpers.handwriting.doubt import doubts_about, judged
from helpers.handwriting.ink import ink_of
from helpers.handwriting.pages import read_lines
from helpers.handwriting.picture import Source, resize
from helpers.lenet import load_lenet5
from helpers.plots import draw_digit
from helpers.samples import single_digits
from helpers.widgets.instrument import Instrument, script, whole

LARGEST = 60_000_000  # bytes of a file, as the page has it
#: The sliders: from, to, and where they change nothing.
SLIDERS = {"ink": (0, 90, 0), "size": (8, 28, 20), "turn": (-45, 45, 0), "right": (-8, 8, 0), "down": (-8, 8, 0)}
SHOWN = ("picture", "dark ink", "darkness", "ink", "cropped", "centred", "28 x 28")


def move_digit(image: np.ndarray, size: float, turn: float, right: float, down: float) -> np.ndarray:
    """Turn a prepared digit (28 x 28) by degrees, bring its longer side from 20 to `size` pixels, and shift it."""
    matrix = cv2.getRotationMatrix2D((14, 14), -turn, size / 20)  # 14: the centre of mass that `prepare` gives a digit
    matrix[:, 2] += right, down
    return cv2.warpAffine(image, matrix, (28, 28))


def as_png(stage: np.ndarray, longer: int) -> bytes:
    """Return a stage as a PNG of at most so many pixels: colours as they are, what is ink (0 to 1) dark on white."""
    picture = stage[..., ::-1] if stage.ndim == 3 else np.uint8(np.round(255 * (1 - np.clip(stage, 0, 1))))
    small = resize(np.ascontiguousarray(picture), longer) if max(picture.shape) > longer else picture
    return cv2.imencode(".png", small)[1].tobytes()


class PhotoLab(Instrument):
    """Choose a picture and see each stage of its preparation. picture: a path, bytes or an array to begin with."""

    _esm = script("photo_lab")
    promise = "choose a picture, see each step of its preparation, and move sliders to see what the answer depends on."

    def __init__(self, picture: Source | None = None, model=None) -> None:
        super().__init__()
        self.model = model or load_lenet5()
        self.upload, self.pieces = None, []  # which file is arriving, and what of it is here
        if picture is None:
            picture = next(each for each in single_digits() if "phone" in each.situation).path
        self.load(picture)

    def load(self, picture: Source) -> None:
        """Read a picture and find its digits; HandwritingError says why if that is not possible."""
        self.stages, self.sheet = ink_of(picture)
        self.picture = picture

    def collect(self, content: dict, buffers: list[bytes]) -> float:
        """Put a piece of a file to those before it; return which part of the file is here. A gap ends the upload."""
        pieces = whole(content.get("pieces"), 1, LARGEST, "The number of a file's pieces")
        piece = whole(content.get("piece"), 0, pieces - 1, "The place of a piece")
        upload = str(content.get("sender")), str(content.get("file")), pieces
        if piece == 0:
            self.upload, self.pieces = upload, []
        size = sum(map(len, self.pieces + buffers))
        if (upload, piece, 1) != (self.upload, len(self.pieces), len(buffers)) or size > LARGEST:
            self.upload, self.pieces = None, []
            raise CourseError("The file did not arrive whole: choose it again.")
        self.pieces.append(buffers[0])
        return (piece + 1) / pieces

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        if content.get("kind") == "file":
            if (part := self.collect(content, buffers)) < 1:
                return {"piece": part}, []
            file, self.pieces, self.upload, self.stages = b"".join(self.pieces), [], None, None
            self.load(file)
            self.changed()
            content = {}
        if self.stages is None:
            raise CourseError("The last file was no picture: choose another one.")
        digit = content.get("digit")
        chosen = None if digit is None else whole(digit, 0, 10_000, "The place of a digit")
        values = [whole(content.get(name, rest), low, high, name) for name, (low, high, rest) in SLIDERS.items()]
        return self.show(chosen, values[0] / 100, tuple(values[1:]))

    def show(self, chosen: int | None, fainter: float = 0, changes: tuple = (20, 0, 0, 0)) -> tuple[dict, list[bytes]]:
        """Return the readings of all digits and the stages of the chosen one (None: the one with the most ink)."""
        ink = self.stages["ink"]
        ink = np.where(ink > fainter * ink.max(), ink, 0)
        stages = self.stages | {"ink": ink}
        answer = {"readings": [], "chosen": 0, "probabilities": None, "warnings": [EMPTY_PAGE], "doubts": []}
        one, count = find_one(ink)
        if one:
            several = [each for line in read_lines(ink, self.sheet)[0] for each in line] if count > 1 else []
            digits = several or [one]
            if chosen is None or chosen >= len(digits):  # as `prepare` chooses
                chosen = next((n for n, each in enumerate(digits) if each.box == one.box), 0)
            ready = [finish(each, ink.shape) for each in digits]
            images = [made.image if changes == (20, 0, 0, 0) else move_digit(made.image, *changes) for made in ready]
            answers = np.asarray(self.model(np.stack(images)[..., np.newaxis], training=False)).astype(float)
            percent = 100 / np.array([*ink.shape[::-1]] * 2)
            said = judged(np.stack(images))
            doubts = [
                doubts_about(say, image, each.box, int(p.argmax()), float(p.max()))
                for say, image, each, p in zip(said, images, digits, answers, strict=True)
            ]
            answer["readings"] = [
                {
                    "digit": int(p.argmax()),
                    "probability": float(p.max()),
                    "box": (percent * each.box).tolist(),
                    "doubted": bool(doubt),
                }
                for p, each, doubt in zip(answers, digits, doubts, strict=True)
            ]
            answer |= {"chosen": chosen, "probabilities": answers[chosen].tolist()}
            answer |= {"warnings": ready[chosen].warnings, "doubts": doubts[chosen]}
            stages |= ready[chosen].stages | {"28 x 28": images[chosen]}
        answer["stages"] = [name for name in SHOWN if name in stages]
        return answer, [as_png(stages[name], 400 if name == "picture" else 150) for name in answer["stages"]]

    def draw(self) -> plt.Figure:
        prepared = prepare(self.picture)
        names = [name for name in SHOWN if name in prepared.stages]
        figure, grid = plt.subplots(1, len(names), figsize=(8, 1.9))
        for axes, name in zip(grid, names, strict=True):
            draw_digit(axes, prepared.stages[name], name)
        return figure
