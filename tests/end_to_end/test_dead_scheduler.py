"""A real Airflow tells of a red run once, and the doctor says within two minutes that its scheduler is dead.

A real scheduler with its listener, executor, API server and database; a warehouse beside it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port
from tests.message_servers import MessageServers, message_servers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STEP_SECONDS = 180
MAX_NOTICED_SECONDS = 120


@pytest.fixture
def servers() -> Iterator[MessageServers]:
    with message_servers() as running:
        yield running


@pytest.fixture
def airflow(
    tmp_path: Path,
    warehouse_address: PostgresAddress,
    servers: MessageServers,
) -> Iterator[AirflowServices]:
    """Start Airflow without any city, whose warehouse is there and whose instances are not said."""
    (tmp_path / "cities.json").write_text("[]")
    environment = {
        **warehouse_address.environment,
        **servers.environment,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow/airflow.db",
        "REGISTRY_SNAPSHOT": str(tmp_path / "cities.json"),
        "AWS_ACCESS_KEY": "nobodys-secret",
        "MAX_BACKUP_AGE_HOURS": "0",
    }
    services = AirflowServices(tmp_path / "airflow", free_port(), environment)
    try:
        services.start()
        yield services
    finally:
        services.stop()


def test_a_red_run_is_told_once_and_a_dead_scheduler_is_seen_from_outside(
    airflow: AirflowServices,
    servers: MessageServers,
    warehouse: psycopg.Connection[Any],
) -> None:
    api = airflow.api
    for dag_id in ("stop_idle_instances", "tell_incidents"):
        api.await_dag(dag_id, STEP_SECONDS)
    # It does not know of any instance, which is senseless: it is red at its first try.
    reaper = api.trigger("stop_idle_instances")
    assert api.await_run("stop_idle_instances", reaper, STEP_SECONDS) == "failed"
    for _ in range(2):
        told = api.trigger("tell_incidents")
        assert api.await_run("tell_incidents", told, STEP_SECONDS) == "success"
    kinds = sorted(
        kind for (kind,) in warehouse.execute("select kind from core.incident").fetchall()
    )
    # At once by the task's callback, and by the scheduler's look; each once.
    assert kinds == ["run_failed", "stop_failed"]
    assert sorted(servers.mail.subjects) == [
        "[SightScan] A GPU could not be stopped: stop_idle_instances",
        "[SightScan] A run is red: stop_idle_instances",
    ]
    assert len(servers.hook.posts) == 2
    assert "scheduler" not in failed_checks(airflow)
    # With kill -9, it and all that it started.
    airflow.part("scheduler").stop()
    killed_at = time.monotonic()
    while "scheduler" not in failed_checks(airflow):
        assert time.monotonic() - killed_at < MAX_NOTICED_SECONDS
        time.sleep(2)


def failed_checks(airflow: AirflowServices) -> set[str]:
    """Run the doctor as cron does."""
    done = subprocess.run(
        [sys.executable, "-m", "sightscan", "doctor", "--quiet", "--json"],
        env=airflow.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nobodys-secret" not in done.stdout
    return {found["name"] for found in json.loads(done.stdout)}
