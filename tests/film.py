"""Write photos as a Y4M film, which Chromium takes for what its camera sees.

`--use-fake-device-for-media-stream --use-file-for-fake-video-capture=FILM.y4m` plays it in a loop.
The format is one header line, then raw planes per frame: https://wiki.multimedia.cx/index.php/YUV4MPEG2
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps


def write_film(
    photos: Sequence[Path],
    path: Path,
    *,
    width: int = 640,
    height: int = 480,
    seconds_per_photo: float = 2.0,
    fps: int = 10,
) -> None:
    """Show each photo in turn, letterboxed in black, never stretched.

    A frame takes 1.5 bytes a pixel: six photos of two seconds at the defaults are 55 MB.
    Raises `ValueError` without photos, or if a side is odd, since colour has half the resolution.
    """
    if not photos:
        msg = f"no photos for {path}, expected at least one; name the photos of a sight"
        raise ValueError(msg)
    if width % 2 or height % 2:
        msg = f"film size {width} x {height} is odd, expected even sides; round it"
        raise ValueError(msg)
    frames_per_photo = max(1, round(seconds_per_photo * fps))
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for photo in photos:
            frame = b"FRAME\n" + _planes(_letterbox(photo, width, height))
            for _ in range(frames_per_photo):
                stream.write(frame)
    draft.replace(path)


def _letterbox(photo: Path, width: int, height: int) -> NDArray[np.uint8]:
    with Image.open(photo) as image:
        fitted = ImageOps.pad(image.convert("RGB"), (width, height), color=(0, 0, 0))
    return np.asarray(fitted, dtype=np.uint8)


def _planes(pixels: NDArray[np.uint8]) -> bytes:
    """Give the Y, U and V planes of an RGB picture, one after the other."""
    return bytes(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420).tobytes())


def write_video(
    photos: Sequence[Path],
    path: Path,
    *,
    width: int = 640,
    height: int = 480,
    seconds_per_photo: float = 1.0,
    fps: int = 10,
) -> None:
    """Show each photo in turn in a WebM file, as a phone or another program saves one."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), fps, (width, height))
    for photo in photos:
        frame = cv2.cvtColor(_letterbox(photo, width, height), cv2.COLOR_RGB2BGR)
        for _ in range(max(1, round(seconds_per_photo * fps))):
            writer.write(frame)
    writer.release()
