"""Run a detector over the photos of a split.

The detector is any function from images to raw predictions, so that the network in training and the
exported ONNX are measured by the same code.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import batched_nms

from trainer.metrics import PhotoResult
from trainer.photos import PhotoStore

# float32 (n, 3, size, size) RGB 0..1 -> (n, boxes, 5 + classes): cx, cy, w, h in pixels,
# objectness, class scores.
Detector = Callable[[NDArray[np.float32]], Tensor]

# As YOLOv5's validation: nearly everything counts, the curve over scores decides.
MIN_SCORE = 0.001
SUPPRESSION_OVERLAP = 0.6
MAX_DETECTIONS = 300
# Bounds the work for an untrained network, which believes in everything everywhere.
_MAX_CANDIDATES = 4000
_BATCH_SIZE = 16


def detect_split(detector: Detector, store: PhotoStore) -> list[PhotoResult]:
    """Return the detections and truths of every photo of a split, in pixels of the padded square."""
    results = []
    for start in range(0, len(store), _BATCH_SIZE):
        samples = [
            store.letterboxed(index) for index in range(start, min(start + _BATCH_SIZE, len(store)))
        ]
        images = to_network_input(np.stack([pixels for pixels, _ in samples]))
        for prediction, (_, boxes) in zip(detector(images), samples, strict=True):
            results.append(PhotoResult(detections=suppress_overlaps(prediction), truths=boxes))
    return results


def to_network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn (n, height, width, 3) bytes into (n, 3, height, width) from 0 to 1."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def suppress_overlaps(prediction: Tensor) -> NDArray[np.float32]:
    """Turn raw predictions of one photo, (boxes, 5 + classes), into detections (n, 6), best first.

    Each class is suppressed by itself: a cathedral before a tower hides neither.
    """
    prediction = prediction.detach().float().cpu()
    scores = prediction[:, 4:5] * prediction[:, 5:]
    box_rows, classes = torch.nonzero(scores > MIN_SCORE, as_tuple=True)
    candidates = scores[box_rows, classes]
    if len(candidates) > _MAX_CANDIDATES:
        candidates, best = candidates.topk(_MAX_CANDIDATES)
        box_rows, classes = box_rows[best], classes[best]
    centers, halves = prediction[box_rows, :2], prediction[box_rows, 2:4] / 2
    corners = torch.cat((centers - halves, centers + halves), dim=1)
    kept = batched_nms(corners, candidates, classes, SUPPRESSION_OVERLAP)[:MAX_DETECTIONS]
    detections = torch.cat(
        (corners[kept], candidates[kept, None], classes[kept, None].float()), dim=1
    )
    result: NDArray[np.float32] = detections.numpy()
    return result
