"""The notebooks as they are stored: clean, complete, and the same code as in helpers.

nbval runs them (see pyproject.toml); here is what nbval does not look at.
"""

import ast
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from helpers import ROOT
from tests.test_house import IMPORTS
from tools.address import CELL, FETCH, repository
from tools.run_notebooks import course_notebooks, normalise, title_of, with_links

# Cells whose printed text is not compared with a new run, and why. Every other cell that prints is compared.
NOT_COMPARED = {
    "check-the-machine": "depends on the reader's machine: test_machine.py covers it",
    "train-layer": "an accuracy depends on the processor: the cell `layer-gain-band` asserts its range",
    "layer-gain": "which mistakes are made depends on the processor: the cell `layer-gain-band` asserts a range",
    "layer-shifts": "an accuracy depends on the processor: the cell `layer-shifts-band` asserts its range",
    "shift-table": "accuracies depend on the processor: the cell `shift-band` asserts their order and ranges",
    "untrained": "a loss depends on the processor: the cell `step-band` asserts its range",
    "slope-by-hand": "a slope depends on the processor: the cell `step-band` compares it with the tape's",
    "slope-by-tape": "a slope depends on the processor: the cell `step-band` compares it with the measured one",
    "one-step-used": "a loss depends on the processor: the cell `step-band` asserts where it rises and falls",
    "validation-accuracy": "an accuracy depends on the processor: the cell `epochs` asserts its range",
    "evaluate": "an accuracy depends on the processor: the cell `band` asserts its range",
    "interval-used": "an accuracy depends on the processor: the cell `band` asserts its range",
    "most-confused": "which mistakes are made depends on the processor",
    "mistakes-figure": "which mistakes are made depends on the processor",
    "patients": "losses depend on the processor: the cell `patients-band` asserts ranges",
    "reliability": "probabilities depend on the processor: the cell `ece-band` asserts ranges",
    "ece": "probabilities depend on the processor: the cell `ece-band` asserts a range",
    "refusal-table": "which mistakes are left depends on the processor: the cell `refusal-band` asserts a range",
    "scenes-table": "a digit in doubt depends on the processor: the cell `scenes-band` asserts a range",
    "nonsense-sure": "probabilities depend on the processor: the cell `refusal-band` asserts a range",
    "refused-table": "probabilities depend on the processor: the cell `refused-band` asserts ranges",
    "own-page": "depends on the reader's own page",
    "own-page-shown": "depends on the reader's own page",
    "own-page-rate": "depends on the reader's own page",
    "correlations": "correlations of maps depend on the processor: the cell `correlations-band` asserts a range",
    "hands-read": "which digits are misread depends on the processor: the cell `hands-band` asserts a range",
    "strangers-table": "probabilities depend on the processor: the cell `final-band` asserts a range",
    "temperature-table": "probabilities depend on the processor: the cell `temperature-band` asserts a range",
    "final-table": "scores depend on the processor: the cell `final-band` asserts a range",
    "vote": "which mistakes are made depends on the processor: the cell `vote-band` asserts ranges",
    "test-result": "which mistakes are made depends on the processor: the cell `test-record` asserts a band",
    "averaging-said": "which mistakes are made depends on the processor: the cell `averaging-band` asserts their order",
    "race-said": "which mistakes are made depends on the processor: the cell `race-band` asserts the order",
    "pupils-said": "which mistakes are made depends on the processor: the cell `pupils-band` asserts their order",
    "on-paper": "which mistakes are made depends on the processor: the cell `on-paper-band` asserts their share",
    "sweep": "seconds are those of the machine: the cell `sweep-band` asserts that the results are the same",
    "dask": "depends on whether dask is installed, and on its port",
    "two-processes": "seconds are those of the machine: the cell `two-processes-band` compares the weights",
    "speed-up": "its figure is of the seconds of the machine",
    "one-picture": "seconds are those of the machine",
    "on-paper-day": "cores by the machine's seconds: Exercise 11.3 checks the sum",
    "my-digits": "depends on the reader's own pictures",
    "my-score": "depends on the reader's own pictures",
}
NOTEBOOKS = course_notebooks()
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def prints(cell) -> bool:
    """Does the cell leave text that a reader reads? (A figure's own text and a widget are not compared.)"""
    return any(
        output.output_type == "stream" or set(output.get("data", {})) == {"text/plain"} for output in cell.outputs
    )


def test_all_notebooks_are_found():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(12)]


