"""Storing notebooks: what a page saves of an untouched one is what is stored, to the byte."""

import os
import shutil

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets.config import Config

import course
from helpers import ROOT
from tests.browser import CHROMIUM, chromium, command, jupyter
from tools.run_notebooks import as_stored

SHIPPED = [*sorted((ROOT / "notebooks").glob("*.ipynb")), *sorted((ROOT / "notebooks/coursework/practice").glob("*"))]
#: What ipykernel says of itself, and JupyterLab writes into a notebook that it has opened.
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.11.7",
}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_notebook_is_saved_as_it_is_stored(path, tmp_path):
    """By what JupyterLab's server saves with, under the option that the course starts it with."""
    name, value = course.SAVING.removeprefix("--ContentsManager.").split("=")
    server = LargeFileManager(root_dir=str(tmp_path), config=Config(ContentsManager={name: value}))
    shutil.copy(path, tmp_path)
    content = server.get(path.name)["content"]
    content["metadata"]["language_info"] = dict(LANGUAGE_INFO)
    server.save({"type": "notebook", "format": "json", "content": content}, path.name)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "model",
    [
        {"type": "file", "content": "language_info"},
        {"type": "notebook", "content": {"metadata": {}, "cells": []}},
        {"type": "notebook", "content": {"metadata": {"language_info": {"name": "R", "version": "4.4"}}}},
    ],
    ids=["file", "bare", "R"],
)
def test_what_is_not_ours_is_saved_as_it_comes(model):
    before = repr(model)
    as_stored(model, path="a", contents_manager=None)
    assert repr(model) == before


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM and not os.environ.get("NEEDS_CHROMIUM"), reason="no Chromium here: nothing opened")
def test_opening_is_not_editing(tmp_path):
    """In a real JupyterLab, whose autosave is the same command as this."""
    changed = []
    for path in SHIPPED:
        shutil.copy(path, tmp_path)
    with jupyter(tmp_path) as address, chromium() as browser:
        for path in SHIPPED:
            page = browser.new_page()
            page.goto(address.format(path=path.name))
            model = "window.jupyterapp?.shell?.currentWidget?.context?.model"
            page.wait_for_function(f"() => {model}?.getMetadata?.('language_info')?.version", timeout=60_000)
            before = (tmp_path / path.name).stat().st_mtime_ns
            command(page, "docmanager:save")
            saved = tmp_path / path.name
            assert saved.stat().st_mtime_ns > before, "it was not saved"
            changed += [path.name] * (saved.read_bytes() != path.read_bytes())
            command(page, "notebook:shutdown-kernel")
            page.close()
    assert not changed
