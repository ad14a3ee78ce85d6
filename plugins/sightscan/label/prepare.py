"""Make a photo fit to be sent: upright, no larger than landmarks need, sixteen in one request.

Boxes are stored as shares of the photo, so nothing is scaled back; the size as sent is kept beside
the answer.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from sightscan.decoding import BUDGET
from sightscan.errors import SightScanError
from sightscan.photo_colour import BROKEN, flatten_on_white

# 640 x 480 is what Google recommends for landmarks; more may not help. Some more leaves small
# sights in wide views a chance.
MAX_SIDE_PIXELS = 1024
# A request may have 10 MB; sixteen photos of this size leave room for the rest of it.
MAX_BYTES = 600_000
JPEG_QUALITIES = (90, 80, 65, 45)
EXIF_ORIENTATION = 0x0112


class UnfitPhotoError(SightScanError):
    """The photo cannot be decoded here, so sending it would be paid for nothing."""


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """The bytes to send and the size in pixels of what they show."""

    content: bytes
    width_pixels: int
    height_pixels: int


def prepare_photo(content: bytes) -> PreparedPhoto:
    """Return the photo upright, at most 1,024 pixels long and 600 kB large.

    A photo that is so already is sent byte by byte.

    Raises:
        UnfitPhotoError: the bytes are no image that can be decoded.

    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            is_upright = image.getexif().get(EXIF_ORIENTATION, 1) == 1
            if is_upright and max(image.size) <= MAX_SIDE_PIXELS and len(content) <= MAX_BYTES:
                image.load()
                return PreparedPhoto(content, *image.size)
            # A JPEG is decoded at a half or a quarter of its size where that is enough: much faster.
            image.draft("RGB", (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
            with BUDGET.taking(image.width * image.height):
                return _reduce(image)
    except BROKEN as error:
        msg = f"cannot be decoded: {error}"
        raise UnfitPhotoError(msg) from error


def _reduce(image: Image.Image) -> PreparedPhoto:
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Image.Resampling.LANCZOS)
    flat = flatten_on_white(upright)
    encoded = b""
    for quality in JPEG_QUALITIES:
        stream = io.BytesIO()
        flat.save(stream, "JPEG", quality=quality)
        encoded = stream.getvalue()
        if len(encoded) <= MAX_BYTES:
            break
    return PreparedPhoto(encoded, *flat.size)
