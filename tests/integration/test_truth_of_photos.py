"""The demo's truth of photos whose bytes the crawl has changed: scaled, turned, converted, stripped."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.counts import Counts
from sandbox.demo.picture import draw_detections
from sandbox.demo.report import PublishedModel, published_model, read_truth
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sandbox.world.world import World
from sightscan.crawl.crawl import crawl_photos
from tests.cities.camera_world import draw_camera_world
from tests.cities.colour_city import COLOURS, FIXTURES
from tests.cities.crawled_city import settings_for, store_sights

Warehouse = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_camera_world(tmp_path_factory.mktemp("world") / "cameras")


@pytest.fixture
def web(world: World) -> Iterator[WebServer]:
    with WebServer(world, facts_of(world), Counts()) as running:
        yield running


def publish(warehouse: Warehouse, city_id: str) -> None:
    """Put the model that finds colours in place; all photos are its test photos."""
    onnx = (FIXTURES / "colours.onnx").read_bytes()
    sha256 = hashlib.sha256(onnx).digest()
    names = list(COLOURS)
    warehouse.execute(
        "insert into core.dataset (city_id, dataset_version, sha256, class_names, sight_ids,"
        " train_count, val_count, test_count, dag_id, run_id)"
        " select %s, 1, %s, %s, '{1,2,3,4,5}', 1, 1, count(*), 'city_small', 'run' from core.photo",
        (city_id, sha256, names),
    )
    warehouse.execute(
        "insert into core.dataset_photo (city_id, dataset_version, sha256, split)"
        " select %s, 1, sha256, 'test' from core.photo",
        (city_id,),
    )
    training = warehouse.execute(
        "insert into core.training_run (city_id, dataset_version, dag_id, run_id, request, state)"
        " values (%s, 1, 'city_small', 'run', '{}', 'succeeded') returning training_id",
        (city_id,),
    ).fetchone()
    assert training is not None
    warehouse.execute(
        "insert into core.model (city_id, model_version, dataset_version, training_id,"
        " class_names, image_size, onnx_sha256, weights_sha256, map50, map50_95,"
        " class_metrics, result, state)"
        " values (%s, 1, 1, %s, %s, 160, %s, %s, 0.9, 0.6, '{}', '{}', 'published')",
        (city_id, training[0], names, sha256, sha256),
    )
    warehouse.execute(
        "insert into core.model_file (city_id, model_version, file_name, sha256, bytes)"
        " values (%s, 1, 'model.onnx', %s, %s)",
        (city_id, sha256, onnx),
    )
    warehouse.execute(
        "insert into core.publication (city_id, model_version, published_by, reason)"
        " values (%s, 1, 'a test', 'first model')",
        (city_id,),
    )


def crawled(
    warehouse: Warehouse, world: World, web: WebServer, source: str
) -> tuple[str, PublishedModel]:
    """Crawl the world from one source; return the city's slug, and its model with its photos."""
    city, sights = store_sights(warehouse, facts_of(world))
    config = settings_for(
        web,
        photo_sources=source,
        licence_policy="any",
        openverse_requests_per_minute=100_000,
        openverse_requests_per_day=1_000_000,
        crawl_obey_robots_of_search_pages=False,
    )
    for sight in sights:
        crawl_photos(warehouse, config, city, sight)
    publish(warehouse, city.city_id)
    found = published_model(warehouse, world, city.slug)
    assert found is not None
    return city.slug, found


@pytest.mark.parametrize(
    "source",
    ["wikimedia_commons", pytest.param("openverse", marks=pytest.mark.nightly), "bing"],
)
def test_all_test_photos_have_truth_at_the_size_they_are_stored_in(
    warehouse: Warehouse, world: World, web: WebServer, source: str
) -> None:
    _, model = crawled(warehouse, world, web, source)
    (stored,) = warehouse.execute("select count(*) from core.photo").fetchone() or (0,)
    assert len(model.test) == model.test_photo_count == stored >= len(world.photos) - len(COLOURS)
    originals = {hashlib.sha256(photo.path.read_bytes()).digest() for photo in world.photos}
    assert not originals & {photo.sha256 for photo in model.test}
    sizes = dict(
        warehouse.execute("select sha256, array[width_pixels, height_pixels] from core.photo")
    )
    for photo in model.test:
        assert [photo.truth.width, photo.truth.height] == sizes[photo.sha256]
    measure = read_truth(warehouse, model).measure
    assert measure.map50 > 0.99
    assert measure.map50_95 > 0.9


def test_photo_that_the_world_does_not_know_is_counted_and_the_picture_is_drawn(
    warehouse: Warehouse, world: World, web: WebServer, tmp_path: Path
) -> None:
    slug, model = crawled(warehouse, world, web, "wikimedia_commons")
    warehouse.execute(
        "update core.photo_source set url = 'https://a.example/1.jpg', page_url = null"
        " where sha256 = %s",
        (model.test[0].sha256,),
    )
    again = published_model(warehouse, world, slug)
    assert again is not None
    assert len(again.test) == len(model.test) - 1
    assert again.test_photo_count == model.test_photo_count
    assert draw_detections(warehouse, again, tmp_path / "drawn.png") is not None
