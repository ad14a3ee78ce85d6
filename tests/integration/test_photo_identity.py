"""One photo that two sources offer, under other addresses and pages, is one photo for all that we do."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from sandbox.catalogues.openverse import OpenverseLimits
from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World
from sightscan.crawl.crawl import crawl_photos
from sightscan.crawl.report import CrawlReport
from sightscan.settings import settings
from sightscan.warehouse.takedowns.takedowns import read_subjects, remove_photos
from tests.cities.crawled_city import settings_for, store_sights
from tests.cities.small_world import TOWER, draw_small_world
from tests.scripted_server import Answer, ScriptedServer, scripted_server

Warehouse = psycopg.Connection[Any]
# Wider than the thumbnails that we ask for, so that its addresses differ most.
# No other file is made of it.
WIDE = f"{TOWER}, Port Aurel 010.jpg"
WIDE_INDEX, WIDE_PAGE_ID = 18, 80_000_018
BOTH = "wikimedia_commons,openverse"


@pytest.fixture
def wide_world(tmp_path: Path) -> World:
    """Draw a small world in which one photo of the tower is wide."""
    world = draw_small_world(tmp_path / "world")
    photos = list(world.photos)
    wide = photos[WIDE_INDEX] = replace(photos[WIDE_INDEX], width=1500, height=1072)
    with Image.open(wide.path) as picture:
        picture.resize((1500, 1072)).save(wide.path, "JPEG", quality=90)
    return replace(world, photos=tuple(photos))


class Crawler:
    """Crawls the tower, each time from stand-ins started anew; `counts` is what they were asked."""

    def __init__(self, warehouse: Warehouse, world: World, facts: CityFacts) -> None:
        self.warehouse, self.world, self.facts = warehouse, world, facts
        self.counts = Counts()
        self.city, sights = store_sights(warehouse, facts)
        # The tower first.
        self.sights = sorted(sights, key=lambda sight: sight.name != TOWER)

    def __call__(self, sources: str, sight: int = 0, **overrides: object) -> CrawlReport:
        self.counts = Counts()
        limits = OpenverseLimits(per_minute=600, per_day=1e6)
        with WebServer(self.world, self.facts, self.counts, openverse_limits=limits) as web:
            fast = {"photo_sources": sources, "openverse_requests_per_minute": 100_000}
            more = {
                name: value(web) if callable(value) else value for name, value in overrides.items()
            }
            config = settings_for(web, **fast | more)
            return crawl_photos(self.warehouse, config, self.city, self.sights[sight])

    def asked(self, key: str) -> int:
        return self.counts.snapshot().get("commons", {}).get(key, 0)

    @property
    def downloads(self) -> int:
        return self.asked("file_downloads") + self.asked("thumbnail_downloads")

    def photos_of(self, name: str) -> set[tuple[bytes, int]]:
        """Return the photos, and their widths, that have an address with this name of a file."""
        return set(
            self.warehouse.execute(
                "select photo.sha256, width_pixels from core.photo inner join core.photo_source"
                " using (sha256) inner join core.photo_identifier using (url_sha256)"
                " where identifier = 'commons:File:' || %s",
                (name,),
            ).fetchall()
        )


@pytest.fixture
def crawl(warehouse: Warehouse, wide_world: World, facts: CityFacts) -> Crawler:
    return Crawler(warehouse, wide_world, facts)


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def test_file_that_both_sources_offer_is_fetched_once(crawl: Crawler) -> None:
    commons = crawl("wikimedia_commons")
    once = crawl.downloads
    assert once > 10
    openverse = crawl("openverse")
    # Not even where it is to be fetched from is asked.
    assert (crawl.downloads, crawl.asked("api_requests")) == (0, 0)
    assert (openverse.kept, openverse.known) == (0, openverse.found)
    assert openverse.found > 10
    assert commons.kept > 10
    assert len(crawl.photos_of(WIDE)) == 1


def test_both_sources_in_the_other_order_fetch_no_more(crawl: Crawler) -> None:
    crawl("openverse")
    first = crawl.downloads
    crawl(BOTH)
    later = crawl.downloads
    crawl(BOTH)
    assert crawl.downloads == 0
    names = crawl.warehouse.execute(
        "select count(distinct identifier) from core.photo_identifier"
        " where identifier like 'commons:File:%.jpg' and url_sha256 in"
        " (select url_sha256 from core.photo_source)"
    ).fetchone()
    refused_after_a_fetch = 3
    assert names == (first + later - refused_after_a_fetch,)


def test_photo_of_openverse_comes_as_the_thumbnail_that_commons_names(crawl: Crawler) -> None:
    report = crawl("openverse")
    assert {width for _, width in crawl.photos_of(WIDE)} == {960}
    assert crawl.asked("thumbnail_downloads") == 1
    # One question for each page of 20 results, not for each photo.
    assert report.kept > 10
    assert crawl.asked("api_requests") == 1


def test_without_an_answer_of_commons_openverse_says_where_the_photo_is(
    crawl: Crawler, script: ScriptedServer
) -> None:
    maxlag = {"error": {"code": "maxlag", "info": "Waiting for db1234: 9 seconds lagged."}}
    elsewhere = script.url.replace("127.0.0.1", "localhost")
    script.tell("/w/api.php", Answer(json.dumps(maxlag).encode()))
    report = crawl(
        "openverse",
        commons_api_url=f"{elsewhere}/w/api.php",
        crawl_trusted_origins=lambda web: f"{web.url},{elsewhere}",
    )
    assert report.kept > 10
    assert {width for _, width in crawl.photos_of(WIDE)} == {1500}


def test_full_resolution_asks_nobody_for_thumbnails(crawl: Crawler) -> None:
    crawl("openverse", crawl_full_resolution=True)
    assert {width for _, width in crawl.photos_of(WIDE)} == {1500}
    assert crawl.asked("api_requests") == 0


def test_photo_that_another_source_found_for_another_sight_is_linked(
    crawl: Crawler, warehouse: Warehouse
) -> None:
    crawl("wikimedia_commons", sight=0)
    shared = crawl("openverse", sight=1)
    assert shared.shared == 1
    rows = warehouse.execute(
        "select count(distinct sight_id) from core.photo_source group by sha256"
        " having count(distinct sight_id) > 1"
    ).fetchall()
    assert rows == [(2,)]


def test_refusal_of_one_source_holds_for_the_other(crawl: Crawler) -> None:
    crawl("openverse")
    refused = {"opted_out", "truncated", "not_an_image"}
    again = crawl("wikimedia_commons")
    assert refused.isdisjoint(again.rejected)


def render_anew(world: World) -> None:
    """Save each photo again, a little worse: no byte is what it was."""
    for photo in world.photos:
        with Image.open(photo.path) as picture:
            picture.save(photo.path, "JPEG", quality=71)


NAMES: dict[str, Callable[[bytes, str], str]] = {
    "hash": lambda sha256, _: sha256.hex(),
    "address": lambda _, url: url,
    "address without what tracks": lambda _, url: url.partition("?")[0],
    "original": lambda _, url: url.partition("?")[0].replace("/thumb", "").rpartition("/")[0],
    "page": lambda _, __: f"https://commons.wikimedia.org/wiki/File:{WIDE.replace(' ', '_')}",
    "short page": lambda _, __: f"https://commons.wikimedia.org/w/index.php?curid={WIDE_PAGE_ID}",
    "title": lambda _, __: f"File:{WIDE}",
    "page id": lambda _, __: f"commons:{WIDE_PAGE_ID}",
}


@pytest.mark.parametrize("name", NAMES)
def test_take_down_by_any_name_holds_for_bytes_rendered_anew_from_another_source(
    crawl: Crawler, warehouse: Warehouse, name: str
) -> None:
    crawl("wikimedia_commons")
    ((sha256, _),) = crawl.photos_of(WIDE)
    row = warehouse.execute(
        "select url from core.photo_source where sha256 = %s", (sha256,)
    ).fetchone()
    assert row is not None
    subjects = read_subjects([NAMES[name](sha256, row[0])])
    report = remove_photos(warehouse, subjects, reason="my house", removed_by="ann")
    assert report.removed == (sha256,)
    render_anew(crawl.world)
    again = crawl("openverse")
    assert crawl.downloads == 0
    assert (again.kept, crawl.photos_of(WIDE)) == (0, set())
    for sight in range(2):
        crawl(BOTH, sight=sight)
        assert crawl.asked("thumbnail_downloads") == 0


def test_take_down_by_the_identifier_alone_is_enough_before_anything_is_stored(
    crawl: Crawler, warehouse: Warehouse
) -> None:
    remove_photos(
        warehouse, read_subjects([f"commons:{WIDE_PAGE_ID}"]), reason="mine", removed_by="ann"
    )
    crawl(BOTH)
    assert crawl.asked("thumbnail_downloads") == 0
    # Its name is known to be of the same photo now, so that a photo of no page id is refused, too.
    digest = hashlib.sha256(f"commons:File:{WIDE}".encode()).digest()
    known = warehouse.execute("select 1 from core.removed_url where url_sha256 = %s", (digest,))
    assert known.fetchone() == (1,)


def test_photo_rendered_anew_at_an_unknown_address_is_refused_by_what_it_looks_like(
    crawl: Crawler, warehouse: Warehouse, script: ScriptedServer
) -> None:
    crawl("wikimedia_commons")
    ((sha256, _),) = crawl.photos_of(WIDE)
    remove_photos(warehouse, read_subjects([sha256.hex()]), reason="mine", removed_by="ann")
    buffer = io.BytesIO()
    with Image.open(crawl.world.photos[WIDE_INDEX].path) as picture:
        picture.resize((800, 572)).save(buffer, "JPEG", quality=60)
    other = crawl.world.photos[2].path.read_bytes()
    urls = [
        script.tell("/copy.jpg", Answer(buffer.getvalue())),
        script.tell("/b.jpg", Answer(other)),
    ]
    results = [{"id": "", "url": url, "license": "cc0", "license_version": "1.0"} for url in urls]
    page = {"result_count": 2, "page_count": 1, "results": results}
    script.tell("/v1/images/", Answer(json.dumps(page).encode()))
    report = crawl("openverse", openverse_api_url=script.url, crawl_trusted_origins=script.url)
    assert report.rejected == {"removed_copy": 1}
    assert warehouse.execute(
        "select url, detail from core.rejected_photo where reason = 'removed_copy'"
    ).fetchall() == [(urls[0], "looks the same as a photo that was taken down")]


def test_photo_of_flickr_that_openverse_points_at_is_fetched_once(
    crawl: Crawler, warehouse: Warehouse, script: ScriptedServer
) -> None:
    """Two sizes at two addresses; the photo's id is in both pages."""
    photo = {
        "id": "51745389858",
        "owner": "126@N07",
        "ownername": "Ana",
        "title": "T",
        "license": "4",
    }
    found = {"photos": {"page": 1, "pages": 1, "total": 1, "photo": [photo]}, "stat": "ok"}
    large = script.tell("/65535/51745389858_c10358e1a3_b.jpg", picture(crawl, quality=90))
    medium = script.tell("/65535/51745389858_c10358e1a3_z.jpg", picture(crawl, quality=50))
    sizes = {"sizes": {"size": [{"label": "Large", "source": large}]}, "stat": "ok"}
    answers = [Answer(json.dumps(answer).encode()) for answer in (found, sizes)]
    result = {
        "id": "4bc43a04-ef46-4544-a0c1-63c63f56e276",
        "foreign_landing_url": "https://www.flickr.com/photos/126@N07/51745389858",
        "url": medium,
        "license": "by",
        "license_version": "2.0",
    }
    page = {"result_count": 1, "page_count": 1, "results": [result]}
    script.tell("/services/rest/", *answers)
    script.tell("/v1/images/", Answer(json.dumps(page).encode()))
    report = crawl(
        "flickr,openverse",
        flickr_api_key="key",
        flickr_api_url=f"{script.url}/services/rest/",
        openverse_api_url=script.url,
        crawl_trusted_origins=script.url,
    )
    assert [source.kept for source in report.sources] == [1, 0]
    assert (script.asked["/65535/51745389858_c10358e1a3_b.jpg"], report.sources[1].known) == (1, 1)
    assert script.asked["/65535/51745389858_c10358e1a3_z.jpg"] == 0
    # What Openverse calls it was learnt, so a take-down may name that.
    subjects = read_subjects(["openverse:4bc43a04-ef46-4544-a0c1-63c63f56e276"])
    removed = remove_photos(warehouse, subjects, reason="mine", removed_by="ann").removed
    assert len(removed) == 1


