"""The instruments in a real JupyterLab and a real Chromium: drawn on, typed at, dropped on, and left without a kernel.

Where no Chromium is found, these tests are skipped and say so; with NEEDS_CHROMIUM set, as continuous integration
sets it, they fail instead.
"""

import itertools
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from helpers import ROOT
from helpers.lenet import load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.samples import FOLDER, load_samples
from helpers.widgets import KernelLab
from tests.browser import CHROMIUM, STROKES, axe, chromium, command, draw, jupyter, pixels, run_all, write_notebook

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("NEEDS_CHROMIUM"),
        reason="no Chromium here: the instruments were not operated",
    ),
]
CELLS = (
    "from pathlib import Path\nfrom helpers.lenet import load_lenet5\nfrom helpers.widgets import *",
    'model = load_lenet5()\nDigitPad(model, folder=Path("kept"))',
    "DigitPad(model)",
    "NetworkView(model)",
    "KernelLab()",
    "PhotoLab(model=model)",
    'from helpers.exercises.quiz import quiz\nquiz("explore_the_data")',
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    write_notebook(folder / "all.ipynb", *CELLS)
    write_notebook(folder / "one.ipynb", *CELLS[:2])
    write_notebook(folder / "saved.ipynb", *CELLS)
    with jupyter(folder) as address:
        yield folder, address


def open_page(browser, address, notebook, **options):
    page = browser.new_page(viewport={"width": 1300, "height": 3800}, **options)
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    run_all(page, address, notebook)
    return page


@pytest.fixture(scope="module")
def page(browser, lab):
    page = open_page(browser, lab[1], "all.ipynb")
    expect(page.locator(".instrument")).to_have_count(6, timeout=30_000)
    yield page
    assert not page.complaints


@pytest.fixture
def instruments(page):
    """The instruments: two pads, the view of the network, the kernel's and the photograph's laboratory, and a quiz."""
    page.evaluate("document.activeElement.blur()")
    return page.locator(".instrument").all()


def press(instrument, name):
    instrument.get_by_role("button", name=name, exact=True).click()


def reading(instrument):
    return instrument.locator(".reading")


# --- DigitPad ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digit", range(10))
def test_a_drawn_digit_is_read(page, instruments, digit):
    pad = instruments[0]
    press(pad, "Clear")
    expect(reading(pad)).to_have_text("Nothing drawn yet.")
    draw(page, pad.locator(".pad"), STROKES[digit])
    expect(reading(pad)).to_contain_text(f"Read as {digit}")
    expect(pad.locator(".best")).to_contain_text(f"{digit}")
    assert np.min(pixels(pad.locator("canvas").nth(1))) < 50  # what the network sees holds ink


def test_undo_takes_back_one_stroke_and_clear_all(page, instruments):
    pad = instruments[0]
    press(pad, "Clear")
    draw(page, pad.locator(".pad"), STROKES[1])
    before = pixels(pad.locator(".pad"))
    draw(page, pad.locator(".pad"), [[(0.2, 0.2), (0.8, 0.8)]])
    assert pixels(pad.locator(".pad")) != before
    press(pad, "Undo")
    assert pixels(pad.locator(".pad")) == before
    expect(reading(pad)).to_contain_text("Read as 1")
    press(pad, "Clear")
    assert np.min(pixels(pad.locator(".pad"))) == 255
    expect(reading(pad)).to_have_text("Nothing drawn yet.")


def test_the_pen_has_a_width(page, instruments):
    inks = []
    for width in ("8", "40"):
        press(instruments[0], "Clear")
        instruments[0].get_by_label("Pen width").fill(width)
        expect(instruments[0].locator("label", has_text="Pen width")).to_have_text(f"Pen width{width}")
        draw(page, instruments[0].locator(".pad"), STROKES[1])
        inks.append(np.sum(np.array(pixels(instruments[0].locator(".pad"))) < 128))
    instruments[0].get_by_label("Pen width").fill("22")
    assert inks[1] > 3 * inks[0]


def test_two_pads_are_independent(page, instruments):
    one, other = instruments[:2]
    press(one, "Clear")
    draw(page, one.locator(".pad"), STROKES[3])
    draw(page, other.locator(".pad"), STROKES[7])
    expect(reading(one)).to_contain_text("Read as 3")
    expect(reading(other)).to_contain_text("Read as 7")


def test_a_digit_can_be_drawn_with_the_keys_alone(page, instruments):
    pad = instruments[0]
    press(pad, "Clear")
    for _ in range(40):  # Tab leads to the pad from whatever stands before it
        page.keyboard.press("Shift+Tab")
        if pad.locator(".pad").evaluate("canvas => canvas === document.activeElement"):
            break
    expect(pad.locator(".pad")).to_be_focused()
    expect(pad.locator(".cursor")).to_be_visible()
    assert pad.locator(".pad").evaluate("canvas => getComputedStyle(canvas).outlineStyle") == "solid"
    cells = page.locator(".jp-Cell").count()
    page.keyboard.press(" ")
    for _ in range(17):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    expect(reading(pad)).to_contain_text("Read as 1")
    page.keyboard.press("Control+z")
    expect(reading(pad)).to_have_text("Nothing drawn yet.")
    for key in "abdxm":  # JupyterLab's shortcuts for a cell
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells


def test_a_drawing_is_kept_under_the_label_that_is_chosen(page, instruments, lab):
    pad = instruments[0]
    press(pad, "Clear")
    press(pad, "Keep as my digit")
    expect(pad.get_by_role("status")).to_have_text("Draw a digit first.")
    draw(page, pad.locator(".pad"), STROKES[6])
    expect(pad.get_by_label("the digit that you drew")).to_have_value("6")
    pad.get_by_label("the digit that you drew").select_option("8")
    press(pad, "Keep as my digit")
    expect(pad.get_by_role("status")).to_have_text("Kept as kept/8_drawn_01.png.")
    assert (lab[0] / "kept" / "8_drawn_01.png").stat().st_size > 500


def test_a_fast_scribble_is_read_as_it_is_at_its_end(page, instruments):
    pad = instruments[0]
    press(pad, "Clear")
    expect(reading(pad)).to_have_text("Nothing drawn yet.")
    pad.locator(".pad").evaluate("""canvas => {
        const box = canvas.getBoundingClientRect();
        const send = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, button: 0, bubbles: true,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
        }));
        canvas.setPointerCapture = () => {};
        for (let i = 0; i < 30; i++) {
            send("pointerdown", 0.5, 0.2 + i / 60);
            send("pointermove", 0.5, 0.22 + i / 60);
            send("pointerup", 0.5, 0.22 + i / 60);
        }
    }""")
    expect(reading(pad)).to_contain_text("Read as 1")


def test_while_python_works_only_the_newest_question_of_each_kind_waits(page):
    """Thirty drawings during one answer: one of them is asked next, the last."""
    common = (ROOT / "helpers" / "widgets" / "common.js").read_text(encoding="utf-8")
    sent = page.evaluate(
        """common => {
        const makeAsk = new Function(`${common}; return makeAsk`)();
        const sent = [];
        let answer;
        const model = { send: content => sent.push(content), on: (name, listen) => (answer = listen), off: () => {} };
        const ask = makeAsk(model, () => {}, () => {});
        const number = () => sent.map(content => content.number);
        const steps = [];
        for (let i = 0; i < 30; i++) ask({ kind: "read", number: i });
        ask({ kind: "keep", number: 100 });
        steps.push(number());
        for (let i = 0; i < 3; i++) {
            answer({ sender: sent[0].sender }, []);
            steps.push(number());
        }
        ask({ kind: "read", number: 200 });
        steps.push(number());
        ask.stop();
        return steps;
    }""",
        common,
    )
    assert sent == [[0], [0, 29], [0, 29, 100], [0, 29, 100], [0, 29, 100, 200]]


# --- NetworkView -------------------------------------------------------------------------------------------------


def maps_of(layer):
    """Return what the model computes for validation digit 6, by layer."""
    (_, _), (digits, _) = split_validation(*load_mnist()[0])
    value = to_input(digits[6:7])
    for each in load_lenet5().layers:
        value = np.asarray(each(value))
        if each.name == layer:
            return value[0]


@pytest.mark.parametrize(("layer", "place", "columns"), [("C1", 0, 6), ("S2", 1, 6), ("C3", 2, 8), ("S4", 3, 8)])
def test_the_maps_on_the_page_are_those_of_the_model(instruments, layer, place, columns):
    view = instruments[2]
    view.get_by_label("or validation digit number").fill("6")
    view.get_by_label("or validation digit number").press("Enter")
    expect(reading(view)).to_contain_text("Read as 0")
    maps = maps_of(layer)
    side, count = maps.shape[0], maps.shape[2]
    shown = np.array(pixels(view.locator(".layers canvas").nth(place)))
    for number in range(count):
        top, left = (side + 1) * (number // columns), (side + 1) * (number % columns)
        expected = 255 * (1 - maps[..., number] / maps.max())
        assert np.abs(shown[top : top + side, left : left + side] - expected).max() <= 1


def test_a_drawing_runs_through_the_network(page, instruments):
    view = instruments[2]
    draw(page, view.locator(".pad"), STROKES[2])
    expect(reading(view)).to_contain_text("Read as 2")
    press(view, "Clear")
    expect(reading(view)).to_have_text("No digit.")


def test_a_unit_is_chosen_by_a_click_and_by_keys(instruments):
    view = instruments[2]
    view.locator(".layers canvas").nth(2).scroll_into_view_if_needed()
    box = view.locator(".layers canvas").nth(2).bounding_box()
    view.locator(".layers canvas").nth(2).click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.75})
    expect(view.locator(".unit")).to_contain_text("Unit 11 of 16 in C3")
    expect(view.locator(".unit")).to_contain_text("It has 150 weights")
    assert len(pixels(view.locator(".unit canvas").nth(1))) == 14  # its receptive field
    view.get_by_label("layer", exact=True).select_option("F6")
    view.get_by_label("number of the unit").fill("84")
    view.get_by_label("number of the unit").press("Enter")
    expect(view.locator(".unit")).to_contain_text("Unit 84 of 84 in F6")
    expect(view.locator(".unit")).to_contain_text("It has 120 weights")


