"""How soon a real Airflow settles what people ask for, and the doctor tells of a scheduler that was killed.

Scheduler, triggerer, DAG processor and API server run with tasks of their own machine, on a new warehouse,
with `sync_cities` alone and without its clock; Wikidata is its stand-in. Requests come into the inbox as the app leaves them, one after the other. What
counts is the warehouse's time of the answer: whoever waits on the page sees it some seconds later.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.report import Row
from sandbox.counts import Counts
from sandbox.demo.city_request import ask_for_city
from sandbox.postgres.databases import AIRFLOW_DATABASE, WAREHOUSE_DATABASE
from sandbox.postgres.server import EmbeddedPostgres, connect
from sandbox.web import WebServer
from sandbox.world.city_facts import facts_of
from sightscan.settings import REPOSITORY
from sightscan.warehouse.schema.migrate import migrate
from tests.cities.small_world import CITY, draw_small_world
from tests.events_only import EventsOnly
from tests.waiting import wait_until

MAX_SETTLED_SECONDS = 90
MAX_NOTICED_SECONDS = 120
# A city, a name that nearly is one, one that is none.
NAMES = (CITY, f"{CITY}l Xy", "Zzyzxqv")
# Between two requests: they come at all moments of what Airflow does in turn, and not as one.
PAUSES_SECONDS = (1.0, 8.0, 15.0, 22.0)
# They end what hangs.
STEP_SECONDS = 300
LOOK_SECONDS = 2.0


def measure_asking(requests: int) -> list[Row]:
    """Ask so often, then kill the scheduler."""
    with (
        tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder,
        _airflow(Path(folder).resolve()) as (airflow, warehouse),
    ):
        seconds = _seconds_to_settle(warehouse, requests)
        noticed = _seconds_to_notice(airflow)
    return [
        Row("requests of the app, asked of a real Airflow", len(seconds)),
        Row("settled after: middle one", median(seconds), "s"),
        Row.at_most("settled after: last one", max(seconds), "s", MAX_SETTLED_SECONDS),
        Row.at_most(
            "scheduler killed: the doctor says so after", noticed, "s", MAX_NOTICED_SECONDS
        ),
    ]


def _seconds_to_settle(warehouse: psycopg.Connection[Any], requests: int) -> list[float]:
    for number in range(requests):
        ask_for_city(warehouse, NAMES[number % len(NAMES)], f"person {number}")
        time.sleep(PAUSES_SECONDS[number % len(PAUSES_SECONDS)])
    settled = "select extract(epoch from recorded_at - asked_at)::float from core.city_request"
    began = time.monotonic()
    while len(found := warehouse.execute(settled).fetchall()) < requests:
        if time.monotonic() - began > STEP_SECONDS:
            msg = f"after {STEP_SECONDS} s {len(found)} of {requests} requests are settled"
            raise TimeoutError(msg)
        time.sleep(LOOK_SECONDS)
    return [seconds for (seconds,) in found]


def _seconds_to_notice(airflow: EventsOnly) -> float:
    wait_until(lambda: "scheduler" not in _failed_checks(airflow), STEP_SECONDS)
    # With kill -9, it and all that it started.
    killed_at = time.monotonic()
    airflow.part("scheduler").stop()
    while "scheduler" not in _failed_checks(airflow):
        if time.monotonic() - killed_at > STEP_SECONDS:
            msg = f"after {STEP_SECONDS} s the doctor has said nothing of the dead scheduler"
            raise TimeoutError(msg)
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - killed_at


def _failed_checks(airflow: EventsOnly) -> set[str]:
    """Run the doctor as cron does."""
    done = subprocess.run(
        [sys.executable, "-m", "sightscan", "doctor", "--quiet", "--json"],
        env=airflow.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return {found["name"] for found in json.loads(done.stdout)}


@contextmanager
def _airflow(folder: Path) -> Iterator[tuple[EventsOnly, psycopg.Connection[Any]]]:
    with ExitStack() as closing:
        server = EmbeddedPostgres(folder / "postgres")
        closing.callback(server.erase)
        superuser = server.start()
        for name in (WAREHOUSE_DATABASE, AIRFLOW_DATABASE):
            server.create_database(name, superuser.user)
        warehouse = replace(superuser, database=WAREHOUSE_DATABASE)
        airflow_database = replace(superuser, database=AIRFLOW_DATABASE)
        connection = closing.enter_context(connect(warehouse))
        migrate(connection, REPOSITORY / "include" / "sql")
        world = draw_small_world(folder / "world")
        web = closing.enter_context(WebServer(world, facts_of(world), Counts()))
        (folder / "cities.json").write_text("[]", encoding="utf-8")
        airflow = EventsOnly(
            folder,
            {
                **warehouse.environment,
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_database.url(),
                "REGISTRY_SNAPSHOT": str(folder / "cities.json"),
                "WIKIDATA_SPARQL_URL": web.wikidata_sparql_url,
                "WIKIDATA_API_URL": web.wikidata_api_url,
                "CONTACT": "benchmarks@example.org",
                # A person lets cities in, so none of them begins to run here.
                "MAX_USD_PER_MONTH_FOR_REQUESTS": "0",
            },
        )
        closing.callback(airflow.stop)
        airflow.start()
        airflow.api.await_dag("sync_cities", STEP_SECONDS)
        yield airflow, connection
