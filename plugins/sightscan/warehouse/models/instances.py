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
from sightscan.instance_sight import InstanceSight
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.models.lease_queue import enter_queue
from sightscan.warehouse.spend.prices import gpu_price_per_hour_usd
from sightscan.warehouse.statements import statement

# Who holds what the reaper is stopping.
REAPER = "stop_idle_instances"
# Who stopped an instance, beside the teardown and the reaper.
ITSELF = "itself"
UNKNOWN_CALLER = "somebody"


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
    """Lease a free instance to a run if it is its turn; return its id, or None: then it waits.

    A run that holds one already gets that one, with the deadline that it had. Safe at once. From
    now on the run pays for it, if it runs.
    """
    enter_queue(connection, run, instance_ids, seconds=seconds)
    note_lease_use(connection, run)
    lease = lease_of(connection, run)
    return None if lease is None else lease.instance_id


def lease_of(connection: psycopg.Connection[Any], run: Run) -> InstanceLease | None:
    """Return the lease that a run holds, if any."""
    return next(iter(_leases(connection, run)), None)


def find_lease_left(connection: psycopg.Connection[Any], run: Run) -> tuple[str, float] | None:
    """Return the instance that a run holds, and for how many seconds; None if it holds none."""
    row = connection.execute(statement("models/find_lease_left"), asdict(run)).fetchone()
    return None if row is None else (row[0], row[1])


def list_instance_types(
    connection: psycopg.Connection[Any], instance_ids: Sequence[str]
) -> frozenset[str | None]:
    """Return of which types the instances were when last seen; None stands for those never seen."""
    rows = connection.execute(
        statement("models/list_instance_types"), {"instance_ids": list(instance_ids)}
    )
    return frozenset(instance_type for (instance_type,) in rows)


def list_leases(connection: psycopg.Connection[Any]) -> tuple[InstanceLease, ...]:
    """Return all leases of runs, expired ones too: the reaper's list."""
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


def claim_instance(
    connection: psycopg.Connection[Any],
    instance_id: str,
    *,
    claim: str,
    seconds: int,
    lease: InstanceLease | None = None,
) -> bool:
    """Let the reaper hold an instance, so that nobody leases it while it is stopped.

    It takes over the dead lease that it looked at, if that is still there; else the instance must be
    free. `claim` names the round; a claim of an earlier one is taken over once its time is up.
    """
    row = connection.execute(
        statement("models/claim_instance"),
        {
            "instance_id": instance_id,
            "claimant": REAPER,
            "claim": claim,
            "seconds": seconds,
            "dag_id": lease and lease.run.dag_id,
            "run_id": lease and lease.run.run_id,
            "leased_at": lease and lease.leased_at,
        },
    ).fetchone()
    return row is not None


def end_claim(
    connection: psycopg.Connection[Any], instance_id: str, *, claim: str, is_stopped: bool
) -> None:
    """Free an instance that was stopped; keep one that was not for the next round."""
    name = "models/delete_claim" if is_stopped else "models/expire_claim"
    connection.execute(statement(name), {"instance_id": instance_id, "claim": claim})


