"""How good a detector is: average precision as YOLOv5 reads it, per sight and overall.

Plain numpy over detections and truths, so that it can be checked by hand; equal to
yolov5.utils.metrics to rounding.

Not COCO's reading: YOLOv5 gives a truth to the detection that overlaps it most, COCO to the surest
one. Where two boxes of one sight survive, the surer then counts as wrong: one model from nothing,
on 63 drawn test photos, had mAP50 0.70 as read here and 0.96 by COCO on the same detections.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
# At which score and overlap the confusion matrix calls something found; the app shows from the same
# score on.
SHOWN_SCORE = 0.25
_RECALL_POINTS = np.linspace(0, 1, 101)
_SCORE_POINTS = np.linspace(0, 1, 1000)

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What was found in a photo and what is there.

    `detections` (n, 6): x1, y1, x2, y2, score, class; `truths` (m, 5): class, x1, y1, x2, y2; both
    in pixels.
    """

    detections: Array
    truths: Array


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """Quality for one sight; None where the split shows it in no photo."""

    name: str
    map50: float | None
    map50_95: float | None
    precision: float | None
    recall: float | None
    photos: int
    boxes: int


@dataclass(frozen=True, slots=True)
class SplitMetrics:
    """Quality on one split; means over the sights that it shows. `score_threshold` is where F1 is best."""

    map50: float
    map50_95: float
    precision: float
    recall: float
    photos: int
    boxes: int
    score_threshold: float
    per_class: tuple[ClassMetrics, ...]

    @property
    def fitness(self) -> float:
        """One number to compare epochs by; YOLOv5's weights."""
        return 0.1 * self.map50 + 0.9 * self.map50_95


def measure(results: Sequence[PhotoResult], class_names: Sequence[str]) -> SplitMetrics:
    """Compute the metrics of a split from the results of its photos (at least one truth is needed)."""
    detections = np.concatenate([result.detections for result in results])
    correct = np.concatenate([match_detections(result) for result in results])
    truths = np.concatenate([result.truths[:, 0] for result in results]).astype(int)
    order = np.argsort(-detections[:, 4], kind="stable")
    scores, classes, correct = (
        detections[order, 4],
        detections[order, 5].astype(int),
        correct[order],
    )

    present = np.unique(truths)
    precisions, recalls = np.zeros((len(present), 1000)), np.zeros((len(present), 1000))
    averages = np.zeros((len(present), len(IOU_THRESHOLDS)))
    for row, class_index in enumerate(present):
        mine = classes == class_index
        if not mine.any():
            continue
        true_positives = correct[mine].cumsum(axis=0)
        recall = true_positives / (truths == class_index).sum()
        precision = true_positives / np.arange(1, mine.sum() + 1)[:, None]
        # np.interp wants rising points: negative scores rise.
        recalls[row] = np.interp(-_SCORE_POINTS, -scores[mine], recall[:, 0], left=0)
        precisions[row] = np.interp(-_SCORE_POINTS, -scores[mine], precision[:, 0], left=1)
        averages[row] = [
            average_precision(recall[:, column], precision[:, column])
            for column in range(len(IOU_THRESHOLDS))
        ]
    best = _best_f1_point(precisions, recalls)
    rows = {int(class_index): row for row, class_index in enumerate(present)}
    return SplitMetrics(
        map50=float(averages[:, 0].mean()),
        map50_95=float(averages.mean()),
        precision=float(precisions[:, best].mean()),
        recall=float(recalls[:, best].mean()),
        photos=len(results),
        boxes=len(truths),
        score_threshold=float(_SCORE_POINTS[best]),
        per_class=tuple(
            ClassMetrics(
                name=name,
                map50=float(averages[rows[index], 0]) if index in rows else None,
                map50_95=float(averages[rows[index]].mean()) if index in rows else None,
                precision=float(precisions[rows[index], best]) if index in rows else None,
                recall=float(recalls[rows[index], best]) if index in rows else None,
                photos=sum(bool((result.truths[:, 0] == index).any()) for result in results),
                boxes=int((truths == index).sum()),
            )
            for index, name in enumerate(class_names)
        ),
    )


