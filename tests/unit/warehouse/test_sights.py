"""Sights in the warehouse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight
from sightscan.errors import WarehouseError
from sightscan.warehouse.cities import add_city
from sightscan.warehouse.sights import list_sights, read_sight, upsert_sights

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
