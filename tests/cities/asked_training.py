"""The coloured city up to its training: dataset frozen, request stored, nothing uploaded."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.dataset.freeze import freeze_dataset
from sightscan.dataset_folder import FrozenDataset
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.train.request import request_training
from sightscan.training import Training
from tests.cities.colour_city import ColourCity


@dataclass(frozen=True)
class Asked:
    """A city whose dataset is frozen and whose training was asked for."""

    config: Settings
    place: ColourCity
    dataset: FrozenDataset
    training: Training


def ask(
    warehouse: psycopg.Connection[Any], place: ColourCity, run_id: str, **overrides: object
) -> Asked:
    """Freeze a dataset of the city and ask for a training of it."""
    chosen = {
        "min_image_number_per_label": 5,
        "mts_epochs": 3,
        "mts_image_size": 160,
        "mts_architecture": "yolov5n",
        "mts_weights": "none",
    }
    config = read_settings(**chosen | overrides)
    run = Run(place.city.city_id, place.city.dag_id, run_id)
    dataset = freeze_dataset(warehouse, config, place.city, run)
    training = request_training(warehouse, config, place.city, run, dataset.version)
    return Asked(config, place, dataset, training)
