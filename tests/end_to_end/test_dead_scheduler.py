"""A real Airflow tells of a red run once, and the doctor says of its scheduler that it is dead.

A real scheduler with its listeners, executor, API server and database; a warehouse beside it. On the way,
what such an Airflow leaves and sends: a run's note, and the metrics of the dashboard.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port
from sightscan.city import City, Place
from sightscan.warehouse.registry.cities import add_city
from tests.message_servers import MessageServers, message_servers
from tests.otlp_receiver import Received, otlp_receiver
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

DASHBOARD = Path(__file__).resolve().parents[2] / "docker" / "grafana" / "sightscan.json"
LISBON = City("Q597", "lisbon", "Lisbon", "Portugal", Place(38.7, -9.1), 10_000)
# It only ends what hangs.
STEP_SECONDS = 300


@pytest.fixture
def servers() -> Iterator[MessageServers]:
    with message_servers() as running:
        yield running


@pytest.fixture
def collector() -> Iterator[Received]:
    with otlp_receiver() as received:
        yield received


@pytest.fixture
def airflow(
    tmp_path: Path,
    *,
    warehouse: psycopg.Connection[Any],
    warehouse_address: PostgresAddress,
    airflow_database: PostgresAddress,
    servers: MessageServers,
    collector: Received,
) -> Iterator[AirflowServices]:
    """Start Airflow with one city, whose warehouse is there and whose instances are not said."""
    add_city(warehouse, LISBON)
    city = {"slug": LISBON.slug, "name": "Lisbon", "country": "Portugal", "is_active": True}
    (tmp_path / "cities.json").write_text(json.dumps([city]))
    environment = {
        **warehouse_address.environment,
        **servers.environment,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_database.url(),
        "REGISTRY_SNAPSHOT": str(tmp_path / "cities.json"),
        "AWS_ACCESS_KEY": "nobodys-secret",
        # Nobody answers there, so no machine can be looked at or stopped.
        "MTS_EC2_INSTANCE_ID": "i-0123456789abcdef0",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_MAX_ATTEMPTS": "1",
        "MAX_BACKUP_AGE_HOURS": "0",
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "3000",
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
    collector: Received,
    warehouse: psycopg.Connection[Any],
) -> None:
    api = airflow.api
    for dag_id in ("stop_idle_instances", "tell_incidents", LISBON.dag_id):
        api.await_dag(dag_id, STEP_SECONDS)
    # It cannot look at its machine, so the last try is red.
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
    assert_note_says_why_a_run_is_red(airflow)
    assert_dashboard_shows_what_is_sent(collector)
    # A busy machine may hold its heartbeat up.
    wait_until(lambda: "scheduler" not in failed_checks(airflow), STEP_SECONDS)
    # With kill -9, it and all that it started.
    airflow.part("scheduler").stop()
    wait_until(lambda: "scheduler" in failed_checks(airflow), STEP_SECONDS)


def assert_note_says_why_a_run_is_red(airflow: AirflowServices) -> None:
    """Ask a run for what cannot be meant: its first task fails in a worker, and nobody concludes it."""
    api = airflow.api
    run = api.trigger(LISBON.dag_id, {"vision_call": 3})
    assert api.await_run(LISBON.dag_id, run, STEP_SECONDS) == "failed"
    note = api.run_note(LISBON.dag_id, run)
    assert note.startswith("**Failed.** estimate_spend failed: the run's conf names 'vision_call'")
    assert "upstream_failed" not in note


def assert_dashboard_shows_what_is_sent(collector: Received) -> None:
    """Compare Grafana's names, as a collector's Prometheus exporter writes them, with what came in."""
    text = DASHBOARD.read_text()
    asked = set(re.findall(r"airflow_\w+", text))

    def missing() -> set[str]:
        return asked - set(collector.prometheus_names())

    wait_until(lambda: not missing(), STEP_SECONDS, seen=missing)
    sent = collector.prometheus_names()
    for label, name in re.findall(r"by \((\w+)\) \((\w+)\)", text):
        assert label in collector.attributes(sent[name]), name
    assert collector.value("airflow.sightscan.cities") == 1
    # Nor has any of Airflow's own a series for each city.
    assert LISBON.slug not in repr([*collector.kinds, *collector.values])


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
