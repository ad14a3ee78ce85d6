"""How good a detector is: average precision as pycocotools reads it, per sight and overall.

Publication measures the exported file with the same library, so that the two can be compared.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import coco, cocoeval

from trainer.calibration import Names, calibration_error, error_by_chance

# The package is untyped.
COCO: Any = coco.COCO
COCOeval: Any = cocoeval.COCOeval
_QUALITY = ("map50", "map50_95", "precision", "recall")
_SCORES = np.linspace(0, 1, 101)

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What was found in a photo and what is there.

    `detections` (n, 6): x1, y1, x2, y2, score, class; `truths` (m, 5): class, x1, y1, x2, y2;
    `ignored` (k, 4): x1, y1, x2, y2 of what is neither a sight to be found nor none. All in pixels.
    """

    detections: Array
    truths: Array
    ignored: Array = field(default_factory=lambda: np.empty((0, 4)))


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
    """Quality on one split; means over the sights that it shows."""

    map50: float
    map50_95: float
    precision: float
    recall: float
    photos: int
    boxes: int
    per_class: tuple[ClassMetrics, ...]

    @property
    def fitness(self) -> float:
        """One number to compare epochs by; YOLOv5's weights."""
        return 0.1 * self.map50 + 0.9 * self.map50_95


def measure(results: Sequence[PhotoResult], class_names: Sequence[str]) -> SplitMetrics:
    """Compute the metrics of a split from the results of its photos (at least one truth is needed)."""
    evaluation = _evaluate(results, len(class_names), by_class=True)
    matches = np.reshape(evaluation.evalImgs, (len(class_names), len(results)))
    boxes = _count_boxes(results, len(class_names))
    shown = np.flatnonzero(boxes.any(axis=0))
    # (overlaps, recalls, classes): one area range, one limit of detections.
    averages = evaluation.eval["precision"][:, :, shown, 0, 0].mean(axis=1)
    curves = np.stack([_precision_and_recall(matches[index]) for index in shown])
    f1 = 2 * curves.prod(axis=1) / curves.sum(axis=1).clip(min=1e-16)
    best = int(f1.mean(axis=0).argmax())
    # (classes shown, fields)
    quality = np.column_stack((averages[0], averages.mean(axis=0), curves[:, :, best]))
    by_class = {
        int(index): dict(zip(_QUALITY, row, strict=True))
        for index, row in zip(shown, quality.tolist(), strict=True)
    }
    return SplitMetrics(
        **dict(zip(_QUALITY, quality.mean(axis=0).tolist(), strict=True)),
        photos=len(results),
        boxes=int(boxes.sum()),
        per_class=tuple(
            ClassMetrics(
                name=name,
                **by_class.get(index, dict.fromkeys(_QUALITY)),
                photos=int((boxes[:, index] > 0).sum()),
                boxes=int(boxes[:, index].sum()),
            )
            for index, name in enumerate(class_names)
        ),
    )


def confusion_matrix(results: Sequence[PhotoResult], class_count: int) -> NDArray[np.int64]:
    """Count what is shown, (found as, really is), (classes + 1, classes + 1); the last of each means nothing."""
    evaluation = _evaluate(results, class_count, by_class=False)
    found_as, really_is = (
        # A match with 0 is none.
        {0: class_count} | {box["id"]: box["category_id"] for box in side.anns.values()}
        for side in (evaluation.cocoDt, evaluation.cocoGt)
    )
    counts = np.zeros((class_count + 1, class_count + 1), dtype=np.int64)
    for photo in filter(None, evaluation.evalImgs):
        matches = zip(photo["dtIds"], photo["dtMatches"][0], photo["dtIgnore"][0], strict=True)
        for found, truth, is_ignored in matches:
            counts[found_as[found], really_is[truth]] += not is_ignored
        missed = zip(photo["gtIds"], photo["gtMatches"][0], photo["gtIgnore"], strict=True)
        for truth, found, is_ignored in missed:
            counts[class_count, really_is[truth]] += found == 0 and not is_ignored
    return counts


def collect_names(results: Sequence[PhotoResult], class_count: int) -> Names:
    """Return the detections of photos as names, each right or wrong; those of ignored regions are left out."""
    evaluation = _evaluate(results, class_count, by_class=True)
    rows = [
        (photo["image_id"], photo["category_id"], score, match > 0)
        for photo in filter(None, evaluation.evalImgs)
        for score, match, is_ignored in zip(
            photo["dtScores"], photo["dtMatches"][0], photo["dtIgnore"][0], strict=True
        )
        if not is_ignored
    ]
    photos, classes, scores, right = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Names(
        photos=np.array(photos, dtype=np.intp),
        classes=np.array(classes, dtype=np.intp),
        scores=np.array(scores, dtype=np.float64),
        right=np.array(right, dtype=np.bool_),
        boxes=_count_boxes(results, class_count).sum(axis=0),
        sight_photos=sum(len(one.truths) > 0 for one in results),
        backgrounds=np.array(
            [
                photo
                for photo, one in enumerate(results)
                if not len(one.truths) and not len(one.ignored)
            ],
            dtype=np.intp,
        ),
    )


