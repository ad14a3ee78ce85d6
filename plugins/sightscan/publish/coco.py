"""pycocotools, given detections and truths as values and asked for its matches."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import coco, cocoeval

from sightscan.box import Box
from sightscan.publish.average_precision import ClassEvidence
from sightscan.publish.detector import Detections

# The package is untyped.
COCO: Any = coco.COCO
COCOeval: Any = cocoeval.COCOeval
DETECTIONS_PER_CLASS = 100
MIN_OVERLAP = 0.5


def evaluate(
    found: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    numbers: Sequence[int | None],
    class_count: int,
) -> Any:
    """Run COCOeval; `numbers` are the truth's category ids of the detector's classes, None if none."""
    order = sorted({name for boxes in truths for name, _ in boxes})
    annotations = [
        (photo, order.index(name) + 1, box)
        for photo, boxes in enumerate(truths)
        for name, box in boxes
    ]
    # pycocotools reports each step on standard output.
    with redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": photo} for photo in range(len(truths))],
            "categories": [{"id": number} for number in range(1, class_count + 1)],
            "annotations": [
                # Ids from 1: COCOeval takes a match with id 0 for none.
                _annotation(identity, photo, number, box) | {"iscrowd": 0}
                for identity, (photo, number, box) in enumerate(annotations, start=1)
            ],
        }
        truth.createIndex()
        predicted = COCO()
        predicted.dataset = truth.dataset | {"annotations": _as_coco(found, numbers)}
        predicted.createIndex()
        evaluation = COCOeval(truth, predicted, "bbox")
        # Boxes are shares of the photo, so areas are too: COCO's size classes mean nothing here.
        evaluation.params.areaRng = [[0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [DETECTIONS_PER_CLASS]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _as_coco(found: Sequence[Detections], numbers: Sequence[int | None]) -> list[dict[str, Any]]:
    rows = [
        (photo, number, Box(*(float(edge) for edge in edges)), float(score))
        for photo, detections in enumerate(found)
        for edges, score, own in zip(
            detections.boxes, detections.scores, detections.classes, strict=True
        )
        if (number := numbers[int(own)]) is not None
    ]
    return [
        _annotation(identity, photo, number, box) | {"score": score}
        for identity, (photo, number, box, score) in enumerate(rows, start=1)
    ]


def _annotation(identity: int, photo: int, number: int, box: Box) -> dict[str, Any]:
    return {
        "id": identity,
        "image_id": photo,
        "category_id": number,
        "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
        "area": box.area,
    }


def collect_evidence(evaluation: Any, class_index: int, photo_count: int) -> ClassEvidence:
    """Collect COCOeval's matches of one class over all photos, surest first."""
    per_photo = evaluation.evalImgs[class_index * photo_count : (class_index + 1) * photo_count]
    truths = np.zeros(photo_count, dtype=np.int64)
    photos, scores, right, right_for_trainer = [], [], [], []
    for photo, entry in enumerate(per_photo):
        if entry is None:
            continue
        truths[photo] = len(entry["gtIds"])
        photos += [photo] * len(entry["dtScores"])
        scores += list(entry["dtScores"])
        right.append(np.asarray(entry["dtMatches"]).T > 0)
        # Detections by truths; empty lists where there is none of either.
        overlaps = evaluation.ious[photo, class_index + 1]
        right_for_trainer.append(_match_by_overlap(overlaps, len(entry["dtScores"])))
    thresholds = len(evaluation.params.iouThrs)
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    return ClassEvidence(
        photos=np.asarray(photos, dtype=np.intp)[order],
        right=np.concatenate([np.zeros((0, thresholds), dtype=bool), *right])[order],
        right_for_trainer=np.concatenate([np.zeros(0, dtype=bool), *right_for_trainer])[order],
        truths=truths,
    )


def _match_by_overlap(overlaps: Any, detection_count: int) -> NDArray[np.bool_]:
    """Say which detections are right, (n,), if the largest overlaps are matched first."""
    matched = np.zeros(detection_count, dtype=bool)
    if detection_count == 0 or len(overlaps) == 0:
        return matched
    table = np.array(overlaps, dtype=np.float64)
    while table.size and table.max() >= MIN_OVERLAP:
        detection, truth = np.unravel_index(table.argmax(), table.shape)
        matched[detection] = True
        table[detection, :] = 0
        table[:, truth] = 0
    return matched
