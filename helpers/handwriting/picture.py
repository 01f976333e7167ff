"""Read a picture file of any kind, and tell which is the ink: the dark or the light.

The first stage of the way from a picture to 28 x 28.
"""

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from helpers import CourseError

try:
    from pillow_heif import register_heif_opener  # the photographs of iPhones
except ImportError:
    pass
else:
    register_heif_opener()

#: More pixels than any camera of a phone delivers; a small file can claim billions and fill the memory.
MAX_PIXELS = 120_000_000
#: The longer side of a picture, in pixels, while we work on it: small ones are enlarged, large ones shrunk.
SMALL_SIDE, LARGE_SIDE = 84, 1000
UNSURE = 0.6  # an answer of `lean_to_light` that is nearer to 0

Source = str | Path | bytes | np.ndarray


class HandwritingError(CourseError):
    """A picture cannot be read or has no digit in it; the message is one sentence for the reader."""


# --- Reading ------------------------------------------------------------------------------------------------------


def open_picture(source: Source) -> Image.Image:
    """Open a picture without decoding it: a path, the bytes of a file, or a uint8 array in grey, RGB or RGBA."""
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8:
            raise HandwritingError(f"An array of {source.dtype} is not a picture: give whole numbers 0..255 as uint8.")
        if 0 in source.shape or not (source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))):
            raise HandwritingError(f"An array of shape {source.shape} is not a picture: give H x W, H x W x 3 or 4.")
        picture = Image.fromarray(np.ascontiguousarray(source))
    else:
        picture = open_file(read_bytes(source))
    if picture.width * picture.height > MAX_PIXELS:
        millions = picture.width * picture.height / 1e6
        raise HandwritingError(f"{millions:,.0f} million pixels are too many: make the picture smaller.")
    return picture


def read_bytes(source: str | Path | bytes) -> bytes:
    """Return the content of a file; HandwritingError says in one sentence why that is not possible."""
    if not isinstance(source, str | Path | bytes):
        raise HandwritingError(f"A {type(source).__name__} is not a picture: give a path, bytes or a uint8 array.")
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except FileNotFoundError:
        raise HandwritingError("There is no such file: check the name and the folder.") from None
    except (OSError, ValueError) as error:  # a folder is "permission denied" on Windows; a name may hold a zero byte
        if isinstance(error, OSError) and Path(source).is_dir():
            raise HandwritingError("This is a folder, not a picture: name a file in it.") from None
        raise HandwritingError("This file cannot be read: check its name and that you may open it.") from None
    if not content:
        raise HandwritingError("The file is empty: save or copy the picture again.")
    return content


