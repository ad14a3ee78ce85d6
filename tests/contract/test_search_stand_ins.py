"""The stand-ins of Openverse, Google Places and image search pages."""

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from icrawler.builtin.bing import BingParser
from icrawler.builtin.google import GoogleParser
from protego import Protego

from sandbox.catalogues.openverse import OpenverseLimits
from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World
from tests.cities.small_world import CITY, PHOTOS_PER_SIGHT, TOWER

HTTP = httpx.Client(timeout=10)  # one for all: each new client reads all certificates
KEY = {"X-Goog-Api-Key": "any"}
SEARCH_TEXT = "/v1/places:searchText"


@pytest.fixture(scope="module")
def counts() -> Counts:
    return Counts()


@pytest.fixture(scope="module")
def server(world: World, counts: Counts) -> Iterator[WebServer]:
    limits = OpenverseLimits(per_minute=5)
    with WebServer(world, facts_of(world), counts, openverse_limits=limits) as running:
        yield running


def test_openverse_pages_name_licence_and_author_until_the_limit(server: WebServer) -> None:
    url, asked = f"{server.openverse_api_url}/v1/images/", {"q": TOWER, "page_size": "8"}
    bodies = [HTTP.get(url, params=asked | {"page": str(n)}).json() for n in (1, 2, 3)]
    lost = [result for body in bodies for result in body["results"] if result["url"] is None]
    assert [result["width"] for result in lost] == [None]
    for body in bodies:
        body["results"] = [result for result in body["results"] if result not in lost]
    ids = [result["id"] for body in bodies for result in body["results"]]
    assert len(ids) == len(set(ids)) == bodies[0]["result_count"]
    assert bodies[0]["results"]
    assert all(result["license"] and result["creator"] for result in bodies[0]["results"])
    first = bodies[0]["results"][0]
    # As the real one: of its provider's identifier there is no more than the page.
    assert first["foreign_landing_url"].startswith(
        "https://commons.wikimedia.org/w/index.php?curid="
    )
    assert "foreign_identifier" not in first
    only = HTTP.get(url, params=asked | {"license": "cc0"}).json()
    assert {result["license"] for result in only["results"]} == {"cc0"}
    assert HTTP.get(url, params={"q": TOWER, "page_size": "50"}).status_code == 401
    refused = HTTP.get(url, params=asked)
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)


def places(server: WebServer, headers: dict[str, str], **body: object) -> httpx.Response:
    return HTTP.post(server.places_api_url + SEARCH_TEXT, json=body, headers=headers)


def test_places_gives_only_the_fields_of_the_mask(server: WebServer) -> None:
    headers = KEY | {"X-Goog-FieldMask": "places.id"}
    found = places(server, headers, textQuery=f"sights in {CITY}").json()
    assert [set(place) for place in found["places"]] == [{"id"}, {"id"}]


def test_places_go_on_with_the_token(server: WebServer) -> None:
    headers = KEY | {"X-Goog-FieldMask": "places.id,nextPageToken"}
    asked = {"textQuery": f"sights in {CITY}", "pageSize": 1}
    first = places(server, headers, **asked).json()
    second = places(server, headers, **asked, pageToken=first["nextPageToken"]).json()
    assert first["places"] != second["places"]
    assert "nextPageToken" not in second


def test_places_answers_in_the_language_asked_for(server: WebServer) -> None:
    headers = KEY | {"X-Goog-FieldMask": "places.displayName"}
    found = places(server, headers, textQuery=TOWER, languageCode="de").json()
    name = found["places"][0]["displayName"]
    assert name == {"text": "Turm Alta", "languageCode": "de"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (KEY, {"textQuery": "x"}, 400),
        ({"X-Goog-FieldMask": "places.id"}, {"textQuery": "x"}, 403),
        (KEY | {"X-Goog-FieldMask": "places.nonsense"}, {"textQuery": "x"}, 400),
        (KEY | {"X-Goog-FieldMask": "places.id"}, {}, 400),
        (KEY | {"X-Goog-FieldMask": "places.id"}, {"textQuery": "x", "pageSize": 21}, 400),
        (KEY | {"X-Goog-FieldMask": "places.id"}, {"textQuery": "x", "pageToken": "bad"}, 400),
    ],
    ids=["no mask", "no key", "unknown field", "no text", "big page", "bad token"],
)
def test_places_refuses_incomplete_requests(
    server: WebServer, headers: dict[str, str], body: dict[str, object], status: int
) -> None:
    assert places(server, headers, **body).status_code == status


def test_places_counts_by_what_google_would_charge(server: WebServer, counts: Counts) -> None:
    before = counts.snapshot().get("places", {}).get("requests_pro", 0)
    mask = {"X-Goog-FieldMask": "places.id,places.location"}
    places(server, KEY | mask, textQuery=TOWER)
    assert counts.snapshot()["places"]["requests_pro"] == before + 1


def parsed(parser: type, url: str) -> list[str]:
    response = SimpleNamespace(content=HTTP.get(url, params={"q": f"{TOWER} photo"}).content)
    return [found["file_url"] for found in parser.parse(None, response) or []]


@pytest.mark.parametrize("engine", ["bing", "google"])
def test_icrawler_reads_the_result_pages(server: WebServer, engine: str) -> None:
    parser, url = {
        "bing": (BingParser, server.bing_url),
        "google": (GoogleParser, server.google_url),
    }[engine]
    urls = parsed(parser, url)
    assert len(urls) == PHOTOS_PER_SIGHT + 1
    assert {HTTP.get(url).headers["Content-Type"] for url in urls} == {"image/jpeg"}


def test_one_result_has_a_very_long_address(server: WebServer) -> None:
    assert max(len(url) for url in parsed(BingParser, server.bing_url)) > 300


def test_one_result_is_closed_to_robots(server: WebServer) -> None:
    robots = Protego.parse(HTTP.get(f"{server.url}/robots.txt").text)
    urls = parsed(BingParser, server.bing_url)
    assert [robots.can_fetch(url, "SightScan") for url in urls].count(False) == 1


def test_second_page_of_results_is_empty(server: WebServer) -> None:
    page = HTTP.get(server.bing_url, params={"q": TOWER, "first": "20"})
    assert "imgpt" not in page.text
