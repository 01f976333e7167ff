"""Read a picture, upright and in colours, and tell which is the ink: the dark or the light.

The first stage of the way from a picture to 28 x 28.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image, ImageOps

from helpers.handwriting.file import DAMAGED, LARGE_SIDE, HandwritingError, Source, hushed, open_picture

SMALL_SIDE = 84  # pixels of the longer side: a smaller picture is enlarged
UNSURE = 0.6  # an answer of `lean_to_light` that is nearer to 0


# --- Reading ------------------------------------------------------------------------------------------------------


def read_picture(source: Source, largest: int = LARGE_SIDE) -> np.ndarray:
    """Read a picture: H x W x 3, uint8, red, green, blue, upright, its longer side between 84 and `largest` pixels."""
    picture = open_picture(source, largest)
    try:
        with hushed():
            picture.draft("RGB", (largest, largest))  # a large JPEG can be decoded at half its size
            ImageOps.exif_transpose(picture, in_place=True)  # upright, as the camera noted it
            pixels = lay_on_paper(picture)
    except HandwritingError:
        raise
    except Exception:  # decoders raise anything
        raise HandwritingError(DAMAGED) from None
    return resize(pixels, int(np.clip(max(pixels.shape), SMALL_SIDE, largest)))


def resize(picture: np.ndarray, longer: int) -> np.ndarray:
    """Shrink or enlarge a picture until its longer side has so many pixels; no side becomes shorter than 3."""
    size = [max(3, round(side * longer / max(picture.shape))) for side in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if longer < max(picture.shape) else cv2.INTER_CUBIC)


def strips_of(picture: Image.Image) -> Iterator[Image.Image]:
    """Cut a picture into strips of a few million pixels, from the top: what is made of them needs little memory."""
    rows = max(1, 2_000_000 // picture.width)
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def lay_on_paper(picture: Image.Image) -> np.ndarray:
    """Turn a picture of any kind into H x W x 3, uint8; what is transparent becomes white, or black under white ink."""
    strips = strips_of(picture)
    if picture.mode[0] in "IF":  # 16 or 32 bits: the lightest value becomes 255
        scale = 255 / max(max(values_of(strip).max() for strip in strips), 1e-9)
        strips = (Image.fromarray((values_of(strip) * scale).astype(np.uint8)) for strip in strips_of(picture))
    elif picture.has_transparency_data:
        ground = "black" if has_white_ink(strips) else "white"
        strips = (
            Image.alpha_composite(Image.new("RGBA", strip.size, ground), strip.convert("RGBA"))
            for strip in strips_of(picture)
        )
    pixels, top = np.empty((picture.height, picture.width, 3), np.uint8), 0
    for strip in strips:
        pixels[top : top + strip.height] = strip.convert("RGB")
        top += strip.height
    return pixels


def values_of(strip: Image.Image) -> np.ndarray:
    """Return the values of a picture of 16 or 32 bits, from 0: H x W float32."""
    return np.nan_to_num(np.asarray(strip, np.float32)).clip(0)


def has_white_ink(strips: Iterator[Image.Image]) -> bool:
    """Tell whether all that is opaque in a picture is light, and some of it transparent."""
    clearest = darkest = 255
    for strip in strips:
        strip = strip.convert("RGBA")
        grey, alpha = np.asarray(strip.convert("L")), np.asarray(strip.getchannel("A"))
        clearest, darkest = min(clearest, alpha.min()), grey[alpha > 128].min(initial=darkest)
    return clearest < 64 and darkest > 200


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
