"""The instruments without a browser: what they answer, and the still pictures that they leave."""

import asyncio
import base64
import html
import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import CourseError
from helpers.handwriting import EMPTY_PAGE, prepare
from helpers.lenet import load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.samples import FOLDER, load_samples, single_digits
from helpers.widgets import DigitPad, KernelLab, NetworkView, PhotoLab, instrument
from helpers.widgets.photo_lab import move_digit

MODEL = load_lenet5()
SAMPLES = single_digits()
(_, _), (VALIDATION, _) = split_validation(*load_mnist()[0])


def ask(instrument, content, *buffers, view="one"):
    """Ask as the page does; return the answer and its bytes."""
    sent = []
    instrument.send = lambda content, buffers=None: sent.append((content, buffers))
    instrument._receive(None, content | {"sender": view}, [memoryview(buffer) for buffer in buffers])
    ((answer, data),) = sent
    assert answer.pop("sender") == view
    return answer, data


@pytest.mark.parametrize("kind", [DigitPad, NetworkView, KernelLab, PhotoLab])
def test_a_still_picture_stands_where_nothing_can_be_operated(kind, monkeypatch):
    shown = []
    monkeypatch.setattr(instrument, "display", lambda data, **_: shown.append(data))
    kind()._ipython_display_()
    data, living = shown
    pattern = (
        r'<img src="data:image/png;base64,([^"]*)" alt="(.*?)" width="\d+"><p><em>As it was left. Run the cell to play'
    )
    ((png, alternative),) = re.findall(pattern, data["text/html"])
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    assert picture.width > 300 and len(set(picture.convert("L").tobytes())) > 5
    assert kind.promise in data["text/plain"] and html.unescape(alternative) == kind.promise
    assert instrument.WIDGET_VIEW in living and instrument.WIDGET_VIEW not in data


def still_of(instrument):
    return instrument.stored()["text/html"]


def test_the_still_picture_is_the_last_one():
    for lab, change in (
        (KernelLab(), lambda lab: lab.set_state({"digit": 5})),
        (DigitPad(MODEL), lambda pad: ask(pad, {"kind": "read"}, SAMPLES[0].path.read_bytes())),
        (NetworkView(MODEL), lambda view: ask(view, {"kind": "maps", "digit": 9})),
        (PhotoLab(model=MODEL), lambda lab: send(lab, (FOLDER / "digit5.png").read_bytes())),
    ):
        before = still_of(lab)
        change(lab)
        assert still_of(lab) != before, type(lab).__name__


def test_the_still_picture_is_drawn_again_once_after_the_last_change(monkeypatch):
    drawn = []
    monkeypatch.setattr(instrument, "QUIET", 0.05)
    monkeypatch.setattr(instrument, "display", lambda *_, **__: None)
    monkeypatch.setattr(instrument, "update_display", lambda data, **_: drawn.append(data))

    async def change_it() -> None:
        lab = KernelLab()
        lab.stride = 2
        await asyncio.sleep(0.2)
        assert not drawn, "nobody has seen it yet"
        lab._ipython_display_()
        for lab.stride in (3, 4, 1):
            pass
        while not drawn:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)

    asyncio.run(change_it())
    assert len(drawn) == 1


NONSENSE = [None, 7, "read", [], [{"kind": "read"}], {}, {"kind": ["keep"]}, {"kind": "keep"}]
NONSENSE += [
    {"kind": "keep", "label": label} for label in (10, -1, "../../x", None, [], 3.5, "7 ", float("nan"), 10**400)
]
NONSENSE += [{"kind": "unit", "layer": layer, "unit": unit} for layer in (-1, 99, None) for unit in (-1, 10**9, "x")]
NONSENSE += [{"kind": "maps", "digit": digit} for digit in (-1, 5000, "x", None, {})]
NONSENSE += [
    {"kind": "file", "piece": piece, "pieces": many} for piece in (-1, 1, 99, None, "x") for many in (0, 1, "y")
]
NONSENSE += [{"kind": "show", name: value} for name in ("ink", "size", "turn", "digit") for value in (10**9, "x", [])]


@pytest.mark.parametrize("kind", [DigitPad, NetworkView, KernelLab, PhotoLab])
def test_a_message_that_is_none_gets_one_sentence(kind, tmp_path):
    """Whatever the page sends: an answer or a refusal; nothing is raised, and nothing written outside of its folder."""
    made = DigitPad(MODEL, tmp_path / "kept") if kind is DigitPad else kind()
    sent = []
    made.send = lambda content, buffers=None: sent.append(content)
    for content in NONSENSE:
        for buffers in ([], [b"nonsense"], [b"a", b"b"]):
            before = len(sent)
            made._receive(None, content, buffers)
            assert len(sent) == before + 1
            assert "did not work" not in sent[-1].get("error", ""), (content, sent[-1])
    kept = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"\d_drawn_\d+.png", name) for name in kept), kept


