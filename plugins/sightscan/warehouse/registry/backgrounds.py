"""The rows of `core.sight` that are no sights: they hold photos for backgrounds (decision 38)."""

from typing import Any, Literal

import psycopg

from sightscan.city import identity_of
from sightscan.errors import WarehouseError
from sightscan.warehouse.statements import statement


def ensure_elsewhere(connection: psycopg.Connection[Any], city_id: str) -> int:
    """Return the id of the row that holds a city's photos of sights elsewhere; make it if need be."""
    return _ensure(connection, city_id, "elsewhere", "Sights elsewhere", None)


def ensure_streets(
    connection: psycopg.Connection[Any], city_id: str, commons_category: str | None
) -> int:
    """Return the id of the row that holds photos of a city's own streets; make it if need be.

    `commons_category` is the city's: by it, Commons names those of its streets.
    """
    return _ensure(connection, city_id, "streets", "Streets and houses", commons_category)


def _ensure(
    connection: psycopg.Connection[Any],
    city_id: str,
    state: Literal["elsewhere", "streets"],
    name: str,
    commons_category: str | None,
) -> int:
    """Return the id of the city's one row of this state; make it if need be."""
    row = connection.execute(
        statement("registry/upsert_background_row"),
        {
            "city_id": city_id,
            "name": name,
            "normalised_name": identity_of(name),
            "state": state,
            "commons_category": commons_category,
        },
    ).fetchone()
    if row is None:
        msg = f"city {city_id} has a sight called {name!r}: rename it in its file of sights"
        raise WarehouseError(msg)
    sight_id: int = row[0]
    return sight_id
