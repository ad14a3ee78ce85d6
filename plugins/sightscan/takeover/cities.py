"""Which city of Wikidata each name of the first SightScan means.

It wrote names in capitals and dropped the first character that is no ASCII letter or German umlaut
("MLAGA"), so some cannot be found again, and several may have become one. These are asked about
before anything is taken over.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.discover.cities import resolve_city
from sightscan.discover.sights import discover_sights
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import AmbiguousCity, UnknownCity
from sightscan.names import normalise_name
from sightscan.settings import Settings
from sightscan.takeover.source_database import FirstCity
from sightscan.warehouse.registry.cities import add_city, disable_city, list_cities
from sightscan.warehouse.registry.sights import list_sights

# `--city NAME=-`: leave this one where it is.
LEAVE_OUT = "-"


def merge_spellings(rows: Iterable[tuple[str, list[int], int, int]]) -> dict[str, FirstCity]:
    """Return the cities that have images or models, by normalised name; duplicates are one."""
    merged: dict[str, FirstCity] = {}
    for name, city_ids, image_count, model_count in rows:
        if not image_count and not model_count:
            continue
        key = normalise_name(name)
        known = merged.get(key, FirstCity((), (), 0, 0))
        merged[key] = FirstCity(
            (*known.spellings, name),
            (*known.city_ids, *city_ids),
            known.image_count + image_count,
            known.model_count + model_count,
        )
    return merged


def resolve_cities(
    client: WikidataClient, first: Mapping[str, FirstCity], given: Mapping[str, str]
) -> list[tuple[FirstCity, City]]:
    """Return what each name means, as given or as Wikidata knows it; two names may be one city.

    Raises:
        UnknownCity: some cannot be told; the sentence lists them all, and says what to type.

    """
    meant_by_name = {normalise_name(name): meant for name, meant in given.items()}
    strangers = [name for name in given if normalise_name(name) not in first]
    if strangers:
        names = ", ".join(repr(city.spellings[0]) for city in first.values()) or "none"
        msg = (
            f"--city names {', '.join(map(repr, strangers))}, which the database does not have "
            f"(it has {names}); correct the name"
        )
        raise UnknownCity(msg)
    resolved: list[tuple[FirstCity, City]] = []
    troubles: list[str] = []
    for key, city in first.items():
        meant = meant_by_name.get(key)
        if meant == LEAVE_OUT:
            continue
        try:
            found = resolve_city(client, meant or city.spellings[0].replace("_", " "))
        except (UnknownCity, AmbiguousCity) as error:
            troubles.append(f"{city.spellings[0]!r} ({city.image_count} images): {error}")
        else:
            resolved.append((city, found))
    if troubles:
        listed = "".join(f"\n  {trouble}" for trouble in troubles)
        msg = (
            f"{len(troubles)} of {len(first)} cities cannot be told, so nothing was taken over:"
            f'{listed}\nsay what they are with --city "NAME=Q..." (their Wikidata id), '
            'or leave one out with --city "NAME=-"'
        )
        raise UnknownCity(msg)
    return resolved


def register_city(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    config: Settings,
    city: City,
    *,
    activate: bool,
) -> City:
    """Return the city as the registry has it, with its sights; a new one is disabled unless told.

    A disabled city has no runs: nothing is crawled, paid for or trained by itself.
    """
    known = {each.city_id: each for each in list_cities(connection)}.get(city.city_id)
    if known is None:
        with connection.transaction():
            known = add_city(connection, city)
            if not activate:
                known = disable_city(connection, known.city_id)
    elif activate and known.state != "active":
        known = add_city(connection, city)
    if not list_sights(connection, known.city_id):
        discover_sights(connection, client, known, config)
    return known
