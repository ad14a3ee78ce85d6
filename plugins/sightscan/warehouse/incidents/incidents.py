"""Incidents: what is wrong is a row from when it is seen first until it is gone.

A kind and subject has one open row at a time, which a unique index says, whoever looks at once. It is
closed only when it was not seen for a while: what comes and goes from look to look is one incident.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement

# Two looks and a little. Whoever starts a task again finds it failed or running by then.
GONE_AFTER = timedelta(minutes=11)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now, as somebody who looked saw it."""

    kind: str
    subject: str
    sentence: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is or was wrong, as it is to be told."""

    incident_id: int
    kind: str
    subject: str
    sentence: str
    link: str | None
    message_key: UUID
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedIncident:
    """An incident as people look at it: by whom it was told, and until when nobody is told."""

    incident_id: int
    kind: str
    subject: str
    sentence: str
    link: str | None
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    silent_until: datetime | None
    told_by: list[str]
    not_told_by: list[str]


def save_troubles(connection: psycopg.Connection[Any], troubles: Sequence[Trouble]) -> int:
    """Open an incident for each trouble that has none, and note that the others last; return how many are new."""
    # One statement may not meet a row twice.
    once = {(trouble.kind, trouble.subject): trouble for trouble in troubles}.values()
    rows = connection.execute(
        statement("incidents/save_troubles"),
        {
            "kinds": [trouble.kind for trouble in once],
            "subjects": [trouble.subject for trouble in once],
            "sentences": [trouble.sentence for trouble in once],
            "links": [trouble.link for trouble in once],
        },
    )
    return sum(is_new for _, is_new in rows)


def close_incidents(
    connection: psycopg.Connection[Any], kinds: Collection[str], *, looked_at: datetime
) -> int:
    """Close what of these kinds, which were all looked for, was not seen for a while; return how many."""
    return connection.execute(
        statement("incidents/close_incidents"),
        {"kinds": sorted(kinds), "not_seen_since": looked_at - GONE_AFTER},
    ).rowcount


def count_open_incidents(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how many are open, by kind; kinds of which none is are not there."""
    return dict(connection.execute(statement("incidents/count_open_incidents")).fetchall())


def list_incidents(
    connection: psycopg.Connection[Any], *, closed_after: datetime, most: int
) -> tuple[ListedIncident, ...]:
    """Return what is open, then what ended since then, the newest first."""
    with connection.cursor(row_factory=class_row(ListedIncident)) as cursor:
        cursor.execute(
            statement("incidents/list_incidents"), {"closed_after": closed_after, "most": most}
        )
        return tuple(cursor)
