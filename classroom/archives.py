"""What a zip holds that somebody handed in: nothing of it is written to the disk, and nothing that it says is believed.

A zip can name files anywhere (`../../x`), be small and become huge, lie about sizes, ask for a password, or be cut off.
Here files are read into memory, each within limits that are looked at before anything is decompressed, and held to
while it is.
"""

import contextlib
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from helpers.exercises.fresh_kernel import LARGEST_MB

MOST_FILES = 5000  # in one archive; a class of 300 has about 1,200 in it
LARGEST_PIECE = 2_000_000  # bytes that zipfile may ask for at once; the index of 5,000 files is about half of that
LONGEST_NAME = 100  # characters of a folder or file that are told
PASSWORD = 0x41  # the bits of an entry that is locked


class Unreadable(Exception):
    """Why a file in an archive, or all of it, cannot be read: the end of a sentence about it."""


class Careful:
    """A file from which nobody reads more at once than LARGEST_PIECE: an archive says itself how long its index is."""

    def __init__(self, file: BinaryIO):
        self.file, self.seek, self.tell, self.seekable = file, file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or the rest; Unreadable when they are too many."""
        content = self.file.read(min(size, LARGEST_PIECE + 1) if size >= 0 else LARGEST_PIECE + 1)
        if len(content) > LARGEST_PIECE:
            raise Unreadable("holds far too many files")
        return content


def is_zip(name: str, content: bytes) -> bool:
    """Return whether a file that was handed in is a zip: by its name, or by its first bytes under a notebook's name."""
    return name.lower().endswith(".zip") or (name.lower().endswith(".ipynb") and content.startswith(b"PK\x03\x04"))


@contextlib.contextmanager
def opened(archive: Path | bytes) -> Iterator[zipfile.ZipFile]:
    """Open an archive; Unreadable says why it cannot be."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(io.BytesIO(archive) if isinstance(archive, bytes) else archive.open("rb"))
            found = stack.enter_context(zipfile.ZipFile(Careful(file)))
        except Unreadable:
            raise
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror or type(error).__name__})") from None
        except Exception as error:  # a file can be anything
            raise Unreadable(f"is damaged ({type(error).__name__})") from None
        if len(found.infolist()) > MOST_FILES:
            raise Unreadable(f"holds more than {MOST_FILES:,} files")
        yield found


def name_in(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry as it was meant: programs on a Mac write UTF-8 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def place_of(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Return where an entry stands in its archive: without drives, without ways out, whatever its slashes are."""
    parts = re.split(r"[/\\]+", re.sub(r"^[A-Za-z]:", "", name_in(entry)))
    return PurePosixPath(*(part[-LONGEST_NAME:] for part in parts if part.strip(". ") and "\0" not in part))


def leads_out(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry names a place outside of its archive: such a thing is not packed by accident."""
    return bool(re.search(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)", name_in(entry)))


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int = int(LARGEST_MB * 1e6)) -> bytes:
    """Return what an entry holds, at most `room` bytes; Unreadable says why not."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Unreadable("is a link to another file: the file itself is needed")
    if entry.flag_bits & PASSWORD:
        raise Unreadable("is locked by a password: please hand it in without")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may take any memory
        raise Unreadable("is packed in an unusual way: please hand in an ordinary zip, or the notebook")
    if entry.file_size <= room:
        try:
            with archive.open(entry) as file:
                content = file.read(room + 1)
        except Exception as error:  # a file can be anything
            raise Unreadable(f"is damaged ({type(error).__name__})") from None
        if len(content) <= room:
            return content
    raise Unreadable(f"is larger than {LARGEST_MB} MB, unpacked and together with the others")
