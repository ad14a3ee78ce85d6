"""Two models of a city side by side, on the same photos: each sight, and the photos that changed."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.publish.coco import IGNORED
from sightscan.publish.contender import Reading, read_model_on, read_names_on
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
    connection: psycopg.Connection[Any], city: City, first_version: int, second_version: int
) -> ModelComparison:
    """Compare two models on the test photos of the second's dataset; nothing is decided or stored.

    Raises:
        PublicationError: there is no such model, or a file or a photo is not as it was stored.

    """
    models = [
        read_model(connection, city.city_id, version) for version in (first_version, second_version)
    ]
    dataset = read_dataset(connection, city.city_id, models[1].dataset_version)
    first, second = (read_model_on(connection, model, dataset) for model in models)
    shown = first.contender.shown | second.contender.shown
    sides = zip(
        second.hashes,
        second.truths,
        *(
            read_names_on(connection, model, dataset, one.contender.shown)
            for model, one in zip(models, (first, second), strict=True)
        ),
        strict=True,
    )
    return ModelComparison(
        photo_count=len(second.hashes),
        sights=tuple(_compared(name, first, second) for name in sorted(shown)),
        changed=tuple(
            ChangedPhoto(
                sha256.hex(), tuple(sorted({name for name, _ in truth} - {IGNORED})), one, other
            )
            for sha256, truth, one, other in sides
            if one != other
        ),
    )


def _compared(name: str, first: Reading, second: Reading) -> ComparedSight:
    measured = second.contender.measure.by_name.get(name)
    return ComparedSight(
        name=name,
        photo_count=measured.photos if measured else 0,
        first=_precision(name, first),
        second=_precision(name, second),
    )


def _precision(name: str, reading: Reading) -> float | None:
    measured = reading.contender.measure.by_name.get(name)
    return measured.map50_95 if measured and name in reading.contender.shown else None
