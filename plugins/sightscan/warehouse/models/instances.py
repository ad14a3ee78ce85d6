"""Who holds which GPU instance, and when it is billed: leases and sessions.

What a session costs is the view `core.session_cost`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.errors import InstanceError
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.spend.prices import gpu_price_per_hour_usd
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class InstanceLease:
    """An instance held by a run until a deadline at most."""

    instance_id: str
    run: Run
    leased_at: datetime
    deadline_at: datetime
    is_expired: bool


@dataclass(frozen=True, slots=True)
class InstanceSession:
    """One start to stop of an instance."""

    session_id: int
    instance_id: str
    price_per_hour_usd: float
    started_at: datetime
    running_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str | None


def lease_instance(
    connection: psycopg.Connection[Any], run: Run, instance_ids: Sequence[str], *, seconds: int
) -> str | None:
    """Take the first free instance for a run; return its id, or None if all are held.

    A run that holds one already gets that one, with the deadline that it had. Safe at once. From
    now on the run pays for it, if it runs.
    """
    connection.execute(
        statement("models/lease_instance"),
        {"instance_ids": list(instance_ids), **asdict(run), "seconds": seconds},
    )
    note_lease_use(connection, run)
    lease = lease_of(connection, run)
    return None if lease is None else lease.instance_id


def lease_of(connection: psycopg.Connection[Any], run: Run) -> InstanceLease | None:
    """Return the lease that a run holds, if any."""
    return next(iter(_leases(connection, run)), None)


def list_leases(connection: psycopg.Connection[Any]) -> tuple[InstanceLease, ...]:
    """Return all leases, expired ones too: the reaper's list."""
    return _leases(connection)


def release_lease(connection: psycopg.Connection[Any], run: Run) -> str | None:
    """Give back what a run holds; return the instance id, or None if it held none."""
    row = connection.execute(statement("models/delete_lease"), asdict(run)).fetchone()
    return None if row is None else row[0]


def note_lease_use(connection: psycopg.Connection[Any], run: Run) -> None:
    """Let a run pay for the open session of the instance that it holds, if there is one.

    It pays from its lease on, or from the session's start if nobody held it before; the last one
    pays up to the stop.
    """
    connection.execute(statement("models/note_lease_use"), asdict(run))


def open_session(
    connection: psycopg.Connection[Any], config: Settings, run: Run, instance_id: str
) -> InstanceSession:
    """Open the session of an instance that is about to start, or return the one that is open.

    If the run holds the instance, it pays for it.
    """
    connection.execute(
        statement("models/open_session"),
        {
            "instance_id": instance_id,
            **asdict(run),
            "price_per_hour_usd": gpu_price_per_hour_usd(config),
        },
    )
    note_lease_use(connection, run)
    session = find_open_session(connection, instance_id)
    if session is None:
        msg = f"instance {instance_id} was stopped while it was being started; start it again"
        raise InstanceError(msg)
    return session


def find_open_session(
    connection: psycopg.Connection[Any], instance_id: str
) -> InstanceSession | None:
    """Return the session of an instance that has not been closed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/find_open_session"), {"instance_id": instance_id}
        ).fetchone()
    return None if row is None else _session(row)


def mark_session_running(connection: psycopg.Connection[Any], instance_id: str) -> None:
    """Note that EC2 says running; the first time counts."""
    connection.execute(statement("models/mark_session_running"), {"instance_id": instance_id})


def close_session(
    connection: psycopg.Connection[Any],
    instance_id: str,
    *,
    stopped_by: str,
    session_id: int | None = None,
    has_run: bool = False,
) -> InstanceSession | None:
    """Note that EC2 says stopped; return the session, or None if none was open.

    With `session_id`, only that one is closed: another may have begun since it was looked at. With
    `has_run`, one that nobody noted as running is billed from its start.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/close_session"),
            {
                "instance_id": instance_id,
                "stopped_by": stopped_by,
                "session_id": session_id,
                "has_run": has_run,
            },
        ).fetchone()
    return None if row is None else _session(row)


def _leases(
    connection: psycopg.Connection[Any], run: Run | None = None
) -> tuple[InstanceLease, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            statement("models/list_leases"),
            {"dag_id": run and run.dag_id, "run_id": run and run.run_id},
        )
        return tuple(
            InstanceLease(
                instance_id=row["instance_id"],
                run=Run(row["city_id"], row["dag_id"], row["run_id"]),
                leased_at=row["leased_at"],
                deadline_at=row["deadline_at"],
                is_expired=row["is_expired"],
            )
            for row in cursor
        )


def _session(row: dict[str, Any]) -> InstanceSession:
    return InstanceSession(**row | {"price_per_hour_usd": float(row["price_per_hour_usd"])})
