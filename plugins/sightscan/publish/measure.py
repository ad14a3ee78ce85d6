"""How good detections are; average precision is pycocotools' own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sightscan.box import Box
from sightscan.errors import LastingPublicationError
from sightscan.publish.average_precision import ClassEvidence
from sightscan.publish.coco import IGNORED, collect_evidence, evaluate
from sightscan.publish.detector import Detections


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

    @property
    def by_name(self) -> Mapping[str, ClassMeasure]:
        """Return the measures by class name."""
        return {one.name: one for one in self.per_class}


def measure_detections(
    found: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    names: Sequence[str],
) -> Measure:
    """Measure detections against the truth, photo by photo; `names` are those of the model's classes.

    A class of the truth that it does not know counts as never found, a class of its own that the
    truth does not show does not count.

    Raises:
        PublicationError: the truth has no box.

    """
    classes = sorted({name for boxes in truths for name, _ in boxes} - {IGNORED})
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
