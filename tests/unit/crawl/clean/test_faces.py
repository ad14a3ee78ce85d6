"""A portrait is found by OpenCV's own detector; a far face, and no face, are not in the way."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.clean.faces import CASCADE, face_share
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from tests.drawn_face import face

SHARE = 0.15


def wall(width: int = 800, height: int = 600) -> Image.Image:
    coarse = np.random.default_rng(4).integers(60, 200, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def test_portrait_is_mostly_a_face() -> None:
    with pytest.raises(PhotoRefusedError) as caught:
        inspect_photo(jpeg(face()), 64, SHARE)
    assert caught.value.reason == "mostly_a_face"
    assert "%" in (caught.value.detail or "")


def test_portrait_is_kept_without_the_filter() -> None:
    assert inspect_photo(jpeg(face()), 64).width_pixels == 400


def test_portrait_in_a_turned_photo_is_seen_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    face().rotate(90).save(buffer, "JPEG", quality=95, exif=exif)
    with pytest.raises(PhotoRefusedError, match="mostly_a_face"):
        inspect_photo(buffer.getvalue(), 64, SHARE)


def test_no_portrait_passes_because_half_of_the_sizes_are_looked_at_first() -> None:
    finder, found = cv2.CascadeClassifier(str(CASCADE)), 0
    for side in range(232, 600, 8):
        photo = wall()
        photo.paste(face(side), (side * 7 % (800 - side), 0))
        small = photo.convert("L")
        small.thumbnail((256, 256), Image.Resampling.BOX, reducing_gap=1.0)
        # All sizes at once: 85 is the side of a square of 15 % of 256 x 192 pixels.
        boxes = finder.detectMultiScale(
            cv2.equalizeHist(np.asarray(small)), scaleFactor=1.1, minNeighbors=4, minSize=(85, 85)
        )
        shares = [wide * high / (256 * 192) for _, _, wide, high in boxes]
        largest = max((share for share in shares if share >= SHARE), default=0.0)
        assert face_share(photo, SHARE) == pytest.approx(largest)
        found += largest > 0
    assert found >= 30


def test_somebody_before_a_sight_is_no_portrait() -> None:
    photo = wall()
    photo.paste(face(160), (300, 400))
    assert face_share(photo, SHARE) == 0


def test_wall_has_no_face() -> None:
    assert face_share(wall(), SHARE) == 0


@pytest.mark.parametrize("size", [(2_000, 64), (64, 2_000)])
def test_very_narrow_photo_is_looked_at(size: tuple[int, int]) -> None:
    assert face_share(wall(*size), 1.0) == 0
