"""What all tests share: a line that moves while they run, where a terminal can show it."""

import shutil
import sys
import time

import pytest

from tools.run_notebooks import BUDGETS

TYPICAL = 0.2  # seconds of a test that is no cell, on two cores; only the first guess of the time left


class Progress:
    """One line: how long it has run, about how long it will, how much is done, and what is running now."""

    def __init__(self, items: list[pytest.Item]) -> None:
        self.begin = time.monotonic()
        cells: dict[str, int] = {}
        for item in items:
            cells[item.path.name] = cells.get(item.path.name, 0) + 1
        self.guess = {item.nodeid: self.guessed(item, cells) for item in items}
        self.total, self.done = sum(self.guess.values()), 0.0

    @staticmethod
    def guessed(item: pytest.Item, cells: dict[str, int]) -> float:
        """Return about how many seconds a test takes: a cell its share of its notebook's budget."""
        name = item.path.name
        if item.path.suffix == ".ipynb" and name[:2] in BUDGETS:
            return BUDGETS[name[:2]][0] / 2 / cells[name]
        return TYPICAL

    def line(self, running: str) -> str:
        passed = time.monotonic() - self.begin
        share = self.done / self.total if self.total else 1.0
        left = (self.total - self.done) * (passed / self.done if self.done > 5 else 1)
        return f"{passed:4.0f} s, {share:4.0%}, about {left:.0f} s left: {running}"

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.__stdout__.write("\r" + self.line(nodeid)[:width].ljust(width))
        sys.__stdout__.flush()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.done += self.guess.get(nodeid, TYPICAL)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_terminal_summary(self):
        width = shutil.get_terminal_size().columns - 1
        sys.__stdout__.write("\r" + " " * width + "\r")
        yield


def pytest_report_teststatus(report, config):
    """Print no dots where the line moves: a failure is told at the end, with its reason."""
    if config.pluginmanager.has_plugin("progress") and report.when == "call" and report.passed:
        return "passed", "", ""
    return None


def pytest_collection_finish(session):
    if sys.stdout.isatty() and not session.config.option.collectonly:
        session.config.option.verbose = -1  # no names of files between the dots that are not there
        session.config.pluginmanager.register(Progress(session.items), "progress")
