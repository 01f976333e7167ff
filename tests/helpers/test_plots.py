"""Figures: sharp, at their width, and with a text alternative that reaches the reader."""

import base64
import html
import io
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from helpers.plots import DPI, figure_bundle, show, show_against_work

TEXT = 'a line that rises, "steeply" & <fast>, from 1 to 2.'


def line() -> plt.Figure:
    figure, axes = plt.subplots(figsize=(4, 2))
    axes.plot([1, 2])
    return figure


def test_a_figure_is_stored_at_twice_the_dots_that_it_is_shown_at():
    page = figure_bundle(line(), TEXT)["text/html"]
    plt.close()
    png, width = re.search(r'base64,(.*?)".* width="(\d+)"', page).groups()
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    assert abs(picture.width - 2 * int(width)) <= 1
    assert abs(picture.width - 2 * DPI * 4) < 2 * DPI, "about four inches"


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_the_text_stands_in_an_exported_page(template, monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.plots.display", lambda data, raw: shown.append(new_output("display_data", data)))
    line()
    show(TEXT)
    cell = new_code_cell("show()", outputs=shown)
    page, _ = HTMLExporter(template_name=template).from_notebook_node(new_notebook(cells=[cell]))
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(page)
    (image,) = (attributes for tag, attributes in found if tag == "img")
    assert image["alt"] == TEXT
    assert f"<em>Figure: {html.escape(TEXT, quote=False)}</em>" in page, "for those who see it"


def test_work_and_errors_are_drawn_where_they_are(monkeypatch):
    drawn = []
    monkeypatch.setattr("helpers.plots.show", lambda text: drawn.append(plt.gcf()))
    show_against_work({"small": (1e4, 5, 4, 6), "large": (1e6, 1)}, "errors (%)", left=["small"], text=TEXT)
    (axes,) = drawn[0].axes
    assert {text.get_text() for text in axes.texts} == {"small: 5", "large: 1"}
    assert {tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() in "os"} == {(1e4, 5), (1e6, 1)}
    assert axes.get_xscale() == axes.get_yscale() == "log" and list(axes.get_yticks()) == [1, 2, 3, 5]
    plt.close("all")
