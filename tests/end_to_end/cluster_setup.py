"""What the story of the cluster begins with: three cities, their cloud, and a cluster that misses its parts soon."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.files import write_private
from tests.cluster.cities import cloud_of_cities
from tests.cluster.cluster import running_cluster
from tests.dags.small_cloud import quick_trainer
from tests.end_to_end.cluster_story import tell
from tests.end_to_end.cluster_trial import (
    BUCKET,
    CITIES,
    SNAPSHOT_KEY,
    Trial,
    object_store,
    store_snapshot,
)

QUICK_TO_NOTICE = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "1",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}
GOOGLE_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


@contextmanager
def told_trial(folder: Path) -> Iterator[Trial]:
    """Start everything in a folder, tell the story, and keep what is left of it until the end."""
    with (
        cloud_of_cities(folder, CITIES) as cloud,
        object_store(cloud.addresses.aws.region) as store,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        aws = cloud.addresses.aws
        write_private(folder / "google.json", json.dumps({"private_key": GOOGLE_KEY}))
        cloud.environment |= {
            "MTS_PRICE_PER_HOUR_USD": "3.6",
            "MTS_TRAINER_COMMAND": quick_trainer("--await", str(folder / "go")),
            "VISION_CONCURRENCY": "1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "google.json"),
            "REGISTRY_SNAPSHOT": f"s3://{BUCKET}/{SNAPSHOT_KEY}",
            "AWS_ENDPOINT_URL_S3": store.meta.endpoint_url,
            "AWS_SECRET_ACCESS_KEY": aws.access_key,
            "AWS_DEFAULT_REGION": aws.region,
        }
        cloud.use(monkeypatch)
        store_snapshot(store, [cloud.add_city(city) for city in CITIES])
        with running_cluster(folder / "airflow", cloud, QUICK_TO_NOTICE) as cluster:
            trial = Trial(cloud, cluster, folder)
            tell(trial, store)
            yield trial


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
