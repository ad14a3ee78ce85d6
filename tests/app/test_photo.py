import contextlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector_app.errors import PhotoRefused
from detector_app.photos.photo import read_photo, write_jpeg
from tests.photo_files import BAD_PHOTOS, GOOD_PHOTOS, grey_profile, spoilt_photos


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"])
def test_photo_is_read_as_rgb_in_its_size_and_colours(kind: str) -> None:
    photo = read_photo(encode(Image.new("RGB", (120, 80), "#c03020"), kind), "photo")
    assert (photo.mode, photo.size) == ("RGB", (120, 80))
    assert photo.getpixel((60, 40)) == pytest.approx((192, 48, 32), abs=6)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF", "WEBP", "PNG"])
def test_photo_of_any_kind_held_upright_is_shown_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    given = Image.new("RGB", (120, 80), "white")
    given.paste("black", (0, 0, 120, 40))
    photo = read_photo(encode(given, kind, exif=exif.tobytes()), "photo")
    assert photo.size == (80, 120)
    # What was above is now at the right.
    assert photo.getpixel((10, 60))[0] > 200
    assert photo.getpixel((70, 60))[0] < 50


def test_first_picture_of_an_animated_one_is_read() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_photo(content, "photo.gif").getpixel((20, 20)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\x01", "PSD"),
    ],
)
def test_photo_of_a_kind_that_is_not_read_is_named_with_what_to_do(start: bytes, kind: str) -> None:
    sentence = f"me.jpg is {kind}, which is not read here; save it as JPEG"
    with pytest.raises(PhotoRefused, match=sentence):
        read_photo(start + bytes(100), "me.jpg")


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "GIF", "BMP", "TIFF"])
def test_cut_photo_of_a_further_kind_is_shown_or_refused(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    content = encode(Image.fromarray(noise), kind)
    for end in range(4, len(content), max(1, len(content) // 40)):
        with contextlib.suppress(PhotoRefused):
            read_photo(content[:end], "photo").load()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_large_photo_keeps_its_colours(mode: str) -> None:
    grey = Image.new("L", (5200, 520), 200)
    picture = Image.new("I;16", grey.size, 51200) if mode == "I;16" else grey.convert(mode)
    photo = read_photo(encode(picture, "PNG"), "photo.png")
    assert photo.size == (2560, 256)
    if mode != "1":
        assert np.asarray(photo).mean() == pytest.approx(200, abs=3)


def test_transparent_colour_of_a_large_photo_is_white() -> None:
    picture = Image.new("RGB", (6000, 600), (10, 20, 30))
    photo = read_photo(encode(picture, "PNG", transparency=(10, 20, 30)), "photo.png")
    assert photo.getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_large_photo_is_white_where_it_is_clear_and_as_it_was_elsewhere(mode: str) -> None:
    picture = Image.new(mode, (5200, 521), 0)
    picture.paste(1 if mode == "P" else "white", (0, 0, 2600, 521))
    if mode == "P":
        picture.putpalette([0, 0, 0, 90, 90, 90])
    clear = (0, 0, 0) if mode == "RGB" else 0
    photo = read_photo(encode(picture, "PNG", transparency=clear), "photo.png")
    # The last row has one row of the file, not two.
    for y in (0, 130, photo.height - 1):
        assert photo.getpixel((2000, y)) == (255, 255, 255)
        assert photo.getpixel((600, y)) == ((90, 90, 90) if mode == "P" else (255, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L"])
def test_large_grey_photo_with_a_profile_of_greys_is_read(mode: str) -> None:
    picture = Image.new("L", (5200, 520), 255).convert(mode)
    options = {"icc_profile": grey_profile()} | ({"transparency": 0} if mode == "L" else {})
    photo = read_photo(encode(picture, "PNG", **options), "scan.png")
    assert photo.getpixel((9, 9)) == pytest.approx((255, 255, 255), abs=4)


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
    [b"hello", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["text", "pdf", "svg"],
)
def test_file_that_is_no_photo_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(
        PhotoRefused, match=r"me\.jpg is no photo of the kinds JPEG, PNG, WebP, HEIC"
    ):
        read_photo(content, "me.jpg")


@pytest.mark.parametrize(
    "content",
    [b"\0\0\0\x18ftypmp42", b"\x1aE\xdf\xa3\x9f", b"RIFF\0\0\0\0AVI LIST", b"OggS\0"],
    ids=["mp4", "webm", "avi", "ogg"],
)
def test_film_is_refused_with_the_way_to_where_films_are_looked_at(content: bytes) -> None:
    with pytest.raises(PhotoRefused, match=r"me\.mp4 is a video; open the camera") as caught:
        read_photo(content, "me.mp4")
    assert caught.value.told("de").startswith("me.mp4 ist ein Video; öffnen Sie die Kamera")


def test_empty_file_is_refused() -> None:
    with pytest.raises(PhotoRefused, match=r"me\.jpg is empty"):
        read_photo(b"", "me.jpg")


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
    with pytest.raises(PhotoRefused, match="50 megapixels of a PNG file"):
        read_photo(bomb, "bomb.png")


def test_jpeg_may_be_larger_since_it_is_not_unpacked_whole() -> None:
    with pytest.raises(PhotoRefused, match="60 megapixels are"):
        read_photo(encode(Image.new("L", (9000, 7000)), "JPEG"), "photo.jpg")
    assert read_photo(encode(Image.new("L", (9000, 6400)), "JPEG"), "photo.jpg").size == (
        2560,
        1820,
    )


FOUR_LARGE_ONES = """
import io, resource, sys, threading, time
from PIL import Image
from detector_app.errors import AppError
from detector_app.photos.photo import read_photo

buffer = io.BytesIO()
mode, *clear = sys.argv[1].split()
options = {"transparency": (9, 9, 9)} if clear else {}
Image.new(mode, (8000, 6210)).save(buffer, "PNG", compress_level=1, **options)
content = buffer.getvalue()
answers = []

def read():
    started = time.monotonic()
    try:
        answer = f"{read_photo(content, 'photo').size}"
    except AppError as error:
        answer = str(error)
    answers.append(f"{time.monotonic() - started:.2f} {answer}")

threads = [threading.Thread(target=read) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
print("\\n".join(answers))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGB clear"])
def test_four_photos_as_large_as_any_may_be_take_little_memory_together(mode: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOUR_LARGE_ONES, mode],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    *answers, kilobytes = done.stdout.splitlines()
    assert len(answers) == 4
    assert all("(2560, 1987)" in one or "try again in a few seconds" in one for one in answers)
    assert any("(2560, 1987)" in one for one in answers)
    # The interpreter and its libraries take 150 MB, the picture that is made here 220.
    assert int(kilobytes) < 1_500_000


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


# The pipeline keeps no photos of these kinds, the app reads those of its visitors.
READ_HERE = {"GIF", "TIFF", "BMP"}


@pytest.mark.parametrize("case", sorted(BAD_PHOTOS.keys() - READ_HERE))
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