def list_claimed_instances(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """Return the instances that the reaper holds, or has left over."""
    return frozenset(
        row[0] for row in connection.execute(statement("models/list_claimed_instances"))
    )


def note_quiet(connection: psycopg.Connection[Any], run: Run, *, is_quiet: bool) -> float | None:
    """Note whether tasks of a run are at work; return for how many seconds none was seen to be.

    None: one is, or the run holds no instance.
    """
    row = connection.execute(
        statement("models/note_quiet"), {**asdict(run), "is_quiet": is_quiet}
    ).fetchone()
    return None if row is None else row[0]


def open_session(
    connection: psycopg.Connection[Any],
    config: Settings,
    run: Run,
    instance_id: str,
    *,
    instance_type: str | None = None,
) -> InstanceSession:
    """Open the session of an instance that is about to start, or return the one that is open.

    If the run holds the instance, it pays for it.
    """
    connection.execute(
        statement("models/open_session"),
        {
            "instance_id": instance_id,
            **asdict(run),
            "instance_type": instance_type,
            "price_per_hour_usd": gpu_price_per_hour_usd(config, instance_type),
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


def settle_session(
    connection: psycopg.Connection[Any],
    config: Settings,
    sight: InstanceSight,
    session: InstanceSession | None,
    *,
    stopped_by: str | None = None,
) -> None:
    """Bring an instance's sessions in line with what EC2 says of it; again is the same.

    `session` is the one that was open before EC2 was asked: what it says is not about a later one.
    `stopped_by` is who called for the stop, if that is known. A launch that nobody noted becomes a
    session of nobody.
    """
    launched_at = sight.launched_at
    if (
        session is not None
        and session.running_at is not None
        and launched_at is not None
        and launched_at > session.running_at
    ):
        # Stopped and started anew, unseen: of the stop, EC2 now says only that it was before.
        close_session(
            connection,
            session,
            stopped_by=UNKNOWN_CALLER,
            ended_at=launched_at,
            is_end_stated=False,
        )
        session = None
    if sight.has_ended:
        stopper = ITSELF if sight.stopped_itself else stopped_by or UNKNOWN_CALLER
        if session is not None:
            close_session(
                connection,
                session,
                stopped_by=stopper,
                launched_at=launched_at,
                ended_at=sight.ended_at,
            )
        elif launched_at is not None:
            _insert_found_session(connection, config, sight, stopped_by=stopper)
    elif sight.is_on and launched_at is not None:
        if session is None:
            _insert_found_session(connection, config, sight, stopped_by=None)
        elif sight.state == "running":
            mark_session_running(connection, sight.instance_id, launched_at)


def mark_session_running(
    connection: psycopg.Connection[Any], instance_id: str, launched_at: datetime
) -> None:
    """Note since when EC2 runs an instance; the first time counts."""
    connection.execute(
        statement("models/mark_session_running"),
        {"instance_id": instance_id, "launched_at": launched_at},
    )


def close_session(
    connection: psycopg.Connection[Any],
    session: InstanceSession,
    *,
    stopped_by: str,
    launched_at: datetime | None = None,
    ended_at: datetime | None = None,
    is_end_stated: bool = True,
) -> InstanceSession | None:
    """Note when EC2 ended a session, or that it has, if it does not say when.

    `is_end_stated` tells that `ended_at` is EC2's word, and not only the latest that it can be.
    `launched_at` is that of the instance's last launch: it tells whether a session that nobody saw
    running ran. Returns the session, or None if it was closed before.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("models/close_session"),
            {
                "session_id": session.session_id,
                "stopped_by": stopped_by,
                "launched_at": launched_at,
                "ended_at": ended_at,
                "source": "ec2" if ended_at is not None and is_end_stated else "seen",
            },
        ).fetchone()
    return None if row is None else _session(row)


def correct_seen_ends(
    connection: psycopg.Connection[Any], instance_id: str, power_offs: Sequence[datetime]
) -> tuple[tuple[datetime, datetime], ...]:
    """End the sessions whose end EC2 did not state when their host says that it powered itself off.

    Returns until when each of them was billed before, and until when it is now.
    """
    return tuple(
        connection.execute(
            statement("models/correct_seen_ends"),
            {"instance_id": instance_id, "power_offs": list(power_offs)},
        )
    )


def _insert_found_session(
    connection: psycopg.Connection[Any],
    config: Settings,
    sight: InstanceSight,
    *,
    stopped_by: str | None,
) -> None:
    connection.execute(
        statement("models/insert_found_session"),
        {
            "instance_id": sight.instance_id,
            "instance_type": sight.instance_type,
            "price_per_hour_usd": gpu_price_per_hour_usd(config, sight.instance_type),
            "launched_at": sight.launched_at,
            "ended_at": sight.ended_at,
            "source": "seen" if sight.ended_at is None else "ec2",
            "has_run": sight.state != "pending",
            "stopped_by": stopped_by,
        },
    )


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
