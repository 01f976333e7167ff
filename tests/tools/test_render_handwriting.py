"""The pictures of data/samples are what labels.csv says, and the program that makes them makes them again."""

import csv
import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tools import pens
from tools import render_handwriting as rh

LABELS = list(csv.DictReader((rh.SAMPLES / "labels.csv").read_text(encoding="utf-8").splitlines()))
TEN = [row for row in LABELS if "/" not in row["file"]]
PICTURES = [row for row in LABELS if row["label"]]
SEVEN = [np.array([[-0.3, -0.5], [0.3, -0.5], [0.25, -0.35], [-0.1, 0.5]]), np.array([[-0.15, 0.05], [0.3, 0.0]])]


def picture_of(row: dict) -> np.ndarray | None:
    """Read a sample as cv2 reads it: None if it is no picture."""
    content = np.frombuffer((rh.SAMPLES / row["file"]).read_bytes(), np.uint8)
    return cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None


def have_fonts() -> bool:
    return all((pens.FONTS / f"{hand}-latin-400-normal.woff").exists() for hand in pens.SAMPLES)


# --- The folder -------------------------------------------------------------------------------------------------


def test_labels_and_files_are_the_same_set():
    listed = [row["file"] for row in LABELS]
    found = {path.relative_to(rh.SAMPLES).as_posix() for path in rh.SAMPLES.rglob("*") if path.is_file()}
    assert len(listed) == len(set(listed))
    assert set(listed) == {file for file in found if not file.startswith("scenes/")} - {"labels.csv"}


def test_labels_can_be_read_everywhere():
    content = (rh.SAMPLES / "labels.csv").read_bytes()
    assert b"\r" not in content and b"\\" not in content
    assert content.decode("utf-8").splitlines()[0] == ",".join(rh.COLUMNS)
    assert all(set(row["label"]) <= set("0123456789 ") for row in LABELS)


def test_the_folder_is_small():
    assert sum((rh.SAMPLES / row["file"]).stat().st_size for row in TEN) < 1_000_000
    assert sum((rh.SAMPLES / row["file"]).stat().st_size for row in LABELS) < 6_000_000


def test_every_hand_has_an_open_licence():
    assert {row["licence"] for row in PICTURES} <= {"OFL-1.1", "Apache-2.0"}
    assert len({row["hand"] for row in TEN}) >= 5
    assert {row["hand"] for row in PICTURES} <= {hand.replace("-", " ").title() for hand in pens.SAMPLES}


@pytest.mark.parametrize("row", PICTURES, ids=lambda row: row["file"])
def test_pictures_open(row):
    picture = picture_of(row)
    assert picture is not None and min(picture.shape[:2]) >= 28
    assert np.ptp(cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (3, 3), 0)) > 40  # it has ink on it


@pytest.mark.parametrize("row", [row for row in LABELS if not row["label"]], ids=lambda row: row["file"])
def test_broken_files_hold_no_digit(row):
    picture = picture_of(row)  # cv2 fills what is missing of a truncated PNG
    assert picture is None or np.ptp(picture) == 0 or row["situation"] == "truncated PNG"


def test_ten_digits_stand_first():
    assert [(row["file"], row["label"]) for row in TEN] == [(f"digit{digit}.png", str(digit)) for digit in range(10)]


@pytest.mark.parametrize("row", TEN, ids=lambda row: row["file"])
def test_the_ten_are_neither_square_nor_centred(row):
    grey = cv2.cvtColor(picture_of(row), cv2.COLOR_BGR2GRAY).astype(np.float32)
    height, width = grey.shape
    assert max(height, width) / min(height, width) > 1.1
    assert min(height, width) >= 150 and max(height, width) <= 450
    paper = cv2.GaussianBlur(cv2.dilate(grey, np.ones((41, 41))), (0, 0), 20)
    y, x = np.nonzero(cv2.GaussianBlur(grey, (0, 0), 1.5) < 0.8 * paper)
    middle = np.array([(x.min() + x.max()) / 2 / width, (y.min() + y.max()) / 2 / height])
    assert np.abs(middle - 0.5).max() > 0.02


