"""A model as people get it: what it shows on the test photos, and that it is what the trainer had.

Shown is what the file's own decoding shows, as in the app: each sight from its threshold on.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import psycopg

from sightscan.box import Box
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import LastingPublicationError
from sightscan.publish.coco import IGNORED, evaluate
from sightscan.publish.contender import names_in, open_model, read_test_photos
from sightscan.publish.detector import Detections, OnnxDetector, decode_photo
from sightscan.publish.measure import LabelledBytes
from sightscan.warehouse.models.datasets import stream_blobs
from sightscan.warehouse.models.models import StoredModel
from sightscan.warehouse.models.shipped import read_samples

# The same file on the same photo, decoded and computed on another machine: of a score, and of a
# coordinate as a part of the image size. Another network is off by most of a score.
MAX_SAMPLE_DIFFERENCE = 0.05
# Of confidences that are compared with how often they are right.
CONFIDENCE_BINS = 10


def measure_shipped(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    dataset: FrozenDataset,
    hidden: Collection[str] = (),
) -> dict[str, Any]:
    """Measure what a stored model shows on the test photos of a dataset; `hidden` sights it never names."""
    photos = (photo for _, photo in read_test_photos(connection, dataset))
    return measure_shown(
        open_model(connection, model), photos, names_in(model, dataset), hidden=hidden
    )


def check_export(connection: psycopg.Connection[Any], model: StoredModel) -> None:
    """Compare what a stored model answers with what it answered in the trainer.

    Raises:
        LastingPublicationError: on one of the trainer's photos it answers otherwise than there.

    """
    samples = read_samples(connection, model.city_id, model.version)
    hashes = [bytes.fromhex(sample["sha256"]) for sample in samples]
    contents = {sha256.hex(): content for sha256, content in stream_blobs(connection, hashes)}
    check_samples(open_model(connection, model), samples, contents)


def check_samples(
    detector: OnnxDetector, samples: Sequence[Mapping[str, Any]], contents: Mapping[str, bytes]
) -> None:
    """Compare raw answers with those of the trainer, on those of its photos that are still there.

    Raises:
        LastingPublicationError: they differ by more than machines do.

    """
    for sample in samples:
        if sample["sha256"] not in contents:
            continue
        answer = detector.answer_photo(decode_photo(contents[sample["sha256"]]))
        places, stated = [row[0] for row in sample["rows"]], [row[1:] for row in sample["rows"]]
        scale = np.ones(answer.shape[1])
        scale[:4] = detector.image_size
        is_alike = np.shape(stated) == (len(places), answer.shape[1]) and max(places) < len(answer)
        difference = (
            float((np.abs(answer[places] - stated) / scale).max()) if is_alike else float("inf")
        )
        # Written this way round, so that NaN is a difference.
        if not difference <= MAX_SAMPLE_DIFFERENCE:
            msg = (
                f"on photo {sample['sha256']} model.onnx answers otherwise than in the trainer, by "
                f"{difference:.3f} (at most {MAX_SAMPLE_DIFFERENCE} is rounding): the export is "
                "broken, or photos are decoded otherwise here; train again"
            )
            raise LastingPublicationError(msg)


def measure_shown(
    detector: OnnxDetector,
    photos: Iterable[LabelledBytes],
    names: Sequence[str],
    *,
    hidden: Collection[str] = (),
) -> dict[str, Any]:
    """Measure what a detector shows: precision, recall, false alarms, calibration, and the time it takes.

    `names` are those of its classes. A name is right if its box overlaps one of the sight by half.
    The same figures, under the same keys, as in `shipped` of result.json.
    """
    truths: list[Sequence[tuple[str, Box]]] = []
    found, seconds = [], []
    for content, boxes in photos:
        image = decode_photo(content)
        started = time.perf_counter()
        found.append(_without(detector.show(image), names, hidden))
        seconds.append(time.perf_counter() - started)
        truths.append(boxes)
    thresholds = dict(zip(names, detector.decoding.thresholds, strict=True))
    classes = sorted({name for boxes in truths for name, _ in boxes} - {IGNORED} | set(names))
    entries = [one for one in evaluate(found, truths, names, classes).evalImgs if one is not None]
    # (n, 3): class, confidence, whether it is right.
    shown = np.array(
        [
            (entry["category_id"], score, match > 0)
            for entry in entries
            for score, match, is_ignored in zip(
                entry["dtScores"], entry["dtMatches"][0], entry["dtIgnore"][0], strict=True
            )
            if not is_ignored
        ]
    ).reshape(-1, 3)
    boxes_of = [sum(name == each for boxes in truths for name, _ in boxes) for each in classes]
    backgrounds = [one for one, boxes in zip(found, truths, strict=True) if not boxes]
    alarms = sum(len(one.classes) > 0 for one in backgrounds)
    return {
        **_shares(shown, sum(boxes_of)),
        "false_alarms": alarms / len(backgrounds) if backgrounds else None,
        "expected_calibration_error": _calibration_error(shown),
        "photos": len(truths),
        "background_photos": len(backgrounds),
        "milliseconds": 1000 * median(seconds) if seconds else None,
        "per_class": [
            {
                "name": name,
                "threshold": thresholds.get(name),
                **_shares(shown[shown[:, 0] == number], boxes_of[number]),
            }
            for number, name in enumerate(classes)
        ],
    }


def _without(found: Detections, names: Sequence[str], hidden: Collection[str]) -> Detections:
    kept = [names[own] not in hidden for own in found.classes]
    return Detections(found.boxes[kept], found.scores[kept], found.classes[kept])


def _shares(shown: np.ndarray[Any, Any], boxes: int) -> dict[str, float | int | None]:
    right = float(shown[:, 2].sum())
    return {
        "precision": right / len(shown) if len(shown) else None,
        "recall": right / boxes if boxes else None,
        "names": len(shown),
        "boxes": boxes,
    }


def _calibration_error(shown: np.ndarray[Any, Any]) -> float | None:
    """Return how far confidences are from the share that is right, over ten bins, weighted."""
    if not len(shown):
        return None
    bins = np.minimum((shown[:, 1] * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    said, was = (np.bincount(bins, weights=shown[:, column]) for column in (1, 2))
    return float(np.abs(said - was).sum() / len(shown))
