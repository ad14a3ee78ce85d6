"""What the data checks of all cities cost an hour, when little changed, and once a day.

Measured on a warehouse that was refreshed hour by hour, and checked when its newest photo came.
What changes in a round is rolled back after it, so that each round has the same to look at.
"""

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from benchmarks.report import Row
from benchmarks.warehouse_rows import SQL, execute_all
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.marts.hourly_facts import refresh_hourly_marts

MAX_MILLISECONDS = 300
CHANGED_PHOTOS = 200
ROUNDS = 5
HOUR = timedelta(hours=1)

Warehouse = psycopg.Connection[Any]


def measure_checks(connection: Warehouse, end: datetime) -> list[Row]:
    """Measure a filled warehouse whose newest photo is just before `end`, with its facts.

    `connection` is a superuser's, in autocommit.
    """
    connection.execute("update mart.refreshed_hour set refreshed_at = hour_at + interval '3 hours'")
    connection.execute("vacuum analyze mart.refreshed_hour")
    whole_seconds = _check(connection)
    connection.execute("update core.check_progress set seen_until = %s", (end,))
    changes = {
        "nothing changed": _change_nothing,
        f"{CHANGED_PHOTOS} new photos": _bring_photos,
        f"{CHANGED_PHOTOS} labels read anew, scattered over all hours": _read_anew,
    }
    return [
        *(
            Row.at_most(
                f"hourly checks, {what}",
                statistics.median(_check_after(connection, end, change) for _ in range(ROUNDS))
                * 1_000,
                "ms",
                MAX_MILLISECONDS,
            )
            for what, change in changes.items()
        ),
        Row("all checks of everything, as once a day", whole_seconds, "s"),
    ]


def _check_after(
    connection: Warehouse, at: datetime, change: Callable[[Warehouse, datetime], None]
) -> float:
    """Return the seconds of the checks after a change and the refresh of its hour; undo all."""
    with connection.transaction(force_rollback=True):
        change(connection, at)
        refresh_hourly_marts(connection, at, at + HOUR)
        return _check(connection)


def _check(connection: Warehouse) -> float:
    started = time.perf_counter()
    run_checks(connection, dag_id="d", run_id="r")
    return time.perf_counter() - started


def _change_nothing(connection: Warehouse, at: datetime) -> None:
    del connection, at


def _bring_photos(connection: Warehouse, at: datetime) -> None:
    connection.execute("set local session_replication_role = replica")
    execute_all(connection, "bring_photos", {"round": 1, "at": at, "count": CHANGED_PHOTOS})


def _read_anew(connection: Warehouse, at: datetime) -> None:
    given = {"round": 0, "at": at, "count": CHANGED_PHOTOS}
    connection.execute((SQL / "read_anew" / "scattered.sql").read_bytes(), given)
