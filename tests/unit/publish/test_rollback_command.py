"""`sightscan model rollback`: one command, or one sentence."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.models.models import conclude_model, insert_publication, read_model
from tests.cities.colour_city import ask_training, store_colour_city, write_model_folder


def run(*arguments: str) -> int:
    return main(["model", "rollback", *arguments])


@pytest.fixture
def two_published(warehouse: psycopg.Connection[Any], tmp_path: Path) -> None:
    place = store_colour_city(warehouse, photos_a_sight=5)
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(place.city.city_id, "d", "run"))
    for run_id in ("run 1", "run 2"):
        training = ask_training(warehouse, dataset, run_id)
        folder = write_model_folder(tmp_path / run_id, training, dataset)
        version = register_model(warehouse, training, folder)
        conclude_model(
            warehouse,
            read_model(warehouse, place.city.city_id, version),
            published=True,
            decision="good",
            map50=0.9,
            map50_95=0.6,
            class_metrics=[],
            hidden_sight_ids=[],
        )
        insert_publication(
            warehouse, place.city.city_id, version, published_by="test", reason="good"
        )


@pytest.mark.usefixtures("two_published")
def test_rollback_says_what_is_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("malaga", "--reason", "false alarms") == 0
    assert capsys.readouterr().out == "malaga: model 1 is in place\n"


@pytest.mark.usefixtures("two_published")
def test_unknown_city_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("malga", "--reason", "false alarms") == 2
    assert capsys.readouterr().err.startswith("error: no city 'malga' in the registry")
