"""Places adds a ranking, pays for each page once, and keeps nothing but place ids."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.city import City
from sightscan.discover.cities import resolve_city
from sightscan.discover.places import FIELD_MASK, PlacesBuyer, PlacesClient, open_places
from sightscan.discover.preview import preview_sights
from sightscan.discover.sights import DiscoverReport, discover_sights
from sightscan.discover.wikidata import WikidataClient, open_client
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights
from tests.cities.small_world import CITY

SECRET = "not-a-real-key"


@dataclass
class Scene:
    """A city with its stand-ins, and what they were asked."""

    warehouse: psycopg.Connection[Any]
    client: WikidataClient
    config: Settings
    city: City
    counts: Counts

    def discover(self, run_id: str = "1", places: PlacesClient | None = None) -> DiscoverReport:
        run = Run(self.city.city_id, "city_port-aurel", run_id)
        with open_places(self.config) as own:
            client = places or own
            buyer = PlacesBuyer(client, run) if client else None
            return discover_sights(self.warehouse, self.client, self.city, self.config, buyer=buyer)

    def calls(self) -> list[tuple[Any, ...]]:
        query = "select state, price_usd::float, answer, error from core.paid_call order by call_id"
        return self.warehouse.execute(query).fetchall()


@pytest.fixture
def scene(warehouse: psycopg.Connection[Any], world: World, facts: CityFacts) -> Iterator[Scene]:
    counts = Counts()
    # Places answers in the order of the facts: the least known first, against Wikidata's order.
    turned = replace(facts, sights=tuple(sorted(facts.sights, key=lambda each: each.sitelinks)))
    with WebServer(world, turned, counts) as web:
        config = read_settings(
            wikidata_sparql_url=web.wikidata_sparql_url,
            wikidata_api_url=web.wikidata_api_url,
            places_api_url=web.places_api_url,
            maps_key=SECRET,
        )
        with open_client(config) as client:
            city = add_city(warehouse, resolve_city(client, CITY))
            yield Scene(warehouse, client, config, city, counts)


def answering(handler: Any) -> PlacesClient:
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return PlacesClient(http, "https://places.example")


def test_place_ids_come_to_the_sights_and_into_the_ledger_and_nothing_else(
    scene: Scene, facts: CityFacts
) -> None:
    scene.discover()
    stored = list_sights(scene.warehouse, scene.city.city_id)
    assert {sight.place_id for sight in stored} == {sight.place_id for sight in facts.sights}
    ((state, price, answer, error),) = scene.calls()
    assert (state, price, error) == ("succeeded", 0.0, None)
    assert {key for place in answer["places"] for key in place} == {"place_id", "sight"}
    assert not any(sight.labels["en"] in json.dumps(answer) for sight in facts.sights)


def test_second_discovery_of_the_year_pays_nothing_and_knows_the_same(scene: Scene) -> None:
    scene.discover()
    first = list_sights(scene.warehouse, scene.city.city_id)
    assert scene.discover("2").places_calls == 0
    assert scene.counts.snapshot()["places"]["requests_pro"] == 1
    assert list_sights(scene.warehouse, scene.city.city_id) == first


def test_no_key_asks_nobody(scene: Scene) -> None:
    scene.config = scene.config.with_overrides({}).model_copy(update={"maps_key": None})
    assert scene.discover().places_calls == 0
    assert scene.calls() == []


def test_cap_of_zero_pays_nothing(scene: Scene) -> None:
    scene.config = scene.config.with_overrides({"max_places_calls_per_city": 0})
    scene.discover()
    assert scene.calls() == []


@pytest.mark.parametrize(
    ("status", "state"), [(403, "failed"), (429, "failed"), (500, "unknown"), (200, "unknown")]
)
def test_refusal_leaves_the_order_to_wikidata_and_says_so(
    scene: Scene, status: int, state: str
) -> None:
    places = answering(lambda _: httpx.Response(status, text="<html>no</html>"))
    report = scene.discover(places=places)
    assert report.kept > 0
    assert f"status {status}" in report.places_problem
    assert [call[0] for call in scene.calls()] == [state]


@pytest.mark.parametrize("body", [b"[" * 200_000, b"[]", b'{"places": [{}]}'])
def test_answer_that_cannot_be_read_has_an_unknown_fate(scene: Scene, body: bytes) -> None:
    scene.discover(places=answering(lambda _: httpx.Response(200, content=body)))
    assert [call[0] for call in scene.calls()] == ["unknown"]


ODD_PLACES: dict[str, dict[str, Any]] = {
    "no name": {"displayName": None},
    "name without a text": {"displayName": {"languageCode": "en"}},
    "name of another kind": {"displayName": "Tower"},
    "no location": {"location": None},
    "location of another kind": {"location": "52.5, 13.4"},
    "latitude of another kind": {"location": {"latitude": "north", "longitude": 13.4}},
    "latitude that is no number": {"location": {"latitude": float("nan"), "longitude": 13.4}},
}


@pytest.mark.parametrize("case", ODD_PLACES)
def test_place_that_lacks_its_name_or_location_is_kept_and_costs_no_page(
    scene: Scene, facts: CityFacts, case: str
) -> None:
    known = facts.sights[0]
    good = {
        "id": known.place_id,
        "displayName": {"text": known.labels["en"], "languageCode": "en"},
        "location": {"latitude": known.latitude, "longitude": known.longitude},
    }
    odd = good | {"id": "ChIJodd"} | ODD_PLACES[case]
    body = json.dumps({"places": [odd, good, {"displayName": {"text": "no id"}}, None]})
    report = scene.discover(places=answering(lambda _: httpx.Response(200, text=body)))
    ((state, _, answer, error),) = scene.calls()
    assert (state, error) == ("succeeded", None)
    assert answer["places"] == [
        {"place_id": "ChIJodd", "sight": None},
        {"place_id": known.place_id, "sight": known.wikidata_id},
    ]
    assert (report.places_problem, report.places_left_out) == ("", 2)


def test_token_that_is_no_text_ends_the_pages(scene: Scene) -> None:
    body = json.dumps({"places": [{"id": "ChIJodd"}], "nextPageToken": 7})
    report = scene.discover(places=answering(lambda _: httpx.Response(200, text=body)))
    assert (report.places_calls, report.places_problem) == (1, "")


def test_service_that_lets_nobody_in_was_not_paid(scene: Scene) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        msg = "refused"
        raise httpx.ConnectError(msg, request=request)

    report = scene.discover(places=answering(refusing))
    assert "cannot connect" in report.places_problem
    assert [call[0] for call in scene.calls()] == ["failed"]


def test_call_of_unknown_fate_is_not_repeated(scene: Scene) -> None:
    asked: list[httpx.Request] = []

    def silent(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        msg = "no answer"
        raise httpx.ReadTimeout(msg, request=request)

    for run_id in ("1", "2"):
        scene.discover(run_id, places=answering(silent))
    assert len(asked) == 1
    assert [call[0] for call in scene.calls()] == ["unknown"]


def test_pages_go_on_with_the_token_and_end_at_three(scene: Scene) -> None:
    tokens: list[str | None] = []

    def page(request: httpx.Request) -> httpx.Response:
        tokens.append(json.loads(request.content).get("pageToken"))
        return httpx.Response(200, json={"places": [], "nextPageToken": f"t{len(tokens)}"})

    assert scene.discover(places=answering(page)).places_calls == 3
    assert tokens == [None, "t1", "t2"]


def test_key_travels_in_a_header_and_is_in_no_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scene.discover()
    assert SECRET not in caplog.text
    assert SECRET not in repr(scene.config)
    assert "*" not in FIELD_MASK


def test_preview_buys_nothing_and_changes_nothing(scene: Scene, facts: CityFacts) -> None:
    preview = preview_sights(scene.warehouse, scene.client, scene.city, scene.config)
    kept = [sight.wikidata_id for sight in preview.kept]
    assert sorted(kept) == sorted(sight.wikidata_id for sight in facts.sights)
    reasons = "\n".join(sight.reason for sight in preview.left_out)
    assert "gone since 1871-05-02" in reasons
    assert "no Commons category" in reasons
    assert "film festival" in reasons
    assert scene.calls() == []
    assert list_sights(scene.warehouse, scene.city.city_id) == ()
