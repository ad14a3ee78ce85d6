"""Write a file so that a reader sees the old one or the new one, never half of it."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write the bytes beside the path, flush them to disk, and move them into place.

    Creates missing parent folders. Raises `OSError` and leaves nothing behind when that fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each writer: two apps may fetch the same model at the same time.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
