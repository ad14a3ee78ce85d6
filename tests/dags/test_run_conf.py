"""What a run may be asked for: what cannot be meant is refused before anything is spent."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import DagRunTypeNotAllowed
from airflow.models.backfill import ReprocessBehavior, _create_backfill
from airflow.models.dag import DagModel
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session

from sightscan.errors import SettingsError
from sightscan.operators import stages
from sightscan.operators.run_conf import check_conf
from sightscan.operators.work import FORM_FIELDS, form_overrides
from sightscan.settings import read_settings
from tests.dags.conftest import SLUG, store_dags

REPOSITORY = Path(__file__).resolve().parents[2]
CITY_DAG = f"city_{SLUG}"


@pytest.fixture
def bag(snapshot: Path) -> DagBag:
    """Parse the DAGs of two cities, one of them retired."""
    return DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags")


@pytest.mark.parametrize("conf", [None, {}, {"sights": 3}, {"vision_calls": 0, "epochs": None}])
def test_conf_with_fields_of_the_form_is_taken(conf: dict[str, object] | None) -> None:
    check_conf(conf, FORM_FIELDS)


@pytest.mark.parametrize(
    ("conf", "named"),
    [
        ({"vision_call": 10}, "'vision_call' (did you mean 'vision_calls'?)"),
        ({"Vision_Calls": 10}, "'Vision_Calls' (did you mean 'vision_calls'?)"),
        ({"max_images_per_sight": 10}, "'max_images_per_sight'"),
        ({"mts_epochs": 10}, "'mts_epochs' (did you mean 'epochs'?)"),
        ({"sights": 3, "sight": 3, "xyz": 1}, "'sight' (did you mean 'sights'?), 'xyz',"),
        ({"": 1}, "'',"),
    ],
)
def test_unknown_name_is_refused_and_told_the_nearest(conf: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_conf(conf, FORM_FIELDS)
    assert f"names {named}" in str(caught.value)
    assert "photos_per_sight, seed, sights" in str(caught.value)
    assert "nothing was spent" in str(caught.value)


def test_first_task_refuses_before_it_opens_anything(
    bag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Any = {
        "dag": bag.dags[CITY_DAG],
        "dag_run": SimpleNamespace(conf={"vision_call": 10}),
    }
    monkeypatch.setattr(stages, "get_current_context", lambda: context)
    monkeypatch.setattr(stages, "city_work", lambda slug: pytest.fail(f"opened for {slug}"))
    with pytest.raises(SettingsError, match="did you mean 'vision_calls'"):
        stages.estimate_spend.function(slug=SLUG)


@pytest.mark.parametrize(
    "conf",
    [
        {"sights": 0},
        {"sights": 201},
        {"sights": "7"},
        {"sights": 1.5},
        {"sights": True},
        {"photos_per_sight": -1},
        {"photos_per_sight": 10_001},
        {"vision_calls": -1},
        {"vision_calls": 1_000_001},
        {"epochs": 2_001},
        {"image_size": 650},
        {"image_size": 1_568},
        {"architecture": "yolov8n"},
        {"weights": "yolov5n.pt"},
        {"batch_size": 513},
        {"batch_size": -1},
        {"minutes": 0},
        {"minutes": 1_381},
        {"minutes": 1.5},
        {"patience": -1},
        {"patience": 2_001},
        {"seed": -1},
        {"seed": 2_147_483_648},
        {"licence_policy": "free"},
        {"full_resolution": "yes"},
        {"force_training": None},
        {"photo_sources": ["nonsense"]},
        {"photo_sources": []},
        {"photo_sources": ["flickr", "flickr"]},
        {"photo_sources": 3},
    ],
)
def test_value_that_cannot_be_meant_is_refused_when_the_run_is_asked_for(
    bag: DagBag, conf: dict[str, object]
) -> None:
    # As Airflow does it for the form, its API and its command line.
    dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[CITY_DAG]))
    with pytest.raises(ParamValidationError, match=next(iter(conf))):
        dag.params.deep_merge(conf).validate()


@pytest.mark.parametrize(
    "sources", [None, "flickr", "flickr,google", ["flickr"], ["google", "local_folder"]]
)
def test_sources_are_chosen_from_a_list_or_named_with_commas(bag: DagBag, sources: object) -> None:
    dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[CITY_DAG]))
    dag.params.deep_merge({"photo_sources": sources}).validate()
    field = dag.params.get_param("photo_sources")
    # The form makes a choice of several of what is first an array and has examples.
    assert field.schema["type"] == ["null", "array", "string"]
    assert field.schema["examples"] == [
        *("wikimedia_commons", "openverse", "flickr", "google", "bing", "local_folder")
    ]


def test_form_replaces_settings_for_one_run() -> None:
    form = {
        "architecture": "yolov5m",
        "weights": "coco",
        "batch_size": 0,
        "minutes": 90,
        "patience": 12,
        "seed": 7,
        "photo_sources": ["flickr", "google"],
        "epochs": None,
    }
    config = read_settings().with_overrides(form_overrides(form))
    assert (config.mts_architecture, config.mts_weights) == ("yolov5m", "coco")
    assert (config.mts_batch_size, config.mts_patience, config.mts_seed) == (0, 12, 7)
    assert (config.mts_time_limit_seconds, config.mts_epochs) == (5_400, 100)
    assert config.photo_sources == "flickr,google"


@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("epochs", "mts_epochs"),
        ("image_size", "mts_image_size"),
        ("batch_size", "mts_batch_size"),
        ("patience", "mts_patience"),
        ("seed", "mts_seed"),
        ("minutes", "mts_time_limit_seconds"),
    ],
)
def test_whatever_the_form_takes_the_settings_take(bag: DagBag, field: str, setting: str) -> None:
    schema = bag.dags[CITY_DAG].params.get_param(field).schema
    for value in (schema["minimum"], schema["maximum"]):
        config = read_settings().with_overrides(form_overrides({field: value}))
        assert getattr(config, setting) == value * (60 if field == "minutes" else 1)


@pytest.mark.usefixtures("airflow_database")
def test_only_the_marts_can_be_backfilled(bag: DagBag) -> None:
    store_dags(bag)
    for dag_id in (CITY_DAG, "stop_idle_instances", "sync_cities", "tell_incidents"):
        with pytest.raises(DagRunTypeNotAllowed, match="does not allow backfill"):
            backfill(dag_id)
    with create_session() as session:
        allowed = {dag_id: session.get(DagModel, dag_id).allowed_run_types for dag_id in bag.dags}
    assert allowed.pop("refresh_data_marts") is None
    # Nor that: it has no time.
    assert allowed.pop("city_retired") == ["scheduled"]
    others = [
        *("asset_materialization", "asset_triggered", "manual", "operator_triggered", "scheduled")
    ]
    assert set(map(tuple, allowed.values())) == {tuple(others)}
    created = backfill("refresh_data_marts")
    assert created.dag_id == "refresh_data_marts"


def backfill(dag_id: str) -> Any:
    """Do what `airflow backfill create` does."""
    return _create_backfill(
        dag_id=dag_id,
        from_date=datetime(2026, 11, 1, tzinfo=UTC),
        to_date=datetime(2026, 11, 1, 1, tzinfo=UTC),
        max_active_runs=1,
        reverse=False,
        triggering_user_name="test",
        dag_run_conf=None,
        reprocess_behavior=ReprocessBehavior.NONE,
    )