def open_file(content: bytes) -> Image.Image:
    """Open the bytes of a picture file of any usual format; nothing is decoded yet."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise HandwritingError("This is not a picture, whatever its name says: save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:
        raise HandwritingError("The picture has too many pixels: make it smaller.") from None
    except Exception:  # what a damaged header makes a decoder raise is not written down anywhere
        raise HandwritingError("The picture is damaged or cut off: save or copy it again.") from None


def read_picture(source: Source, largest: int = LARGE_SIDE) -> np.ndarray:
    """Read a picture: H x W x 3, uint8, red, green, blue, upright, its longer side between 84 and `largest` pixels."""
    picture = open_picture(source)
    try:
        with warnings.catch_warnings(action="ignore"):
            picture.draft("RGB", (largest, largest))  # a large JPEG can be decoded at half its size
            ImageOps.exif_transpose(picture, in_place=True)  # upright, as the camera noted it
            pixels = np.asarray(lay_on_paper(picture))
    except Exception:  # decoders raise anything
        raise HandwritingError("The picture is damaged or cut off: save or copy it again.") from None
    return resize(pixels, int(np.clip(max(pixels.shape), SMALL_SIDE, largest)))


def resize(picture: np.ndarray, longer: int) -> np.ndarray:
    """Shrink or enlarge a picture until its longer side has so many pixels; no side becomes shorter than 3."""
    size = [max(3, round(side * longer / max(picture.shape))) for side in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if longer < max(picture.shape) else cv2.INTER_LINEAR)


def lay_on_paper(picture: Image.Image) -> Image.Image:
    """Turn a picture of any kind into 3 x 8 bits; what is transparent becomes white, or black under white ink."""
    if picture.mode[0] in "IF":  # 16 or 32 bits: the lightest value becomes 255
        values = np.nan_to_num(np.asarray(picture, np.float32)).clip(0)
        picture = Image.fromarray((values * (255 / max(values.max(), 1e-9))).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        grey, alpha = np.asarray(picture.convert("L")), np.asarray(picture.getchannel("A"))
        white_ink = alpha.min() < 64 and (grey[alpha > 128].min(initial=255) > 200)
        ground = Image.new("RGBA", picture.size, "black" if white_ink else "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


# --- Polarity -----------------------------------------------------------------------------------------------------


def square(side: float) -> np.ndarray:
    """Return a square of ones with an odd side: the shape with which closing and opening probe a picture."""
    return np.ones((max(3, int(side) | 1),) * 2, np.uint8)


def lean_to_light(picture: np.ndarray, longer: int, shares: tuple[float, ...]) -> float:
    """Tell from -1 to 1 whether thin light things (1) or thin dark ones (-1) make a picture, seen at `longer` pixels.

    Closing fills dark strokes that are thinner than its square, opening wipes out light ones: the smaller the square
    that changes much, the more its vote counts. shares: the sides of the squares, as shares of the longer side.
    """
    small = resize(picture, min(longer, max(picture.shape))).astype(np.float32)
    # light multiplies: in logarithms, a shadow changes no difference
    level = (np.log1p(small / 16) * (255 / np.log(17))).astype(np.uint8)
    level = level[..., cv2.meanStdDev(level)[1].argmax()]  # the colour that varies most
    margin = int(max(shares) * max(small.shape)) + 2
    level = cv2.copyMakeBorder(level, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    inside, votes = np.s_[margin:-margin, margin:-margin], np.zeros(2)
    for share in shares:
        reach = square(share * max(small.shape))
        dark = (cv2.morphologyEx(level, cv2.MORPH_CLOSE, reach) - level)[inside]
        light = (level - cv2.morphologyEx(level, cv2.MORPH_OPEN, reach))[inside]
        for n, changes in enumerate((light, dark)):
            above_grain = cv2.subtract(changes, 3 * float(np.median(changes)))  # grain changes every pixel, ink few
            votes[n] += cv2.norm(above_grain, cv2.NORM_L2SQR) / share**2
    return float((votes[0] - votes[1]) / max(votes.sum(), 1e-9))


def ink_is_light(picture: np.ndarray) -> bool:
    """Tell light ink on a dark ground (chalk, inverted files) from dark ink on light paper.

    Strokes are thinner than the spaces between them. A small copy shows those of a large digit, a larger one those of
    a page full of small ones: the surer of the two answers counts. Where they disagree or neither is sure: no ink is
    darker than a black ground, none lighter than a white one.
    """
    leans = [lean_to_light(picture, 64, (0.02, 0.04, 0.08, 0.16, 0.32))]
    if max(picture.shape) > 200:
        leans.append(lean_to_light(picture, 600, (0.008, 0.0125, 0.02, 0.04)))
    surest = max(leans, key=abs)
    if abs(surest) < UNSURE or min(leans) < 0 < max(leans):
        grey = cv2.cvtColor(resize(picture, 64), cv2.COLOR_RGB2GRAY)
        inside = grey[3:-3, 3:-3] if min(grey.shape) > 6 else grey  # a strip along an edge is no ground
        ground = np.median(np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]))
        black, white = np.quantile(inside, (0.01, 0.99))
        for extreme, light in ((black, True), (white, False)):
            if abs(ground - extreme) < 0.05 * (white - black):
                return light
        if abs(leans[0]) > 0.3:  # only the small copy shows thick strokes
            return leans[0] > 0
    return surest > 0.25  # in doubt, ink is dark
