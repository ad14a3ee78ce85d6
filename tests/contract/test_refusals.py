"""Whatever way a service says "not now" in, the real client waits, or gives up, in its words."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.counts import Counts
from sandbox.refusals import WAYS
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.city import City, Place
from sightscan.crawl.fetch.fetcher import Fetcher, PhotoUnavailableError, open_fetcher
from sightscan.discover.places import PlacesClient
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import ServiceError
from sightscan.http_judges import judge_json, judge_mediawiki
from sightscan.settings import Settings, read_settings
from tests.cities.small_world import CITY, TOWER
from tests.contract.conftest import CONTACT

PLACE = City("Q1", "small", CITY, "Nowhere", Place(0, 0), 5_000)


class Waits(threading.Event):
    """Ends the waits of a fetcher at once, and notes them."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.seconds.append(timeout)
        return False


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def server(world: World, facts: CityFacts, counts: Counts) -> Iterator[WebServer]:
    with WebServer(world, facts, counts) as running:
        yield running


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def config(server: WebServer) -> Settings:
    return read_settings(
        wikidata_sparql_url=server.wikidata_sparql_url,
        wikidata_api_url=server.wikidata_api_url,
        crawl_trusted_origins=server.url,
        crawl_requests_per_second=0,
    )


@pytest.fixture
def ask(
    server: WebServer, config: Settings, waits: Waits, facts: CityFacts, tmp_path: Path
) -> Iterator[dict[str, Callable[[], object]]]:
    """Return how each service is asked by its real client."""
    query = tmp_path / "query.rq"
    query.write_text("SELECT ?item WHERE { ?item wdt:P31 ?class } LIMIT 3")
    category = f"Category:{facts.of(TOWER).commons_category}"
    members = {"action": "query", "format": "json", "formatversion": "2"}
    members |= {"list": "categorymembers", "cmtitle": category}
    with clients(config, waits) as (fetcher, wikidata):
        yield {
            "wikidata_sparql": lambda: wikidata.query(query),
            "wikidata_api": lambda: wikidata.search(CITY),
            "commons_api": lambda: fetcher.json(server.commons_api_url, members, judge_mediawiki),
            "openverse": lambda: fetcher.json(f"{server.url}/v1/images/", {"q": CITY}, judge_json),
            "search_pages": lambda: fetcher.page(f"{server.bing_url}?q={CITY}", obey_robots=False),
        }


@contextmanager
def clients(config: Settings, waits: Waits) -> Iterator[tuple[Fetcher, WikidataClient]]:
    agent = {"User-Agent": config.user_agent}
    with open_fetcher(config, waits) as fetcher, httpx.Client(headers=agent) as http:
        yield fetcher, WikidataClient(http, config, sleep=waits.seconds.append)


FINAL = {
    ("wikidata_sparql", "too_slow"): "takes too long: 'java.util.concurrent.TimeoutException'",
    ("wikidata_sparql", "too_slow_after_rows"): "takes too long: 'java.util.concurrent.Timeout",
    ("wikidata_sparql", "ban"): "You have been banned until",
    ("openverse", "unauthorized"): "status 401: 'page_size may not exceed 20 for anonymous",
    ("search_pages", "sorry"): "asks whether we are a robot",
} | {
    (service, "robot_policy"): "status 403: 'Please set a user-agent and respect our robot policy"
    for service in ("wikidata_sparql", "wikidata_api", "commons_api")
}
ASKED = ("wikidata_sparql", "wikidata_api", "commons_api", "openverse", "search_pages")
PASSING = [(name, way) for name in ASKED for way in WAYS[name] if (name, way) not in FINAL]


@pytest.mark.parametrize(("service", "way"), PASSING)
def test_what_passes_is_waited_for(
    ask: dict[str, Callable[[], object]], server: WebServer, waits: Waits, service: str, way: str
) -> None:
    expected = ask[service]()
    server.refusals.set(service, way)
    assert ask[service]() == expected
    assert waits.seconds
    assert min(waits.seconds) >= 0.5


@pytest.mark.parametrize(("service", "way"), PASSING)
def test_what_does_not_pass_blames_nobody(
    ask: dict[str, Callable[[], object]], server: WebServer, service: str, way: str
) -> None:
    server.refusals.set(service, way, next_requests=10)
    with pytest.raises(ServiceError, match=r"try later$") as caught:
        ask[service]()
    assert "another name" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("service", "way"), FINAL)