# --- KernelLab ---------------------------------------------------------------------------------------------------


def lab_values(instrument):
    """Return the result as the page shows it, one value for each 8 x 8 pixels; the window's frame is left out."""
    return np.array(pixels(instrument.locator("canvas").nth(1)))[4::8, 4::8]


def expected_values(lab):
    far = np.abs(lab.output).max()
    low = -far if lab.output.min() < 0 else 0
    return 255 * (1 - (lab.output - low) / (far - low))


def test_the_result_is_numpys(instruments):
    kernel_lab, ours = instruments[3], KernelLab()
    assert np.abs(lab_values(kernel_lab) - expected_values(ours)).max() <= 1
    kernel_lab.get_by_label("weight in row 1, column 1").fill("-3.5")
    kernel_lab.get_by_label("weight in row 1, column 1").press("Tab")
    ours.kernel = [[-1, 0, 1], [-2, -3.5, 2], [-1, 0, 1]]
    assert np.abs(lab_values(kernel_lab) - expected_values(ours)).max() <= 1
    expect(kernel_lab.get_by_label("Preset")).to_have_value("your own")


def test_stride_padding_digit_and_preset(instruments):
    kernel_lab = instruments[3]
    kernel_lab.get_by_label("Preset").select_option("LeNet-5's C1, map 4")
    for label, value in (("Stride", "2"), ("Padding", "3"), ("Validation digit number", "8")):
        kernel_lab.get_by_label(label).fill(value)
        kernel_lab.get_by_label(label).press("Enter")
    expect(kernel_lab).to_contain_text("(28 + 2 · 3 − 5) / 2 + 1 = 15.50, rounded down: 15")
    ours = KernelLab(8, "LeNet-5's C1, map 4", stride=2, padding=3)
    expect(kernel_lab.locator("canvas").nth(1)).to_have_attribute("width", str(8 * 15))
    for _ in range(50):  # the digit comes from Python
        if np.abs(lab_values(kernel_lab) - expected_values(ours)).max() <= 1:
            break
        kernel_lab.page.wait_for_timeout(100)
    assert np.abs(lab_values(kernel_lab) - expected_values(ours)).max() <= 1


