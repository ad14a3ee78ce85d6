"""Requests from the app become cities, or refusals that say why."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sandbox.demo.city_request import ask_for_city, refusal_of
from sandbox.web import WebServer
from sightscan.discover.requests import RequestReport, resolve_requests
from sightscan.discover.wikidata import WikidataClient, open_client
from sightscan.settings import read_settings
from sightscan.warehouse.registry.cities import disable_city, list_cities
from sightscan.warehouse.registry.city_requests import waiting_requests
from tests.cities.small_world import CITY


@pytest.fixture
def client(server: WebServer) -> Iterator[WikidataClient]:
    config = read_settings(
        wikidata_sparql_url=server.wikidata_sparql_url, wikidata_api_url=server.wikidata_api_url
    )
    with open_client(config) as opened:
        yield opened


def test_known_city_is_added_once_however_often_it_is_asked_for(
    warehouse: psycopg.Connection[Any], client: WikidataClient
) -> None:
    for _ in range(2):
        ask_for_city(warehouse, CITY, "ann")
        resolve_requests(warehouse, client)
    assert [city.name for city in list_cities(warehouse)] == [CITY]
    assert waiting_requests(warehouse) == []


def test_unknown_city_is_refused_with_a_reason_and_does_not_hold_up_the_others(
    warehouse: psycopg.Connection[Any], client: WikidataClient
) -> None:
    ask_for_city(warehouse, "Nowhere at All", "ann")
    ask_for_city(warehouse, CITY, "ben")
    report = resolve_requests(warehouse, client)
    assert report == RequestReport(resolved=1, refused=1, merged=0)
    assert "Nowhere at All" in (refusal_of(warehouse, "Nowhere at All") or "")


def test_retired_city_is_not_brought_back_by_a_request(
    warehouse: psycopg.Connection[Any], client: WikidataClient
) -> None:
    ask_for_city(warehouse, CITY, "ann")
    resolve_requests(warehouse, client)
    disable_city(warehouse, list_cities(warehouse)[0].slug)
    ask_for_city(warehouse, CITY, "ben")
    assert resolve_requests(warehouse, client).refused == 1
    assert [city.state for city in list_cities(warehouse)] == ["disabled"]
    assert "retired" in (refusal_of(warehouse, CITY) or "")
