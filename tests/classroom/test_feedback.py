"""Pages of feedback show what a student wrote, and nothing of it runs, loads or sends."""

import html.parser
import http.server
import re
import shutil
import threading

import pytest
from playwright.sync_api import sync_playwright

from classroom import feedback
from tests.browser import CHROMIUM
from tests.classroom.payloads import PAYLOADS

HEAD = "<!DOCTYPE html><html><head><title>nb</title><style>p { color: black }</style></head>"
PAGE = HEAD + "<body>\n<h4>1</h4>%s</body></html>"
DEAD = re.compile(r"javascript:|^data:(?!image/(png|jpeg|gif|webp);base64,)", re.IGNORECASE)


class Reader(html.parser.HTMLParser):
    """Collects the tags below <body>, and what they carry."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(page[page.index("<body>") + len("<body>") :])

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_page_holds_no_more_than_text_and_pictures(payload):
    for text in (payload, f"<p>before</p>{payload}<p>after</p>", f"<div><pre>{payload}</pre></div>"):
        page = feedback.inert(PAGE % text, "<p>Anna</p>")
        assert f'content="{feedback.POLICY}"' in page.partition("<style")[0]
        for tag, attributes in Reader(page).found:
            assert tag in feedback.TAGS, (tag, page)
            for name, value in attributes.items():
                assert not name.startswith("on") and not DEAD.search(value or ""), (tag, name, value)
            assert "url" not in attributes.get("style", "") and not attributes.get("src", "").startswith("http")


@pytest.mark.parametrize(
    "text",
    [
        '<h2 id="a">Zoë &lt; 3</h2>',
        '<table><tbody><tr><td class="x">1</td></tr></tbody></table>',
        '<pre><span class="k">def</span></pre>',
        '<img src="data:image/png;base64,iVBORw0KGgo=" alt="a digit">',
        '<p style="color: red;">r</p>',
        '<a href="https://example.org">link</a><a href="#a">up</a>',
    ],
)
def test_what_a_page_is_for_stays(text):
    page = feedback.inert(PAGE % text, "<p>Anna</p>")
    assert Reader(PAGE % text).found == Reader(page.replace("<p>Anna</p>", "")).found
    assert "<p>Anna</p>" in page and "p { color" in page and page.count("position") == 1
    assert re.sub("<.*?>", "", text) in re.sub("<.*?>", "", page)


def test_a_style_moves_nothing_over_the_marks():
    page = feedback.inert(PAGE % '<p style="color: red; position: fixed">r</p>', "")
    assert "position: fixed" not in page and "position: static !important" in page, "classes of the page could, too"


def test_a_name_is_only_a_name():
    top = feedback.top_of({"student": "<script>x</script>", "file": "a&b<i>.ipynb"}, {})
    assert "<script>" not in top and "&lt;script&gt;" in top and "<i>" not in top


def test_what_waits_stands_on_top():
    marks = {"part_3_5": {"waits": True}, "part_3_1": {"waits": False}}
    assert "so far: 3.5." in feedback.top_of({"student": "a", "file": "b"}, marks)


ASKED: list[str] = []


class Listens(http.server.BaseHTTPRequestHandler):
    """Notes what a page asks for."""

    def do_GET(self):
        ASKED.append(self.path)
        self.send_error(404)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium")
def test_no_payload_does_anything_in_a_browser(tmp_path):
    """Neither on a cleaned page, nor on one with the policy alone; and most do it on a page with neither."""
    assert len(PAYLOADS) >= 30 and shutil.which(CHROMIUM)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listens) as server, sync_playwright() as player:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()

        def hits(text: str) -> bool:
            """Return whether a page did anything when it is opened, and when what can be clicked is clicked."""
            (tmp_path / "page.html").write_text(
                text.replace("127.0.0.1:9", f"127.0.0.1:{server.server_port}"), encoding="utf-8"
            )
            ASKED.clear()
            page.goto((tmp_path / "page.html").as_uri(), wait_until="commit")
            page.wait_for_timeout(150)
            for each in page.query_selector_all("a, button"):
                each.dispatch_event("click")
                page.wait_for_timeout(100)
            return page.title() == "hit" or bool(ASKED)

        policy = f'<meta http-equiv="Content-Security-Policy" content="{feedback.POLICY}">'
        alone = [payload for payload in PAYLOADS if hits(PAGE % payload)]
        cleaned = [each for each in PAYLOADS if hits(feedback.inert(PAGE % each, "").replace(policy, ""))]
        by_policy = [each for each in alone if hits(PAGE.replace("<head>", "<head>" + policy) % each)]
        browser.close()
        server.shutdown()
    assert len(alone) >= 25, "the payloads do nothing even where nothing stops them"
    assert not cleaned
    assert set(by_policy) <= {each for each in PAYLOADS if "refresh" in each}, (
        "a policy does not stop a page from leaving"
    )
