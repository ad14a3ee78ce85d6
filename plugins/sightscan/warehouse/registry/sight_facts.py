"""What visitors are told about sights, and what cities are called elsewhere: `core.sight_facts`, `core.city`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from sightscan.city import Place
from sightscan.warehouse.statements import statement
from sightscan.warehouse.text import clean_name

SincePrecision = Literal["year", "decade", "century"]
ViewBasis = Literal["height", "kind", "photos", "usual"]


@dataclass(frozen=True, slots=True)
class Since:
    """A year, in which 0 is the year before 1, and how exactly it is known."""

    year: int
    precision: SincePrecision


@dataclass(frozen=True, slots=True)
class ViewDistance:
    """From how far a sight can be recognised, and what that rests on; `usual`: on nothing known of it."""

    meters: float
    basis: ViewBasis


@dataclass(frozen=True, slots=True)
class SightFacts:
    """What is known of a sight; descriptions and addresses of articles are by language."""

    view: ViewDistance
    descriptions: Mapping[str, str] = field(default_factory=dict)
    articles: Mapping[str, str] = field(default_factory=dict)
    since: Since | None = None
    height_meters: float | None = None
    image_identifier: str | None = None


def save_sight_facts(connection: psycopg.Connection[Any], facts: Mapping[int, SightFacts]) -> None:
    """Replace what is known of sights, by their ids."""
    rows = [_record(sight_id, known) for sight_id, known in facts.items()]
    connection.execute(statement("registry/save_sight_facts"), {"facts": Jsonb(rows)})


def list_sight_cameras(
    connection: psycopg.Connection[Any], city_id: str
) -> Mapping[int, tuple[Place, tuple[Place, ...]]]:
    """Return where a city's sights stand and where accepted photos of each were taken, by the sights' ids.

    Of those of which kind and height do not say from how far they are seen. Each camera's place comes once.
    """
    rows = connection.execute(statement("registry/list_sight_cameras"), {"city_id": city_id})
    return {
        sight_id: (
            Place(latitude, longitude),
            tuple(Place(*camera) for camera in zip(latitudes, longitudes, strict=True)),
        )
        for sight_id, latitude, longitude, latitudes, longitudes in rows
    }


def save_view_distances(
    connection: psycopg.Connection[Any], views: Mapping[int, ViewDistance]
) -> None:
    """Replace what was learnt from photos, by the sights' ids; what kind and height say stays."""
    rows = [
        {"sight_id": sight_id, "view_meters": view.meters, "view_basis": view.basis}
        for sight_id, view in views.items()
    ]
    connection.execute(statement("registry/save_view_distances"), {"views": Jsonb(rows)})


def save_city_names(
    connection: psycopg.Connection[Any], city_id: str, names: Mapping[str, str]
) -> None:
    """Replace what a city is called, by language."""
    cleaned = {language: clean_name(name) for language, name in names.items()}
    given = {language: name for language, name in cleaned.items() if name}
    connection.execute(
        statement("registry/save_city_names"), {"city_id": city_id, "names": Jsonb(given)}
    )


def _record(sight_id: int, known: SightFacts) -> dict[str, object]:
    return {
        "sight_id": sight_id,
        "descriptions": dict(known.descriptions),
        "articles": dict(known.articles),
        "since_year": known.since.year if known.since else None,
        "since_precision": known.since.precision if known.since else None,
        "height_meters": known.height_meters,
        "view_meters": known.view.meters,
        "view_basis": known.view.basis,
        "image_identifier": known.image_identifier,
    }
