"""Build the book: the course as pages for any screen, from the notebooks as they are stored.

python3 course.py book            book/_build/html
python3 course.py book --open     the same, and shows it in the browser, on this machine alone
python3 course.py book --pdf      the same, and prints it: book/_build/course.pdf
"""

import argparse
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import time
import webbrowser

from sphinx.cmd.build import main as sphinx

from book import formulas, pdf, sources
from helpers import ROOT

BOOK = ROOT / "book"
BUILD = BOOK / "_build"
PAGES = BUILD / "html"
#: What axe-core finds in pages of this theme, and what it has to be instead.
MENDED = {
    r'<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    r'<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="the book">',
    r'<aside class="toc-drawer': '<aside aria-label="this page" class="toc-drawer',
    r'<article role="main" id="furo-main-content">(?=\s*<noscript>)': r"\g<0><h1>Search</h1>",
    r"<thead>\s*<tr[^>]*>(\s*<th[^>]*><p></p></th>)+\s*</tr>\s*</thead>": "",  # Markdown has no table without a heading
    r"<th([^>]*)><p></p></th>": r"<td\1></td>",
}


def build() -> int:
    """Build the pages into PAGES; return what Sphinx returns: 0, or not when it warned of something."""
    shutil.rmtree(BUILD, ignore_errors=True)  # what is no longer in the course is no longer in the book
    static = BUILD / "static"  # what is made for the pages, and what is written for them
    shutil.copytree(BOOK / "static", static)
    if (BOOK / "pack.py").exists():  # it asks the helpers, which live in the students' environment
        subprocess.run([os.environ["COURSE_PYTHON"], "-m", "book.pack", static / "live"], cwd=ROOT, check=True)
    sources.gather(BUILD / "sources", figures=static / "figures")
    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", str(BOOK), "-d", str(BUILD / "doctrees")]
    if problem := sphinx([*options, "-D", f"html_static_path={static}", str(BUILD / "sources"), str(PAGES)]):
        return problem
    formulas.write_font(PAGES, PAGES / "_static" / "formulas.woff")
    for page in PAGES.rglob("*.html"):
        page.write_text(mended(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def mended(page: str) -> str:
    """Return a page without what its theme and its tables hide from a screen reader."""
    for wrong, right in MENDED.items():
        page = re.sub(wrong, right, page, flags=re.S)
    return page


def show_pages() -> None:
    """Show the pages in the browser until the reader stops it; only this machine can ask for them."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=PAGES)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"The book is at {address} until you press Ctrl-C here.", flush=True)
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py book", description=__doc__.splitlines()[0])
    parser.add_argument("--open", action="store_true", help="show it in the browser, on this machine alone")
    parser.add_argument("--pdf", action="store_true", help="print it with Chromium into one PDF")
    wanted, begin = parser.parse_args(arguments), time.monotonic()
    if build():
        print("The book was built with the warnings above, which a reader would meet as faults: please mend them.")
        return 1
    print(f"The book is in {PAGES.relative_to(ROOT).as_posix()} ({time.monotonic() - begin:.0f} s).", flush=True)
    if wanted.pdf and (problem := pdf.to_pdf(PAGES, BUILD / "course.pdf")):
        print(problem)
        return 1
    if wanted.open:
        show_pages()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
