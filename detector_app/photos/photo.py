"""Read an uploaded photo: upright, RGB, within limits; or say in one sentence why not."""

import io
import warnings
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile

from detector_app.errors import PhotoRefused
from detector_app.photos.photo_colour import BROKEN, is_srgb, orientation, profile_of, upright_srgb
from detector_app.photos.photo_metadata import PhotoFileError, without_metadata

PHOTO_SUFFIXES: Final = ("jpg", "jpeg", "png", "webp")
MAX_PHOTO_MEGABYTES: Final = 20
# A few hundred kilobytes can unpack to gigabytes; phones make at most about 50 of these.
MAX_PHOTO_MEGAPIXELS: Final = 60
# No photo of this size shows a sight, and a letterbox around a line has no meaning.
MIN_PHOTO_SIDE_PIXELS: Final = 16
# More helps neither the model, which sees a few hundred pixels, nor the page that shows it.
MAX_SHOWN_SIDE_PIXELS: Final = 2560

_MEGA: Final = 1_000_000


def read_photo(content: bytes, file_name: str) -> Image.Image:
    """Return the photo as upright RGB, its longer side at most `MAX_SHOWN_SIDE_PIXELS`.

    Read as the pipeline reads the photos that detectors learn from: EXIF's rotation and the colour
    profile are honoured, transparency lies on white. Raises `PhotoRefused`.
    """
    if len(content) > MAX_PHOTO_MEGABYTES * _MEGA:
        msg = (
            f"{file_name} has {len(content) / _MEGA:.0f} MB, at most {MAX_PHOTO_MEGABYTES} MB "
            "are possible; choose a smaller copy of the photo."
        )
        raise PhotoRefused(msg)
    try:
        bare = without_metadata(content)
        with warnings.catch_warnings():
            # Our own limit below is stricter and says what to do.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(bare.content), formats=(bare.form,))
        _check_size(opened, file_name)
        # JPEGs can be unpacked at half or a quarter of their size, which spares most of the work.
        opened.draft("RGB", (MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS))
        opened.load()
        profile = profile_of(opened)
        if profile is not None and is_srgb(opened, profile):
            profile = None
        photo = upright_srgb(opened, orientation(bare.exif), profile)
    except Image.DecompressionBombError as error:
        msg = (
            f"{file_name} has more pixels than the {MAX_PHOTO_MEGAPIXELS} megapixels that are "
            "possible; choose a smaller copy of the photo."
        )
        raise PhotoRefused(msg) from error
    except PhotoFileError as error:
        if error.reason in {"not_an_image", "unsupported_format"}:
            msg = f"{file_name} is not a JPEG, PNG or WebP photo; choose another file."
            raise PhotoRefused(msg) from error
        raise _damaged(file_name) from error
    except BROKEN as error:
        raise _damaged(file_name) from error
    photo.thumbnail((MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return photo


def write_jpeg(picture: Image.Image) -> bytes:
    """Return the picture as JPEG bytes, to be shown or saved; without its metadata."""
    buffer = io.BytesIO()
    # Else the profile would be written again, and whatever else the picture came with.
    picture.save(buffer, "JPEG", quality=90, icc_profile=None, exif=b"", comment=b"")
    return buffer.getvalue()


def _check_size(opened: ImageFile, file_name: str) -> None:
    width, height = opened.size
    if width * height > MAX_PHOTO_MEGAPIXELS * _MEGA:
        msg = (
            f"{file_name} has {width} x {height} pixels, at most {MAX_PHOTO_MEGAPIXELS} "
            "megapixels are possible; choose a smaller copy of the photo."
        )
        raise PhotoRefused(msg)
    if min(width, height) < MIN_PHOTO_SIDE_PIXELS:
        msg = (
            f"{file_name} has only {width} x {height} pixels; choose a photo of at least "
            f"{MIN_PHOTO_SIDE_PIXELS} pixels on each side."
        )
        raise PhotoRefused(msg)


def _damaged(file_name: str) -> PhotoRefused:
    msg = f"{file_name} is damaged and cannot be shown; choose another copy of it."
    return PhotoRefused(msg)
