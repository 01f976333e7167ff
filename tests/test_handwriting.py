"""From a picture to 28 x 28: what the network gets looks like MNIST, and bad input gets a sentence."""

import functools
import io

import cv2
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import CourseError
from helpers.handwriting import HandwritingError, centre_of_mass, prepare, read_digits, read_picture
from helpers.lenet import load_lenet5
from helpers.samples import FOLDER, load_samples, single_digits


NETWORK = functools.cache(load_lenet5)


def drawn(side: int = 300, ink: int = 40, paper: int = 225) -> np.ndarray:
    """Draw a 7 as a pen would, off centre on a page that is not square: H x W x 3 uint8."""
    page = np.full((side, side * 4 // 5, 3), paper, np.uint8)
    corners = np.array([[0.15, 0.2], [0.5, 0.2], [0.3, 0.7]]) * side
    cv2.polylines(page, [corners.astype(np.int32)], False, (ink, ink, ink), max(2, side // 25), cv2.LINE_AA)
    return page


def encoded(picture: np.ndarray | Image.Image, kind: str = "PNG", **options) -> bytes:
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.abs(one - two).mean() * 255)


def test_the_result_looks_like_mnist():
    image = prepare(encoded(drawn())).image
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.max() == 1 and image.min() == 0 and np.mean(image == 0) > 0.6
    rows, columns = np.nonzero(image.any(axis=1))[0], np.nonzero(image.any(axis=0))[0]
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert np.allclose(centre_of_mass(image), 14, atol=0.5)


def test_every_stage_can_be_drawn():
    stages = prepare(encoded(drawn())).stages
    assert next(iter(stages)) == "picture" and np.array_equal(
        list(stages.values())[-1], prepare(encoded(drawn())).image
    )
    assert all(stage.ndim in (2, 3) and stage.size for stage in stages.values())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_formats(kind):
    assert difference(prepare(encoded(drawn(), kind)).image, prepare(encoded(drawn())).image) < 8


def test_a_path_with_letters_beyond_ascii(tmp_path):
    path = tmp_path / "mé ciфра 数.png"
    path.write_bytes(encoded(drawn()))
    assert np.array_equal(read_picture(path), drawn())


def test_the_camera_notes_which_way_is_up():
    turned = Image.fromarray(np.rot90(drawn()).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees clockwise to view"
    assert np.array_equal(read_picture(encoded(turned, "PNG", exif=exif)), drawn())


def test_transparent_parts_are_white_paper():
    clear = np.dstack([np.zeros_like(drawn()), 255 - drawn(paper=255)[..., 0]])
    picture = read_picture(encoded(clear))
    assert picture.shape[2] == 3 and picture[0, 0].tolist() == [255, 255, 255]
    assert difference(prepare(encoded(clear)).image, prepare(encoded(drawn())).image) < 8


def test_light_on_dark_gives_the_same_as_dark_on_light():
    assert difference(prepare(encoded(255 - drawn())).image, prepare(encoded(drawn())).image) < 8


def test_a_shadow_is_no_ink():
    light = np.linspace(1, 0.55, drawn().shape[1])[np.newaxis, :, np.newaxis]
    shaded = (drawn() * light).astype(np.uint8)
    assert difference(prepare(encoded(shaded)).image, prepare(encoded(drawn())).image) < 8


@settings(max_examples=40, deadline=None, phases=(Phase.generate, Phase.shrink))
@given(
    side=st.sampled_from([40, 60, 100, 300, 1000, 2500, 4000]),
    place=st.tuples(st.floats(0.1, 0.5), st.floats(0.1, 0.4)),
    margin=st.floats(0, 0.5),
    ink=st.integers(0, 60),
    paper=st.integers(170, 255),
    light=st.floats(0.6, 1),
    inverted=st.booleans(),
)
def test_what_is_no_property_of_the_digit_changes_nothing(side, place, margin, ink, paper, light, inverted):
    """Place, scale, margin, contrast, polarity and a gradient of light: the same 28 x 28, nearly."""
    page = np.full((1000, 1000), paper, np.float32)
    corners = (np.array([[0, 0], [0.35, 0], [0.15, 0.5]]) + place) * 1000
    cv2.polylines(page, [corners.astype(np.int32)], False, ink, 40, cv2.LINE_AA)
    if side >= 100:  # in a smaller picture, a wide margin would leave strokes of less than a pixel
        page = np.pad(page, round(margin * 1000), mode="edge")
    page = cv2.resize(page, (side, side), interpolation=cv2.INTER_AREA if side < len(page) else cv2.INTER_LINEAR)
    page *= np.linspace(1, light, side, dtype=np.float32)
    picture = page.astype(np.uint8)
    image = prepare(255 - picture if inverted else picture).image
    assert difference(image, prepare(encoded(drawn())).image) < 8
    assert NETWORK().predict(image[None, ..., None], verbose=0).argmax() == 7


def test_place_size_brightness_and_margin_do_not_matter():
    reference = prepare(encoded(drawn())).image
    wide = cv2.copyMakeBorder(drawn(), 60, 10, 90, 20, cv2.BORDER_CONSTANT, value=(225, 225, 225))
    for other in (drawn(120), drawn(900), drawn(ink=10, paper=180), wide):
        assert difference(prepare(encoded(other)).image, reference) < 8


def test_centre_of_mass_is_where_the_ink_balances():
    image = np.zeros((5, 9))
    image[1, 2], image[3, 8] = 1, 3
    assert centre_of_mass(image) == (2.5, 6.5)


BAD = {
    "a text file": (b"I am no picture.", "not a picture"),
    "an empty file": (b"", "is empty"),
    "half a PNG": (encoded(drawn())[:700], "damaged or cut off"),
    "half a JPEG": (encoded(drawn(), "JPEG")[:2000], "damaged or cut off"),
    "a header alone": (encoded(drawn())[:20], "not a picture|damaged"),
    "a white page": (encoded(np.full((200, 200, 3), 255, np.uint8)), "page is empty"),
    "a black page": (encoded(np.zeros((200, 200, 3), np.uint8)), "page is empty"),
    "one pixel": (encoded(np.full((1, 1, 3), 90, np.uint8)), "page is empty"),
}


@pytest.mark.parametrize(("content", "told"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_sentence(content, told):
    with pytest.raises(HandwritingError, match=told) as caught:
        prepare(content)
    assert isinstance(caught.value, CourseError) and str(caught.value).endswith(".")


def test_too_many_pixels_are_refused_before_they_fill_the_memory():
    bomb = encoded(Image.new("1", (20_000, 20_000)))
    assert len(bomb) < 100_000
    with pytest.raises(HandwritingError, match="too many"):
        read_picture(bomb)


def damaged() -> list[bytes | np.ndarray]:
    """Two thousand things that are no whole picture, or an odd one."""
    rng = np.random.default_rng(0)
    small = cv2.resize(drawn(), (60, 75))
    things: list = []
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"):
        whole = encoded(small, kind)
        things += [whole[:end] for end in rng.integers(1, len(whole), 150)]
        for _ in range(110):  # the right header, then noise
            noisy = bytearray(whole)
            start = int(rng.integers(4, 60))
            noisy[start : start + 40] = rng.bytes(40)
            things.append(bytes(noisy))
    things += [rng.bytes(int(size)) for size in rng.integers(1, 500, 300)]
    shapes = [(0, 0), (0, 5, 3), (1, 1), (1, 1, 3), (1, 3000), (3000, 1), (2, 2, 4), (5,), (2, 2, 2, 2), (9, 9, 5), ()]
    for shape in shapes:
        for dtype in (np.uint8, np.int64, np.float32, bool, complex):
            things.append(np.ones(shape, dtype))
    things += [np.full((30, 30), level, np.uint8) for level in range(0, 256, 8)]
    things += [np.full((20, 20), np.nan), np.full((20, 20), np.inf), None, 7, 1.5, [[1, 2], [3, 4]], ["a"]]
    things += [rng.integers(0, 256, (int(a), int(b)), np.uint8) for a, b in rng.integers(1, 40, (60, 2))]
    return things


def test_two_thousand_damaged_inputs_get_a_result_or_a_sentence():
    things, refused = damaged(), 0
    assert len(things) >= 2000
    for thing in things:
        try:
            image = prepare(thing).image
            assert image.shape == (28, 28) and np.isfinite(image).all() and 0 <= image.min() <= image.max() <= 1
        except HandwritingError as error:
            refused += 1
            assert str(error).endswith(".")
    assert refused > 1000


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(HandwritingError, match="no such file"):
        prepare(tmp_path / "7.png")
    with pytest.raises(HandwritingError, match="folder"):
        prepare(tmp_path)


def test_the_broken_samples_are_all_refused():
    broken = sorted((FOLDER / "broken").iterdir())
    assert len(broken) >= 4
    for path in broken:
        with pytest.raises(HandwritingError):
            prepare(path)


def test_the_shipped_network_reads_the_samples():
    singles = single_digits()
    images = np.stack([prepare(sample.path).image for sample in singles])[..., np.newaxis]
    answers = load_lenet5().predict(images, verbose=0).argmax(axis=1)
    assert np.mean(answers == [int(sample.label) for sample in singles]) >= 0.95


def test_rows_and_pages_are_read_in_order():
    model = load_lenet5()
    for sample in load_samples():
        if len(sample.label) > 1:
            found = read_digits(sample.path, model)
            assert "".join(str(reading.digit) for reading in found) == sample.label.replace(" ", "")
            height, width = cv2.imread(str(sample.path)).shape[:2]
            for reading in found:
                x, y, wide, high = reading.box
                assert 0 <= x < x + wide <= width + 2 and 0 <= y < y + high <= height + 2
                assert 0.1 <= reading.probability <= 1


def page_with(*strokes: list, shape: tuple = (400, 300), width: int = 12, ink: tuple = (40, 40, 40)) -> np.ndarray:
    """Draw strokes (corners in pixels) on a light page: H x W x 3 uint8."""
    page = np.full((*shape, 3), 225, np.uint8)
    for stroke in strokes:
        cv2.polylines(page, [np.array(stroke, np.int32)], False, ink, width, cv2.LINE_AA)
    return page


def test_the_loose_bar_of_a_5_stays_and_a_speck_goes():
    bar, body = [(110, 90), (190, 90)], [(105, 115), (105, 190), (170, 200), (180, 260), (110, 290)]
    both = prepare(page_with(bar, body)).image
    assert difference(both, prepare(page_with(body)).image) > 8  # without its bar it is another shape
    speckled = page_with(bar, body)
    cv2.circle(speckled, (280, 380), 3, (40, 40, 40), -1)
    assert difference(both, prepare(speckled).image) < 2


@pytest.mark.parametrize("ink", [(200, 30, 40), (30, 60, 190), (20, 140, 60), (120, 120, 120), (230, 150, 20)])
def test_every_colour_of_ink_is_ink(ink):
    corners = [(80, 100), (200, 100), (130, 300)]
    assert difference(prepare(page_with(corners, ink=ink)).image, prepare(page_with(corners)).image) < 8


@pytest.mark.parametrize("squared", [False, True])
def test_printed_lines_are_no_ink(squared):
    page = page_with([(80, 100), (200, 100), (130, 300)])
    plain = prepare(page).image
    lined = np.full_like(page, 225)
    for at in range(20, 400, 50):
        cv2.line(lined, (0, at), (300, at + 3), (170, 185, 215), 2)
        if squared:
            cv2.line(lined, (at, 0), (at - 3, 400), (170, 185, 215), 2)
    assert difference(prepare(np.minimum(page, lined)).image, plain) < 8


def test_a_hairline_on_a_large_white_page_is_kept():
    page = np.full((2000, 1500), 255, np.uint8)
    cv2.polylines(page, [np.array([[500, 600], [900, 600], [650, 1300]])], False, 60, 2, cv2.LINE_AA)
    image = prepare(page).image
    assert image.max() == 1 and (image > 0.5).sum() > 30


def test_16_bits_palettes_and_heic():
    reference = prepare(drawn()).image
    grey = cv2.cvtColor(drawn(), cv2.COLOR_RGB2GRAY)
    deep = encoded(Image.fromarray(grey.astype(np.uint16) * 256))
    assert difference(prepare(deep).image, reference) < 8
    assert difference(prepare(encoded(Image.fromarray(drawn()).convert("P"))).image, reference) < 8
    assert difference(prepare(encoded(drawn(), "HEIF")).image, reference) < 8


def test_warnings_name_what_may_be_wrong():
    good = page_with([(80, 100), (200, 100), (130, 300)])
    assert prepare(good).warnings == []
    two = page_with([(40, 100), (120, 100), (70, 300)], [(180, 100), (260, 100), (210, 300)])
    assert any("more than one" in told for told in prepare(two).warnings)
    cut = good[:, :150]
    assert any("edge" in told for told in prepare(cut).warnings)
    faint = page_with([(80, 100), (200, 100), (130, 300)], ink=(213, 213, 213))
    assert any("faint" in told for told in prepare(faint).warnings)
