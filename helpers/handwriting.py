"""From a picture of a handwritten digit to the 28 x 28 that the network was trained on, one small step at a time."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from helpers import CourseError

#: More pixels than any camera of a phone delivers; a small file can claim billions and fill the memory.
MAX_PIXELS = 120_000_000
#: The least difference in grey (of 255) between the darkest and the lightest part of a picture with ink on it.
LEAST_CONTRAST = 25


class HandwritingError(CourseError):
    """A picture cannot be read or has no digit in it; the message is one sentence for the reader."""


def read_picture(source: str | Path | bytes) -> np.ndarray:
    """Read a picture file of any usual format: H x W x 3, uint8, red, green, blue.

    Turns the picture upright as the camera noted it, and lays transparent parts on white paper.
    source: a path, or the bytes of a file. Raises HandwritingError with one sentence if that is not possible.
    """
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except FileNotFoundError:
        raise HandwritingError("There is no such file: check the name and the folder.") from None
    except IsADirectoryError:
        raise HandwritingError("This is a folder, not a picture: name a file in it.") from None
    except OSError as error:  # Windows says "permission denied" of a folder
        kind = "a folder, not a picture" if Path(source).is_dir() else f"not readable ({error.strerror})"
        raise HandwritingError(f"This is {kind}.") from None
    if not content:
        raise HandwritingError("The file is empty: save or copy the picture again.")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                millions = picture.width * picture.height / 1e6
                raise HandwritingError(f"{millions:,.0f} million pixels are too many: make the picture smaller.")
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except UnidentifiedImageError:
        raise HandwritingError("This is not a picture, whatever its name says: save it as PNG or JPEG.") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise HandwritingError("The picture is damaged or cut off: save or copy it again.") from None
    paper = Image.new("RGBA", upright.size, "white")
    return np.array(Image.alpha_composite(paper, upright).convert("RGB"))


def to_grey(picture: np.ndarray) -> np.ndarray:
    """Turn H x W x 3 (red, green, blue) into H x W grey, uint8, 0 black to 255 white; refuse an empty page.

    Raises HandwritingError when nothing in the picture is darker or lighter than the rest.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if int(grey.max()) - int(grey.min()) < LEAST_CONTRAST:
        raise HandwritingError("The page is empty, all of it has the same brightness: write a digit on it.")
    return grey


def find_ink(grey: np.ndarray) -> np.ndarray:
    """Return the ink on each pixel: H x W float32, 0 (paper, exactly) to 1 (darkest).

    grey: H x W uint8. The paper's brightness is measured around every place, so that a
    shadow is not ink. Ink may be dark on light or light on dark, unlike the border.
    """
    grey = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) - grey.min() < grey.max() - np.median(border):
        grey = 255 - grey  # light ink on a dark ground
    side = max(3, max(grey.shape) // 4)
    zoom = min(1, 24 / side)
    small = cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (min(side, 24) | 1, min(side, 24) | 1))
    paper = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, reach), (0, 0), 5)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    darkness = np.clip(1 - grey / np.maximum(paper, 1), 0, 1)
    threshold, _ = cv2.threshold((255 * darkness).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    return np.where(255 * darkness > 0.8 * threshold, darkness / darkness.max(), 0).astype(np.float32)


def crop_to_ink(ink: np.ndarray) -> np.ndarray:
    """Cut the picture down to the smallest rectangle that holds all the ink."""
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit_to_20(ink: np.ndarray) -> np.ndarray:
    """Bring the longer side to 20 pixels, keep proportions; the darkest ink becomes 1."""
    scale = 20 / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(ink, (width, height), interpolation=method)
    return small / small.max()


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Return the point (row, column), in pixels, on which the ink would balance."""
    rows, columns = np.indices(image.shape)
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def centre_by_mass(small: np.ndarray) -> np.ndarray:
    """Place an image of at most 20 x 20 in 28 x 28, its centre of mass at (14, 14)."""
    row, column = centre_of_mass(small)
    top = min(max(0, round(14 - row)), 28 - small.shape[0])
    left = min(max(0, round(14 - column)), 28 - small.shape[1])
    result = np.zeros((28, 28), np.float32)
    result[top : top + small.shape[0], left : left + small.shape[1]] = small
    return result


@dataclass
class Prepared:
    """A picture made ready for the network.

    image: 28 x 28 float32, 0 to 1, the digit bright on 0. stages: what each step made of the picture, by name.
    """

    image: np.ndarray
    stages: dict[str, np.ndarray] = field(default_factory=dict)


def prepare(source: str | Path | bytes) -> Prepared:
    """Turn a picture file into the 28 x 28 that the network reads; HandwritingError says why if that fails."""
    stages = {"picture": read_picture(source)}
    stages["grey"] = to_grey(stages["picture"])
    stages["ink"] = find_ink(stages["grey"])
    stages["cropped"] = crop_to_ink(stages["ink"])
    stages["20 pixels"] = fit_to_20(stages["cropped"])
    stages["centred"] = centre_by_mass(stages["20 pixels"])
    return Prepared(stages["centred"], stages)
