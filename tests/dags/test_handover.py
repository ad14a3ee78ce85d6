"""A machine goes from one city to the next as it runs: one start, one stop, nothing of the first left.

The operators are called one after the other, against the stand-ins of EC2 and the GPU hosts.
"""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from airflow.providers.ssh.utils.remote_job import RemoteJobPaths, build_posix_wrapper_command
from airflow.sdk.execution_time.xcom import XCom
from psycopg.types.json import Jsonb

from sandbox.demo.pipeline import migrate_warehouse, pipeline_settings
from sandbox.options import SandboxOptions
from sandbox.supervisor import Sandbox
from sightscan.city import City, Place
from sightscan.errors import InstanceError
from sightscan.operators.gpu_pool import open_pool
from sightscan.operators.instances import (
    ReserveInstanceOperator,
    StartInstanceOperator,
    StopInstanceOperator,
)
from sightscan.operators.reaper import reap
from sightscan.operators.reaper_round import ReaperRound
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.train.addresses import host_address
from sightscan.train.host import open_host
from sightscan.training import TrainingRequest
from sightscan.warehouse.models.instances import list_leases
from sightscan.warehouse.models.lease_queue import find_turns, list_waiting
from sightscan.warehouse.registry.cities import add_city
from tests.cities.colour_world import draw_colour_world
from tests.dags.small_cloud import SmallCloud
from tests.processes import is_alive
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("airflow_database")]

CITIES = {"Q1": "Malaga", "Q2": "Lisbon", "Q3": "Porto"}