def test_what_cannot_be_set_is_refused_and_what_stood_stays():
    lab = KernelLab()
    sent = []
    lab.send = lambda content, buffers=None: sent.append(content)
    for state in (
        {"stride": 99},
        {"digit": 5000},
        {"padding": "x"},
        {"kernel": [[1, 2], [3]]},
        {"kernel": []},
        {"kernel": [[1.0] * 50] * 50},
        {"kernel": [[float("nan")]]},
        {"kernel": None},
        None,
    ):
        before = len(sent), lab.output.copy()
        lab.set_state(state)
        assert len(sent) == before[0] + 1 and "cannot be set" in sent[-1]["error"], state
        assert np.array_equal(lab.output, before[1])
    lab.set_state({"stride": 2})
    assert lab.output.shape == (13, 13)


def test_an_upload_that_does_not_end_does_not_grow():
    lab = PhotoLab(model=MODEL)
    for number in range(3):
        assert ask(lab, {"kind": "file", "file": number, "piece": 0, "pieces": 50}, bytes(1000))[0] == {"piece": 0.02}
    assert sum(map(len, lab.pieces)) == 1000
    for content, buffer in (
        ({"file": 2, "piece": 2, "pieces": 50}, b"a gap"),
        ({"file": 3, "piece": 1, "pieces": 50}, b"of another file"),
        ({"file": 2, "piece": 1, "pieces": 50}, bytes(60_000_001)),
        ({"file": 2, "piece": 1, "pieces": 10**9}, b"too many"),
    ):
        ask(lab, {"kind": "file", "file": 2, "piece": 0, "pieces": 50}, bytes(1000))
        assert "error" in ask(lab, {"kind": "file", **content}, buffer)[0]
        assert sum(map(len, lab.pieces)) <= 1000
    assert send(lab, (FOLDER / "digit5.png").read_bytes())[0]["readings"][0]["digit"] == 5


def test_two_instruments_are_two_models():
    assert DigitPad(MODEL).model_id != DigitPad(MODEL).model_id


# --- DigitPad ----------------------------------------------------------------------------------------------------


def test_the_pad_reads_what_prepare_and_the_network_read():
    drawings = [each for each in SAMPLES if each.situation == "tablet drawing"]
    for sample in drawings:
        answer, (image,) = ask(DigitPad(MODEL), {"kind": "read"}, sample.path.read_bytes())
        prepared = prepare(sample.path)
        expected = MODEL.predict(prepared.image[np.newaxis, ..., np.newaxis], verbose=0)[0]
        assert np.allclose(answer["probabilities"], expected, atol=1e-5)
        assert answer["warnings"] == prepared.warnings
        assert np.abs(np.frombuffer(image, np.uint8) / 255 - prepared.image.ravel()).max() <= 0.5 / 255 + 1e-6


def test_the_empty_pad_has_no_reading():
    assert ask(DigitPad(MODEL), {"kind": "read"})[0] == {"probabilities": None}
    blank = cv2.imencode(".png", np.full((280, 280), 255, np.uint8))[1].tobytes()
    answer, _ = ask(DigitPad(MODEL), {"kind": "read"}, blank)
    assert answer["probabilities"] is None and answer["warnings"] == [EMPTY_PAGE]


def test_broken_bytes_give_the_sentence_of_the_pipeline_and_the_pad_stays_alive():
    pad = DigitPad(MODEL)
    answer, _ = ask(pad, {"kind": "read"}, b"nonsense")
    assert "not a picture" in answer["error"]
    assert ask(pad, {"kind": "read"}, SAMPLES[0].path.read_bytes())[0]["probabilities"]


def test_a_bug_of_ours_is_answered_too():
    assert (
        "TypeError"
        in ask(DigitPad(lambda *_, **__: None + 1), {"kind": "read"}, SAMPLES[0].path.read_bytes())[0]["error"]
    )


def test_what_is_kept_is_named_after_its_digit_and_overwrites_nothing(tmp_path):
    pad = DigitPad(MODEL, tmp_path / "mine")
    for picture in (b"first", b"second"):
        sentence = ask(pad, {"kind": "keep", "label": "7"}, picture)[0]["kept"]
    assert [path.name for path in sorted((tmp_path / "mine").iterdir())] == ["7_drawn_01.png", "7_drawn_02.png"]
    assert (tmp_path / "mine/7_drawn_01.png").read_bytes() == b"first"
    assert "mine/7_drawn_02.png" in sentence


