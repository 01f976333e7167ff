"""What Sphinx is told about the book; `book/build.py` starts it. No extension runs a cell, and none asks a network."""

from pathlib import Path

from book import formulas

project = "Reading handwriting"
author = "the authors of this course"
copyright = "the authors of this course. Text and figures: CC BY 4.0. Code: MIT"
language = "en-GB"
extensions = ["myst_nb"]
exclude_patterns = []

# The notebooks stand in the book as they are stored.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # myst-nb would ask a server for them
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "book.sources.anchor"  # as JupyterLab makes them

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # a page in a folder may not fetch what it found
# Greys that keep the contrast that WCAG asks for, in both themes.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "light_css_variables": {"color-foreground-muted": "#595f69", "color-brand-content": "#0a50a1"},
    "dark_css_variables": {"color-foreground-muted": "#a3a9b3"},
}
html_math_renderer = "mathml"


def setup(app) -> None:
    """Join what the book adds to Sphinx."""
    formulas.add_mathml(app)
    app.connect("html-page-context", bring_to_life)


def bring_to_life(app, page: str, template: str, context: dict, _: object) -> None:
    """Load what makes instruments live, on the pages that have one."""
    if (
        "data-instrument=" in context.get("body", "")
        and (Path(app.config.html_static_path[0]) / "live/live.js").exists()
    ):
        app.add_js_file("live/live.js", defer="defer")
        app.add_css_file("live/live.css")
