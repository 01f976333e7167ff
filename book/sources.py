"""Gather the pages of the book: notebooks as they are stored, guides, and lists that are made from them.

What Sphinx reads is a copy of the course's pages under their own paths, so that links from page to page stay as they
are. In the copy, pictures are files instead of text, an instrument has a place in which it can come to life, and a file
of the course that a page names has a page of its own.
"""

import ast
import base64
import hashlib
import html
import json
import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup

from book import glossary
from helpers import ROOT
from tools.address import FETCH

#: The pages of the course, in the order of the book.
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
ASSIGNMENTS = sorted((ROOT / "notebooks/coursework/practice").glob("*.ipynb"))
GUIDES = [
    ROOT / "notebooks/coursework/README.md",
    *sorted((ROOT / "notebooks/coursework/guide").glob("*.md")),
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "my_digits/README.md")
    ),
]
FENCED = re.compile(r"^(`{3,}).*?^\1`*\s*?$", re.M | re.S)
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")
NAMED = re.compile(r"(?<![\[`])`([\w./-]+\.\w+)`(?!`)")
EXERCISE = re.compile(r"^## (✎ Exercise ([\d.]+)\s*\((.*)\))$", re.M)
PICTURE = re.compile(r'<img src="data:image/png;base64,([^"]+)"')
LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml", ".js": "js", ".css": "css", ".yml": "yaml"}


class Gathering:
    """The copy that Sphinx reads: `pages`, and `figures` for the pictures of all outputs."""

    def __init__(self, pages: Path, figures: Path) -> None:
        self.pages, self.figures = pages, figures
        self.known = {*LESSONS, *ASSIGNMENTS, *GUIDES}
        figures.mkdir(parents=True)

    def write(self, path: str, text: str) -> None:
        target = self.pages / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    # --- Text -----------------------------------------------------------------------------------------------------

    def linked(self, text: str, folder: Path) -> str:
        """Return Markdown in which each file of the course that it links to or names leads to a page."""

        def outside(part: str) -> str:
            part = LINK.sub(lambda found: self.target(found[1], folder), part)
            return NAMED.sub(lambda found: self.named(found[1], folder), part)

        pieces, at = [], 0
        for fence in FENCED.finditer(text):
            pieces += [outside(text[at : fence.start()]), fence.group()]
            at = fence.end()
        return "".join([*pieces, outside(text[at:])])

    def target(self, link: str, folder: Path) -> str:
        """Return where a link leads in the book."""
        path = (folder / link).resolve()
        if path in self.known or not path.is_relative_to(ROOT):
            return link
        if path.suffix in (".png", ".jpg"):
            target = self.pages / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            return link
        return self.page_of(path, folder) if path.is_file() else link

    def named(self, name: str, folder: Path) -> str:
        """Return a name in the text as a link, if it is that of a file of the course."""
        path = (ROOT / name).resolve()
        if "/" not in name or not path.is_file() or path.suffix not in {*LANGUAGES, ".md", ".txt"}:
            return f"`{name}`"
        page = self.relative(path, folder) if path in self.known else self.page_of(path, folder)
        return f"[`{name}`]({page})"

    def relative(self, path: Path, folder: Path) -> str:
        return "../" * len(folder.relative_to(ROOT).parts) + path.relative_to(ROOT).as_posix()

    def page_of(self, path: Path, folder: Path) -> str:
        """Write the page of a file of the course, if it is not yet written; return the link to it."""
        name = path.relative_to(ROOT).as_posix()
        page = f"files/{name.lstrip('.')}.md"  # a server may leave out what begins with a dot
        text = path.read_text(encoding="utf-8").rstrip()
        code = f"``````{LANGUAGES.get(path.suffix, 'text')}\n{text}\n``````"
        self.write(page, f"---\norphan: true\n---\n\n# `{name}`\n\nA file of the course.\n\n{code}\n")
        return self.relative(ROOT / page, folder)

    # --- Notebooks ------------------------------------------------------------------------------------------------

    def notebook(self, path: Path) -> None:
        """Copy a notebook, with its pictures as files and its instruments ready to live."""
        notebook = json.loads(path.read_text(encoding="utf-8"))
        # nothing is fetched here, and nothing looked for
        notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in (FETCH, "course")]
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = self.linked("".join(cell["source"]), path.parent)
            for output in cell.get("outputs", []):
                page = output.get("data", {}).get("text/html")
                if page:
                    output["data"] = {"text/html": self.output("".join(page), "".join(cell["source"]), path)}
        self.write(path.relative_to(ROOT).as_posix(), json.dumps(notebook, ensure_ascii=False))

    def output(self, page: str, source: str, path: Path) -> str:
        """Return an output of a cell as it stands in the book."""
        up = "../" * (len(path.relative_to(ROOT).parts) - 1)
        page = PICTURE.sub(lambda found: f'<img loading="lazy" src="{up}{self.figure(found[1])}"', page)
        return with_place(page, source) if 'class="still-instrument"' in page else page

    def figure(self, code: str) -> str:
        """Write a picture beside the pages; return its path from there."""
        data = base64.b64decode(code)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.png"
        (self.figures / name).write_bytes(data)
        return f"_static/figures/{name}"