def test_what_asking_again_does_not_help_is_asked_once(
    ask: dict[str, Callable[[], object]],
    server: WebServer,
    counts: Counts,
    service: str,
    way: str,
) -> None:
    server.refusals.set(service, way, next_requests=10, seconds=86_400)
    with pytest.raises(ServiceError) as caught:
        ask[service]()
    assert FINAL[service, way] in str(caught.value)
    assert counts.snapshot()["refusals"] == {service: 1}


@pytest.mark.parametrize("service", ["wikidata_sparql", "wikidata_api", "commons_api"])
def test_wikimedia_that_names_no_pause_is_left_alone_for_a_minute(
    ask: dict[str, Callable[[], object]], server: WebServer, waits: Waits, service: str
) -> None:
    server.refusals.set(service, "outage")
    ask[service]()
    assert max(waits.seconds) == 60


def test_photo_that_is_refused_is_told_in_the_words_of_the_server(
    server: WebServer, config: Settings, waits: Waits
) -> None:
    url = f"{server.url}/wikipedia/commons/a/ab/x.jpg"
    server.refusals.set("commons_files", "outage", next_requests=10)
    with (
        clients(config, waits) as (fetcher, _),
        pytest.raises(PhotoUnavailableError, match=r"status 429: .*1 req / min"),
    ):
        fetcher.visit(url)


@pytest.mark.parametrize(
    ("way", "state", "error"),
    [
        ("quota", "failed", "status 429: Quota exceeded for quota metric 'Search'."),
        ("unavailable", "unknown", "status 503: The service is currently unavailable."),
    ],
)
def test_places_are_asked_once_whatever_they_say(
    server: WebServer, counts: Counts, way: str, state: str, error: str
) -> None:
    server.refusals.set("places", way, next_requests=10)
    with httpx.Client(headers={"X-Goog-Api-Key": "k"}) as http:
        page = PlacesClient(http, server.places_api_url).search("sights", PLACE, None)
    assert (page.state, page.error) == (state, error)
    assert counts.snapshot()["refusals"] == {"places": 1}


@pytest.mark.parametrize(
    ("form", "version", "error"),
    [
        ({}, "2", ("error", "info")),
        ({"errorformat": "plaintext"}, "2", ("errors", "text")),
        ({"errorformat": "plaintext"}, "1", ("errors", "*")),
        ({"errorformat": "html"}, "2", ("errors", "html")),
    ],
)
def test_errors_have_the_form_that_was_asked_for(
    server: WebServer, form: dict[str, str], version: str, error: tuple[str, str]
) -> None:
    server.refusals.set("commons_api", "maxlag", seconds=5)
    asked = {"action": "query", "format": "json", "formatversion": version, **form}
    response = httpx.get(server.commons_api_url, params=asked, headers=CONTACT)
    body: Any = response.json()[error[0]]
    told = body if error[0] == "error" else body[0]
    assert (response.status_code, response.headers["MediaWiki-API-Error"]) == (200, "maxlag")
    assert response.headers["Retry-After"] == "5"
    assert (told["code"], told[error[1]]) == (
        "maxlag",
        "Waiting for 10.64.0.1: 6.1 seconds lagged.",
    )


def test_api_answers_compressed_to_who_takes_it(server: WebServer) -> None:
    asked = {"action": "query", "format": "json", "titles": "Category:X"}
    encodings = [
        httpx.get(
            server.commons_api_url, params=asked, headers=CONTACT | {"Accept-Encoding": taken}
        ).headers.get("Content-Encoding")
        for taken in ("gzip", "identity")
    ]
    assert encodings == ["gzip", None]


def test_who_names_no_contact_gets_ten_requests_a_minute(server: WebServer) -> None:
    asked = {"action": "query", "format": "json", "titles": "Category:X"}
    statuses = [
        httpx.get(
            server.commons_api_url, params=asked, headers={"User-Agent": "SightScan/1.0"}
        ).status_code
        for _ in range(11)
    ]
    assert statuses == [200] * 10 + [429]


@pytest.mark.parametrize(
    ("service", "way"), [("wikipedia", "hurry"), ("openverse", "maxlag"), ("places", "")]
)
def test_unknown_refusal_is_a_sentence(server: WebServer, service: str, way: str) -> None:
    with pytest.raises(ValueError, match="choose one of"):
        server.refusals.set(service, way)


def test_refusals_to_come_can_be_forgotten(
    ask: dict[str, Callable[[], object]], server: WebServer, waits: Waits
) -> None:
    server.refusals.set("wikidata_api", "maxlag", next_requests=10)
    server.refusals.set("wikidata_api", "none")
    ask["wikidata_api"]()
    assert waits.seconds == []
