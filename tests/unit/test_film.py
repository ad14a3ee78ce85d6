"""The film for a browser's fake camera."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.film import write_film

WIDTH, HEIGHT = 64, 48


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Make an upright photo, which a film in landscape must letterbox."""
    path = tmp_path / "photo.png"
    Image.new("RGB", (30, 60), (200, 40, 40)).save(path)
    return path


def _write(photos: list[Path], path: Path) -> Path:
    write_film(photos, path, width=WIDTH, height=HEIGHT, seconds_per_photo=0.3, fps=10)
    return path


def test_film_holds_each_photo_for_its_seconds(photo: Path, tmp_path: Path) -> None:
    film = _write([photo, photo], tmp_path / "film.y4m").read_bytes()
    header, frames = film.split(b"\n", 1)
    assert header == b"YUV4MPEG2 W64 H48 F10:1 Ip A1:1 C420jpeg"
    assert len(frames) == 2 * 3 * (len(b"FRAME\n") + WIDTH * HEIGHT * 3 // 2)


def test_photo_is_letterboxed_not_stretched(photo: Path, tmp_path: Path) -> None:
    film = _write([photo], tmp_path / "film.y4m").read_bytes()
    planes = film.split(b"FRAME\n", 2)[1]
    yuv = np.frombuffer(planes, np.uint8).reshape(HEIGHT * 3 // 2, WIDTH)
    red = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420)[HEIGHT // 2, :, 0]
    shown = np.flatnonzero(red > 100)
    # 30 x 60 fitted to a height of 48 is 24 wide, in the middle of 64.
    assert (shown[0], shown[-1]) == (20, 43)


def test_film_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no photos for"):
        write_film([], tmp_path / "film.y4m")


def test_odd_size_is_refused(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected even sides"):
        write_film([photo], tmp_path / "film.y4m", width=63, height=48)


def test_failed_film_leaves_nothing_under_its_name(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _write([photo, tmp_path / "missing.png"], tmp_path / "film.y4m")
    assert not (tmp_path / "film.y4m").exists()
