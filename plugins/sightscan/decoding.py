"""Decode photos: the memory that threads share, the errors of rubbish, transparency on white."""

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageCms

# Google Vision takes no more, and decoded to bytes it is what a worker's memory can hold.
MAX_PIXELS = 75_000_000
# Larger than what glibc's allocator ever keeps for itself: a photo's memory goes back to the system
# when its thread is done. With Pillow's own 16 MB each thread held on to its largest photo's.
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined]
# What Pillow raises for rubbish, according to where in the file the rubbish is.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    RuntimeError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
    Image.DecompressionBombError,
)


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


def flatten_on_white(image: Image.Image) -> Image.Image:
    """Return a picture in RGB, with white where it is transparent."""
    if not image.has_transparency_data:
        # A copy of a large photo would be memory for nothing.
        return image if image.mode == "RGB" else image.convert("RGB")
    with_alpha = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, with_alpha).convert("RGB")
