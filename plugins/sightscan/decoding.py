"""Decode photos: the memory that threads share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

# Google Vision takes no more, and decoded to bytes it is what a worker's memory can hold.
MAX_PIXELS = 75_000_000
# Larger than what glibc's allocator ever keeps for itself: a photo's memory goes back to the system
# when its thread is done. With Pillow's own 16 MB each thread held on to its largest photo's.
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined]


class PixelBudget:
    """Lets threads decode at once as many pixels as the largest photo may have, and no more."""

    def __init__(self, pixels: int) -> None:
        """Have so many pixels for all threads together."""
        self._pixels = self._free = pixels
        self._changed = threading.Condition()

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels are free, and hold them; more than there are count as all."""
        held = min(pixels, self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= held)
            self._free -= held
        try:
            yield
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()


BUDGET = PixelBudget(MAX_PIXELS)
