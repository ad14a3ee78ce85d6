"""Average precision over photos with weights, so that the photos can be drawn anew thousands of times.

With all weights 1 it gives what pycocotools gives; a test holds it to that. Weights are how often
each photo was drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RECALL_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class ClassEvidence:
    """What a model said about one class, surest first, and what there was.

    `photos` (n,): number of the photo of each detection; `right` (n, 10): whether it matches a
    truth at overlaps 0.50, 0.55 ... 0.95; `right_for_trainer` (n,): the same at 0.50 as YOLOv5
    matches; `truths` (photos,): boxes of the class on each photo.
    """

    photos: NDArray[np.intp]
    right: NDArray[np.bool_]
    right_for_trainer: NDArray[np.bool_]
    truths: NDArray[np.int64]


def average_precision(evidence: ClassEvidence, weights: Array) -> Array | None:
    """Return the average precision at each overlap, (10,); None if no truth was drawn.

    As COCO defines it: precision made monotone, read at 101 recalls.
    """
    truth_count = float(evidence.truths @ weights)
    if truth_count == 0:
        return None
    curves = _precision_and_recall(evidence.right, weights[evidence.photos], truth_count)
    if curves is None:
        return np.zeros(evidence.right.shape[1])
    precision, recall = curves
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    averages = np.empty(recall.shape[1])
    for column in range(recall.shape[1]):
        rows = np.searchsorted(recall[:, column], RECALL_POINTS, side="left")
        reached = rows < len(recall)
        averages[column] = envelope[rows[reached], column].sum() / len(RECALL_POINTS)
    return averages


def trainer_average_precision(evidence: ClassEvidence) -> float | None:
    """Return the average precision at overlap 0.5 as YOLOv5 computes it; None without a truth.

    YOLOv5 gives a truth to the detection that overlaps it most, COCO to the surest one, and it
    draws straight lines between recalls. On few photos, or early in a training, the two are 0.1
    apart: to tell whether an export is broken, like must be compared with like.
    """
    truth_count = float(evidence.truths.sum())
    if truth_count == 0:
        return None
    once = np.ones(len(evidence.photos))
    curves = _precision_and_recall(evidence.right_for_trainer[:, None], once, truth_count)
    if curves is None:
        return 0.0
    precision = np.concatenate(([1.0], curves[0][:, 0], [0.0]))
    recall = np.concatenate(([0.0], curves[1][:, 0], [1.0]))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.trapezoid(np.interp(RECALL_POINTS, recall, envelope), RECALL_POINTS))


def _precision_and_recall(
    right: NDArray[np.bool_], weight: Array, truth_count: float
) -> tuple[Array, Array] | None:
    """Return both along the detections, (n, overlaps) each; None if none was drawn."""
    drawn = weight > 0
    if not drawn.any():
        return None
    each = weight[drawn, None]
    found = np.cumsum(right[drawn] * each, axis=0)
    return found / np.cumsum(each, axis=0), found / truth_count
