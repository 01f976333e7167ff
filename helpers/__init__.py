"""What more than one notebook of the course needs, and nothing else."""

from pathlib import Path

#: The folder that holds the whole course, wherever the reader put it.
ROOT = Path(__file__).resolve().parent.parent
#: In the environment of a kernel that runs a copy of a notebook: nothing is handed in from there.
INSIDE_A_COPY = "COURSE_RUNS_A_COPY"


class CourseError(Exception):
    """Something went wrong, and one sentence says what and what to do next.

    Jupyter shows only that sentence, not the lines of our code that noticed it.
    """

    def _render_traceback_(self) -> list[str]:  # the name that IPython looks for
        return [str(self)]
