"""EC2 with a clock of its own, a warehouse, and the tasks that start, stop and reap, without Airflow.

Times are seconds from now; EC2 does at once what it is told.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import psycopg
import pytest
from airflow.sdk.execution_time.context import set_current_context

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.ports import LOOPBACK
from sightscan.city import City, Place
from sightscan.operators.ec2 import InstanceHook
from sightscan.operators.instances import StartInstanceOperator, StopInstanceOperator
from sightscan.operators.reaper import reap
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import lease_instance
from sightscan.warehouse.registry.cities import add_city
from tests.waiting import wait_until

CITY_ID, SLUG, DAG_ID = "Q8851", "malaga", "city_malaga"
AWS = boto3.Session()
# Nobody listens there.
CLOSED_PORT = "1"


@dataclass
class RunOfAirflow:
    """What the task SDK tells of the runs: their state, their tasks', whether the DAG is paused."""

    state: Any = "running"
    tasks: dict[str, Any] = field(default_factory=lambda: {"train_model": "deferred"})
    is_paused: bool = False
    # What tasks left, by its name.
    left: dict[str, str] = field(default_factory=dict)

    def get_dagrun_state(self, dag_id: str, run_id: str) -> Any:
        """Return the state, or raise it."""
        assert dag_id == DAG_ID
        assert run_id.startswith("run ")
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def get_dag(self, dag_id: str) -> Any:
        """Return the DAG."""
        return SimpleNamespace(dag_id=dag_id, is_paused=self.is_paused)

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, Any]:
        """Return the states of each task."""
        assert dag_id == DAG_ID
        return {run_id: dict(self.tasks) for run_id in run_ids}


