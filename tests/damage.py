"""Damages as files take in the world, by a seed: for the fuzz tests, and in large numbers for the benchmark."""

import io
import zipfile

import numpy as np
from PIL import Image

from helpers.handwriting import HandwritingError, prepare, read_digits
from helpers.lenet import MODEL_FILE, ModelError, load_lenet5
from tests.helpers.handwriting.drawing import draw, encode, paint


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes of a file after one damage: cut off, bits turned, a part lost, doubled or overwritten."""
    kind, length = rng.integers(7), len(content)
    begin, end = sorted(int(place) for place in rng.integers(0, length, 2))
    if kind == 0:
        return content[:begin]
    if kind == 1:
        return content[:begin] + content[end:]
    if kind == 2:
        return content[:end] + content[begin:]
    end = min(end, begin + int(rng.integers(1, 5000)))
    if kind == 3:
        return content[:begin] + bytes(end - begin) + content[end:]
    if kind == 4:
        return content[:begin] + rng.bytes(end - begin) + content[end:]
    changed = np.frombuffer(content, np.uint8).copy()  # bits: anywhere, or in the first bytes, where sizes stand
    places = rng.integers(0, length if kind == 5 else min(length, 200), int(rng.integers(1, 9)))
    changed[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return changed.tobytes()


def picture_files() -> list[bytes]:
    """Return a drawn digit as a file of each format, some of them in several forms."""
    page = paint(draw(3), noise=3)
    grey, clear = Image.fromarray(page[..., 0]), np.dstack([page, (255 * draw(3)).astype(np.uint8)])
    files = [encode(page, kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "HEIF")]
    files += [encode(page, "TIFF", compression=f"tiff_{kind}") for kind in ("lzw", "deflate", "jpeg")]
    files += [encode(grey.convert("1"), "TIFF", compression="group4"), encode(page, "JPEG", progressive=True)]
    files += [encode(clear), encode(clear, "WEBP", lossless=True), encode(grey.convert("P"), "PNG"), encode(grey)]
    return [*files, encode(Image.fromarray(page[..., 0].astype(np.uint16) * 257))]


def damaged_pictures(count: int) -> list[bytes]:
    """Return so many damaged files of pictures: of each format in turn, always the same ones."""
    files, rng = picture_files(), np.random.default_rng(19)
    return [damaged(files[number % len(files)], rng) for number in range(count)]


def read_whole(picture: bytes, network) -> bool:
    """Prepare a damaged picture and read its digits; tell whether that went. Anything but its error is raised."""
    try:
        image = prepare(picture).image
        digits = read_digits(picture, network)
    except HandwritingError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return False
    assert image.shape == (28, 28) and np.isfinite(image).all() and all(0 <= each.digit <= 9 for each in digits)
    return True


def damaged_models(count: int) -> list[bytes]:
    """Return so many damaged files of the trained network: every second one damaged inside of its archive."""
    whole, rng, files = MODEL_FILE.read_bytes(), np.random.default_rng(20), []
    for number in range(count):
        if number % 2:
            files.append(damaged(whole, rng))
            continue
        packed, (target, *_) = io.BytesIO(), rng.permutation(["config.json", "metadata.json", "model.weights.h5"])
        with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(packed, "w") as new:
            for name in old.namelist():
                new.writestr(name, damaged(old.read(name), rng) if name == target else old.read(name))
        files.append(packed.getvalue())
    return files


def load_damaged(path) -> bool:
    """Load a damaged network of a reader's own; tell whether it could be loaded. Anything but its error is raised."""
    try:
        load_lenet5(path)
    except ModelError as error:
        assert "Save the network again" in str(error) and "\n" not in str(error)
        return False
    return True
