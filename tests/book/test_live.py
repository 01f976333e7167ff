"""The instruments in pages without Python, in a real Chromium: opened from a folder, and from a server under a path.

Where no Chromium is found, these tests are skipped and say so; with NEEDS_CHROMIUM set they fail instead.
"""

import base64
import contextlib
import functools
import html
import http.server
import json
import re
import shutil
import threading

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from book.pack import BEFORE, LIVE, pack
from helpers.exercises.quiz import Quiz
from helpers.widgets import DigitPad, KernelLab, NetworkView
from helpers.widgets.instrument import FOLDER
from tests.book.drawings import digits_in_hands, no_digits
from tests.book.test_reading import skipped_without
from tests.browser import CHROMIUM, STROKES, axe, chromium, draw, pixels

pytestmark = [pytest.mark.long, skipped_without(CHROMIUM, "Chromium")]
QUIZ = Quiz("build_lenet5")
ASKED = {
    "NetworkView": {"digit": 9},
    "KernelLab": {"digit": 3, "kernel": "upright edges"},
    "DigitPad": {},
    "Quiz": {"name": QUIZ.name, "questions": QUIZ.questions},
    "PhotoLab": {},  # has no answerer here, and stays as it is
}
STILL = "a still picture, as it was left"
CROSS = [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)], [(0.1, 0.5), (0.9, 0.5)]]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a first page and a lesson, as the book has them; what is packed lies beside them."""
    folder = tmp_path_factory.mktemp("site")
    pack(folder / "course" / "_static" / "live")
    marks = [
        f'<h2>{name}</h2><div class="instrument" data-instrument="{name}"'
        f' data-asked="{html.escape(json.dumps(asked))}"><img alt="{STILL}" width="300" height="200"></div>'
        for name, asked in ASKED.items()
    ]
    first = (LIVE / "first_page.html").read_text(encoding="utf-8")
    for name, body in {"index": first, "lesson": "".join(marks)}.items():
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><link rel="icon" href="data:,">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<style>:root { color-scheme: light dark; } img { max-width: 100%; }</style>"
            '<link rel="stylesheet" href="_static/live/live.css">'
            f'<script defer src="_static/live/live.js"></script><main><h1>{name}</h1>{body}</main></html>'
        )
        (folder / "course" / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


@contextlib.contextmanager
def served(folder):
    """Serve a folder on loopback; give its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=["folder", "server"])
def base(request, site):
    """Where the pages are."""
    if request.param == "folder":
        yield f"{site.as_uri()}/course"
    else:
        with served(site) as address:
            yield f"{address}/course"


