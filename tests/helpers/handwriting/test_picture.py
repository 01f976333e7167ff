"""Reading a file of any kind, and telling which is the ink."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import ROOT, CourseError
from helpers import handwriting as hw
from helpers.handwriting.picture import ink_is_light, read_picture
from helpers.samples import FOLDER
from tests.damage import damaged, damaged_pictures, read_whole
from tests.helpers.handwriting.drawing import difference, draw, encode, paint, shape_of


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_every_format_reads_the_same(kind):
    assert difference(hw.prepare(encode(paint(draw(3)), kind)).image, shape_of(3)) < 3


def test_photographs_of_iphones():
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(paint(draw(3)))).save(file, quality=90)
    assert difference(hw.prepare(file.getvalue()).image, shape_of(3)) < 3


def test_a_path_with_any_letters(tmp_path):
    path = tmp_path / "Zürich – 数字 😀.png"
    path.write_bytes(encode(paint(draw(3))))
    assert np.array_equal(hw.prepare(path).image, hw.prepare(str(path)).image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_noted_how_it_was_held(orientation):
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
    undo |= {6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
    picture = Image.fromarray(paint(draw(7, width=340)))
    if orientation > 1:
        picture = picture.transpose(Image.Transpose[undo[orientation]])
    exif = Image.Exif()
    exif[274] = orientation
    content = encode(picture, "JPEG", quality=95, exif=exif)
    assert difference(hw.prepare(content).image, shape_of(7, width=340)) < 3


def test_transparency():
    alpha = (255 * draw(3)).astype(np.uint8)
    black, white = np.zeros((300, 300, 3), np.uint8), np.full((300, 300, 3), 255, np.uint8)
    grey_alpha = Image.merge("LA", (Image.fromarray(black[..., 0]), Image.fromarray(alpha)))
    for source in (
        np.dstack([black, alpha]),
        encode(np.dstack([black, alpha])),
        encode(np.dstack([white, alpha])),  # white ink on nothing
        encode(grey_alpha),
    ):
        assert difference(hw.prepare(source).image, shape_of(3)) < 4


def test_sixteen_bits_palettes_and_one_bit():
    grey = paint(draw(3), (30,) * 3, (235,) * 3)[..., 0]
    for picture in (
        Image.fromarray(grey.astype(np.uint16) * 257),
        Image.fromarray(grey.astype(np.uint16) * 16),  # 12 bits of 16
        Image.fromarray(grey.astype(np.int32)),
        Image.fromarray(grey).convert("P"),
        Image.fromarray(paint(draw(3), (200, 30, 30))).quantize(8),
        Image.fromarray(grey).convert("1", dither=Image.Dither.NONE),
    ):
        assert difference(hw.prepare(encode(picture, "TIFF" if picture.mode == "I" else "PNG")).image, shape_of(3)) < 8


def test_the_first_picture_of_an_animation():
    frames = [Image.fromarray(paint(draw(digit))) for digit in (3, 7)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert difference(hw.prepare(content).image, shape_of(3)) < 3


def test_arrays():
    colour = paint(draw(3))
    opaque = np.dstack([colour, np.full((300, 300), 255, np.uint8)])
    for array in (colour, colour[..., 0], opaque, np.asfortranarray(colour), colour[::-1][::-1]):
        assert difference(hw.prepare(array).image, shape_of(3)) < 3
    before = colour.copy()
    hw.prepare(colour)
    assert np.array_equal(before, colour)


@pytest.mark.parametrize(
    "array",
    [
        np.ones((28, 28), np.float32),
        np.full((28, 28), np.nan),
        np.ones((28, 28), bool),
        np.ones((28, 28), np.int64),
        np.zeros((0, 28), np.uint8),
        np.zeros((28, 28, 2), np.uint8),
        np.zeros((1, 28, 28), np.uint8),
        np.zeros(784, np.uint8),
        np.array(7, np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_a_wrong_array_says_what_is_wrong(array):
    with pytest.raises(hw.HandwritingError, match=r"array of .* is not a picture: give"):
        hw.prepare(array)


def png_that_claims(width, height):
    """Return a small PNG whose header promises a huge picture."""
    chunks = [
        (b"IHDR", width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(b"\0" * 99)),
    ]
    body = b"".join(len(c).to_bytes(4) + n + c + zlib.crc32(n + c).to_bytes(4) for n, c in [*chunks, (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(60_000, 60_000), (13_000, 10_000), (2**31 - 1, 1)])
def test_a_bomb_is_not_decoded(size):
    with pytest.raises(hw.HandwritingError, match="too many"):
        hw.prepare(png_that_claims(*size))


def test_what_is_not_a_picture_says_so(tmp_path):
    picture = encode(paint(draw(3)))
    (tmp_path / "text.png").write_text("no picture")
    for source, words in {
        tmp_path / "missing.png": "no such file",
        tmp_path: "folder",
        tmp_path / "text.png": "not a picture",
        b"": "empty",
        picture[: len(picture) // 2]: "damaged",
        "zero\0byte.png": "cannot be read",
    }.items():
        with pytest.raises(hw.HandwritingError, match=words) as caught:
            hw.prepare(source)
        assert str(caught.value)[0].isupper() and str(caught.value).endswith(".")
    for source in (None, 7, [1, 2]):
        with pytest.raises(hw.HandwritingError, match="not a picture: give"):
            hw.prepare(source)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_empty_page(level):
    page = np.random.default_rng(0).normal(level, 1.5 * (level == 90), (400, 300, 3)).clip(0, 255).astype(np.uint8)
    prepared = hw.prepare(page)
    assert not prepared.image.any() and "page is empty" in prepared.warnings[0]
    assert hw.read_digits(page, None) == []  # nothing to ask the network


def test_the_broken_samples_are_refused_or_empty():
    found = {}
    for path in (FOLDER / "broken").iterdir():
        try:
            found[path.stem] = " ".join(hw.prepare(path).warnings)
        except CourseError as error:
            found[path.stem] = str(error)
    assert "not a picture" in found.pop("not_a_picture")
    assert "damaged or cut off" in found.pop("truncated")
    assert "file is empty" in found.pop("empty")
    assert "page is empty" in found.pop("blank_page")
    assert not found


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("thick", [3, 9, 24])
def test_polarity_of_any_pen(digit, thick):
    picture = paint(draw(digit, thick=thick))
    assert not ink_is_light(picture)
    assert ink_is_light(255 - picture)


@pytest.mark.parametrize("digit", range(10))
def test_polarity_of_a_drawing_of_28_pixels_that_reaches_the_edges(digit):
    ink = cv2.resize(draw(digit, 280, 280, 270, -5, 5, 26), (28, 28), interpolation=cv2.INTER_AREA)
    light = read_picture((255 * ink).astype(np.uint8))
    assert ink_is_light(light) and not ink_is_light(255 - light)


def test_a_dark_grey_photograph_of_paper_is_not_a_board():
    rows, columns = np.indices((300, 300)) - 150
    light = 0.35 + 0.65 * np.exp(-(rows**2 + columns**2) / 110**2)
    picture = paint(draw(3), (22, 22, 24), 110 * light[..., None] * np.ones(3), noise=3)
    assert difference(hw.prepare(picture).image, shape_of(3)) < 10


def test_a_board():
    picture = paint(draw(3), (220, 220, 210), (40, 70, 55), noise=3)
    assert difference(hw.prepare(picture).image, shape_of(3)) < 10


# --- Files that want too much -------------------------------------------------------------------------------------


def sentence_about(source) -> str:
    """What a reader is told about a file that cannot be read."""
    with pytest.raises(hw.HandwritingError) as told:
        hw.prepare(source)
    assert str(told.value).endswith(".") and "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("side", [8000, 10_900])
def test_a_webp_of_a_few_bytes_that_would_fill_the_memory(side):
    content = encode(Image.new("RGB", (side, side), (200, 200, 190)), "WEBP", lossless=True, method=0)
    assert len(content) < 100 and "too much memory" in sentence_about(content)


def test_pictures_of_more_bytes_to_a_pixel_may_have_fewer_pixels():
    many = (9000, 9000)
    assert "too much memory" in sentence_about(encode(Image.new("RGB", many), "PNG", compress_level=1))
    sharper = encode(Image.new("RGB", (9500, 9500)), "JPEG", progressive=True, subsampling=0)
    assert "too much memory" in sentence_about(sharper)
    for kind, mode in (("JPEG", "RGB"), ("PNG", "1")):
        assert "page is empty" in hw.prepare(encode(Image.new(mode, many, "white"), kind)).warnings[0]


def test_what_lies_in_a_tile_counts_and_not_what_is_shown_of_it():
    """A TIFF of 64 x 64 pixels in one tile of 40,000 x 40,000."""
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 322: 40_000, 323: 40_000, 324: 200, 325: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    content = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries
    assert "too much memory" in sentence_about(content.ljust(200, b"\0") + zlib.compress(bytes(90_000)))


def test_a_jpeg_that_goes_over_its_pixels_a_thousand_times():
    content = encode(Image.new("L", (2000, 2000), 200), "JPEG", progressive=True)
    scans = [n for n in range(len(content)) if content[n : n + 2] == b"\xff\xda"]
    many = content[:-2] + content[scans[1] : scans[2]] * 1000 + content[-2:]
    assert len(many) < 500_000 and "takes too long" in sentence_about(many)
    # A filling byte, which a decoder skips, and a comment that a careless count would land in.
    assert "takes too long" in sentence_about(many[:2] + b"\xff\xff\xfe\xff\xff" + b"\1" * 65_533 + many[2:])
    assert "page is empty" in hw.prepare(content).warnings[0]


def test_a_tiff_whose_tiles_are_words():
    tags = {256: 40, 257: 40, 258: 8, 259: 1, 262: 1, 273: 200, 278: 40, 279: 1600}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    entries += struct.pack("<HHI4s", 322, 2, 4, b"abc")
    content = (b"II*\0" + struct.pack("<IH", 8, len(tags) + 1) + entries).ljust(200, b"\0") + bytes(1600)
    assert "damaged" in sentence_about(content)


def test_a_file_of_millions_of_empty_parts():
    gif = b"GIF89a" + (100).to_bytes(2, "little") * 2 + bytes(3)
    for content in (gif + b"!\xfe\x01a\x00" * 1_000_000, b"\xff\xd8" + b"\xff\xfe\x00\x02" * 1_000_000):
        assert "too many parts" in sentence_about(content)


def test_a_large_file_is_not_read(tmp_path):
    with (tmp_path / "7.png").open("wb") as file:
        file.truncate(6_000_000_000)  # on most disks it takes no room
    assert "6,000 MB is too large" in sentence_about(tmp_path / "7.png")


def test_no_decoder_is_tried_that_the_course_does_not_name(monkeypatch):
    """That of EPS starts Ghostscript, which runs the file as a program; others of Pillow's forty are as old."""
    page = Image.fromarray(paint(draw(3)))
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **_: started.append(arguments))
    for kind in ("EPS", "PPM", "TGA", "SGI", "ICO", "PCX", "JPEG2000"):
        assert "not a picture" in sentence_about(encode(page, kind))
    assert not started


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in its folders")
def test_what_is_no_ordinary_file(tmp_path):
    os.mkfifo(tmp_path / "7.png")
    for path in (tmp_path / "7.png", os.devnull, "/dev/zero"):
        assert "no ordinary file" in sentence_about(path)


