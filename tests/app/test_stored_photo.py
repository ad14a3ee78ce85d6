"""What is stored of a photo that somebody shares or reports: no metadata, no face, no plate."""

import io
import threading

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from detector_app.errors import PhotoRefused, ServerBusy
from detector_app.photos import stored_photo
from detector_app.photos.blurring import blur_people, find_private_regions
from detector_app.photos.stored_photo import StoredPhoto, prepare_photo
from tests.drawn_face import face

FACE = (500, 200, 700, 400)


def street() -> Image.Image:
    """Draw a photo with a face of a passer-by."""
    coarse = np.random.default_rng(4).integers(60, 200, (12, 16, 3), dtype=np.uint8)
    photo = Image.fromarray(coarse).resize((1200, 900), Image.Resampling.BICUBIC)
    photo.paste(face(200), FACE[:2])
    return photo


def prepare(content: bytes) -> StoredPhoto:
    return prepare_photo(content, "a.jpg", max_side_pixels=2048, jpeg_quality=90)


def plate() -> Image.Image:
    """Draw a number plate as they are in Europe: dark letters on white, within a frame."""
    drawn = Image.new("RGB", (260, 60), "white")
    draw = ImageDraw.Draw(drawn)
    draw.rectangle((0, 0, 259, 59), outline="black", width=4)
    pixels = np.array(drawn)
    cv2.putText(pixels, "A 123 BC 77", (14, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4)
    return Image.fromarray(pixels)


def with_place(photo: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ann"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=92, exif=exif, comment=b"Ann was here")
    return stream.getvalue()


def test_face_cannot_be_found_again_in_what_is_stored() -> None:
    made = prepare(with_place(street()))
    assert made.face_count >= 1
    with Image.open(io.BytesIO(made.content)) as stored:
        picture = stored.convert("RGB")
    middle = ((FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2)
    assert not any(
        left < middle[0] < right
        and top < middle[1] < bottom
        and right - left < 2 * (FACE[2] - FACE[0])
        for left, top, right, bottom in find_private_regions(picture)[0]
    )
    # Flat where the face was, though it had eyes and brows: a few averages are left.
    inside = np.asarray(picture.crop((550, 250, 650, 350)).convert("L"), dtype=float)
    before = np.asarray(street().crop((550, 250, 650, 350)).convert("L"), dtype=float)
    assert np.abs(np.diff(inside, axis=0)).max() < np.abs(np.diff(before, axis=0)).max() / 3


@pytest.mark.parametrize("ground", ["white", "#14161c", "#9fb4c8"])
@pytest.mark.parametrize("side", [60, 220])
def test_face_is_found_on_light_and_on_dark_grounds(ground: str, side: int) -> None:
    photo = Image.new("RGB", (1200, 900), ground)
    photo.paste(face(400).resize((side, side)), (500, 300))
    faces, _ = find_private_regions(photo)
    assert any(
        left < 500 + side / 2 < right and top < 300 + side / 2 < bottom
        for left, top, right, bottom in faces
    )


def test_place_camera_and_comment_are_not_in_what_is_stored() -> None:
    content = with_place(street())
    assert b"Camera of Ann" in content
    made = prepare(content)
    with Image.open(io.BytesIO(made.content)) as stored:
        assert not stored.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(stored.info)
    for secret in (b"Camera of Ann", b"Ann was here", b"Exif"):
        assert secret not in made.content


def test_plate_is_blurred() -> None:
    photo = street()
    photo.paste(plate(), (100, 700))
    blurred = blur_people(photo)
    assert blurred.plate_count >= 1
    inside = np.asarray(blurred.picture.crop((130, 710, 330, 750)).convert("L"), dtype=float)
    assert np.abs(np.diff(inside, axis=1)).max() < 40


def test_photo_without_people_stays_as_it_is_but_smaller() -> None:
    plain = Image.new("RGB", (3000, 2000), "#9fb4c8")
    stream = io.BytesIO()
    plain.save(stream, "PNG")
    made = prepare(stream.getvalue())
    assert (made.face_count, made.plate_count) == (0, 0)
    with Image.open(io.BytesIO(made.content)) as stored:
        assert (stored.format, stored.size) == ("JPEG", (2048, 1366))


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(PhotoRefused):
        prepare(b"no photo")


def test_who_finds_all_turns_taken_is_told_so_and_the_next_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored_photo, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(stored_photo, "MAX_WAIT_FOR_BLURRING_SECONDS", 0.05)
    is_searching, may_end = threading.Event(), threading.Event()

    def search_long(picture: Image.Image) -> object:
        is_searching.set()
        may_end.wait(30)
        return blur_people(picture)

    monkeypatch.setattr(stored_photo, "blur_people", search_long)
    content = with_place(Image.new("RGB", (64, 48)))
    first = threading.Thread(target=prepare, args=(content,))
    first.start()
    try:
        assert is_searching.wait(30)
        with pytest.raises(ServerBusy):
            prepare(content)
    finally:
        may_end.set()
        first.join()
    assert prepare(content).face_count == 0
