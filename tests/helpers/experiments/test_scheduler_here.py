"""A scheduler for a cell: there within the block, with its dashboard, and gone after it."""

import sys
import urllib.request
from pathlib import Path

import pytest

from helpers import CourseError
from helpers.experiments import scheduler_here as module
from helpers.experiments.jobs import run_jobs
from helpers.experiments.scheduler_here import scheduler_here
from tests.helpers.experiments import work
from tests.helpers.experiments.test_jobs_far import installed


def test_without_dask_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PYTHON", tmp_path / "python")
    with scheduler_here(2) as here:
        assert here is None


def test_an_installation_without_dask_in_it_is_named(monkeypatch):
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    with pytest.raises(CourseError, match=r"course\.py many"), scheduler_here(2):
        pass


@installed
@pytest.mark.long
def test_jobs_are_done_there_and_nothing_is_left():
    with scheduler_here(2) as (address, dashboard):
        assert address.startswith("tcp://127.0.0.1:") and dashboard.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(dashboard) as page:
            assert b"bokeh" in page.read().lower()
        found = {
            each.name: each.result
            for each in run_jobs(work.square, {str(n): (n,) for n in range(5)}, scheduler=address)
        }
    assert found == {str(n): n * n for n in range(5)}
    with pytest.raises(OSError):
        urllib.request.urlopen(dashboard, timeout=5)
