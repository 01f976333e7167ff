"""Print the whole book into one PDF: one page of all pages, which Chromium prints.

What is folded on the screen (hints, solutions, answers) stands at the end, where it spoils nothing, with links.
"""

import os
import posixpath
import shutil
import subprocess
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup, Tag

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 300  # the longest that printing may take
WHOLE = """<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="_static/pygments.css"><link rel="stylesheet" href="_static/styles/furo.css">
<link rel="stylesheet" href="_static/book.css"></head>
<body data-theme="light" class="printed"><article>{content}</article></body></html>"""


class Whole:
    """All pages as one."""

    def __init__(self, pages: Path) -> None:
        self.pages, self.folded = pages, []
        first = self.read("index.html")
        listed = [link["href"] for link in first.select(".sidebar-tree a.reference.internal")]
        self.numbers = {name: f"page{number}" for number, name in enumerate(["index.html", *listed])}

    def read(self, name: str) -> BeautifulSoup:
        return BeautifulSoup((self.pages / name).read_text(encoding="utf-8"), "html.parser")

    def article(self, name: str) -> str:
        """Return the text of a page, with links and pictures as seen from the folder of all pages."""
        article, number = self.read(name).select_one("article"), self.numbers[name]
        for each in article.select("a.headerlink, script, noscript, .live"):
            each.decompose()
        for contents in article.find_all("a", string="contents"):  # between previous and next: of use on a screen
            contents.find_parent("p").decompose()
        for each in article.find_all(id=True):
            each["id"] = f"{number}-{each['id']}"
        for picture in article.find_all("img"):
            picture["src"] = posixpath.normpath(posixpath.join(posixpath.dirname(name), picture["src"]))
            picture.attrs.pop("loading", None)  # what is not on the screen is printed, too
        for link in article.find_all("a", href=True):
            self.lead(link, name)
        for details in article.find_all("details"):
            self.unfold(details)
        return f'<section id="{number}">{article.decode_contents()}</section>'

    def lead(self, link: Tag, name: str) -> None:
        """Let a link lead into the print, or to the network, or nowhere."""
        path, _, part = link["href"].partition("#")
        if "://" in path:
            return
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        if target in self.numbers:
            link["href"] = "#" + "-".join(filter(None, [self.numbers[target], part]))
        else:
            del link["href"]

    def unfold(self, details: Tag) -> None:
        """Put what is folded to the end, and a link into its place."""
        number, title = len(self.folded), details.summary.extract().get_text()
        heading = details.find_previous(["h1", "h2", "h3"]).get_text()
        back = f'<a href="#fold{number}">{heading}</a>'
        self.folded.append(
            f'<section id="folded{number}"><h3>{title}: {back}</h3>{details.decode_contents()}</section>'
        )
        link = f'<p id="fold{number}"><a href="#folded{number}">{title}: at the end of the book</a></p>'
        details.replace_with(BeautifulSoup(link, "html.parser"))

    def page(self) -> str:
        """Return the one page."""
        articles = [self.article(name) for name in self.numbers]
        end = f"<section><h1>Hints, solutions, answers</h1>{''.join(self.folded)}</section>"
        return WHOLE.format(title="Reading handwriting", content="\n".join([*articles, end]))


def to_pdf(pages: Path, target: Path) -> str:
    """Print the pages into one PDF; return why that was not possible, or nothing."""
    if not found():
        return f"The book is printed by Chromium, and none was found ({', '.join(NAMES)}): please install it."
    whole = pages / "whole.html"
    whole.write_text(Whole(pages).page(), encoding="utf-8")
    try:
        return printed_by_chromium(whole, target)
    finally:
        whole.unlink()


def found() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def printed_by_chromium(page: Path, target: Path) -> str:
    """Print one page into a PDF; return why that was not possible, or nothing."""
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", "--generate-pdf-document-outline"]
    options += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [found(), *options, f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"Chromium did not finish printing within {SECONDS} s: please run this again on a quieter machine."
    return "" if target.exists() else f"Chromium did not print the book. It says:\n{done.stderr[-500:]}"
