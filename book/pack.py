"""Pack what runs in the reader's browser: the instruments' scripts in one file, and data that a page can load anywhere.

A page that was opened from a folder (file://) may load neither modules nor data, only classic scripts: so all becomes
such scripts. `python -m book.pack FOLDER` writes them; the page loads `live.js` and `live.css`, and the rest as needed.
"""

import base64
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers.forward import load_weights
from helpers.handwriting.doubt import judge_weights
from helpers.mnist import load_mnist, split_validation
from helpers.widgets import KernelLab, NetworkView
from helpers.widgets.instrument import CSS, FOLDER

LIVE = Path(__file__).parent / "live"
#: What comes before the instruments, in this order.
BEFORE = ("lenet5", "doubt", "answerer")
INSTRUMENTS = {"DigitPad": "digit_pad", "NetworkView": "network_view", "KernelLab": "kernel_lab", "Quiz": "quiz"}


def text_of(folder: Path, name: str) -> str:
    """Return a file of ours as text."""
    return (folder / name).read_text(encoding="utf-8")


def live_script() -> str:
    """Return one classic script of all: no name of it is seen outside, and no module is left in it."""
    parts = [text_of(LIVE, f"{name}.js") for name in BEFORE] + [text_of(FOLDER, "common.js"), "const instruments = {};"]
    for name, file in INSTRUMENTS.items():
        module = text_of(FOLDER, f"{file}.js").replace("export default { render };", "return render;")
        parts.append(f"instruments.{name} = (() => {{\n{module}}})();")
    body = "\n".join([*parts, text_of(LIVE, "mount.js")])
    return f'"use strict";\n(() => {{\n{body}}})();\n'


def base64_of(content: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(content).decode("ascii")


def packed_network(weights: Sequence[np.ndarray], bits: int) -> dict:
    """Return the weights of a network: the sizes of its parts, and all numbers one after the other."""
    numbers = np.concatenate([part.ravel() for part in weights]).astype(f"<f{bits // 8}")
    return {"sizes": [part.size for part in weights], "bits": bits, "numbers": base64_of(numbers.tobytes())}


def answers_of_network_view() -> dict:
    """Return what NetworkView answers: how the layers are drawn, and of each unit what is said of it.

    digit, top, left: where in the validation digits the patch lies that excites it most.
    """
    view = NetworkView()
    answer, _ = view.answer({"kind": "maps", "digit": 0}, [])
    units = []
    for place, layer in enumerate(answer["layers"]):
        _, step, begin = view.field(place)
        units.append([])
        for unit in range(layer["maps"]):
            digit, row, column = (int(of_units[unit]) for of_units in view.excited[place])
            patch = {"digit": digit, "top": begin + step * row, "left": begin + step * column}
            units[-1].append(view.describe(place, unit)[0] | patch)
    return {"layers": answer["layers"], "units": units}


def state_of_kernel_lab() -> dict:
    """Return the state with which KernelLab begins, but for the pixels of its digit."""
    lab = KernelLab()
    return {name: getattr(lab, name) for name in ("digit", "kernel", "stride", "padding", "presets")}


def packed_data() -> dict[str, object]:
    """Return what the instruments need, by the name of its file."""
    (_, _), (digits, _) = split_validation(*load_mnist()[0])
    return {
        "lenet5": packed_network(load_weights(), 32),
        "judge": packed_network(judge_weights(), 16),
        "digits": base64_of(zlib.compress(digits.tobytes(), 9)),
        "network_view": answers_of_network_view(),
        "kernel_lab": state_of_kernel_lab(),
    }


def pack(out: Path) -> None:
    """Write all into a folder, which is made: live.js, live.css, and data-*.js."""
    out.mkdir(parents=True, exist_ok=True)
    files = {"live.js": live_script(), "live.css": CSS + text_of(LIVE, "live.css")}
    for name, content in packed_data().items():
        packed = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        files[f"data-{name}.js"] = f"(globalThis.readingData ??= {{}}).{name} = {packed};\n"
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
