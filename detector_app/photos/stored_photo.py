"""A visitor's photo as it is stored: small, of its pixels alone, with faces and number plates blurred.

For what people share and for what they report alike. Who sends one is shown these bytes: before they are
stored where somebody looks through a form, at once afterwards where one press sends.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image

from detector_app.budget import PHOTO_BUDGET
from detector_app.errors import ServerBusy
from detector_app.photos.blurring import blur_people
from detector_app.photos.photo import read_photo, write_jpeg

# While faces are looked for: copies of the photo, its grey and what the cascades keep.
_BYTES_PER_PIXEL: Final = 40
# A search keeps a core for seconds: more at once would only make everybody's detections wait.
MAX_BLURRED_AT_ONCE: Final = 2
# One search and a half; who waits longer is told so, and tries again.
MAX_WAIT_FOR_BLURRING_SECONDS: Final = 4.0

_turns = threading.BoundedSemaphore(MAX_BLURRED_AT_ONCE)


@dataclass(frozen=True)
class StoredPhoto:
    """The bytes that are stored, a JPEG, which are those that are shown; and what was blurred in them."""

    content: bytes
    face_count: int
    plate_count: int


def prepare_photo(
    content: bytes, file_name: str, *, max_side_pixels: int, jpeg_quality: int
) -> StoredPhoto:
    """Return a photo as it would be stored; a place in shares of the photo stays where it is.

    Raises `PhotoRefused`, and `ServerBusy` if other photos take all the memory there is for them, or
    all the turns.
    """
    photo = read_photo(content, file_name)
    photo.thumbnail((max_side_pixels, max_side_pixels), Image.Resampling.LANCZOS)
    with _turn(), PHOTO_BUDGET.hold(photo.width * photo.height * _BYTES_PER_PIXEL):
        blurred = blur_people(photo)
    # Pixels alone: what the file said besides is in nothing that was made from it.
    bare = Image.frombytes("RGB", blurred.picture.size, blurred.picture.tobytes())
    return StoredPhoto(write_jpeg(bare, jpeg_quality), blurred.face_count, blurred.plate_count)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=MAX_WAIT_FOR_BLURRING_SECONDS):
        raise ServerBusy(key="busy.photos")
    try:
        yield
    finally:
        _turns.release()