def picture(crawl: Crawler, quality: int) -> Answer:
    buffer = io.BytesIO()
    with Image.open(crawl.world.photos[WIDE_INDEX].path) as opened:
        opened.save(buffer, "JPEG", quality=quality)
    return Answer(buffer.getvalue())


def make_old(warehouse: Warehouse) -> None:
    """Leave what a crawl left before there were identifiers, under the addresses of then."""
    warehouse.execute("truncate core.photo_identifier")
    for table in ("photo_source", "rejected_photo"):
        warehouse.execute(
            f"update core.{table} set url = split_part(url, '?', 1),"  # noqa: S608 - a test's own
            " url_sha256 = sha256(convert_to(split_part(url, '?', 1), 'UTF8'))"
        )
    warehouse.execute("update core.removed_photo set perceptual_hash = null")


def test_warehouse_that_was_filled_before_fetches_nothing_again(
    crawl: Crawler, warehouse: Warehouse
) -> None:
    crawl("wikimedia_commons")
    make_old(warehouse)
    file = settings().sql_folder / "schema" / "0015_identifiers_of_old_photos.sql"
    warehouse.execute(file.read_text().encode())
    report = crawl(BOTH)
    assert (report.kept, crawl.downloads) == (0, 0)
    # It knows the page's id since.
    row = warehouse.execute(
        "select count(*) from core.photo_identifier where identifier = %s",
        (f"commons:{WIDE_PAGE_ID}",),
    ).fetchone()
    assert row == (1,)