def test_the_window_moves_by_keys_and_its_sum_is_right(instruments):
    kernel_lab = instruments[3]
    output = kernel_lab.locator("canvas").nth(1)
    output.focus()
    for _ in range(20):
        output.press("ArrowUp")
        output.press("ArrowLeft")
    expect(kernel_lab.locator(".sum")).to_contain_text("Row 0, column 0")
    for _ in range(4):
        output.press("ArrowDown")
    expect(kernel_lab.locator(".sum")).to_contain_text("Row 4, column 0")
    ours = KernelLab(8, "LeNet-5's C1, map 4", stride=2, padding=3)
    expect(kernel_lab.locator(".sum")).to_contain_text(f"sum = {ours.output[4, 0]:.3f}")


# --- PhotoLab ----------------------------------------------------------------------------------------------------


def choose(instrument, path):
    with instrument.page.expect_file_chooser() as chooser:
        instrument.get_by_label("choose a picture").click()
    chooser.value.set_files(path)


def test_a_chosen_picture_is_read_and_its_stages_are_shown(instruments):
    photo = instruments[4]
    choose(photo, FOLDER / "digit5.png")
    expect(reading(photo)).to_contain_text("Read as 5")
    expect(photo.locator(".stages img")).to_have_count(6)
    expect(photo.locator(".box")).to_have_count(1)


