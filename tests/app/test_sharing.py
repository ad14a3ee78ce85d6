"""What would be stored of a shared photo: no metadata, no face, no plate; and the code that takes it back."""

import hashlib
import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from detector_app.errors import PhotoRefused
from detector_app.photos.blurring import blur_people, find_private_regions
from detector_app.sharing import hash_code, make_code, prepare_photo, read_code
from tests.drawn_face import face

FACE = (500, 200, 700, 400)


def street() -> Image.Image:
    """Draw a photo with a face of a passer-by."""
    coarse = np.random.default_rng(4).integers(60, 200, (12, 16, 3), dtype=np.uint8)
    photo = Image.fromarray(coarse).resize((1200, 900), Image.Resampling.BICUBIC)
    photo.paste(face(200), FACE[:2])
    return photo


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
    shared = prepare_photo(with_place(street()), "a.jpg")
    assert shared.face_count >= 1
    with Image.open(io.BytesIO(shared.content)) as stored:
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
    shared = prepare_photo(content, "a.jpg")
    with Image.open(io.BytesIO(shared.content)) as stored:
        assert not stored.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(stored.info)
    for secret in (b"Camera of Ann", b"Ann was here", b"Exif"):
        assert secret not in shared.content


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
    shared = prepare_photo(stream.getvalue(), "a.png")
    assert (shared.face_count, shared.plate_count) == (0, 0)
    with Image.open(io.BytesIO(shared.content)) as stored:
        assert (stored.format, stored.size) == ("JPEG", (2048, 1366))


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(PhotoRefused):
        prepare_photo(b"no photo", "a.jpg")


def test_code_is_read_however_it_is_typed_and_noticed_when_misspelt() -> None:
    code = make_code()
    assert read_code(code) == code
    assert read_code(f"  {code.lower().replace('-', ' ')} ") == code
    assert read_code(code.replace("O", "0").replace("I", "1").replace("B", "8")) == code
    other = "A" if code[0] != "A" else "C"
    assert read_code(other + code[1:]) is None
    for nonsense in ("", "-", code[:-1], code + "A", "é" * 28, "ﬀ" * 28):
        assert read_code(nonsense) is None


def test_codes_are_unlike_and_the_warehouse_knows_a_hash() -> None:
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) == 28 for code in codes)
    assert hash_code("AB") == hashlib.sha256(b"AB").digest()
