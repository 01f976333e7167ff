"""The pages of feedback: they show what a student wrote, and nothing of it runs, loads or sends."""

import html
import re

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbformat import NotebookNode

#: How helpers.plots stores a figure.
FIGURE = re.compile(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]+)" alt="([^"]*)"')
#: What a page of feedback may hold. Nothing else of what a student wrote reaches it.
TAGS = re.findall(
    r"\w+",
    """a abbr b blockquote br caption code col dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img
    ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var""",
)
STYLES = ["color", "background-color", "font-weight", "font-style", "text-align", "text-decoration"]
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_picture(output: NotebookNode) -> NotebookNode:
    """Return a figure of the course as a bare PNG: a page of feedback shows no HTML, which could hold anything."""
    found = FIGURE.search(str(output.get("data", {}).get("text/html", "")))
    if found:
        png, text = found.group(1), html.unescape(found.group(2))
        output.data = NotebookNode({"image/png": png, "text/plain": text})
        output.metadata = NotebookNode({"image/png": NotebookNode(alt=text)})
    return output


def allowed(tag: str, name: str, value: str) -> bool:
    """Return whether a page of feedback may hold this attribute."""
    if name == "src":
        return tag == "img" and bool(PICTURE.fullmatch(value))
    if name == "href":
        return tag == "a" and value.startswith(("#", "https://", "http://"))
    return name in ("class", "style", "alt", "title", "id", "name", "colspan", "rowspan", "width", "height", "open")


def inert(page: str, top: str) -> str:
    """Return nbgrader's page with its text and pictures, and with nothing that runs or loads; top: put above it."""
    head, _, body = page.partition("<body>")
    styles = "".join(re.findall(r"<style[^>]*>.*?</style>", head, re.DOTALL))  # nbgrader's own: nothing of a student
    clean = bleach.clean(
        re.sub(r"<(script|style)\b.*?</\1\s*>", "", body, flags=re.DOTALL | re.IGNORECASE),
        tags=TAGS,
        attributes=allowed,
        protocols=["http", "https", "data"],
        strip=True,
        strip_comments=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )
    about = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    still = "<style>body * { position: static !important }</style>"  # a class of the page could lie over the marks
    head = f"<head>{about}<title>Feedback</title>{styles}{still}</head>"
    return f"<!DOCTYPE html>\n<html>{head}\n<body>{top}{clean}</body></html>\n"


def top_of(job: dict, marks: dict[str, dict]) -> str:
    """Return what stands above a page: whose it is, and what still waits."""
    waits = [name.removeprefix("part_").replace("_", ".") for name, got in sorted(marks.items()) if got["waits"]]
    told = f"<p><b>{html.escape(job['student'])}</b>, {html.escape(job['file'])}</p>"
    if waits:
        told += f"<p>Parts that a person has not marked yet, and that count 0 so far: {', '.join(waits)}.</p>"
    return told
