"""Figures: sharp, at their width, and with a text alternative that reaches the reader."""

import base64
import html
import io
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from helpers.lenet import lenet5
from helpers.plots import (
    DPI,
    figure_bundle,
    marked,
    show,
    show_against_work,
    show_answers,
    show_architecture,
    show_maps,
    show_pictures,
)
from helpers.plots import show_turned

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


def drawn(monkeypatch, draw, *arguments):
    """Return the axes of what a function draws."""
    found = []
    monkeypatch.setattr("helpers.plots.show", lambda text: found.append(plt.gcf()))
    draw(*arguments, text=TEXT)
    axes = found[0].axes
    plt.close("all")
    return axes


@pytest.mark.parametrize(("lowest", "limits"), [(0, (0, 4)), (-2, (-4, 4))])
def test_maps_share_one_scale_in_which_zero_is_white_or_grey(monkeypatch, lowest, limits):
    maps = [np.full((3, 3), lowest), np.full((3, 3), 4), np.ones((3, 3))]
    axes = drawn(monkeypatch, show_maps, maps, range(1, 4), 2)
    assert [each.images[0].get_clim() for each in axes if each.images] == [limits] * 3
    assert [each.get_title() for each in axes] == ["1", "2", "3", ""]


def test_answers_stand_below_their_digits(monkeypatch):
    probabilities = np.eye(10)[[3, 7]]
    axes = drawn(monkeypatch, show_answers, np.zeros((2, 28, 28)), probabilities, ["a", "b"])
    assert [each.get_title() for each in axes[:2]] == ["a", "b"]
    assert [[bar.get_width() for bar in each.patches] for each in axes[2:]] == probabilities.tolist()


def test_the_architecture_is_drawn_to_scale_with_what_each_unit_sees(monkeypatch):
    (axes,) = drawn(monkeypatch, show_architecture, lenet5())
    sides = [each.get_width() for each in axes.patches if each.get_fill() and each.get_facecolor()[0] > 0.9]
    assert {side: sides.count(side) for side in set(sides)} == {28: 7, 14: 6, 10: 16, 5: 16, 1: 120 + 84 + 10}
    windows = [each.get_width() for each in axes.patches if not each.get_fill()]
    assert windows[:9] == [5, 2, 5, 5, 5, 5, 5, 5, 2], "C1's, S2's, six of C3's, S4's"
    assert windows[9:] == [5] * 16 + [10, 7], "all of S4, all of C5, all of F6"
    names = [text.get_text() for text in axes.texts]
    assert names[::2] == ["input", "C1", "S2", "C3", "S4", "C5", "F6", "output"]
    assert names[1::2] == ["28 x 28 x 1", "28 x 28 x 6", "14 x 14 x 6", "10 x 10 x 16", "5 x 5 x 16", "120", "84", "10"]


def test_a_title_says_what_was_read_and_whether_that_is_right():
    assert [marked(5, 5), marked(5, 8), marked(5, -1)] == ["5 as 5 ✓", "5 as 8 ✗", "5 as – ✗"]


def test_titles_touch_no_picture(monkeypatch):
    """Pictures of all shapes and kinds, the titles of two lines."""
    monkeypatch.setattr("helpers.plots.show", lambda text: None)
    pictures = [np.zeros(shape, np.uint8) for shape in ((400, 300, 3), (300, 400), (50, 40))] + [np.eye(90) > 0]
    show_pictures(pictures, ["one line\nand another"] * 4, columns=2, text="four pictures and their titles.")
    figure = plt.gcf()
    figure.canvas.draw()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    titles = [axes.title.get_window_extent() for axes in figure.axes]
    assert not any(title.overlaps(box) for title in titles for box in boxes)
    assert all(figure.bbox.y1 >= title.y1 for title in titles)
    plt.close()


def test_nothing_to_show_is_an_empty_figure(monkeypatch):
    """Nothing was misread, nothing has turned: good news, and no error."""
    monkeypatch.setattr("helpers.plots.show", lambda text: plt.close())
    show_pictures([], text="no picture at all is here.")
    steps = {name: (np.zeros((2, 28, 28)), np.array([1, 2])) for name in ("before", "after")}
    show_turned(steps, np.array([1, 2]), text="nothing has turned between the two.")


def test_what_turned_right_stands_before_what_turned_wrong(monkeypatch):
    monkeypatch.setattr("helpers.plots.show", lambda text: None)
    truth, images = np.array([1, 2, 3, 4]), np.zeros((4, 28, 28))
    steps = {"before": (images, np.array([1, 8, 3, -1])), "after": (images, np.array([7, 2, 3, 4]))}
    show_turned(steps, truth, text="above before, below after a repair.")
    titles = [axes.get_title() for axes in plt.gcf().axes]
    assert titles == ["2 as 8 ✗", "4 as – ✗", "1 as 1 ✓", "2 as 2 ✓", "4 as 4 ✓", "1 as 7 ✗"]
    plt.close()