# --- NetworkView -------------------------------------------------------------------------------------------------

VIEW = NetworkView(MODEL)
LAYERS = [layer.name for layer in VIEW.layers]


def test_the_maps_are_those_of_the_model():
    digit = to_input(VALIDATION[:1])
    answer, (image, flat) = ask(VIEW, {"kind": "maps", "digit": 0})
    assert np.array_equal(np.frombuffer(image, np.float32), digit.ravel())
    flat, start, value = np.frombuffer(flat, np.float32), 0, digit
    for layer in MODEL.layers:
        value = np.asarray(layer(value))
        if layer.name != "flatten":
            form = answer["layers"][LAYERS.index(layer.name)]
            shape = form["maps"], form["height"], form["width"]
            maps = flat[start : start + value.size].reshape(shape)
            expected = value[0].transpose(2, 0, 1) if value.ndim == 4 else value[0][:, None, None]
            assert np.allclose(maps, expected, atol=1e-4), layer.name
            start += value.size
    assert start == flat.size
    assert np.allclose(answer["probabilities"], value[0], atol=1e-4)


def test_a_drawing_goes_through_the_network_too():
    answer, (image, _) = ask(VIEW, {"kind": "maps"}, SAMPLES[0].path.read_bytes())
    assert np.array_equal(np.frombuffer(image, np.float32), prepare(SAMPLES[0].path).image.ravel())
    assert np.argmax(answer["probabilities"]) == int(SAMPLES[0].label)
    assert ask(VIEW, {"kind": "maps"})[0]["probabilities"] is None


@pytest.mark.parametrize("place", range(len(LAYERS)), ids=LAYERS)
def test_the_patch_is_what_excites_a_unit_most(place):
    """Nothing outside of the receptive field matters: a black page with the patch alone excites the unit as much."""
    unit = 3
    answer, (kernel, patch) = ask(VIEW, {"kind": "unit", "layer": place, "unit": unit})
    side, step, begin = VIEW.field(place)
    assert answer["patch"] == side
    number, row, column = (int(found[unit]) for found in VIEW.excited[place])
    whole = VIEW.activations(VIEW.digits[number, ..., 0])[place][unit]
    assert whole[row, column] == pytest.approx(whole.max())
    page = np.zeros((84, 84), np.float32)
    top, left = 28 + begin + step * row, 28 + begin + step * column
    page[top : top + side, left : left + side] = np.frombuffer(patch, np.float32).reshape(side, side)
    alone = VIEW.activations(page[28:56, 28:56])[place][unit, row, column]
    assert alone == pytest.approx(whole.max(), rel=1e-4)
    if MODEL.get_layer(LAYERS[place]).weights:
        weights = np.asarray(MODEL.get_layer(LAYERS[place]).weights[0])[..., unit]
        assert np.allclose(np.sort(np.frombuffer(kernel, np.float32)), np.sort(weights.ravel()))


