"""What is packed for the pages of the book, without a browser."""

import re

from book.pack import INSTRUMENTS, live_script


def test_what_a_page_loads_is_one_classic_script_that_asks_nobody():
    """A page from a folder may load neither modules nor data; and what is drawn stays where it is."""
    text = live_script()
    assert not re.search(r"^\s*(import|export)\b|\bfetch\(|XMLHttpRequest|https?://|sendBeacon|WebSocket", text, re.M)
    assert text.count("function render(") == text.count("return render;") == len(INSTRUMENTS)
