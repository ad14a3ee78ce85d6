"""The hourly marts: an interval is computed anew from core and replaces what was there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from sightscan.errors import WarehouseError
from sightscan.warehouse.statements import statement

HOURLY_MARTS = ("city_activity_hourly",)
# Rows are stamped when their transaction starts, and seen when it commits: two hours are more
# than any of our transactions takes.
IN_FLIGHT = timedelta(hours=2)
# Any number that nobody else locks; two refreshes of the same mart take turns.
HOURLY_LOCK = 7_362_052


def refresh_hourly_marts(
    connection: psycopg.Connection[Any], start: datetime, end: datetime
) -> dict[str, int]:
    """Compute each hourly mart anew for [start, end) and the two hours before it.

    Returns the number of rows written by mart. One transaction per mart; in any order and however
    often, the result is that of one computation from nothing.

    Raises:
        WarehouseError: the interval is empty or does not consist of whole hours.

    """
    if start >= end or _is_ragged(start) or _is_ragged(end):
        msg = f"an interval must consist of whole hours, but got {start} to {end}"
        raise WarehouseError(msg)
    interval = {"start_at": start - IN_FLIGHT, "end_at": end}
    counts = {}
    for mart in HOURLY_MARTS:
        with connection.transaction():
            connection.execute(statement("lock_hourly_marts"), {"lock_number": HOURLY_LOCK})
            connection.execute(statement(f"delete_{mart}"), interval)
            counts[mart] = connection.execute(statement(f"insert_{mart}"), interval).rowcount
    return counts


def _is_ragged(moment: datetime) -> bool:
    return bool(moment.minute or moment.second or moment.microsecond)
