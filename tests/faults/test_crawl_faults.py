"""A crawl that is killed, hurried away or lied to loses nothing and repeats nothing."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tenacity import wait_fixed

from sandbox.commons.server import CommonsLimits
from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.world import World
from sightscan.crawl import pipeline as crawler
from sightscan.crawl import writer
from sightscan.crawl.crawl import crawl_photos
from sightscan.crawl.fetch import fetcher as fetching
from sightscan.errors import CrawlError, ServiceError
from sightscan.settings import read_settings
from tests.cities.crawled_city import settings_for, store_sights
from tests.cities.small_world import draw_small_world
from tests.scripted_server import Answer, ScriptedServer, scripted_server
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
# It stands still after each batch from its fourth photo on, so that it is in the midst of its work
# whenever somebody comes to look.
CRAWL = """
import os, signal, sys
from sightscan.crawl import writer
from sightscan.crawl.crawl import crawl_photos
from sightscan.settings import settings
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.sights import read_sight
writer.BATCH_PHOTOS = 2
store, stored = writer.Writer.store, []
def store_and_stand_still(self):
    stored.extend(self.found)
    store(self)
    if len(stored) >= 4:
        os.kill(os.getpid(), signal.SIGSTOP)
writer.Writer.store = store_and_stand_still
with connect(autocommit=True) as connection:
    sight = read_sight(connection, int(sys.argv[1]))
    crawl_photos(connection, settings(), find_city(connection, sight.city_id), sight)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_small_world(tmp_path_factory.mktemp("world") / "small")


@pytest.fixture(scope="module")
def facts(world: World) -> CityFacts:
    return facts_of(world)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def kept_photos(warehouse: psycopg.Connection[Any]) -> set[tuple[bytes, str]]:
    rows = warehouse.execute("select sha256, url from core.photo_source").fetchall()
    return {(bytes(digest), url) for digest, url in rows}


def threads_of_crawls() -> list[str]:
    names = ("feeder", "parser", "downloader", "inspector")
    return [t.name for t in threading.enumerate() if t.name.startswith(names)]


@pytest.mark.slow
def test_killed_crawl_goes_on_where_it_was(
    warehouse: psycopg.Connection[Any],
    world: World,
    facts: CityFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = Counts()
    city, sights = store_sights(warehouse, facts)
    sight = sights[0]
    with WebServer(world, facts, counts, latency_seconds=0.15) as web:
        monkeypatch.setenv("COMMONS_API_URL", web.commons_api_url)
        monkeypatch.setenv("CRAWL_TRUSTED_ORIGINS", web.url)
        monkeypatch.setenv("CRAWL_THREADS", "1")
        monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'plugins'}{os.pathsep}{REPOSITORY}")
        command = [sys.executable, "-c", CRAWL, str(sight.sight_id)]
        crawl = subprocess.Popen(command)
        try:
            wait_until(lambda: len(kept_photos(warehouse)) >= 4)
        finally:
            crawl.send_signal(signal.SIGKILL)
            crawl.wait()
        survived = kept_photos(warehouse)
        assert 4 <= len(survived) < 16
        fetched = counts.snapshot()["commons"]["file_downloads"]
        report = crawl_photos(warehouse, read_settings(), city, sight)
        again = counts.snapshot()["commons"]["file_downloads"] - fetched
    assert survived <= kept_photos(warehouse)
    assert report.known >= len(survived)
    # What was handled is not fetched again: only the batch that died and what had not come yet
    # (and one photo may have been on its way, and counted late, when the crawl was killed).
    refused_unseen = sum(
        report.rejected.get(reason, 0) for reason in ("unsupported_type", "too_small")
    )
    missing = report.found - report.known - refused_unseen
    assert missing <= again <= missing + 1
    assert warehouse.execute("select count(*) from load.photo").fetchone() == (0,)


