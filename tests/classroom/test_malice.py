"""Submissions that are malformed or mean harm, in batches with good ones: all end in a record."""

import copy
import json
import os
import random
import re
import shutil

import nbformat
import psutil
import pytest

from classroom.sample_class import answered
from tests.classroom.conftest import grade_quickly
from tests.classroom.payloads import PAYLOADS
from tests.classroom.test_feedback import DEAD, Reader
from tests.classroom.test_grade import ODD, table

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name == "nt", reason="uses signals and names of a POSIX system")]
A = "1_the_data"
NOTHING = "\ndef fit(x, y): return y\ndef read(learned, x): return [0] * len(x)"
TO_GRADER = """import psutil, signal, time
for each in psutil.Process().parents():
    if {which!r} in " ".join(each.cmdline()): each.send_signal(signal.{signal})
time.sleep(1)
"""
#: What stands in the cell of part 1.2: it costs that part alone.
HARM = {
    "rmtree": "import shutil\nshutil.rmtree('..', ignore_errors=True)",
    "forges": "import os\nfor p in ('../result.json', '../progress'):\n  open(p, 'w').write('{}')\nos._exit(0)",
    "kills": TO_GRADER.format(which="grade_run", signal="SIGKILL"),
    "stops": TO_GRADER.format(which="grade_run", signal="SIGSTOP"),
    "stops_itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "daemon": "import subprocess\nsubprocess.run(['sh', '-c', 'setsid env -i sleep 98765 & exit'], env={})",
    "finds": "import glob\nfor p in glob.glob('../../**', recursive=True): print(p)\nprint(open('../log.txt').read())",
}
#: What stands in the cell of part 1.4: it earns nothing, and is noticed.
TRICKS = {
    "importlib.reload": "import importlib\nimportlib.reload = lambda module: module",
    "formatter": "f = 'get_' + 'ipython'\nglobals()[f]().display_formatter.formatters['text/plain']"
    ".for_type(float, lambda o, p, c: p.text('9.0'))",
    "numpy.mean": "np.mean = lambda *a, **k: 1.0",
}


@pytest.fixture(scope="module")
def malice(release, tmp_path_factory):
    """The table of marks, the release, and what was printed."""
    folder = tmp_path_factory.mktemp("malice")
    new = folder / "release"
    shutil.copytree(release, new, ignore=shutil.ignore_patterns("marks"))
    handed_in = folder / "submissions"
    handed_in.mkdir()
    for name, code in HARM.items():
        nbformat.write(answered(release, A, centre_of_ink=code), handed_in / f"{name}.ipynb")
    for name, code in TRICKS.items():
        nbformat.write(answered(release, A, classifier=code + NOTHING), handed_in / f"{name}.ipynb")
    pages = answered(release, A, centre_of_ink="from IPython.display import HTML, display, Markdown")
    for payload in PAYLOADS:
        pages.cells.append(nbformat.v4.new_markdown_cell(payload))
    pages.cells.append(nbformat.v4.new_code_cell(f"for p in {PAYLOADS!r}:\n    display(HTML(p)); display(Markdown(p))"))
    nbformat.write(pages, handed_in / "<img src=x onerror=alert(1)>.ipynb")
    nbformat.write(answered(release, A), handed_in / "good.ipynb")
    done = grade_quickly(new, handed_in, seconds=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return table(new, A), new, done.stdout


def test_the_good_one_is_graded_as_ever(malice):
    assert float(malice[0]["good"]["marks"]) == 20 and "please look" not in malice[0]["good"]["remarks"]


@pytest.mark.parametrize("name", HARM)
def test_harm_costs_its_own_part_alone(malice, name):
    assert float(malice[0][name]["marks"]) == 17, malice[0][name]


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_earn_nothing_and_are_noticed(malice, name):
    row = malice[0][name]
    assert float(row["marks"]) == 11 and name in row["remarks"] and "please look" in row["remarks"], row


def test_no_daemon_goes_on(malice):
    assert not [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "98765"]]


def test_no_process_below_sees_a_gradebook_or_a_hidden_test(malice):
    (path,) = (malice[1] / "marks" / "kept").glob("finds-*/autograded/**/*.ipynb")
    outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
    listed = "".join(output.get("text", "") for output in outputs)
    assert "../../home/work" in listed and not re.search(r"gradebook|\.db|\.ipynb|job|seed=", listed)