def with_place(page: str, source: str) -> str:
    """Return the still picture of an instrument in the element in which the page's script can bring it to life.

    The element names the instrument and what the cell asks of it; a quiz has its questions there.
    """
    soup = BeautifulSoup(page, "html.parser")
    still = soup.find(class_="still-instrument")
    call = ast.parse(source).body[-1].value
    name = call.func.id
    promise = still.find_all("p")[-1].extract().get_text().split(":", 1)[1].strip()
    if name == "quiz":
        return marker("Quiz", {"name": call.args[0].value, "questions": questions(still)}, still.decode_contents())
    asked = {each.arg: each.value.value for each in call.keywords if isinstance(each.value, ast.Constant)}
    note = f"<p><em>A still picture. In JupyterLab, and where this page can run it, it is alive: {promise}</em></p>"
    return marker(name, asked, still.decode_contents() + note)


def marker(name: str, asked: dict, still: str) -> str:
    data = html.escape(json.dumps(asked, ensure_ascii=False))
    return f'<div class="instrument" data-instrument="{name}" data-asked="{data}">{still}</div>'


def questions(still: BeautifulSoup) -> list[dict]:
    """Return the questions of a quiz, as its script wants them, from its still picture."""
    found = []
    asked, options, answers = still.find_all("p")[::3], still.find_all("p")[1::3], still.find_all("p")[2::3]
    for question, lines, said in zip(asked, options, answers, strict=True):
        texts, remarks = (re.split(r"(?:^|<br/?>)[a-z]\) ", each.decode_contents())[1:] for each in (lines, said))
        plain = [BeautifulSoup(text, "html.parser").get_text() for text in texts]
        rows = zip(plain, texts, remarks, strict=True)
        text = question.b.decode_contents().split(". ", 1)[1]
        found.append(
            {
                "name": question.get_text().split(". ", 1)[1],
                "text": text,
                "options": [dict(zip(("name", "text", "said"), row, strict=True)) for row in rows],
            }
        )
    return found


# --- Lists -----------------------------------------------------------------------------------------------------------


def cells_of(path: Path) -> list[str]:
    """Return the texts of a notebook, cell by cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as JupyterLab makes it: a link to a section works in both."""
    return heading.replace(" ", "-")


def list_of_exercises() -> str:
    """Return the page that lists all exercises, with their minutes."""
    lines = ["# Exercises", "", "All exercises of the lessons, where they stand, and how long each takes."]
    for path in LESSONS:
        texts = cells_of(path)
        lines += ["", f"## {texts[0].splitlines()[0].removeprefix('# ')}", ""]
        for text in texts:
            for heading in EXERCISE.finditer(text):
                task = re.sub(r"\s+", " ", text[heading.end() :].strip().split("\n\n")[0])
                link = f"notebooks/{path.name}#{anchor(heading[1])}"
                lines.append(f"- [Exercise {heading[2]}](<{link}>) ({heading[3]}): {task}")
    return "\n".join([*lines, ""])


def typefaces() -> str:
    """Return a table of the typefaces along which `tools/pens.py` draws, with their licences."""
    groups = ast.parse((ROOT / "tools/pens.py").read_text(encoding="utf-8")).body
    found = {}
    for node in groups:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("SAMPLES", "TRAINING", "HELD_OUT"):
            found |= {name: licence for name, (licence, _) in ast.literal_eval(node.value).items()}
    rows = [f"| {name.replace('-', ' ').title()} | {licence} |" for name, licence in sorted(found.items())]
    return "\n".join(["| Typeface | Licence |", "|---|---|", *rows])


def gather(pages: Path, figures: Path) -> None:
    """Write the copy that Sphinx reads into `pages`, and the pictures of all outputs into `figures`."""
    gathering = Gathering(pages, figures)
    for path in (*LESSONS, *ASSIGNMENTS):
        gathering.notebook(path)
    for path in GUIDES:
        text = gathering.linked(path.read_text(encoding="utf-8"), path.parent)
        gathering.write(path.relative_to(ROOT).as_posix(), text)
    gathering.write("exercises.md", list_of_exercises())
    gathering.write("glossary.md", glossary.page({path: cells_of(path) for path in LESSONS}))
    first = ROOT / "book/live/first_page.html"
    living = f"```{{raw}} html\n{first.read_text(encoding='utf-8')}\n```" if first.exists() else ""
    for path in (ROOT / "book/pages").glob("*.md"):
        text = gathering.linked(path.read_text(encoding="utf-8"), ROOT)
        text = text.replace("<!-- first_page.html -->", living).replace("<!-- typefaces -->", typefaces())
        gathering.write(path.name, text)
