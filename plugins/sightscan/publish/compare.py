"""Two models of a city side by side, on the same photos: each sight, and the photos that changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.publish.contender import as_contender, open_entrant, read_test_photos
from sightscan.publish.judge import Contender
from sightscan.warehouse.models.datasets import read_dataset
from sightscan.warehouse.models.models import read_model


@dataclass(frozen=True, slots=True)
class ComparedSight:
    """Average precision (over overlaps 0.50 to 0.95) of a sight; None from one that does not show it."""

    name: str
    photo_count: int
    first: float | None
    second: float | None


@dataclass(frozen=True, slots=True)
class ChangedPhoto:
    """A test photo that the models name otherwise: the sights on it, and what each says."""

    sha256: str
    truth: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Two models on the same photos."""

    photo_count: int
    sights: tuple[ComparedSight, ...]
    changed: tuple[ChangedPhoto, ...]


def compare_models(
    connection: psycopg.Connection[Any],
    city: City,
    first_version: int,
    second_version: int,
    *,
    public_keys: Sequence[bytes],
) -> ModelComparison:
    """Compare two models on the test photos of the second's dataset; nothing is decided or stored.

    Raises:
        PublicationError: there is no such model, a file or a photo is not as it was stored, or a model
            is not signed by one of the keys, where there are any.

    """
    models = [
        read_model(connection, city.city_id, version) for version in (first_version, second_version)
    ]
    dataset = read_dataset(connection, city.city_id, models[1].dataset_version)
    readings = read_test_photos(
        connection,
        dataset,
        [open_entrant(connection, city, model, dataset, public_keys) for model in models],
    )
    first, second = (as_contender(*one) for one in zip(models, readings, strict=True))
    named = [
        reading.list_named(one.shown)
        for reading, one in zip(readings, (first, second), strict=True)
    ]
    photos = readings[1].photos
    return ModelComparison(
        photo_count=len(photos),
        sights=tuple(_compared(name, first, second) for name in sorted(first.shown | second.shown)),
        changed=tuple(
            ChangedPhoto(photo.sha256.hex(), photo.sights, one, other)
            for photo, one, other in zip(photos, *named, strict=True)
            if one != other
        ),
    )


def _compared(name: str, first: Contender, second: Contender) -> ComparedSight:
    measured = second.measure.by_name.get(name)
    return ComparedSight(
        name=name,
        photo_count=measured.photos if measured else 0,
        first=_precision(name, first),
        second=_precision(name, second),
    )


def _precision(name: str, contender: Contender) -> float | None:
    measured = contender.measure.by_name.get(name)
    return measured.map50_95 if measured and name in contender.shown else None