def open_page(browser, address, **options):
    """Open a page; `requests` holds the address of each that it made, `complaints` what the browser reports."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    return page


def close(page, base):
    """Close a page that has nothing to complain of, and asked nobody but the folder that it lies in."""
    page.close()
    assert not page.complaints
    others = [each for each in page.requests if not each.startswith((f"{base}/", "data:", "blob:"))]
    assert len(page.requests) > 3 and not others


@pytest.fixture(scope="module")
def lesson(browser, base):
    page = open_page(browser, f"{base}/lesson.html")
    for name in list(ASKED)[:-1]:
        instrument(page, name).scroll_into_view_if_needed()
        expect(instrument(page, name).get_by_alt_text(STILL)).to_have_count(0, timeout=30_000)
    yield page
    close(page, base)


def instrument(page, name):
    return page.locator(f"[data-instrument={name}]")


def reading(instrument):
    return instrument.locator(".reading")


def press(instrument, name):
    instrument.get_by_role("button", name=name, exact=True).click()


# --- One interface, two answerers --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answerer(browser, site):
    """A page in which the answerer can be asked directly: `ask(instrument, question, pictures)`."""
    page = browser.new_page()
    for path in [*(LIVE / f"{name}.js" for name in BEFORE), FOLDER / "common.js", *site.rglob("data-*.js")]:
        page.add_script_tag(content=path.read_text(encoding="utf-8"))
    page.add_script_tag(
        content="""
        const made = {};
        async function ask(name, question, pictures) {
            made[name] ??= await models[name]({}, readingData);
            const answered = new Promise((resolve) => made[name].on("msg:custom", (...all) => resolve(all)));
            made[name].send({ ...question, sender: "me" }, undefined, pictures.map((each) => bytesOf(each).buffer));
            const [content, parts] = await answered;
            const letters = (view) => Array.from(numbers(view, Uint8Array), (each) => String.fromCharCode(each));
            return [content, parts.map((view) => btoa(letters(view).join("")))];
        }"""
    )
    return page


@functools.cache
def python(kind):
    return kind()


def png(drawing):
    return cv2.imencode(".png", drawing)[1].tobytes()


PICTURES = [*digits_in_hands(10, seed=2), *no_digits(5, seed=3)]
READ = [("DigitPad", {"kind": "read"}, picture) for picture in PICTURES] + [("DigitPad", {"kind": "read"}, None)]
SEEN = [("NetworkView", {"kind": "maps"}, picture) for picture in PICTURES[3::5]] + [
    ("NetworkView", question, None)
    for question in ({"kind": "maps"}, {"kind": "maps", "digit": 0}, {"kind": "maps", "digit": 4999})
]
UNITS = [
    ("NetworkView", {"kind": "unit", "layer": layer, "unit": unit}, None)
    for layer, units in enumerate([6, 6, 16, 16, 120, 84, 10])
    for unit in (0, units // 2, units - 1)
]


@pytest.mark.parametrize(("name", "question", "picture"), READ + SEEN + UNITS)
def test_the_answer_is_that_of_python(answerer, name, question, picture):
    pictures = [] if picture is None else [png(picture)]
    wanted, parts = python({"DigitPad": DigitPad, "NetworkView": NetworkView}[name]).answer(question, pictures)
    coded = [base64.b64encode(each).decode("ascii") for each in pictures]
    answer, found = answerer.evaluate(
        "([name, question, coded]) => ask(name, question, coded)", [name, question, coded]
    )
    assert answer.pop("sender") == "me"
    numbers, ours = answer.pop("probabilities", None), wanted.pop("probabilities", None)
    assert answer == wanted and (numbers is None) == (ours is None)
    assert ours is None or np.abs(np.subtract(numbers, ours)).max() < 1e-4
    if name == "DigitPad" and ours is None:
        return  # an empty picture: sent by Python, left out here
    kind, most = (np.uint8, 1) if name == "DigitPad" else (np.float32, 1e-3)
    for one, other in zip(found, parts, strict=True):
        one, other = (np.frombuffer(each, kind).astype(float) for each in (base64.b64decode(one), other))
        assert one.shape == other.shape and np.abs(one - other).max(initial=0) <= most


def test_what_goes_wrong_is_answered_too(answerer):
    for name, question, pictures in (
        ("DigitPad", {"kind": "read"}, ["bm9uZQ=="]),
        ("NetworkView", {"kind": "unit"}, []),
    ):
        answer, _ = answerer.evaluate("(asked) => ask(...asked)", [name, question, pictures])
        assert "This did not work" in answer["error"]


# --- In the page -------------------------------------------------------------------------------------------------


def test_the_pad_reads_doubts_and_keeps(lesson):
    pad = instrument(lesson, "DigitPad")
    for digit in range(10):
        press(pad, "Clear")
        expect(reading(pad)).to_have_text("Nothing drawn yet.")
        draw(lesson, pad.locator(".pad"), STROKES[digit])
        expect(reading(pad)).to_contain_text(f"Read as {digit}, with")
    assert "100 %" not in pad.text_content()
    assert np.min(pixels(pad.locator("canvas").nth(1))) < 50  # what the network sees holds ink
    with lesson.expect_download() as download:
        press(pad, "Keep as my digit")
    assert download.value.suggested_filename == "9_drawn.png"
    expect(pad.get_by_role("status")).to_have_text("Your browser saves it as 9_drawn.png.")
    press(pad, "Clear")
    draw(lesson, pad.locator(".pad"), CROSS)
    expect(reading(pad)).to_contain_text("but doubted")
    expect(pad.locator(".notes li").first).to_contain_text(re.compile("may be no digit|two digits"))


def test_a_digit_is_drawn_with_the_keys_alone(lesson):
    pad = instrument(lesson, "DigitPad")
    press(pad, "Clear")
    pad.locator(".pad").focus()
    for key in (" ", *["ArrowDown"] * 17, " "):
        lesson.keyboard.press(key)
    expect(reading(pad)).to_contain_text("Read as 1")
    expect(reading(pad)).to_have_attribute("aria-live", "polite")  # so it is spoken


def test_all_layers_live(lesson):
    view = instrument(lesson, "NetworkView")
    expect(view.get_by_label("or validation digit number")).to_have_value("9")
    expect(view.locator(".layers canvas")).to_have_count(7)
    before = [pixels(each) for each in view.locator(".layers canvas").all()]
    draw(lesson, view.locator(".pad"), CROSS)
    expect(reading(view)).to_contain_text("but doubted")
    assert all(pixels(each) != was for each, was in zip(view.locator(".layers canvas").all(), before, strict=True))
    view.get_by_label("layer", exact=True).select_option("F6")
    view.get_by_label("number of the unit").fill("84")
    view.get_by_label("number of the unit").press("Enter")
    expect(view.locator(".unit")).to_contain_text("Unit 84 of 84 in F6")
    expect(view.locator(".unit")).to_contain_text("It has 120 weights")
    press(view, "Clear")
    expect(reading(view)).to_have_text("No digit.")


def test_the_kernel_slides_over_another_digit(lesson):
    lab, ours = instrument(lesson, "KernelLab"), KernelLab(4999, "LeNet-5's C1, map 4", stride=2)
    expect(lab.get_by_label("Validation digit number")).to_have_value("3")
    lab.get_by_label("Preset").select_option("LeNet-5's C1, map 4")
    for label, value in (("Stride", "2"), ("Validation digit number", "4999")):
        lab.get_by_label(label).fill(value)
        lab.get_by_label(label).press("Enter")
    shown, far = np.array(pixels(lab.locator("canvas").nth(1)))[4::8, 4::8], np.abs(ours.output).max()
    assert np.abs(shown - 255 * (1 - (ours.output + far) / (2 * far))).max() <= 1


def test_the_quiz_answers_and_remembers(lesson):
    quiz = instrument(lesson, "Quiz")
    quiz.get_by_role("radio").nth(1).check()
    expect(quiz.locator(".said").first).to_contain_text("✗ Not quite.")
    lesson.reload()
    instrument(lesson, "Quiz").scroll_into_view_if_needed()
    expect(quiz.get_by_role("radio").nth(1)).to_be_checked()
    press(quiz, "Clear my answers")
    expect(quiz.locator(".said").first).to_be_empty()


def test_what_has_no_answerer_stays_a_picture(lesson):
    instrument(lesson, "PhotoLab").scroll_into_view_if_needed()
    expect(instrument(lesson, "PhotoLab").get_by_alt_text(STILL)).to_be_visible()
    instrument(lesson, "DigitPad").scroll_into_view_if_needed()
    expect(lesson.get_by_text("never leaves this page")).to_have_count(1, timeout=30_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_finger_draws_on_a_phone(browser, base, theme):
    """Pad and reading are seen together; beside the pad the page scrolls; what axe-core asks for is there."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": theme}
    page = open_page(browser, f"{base}/index.html", **phone)
    pad = instrument(page, "DigitPad")
    box = pad.locator(".pad").bounding_box()
    finger = page.context.new_cdp_session(page)
    for stroke in STROKES[4]:
        for n, (x, y) in enumerate(stroke):
            place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            kind = "touchMove" if n else "touchStart"
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(reading(pad)).to_contain_text("Read as 4, with")
    assert page.evaluate("scrollY") == 0 and page.evaluate("document.documentElement.scrollWidth") == 390
    words = reading(pad).bounding_box()
    assert words["y"] + words["height"] < 844 and 390 - box["x"] - box["width"] >= 44
    expect(page.get_by_text("never leaves this page")).to_have_count(1)
    if shutil.which("npm"):
        page.evaluate(axe())
        found = page.evaluate("""async () => (await axe.run({ preload: false })).violations.map(
            (each) => `${each.id}: ${each.nodes.map(({ html }) => html)}`)""")
        assert not found
    close(page, base)


def test_where_a_part_is_missing_the_picture_stays_and_a_sentence_says_so(browser, site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site/course/_static/live/data-judge.js").unlink()
    page = open_page(browser, (tmp_path / "site/course/lesson.html").as_uri())
    view = instrument(page, "NetworkView")
    expect(view.get_by_role("status")).to_contain_text("a part of the page is missing", timeout=30_000)
    expect(view.get_by_alt_text(STILL)).to_be_visible()
    page.close()
