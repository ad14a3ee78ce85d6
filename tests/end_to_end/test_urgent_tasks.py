"""Three cities crawl on all slots: what stops a GPU begins within seconds, by Airflow's own times.

A real scheduler with its executor, API server and database. The DAGs are the product's; what their
tasks do is not, see `waiting_dags`.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from sandbox.addresses import PostgresAddress
from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DAGS_FOLDER = Path(__file__).parent / "waiting_dags"
CRAWLING = ("beta", "gamma", "delta")
STEP_SECONDS = 120
MAX_WAIT_SECONDS = 10


class WaitingAirflow(AirflowServices):
    """An Airflow whose crawls never end."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER)}


@pytest.fixture
def airflow(tmp_path: Path, empty_database: PostgresAddress) -> Iterator[WaitingAirflow]:
    """Start Airflow with four cities."""
    snapshot = tmp_path / "cities.json"
    cities = [
        {"slug": slug, "name": slug, "country": "X", "is_active": True}
        for slug in ("alpha", *CRAWLING)
    ]
    snapshot.write_text(json.dumps(cities))
    environment = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": empty_database.url(),
        "REGISTRY_SNAPSHOT": str(snapshot),
        "MTS_EC2_INSTANCE_ID": "i-1",
    }
    services = WaitingAirflow(tmp_path / "airflow", free_port(), environment)
    try:
        services.start()
        yield services
    finally:
        services.stop()


def test_stop_and_reaper_begin_within_seconds_while_crawls_hold_all_slots(
    airflow: WaitingAirflow, empty_database: PostgresAddress
) -> None:
    api = airflow.api
    for slug in ("alpha", *CRAWLING):
        api.await_dag(f"city_{slug}", STEP_SECONDS)
    alpha = train_alpha(airflow)
    # The scheduler makes it again when a run begins.
    with empty_database.connect() as connection:
        connection.execute("delete from slot_pool where pool = 'work'")
    for slug in CRAWLING:
        api.trigger(f"city_{slug}")

    def crawls(state: str) -> int:
        return len(tasks(empty_database, task_id="crawl_photos", state=state))

    # Seven slots, of which one instance, the reaper and the inbox have four; all other crawls wait.
    until(lambda: crawls("running") == 3 and crawls("scheduled") == 6, "crawls on all slots")
    pause(airflow, "city_alpha", is_paused=False)
    for _ in range(2):
        reaper = api.trigger("stop_idle_instances")
        assert api.await_run("stop_idle_instances", reaper, STEP_SECONDS) == "success"
    until(
        lambda: tasks(empty_database, task_id="stop_instance", state="success"), "alpha's machine"
    )
    (registered,) = tasks(empty_database, task_id="register_model", run_id=alpha)
    (stopped,) = tasks(empty_database, task_id="stop_instance", run_id=alpha)
    # The quicker of two: other programs have the cores, too. Behind a crawl both would be late.
    reaped = tasks(empty_database, task_id="stop_idle_instances", state="success")
    waits = [seconds_between(task["run_after"], task["start_date"]) for task in reaped]
    assert seconds_between(registered["end_date"], stopped["start_date"]) <= MAX_WAIT_SECONDS
    assert min(waits) <= MAX_WAIT_SECONDS
    assert crawls("running") == 3


def train_alpha(airflow: WaitingAirflow) -> str:
    """Have a run that has come as far as its training, which ends when the DAG goes on."""
    pause(airflow, "city_alpha", is_paused=True)
    run_id = airflow.api.trigger("city_alpha")
    change(
        airflow,
        f"city_alpha/dagRuns/{run_id}/taskInstances/train_model",
        {"new_state": "success", "include_upstream": True},
    )
    return run_id


def pause(airflow: WaitingAirflow, dag_id: str, *, is_paused: bool) -> None:
    change(airflow, dag_id, {"is_paused": is_paused})


def change(airflow: WaitingAirflow, path: str, values: dict[str, Any]) -> None:
    airflow.api._call("PATCH", f"/api/v2/dags/{path}", json=values)


def tasks(database: PostgresAddress, **wanted: str) -> list[dict[str, Any]]:
    """Return the task instances with these values, each with when its run was due."""
    with database.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "select ti.*, dag_run.run_after from task_instance ti"
            " inner join dag_run using (dag_id, run_id)"
        ).fetchall()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def seconds_between(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited {STEP_SECONDS} s for {what}"
        time.sleep(0.2)