@every_notebook
def test_stored_as_run_once_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), "run `python3 course.py notebooks`"


@every_notebook
def test_a_cell_fetches_the_course_where_a_notebook_came_alone_and_where_it_has_an_address(path):
    address = repository()
    fetches = [cell.source for cell in code_cells(path) if cell.id == FETCH]
    assert fetches == ([CELL.format(address=address)] if address else []), "`course.py notebooks --links`"


@every_notebook
def test_no_errors_no_stderr_no_absolute_paths(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", f"{cell.id}: {output.get('evalue')}"
            assert output.get("name") != "stderr", f"{cell.id}: {output.get('text')}"
            text = re.sub('base64,[^"]*', "", "".join(map(str, output.get("data", {}).values())))
            text += output.get("text", "") + cell.source
            assert not re.search(r"(?<![\w.:/])/(?:tmp|home|root|Users|var|opt|mnt|work)/|[A-Z]:\\\\", text), cell.id


@every_notebook
def test_every_cell_that_prints_is_compared_or_excused(path):
    for cell in code_cells(path):
        if prints(cell) and cell.id not in NOT_COMPARED:
            assert "nbval-check-output" in tags(cell), f"{cell.id} prints, but its text is not compared"
        if cell.id in NOT_COMPARED:
            assert "nbval-check-output" not in tags(cell), f"{cell.id} is compared and excused"


def test_no_excuse_without_a_cell():
    assert set(NOT_COMPARED) <= {cell.id for path in NOTEBOOKS for cell in code_cells(path)}


@every_notebook
def test_every_figure_has_a_text_alternative(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert "image/png" not in output.get("data", {}), f"{cell.id}: a bare PNG, whose text nobody hears"
            for image in re.findall("<img [^>]*>", output.get("data", {}).get("text/html", "")):
                text = re.search('alt="([^"]*)"', image)
                assert text and len(text[1].split()) >= 5, f"{cell.id}: a figure without a sentence on what it shows"


@every_notebook
def test_every_picture_of_an_exported_page_has_its_text(path):
    """By the template of File → Save and Export Notebook As → HTML, instruments' and quizzes' stills included."""
    page, _ = HTMLExporter(template_name="lab").from_filename(str(path))
    images = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: images.append(dict(attributes)) if tag == "img" else None
    parser.feed(page)
    assert images and "No description has been provided" not in page
    for image in images:
        assert len((image.get("alt") or "").split()) >= 5, image.get("alt")


@every_notebook
def test_no_empty_cells(path):
    assert all(cell.source.strip() for cell in nbformat.read(path, as_version=4).cells)


@every_notebook
def test_smaller_than_three_megabytes(path):
    assert path.stat().st_size < 3_000_000


@every_notebook
def test_stored_as_the_tool_would_store_it(path):
    """No versions, times or widget states in it; otherwise a run on another machine changes it."""
    text = path.read_text(encoding="utf-8")
    assert text == nbformat.writes(with_links(normalise(nbformat.reads(text, as_version=4)), path)) + "\n"


@every_notebook
def test_links_lead_to_files(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for target in re.findall(r"\]\(([\w./-]+)(?:#[^)]*)?\)", cell.source):
            assert (path.parent / target).exists(), f"{cell.id} links to {target}"


PROSE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "notebooks/coursework/README.md")]
PROSE += sorted((ROOT / "notebooks" / "coursework" / "guide").glob("*.md"))


def prose_of(path: Path) -> str:
    """Return what a page says: a notebook's text and code, or a file of Markdown."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PROSE], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_path_in_prose_leads_somewhere(path):
    text = prose_of(path)
    for found in re.findall(r"`((?:helpers|tools|classroom|data|notebooks|tests|docs|my_digits)/[\w./-]+)`", text):
        assert (ROOT / found).exists(), found
    for found in re.findall(r"-m ((?:tools|classroom|helpers)[\w.]*)", text):
        file = ROOT / found.replace(".", "/")
        assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), found


def sections_of(path: Path) -> list[str]:
    """Return the numbers of a notebook's sections, as they stand."""
    return re.findall(r"^## (\d+\.\d+) ", prose_of(path), re.MULTILINE)


@every_notebook
def test_sections_and_exercises_are_numbered_from_1_under_the_notebooks_number(path):
    mine = int(path.stem[:2])
    for numbers in (sections_of(path), re.findall(r"^## ✎ Exercise (\d+\.\d+) ", prose_of(path), re.MULTILINE)):
        assert numbers == [f"{mine}.{number}" for number in range(1, len(numbers) + 1)] != []


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PROSE], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_references_lead_to_notebooks_and_sections_that_there_are(path):
    text = prose_of(path)
    there = {each.stem[:2] for each in NOTEBOOKS}
    for numbers in re.findall(r"[Nn]otebooks? (\d\d(?:(?:,| and| to) \d\d)*)", text):
        assert {numbers[:2], numbers[-2:]} <= there, numbers
    sections = {number for each in NOTEBOOKS for number in sections_of(each)}
    for number in re.findall(r"(?<!\d, )[Ss]ections? (\d+\.\d+)", text):  # but for those of papers
        assert number in sections, number


