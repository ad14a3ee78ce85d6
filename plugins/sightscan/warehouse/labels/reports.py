"""What people report of wrong answers: from the app's inbox to a person's decision.

A report is a hint, never a label: nothing is learnt from it by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from sightscan.errors import ReviewError
from sightscan.warehouse.statements import statement

# Photos of strangers are not kept for longer than somebody may look at them.
MAX_REPORT_AGE_DAYS = 90

ReportDecision = Literal["confirmed", "rejected"]


@dataclass(frozen=True, slots=True)
class Report:
    """A report that waits: the box in shares of the photo, if there is one."""

    report_id: UUID
    city_id: str
    city_name: str
    model_version: int | None
    kind: Literal["wrong", "missing"]
    class_name: str | None
    message: str
    reported_at: datetime
    has_photo: bool
    waiting_count: int
    x1: float | None = None
    y1: float | None = None
    x2: float | None = None
    y2: float | None = None


def list_reports(connection: psycopg.Connection[Any], most: int) -> tuple[Report, ...]:
    """Return the reports that wait, the oldest first; each says how many there are."""
    with connection.cursor(row_factory=class_row(Report)) as cursor:
        cursor.execute(statement("labels/list_reports"), {"most": most})
        return tuple(cursor.fetchall())


def read_report_photo(connection: psycopg.Connection[Any], report_id: UUID) -> bytes | None:
    """Return the photo of a report that waits, None if there is none."""
    found = connection.execute(statement("labels/read_report_photo"), {"report_id": report_id})
    row = found.fetchone()
    return bytes(row[0]) if row else None


def decide_report(
    connection: psycopg.Connection[Any],
    report_id: UUID,
    *,
    decision: ReportDecision,
    decided_by: str,
) -> None:
    """Note what a person decided; the photo is deleted.

    Raises:
        ReviewError: it does not wait any more.

    """
    values = {"report_id": report_id, "decision": decision, "decided_by": decided_by}
    if not connection.execute(statement("labels/decide_report"), values).rowcount:
        msg = f"the report {report_id} does not wait any more: somebody else decided it; go on"
        raise ReviewError(msg)


def delete_old_reports(connection: psycopg.Connection[Any]) -> int:
    """Delete what nobody has decided for months, photos and all; return how many those were."""
    values = {"max_age_days": MAX_REPORT_AGE_DAYS}
    return connection.execute(statement("labels/delete_old_reports"), values).rowcount
