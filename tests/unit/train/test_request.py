"""Asking for a training: once a run, from the right weights."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import SettingsError
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.train.request import request_training
from sightscan.training import Training
from tests.cities.colour_city import ColourCity, store_colour_city


@pytest.fixture
def place(warehouse: psycopg.Connection[Any]) -> ColourCity:
    return store_colour_city(warehouse, photos_a_sight=5)


def request(warehouse: psycopg.Connection[Any], place: ColourCity, **overrides: object) -> Training:
    config = read_settings(min_image_number_per_label=5, **overrides)
    run = Run(place.city.city_id, "d", "run")
    dataset = freeze_dataset(warehouse, config, place.city, run)
    return request_training(warehouse, config, place.city, run, dataset.version)


def test_request_carries_the_settings(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    training = request(warehouse, place, mts_epochs=7, mts_image_size=224, mts_batch_size=8)
    found = training.request
    assert (found.epochs, found.image_size, found.batch_size) == (7, 224, 8)


def test_run_that_asked_gets_what_it_asked_for_again(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    first = request(warehouse, place, mts_epochs=7)
    assert request(warehouse, place, mts_epochs=9) == first


def test_first_model_starts_from_nothing(
    warehouse: psycopg.Connection[Any], place: ColourCity
) -> None:
    assert request(warehouse, place).request.weights is None


def test_other_weights_are_another_training(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path
) -> None:
    weights = tmp_path / "start.pt"
    weights.write_bytes(b"one")
    one = request(warehouse, place, mts_weights=weights)
    weights.write_bytes(b"other")
    warehouse.execute("delete from core.training_run")
    other = request(warehouse, place, mts_weights=weights)
    assert one.run_folder != other.run_folder


@pytest.mark.parametrize("name", ["missing.pt", "readme.txt"])
def test_weights_that_are_none_are_named(
    warehouse: psycopg.Connection[Any], place: ColourCity, tmp_path: Path, name: str
) -> None:
    (tmp_path / "readme.txt").write_text("no weights", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"MTS_WEIGHTS='.*{name}' is not a"):
        request(warehouse, place, mts_weights=tmp_path / name)
