"""Airflow's own processes are killed in mid-run: nothing is paid twice, trained twice or left on.

A real Airflow with its scheduler, workers, triggerer and API server, each started again as Compose and
systemd do; how long it takes to miss them is set to seconds. The training is the quick one.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg.rows import dict_row

from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port
from sightscan.training import HOST_LOCK_FILE
from tests.dags.small_cloud import DAG_ID, SmallCloud, quick_trainer, small_cloud

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEP_SECONDS = 120
QUICK_TO_NOTICE = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "5",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
}


class KilledAirflow:
    """A cloud, an Airflow in front of it, and the hands that kill its processes."""

    def __init__(self, cloud: SmallCloud, services: AirflowServices, folder: Path) -> None:
        self.cloud = cloud
        self.services = services
        self.folder = folder
        self.go = folder / "go"

    def tasks(self, run_id: str, task_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a task, as the database has them."""
        with (
            self.cloud.addresses.airflow_db.connect() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(
                "select * from task_instance where run_id = %s and task_id = %s", (run_id, task_id)
            ).fetchall()

    def await_task(self, run_id: str, task_id: str, *states: str) -> dict[str, Any]:
        """Wait until a task is in one of these states; return it."""
        found: list[dict[str, Any]] = []

        def is_reached() -> bool:
            found[:] = self.tasks(run_id, task_id)
            return bool(found) and all(task["state"] in states for task in found)

        until(is_reached, f"{task_id} to be {' or '.join(states)}")
        return found[0]

    def kill_worker(self, task: dict[str, Any]) -> None:
        """Kill the processes that run a task, as a full memory does: the worker, then its task."""
        own = processes(lambda process: str(task["id"]) in " ".join(process.cmdline()))
        assert len(own) == 2
        for process in sorted(own, key=lambda process: process.create_time()):
            process.kill()

    def kill(self, name: str) -> None:
        """Kill a part of Airflow; what it started goes with it, as in a container or a unit."""
        part = self.services.part(name)
        (main,) = psutil.Process(part.subreaper.pid).children()
        main.kill()
        part.subreaper.wait(STEP_SECONDS)

    def restart(self, name: str) -> None:
        """Start a part that was killed."""
        self.services.start_part(name)

    @contextmanager
    def busy_host(self) -> Iterator[None]:
        """Hold the lock of the GPU host, so that whoever needs it waits."""
        path = self.cloud.home(self.cloud.instance_id) / HOST_LOCK_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def vision(self, key: str) -> int:
        """Return what the stand-in of Vision has counted."""
        return self.cloud.control.counts().get("vision", {}).get(key, 0)

    def jobs(self) -> list[Path]:
        """Return the folders of the jobs on the host."""
        return list(self.cloud.home(self.cloud.instance_id).glob(".sightscan-jobs/*"))


def processes(wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Return the processes that are so; those that are not ours to look at are not."""
    found = []
    for process in psutil.process_iter():
        try:
            if wanted(process):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledAirflow]:
    """Start everything with a city that is registered."""
    folder = tmp_path_factory.mktemp("kills")
    with small_cloud(folder) as cloud, pytest.MonkeyPatch.context() as monkeypatch:
        cloud.environment |= {
            "MTS_PRICE_PER_HOUR_USD": "3.6",
            "MTS_TRAINER_COMMAND": quick_trainer("--await", str(folder / "go")),
            "VISION_CONCURRENCY": "1",
        }
        cloud.use(monkeypatch)
        cloud.add_city()
        environment = cloud.environment | QUICK_TO_NOTICE
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = cloud.addresses.airflow_db.url()
        services = AirflowServices(folder / "airflow", free_port(), environment)
        try:
            services.start()
            yield KilledAirflow(cloud, services, folder)
        finally:
            services.stop()


def test_whoever_is_killed_the_run_ends_and_nothing_is_paid_or_trained_twice(
    airflow: KilledAirflow,
) -> None:
    cloud, api = airflow.cloud, airflow.services.api
    api.await_dag(DAG_ID, STEP_SECONDS)
    run_id = api.trigger(DAG_ID)

    # The worker, when Vision has been asked and its answer is on the way.
    cloud.control.set_vision_fault(kind="unavailable", when="after", delay_seconds=60)
    until(lambda: airflow.vision("faults_unavailable"), "a call to Vision")
    labels = airflow.await_task(run_id, "label_photos", "running")
    airflow.kill_worker(labels)
    asked = airflow.vision("images")

    # The scheduler with all workers, while one of them is at the GPU host.
    until(lambda: cloud.instance_state() == "running", "the machine to run")
    with airflow.busy_host():
        airflow.await_task(run_id, "upload_dataset", "running")
        airflow.kill("scheduler")
    airflow.restart("scheduler")

    # The triggerer, then the scheduler, while it trains, which ends before there is another one; the
    # API server with it, so that what goes on then finds it starting.
    airflow.await_task(run_id, "train_model", "deferred")
    until(airflow.jobs, "the training to begin")
    airflow.kill("triggerer")
    airflow.restart("triggerer")
    airflow.kill("scheduler")
    airflow.go.touch()
    (job,) = airflow.jobs()
    until((job / "exit_code").exists, "the training to end")
    airflow.await_task(run_id, "train_model", "scheduled")
    assert cloud.instance_state() == "running"
    airflow.kill("api-server")
    airflow.restart("scheduler")
    airflow.restart("api-server")
    api.await_healthy(STEP_SECONDS)

    assert api.await_run(DAG_ID, run_id, STEP_SECONDS) == "success"
    tries = {task.task_id: task.try_number for task in api.task_states(DAG_ID, run_id)}
    assert {task_id for task_id, count in tries.items() if count > 1} == {
        "label_photos",
        "upload_dataset",
    }
    # Nothing is paid twice: what was under way when the worker died counts as paid, and no more.
    assert 0 < asked < airflow.vision("images")
    assert airflow.vision("images_repeated") == 0
    assert airflow.vision("images") == cloud.one("select count(*) from core.paid_call")
    assert asked == cloud.one("select count(*) from core.paid_call where state = 'unknown'")
    # Nothing is trained twice.
    assert airflow.jobs() == [job]
    (progress,) = cloud.home(cloud.instance_id).glob("sightscan/runs/*/*/model/progress.jsonl")
    assert len(progress.read_text().splitlines()) == 3
    assert cloud.one("select count(*) from core.training_run") == 1
    assert cloud.one("select count(*) from core.publication") == 1
    # The machine is off, and the bill is EC2's.
    assert cloud.instance_state() == "stopped"
    (on,) = cloud.seconds_on()
    assert cloud.one("select count(*) from core.instance_lease") == 0
    billed = "select extract(epoch from stopped_at - running_at)::float from core.instance_session"
    assert cloud.one(billed) == pytest.approx(on, abs=2)
    # Nobody is left.
    airflow.services.stop()
    home = str(airflow.folder / "airflow")
    assert processes(lambda process: process.environ().get("AIRFLOW_HOME") == home) == []
    hosts = str(cloud.home(cloud.instance_id))
    assert processes(lambda process: process.cwd().startswith(hosts)) == []


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited {STEP_SECONDS} s for {what}"
        time.sleep(0.1)
