"""Workers that crawl at once keep a provider's limits together."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan import host_gate
from sightscan.city import Sight
from sightscan.crawl.crawl import crawl_photos
from sightscan.crawl.fetch.fetcher import open_fetcher
from sightscan.crawl.fetch.host_limits import crawl_throttle
from sightscan.errors import ServiceError
from sightscan.settings import read_settings
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.spend.request_limits import SharedCounter
from tests.cities.crawled_city import settings_for, store_sights

Warehouse = psycopg.Connection[Any]


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def web(
    world: World, facts: CityFacts, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebServer]:
    """Serve what is taken for Wikimedia, as far away as that, and as strict."""
    monkeypatch.setattr(host_gate, "WIKIMEDIA_DOMAINS", ("127.0.0.1",))
    with WebServer(world, facts, counts, latency_seconds=0.02, wikimedia_at_once=3) as running:
        yield running


def test_crawls_at_once_have_three_places_together(
    warehouse: Warehouse,
    facts: CityFacts,
    web: WebServer,
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_gate, "WIKIMEDIA_REQUESTS_PER_MINUTE", 1e6)
    city, sights = store_sights(warehouse, facts)
    connect = reopener(warehouse)

    def crawl(sight: Sight) -> int:
        with connect() as own:
            return crawl_photos(own, settings_for(web), city, sight).kept

    with ThreadPoolExecutor(3) as pool:
        kept = list(pool.map(crawl, sights[:3]))
    assert min(kept) > 0
    assert "refusals" not in counts.snapshot()
    row = warehouse.execute("select count(*) from core.request_slot where pool = 'wikimedia'")
    assert row.fetchone() == (3,)


def test_crawl_waits_while_commons_is_read_only_and_loses_nothing(
    warehouse: Warehouse,
    facts: CityFacts,
    web: WebServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_gate, "WIKIMEDIA_REQUESTS_PER_MINUTE", 1e6)
    city, sights = store_sights(warehouse, facts)
    web.refusals.set("commons_api", "readonly")
    report = crawl_photos(warehouse, settings_for(web), city, sights[0])
    assert report.kept > 0
    assert not report.sources[0].has_ended_early


def test_day_of_a_catalogue_is_used_up_for_all_workers(warehouse: Warehouse) -> None:
    config = read_settings()
    connect = reopener(warehouse)
    with connect() as one, connect() as other:
        throttles = [crawl_throttle(config, SharedCounter(worker)) for worker in (one, other)]
        for number in range(4):
            with open_fetcher(config, threading.Event(), throttles[number % 2]) as fetcher:
                fetcher.wait_for_api("openverse.searches", 1_000, per_day=8)
        with (
            open_fetcher(config, threading.Event(), throttles[0]) as fetcher,
            pytest.raises(ServiceError, match="the 8 of a day are used up"),
        ):
            fetcher.wait_for_api("openverse.searches", 1_000, per_day=8)
