"""Three cities at once on a cluster of which parts are killed with -9: nothing is lost, paid or trained twice.

One story serves all tests here, that of `cluster_story.py`. How long Airflow takes to miss its parts is set to
seconds; the training is the quick one.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.cluster.cluster import require_redis
from tests.cluster.processes import processes_of
from tests.cluster.secret_search import find_in_files, find_in_tables
from tests.end_to_end.cluster_setup import secrets_of, told_trial
from tests.end_to_end.cluster_trial import CITIES, Task, Trial, key_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

# Of a run that finds nothing new.
SKIPPED = {
    "decide_training",
    "freeze_dataset",
    "reserve_instance",
    "start_instance",
    "await_host",
    "upload_dataset",
    "train_model",
    "register_model",
    "publish_model",
    "stop_instance",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Start everything, tell the story, and keep what is left of it."""
    require_redis()
    with told_trial(tmp_path_factory.mktemp("cluster")) as trial:
        yield trial


def test_every_run_ends_as_the_graph_says(told: Trial) -> None:
    for dag_id, run_id in told.runs.items():
        states = states_of(told, dag_id, run_id)
        assert {task[2]: state for task, state in states.items() if state != "success"} == {}
        assert told.api.run_state(dag_id, run_id) == "success"
    states = states_of(told, *told.again)
    assert {task[2] for task, state in states.items() if state == "skipped"} == SKIPPED
    assert set(states.values()) == {"success", "skipped"}
    assert told.api.run_state(*told.again) == "success"


def test_only_what_ran_on_a_killed_worker_is_tried_again(told: Trial) -> None:
    cities = told.dag_ids
    again = {
        key_of(task) for task in told.tasks() if task["dag_id"] in cities and task["try_number"] > 1
    }
    assert again <= told.killed
    assert {"crawl_photos", "label_photos", "train_model"} <= {
        task_id for _, _, task_id, _ in again
    }
    # What Redis lost was sent again, and lost no try by it.
    assert told.lost - told.killed
    assert not (told.lost - told.killed) & again


def test_nothing_is_paid_twice(told: Trial) -> None:
    assert told.unanswered > 0
    assert told.vision("images_repeated") == 0
    assert told.vision("images") == told.cloud.one("select count(*) from core.paid_call")
    assert told.unanswered == told.cloud.one(
        "select count(*) from core.paid_call where state = 'unknown'"
    )


def test_the_warehouse_has_what_the_stand_ins_showed(told: Trial) -> None:
    asked = told.cloud.control.counts()["commons"]
    downloads = asked.get("file_downloads", 0) + asked.get("thumbnail_downloads", 0)
    # A crawl that was killed may fetch a photo again that it had not stored.
    assert told.cloud.one("select count(distinct url_sha256) from core.photo_source") <= downloads
    photos = "select count(distinct city_id) from core.sight inner join core.photo_source using (sight_id)"
    assert told.cloud.one(photos) == len(CITIES)
    assert told.cloud.one("select count(*) from core.label") > 0


def test_nothing_is_trained_twice(told: Trial) -> None:
    home = told.cloud.home(told.cloud.instance_id)
    progress = list(home.glob("sightscan/runs/*/*/model/progress.jsonl"))
    assert progress
    assert {len(file.read_text().splitlines()) for file in progress} == {3}
    epochs = "select array_agg(jsonb_array_length(epoch_metrics)) from core.training_run"
    assert told.cloud.one(epochs) == [3] * len(CITIES)
    # Each is registered and judged. None is good: the other cities' sights, which are its backgrounds,
    # have its colours.
    assert told.cloud.one("select count(*) from core.model") == len(CITIES)
    assert set(told.holders) == set(told.dag_ids)


def test_the_machine_is_off_nobody_holds_it_and_the_bill_is_ec2s(told: Trial) -> None:
    assert told.cloud.instance_state() == "stopped"
    assert told.cloud.one("select count(*) from core.instance_lease") == 0
    assert (
        told.cloud.one("select count(*) from core.instance_session where stopped_at is null") == 0
    )
    billed = told.cloud.one(
        "select sum(extract(epoch from stopped_at - running_at))::float from core.instance_session"
    )
    assert billed == pytest.approx(sum(told.cloud.seconds_on()), abs=2 * len(CITIES))


def test_no_secret_is_in_any_log_file_table_or_command_line(told: Trial) -> None:
    secrets, folder = secrets_of(told), told.folder
    addresses = told.cloud.addresses
    # As the superuser, who reads every table.
    databases = [
        replace(addresses.postgres, database=address.database)
        for address in (addresses.warehouse, addresses.airflow_db)
    ]
    homes = [folder / "airflow" / "secrets", folder / "airflow" / "passwords.json"]
    logs = [folder / "airflow", *told.cloud.state.glob("instances")]
    assert find_in_files(logs, secrets, but=homes) == []
    for address in databases:
        assert find_in_tables(address, secrets) == []
    ours = processes_of(folder / "airflow")
    assert len(ours) > len(told.cluster.parts)
    lines = [" ".join(process.cmdline()) for process in ours if process.is_running()]
    assert [name for name, secret in secrets.items() if any(secret in line for line in lines)] == []
    # It would have found them.
    (folder / "airflow" / "planted.log").write_text(f"password={secrets['Redis']}")
    assert find_in_files(logs, secrets, but=homes) == [
        f"Redis in {folder / 'airflow' / 'planted.log'}"
    ]
    with told.cloud.connect() as connection:
        connection.execute(
            "update core.stage_report set report = report || %s::jsonb",
            [json.dumps({"planted": secrets["PGPASSWORD"]})],
        )
    found = find_in_tables(databases[0], secrets)
    assert found == ["PGPASSWORD in sightscan: core.stage_report"]


def test_nobody_is_left_when_the_cluster_ends(told: Trial) -> None:
    told.cluster.stop()
    assert processes_of(told.folder / "airflow") == []
    assert processes_of(told.cloud.home(told.cloud.instance_id)) == []


def states_of(trial: Trial, dag_id: str, run_id: str) -> dict[Task, str]:
    return {key_of(task): task["state"] for task in trial.tasks(dag_id=dag_id, run_id=run_id)}
