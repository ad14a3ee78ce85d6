"""Make a film for Chromium's camera out of pictures.

Y4M is the one format that `--use-file-for-fake-video-capture` takes besides MJPEG: a header line,
then per frame a line and the raw planes. https://wiki.multimedia.cx/index.php/YUV4MPEG2
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Small and slow films keep a busy machine from dropping frames.
FRAMES_PER_SECOND = 10


def write_film(
    pictures: Sequence[Image.Image],
    path: Path,
    *,
    seconds_each: float = 2.0,
    width: int = 640,
    height: int = 480,
) -> Path:
    """Write a film that shows each picture in turn, padded to the film's shape, never stretched.

    `width` and `height` are even numbers of pixels.
    """
    frames_each = max(1, round(seconds_each * FRAMES_PER_SECOND))
    with path.open("wb") as film:
        film.write(
            f"YUV4MPEG2 W{width} H{height} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode()
        )
        for picture in pictures:
            planes = _planes_of(picture, width, height)
            for _ in range(frames_each):
                film.write(b"FRAME\n" + planes)
    return path


def _planes_of(picture: Image.Image, width: int, height: int) -> bytes:
    """Return luma in full and both chromas at half size, as bytes."""
    fitted = ImageOps.pad(picture.convert("RGB"), (width, height), color=(114, 114, 114))
    luma, blue, red = (np.asarray(plane) for plane in fitted.convert("YCbCr").split())
    return luma.tobytes() + _halve(blue) + _halve(red)


def _halve(plane: np.ndarray) -> bytes:
    height, width = plane.shape
    blocks = plane.reshape(height // 2, 2, width // 2, 2).astype(np.float32)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8).tobytes()