def minutes_of(path: Path) -> float:
    """Return how long a notebook takes: words / 150, lines of code / 12, half a minute for each code cell, one for each
    prediction, and those of the exercises. A long exercise may be homework: "(homework: 30 min)".
    """
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code" and cell.id != FETCH]  # folded, and never read
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    lines = sum(bool(line.strip()) for source in code for line in source.splitlines())
    exercises = sum(map(int, re.findall(r"^#+ .*Exercise.*?\((\d+) min", prose, re.MULTILINE)))
    return len(prose.split()) / 150 + lines / 12 + len(code) / 2 + prose.count("**Predict.**") + exercises


def promise_of(path: Path) -> tuple[int, int]:
    """Return the minutes that a notebook promises: to read and do, and as homework."""
    first = nbformat.read(path, as_version=4).cells[0].source
    found = re.search(r"\*\*Time\*\* \| (\d+) minutes to read and do(?:, and (\d+) minutes of homework)?; about", first)
    return int(found[1]), int(found[2] or 0)


@every_notebook
def test_no_notebook_promises_less_than_its_text_needs(path):
    minutes, homework = promise_of(path)
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert minutes_of(path) <= minutes <= 120
    assert minutes <= minutes_of(path) + 8, "it promises more than it needs"
    assert homework == sum(map(int, re.findall(r"\(homework: (\d+) min", text)))