def test_pages_hold_nothing_that_runs_and_no_seed(malice):
    seeds = set()
    for source in (malice[1] / "instructor" / "source").rglob("*.ipynb"):
        seeds |= set(re.findall(r"seed=(\d{6,})", source.read_text(encoding="utf-8")))
    pages = list((malice[1] / "marks" / "feedback").rglob("*.html"))
    assert len(pages) == len(malice[0]) and seeds
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text and not [seed for seed in seeds if seed in text]
        for tag, attributes in Reader(text).found:
            assert tag not in ("script", "style", "iframe", "svg", "object", "embed", "form", "input", "meta", "link")
            assert not [name for name, value in attributes.items() if name.startswith("on") or DEAD.search(value or "")]


def test_who_kills_the_grader_is_named_and_the_others_are_graded(release, tmp_path):
    shutil.copytree(release, tmp_path / "release", ignore=shutil.ignore_patterns("marks"))
    handed_in = tmp_path / "submissions"
    handed_in.mkdir()
    code = TO_GRADER.format(which=str(tmp_path / "release"), signal="SIGKILL")
    nbformat.write(answered(release, A, centre_of_ink=code), handed_in / "killer.ipynb")
    nbformat.write(answered(release, A), handed_in / "good.ipynb")
    codes = []
    for _ in range(3):
        done = grade_quickly(tmp_path / "release", handed_in)
        codes.append(done.returncode)
        if not done.returncode:
            break
    rows = table(tmp_path / "release", A)
    assert float(rows["good"]["marks"]) == 20
    if codes == [0]:
        assert float(rows["killer"]["marks"]) == 17, "behind walls it finds no grader"
    else:
        assert codes == [-9, -9, 0] and "Twice the grading was killed" in rows["killer"]["remarks"]


def malformed(release, rng: random.Random) -> tuple[str, bytes]:
    """Return a kind of damage and a damaged file."""
    notebook = json.loads(nbformat.writes(answered(release, A, trial="", classifier="", split="")))
    cells = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]
    kind = rng.choice(["odd", "odd", "cut", "bytes", "values", "names", "binary"])
    if kind == "odd":
        kind = rng.choice(sorted(ODD))
        ODD[kind](notebook, rng.choice(cells))
    elif kind == "values":  # anything, anywhere, is something else
        for _ in range(rng.randint(1, 4)):
            place = notebook
            while isinstance(place, dict | list) and place:
                keys = sorted(place) if isinstance(place, dict) else range(len(place))
                key = rng.choice(keys)
                if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.3:
                    place[key] = rng.choice([None, 3, -1.5, "text", [], {}, ["a"], {"a": 1}, True, "\ud83d"])
                    break
                place = place[key]
    elif kind == "names":
        for cell in notebook["cells"]:
            if rng.random() < 0.5 and isinstance(cell["metadata"].get("nbgrader"), dict):
                cell["metadata"]["nbgrader"]["grade_id"] = rng.choice(["", "../../x", "a" * 5000, 7, None, "setup"])
    data = json.dumps(notebook).encode()
    if kind == "cut":
        data = data[: rng.randrange(len(data))]
    elif kind == "bytes":
        data = bytearray(data)
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == "binary":
        data = rng.randbytes(rng.randrange(1, 100_000))
    return kind, bytes(data)


def test_sixty_malformed_submissions_end_in_sixty_records(release, tmp_path):
    shutil.copytree(release, tmp_path / "release", ignore=shutil.ignore_patterns("marks"))
    rng, handed_in = random.Random(1998), tmp_path / "submissions"
    handed_in.mkdir()
    kinds = {}
    for number in range(60):
        kind, data = malformed(release, rng)
        (handed_in / f"s{number:02}.ipynb").write_bytes(data)
        kinds[f"s{number:02}"] = kind
    good = answered(release, A)
    for name in ("good_one", "good_two", "good_three"):
        nbformat.write(copy.deepcopy(good), handed_in / f"{name}.ipynb")
    done = grade_quickly(tmp_path / "release", handed_in)
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr
    rows = {}
    for path in (tmp_path / "release" / "marks").glob("marks_*.csv"):
        rows |= table(tmp_path / "release", path.stem.removeprefix("marks_"))
    assert set(rows) == {*kinds, "good_one", "good_two", "good_three"} and len(set(kinds.values())) >= 12
    for name, row in rows.items():
        assert (row["marks"] and float(row["marks"]) <= 20) or row["remarks"], (name, kinds.get(name), row)
        if name.startswith("good"):
            assert float(row["marks"]) == 20 and "please look" not in row["remarks"]
