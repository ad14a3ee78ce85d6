"""Photos are sent upright and no larger than landmarks need; boxes need no scaling back."""

import io
import random

import pytest
from PIL import Image

from sightscan.label.prepare import UnfitPhotoError, prepare_photo


def encoded(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


def test_small_upright_photo_is_sent_as_it_is() -> None:
    content = encoded(Image.new("RGB", (800, 600)))
    prepared = prepare_photo(content)
    assert (prepared.content, prepared.width_pixels, prepared.height_pixels) == (content, 800, 600)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 3000), (1024, 768)), ((300, 3000), (102, 1024))]
)
def test_large_photo_shrinks_and_keeps_its_shape(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    prepared = prepare_photo(encoded(Image.new("RGB", size)))
    assert (prepared.width_pixels, prepared.height_pixels) == expected
    assert size_of(prepared.content) == expected


def test_photo_that_lies_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    prepared = prepare_photo(encoded(Image.new("RGB", (400, 200)), exif=exif))
    assert size_of(prepared.content) == (200, 400)


def test_noisy_photo_stays_under_its_share_of_a_request() -> None:
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    noise = Image.frombytes("RGB", (1024, 1024), dice.randbytes(3 * 1024 * 1024))
    assert len(prepare_photo(encoded(noise, "PNG")).content) <= 600_000


@pytest.mark.parametrize(("side", "is_sent_as_it_is"), [(440, True), (455, False)])
def test_photo_of_more_than_600_kilobytes_is_packed_anew(
    side: int,
    is_sent_as_it_is: bool,  # noqa: FBT001 - a column of the table
) -> None:
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    content = encoded(Image.frombytes("RGB", (side, side), dice.randbytes(3 * side**2)), "PNG")
    assert 580_000 < len(content) < 630_000
    assert (prepare_photo(content).content == content) is is_sent_as_it_is


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "CMYK"])
def test_every_colour_mode_can_be_shrunk(mode: str) -> None:
    format_ = "JPEG" if mode == "CMYK" else "PNG"
    prepared = prepare_photo(encoded(Image.new(mode, (2048, 1024)), format_))
    assert size_of(prepared.content) == (1024, 512)


@pytest.mark.parametrize("content", [b"", b"<html>", encoded(Image.new("RGB", (900, 900)))[:-400]])
def test_rubbish_is_refused_before_it_costs_anything(content: bytes) -> None:
    with pytest.raises(UnfitPhotoError, match="cannot be decoded"):
        prepare_photo(content)
