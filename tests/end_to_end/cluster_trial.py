"""Three cities on a cluster, and the hands that kill its parts: what the story of the cluster is told with."""

import fcntl
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from psycopg.rows import dict_row

from sandbox.demo.airflow_api import AirflowApi
from sandbox.web import WebServer
from sightscan.city import City
from sightscan.training import HOST_LOCK_FILE
from tests.cluster import cities
from tests.cluster.cluster import Cluster
from tests.dags.small_cloud import SmallCloud

logger = logging.getLogger(__name__)

CITIES = cities.CITIES[:3]
STEP_SECONDS = 300
BUCKET = "sightscan"
SNAPSHOT_KEY = "registry/cities.json"
# A task of a run, one of those that are mapped.
Task = tuple[str, str, str, int]


@dataclass
class Trial:
    """A cloud, a cluster in front of it, and what was done to it."""

    cloud: SmallCloud
    cluster: Cluster
    folder: Path
    runs: dict[str, str] = field(default_factory=dict)  # of each city's DAG, the first
    again: tuple[str, str] = ("", "")  # the second run of one of them
    # What ran where a worker was killed.
    killed: set[Task] = field(default_factory=set)
    # What lay in Redis when it was.
    lost: set[Task] = field(default_factory=set)
    unanswered: int = 0  # images that were sent to Vision by the worker that was killed
    holders: list[str] = field(default_factory=list)  # of the machine, one after the other

    @property
    def api(self) -> AirflowApi:
        return self.cluster.api

    @property
    def web(self) -> WebServer:
        """The web that is crawled."""
        web = self.cloud.sandbox.web
        assert web is not None
        return web

    @property
    def dag_ids(self) -> tuple[str, ...]:
        """Return the DAGs of the cities."""
        return tuple(f"city_{city.lower().replace(' ', '-')}" for city in CITIES)

    def tasks(self, **wanted: object) -> list[dict[str, Any]]:
        """Return the task instances with these values, as Airflow's database has them."""
        with (
            self.cloud.addresses.airflow_db.connect() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute("select * from task_instance").fetchall()
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def of_city(self, dag_id: str, task_id: str) -> str | None:
        """Return the state of a task in the first run of a city."""
        found = self.tasks(dag_id=dag_id, run_id=self.runs[dag_id], task_id=task_id)
        return found[0]["state"] if found else None

    def kill_worker(self, name: str) -> set[Task]:
        """Kill a worker with all that it runs, and return what that was."""
        self.cluster.kill(name)
        # Nobody has missed it yet, so this is what it was at when it died.
        ran = {key_of(task) for task in self.tasks(hostname=name, state="running")}
        self.killed |= ran
        return ran

    def restart(self, *names: str) -> None:
        """Start parts that were killed, as Compose does."""
        for name in names:
            self.cluster.start_part(name)

    def await_heartbeats(self) -> None:
        """Wait until the tasks that run have told a new API server so, which may take it a minute to start."""
        now = self.cluster_time()

        def are_heard() -> bool:
            return all(
                (task["last_heartbeat_at"] or now) > now
                for task in self.tasks(state="running")
                if key_of(task) not in self.killed
            )

        until(are_heard, "the tasks that run to be heard of")

    def cluster_time(self) -> datetime:
        """Return what the clock of Airflow's database says."""
        with self.cloud.addresses.airflow_db.connect() as connection:
            row = connection.execute("select now()").fetchone()
        assert row is not None
        now: datetime = row[0]
        return now

    def holder(self) -> str | None:
        """Return the DAG whose run holds the machine."""
        held: str | None = self.cloud.one("select dag_id from core.instance_lease")
        return held

    def jobs_under_way(self) -> list[Path]:
        """Return the folders of the jobs on the host that have not ended."""
        jobs = self.cloud.home(self.cloud.instance_id).glob(".sightscan-jobs/*")
        return [job for job in jobs if not (job / "exit_code").exists()]

    @contextmanager
    def busy_host(self) -> Iterator[None]:
        """Hold the lock of the GPU host, so that whoever needs it waits."""
        path = self.cloud.home(self.cloud.instance_id) / HOST_LOCK_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def let_go(self) -> None:
        """Let the training that waits go on; it takes this away."""
        (self.folder / "go").touch()

    def vision(self, key: str) -> int:
        """Return what the stand-in of Vision has counted."""
        return self.cloud.control.counts().get("vision", {}).get(key, 0)


def key_of(task: dict[str, Any]) -> Task:
    return task["dag_id"], task["run_id"], task["task_id"], task["map_index"]


def until(true: Callable[[], Any], what: str, pause_seconds: float = 0.2) -> Any:
    """Wait until something is true, and return it."""
    began = time.monotonic()
    while not (found := true()):
        assert time.monotonic() < began + STEP_SECONDS, f"waited {STEP_SECONDS} s for {what}"
        time.sleep(pause_seconds)
    # Shown if the story breaks off.
    logger.info("%.0f s for %s", time.monotonic() - began, what)
    return found


@contextmanager
def object_store(region: str) -> Iterator[Any]:
    """Run moto's S3 with a bucket; yield a client of it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            region_name=region,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
        )
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region}
        )
        yield client
    finally:
        server.stop()


def store_snapshot(store: Any, cities: Iterable[City]) -> None:
    """Leave the snapshot as an older version wrote it, without a word of its registry."""
    rows = [
        {"slug": city.slug, "name": city.name, "country": city.country, "is_active": True}
        for city in cities
    ]
    store.put_object(Bucket=BUCKET, Key=SNAPSHOT_KEY, Body=json.dumps(rows).encode())
