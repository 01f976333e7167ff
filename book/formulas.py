"""Formulas as MathML, which browsers draw themselves: no script, sharp at any size, and screen readers read them."""

import html
import re
from importlib.resources import as_file, files
from pathlib import Path

import latex2mathml.converter
from docutils import nodes
from fontTools import subset

#: A browser slants the letters of a formula by taking these in their place: Latin, h, Greek.
SLANTED = [*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)]
ROOT_SIGN = 0x221A  # drawn over what is under a root, and written nowhere
#: The name of a function before what has no brackets: ln p is not lnp.
FUNCTION = re.compile(r"(<mi>(?:ln|log|exp|tanh)</mi>)(?!<mo stretchy|<mrow><mo)")
FORMULA = re.compile(r"<math.*?</math>", re.S)


def visit(display: str):
    """Return what Sphinx calls for a formula; display: "inline" or "block"."""

    def write(writer, node: nodes.Element) -> None:
        formula = latex2mathml.converter.convert(node.astext(), display=display)
        formula = FUNCTION.sub(r'\1<mspace width="0.167em"/>', formula)
        # nothing moves sideways but the formula itself, on a narrow page
        writer.body.append(f'<div class="formula">{formula}</div>' if display == "block" else formula)
        raise nodes.SkipNode

    return write


def add_mathml(app) -> None:
    """Make MathML the renderer of formulas of Sphinx."""
    app.add_html_math_renderer("mathml", (visit("inline"), None), (visit("block"), None))


def write_font(pages: Path, path: Path) -> None:
    """Write the typeface of the formulas: of STIX Two Math (OFL-1.1) what those of the pages need, not 1.5 MB."""
    texts = (page.read_text(encoding="utf-8") for page in pages.rglob("*.html"))
    written = {ord(sign) for text in texts for each in FORMULA.findall(text) for sign in html.unescape(each)}
    characters = ",".join(f"{sign:X}" for sign in sorted({*written, *SLANTED, ROOT_SIGN}))
    with as_file(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf") as font:
        options = ["--flavor=woff", "--layout-features=*", f"--unicodes={characters}", f"--output-file={path}"]
        subset.main([str(font), *options])