def average_precision(recall: Array, precision: Array) -> float:
    """Return the area under the precision envelope, at 101 recalls (COCO)."""
    recalls = np.concatenate(([0.0], recall, [1.0]))
    envelope = np.flip(np.maximum.accumulate(np.flip(np.concatenate(([1.0], precision, [0.0])))))
    return float(np.trapezoid(np.interp(_RECALL_POINTS, recalls, envelope), _RECALL_POINTS))


def match_detections(result: PhotoResult) -> NDArray[np.bool_]:
    """Say which detections are right, (n, 10) for the ten overlap thresholds.

    Each truth counts once: pairs of the same class are taken in the order of their overlap.
    """
    correct = np.zeros((len(result.detections), len(IOU_THRESHOLDS)), dtype=bool)
    overlaps = box_overlaps(result.truths[:, 1:], result.detections[:, :4])
    overlaps[result.truths[:, :1] != result.detections[None, :, 5]] = 0
    truth_rows, detection_rows = np.nonzero(overlaps >= IOU_THRESHOLDS[0])
    pairs = sorted(
        zip(overlaps[truth_rows, detection_rows], truth_rows, detection_rows, strict=True),
        key=lambda pair: -pair[0],
    )
    for column, threshold in enumerate(IOU_THRESHOLDS):
        found: set[int] = set()
        used: set[int] = set()
        for overlap, truth, detection in pairs:
            if overlap >= threshold and truth not in found and detection not in used:
                found.add(truth)
                used.add(detection)
                correct[detection, column] = True
    return correct


def confusion_matrix(results: Sequence[PhotoResult], class_count: int) -> NDArray[np.int64]:
    """Count (found as, really is), (classes + 1, classes + 1); the last row and column mean nothing."""
    counts = np.zeros((class_count + 1, class_count + 1), dtype=np.int64)
    for result in results:
        shown = result.detections[result.detections[:, 4] >= SHOWN_SCORE]
        overlaps = box_overlaps(result.truths[:, 1:], shown[:, :4])
        found: set[int] = set()
        used: set[int] = set()
        for flat in np.argsort(-overlaps, axis=None):
            truth, detection = (int(value) for value in np.unravel_index(flat, overlaps.shape))
            if overlaps[truth, detection] < IOU_THRESHOLDS[0]:
                break
            if truth not in found and detection not in used:
                found.add(truth)
                used.add(detection)
                counts[int(shown[detection, 5]), int(result.truths[truth, 0])] += 1
        for truth in set(range(len(result.truths))) - found:
            counts[class_count, int(result.truths[truth, 0])] += 1
        for detection in set(range(len(shown))) - used:
            counts[int(shown[detection, 5]), class_count] += 1
    return counts


def box_overlaps(first: Array, second: Array) -> Array:
    """Return intersection over union of boxes (n, 4) and (m, 4) given as x1, y1, x2, y2: (n, m)."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (bottom_right - top_left).clip(min=0).prod(axis=2)
    areas = (first[:, 2:] - first[:, :2]).prod(axis=1)[:, None] + (
        second[:, 2:] - second[:, :2]
    ).prod(axis=1)
    overlaps: Array = shared / (areas - shared + 1e-7)
    return overlaps


def _best_f1_point(precisions: Array, recalls: Array) -> int:
    f1 = (2 * precisions * recalls / (precisions + recalls + 1e-16)).mean(axis=0)
    # YOLOv5's smoothing: the peak of a ragged curve is luck.
    window = round(len(f1) * 0.1 * 2) // 2 + 1
    padding = np.ones(window // 2)
    smooth = np.convolve(
        np.concatenate((padding * f1[0], f1, padding * f1[-1])), np.ones(window) / window, "valid"
    )
    return int(smooth.argmax())
