"""What a training would start from is looked for in a run's first task, before anything is spent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.errors import SettingsError
from sightscan.operators import stages
from sightscan.operators.work import CityWork
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.signature import write_key
from sightscan.training import TrainingRequest
from sightscan.warehouse.models.instances import lease_instance
from sightscan.warehouse.models.trainings import insert_training
from sightscan.warehouse.registry.cities import add_city
from tests.cities.published_city import publish_model

CITY = City("Q8851", "malaga", "Málaga", "Spain", Place(36.72, -4.42), 8_000)
OWN = Run("Q8851", "city_malaga", "run 1")


@pytest.fixture
def begin(
    warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Run the first task of a run, with other settings; there are no weights of COCO."""
    add_city(warehouse, CITY)
    context: Any = {"dag": SimpleNamespace(params={}), "dag_run": SimpleNamespace(conf={})}

    def run(**changed: object) -> None:
        chosen = {"mts_ec2_instance_id": "i-1", "mts_weights_folder": tmp_path}
        config = read_settings(**chosen | changed)

        @contextmanager
        def city_work(_slug: str) -> Iterator[CityWork]:
            yield CityWork(connection=warehouse, city=CITY, config=config, run=OWN, params={})

        monkeypatch.setattr(stages, "get_current_context", lambda: context)
        monkeypatch.setattr(stages, "city_work", city_work)
        monkeypatch.setattr(stages, "estimate_run", lambda _work: "estimated")
        assert stages.estimate_spend.function(slug="malaga") == "estimated"

    return run


def test_weights_that_are_not_there_end_the_run_before_its_estimate(begin: Any) -> None:
    with pytest.raises(SettingsError, match=r"`make weights FROM=<file or URL of yolov5s\.pt>`"):
        begin()


@pytest.mark.parametrize(
    "changed", [{"mts_weights": "none"}, {"mts_ec2_instance_id": ""}], ids=["asked", "no GPU"]
)
def test_run_that_needs_none_goes_on(begin: Any, changed: dict[str, object]) -> None:
    begin(**changed)


def test_run_that_holds_an_instance_is_not_refused(
    begin: Any, warehouse: psycopg.Connection[Any]
) -> None:
    lease_instance(warehouse, OWN, ["i-1"], seconds=60)
    begin()


def test_run_that_has_asked_for_its_training_is_not_refused(
    begin: Any, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute(
        "insert into core.dataset values"
        " ('Q8851', 1, sha256('d'), '{Gate}', '{1}', 9, 1, 1, 'city_malaga', 'run 1')"
    )
    request = TrainingRequest(3, 64, 8, 1, 600, "yolov5n")
    insert_training(warehouse, OWN, dataset_version=1, request=request)
    begin()


def test_model_in_place_that_nobody_may_load_is_no_start(
    begin: Any, warehouse: psycopg.Connection[Any]
) -> None:
    publish_model(warehouse, 2)  # of another run
    begin(mts_weights="model")
    with pytest.raises(SettingsError, match="the weights of COCO"):
        begin(mts_weights="model", model_public_keys=write_key(bytes(32)))
    begin(mts_weights="none", model_public_keys=write_key(bytes(32)))
