"""From a picture of handwritten digits to the 28 x 28 that the network was trained on, one small step at a time."""

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

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
#: The least part of the paper's light that ink swallows: a faint pencil about 0.06, a black pen 0.8.
FAINTEST = 0.035
EMPTY_PAGE = "The page is empty: write a digit on it, in darker ink than this."

Source = str | Path | bytes | np.ndarray


class HandwritingError(CourseError):
    """A picture cannot be read or has no digit in it; the message is one sentence for the reader."""


# --- 1. Read -----------------------------------------------------------------------------------------------------


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


def read_picture(source: Source) -> np.ndarray:
    """Read a picture: H x W x 3, uint8, red, green, blue, upright, its longer side between 84 and 1000 pixels."""
    picture = open_picture(source)
    try:
        with warnings.catch_warnings(action="ignore"):
            picture.draft("RGB", (LARGE_SIDE, LARGE_SIDE))  # a large JPEG can be decoded at half its size
            ImageOps.exif_transpose(picture, in_place=True)  # upright, as the camera noted it
            pixels = np.asarray(lay_on_paper(picture))
    except Exception:  # decoders raise anything
        raise HandwritingError("The picture is damaged or cut off: save or copy it again.") from None
    return resize(pixels, int(np.clip(max(pixels.shape), SMALL_SIDE, LARGE_SIDE)))


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


# --- 2. Polarity -------------------------------------------------------------------------------------------------


def square(side: float) -> np.ndarray:
    """Return a square of ones with an odd side: the shape with which closing and opening probe a picture."""
    return np.ones((max(3, int(side) | 1),) * 2, np.uint8)


