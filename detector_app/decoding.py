"""Turn a model's answer into the sights of a picture: names, scores, boxes, no doubles.

Pure arithmetic on arrays. The answer has one row per candidate box: centre x, centre y, width,
height in input pixels, objectness, and one score per class, all after the sigmoid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector_app.letterbox import Floats, Letterbox

# The fields before the class scores: centre x, centre y, width, height, objectness.
BOX_FIELDS: Final = 5
# Boxes of one sight that share more than this of their area are the same sight (YOLOv5's value).
MAX_OVERLAP: Final = 0.45
# More candidates than any picture has sights; bounds the time spent on a broken model's answer.
MAX_CANDIDATES: Final = 1000


@dataclass(frozen=True)
class Detection:
    """A sight that was found: its name, how sure the model is (0..1), its box in pixels."""

    name: str
    score: float
    x1: float
    y1: float
    x2: float
    y2: float


def decode(
    predictions: Floats,
    letterbox: Letterbox,
    *,
    picture_width: int,
    picture_height: int,
    class_names: Sequence[str],
    min_score: float,
) -> tuple[Detection, ...]:
    """Turn the model's answer (boxes, 5 + classes) into detections, surest first."""
    class_indices = predictions[:, BOX_FIELDS:].argmax(axis=1)
    class_scores = predictions[np.arange(len(predictions)), BOX_FIELDS + class_indices]
    scores = predictions[:, 4] * class_scores
    chosen = np.flatnonzero(np.isfinite(predictions).all(axis=1) & (scores >= min_score))
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:MAX_CANDIDATES]
    centres, sizes = predictions[chosen, 0:2], predictions[chosen, 2:4]
    boxes = letterbox.to_picture(np.hstack([centres - sizes / 2, centres + sizes / 2]))
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, picture_width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, picture_height)
    # A box that lies in the padding alone is no place in the picture.
    inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    chosen, boxes = chosen[inside], boxes[inside]
    kept = suppress_doubles(boxes, scores[chosen], class_indices[chosen])
    return tuple(
        Detection(
            class_names[int(class_indices[chosen[index]])],
            float(scores[chosen[index]]),
            *(float(corner) for corner in boxes[index]),
        )
        for index in kept
    )


def suppress_doubles(
    boxes: Floats,
    scores: Floats,
    class_indices: NDArray[np.intp],
    max_overlap: float = MAX_OVERLAP,
) -> list[int]:
    """Return the indices of the boxes (n, 4) to keep, surest first.

    Of boxes of one class that overlap, the surest stays. Boxes of different classes never
    suppress each other: a tower stands in front of a palace, and both are sights.
    """
    kept: list[int] = []
    waiting = np.argsort(-scores, kind="stable")
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        is_double = (class_indices[waiting] == class_indices[best]) & (
            overlaps(boxes[best], boxes[waiting]) > max_overlap
        )
        waiting = waiting[~is_double]
    return kept


def overlaps(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of a box (4,) with each of the boxes (n, 4)."""
    near = np.maximum(box[:2], boxes[:, :2])
    far = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(far - near, 0, None), axis=1)
    area = np.prod(box[2:] - box[:2])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = area + areas - shared
    shares: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares
