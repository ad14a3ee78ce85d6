"""The GPU instances as people look at them: who holds which, and which is billed now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance; without a `dag_id` nobody holds it, without a `slug` the reaper does.

    An open session is a start whose stop is not known: it is billed from `running_at` on.
    """

    instance_id: str
    slug: str | None
    dag_id: str | None
    run_id: str | None
    leased_at: datetime | None
    deadline_at: datetime | None
    running_at: datetime | None
    has_open_session: bool

    @property
    def state(self) -> str:
        """Return what the warehouse knows of it."""
        if not self.has_open_session:
            return "stopped"
        return "starting" if self.running_at is None else "running"


def list_machines(
    connection: psycopg.Connection[Any], instance_ids: Sequence[str]
) -> tuple[Machine, ...]:
    """Return instances in the order given, then others that are held or billed."""
    with connection.cursor(row_factory=class_row(Machine)) as cursor:
        cursor.execute(statement("models/list_machines"), {"instance_ids": list(instance_ids)})
        return tuple(cursor)
