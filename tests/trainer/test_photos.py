"""Photos are scaled without stretching, checked when decoded, and boxes stay on their sights."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.dataset_folder import Box, LabelledPhoto, Region
from trainer.errors import BadDataset
from trainer.photos import PhotoStore, decode_photo


def photo_of(folder: Path, content: bytes, *boxes: Box, name: str | None = None) -> LabelledPhoto:
    path = folder / f"{name or hashlib.sha256(content).hexdigest()}.png"
    path.write_bytes(content)
    return LabelledPhoto(path.stem, path, boxes)


def png(pixels_rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels_rgb[..., ::-1])[1].tobytes()


@pytest.fixture
def tall() -> np.ndarray:
    """A tall grey photo, (80, 40), with a red patch at x 10..20, y 20..60."""
    pixels = np.full((80, 40, 3), 200, np.uint8)
    pixels[20:60, 10:20] = (255, 0, 0)
    return pixels


def test_long_side_becomes_the_image_size_and_the_shape_stays(
    tmp_path: Path, tall: np.ndarray
) -> None:
    assert decode_photo(photo_of(tmp_path, png(tall)), 160).shape == (160, 80, 3)


def test_channels_are_red_green_blue(tmp_path: Path, tall: np.ndarray) -> None:
    assert decode_photo(photo_of(tmp_path, png(tall)), 80)[40, 15].tolist() == [255, 0, 0]


def test_box_covers_its_sight_after_padding(tmp_path: Path, tall: np.ndarray) -> None:
    box = Box(1, center_x=15 / 40, center_y=0.5, width=10 / 40, height=0.5)
    square, boxes, edges = PhotoStore([photo_of(tmp_path, png(tall), box)], 160, 0).letterboxed(0)
    assert boxes.tolist() == [[1, 60, 40, 80, 120]]
    assert (square[42:118, 62:78] == (255, 0, 0)).all()
    assert (square[:, :40] == 114).all()
    assert edges == (40, 0, 120, 160)


def test_photo_without_memory_is_decoded_again(tmp_path: Path, tall: np.ndarray) -> None:
    photos = [photo_of(tmp_path, png(tall))]
    in_memory, on_disk = PhotoStore(photos, 64, 1 << 20), PhotoStore(photos, 64, 0)
    assert (in_memory.pixels(0) == on_disk.pixels(0)).all()


def test_damaged_upload_is_noticed_by_its_hash(tmp_path: Path, tall: np.ndarray) -> None:
    photo = photo_of(tmp_path, png(tall))
    photo.path.write_bytes(photo.path.read_bytes()[:-20])
    with pytest.raises(BadDataset, match="sha256"):
        PhotoStore([photo], 64, 0)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_file_that_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadDataset, match="not an image"):
        PhotoStore([photo_of(tmp_path, content)], 64, 0)


def test_dangling_link_is_named(tmp_path: Path) -> None:
    path = tmp_path / f"{'0' * 64}.png"
    path.symlink_to(tmp_path / "gone.png")
    with pytest.raises(BadDataset, match="cannot be read"):
        decode_photo(LabelledPhoto(path.stem, path, ()), 64)


def test_ignored_region_is_grey_except_where_a_sight_is(tmp_path: Path, tall: np.ndarray) -> None:
    """The region covers the left half; the box of the patch keeps what is in it."""
    photo = replace(
        photo_of(tmp_path, png(tall), Box(0, 15 / 40, 0.5, 10 / 40, 0.5)),
        ignored=(Region(0.25, 0.5, 0.5, 1.0),),
    )
    for memory_bytes in (0, 1 << 20):
        pixels = PhotoStore([photo], 80, memory_bytes, paint_ignored=True).pixels(0)
        assert pixels[40, 15].tolist() == [255, 0, 0]
        assert pixels[40, 5].tolist() == pixels[70, 15].tolist() == [114, 114, 114]
        assert pixels[40, 30].tolist() == [200, 200, 200]


def test_photo_that_is_measured_keeps_its_ignored_region(tmp_path: Path, tall: np.ndarray) -> None:
    photo = replace(photo_of(tmp_path, png(tall)), ignored=(Region(0.25, 0.5, 0.5, 1.0),))
    assert PhotoStore([photo], 80, 0).pixels(0)[40, 5].tolist() == [200, 200, 200]
