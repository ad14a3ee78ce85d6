"""pycocotools, given detections and truths as values and asked for its matches."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from pycocotools import coco, cocoeval

from sightscan.box import Box
from sightscan.publish.average_precision import ClassEvidence
from sightscan.publish.detector import Detections

# The package is untyped.
COCO: Any = coco.COCO
COCOeval: Any = cocoeval.COCOeval
DETECTIONS_PER_CLASS = 100
# The name, in a truth, of what is no class: it need not be found, and whatever is found there is
# neither right nor wrong.
IGNORED = ""


def evaluate(
    found: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    names: Sequence[str],
    classes: Sequence[str],
) -> Any:
    """Run COCOeval over `classes`; `names` are the detector's, and what it takes for others is left out."""
    answers = [
        [
            (names[own], float(score), Box(*edges.tolist()))
            for own, score, edges in zip(one.classes, one.scores, one.boxes, strict=True)
            if names[own] in classes
        ]
        for one in found
    ]
    # pycocotools reports each step on standard output.
    with redirect_stdout(io.StringIO()):
        truth = _as_coco([_truth_rows(boxes, classes) for boxes in truths], classes)
        evaluation = COCOeval(truth, _as_coco(answers, classes), "bbox")
        # Boxes are shares of the photo, so areas are too: COCO's size classes mean nothing here.
        evaluation.params.areaRng = [[0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [DETECTIONS_PER_CLASS]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _truth_rows(
    boxes: Sequence[tuple[str, Box]], classes: Sequence[str]
) -> list[tuple[str, float, Box]]:
    """Return truths as rows of boxes; what is ignored is so for every class, which a score of 0 says."""
    rows: list[tuple[str, float, Box]] = [(name, 1, box) for name, box in boxes if name != IGNORED]
    return rows + [(each, 0, box) for name, box in boxes if name == IGNORED for each in classes]


def collect_evidence(evaluation: Any, class_index: int, photo_count: int) -> ClassEvidence:
    """Collect COCOeval's matches of one class, which a photo shows, over all photos, surest first.

    Without those in ignored regions at the least overlap.
    """
    per_photo = evaluation.evalImgs[class_index * photo_count : (class_index + 1) * photo_count]
    photos = [photo for photo, entry in enumerate(per_photo) if entry is not None]
    entries = [per_photo[photo] for photo in photos]
    truths = np.zeros(photo_count, dtype=np.int64)
    truths[photos] = [int((entry["gtIgnore"] == 0).sum()) for entry in entries]
    counted = [~entry["dtIgnore"][0] for entry in entries]
    scores = [
        np.array(entry["dtScores"])[is_counted]
        for entry, is_counted in zip(entries, counted, strict=True)
    ]
    right = [
        ((entry["dtMatches"] > 0) & ~entry["dtIgnore"]).T[is_counted]
        for entry, is_counted in zip(entries, counted, strict=True)
    ]
    surest = np.argsort(-np.concatenate(scores), kind="stable")
    return ClassEvidence(
        photos=np.repeat(photos, [len(each) for each in scores])[surest],
        right=np.concatenate(right)[surest],
        truths=truths,
    )


def _as_coco(photos: Sequence[Sequence[tuple[str, float, Box]]], classes: Sequence[str]) -> Any:
    """Index the boxes of each photo: class, score (of a truth 0 if it is ignored), box."""
    rows = [(photo, *row) for photo, boxes in enumerate(photos) for row in boxes]
    index = COCO()
    index.dataset = {
        "images": [{"id": photo} for photo in range(len(photos))],
        "categories": [{"id": number} for number in range(len(classes))],
        "annotations": [
            {
                "id": identity,
                "image_id": photo,
                "category_id": classes.index(name),
                "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
                "area": box.area,
                "score": score,
                "iscrowd": int(score == 0),
            }
            # Ids from 1: COCOeval takes a match with id 0 for none.
            for identity, (photo, name, score, box) in enumerate(rows, start=1)
        ],
    }
    index.createIndex()
    return index