def test_crawl_that_is_hurried_away_waits_and_misses_nothing(
    warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    counts = Counts()
    city, sights = store_sights(warehouse, facts)
    limits = CommonsLimits(files_per_minute=240, files_at_once=4)
    with WebServer(world, facts, counts, commons_limits=limits) as web:
        report = crawl_photos(warehouse, settings_for(web), city, sights[0])
    assert counts.snapshot()["commons"]["refused_too_many_requests"] > 0
    assert (report.failed, report.kept) == (0, 15)


def test_crawl_ends_its_threads_when_the_warehouse_fails(
    warehouse: psycopg.Connection[Any],
    world: World,
    facts: CityFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city, sights = store_sights(warehouse, facts)

    def broken(*_: object, **__: object) -> int:
        msg = "the server closed the connection"
        raise psycopg.OperationalError(msg)

    monkeypatch.setattr(writer, "merge_photos", broken)
    monkeypatch.setattr(writer, "BATCH_PHOTOS", 1)
    with (
        WebServer(world, facts, Counts()) as web,
        pytest.raises(psycopg.OperationalError, match="closed the connection"),
    ):
        crawl_photos(warehouse, settings_for(web), city, sights[0])
    assert threads_of_crawls() == []


def test_error_inside_a_thread_is_the_error_of_the_crawl(
    warehouse: psycopg.Connection[Any],
    world: World,
    facts: CityFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city, sights = store_sights(warehouse, facts)

    def broken(*_: object) -> None:
        msg = "a bug in the inspection"
        raise RuntimeError(msg)

    monkeypatch.setattr(crawler, "inspect_photo", broken)
    with (
        WebServer(world, facts, Counts()) as web,
        pytest.raises(RuntimeError, match="a bug in the inspection"),
    ):
        crawl_photos(warehouse, settings_for(web), city, sights[0])
    assert threads_of_crawls() == []


def test_changed_api_fails_the_crawl_with_a_sentence(
    warehouse: psycopg.Connection[Any], facts: CityFacts, server: ScriptedServer
) -> None:
    city, sights = store_sights(warehouse, facts)
    body = b'{"batchcomplete": true, "query": {"pages": [{"pageid": 1, "title": "File:A.jpg",'
    body += b' "imageinfo": [{"address": "https://a.example/a.jpg"}]}]}}'
    api = server.tell("/w/api.php", Answer(body))
    config = read_settings(commons_api_url=api, crawl_trusted_origins=server.url)
    with pytest.raises(CrawlError, match="the parser needs an update"):
        crawl_photos(warehouse, config, city, sights[0])


@pytest.mark.parametrize(
    "body", [b"<html>maintenance</html>", b'{"error": {"code": "x", "info": "no"}}', b"[]"]
)
def test_garbage_of_the_api_fails_the_crawl_with_a_sentence(
    warehouse: psycopg.Connection[Any], facts: CityFacts, server: ScriptedServer, body: bytes
) -> None:
    city, sights = store_sights(warehouse, facts)
    api = server.tell("/w/api.php", Answer(body))
    config = read_settings(commons_api_url=api, crawl_trusted_origins=server.url)
    with pytest.raises((CrawlError, ServiceError)):
        crawl_photos(warehouse, config, city, sights[0])


def test_photos_that_fail_now_are_tried_again_by_the_next_crawl(
    warehouse: psycopg.Connection[Any],
    facts: CityFacts,
    server: ScriptedServer,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        fetching, "RETRY_POLICY", replace(fetching.RETRY_POLICY, wait=wait_fixed(0.01))
    )
    city, sights = store_sights(warehouse, facts)
    url = server.tell("/a.jpg", Answer(status=503))
    page = (
        '{"batchcomplete": true, "query": {"pages": [{"pageid": 1, "title": "File:A.jpg",'
        f' "imageinfo": [{{"url": "{url}", "descriptionurl": "{url}", "mime": "image/jpeg",'
        ' "width": 420, "height": 300, "extmetadata": {"LicenseShortName": {"value": "CC0"}}}]}]}}'
    )
    api = server.tell("/w/api.php", Answer(page.encode()))
    config = read_settings(commons_api_url=api, crawl_trusted_origins=server.url)
    with pytest.raises(CrawlError, match="none of 1 photos"):
        crawl_photos(warehouse, config, city, sights[0])
    assert warehouse.execute("select count(*) from core.rejected_photo").fetchone() == (0,)
    server.tell("/a.jpg", Answer(world.photos[0].path.read_bytes()))
    assert crawl_photos(warehouse, config, city, sights[0]).kept == 1


def test_threads_are_told_that_the_work_is_over(
    warehouse: psycopg.Connection[Any],
    world: World,
    facts: CityFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None finds out by looking now and then, as icrawler's own do."""
    monkeypatch.setattr("sightscan.crawl.job.JOB_POLL_SECONDS", 3_600)
    city, sights = store_sights(warehouse, facts)
    with WebServer(world, facts, Counts()) as web:
        report = crawl_photos(warehouse, settings_for(web), city, sights[0])
    assert report.kept == 15
    assert threads_of_crawls() == []
