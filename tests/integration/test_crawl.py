"""Crawl through icrawler and the real client code, against the stand-in of Wikimedia Commons."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from sandbox.counts import Counts
from sandbox.web import WebServer
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World, WorldPhoto
from sightscan.city import City, Place, Sight
from sightscan.crawl.crawl import CrawlReport, crawl_photos
from sightscan.crawl.dedupe.clusters import cluster_photos
from sightscan.errors import CrawlError, ServiceError
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.models.datasets import list_backgrounds
from sightscan.warehouse.registry.backgrounds import ensure_elsewhere, ensure_streets
from sightscan.warehouse.registry.sights import read_sight
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS
from tests.cities.crawled_city import settings_for, store_sights
from tests.cities.small_world import CITY, PHOTOS_PER_SIGHT, draw_small_world

# The photos of a sight, the one that shows both sights, and two near-copies of its own.
KEPT = PHOTOS_PER_SIGHT + 1 + 2
DIRT = {"opted_out": 1, "truncated": 1, "not_an_image": 1, "too_small": 1, "unsupported_type": 2}

Stored = tuple[City, tuple[Sight, ...]]


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def web(world: World, facts: CityFacts, counts: Counts) -> Iterator[WebServer]:
    with WebServer(world, facts, counts) as running:
        yield running


@pytest.fixture
def stored(warehouse: psycopg.Connection[Any], facts: CityFacts) -> Stored:
    return store_sights(warehouse, facts)


def downloads(counts: Counts) -> int:
    asked = counts.snapshot().get("commons", {})
    return asked.get("file_downloads", 0) + asked.get("thumbnail_downloads", 0)


def crawled(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, **overrides: object
) -> list[CrawlReport]:
    city, sights = stored
    config = settings_for(web, **overrides)
    return [crawl_photos(warehouse, config, city, sight) for sight in sights]


def test_every_photo_of_the_world_is_kept_as_it_is(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, world: World
) -> None:
    crawled(warehouse, web, stored)
    kept = {bytes(row[0]) for row in warehouse.execute("select sha256 from core.photo_blob")}
    assert {hashlib.sha256(photo.path.read_bytes()).digest() for photo in world.photos} <= kept


def test_report_counts_what_was_kept_folded_and_refused(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    for report in crawled(warehouse, web, stored):
        assert (report.kept, report.duplicate, report.failed, report.known) == (KEPT, 1, 0, 0)
        assert report.rejected == DIRT
        assert report.found == KEPT + 1 + sum(DIRT.values())


def test_every_photo_has_its_licence_author_and_page(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    crawled(warehouse, web, stored)
    rows = warehouse.execute(
        "select licence, author, page_url, title, query, source from core.photo_source"
    ).fetchall()
    assert rows
    assert all(all(cell for cell in row) for row in rows)
    assert not [row for row in rows if "<" in row[1]]


def test_photos_of_a_category_keep_where_they_were_taken(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    crawled(warehouse, web, stored)
    cameras = warehouse.execute(
        "select count(*), count(camera_latitude), count(distinct (camera_latitude, camera_longitude))"
        " from core.photo_source"
    ).fetchone()
    assert cameras is not None
    found, placed, viewpoints = cameras
    assert found == placed
    assert viewpoints > 20


def test_photos_that_were_there_get_their_places_when_they_are_met_again(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, counts: Counts
) -> None:
    crawled(warehouse, web, stored)
    fetched = downloads(counts)
    warehouse.execute(
        "update core.photo_source set camera_latitude = null, camera_longitude = null"
    )
    crawled(warehouse, web, stored)
    assert downloads(counts) == fetched
    lacking = "select count(*) from core.photo_source where camera_latitude is null"
    assert warehouse.execute(lacking).fetchone() == (0,)


def test_photos_that_are_listed_because_they_are_near_say_not_where_they_were_taken(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, facts: CityFacts
) -> None:
    city, sights = stored
    known = next(
        sight for sight in facts.sights if sight.commons_category == sights[0].commons_category
    )
    place = Place(known.latitude, known.longitude)
    placed = replace(sights[0], commons_category=None, place=place)
    crawl_photos(warehouse, settings_for(web), city, placed)
    found = warehouse.execute(
        "select count(*), count(camera_latitude) from core.photo_source"
    ).fetchone()
    assert found is not None
    assert found[0] > 5
    assert found[1] == 0


def test_subcategories_are_crawled_too(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, facts: CityFacts
) -> None:
    crawled(warehouse, web, stored)
    queries = {row[0] for row in warehouse.execute("select distinct query from core.photo_source")}
    categories = {sight.commons_category for sight in facts.sights}
    assert queries == categories | {f"Exterior of {category}" for category in categories}


def test_second_crawl_fetches_nothing(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, counts: Counts
) -> None:
    first = crawled(warehouse, web, stored)
    fetched = downloads(counts)
    second = crawled(warehouse, web, stored)
    assert downloads(counts) == fetched
    assert [report.known for report in second] == [report.found for report in first]
    assert all(report.kept == 0 for report in second)


def test_limit_counts_what_is_there_already(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, counts: Counts
) -> None:
    assert [r.kept for r in crawled(warehouse, web, stored, max_images_per_sight=5)] == [5, 5]
    assert [r.kept for r in crawled(warehouse, web, stored, max_images_per_sight=8)] == [3, 3]
    fetched = downloads(counts)
    assert [r.kept for r in crawled(warehouse, web, stored, max_images_per_sight=8)] == [0, 0]
    assert downloads(counts) == fetched


def test_recompressed_copy_is_in_one_cluster_with_its_original(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    crawled(warehouse, web, stored)
    cluster_photos(warehouse, stored[0], settings_for(web))
    sizes = warehouse.execute(
        "select photo_source.title, (select count(*) from core.photo as member"
        " where member.cluster_sha256 = photo.cluster_sha256)"
        " from core.photo inner join core.photo_source on photo.sha256 = photo_source.sha256"
        " where photo_source.title like '%(recompressed)%'"
    ).fetchall()
    assert [size for _, size in sizes] == [2, 2]


def test_photo_that_was_taken_down_is_not_kept(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored, world: World
) -> None:
    digest = hashlib.sha256(world.photos[0].path.read_bytes()).digest()
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by) values (%s, 'asked', 'me')",
        (digest,),
    )
    reports = crawled(warehouse, web, stored)
    assert sum(report.rejected.get("removed", 0) for report in reports) >= 1
    found = warehouse.execute("select 1 from core.photo where sha256 = %s", (digest,)).fetchall()
    assert found == []


def test_wide_photo_comes_as_a_thumbnail_of_an_allowed_width(
    warehouse: psycopg.Connection[Any],
    facts: CityFacts,
    stored: Stored,
    tmp_path: Path,
    counts: Counts,
) -> None:
    world = draw_small_world(tmp_path / "wide")
    wide = world.photos[0]
    with Image.open(wide.path) as picture:
        picture.resize((1500, 1000)).save(wide.path, "JPEG")
    photos = (replace(wide, width=1500, height=1000), *world.photos[1:])
    with WebServer(replace(world, photos=photos), facts, counts) as web:
        crawled(warehouse, web, stored)
    sizes = warehouse.execute(
        "select distinct photo.width_pixels, photo_source.url from core.photo"
        " inner join core.photo_source on photo.sha256 = photo_source.sha256"
        " where photo.width_pixels >= 960"
    ).fetchall()
    assert sizes
    assert all(width == 960 and "/960px-" in url for width, url in sizes)
    assert "refused_thumbnail_width" not in counts.snapshot()["commons"]


def test_sight_without_a_category_is_a_sentence(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    city, sights = stored
    bare = replace(sights[0], commons_category=None)
    with pytest.raises(CrawlError, match="has no Commons category"):
        crawl_photos(warehouse, settings_for(web), city, bare)


def test_category_that_yields_nothing_is_noticed(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    city, sights = stored
    empty = replace(sights[0], commons_category="No such category")
    with pytest.raises(CrawlError, match="yields no file"):
        crawl_photos(warehouse, settings_for(web), city, empty)


def test_commons_on_an_untrusted_private_address_is_refused(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    city, sights = stored
    config = settings_for(web, crawl_trusted_origins="")
    with pytest.raises(ServiceError, match="CRAWL_TRUSTED_ORIGINS"):
        crawl_photos(warehouse, config, city, sights[0])


def test_blobs_are_the_pictures_that_the_rows_describe(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    crawled(warehouse, web, stored)
    rows = warehouse.execute(
        "select photo.sha256, byte_count, width_pixels, height_pixels, bytes from core.photo"
        " inner join core.photo_blob on photo.sha256 = photo_blob.sha256"
    ).fetchall()
    assert rows
    for digest, byte_count, width, height, content in rows:
        assert hashlib.sha256(content).digest() == digest
        assert len(content) == byte_count
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.size == (width, height)


@pytest.mark.parametrize(("most", "kept"), [(400, 25), (7, 7)])
def test_photos_of_sights_elsewhere_are_found_and_cost_no_label(
    warehouse: psycopg.Connection[Any], world: World, facts: CityFacts, most: int, kept: int
) -> None:
    shown = replace(world, elsewhere=replace(world, photos=_upside_down(world)))
    with WebServer(shown, facts, Counts()) as web:
        city, _ = store_sights(warehouse, facts)
        sight = read_sight(warehouse, ensure_elsewhere(warehouse, city.city_id))
        config = settings_for(web, max_background_photos=most)
        report = crawl_photos(warehouse, config, city, sight)
    assert report.kept == kept
    assert not list_photos_to_label(warehouse, VISION_LANDMARKS, city.city_id)
    found = list_backgrounds(warehouse, city)
    assert len(found) == kept
    assert {one.subject for one in found} <= {"Eiffel Tower", "Colosseum"}


def test_city_near_a_well_known_sight_does_not_ask_for_it(
    warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    shown = replace(world, elsewhere=replace(world, photos=_upside_down(world)))
    with WebServer(shown, facts, Counts()) as web:
        city, _ = store_sights(warehouse, facts)
        sight = read_sight(warehouse, ensure_elsewhere(warehouse, city.city_id))
        in_paris = replace(city, place=Place(48.85, 2.35))
        crawl_photos(warehouse, settings_for(web), in_paris, sight)
    assert {one.subject for one in list_backgrounds(warehouse, city)} == {"Colosseum"}


def test_nothing_elsewhere_is_no_failure(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    city, _ = stored
    sight = read_sight(warehouse, ensure_elsewhere(warehouse, city.city_id))
    assert crawl_photos(warehouse, settings_for(web), city, sight).found == 0


# Every fourth of the 25 photos of the world.
STREET_PHOTOS = 7


@pytest.mark.parametrize(("most", "kept"), [(100, STREET_PHOTOS), (4, 4)])
def test_photo_of_a_street_is_a_background_once_vision_has_found_nothing_of_the_city(
    warehouse: psycopg.Connection[Any], world: World, facts: CityFacts, most: int, kept: int
) -> None:
    with WebServer(replace(world, backgrounds=_upside_down(world)), facts, Counts()) as web:
        city, sights = store_sights(warehouse, facts)
        streets = _streets_of(warehouse, city)
        config = settings_for(web, max_street_photos=most)
        report = crawl_photos(warehouse, config, city, streets)
    assert (report.kept, report.sources[0].problem) == (kept, None)
    waiting = list_photos_to_label(warehouse, VISION_LANDMARKS, city.city_id)
    assert len(waiting) == kept
    # Nobody who wants none any more pays for those that are there.
    assert not list_photos_to_label(warehouse, VISION_LANDMARKS, city.city_id, streets_wanted=False)
    assert not list_backgrounds(warehouse, city)
    _answer(warehouse, city, waiting)
    _label(warehouse, city, sights[0], waiting[0], "held_back")
    _label(warehouse, city, None, waiting[1], "unmatched")
    found = list_backgrounds(warehouse, city)
    assert {one.sha256 for one in found} == {*waiting[1:]}
    assert {one.source for one in found} == {2}
    # By the street, so that none is learnt and judged.
    streets_of_city = {f"First Street ({CITY})", f"Second Street ({CITY})"}
    assert {one.subject for one in found} <= {f"Streets in {CITY}", *streets_of_city}


def test_photos_of_a_sight_in_a_street_are_none_of_the_street(
    warehouse: psycopg.Connection[Any], world: World, facts: CityFacts
) -> None:
    """The category of the first sight is below that of the city's streets."""
    with WebServer(replace(world, backgrounds=_upside_down(world)), facts, Counts()) as web:
        city, sights = store_sights(warehouse, facts)
        crawl_photos(warehouse, settings_for(web), city, _streets_of(warehouse, city))
    queries = {query for (query,) in warehouse.execute("select query from core.photo_source")}
    assert queries
    assert not {query for query in queries if sights[0].name in query}


