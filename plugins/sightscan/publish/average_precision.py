"""Average precision over photos with weights, so that the photos can be drawn anew thousands of times.

With all weights 1 it gives what pycocotools gives; a test holds it to that. Weights are how often
each photo was drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RECALL_POINTS = np.linspace(0, 1, 101)
# Bounds the memory of a block of draws: 32 MB for each array.
MAX_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class ClassEvidence:
    """What a model said about one class, surest first, and what there was.

    `photos` (n,): number of the photo of each detection; `right` (n, 10): whether it matches a
    truth at overlaps 0.50, 0.55 ... 0.95; `truths` (photos,): boxes of the class on each photo.
    """

    photos: NDArray[np.intp]
    right: NDArray[np.bool_]
    truths: NDArray[np.int64]


def average_precision(evidence: ClassEvidence, weights: Array) -> Array:
    """Return the average precision at each overlap in each draw, (10, draws); NaN without a truth.

    `weights` (photos, draws). As COCO defines it: precision made monotone, read at 101 recalls.
    """
    # What comes after the last right one, the many boxes of low scores, changes no precision that
    # is read.
    right = np.flatnonzero(evidence.right.any(axis=1))
    count = int(right[-1]) + 1 if len(right) else 0
    averages = np.empty((evidence.right.shape[1], weights.shape[1]))
    step = max(1, MAX_BLOCK_CELLS // max(1, count))
    for start in range(0, weights.shape[1], step):
        block = slice(start, start + step)
        averages[:, block] = _of_block(evidence, count, weights[:, block])
    return averages


def _of_block(evidence: ClassEvidence, count: int, weights: Array) -> Array:
    truths = evidence.truths @ weights
    weight = weights[evidence.photos[:count]]
    said = np.cumsum(weight, axis=0)
    # Nothing is divided by nothing: where no detection was drawn, none of them was right either.
    said[said == 0] = 1
    each = np.where(truths > 0, truths, 1)
    averages = np.zeros((evidence.right.shape[1], weights.shape[1]))
    for overlap in range(len(averages)):
        rows = np.flatnonzero(evidence.right[:count, overlap])
        found = np.cumsum(weight[rows], axis=0)
        precision = found / said[rows]
        # The best that is still to come, times the points that each right one is the first to reach.
        envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        reached = _points_reached(found / each)
        averages[overlap] = np.einsum("rd,rd->d", envelope, np.diff(reached, axis=0, prepend=0))
    averages /= len(RECALL_POINTS)
    averages[:, truths == 0] = np.nan
    return averages


def _points_reached(recall: Array) -> NDArray[np.intp]:
    """Count the recall points that are not above each recall: searchsorted, many times faster."""
    guess = (recall * (len(RECALL_POINTS) - 1) + 1e-9).astype(np.intp)
    reached: NDArray[np.intp] = guess + (recall >= RECALL_POINTS[guess])
    return reached
