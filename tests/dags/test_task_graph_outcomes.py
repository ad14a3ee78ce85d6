"""How a city's run ends: its colour, the instance, the lease, in each outcome of the task graph.

The seventh outcome, a run marked failed by hand, needs a scheduler: see tests/end_to_end.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun

from sightscan.city import City
from sightscan.crawl import crawl as photos
from sightscan.errors import CrawlError
from sightscan.operators.trainings import TrainModelOperator
from sightscan.settings import settings
from sightscan.warehouse.registry.cities import list_cities
from tests.cities.colour_world import SLUG
from tests.dags.airflow_rows import asset_events, dags_due_to_assets, note_of
from tests.dags.conftest import store_dags
from tests.dags.small_cloud import (
    REPOSITORY,
    SmallCloud,
    city_dag,
    quick_trainer,
    run_city,
    small_cloud,
)

OWN_DAGS = REPOSITORY / "docs" / "own-dags.md"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("airflow_database")]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> SmallCloud:
    """Start each outcome with an empty warehouse that knows the city."""
    started.use(monkeypatch)
    started.forget()
    started.add_city()
    return started


@pytest.fixture
def own_dag(airflow_database: None, tmp_path: Path) -> str:
    """Have Airflow know the DAG of docs/own-dags.md that waits for a model, of this city."""
    _, example = re.findall(r"```python\n(.*?)```", OWN_DAGS.read_text(), re.DOTALL)
    (tmp_path / "own.py").write_text(example.replace("lisbon", SLUG))
    bag = DagBag(str(tmp_path), bundle_path=tmp_path)
    assert bag.import_errors == {}
    store_dags(bag)
    return "welcome_model"


def the_city(cloud: SmallCloud) -> City:
    with cloud.connect() as connection:
        (city,) = list_cities(connection)
    return city


def states(run: DagRun) -> dict[str, str]:
    return {
        f"{ti.task_id}{'' if ti.map_index < 0 else ti.map_index}": str(ti.state)
        for ti in run.get_task_instances()
    }


def assert_no_gpu_is_left(cloud: SmallCloud) -> None:
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
    assert cloud.one("select count(*) from core.instance_session where stopped_at is null") == 0


def test_all_well_is_green_and_publishes(cloud: SmallCloud, own_dag: str) -> None:
    run = run_city()
    assert run.state == "success", states(run)
    note = note_of(run)
    assert note.startswith("**Published.** ")
    assert "| model | 1 (mAP50 " in note
    photos = cloud.one("select count(*) from core.photo")
    labels = cloud.one("select count(*) from core.label where state = 'accepted'")
    splits = cloud.one(
        "select jsonb_build_object('train', train_count, 'val', val_count, 'test', test_count)"
        " from core.dataset"
    )
    assert asset_events(run) == {
        f"sightscan_{kind}_{SLUG}": {"city": SLUG, **extra}
        for kind, extra in {
            "photos": {"photos": photos},
            "labels": {"labels": labels, "relabelled": 0},
            "marts": {"warned": 0},
            "dataset": {"version": 1, "photos": splits},
            "model": {"version": 1, "map50": cloud.one("select map50 from core.model")},
        }.items()
    }
    assert dags_due_to_assets() == {own_dag}
    assert cloud.one("select model_version from mart.published_model") == 1
    assert cloud.one("select state from core.training_run") == "succeeded"
    assert cloud.one("select jsonb_array_length(epoch_metrics) from core.training_run") == 3
    assert cloud.one("select sum(photos_new)::int from core.stage_report") == cloud.one(
        "select count(distinct (sight_id, sha256)) from core.photo_source"
    )
    assert_no_gpu_is_left(cloud)
    sent = cloud.control.counts()["vision"]
    assert sent["images"] == cloud.one(
        "select count(distinct subject_sha256) from core.paid_call where state = 'succeeded'"
    )
    assert sent.get("images_repeated", 0) == 0


def test_second_run_pays_and_trains_nothing_and_is_green(cloud: SmallCloud) -> None:
    run_city()
    before = cloud.control.counts()["vision"]["images"]
    starts = len(cloud.control.instance_history())
    run = run_city()
    assert run.state == "success", states(run)
    assert states(run)["decide_training"] == "skipped"
    assert states(run)["stop_instance"] == "skipped"
    assert "**Nothing trained.** 0 new labelled photos since model 1" in note_of(run)
    # Nothing else was made.
    assert set(asset_events(run)) == {f"sightscan_marts_{SLUG}"}
    assert cloud.control.counts()["vision"]["images"] == before
    assert len(cloud.control.instance_history()) == starts


def test_model_that_is_no_better_is_told_in_the_note_and_to_no_dag(cloud: SmallCloud) -> None:
    run_city()
    run = run_city(force_training=True)
    assert run.state == "success", states(run)
    assert note_of(run).startswith("**Not published.** ")
    assert "| model | 2 (mAP50 1.000) | 1 (in place, mAP50 1.000) |" in note_of(run)
    # The dataset is the one of the first run.
    assert set(asset_events(run)) == {f"sightscan_marts_{SLUG}"}


@pytest.mark.parametrize("conf", [{"vision_call": 10}, {"photo_sources": "opnverse"}])
def test_run_that_cannot_be_meant_is_red_and_asks_nobody(
    cloud: SmallCloud, conf: dict[str, object]
) -> None:
    before = cloud.control.counts()
    run = run_city(**conf)
    assert run.state == "failed"
    ended = states(run)
    assert ended.pop("estimate_spend") == "failed"
    assert set(ended.values()) == {"upstream_failed"}
    assert cloud.control.counts() == before


def test_one_sight_that_cannot_be_crawled_is_red_but_the_city_goes_on(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = photos.crawl_photos

    def fail_first(connection: Any, config: Any, city: Any, sight: Any, **save: Any) -> Any:
        if sight.rank == 1:
            msg = "Commons is out of order for this sight"
            raise CrawlError(msg)
        return real(connection, config, city, sight, **save)

    monkeypatch.setattr(photos, "crawl_photos", fail_first)
    run = run_city()
    assert run.state == "failed"
    assert states(run)["publish_model"] == "success"
    assert note_of(run).startswith(
        "**Failed.** crawl_photos \\[0\\] failed: Commons is out of order for "
        "this sight\n\n**Published.** "
    )
    assert cloud.one("select array_length(class_names, 1) from mart.published_model") == 4
    assert_no_gpu_is_left(cloud)


@pytest.mark.nightly
def test_failed_start_is_red_and_leaves_nothing_running(cloud: SmallCloud) -> None:
    cloud.control.refuse_next_starts(1)
    run = run_city()
    assert run.state == "failed"
    assert states(run)["start_instance"] == "failed"
    assert states(run)["stop_instance"] == "success"
    assert cloud.one("select count(*) from core.publication") == 0
    assert_no_gpu_is_left(cloud)


def test_failed_training_is_red_says_why_and_stops_the_instance(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTS_TRAINER_COMMAND", quick_trainer("--fail"))
    settings.cache_clear()
    run = run_city()
    assert run.state == "failed"
    assert states(run)["train_model"] == "failed"
    assert "**Failed.** train_model failed: Remote job failed with exit code: 1" in note_of(run)
    assert "Cost: " in note_of(run)
    assert f"sightscan_model_{SLUG}" not in asset_events(run)
    assert cloud.one("select state from core.training_run") == "failed"
    assert cloud.one("select error from core.training_run") == (
        "Remote job failed with exit code: 1 (the training itself failed): asked to fail"
    )
    assert_no_gpu_is_left(cloud)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("trainer", "state", "last_words"),
    [
        # Again, after the epoch that it had done.
        (("--die-after", "2"), "success", ["", "going on after epoch 2"]),
        # Not again: the same input would be refused again.
        (("--status", "2"), "failed", ["BadDataset: asked for status 2"]),
    ],
)
def test_training_is_tried_again_where_that_can_help(
    cloud: SmallCloud,
    monkeypatch: pytest.MonkeyPatch,
    trainer: tuple[str, ...],
    state: str,
    last_words: list[str],
) -> None:
    home = cloud.sandbox._state / "instances" / cloud.instance_id / "home"
    # The disk of the instance remembers the trainings of other tests.
    for folder in (home / "sightscan" / "runs", home / ".sightscan-jobs"):
        shutil.rmtree(folder, ignore_errors=True)
    monkeypatch.setenv("MTS_TRAINER_COMMAND", quick_trainer(*trainer))
    settings.cache_clear()
    dag = city_dag()
    train = dag.get_task("train_model")
    train.retries, train.retry_delay = 1, timedelta(0)
    run = dag.test()
    assert run.state == state, states(run)
    logs = [path.read_text().strip() for path in home.glob(".sightscan-jobs/*/stdout.log")]
    assert sorted(logs) == last_words
    assert_no_gpu_is_left(cloud)


def test_failed_publication_is_red_and_the_next_run_judges_before_it_trains(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTS_TRAINER_COMMAND", quick_trainer("--break-export"))
    settings.cache_clear()
    run = run_city()
    assert run.state == "failed"
    assert states(run)["publish_model"] == "failed"
    assert states(run)["stop_instance"] == "success"
    assert cloud.one("select count(*) from core.publication") == 0
    assert_no_gpu_is_left(cloud)
    # As if the export had been whole.
    with cloud.connect() as connection:
        connection.execute("update core.model set result = result - 'samples'")
    starts = len(cloud.control.instance_history())
    run = run_city()
    assert run.state == "success", states(run)
    assert states(run)["decide_training"] == "skipped"
    assert cloud.one("select decision from core.model").startswith("first model: mAP50 1.000")
    assert cloud.one("select published_by from core.publication") == f"{run.dag_id}/{run.run_id}"
    assert len(cloud.control.instance_history()) == starts


@pytest.mark.nightly
def test_failed_stop_is_red_and_the_reaper_stops_the_instance(cloud: SmallCloud) -> None:
    dag = city_dag()
    dag.get_task("stop_instance").retries = 0
    cloud.control.fail_next_requests("StopInstances", "UnauthorizedOperation", 1)
    run = dag.test()
    assert run.state == "failed"
    assert states(run)["stop_instance"] == "failed"
    assert cloud.one("select count(*) from mart.published_model") == 1
    assert cloud.instance_state() == "running"
    assert cloud.one("select count(*) from core.instance_lease") == 1
    reaper = DagBag(str(REPOSITORY / "dags")).dags["stop_idle_instances"].test()
    assert reaper.state == "success"
    assert cloud.one("select stopped_by from core.instance_session") == "reaper"
    assert_no_gpu_is_left(cloud)


@pytest.mark.nightly
def test_machine_is_stopped_though_the_warehouse_died_in_mid_training(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TrainModelOperator.defer

    def defer(self: TrainModelOperator, **kwargs: Any) -> None:
        cloud.let_nobody_in(is_out=True)
        real(self, **kwargs)

    monkeypatch.setattr(TrainModelOperator, "defer", defer)
    reaper = DagBag(str(REPOSITORY / "dags")).dags["stop_idle_instances"]
    reaper.get_task("stop_idle_instances").retries = 0
    try:
        run = run_city()
        assert run.state == "failed"
        assert states(run)["stop_instance"] == "failed"
        assert cloud.instance_state() == "stopped"
        assert reaper.test().state == "failed"
    finally:
        cloud.let_nobody_in(is_out=False)
    assert reaper.test().state == "success"
    assert_no_gpu_is_left(cloud)
    seconds = "select sum(extract(epoch from stopped_at - running_at))::float"
    on = cloud.seconds_on()[-1]
    assert cloud.one(f"{seconds} from core.instance_session") == pytest.approx(on, abs=2)
    assert cloud.one("select city_id is not null from core.session_cost")


def test_nothing_to_train_on_is_green_and_says_what_is_missing(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING", "1000")
    settings.cache_clear()
    run = run_city()
    assert run.state == "success", states(run)
    assert states(run)["freeze_dataset"] == "skipped"
    reason = cloud.one(
        "select report ->> 'reason' from core.stage_report where task_id = 'decide_training'"
    )
    assert "1000 needed" in reason
    assert "to go" in reason
    assert cloud.instance_state() == "stopped"


def test_run_that_might_pass_a_budget_is_red_before_it_spends(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_USD_PER_RUN", "0.01")
    settings.cache_clear()
    run = run_city()
    assert run.state == "failed"
    assert states(run)["estimate_spend"] == "failed"
    assert cloud.one("select count(*) from core.paid_call") == 0
    assert cloud.one("select count(*) from core.instance_session") == 0
    refusal = cloud.one("select refusal from core.spend_estimate where ended_at is not null")
    assert "MAX_USD_PER_RUN=0.01" in refusal


def test_trigger_form_overrides_the_settings_for_one_run(cloud: SmallCloud) -> None:
    run = run_city(sights=2, photos_per_sight=4, vision_calls=5)
    assert states(run)["decide_training"] == "skipped"
    assert cloud.one("select count(distinct sight_id) from core.photo_source") == 2
    assert cloud.one("select count(*) from core.paid_call") == 5
    assert the_city(cloud).overrides == {}
