"""What was fetched and is not in the warehouse yet, on the worker's disk.

Photos are stored in batches, and inspected before; a crawl that is killed in between would fetch
them again. Here they wait under the hash of their URL until their batch is stored. Losing the
folder loses nothing but the time to fetch again, so a disk that is full or broken ends no crawl.
"""

import hashlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sightscan.errors import SettingsError

logger = logging.getLogger(__name__)

# What nobody came back for by then, nobody will.
SPOOL_KEEP_SECONDS = 24 * 3600


def spool_folder(folder: Path | None) -> Path:
    """Return where photos wait: the folder that is named, or one in the system's place for such."""
    # Where no temporary file can be written, there is no place for them either.
    return folder or Path(tempfile.gettempdir()) / f"sightscan-spool-{os.getuid()}"


class Spool:
    """A folder of photos on their way; safe to share between threads and processes."""

    def __init__(self, folder: Path | None) -> None:
        """Open the folder, for this user only; by default one in the system's place for such.

        Raises:
            SettingsError: it belongs to somebody else.

        """
        self._folder: Path | None = None
        self._is_failing = False
        try:
            folder = spool_folder(folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # In a folder that all may write to, somebody else may have made it, and put photos there.
            is_foreign = folder.is_symlink() or folder.stat().st_uid != os.getuid()
        except OSError as error:
            self._tell(error)
            return
        if is_foreign:
            msg = f"CRAWL_SPOOL_FOLDER={str(folder)!r} belongs to somebody else; name another"
            raise SettingsError(msg)
        self._folder = folder
        self._drop_old()

    def get(self, url: str) -> bytes | None:
        """Return what was fetched from a URL before, if it still waits."""
        if (file := self._file(url)) is None:
            return None
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(error)
            return None

    def has(self, url: str) -> bool:
        """Say whether what was fetched from a URL waits here."""
        file = self._file(url)
        with suppress(OSError):
            return file is not None and file.exists()
        return False

    def put(self, url: str, content: bytes) -> None:
        """Keep what was fetched if the disk lets us; whole or not at all."""
        if (file := self._file(url)) is None:
            return
        part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            part.write_bytes(content)
            part.replace(file)
        except OSError as error:
            self._tell(error)
            with suppress(OSError):
                part.unlink()

    def drop(self, urls: Iterable[str]) -> None:
        """Forget what is stored now."""
        for file in map(self._file, urls):
            # What cannot be deleted is deleted when it is a day old.
            with suppress(OSError):
                if file is not None:
                    file.unlink()

    def _file(self, url: str) -> Path | None:
        return None if self._folder is None else self._folder / url_sha256(url).hex()

    def _drop_old(self) -> None:
        oldest = time.time() - SPOOL_KEEP_SECONDS
        with suppress(OSError):
            for file in self._folder.iterdir() if self._folder is not None else ():
                # Another crawl may be faster.
                with suppress(OSError):
                    if file.stat().st_mtime < oldest:
                        file.unlink()

    def _tell(self, error: OSError) -> None:
        """Warn of a disk that fails: once, since each photo would say the same."""
        if not self._is_failing:
            self._is_failing = True
            logger.warning(
                "CRAWL_SPOOL_FOLDER cannot be used (%s): the crawl goes on, and if it is killed, "
                "the next one fetches again what was not stored; make room, or name another folder",
                error,
            )


def url_sha256(url: str) -> bytes:
    """Return the key of a URL, here and in the warehouse."""
    return hashlib.sha256(url.encode()).digest()