class GpuBooks:
    """The hands of a test on EC2, its clock, Airflow's tasks and the warehouse."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset_seconds = 0.0
        self._monkeypatch = monkeypatch
        self.fleet = Ec2Fleet(
            folder, Counts(), instance_count=2, transition_seconds=0.01, clock=self._now
        )
        key = new_key()
        self.server = Ec2Server(self.fleet, key, Counts())
        self.server.start()
        self.use_instances(*self.fleet.instance_ids[:1])
        for name, value in {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_ACCESS_KEY": key.access_key,
            "MTS_CHECK_INTERVAL_SECONDS": "0.02",
            "MTS_PRICE_PER_HOUR_USD": "3.6",
        }.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        resource = AWS.resource(
            "ec2",
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.access_key,
        )
        self._client = resource.meta.client
        # Each hook would read botocore's whole description of EC2.
        monkeypatch.setattr(InstanceHook, "conn", resource)
        self.first, self.second = self.fleet.instance_ids
        self.ti = RunOfAirflow()

    def close(self) -> None:
        """End the cloud."""
        self.fleet.close()
        self.server.stop()

    def use_instances(self, *instance_ids: str) -> None:
        """Name these in the settings."""
        self._monkeypatch.setenv("MTS_EC2_INSTANCE_ID", ",".join(instance_ids))
        settings.cache_clear()

    def at(self, seconds: float) -> None:
        """Let it be so many seconds from now, in EC2."""
        self.offset_seconds = seconds

    @contextmanager
    def warehouse_away(self) -> Iterator[None]:
        """Let nobody reach the warehouse."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPORT", CLOSED_PORT)
            patch.setenv("PGHOST", LOOPBACK)
            settings.cache_clear()
            yield
        settings.cache_clear()

    def lease(self, number: int = 1) -> str | None:
        """Let a run lease an instance."""
        with connect(autocommit=True) as connection:
            run = Run(CITY_ID, DAG_ID, f"run {number}")
            return lease_instance(connection, run, settings().instance_ids, seconds=3600)

    def start(self, number: int = 1) -> None:
        """Lease an instance for a run, and start it as the task does."""
        instance_id = self.lease(number)
        assert instance_id is not None
        self.execute_start(number)

    def execute_start(self, number: int) -> None:
        """Start the instance that the settings name first, as a run's task does."""
        self._execute(StartInstanceOperator, number, settings().instance_ids[0])

    def stop(self, number: int = 1) -> None:
        """Stop a run's instance as the teardown does."""
        self._execute(StopInstanceOperator, number, self.first)

    def reap(self, **about_run: Any) -> list[str]:
        """Let the reaper make a round; the runs are as they were, but for what is given."""
        for name, value in about_run.items():
            setattr(self.ti, name, value)
        return reap({"ti": self.ti, "run_id": "a round"})

    def let_the_deadline_pass(self) -> None:
        """Let the lease of the first instance have ended an hour ago, here and in its tags."""
        self.change(
            "update core.instance_lease"
            " set leased_at = now() - interval '2 h', deadline_at = now() - interval '1 h'"
        )
        ended_at = datetime.now(UTC) - timedelta(hours=1)
        tag = {"Key": "sightscan:deadline", "Value": ended_at.isoformat()}
        self._client.create_tags(Resources=[self.first], Tags=[tag])

    def start_by_hand(self) -> None:
        """Start the first instance behind everybody's back."""
        self._client.start_instances(InstanceIds=[self.first])
        self.wait_for("running")

    def stop_by_hand(self) -> None:
        """Stop it so."""
        self._client.stop_instances(InstanceIds=[self.first])
        self.wait_for("stopped")

    def shut_down(self) -> None:
        """Shut the first instance down from inside."""
        self.fleet.shut_down(self.first)
        self.wait_for("stopped")

    def terminate(self) -> None:
        """Terminate the first instance."""
        self.fleet.terminate(self.first)
        self.wait_for("terminated")

    def wait_for(self, state: str) -> None:
        """Wait until EC2 says so of the first instance."""
        wait_until(lambda: self.fleet.state_of(self.first) == state)

    def seconds_on(self) -> float:
        """Return for how many seconds all instances were on, by EC2's own history.

        From their launch, the time that EC2 tells of an instance; on a busy machine it runs later.
        """
        since: dict[str, datetime] = {}
        seconds = 0.0
        for line in self.fleet.history():
            at = datetime.fromisoformat(line.at)
            if line.state == "pending":
                since[line.instance_id] = at
            elif line.state != "running" and line.instance_id in since:
                seconds += (at - since.pop(line.instance_id)).total_seconds()
        return seconds

    def first_seconds_on(self) -> float:
        """Return for how many seconds the first start of all was on."""
        states = [(line.state, datetime.fromisoformat(line.at)) for line in self.fleet.history()]
        on = next(at for state, at in states if state == "pending")
        off = next(at for state, at in states if state == "stopping")
        return (off - on).total_seconds()

    def one(self, query: str) -> Any:
        """Return the only value of a query."""
        with connect(autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def rows(self, query: str) -> list[Any]:
        """Return the rows of a query."""
        with connect(autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, statement: str) -> None:
        """Change the warehouse behind everybody's back."""
        with connect(autocommit=True) as connection:
            connection.execute(statement.encode())

    def _execute(self, operator: Any, number: int, instance_id: str) -> None:
        context: Mapping[str, Any] = {
            "dag": SimpleNamespace(dag_id=DAG_ID),
            "run_id": f"run {number}",
            "params": {},
            # All of its tasks are still to come.
            "ti": SimpleNamespace(
                get_task_states=lambda **_: {}, xcom_push=self.ti.left.__setitem__
            ),
        }
        task = operator(task_id="task", slug=SLUG, instance_id=instance_id)
        with set_current_context(context):  # type: ignore[arg-type]
            task.execute(context)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)


@contextmanager
def open_gpu_books(
    folder: Path, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GpuBooks]:
    """Start EC2 beside an empty warehouse that knows one city."""
    add_city(warehouse, City(CITY_ID, SLUG, "Málaga", "Spain", Place(36.72, -4.42), 8_000))
    books = GpuBooks(folder, monkeypatch)
    try:
        yield books
    finally:
        books.close()
