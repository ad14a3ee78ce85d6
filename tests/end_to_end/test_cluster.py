"""Three cities at once on a cluster of which parts are killed with -9: nothing is lost, paid or trained twice.

One story serves all tests here, that of `cluster_story.py`. How long Airflow takes to miss its parts is set to
seconds; the training is the quick one.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandbox.files import write_private
from sandbox.ports import free_port
from sandbox.vision.landmark_answers import NO_ERRORS
from tests.cities.colour_world import draw_colour_city
from tests.dags.small_cloud import cloud_of, quick_trainer
from tests.end_to_end.cluster import Cluster, require_redis
from tests.end_to_end.cluster_story import tell
from tests.end_to_end.cluster_trial import (
    BUCKET,
    CITIES,
    SNAPSHOT_KEY,
    Task,
    Trial,
    key_of,
    object_store,
    store_snapshot,
)
from tests.end_to_end.secret_search import find_in_files, find_in_tables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SIGHTS, PHOTOS = 3, 14
QUICK_TO_NOTICE = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    # A message that is older is refused, so a busy machine needs this, too.
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "1",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}
GOOGLE_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"

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
    folder = tmp_path_factory.mktemp("cluster")
    first, *others = (
        draw_colour_city(folder / f"world-{number}", city, SIGHTS, PHOTOS).folder
        for number, city in enumerate(CITIES)
    )
    with (
        cloud_of(folder, first, neighbours=tuple(others), vision_errors=NO_ERRORS) as cloud,
        object_store(cloud.addresses.aws.region) as store,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        aws = cloud.addresses.aws
        write_private(folder / "google.json", json.dumps({"private_key": GOOGLE_KEY}))
        cloud.environment |= {
            "MTS_PRICE_PER_HOUR_USD": "3.6",
            "MTS_TRAINER_COMMAND": quick_trainer("--await", str(folder / "go")),
            "MAX_BACKGROUND_PHOTOS": "0",
            "VISION_CONCURRENCY": "1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "google.json"),
            "REGISTRY_SNAPSHOT": f"s3://{BUCKET}/{SNAPSHOT_KEY}",
            "AWS_ENDPOINT_URL_S3": store.meta.endpoint_url,
            "AWS_SECRET_ACCESS_KEY": aws.access_key,
            "AWS_DEFAULT_REGION": aws.region,
        }
        cloud.use(monkeypatch)
        cities = [cloud.add_city(city) for city in CITIES]
        store_snapshot(store, cities)
        environment = cloud.environment | QUICK_TO_NOTICE
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = cloud.addresses.airflow_db.url()
        cluster = Cluster(folder / "airflow", free_port(), environment)
        trial = Trial(cloud, cluster, folder)
        try:
            cluster.start()
            tell(trial, store)
            yield trial
        finally:
            cluster.stop()


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
    ours = [process for process in psutil.process_iter() if is_part(process, folder)]
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
    assert [process for process in psutil.process_iter() if is_part(process, told.folder)] == []
    hosts = str(told.cloud.home(told.cloud.instance_id))
    assert [process for process in psutil.process_iter() if works_in(process, hosts)] == []


def states_of(trial: Trial, dag_id: str, run_id: str) -> dict[Task, str]:
    return {key_of(task): task["state"] for task in trial.tasks(dag_id=dag_id, run_id=run_id)}


def secrets_of(trial: Trial) -> dict[str, str]:
    """Return every secret of the cluster by name."""
    addresses = trial.cloud.addresses
    ssh_key = addresses.instances[0].key_file.read_text(encoding="utf-8").splitlines()
    return {
        "Redis": trial.cluster.redis_password,
        "Fernet": trial.cluster.secret("fernet_key"),
        "API": trial.cluster.secret("api_secret_key"),
        "JWT": trial.cluster.secret("jwt_secret"),
        "Airflow's admin": trial.cluster.login.password,
        "PGPASSWORD": addresses.warehouse.password,
        "PGPASSWORD of the app": addresses.app.password,
        "PGPASSWORD of analysts": addresses.analyst.password,
        "PGPASSWORD of Airflow": addresses.airflow_db.password,
        "PGPASSWORD of the superuser": addresses.postgres.password,
        "AWS": addresses.aws.access_key,
        "Google": GOOGLE_KEY,
        # The lines before it are the same in every key.
        "SSH": ssh_key[3],
        "signing": Path(trial.cloud.environment["MODEL_SIGNING_KEY_FILE"]).read_text().split()[-1],
    }


def is_part(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get("HOME", "").startswith(str(folder / "airflow"))
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def works_in(process: psutil.Process, folder: str) -> bool:
    try:
        return process.cwd().startswith(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False
