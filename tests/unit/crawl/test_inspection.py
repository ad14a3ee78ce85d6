"""Bytes are looked at, not believed: kept, turned upright, or refused with a reason."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sightscan.crawl.fetching import PhotoRefusedError
from sightscan.crawl.inspection import ORIENTATION, inspect_photo, perceptual_hash

LEAST_SIDE = 64


def picture(width: int = 120, height: int = 80, mode: str = "RGB", seed: int = 7) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def bomb() -> bytes:
    """Return a PNG of a few bytes that says it has 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def broken_png() -> bytes:
    data = bytearray(saved(picture(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("form", "mode", "media_type"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("WEBP", "RGB", "image/webp"),
    ],
)
def test_fine_photo_is_kept_byte_by_byte(form: str, mode: str, media_type: str) -> None:
    data = saved(picture(mode=mode), form)
    file = inspect_photo(data, LEAST_SIDE)
    assert (file.data, file.media_type) == (data, media_type)
    assert (file.width_pixels, file.height_pixels) == (120, 80)
    assert file.sha256 == hashlib.sha256(data).digest()


def test_photo_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    file = inspect_photo(saved(picture(), exif=exif), LEAST_SIDE)
    assert (file.width_pixels, file.height_pixels) == (80, 120)
    with Image.open(io.BytesIO(file.data)) as stored:
        assert stored.size == (80, 120)
        assert ORIENTATION not in stored.getexif()


def test_colours_for_print_become_rgb() -> None:
    file = inspect_photo(saved(picture(mode="CMYK")), LEAST_SIDE)
    with Image.open(io.BytesIO(file.data)) as stored:
        assert stored.mode == "RGB"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_an_image"),
        (b"<!DOCTYPE html><html></html>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (saved(picture(), "GIF"), "not_an_image"),
        (saved(picture(), "TIFF"), "not_an_image"),
        (saved(picture(width=63)), "too_small"),
        (saved(picture())[:900], "truncated"),
        (broken_png(), "broken"),
        (bomb(), "too_many_pixels"),
        (
            saved(picture(), "WEBP", save_all=True, append_images=[picture(seed=8)]),
            "animated",
        ),
        (saved(picture(mode="I;16"), "PNG"), "unsupported_mode"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_photo_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PhotoRefusedError) as caught:
        inspect_photo(data, LEAST_SIDE)
    assert caught.value.reason == reason


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_rubbish_anywhere_in_a_file_is_refused_and_never_crashes(form: str) -> None:
    whole = saved(picture(), form)
    random = np.random.default_rng(3)
    for _ in range(60):
        data = bytearray(whole)
        for position in random.integers(0, len(data), 12):
            data[position] = random.integers(0, 256)
        try:
            inspect_photo(bytes(data[: random.integers(1, len(data) + 1)]), LEAST_SIDE)
        except PhotoRefusedError:
            continue


def test_hash_has_256_bits_and_survives_recompression() -> None:
    one = perceptual_hash(picture(480, 320))
    with Image.open(io.BytesIO(saved(picture(480, 320), quality=40))) as again:
        other = perceptual_hash(again)
    assert len(one) == 32
    assert (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() <= 16


def test_hashes_of_different_photos_are_far_apart() -> None:
    one, other = perceptual_hash(picture(seed=1)), perceptual_hash(picture(seed=2))
    assert (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() > 80