class CityRun:
    """A run of a city, task by task; what `reserve_instance` returned is its XCom."""

    def __init__(self, cloud: SmallCloud, city_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slug = CITIES[city_id].lower()
        self.run = Run(city_id, f"city_{self.slug}", "run")
        self.instance_id = ""
        self._cloud = cloud
        self._monkeypatch = monkeypatch

    def _execute(self, operator: Any) -> Any:
        context = {
            "params": {},
            "dag": SimpleNamespace(dag_id=self.run.dag_id),
            "run_id": self.run.run_id,
            # All of its tasks are still to come.
            "ti": SimpleNamespace(get_task_states=lambda **_: {}),
        }
        for module in ("work", "spending"):
            name = f"sightscan.operators.{module}.get_current_context"
            self._monkeypatch.setattr(name, lambda: context)
        self._monkeypatch.setattr(XCom, "set", self._correct)
        return operator.execute(context)

    def _correct(self, key: str, value: str, *, dag_id: str, task_id: str, run_id: str) -> None:
        assert (key, dag_id, task_id, run_id) == (
            "return_value",
            self.run.dag_id,
            "reserve_instance",
            "run",
        )
        self.instance_id = value

    def reserve(self) -> bool:
        """Reserve; tell whether there was an instance, or else whether the task waits."""
        operator = ReserveInstanceOperator(task_id="reserve_instance", slug=self.slug)
        try:
            self.instance_id = self._execute(operator)
        except TaskDeferred:
            return False
        return True

    def start(self) -> None:
        self._execute(
            StartInstanceOperator(
                task_id="start_instance", slug=self.slug, instance_id=self.instance_id
            )
        )

    def stop(self) -> None:
        self._execute(
            StopInstanceOperator(
                task_id="stop_instance", slug=self.slug, instance_id=self.instance_id
            )
        )

    def train(self, *, state: str = "running") -> int:
        """Let a job run on the host, and be noted in the warehouse; return its process id."""
        with self._cloud.connect() as connection:
            connection.execute(
                "insert into core.dataset (city_id, dataset_version, sha256, class_names,"
                " sight_ids, train_count, val_count, test_count, dag_id, run_id)"
                " values (%s, 1, sha256('x'), '{a}', '{1}', 1, 1, 1, 'd', 'r')",
                (self.run.city_id,),
            )
            connection.execute(
                "insert into core.training_run (city_id, dataset_version, dag_id, run_id, request,"
                " state) values (%s, 1, %s, 'run', %s, %s)",
                (
                    self.run.city_id,
                    self.run.dag_id,
                    Jsonb(asdict(TrainingRequest(1, 64, 1, 1, 60, "yolov5n"))),
                    state,
                ),
            )
        return self._submit("sleep 600")

    def _submit(self, command: str) -> int:
        paths = RemoteJobPaths(str(uuid.uuid4()), "posix", base_dir=".sightscan-jobs")
        host = open_pool().host_of(self.instance_id)
        address = host_address(settings(), self.instance_id, host)

        async def submit() -> None:
            async with open_host(address) as opened:
                await opened.run(build_posix_wrapper_command(command, paths), check=True)

        def tries() -> bool:
            with suppress(InstanceError):
                asyncio.run(submit())
                return True
            return False

        wait_until(tries)
        (home,) = self._cloud.sandbox._state.glob(f"**/{self.instance_id}/home")
        file = home / ".sightscan-jobs" / paths.job_id / "pid"
        wait_until(lambda: file.exists() and file.read_text() != "")
        return int(file.read_text())


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    """Start two machines for three cities; the world is not looked at."""
    folder: Path = tmp_path_factory.mktemp("cloud")
    options = SandboxOptions(
        state=folder / "state",
        world=draw_colour_world(folder / "world").folder,
        instances=2,
        transition_seconds=0.1,
        boot_seconds=0.1,
    )
    with Sandbox(options) as sandbox:
        cloud = SmallCloud(sandbox, options.state)
        migrate_warehouse(cloud.addresses)
        cloud.environment = pipeline_settings(cloud.addresses, folder) | {
            "MTS_CHECK_INTERVAL_SECONDS": "0.1"
        }
        yield cloud


@pytest.fixture
def cloud(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCloud]:
    for name, value in started.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    started.forget()
    with started.connect() as connection:
        for city_id, name in CITIES.items():
            city = add_city(connection, City(city_id, "", name, "X", Place(1, 1), 8_000))
            # The bill before the run, as its first task leaves it.
            connection.execute(
                "insert into core.spend_estimate (dag_id, run_id, city_id, photo_limit,"
                " waiting_photos, most_units, probable_units, free_units_left, most_vision_usd,"
                " probable_vision_usd, most_places_usd, most_gpu_usd, probable_gpu_usd, most_usd,"
                " probable_usd) values (%s, 'run', %s, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9)",
                (f"city_{city.slug}", city_id),
            )
    yield started
    started.control.refuse_next_starts(0)


@pytest.fixture
def cities(cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> tuple[CityRun, CityRun, CityRun]:
    first, second, third = (CityRun(cloud, city_id, monkeypatch) for city_id in CITIES)
    return first, second, third


def only(cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch, count: int) -> list[str]:
    """Let the pipeline know so many of the machines."""
    known = [item.instance_id for item in cloud.addresses.instances][:count]
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", ",".join(known))
    settings.cache_clear()
    return known


def changes(cloud: SmallCloud, instance_id: str, seen: int = 0) -> list[str]:
    """Return what EC2 was asked to do with a machine, after so many changes."""
    history = cloud.control.instance_history(instance_id)[seen:]
    return [line["reason"] for line in history if line["reason"].endswith("requested")]


def turn_of(cloud: SmallCloud, *cities: CityRun) -> list[str]:
    """Look as the triggerer does; return the cities whose task would be started."""
    with cloud.connect() as connection:
        turns = find_turns(connection, [city.run for city in cities])
    return [city.slug for city in cities if turns.get(city.run)]


def seen_so_far(cloud: SmallCloud, machines: list[str]) -> dict[str, int]:
    return {each: len(cloud.control.instance_history(each)) for each in machines}


def end_first(cities: tuple[CityRun, CityRun, CityRun], *, training: str = "running") -> None:
    """Let the first city train and come to its end while the second waits."""
    first, second, _ = cities
    assert first.reserve()
    first.start()
    assert not second.reserve()
    first.train(state=training)
    first.stop()


def tag_of(machine: str) -> str:
    return open_pool().look_at(machine).tags["sightscan:run"]


def assert_spans_touch(cloud: SmallCloud, instance_id: str, slugs: list[str]) -> None:
    """Each holder of the one session paid until the next one did, to the microsecond."""
    with cloud.connect() as connection:
        spans = connection.execute(
            "select slug, leased_at, released_at, count(*) over ()"
            " from core.lease_use join core.city using (city_id)"
            " where instance_id = %s order by leased_at",
            (instance_id,),
        ).fetchall()
        sessions = connection.execute(
            # EC2 still tells of the launches of earlier tests: nobody's.
            "select count(*) from core.instance_session"
            " where instance_id = %s and started_by = 'run'",
            (instance_id,),
        ).fetchone()
    assert [span[0] for span in spans] == slugs
    assert [span[2] for span in spans[:-1]] == [span[1] for span in spans[1:]]
    assert sessions == (1,)


def test_two_cities_on_one_machine_are_one_start_and_one_stop(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, _ = cities
    (machine,) = only(cloud, monkeypatch, 1)
    seen = len(cloud.control.instance_history(machine))
    assert first.reserve()
    first.start()
    assert not second.reserve()
    job = first.train()
    assert turn_of(cloud, second) == []
    assert is_alive(job)
    first.stop()
    assert not is_alive(job)
    assert tag_of(machine) == "city_lisbon/run"
    assert turn_of(cloud, second) == ["lisbon"]
    # A teardown that is tried again stops nothing of another's.
    first.stop()
    assert second.reserve()
    second.start()
    second.train()
    second.stop()
    assert changes(cloud, machine, seen) == ["start requested", "stop requested"]
    assert_spans_touch(cloud, machine, ["malaga", "lisbon"])
    assert cloud.one("select count(*) from core.instance_lease") == 0


def test_three_cities_on_two_machines_are_one_start_and_one_stop_each(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = cities
    machines = only(cloud, monkeypatch, 2)
    seen = seen_so_far(cloud, machines)
    assert first.reserve()
    assert second.reserve()
    assert not third.reserve()
    for city in (first, second):
        city.start()
        city.train()
    # The second is done first.
    second.stop()
    assert turn_of(cloud, third) == ["porto"]
    assert third.reserve()
    assert third.instance_id == second.instance_id
    third.start()
    first.stop()
    third.train()
    third.stop()
    for machine in machines:
        assert changes(cloud, machine, seen[machine]) == ["start requested", "stop requested"]
    assert_spans_touch(cloud, machines[0], ["malaga"])
    assert_spans_touch(cloud, machines[1], ["lisbon", "porto"])


# Asked for only: its upload failed, as on a full disk.
@pytest.mark.parametrize("training", ["failed", "requested"])
def test_machine_on_which_a_training_failed_is_not_handed_over(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
    training: str,
) -> None:
    _, second, _ = cities
    (machine,) = only(cloud, monkeypatch, 1)
    seen = len(cloud.control.instance_history(machine))
    end_first(cities, training=training)
    assert turn_of(cloud, second) == ["lisbon"]
    second.reserve()
    second.start()
    second.stop()
    assert changes(cloud, machine, seen) == ["start requested", "stop requested"] * 2


def test_machine_that_is_not_taken_up_is_stopped_and_started_by_whoever_comes_late(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, second, _ = cities
    (machine,) = only(cloud, monkeypatch, 1)
    seen = len(cloud.control.instance_history(machine))
    end_first(cities)
    running = {"city_malaga": "running", "city_lisbon": "running", "city_porto": "running"}
    context = {"ti": Airflow(running, ""), "run_id": "a round"}
    stopped: list[str] = []
    with cloud.connect() as connection:
        connection.autocommit = True
        round_ = ReaperRound(connection, open_pool(), context, trouble=[], stopped=stopped)
        round_.make([])
        assert stopped == []
        connection.execute(
            "update core.instance_lease set handed_over_at = now() - interval '301 s'"
        )
        round_.make([])
        assert stopped == [machine]
        assert [lease.run for lease in list_leases(connection)] == [second.run]
    asked = "select stopped_by from core.instance_session where started_by = 'run'"
    assert cloud.one(asked) == "reaper"
    second.reserve()
    second.start()
    second.stop()
    assert changes(cloud, machine, seen) == ["start requested", "stop requested"] * 2


def test_second_refusal_for_lack_of_capacity_goes_on_with_the_next_machine(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What boto asks again by itself counts once.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    first, _, _ = cities
    refused, other = only(cloud, monkeypatch, 2)
    seen = seen_so_far(cloud, [refused, other])
    with cloud.connect() as connection:
        # EC2 still tells of the launches of earlier tests: let them be in the books.
        connection.execute(
            "insert into core.instance_session (instance_id, started_by, price_per_hour_usd,"
            " started_at, running_at, stopped_at, stopped_by)"
            " select unnest(%s::text[]), 'nobody', 0, now(), now(), now(), 'somebody'",
            ([refused, other],),
        )
    first.reserve()
    assert first.instance_id == refused
    cloud.control.refuse_next_starts(2)
    with pytest.raises(InstanceError, match="InsufficientInstanceCapacity"):
        first.start()
    assert first.instance_id == refused
    first.start()
    assert first.instance_id == other
    first.stop()
    assert changes(cloud, refused, seen[refused]) == []
    assert changes(cloud, other, seen[other]) == ["start requested", "stop requested"]
    assert cloud.one("select count(*) from core.instance_session where stopped_at is null") == 0
    # (The books of the launches before this test were erased, so nothing is said of the other one.)
    with cloud.connect() as connection:
        query = (
            "select run_id from core.session_cost where instance_id = %s and city_id is not null"
        )
        assert connection.execute(query, (other,)).fetchall() == [("run",)]


class Airflow:
    """Answers what a task instance is told about other runs."""

    def __init__(self, states: dict[str, str], paused: str) -> None:
        self._states = states
        self._paused = paused

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        assert run_id == "run"
        return self._states[dag_id]

    def get_task_states(self, dag_id: str, *, run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert dag_id in self._states
        return {run_id: {"train_model": "deferred"} for run_id in run_ids}

    def get_dag(self, dag_id: str) -> SimpleNamespace:
        return SimpleNamespace(is_paused=dag_id == self._paused)


def test_runs_that_cannot_go_on_lose_their_places(
    cloud: SmallCloud,
    cities: tuple[CityRun, CityRun, CityRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(cloud, monkeypatch, 1)
    for city in cities:
        city.reserve()
    states = {"city_malaga": "running", "city_lisbon": "running", "city_porto": "running"}

    def waiting(paused: str = "") -> list[str]:
        reap({"ti": Airflow(states, paused)})
        with cloud.connect() as connection:
            return [each.slug for each in list_waiting(connection)]

    assert waiting() == ["lisbon", "porto"]
    assert waiting(paused="city_porto") == ["lisbon"]
    states["city_lisbon"] = "failed"
    assert waiting() == []
    assert list(states) == ["city_malaga", "city_lisbon", "city_porto"]