def measure_shown(
    results: Sequence[PhotoResult], class_names: Sequence[str], thresholds: Sequence[float]
) -> dict[str, Any]:
    """Measure what people are shown: the scores of the detections are confidences from `thresholds` on."""
    names = collect_names(results, len(class_names))
    backgrounds = names.backgrounds
    return {
        **_shares(names.right, int(names.boxes.sum())),
        "false_alarms": (
            len(np.intersect1d(names.photos, backgrounds)) / len(backgrounds)
            if len(backgrounds)
            else None
        ),
        "expected_calibration_error": calibration_error(names.scores, names.right),
        "calibration_error_by_chance": error_by_chance(names.scores),
        "photos": len(results),
        "background_photos": len(backgrounds),
        "per_class": [
            {
                "name": name,
                "threshold": threshold,
                **_shares(names.right[names.classes == index], int(names.boxes[index])),
            }
            for index, (name, threshold) in enumerate(zip(class_names, thresholds, strict=True))
        ],
    }


def _shares(right: NDArray[np.bool_], boxes: int) -> dict[str, float | int | None]:
    found = int(right.sum())
    return {
        "precision": found / len(right) if len(right) else None,
        "recall": found / boxes if boxes else None,
        "names": len(right),
        "boxes": boxes,
    }


def _count_boxes(results: Sequence[PhotoResult], class_count: int) -> NDArray[np.intp]:
    """Count the boxes of each class on each photo, (photos, classes)."""
    return np.array(
        [np.bincount(one.truths[:, 0].astype(int), minlength=class_count) for one in results]
    )


def _evaluate(results: Sequence[PhotoResult], class_count: int, *, by_class: bool) -> Any:
    """Run COCOeval; a truth's matches are of its class only, or of any."""
    # pycocotools reports each step on standard output.
    with redirect_stdout(io.StringIO()):
        truths = _as_coco([_truth_rows(one, class_count) for one in results], class_count)
        found = _as_coco([one.detections for one in results], class_count)
        evaluation = COCOeval(truths, found, "bbox")
        evaluation.params.useCats = by_class
        evaluation.params.maxDets = [100]  # a photo and class, as publication counts
        # COCO's size classes are made for photos of one size.
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _truth_rows(one: PhotoResult, class_count: int) -> Array:
    """Return truths as rows of boxes; what is ignored is so for every class, which a score of 0 says."""
    truths = one.truths[:, [1, 2, 3, 4, 0, 0]].astype(np.float64)
    truths[:, 4] = 1
    classes = np.tile(np.arange(class_count), len(one.ignored))
    regions = np.repeat(one.ignored, class_count, axis=0)
    return np.vstack((truths, np.column_stack((regions, np.zeros(len(regions)), classes))))


def _as_coco(photos: Sequence[Array], class_count: int) -> Any:
    """Index boxes, (n, 6) a photo: x1, y1, x2, y2, score (of a truth 0 if it is ignored), class."""
    rows = [(photo, *row) for photo, boxes in enumerate(photos) for row in boxes.tolist()]
    index = COCO()
    index.dataset = {
        "images": [{"id": photo} for photo in range(len(photos))],
        "categories": [{"id": label} for label in range(class_count)],
        "annotations": [
            {
                "id": identity,
                "image_id": photo,
                "category_id": int(label),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "score": score,
                "iscrowd": int(score == 0),
            }
            # From 1: COCOeval takes a match with id 0 for none.
            for identity, (photo, x1, y1, x2, y2, score, label) in enumerate(rows, start=1)
        ],
    }
    index.createIndex()
    return index


def _precision_and_recall(matches: NDArray[np.object_]) -> Array:
    """Return both at overlap 0.5, of the detections from each score on, (2, scores)."""
    photos = [photo for photo in matches if photo is not None]
    counted = ~np.concatenate([photo["dtIgnore"][0] for photo in photos])
    scores = np.concatenate([photo["dtScores"] for photo in photos])[counted]
    right = np.concatenate([photo["dtMatches"][0] for photo in photos])[counted] > 0
    found, right_found = (
        len(some) - np.searchsorted(np.sort(some), _SCORES) for some in (scores, scores[right])
    )
    truth_count = sum(int((photo["gtIgnore"] == 0).sum()) for photo in photos)
    return np.stack((right_found / found.clip(min=1), right_found / truth_count))
