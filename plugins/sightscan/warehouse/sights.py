"""The sights of the cities: `core.sight`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.city import Place, Sight, normalise_name
from sightscan.errors import WarehouseError
from sightscan.warehouse.statements import statement


def upsert_sights(
    connection: psycopg.Connection[Any], city_id: str, sights: Sequence[Sight]
) -> tuple[Sight, ...]:
    """Store sights that Wikidata knows; return them in their order, each with its sight_id.

    A sight that is there already keeps its id; everything else is renewed.
    """
    rows = [_record(sight) for sight in sights]
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("upsert_sights"), {"city_id": city_id, "sights": Jsonb(rows)})
        ids = {row["wikidata_id"]: row["sight_id"] for row in cursor.fetchall()}
    return tuple(replace(sight, sight_id=ids[sight.wikidata_id]) for sight in sights)


def list_sights(connection: psycopg.Connection[Any], city_id: str) -> tuple[Sight, ...]:
    """Return all sights of a city, the best known first."""
    return _read(connection, city_id=city_id, sight_id=None)


def read_sight(connection: psycopg.Connection[Any], sight_id: int) -> Sight:
    """Return one sight by its id.

    Raises:
        WarehouseError: there is none.

    """
    found = _read(connection, city_id=None, sight_id=sight_id)
    if not found:
        msg = f"no sight {sight_id} in core.sight; run discover_sights of its city first"
        raise WarehouseError(msg)
    return found[0]


def _read(
    connection: psycopg.Connection[Any], *, city_id: str | None, sight_id: int | None
) -> tuple[Sight, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("list_sights"), {"city_id": city_id, "sight_id": sight_id})
        return tuple(_sight(row) for row in cursor.fetchall())


def _sight(row: dict[str, Any]) -> Sight:
    latitude, longitude = row.pop("latitude"), row.pop("longitude")
    place = None if latitude is None else Place(latitude, longitude)
    return Sight(**(row | {"aliases": tuple(row["aliases"])}), place=place)


def _record(sight: Sight) -> dict[str, object]:
    return {
        "wikidata_id": sight.wikidata_id,
        "name": sight.name,
        "normalised_name": normalise_name(sight.name),
        "names": dict(sight.names),
        "aliases": list(sight.aliases),
        "latitude": sight.place.latitude if sight.place else None,
        "longitude": sight.place.longitude if sight.place else None,
        "commons_category": sight.commons_category,
        "freebase_id": sight.freebase_id,
        "knowledge_graph_id": sight.knowledge_graph_id,
        "place_id": sight.place_id,
        "rank": sight.rank,
        "sitelink_count": sight.sitelink_count,
    }
