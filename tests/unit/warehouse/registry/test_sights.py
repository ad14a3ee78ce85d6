"""Sights in the warehouse."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight
from sightscan.errors import WarehouseError
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import (
    SightMerge,
    known_sights,
    list_sights,
    read_sight,
    replace_sights,
    upsert_sights,
)

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)
GATE = Sight(
    sight_id=None,
    city_id="Q64",
    name="Brandenburg Gate",
    rank=1,
    wikidata_id="Q82425",
    names={"de": "Brandenburger Tor", "en": "Brandenburg Gate"},
    aliases=("Gate, the Brandenburg", 'with "quotes"'),
    place=Place(52.51, 13.37),
    commons_category="Brandenburger Tor",
    freebase_id="/m/01c72",
    knowledge_graph_id="/g/121k4b_7",
    sitelink_count=120,
)


def test_sight_comes_back_as_it_was_stored(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    (stored,) = upsert_sights(warehouse, "Q64", [GATE])
    assert stored.sight_id is not None
    assert replace(stored, sight_id=None) == GATE
    assert list_sights(warehouse, "Q64") == (stored,)
    assert read_sight(warehouse, stored.sight_id) == stored


def test_sight_keeps_its_id_and_takes_new_facts(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    (first,) = upsert_sights(warehouse, "Q64", [replace(GATE, place_id="ChIJ1")])
    tower = replace(GATE, wikidata_id="Q2", name="Tower", rank=1)
    again = upsert_sights(warehouse, "Q64", [tower, replace(GATE, rank=2, place=None)])
    assert again[1].sight_id == first.sight_id
    kept = read_sight(warehouse, first.sight_id or 0)
    assert (kept.rank, kept.place, kept.place_id) == (2, None, "ChIJ1")


def test_unknown_sight_is_a_sentence(warehouse: psycopg.Connection[Any]) -> None:
    with pytest.raises(WarehouseError, match="no sight 77"):
        read_sight(warehouse, 77)


TOWER = replace(GATE, wikidata_id="Q2", name="Tower", rank=2, freebase_id=None)


def states(warehouse: psycopg.Connection[Any]) -> dict[str, tuple[str, int]]:
    return {s.name: (s.state, s.rank) for s in known_sights(warehouse, "Q64")}


def test_sight_without_wikidata_id_is_known_by_its_name(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    named = replace(GATE, wikidata_id=None, name="Café Einstein")
    (first,) = upsert_sights(warehouse, "Q64", [named])
    (again,) = upsert_sights(warehouse, "Q64", [replace(named, name="Cafe  Einstein", rank=5)])
    assert again.sight_id == first.sight_id
    assert [sight.rank for sight in list_sights(warehouse, "Q64")] == [5]


def test_sight_that_is_found_no_more_is_retired_behind_the_others(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse, CITY)
    replace_sights(warehouse, "Q64", [GATE, TOWER])
    stored = replace_sights(warehouse, "Q64", [replace(TOWER, rank=1)])
    assert stored.retired == (GATE.name,)
    assert states(warehouse) == {"Tower": ("active", 1), GATE.name: ("retired", 2)}
    assert [sight.name for sight in list_sights(warehouse, "Q64")] == ["Tower", GATE.name]


def test_retired_sight_is_reported_once_and_comes_back(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    replace_sights(warehouse, "Q64", [GATE, TOWER])
    replace_sights(warehouse, "Q64", [TOWER])
    assert replace_sights(warehouse, "Q64", [TOWER]).retired == ()
    replace_sights(warehouse, "Q64", [GATE, TOWER])
    assert states(warehouse)[GATE.name] == ("active", 1)


def test_dropped_sight_is_seen_no_more_and_not_deleted(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    replace_sights(warehouse, "Q64", [GATE, TOWER])
    stored = replace_sights(warehouse, "Q64", [GATE], dropped=[TOWER])
    assert stored.dropped == ("Tower",)
    assert [sight.name for sight in list_sights(warehouse, "Q64")] == [GATE.name]
    assert states(warehouse)["Tower"][0] == "dropped"


def test_merged_sight_is_read_as_the_one_that_it_is(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    gate, tower = replace_sights(warehouse, "Q64", [GATE, TOWER]).sights
    merge = SightMerge(survivor=GATE, merged=TOWER)
    stored = replace_sights(warehouse, "Q64", [GATE], merges=[merge])
    assert (stored.merged, stored.retired) == (("Tower",), ())
    assert read_sight(warehouse, tower.sight_id or 0).sight_id == gate.sight_id
    assert replace_sights(warehouse, "Q64", [GATE], merges=[merge]).merged == ()


def test_merge_of_merges_ends_at_the_last_survivor(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    dome = replace(TOWER, wikidata_id="Q3", name="Dome")
    gate, tower, _ = replace_sights(warehouse, "Q64", [GATE, TOWER, dome]).sights
    replace_sights(warehouse, "Q64", [GATE, dome], merges=[SightMerge(dome, TOWER)])
    replace_sights(warehouse, "Q64", [GATE], merges=[SightMerge(GATE, dome)])
    assert read_sight(warehouse, tower.sight_id or 0).sight_id == gate.sight_id


def test_photos_and_refusals_follow_a_merge_also_late_ones(
    warehouse: psycopg.Connection[Any],
) -> None:
    """A photo and URL that both sights have stays with both: nothing is lost, nothing counts twice."""
    add_city(warehouse, CITY)
    gate, tower = replace_sights(warehouse, "Q64", [GATE, TOWER]).sights
    warehouse.execute("set session_replication_role = replica")
    found = [
        (tower.sight_id, "only the tower's"),
        (tower.sight_id, "both"),
        (gate.sight_id, "both"),
    ]
    for sight_id, url in found:
        add_source(warehouse, sight_id, url)
    merges = [SightMerge(GATE, TOWER)]
    replace_sights(warehouse, "Q64", [GATE], merges=merges)
    assert urls_of(warehouse, gate.sight_id) == {"only the tower's", "both"}
    add_source(warehouse, tower.sight_id, "late")
    replace_sights(warehouse, "Q64", [GATE], merges=merges)
    assert urls_of(warehouse, gate.sight_id) == {"only the tower's", "both", "late"}
    assert urls_of(warehouse, tower.sight_id) == {"both"}


def test_labels_and_reviews_follow_a_merge(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, CITY)
    gate, tower = replace_sights(warehouse, "Q64", [GATE, TOWER]).sights
    warehouse.execute("set session_replication_role = replica")
    warehouse.execute(
        "insert into core.label (call_id, annotation_number, city_id, sha256, sight_id,"
        " description, score, x1, y1, x2, y2, state)"
        " values (1, 0, 'Q64', sha256('a'), %s, 'Tower', 1, 0, 0, 1, 1, 'accepted')",
        [tower.sight_id],
    )
    replace_sights(warehouse, "Q64", [GATE], merges=[SightMerge(GATE, TOWER)])
    labelled = warehouse.execute("select sight_id from core.label").fetchall()
    assert labelled == [(gate.sight_id,)]


def add_source(warehouse: psycopg.Connection[Any], sight_id: int | None, url: str) -> None:
    warehouse.execute(
        "insert into core.photo_source (sha256, url_sha256, sight_id, url, page_url, source,"
        " licence, query, found_at)"
        " values (sha256('a'), sha256(convert_to(%(url)s::text, 'UTF8')), %(sight)s, %(url)s::text, 'x', 'x', 'x', 'x', now())",
        {"url": url, "sight": sight_id},
    )
    warehouse.execute(
        "insert into core.rejected_photo (url_sha256, sight_id, url, source, reason)"
        " values (sha256(convert_to(%(url)s::text, 'UTF8')), %(sight)s, %(url)s::text, 'x', 'too_small')",
        {"url": url, "sight": sight_id},
    )


def urls_of(warehouse: psycopg.Connection[Any], sight_id: int | None) -> set[str]:
    kept, refused = (
        {row[0] for row in warehouse.execute(query, [sight_id])}
        for query in (
            "select url from core.photo_source where sight_id = %s",
            "select url from core.rejected_photo where sight_id = %s",
        )
    )
    assert kept == refused
    return kept