def test_over_long_and_impossible_names():
    for name in ("a" * 256, "a/" * 5000, "\ud83d.png"):
        assert "cannot be read" in sentence_about(name)


@pytest.mark.skipif(os.name == "nt", reason="Windows closes folders otherwise")
def test_a_closed_folder(tmp_path):
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "7.png").write_bytes(encode(paint(draw(3))))
    (tmp_path / "closed").chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # root goes everywhere; nobody does not
            os.seteuid(65534)
        assert "cannot be read" in sentence_about(tmp_path / "closed" / "7.png")
    finally:
        os.seteuid(user)
        (tmp_path / "closed").chmod(0o700)


def test_decoders_print_nothing_beside_the_sentence(capfd, caplog):
    """Neither libtiff, which writes to the process's own channel, nor Pillow, which logs and warns."""
    whole = encode(paint(draw(3)), "TIFF", compression="tiff_lzw")
    printed = []
    for seed in range(40):
        content = damaged(whole, np.random.default_rng(seed))
        with contextlib.suppress(hw.HandwritingError):
            hw.prepare(content)
        printed.append("".join(capfd.readouterr()))
    assert not "".join(printed)


def test_two_hundred_damaged_pictures(network):
    read = [read_whole(picture, network) for picture in damaged_pictures(200)]
    assert 20 < sum(read) < 180, "a fuzz that damages everything, or nothing, tests nothing"


ALLOWED = """import re, sys
from pathlib import Path
from helpers.handwriting.picture import read_picture
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3
before = peak()
read_picture(sys.argv[1], 2500)
print(peak() - before)
"""
LARGEST = {
    "png": lambda: Image.new("RGB", (7800, 7800)),
    "1.png": lambda: Image.new("1", (10_900, 10_900)),
    "gif": lambda: Image.new("P", (10_900, 10_900)),
    "webp": lambda: Image.new("RGB", (5500, 5500), (200, 9, 90)),
    "a.webp": lambda: Image.new("RGBA", (5500, 5500)),
    "jpg": lambda: Image.new("RGB", (10_900, 10_900)),
    "bmp": lambda: Image.new("RGB", (5900, 5900)),
    "tif": lambda: Image.new("RGBA", (5400, 5400)),
    "f.tif": lambda: Image.new("F", (5400, 5400)),
    "heic": lambda: Image.new("RGB", (5500, 5500)),
}


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak in this way")
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_picture_that_is_read_takes_at_most_600_mb(tmp_path, name):
    path = tmp_path / f"x.{name}"
    LARGEST[name]().save(path)
    done = subprocess.run([sys.executable, "-c", ALLOWED, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 10 < float(done.stdout) < 600
