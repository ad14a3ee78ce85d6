"""What was fetched and is not in the warehouse yet, on the worker's disk.

Photos are stored in batches, and inspected before; a crawl that is killed in between would fetch
them again. Here they wait under the hash of their URL until their batch is stored. Losing the
folder loses nothing but the time to fetch again.
"""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from sightscan.errors import SettingsError

# What nobody came back for by then, nobody will.
SPOOL_KEEP_SECONDS = 24 * 3600


class Spool:
    """A folder of photos on their way; safe to share between threads and processes."""

    def __init__(self, folder: Path | None) -> None:
        """Open the folder, for this user only; by default one in the system's place for such."""
        self._folder = folder or Path(tempfile.gettempdir()) / f"sightscan-spool-{os.getuid()}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In a folder that all may write to, somebody else may have made it, and put photos there.
        if self._folder.is_symlink() or self._folder.stat().st_uid != os.getuid():
            msg = f"CRAWL_SPOOL_FOLDER={str(self._folder)!r} belongs to somebody else; name another"
            raise SettingsError(msg)
        self._drop_old()

    def get(self, url: str) -> bytes | None:
        """Return what was fetched from a URL before, if it still waits."""
        try:
            return self._file(url).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, url: str, content: bytes) -> None:
        """Keep what was fetched; whole or not at all."""
        file = self._file(url)
        part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        part.write_bytes(content)
        part.replace(file)

    def drop(self, urls: Iterable[str]) -> None:
        """Forget what is stored now."""
        for url in urls:
            self._file(url).unlink(missing_ok=True)

    def _file(self, url: str) -> Path:
        return self._folder / url_sha256(url).hex()

    def _drop_old(self) -> None:
        oldest = time.time() - SPOOL_KEEP_SECONDS
        for file in self._folder.iterdir():
            try:
                if file.stat().st_mtime < oldest:
                    file.unlink()
            except FileNotFoundError:
                # Another crawl was faster.
                continue


def url_sha256(url: str) -> bytes:
    """Return the key of a URL, here and in the warehouse."""
    return hashlib.sha256(url.encode()).digest()
