"""A name is a name wherever it goes: one line, nothing that a log, plot or terminal obeys."""

from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight, identity_of
from sightscan.warehouse.registry.cities import add_city, find_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights
from sightscan.warehouse.text import clean_name
from tests.nasty_names import NASTY_NAMES

INVISIBLE = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), *"\u202e\u2066\u2028\u2029"}


@pytest.mark.parametrize("name", [*NASTY_NAMES, "half \ud83d", "nought\0"], ids=ascii)
def test_names_are_stored_on_one_line_and_keep_their_identity(
    warehouse: psycopg.Connection[Any], name: str
) -> None:
    city = add_city(warehouse, City("Q1", "", name, name, Place(1, 1), 1_000))
    assert city.slug.isascii()
    assert set(city.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    sight = Sight(None, "Q1", name, 1, names={"en": name}, aliases=(name,))
    (stored,) = upsert_sights(warehouse, "Q1", [sight])
    assert list_sights(warehouse, "Q1")[0].name == stored.name
    assert upsert_sights(warehouse, "Q1", [sight])[0].sight_id == stored.sight_id
    for shown in (city.name, city.country, stored.name, stored.names["en"], stored.aliases[0]):
        assert not set(shown) & INVISIBLE
        assert shown == " ".join(shown.split()) != ""
    assert find_city(warehouse, city.slug) == city


@pytest.mark.parametrize("name", NASTY_NAMES, ids=ascii)
def test_cleaning_a_name_does_not_change_what_it_identifies(name: str) -> None:
    assert identity_of(clean_name(name)) == identity_of(name)
    assert clean_name(clean_name(name)) == clean_name(name)
