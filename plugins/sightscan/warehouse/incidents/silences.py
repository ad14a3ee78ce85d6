"""Silences: of what nobody is told, until when, and who wanted it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement

MAX_SILENCE_DAYS = 92


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence that holds; without a kind or subject it is about all of them."""

    silence_id: int
    kind: str | None
    subject: str | None
    reason: str
    set_by: str
    set_at: datetime
    ends_at: datetime


def set_silence(
    connection: psycopg.Connection[Any],
    *,
    kind: str | None,
    subject: str | None,
    reason: str,
    set_by: str,
    length: timedelta,
) -> tuple[int, datetime]:
    """Tell nobody of these incidents for a while; return the silence's id and its end."""
    ((silence_id, ends_at),) = connection.execute(
        statement("incidents/insert_silence"),
        {"kind": kind, "subject": subject, "reason": reason, "set_by": set_by, "length": length},
    ).fetchall()
    return silence_id, ends_at


def end_silence(connection: psycopg.Connection[Any], silence_id: int) -> bool:
    """End a silence now; return whether it held."""
    return (
        connection.execute(statement("incidents/end_silence"), {"silence_id": silence_id}).rowcount
        == 1
    )


def list_silences(connection: psycopg.Connection[Any]) -> tuple[Silence, ...]:
    """Return the silences that hold, the first to end first."""
    with connection.cursor(row_factory=class_row(Silence)) as cursor:
        cursor.execute(statement("incidents/list_silences"))
        return tuple(cursor)
