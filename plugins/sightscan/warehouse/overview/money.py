"""What months have cost, and up to when that is counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class MonthCost:
    """What a month (UTC) has cost, in US dollars: images of Google Vision, other paid calls, GPU time that ran in it."""

    begins_at: datetime
    image_count: int
    free_image_count: int
    vision_usd: float
    other_usd: float
    gpu_seconds: float
    gpu_usd: float


def list_months(connection: psycopg.Connection[Any]) -> list[MonthCost]:
    """Return the last twelve months, this one last; calls are as of the last refresh of the facts."""
    with connection.cursor(row_factory=class_row(MonthCost)) as cursor:
        cursor.execute(statement("overview/list_months"))
        return cursor.fetchall()


def find_counted_until(connection: psycopg.Connection[Any]) -> datetime | None:
    """Return up to when the facts count photos, labels and calls; None if they were never refreshed."""
    row = connection.execute(statement("overview/find_counted_until")).fetchone()
    return row[0] if row else None
