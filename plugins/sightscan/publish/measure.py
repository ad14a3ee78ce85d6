"""How good a detector is on labelled photos, and whether another is better by more than luck.

Average precision is pycocotools' own. Whether a difference is luck is asked of the photos: drawn
anew a thousand times, with replacement and the same draw for both models (a paired bootstrap), how
often would the new model still be ahead?
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sightscan.box import Box
from sightscan.errors import LastingPublicationError
from sightscan.publish.average_precision import Array, ClassEvidence, average_precision
from sightscan.publish.coco import collect_evidence, evaluate
from sightscan.publish.detector import BATCH_SIZE, Detections, OnnxDetector, decode_photo

# A photo's bytes, and its truth: class names and boxes.
LabelledBytes = tuple[bytes, Sequence[tuple[str, Box]]]

RESAMPLES = 1000
RESAMPLE_SEED = 20_26
# The lower end of the two-sided 90 % interval: luck alone passes it 1 time in 20.
LOWER_QUANTILE = 0.05


@dataclass(frozen=True, slots=True)
class ClassMeasure:
    """Measures of one class on the photos, and how many showed it."""

    name: str
    map50: float
    map50_95: float
    photos: int
    boxes: int


@dataclass(frozen=True, slots=True)
class Measure:
    """Means over the classes that the photos show, 0 to 1; `evidence` is by class name."""

    map50: float
    map50_95: float
    photo_count: int
    per_class: tuple[ClassMeasure, ...]
    evidence: Mapping[str, ClassEvidence]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better a new model is, in mAP50-95, and the bound that luck explains."""

    difference: float
    lower_bound: float

    @property
    def is_better(self) -> bool:
        """Tell whether even the lower bound is above zero."""
        return self.lower_bound > 0


def measure_model(
    detector: OnnxDetector,
    photos: Iterable[LabelledBytes],
    *,
    names: Sequence[str] | None = None,
) -> Measure:
    """Run a detector over labelled photos and measure it against their boxes.

    `names` renames its classes, in their order; a class of the truth that it does not know counts
    as never found, a class of its own that the truth does not show does not count.

    Raises:
        LastingPublicationError: there is no photo with a box, or one is no image.

    """
    truths: list[Sequence[tuple[str, Box]]] = []
    found: list[Detections] = []
    batch: list[bytes] = []
    for content, boxes in photos:
        truths.append(boxes)
        batch.append(content)
        if len(batch) == BATCH_SIZE:
            found += detector.detect([decode_photo(one) for one in batch])
            batch = []
    found += detector.detect([decode_photo(one) for one in batch])
    return measure_detections(found, truths, names or detector.class_names)


def measure_detections(
    found: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    names: Sequence[str],
) -> Measure:
    """Measure detections against the truth, photo by photo.

    Raises:
        PublicationError: the truth has no box.

    """
    classes = sorted({name for boxes in truths for name, _ in boxes})
    if not classes:
        msg = (
            f"{len(truths)} test photos have no box: nothing can be measured; freeze a new dataset"
        )
        raise LastingPublicationError(msg)
    evaluation = evaluate(found, truths, names, classes)
    # (overlaps, recalls, classes): one area range, one limit of detections.
    averages = evaluation.eval["precision"][:, :, :, 0, 0].mean(axis=1)
    evidence = {
        name: collect_evidence(evaluation, index, len(truths)) for index, name in enumerate(classes)
    }
    return Measure(
        map50=float(averages[0].mean()),
        map50_95=float(averages.mean()),
        photo_count=len(truths),
        per_class=tuple(
            ClassMeasure(
                name=name,
                map50=float(averages[0, index]),
                map50_95=float(averages[:, index].mean()),
                photos=int((evidence[name].truths > 0).sum()),
                boxes=int(evidence[name].truths.sum()),
            )
            for index, name in enumerate(classes)
        ),
        evidence=evidence,
    )


def compare_models(new: Measure, old: Measure) -> Comparison:
    """Return how much better `new` is than `old` on the same photos, and the lower bound of that.

    The photos are drawn at a fixed seed, so the same two measures always compare the same.
    """
    chance = np.random.default_rng(RESAMPLE_SEED)
    share = np.full(new.photo_count, 1 / new.photo_count)
    differences = []
    for _ in range(RESAMPLES):
        weights = chance.multinomial(new.photo_count, share).astype(np.float64)
        new_map, old_map = (_mean_average_precision(one, weights) for one in (new, old))
        # A draw without any box says nothing about either.
        if new_map is not None and old_map is not None:
            differences.append(new_map - old_map)
    return Comparison(
        difference=new.map50_95 - old.map50_95,
        lower_bound=float(np.quantile(differences, LOWER_QUANTILE)),
    )


def _mean_average_precision(measure: Measure, weights: Array) -> float | None:
    averages = [average_precision(one, weights) for one in measure.evidence.values()]
    drawn = [one.mean() for one in averages if one is not None]
    return float(np.mean(drawn)) if drawn else None
