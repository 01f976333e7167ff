"""Open the file of a picture, whatever it is: only usual formats, at bearable costs, or a sentence that says why not.

Nothing is decoded here. What decoding would take is known before, from what the file says of itself.
"""

import contextlib
import io
import logging
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from helpers import CourseError
from helpers.shipped import check

#: The formats that are tried. Pillow knows forty more, which nobody's digits have: that of EPS runs another program.
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]
try:
    from pillow_heif import register_heif_opener  # the photographs of iPhones
except ImportError:
    pass
else:
    register_heif_opener()
    FORMATS.append("HEIF")

logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it would log, the sentence says

#: A file is decoded only if that needs at most so many bytes: 34 bytes can claim enough pixels to fill the memory.
MAX_MEMORY = 500_000_000
#: More than the largest scan of a page at 600 dpi; more pixels than any camera of a phone delivers; the side of a JPEG.
MAX_BYTES, MAX_PIXELS, MAX_SIDE = 150_000_000, 120_000_000, 65_535
#: How often a decoder may ask for the next part of a file. Millions of empty parts would keep it busy for minutes.
MAX_READS = 300_000
#: A JPEG that becomes sharp step by step goes over its pixels ten times; a small file can ask for thousands.
MAX_JPEG_WORK = 1_500_000_000
#: The longer side of a picture, in pixels, while we work on it: larger ones are shrunk.
LARGE_SIDE = 1000

#: The markers of a JPEG that have a length and begin no scan; what else stands there is not followed.
WITH_LENGTH = {bytes([number]) for number in (*range(0xC0, 0xD0), *range(0xDB, 0xFF))}

Source = str | Path | bytes | np.ndarray


class HandwritingError(CourseError):
    """A picture cannot be read or has no digit in it; the message is one sentence for the reader."""


DAMAGED = "The picture is damaged or cut off: save or copy it again."


def open_picture(source: Source, largest: int = LARGE_SIDE) -> Image.Image:
    """Open a picture without decoding it: a path, the bytes of a file, or a uint8 array in grey, RGB or RGBA.

    HandwritingError says why if it cannot be read, or not at bearable costs; largest: what `read_picture` will ask for.
    """
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8:
            raise HandwritingError(f"An array of {source.dtype} is not a picture: give whole numbers 0..255 as uint8.")
        if 0 in source.shape or not (source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))):
            raise HandwritingError(f"An array of shape {source.shape} is not a picture: give H x W, H x W x 3 or 4.")
        check_size(source.shape[1], source.shape[0], 8)
        return Image.fromarray(np.ascontiguousarray(source))
    content = read_bytes(source)
    with hushed():
        picture = open_file(content)
    check_cost(picture, content, largest)
    return picture


def read_bytes(source: str | Path | bytes) -> bytes:
    """Return the content of a file; HandwritingError says in one sentence why that is not possible."""
    if not isinstance(source, str | Path | bytes):
        raise HandwritingError(f"A {type(source).__name__} is not a picture: give a path, bytes or a uint8 array.")
    try:
        content = source if isinstance(source, bytes) else read_file(Path(source))
    except FileNotFoundError:
        raise HandwritingError("There is no such file: check the name and the folder.") from None
    except (OSError, ValueError):  # a closed folder, a name that is too long or holds a zero byte
        raise HandwritingError("This file cannot be read: check its name and that you may open it.") from None
    if not content:
        raise HandwritingError("The file is empty: save or copy the picture again.")
    check_length(len(content))
    return content


def read_file(path: Path) -> bytes:
    """Return the content of a file of a bearable length; what is no ordinary file may have no end, and is not opened.

    OSError or ValueError where the system finds or opens none by that name.
    """
    check(path)
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise HandwritingError("This is a folder, not a picture: name a file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise HandwritingError("This is no ordinary file but a device or a pipe: name a picture.")
    check_length(found.st_size)
    if not found.st_size:  # as the system's own, which go on for ever, say of themselves
        return b""
    return path.read_bytes()


def check_length(length: int) -> None:
    """Raise HandwritingError if a file has too many bytes."""
    if length > MAX_BYTES:
        raise HandwritingError(f"A file of {length / 1e6:,.0f} MB is too large: save the picture as JPEG.")


def check_size(width: int, height: int, bytes_each: float, more: float = 0) -> None:
    """Raise HandwritingError if a picture has too many pixels, or needs too much memory: for each pixel, and more."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise HandwritingError(f"{width:,} x {height:,} pixels are too many: make the picture smaller.")
    if width * height * bytes_each + more > MAX_MEMORY:
        raise HandwritingError("The picture needs too much memory: make it smaller, or save it as JPEG.")


class Parts(io.BytesIO):
    """The bytes of a file, for decoders that do not ask for them too often."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise HandwritingError("The file has too many parts: save the picture again, as PNG or JPEG.")
        return super().read(size)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep what the libraries of decoders, written in C, print on the process's error channel off the page."""
    original, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.close(nowhere)


def open_file(content: bytes) -> Image.Image:
    """Open the bytes of a picture file of one of the FORMATS; nothing is decoded yet."""
    try:
        return Image.open(Parts(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise HandwritingError("This is not a picture, whatever its name says: save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:
        raise HandwritingError("The picture has too many pixels: make it smaller.") from None
    except HandwritingError:
        raise
    except Exception:  # what a damaged header makes a decoder raise is not written down anywhere
        raise HandwritingError(DAMAGED) from None


def check_cost(picture: Image.Image, content: bytes, largest: int) -> None:
    """Raise HandwritingError if it would take too much memory or time to decode this picture, opened from `content`.

    The figures are those of Pillow's decoders: a pixel of several channels takes four bytes, and twice as much while
    it is turned; what WebP and HEIF need besides was measured.
    """
    width, height = picture.size
    each = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(picture.mode, 4)
    each, more = max(2 * each, each + 3), 2 * len(content)
    if picture.format in ("WEBP", "HEIF"):
        each = 16
    elif picture.format in ("JPEG", "MPO"):
        check_size(width, height, 0)
        scans = scans_of(content, len(picture.getbands()))
        if scans * width * height > MAX_JPEG_WORK:
            raise HandwritingError("The picture takes too long to read: save it again, as PNG or JPEG.")
        more += 2 * len(picture.getbands()) * width * height * (scans > 1)  # all that it knows of it, until the last
        halvings = int(np.log2(np.clip(min(width, height) // largest, 1, 8)))  # as `draft` decodes it
        each /= 4**halvings
    elif picture.format == "TIFF":
        wide, high = picture.tag_v2.get(322, 0), picture.tag_v2.get(323, 0)
        if not (isinstance(wide, int) and isinstance(high, int)):
            raise HandwritingError(DAMAGED)
        more += 4 * max(0, wide * high - width * height)
    check_size(width, height, each, more)


def scans_of(jpeg: bytes, channels: int) -> int:
    """Return how often a JPEG goes over its pixels, or more: once, where its first scan has all the channels."""
    place = 2
    while jpeg[place : place + 1] == b"\xff" and jpeg[place + 1 : place + 2] in WITH_LENGTH:
        if jpeg[place + 1 : place + 2] in (b"\xc2", b"\xca"):  # progressive
            channels = 0
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    one = jpeg[place : place + 2] == b"\xff\xda" and jpeg[place + 4 : place + 5] == bytes([channels])
    return 1 if one else jpeg.count(b"\xff\xda")