def test_city_of_whose_streets_commons_has_nothing_is_told_so_and_does_not_fail(
    warehouse: psycopg.Connection[Any], web: WebServer, stored: Stored
) -> None:
    city, _ = stored
    report = crawl_photos(warehouse, settings_for(web), city, _streets_of(warehouse, city))
    assert (report.found, report.kept) == (0, 0)
    assert report.sources[0].problem == (
        f"Commons has no photos of streets or houses under the name '{CITY}' (asked for "
        f"'Streets in {CITY}', 'Houses in {CITY}', 'Buildings in {CITY}'): the city has no such "
        "backgrounds"
    )
    assert not report.sources[0].has_ended_early


def _streets_of(warehouse: psycopg.Connection[Any], city: City) -> Sight:
    return read_sight(warehouse, ensure_streets(warehouse, city.city_id, CITY))


def _answer(warehouse: psycopg.Connection[Any], city: City, sha256s: list[bytes]) -> None:
    """Let Vision have answered about photos."""
    for sha256 in sha256s:
        warehouse.execute(
            "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id,"
            " dag_id, run_id, state, price_usd, settled_at, answer) values ('google_vision',"
            " 'landmark_detection', %s, 1, %s, 'd', 'r', 'succeeded', 0, now(), '{}')",
            (sha256, city.city_id),
        )


def _label(
    warehouse: psycopg.Connection[Any],
    city: City,
    sight: Sight | None,
    sha256: bytes,
    state: str,
) -> None:
    """Let the answer about a photo have named a landmark."""
    warehouse.execute(
        "insert into core.label (call_id, annotation_number, city_id, sha256, sight_id, description,"
        " score, x1, y1, x2, y2, state, reason) select call_id, 0, %(city)s, %(sha256)s, %(sight)s,"
        " 'Tower', 0.9, 0.1, 0.1, 0.9, 0.9, %(state)s, 'low_score' from core.paid_call"
        " where subject_sha256 = %(sha256)s",
        {
            "city": city.city_id,
            "sha256": sha256,
            "sight": sight and sight.sight_id,
            "state": state,
        },
    )


def _upside_down(world: World) -> tuple[WorldPhoto, ...]:
    """Return the photos of a world, as photos of others."""
    folder = world.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    made = []
    for photo in world.photos:
        path = folder / photo.file
        with Image.open(photo.path) as image:
            image.transpose(Image.Transpose.ROTATE_180).save(path, quality=90)
        made.append(replace(photo, path=path))
    return tuple(made)
