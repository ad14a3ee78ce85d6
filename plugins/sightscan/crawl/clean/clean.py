"""Look at the bytes of a photo: believe nothing that was said about them.

Here it is decided what is kept, converted or refused; `photo_metadata` takes files apart,
`photo_colour` converts. docs/decisions/0015-clean-photos.md says why in each case.
"""

import hashlib
import io

from PIL import Image

from sightscan.crawl.clean.faces import face_share
from sightscan.crawl.dedupe.perceptual_hash import perceptual_hash
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from sightscan.decoding import BUDGET, MAX_PIXELS
from sightscan.photo_colour import (
    BROKEN,
    PLAIN_MODES,
    as_jpeg,
    is_sixteen_bit,
    is_srgb,
    orientation,
    profile_of,
    upright_srgb,
)
from sightscan.photo_metadata import BarePhoto, PhotoFileError, without_metadata
from sightscan.warehouse.photos.photos import PhotoFile

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
CONVERTIBLE_MODES = PLAIN_MODES | {"CMYK", "YCbCr", "1", "PA", "I;16", "I;16B", "I"}


def inspect_photo(
    content: bytes, min_side_pixels: int, rejected_face_share: float | None = None
) -> PhotoFile:
    """Return a photo as it is stored: upright, in sRGB, without metadata, with size and hashes.

    Pixels that are fine are kept byte by byte; a photo that lies on its side, has 16 bits, or
    other colours than sRGB, is turned or converted and saved as JPEG. The same bytes always give
    the same photo. With `rejected_face_share`, a face of that share of its area is too much.

    Raises:
        PhotoRefusedError: it is no photo that could be kept.

    """
    try:
        bare = without_metadata(content)
        # A JPEG with further pictures behind it (MPO) is one without them by now.
        image = Image.open(io.BytesIO(bare.content), formats=(bare.form,))
    except PhotoFileError as error:
        raise PhotoRefusedError(error.reason, error.detail) from error
    except Image.DecompressionBombError as error:
        reason = "too_many_pixels"
        raise PhotoRefusedError(reason, str(error)) from error
    except BROKEN as error:
        reason = "not_an_image"
        raise PhotoRefusedError(reason, f"{len(content)} bytes: {content[:24]!r}") from error
    with image:
        _check(image, min_side_pixels)
        with BUDGET.taking(image.width * image.height):
            return _photo_file(image, bare, rejected_face_share)


def _check(image: Image.Image, min_side_pixels: int) -> None:
    """Refuse by what the header says, before anything is decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        reason = "too_many_pixels"
        raise PhotoRefusedError(reason, f"{width} x {height}, at most {MAX_PIXELS} in all")
    if min(width, height) < min_side_pixels:
        reason = "too_small"
        raise PhotoRefusedError(reason, f"{width} x {height}, at least {min_side_pixels} each")
    if getattr(image, "is_animated", False):
        reason = "animated"
        raise PhotoRefusedError(reason, f"{getattr(image, 'n_frames', 2)} frames")
    if image.mode not in CONVERTIBLE_MODES:
        reason = "unsupported_mode"
        raise PhotoRefusedError(reason, f"{image.format} in mode {image.mode}")


def _photo_file(
    image: Image.Image, bare: BarePhoto, rejected_face_share: float | None
) -> PhotoFile:
    try:
        image.load()
        shown, content, form = _normalised(image, bare)
        if rejected_face_share is not None:
            _check_face(shown, rejected_face_share)
        phash = perceptual_hash(shown)
    except BROKEN as error:
        reason = "truncated" if "truncated" in str(error).lower() else "broken"
        raise PhotoRefusedError(reason, str(error)) from error
    return PhotoFile(
        sha256=hashlib.sha256(content).digest(),
        content=content,
        width_pixels=shown.width,
        height_pixels=shown.height,
        media_type=MEDIA_TYPES[form],
        perceptual_hash=phash,
    )


def _normalised(image: Image.Image, bare: BarePhoto) -> tuple[Image.Image, bytes, str]:
    """Return the picture as it is stored, its bytes, and their form."""
    turn = orientation(bare.exif)
    profile = profile_of(image)
    is_plain = image.mode in PLAIN_MODES and not is_sixteen_bit(image, bare.content)
    if turn == 1 and is_plain and (profile is None or is_srgb(image, profile)):
        if profile is None and "icc_profile" in image.info:
            # It is broken: others might stumble over it.
            return image, without_metadata(bare.content, keeps_profile=False).content, bare.form
        return image, bare.content, bare.form
    upright = upright_srgb(image, turn, profile)
    return upright, as_jpeg(upright), "JPEG"


def _check_face(image: Image.Image, rejected_face_share: float) -> None:
    share = face_share(image, rejected_face_share)
    if share:
        reason = "mostly_a_face"
        raise PhotoRefusedError(
            reason, f"{share:.0%} of the area, less than {rejected_face_share:.0%} is kept"
        )
