"""What becomes of a lease while it is held: it goes to the next run, or to the next instance."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import psycopg

from sightscan.run import Run
from sightscan.warehouse.models.instances import (
    InstanceLease,
    close_session,
    find_open_session,
    lease_of,
    note_lease_use,
)
from sightscan.warehouse.models.lease_queue import find_successor, lock_queue
from sightscan.warehouse.statements import statement

# Who ended a session that never ran.
REFUSED = "refused"
# Once may be chance, and the instance that has the city's photos is worth another try.
MAX_REFUSED_STARTS = 2


def hand_over_lease(
    connection: psycopg.Connection[Any], run: Run, instance_id: str
) -> InstanceLease | None:
    """Give a running instance that a run holds to the next in the queue; return its lease.

    In one transaction, so that nobody ever sees it running and unleased: the session goes on, and
    from now on the next one pays. Nothing is changed, and None is returned, if nobody waits for the
    instance, or the run does not hold it any more.
    """
    with connection.transaction():
        lock_queue(connection)
        successor = find_successor(connection, instance_id)
        if successor is None:
            return None
        handed_over = connection.execute(
            statement("models/hand_over_lease"),
            {
                **asdict(run),
                "instance_id": instance_id,
                "seconds": successor.lease_seconds,
                **{f"next_{name}": value for name, value in asdict(successor.run).items()},
            },
        ).fetchone()
        lease = lease_of(connection, successor.run)
        if handed_over is None or lease is None:
            # The next one left the queue at this moment: the lease stays whose it was.
            raise psycopg.Rollback
        note_lease_use(connection, successor.run)
        return lease
    return None


def take_up_lease(connection: psycopg.Connection[Any], run: Run) -> bool:
    """Note that a run goes on with the instance that was handed over to it; tell whether it was."""
    taken = connection.execute(statement("models/take_up_lease"), asdict(run)).fetchone()
    return taken is not None


def move_refused_lease(
    connection: psycopg.Connection[Any],
    run: Run,
    refused_id: str,
    instance_ids: Sequence[str],
    *,
    announce: Callable[[str], object],
) -> str | None:
    """Note that EC2 has no capacity for the instance of a run; return another that it has now.

    The first refusal moves nothing, nor does any if no other is free: then the run keeps what it
    has, to try again. That of the list is taken which comes next and is free. `announce` tells
    others, before it is final.
    """
    with connection.transaction():
        lock_queue(connection)
        counted = connection.execute(
            statement("models/count_refused_start"), asdict(run)
        ).fetchone()
        if counted is None or counted[0] < MAX_REFUSED_STARTS:
            return None
        moved = connection.execute(
            statement("models/move_lease"),
            {**asdict(run), "refused_id": refused_id, "instance_ids": list(instance_ids)},
        ).fetchone()
        if moved is None:
            return None
        # It never ran, and costs nothing.
        session = find_open_session(connection, refused_id)
        if session is not None:
            close_session(connection, session, stopped_by=REFUSED)
        announce(str(moved[0]))
    return str(moved[0])


def hold_next_untaken(
    connection: psycopg.Connection[Any], *, seconds: int, left_out: Sequence[str] = ()
) -> str | None:
    """Return an instance that was handed over so long ago and is not taken up, if there is one.

    Until the transaction ends nobody can take it up, and then nobody finds it handed over any more.
    """
    row = connection.execute(
        statement("models/hold_next_untaken"), {"seconds": seconds, "left_out": list(left_out)}
    ).fetchone()
    return None if row is None else str(row[0])
