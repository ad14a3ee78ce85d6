"""Small files: state that no reader sees half of and no other user can read, tables, people's texts."""

import codecs
import csv
import os
import tempfile
from pathlib import Path

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only (0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp creates with 0600: the text is never readable by others, not even for a moment.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner may enter (0700), with its parents; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def read_saved_text(path: Path) -> str:
    """Return a text as an editor or a spreadsheet saved it: UTF-8, UTF-16 or Windows' code page.

    Raises:
        UnicodeDecodeError: it is in none of them.

    """
    content = path.read_bytes()
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding).replace("\ufeff", "")
    if content[1:2] == b"\0":
        return content.decode("utf-16-le")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252")


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
