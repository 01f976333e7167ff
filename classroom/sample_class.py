"""A class of made-up students, to try the grading with: good answers, usual mistakes, and what goes wrong.

    python3 course.py coursework --seed TERM --out FOLDER --sample-class

writes it into FOLDER/sample_class, and into FOLDER/instructor/sample_class.csv what each should get.
"""

import copy
import csv
from pathlib import Path

from nbformat import NotebookNode

from classroom.release import TERM_NUMBERS, grade_id, read_notebook, solved, write_notebook

#: Answers with a usual mistake, in place of the model solution's, which they may call under its own name.
MISTAKES = {
    "not divided by 255": """def digit_statistics(x, y):
        counts, values = right.digit_statistics(x, y)
        return counts, 255 * values""",
    "columns first": "centre_of_ink = lambda image: right.centre_of_ink(image)[::-1]",
    "no chance": "split = lambda x, y, share, seed: right.split(x, y, share, 0)",
    "shuffled apart": """def split(x, y, share, seed):
        (a, b), (c, d) = right.split(x, y, share, seed)
        return (a, b[::-1]), (c, d)""",
    "nearest mean": """def fit(x, y):
    known, _, ready = right.fit(x, y)
    return [known[y == digit].mean(axis=0) for digit in range(10)], ready


def read(learned, x):
    means, ready = learned
    return [np.argmin([np.sum((image - mean) ** 2) for mean in means]) for image in ready(x)]""",
    "no stride": "convolve = lambda image, kernel, number: right.convolve(image, kernel, min(number, 2))",
    "kernel turned": "convolve = lambda image, kernel, stride: right.convolve(image, kernel[::-1, ::-1], stride)",
    "one row more": "output_side = lambda n, k, number, stride: right.output_side(n, k, number, stride) + 1",
    "no biases": """count_parameters = lambda layers: right.count_parameters(layers) - sum(
        units for _, _, units, *_ in layers)""",
    "too large": """def my_lenet():
    *layers, last = right.my_lenet().layers
    more = keras.layers.Dense(1000, activation="relu")
    return keras.Sequential([keras.Input(shape=(28, 28, 1)), *layers, more, last.__class__.from_config(
        last.get_config())])""",
    "begins with 0": """def learning_rates(steps, peak, warmup):
        rates = right.learning_rates(steps, peak, warmup)
        return np.concatenate([[0], rates[:warmup - 1], rates[warmup:]])""",
    "one side": "sign_test = lambda a, b: right.sign_test(a, b) / 2",
    "chosen by test": "choose = lambda validation, test: right.choose(test, test)",
    "the best seed": "choose = lambda validation, test: (right.choose(validation, test)[0], validation.max())",
    "one step more": "train = lambda x, y, steps, seed: right.train(x, y, steps + 1, seed)",
    "loaded": """from helpers.lenet import load_lenet5
train = lambda x, y, steps, seed: load_lenet5()""",
    "text for labels": "labelled_files = lambda folder: [(path, path.name[0]) for path in folder.iterdir()]",
    "not sorted": "labelled_files = lambda folder: right.labelled_files(folder)[::-1]",
    "one threshold": "to_ink = lambda grey: np.float32(grey < 140)",
    "held sideways": "prepare = lambda grey: right.prepare(np.rot90(grey))",
    "from the bottom": "rows_of = lambda boxes: right.rows_of(boxes)[::-1]",
    "place by place": """mistakes = lambda read, true: (
        sum(a != b for a, b in zip(read, true)), max(0, len(true) - len(read)), max(0, len(read) - len(true)))""",
    "drawn without replacement": """def error_rate(wrong, digits, seed):
        rate, *_ = right.error_rate(wrong, digits, seed)
        return rate, rate, rate""",
    "equal pieces": """cut_columns = lambda ink, cuts, apart: [
        round(ink.shape[1] * n / (cuts + 1)) for n in range(1, cuts + 1)]""",
    "judged where chosen": """refusal = lambda sure, right_, page, aside, allowed: (
        lambda t: (t, np.mean(sure[~np.isin(page, aside)] >= t), allowed))(
            right.refusal(sure, right_, page, aside, allowed)[0])""",
    "one row": "read_page = lambda grey, network: [''.join(right.read_page(grey, network))]",
}
#: What each costs: the part, and the marks that remain.
REMAINS = {
    "1_the_data": {
        "not divided by 255": ("part_1_1", 2),
        "columns first": ("part_1_2", 0),
        "no chance": ("part_1_3", 3),
        "shuffled apart": ("part_1_3", 3),
        "nearest mean": ("part_1_4", 1),
    },
    "2_convolution_and_counting": {
        "no stride": ("part_2_1", 4),
        "kernel turned": ("part_2_1", 0),
        "one row more": ("part_2_2", 0),
        "no biases": ("part_2_3", 0),
        "too large": ("part_2_5", 2),
    },
    "3_train_and_report": {
        "begins with 0": ("part_3_1", 2),
        "one side": ("part_3_2", 0),
        "chosen by test": ("part_3_3", 0),
        "the best seed": ("part_3_3", 2),
        "one step more": ("part_3_4", 0),
        "loaded": ("part_3_4", 0),
    },
    "4_your_handwriting": {
        "text for labels": ("part_4_1", 0),
        "not sorted": ("part_4_1", 2),
        "one threshold": ("part_4_2", 1),
        "held sideways": ("part_4_3", 2),
    },
    "5_pages_of_numbers": {
        "from the bottom": ("part_5_1", 0),
        "place by place": ("part_5_2", 0),
        "drawn without replacement": ("part_5_3", 1),
        "equal pieces": ("part_5_4", 1),
        "judged where chosen": ("part_5_5", 3),
        "one row": ("part_5_6", 8),
    },
}

