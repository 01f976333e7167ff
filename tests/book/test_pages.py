"""The built book, as a reader meets it: no other host, no dead link, on a phone, in the dark, searched and printed."""

import os
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from book import pdf
from tests.browser import CHROMIUM, axe, chromium

pytestmark = pytest.mark.long
WITH_BROWSER = pytest.mark.skipif(not CHROMIUM and not os.environ.get("NEEDS_CHROMIUM"), reason="there is no Chromium")
#: One of each kind of page.
KINDS = [
    "index",
    "notebooks/00_start_here",
    "notebooks/02_a_layer_that_learns",
    "notebooks/coursework/README",
    "notebooks/coursework/practice/1_the_data",
    "glossary",
    "attributions",
    "search",
    "files/helpers/lenet.py",
]
#: The ground of each theme, and what axe-core looks for there: in the dark, all that can be different.
COLOURS = {"light": ("rgb(255, 255, 255)", ""), "dark": ("rgb(19, 20, 22)", "{runOnly: ['color-contrast']}")}


@pytest.fixture(scope="module")
def soups(pages) -> dict[str, BeautifulSoup]:
    """Every page, by its path."""
    found = {}
    for path in pages.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(pages).as_posix()] = BeautifulSoup(text, "html.parser")
    return found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def test_pages_load_nothing_from_another_host(pages, soups):
    for name, soup in soups.items():
        loaded = soup.select("[src], link[rel~=stylesheet], link[rel~=icon], link[rel~=preload]")
        assert len(loaded) > 4, name
        for each in loaded:
            address = each.get("src") or each["href"]
            assert not urlsplit(address).netloc and not urlsplit(address).scheme, (name, address)
    for path in pages.rglob("*.css"):
        named = re.findall(r"""(?:url\(|@import )\s*["']?([^"')]+)""", path.read_text(encoding="utf-8"))
        assert not [each for each in named if "//" in each and not each.startswith("data:")], path


def test_links_lead_to_what_is_there(soups, pages):
    seen = 0
    for name, soup in soups.items():
        for link in soup.select("a[href], img[src]"):
            parts = urlsplit(link.get("href") or link["src"])
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            path = (
                unquote(posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path))) if parts.path else name
            )
            assert (pages / path).is_file(), (name, path)
            assert not path.endswith((".ipynb", ".md")), (name, path)
            if parts.fragment and path in soups:
                assert soups[path].find(id=unquote(parts.fragment)), (name, path, parts.fragment)
            seen += 1
    assert seen > 2000


def test_the_whole_course_is_in_the_book(soups):
    sidebar = {link["href"] for link in soups["index.html"].select(".sidebar-tree a")}
    for path in [f"notebooks/{number:02}_" for number in range(11)] + [
        "notebooks/coursework/practice/4",
        "CONTRIBUTING",
    ]:
        assert [each for each in sidebar if each.startswith(path)], path
    assert {"glossary.html", "exercises.html", "attributions.html", "notebooks/coursework/README.html"} <= sidebar


def test_solutions_stay_folded_and_figures_have_their_alternative(soups):
    lessons = [soup for name, soup in soups.items() if re.match(r"notebooks/\d", name)]
    folded = [each for soup in lessons for each in soup.select("article details")]
    assert len(folded) > 90 and not [each for each in folded if each.has_attr("open")]
    figures = [each for soup in lessons for each in soup.select("article img")]
    assert len(figures) > 80 and all(len(each["alt"]) > 20 for each in figures)
    assert [each for soup in lessons for each in soup.select("article math")]


def test_the_first_page_weighs_less_than_a_megabyte_and_a_half(pages, soups):
    loaded = [each.get("src") or each["href"] for each in soups["index.html"].select("[src], link[rel~=stylesheet]")]
    weight = sum((pages / each.partition("?")[0]).stat().st_size for each in {"index.html", *loaded})
    assert weight < 1.5e6, weight


@WITH_BROWSER
@pytest.mark.parametrize("scheme", COLOURS)
def test_no_page_has_what_a_screen_reader_or_a_keyboard_cannot_use(address, browser, scheme):
    page, source = browser.new_page(color_scheme=scheme), axe()
    ground, rules = COLOURS[scheme]
    for name in KINDS:
        assert page.goto(f"{address}{name}.html").ok
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        page.evaluate(source)
        found = page.evaluate(f"axe.run({rules})")["violations"]
        assert not found, (name, [(each["id"], each["nodes"][0]["html"]) for each in found])
    page.close()


@WITH_BROWSER
def test_a_phone_shows_every_page_without_moving_it_sideways_and_asks_no_other_host(address, browser, soups):
    page, asked = browser.new_page(viewport={"width": 390, "height": 844}), []
    page.on("request", lambda request: asked.append(request.url))
    for name in soups:
        page.goto(f"{address}{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert len(asked) > 100
    assert not [each for each in asked if not each.startswith((address, "data:", "blob:"))]
    page.close()


@WITH_BROWSER
def test_the_book_is_searched_and_paged_from_a_folder(pages: Path, browser):
    page, problems = browser.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{(pages / 'search.html').as_uri()}?q=convolution")
    page.locator("#search-results li a", has_text="Build LeNet-5").first.click()
    page.wait_for_url("**/03_build_lenet5.html*")
    page.locator(".related-pages .next-page").click()
    page.wait_for_url("**/04_train_and_evaluate.html")
    assert not problems
    page.close()


@WITH_BROWSER
def test_the_print_has_every_page_and_what_was_folded_stands_at_its_end(pages, tmp_path):
    whole = pdf.Whole(pages)
    soup = BeautifulSoup(whole.page(), "html.parser")
    ids = [each["id"] for each in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)) and not soup.find("details")
    assert not soup.select(".live") and not soup.find("a", string="contents")
    assert not [link["href"] for link in soup.select('a[href^="#"]') if link["href"][1:] not in ids]
    assert not [each["src"] for each in soup.find_all("img") if not (pages / each["src"]).is_file()]
    short = ("index.html", "notebooks/00_start_here.html")
    few = {name: number for name, number in whole.numbers.items() if name in short}
    whole.numbers, whole.folded = few, []
    (pages / "few.html").write_text(whole.page(), encoding="utf-8")
    try:
        assert not pdf.printed_by_chromium(pages / "few.html", tmp_path / "few.pdf")
    finally:
        (pages / "few.html").unlink()
    printed = (tmp_path / "few.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", printed)) < 11  # the sections of a page run on


def test_without_a_browser_the_print_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    assert "none was found" in pdf.to_pdf(tmp_path, tmp_path / "course.pdf")
    assert not (tmp_path / "course.pdf").exists()