# --- KernelLab ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["upright edges", "blur", "LeNet-5's C1, map 2"])
def test_the_result_is_that_of_opencv(kernel):
    lab = KernelLab(digit=7, kernel=kernel)
    rim = len(lab.kernel) // 2
    digit = VALIDATION[7] / 255
    expected = cv2.filter2D(digit, -1, np.array(lab.kernel))[rim:-rim, rim:-rim]
    assert np.allclose(lab.output, expected, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("side", [3, 5])
def test_the_size_of_the_result_follows_the_formula(stride, padding, side):
    lab = KernelLab(kernel=np.ones((side, side)), stride=stride, padding=padding)
    assert lab.output.shape == ((28 + 2 * padding - side) // stride + 1,) * 2


def test_another_digit_brings_its_pixels():
    lab = KernelLab()
    lab.digit = 5
    assert lab.image == VALIDATION[5].tobytes()


def test_a_digit_that_is_no_validation_digit_is_refused():
    assert KernelLab(digit=4999).image == VALIDATION[4999].tobytes()
    for kind in (KernelLab, NetworkView):
        for digit in (5000, -1, "three"):
            with pytest.raises(CourseError, match="validation digit"):
                kind(digit=digit)


@pytest.mark.parametrize("kernel", ["egdes", [[1, 2, 3]], [1, 2, 3]])
def test_a_kernel_that_is_none_is_named(kernel):
    with pytest.raises(CourseError, match="upright edges"):
        KernelLab(kernel=kernel)


# --- PhotoLab ----------------------------------------------------------------------------------------------------


def stage(answer, data, name):
    return np.array(Image.open(io.BytesIO(data[answer["stages"].index(name)])))


@pytest.mark.parametrize("sample", SAMPLES[::9], ids=lambda each: f"{each.situation}_{each.path.stem}")
def test_untouched_sliders_give_what_prepare_gives(sample):
    lab = PhotoLab(sample.path, MODEL)
    answer, data = ask(lab, {"kind": "show", "digit": None})
    assert np.abs(255 - stage(answer, data, "28 x 28") - 255 * prepare(sample.path).image).max() < 0.51
    assert answer["readings"][answer["chosen"]]["digit"] == int(sample.label)


def test_several_digits_are_found_in_their_order_and_any_can_be_chosen():
    row = next(each for each in load_samples() if each.label == "4071")
    lab = PhotoLab(row.path, MODEL)
    answer, _ = ask(lab, {"kind": "show", "digit": 2})
    assert "".join(str(each["digit"]) for each in answer["readings"]) == "4071"
    assert answer["chosen"] == 2 and np.argmax(answer["probabilities"]) == 7
    lefts = [each["box"][0] for each in answer["readings"]]
    assert lefts == sorted(lefts) and min(lefts) >= 0 and max(lefts) < 100


def send(lab, content, size=1000):
    """Send a file in pieces, as the page does; return the last answer."""
    pieces = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    for number, piece in enumerate(pieces):
        answer = ask(lab, {"kind": "file", "file": 1, "piece": number, "pieces": len(pieces)}, piece)
    return answer


def test_a_file_arrives_in_pieces():
    lab = PhotoLab(model=MODEL)
    answer, data = send(lab, (FOLDER / "digit5.png").read_bytes())
    assert answer["readings"][0]["digit"] == 5
    assert np.abs(255 - stage(answer, data, "28 x 28") - 255 * prepare(FOLDER / "digit5.png").image).max() < 0.51


def test_heic_is_read():
    buffer = io.BytesIO()
    Image.open(FOLDER / "digit8.png").convert("RGB").save(buffer, "HEIF")
    assert send(PhotoLab(model=MODEL), buffer.getvalue(), 100_000)[0]["readings"][0]["digit"] == 8


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "empty"), (b"no picture", "not a picture"), ((FOLDER / "digit5.png").read_bytes()[:900], "damaged")],
)
def test_a_file_that_is_none_gives_its_sentence_and_the_lab_goes_on(content, sentence):
    lab = PhotoLab(FOLDER / "digit3.png", MODEL)
    assert sentence in send(lab, content)[0]["error"]
    assert "no picture" in ask(lab, {"kind": "show", "digit": None})[0]["error"], "and not what was there before"
    assert send(lab, (FOLDER / "digit3.png").read_bytes())[0]["readings"][0]["digit"] == 3


def test_too_many_pixels_are_refused():
    buffer = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(buffer, "PNG")
    assert "pixels" in send(PhotoLab(model=MODEL), buffer.getvalue(), 100_000)[0]["error"]


def test_an_empty_page_says_so():
    answer, _ = send(PhotoLab(model=MODEL), (FOLDER / "broken" / "blank_page.png").read_bytes(), 100_000)
    assert answer["warnings"] == [EMPTY_PAGE] and answer["probabilities"] is None


def test_the_sliders_do_what_they_say():
    image = np.zeros((28, 28), np.float32)
    image[8:21, 13:16] = 1  # an upright bar about (14, 14)
    assert np.array_equal(move_digit(image, 20, 0, 0, 0), image)
    assert np.argwhere(move_digit(image, 20, 0, 3, 0)).mean(axis=0) == pytest.approx([14, 17])
    assert np.argwhere(move_digit(image, 20, 0, 0, -2)).mean(axis=0) == pytest.approx([12, 14])
    rows, columns = np.argwhere(move_digit(image, 20, 90, 0, 0) > 0.5).T
    assert np.ptp(columns) > 2 * np.ptp(rows)
    assert (move_digit(image, 10, 0, 0, 0) > 0.5).any(axis=1).sum() == pytest.approx(13 / 2, abs=1)


def test_fainter_ink_is_erased():
    page = np.full((100, 200), 255, np.uint8)
    cv2.line(page, (50, 20), (50, 80), 0, 8)
    cv2.line(page, (150, 20), (150, 80), 90, 8)
    lab = PhotoLab(page, MODEL)
    assert len(ask(lab, {"kind": "show", "digit": None})[0]["readings"]) == 2
    assert len(ask(lab, {"kind": "show", "digit": None, "ink": 80})[0]["readings"]) == 1