def test_the_naive_preparation_misreads_some_of_the_ten():
    from helpers.quiet import keras

    model = keras.models.load_model(rh.SAMPLES.parent / "models" / "lenet5.keras")
    grey = [cv2.cvtColor(picture_of(row), cv2.COLOR_BGR2GRAY) for row in TEN]
    naive = [255 - cv2.resize(picture, (28, 28)) for picture in grey]
    read = model.predict(np.array(naive, np.float32)[..., None] / 255, verbose=0).argmax(axis=1)
    assert 1 <= (read == np.arange(10)).sum() <= 7


# --- The program ------------------------------------------------------------------------------------------------


def test_the_groups_of_typefaces_share_none():
    groups = [pens.SAMPLES, pens.TRAINING, pens.HELD_OUT]
    assert len(pens.SAMPLES) >= 10
    assert all(set(one).isdisjoint(two) for one, two in itertools.combinations(groups, 2))
    assert {licence for licence, _ in pens.TYPEFACES.values()} == {"OFL-1.1", "Apache-2.0"}


@pytest.mark.parametrize("kind", rh.HARSH_KINDS)
def test_the_same_seed_makes_the_same_picture(kind):
    situation = replace(rh.situation_of(kind, np.random.default_rng(3), spread=1.5), high=90)
    one, two, other = (rh.render([[SEVEN]], situation, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert one.dtype == np.uint8 and one.shape == (*rh.size_of(situation)[::-1], 3)
    assert rh.encoded(one, situation) == rh.encoded(two, situation)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 7, 9])
def test_extra_forms_change_a_digit_and_keep_its_height(digit):
    turn = np.linspace(0, 2 * np.pi, 60)
    ring = np.column_stack([0.3 * np.sin(turn), -0.5 * np.cos(turn)])
    ring[-1] = ring[0]
    curve = pens.smooth(np.array([[-0.3, -0.3], [0, -0.5], [0.3, -0.3], [-0.3, 0.5], [0.35, 0.5]]), 0.04)
    plain = {0: [ring], 1: [np.linspace([0, -0.5], [0, 0.5], 30)], 2: [curve], 7: [SEVEN[0]]}
    lines = plain.get(digit, [np.vstack([0.5 * ring - [0, 0.25], np.linspace([0.2, -0.2], [0.2, 0.5], 20)])])
    changed = np.vstack(pens.extra_form(digit, lines, np.random.default_rng(1)))
    assert np.isclose(np.ptp(changed[:, 1]), 1)
    assert len(changed) != sum(map(len, lines)) or not np.allclose(changed, np.vstack(lines), atol=0.01)


def test_tracing_finds_the_strokes_of_a_pen():
    def pen(*lines: list) -> np.ndarray:
        canvas = np.zeros((220, 200), np.uint8)
        for line in lines:
            cv2.polylines(canvas, [np.array(line)], False, 1, 17)
        return canvas.astype(bool)

    (bar,) = pens.trace(pen([[100, 20], [90, 200]]))
    assert np.hypot(*np.diff(bar, axis=0).T).sum() == pytest.approx(1, abs=0.05)  # no spurs, nothing lost
    cross = pens.trace(pen([[100, 20], [100, 200]], [[30, 110], [170, 110]]))
    assert len(cross) == 2  # two straight strokes, not four arms
    ring = np.zeros((220, 200), np.uint8)
    cv2.ellipse(ring, (100, 110), (60, 90), 0, 0, 360, 1, 15)
    (closed,) = pens.trace(ring.astype(bool))
    assert np.allclose(closed[0], closed[-1])
    assert np.ptp(closed[:, 0]) == pytest.approx(2 / 3, abs=0.05)


def test_a_missing_npm_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(pens.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"install Node\.js"):
        pens.fetch_font("caveat", tmp_path)


def test_a_wrong_font_file_is_refused(tmp_path):
    (tmp_path / "caveat-latin-400-normal.woff").write_bytes(b"another font")
    with pytest.raises(ValueError, match="delete it"):
        pens.fetch_font("caveat", tmp_path)


def test_the_ten_are_made_again_byte_for_byte(tmp_path):
    if not have_fonts():
        pytest.skip(f"the typefaces are not in {pens.FONTS}: `python -m tools.render_handwriting samples` fetches them")
    ten = rh.sample_pictures(np.random.default_rng(rh.SEED))[:10]
    rh.write_pictures(ten, tmp_path, rh.SEED, pens.FONTS)
    changed = [
        row["file"] for row in TEN if (tmp_path / row["file"]).read_bytes() != (rh.SAMPLES / row["file"]).read_bytes()
    ]
    assert not changed
