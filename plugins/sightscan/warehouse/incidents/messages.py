"""Messages: which channel was told of which incident.

A message's row is locked while it is sent, by a transaction that ends with its worker: what was sent
and could not be noted, since the worker was killed in between, is sent again. So each channel hears of
an incident at least once, mostly exactly once, and two workers never send one message at once.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.incidents.incidents import Incident
from sightscan.warehouse.statements import statement

# What began so long ago and is over by now is for the list only, if nobody could be told while it lasted.
MAX_DAYS_LATE = 3


def plan_messages(connection: psycopg.Connection[Any], channels: Sequence[str]) -> int:
    """Have these channels be told of each open incident once; return how many messages are new."""
    return connection.execute(
        statement("incidents/plan_messages"), {"channels": list(channels)}
    ).rowcount


def count_due(connection: psycopg.Connection[Any], channel: str) -> int:
    """Return of how many incidents a channel is to be told now."""
    row = connection.execute(
        statement("incidents/count_due_messages"),
        {"channel": channel, "max_age": timedelta(days=MAX_DAYS_LATE)},
    ).fetchone()
    return row[0] if row else 0


def lock_due(
    connection: psycopg.Connection[Any], channel: str, *, most: int
) -> tuple[Incident, ...]:
    """Return what a channel is to be told now, the oldest first, for this transaction alone."""
    with connection.cursor(row_factory=class_row(Incident)) as cursor:
        cursor.execute(
            statement("incidents/lock_due_messages"),
            {"channel": channel, "most": most, "max_age": timedelta(days=MAX_DAYS_LATE)},
        )
        return tuple(cursor)


def mark_told(
    connection: psycopg.Connection[Any], channel: str, incidents: Sequence[Incident]
) -> None:
    """Note that a channel took the messages about these."""
    connection.execute(
        statement("incidents/mark_told"),
        {"channel": channel, "incident_ids": [incident.incident_id for incident in incidents]},
    )


def mark_not_told(
    connection: psycopg.Connection[Any], channel: str, incidents: Sequence[Incident], error: str
) -> None:
    """Note that a channel did not take the messages about these, and why; they stay due."""
    connection.execute(
        statement("incidents/mark_not_told"),
        {
            "channel": channel,
            "incident_ids": [incident.incident_id for incident in incidents],
            "error": error,
        },
    )
