"""What is about a photo is taken away; its pixels are the same to the last bit."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sightscan.photo_metadata import PNG_START, PhotoFileError, without_metadata

PLACE = b"XX40.7484N73.9857W"


def picture() -> Image.Image:
    coarse = np.random.default_rng(5).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((120, 80), Image.Resampling.BICUBIC)


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E] = PLACE.decode()
    tags.get_ifd(0x8825)[29] = PLACE.decode()
    return tags


def saved(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture().save(buffer, form, **options)
    return buffer.getvalue()


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_segment(content: bytes, marker: int, body: bytes) -> bytes:
    return content[:2] + segment(marker, body) + content[2:]


def with_chunk(content: bytes, kind: bytes, body: bytes) -> bytes:
    # Behind the header, which is 13 bytes long.
    return content[:33] + chunk(kind, body) + content[33:]


def text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("GPSLatitude", PLACE.decode())
    info.add_itxt("XML:com.adobe.xmp", PLACE.decode())
    return info


CASES = {
    "EXIF in JPEG": saved("JPEG", exif=exif()),
    "EXIF in progressive JPEG": saved("JPEG", exif=exif(), progressive=True),
    "XMP in JPEG": saved("JPEG", xmp=PLACE),
    "IPTC in JPEG": with_segment(saved("JPEG"), 0xED, b"Photoshop 3.0\0" + PLACE),
    "comment in JPEG": saved("JPEG", comment=PLACE),
    "preview in JPEG": with_segment(saved("JPEG"), 0xE0, b"JFXX\0" + PLACE),
    "second picture in JPEG": with_segment(saved("JPEG"), 0xE2, b"MPF\0" + PLACE) + PLACE,
    "garbage behind JPEG": saved("JPEG") + PLACE,
    "EXIF in PNG": saved("PNG", exif=exif()),
    "texts in PNG": saved("PNG", pnginfo=text()),
    "private chunk in PNG": with_chunk(saved("PNG"), b"geOt", PLACE),
    "garbage behind PNG": saved("PNG") + PLACE,
    "EXIF in WebP": saved("WEBP", exif=exif()),
    "XMP in WebP": saved("WEBP", xmp=PLACE, lossless=True),
    "garbage behind WebP": saved("WEBP") + PLACE,
}


@pytest.mark.parametrize("content", CASES.values(), ids=CASES.keys())
def test_place_is_gone_and_the_pixels_are_the_same(content: bytes) -> None:
    bare = without_metadata(content).content
    assert PLACE in content
    assert PLACE not in bare
    assert pixels(bare) == pixels(content)


@pytest.mark.parametrize("content", CASES.values(), ids=CASES.keys())
def test_bare_photo_stays_as_it_is(content: bytes) -> None:
    bare = without_metadata(content).content
    assert without_metadata(bare).content == bare


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_exif_is_handed_over_for_its_orientation(form: str) -> None:
    tags = Image.Exif()
    tags.load(without_metadata(saved(form, exif=exif())).exif or b"")
    assert tags[0x010E] == PLACE.decode()


def test_compressed_text_is_never_unpacked() -> None:
    bomb = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
    content = with_chunk(saved("PNG"), b"zTXt", bomb)
    assert without_metadata(content).content == saved("PNG")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_photo_that_ends_in_its_header_is_truncated(form: str) -> None:
    with pytest.raises(PhotoFileError) as caught:
        without_metadata(saved(form)[:30])
    assert caught.value.reason == "truncated"


def test_png_without_an_end_is_truncated() -> None:
    with pytest.raises(PhotoFileError, match="truncated"):
        without_metadata(PNG_START)
