"""Asking for a city in the app, in a real browser: what the pipeline finds is what the page says."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sightscan.discover.requests import resolve_requests
from sightscan.discover.wikidata import open_client
from sightscan.settings import read_settings
from sightscan.warehouse.registry.cities import list_cities
from tests.cities.published_city import create_app_login
from tests.cities.small_world import CITY, draw_small_world
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import open_app, wait_until_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Page

    from sandbox.postgres.server import PostgresAddress
    from sandbox.world.city_facts import CityFacts
    from sandbox.world.world import World

pytestmark = pytest.mark.slow

# The same city, as people of five languages type it.
NAMES = {
    "en": CITY,
    "de": "Goldhafen",
    "fr": "Port-Aurèle",
    "pt": "Porto Áureo",
    "ja": "ポルト・アウレル",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Draw the small world."""
    return draw_small_world(tmp_path_factory.mktemp("world") / "small")


@pytest.fixture(scope="module")
def facts(world: World) -> CityFacts:
    """Return what Wikidata knows of it, with the city's names in five languages."""
    known = facts_of(world)
    return replace(known, city=replace(known.city, labels={**known.city.labels, **NAMES}))


@pytest.fixture
def app(
    warehouse: psycopg.Connection[Any], warehouse_address: PostgresAddress, tmp_path: Path
) -> Iterator[str]:
    """Run the app on an empty warehouse; yield its address."""
    create_app_login(warehouse)
    settings = app_settings(warehouse_address)
    with run_app(tmp_path / "cache", tmp_path / "app.log", settings) as url:
        yield url


@contextmanager
def asking(app: str) -> Iterator[Page]:
    """Yield the page where people ask."""
    with open_app(f"{app}/ask") as page:
        yield page


def ask(page: Page, name: str) -> None:
    page.get_by_label("City", exact=True).fill(name)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text(f"Looking up {name}").wait_for()


def resolve(warehouse: psycopg.Connection[Any], world: World, facts: CityFacts) -> None:
    """Decide what waits, as sync_cities does."""
    with WebServer(world, facts, Counts()) as web:
        config = read_settings(
            wikidata_sparql_url=web.wikidata_sparql_url, wikidata_api_url=web.wikidata_api_url
        )
        with open_client(config) as client:
            resolve_requests(warehouse, client)


@pytest.mark.nightly
def test_unknown_name_offers_near_spellings_and_one_of_them_is_asked_for(
    app: str, warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    with asking(app) as page:
        ask(page, "Port Aurell Xy")
        resolve(warehouse, world, facts)
        page.get_by_text("Did you mean one of these?").wait_for()
        page.get_by_role("button", name=CITY).first.click()
        page.get_by_text("being looked up").or_(page.get_by_text("Looking up")).first.wait_for()
        resolve(warehouse, world, facts)
        page.get_by_text("It waits to be let in, at place 1").wait_for()
    assert [city.name for city in list_cities(warehouse, "waiting")] == [CITY]


def test_name_that_is_none_says_so(
    app: str, warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    with asking(app) as page:
        ask(page, "Zzyzxqv")
        resolve(warehouse, world, facts)
        page.get_by_text("No city of this name was found.").wait_for()


def test_namesakes_are_asked_back_and_the_chosen_one_waits(
    app: str, warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    namesake = replace(facts.other_places[0], sitelinks=facts.city.sitelinks - 1)
    equal = replace(facts, other_places=(namesake, *facts.other_places[1:]))
    with asking(app) as page:
        ask(page, CITY)
        resolve(warehouse, world, equal)
        page.get_by_text("Which one do you mean?").wait_for()
        page.get_by_role("button", name=namesake.country.name).click()
        page.get_by_text("Looking up").wait_for()
        resolve(warehouse, world, equal)
        page.get_by_text("It waits to be let in").wait_for()
    waiting = list_cities(warehouse, "waiting")
    assert [city.city_id for city in waiting] == [namesake.wikidata_id]


def test_one_person_counts_once_in_whatever_language_they_ask(
    app: str, warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    with asking(app) as page:
        for name in NAMES.values():
            ask(page, name)
            resolve(warehouse, world, facts)
            page.get_by_text("It has one vote.").wait_for()
            page.get_by_role("button", name="Ask for another city").click()
            wait_until_drawn(page)
        for name in NAMES.values():
            page.get_by_role("main").get_by_role("button", name=name, exact=True).wait_for()
    assert [city.name for city in list_cities(warehouse, "waiting")] == [CITY]
    askers = warehouse.execute("select count(*) from core.city_vote").fetchone()
    assert askers == (1,)


@pytest.mark.nightly
def test_another_person_is_another_vote_and_a_reload_is_the_same_one(
    app: str, warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    with asking(app) as page:
        ask(page, CITY)
        resolve(warehouse, world, facts)
        page.goto(f"{app}/ask")
        wait_until_drawn(page)
        ask(page, CITY)
        resolve(warehouse, world, facts)
        page.get_by_text("It has one vote.").wait_for()
    with asking(app) as page:
        ask(page, CITY)
        resolve(warehouse, world, facts)
        page.get_by_text("It has 2 votes.").wait_for()


def test_page_speaks_the_language_of_the_browser(app: str) -> None:
    with open_app(f"{app}/ask", locale="de-AT") as page:
        page.get_by_role("heading", name="Stadt wünschen").wait_for()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.get_by_role("link", name="Hilfe", exact=True).click()
        page.get_by_role("heading", name="In vier Schritten").wait_for()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.get_by_role("link", name="Stadt wünschen").click()
        expect(page.locator("html")).to_have_attribute("lang", "de")
