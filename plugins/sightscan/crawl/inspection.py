"""Look at the bytes of a photo: believe nothing that was said about them."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import imagehash
import numpy as np
from PIL import Image, ImageOps

from sightscan.crawl.fetching import PhotoRefusedError
from sightscan.warehouse.photos import PhotoFile

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# Google Vision takes no more, and decoded to bytes it is what a worker's memory can hold.
MOST_PIXELS = 75_000_000
# 16 x 16 = 256 bits: enough to tell two views of one sight from two copies of one view.
HASH_SIZE = 16
JPEG_QUALITY = 95
ORIENTATION = 0x0112
# 1 is upright; cameras write nothing else than 1 to 8.
TURNED = range(2, 9)

# Modes that are kept as they are; the others are converted, or refused.
PLAIN_MODES = frozenset({"RGB", "L", "P", "RGBA", "LA"})
CONVERTIBLE_MODES = PLAIN_MODES | {"CMYK", "YCbCr", "1", "PA"}
# What Pillow raises for rubbish, according to where in the file the rubbish is.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


def inspect_photo(data: bytes, least_side_pixels: int) -> PhotoFile:
    """Return a photo as it is stored: upright, with its size, type, and hashes.

    Bytes that are fine are kept as they are; a photo that lies on its side, or in colours for
    print, is turned or converted and saved as JPEG.

    Raises:
        PhotoRefusedError: it is no photo that could be kept.

    """
    try:
        image = Image.open(io.BytesIO(data), formats=tuple(MEDIA_TYPES))
    except Image.DecompressionBombError as error:
        reason = "too_many_pixels"
        raise PhotoRefusedError(reason, str(error)) from error
    except BROKEN as error:
        reason = "not_an_image"
        raise PhotoRefusedError(reason, f"{len(data)} bytes: {data[:24]!r}") from error
    with image:
        _check(image, least_side_pixels)
        turned = _decode(image)
        if turned is None:
            return _photo_file(data, image, MEDIA_TYPES[image.format or ""])
        return _photo_file(_jpeg(turned), turned, "image/jpeg")


def perceptual_hash(image: Image.Image) -> bytes:
    """Return the 256-bit pHash, row by row, most significant bit first (32 bytes)."""
    bits = imagehash.phash(image, hash_size=HASH_SIZE).hash
    return np.packbits(bits.astype(bool).ravel()).tobytes()


def _check(image: Image.Image, least_side_pixels: int) -> None:
    """Refuse by what the header says, before anything is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        reason = "too_many_pixels"
        raise PhotoRefusedError(reason, f"{width} x {height}, at most {MOST_PIXELS} in all")
    if min(width, height) < least_side_pixels:
        reason = "too_small"
        raise PhotoRefusedError(reason, f"{width} x {height}, at least {least_side_pixels} each")
    if getattr(image, "is_animated", False):
        reason = "animated"
        raise PhotoRefusedError(reason, f"{getattr(image, 'n_frames', 2)} frames")
    if image.mode not in CONVERTIBLE_MODES:
        reason = "unsupported_mode"
        raise PhotoRefusedError(reason, f"{image.format} in mode {image.mode}")


def _decode(image: Image.Image) -> Image.Image | None:
    """Decode; return the picture that is to be stored in its place, None if it is fine itself."""
    try:
        image.load()
        is_turned = image.getexif().get(ORIENTATION) in TURNED
        if not is_turned and image.mode in PLAIN_MODES:
            return None
        return ImageOps.exif_transpose(image).convert("RGB")
    except BROKEN as error:
        reason = "truncated" if "truncated" in str(error).lower() else "broken"
        raise PhotoRefusedError(reason, str(error)) from error


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _photo_file(data: bytes, image: Image.Image, media_type: str) -> PhotoFile:
    return PhotoFile(
        sha256=hashlib.sha256(data).digest(),
        data=data,
        width_pixels=image.width,
        height_pixels=image.height,
        media_type=media_type,
        perceptual_hash=perceptual_hash(image),
    )
