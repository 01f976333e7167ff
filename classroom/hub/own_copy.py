"""Run as the student before the server: a copy of the course, brought up to date without touching their work.

A file that the student has changed stays as it is; the rest becomes as in the course. Nothing here keeps the server
from starting: what went wrong stands in my_work/updates.md, which is then the first page.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from helpers import ROOT

GITCONFIG = Path(__file__).with_name("gitconfig")
FIRST_PAGE = "/lab/tree/notebooks/00_start_here.ipynb"


def output_of(folder: Path, *arguments: str) -> str:
    """Return what git says of a student's copy. CalledProcessError when git refuses."""
    command = ["git", "--literal-pathspecs", "-C", str(folder), *arguments]
    environ = os.environ | {"GIT_CONFIG_GLOBAL": str(GITCONFIG), "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def paths_differing(copy: Path, *what: str) -> set[str]:
    """Return the files in which two states of the copy differ."""
    return set(output_of(copy, "diff", "-z", "--name-only", "--no-renames", *what).split("\0")) - {""}


def update(copy: Path, course: Path = ROOT) -> str:
    """Make a student's copy of the course, or bring it up to date; return what to tell the student ('': nothing)."""
    if not (copy / ".git").exists():
        copy.mkdir(parents=True, exist_ok=True)
        # the course's own objects are used: thirty histories of 100 MB would be the same again
        output_of(copy, "clone", "--quiet", "--shared", str(course), ".")
        return ""
    output_of(copy, "fetch", "--quiet", str(course), "HEAD")
    if output_of(copy, "rev-list", "--max-count=1", "HEAD", "^FETCH_HEAD"):
        return "Your copy has commits of your own, so it was not updated: `git fetch` and `git merge` are yours."
    if paths_differing(copy, "--cached", "HEAD") & paths_differing(copy, "--cached", "FETCH_HEAD"):
        return "You have staged changes, so your copy was not updated: `git restore --staged .` takes that back."
    coming = paths_differing(copy, "HEAD", "FETCH_HEAD")
    changed = paths_differing(copy, "HEAD") | set(output_of(copy, "ls-files", "-z", "--others").split("\0"))
    # an update that was interrupted has left files that are new already
    yours = {path for path in coming & changed & paths_differing(copy, "FETCH_HEAD") if os.path.lexists(copy / path)}
    there = set(output_of(copy, "ls-tree", "-rz", "--name-only", "FETCH_HEAD").split("\0"))
    for some in batches(sorted((coming & there) - yours)):
        output_of(copy, "checkout", "--quiet", "FETCH_HEAD", "--", *some)
    for path in coming - there - yours:
        (copy / path).unlink(missing_ok=True)
    output_of(copy, "reset", "--quiet", "--mixed", "FETCH_HEAD")  # touches no file
    return told_of_update(sorted(yours & there), sorted(yours - there))


def batches(paths: list[str], size: int = 200) -> list[list[str]]:
    """Return paths in lots that fit on a command line."""
    return [paths[start : start + size] for start in range(0, len(paths), size)]


def told_of_update(newer: list[str], gone: list[str]) -> str:
    """Return what a student is told about changed files that have a newer version, or none any more."""
    lines = []
    if newer:
        lines += [
            "The course has a newer version of these files, which you have changed. Yours were left as they are:\n"
        ]
        lines += [f"- {path}" for path in newer]
        lines += [
            "\nTo get the newer one, and keep yours in `my_work`, open a terminal (File → New → Terminal) and type:\n"
        ]
        lines += [f"    python course.py reset {path}" for path in newer]
    if gone:
        lines += ["The course no longer has these files, which you have changed. They were left as they are:\n"]
        lines += [f"- {path}" for path in gone]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Bring the copy up to date and become the student's server."""
    copy = Path.home() / "course"
    try:
        news = update(copy)
    except (OSError, subprocess.CalledProcessError) as problem:
        last = (getattr(problem, "stderr", "") or str(problem)).strip().splitlines()[-1:]
        news = f"Your copy of the course could not be brought up to date; please show this to your instructor: {last}"
    page = FIRST_PAGE
    if news:
        page = "/lab/tree/my_work/updates.md"
        (copy / "my_work").mkdir(parents=True, exist_ok=True)
        (copy / "my_work" / "updates.md").write_text(
            f"# {time.strftime('%d %B %Y, %H:%M')}\n\n{news}\n", encoding="utf-8"
        )
    runtime = Path.home() / ".jupyter-run"  # short: the path of a socket has at most 107 letters
    environ = os.environ | {"COURSE": str(copy), "JUPYTERHUB_ROOT_DIR": str(copy), "JUPYTERHUB_DEFAULT_URL": page}
    environ["JUPYTER_RUNTIME_DIR"] = str(runtime)
    os.chdir(copy)
    os.execve(sys.executable, [sys.executable, "-P", "-m", "jupyterhub.singleuser", *arguments], environ)


if __name__ == "__main__":
    main(sys.argv[1:])
