"""What cities that wait for a GPU instance cost: `make bench-waiting`.

Fifty wait in one loop, as in Airflow's triggerer, for an instance that a fifty-first holds, in a
warehouse with 5,000 requests of cities and 5,100 trainings. Counted is the processor time of the
waiting process and of all of PostgreSQL's, and the tasks that would have been started.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.processor_time import cpu_seconds
from benchmarks.report import Row, publish
from sandbox.postgres.server import EmbeddedPostgres
from sightscan.city import City, Place
from sightscan.run import Run
from sightscan.settings import REPOSITORY
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import lease_instance
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.schema.migrate import migrate

CITIES = 50
SECONDS = 30
MAX_CORE_PERCENT = 5
INSTANCE = "i-0123456789abcdef0"


def main() -> int:
    """Measure, print, and say whether the bounds hold."""
    end_as_by_ctrl_c()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AIRFLOW_HOME"] = folder
        server = EmbeddedPostgres(Path(folder) / "postgres")
        address = server.start()
        os.environ |= address.environment
        # Else Airflow would look into a database of its own, which is not there.
        os.environ["AIRFLOW_CONN_SIGHTSCAN_WAREHOUSE"] = (
            f"postgres://{address.user}:{address.password}@{address.host}:{address.port}"
            f"/{address.database}"
        )
        try:
            with connect(autocommit=True) as connection:
                migrate(connection, REPOSITORY / "include" / "sql")
                waiting = fill(connection)
                (pid,) = connection.execute("select pg_backend_pid()").fetchone() or (0,)
                postmaster = psutil.Process(pid).parent()
            own, served, started, looks = asyncio.run(wait(waiting, postmaster))
        finally:
            server.erase()
    return publish(
        "waiting-cities",
        [
            Row.at_most(
                f"{CITIES} cities wait for {SECONDS} s", (own + served) / SECONDS * 100,
                "% of a core", MAX_CORE_PERCENT,
            ),
            Row("of this the triggerer", own / SECONDS * 100, "% of a core"),
            Row("of this PostgreSQL", served / SECONDS * 100, "% of a core"),
            Row("looks at the queue", looks),
            Row.at_most("tasks started", started, "", 0),
        ],
    )  # fmt: skip


def fill(connection: psycopg.Connection[Any]) -> list[Run]:
    """Let one city hold the instance and fifty wait; return those that wait."""
    runs = []
    for number in range(CITIES + 1):
        city_id = f"Q{number + 1}"
        place = Place(number / 2, number)
        add_city(connection, City(city_id, "", f"City {number}", "Country", place, 8_000))
        run = Run(city_id, f"city_{number}", "run")
        lease_instance(connection, run, [INSTANCE], seconds=3600)
        runs.append(run)
    connection.execute(
        "insert into core.city_request (request_id, asked_name, city_id, stage, vote_count, asked_at)"
        " select gen_random_uuid(), 'x', 'Q' || 1 + mod(number, %s), 'resolved', 1 + mod(number, 7), now()"
        " from generate_series(1, 5000) as number",
        (CITIES,),
    )
    connection.execute(
        "insert into core.dataset (city_id, dataset_version, sha256, class_names, sight_ids,"
        " train_count, val_count, test_count, dag_id, run_id)"
        " select city_id, 1, sha256('x'), '{a}', '{1}', 1, 1, 1, 'd', 'r' from core.city"
    )
    connection.execute(
        "insert into core.instance_session (instance_id, dag_id, run_id, price_per_hour_usd, started_at)"
        " values (%s, 'd', 'r', 1, now())",
        (INSTANCE,),
    )
    connection.execute(
        "insert into core.training_run"
        " (city_id, dataset_version, dag_id, run_id, request, started_at, session_id)"
        " select city.city_id, 1, 'd', city.city_id || '-' || number, '{}', now(), session_id"
        " from core.city, generate_series(1, 100) as number, core.instance_session"
    )
    return runs[1:]


async def wait(waiting: list[Run], postmaster: psutil.Process) -> tuple[float, float, int, int]:
    """Wait; return the processor seconds here and in PostgreSQL, the events, and the looks."""
    # Airflow reads its environment when it is imported.
    from sightscan.operators.turns import (  # noqa: PLC0415
        LeaseTrigger,
        TurnWatch,
        WarehouseLook,
    )

    events: list[object] = []
    looks = 0

    class CountedLook(WarehouseLook):
        def __call__(self, *arguments: Any) -> Any:
            nonlocal looks
            looks += 1
            return super().__call__(*arguments)

    LeaseTrigger.watch = TurnWatch(CountedLook())

    async def watch(run: Run) -> None:
        trigger = LeaseTrigger(city_id=run.city_id, dag_id=run.dag_id, run_id=run.run_id)
        async for event in trigger.run():
            events.append(event)  # noqa: PERF401 - counted while it is waited for

    tasks = [asyncio.create_task(watch(run)) for run in waiting]
    # The first look imports, and opens the connection.
    await asyncio.sleep(3)
    own, served, looks = time.process_time(), cpu_seconds(postmaster), 0
    await asyncio.sleep(SECONDS)
    own, served = time.process_time() - own, cpu_seconds(postmaster) - served
    counted = looks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return own, served, len(events), counted


if __name__ == "__main__":
    sys.exit(main())
