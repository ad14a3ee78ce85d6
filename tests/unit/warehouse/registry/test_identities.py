"""Names of cities and sights that have tripped others: each keeps an identity of its own."""

import re
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.city import City, Place, Sight, identity_of, slug_of
from sightscan.warehouse.registry.cities import add_city, find_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights

NAMES = {
    "Baden-Baden": "baden-baden",
    "Málaga": "malaga",
    "São Paulo": "sao-paulo",
    "北京": "bei-jing",
    "'s-Hertogenbosch": "s-hertogenbosch",
    "L'Aquila": "l-aquila",
    "Washington, D.C.": "washington-d-c",
    'The "Rock"': "the-rock",
    "!!!": "q1",
}
LONG = "Krung Thep " * 9 + "K"
DAG_ID = re.compile(r"[A-Za-z0-9_.-]{1,250}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def city(name: str, city_id: str = "Q1") -> City:
    return City(city_id, "", name, "Somewhere", Place(1.0, 2.0), 10_000)


@pytest.mark.parametrize(("name", "slug"), NAMES.items())
def test_city_is_stored_and_found_by_its_name(
    warehouse: psycopg.Connection[Any], name: str, slug: str
) -> None:
    stored = add_city(warehouse, city(name))
    assert (stored.name, stored.slug) == (name, slug)
    assert find_city(warehouse, name) == stored


def test_cities_of_one_name_of_100_characters_differ(warehouse: psycopg.Connection[Any]) -> None:
    stored = [add_city(warehouse, city(LONG, f"Q{number}")) for number in (1, 2)]
    assert len({one.dag_id for one in stored}) == 2
    assert all(DAG_ID.fullmatch(one.dag_id) for one in stored)


def test_slug_with_an_id_that_is_taken_too_is_still_free() -> None:
    assert slug_of("Berlin", "Q64", {"berlin", "berlin-q64"}) == "berlin-q64-q64"
    assert slug_of("!!!", "Q64", {"q64"}) == "q64-q64"


@given(st.text(max_size=120), st.sets(st.sampled_from(["a", "a-q7", "q7", "b"])))
def test_slug_of_any_name_fits_a_dag_id_and_is_free(name: str, taken: set[str]) -> None:
    slug = slug_of(name, "Q7", taken)
    assert SLUG.fullmatch(slug)
    assert DAG_ID.fullmatch(f"city_{slug}")
    assert slug not in taken


@pytest.mark.parametrize("name", [*NAMES, LONG, "काशी", "?", "…", "ทอง"])
def test_sight_of_any_name_has_an_identity(warehouse: psycopg.Connection[Any], name: str) -> None:
    stored = add_city(warehouse, city("Baden-Baden"))
    sight = Sight(None, stored.city_id, name, 1, wikidata_id="Q2")
    upsert_sights(warehouse, stored.city_id, [sight])
    assert [one.name for one in list_sights(warehouse, stored.city_id)] == [name]


@given(st.text(min_size=1).filter(lambda name: name.strip()))
def test_identity_is_never_empty(name: str) -> None:
    assert identity_of(name)


def test_identity_keeps_vowels_that_are_written_as_marks() -> None:
    assert identity_of("काशी") != identity_of("कशि")


def test_retired_city_keeps_its_slug_when_another_of_its_name_comes(
    warehouse: psycopg.Connection[Any],
) -> None:
    first = add_city(warehouse, city("São Paulo"))
    second = add_city(warehouse, city("Sao Paulo", "Q2"))
    again = add_city(warehouse, replace(first, name="São Paulo"))
    assert (first.slug, second.slug, again.slug) == ("sao-paulo", "sao-paulo-q2", "sao-paulo")