def ink_is_light(picture: np.ndarray) -> bool:
    """Tell light ink on a dark ground (chalk, inverted files) from dark ink on light paper.

    Strokes are thinner than the spaces between them. Closing fills dark strokes that are thinner than its square,
    opening wipes out light ones: the smaller the square that changes much, the more its vote counts.
    """
    small = resize(picture, min(64, max(picture.shape))).astype(np.float32)
    # light multiplies: in logarithms, a shadow changes no difference
    level = (np.log1p(small / 16) * (255 / np.log(17))).astype(np.uint8)
    level = level[..., cv2.meanStdDev(level)[1].argmax()]  # the colour that varies most
    margin = max(small.shape) // 3 + 1
    level = cv2.copyMakeBorder(level, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    inside, votes = np.s_[margin:-margin, margin:-margin], 0.0
    for share in (0.02, 0.04, 0.08, 0.16, 0.32):
        reach = square(share * max(small.shape))
        dark = (cv2.morphologyEx(level, cv2.MORPH_CLOSE, reach) - level)[inside]
        light = (level - cv2.morphologyEx(level, cv2.MORPH_OPEN, reach))[inside]
        votes += (cv2.norm(light, cv2.NORM_L2SQR) - cv2.norm(dark, cv2.NORM_L2SQR)) / share**2
    return votes > 0


# --- 3. Paper to zero --------------------------------------------------------------------------------------------


def find_paper(picture: np.ndarray) -> np.ndarray:
    """Return the paper's colour at every place, as if nothing were written on it.

    picture: dark ink on light paper, H x W x 3 uint8, as is the result. A closing fills what is thinner than its
    square; shadows and desks are wider.
    """
    small = resize(picture, min(100, max(picture.shape)))
    reach = square(max(small.shape) / 3.5)
    margin = len(reach)
    framed = cv2.copyMakeBorder(small, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    # the paper goes on beyond each of the four edges, the strokes that cross an edge do not
    for _ in range(4):
        framed = np.rot90(framed).copy()
        along = np.ones((1, (framed.shape[1] - 2 * margin) // 2 | 1))
        framed[:margin] = cv2.morphologyEx(framed[:margin], cv2.MORPH_CLOSE, along)
    paper = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, reach)[margin:-margin, margin:-margin]
    # at the edge of a shadow, believe the darker side
    paper = cv2.blur(cv2.erode(paper, np.ones((3, 3))), (3, 3))
    return cv2.resize(paper, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def find_darkness(picture: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return which part of the paper's light is missing on each pixel: H x W float32.

    It is about 0 on paper and at most 1. Red ink leaves red light as it is and swallows blue: the colours count by
    how much the ink shows in them.
    """
    missing = 1 - picture.astype(np.float32) / np.maximum(paper, 1)
    strongest = np.quantile(missing[::4, ::4].reshape(-1, 3), 0.999, axis=0).clip(0.001)
    return missing @ (strongest**2 / (strongest**2).sum()).astype(np.float32)


def smooth_grain(darkness: np.ndarray) -> tuple[np.ndarray, float]:
    """Smooth until the ink stands well out of the paper's grain; return H x W float32, 0..1, and the grain left."""
    for width in (1, 2, 4):
        smooth = cv2.GaussianBlur(darkness, (0, 0), width)
        some = smooth[::3, ::3]
        paper = some[some <= (max(some.min(), 0) + some.max()) / 2]  # less than half as dark as the darkest
        level = np.median(paper)
        grain = 1.5 * float(np.median(np.abs(paper - level)))
        if smooth.max() - level > 10 * grain:
            break
    return np.clip(smooth - level, 0, 1), grain


def erase_lines(darkness: np.ndarray, least: float) -> np.ndarray:
    """Erase printed lines: straight, thin, from edge to edge; lighter than the ink, or close to the picture's edge.

    Where the ink is thicker than a line, a stroke crosses it or stands on it, and stays.
    """
    peak = np.quantile(darkness[darkness > least], 0.98) if (darkness > least).any() else 0
    ink = (darkness > max(least, 0.2 * peak)).astype(np.uint8)
    result = darkness.copy()
    for mask, dark, left in ((ink, darkness, result), (ink.T.copy(), darkness.T, result.T)):
        height, width = mask.shape
        flat = cv2.morphologyEx(cv2.dilate(mask, np.ones((3, 1))), cv2.MORPH_OPEN, np.ones((1, width // 16 | 1))) & mask
        depth = flat.sum() / max(1, (flat[1:] > flat[:-1]).sum())  # of the average line: its pixels by its tops
        flat &= ~cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((int(1.6 * depth) + 2, 1)))
        bridged = cv2.dilate(flat, np.ones((1, width // 8 | 1)))  # over the strokes that cross
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(bridged)
        for label, (_, top, length, depth, _) in enumerate(boxes):
            line = flat & (labels == label)
            if label and length > 0.9 * width and depth < 0.1 * width and height < 1.5 * width and line.any():
                near_edge = top < 0.12 * height or top + depth > 0.88 * height
                if near_edge or np.median(dark[line > 0]) < 0.7 * peak:
                    left[line > 0] = 0
    return result


def touches_edge(box: np.ndarray, shape: tuple) -> bool:
    """Tell whether a box (x, y, width, height) reaches the edge of a picture of this shape."""
    x, y, width, height = box[:4]
    return x <= 0 or y <= 0 or x + width >= shape[1] or y + height >= shape[0]


def find_ink(darkness: np.ndarray, grain: float) -> np.ndarray:
    """Keep the darkness of the ink, and make all else exactly 0: H x W float32, 0..1.

    Two thresholds: sure ink is half as dark as the darkest; fainter pixels count only where they touch sure ink. On
    an empty page all is 0. Source of the idea: J. Canny, "A Computational Approach to Edge Detection" (1986), VII.
    """
    least = max(4 * grain, FAINTEST / 2)
    darkness = erase_lines(darkness, least)
    peak = float(darkness.max())
    if peak < max(FAINTEST, 1.5 * least):
        return np.zeros_like(darkness)
    possible = (darkness > max(0.3 * peak, least)).astype(np.uint8)
    count, labels = cv2.connectedComponents(possible)
    sure = np.zeros(count, bool)
    sure[labels[darkness > 0.5 * peak]] = True
    return np.where(sure[labels], darkness, 0)


# --- 4. The digits -----------------------------------------------------------------------------------------------

Box = tuple[int, int, int, int]  # x, y, width, height


class Strokes(NamedTuple):
    """The strokes of one digit. labels: their numbers in the picture of labels; box: in pixels of that picture."""

    labels: list[int]
    box: Box


def is_frame(box: Box, ink: int, others: list[Box]) -> bool:
    """Tell whether a piece is the printed box of a form: little ink for its size, and something large inside it."""
    x, y, width, height = box
    inside = [h for px, py, w, h in others if px > x and py > y and px + w < x + width and py + h < y + height]
    return max(inside, default=0) > 0.3 * height and ink < 0.3 * width * height


def belong_together(digit: Box, piece: Box) -> bool:
    """Tell whether a loose piece is part of a digit: the bar of a 5 above it, or any small piece close by."""
    (x, y, width, height), (px, py, pwidth, pheight) = digit, piece
    size = max(width, height)
    aside = max(px - x - width, x - px - pwidth, 0)
    above = max(py - y - height, y - py - pheight, 0)
    if min(x + width, px + pwidth) - max(x, px) > 0.5 * min(width, pwidth):
        return above < (0.35 if pheight < 0.5 * height else 0.15) * size
    return max(aside, above) < (0.15 if max(pwidth, pheight) < 0.6 * size else 0.08) * size


def join(one: Box, other: Box) -> Box:
    """Return the smallest box around two boxes."""
    left, top = (min(a, b) for a, b in zip(one[:2], other[:2], strict=True))
    right, bottom = (max(one[i] + one[i + 2], other[i] + other[i + 2]) for i in (0, 1))
    return left, top, right - left, bottom - top


def find_digits(ink: np.ndarray) -> tuple[np.ndarray, list[Strokes]]:
    """Number the strokes (H x W int32) and group them into digits, the one with the most ink first; drop specks.

    On an empty page there are none.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8))
    amounts = np.bincount(labels.ravel(), ink.ravel(), count)
    pieces = {int(i): tuple(boxes[i, :4].tolist()) for i in np.argsort(-amounts) if i}
    digits: list[Strokes] = []
    for i, box in pieces.items():
        if is_frame(box, boxes[i, cv2.CC_STAT_AREA], pieces.values()):
            continue
        near = [n for n, digit in enumerate(digits) if belong_together(digit.box, box)]
        if not near:
            digits.append(Strokes([i], box))
        elif amounts[i] > 0.02 * amounts[digits[near[0]].labels[0]]:  # less is a speck
            main = digits[near[0]]
            digits[near[0]] = Strokes([*main.labels, i], join(main.box, box))
    if not digits:
        return labels, []
    sizes = np.array([max(digit.box[2:]) for digit in digits])
    usual = np.median(sizes[sizes > 0.5 * sizes[0]])
    return labels, [digit for digit, size in zip(digits, sizes, strict=True) if size > 0.35 * usual]


def cut_out(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> np.ndarray:
    """Cut one digit out of the page, without what else is in its box; the usual darkness of its ink becomes 1."""
    x, y, width, height = digit.box
    part = np.s_[y : y + height, x : x + width]
    strokes = np.where(np.isin(labels[part], digit.labels), ink[part], 0)
    return np.clip(strokes / np.median(strokes[strokes > 0]), 0, 1)


def in_reading_order(digits: list[Strokes]) -> list[Strokes]:
    """Sort digits by lines from the top, and from left to right; a digit joins the line whose last one it is beside."""
    lines: list[list[Strokes]] = []
    for digit in sorted(digits, key=lambda digit: digit.box[0]):
        _, top, _, height = digit.box
        for line in lines:
            _, last_top, _, last_height = line[-1].box
            shared = min(last_top + last_height, top + height) - max(last_top, top)
            if shared > 0.4 * min(last_height, height):
                line.append(digit)
                break
        else:
            lines.append([digit])
    lines.sort(key=lambda line: np.mean([digit.box[1] + digit.box[3] / 2 for digit in line]))
    return [digit for line in lines for digit in line]


# --- 5. Size and centre ------------------------------------------------------------------------------------------


def centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Return the point (row, column), in pixels, on which the ink of an image would balance."""
    rows, columns = np.indices(image.shape)
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def centre_by_mass(ink: np.ndarray) -> np.ndarray:
    """Place a digit on a square, its longer side 20/28 of it, its centre of mass in the middle."""
    height, width = ink.shape
    side = round(max(height, width) * 28 / 20)
    row, column = centre_of_mass(ink)
    # the middle of the ink falls on the middle of pixel 14 of 28, counted from 0
    middle = side * 14.5 / 28 - 0.5
    top = min(max(0, round(middle - row)), side - height)
    left = min(max(0, round(middle - column)), side - width)
    canvas = np.zeros((side, side), np.float32)
    canvas[top : top + height, left : left + width] = ink
    return canvas


def shrink_to_28(canvas: np.ndarray) -> np.ndarray:
    """Shrink to 28 x 28, each pixel the mean of its area, with full contrast: float32, 0..1."""
    method = cv2.INTER_AREA if len(canvas) > 28 else cv2.INTER_LINEAR
    small = cv2.resize(canvas, (28, 28), interpolation=method)
    return np.clip(small / np.quantile(small[small > 0], 0.9), 0, 1)


# --- All steps together ------------------------------------------------------------------------------------------


@dataclass
class Prepared:
    """A picture made ready for the network.

    image: 28 x 28 float32, 0 to 1, the digit bright on 0. stages: what each step made of the picture, by name.
    warnings: sentences for the reader.
    """

    image: np.ndarray
    stages: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class ReadDigit(NamedTuple):
    """A digit that was read. box: x, y, width, height in pixels of the upright picture; warnings: sentences."""

    digit: int
    probability: float
    box: Box
    warnings: list[str]


def find_strokes(source: Source) -> tuple[dict[str, np.ndarray], np.ndarray, list[Strokes]]:
    """Do steps 1 to 4: return the stages by name, the numbered strokes and the digits."""
    stages = {"picture": read_picture(source)}
    stages["dark ink"] = 255 - stages["picture"] if ink_is_light(stages["picture"]) else stages["picture"]
    stages["paper"] = find_paper(stages["dark ink"])
    stages["darkness"], grain = smooth_grain(find_darkness(stages["dark ink"], stages["paper"]))
    stages["ink"] = find_ink(stages["darkness"], grain)
    return stages, *find_digits(stages["ink"])


def finish(ink: np.ndarray, labels: np.ndarray, digit: Strokes) -> Prepared:
    """Do step 5 for one digit, and look for what may have gone wrong with it."""
    stages = {"cropped": cut_out(ink, labels, digit)}
    stages["centred"] = centre_by_mass(stages["cropped"])
    stages["28 x 28"] = shrink_to_28(stages["centred"])
    faint = np.median(ink[np.isin(labels, digit.labels)]) < 2 * FAINTEST
    notes = {
        "The digit touches the edge of the picture: a part of it may be missing.": touches_edge(digit.box, ink.shape),
        "The ink is very faint: write darker, or take the picture in better light.": faint,
        "This is very wide for one digit: leave space between digits.": digit.box[2] > 1.6 * digit.box[3],
    }
    return Prepared(stages["28 x 28"], stages, [sentence for sentence, true in notes.items() if true])


def prepare(source: Source) -> Prepared:
    """Turn a picture of one digit into the 28 x 28 that the network reads; all 0, and a warning, if the page is empty.

    source: a path, the bytes of a file, or a uint8 array. HandwritingError says why if it cannot be read.
    """
    stages, labels, digits = find_strokes(source)
    if not digits:
        return Prepared(np.zeros((28, 28), np.float32), stages, [EMPTY_PAGE])
    inner = [digit for digit in digits if not touches_edge(digit.box, labels.shape)]
    prepared = finish(stages["ink"], labels, (inner or digits)[0])
    if len(digits) > 1:
        prepared.warnings.append("There is more than one digit: this is the one with the most ink.")
    return Prepared(prepared.image, stages | prepared.stages, prepared.warnings)


def read_digits(source: Source, model) -> list[ReadDigit]:
    """Read every digit of a row or a page with a trained network, in reading order; they must not touch each other.

    An empty page gives an empty list; HandwritingError says why if the picture cannot be read.
    """
    stages, labels, digits = find_strokes(source)
    if not digits:
        return []
    digits = in_reading_order(digits)
    ready = [finish(stages["ink"], labels, digit) for digit in digits]
    answers = model.predict(np.stack([one.image for one in ready])[..., None], verbose=0)
    scale = max(open_picture(source).size) / max(labels.shape)
    return [
        ReadDigit(int(p.argmax()), float(p.max()), tuple(round(side * scale) for side in digit.box), one.warnings)
        for p, digit, one in zip(answers, digits, ready, strict=True)
    ]