def test_a_broken_file_gives_its_sentence_and_the_laboratory_goes_on(instruments):
    photo = instruments[4]
    choose(photo, FOLDER / "broken" / "not_a_picture.png")
    expect(photo.get_by_role("status")).to_contain_text("This is not a picture")
    expect(reading(photo)).to_have_text("No picture.")
    expect(photo.locator("img, .box, .best, li")).to_have_count(0)  # nothing of the photograph before
    choose(photo, FOLDER / "digit2.png")
    expect(reading(photo)).to_contain_text("Read as 2")
    expect(photo.get_by_role("status")).to_have_text("")


def test_a_file_of_several_megabytes_arrives(instruments, tmp_path):
    picture = cv2.imread(str(FOLDER / "digit4.png"))
    big = cv2.resize(picture, None, fx=4, fy=4)
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "big.png"), np.clip(big + rng.normal(0, 6, big.shape), 0, 255).astype(np.uint8))
    assert (tmp_path / "big.png").stat().st_size > 2_500_000
    choose(instruments[4], tmp_path / "big.png")
    expect(reading(instruments[4])).to_contain_text("Read as 4", timeout=20_000)


def test_several_digits_are_found_and_one_is_chosen(instruments):
    photo = instruments[4]
    choose(photo, next(each.path for each in load_samples() if each.label == "4071"))
    found = photo.get_by_role("group", name="the digits that were found").get_by_role("button")
    expect(found).to_have_count(4)
    found.nth(2).click()
    expect(reading(photo)).to_contain_text("Read as 7")
    expect(found.nth(2)).to_have_attribute("aria-pressed", "true")


