import io

import numpy as np
import pytest
from PIL import Image

from detector_app.errors import PhotoRefused
from detector_app.photos.photo import read_photo, write_jpeg
from tests.photo_files import BAD_PHOTOS, GOOD_PHOTOS, spoilt_photos


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photo_is_read_as_rgb_in_its_size(kind: str) -> None:
    photo = read_photo(encode(Image.new("RGB", (120, 80), "red"), kind), "photo")
    assert (photo.mode, photo.size) == ("RGB", (120, 80))


def test_photo_held_upright_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    photo = read_photo(encode(Image.new("RGB", (120, 80)), "JPEG", exif=exif), "photo.jpg")
    assert photo.size == (80, 120)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "LA", "RGBA", "I;16"])
def test_other_kinds_of_colour_become_rgb(mode: str) -> None:
    picture = Image.new("L", (40, 40), 200).convert("RGB")
    picture = Image.new("I;16", (40, 40), 51200) if mode == "I;16" else picture.convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    photo = read_photo(encode(picture, kind), "photo")
    assert photo.mode == "RGB"
    if mode != "1":
        assert np.asarray(photo).mean() == pytest.approx(200, abs=3)


def test_transparent_parts_are_white() -> None:
    photo = read_photo(encode(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"), "photo.png")
    assert photo.getpixel((5, 5)) == (255, 255, 255)


def test_large_photo_is_made_smaller_in_its_own_shape() -> None:
    photo = read_photo(encode(Image.new("RGB", (6000, 3000)), "JPEG"), "photo.jpg")
    assert photo.size == (2560, 1280)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["empty", "text", "pdf", "svg"],
)
def test_file_that_is_no_photo_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(PhotoRefused, match=r"me\.jpg is not a JPEG, PNG or WebP photo"):
        read_photo(content, "me.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_cut_photo_is_refused(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    content = encode(Image.fromarray(noise), kind)
    with pytest.raises(PhotoRefused):
        read_photo(content[: len(content) // 2], "photo")


def test_photo_of_too_many_megabytes_is_refused() -> None:
    with pytest.raises(PhotoRefused, match="21 MB, at most 20 MB"):
        read_photo(b"\xff" * 21_000_000, "photo.jpg")


def test_small_file_that_unpacks_to_gigabytes_is_refused() -> None:
    bomb = encode(Image.new("1", (9000, 9000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(PhotoRefused, match="60 megapixels"):
        read_photo(bomb, "bomb.png")


def test_line_of_pixels_is_refused() -> None:
    with pytest.raises(PhotoRefused, match="only 300 x 2"):
        read_photo(encode(Image.new("RGB", (300, 2)), "PNG"), "line.png")


def test_written_jpeg_can_be_read_again() -> None:
    assert read_photo(write_jpeg(Image.new("RGB", (64, 48))), "copy.jpg").size == (64, 48)


@pytest.mark.parametrize("case", GOOD_PHOTOS)
def test_photo_is_shown_as_it_is_meant(case: str) -> None:
    content, shown = GOOD_PHOTOS[case]
    photo = np.asarray(read_photo(content, "photo"), dtype=np.int16)
    assert photo.shape == shown.shape
    assert np.abs(photo - shown).mean() < 5


@pytest.mark.parametrize("case", BAD_PHOTOS)
def test_what_is_no_whole_photo_is_refused(case: str) -> None:
    with pytest.raises(PhotoRefused, match="photo"):
        read_photo(BAD_PHOTOS[case], "photo")


def test_spoilt_photo_is_shown_or_refused() -> None:
    refused = 0
    for content in spoilt_photos(1000):
        try:
            read_photo(content, "photo").load()
        except PhotoRefused:
            refused += 1
    assert 100 < refused < 900


def test_written_jpeg_has_no_profile_and_no_metadata() -> None:
    content, _ = GOOD_PHOTOS["JPEG in sRGB"]
    written = write_jpeg(read_photo(content, "photo"))
    assert b"ICC_PROFILE" not in written
    assert b"Exif" not in written
