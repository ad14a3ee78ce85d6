"""Photos as phones, cameras, editors and bad disks write them, for all who read photos.

Each has the pixels that a viewer shows. The pipeline keeps photos and the app shows them by the
same cases, since a detector is to see a visitor's photo as it saw those that it learnt from.
"""

import io
import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

FORMS = ("JPEG", "PNG", "WEBP")
# Colours of Display P3, from Apple's phones, and the same in sRGB, by the standards' matrices.
DISPLAY_P3 = {(234, 51, 35): (255, 0, 0), (117, 251, 76): (0, 255, 0), (200, 200, 200): (200,) * 3}
# Display P3's primaries under D50: X, Y, Z of red, green and blue.
P3_PRIMARIES = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
BAD_EXIF = {
    "no EXIF": b"not EXIF at all",
    "an offset beyond the end": b"MM\0*\xff\xff\xff\xff",
    "an offset to itself": b"II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\0\0\0\0",
    "half a directory": b"MM\0*\0\0\0\x08\0\x09\1\x12",
    "a text for the orientation": b"MM\0*\0\0\0\x08\0\1\1\x12\0\2\0\0\0\4abc\0\0\0\0\0",
    "a fraction by zero": b"MM\0*\0\0\0\x08\0\1\1\x12\0\5\0\0\0\1\0\0\0\x1a\0\0\0\0" + b"\0" * 8,
    "an orientation of 9": b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x09\0\0\0\0\0\0",
    "a type that is none": b"MM\0*\0\0\0\x08\0\1\1\x12\0\xff\0\0\0\1\0\1\0\0\0\0\0\0",
}
TURNS = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).transpose(1, 0, 2),
    8: np.rot90,
}


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return a picture as a file that loses little."""
    quality = {"lossless": True} if form == "WEBP" else {"quality": 95}
    buffer = io.BytesIO()
    image.save(buffer, form, **(quality | options))
    return buffer.getvalue()


def display_p3() -> bytes:
    """Return a profile of Display P3: sRGB's with other primaries."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", profile, 128)
    for number in range(count):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if tag in P3_PRIMARIES:
            fixed = [round(value * 65536) for value in P3_PRIMARIES[tag]]
            struct.pack_into(">3i", profile, offset + 8, *fixed)
    return bytes(profile)


def grey_profile() -> bytes:
    """Return a profile of greys with a gamma of 2.2, as scanners write them."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + bytes(4) + struct.pack(">IHH", 1, round(2.2 * 256), 0)
    table = struct.pack(">I", 2)
    table += struct.pack(">4sII", b"wtpt", 156, len(white))
    table += struct.pack(">4sII", b"kTRC", 156 + len(white), len(curve))
    size = 128 + len(table) + len(white) + len(curve)
    header = struct.pack(">II", size, 0) + bytes.fromhex("02100000") + b"mntrGRAYXYZ "
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + white + curve


def _picture() -> Image.Image:
    coarse = np.random.default_rng(7).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((120, 80), Image.Resampling.BICUBIC)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _good() -> Iterator[tuple[str, tuple[bytes, np.ndarray]]]:
    """Yield names, files, and what is to be seen (height, width, 3)."""
    picture = _picture()
    shown = np.asarray(picture)
    for form in FORMS:
        yield f"{form}", (saved(picture, form), shown)
        yield f"{form} and rubbish behind", (saved(picture, form) + b"rubbish" * 9, shown)
        for what, exif in BAD_EXIF.items():
            yield f"{form} with {what}", (saved(picture, form, exif=b"Exif\0\0" + exif), shown)
        for turn, turned in TURNS.items():
            tags = Image.Exif()
            tags[0x0112] = turn
            yield f"{form} turned by {turn}", (saved(picture, form, exif=tags), turned(shown))
        for wide, narrow in DISPLAY_P3.items():
            content = saved(Image.new("RGB", (80, 80), wide), form, icc_profile=display_p3())
            yield f"{form} in Display P3 {wide}", (content, np.full((80, 80, 3), narrow, np.uint8))
        yield f"{form} with a broken profile", (saved(picture, form, icc_profile=b"no" * 99), shown)
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        yield f"{form} in sRGB", (saved(picture, form, icc_profile=srgb), shown)
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
        yield f"{form} with a profile of no pixels", (saved(picture, form, icc_profile=lab), shown)
    grey = np.asarray(picture.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    yield "grey of 16 bits", (saved(deep, "PNG"), grey[:, :, None].repeat(3, axis=2))
    printed = picture.convert("CMYK")
    yield "colours for print", (saved(printed, "JPEG"), np.asarray(printed.convert("RGB")))
    white = np.full((80, 120, 3), 255, np.uint8)
    for form in ("PNG", "WEBP"):
        clear = Image.new("RGBA", (120, 80), (0, 0, 0, 0))
        tags = Image.Exif()
        tags[0x0112] = 3
        yield f"transparent {form}", (saved(clear, form, exif=tags, exact=True), white)
    png = saved(picture, "PNG")
    bomb = _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000)))
    yield "PNG with a text that unpacks to 90 MB", (png[:33] + bomb + png[33:], shown)


def _bad() -> Iterator[tuple[str, bytes]]:
    picture = _picture()
    for form in FORMS:
        content = saved(picture, form)
        yield f"half a {form}", content[: len(content) // 2]
        yield f"start of a {form}", content[:14]
    broken = bytearray(saved(picture, "PNG"))
    broken[len(broken) // 2] ^= 0xFF
    yield "PNG of another checksum", bytes(broken)
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    yield (
        "PNG of 900 megapixels",
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", b"")
        + _chunk(b"IEND", b""),
    )
    yield "nothing", b""
    yield "page", b"<!DOCTYPE html><html></html>"
    yield "page that begins as a JPEG", b"\xff\xd8\xff<!DOCTYPE html>"
    for form in ("GIF", "TIFF", "BMP"):
        buffer = io.BytesIO()
        picture.save(buffer, form)
        yield form, buffer.getvalue()


GOOD_PHOTOS = dict(_good())
BAD_PHOTOS = dict(_bad())


def spoilt_photos(count: int) -> Iterator[bytes]:
    """Yield photos of all forms, with metadata, in which some bytes are others; the same each time."""
    chance = random.Random(14)  # noqa: S311 - repeatable rubbish
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x010E] = "a text"
    tags.get_ifd(0x8825)[2] = (40.0, 44.0, 54.0)
    wholes = [
        saved(_picture(), form, exif=tags, icc_profile=display_p3(), **options)
        for form, options in [
            ("JPEG", {}),
            ("JPEG", {"progressive": True}),
            ("PNG", {}),
            ("WEBP", {}),
        ]
    ]
    for _ in range(count):
        content = bytearray(chance.choice(wholes))
        for _ in range(chance.randint(1, 6)):
            # Most of what can go wrong stands at the beginning.
            position = chance.randrange(min(len(content), chance.choice((64, 1500, len(content)))))
            content[position] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        if chance.random() < 0.1:
            del content[chance.randrange(len(content)) :]
        yield bytes(content)
