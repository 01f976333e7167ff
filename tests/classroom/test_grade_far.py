"""The grading on a scheduler's machines: the same marks, behind the same walls, and nothing left behind."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from classroom.apart import why_no_walls
from classroom.sample_class import answered
from helpers import ROOT
from helpers.experiments import jobs
from tests.classroom.conftest import grade_quickly
from tests.helpers.experiments.test_jobs_far import Machines, installed

#: What a student may try who guesses how the grading runs: the keys, the scheduler, and the parents' surroundings.
REACHES = """
def centre_of_ink(image):
    import os, socket
    found = [path for path in KEYS if os.path.exists(path)]
    try:
        socket.create_connection(("127.0.0.1", PORT), 1)
        found.append("scheduler")
    except OSError:
        pass
    found += [name for name in os.environ if "DASK" in name]
    raise ValueError(f"reached: {found}")
"""


def told(release) -> dict:
    """Return all that a release's marks say, but for the seconds."""
    marks = release / "marks"
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (marks / "kept").glob("*.json")}
    for record in records.values():
        record.pop("seconds", None)
    tables = {path.name: path.read_bytes() for path in [*marks.glob("*.csv"), marks / "summary.txt"]}
    pages = {path.relative_to(marks).as_posix() for path in (marks / "feedback").rglob("*.html")}
    return {"records": records, "tables": tables, "pages": pages}


@installed
@pytest.mark.long
def test_many_machines_give_the_same_marks_and_keep_nothing(release, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PYTHON", sys.executable)
    if why_no_walls():
        pytest.skip("a worker grades behind walls alone")
    scratch = Path(tempfile.mkdtemp(prefix="s"))  # a short name: the kernels' sockets lie below it
    monkeypatch.setenv("TMPDIR", str(scratch))
    machines = Machines(tmp_path)
    class_of = tmp_path / "class"
    class_of.mkdir()
    reaches = REACHES.replace("PORT", str(machines.port)).replace(
        "KEYS", repr([str(jobs.KEYS), str(ROOT / "classroom")])
    )
    for name, code in (("model", None), ("reaches", reaches), ("dies", "import os\nos._exit(1)")):
        changed = {"centre_of_ink": code} if code else {}
        nbformat.write(answered(release, "1_the_data", **changed), class_of / f"{name}_1_the_data.ipynb")
    (class_of / "corrupt.ipynb").write_text("{")
    found = []
    try:
        machines.scheduler(), machines.worker(threads=2)
        for name, options in (("near", []), ("far", ["--scheduler", machines.address])):
            copy = tmp_path / name
            shutil.copytree(release, copy, ignore=shutil.ignore_patterns("marks"))
            done = grade_quickly(copy, class_of, *options)
            assert done.returncode == 0, done.stdout + done.stderr
            found.append(told(copy))
            if options:
                again = grade_quickly(copy, class_of, *options)
                assert "4 files, 4 of them graded already" in again.stdout and told(copy) == found[-1]
    finally:
        left = [path for path in scratch.rglob("*") if path.is_file() and path.suffix in (".ipynb", ".db", ".html")]
        machines.end()
        shutil.rmtree(scratch, ignore_errors=True)
    near, far = found
    assert near["records"] == far["records"] and len(near["pages"]) == 3
    assert near == far
    said = json.dumps(far["records"])
    assert "reached: []" in said and "ended the Python that it ran in" in said, said
    assert not left, "hidden tests travel with the job"


def test_where_there_are_no_walls_a_worker_grades_nothing(monkeypatch, tmp_path):
    from classroom import grade

    monkeypatch.setattr(grade, "of_this_process", lambda: ("They need Linux.", tmp_path))
    monkeypatch.setattr(grade, "keep_orphans", lambda closed: None)
    with pytest.raises(grade.Sorry, match=r"no walls on .* They need Linux"):
        grade.graded_away(None, {})
