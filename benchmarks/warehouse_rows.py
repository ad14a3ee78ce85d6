"""A filled warehouse for measurements: set-based, so that a million photos take minutes, not hours.

Photos are spread over time at one rate (`PHOTOS_PER_HOUR`), as a crawl of months brings them, so a
warehouse ten times the size has ten times the history. Blobs are a few bytes. The statements are files in `sql/`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

SQL = Path(__file__).with_name("sql")
PHOTOS_PER_HOUR = 100


def fill(
    connection: psycopg.Connection[Any],
    *,
    cities: int,
    sights_per_city: int,
    photos: int,
    end: datetime,
) -> datetime:
    """Fill an empty warehouse with `photos` in all, the newest just before `end`.

    `connection` is a superuser's, in autocommit.

    Returns the time of the oldest. The facts stay empty: `rebuild_hourly_marts` fills them.
    """
    given = {
        "cities": cities,
        "sights": sights_per_city,
        "photos": photos,
        "rate": PHOTOS_PER_HOUR,
        "end_at": end,
    }
    with connection.transaction():
        # The rows are right by construction: a million look-ups of foreign keys would prove it.
        connection.execute("set local session_replication_role = replica")
        execute_all(connection, "fill", given)
        connection.execute("drop table numbered")
        for table in ("core.sight", "core.paid_call"):
            column = "sight_id" if table == "core.sight" else "call_id"
            connection.execute(
                "select setval(pg_get_serial_sequence(%s, %s), %s)",
                (table, column, max(photos, cities * sights_per_city) + 1),
            )
    # The map of pages without dead rows is what autovacuum makes in time; index-only scans need it.
    connection.execute("vacuum analyze")
    return end - timedelta(hours=photos / PHOTOS_PER_HOUR)


def execute_all(
    connection: psycopg.Connection[Any], folder: str, given: Mapping[str, object]
) -> None:
    """Execute the statements of a folder of `sql/`, in the order of their numbers."""
    for file in sorted((SQL / folder).glob("*.sql")):
        connection.execute(file.read_bytes(), given)
