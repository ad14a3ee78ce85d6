"""What a model shows people on labelled photos, measured: its names right and wrong, and where none belongs.

Shown is what the file's own decoding shows, as in the app: each sight from its threshold on. A name
is right if its box overlaps one of the sight by half.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightscan.box import Box
from sightscan.publish.coco import IGNORED, evaluate
from sightscan.publish.detector import Detections

# Of confidences that are compared with how often they are right.
CONFIDENCE_BINS = 10


@dataclass(frozen=True, slots=True)
class ShownNames:
    """Each name that is shown, (n,) each, and what there is to be named.

    `photos` and `classes`: numbers of photo and class of each name; `confidences`, 0 to 1; `right`.
    `boxes` (photos, classes): how many of each class there are on each photo. `backgrounds`: numbers
    of the photos without a sight. Names in regions to ignore are left out.
    """

    names: tuple[str, ...]
    photos: NDArray[np.intp]
    classes: NDArray[np.intp]
    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]
    boxes: NDArray[np.intp]
    backgrounds: NDArray[np.intp]

    def without(self, hidden: Collection[str]) -> "ShownNames":
        """Return what is shown if the app does not name the `hidden` sights."""
        kept = ~np.isin(self.classes, [self.names.index(name) for name in hidden])
        return replace(
            self,
            photos=self.photos[kept],
            classes=self.classes[kept],
            confidences=self.confidences[kept],
            right=self.right[kept],
        )

    @property
    def false_alarms(self) -> NDArray[np.intp]:
        """Return the numbers of the photos without a sight that get a name all the same."""
        return np.intersect1d(self.photos, self.backgrounds)

    def count_right(self, sights: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return how many boxes of each sight are named, and how many there are, (photos, sights)."""
        right = np.zeros_like(self.boxes)
        np.add.at(right, (self.photos[self.right], self.classes[self.right]), 1)
        columns = [self.names.index(name) for name in sights]
        return right[:, columns], self.boxes[:, columns]

    def count_named_photos(self, sights: Sequence[str]) -> tuple[int, int]:
        """Return on how many photos one of the sights is named that is there, and how many show one."""
        right, boxes = (one.any(axis=1) for one in self.count_right(sights))
        return int(right.sum()), int(boxes.sum())

    @property
    def calibration_error(self) -> float | None:
        """Return how far confidences are from the share that is right, over ten bins, weighted."""
        if not len(self.photos):
            return None
        bins = np.minimum((self.confidences * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
        said, was = (np.bincount(bins, weights=one) for one in (self.confidences, self.right))
        return float(np.abs(said - was).sum() / len(self.photos))


def collect_shown(
    shown: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    names: Sequence[str],
) -> ShownNames:
    """Match what is shown, photo by photo, with the truth; `names` are those of the model's classes."""
    classes = sorted({name for boxes in truths for name, _ in boxes} - {IGNORED} | {*names})
    entries = [one for one in evaluate(shown, truths, names, classes).evalImgs if one is not None]
    rows = np.array(
        [
            (entry["image_id"], entry["category_id"], score, match > 0)
            for entry in entries
            for score, match, is_ignored in zip(
                entry["dtScores"], entry["dtMatches"][0], entry["dtIgnore"][0], strict=True
            )
            if not is_ignored
        ]
    ).reshape(-1, 4)
    return ShownNames(
        names=tuple(classes),
        photos=rows[:, 0].astype(np.intp),
        classes=rows[:, 1].astype(np.intp),
        confidences=rows[:, 2],
        right=rows[:, 3].astype(np.bool_),
        boxes=np.array(
            [[sum(name == each for name, _ in boxes) for each in classes] for boxes in truths]
        ).reshape(len(truths), len(classes)),
        backgrounds=np.flatnonzero([not boxes for boxes in truths]),
    )


def measure_shown(
    shown: ShownNames, thresholds: Mapping[str, float], hidden: Collection[str]
) -> dict[str, Any]:
    """Measure precision, recall, false alarms and calibration without the `hidden` sights.

    `thresholds` are by name. Photos of its sights are those that show one which is not hidden; one
    is named if such a sight is, and stands where it is said to be.
    """
    shown = shown.without(hidden)
    named, of_sights = shown.count_named_photos([one for one in shown.names if one not in hidden])
    backgrounds = len(shown.backgrounds)
    boxes = shown.boxes.sum(axis=0)
    return {
        **_shares(shown.right, int(boxes.sum())),
        "false_alarms": len(shown.false_alarms) / backgrounds if backgrounds else None,
        "expected_calibration_error": shown.calibration_error,
        "photos": len(shown.boxes),
        "sight_photos": of_sights,
        "named_sight_photos": named,
        "background_photos": backgrounds,
        "named_background_photos": len(shown.false_alarms),
        "per_class": [
            {
                "name": name,
                "threshold": thresholds.get(name),
                **_shares(shown.right[shown.classes == number], int(boxes[number])),
            }
            for number, name in enumerate(shown.names)
        ],
    }


def _shares(right: NDArray[np.bool_], boxes: int) -> dict[str, float | int | None]:
    count = int(right.sum())
    return {
        "precision": count / len(right) if len(right) else None,
        "recall": count / boxes if boxes else None,
        "names": len(right),
        "boxes": boxes,
    }
