"""Run the cells of one submission, in a process of its own, which `classroom.apart` watches and may end.

nbclient runs them one after the other in the students' Python, behind walls where there are some. This process tells
which cell runs, so that the one who watches knows which hung, ate the memory, or ended its Python; such a cell is left
out of the next attempt. The hidden tests of this assignment come through a pipe: nothing of them is in a file.
"""

import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from helpers import ROOT
from classroom.apart import answer_jobs
from classroom.release import HIDDEN, students_kernel
from helpers.exercises.fresh_kernel import KERNEL, NOT_RUN, BoundedClient

INSIDE = Path(__file__).with_name("inside.py")


def error(name: str, sentence: str) -> NotebookNode:
    """Return an error as a cell shows it."""
    return nbformat.v4.new_output("error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])


def without(words: list[str], outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return outputs in which these words are not told, not even spaced out: a cell can print what ran before it."""
    text = json.dumps(outputs)
    for word in words:
        apart = (
            r"(?:\\n|[^0-9A-Za-z]){0,4}".join(map(re.escape, word))
            if word.isdigit()
            else re.escape(json.dumps(word)[1:-1])
        )
        text = re.sub(apart, "(hidden)", text)
    return nbformat.from_dict(json.loads(text))


class Client(BoundedClient):
    """Runs a submission; no test is in the student's history."""

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, *arguments: object, **named: object):
        """Run a cell; what is ours is not told to `In`."""
        if cell.metadata.get("ours"):
            named["store_history"] = False
        return await super().async_execute_cell(cell, cell_index, *arguments, **named)


def ours(code: str, **metadata: object) -> NotebookNode:
    """Return a cell of ours."""
    return nbformat.v4.new_code_cell(code, metadata={"ours": True, **metadata})


def to_run(job: dict, name: str, sign: str) -> list[NotebookNode]:
    """Return what is run: the first cell of ours, the submission's cells with the hidden tests, the last of ours.

    name: of the module in the student's Python that looks after what judges; sign: begins what it says.
    """
    module = f"__import__('sys').modules[{name!r}]"
    look = f"{module}.look_again({str(ROOT)!r}, {sign!r})"
    begin = f"__import__('sys').modules[{name!r}] = __import__('types').ModuleType({name!r})\n"
    begin += f"exec({INSIDE.read_text(encoding='utf-8')!r}, vars({module}))\n{module}.begin({job['modules']!r})"
    cells = [ours(begin)]
    for index, cell in enumerate(nbformat.from_dict(job["notebook"]).cells):
        test = HIDDEN.search(job["tests"].get(cell.metadata.get("nbgrader", {}).get("grade_id"), ""))
        if cell.cell_type == "code" and (NOT_RUN in cell.metadata.get("tags", []) or str(index) in job["left_out"]):
            cell = nbformat.v4.new_code_cell("")  # an empty cell is not run
        elif test:  # the visible check has been seen by the student, and takes as long again
            imports = re.findall(r"^from helpers.* import .* as check$", cell.source, re.MULTILINE)
            cell = ours("\n".join([look, *imports, test.group(1)]), nbgrader=cell.metadata.nbgrader)
        cells.append(cell)
    return [*cells, ours(look)]


def take_the_changes(cell: NotebookNode, sign: str) -> list[str]:
    """Take the lines that name what was changed in what judges out of a cell's outputs; return the names."""
    names = []
    for output in cell.outputs:
        if output.output_type == "stream":
            names += re.findall(rf"^{sign}(.*)$", output.text, re.MULTILINE)
            output.text = re.sub(rf"^{sign}.*\n", "", output.text, flags=re.MULTILINE)
    return names


def keep_the_marks(cell: NotebookNode) -> None:
    """Keep of a test's outputs its sentences and its last result, which is the test's own.

    nbgrader would take the first result, which a student's function can show, and no marks at all for a warning.
    """
    about = cell.metadata.get("nbgrader", {})
    if not (about.get("grade") and about.get("locked")):
        return
    marks = [output for output in cell.outputs if output.output_type == "execute_result"][-1:]
    # a traceback would show the lines of the hidden test
    failed = [error(output.ename, output.evalue) for output in cell.outputs if output.output_type == "error"]
    said = [output for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"]
    try:
        valid = 0 <= float(marks[0].data["text/plain"]) <= about["points"]
    except (IndexError, KeyError, ValueError):
        valid = False
    cell.outputs = said + (marks if valid and not failed else failed or [error("NoMarks", "The test gave no marks.")])


def run_cells(job: dict, tell: Callable[[dict], None]) -> None:
    """Run a submission's cells, and tell the outputs of each, by its number, and what was changed meanwhile."""
    name, sign = f"_{secrets.token_hex(8)}", f"{secrets.token_hex(8)} "
    runs = nbformat.v4.new_notebook(cells=to_run(job, name, sign))
    changed: set[str] = set()

    def begins(cell: NotebookNode, cell_index: int) -> None:
        tell({"cell": cell_index - 1 if 0 < cell_index < len(runs.cells) - 1 else None})

    def ends(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        changed.update(take_the_changes(cell, sign))
        keep_the_marks(cell)

    sockets = str(Path(job["folder"]).parent / "kernel")  # behind walls there is no network, not even the machine's own
    transport = {"transport": "ipc", "ip": sockets} if job["walls"] else {}
    with students_kernel(job["walls"]):
        where = {"metadata": {"path": job["folder"]}}
        client = Client(
            runs,
            timeout=None,
            kernel_name=KERNEL,
            resources=where,
            allow_errors=True,
            config=Config({"AsyncKernelManager": transport}),
        )
        client.record_timing = client.store_widget_state = False
        client.shutdown_kernel = "immediate"
        client.on_cell_execute, client.on_cell_executed = begins, ends
        try:
            client.execute()
        except DeadKernelError:
            tell({"failed": "It ended the Python that it ran in."})
            return
    words = [*job["secrets"], str(ROOT)]
    outputs = {
        index: without(words, cell.outputs)
        for index, cell in enumerate(runs.cells[1:-1])
        if cell.cell_type == "code" and cell.source
    }
    tell({"outputs": outputs, "changed": sorted(changed)})


if __name__ == "__main__":
    answer_jobs(run_cells)
