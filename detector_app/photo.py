"""Read an uploaded photo: upright, RGB, within limits; or say in one sentence why not."""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from detector_app.errors import PhotoRefused

PHOTO_FORMATS: Final = ("JPEG", "PNG", "WEBP")
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

    Honours the EXIF rotation; lays transparency on white. Raises `PhotoRefused`.
    """
    if len(content) > MAX_PHOTO_MEGABYTES * _MEGA:
        msg = (
            f"{file_name} has {len(content) / _MEGA:.0f} MB, at most {MAX_PHOTO_MEGABYTES} MB "
            "are possible; choose a smaller copy of the photo."
        )
        raise PhotoRefused(msg)
    try:
        with warnings.catch_warnings():
            # Our own limit below is stricter and says what to do.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=PHOTO_FORMATS)
        _check_size(opened, file_name)
        # JPEGs can be unpacked at half or a quarter of their size, which spares most of the work.
        opened.draft("RGB", (MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS))
        upright = ImageOps.exif_transpose(opened)
        photo = _to_rgb(upright)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        msg = f"{file_name} is not a JPEG, PNG or WebP photo; choose another file."
        raise PhotoRefused(msg) from error
    except (OSError, ValueError, SyntaxError) as error:
        # Pillow reports broken files by several classes, SyntaxError for PNG among them.
        msg = f"{file_name} is damaged and cannot be shown; choose another copy of it."
        raise PhotoRefused(msg) from error
    photo.thumbnail((MAX_SHOWN_SIDE_PIXELS, MAX_SHOWN_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return photo


def write_jpeg(picture: Image.Image) -> bytes:
    """Return the picture as JPEG bytes, to be shown or saved; without its metadata."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
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


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "I;16":
        # Pillow clips 16-bit greys to white instead of scaling them.
        return picture.point(lambda value: value / 256).convert("L").convert("RGB")
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    return picture.convert("RGB")
