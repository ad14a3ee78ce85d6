"""What Airflow itself takes for the whole chain of a city, and ten cities at once against one after another.

Everything is real but the training, for which `tests/quick_trainer.py` leaves a model in two seconds.
The ten begin with their dataset: what they have in common, and wait for, is the one GPU instance. It
starts and stops in seconds here, so handing it over saves little, and costs more than it saves where
the processors are too busy to begin the next task at once: such a run says nothing about money.
"""

import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.report import Row
from sandbox.demo.airflow_api import AirflowApi, TaskState
from sandbox.demo.airflow_services import AirflowServices
from sandbox.ports import free_port
from sightscan.city import City, Place
from sightscan.settings import settings
from tests.cities.colour_city import store_colour_city
from tests.dags.small_cloud import DAG_ID, SmallCloud, small_cloud

MAX_OWN_SECONDS = 20
# Photos of each sight of the ten: enough for a dataset.
PHOTOS_A_SIGHT = 14
# A machine that starts, boots and stops as quickly as this loses little by it: EC2's take longer.
TRANSITION_SECONDS = 5.0
BOOT_SECONDS = 5.0
# All before it is done: the ten have their photos and labels.
LAST_DONE = "decide_training"
STEP_SECONDS = 180
RUN_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long runs took together, and what the GPU instance did meanwhile."""

    seconds: float
    machine_seconds: float
    starts: int


def measure_running(cities: int) -> list[Row]:
    """Run a whole city, then so many from their dataset on, one after another and at once."""
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder, _airflow(folder) as up:
        cloud, services = up
        alone = _store_cities(cloud, "Alone", cities)
        together = _store_cities(cloud, "Together", cities)
        _show(services, [DAG_ID, *(city.dag_id for city in (*alone, *together))])
        rows = _measure_chain(cloud, services)
        one_by_one = _measure(cloud, services, [[city] for city in alone])
        at_once = _measure(cloud, services, [together])
    return [*rows, *_rows_of(cities, one_by_one, at_once)]


def _rows_of(cities: int, one_by_one: Outcome, at_once: Outcome) -> list[Row]:
    saved = one_by_one.machine_seconds - at_once.machine_seconds
    return [
        Row(f"{cities} cities one after another, from their dataset on", one_by_one.seconds, "s"),
        Row(f"{cities} cities at once, by that", at_once.seconds / one_by_one.seconds, "times"),
        Row("starts of the GPU instance: one after another", one_by_one.starts),
        Row.below("starts of the GPU instance: at once", at_once.starts, "", one_by_one.starts),
        Row("GPU instance on: one after another", one_by_one.machine_seconds / 60, "min"),
        Row("GPU instance on: at once", at_once.machine_seconds / 60, "min"),
        Row("of this saved for each city by handing over", saved / cities, "s"),
    ]


@contextmanager
def _airflow(folder: str) -> Iterator[tuple[SmallCloud, AirflowServices]]:
    """Start the stand-ins and an Airflow on them, with this process's settings those of its tasks."""
    before = dict(os.environ)
    root = Path(folder)
    with small_cloud(
        root, transition_seconds=TRANSITION_SECONDS, boot_seconds=BOOT_SECONDS
    ) as cloud:
        services = AirflowServices(
            root / "airflow",
            free_port(),
            {
                **cloud.environment,
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": cloud.addresses.airflow_db.url(),
            },
        )
        os.environ |= cloud.environment
        settings.cache_clear()
        try:
            cloud.add_city()
            services.start()
            yield cloud, services
        finally:
            services.stop()
            os.environ.clear()
            os.environ |= before
            settings.cache_clear()


def _store_cities(cloud: SmallCloud, name: str, count: int) -> list[City]:
    with cloud.connect() as connection:
        return [
            store_colour_city(
                connection,
                PHOTOS_A_SIGHT,
                city=City(
                    f"Q{len(name)}{number:05}",
                    "",
                    f"{name} {number}",
                    "Spain",
                    Place(number, number),
                    8_000,
                ),
                seed=f"{name} {number} ",
            ).city
            for number in range(1, count + 1)
        ]


def _show(services: AirflowServices, dag_ids: Iterable[str]) -> None:
    """Have Airflow know the cities."""
    services.api.await_dag("sync_cities", STEP_SECONDS)
    run_id = services.api.trigger("sync_cities")
    _require(services.api.await_run("sync_cities", run_id, STEP_SECONDS), "sync_cities")
    services.parse_dags()
    for dag_id in dag_ids:
        services.api.await_dag(dag_id, STEP_SECONDS)


def _measure_chain(cloud: SmallCloud, services: AirflowServices) -> list[Row]:
    run_id = services.api.trigger(DAG_ID)
    _require(services.api.await_run(DAG_ID, run_id, RUN_SECONDS), DAG_ID)
    with cloud.addresses.airflow_db.connect() as connection:
        row = connection.execute(
            "select queued_at, end_date from dag_run where run_id = %s", [run_id]
        ).fetchone()
    assert row is not None
    tasks = services.api.task_states(DAG_ID, run_id)
    whole, worked = (row[1] - row[0]).total_seconds(), seconds_worked(tasks)
    return [
        Row("the whole chain of a small city", whole, "s"),
        Row("of this its tasks worked", worked, "s"),
        Row.at_most("Airflow's own time for the whole chain", whole - worked, "s", MAX_OWN_SECONDS),
        Row("tasks of it", len(tasks)),
    ]


def seconds_worked(tasks: Sequence[TaskState]) -> float:
    """Return for how long at least one of these tasks was at work, or waited for its own event."""
    spans = sorted(
        (task.started_at, task.ended_at) for task in tasks if task.started_at and task.ended_at
    )
    total, until = 0.0, datetime.min.replace(tzinfo=spans[0][0].tzinfo) if spans else None
    for start, end in spans:
        if until is not None and end > until:
            total += (end - max(start, until)).total_seconds()
            until = end
    return total


def _measure(
    cloud: SmallCloud, services: AirflowServices, batches: Sequence[Sequence[City]]
) -> Outcome:
    """Run batches one after another, the cities of each at once."""
    since = len(cloud.control.instance_history())
    seconds = 0.0
    for batch in batches:
        runs = {city.dag_id: _prepared_run(services.api, city.dag_id) for city in batch}
        began = time.monotonic()
        for dag_id in runs:
            services.api.pause(dag_id, is_paused=False)
        for dag_id, run_id in runs.items():
            _require(services.api.await_run(dag_id, run_id, RUN_SECONDS), dag_id)
        seconds += time.monotonic() - began
    spans = cloud.seconds_on(since)
    return Outcome(seconds, sum(spans), len(spans))


def _prepared_run(api: AirflowApi, dag_id: str) -> str:
    """Return a run that has come as far as its dataset, and waits for its DAG to go on."""
    api.pause(dag_id, is_paused=True)
    run_id = api.trigger(dag_id)
    api.mark_done(dag_id, run_id, LAST_DONE)
    return run_id


def _require(state: str, what: str) -> None:
    if state != "success":
        msg = f"the run of {what} is {state}, and what it took says nothing"
        raise RuntimeError(msg)