#: What stands in the cell of part 1.2 when something goes wrong there; the other parts keep their marks.
TROUBLE = {
    "loops": "def centre_of_ink(image):\n    while True:\n        pass",
    "holds_on": "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException: pass",
    "eats_memory": "kept = []\nwhile True:\n    kept.append(np.ones(10**7))",
    "prints_a_gigabyte": "for _ in range(1000):\n    print('x' * 10**6)",
    "exits": "exit()",
    "kills_its_python": "def centre_of_ink(image):\n    import os\n    os._exit(0)",
    "stops_the_kernel": "get_ipython().ask_exit()",
    "prints_what_ran": "print(In)",
}
STARTS_A_CHILD = """import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)"""
SHOWS_MARKS = """import sys
def fit(x, y): return y
def read(learned, x):
    sys.displayhook(9.0)
    return [0] * 1000"""
WRITES_INTO_THE_TESTS = """import helpers.exercises.assignment_1 as c
c.classifier = lambda *a, **k: 9.0
fit = read = lambda *a: 1"""
FIRST = "1_the_data"


def answered(release: Path, assignment: str, *, student: str = "", **changes: str) -> NotebookNode:
    """Return a submission: the released notebook with the model solution, and other answers in their place.

    student: the name of the folder, where a release has one for each student.
    """
    notebook = read_notebook(release / "students" / student / f"{assignment}.ipynb")
    source = read_notebook(release / "instructor" / student / "source" / assignment / f"{assignment}.ipynb")
    right = {grade_id(old): new.source for old, new in zip(source.cells, solved(source).cells, strict=True)}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = changes.get(grade_id(cell), right[grade_id(cell)])
    return notebook


def place(notebook: NotebookNode, name: str) -> int:
    """Return where the cell of this name stands."""
    return next(number for number, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def mistaken(release: Path, assignment: str, mistake: str) -> NotebookNode:
    """Return a submission with one usual mistake: below the model solution's function another of the same name."""
    notebook = answered(release, assignment)
    part, _ = REMAINS[assignment][mistake]
    cell = notebook.cells[place(notebook, part) - 1]
    while not (cell.metadata.get("nbgrader", {}).get("solution")):
        cell = notebook.cells[notebook.cells.index(cell) - 1]
    cell.source += (
        "\n\n\nfrom types import SimpleNamespace\n\nright = SimpleNamespace(**globals())\n" + MISTAKES[mistake]
    )
    return notebook


def troubled(release: Path) -> dict[str, tuple[NotebookNode, float]]:
    """Return submissions of the first assignment in which something goes wrong, and the marks that remain."""
    made = {name: (answered(release, FIRST, centre_of_ink=code), 17.0) for name, code in TROUBLE.items()}
    made["leaves_a_child"] = (answered(release, FIRST, trial=STARTS_A_CHILD), 20)
    made["shows_marks"] = (answered(release, FIRST, classifier=SHOWS_MARKS), 11)
    made["writes_into_the_tests"] = (answered(release, FIRST, classifier=WRITES_INTO_THE_TESTS), 11)

    notebook = answered(release, FIRST)
    cell = notebook.cells[place(notebook, "digit_statistics")]
    cell.source = cell.source.replace("counts = ", "print('!', file=__import__('sys').stderr)\n    counts = ")
    made["warns"] = (notebook, 20)

    notebook = answered(release, FIRST)
    number = place(notebook, "classifier")
    fit, _, reading = notebook.cells[number].source.partition("def read")
    second = copy.deepcopy(notebook.cells[number])
    notebook.cells[number].source, second.source = fit, "def read" + reading
    second.id = "second-half"
    notebook.cells.insert(number + 1, second)
    made["splits_a_cell"] = (notebook, 20)

    notebook = answered(release, FIRST)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in ("part_1_2", "split")]
    made["deletes_cells"] = (notebook, 16)

    notebook = answered(release, FIRST)
    for cell in notebook.cells:
        cell.metadata = {}
    made["loses_the_names"] = (notebook, 20)
    return made


def write_class(release: Path) -> None:
    """Write the class, and what each should get by the tests."""
    folder = release / "sample_class"
    made: dict[str, tuple[NotebookNode, float]] = dict(troubled(release))
    most = {}
    for assignment in TERM_NUMBERS:
        notebook = answered(release, assignment)
        tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        most[assignment] = {
            grade_id(cell): cell.metadata["nbgrader"]["points"] for cell in tests if cell.metadata.nbgrader.locked
        }
        made[f"ada_{assignment}"] = (notebook, sum(most[assignment].values()))
        made[f"did_nothing_{assignment}"] = (read_notebook(release / "students" / f"{assignment}.ipynb"), 0)
    students = [
        (FIRST, "no chance"),
        (FIRST, "nearest mean"),
        ("2_convolution_and_counting", "no stride"),
        ("2_convolution_and_counting", "too large"),
        ("3_train_and_report", "the best seed"),
    ]
    for assignment, mistake in students:
        part, remains = REMAINS[assignment][mistake]
        marks = sum(most[assignment].values()) - most[assignment][part] + remains
        made[f"{mistake.replace(' ', '_')}_{assignment}"] = (mistaken(release, assignment, mistake), marks)
    for name, (notebook, _) in made.items():
        write_notebook(notebook, folder / f"{name}.ipynb")
    (folder / "corrupt.ipynb").write_text("{", encoding="utf-8")
    (folder / "essay.pdf").write_bytes(b"%PDF")
    with (release / "instructor" / "sample_class.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [["file", "marks"], *([f"{name}.ipynb", marks] for name, (_, marks) in made.items())]
        csv.writer(file).writerows(rows)
    print(f"A class of {len(made) + 2} submissions to try the grading with: {folder}")
