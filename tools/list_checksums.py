"""Make data/checksums.txt: the SHA-256 of each file that the course ships in data/.

    python -m tools.list_checksums

Run it after each program that writes there; `sha256sum --check checksums.txt` in data/ reads the list as well.
"""

import hashlib
from pathlib import Path

from helpers.shipped import CHECKSUM_FILE, DATA


def shipped_files() -> list[Path]:
    """Return the files of data/ that the course loads: all but the list itself and the page on sources."""
    files = (path for path in DATA.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(set(files) - {CHECKSUM_FILE, DATA / "README.md"})


def checksum_list() -> str:
    """Return the list, a file a line, by path."""
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(DATA).as_posix()}\n"
        for path in shipped_files()
    )
    return "".join(sorted(lines, key=lambda line: line.partition("  ")[2]))


if __name__ == "__main__":
    CHECKSUM_FILE.write_text(checksum_list(), encoding="utf-8", newline="\n")
    print(f"{len(shipped_files())} files in data/{CHECKSUM_FILE.name}")
