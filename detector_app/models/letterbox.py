"""Fit a picture of any shape into the model's input without stretching it, and map boxes back.

YOLOv5 is trained on pictures that are scaled as a whole and padded with grey; a stretched one
would be a picture it never saw. https://github.com/ultralytics/yolov5/blob/v7.0/utils/augmentations.py
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# The grey that YOLOv5 pads with in training.
PADDING_GREY: Final = 114


@dataclass(frozen=True)
class Letterbox:
    """How a picture was fitted into the model's input: scaled, then padded, never stretched."""

    scale: float
    left: int
    top: int
    width: int
    height: int

    def to_picture(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map boxes (n, 4) of corners from input pixels to picture pixels."""
        return (boxes - (self.left, self.top, self.left, self.top)) / self.scale


def fit_letterbox(width: int, height: int, image_size: int, stride: int) -> Letterbox:
    """Fit a picture so that its longer side is `image_size`, padded to multiples of `stride`.

    The short side is padded only as far as the stride asks, which spares a quarter of the work
    on a 4:3 picture.
    """
    scale = image_size / max(width, height)
    inner_width, inner_height = _scaled(width, scale), _scaled(height, scale)
    input_width, input_height = _up_to(inner_width, stride), _up_to(inner_height, stride)
    return Letterbox(
        scale=scale,
        left=(input_width - inner_width) // 2,
        top=(input_height - inner_height) // 2,
        width=input_width,
        height=input_height,
    )


def apply_letterbox(pixels: Pixels, letterbox: Letterbox) -> Floats:
    """Return the model's input (1, 3, H, W) in 0..1 for an RGB picture (H, W, 3) uint8."""
    height, width = pixels.shape[:2]
    inner_width, inner_height = _scaled(width, letterbox.scale), _scaled(height, letterbox.scale)
    # Averaging over the area keeps fine patterns when shrinking; it is no use for enlarging.
    method = cv2.INTER_AREA if letterbox.scale < 1 else cv2.INTER_LINEAR
    inner = cv2.resize(pixels, (inner_width, inner_height), interpolation=method)
    canvas = np.full((letterbox.height, letterbox.width, 3), PADDING_GREY, dtype=np.uint8)
    rows = slice(letterbox.top, letterbox.top + inner_height)
    columns = slice(letterbox.left, letterbox.left + inner_width)
    canvas[rows, columns] = inner
    planes = canvas.transpose(2, 0, 1)[np.newaxis]
    return np.ascontiguousarray(planes, dtype=np.float32) / np.float32(255)


def _scaled(length: int, scale: float) -> int:
    return max(1, round(length * scale))


def _up_to(length: int, stride: int) -> int:
    return -(-length // stride) * stride
