"""A stored model on the test photos of a dataset: what it finds there, as judging and comparing need it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.box import Box
from sightscan.dataset_folder import FrozenDataset
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.coco import IGNORED
from sightscan.publish.detector import Detections, OnnxDetector, decode_photo
from sightscan.publish.judge import Contender
from sightscan.publish.measure import LabelledBytes, detect_photos, measure_detections
from sightscan.warehouse.models.datasets import list_dataset_photos, stream_blobs
from sightscan.warehouse.models.models import StoredModel, read_model_file


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model finds on photos, in the order of their hashes; `names` are those of its classes."""

    contender: Contender
    names: tuple[str, ...]
    hashes: tuple[bytes, ...]
    found: tuple[Detections, ...]
    truths: tuple[Sequence[tuple[str, Box]], ...]


def read_model_on(
    connection: psycopg.Connection[Any], model: StoredModel, dataset: FrozenDataset
) -> Reading:
    """Run a model over the test photos of a dataset, those that are still there.

    Raises:
        PublicationError: its file or a photo is not as it was stored, or no photo has a box.

    """
    names = names_in(model, dataset)
    hashes: list[bytes] = []

    def photos() -> Iterator[LabelledBytes]:
        for sha256, photo in read_test_photos(connection, dataset):
            hashes.append(sha256)
            yield photo

    found, truths = detect_photos(open_model(connection, model), photos())
    contender = Contender(
        version=model.version,
        measure=measure_detections(found, truths, names),
        sights=frozenset(names),
        hidden=frozenset(
            name
            for name, sight_id in zip(names, model.sight_ids, strict=True)
            if sight_id in model.hidden_sight_ids
        ),
    )
    return Reading(contender, names, tuple(hashes), tuple(found), tuple(truths))


def read_names_on(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    dataset: FrozenDataset,
    shown: Collection[str],
) -> list[tuple[str, ...]]:
    """Return which of the `shown` sights the app names on each test photo, in the order of hashes.

    Raises:
        PublicationError: its file or a photo is not as it was stored.

    """
    names, detector = names_in(model, dataset), open_model(connection, model)
    return [
        tuple(
            sorted({names[own] for own in detector.show(decode_photo(content)).classes} & {*shown})
        )
        for _, (content, _) in read_test_photos(connection, dataset)
    ]


def open_model(connection: psycopg.Connection[Any], model: StoredModel) -> OnnxDetector:
    """Load a stored model.

    Raises:
        PublicationError: its file is not as it was stored, or not one that the trainer exports.

    """
    return OnnxDetector(read_model_file(connection, model.city_id, model.version, ONNX_FILE))


def names_in(model: StoredModel, dataset: FrozenDataset) -> tuple[str, ...]:
    """Return the names of a model's classes, in their order, as a dataset has them.

    Classes are the same when their sights are: names and their order may have changed since.
    """
    names_now = dict(zip(dataset.sight_ids, dataset.class_names, strict=True))
    return tuple(
        names_now.get(sight_id, f"{name} (formerly)" if name in dataset.class_names else name)
        for sight_id, name in zip(model.sight_ids, model.class_names, strict=True)
    )


def read_test_photos(
    connection: psycopg.Connection[Any], dataset: FrozenDataset
) -> Iterator[tuple[bytes, LabelledBytes]]:
    """Yield the hash of each test photo that is still there, its bytes and its truth."""
    truths = {
        photo.sha256: [
            *((dataset.class_names[one.class_number], one.box) for one in photo.boxes),
            *((IGNORED, box) for box in photo.ignored),
        ]
        for photo in list_dataset_photos(connection, dataset.city_id, dataset.version)
        if photo.split == "test"
    }
    for sha256, content in stream_blobs(connection, truths):
        yield sha256, (content, truths[sha256])