@pytest.mark.parametrize("left", ["page", "address"])
def test_take_down_of_before_holds_for_what_openverse_calls_the_photo(
    crawl: Crawler, warehouse: Warehouse, left: str
) -> None:
    """Of then there is no more than a hash of an address, as Commons and Openverse wrote it."""
    name = WIDE.replace(" ", "_")
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    encoded = name.replace(",", "%2C")
    files = "https://upload.wikimedia.org/wikipedia/commons"
    urls = {
        "page": f"https://commons.wikimedia.org/wiki/File:{name}",
        "address": f"{files}/thumb/{digest[0]}/{digest[:2]}/{encoded}/960px-{encoded}",
    }
    warehouse.execute(
        "insert into core.removed_url (url_sha256, reason, removed_by)"
        " values (sha256(convert_to(%s, 'UTF8')), 'asked', 'ann')",
        (urls[left],),
    )
    crawl("openverse")
    assert (crawl.photos_of(WIDE), crawl.asked("thumbnail_downloads")) == (set(), 0)


def test_second_visit_asks_by_identifier_where_the_address_has_changed(
    crawl: Crawler, warehouse: Warehouse
) -> None:
    crawl("wikimedia_commons")
    visited = warehouse.execute("select count(*) from core.photo_visit").fetchone()
    for table in ("photo_visit", "photo_source", "photo_identifier", "rejected_photo"):
        # As if each address had been signed, until it expired.
        warehouse.execute(f"update core.{table} set url_sha256 = sha256(url_sha256)")  # noqa: S608
    crawl("wikimedia_commons", crawl_skip_known=False)
    assert crawl.downloads == 0
    assert (crawl.asked("files_unchanged"),) == visited