def test_a_dropped_picture_is_read(instruments):
    photo = instruments[4]
    data = (FOLDER / "digit3.png").read_bytes()
    photo.locator(".drop").evaluate(
        """(target, bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "3.png", { type: "image/png" }));
            target.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        list(data),
    )
    expect(reading(photo)).to_contain_text("Read as 3")


def test_the_sliders_change_what_the_network_sees(instruments):
    photo = instruments[4]
    choose(photo, FOLDER / "digit6.png")
    expect(reading(photo)).to_contain_text("Read as 6")
    before = photo.locator(".stages img").last.get_attribute("src")
    photo.get_by_label("Shift to the right (pixels)").fill("8")
    expect(photo.locator(".stages img").last).not_to_have_attribute("src", before)
    expect(photo).to_contain_text("Shift to the right (pixels)8")
    press(photo, "Sliders back")
    expect(reading(photo)).to_contain_text("Read as 6")


# --- Quiz --------------------------------------------------------------------------------------------------------


def test_a_quiz_is_answered_by_keys_and_says_so(page, instruments):
    """Its radio buttons are groups with names; what is said of an answer is announced; no key leaves the quiz."""
    quiz = instruments[5]
    group = quiz.get_by_role("radiogroup", name="2. Where do MNIST's digits have their centre of mass?")
    first = group.get_by_role("radio", name="At row 14, column 14, within half a pixel.")
    cells = page.locator(".jp-Cell").count()
    first.focus()
    page.keyboard.press(" ")
    expect(first).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(group.get_by_role("radio").nth(1)).to_be_checked()
    expect(group.get_by_role("radio").nth(1)).to_be_focused()
    expect(group.locator("[aria-live=polite]")).to_contain_text("✗ Not quite.")
    page.keyboard.press("ArrowUp")
    expect(group.locator("[aria-live=polite]")).to_contain_text("✓ Right.")
    for key in "ddbaxmj":
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells
    expect(first).to_be_focused()
    expect(first).to_have_attribute("data-lm-suppress-shortcuts", "")  # which Notebook 7 looks for
    page.keyboard.press("Tab")
    expect(first).not_to_be_focused()


def test_run_again_the_quiz_knows_the_answers(page, instruments):
    instruments[5].get_by_role("radio", name="300").check()
    page.locator(".jp-Cell").last.click(position={"x": 5, "y": 5})
    command(page, "notebook:run-cell")
    again = page.locator(".instrument").nth(5)
    expect(again.get_by_role("radio", name="300")).to_be_checked()
    again.get_by_role("button", name="Clear my answers").click()
    expect(again.get_by_role("radio", name="300")).not_to_be_checked()
    expect(again.locator(".said").first).to_have_text("")


# --- All of them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_can_be_read_in_light_and_dark(page, instruments, theme):
    command(page, "apputils:change-theme", theme=theme)
    page.wait_for_selector(f'body[data-jp-theme-light="{str("Light" in theme).lower()}"]', state="attached")
    page.wait_for_timeout(500)  # the colours of the new theme are fetched
    for instrument in instruments:
        ink, ground = instrument.evaluate("""element => {
            let behind = element;
            const ground = (each) => getComputedStyle(each).backgroundColor;
            while (ground(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            return [getComputedStyle(element).color, ground(behind)];
        }""")
        assert contrast(ink, ground) > 4.5, (theme, ink, ground)


def contrast(one, other):
    """Return the contrast of two colours by WCAG 2.1."""

    def luminance(colour):
        parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_edges_of_controls_and_the_bars_can_be_seen(page, instruments, theme):
    """At least 3:1 beside what lies behind them (WCAG 2.1, 1.4.11)."""
    command(page, "apputils:change-theme", theme=theme)
    page.wait_for_selector(f'body[data-jp-theme-light="{str("Light" in theme).lower()}"]', state="attached")
    page.wait_for_timeout(500)
    draw(page, instruments[0].locator(".pad"), STROKES[4])
    faint = page.evaluate("""() => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        const over = (colours) => { // the colour that is seen, of colours that lie over each other
            for (const colour of colours) {
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
            }
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (rgb) => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (each) => getComputedStyle(each).backgroundColor;
        const behind = (each) => each ? [...behind(each.parentElement), ground(each)] : ["white"];
        const found = [];
        const compare = (each, colour) => {
            const under = behind(each.parentElement);
            const [high, low] = [light(over(under)), light(over([...under, colour]))].sort((a, b) => b - a);
            const contrast = (high + 0.05) / (low + 0.05);
            if (contrast < 3) found.push(`${each.outerHTML.slice(0, 80)} ${contrast}`);
        };
        const parts = "button, select, input[type=number], fieldset, canvas, .rail, .drop";
        for (const each of document.querySelectorAll(".instrument :is(" + parts + ")")) {
            const line = getComputedStyle(each);
            if (parseFloat(line.borderTopWidth)) compare(each, line.borderTopColor);
        }
        for (const bar of document.querySelectorAll(".instrument .bar")) {
            compare(bar.parentElement, getComputedStyle(bar).backgroundColor);
        }
        return found;
    }""")
    assert not faint


def test_nothing_sticks_out_at_400_pixels(page, instruments):
    instruments[3].get_by_label("Preset").select_option("LeNet-5's C1, map 1")  # the widest: 5 x 5
    for instrument in instruments:
        instrument.evaluate("element => { element.style.width = '400px'; element.style.boxSizing = 'border-box'; }")
        wide, room = instrument.evaluate("element => [element.scrollWidth, element.clientWidth]")
        instrument.evaluate("element => { element.style.width = ''; }")
        assert wide <= room <= 400, instrument.inner_text()[:60]


def test_no_part_of_the_quiz_lies_on_another_at_400_pixels(instruments):
    quiz = instruments[5]
    quiz.evaluate("element => { element.style.width = '320px'; }")
    boxes = [each.bounding_box() for each in quiz.locator("legend, label, .said").all()]
    quiz.evaluate("element => { element.style.width = ''; }")
    for above, below in itertools.pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"] + 1


def test_the_pad_is_square_on_a_phone_and_leaves_room_to_scroll(instruments):
    pad = instruments[0]
    pad.evaluate("element => { element.style.width = '280px'; element.style.boxSizing = 'border-box'; }")
    box, room = pad.locator(".pad").bounding_box(), pad.bounding_box()
    pad.evaluate("element => { element.style.width = ''; }")
    assert box["width"] == pytest.approx(box["height"], abs=0.5) and box["width"] > 150
    assert room["width"] - box["width"] >= 44


@pytest.mark.parametrize("wide", ["", "420px"])
def test_a_warning_moves_no_part_of_the_pad(page, instruments, wide):
    pad = instruments[0]
    pad.evaluate("(element, wide) => { element.style.width = wide; }", wide)
    parts = pad.locator("canvas, button, select, input, .row").all()

    def places():
        top = pad.bounding_box()
        return [(each.bounding_box()["x"] - top["x"], each.bounding_box()["y"] - top["y"]) for each in parts]

    press(pad, "Clear")
    expect(reading(pad)).to_have_text("Nothing drawn yet.")
    before = places()
    draw(page, pad.locator(".pad"), [[(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1)]])
    expect(pad.locator(".notes li").first).to_be_visible()
    after = places()
    pad.evaluate("element => { element.style.width = ''; }")
    assert np.abs(np.subtract(before, after)).max() < 0.5


def test_what_a_click_on_a_map_changes_is_in_view_at_1280_by_800(page, instruments):
    view = instruments[2]
    page.set_viewport_size({"width": 1280, "height": 800})
    view.evaluate("element => element.scrollIntoView({ block: 'start' })")
    canvas = view.locator(".layers canvas").nth(2)
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.75})
    expect(view.locator(".unit")).to_contain_text("Unit 11 of 16 in C3")
    expect(view.locator(".unit")).to_contain_text("150 weights")
    bottom = page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    panel, mark = view.locator(".unit").bounding_box(), view.locator(".layers .box:visible").bounding_box()
    box = canvas.bounding_box()
    page.set_viewport_size({"width": 1300, "height": 3800})
    assert bottom["y"] <= panel["y"] and panel["y"] + panel["height"] <= bottom["y"] + bottom["height"]
    assert mark["x"] < box["x"] + box["width"] * 0.3 < mark["x"] + mark["width"]
    assert mark["y"] < box["y"] + box["height"] * 0.75 < mark["y"] + mark["height"]


@pytest.mark.parametrize("place", [0, 5], ids=["pad", "quiz"])
def test_control_s_saves_with_the_focus_in_an_instrument(page, instruments, lab, place):
    """And Shift+Enter runs no cell there."""
    count = page.locator(".jp-InputPrompt").all_text_contents()
    stamp = (lab[0] / "all.ipynb").stat().st_mtime_ns
    instruments[place].locator(".pad, [type=radio]").first.focus()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+s")
    for _ in range(100):
        if (lab[0] / "all.ipynb").stat().st_mtime_ns != stamp:
            break
        page.wait_for_timeout(100)
    assert (lab[0] / "all.ipynb").stat().st_mtime_ns != stamp
    assert page.locator(".jp-InputPrompt").all_text_contents() == count


def test_axe_finds_nothing_in_our_own_parts(page, instruments):
    if not shutil.which("npm"):
        pytest.skip("no npm here: axe-core was not run")
    page.evaluate(axe())
    found = page.evaluate("""async () => {
        const { violations, passes } = await axe.run({ include: [".instrument"] });
        return [passes.length, violations.map((each) => `${each.id}: ${each.nodes.map(({ html }) => html)}`)];
    }""")
    assert found[0] > 10 and not found[1]


def test_saved_work_is_shown_without_its_kernel_and_lives_again_with_it(browser, lab):
    """Saved, reloaded with its kernel: alive. Without it, and exported: as it was left, and one sentence."""
    folder, address = lab
    page = open_page(browser, address, "saved.ipynb")
    expect(page.locator(".instrument")).to_have_count(6, timeout=30_000)
    before = page.locator(".still-instrument img").first.get_attribute("src")
    draw(page, page.locator(".pad").first, STROKES[7])
    page.locator(".instrument").nth(5).get_by_role("radio", name="44").check()
    expect(page.locator(".still-instrument img").first).not_to_have_attribute("src", before)
    expect(page.locator(".still-instrument").last).to_contain_text("44 (your answer)")
    expect(page.locator(".still-instrument").filter(visible=True)).to_have_count(0)
    drawn = page.locator(".still-instrument img").first.get_attribute("src")
    command(page, "docmanager:save")
    page.goto("about:blank")
    page.goto(address.format(path="saved.ipynb"))  # no reload: that would open the other tests' notebooks beside it
    expect(page.locator(".instrument").filter(visible=True)).to_have_count(6, timeout=60_000)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=60_000)
    expect(page.locator(".still-instrument").filter(visible=True)).to_have_count(0)
    draw(page, page.locator(".pad").first, STROKES[1])
    expect(reading(page.locator(".instrument").first)).to_contain_text("Read as 1")
    expect(page.locator(".instrument").nth(5).get_by_role("radio", name="44")).to_be_checked()
    command(page, "kernelmenu:shutdown")
    page.goto("about:blank")
    page.goto(address.format(path="saved.ipynb"))
    expect(page.locator(".still-instrument").filter(visible=True)).to_have_count(6, timeout=60_000)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=60_000)
    page.wait_for_timeout(2000)  # the widget manager looks for what is not there
    assert page.locator(".still-instrument img").first.get_attribute("src") == drawn
    expect(page.get_by_text("Run the cell to play").filter(visible=True)).to_have_count(6)
    expect(page.locator(".still-instrument").last).to_contain_text("44 (your answer)")
    for sentence in ("model not found", "Error displaying", "Loading widget"):
        expect(page.get_by_text(sentence).filter(visible=True)).to_have_count(0)
    page.close()

    command_line = [sys.executable, "-m", "nbconvert", "--to", "html", "saved.ipynb"]
    run = subprocess.run(command_line, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0 and "Warning" not in run.stderr, run.stderr
    page = browser.new_page()
    page.goto((folder / "saved.html").as_uri())
    expect(page.get_by_text("Run the cell to play").filter(visible=True)).to_have_count(6)
    expect(page.get_by_text("model not found")).to_have_count(0)
    page.close()


def test_every_control_has_a_name(instruments):
    for instrument in instruments:
        nameless = instrument.evaluate("""element => Array.from(
            element.querySelectorAll("button, input, select, canvas, img, [role=application]"),
        ).filter(each => !(each.getAttribute("aria-label") || each.textContent || each.alt || each.closest("label")))
            .map(each => each.outerHTML)""")
        assert not nameless


def test_run_again_gives_a_fresh_pad_and_a_stopped_kernel_leaves_no_error(browser, lab):
    page = open_page(browser, lab[1], "one.ipynb")
    pad = page.locator(".instrument")
    draw(page, pad.locator(".pad"), STROKES[1])
    expect(reading(pad)).to_contain_text("Read as 1")
    command(page, "notebook:run-all-cells")
    expect(reading(page.locator(".instrument"))).to_have_text("Nothing drawn yet.")
    command(page, "kernelmenu:shutdown")
    page.locator("#jp-main-statusbar").get_by_text("No Kernel").wait_for()
    pad = page.locator(".instrument")
    draw(page, pad.locator(".pad"), STROKES[1])
    page.wait_for_timeout(4000)
    assert not page.complaints
    expect(pad).to_contain_text("Python does not answer")
    page.close()


@pytest.mark.parametrize("name", ["00_start_here", "03_build_lenet5", "05_validate_on_handwriting", "09_look_inside"])
def test_a_whole_notebook_runs_without_a_complaint(browser, tmp_path, name):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "helpers.py"))
    with jupyter(tmp_path) as address:
        page = open_page(browser, address, f"notebooks/{name}.ipynb")
        expect(page.locator(".instrument").first).to_be_attached(timeout=30_000)
        page.wait_for_timeout(1000)
        assert not page.complaints
        page.close()


def test_the_text_alternative_of_a_stored_figure_reaches_the_reader(browser, lab):
    """In a notebook as it is stored, opened and not run: what a screen reader gets, and how wide the figure is."""
    folder, address = lab
    shutil.copy(ROOT / "notebooks" / "01_explore_the_data.ipynb", folder / "stored.ipynb")
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(address.format(path="stored.ipynb"))
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    figure = page.locator('.jp-OutputArea-output img[src^="data:image/png"]').first
    expect(figure).to_be_attached(timeout=30_000)
    figure.scroll_into_view_if_needed()
    alternative = figure.get_attribute("alt")
    assert len(alternative.split()) >= 5
    expect(page.get_by_role("img", name=alternative)).to_have_count(1)
    expect(page.locator("em", has_text=alternative)).to_have_count(1)
    natural, shown = figure.evaluate("image => [image.naturalWidth, image.getBoundingClientRect().width]")
    assert natural == pytest.approx(2 * shown, abs=2)
    page.close()
