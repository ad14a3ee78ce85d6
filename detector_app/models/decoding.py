"""From a model's answer to what it found, in the pixels of its input.

The trainer, the pipeline and the app each have this file, byte by byte the same: they share no code
(docs/decisions/0039-one-decoding.md). What it must give is in tests/decoding_cases.json, for readers
in other languages too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

# The fields before the class scores: centre x, centre y, width, height, objectness.
BOX_FIELDS: Final = 5
# Of boxes that share more of their union, one names the place (the value of YOLOv5).
SHOWN_OVERLAP: Final = 0.45
# Of a model without `decoding` in its metadata.
OLDER_THRESHOLD: Final = 0.25
IDENTITY: Final = ((0.0, 0.0), (1.0, 1.0))
# More than any picture has sights; bounds the time spent on a model that sees one everywhere.
MAX_CANDIDATES: Final = 1000

# For average precision, as YOLOv5's validation: nearly everything counts, the curve over scores
# decides.
MIN_COUNTED_SCORE: Final = 0.001
COUNTED_OVERLAP: Final = 0.6
MAX_COUNTED: Final = 300
MAX_COUNTED_CANDIDATES: Final = 4000


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a model is read, as its metadata say: an overlap, a table, a least confidence of each class.

    `calibration` has (score, confidence), both rising; between its points it is linear, beyond them
    flat.
    """

    overlap: float
    calibration: tuple[tuple[float, float], ...]
    thresholds: tuple[float, ...]

    def to_confidence(self, scores: Floats) -> NDArray[np.float64]:
        """Return how often a name with each of these scores is right, 0 to 1."""
        table = np.array(self.calibration)
        confidences: NDArray[np.float64] = np.interp(scores, table[:, 0], table[:, 1])
        return confidences


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one picture, the best score first.

    `boxes` (n, 4): x1, y1, x2, y2 in pixels of the input, which may reach out of it; `scores`,
    `confidences` and `classes` (n,).
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    confidences: NDArray[np.float64]
    classes: NDArray[np.intp]


def read_as_older(class_count: int) -> Decoding:
    """Return how a model is read whose metadata do not say it."""
    return Decoding(SHOWN_OVERLAP, IDENTITY, (OLDER_THRESHOLD,) * class_count)


def decode(rows: Floats, decoding: Decoding) -> Found:
    """Turn the answer for one picture, (boxes, 5 + classes), into what people are shown.

    Each row speaks for its best class, and one place has one name: of boxes that overlap, whatever
    their classes, the one with the best score stays. Rows that are not numbers throughout are left
    out.
    """
    rows = _finite(rows)
    classes = rows[:, BOX_FIELDS:].argmax(axis=1)
    scores = rows[:, 4] * rows[np.arange(len(rows)), BOX_FIELDS + classes]
    confidences = decoding.to_confidence(scores)
    is_shown = (scores > 0) & (confidences >= np.array(decoding.thresholds)[classes])
    places = np.flatnonzero(is_shown)
    places = places[np.argsort(-scores[places], kind="stable")][:MAX_CANDIDATES]
    boxes, classes = _corners(rows[places]), classes[places]
    kept = _without_doubles(boxes, np.zeros_like(classes), decoding.overlap, MAX_CANDIDATES)
    places = places[kept]
    return Found(boxes[kept], scores[places], confidences[places], classes[kept])


def decode_everything(rows: Floats) -> Found:
    """Turn the answer for one picture into what average precision is measured on.

    Each row speaks for all its classes, and each class is suppressed by itself; the confidence is
    the score.
    """
    rows = _finite(rows)
    scores = rows[:, 4:BOX_FIELDS] * rows[:, BOX_FIELDS:]
    places, classes = np.nonzero(scores > MIN_COUNTED_SCORE)
    chosen = scores[places, classes]
    best = np.argsort(-chosen, kind="stable")[:MAX_COUNTED_CANDIDATES]
    places, classes, chosen = places[best], classes[best], chosen[best]
    boxes = _corners(rows[places])
    kept = _without_doubles(boxes, classes, COUNTED_OVERLAP, MAX_COUNTED)
    return Found(boxes[kept], chosen[kept], chosen[kept], classes[kept])


def _finite(rows: Floats) -> NDArray[np.float64]:
    return np.asarray(rows[np.isfinite(rows).all(axis=1)], dtype=np.float64)


def _corners(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    centres, halves = rows[:, 0:2], rows[:, 2:4] / 2
    return np.hstack((centres - halves, centres + halves))


def _without_doubles(
    boxes: NDArray[np.float64], groups: NDArray[np.intp], overlap: float, most: int
) -> NDArray[np.intp]:
    """Return which boxes, best first, stay: none that overlaps a better one of its group by more than `overlap`.

    Overlap is intersection over union.
    """
    left, top, right, bottom = np.ascontiguousarray(boxes.T)
    areas = (right - left) * (bottom - top)
    is_waiting = np.ones(len(boxes), dtype=np.bool_)
    kept: list[int] = []
    for best in range(len(boxes)):
        if not is_waiting[best]:
            continue
        kept.append(best)
        if len(kept) == most:
            break
        # Slices of whole columns: copying what still waits takes ten times as long.
        rest = slice(best + 1, None)
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = width.clip(min=0) * height.clip(min=0)
        is_double = shared > overlap * (areas[best] + areas[rest] - shared)
        is_waiting[rest] &= ~(is_double & (groups[rest] == groups[best]))
    return np.array(kept, dtype=np.intp)
