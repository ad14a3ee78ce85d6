"""Each source through icrawler and the real client code, against stand-ins of their services."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from tenacity import wait_fixed

from sandbox.catalogues.openverse import OpenverseLimits
from sandbox.commons import pages
from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.city import City, Place, Sight
from sightscan.crawl.crawl import crawl_photos
from sightscan.crawl.fetch import fetcher as fetching
from sightscan.crawl.report import CrawlReport
from sightscan.crawl.sources.source import BrokenSourceError
from sightscan.crawl.spool import Spool
from sightscan.errors import CrawlError, ServiceError
from sightscan.settings import Settings
from tests.cities.crawled_city import settings_for, store_sights
from tests.scripted_server import Answer, ScriptedServer, scripted_server

Warehouse = psycopg.Connection[Any]


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def web(world: World, facts: CityFacts, counts: Counts) -> Iterator[WebServer]:
    limits = OpenverseLimits(per_minute=600, per_day=1e6)
    with WebServer(world, facts, counts, openverse_limits=limits) as running:
        yield running


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def city(warehouse: Warehouse, facts: CityFacts) -> City:
    return store_sights(warehouse, facts)[0]


@pytest.fixture
def sight(warehouse: Warehouse, facts: CityFacts, city: City) -> Sight:
    return store_sights(warehouse, facts)[1][0]


class Crawl(Protocol):
    """Crawl the first sight, or another."""

    def __call__(
        self,
        config: Settings,
        other: Sight | None = None,
        save: Callable[[CrawlReport], None] = ...,
    ) -> CrawlReport: ...


@pytest.fixture
def crawl(warehouse: Warehouse, city: City, sight: Sight) -> Crawl:
    def crawl_sight(
        config: Settings,
        other: Sight | None = None,
        save: Callable[[CrawlReport], None] = lambda _: None,
    ) -> CrawlReport:
        return crawl_photos(warehouse, config, city, other or sight, save=save)

    return crawl_sight


def rows(warehouse: Warehouse, columns: str, table: str = "photo_source") -> set[tuple[Any, ...]]:
    found = warehouse.execute(f"select {columns} from core.{table}")  # noqa: S608 - a test's own
    return set(found.fetchall())


def with_sources(web: WebServer, sources: str, **overrides: object) -> Settings:
    fast = {"openverse_requests_per_minute": 100_000, "openverse_requests_per_day": 1_000_000}
    return settings_for(web, photo_sources=sources, **fast | overrides)


def test_openverse_gives_licence_author_page_and_title(
    crawl: Crawl, warehouse: Warehouse, web: WebServer
) -> None:
    report = crawl(with_sources(web, "openverse"))
    assert report.kept > 0
    columns = "source, licence, author, page_url, title, query"
    found = rows(warehouse, columns)
    assert found
    assert all(all(row) for row in found)
    assert {row[0] for row in found} == {"openverse"}
    assert {row[1] for row in found} <= {
        *("cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-2.0", "cc-by-4.0", "cc0-1.0", "pdm-1.0"),
    }


def test_what_is_odd_or_gone_is_counted_and_no_text_keeps_its_markup(
    crawl: Crawl, warehouse: Warehouse, web: WebServer
) -> None:
    report = crawl(with_sources(web, "wikimedia_commons,openverse"))
    commons, openverse = report.sources
    assert commons.left_out == {"hidden": 1, "missing": 2}
    assert openverse.left_out == {"odd": 1}
    assert "url is None" in str(openverse.problem)
    assert report.left_out == {"hidden": 1, "missing": 2, "odd": 1}
    texts = [text for row in rows(warehouse, "title, author") for text in row]
    assert texts
    assert not [text for text in texts if set(text) & set("<>[]{}\u200b\u202a") or "QS:" in text]


def test_photo_of_two_sources_is_fetched_once(crawl: Crawl, web: WebServer, counts: Counts) -> None:
    crawl(with_sources(web, "wikimedia_commons"))
    before = counts.snapshot()["commons"]["file_downloads"]
    both = with_sources(web, "wikimedia_commons,openverse")
    report = crawl(both)
    assert [source.source for source in report.sources] == ["wikimedia_commons", "openverse"]
    assert counts.snapshot()["commons"]["file_downloads"] == before


def test_openverse_that_hurries_us_away_for_a_day_leaves_the_others(
    crawl: Crawl, world: World, facts: CityFacts, counts: Counts
) -> None:
    limits = OpenverseLimits(per_day=0.5)
    with WebServer(world, facts, counts, openverse_limits=limits) as web:
        config = with_sources(web, "openverse,wikimedia_commons")
        report = crawl(config)
    openverse, commons = report.sources
    assert openverse.has_ended_early
    assert "asks for a pause" in str(openverse.problem)
    assert not commons.has_ended_early


def test_photos_near_a_sight_are_found_without_a_category(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, sight: Sight, facts: CityFacts
) -> None:
    known = facts.sights[0]
    near = replace(sight, commons_category=None, place=Place(known.latitude, known.longitude))
    report = crawl(with_sources(web, "wikimedia_commons"), near)
    assert report.kept > 0
    queries = {row[0] for row in rows(warehouse, "query")}
    assert queries
    assert all("within 150 m" in query for query in queries)


@pytest.mark.parametrize("source", ["google", "bing"])
def test_search_page_states_no_licence_so_the_open_policy_keeps_none(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, source: str
) -> None:
    report = crawl(with_sources(web, source))
    assert report.kept == 0
    assert report.rejected == {"licence": report.found}
    assert rows(warehouse, "reason, detail", "rejected_photo") == {("licence", "unknown")}


@pytest.mark.parametrize("source", ["google", "bing"])
def test_search_page_is_crawled_where_any_licence_will_do(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, source: str
) -> None:
    crawl(with_sources(web, source))
    anything = with_sources(web, source, licence_policy="any")
    report = crawl(anything)
    assert report.kept > 0
    assert report.rejected == {"opted_out": 1}
    assert rows(warehouse, "licence, source") == {("unknown", source)}
    # That it was left out once stays true of that hour.
    reasons = {row[0] for row in rows(warehouse, "reason", "rejected_photo")}
    assert reasons == {"licence", "opted_out"}


@pytest.mark.parametrize(
    "page",
    [
        b"<html><body>" + b'<img src="https://a.example/1.gif">Before you continue ' * 20,
        b'<html><body><div class="new"><a href="https://a.example/1.jpg">1</a></div></body></html>',
    ],
    ids=["a consent form", "another layout"],
)
def test_broken_parser_fails_the_crawl_after_the_others_went_on(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, script: ScriptedServer, page: bytes
) -> None:
    config = with_sources(
        web,
        "bing,wikimedia_commons",
        licence_policy="any",
        bing_images_url=script.tell("/images/async", Answer(page)),
        crawl_trusted_origins=f"{web.url},{script.url}",
    )
    saved: list[CrawlReport] = []
    with pytest.raises(BrokenSourceError, match="the parser reads none"):
        crawl(config, save=saved.append)
    assert {row[0] for row in rows(warehouse, "source")} == {"wikimedia_commons"}
    assert saved[0].kept > 0
    assert saved[0].sources[0].has_ended_early


def test_search_that_honestly_finds_nothing_is_not_broken(
    crawl: Crawl, web: WebServer, script: ScriptedServer
) -> None:
    config = with_sources(
        web,
        "bing,wikimedia_commons",
        bing_images_url=script.tell("/images/async", Answer(b"<html><body></body></html>")),
        crawl_trusted_origins=f"{web.url},{script.url}",
    )
    assert crawl(config).kept > 0


def test_robots_txt_of_a_search_page_is_obeyed_unless_the_operator_says_otherwise(
    crawl: Crawl, web: WebServer, script: ScriptedServer
) -> None:
    script.tell("/robots.txt", Answer(b"User-agent: *\nDisallow: /search"))
    overrides = {
        "google_images_url": script.tell("/search", Answer(b"<html></html>")),
        "crawl_trusted_origins": f"{web.url},{script.url}",
    }
    with pytest.raises(ServiceError, match=r"robots\.txt .* closes /search"):
        crawl(with_sources(web, "google", **overrides))
    assert script.asked["/search"] == 0
    anyway = with_sources(web, "google", crawl_obey_robots_of_search_pages=False, **overrides)
    with pytest.raises(CrawlError, match="yields no file"):
        crawl(anyway)
    assert script.asked["/search"] == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(b'{"results": []}'), "another form than documented"),
        (Answer(b'{"result_count": 7, "page_count": 1, "results": []}'), "counts 7 photos"),
        (Answer(b'{"result_count": 1, "page_count": 1, "results": [{}]}'), "the parser needs"),
    ],
    ids=["no counts", "counts without results", "results without fields"],
)
def test_openverse_that_answers_garbage_is_broken(
    crawl: Crawl, web: WebServer, script: ScriptedServer, answer: Answer, sentence: str
) -> None:
    script.tell("/v1/images/", answer)
    config = with_sources(
        web, "openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url
    )
    with pytest.raises(BrokenSourceError, match=sentence):
        crawl(config)


def test_half_an_answer_of_openverse_is_a_service_that_does_not_answer(
    crawl: Crawl, web: WebServer, script: ScriptedServer
) -> None:
    script.tell("/v1/images/", Answer(b'{"result_count": 7, "page_co', stated_length=1_000))
    config = with_sources(
        web, "openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url
    )
    with pytest.raises(ServiceError, match="does not answer"):
        crawl(config)


def flickr_answers(script: ScriptedServer, web: WebServer) -> None:
    """Answer as the API does: one page of results, then the sizes of each photo."""
    photo = {"id": "1", "owner": "ana", "ownername": "Ana", "title": "Tower", "license": "4"}
    unfree = photo | {"id": "2", "license": "0"}
    page = {"photos": {"page": 1, "pages": 1, "total": 2, "photo": [photo, unfree]}, "stat": "ok"}

    def sizes(number: int) -> dict[str, object]:
        source = f"{web.url}/elsewhere/travels/{number}.jpg"
        return {"sizes": {"size": [{"label": "Large", "source": source}]}, "stat": "ok"}

    answers = (page, sizes(2), sizes(3))
    script.tell("/services/rest/", *(Answer(json.dumps(answer).encode()) for answer in answers))


def test_flickr_photo_has_the_licence_that_its_number_means(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, world: World, script: ScriptedServer
) -> None:
    flickr_answers(script, web)
    config = with_sources(
        web,
        "flickr",
        flickr_api_key="key",
        flickr_api_url=f"{script.url}/services/rest/",
        crawl_trusted_origins=f"{web.url},{script.url}",
    )
    report = crawl(config)
    assert report.rejected == {"licence": 1}
    found = rows(warehouse, "licence, author, title, page_url")
    assert found == {("cc-by-2.0", "Ana", "Tower", "https://www.flickr.com/photos/ana/1/")}


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        ("105", "Service currently unavailable (Site Disabled)", "error 105: .*; try later"),
        (201, "Sorry, the Flickr API is not currently available.", "error 201: .*; try later"),
        (100, "Invalid API Key (Key has invalid format)", "Invalid API Key .*check FLICKR_API_KEY"),
        (18, "Illogical arguments", "Illogical arguments; take flickr out of PHOTO_SOURCES"),
    ],
)
def test_failure_of_flickr_blames_the_key_only_where_it_is_the_keys(  # noqa: PLR0917 - fixtures
    crawl: Crawl,
    web: WebServer,
    script: ScriptedServer,
    code: int | str,
    message: str,
    sentence: str,
) -> None:
    failure = json.dumps({"stat": "fail", "code": code, "message": message}).encode()
    config = with_sources(
        web,
        "flickr",
        flickr_api_key="key",
        flickr_api_url=script.tell("/services/rest/", Answer(failure)),
        crawl_trusted_origins=script.url,
    )
    with pytest.raises(ServiceError, match=sentence):
        crawl(config)
    is_asked_again = "try later" in sentence
    assert script.asked["/services/rest/"] == (3 if is_asked_again else 1)


def test_flickr_without_a_key_is_a_sentence(crawl: Crawl, web: WebServer) -> None:
    with pytest.raises(ServiceError, match="FLICKR_API_KEY is not set"):
        crawl(with_sources(web, "flickr"))


def test_local_folder_is_read_with_its_attribution(  # noqa: PLR0917 - fixtures
    crawl: Crawl,
    warehouse: Warehouse,
    web: WebServer,
    world: World,
    city: City,
    sight: Sight,
    tmp_path: Path,
) -> None:
    folder = tmp_path / city.name / sight.name
    folder.mkdir(parents=True)
    for number, photo in enumerate(world.photos[:3]):
        (folder / f"{number}.jpg").write_bytes(photo.path.read_bytes())
    (folder / "attribution.csv").write_text(
        "file,licence,author\n0.jpg,CC BY 4.0,Ana\n1.jpg,CC BY-NC 4.0,Ben\n"
    )
    config = with_sources(web, "local_folder", photo_folder=tmp_path)
    report = crawl(config)
    assert (report.kept, report.rejected) == (1, {"licence": 2})
    assert rows(warehouse, "url, licence, author, source") == {
        (f"local:{city.name}/{sight.name}/0.jpg", "cc-by-4.0", "Ana", "local_folder")
    }
    again = crawl(config)
    assert (again.kept, again.known, again.rejected) == (0, 1, {"licence": 2})


def test_corrected_folder_is_looked_at_anew(  # noqa: PLR0917 - fixtures
    crawl: Crawl,
    warehouse: Warehouse,
    web: WebServer,
    world: World,
    city: City,
    sight: Sight,
    tmp_path: Path,
) -> None:
    folder = tmp_path / city.name / sight.name
    folder.mkdir(parents=True)
    (folder / "0.jpg").write_bytes(world.photos[0].path.read_bytes())
    (folder / "1.jpg").write_bytes(world.photos[1].path.read_bytes()[:9_000])
    (folder / "attribution.csv").write_text("file,licence\n1.jpg,CC0\n")
    config = with_sources(web, "local_folder", photo_folder=tmp_path)
    assert crawl(config).rejected == {"licence": 1, "truncated": 1}
    (folder / "attribution.csv").write_text("file,licence\n0.jpg,all rights reserved\n1.jpg,CC0\n")
    (folder / "1.jpg").write_bytes(world.photos[1].path.read_bytes())
    again = crawl(config)
    assert (again.kept, again.rejected) == (1, {"licence": 1})
    columns = "url, reason, detail"
    assert (f"local:{city.name}/{sight.name}/0.jpg", "licence", "all-rights-reserved") in rows(
        warehouse, columns, "rejected_photo"
    )
    (folder / "attribution.csv").write_text("file;license\n0.JPG; CC BY 4.0\n1.jpg;CC0\n")
    last = crawl(config)
    assert (last.kept, last.known, last.rejected) == (1, 1, {})


@pytest.mark.parametrize(("licence", "kept"), [("CC BY-SA 4.0", 3), ("CC BY-NC 4.0", 0)])
def test_licence_that_was_corrected_at_the_source_is_looked_at_anew(
    crawl: Crawl, web: WebServer, monkeypatch: pytest.MonkeyPatch, licence: str, kept: int
) -> None:
    stated = {"LicenseShortName": {"value": "all rights reserved"}}
    monkeypatch.setattr(pages, "extended_metadata", lambda _: stated)
    config = with_sources(web, "wikimedia_commons", max_images_per_sight=3)
    first = crawl(config)
    assert first.rejected["licence"] > 3
    stated["LicenseShortName"] = {"value": licence}
    again = crawl(config)
    assert again.kept == kept
    if not kept:
        assert (again.known, again.rejected) == (first.found, {})


@pytest.mark.parametrize(("least", "kept"), [(301, 0), (200, 2)])
def test_what_another_setting_left_out_is_wanted_again(
    crawl: Crawl, web: WebServer, least: int, kept: int
) -> None:
    strict = with_sources(web, "wikimedia_commons", min_photo_side_pixels=301)
    assert crawl(strict).rejected["too_small"] > 2
    config = with_sources(
        web, "wikimedia_commons", min_photo_side_pixels=least, max_images_per_sight=2
    )
    assert crawl(config).kept == kept


def test_photo_that_shows_two_sights_is_fetched_once(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, facts: CityFacts
) -> None:
    sights = store_sights(warehouse, facts)[1]
    config = with_sources(web, "wikimedia_commons")
    reports = [crawl(config, sight) for sight in sights]
    assert [report.shared for report in reports] == [0, 1]
    shared = warehouse.execute(
        "select count(distinct sight_id), count(distinct sha256) from core.photo_source"
        " group by url_sha256 having count(distinct sight_id) > 1"
    ).fetchall()
    assert shared == [(2, 1)]


def test_second_visit_asks_whether_photos_have_changed_and_an_unchanged_one_costs_nothing(
    crawl: Crawl, web: WebServer, counts: Counts
) -> None:
    first = crawl(with_sources(web, "wikimedia_commons"))
    fetched = counts.snapshot()["commons"]["file_downloads"]
    again = with_sources(web, "wikimedia_commons", crawl_skip_known=False)
    second = crawl(again)
    asked = counts.snapshot()["commons"]
    assert asked["file_downloads"] == fetched
    assert asked["files_unchanged"] == first.kept + first.duplicate
    assert (second.kept, second.known) == (0, first.found)


def test_limit_of_zero_asks_nobody(crawl: Crawl, web: WebServer, counts: Counts) -> None:
    config = with_sources(web, "wikimedia_commons,openverse", max_images_per_sight=0)
    report = crawl(config)
    assert (report.found, report.sources) == (0, ())
    assert counts.snapshot().get("commons", {}) == {}


def test_full_resolution_fetches_originals(
    crawl: Crawl, warehouse: Warehouse, web: WebServer
) -> None:
    config = with_sources(web, "wikimedia_commons", crawl_full_resolution=True)
    crawl(config)
    urls = [row[0] for row in rows(warehouse, "url")]
    assert urls
    assert not [url for url in urls if "/thumb/" in url]


def openverse_page(*urls: str) -> Answer:
    """Return a page of Openverse with photos at these addresses."""
    results = [
        {"url": url, "license": "cc0", "license_version": "1.0", "creator": "Ana", "title": "Tower"}
        for url in urls
    ]
    page = {"result_count": len(urls), "page_count": 1, "results": results}
    return Answer(json.dumps(page).encode())


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,iVBORw0KGgo=",
        "http://127.0.0.1:1/a.jpg",
        "http://2130706433:1/a.jpg",
        "http://0x7f.1:1/a.jpg",
        "http://017700000001:1/a.jpg",
        "http://[::ffff:127.0.0.1]:1/a.jpg",
        "http://[::1]:1/a.jpg",
        "http://localhost:1/a.jpg",
        "http://169.254.169.254/latest/meta-data/a.jpg",
    ],
)
def test_address_inside_the_network_is_a_rejection_with_its_reason(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, script: ScriptedServer, url: str
) -> None:
    script.tell("/v1/images/", openverse_page(url))
    config = with_sources(
        web, "openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url
    )
    crawl(config)
    assert rows(warehouse, "url, reason", "rejected_photo") == {(url, "refused_address")}


def test_photo_behind_an_address_of_5000_characters_is_kept(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, script: ScriptedServer, world: World
) -> None:
    photo = Answer(world.photos[0].path.read_bytes())
    url = f"{script.tell('/a.jpg', photo)}?token={'a' * 5_000}"
    script.tell("/v1/images/", openverse_page(url))
    config = with_sources(
        web, "openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url
    )
    assert crawl(config).kept == 1
    assert rows(warehouse, "url") == {(url,)}


def test_photo_that_a_killed_crawl_fetched_is_not_fetched_again(
    crawl: Crawl, warehouse: Warehouse, web: WebServer, script: ScriptedServer, world: World
) -> None:
    url = script.tell("/a.jpg", Answer(status=500))
    script.tell("/v1/images/", openverse_page(url))
    config = with_sources(
        web, "openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url
    )
    Spool(config.crawl_spool_folder).put(url, world.photos[0].path.read_bytes())
    assert crawl(config).kept == 1
    assert script.asked["/a.jpg"] == 0
    assert Spool(config.crawl_spool_folder).get(url) is None


ODD_ANSWERS = (
    {"query": []},
    {"query": None},
    {"error": "ratelimited"},
    {"batchcomplete": True, "query": {"pages": {"1": {"title": "File:A.jpg"}}}},
    {"batchcomplete": True, "query": {"pages": [{"title": "File:A.jpg", "imageinfo": ["x"]}]}},
    {"batchcomplete": True, "query": {"pages": [{"pageid": 1, "imageinfo": ["x"]}]}},
    {"continue": []},
    {"continue": {"gcmcontinue": "page|1"}, "query": {"pages": []}},
    {},
    {"batchcomplete": True, "query": {"pages": [{"pageid": n} for n in range(1, 9)]}},
)


@pytest.mark.parametrize("answer", ODD_ANSWERS, ids=range(len(ODD_ANSWERS)))
def test_commons_in_another_form_is_a_sentence_and_the_others_go_on(
    crawl: Crawl,
    warehouse: Warehouse,
    web: WebServer,
    script: ScriptedServer,
    answer: dict[str, Any],
) -> None:
    config = with_sources(
        web,
        "wikimedia_commons,openverse",
        commons_api_url=script.tell("/w/api.php", Answer(json.dumps(answer).encode())),
        crawl_trusted_origins=f"{web.url},{script.url}",
    )
    with pytest.raises(CrawlError, match=r"[Cc]ommons"):
        crawl(config)
    assert {row[0] for row in rows(warehouse, "source")} == {"openverse"}


FAULTS = {
    "hurries us away": Answer(status=429, headers=(("Retry-After", "3600"),)),
    "fails": Answer(status=503),
    "is cut off": Answer(b'{"query": {"pages": [', stated_length=1_000),
    "never ends": Answer(b"{" * 1_000, pause_seconds=0.05),
    "leads inside": Answer(status=302, headers=(("Location", "http://10.0.0.1/w/api.php"),)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("source", "setting", "path"),
    [
        ("wikimedia_commons", "commons_api_url", "/w/api.php"),
        ("bing", "bing_images_url", "/images/async"),
        ("google", "google_images_url", "/search"),
    ],
)
def test_source_in_trouble_is_told_and_the_next_is_asked(  # noqa: PLR0917 - fixtures and a table
    crawl: Crawl,
    web: WebServer,
    script: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    setting: str,
    path: str,
    fault: str,
) -> None:
    monkeypatch.setattr(fetching, "MAX_DOWNLOAD_SECONDS", 3.0)
    monkeypatch.setattr(
        fetching, "RETRY_POLICY", replace(fetching.RETRY_POLICY, wait=wait_fixed(0.01))
    )
    # Another host than the one of the photos: whoever is told to pause pauses for all of a host.
    elsewhere = script.url.replace("127.0.0.1", "localhost")
    config = with_sources(
        web,
        f"{source},openverse",
        licence_policy="any",
        crawl_trusted_origins=f"{web.url},{elsewhere}",
        **{setting: script.tell(path, FAULTS[fault]).replace(script.url, elsewhere)},
    )
    report = crawl(config)
    troubled, next_one = report.sources
    assert troubled.problem
    assert (troubled.source, troubled.kept) == (source, 0)
    assert next_one.kept > 0
