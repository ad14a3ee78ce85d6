"""Turn decoded photos upright and into sRGB of 8 bits, where they are not that already.

The app and the pipeline each have this file, byte by byte the same: they share no code, and a
detector is to see a visitor's photo as it saw those that it learnt from.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms
from PIL.ExifTags import Base

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
KEPT_JPEG_QUALITY = 95
# How the pixels are to be turned, by EXIF's orientation. 1 is upright, anything else is no value.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Modes that are kept as they are; others are converted.
PLAIN_MODES = frozenset({"RGB", "L", "P", "RGBA", "LA"})
# A profile that changes no colour by more levels (of 255) than this is sRGB, whatever its name.
MAX_SHIFT_LEVELS = 4
# Levels of 16 bits on one of 8.
LEVELS_16_PER_8 = 257


def orientation(exif: bytes | None) -> int:
    """Return EXIF's orientation; 1, upright, where there is none or it is rubbish."""
    if not exif:
        return 1
    try:
        tags = Image.Exif()
        tags.load(exif)
        value = tags.get(Base.Orientation)
    except BROKEN:
        return 1
    return value if isinstance(value, int) and value in TURNS else 1


def is_sixteen_bit(image: Image.Image, content: bytes) -> bool:
    """Say whether a picture has 16 bits a channel; Pillow's mode tells it for grey ones only."""
    return image.mode.startswith("I") or (image.format == "PNG" and content[24:25] == b"\x10")


def profile_of(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """Return the colour profile that a picture names, None if there is none or it is broken."""
    stated = image.info.get("icc_profile")
    if not stated:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(stated))
        # Not every profile is one of pixels, or of these pixels.
        _in_srgb(Image.new(_profiled_mode(image), (1, 1)), profile)
    except BROKEN:
        return None
    return profile


def is_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> bool:
    """Say whether a profile leaves colours as they are: tried, for there are many names."""
    mode = _profiled_mode(image)
    if mode == "CMYK":
        return False
    steps = np.linspace(0, 255, 6, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    tried = Image.fromarray(colours).convert(mode)
    shown = _in_srgb(tried, profile)
    shift = np.asarray(shown, dtype=np.int16) - np.asarray(tried.convert("RGB"), dtype=np.int16)
    return int(np.abs(shift).max()) <= MAX_SHIFT_LEVELS


def upright_srgb(
    image: Image.Image, turn: int, profile: ImageCms.ImageCmsProfile | None
) -> Image.Image:
    """Return a picture upright, in RGB of 8 bits, its colours as its profile means them."""
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.uint16) // LEVELS_16_PER_8
        image = Image.fromarray(levels.astype(np.uint8))
    if profile is not None:
        mode = _profiled_mode(image)
        # Profiles know no transparency: white is put beneath first.
        plain = flatten_on_white(image) if mode == "RGB" else image.convert(mode)
        image = _in_srgb(plain, profile)
    else:
        image = flatten_on_white(image)
    return image.transpose(TURNS[turn]) if turn in TURNS else image


def flatten_on_white(image: Image.Image) -> Image.Image:
    """Return a picture in RGB, with white where it is transparent."""
    if not image.has_transparency_data:
        # A copy of a large photo would be memory for nothing.
        return image if image.mode == "RGB" else image.convert("RGB")
    with_alpha = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, with_alpha).convert("RGB")


def as_jpeg(image: Image.Image) -> bytes:
    """Return an RGB picture as a JPEG without any metadata."""
    # Not the given picture's info: saving would write its profile again.
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=KEPT_JPEG_QUALITY, icc_profile=None, exif=b"", comment=b"")
    return buffer.getvalue()


def _profiled_mode(image: Image.Image) -> str:
    """Return the mode in which a picture's profile is to be read."""
    if image.mode == "CMYK":
        return "CMYK"
    return "L" if image.mode in {"1", "L", "LA"} or image.mode.startswith("I") else "RGB"


def _in_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    shown = ImageCms.profileToProfile(
        image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if shown is None:
        msg = "a conversion that is not in place returned no picture"
        raise TypeError(msg)
    return shown