@pytest.mark.parametrize("page", ["README.md", "notebooks/00_start_here.ipynb"])
def test_the_map_of_the_course_names_every_notebook_and_its_minutes(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        title = title_of(path).removeprefix(path.stem[:2]).strip()
        link = rf"\[?{title}(?:\]\((?:notebooks/)?{path.name}\))?"
        row = re.search(rf"\| {path.stem[:2]} \| {link} \|[^|]+\| (\d+) \|", text)
        assert row and int(row[1]) == promise_of(path)[0], f"{page}: {path.stem}"


def test_links_lead_back_and_forth():
    """From the first notebook to the last by the links at the top, and back by those at the end."""
    forth, back = r"\[[^\]]* →\]\((.*?)\)", r"\[← [^\]]*\]\((.*?)\)"
    for way, place, order in ((forth, 0, NOTEBOOKS), (back, -1, NOTEBOOKS[::-1])):
        met = [order[0]]
        while found := re.search(way, nbformat.read(met[-1], as_version=4).cells[place].source):
            met.append(met[-1].parent / found[1])
        assert met == order


class Bare(ast.NodeTransformer):
    """Drop what a notebook may leave out for brevity: docstrings and the types of arguments."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.returns = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node


def bare_functions(source: str) -> dict[str, str]:
    """Return each top-level function of a source as text, without docstrings and types."""
    tree = ast.parse(source)
    return {node.name: ast.unparse(Bare().visit(node)) for node in tree.body if isinstance(node, ast.FunctionDef)}


SHARED = [
    pytest.param(cell, tag.removeprefix("helpers:"), id=f"{path.stem[:2]}-{tag.removeprefix('helpers:')}")
    for path in NOTEBOOKS
    for cell in code_cells(path)
    for tag in tags(cell)
    if tag.startswith("helpers:")
]


@pytest.mark.parametrize(("cell", "name"), SHARED)
def test_what_a_notebook_shows_is_what_helpers_does(cell, name):
    module, function = name.rsplit(".", 1)
    source = (ROOT / "helpers" / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    assert bare_functions(cell.source)[function] == bare_functions(source)[function]


def test_the_comparison_notices_a_changed_number():
    one, two = "def f(x: int) -> int:\n    'Doc.'\n    return x + 1", "def f(x):\n    return x + 1"
    assert bare_functions(one) == bare_functions(two)
    assert bare_functions(one) != bare_functions(two.replace("1", "2"))


def test_a_function_that_is_shown_is_not_imported_beside_it():
    """Editing the visible function must change the results below it."""
    for path in NOTEBOOKS:
        cells = code_cells(path)
        shown = {tag.rsplit(".", 1)[1] for cell in cells for tag in tags(cell) if tag.startswith("helpers:")}
        imported = {
            alias.name
            for cell in cells
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers")
            for alias in node.names
        }
        assert not shown & imported, f"{path.name} shows and imports {shown & imported}"


LIBRARIES = {"keras", "tensorflow"}


def imported_by(tree: ast.AST) -> set[str]:
    """Return all that an import may mean, as dotted names."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def loads_tensorflow(module: str) -> bool:
    """Tell whether a module imports helpers.quiet, itself or by those that it imports."""
    return module == "helpers.quiet" or any(loads_tensorflow(each) for each in IMPORTS.get(module, ()))


def test_who_waits_for_tensorflow_is_told():
    """helpers.quiet says "One moment" and takes it away, with whatever the cell has shown before."""
    first = {}
    for path in [*NOTEBOOKS, *sorted((ROOT / "notebooks/coursework/practice").glob("*.ipynb"))]:
        for cell in code_cells(path):
            tree = ast.parse(cell.source)
            found = imported_by(tree)
            assert not {name.split(".")[0] for name in found} & LIBRARIES, (
                f"{path.stem}, {cell.id}: not by helpers.quiet"
            )
            if path.stem not in first and any(map(loads_tensorflow, found)):
                first[path.stem] = cell.id
                kinds = [isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body]
                assert kinds == sorted(kinds, reverse=True), f"{path.stem}, {cell.id}: something before the imports"
    assert first["00_start_here"] == "first-network" and len(first) >= 10


#: Calls that take longer than five seconds on two cores: five large networks, a training that prints nothing.
LONG_CALLS = ("ask_all([member]", "fit(batches, epochs=EPOCHS")


def test_who_waits_for_a_long_cell_sees_that_it_works():
    found = [cell for path in NOTEBOOKS for cell in code_cells(path) if any(call in cell.source for call in LONG_CALLS)]
    assert len(found) >= 4
    for cell in found:
        assert "in progress(" in cell.source or "with one_moment(" in cell.source, cell.id


#: They run on a machine with a graphics card that may have no TensorFlow, which helpers.quiet would load.
KERAS_ALONE = {"voters.py", "train_ensemble.py"}


def test_the_libraries_are_imported_in_one_place():
    for room in ("helpers", "tools", "classroom"):
        for path in (ROOT / room).rglob("*.py"):
            names = {name.split(".")[0] for name in imported_by(ast.parse(path.read_text(encoding="utf-8")))}
            assert path.name in KERAS_ALONE | {"quiet.py"} or not names & LIBRARIES, path.name


def test_the_first_notebook_says_why_kernels_are_shut_down():
    line = next(
        line for line in prose_of(NOTEBOOKS[0]).splitlines() if line.startswith("- **The computer becomes slow")
    )
    assert "memory" in line and "**Kernel → Shut Down Kernel**" in line


@every_notebook
def test_shape_of_a_lesson(path):
    prose = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    joined = "\n".join(prose)
    assert prose[0].startswith("# ")
    for part in ("You will learn", "You need", "Time", "Predict", "Exercise", "<details>", "## ", "Summary"):
        assert part in joined, f"no {part!r} in {path.name}"
    for word in ("simply", "obviously", "just ", "trivial"):
        assert not re.search(rf"\b{word}", joined, re.IGNORECASE), f"{path.name} says {word!r}"


@every_notebook
def test_solutions_run_as_python(path):
    """Folded solutions are at least valid code (a later reader copies them into a cell)."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for block in re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL):
                ast.parse(block)


def test_nbval_notices_an_altered_output(tmp_path):
    """The comparison of stored text is switched on, and it can fail."""
    for name, text in (("altered", "785\n"), ("as_it_is", "784\n")):
        cell = nbformat.v4.new_code_cell("print(28 * 28)", execution_count=1, metadata={"tags": ["nbval-check-output"]})
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / f"{name}.ipynb")
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", *options], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and "1 failed, 1 passed" in run.stdout, run.stdout
    assert "altered.ipynb" in run.stdout and "as_it_is.ipynb" not in run.stdout.split("short test summary")[1]
