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
    truth at overlaps 0.50, 0.55 ... 0.95; `truths` (photos,): boxes of the class on each photo.
    """

    photos: NDArray[np.intp]
    right: NDArray[np.bool_]
    truths: NDArray[np.int64]


def average_precision(evidence: ClassEvidence, weights: Array) -> Array | None:
    """Return the average precision at each overlap, (10,); None if no truth was drawn.

    As COCO defines it: precision made monotone, read at 101 recalls.
    """
    truth_count = float(evidence.truths @ weights)
    if truth_count == 0:
        return None
    weight = weights[evidence.photos]
    drawn = weight > 0
    if not drawn.any():
        return np.zeros(evidence.right.shape[1])
    each = weight[drawn, None]
    found = np.cumsum(evidence.right[drawn] * each, axis=0)
    precision, recall = found / np.cumsum(each, axis=0), found / truth_count
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    averages = np.empty(recall.shape[1])
    for column in range(recall.shape[1]):
        rows = np.searchsorted(recall[:, column], RECALL_POINTS, side="left")
        reached = rows < len(recall)
        averages[column] = envelope[rows[reached], column].sum() / len(RECALL_POINTS)
    return averages
