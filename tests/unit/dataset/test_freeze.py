"""Freezing: again is the same, and what was frozen never changes."""

from typing import Any

import psycopg
import pytest

from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset, hash_dataset
from sightscan.errors import DatasetError
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.models.datasets import list_dataset_photos
from tests.cities.colour_city import ColourCity, add_photo, store_colour_city


@pytest.fixture
def config(warehouse: psycopg.Connection[Any]) -> Settings:
    return read_settings(min_image_number_per_label=5)


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=8)


def freeze(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity, run_id: str = "run 1"
) -> FrozenDataset:
    return freeze_dataset(
        warehouse, config, place.city, Run(place.city.city_id, "city_malaga", run_id)
    )


def add_photos(warehouse: psycopg.Connection[Any], place: ColourCity, count: int) -> None:
    for number in range(count):
        add_photo(warehouse, place.city, place.sights[0], f"later {number}")


def test_dataset_has_each_photo_once(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> None:
    dataset = freeze(warehouse, config, place)
    assert dataset.version == 1
    assert sum(dataset.counts.values()) == 40
    assert dataset.class_names == tuple(place.photos)


def test_same_contents_give_the_same_version(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> None:
    first = freeze(warehouse, config, place, "run 1")
    assert freeze(warehouse, config, place, "run 2") == first


def test_run_that_froze_gets_its_dataset_again_whatever_came_since(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> None:
    first = freeze(warehouse, config, place, "run 1")
    add_photos(warehouse, place, 1)
    assert freeze(warehouse, config, place, "run 1") == first


def test_more_photos_give_a_next_version_with_the_earlier_splits(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> None:
    first = freeze(warehouse, config, place, "run 1")
    add_photos(warehouse, place, 20)
    second = freeze(warehouse, config, place, "run 2")
    assert second.version == 2
    before, after = (
        {
            one.sha256: one.split
            for one in list_dataset_photos(warehouse, place.city.city_id, dataset.version)
        }
        for dataset in (first, second)
    )
    assert {sha256: after[sha256] for sha256 in before} == before
    assert len(after) == len(before) + 20


def test_stored_dataset_hashes_to_its_own_hash(
    warehouse: psycopg.Connection[Any], config: Settings, place: ColourCity
) -> None:
    dataset = freeze(warehouse, config, place)
    photos = list_dataset_photos(warehouse, place.city.city_id, dataset.version)
    assert hash_dataset(place.city.city_id, dataset.class_names, photos) == dataset.sha256
    rows = warehouse.execute("select sha256, cluster_sha256 from core.photo").fetchall()
    clusters = dict(rows)
    assert all(clusters[photo.sha256] in photo.links for photo in photos)


def test_too_few_photos_freeze_nothing(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    config = read_settings(min_image_number_per_label=9)
    with pytest.raises(DatasetError, match="no sight has 9 labelled photos"):
        freeze(warehouse, config, place)
    assert warehouse.execute("select count(*) from core.dataset").fetchone() == (0,)
