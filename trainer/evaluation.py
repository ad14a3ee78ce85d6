"""Run a detector over the photos of a split.

The detector is any function from images to raw predictions, so that the network in training and the
exported ONNX are measured by the same code.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainer.decoding import Decoding, Floats, Found, decode, decode_everything
from trainer.metrics import PhotoResult
from trainer.photos import PADDING_GREY, PhotoStore, Pixels
from trainer.request import STRIDE_PIXELS

# float32 (n, 3, height, width) RGB 0..1 -> (n, boxes, 5 + classes): cx, cy, w, h in pixels,
# objectness, class scores.
Detector = Callable[[NDArray[np.float32]], Tensor]

_BATCH_SIZE = 16
# What the pipeline computes again with the same file on the same photos.
_SAMPLED_PHOTOS = 3
_SAMPLED_ROWS = 8


def detect_split(detector: Detector, store: PhotoStore) -> list[PhotoResult]:
    """Return the detections and truths of every photo of a split, in pixels of the padded square.

    Nearly everything counts as a detection: it is what average precision is measured on.
    """
    results = []
    for start in range(0, len(store), _BATCH_SIZE):
        indices = range(start, min(start + _BATCH_SIZE, len(store)))
        samples = [store.letterboxed(index) for index in indices]
        images = to_network_input(np.stack([pixels for pixels, _ in samples]))
        for index, answer, (_, boxes) in zip(indices, detector(images), samples, strict=True):
            side = store.image_size
            found = decode_everything(answer.detach().float().cpu().numpy())
            results.append(_result(found, boxes, _ignored(store, index, side, side)))
    return results


def show_split(
    detector: Detector, store: PhotoStore, decoding: Decoding
) -> tuple[list[PhotoResult], float]:
    """Return what people are shown of every photo of a split, and the milliseconds that one takes.

    As the app does it: photo by photo, padded no further than the stride asks; the score of a
    detection is its confidence.
    """
    results, seconds = [], []
    for index in range(len(store)):
        pixels, boxes = _pad_to_stride(store, index)
        image = to_network_input(pixels[np.newaxis])
        started = time.perf_counter()
        found = decode(detector(image)[0].detach().float().cpu().numpy(), decoding)
        seconds.append(time.perf_counter() - started)
        height, width = pixels.shape[:2]
        results.append(_result(found, boxes, _ignored(store, index, width, height)))
    return results, 1000 * median(seconds)


def sample_answers(detector: Detector, store: PhotoStore) -> list[dict[str, Any]]:
    """Return raw answers for a few photos, for others to compare: each the rows that see most.

    A row is its place in the answer, then what it says: cx, cy, w, h, objectness, class scores.
    """
    samples = []
    shown = [index for index, photo in enumerate(store.photos) if photo.boxes]
    for index in shown[:_SAMPLED_PHOTOS]:
        pixels, _ = store.letterboxed(index)
        (answer,) = detector(to_network_input(pixels[np.newaxis])).numpy()
        places = np.argsort(-answer[:, 4], kind="stable")[:_SAMPLED_ROWS]
        rows = [[place, *answer[place].round(5).tolist()] for place in places.tolist()]
        samples.append({"sha256": store.photos[index].sha256, "rows": rows})
    return samples


def to_network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (n, height, width, 3) bytes into (n, 3, height, width) from 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def _result(found: Found, truths: Floats, ignored: Floats) -> PhotoResult:
    detections = np.column_stack((found.boxes, found.confidences, found.classes.astype(np.float64)))
    return PhotoResult(detections=detections, truths=truths, ignored=ignored)


def _pad_to_stride(store: PhotoStore, index: int) -> tuple[Pixels, NDArray[np.float32]]:
    """Return a photo centred on grey, sides multiples of the stride, and its boxes (n, 5) in pixels."""
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
    return pixels, boxes


def _ignored(
    store: PhotoStore, index: int, full_width: int, full_height: int
) -> NDArray[np.float64]:
    """Return the ignored regions of a photo, (n, 4): corners in pixels of the padded picture."""
    height, width = store.pixels(index).shape[:2]
    left, top = (full_width - width) // 2, (full_height - height) // 2
    regions = np.array(
        [(one.center_x, one.center_y, one.width, one.height) for one in store.photos[index].ignored]
    ).reshape(-1, 4)
    halves = regions[:, 2:] / 2
    shares = np.hstack((regions[:, :2] - halves, regions[:, :2] + halves))
    corners: NDArray[np.float64] = shares * (width, height, width, height) + (left, top) * 2
    return corners
