"""A real JupyterLab on loopback and a real Chromium, for the tests of the instruments and for their benchmark."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

import course

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = "axe-core@4.14.1"

#: How a hand draws each digit: strokes of points, x to the right and y down, in parts of the pad.
STROKES = {
    0: [[(0.5, 0.15), (0.33, 0.25), (0.28, 0.5), (0.33, 0.76), (0.5, 0.85), (0.67, 0.76), (0.72, 0.5), (0.66, 0.24)]],
    1: [[(0.52, 0.15), (0.5, 0.5), (0.48, 0.85)]],
    2: [[(0.3, 0.3), (0.4, 0.17), (0.6, 0.17), (0.68, 0.32), (0.6, 0.5), (0.3, 0.83), (0.5, 0.8), (0.74, 0.83)]],
    3: [[(0.32, 0.2), (0.55, 0.15), (0.67, 0.3), (0.48, 0.47), (0.69, 0.63), (0.58, 0.83), (0.3, 0.8)]],
    4: [[(0.36, 0.15), (0.3, 0.55), (0.7, 0.53)], [(0.64, 0.2), (0.62, 0.5), (0.6, 0.88)]],
    5: [[(0.36, 0.17), (0.34, 0.47), (0.55, 0.44), (0.7, 0.6), (0.6, 0.83), (0.3, 0.82)], [(0.36, 0.17), (0.7, 0.16)]],
    6: [[(0.6, 0.14), (0.4, 0.4), (0.33, 0.68), (0.45, 0.85), (0.64, 0.78), (0.63, 0.6), (0.45, 0.57), (0.36, 0.68)]],
    7: [[(0.28, 0.18), (0.5, 0.2), (0.72, 0.18), (0.56, 0.5), (0.44, 0.86)]],
    8: [
        [(0.62, 0.22), (0.48, 0.14), (0.36, 0.27), (0.64, 0.62), (0.55, 0.85), (0.37, 0.77), (0.42, 0.6), (0.62, 0.22)]
    ],
    9: [[(0.64, 0.3), (0.5, 0.16), (0.35, 0.3), (0.45, 0.47), (0.63, 0.36), (0.64, 0.3), (0.62, 0.6), (0.56, 0.86)]],
}
STROKES[0][0].append((0.5, 0.15))


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def jupyter(folder: Path) -> Iterator[str]:
    """Start JupyterLab in a folder; give the address with its token, and stop it in the end."""
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1"]
    command += ["--LabApp.expose_app_in_browser=True", course.SAVING]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    environ = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / ".config"), "JUPYTER_DATA_DIR": str(folder / ".data")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=folder, env=environ, **quiet)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=5)
                break
            assert server.poll() is None, "JupyterLab ended at once"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/lab/tree/{{path}}?reset&token={token}"
    finally:
        server.terminate()
        server.wait(30)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, without a window."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of these code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)


def run_all(page: Page, address: str, path: str, minutes: float = 3) -> None:
    """Open a notebook in JupyterLab, run all its cells, and wait until the last one has run."""
    page.goto(address.format(path=path))
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=60_000)
    page.set_default_timeout(60_000 * minutes)
    command(page, "notebook:run-all-cells")
    page.set_default_timeout(30_000)


def command(page: Page, name: str, **options: object) -> None:
    """Run a command of JupyterLab, as its menus do, and wait until it has ended."""
    page.evaluate("([name, options]) => window.jupyterapp.commands.execute(name, options)", [name, options])


def draw(page: Page, pad, strokes: list) -> None:
    """Draw strokes on a pad with the mouse."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=5)
        page.mouse.up()


def axe() -> str:
    """Return the source of axe-core, which finds what a screen reader or a keyboard cannot use; npm fetches it."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run([shutil.which("npm"), "pack", "--silent", AXE], cwd=temporary, check=True, capture_output=True)
        with tarfile.open(next(Path(temporary).glob("*.tgz"))) as archive:
            return archive.extractfile("package/axe.min.js").read().decode("utf-8")


def pixels(canvas) -> list[list[int]]:
    """Return the grey values of a canvas, row by row."""
    script = """canvas => {
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return JSON.stringify([canvas.width, Array.from(data).filter((_, i) => i % 4 === 0)]);
    }"""
    width, values = json.loads(canvas.evaluate(script))
    return [values[start : start + width] for start in range(0, len(values), width)]
