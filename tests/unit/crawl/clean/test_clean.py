"""Bytes are looked at, not believed: kept, turned upright, or refused with a reason."""

import hashlib
import io
import struct
import threading
import zlib

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageCms, ImageOps

from sightscan.crawl.clean import clean as inspection
from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from sightscan.decoding import PixelBudget
from sightscan.photo_metadata import PNG_START
from tests.photo_files import BAD_PHOTOS, GOOD_PHOTOS, spoilt_photos

MIN_SIDE = 64


def picture(width: int = 120, height: int = 80, mode: str = "RGB", seed: int = 7) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (10, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """Return a grey PNG of a few bytes that says how many pixels it has on each side."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def broken_png() -> bytes:
    content = bytearray(saved(picture(), "PNG"))
    content[len(content) // 2] ^= 0xFF
    return bytes(content)


def many_scans() -> bytes:
    """Return a progressive JPEG that repeats its first scan: small, and slow to decode."""
    content = saved(picture(), progressive=True)
    first = content.index(b"\xff\xda")
    second = content.index(b"\xff\xc4", first)
    return content[:first] + content[first:second] * 200 + content[second:]


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """Return sRGB's profile with the primaries of red and blue exchanged."""
    profile = srgb_profile()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


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
    content = saved(picture(mode=mode), form)
    file = inspect_photo(content, MIN_SIDE)
    assert (file.content, file.media_type) == (content, media_type)
    assert (file.width_pixels, file.height_pixels) == (120, 80)
    assert file.sha256 == hashlib.sha256(content).digest()


def test_photo_of_the_smallest_size_is_kept() -> None:
    assert inspect_photo(saved(picture(width=64)), MIN_SIDE).width_pixels == 64


def test_photo_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = inspect_photo(saved(picture(), exif=exif), MIN_SIDE)
    assert (file.width_pixels, file.height_pixels) == (80, 120)
    with Image.open(io.BytesIO(file.content)) as stored:
        assert stored.size == (80, 120)
        assert 0x0112 not in stored.getexif()


def test_colours_for_print_become_rgb() -> None:
    file = inspect_photo(saved(picture(mode="CMYK")), MIN_SIDE)
    with Image.open(io.BytesIO(file.content)) as stored:
        assert stored.mode == "RGB"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_an_image"),
        (b"<!DOCTYPE html><html></html>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (saved(picture(), "GIF"), "unsupported_format"),
        (saved(picture(), "TIFF"), "unsupported_format"),
        (saved(picture(), "BMP"), "unsupported_format"),
        (saved(picture(), "AVIF"), "unsupported_format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "unsupported_format"),
        (b"\xff\xd8\xff<!DOCTYPE html>", "truncated"),
        (saved(picture(), "PNG", save_all=True, append_images=[picture(seed=8)]), "animated"),
        (many_scans(), "too_many_scans"),
        (saved(picture(width=63)), "too_small"),
        # Of 75 million pixels there may be no more.
        (bomb(8_661), "too_many_pixels"),
        (bomb(8_660), "truncated"),
        (saved(picture())[:900], "truncated"),
        (broken_png(), "broken"),
        (bomb(), "too_many_pixels"),
        (
            saved(picture(), "WEBP", save_all=True, append_images=[picture(seed=8)]),
            "animated",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_photo_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(PhotoRefusedError) as caught:
        inspect_photo(content, MIN_SIDE)
    assert caught.value.reason == reason


FORMS = {
    "JPEG": saved(picture()),
    "progressive JPEG": saved(picture(), progressive=True),
    "PNG": saved(picture(), "PNG"),
    "WEBP": saved(picture(), "WEBP"),
    "lossless WEBP": saved(picture(), "WEBP", lossless=True),
}


@pytest.mark.parametrize("whole", FORMS.values(), ids=FORMS.keys())
@given(
    changes=st.lists(st.tuples(st.integers(min_value=0), st.binary(min_size=1, max_size=4))),
    end=st.integers(min_value=0),
)
@settings(deadline=None, max_examples=60)
def test_rubbish_anywhere_in_a_file_never_crashes(
    whole: bytes, changes: list[tuple[int, bytes]], end: int
) -> None:
    """What comes of any file is a photo that can be opened, or a refusal."""
    content = bytearray(whole)
    for position, rubbish in changes:
        content[position % len(whole)] = rubbish[0]
    if end % 3 == 0:
        del content[end % len(whole) :]
    try:
        file = inspect_photo(bytes(content), MIN_SIDE)
    except PhotoRefusedError:
        return
    assert pixels(file.content).shape[:2] == (file.height_pixels, file.width_pixels)


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8\xff", PNG_START, b"RIFF"]))
def test_any_bytes_behind_a_photos_first_are_refused(rubbish: bytes, start: bytes) -> None:
    with pytest.raises(PhotoRefusedError):
        inspect_photo(start + rubbish, MIN_SIDE)


@pytest.mark.parametrize("turn", range(2, 9))
def test_every_orientation_is_turned_as_viewers_do(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    content = saved(picture(), quality=95, exif=exif)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image), dtype=np.int16)
    assert np.abs(pixels(inspect_photo(content, MIN_SIDE).content) - expected).mean() < 3


def test_inverted_colours_for_print_are_right() -> None:
    """Adobe writes CMYK upside down, and says so in a segment that must be kept."""
    content = saved(picture(mode="CMYK"), quality=95)
    assert b"Adobe" in content
    assert np.abs(pixels(inspect_photo(content, MIN_SIDE).content) - pixels(content)).mean() < 3


def test_sixteen_bits_of_grey_become_eight() -> None:
    eight = np.asarray(picture(mode="L"))
    content = saved(Image.fromarray(eight.astype(np.uint16) * 257), "PNG")
    file = inspect_photo(content, MIN_SIDE)
    assert file.media_type == "image/jpeg"
    assert np.abs(pixels(file.content)[:, :, 0] - eight).mean() < 3


def test_sixteen_bits_of_colour_become_eight() -> None:
    colours = np.asarray(picture())
    encoded, content = cv2.imencode(".png", colours[:, :, ::-1].astype(np.uint16) * 257)
    file = inspect_photo(content.tobytes(), MIN_SIDE)
    assert encoded
    assert file.media_type == "image/jpeg"
    assert np.abs(pixels(file.content) - colours).mean() < 5


def test_wide_colours_are_shown_as_they_are_meant() -> None:
    """A profile that swaps red and blue, as any other than sRGB, is applied and gone."""
    content = saved(picture(), "PNG", icc_profile=swapped_profile())
    file = inspect_photo(content, MIN_SIDE)
    assert np.abs(pixels(file.content) - pixels(content)[:, :, ::-1]).mean() < 6
    with Image.open(io.BytesIO(file.content)) as stored:
        assert "icc_profile" not in stored.info


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_srgb_profile_leaves_a_photo_as_it_is(form: str) -> None:
    content = saved(picture(), form, icc_profile=srgb_profile())
    assert inspect_photo(content, MIN_SIDE).content == content


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_broken_profile_is_taken_away(form: str) -> None:
    content = saved(picture(), form, icc_profile=b"no profile at all" * 9)
    file = inspect_photo(content, MIN_SIDE)
    assert b"no profile at all" not in file.content
    assert np.array_equal(pixels(file.content), pixels(content))
    with Image.open(io.BytesIO(file.content)) as stored:
        assert "icc_profile" not in stored.info


def test_transparent_photo_that_is_converted_stands_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    content = saved(Image.new("RGBA", (100, 80), (0, 0, 0, 0)), "PNG", exif=exif)
    assert pixels(inspect_photo(content, MIN_SIDE).content).min() >= 250


def test_same_bytes_give_the_same_photo() -> None:
    content = saved(picture(mode="CMYK"))
    assert inspect_photo(content, MIN_SIDE) == inspect_photo(content, MIN_SIDE)


def test_threads_share_one_budget_of_pixels() -> None:
    budget, order = PixelBudget(10), []

    def second() -> None:
        with budget.taking(6):
            order.append("second")

    with budget.taking(5):
        thread = threading.Thread(target=second)
        thread.start()
        with budget.taking(5):
            order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_budget_is_given_back_when_a_photo_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "BUDGET", PixelBudget(120 * 80))
    for _ in range(3):
        with pytest.raises(PhotoRefusedError):
            inspect_photo(broken_png(), MIN_SIDE)


@pytest.mark.parametrize("case", GOOD_PHOTOS)
def test_photo_is_kept_as_it_is_meant(case: str) -> None:
    content, shown = GOOD_PHOTOS[case]
    kept = inspect_photo(content, MIN_SIDE).content
    assert pixels(kept).shape == shown.shape
    assert np.abs(pixels(kept) - shown).mean() < 5


@pytest.mark.parametrize("case", BAD_PHOTOS)
def test_what_is_no_whole_photo_is_refused(case: str) -> None:
    with pytest.raises(PhotoRefusedError):
        inspect_photo(BAD_PHOTOS[case], MIN_SIDE)


def test_spoilt_photo_is_kept_or_refused() -> None:
    refused = 0
    for content in spoilt_photos(1000):
        try:
            inspect_photo(content, MIN_SIDE)
        except PhotoRefusedError:
            refused += 1
    assert 100 < refused < 900
