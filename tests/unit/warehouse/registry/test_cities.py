"""The registry of cities."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.errors import UnknownCity
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry import cities
from sightscan.warehouse.registry.cities import add_city, disable_city, find_city, list_cities

MALAGA = City("Q8851", "malaga", "Málaga", "Spain", Place(36.7, -4.4), 10_000)


def test_city_is_found_by_slug_by_id_and_by_name(warehouse: psycopg.Connection[Any]) -> None:
    added = add_city(warehouse, MALAGA)
    assert added == MALAGA
    assert {
        find_city(warehouse, key).city_id for key in ("malaga", "Q8851", "q8851", "MÁLAGA")
    } == {"Q8851"}


def test_city_is_found_by_slug_or_id_without_reading_the_others(
    warehouse: psycopg.Connection[Any],
) -> None:
    for number in range(1, 30):
        add_city(warehouse, replace(MALAGA, city_id=f"Q{number}", name=f"City {number}"))
    with patch.object(cities, "_city", wraps=cities._city) as read:
        assert [find_city(warehouse, key).slug for key in ("city-7", "Q7", "q7")] == ["city-7"] * 3
    assert read.call_count == 3


@pytest.mark.parametrize("asked", ["a\0b", "\ud800", "", "\x1b[31m", "x" * 10_000])
def test_what_no_city_is_called_is_said_in_words(
    warehouse: psycopg.Connection[Any], asked: str
) -> None:
    add_city(warehouse, MALAGA)
    with pytest.raises(UnknownCity, match="have: malaga"):
        find_city(warehouse, asked)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Baden-Baden", "baden-baden"), ("New York City", "new-york-city"), ("東京", "dong-jing")],
)
def test_any_name_gets_an_ascii_slug(
    warehouse: psycopg.Connection[Any], name: str, slug: str
) -> None:
    assert add_city(warehouse, replace(MALAGA, name=name)).slug == slug


def test_second_city_of_a_name_gets_its_id_behind_it(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, MALAGA)
    assert add_city(warehouse, replace(MALAGA, city_id="Q999")).slug == "malaga-q999"


def test_renewed_city_keeps_its_slug_and_its_overrides(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, replace(MALAGA, overrides={"mts_epochs": 5}))
    renewed = add_city(warehouse, replace(MALAGA, name="City of Málaga", radius_meters=5_000))
    assert (renewed.slug, renewed.name, renewed.radius_meters, dict(renewed.overrides)) == (
        "malaga",
        "City of Málaga",
        5_000,
        {"mts_epochs": 5},
    )


def test_disabled_city_stays_and_is_enabled_by_adding_it(
    warehouse: psycopg.Connection[Any],
) -> None:
    add_city(warehouse, MALAGA)
    assert disable_city(warehouse, "malaga").state == "disabled"
    assert list_cities(warehouse, "active") == ()
    assert add_city(warehouse, MALAGA).state == "active"


def test_unknown_city_names_the_nearest(warehouse: psycopg.Connection[Any]) -> None:
    add_city(warehouse, MALAGA)
    with pytest.raises(UnknownCity, match=r"no city 'malga' in the registry \(have: malaga\)"):
        find_city(warehouse, "malga")


def test_empty_registry_says_so(warehouse: psycopg.Connection[Any]) -> None:
    with pytest.raises(UnknownCity, match="it is empty"):
        find_city(warehouse, "malaga")


def test_cities_of_one_name_added_at_once_get_slugs_of_their_own(
    warehouse: psycopg.Connection[Any],
) -> None:
    def add(number: int) -> str:
        with connect(autocommit=True) as connection:
            return add_city(connection, replace(MALAGA, city_id=f"Q{number % 4 + 1}")).slug

    with ThreadPoolExecutor(8) as pool:
        slugs = set(pool.map(add, range(16)))
    assert len(slugs) == 4
    assert len(list_cities(warehouse)) == 4
