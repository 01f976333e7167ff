"""PhotoLab: a picture on its way through the preparation, step by step, with sliders that show what matters."""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from helpers.handwriting import EMPTY_PAGE, find_one, finish, prepare
from helpers.handwriting.doubt import doubts_about, judged
from helpers.handwriting.ink import ink_of
from helpers.handwriting.pages import read_lines
from helpers.handwriting.picture import Source, resize
from helpers.lenet import load_lenet5
from helpers.plots import draw_digit
from helpers.samples import single_digits
from helpers.widgets.instrument import Instrument, script

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
        self.pieces: list[bytes] = []
        if picture is None:
            picture = next(each for each in single_digits() if "phone" in each.situation).path
        self.load(picture)

    def load(self, picture: Source) -> None:
        """Read a picture and find its digits; HandwritingError says why if that is not possible."""
        self.stages, self.sheet = ink_of(picture)
        self.picture = picture

    def answer(self, content: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        if content["kind"] == "file":
            self.pieces = [*(self.pieces if content["piece"] else []), *buffers]
            if content["piece"] + 1 < content["pieces"]:
                return {"piece": (content["piece"] + 1) / content["pieces"]}, []
            file, self.pieces = b"".join(self.pieces), []
            self.load(file)
            content = {"digit": None}
        return self.show(
            content.get("digit"),
            content.get("ink", 0) / 100,
            (content.get("size", 20), content.get("turn", 0), content.get("right", 0), content.get("down", 0)),
        )

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
