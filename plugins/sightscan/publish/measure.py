"""How good a detector is on labelled photos; average precision is pycocotools' own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sightscan.box import Box
from sightscan.errors import LastingPublicationError
from sightscan.publish.average_precision import ClassEvidence
from sightscan.publish.coco import IGNORED, collect_evidence, evaluate
from sightscan.publish.detector import BATCH_SIZE, Detections, OnnxDetector, decode_photo

# A photo's bytes, and its truth: class names and boxes.
LabelledBytes = tuple[bytes, Sequence[tuple[str, Box]]]


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
    found, truths = detect_photos(detector, photos)
    return measure_detections(found, truths, names or detector.class_names)


def detect_photos(
    detector: OnnxDetector, photos: Iterable[LabelledBytes]
) -> tuple[list[Detections], list[Sequence[tuple[str, Box]]]]:
    """Run a detector over labelled photos; return what it found and the truth, photo by photo.

    Raises:
        LastingPublicationError: one is no image.

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
    return found, truths


def measure_detections(
    found: Sequence[Detections],
    truths: Sequence[Sequence[tuple[str, Box]]],
    names: Sequence[str],
) -> Measure:
    """Measure detections against the truth, photo by photo.

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
