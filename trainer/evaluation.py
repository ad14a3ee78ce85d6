"""Run a detector over the photos of a split.

The detector is any function from images to raw predictions, so that the network in training and the
exported ONNX are measured by the same code.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainer.decoding import Floats, Found, decode_everything
from trainer.metrics import PhotoResult
from trainer.photos import Edges, PhotoStore

# float32 (n, 3, height, width) RGB 0..1 -> (n, boxes, 5 + classes): cx, cy, w, h in pixels,
# objectness, class scores.
Detector = Callable[[NDArray[np.float32]], Tensor]

# Of photos that are looked at, at once; more are no faster.
MAX_DETECTED_AT_ONCE = 16
# What the pipeline computes again with the same file on the same photos.
_SAMPLED_PHOTOS = 3
_SAMPLED_ROWS = 8


def detect_split(
    detector: Detector, store: PhotoStore, batch_size: int = MAX_DETECTED_AT_ONCE
) -> list[PhotoResult]:
    """Return the detections and truths of every photo of a split, in pixels of the padded square.

    Nearly everything counts as a detection: it is what average precision is measured on.
    """
    results = []
    for start in range(0, len(store), batch_size):
        indices = range(start, min(start + batch_size, len(store)))
        samples = [store.letterboxed(index) for index in indices]
        images = to_network_input(np.stack([pixels for pixels, _, _ in samples]))
        for index, answer, (_, boxes, edges) in zip(
            indices, detector(images), samples, strict=True
        ):
            side = store.image_size
            found = decode_everything(answer.detach().float().cpu().numpy())
            ignored = ignored_regions(store, index, side, side)
            results.append(as_result(found, boxes, ignored, edges))
    return results


def sample_answers(detector: Detector, store: PhotoStore) -> list[dict[str, Any]]:
    """Return raw answers for a few photos, for others to compare: each the rows that see most.

    A row is its place in the answer, then what it says: cx, cy, w, h, objectness, class scores.
    """
    samples = []
    shown = [index for index, photo in enumerate(store.photos) if photo.boxes]
    for index in shown[:_SAMPLED_PHOTOS]:
        pixels, _, _ = store.letterboxed(index)
        (answer,) = detector(to_network_input(pixels[np.newaxis])).numpy()
        places = np.argsort(-answer[:, 4], kind="stable")[:_SAMPLED_ROWS]
        rows = [[place, *answer[place].round(5).tolist()] for place in places.tolist()]
        samples.append({"sha256": store.photos[index].sha256, "rows": rows})
    return samples


def to_network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (n, height, width, 3) bytes into (n, 3, height, width) from 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def as_result(found: Found, truths: Floats, ignored: Floats, edges: Edges) -> PhotoResult:
    """Return what was found in a photo, beside what is there; boxes end where the photo does, as people see them."""
    boxes = found.boxes.clip(edges[:2] * 2, edges[2:] * 2)
    detections = np.column_stack((boxes, found.confidences, found.classes.astype(np.float64)))
    return PhotoResult(detections=detections, truths=truths, ignored=ignored)


def ignored_regions(
    store: PhotoStore, index: int, full_width: int, full_height: int
) -> NDArray[np.float64]:
    """Return the ignored regions of a photo, (n, 4): corners in pixels of the padded picture."""
    if not store.photos[index].ignored:
        # The size of a photo may have to be decoded.
        return np.empty((0, 4))
    height, width = store.pixels(index).shape[:2]
    left, top = (full_width - width) // 2, (full_height - height) // 2
    regions = np.array(
        [(one.center_x, one.center_y, one.width, one.height) for one in store.photos[index].ignored]
    ).reshape(-1, 4)
    halves = regions[:, 2:] / 2
    shares = np.hstack((regions[:, :2] - halves, regions[:, :2] + halves))
    corners: NDArray[np.float64] = shares * (width, height, width, height) + (left, top) * 2
    return corners
