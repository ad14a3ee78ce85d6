"""Measure what a detector that sees only colour would reach on a world.

It answers the mean box of the training photos, and the class whose mean colour is nearest. A world
on which that scores well could be solved without looking at a single shape.
"""

import contextlib
import io
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from sandbox.world.world import WorldPhoto

Floats = NDArray[np.float64]


class _Answer(TypedDict):
    """One detection in the form that COCO's tools read; the box is x, y, width, height."""

    image_id: int
    category_id: int
    bbox: list[float]
    score: float


def nearest_colour_baseline(train: Sequence[WorldPhoto], test: Sequence[WorldPhoto]) -> float:
    """Give the baseline's mAP50 on the test photos, 0 to 1.

    Colour is the mean RGB of the whole photo, or that within the mean box; the better of the two
    counts. Raises `ValueError` if either set is empty.
    """
    if not train or not test:
        msg = f"got {len(train)} training and {len(test)} test photos, expected some of each"
        raise ValueError(msg)
    box = _mean_box(train)
    whole = np.array([0.0, 0.0, 1.0, 1.0])
    return max(_evaluate(train, test, box, region) for region in (whole, box))


def _mean_box(photos: Sequence[WorldPhoto]) -> Floats:
    """Give the mean of all boxes (4,): x1, y1, x2, y2 relative to the photo."""
    boxes = [
        (box.x1 / photo.width, box.y1 / photo.height, box.x2 / photo.width, box.y2 / photo.height)
        for photo in photos
        for box in photo.boxes
    ]
    return np.asarray(np.mean(boxes, axis=0))


def _evaluate(
    train: Sequence[WorldPhoto], test: Sequence[WorldPhoto], box: Floats, region: Floats
) -> float:
    sights = sorted({box.sight for photo in (*train, *test) for box in photo.boxes})
    colours = [_mean_colour(photo, region) for photo in train]
    centres = {
        sight: np.mean(
            [c for c, p in zip(colours, train, strict=True) if p.boxes[0].sight == sight], axis=0
        )
        for sight in sorted({photo.boxes[0].sight for photo in train})
    }
    answers: list[_Answer] = []
    for image_id, photo in enumerate(test, start=1):
        colour = _mean_colour(photo, region)
        distances = {s: float(np.linalg.norm(colour - centre)) for s, centre in centres.items()}
        sight = min(distances, key=distances.__getitem__)
        size = (photo.width, photo.height, photo.width, photo.height)
        x1, y1, x2, y2 = (box * size).tolist()
        answers.append(
            {
                "image_id": image_id,
                "category_id": sights.index(sight) + 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": 1 / (1 + distances[sight]),
            }
        )
    return _map50(test, sights, answers)


def _mean_colour(photo: WorldPhoto, region: Floats) -> Floats:
    """Give the mean RGB (3,) of a region (4,) of the photo, in 0..255."""
    with Image.open(photo.path) as image:
        # JPEG decoders can decode at an eighth of the size, which leaves the mean as it is.
        image.draft("RGB", (photo.width // 8, photo.height // 8))
        pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (region * (width, height, width, height)).round().astype(int).tolist()
    return np.asarray(pixels[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].mean(axis=(0, 1)))


def _map50(photos: Sequence[WorldPhoto], sights: list[str], answers: list[_Answer]) -> float:
    """Give COCO's average precision at IoU 0.5, over the sights that occur in the photos."""
    truth = [
        {
            "image_id": image_id,
            "category_id": sights.index(box.sight) + 1,
            "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
            "area": (box.x2 - box.x1) * (box.y2 - box.y1),
            "iscrowd": 0,
        }
        for image_id, photo in enumerate(photos, start=1)
        for box in photo.boxes
    ]
    # pycocotools reports its progress on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": image_id} for image_id in range(1, len(photos) + 1)],
            "annotations": [{"id": i, **entry} for i, entry in enumerate(truth, start=1)],
            "categories": [{"id": i, "name": name} for i, name in enumerate(sights, start=1)],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(answers), "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.evaluate()
        evaluation.accumulate()
    # (IoU, recall, class, area range, detections at most); -1 where a class has no truth.
    precision = evaluation.eval["precision"][0, :, :, 0, -1]
    return float(precision[precision > -1].mean())
