"""Read an uploaded photo: upright, RGB, within limits; or say in one sentence why not."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pillow_heif
from PIL import Image
from PIL.ImageFile import ImageFile

from detector_app.budget import PHOTO_BUDGET
from detector_app.errors import PhotoRefused
from detector_app.photos.photo_colour import (
    BROKEN,
    is_srgb,
    orientation,
    profile_of,
    upright_srgb,
)
from detector_app.photos.photo_metadata import OTHER_FORMS, PhotoFileError, without_metadata

MAX_PHOTO_MEGABYTES: Final = 20
# A few hundred kilobytes can unpack to gigabytes. JPEGs can be unpacked at a part of their size.
MAX_PHOTO_MEGAPIXELS: Final = 60
# Everything else is unpacked whole. Phones make 48 or 50, and people wait three seconds for one.
MAX_WHOLE_MEGAPIXELS: Final = 50
# No photo of this size shows a sight, and a letterbox around a line has no meaning.
MIN_PHOTO_SIDE_PIXELS: Final = 16
# More helps neither the model, which sees a few hundred pixels, nor the page that shows it.
MAX_SHOWN_SIDE_PIXELS: Final = 2560
DRAWN_JPEG_QUALITY: Final = 90

_MEGA: Final = 1_000_000
# Of `OTHER_FORMS`, those that are read, and Pillow's name for each.
_ALSO_READ: Final = {"GIF": "GIF", "TIFF": "TIFF", "BMP": "BMP", "AVIF": "AVIF", "HEIC": "HEIF"}
# How MP4 and QuickTime, Matroska and WebM, AVI, Ogg and MPEG begin: films are for the camera's page.
_VIDEO: Final = re.compile(rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |OggS|\0\0\x01\xba", re.DOTALL)
# Bytes for each pixel of the file, while it is read: unpacked, and a copy in other colours.
_WHOLE_BYTES_PER_PIXEL: Final = 9
# White is put beneath what is transparent, by copies with an alpha.
_CLEAR_BYTES_PER_PIXEL: Final = 20
# Rows of the smaller picture that are made at once.
_STRIP_ROWS: Final = 64
# A progressive JPEG is held whole before it is made smaller.
_JPEG_BYTES_PER_PIXEL: Final = 6
# What is left at the size at which it is shown, some copies of it included.
_SHOWN_BYTES: Final = 4 * 4 * MAX_SHOWN_SIDE_PIXELS**2

# Opened by name only, below: registering it changes nothing for other files.
pillow_heif.register_heif_opener(thumbnails=False)


def read_photo(content: bytes, file_name: str) -> Image.Image:
    """Return the photo as upright RGB, its longer side at most `MAX_SHOWN_SIDE_PIXELS`.

    Read as the pipeline reads the photos that detectors learn from: EXIF's rotation and the colour
    profile are honoured, transparency lies on white. Of an animated one, the first picture. Raises
    `PhotoRefused`, and `ServerBusy` if other photos take all the memory there is for them.
    """
    if len(content) > MAX_PHOTO_MEGABYTES * _MEGA:
        raise PhotoRefused(
            key="refused.heavy",
            file=file_name,
            megabytes=f"{len(content) / _MEGA:.0f}",
            most=MAX_PHOTO_MEGABYTES,
        )
    with _explained(file_name):
        opened, exif = _open(content, file_name)
        _check_size(opened, file_name)
        with PHOTO_BUDGET.hold(_memory_for(opened)):
            return _unpack(opened, exif)


def write_jpeg(picture: Image.Image, quality: int = DRAWN_JPEG_QUALITY) -> bytes:
    """Return the picture as JPEG bytes, to be shown, saved or stored; without its metadata."""
    buffer = io.BytesIO()
    # Else the profile would be written again, and whatever else the picture came with.
    picture.save(buffer, "JPEG", quality=quality, icc_profile=None, exif=b"", comment=b"")
    return buffer.getvalue()


def _open(content: bytes, file_name: str) -> tuple[ImageFile, bytes | None]:
    """Open a photo, by what its bytes are and never by its name; return its EXIF, too."""
    if not content:
        raise PhotoRefused(key="refused.empty", file=file_name)
    form = next((name for name, start in OTHER_FORMS.items() if start.match(content)), None)
    if form is not None and form not in _ALSO_READ:
        raise PhotoRefused(key="refused.form", file=file_name, form=form)
    if form is None:
        if _VIDEO.match(content):
            raise PhotoRefused(key="refused.video", file=file_name)
        bare = without_metadata(content)
        content, form, exif = bare.content, bare.form, bare.exif
    else:
        form, exif = _ALSO_READ[form], None
    with warnings.catch_warnings():
        # Our own limit is stricter and says what to do.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(content), formats=(form,)), exif


def _unpack(opened: ImageFile, exif: bytes | None) -> Image.Image:
    # JPEGs can be unpacked at half or a quarter of their size, which spares most of the work.
    opened.draft("RGB", (MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS))
    with warnings.catch_warnings():
        # Of tags that are not as they should be: the pixels are what is wanted.
        warnings.simplefilter("ignore", UserWarning)
        opened.load()
        turn = orientation(exif if exif is not None else opened.info.get("exif"))
    profile = profile_of(opened)
    if profile is not None and is_srgb(opened, profile):
        profile = None
    photo = upright_srgb(_made_smaller(opened), turn, profile)
    photo.thumbnail((MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return photo


def _made_smaller(opened: Image.Image) -> Image.Image:
    """Return the picture at a whole part of its size, not below the one shown.

    Before its colours are looked at: copies of a large photo are memory and time for nothing.
    """
    factor = max(opened.size) // MAX_SHOWN_SIDE_PIXELS
    # Sixteen bits are few, and have a reading of their own.
    if factor < 2 or opened.mode.startswith("I"):  # noqa: PLR2004 - half its size
        return opened
    if opened.mode in {"1", "P", "PA"} or "transparency" in opened.info:
        # Numbers of colours have no mean, nor has a colour that stands for none.
        return _reduced_in_strips(opened, factor)
    return opened.reduce(factor)


def _reduced_in_strips(opened: Image.Image, factor: int) -> Image.Image:
    """Return the picture smaller, in a mode whose numbers have a mean.

    Some rows at a time: of a large photo, other modes as a whole take seconds and a gigabyte.
    """
    is_clear = opened.has_transparency_data
    if opened.mode in {"1", "L"}:
        # Grey stays grey, since its profile is one of greys.
        mode = "LA" if is_clear else "L"
    else:
        mode = "RGBA" if is_clear else "RGB"
    small = Image.new(mode, (-(-opened.width // factor), -(-opened.height // factor)))
    for top in range(0, opened.height, factor * _STRIP_ROWS):
        bottom = min(top + factor * _STRIP_ROWS, opened.height)
        strip = opened.crop((0, top, opened.width, bottom)).convert(mode)
        small.paste(strip.reduce(factor), (0, top // factor))
    return small


def _memory_for(opened: ImageFile) -> int:
    pixels = opened.width * opened.height
    is_reduced = max(opened.size) >= 2 * MAX_SHOWN_SIDE_PIXELS
    if opened.format == "JPEG":
        per_pixel = _JPEG_BYTES_PER_PIXEL
    elif opened.has_transparency_data and not is_reduced:
        per_pixel = _CLEAR_BYTES_PER_PIXEL
    else:
        per_pixel = _WHOLE_BYTES_PER_PIXEL
    return pixels * per_pixel + min(_SHOWN_BYTES, pixels * 16)


@contextmanager
def _explained(file_name: str) -> Iterator[None]:
    """Turn what libraries raise for a file into a sentence."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise PhotoRefused(key="refused.bomb", file=file_name, most=MAX_PHOTO_MEGAPIXELS) from error
    except PhotoFileError as error:
        if error.reason in {"not_an_image", "unsupported_format"}:
            raise PhotoRefused(key="refused.no_photo", file=file_name) from error
        raise _damaged(file_name) from error
    except BROKEN as error:
        raise _damaged(file_name) from error


def _check_size(opened: ImageFile, file_name: str) -> None:
    width, height = opened.size
    most = MAX_PHOTO_MEGAPIXELS if opened.format == "JPEG" else MAX_WHOLE_MEGAPIXELS
    if width * height > most * _MEGA:
        raise PhotoRefused(
            key="refused.large" if opened.format == "JPEG" else "refused.large.form",
            file=file_name,
            width=width,
            height=height,
            most=most,
            form=opened.format,
        )
    if min(width, height) < MIN_PHOTO_SIDE_PIXELS:
        raise PhotoRefused(
            key="refused.small",
            file=file_name,
            width=width,
            height=height,
            least=MIN_PHOTO_SIDE_PIXELS,
        )


def _damaged(file_name: str) -> PhotoRefused:
    return PhotoRefused(key="refused.damaged", file=file_name)
