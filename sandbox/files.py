"""Small files: state that no reader sees half of and no other user can read, and tables."""

import csv
import os
import tempfile
from pathlib import Path


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


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
