"""What is asked for in the app is settled by a real Airflow because it was asked, and seen on the page.

The triggerer sees the request, the scheduler starts `sync_cities`, a worker asks Wikidata's stand-in, and
the page finds the answer: nobody starts anything, and no clock does. One Airflow serves all that is asked here.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sightscan.warehouse.registry.cities import list_cities
from tests.cities.published_city import create_app_login
from tests.cities.small_world import CITY, draw_small_world
from tests.end_to_end.app_server import app_settings, run_app
from tests.end_to_end.browser import (
    CHROMIUM_FLAGS,
    FOLLOW_SCRIPT,
    find_chromium,
    wait_until_drawn,
)
from tests.events_only import EventsOnly

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from playwright.sync_api import Browser, Locator

    from sandbox.postgres.server import PostgresAddress
    from sandbox.world.city_facts import CityFacts
    from sandbox.world.world import World

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

# The same city, as people of five languages type it.
NAMES = (CITY, "Goldhafen", "Port-Aurèle", "Porto Áureo", "ポルト・アウレル")
NEAR_NAME = "Port Aurell Xy"
NO_NAME = "Zzyzxqv"
TOO_SOON = "That was often in a short time."
TWINS = "Vilar Duplo"
# They only end what hangs.
STEP_SECONDS = 300
LIMIT_MS = 300_000


def draw_facts(world: World) -> CityFacts:
    """Return what Wikidata knows: the city by five names, and two other cities of one name, equally known."""
    known = facts_of(world)
    labels = dict(zip(("en", "de", "fr", "pt", "ja"), NAMES, strict=True))
    city = replace(known.city, labels={**known.city.labels, **labels})
    twins = tuple(
        replace(
            place,
            name=TWINS,
            labels=dict.fromkeys(place.labels, TWINS),
            aliases=(),
            class_id=city.class_id,
            wikidata_id=f"{place.wikidata_id}7",
            sitelinks=40,
        )
        for place in known.other_places
    )
    assert len({twin.country.name for twin in twins}) == len(twins) == 2
    return replace(known, city=city, other_places=(*known.other_places, *twins))


@pytest.fixture
def facts(tmp_path: Path) -> CityFacts:
    return draw_facts(draw_small_world(tmp_path / "world"))


@pytest.fixture
def app(
    tmp_path: Path,
    warehouse: psycopg.Connection[Any],
    warehouse_address: PostgresAddress,
    airflow_database: PostgresAddress,
    facts: CityFacts,
) -> Iterator[str]:
    """Run an Airflow and the app on one empty warehouse; yield the app's address."""
    create_app_login(warehouse)
    (tmp_path / "cities.json").write_text("[]")
    world = draw_small_world(tmp_path / "world")
    with ExitStack() as closing:
        web = closing.enter_context(WebServer(world, facts, Counts()))
        environment = {
            **warehouse_address.environment,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_database.url(),
            "REGISTRY_SNAPSHOT": str(tmp_path / "cities.json"),
            "WIKIDATA_SPARQL_URL": web.wikidata_sparql_url,
            "WIKIDATA_API_URL": web.wikidata_api_url,
            # Who names no contact is let in ten times a minute.
            "CONTACT": "tests@example.org",
            # A person lets cities in, so none of them begins to run here.
            "MAX_USD_PER_MONTH_FOR_REQUESTS": "0",
        }
        airflow = EventsOnly(tmp_path, environment)
        closing.callback(airflow.stop)
        airflow.start()
        airflow.api.await_dag("sync_cities", STEP_SECONDS)
        yield closing.enter_context(
            run_app(tmp_path / "cache", tmp_path / "app.log", app_settings(warehouse_address))
        )


@dataclass
class Asked:
    """A page on which somebody has asked, and when."""

    page: Page
    asked_at: float

    def expect(self, sentence: str) -> None:
        """Wait for a sentence."""
        expect(self.page.get_by_text(sentence).first).to_be_visible(timeout=LIMIT_MS)
        logger.info("%r after %.0f s", sentence, time.monotonic() - self.asked_at)


@dataclass
class People:
    """Who asks: each with a browser's memory of their own."""

    browser: Browser
    app: str

    def open(self) -> Page:
        """Return the page where people ask, of a new person."""
        page = self.browser.new_context(locale="en-GB").new_page()
        page.set_default_timeout(LIMIT_MS)
        page.add_init_script(FOLLOW_SCRIPT)
        page.goto(f"{self.app}/ask")
        wait_until_drawn(page)
        return page

    def ask(self, name: str) -> Asked:
        """Ask as a new person."""
        return self.ask_on(self.open(), name)

    def ask_on(self, page: Page, name: str) -> Asked:
        """Type a name and press the button."""
        page.get_by_label("City", exact=True).fill(name)
        return press(page, page.get_by_role("button", name="Ask", exact=True))


def press(page: Page, button: Locator) -> Asked:
    """Press what asks, and again after a while where that was too soon: all here have one address."""
    hurried, before = page.get_by_text(TOO_SOON), page.url
    asked_at = time.monotonic()
    button.click()
    # The page of the answer has an address of its own.
    while page.url == before:
        if hurried.is_visible():
            page.wait_for_timeout(5_000)
            # The sentence stands a moment longer than what it is about.
            if page.url == before and hurried.is_visible():
                asked_at = time.monotonic()
                button.click()
        page.wait_for_timeout(100)
    return Asked(page, asked_at)


@contextmanager
def people_of(app: str) -> Iterator[People]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=[*CHROMIUM_FLAGS]
        )
        yield People(browser, app)
        browser.close()


def test_what_is_asked_on_the_page_is_settled_there_and_waits_for_no_clock(
    app: str, warehouse: psycopg.Connection[Any], facts: CityFacts
) -> None:
    with people_of(app) as people:
        # At the same time, as people do.
        nowhere, near, twins = (people.ask(name) for name in (NO_NAME, NEAR_NAME, TWINS))
        nowhere.expect("No city of this name was found.")
        near.expect("Did you mean one of these?")
        twins.expect("Which one do you mean?")
        wanted = facts.other_places[-1]
        buttons = (
            twins.page.get_by_role("button", name=wanted.country.name),
            near.page.get_by_role("button", name=CITY).first,
        )
        for chosen in [press(button.page, button) for button in buttons]:
            chosen.expect("It waits to be let in")
        ask_in_five_languages(people)
    ((count,),) = warehouse.execute("select count(*) from core.city_request").fetchall()
    assert count > len(NAMES)
    waiting = {city.city_id for city in list_cities(warehouse, "waiting")}
    assert waiting == {facts.city.wikidata_id, wanted.wikidata_id}
    votes = warehouse.execute(
        "select city_id, count(*) from core.city_vote group by city_id"
    ).fetchall()
    assert dict(votes) == {facts.city.wikidata_id: 2, wanted.wikidata_id: 1}


def ask_in_five_languages(people: People) -> None:
    """Ask for one city by its five names, and by the last of them again: one person has one vote."""
    page = people.open()
    asked = {}
    for name in (*NAMES, NAMES[-1]):
        asked[name] = people.ask_on(page, name)
        page.get_by_role("button", name="Ask for another city").click()
        wait_until_drawn(page)
    for name, one in asked.items():
        page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
        # Theirs, and that of who chose it from the near spellings.
        one.expect("It has 2 votes.")
        page.get_by_role("button", name="Ask for another city").click()
        wait_until_drawn(page)
