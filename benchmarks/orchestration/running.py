"""What Airflow itself takes for whole cities, and ten of them at once against one after another, on Celery.

The cluster is that of docker/compose.yaml: two ordinary workers and an urgent one. Everything is real but
the training, for which `tests/quick_trainer.py` leaves a model in two seconds. The same cities run twice,
each time from nothing. What they have in common, and wait for, is the one GPU instance. It starts and
stops in seconds here, so what handing it over saves is less than on EC2.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.orchestration.books import Books, read_books
from benchmarks.report import Row
from sandbox.demo.airflow_api import TaskState
from tests.cluster.cities import CITIES, cloud_of_cities
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.processes import processes_of
from tests.dags.small_cloud import SmallCloud

MAX_OWN_SECONDS = 20
# A machine that starts, boots and stops as quickly as this loses little by it: EC2's take longer.
TRANSITION_SECONDS = 5.0
BOOT_SECONDS = 5.0
# What EC2 and the warehouse may differ by for each start: each has a clock of its own.
MAX_SECONDS_APART = 2
STEP_SECONDS = 180
RUN_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long runs took together, what Airflow itself took for each, and what was paid for meanwhile."""

    seconds: float
    run_seconds: tuple[float, ...]
    own_seconds: tuple[float, ...]
    books: Books


def measure_running(cities: int) -> list[Row]:
    """Run so many cities on a cluster, from their names on, one after another and then at once."""
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as name:
        folder = Path(name).resolve()
        one_by_one, at_once = _measure_both(folder, CITIES[:cities])
        left = len(processes_of(folder))
    return [
        *_rows_of_runs(one_by_one),
        *_rows_of_both(cities, one_by_one, at_once),
        *_rows_of_books([one_by_one.books, at_once.books]),
        Row.at_most("processes left of the cluster and of the stand-ins", left, "", 0),
    ]


def _measure_both(folder: Path, names: Sequence[str]) -> tuple[Outcome, Outcome]:
    with (
        cloud_of_cities(
            folder, names, transition_seconds=TRANSITION_SECONDS, boot_seconds=BOOT_SECONDS
        ) as cloud,
        # Settings of this process, which adds the cities.
        pytest.MonkeyPatch.context() as settings,
    ):
        cloud.use(settings)
        dag_ids = [cloud.add_city(name).dag_id for name in names]
        # Before anybody else is connected to it.
        cloud.keep()
        with running_cluster(folder / "airflow", cloud) as cluster:
            _show(cluster, dag_ids)
            one_by_one = _measure(cloud, cluster, [[dag_id] for dag_id in dag_ids])
            # The same photos are crawled, paid for and uploaded again.
            cloud.restore()
            at_once = _measure(cloud, cluster, [dag_ids])
    return one_by_one, at_once


def _show(cluster: Cluster, dag_ids: Iterable[str]) -> None:
    """Have Airflow know the cities."""
    cluster.api.await_dag("sync_cities", STEP_SECONDS)
    run_id = cluster.api.trigger("sync_cities")
    _require(cluster.api.await_run("sync_cities", run_id, STEP_SECONDS), "sync_cities")
    cluster.parse_dags()
    for dag_id in dag_ids:
        cluster.api.await_dag(dag_id, STEP_SECONDS)


def _measure(cloud: SmallCloud, cluster: Cluster, batches: Sequence[Sequence[str]]) -> Outcome:
    """Run batches one after another, the cities of each at once."""
    before = read_books(cloud)
    seconds = 0.0
    runs: dict[str, str] = {}
    for batch in batches:
        began = time.monotonic()
        started = {dag_id: cluster.api.trigger(dag_id) for dag_id in batch}
        for dag_id, run_id in started.items():
            _require(cluster.api.await_run(dag_id, run_id, RUN_SECONDS), dag_id)
        seconds += time.monotonic() - began
        runs |= started
        # It takes long, so whoever waits is told.
        print(f"{len(runs)} runs ended after {seconds:.0f} s", file=sys.stderr)
    books = read_books(cloud) - before
    if books.models != len(runs):
        msg = f"{len(runs)} cities have {books.models} models, and what it took says nothing"
        raise RuntimeError(msg)
    spans = [_seconds_of_run(cloud, cluster, *run) for run in runs.items()]
    return Outcome(
        seconds,
        tuple(whole for whole, _ in spans),
        tuple(whole - worked for whole, worked in spans),
        books,
    )


def _seconds_of_run(
    cloud: SmallCloud, cluster: Cluster, dag_id: str, run_id: str
) -> tuple[float, float]:
    """Return how long a run took, and for how long of this a task of it worked."""
    with cloud.addresses.airflow_db.connect() as connection:
        row = connection.execute(
            "select queued_at, end_date from dag_run where dag_id = %s and run_id = %s",
            [dag_id, run_id],
        ).fetchone()
    assert row is not None
    tasks = cluster.api.task_states(dag_id, run_id)
    return (row[1] - row[0]).total_seconds(), seconds_worked(tasks)


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


def _rows_of_runs(one_by_one: Outcome) -> list[Row]:
    count = len(one_by_one.run_seconds)
    return [
        Row("the whole chain of a city alone", sum(one_by_one.run_seconds) / count, "s"),
        Row("of this Airflow's own time", sum(one_by_one.own_seconds) / count, "s"),
        Row.at_most(
            f"the same, most of {count} cities", max(one_by_one.own_seconds), "s", MAX_OWN_SECONDS
        ),
    ]


def _rows_of_both(cities: int, one_by_one: Outcome, at_once: Outcome) -> list[Row]:
    alone, together = one_by_one.books, at_once.books
    saved = (alone.session_seconds - together.session_seconds) / cities
    return [
        Row(f"{cities} cities one after another", one_by_one.seconds / 60, "min"),
        Row.below(
            f"{cities} cities at once, by that", at_once.seconds / one_by_one.seconds, "times", 1
        ),
        Row("starts of the GPU instance: one after another", alone.starts),
        Row.below("starts of the GPU instance: at once", together.starts, "", alone.starts),
        Row("GPU instance on: one after another", alone.session_seconds / 60, "min"),
        Row.below(
            "GPU instance on: at once",
            together.session_seconds / 60,
            "min",
            alone.session_seconds / 60,
        ),
        Row("of this saved for each city by handing over", saved, "s"),
    ]


def _rows_of_books(halves: Sequence[Books]) -> list[Row]:
    return [
        Row("images that Vision was sent", sum(half.images for half in halves)),
        Row.at_most(
            "images that it and the warehouse differ by",
            sum(half.images_apart for half in halves),
            "",
            0,
        ),
        Row.at_most(
            "starts that EC2 and the warehouse differ by",
            sum(half.starts_apart for half in halves),
            "",
            0,
        ),
        Row.at_most(
            "time on that they differ by, for each start",
            max(half.seconds_apart for half in halves),
            "s",
            MAX_SECONDS_APART,
        ),
    ]


def _require(state: str, what: str) -> None:
    if state != "success":
        msg = f"the run of {what} is {state}, and what it took says nothing"
        raise RuntimeError(msg)
