"""How much memory photos and models may take at once, in one account for all visitors.

A photo of a few hundred kilobytes can unpack to hundreds of megabytes. Whoever wants to unpack one,
or to have a model look at one, takes its share first, waits a moment if there is none, and is told
in a sentence if there is none then.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from detector_app.errors import ServerBusy

# The app with its libraries and a model takes some 300 MB; with this it stays below 2 GB.
MEMORY_FOR_PHOTOS_BYTES: Final = 1_000_000_000
# People wait a second for an answer, or for a sentence.
MAX_WAIT_FOR_MEMORY_SECONDS: Final = 0.7


class MemoryBudget:
    """So many bytes for all; whoever waits longest is next."""

    def __init__(
        self, total_bytes: int, max_wait_seconds: float = MAX_WAIT_FOR_MEMORY_SECONDS
    ) -> None:
        """Start with all bytes free."""
        self._free = self._total = total_bytes
        self._max_wait_seconds = max_wait_seconds
        self._changed = threading.Condition()
        self._queue: list[object] = []

    @contextmanager
    def hold(self, wanted_bytes: int) -> Iterator[None]:
        """Hold so many bytes, at most all there are; raise `ServerBusy` if others hold them."""
        wanted = min(wanted_bytes, self._total)
        self._take(wanted)
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()

    def _take(self, wanted: int) -> None:
        turn = object()
        with self._changed:
            self._queue.append(turn)
            try:
                is_free = self._changed.wait_for(
                    lambda: self._queue[0] is turn and wanted <= self._free,
                    timeout=self._max_wait_seconds,
                )
                if not is_free:
                    raise ServerBusy(key="busy.photos")
                self._free -= wanted
            finally:
                self._queue.remove(turn)
                self._changed.notify_all()


PHOTO_BUDGET: Final = MemoryBudget(MEMORY_FOR_PHOTOS_BYTES)
