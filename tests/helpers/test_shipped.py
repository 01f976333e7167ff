"""The files of data/: each is in the list of checksums, and compared with it where it is loaded."""

import runpy
import shutil
import sys

import pytest

from helpers import CourseError, lenet, mnist, samples, shipped
from helpers.experiments import record, runs
from helpers.handwriting import doubt, prepare
from tools.list_checksums import checksum_list

LOADERS = {
    "mnist.npz": lambda folder: mnist.load_mnist(),
    "drawn_digits.npz": lambda folder: samples.load_drawn_digits(),
    "samples/labels.csv": lambda folder: samples.load_samples(folder / "samples"),
    "samples/digit3.png": lambda folder: prepare(folder / "samples" / "digit3.png"),
    "models/lenet5.keras": lambda folder: lenet.load_lenet5(folder / "models/lenet5.keras"),
    "models/lenet5_plain.keras": lambda folder: lenet.load_lenet5(folder / "models/lenet5_plain.keras"),
    "models/ensemble.npz": lambda folder: record.load_ensemble(folder / "models/ensemble.npz"),
    "models/judge.npz": lambda folder: doubt.judge_weights.__wrapped__(),
    "models/lenet5_labels.json": lambda folder: runs.ladder_rungs(),
    "results/ladder.json": lambda folder: runs.experiment("ladder"),
    "results/record.json": lambda folder: record.ablation(),
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of data/ of which all helpers believe that it is the one that the course ships."""
    folder = tmp_path / "data"
    shutil.copytree(shipped.DATA, folder)
    for module, name in [
        (shipped, "DATA"),
        (mnist, "MNIST_FILE"),
        (samples, "DRAWN_FILE"),
        (doubt, "JUDGE_FILE"),
        (runs, "RESULTS"),
        (runs, "LABELS_MODEL_FILE"),
        (record, "RESULTS_FILE"),
    ]:
        monkeypatch.setattr(module, name, folder / getattr(module, name).relative_to(shipped.ROOT / "data"))
    # a decorator and defaults have noted where the files were when they were read
    monkeypatch.setattr(
        samples, "load_drawn_digits", shipped.checked(samples.DRAWN_FILE)(samples.load_drawn_digits.__wrapped__)
    )
    monkeypatch.setattr(mnist.load_mnist, "__defaults__", (mnist.MNIST_FILE,))
    return folder


def test_the_list_is_complete_and_current():
    """`python -m tools.list_checksums` makes it again."""
    assert shipped.CHECKSUM_FILE.read_text(encoding="utf-8") == checksum_list()
    assert {"mnist.npz", "models/lenet5.keras", "samples/labels.csv", "results/ladder.json"} <= set(shipped.checksums())


@pytest.mark.parametrize("name", LOADERS)
def test_each_loader_notices_one_bit_and_a_missing_file(data, name):
    load, path = LOADERS[name], data / name
    load(data)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CourseError, match=rf"data/{name} is damaged.*git checkout HEAD -- data/{name}`") as damaged:
        load(data)
    path.unlink()
    with pytest.raises(CourseError, match=rf"data/{name} is missing.*git checkout HEAD -- data/{name}`"):
        load(data)
    path.mkdir()
    with pytest.raises(CourseError, match=rf"data/{name} cannot be read"):
        load(data)
    assert "\n" not in str(damaged.value)


def test_a_missing_folder_is_a_sentence(data):
    shutil.rmtree(data / "models")
    with pytest.raises(lenet.ModelError, match="is missing"):
        lenet.load_lenet5(data / "models" / "lenet5.keras")
    shutil.rmtree(data)
    with pytest.raises(mnist.MnistError, match="is missing"):
        mnist.load_mnist()


def test_the_readers_own_files_pass(data, tmp_path):
    (data / "models" / "mine.keras").write_bytes(b"mine")
    for path in (data / "models" / "mine.keras", tmp_path / "mnist.npz", tmp_path / "missing"):
        shipped.check(path)


def test_a_file_is_read_once_and_again_when_it_has_changed(data, monkeypatch):
    path, reads = data / "mnist.npz", []
    whole = type(path).read_bytes
    monkeypatch.setattr(type(path), "read_bytes", lambda self: reads.append(self) or whole(self))
    for _ in range(3):
        shipped.check(path)
    assert reads == [path]
    path.write_bytes(b"another")
    with pytest.raises(shipped.DataError):
        shipped.check(path)
    assert len(reads) == 2


def test_a_missing_list_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "CHECKSUM_FILE", tmp_path / "checksums.txt")
    for content in (None, b"\xff", b"no list\n"):
        if content:
            (tmp_path / "checksums.txt").write_bytes(content)
        with pytest.raises(shipped.DataError, match=r"checksums\.txt is missing or damaged.*git checkout"):
            shipped.checksums.__wrapped__()


def test_a_program_that_makes_the_data_loads_what_it_has_written(data, monkeypatch):
    (data / "mnist.npz").write_bytes(b"new")
    with pytest.raises(shipped.DataError):
        shipped.check(data / "mnist.npz")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", runpy.importlib.util.find_spec("tools.pack_mnist"))
    shipped.check(data / "mnist.npz")


def test_a_path_with_dots_is_the_same_file(data, monkeypatch):
    (data / "samples" / "digit3.png").write_bytes(b"another")
    monkeypatch.chdir(data / "models")
    with pytest.raises(CourseError, match="damaged or another one"):
        shipped.check("../samples/digit3.png")
