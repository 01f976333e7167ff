"""Many jobs: by processes here. Each is done once or told as failed, and the run goes on where it was."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT, CourseError
from helpers.experiments import jobs
from helpers.experiments.jobs import Outcome, run_jobs
from tests.helpers.experiments import work

BAD = {
    "dies": ("die", 1),
    "has no memory": ("take_all_memory", 1),
    "has no disk": ("fill_the_disk", 1),
    "does not exist": ("dance", 1),
}
TOLD = {
    "dies": "died",
    "has no memory": "MemoryError",
    "has no disk": "No space left on device",
    "does not exist": "KeyError",
}


def outcomes(*arguments, **options) -> dict[str, Outcome]:
    """Return what became of each job; none is told twice."""
    found = list(run_jobs(*arguments, **options))
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


def test_each_job_gives_what_its_function_gives():
    found = outcomes(work.square, {f"{n} squared": (n / 7,) for n in range(20)}, workers=2)
    assert {name: each.result for name, each in found.items()} == {f"{n} squared": (n / 7) ** 2 for n in range(20)}
    assert not any(each.failure for each in found.values())


def test_a_job_runs_in_another_process_and_leaves_nothing_there(capfd):
    found = outcomes(work.where, {str(n): (n,) for n in range(4)}, workers=1)
    (places,) = {each.result[:2] for each in found.values()}
    assert places[0] != os.getpid(), "one process does one job after the other"
    assert not Path(places[1]).exists()
    said = capfd.readouterr()
    assert "a job that talks 3" in said.err and not said.out, "what a job prints is no answer"


def test_what_befalls_one_job_is_told_and_the_others_are_done():
    good = {str(n): ("square", n) for n in range(6)}
    found = outcomes(work.do, BAD | good, workers=2)
    assert {name: found[name].result for name in good} == {str(n): n * n for n in range(6)}
    for name, told in TOLD.items():
        assert found[name].result is None and told in found[name].failure, found[name]


def test_a_job_that_never_ends_is_ended():
    found = outcomes(work.do, {"waits": ("never_end", 1), "works": ("square", 3)}, workers=1, seconds=3)
    assert found["works"].result == 9 and "longer than 3 seconds" in found["waits"].failure


def test_what_is_done_is_not_done_again(tmp_path):
    done, kept = tmp_path / "done", tmp_path / "kept"
    these = {f"job {n}": ("note", str(done), n) for n in range(3)}
    first = outcomes(work.do, these | {"dies": BAD["dies"]}, workers=1, kept=kept)
    again = outcomes(work.do, these | {"dies": ("note", str(done), 9)}, workers=1, kept=kept)
    assert first["dies"].failure and not again["dies"].failure, "what failed is tried again"
    assert {name: again[name] for name in these} == {name: first[name] for name in these}
    assert sorted(done.read_text().split()) == ["0", "1", "2", "9"]


def test_a_result_comes_back_from_the_disk_to_the_byte(tmp_path):
    these = {str(n): (np.float32(n) / 3,) for n in range(3)}
    first, again = (outcomes(work.square, these, workers=1, kept=tmp_path / "kept") for _ in range(2))
    for name in these:
        assert again[name].result.tobytes() == first[name].result.tobytes() == work.square(*these[name]).tobytes()


@pytest.mark.parametrize("damage", [b"", b"\x80\x05half a fi", b"no pickle"])
def test_a_damaged_result_is_made_again(tmp_path, damage):
    outcomes(work.square, {"three": (3,)}, workers=1, kept=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert outcomes(work.square, {"three": (3,)}, workers=1, kept=tmp_path)["three"].result == 9


def test_a_full_disk_here_is_told_and_the_job_is_done_again_later(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    found = outcomes(work.square, {"three": (3,), "four": (4,)}, workers=1, kept=tmp_path)
    assert all("could not be kept (No space left" in each.failure for each in found.values()) and len(found) == 2
    monkeypatch.undo()
    assert outcomes(work.square, {"three": (3,)}, workers=1, kept=tmp_path)["three"].result == 9


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    """Killed as the system kills: its processes end with it, and what was done is not done again."""
    done, kept = tmp_path / "done", tmp_path / "kept"
    code = (
        "import sys, pathlib; from helpers.experiments.jobs import run_jobs; from tests.helpers.experiments import work"
    )
    code += f"\nthese = {{str(n): ({str(done)!r}, n, 0.2) for n in range(40)}}"
    code += f"\nfor each in run_jobs(work.note, these, workers=2, kept=pathlib.Path({str(kept)!r})):"
    code += " print(each.name, flush=True)"
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    told = [run.stdout.readline() for _ in range(5)]
    run.kill()
    told += run.communicate()[0].split()
    found = outcomes(work.note, {str(n): (str(done), n) for n in range(40)}, workers=2, kept=kept)
    assert sorted(each.result for each in found.values()) == list(range(40))
    counts = [done.read_text().split().count(each.strip()) for each in told]
    assert len(told) >= 5 and counts == [1] * len(told), "what was told as done is done once"


def test_stopping_leaves_no_process(tmp_path):
    going = run_jobs(work.do, {"works": ("square", 1)} | {str(n): ("never_end", n) for n in range(3)}, workers=2)
    assert next(going).result == 1
    children = [each.child for each in jobs._PYTHONS if each.child.poll() is None]
    going.close()
    assert children and all(each.poll() is not None for each in children)


def test_a_function_of_a_notebook_is_told_where_to_stand():
    def mine(number):
        return number

    mine.__module__ = "__main__"
    spec, sys.modules["__main__"].__spec__ = sys.modules["__main__"].__spec__, None
    try:
        with pytest.raises(CourseError, match="put mine into a module"):
            outcomes(mine, {"one": (1,)})
    finally:
        sys.modules["__main__"].__spec__ = spec


def test_the_default_needs_nothing_but_python():
    """A fresh clone: no dask, and no start that is slower for it."""
    code = (
        "import sys; before = set(sys.modules); from helpers.experiments import jobs; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    ours = {name for name in loaded.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert ours == {"helpers", "helpers.experiments", "helpers.experiments.jobs"}
