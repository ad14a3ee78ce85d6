"""Photos as the network sees them: decoded once, scaled to the image size, kept in memory, never stretched."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.dataset_folder import LabelledPhoto
from trainer.errors import BadDataset

# The grey that YOLOv5 pads with; whoever runs the model must pad with the same.
PADDING_GREY = 114

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float32]
# Left, top, right and bottom of a photo in its padding.
Edges = tuple[int, int, int, int]


class PhotoStore:
    """The photos of one split at one size; in memory as far as `memory_bytes` allow, else decoded at each use.

    Of photos to learn from, ignored regions are painted out, and `asymmetric` classes are not shown
    in a mirror.
    """

    def __init__(
        self,
        photos: Sequence[LabelledPhoto],
        image_size: int,
        memory_bytes: int,
        *,
        paint_ignored: bool = False,
        asymmetric: frozenset[int] = frozenset(),
    ) -> None:
        self.photos = tuple(photos)
        self.image_size = image_size
        self.asymmetric = asymmetric
        self._paint_ignored = paint_ignored
        self._cache: list[Pixels | None] = [None] * len(photos)
        self._fill_cache(memory_bytes)

    def __len__(self) -> int:
        return len(self.photos)

    def pixels(self, index: int) -> Pixels:
        """Return one photo, (height, width, 3) RGB, its long side `image_size` pixels. Do not write into it."""
        cached = self._cache[index]
        return cached if cached is not None else self._decode(self.photos[index])

    def boxes(self, index: int) -> Boxes:
        """Return the boxes of one photo, (n, 5): class, then x1, y1, x2, y2 relative to the photo."""
        rows = [
            (
                box.class_index,
                max(box.center_x - box.width / 2, 0.0),
                max(box.center_y - box.height / 2, 0.0),
                min(box.center_x + box.width / 2, 1.0),
                min(box.center_y + box.height / 2, 1.0),
            )
            for box in self.photos[index].boxes
        ]
        return np.array(rows, dtype=np.float32).reshape(-1, 5)

    def letterboxed(self, index: int) -> tuple[Pixels, Boxes, Edges]:
        """Return one photo padded to a square, (size, size, 3), its boxes (n, 5), and its edges.

        Boxes and edges are in pixels of that square.
        """
        pixels = self.pixels(index)
        square, left, top = pad_to_square(pixels, self.image_size)
        height, width = pixels.shape[:2]
        boxes = self.boxes(index)
        boxes[:, 1:] = boxes[:, 1:] * (width, height, width, height) + (left, top, left, top)
        return square, boxes, (left, top, left + width, top + height)

    def _fill_cache(self, memory_bytes: int) -> None:
        # Every photo is decoded once even if memory does not hold them all: an unreadable one must
        # be found now.
        used = 0
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            decoded = pool.map(self._decode, self.photos)
            for index, pixels in enumerate(decoded):
                used += pixels.nbytes
                if used <= memory_bytes:
                    self._cache[index] = pixels

    def _decode(self, photo: LabelledPhoto) -> Pixels:
        pixels = decode_photo(photo, self.image_size)
        return paint_out(pixels, photo) if self._paint_ignored and photo.ignored else pixels


def paint_out(pixels: Pixels, photo: LabelledPhoto) -> Pixels:
    """Return a photo whose ignored regions are grey, except where they are within a box."""
    height, width = pixels.shape[:2]
    painted = np.zeros((height, width), dtype=bool)
    for boxes, value in ((photo.ignored, True), (photo.boxes, False)):
        for box in boxes:
            left, right = (box.center_x + side * box.width / 2 for side in (-1, 1))
            top, bottom = (box.center_y + side * box.height / 2 for side in (-1, 1))
            rows = slice(max(round(top * height), 0), max(round(bottom * height), 0))
            columns = slice(max(round(left * width), 0), max(round(right * width), 0))
            painted[rows, columns] = value
    result = pixels.copy()
    result[painted] = PADDING_GREY
    return result


def decode_photo(photo: LabelledPhoto, image_size: int) -> Pixels:
    """Decode and scale one photo, EXIF rotation applied; raises BadDataset if it is damaged or no image."""
    try:
        content = photo.path.read_bytes()
    except OSError as error:
        msg = f"{photo.path} cannot be read ({error.strerror}); upload the photo again"
        raise BadDataset(msg) from error
    if hashlib.sha256(content).hexdigest() != photo.sha256:
        msg = f"{photo.path} does not have the sha256 that its name says; upload the photo again"
        raise BadDataset(msg)
    pixels = (
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB) if content else None
    )
    if pixels is None:
        msg = f"{photo.path} is not an image that can be decoded; leave it out of the dataset"
        raise BadDataset(msg)
    return scale_to_size(np.asarray(pixels, dtype=np.uint8), image_size)


def scale_to_size(pixels: Pixels, image_size: int) -> Pixels:
    """Scale (height, width, 3) so that the long side is `image_size` pixels; the shape is kept."""
    height, width = pixels.shape[:2]
    ratio = image_size / max(height, width)
    if ratio == 1:
        return pixels
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    # Averaging areas keeps thin lines of facades that a sparse sampling would drop.
    interpolation = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation), dtype=np.uint8)


def pad_to_square(pixels: Pixels, size: int) -> tuple[Pixels, int, int]:
    """Centre a photo on a grey square of `size` pixels; return it with the left and top padding."""
    height, width = pixels.shape[:2]
    left, top = (size - width) // 2, (size - height) // 2
    square = np.full((size, size, 3), PADDING_GREY, dtype=np.uint8)
    square[top : top + height, left : left + width] = pixels
    return square, left, top
