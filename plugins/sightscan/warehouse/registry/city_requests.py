"""City requests: from the app's inbox to resolved rows with votes."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class RequestInbox:
    """A name that was asked for and is not decided yet; votes are distinct people."""

    request_id: uuid.UUID
    asked_name: str
    asked_at: datetime
    last_asked_at: datetime
    vote_count: int


def waiting_requests(connection: psycopg.Connection[Any]) -> list[RequestInbox]:
    """Return what waits in the inbox, one row per name as typed, the oldest first."""
    with connection.cursor(row_factory=class_row(RequestInbox)) as cursor:
        return cursor.execute(statement("registry/list_waiting_requests")).fetchall()


def resolve_request(
    connection: psycopg.Connection[Any],
    request: RequestInbox,
    *,
    city_id: str | None,
    detail: str | None,
) -> str:
    """Move a request from the inbox to core; return its stage: resolved, refused or merged.

    A city that somebody asked for before gets the votes instead of a second request.
    """
    values = {
        "request_id": request.request_id,
        "asked_name": request.asked_name,
        "asked_at": request.asked_at,
        # Who asks while the name is being looked up is counted the next time.
        "last_asked_at": request.last_asked_at,
        "vote_count": request.vote_count,
        "city_id": city_id,
        "detail": detail,
    }
    with connection.transaction():
        row = connection.execute(statement("registry/resolve_city_request"), values).fetchone()
        connection.execute(statement("registry/delete_resolved_requests"), values)
    return str(row[0]) if row else "merged"
