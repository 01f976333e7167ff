"""The book's reading in JavaScript against Python's: the same numbers from the same digits, drawings and scribbles.

It runs in Node, and in Chromium. Where one of them is not found, its tests are skipped and say so; with NEEDS_NODE or
NEEDS_CHROMIUM set they fail instead.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from book.pack import LIVE, packed_network
from helpers.forward import load_weights
from helpers.handwriting import EMPTY_PAGE, prepare
from helpers.handwriting.doubt import judge_weights, judged
from helpers.lenet import load_lenet5
from helpers.mnist import load_mnist, split_validation, to_input
from tests.book.drawings import SIDE, digits_in_hands, no_digits, packed
from tests.browser import CHROMIUM, chromium

DIGITS, DRAWINGS, OTHERS = 1000, 200, 60
READING = [LIVE / f"{name}.js" for name in ("lenet5", "doubt", "answerer")]
READ_ALL = Path(__file__).parent / "read_all.js"
NODE = shutil.which("node")


@functools.cache
def drawings() -> np.ndarray:
    """Return what is drawn: first 200 digits, then what is none."""
    return np.concatenate([digits_in_hands(DRAWINGS), no_digits(OTHERS)])


@functools.cache
def validation_digits() -> np.ndarray:
    return split_validation(*load_mnist()[0])[1][0][:DIGITS]


def questions() -> dict:
    data = {"digits": packed(validation_digits()), "drawings": packed(drawings())}
    return data | {"lenet5": packed_network(load_weights(), 32), "judge": packed_network(judge_weights(), 16)}


def by_node(folder: Path) -> dict:
    """Return what Node makes of the questions."""
    (folder / "questions.json").write_text(json.dumps(questions()), encoding="utf-8")
    program = "\n".join(path.read_text(encoding="utf-8") for path in [*READING, READ_ALL])
    program += 'const data = JSON.parse(require("fs").readFileSync("questions.json", "utf8"));\n'
    program += f"readAll(data, {SIDE}).then((answers) => console.log(JSON.stringify(answers)));\n"
    (folder / "program.js").write_text(program, encoding="utf-8")
    run = subprocess.run([NODE, "program.js"], cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def by_chromium(folder: Path) -> dict:
    """Return what a page in Chromium makes of the questions."""
    with chromium() as browser:
        page = browser.new_page()
        for path in [*READING, READ_ALL]:
            page.add_script_tag(content=path.read_text(encoding="utf-8"))
        return page.evaluate("([data, side]) => readAll(data, side)", [questions(), SIDE])


def skipped_without(program: str | None, name: str) -> pytest.MarkDecorator:
    """Skip where a program is not found; not where the environment says that it is needed."""
    missing = not program and not os.environ.get(f"NEEDS_{name.upper()}")
    return pytest.mark.skipif(missing, reason=f"no {name} here: the book's reading was not tried in it")


PLACES = [
    pytest.param(by_node, id="node", marks=skipped_without(NODE, "Node")),
    pytest.param(by_chromium, id="chromium", marks=[pytest.mark.long, skipped_without(CHROMIUM, "Chromium")]),
]


@pytest.fixture(scope="module", params=PLACES)
def answers(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("reading"))


@functools.cache
def by_python() -> list:
    """Return what `prepare` makes of each drawing, and LeNet-5's answer."""
    prepared = [prepare(page) for page in drawings()]
    answers = load_lenet5().predict(np.stack([each.image for each in prepared])[..., np.newaxis], verbose=0)
    return list(zip(prepared, answers, strict=True))


def test_the_network_is_that_of_keras(answers):
    expected = load_lenet5().predict(to_input(validation_digits()), verbose=0)
    assert np.abs(np.array(answers["probabilities"]) - expected).max() < 1e-5


def test_each_layer_is_that_of_keras(answers):
    value = to_input(validation_digits()[:1])
    layers = [layer for layer in load_lenet5().layers if layer.name != "flatten"]
    assert len(layers) == len(answers["layers"])
    for layer, found in zip(layers, answers["layers"], strict=True):
        value = np.asarray(layer(value.reshape(1, -1) if layer.name == "C5" else value))
        assert np.abs(np.array(found) - value.ravel()).max() < 1e-5, layer.name


def test_drawings_are_prepared_and_answered_as_by_python(answers):
    found = answers["drawings"][:DRAWINGS]
    same = [
        np.argmax(each["probabilities"]) == np.argmax(expected)
        for each, (_, expected) in zip(found, by_python(), strict=False)
    ]
    assert sum(same) >= DRAWINGS - 1
    apart = [
        np.abs(np.array(each["image"]) - prepared.image.ravel()).max()
        for each, (prepared, _) in zip(found, by_python(), strict=False)
    ]
    assert np.sum(np.array(apart) > 1e-4) <= 1, "pixels of the 28 x 28"
    right = [np.argmax(each["probabilities"]) == n % 10 for n, each in enumerate(found)]
    assert sum(right) > 0.9 * DRAWINGS, "these drawings are digits"


def test_the_judge_is_that_of_python(answers):
    images = np.array([each["image"] for each in answers["drawings"] if each["image"]], np.float32).reshape(-1, 28, 28)
    said = np.array([each["said"] for each in answers["drawings"] if each["image"]])
    assert np.abs(said - judged(images)).max() < 1e-5


def test_doubts_and_warnings_are_the_same_sentences(answers):
    other = []
    for number, (each, (prepared, _)) in enumerate(zip(answers["drawings"], by_python(), strict=True)):
        if each["image"] is None:
            assert prepared.warnings == [EMPTY_PAGE] and not prepared.image.any(), number
        elif (each["doubts"], each["warnings"]) != (prepared.doubts, prepared.warnings):
            other.append((number, each["doubts"], prepared.doubts, each["warnings"], prepared.warnings))
    assert len(other) <= 1, other
    doubted = [bool(prepared.doubts) for prepared, _ in by_python()]
    assert sum(doubted[DRAWINGS:]) > OTHERS / 3 and len({tuple(each.doubts) for each, _ in by_python()}) > 3


@pytest.mark.parametrize("name", ["lenet5", "doubt"])
def test_a_lesson_is_read_in_one_sitting(name):
    """The preparation of a drawing and the network together; what doubts, beside them."""
    lines = (LIVE / f"{name}.js").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150 and max(map(len, lines)) <= 120
