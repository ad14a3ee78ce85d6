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
from sightscan.warehouse.registry.cities import list_cities
from sightscan.warehouse.registry.city_requests import list_waiting_names
from tests.cities.small_world import CITY


@pytest.fixture
def client(server: WebServer) -> Iterator[WikidataClient]:
    config = read_settings(
        wikidata_sparql_url=server.wikidata_sparql_url, wikidata_api_url=server.wikidata_api_url
    )
    with open_client(config) as opened:
        yield opened


def test_known_city_waits_once_however_often_it_is_asked_for(
    warehouse: psycopg.Connection[Any], client: WikidataClient
) -> None:
    for _ in range(2):
        ask_for_city(warehouse, CITY, "ann")
        resolve_requests(warehouse, client)
    assert [city.name for city in list_cities(warehouse, "waiting")] == [CITY]
    assert list_cities(warehouse) == ()
    assert list_waiting_names(warehouse) == []


def test_unknown_city_is_refused_with_a_reason_and_does_not_hold_up_the_others(
    warehouse: psycopg.Connection[Any], client: WikidataClient
) -> None:
    for name in ("Nowhere at All", " ", CITY):
        ask_for_city(warehouse, name, "ann")
    report = resolve_requests(warehouse, client)
    assert report == RequestReport(resolved=1, refused=2, merged=0)
    assert "Nowhere at All" in (refusal_of(warehouse, "Nowhere at All") or "")
