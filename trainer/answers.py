"""What a detector says of the photos of a split, asked once: as the app asks it, photo by photo.

All that is told of a finished model comes from this: average precision, of nearly everything that it
sees, and what people are shown, however that is read.
"""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from trainer.decoding import (
    BOX_FIELDS,
    MAX_COUNTED_CANDIDATES,
    Decoding,
    Floats,
    decode,
    decode_everything,
)
from trainer.evaluation import Detector, as_result, ignored_regions, to_network_input
from trainer.metrics import PhotoResult
from trainer.photos import PADDING_GREY, Edges, PhotoStore, Pixels
from trainer.request import STRIDE_PIXELS


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What was said of one photo, (rows, 5 + classes), and what is there, in pixels of the padded picture."""

    rows: Floats
    truths: Floats
    ignored: Floats
    edges: Edges


@dataclass(frozen=True, slots=True)
class SplitAnswers:
    """What was said of every photo of a split, and the milliseconds that one takes."""

    photos: tuple[PhotoAnswer, ...]
    milliseconds: float

    def count_everything(self) -> list[PhotoResult]:
        """Return what average precision is measured on: nearly everything counts as a detection."""
        return [
            as_result(decode_everything(one.rows), one.truths, one.ignored, one.edges)
            for one in self.photos
        ]

    def show(self, decoding: Decoding) -> list[PhotoResult]:
        """Return what people are shown: the score of a detection is its confidence."""
        return [
            as_result(decode(one.rows, decoding), one.truths, one.ignored, one.edges)
            for one in self.photos
        ]


def read_split(
    detector: Detector, store: PhotoStore, *, timed: tuple[Detector, int] | None = None
) -> SplitAnswers:
    """Ask a detector about every photo of a split, padded no further than the stride asks.

    `timed` is the same detector on other threads, which reads the first so many photos; the
    milliseconds are those of them, else of all.
    """
    photos, seconds = [], []
    usual, (first, count) = detector, timed or (detector, len(store))
    for index in range(len(store)):
        detector = first if index < count else usual
        pixels, truths, edges = _pad_to_stride(store, index)
        image = to_network_input(pixels[np.newaxis])
        started = time.perf_counter()
        rows = detector(image)[0].detach().float().cpu().numpy()
        seconds.append(time.perf_counter() - started)
        height, width = pixels.shape[:2]
        ignored = ignored_regions(store, index, width, height)
        photos.append(PhotoAnswer(_without_hopeless(rows), truths, ignored, edges))
    return SplitAnswers(tuple(photos), 1000 * median(seconds[:count]))


def _without_hopeless(rows: Floats) -> Floats:
    """Return the rows that can count or be shown, in their order; of most, nothing is kept."""
    scores = rows[:, 4] * rows[:, BOX_FIELDS:].max(axis=1)
    # A row without a score is neither; of more than may be candidates, the best are.
    best = np.argsort(-scores, kind="stable")[:MAX_COUNTED_CANDIDATES]
    kept: Floats = rows[np.sort(best[scores[best] > 0])]
    return kept


def _pad_to_stride(store: PhotoStore, index: int) -> tuple[Pixels, NDArray[np.float32], Edges]:
    """Return a photo centred on grey, sides multiples of the stride, its boxes (n, 5) and edges in pixels."""
    inner = store.pixels(index)
    height, width = inner.shape[:2]
    full_height, full_width = (
        -(-side // STRIDE_PIXELS) * STRIDE_PIXELS for side in (height, width)
    )
    left, top = (full_width - width) // 2, (full_height - height) // 2
    pixels = np.full((full_height, full_width, 3), PADDING_GREY, dtype=np.uint8)
    pixels[top : top + height, left : left + width] = inner
    boxes = store.boxes(index)
    boxes[:, 1:] = boxes[:, 1:] * (width, height, width, height) + (left, top, left, top)
    return pixels, boxes, (left, top, left + width, top + height)
