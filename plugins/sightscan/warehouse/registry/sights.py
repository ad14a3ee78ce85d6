"""The sights of the cities: `core.sight`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.city import Place, Sight, identity_of
from sightscan.errors import WarehouseError
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.marts.hourly_facts import list_sight_hours, refresh_hours
from sightscan.warehouse.statements import statement
from sightscan.warehouse.text import clean_name


@dataclass(frozen=True, slots=True)
class SightMerge:
    """One sight turned out to be another: what hangs on `merged` goes to `survivor`."""

    survivor: Sight
    merged: Sight


@dataclass(frozen=True, slots=True)
class StoredSights:
    """The sights as stored, in their order, and the names of those that are so no more, or anew."""

    sights: tuple[Sight, ...]
    merged: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def upsert_sights(
    connection: psycopg.Connection[Any], city_id: str, sights: Sequence[Sight]
) -> tuple[Sight, ...]:
    """Store sights; return them in their order, each with its sight_id; others stay as they are.

    A sight that is there already, by its Wikidata id or, without one, by its name, keeps its
    sight_id; everything else is renewed.
    """
    sights = [replace(sight, **_clean_names(sight)) for sight in sights]
    rows = [_record(sight) | {"turn": turn} for turn, sight in enumerate(sights)]
    given = {"city_id": city_id, "sights": Jsonb(rows)}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/lock_sights"), {"city_id": city_id})
        cursor.execute(statement("registry/insert_sights"), given)
        cursor.execute(statement("registry/update_sights"), given)
        ids = {row["turn"]: row["sight_id"] for row in cursor.fetchall()}
    return tuple(replace(sight, sight_id=ids[turn]) for turn, sight in enumerate(sights))


def replace_sights(
    connection: psycopg.Connection[Any],
    city_id: str,
    sights: Sequence[Sight],
    *,
    merges: Sequence[SightMerge] = (),
    dropped: Collection[Sight] = (),
) -> StoredSights:
    """Make these the city's active sights; merge, drop or retire the others that are there.

    All in one transaction. Photos, refusals, labels and reviews of a merged sight go to the one
    that it is, also those that were stored for it since an earlier merge. A retired sight keeps
    its photos and labels and is still recognised; nothing is deleted.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        # First of all: a take-down deletes the rows that move here.
        hold_off_removals(connection)
        stored = upsert_sights(connection, city_id, sights)
        known = {key_of(sight): sight for sight in known_sights(connection, city_id)}
        pairs = _merged_pairs(merges, known)
        cursor.execute(
            statement("registry/mark_merged_sights"),
            {"merged_ids": list(pairs), "survivor_ids": list(pairs.values())},
        )
        hours = list_sight_hours(connection, city_id, "merged")
        moved_count = 0
        for moved in ("photo_sources", "rejected_photos", "labels", "reviews"):
            cursor.execute(statement(f"registry/move_merged_{moved}"), {"city_id": city_id})
            moved_count += cursor.rowcount
        if moved_count:
            refresh_hours(connection, hours)
        cursor.execute(
            statement("registry/retire_sights"),
            {
                "city_id": city_id,
                "kept_ids": [sight.sight_id for sight in stored],
                "dropped_ids": [
                    known[key_of(sight)].sight_id for sight in dropped if key_of(sight) in known
                ],
            },
        )
        changed = [row for row in cursor.fetchall() if row["state"] != row["state_before"]]
    names = {sight.sight_id: sight.name for sight in known.values()}
    return StoredSights(
        stored,
        merged=tuple(names[merged] for merged in pairs),
        retired=tuple(row["name"] for row in changed if row["state"] == "retired"),
        dropped=tuple(row["name"] for row in changed if row["state"] == "dropped"),
    )


def key_of(sight: Sight) -> str:
    """Return what identifies a sight within its city: its Wikidata id, else its name."""
    return sight.wikidata_id or f"name:{identity_of(sight.name)}"


def known_sights(connection: psycopg.Connection[Any], city_id: str) -> tuple[Sight, ...]:
    """Return all sights that a city ever had, whatever became of them."""
    return _read(connection, city_id=city_id, sight_id=None, of_any_state=True)


def list_sights(connection: psycopg.Connection[Any], city_id: str) -> tuple[Sight, ...]:
    """Return the sights of a city that photos may show, the best known first; crawled ones lead."""
    return _read(connection, city_id=city_id, sight_id=None)


def read_sight(connection: psycopg.Connection[Any], sight_id: int) -> Sight:
    """Return one sight by its id, or the one that it was merged into.

    Raises:
        WarehouseError: there is none.

    """
    found = _read(connection, city_id=None, sight_id=sight_id)
    if not found:
        msg = f"no sight {sight_id} in core.sight; run discover_sights of its city first"
        raise WarehouseError(msg)
    return found[0]


def _read(
    connection: psycopg.Connection[Any],
    *,
    city_id: str | None,
    sight_id: int | None,
    of_any_state: bool = False,
) -> tuple[Sight, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            statement("registry/list_sights"),
            {"city_id": city_id, "sight_id": sight_id, "of_any_state": of_any_state},
        )
        return tuple(_sight(row) for row in cursor.fetchall())


def _merged_pairs(merges: Sequence[SightMerge], known: Mapping[str, Sight]) -> dict[int, int]:
    """Return the survivor's id by the merged one's, of those that are not merged so already."""
    pairs = {}
    for merge in merges:
        survivor, merged = known.get(key_of(merge.survivor)), known.get(key_of(merge.merged))
        if survivor is None or merged is None or survivor.sight_id is None:
            continue
        if merged.sight_id is not None and merged.state not in ("merged", "unsorted"):
            pairs[merged.sight_id] = survivor.sight_id
    return pairs


def _sight(row: dict[str, Any]) -> Sight:
    latitude, longitude = row.pop("latitude"), row.pop("longitude")
    place = None if latitude is None else Place(latitude, longitude)
    return Sight(**(row | {"aliases": tuple(row["aliases"])}), place=place)


def _clean_names(sight: Sight) -> dict[str, Any]:
    return {
        # One of invisible characters alone is no name.
        "name": clean_name(sight.name) or sight.wikidata_id or sight.name,
        "names": {language: clean_name(name) for language, name in sight.names.items()},
        "aliases": tuple(map(clean_name, sight.aliases)),
    }


def _record(sight: Sight) -> dict[str, object]:
    return {
        "wikidata_id": sight.wikidata_id,
        "name": sight.name,
        "normalised_name": identity_of(sight.name),
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
        "is_asymmetric": sight.is_asymmetric,
    }
