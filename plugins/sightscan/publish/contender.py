"""Stored models on the test photos of a dataset, as judging and comparing need them."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import LastingPublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.coco import IGNORED
from sightscan.publish.detector import OnnxDetector, check_model
from sightscan.publish.judge import Contender
from sightscan.publish.reading import Entrant, JudgedPhoto, Reading, read_photos
from sightscan.publish.signed import NotBelievedError, read_signed_model
from sightscan.warehouse.models.datasets import list_dataset_photos, stream_blobs
from sightscan.warehouse.models.models import StoredModel


def read_test_photos(
    connection: psycopg.Connection[Any], dataset: FrozenDataset, entrants: Sequence[Entrant]
) -> list[Reading]:
    """Let models answer the test photos of a dataset, those that are still there, in one pass.

    Raises:
        PublicationError: a photo is no image.

    """
    return read_photos(entrants, _stream_test_photos(connection, dataset))


def open_entrant(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    dataset: FrozenDataset,
    public_keys: Sequence[bytes],
) -> Entrant:
    """Load a stored model of a city, to be judged on the photos of a dataset.

    Raises:
        PublicationError: its file is not as it was stored, not signed by one of the keys, where there
            are any, or not one that the trainer exports.

    """
    onnx = read_signed_model(connection, city, model, public_keys)
    return Entrant(OnnxDetector(onnx, _title(city, model)), names_in(model, dataset))


def require_loadable(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel,
    public_keys: Sequence[bytes],
) -> None:
    """See that whoever believes the keys, where there are any, may load a stored model.

    Raises:
        LastingPublicationError: its file is not as it was stored, not signed so, or not one that the
            trainer exports.

    """
    check_model(read_signed_model(connection, city, model, public_keys), _title(city, model))


def find_unloadable(
    connection: psycopg.Connection[Any],
    city: City,
    model: StoredModel | None,
    public_keys: Sequence[bytes],
) -> str | None:
    """Return why nobody may load a stored model, and what to do; None of one that may be, or of none."""
    if model is None:
        return None
    try:
        require_loadable(connection, city, model, public_keys)
    except NotBelievedError as error:
        return error.why
    except LastingPublicationError as error:
        return str(error)
    return None


def as_contender(model: StoredModel, reading: Reading) -> Contender:
    """Return a stored model as it is judged, by what it said.

    Raises:
        LastingPublicationError: no photo has a box.

    """
    names = reading.entrant.names
    return Contender(
        version=model.version,
        measure=reading.measure,
        names=reading.shown,
        sights=frozenset(names),
        hidden=frozenset(
            name
            for name, sight_id in zip(names, model.sight_ids, strict=True)
            if sight_id in model.hidden_sight_ids
        ),
        has_thresholds=reading.entrant.detector.has_thresholds,
    )


def names_in(model: StoredModel, dataset: FrozenDataset) -> tuple[str, ...]:
    """Return the names of a model's classes, in their order, as a dataset has them.

    Classes are the same when their sights are: names and their order may have changed since.
    """
    names_now = dict(zip(dataset.sight_ids, dataset.class_names, strict=True))
    return tuple(
        names_now.get(sight_id, f"{name} (formerly)" if name in dataset.class_names else name)
        for sight_id, name in zip(model.sight_ids, model.class_names, strict=True)
    )


def _title(city: City, model: StoredModel) -> str:
    return f"{ONNX_FILE} of model {model.version} of {city.slug}"


def _stream_test_photos(
    connection: psycopg.Connection[Any], dataset: FrozenDataset
) -> Iterator[tuple[JudgedPhoto, bytes]]:
    photos = {
        photo.sha256: JudgedPhoto(
            photo.sha256,
            (
                *((dataset.class_names[one.class_number], one.box) for one in photo.boxes),
                *((IGNORED, box) for box in photo.ignored),
            ),
        )
        for photo in list_dataset_photos(connection, dataset.city_id, dataset.version)
        if photo.split == "test"
    }
    for sha256, content in stream_blobs(connection, photos):
        yield photos[sha256], content
