"""The registry of cities: `core.city`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from rapidfuzz import process

from sightscan.city import City, Place, slug_of
from sightscan.errors import UnknownCity
from sightscan.names import MIN_SUGGESTION_SIMILARITY, normalise_name
from sightscan.warehouse.statements import statement
from sightscan.warehouse.text import clean_name

MAX_SUGGESTIONS = 5
# What the registry has of each kind; those that are not let in have no DAG and are in no snapshot.
LET_IN = ("active", "disabled")
NOT_LET_IN = ("waiting", "refused")


def add_city(
    connection: psycopg.Connection[Any],
    city: City,
    *,
    state: Literal["active", "waiting"] = "active",
) -> City:
    """Add a city to the registry, or renew and enable it; return it with the slug that it got.

    As `waiting`, it is there and nothing runs, until it is let in; one that is there keeps its state.
    """
    name = clean_name(city.name)
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/lock_registry"))
        cursor.execute(statement("registry/list_slugs"))
        taken = {row["slug"] for row in cursor.fetchall() if row["city_id"] != city.city_id}
        cursor.execute(
            statement("registry/upsert_city"),
            {
                "city_id": city.city_id,
                "slug": slug_of(name, city.city_id, taken),
                "name": name,
                "country": clean_name(city.country),
                "latitude": city.place.latitude,
                "longitude": city.place.longitude,
                "radius_meters": city.radius_meters,
                "overrides": Jsonb(dict(city.overrides)),
                "state": state,
            },
        )
        return _city(cursor.fetchall()[0])


def find_city(connection: psycopg.Connection[Any], slug_or_id: str) -> City:
    """Return a city of the registry by its slug, its Wikidata id, or its name as written.

    Raises:
        UnknownCity: it is not in the registry; the sentence names the nearest ones.

    """
    asked = slug_or_id.strip()
    is_key = asked.isascii() and asked.isprintable()
    keys = [asked, asked.lower(), asked.upper()] if is_key else []
    # Each task asks by slug: what it costs must not grow with the registry, as a name's search does.
    cities = _list_by_key(connection, keys)
    by_key = {city.city_id: city for city in cities} | {city.slug: city for city in cities}
    for key in keys:
        if key in by_key:
            return by_key[key]
    cities = list_cities(connection, *LET_IN, *NOT_LET_IN)
    named = [city for city in cities if normalise_name(city.name) == normalise_name(asked)]
    if len(named) == 1:
        return named[0]
    raise UnknownCity(_sentence(asked, cities))


def city_of_id(connection: psycopg.Connection[Any], city_id: str) -> City | None:
    """Return the city with a Wikidata id in whatever state, or None."""
    return next(iter(_list_by_key(connection, [city_id])), None)


def list_cities(connection: psycopg.Connection[Any], *states: str) -> tuple[City, ...]:
    """Return the cities of the registry sorted by slug: those that were let in, or those of these states."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/list_cities"), {"states": list(states or LET_IN)})
        return tuple(_city(row) for row in cursor.fetchall())


def list_active_cities(connection: psycopg.Connection[Any]) -> dict[str, datetime]:
    """Return the slugs of the active cities, each with when the registry got it."""
    return dict(connection.execute(statement("registry/list_active_cities")).fetchall())


def disable_city(connection: psycopg.Connection[Any], slug_or_id: str) -> City:
    """Retire a city: everything of it stays, nothing of it runs; return it as it is now.

    Raises:
        UnknownCity: it is not in the registry.

    """
    city = find_city(connection, slug_or_id)
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/disable_city"), {"city_id": city.city_id})
        return _city(cursor.fetchall()[0])


def save_overrides(
    connection: psycopg.Connection[Any], city: City, overrides: Mapping[str, object]
) -> City:
    """Replace the settings that a city has of its own; return it as it is now."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            statement("registry/save_overrides"),
            {"city_id": city.city_id, "overrides": Jsonb(dict(overrides))},
        )
        return _city(cursor.fetchall()[0])


def _list_by_key(connection: psycopg.Connection[Any], keys: list[str]) -> tuple[City, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/list_cities_by_key"), {"keys": keys})
        return tuple(_city(row) for row in cursor.fetchall())


def _city(row: dict[str, Any]) -> City:
    return City(
        city_id=row["city_id"],
        slug=row["slug"],
        name=row["name"],
        country=row["country"],
        place=Place(row["latitude"], row["longitude"]),
        radius_meters=row["radius_meters"],
        state=row["state"],
        overrides=row["overrides"],
    )


def _sentence(asked: str, cities: tuple[City, ...]) -> str:
    slugs = [city.slug for city in cities]
    near = process.extract(
        asked.lower(), slugs, limit=MAX_SUGGESTIONS, score_cutoff=MIN_SUGGESTION_SIMILARITY
    )
    known = [slug for slug, _, _ in near] or slugs[:MAX_SUGGESTIONS]
    have = f"have: {', '.join(known)}" if known else "it is empty"
    return f"no city {asked!r} in the registry ({have}); add it with `make new-city`"


def save_label_threshold(
    connection: psycopg.Connection[Any], city_id: str, min_image_number_per_label: int
) -> None:
    """Keep how many labelled photos a sight of the city needs now, for mart.sight_coverage."""
    connection.execute(
        statement("registry/save_label_threshold"),
        {"city_id": city_id, "min_image_number_per_label": min_image_number_per_label},
    )
