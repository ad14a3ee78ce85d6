"""A stored model on the test photos of a dataset: what it finds there, as judging and comparing need it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.box import Box
from sightscan.dataset_folder import FrozenDataset
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.detector import Detections, OnnxDetector
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

    def named_from(self, score: float) -> list[tuple[str, ...]]:
        """Return the sights that the app would name on each photo, from a score on."""
        return [
            tuple(
                sorted(
                    {
                        self.names[number]
                        for number, own in zip(one.classes, one.scores, strict=True)
                        if own >= score and self.names[number] in self.contender.shown
                    }
                )
            )
            for one in self.found
        ]


def read_model_on(
    connection: psycopg.Connection[Any], model: StoredModel, dataset: FrozenDataset
) -> Reading:
    """Run a model over the test photos of a dataset, those that are still there.

    Raises:
        PublicationError: its file or a photo is not as it was stored, or no photo has a box.

    """
    names = names_in(model, dataset)
    detector = OnnxDetector(read_model_file(connection, model.city_id, model.version, ONNX_FILE))
    hashes: list[bytes] = []
    found, truths = detect_photos(detector, _test_photos(connection, dataset, hashes))
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


def names_in(model: StoredModel, dataset: FrozenDataset) -> tuple[str, ...]:
    """Return the names of a model's classes, in their order, as a dataset has them.

    Classes are the same when their sights are: names and their order may have changed since.
    """
    names_now = dict(zip(dataset.sight_ids, dataset.class_names, strict=True))
    return tuple(
        names_now.get(sight_id, f"{name} (formerly)" if name in dataset.class_names else name)
        for sight_id, name in zip(model.sight_ids, model.class_names, strict=True)
    )


def _test_photos(
    connection: psycopg.Connection[Any], dataset: FrozenDataset, hashes: list[bytes]
) -> Iterable[LabelledBytes]:
    """Yield bytes and truth of each test photo, and note its hash."""
    truths = {
        photo.sha256: [(dataset.class_names[one.class_number], one.box) for one in photo.boxes]
        for photo in list_dataset_photos(connection, dataset.city_id, dataset.version)
        if photo.split == "test"
    }
    for sha256, content in stream_blobs(connection, truths):
        hashes.append(sha256)
        yield content, truths[sha256]
