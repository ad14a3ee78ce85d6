"""Who waits for a GPU instance, in which order, and who gets which.

Whoever frees an instance, asks for one or looks whether it is its turn gives away what is free, to
all that wait, in the queue's order and under one lock: so it does not matter who looks first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.run import Run
from sightscan.warehouse.statements import statement

# Whoever has waited so long goes before all who have not, however many people asked for theirs.
PATIENCE_SECONDS = 24 * 3600
# A run that waits says so this often; one that is silent for as long is passed over. It keeps its
# place: a triggerer that was away for an hour must not cost anybody theirs.
RENEWAL_SECONDS = 30
MAX_SILENCE_SECONDS = 150
# Nobody comes back after that.
FORGOTTEN_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run in the queue.

    `people` asked for its city. One that is not awake has fallen silent and gets nothing. The last
    instance is the one that has the city's photos, and its checkpoint if a training was cut short.
    """

    run: Run
    slug: str
    instance_ids: tuple[str, ...]
    lease_seconds: int
    asked_at: datetime
    people: int
    is_overdue: bool
    is_awake: bool
    last_instance_id: str | None
    free_instance_ids: tuple[str, ...]


def enter_queue(
    connection: psycopg.Connection[Any], run: Run, instance_ids: Sequence[str], *, seconds: int
) -> None:
    """Let a run wait for one of some instances, and serve all whose turn it is.

    Again keeps its place. A run that holds an instance does not wait.
    """
    connection.execute(
        statement("models/delete_old_lease_requests"), {"seconds": FORGOTTEN_SECONDS}
    )
    with connection.transaction():
        # Else it might be served in between, and ask for another.
        lock_queue(connection)
        connection.execute(
            statement("models/ask_for_lease"),
            {**asdict(run), "instance_ids": list(instance_ids), "seconds": seconds},
        )
    serve_queue(connection)


def leave_queue(connection: psycopg.Connection[Any], run: Run) -> None:
    """Let a run wait no longer; what it holds it keeps."""
    connection.execute(statement("models/delete_lease_request"), asdict(run))


def find_turns(
    connection: psycopg.Connection[Any], runs: Collection[Run]
) -> Mapping[Run, str | None]:
    """Say of runs that they still wait; serve the queue; return those that need not wait longer.

    With the instance that they hold; with None, if they are not in the queue any more.
    """
    known = {(run.dag_id, run.run_id): run for run in runs}
    keys = {
        "dag_ids": [dag_id for dag_id, _ in known],
        "run_ids": [run_id for _, run_id in known],
    }
    connection.execute(
        statement("models/renew_lease_requests"), keys | {"renewal_seconds": RENEWAL_SECONDS}
    )
    serve_queue(connection)
    rows = connection.execute(statement("models/find_turns"), keys).fetchall()
    return {known[dag_id, run_id]: instance_id for dag_id, run_id, instance_id in rows}


def find_successor(connection: psycopg.Connection[Any], instance_id: str) -> WaitingRun | None:
    """Return the run whose turn it were, if an instance became free now."""
    return next(
        (
            waiting
            for waiting in list_waiting(connection)
            if waiting.is_awake and instance_id in waiting.instance_ids
        ),
        None,
    )


def serve_queue(connection: psycopg.Connection[Any]) -> None:
    """Lease what is free to those whose turn it is."""
    # Mostly nothing is free: then nobody has to wait for the lock.
    if not match_instances(list_waiting(connection)):
        return
    with connection.transaction():
        lock_queue(connection)
        for waiting, instance_id in match_instances(list_waiting(connection)):
            connection.execute(
                statement("models/lease_instance"),
                {**asdict(waiting.run), "instance_id": instance_id},
            )


def lock_queue(connection: psycopg.Connection[Any]) -> None:
    """Let nobody else give instances away until the transaction ends."""
    connection.execute(statement("models/lock_lease_queue"))


def list_waiting(connection: psycopg.Connection[Any]) -> tuple[WaitingRun, ...]:
    """Return the queue in its order, with those that have fallen silent."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            statement("models/list_lease_requests"),
            {"patience_seconds": PATIENCE_SECONDS, "silence_seconds": MAX_SILENCE_SECONDS},
        )
        return tuple(
            WaitingRun(
                run=Run(row.pop("city_id"), row.pop("dag_id"), row.pop("run_id")),
                instance_ids=tuple(row.pop("instance_ids")),
                free_instance_ids=tuple(row.pop("free_instance_ids")),
                **row,
            )
            for row in cursor
        )


def match_instances(queue: Sequence[WaitingRun]) -> list[tuple[WaitingRun, str]]:
    """Choose who gets which of the free instances, in the order of the queue.

    One after the other takes the instance that it knows, else one that nobody behind it knows, else
    the first of its list. What it knows gives nobody a better place.
    """
    awake = [waiting for waiting in queue if waiting.is_awake]
    matched: dict[str, WaitingRun] = {}
    for place, waiting in enumerate(awake, start=1):
        free = [each for each in waiting.free_instance_ids if each not in matched]
        known_behind = {behind.last_instance_id for behind in awake[place:]}
        # Of those that are equal, the first.
        chosen = min(
            free,
            key=lambda each: (each != waiting.last_instance_id, each in known_behind),
            default=None,
        )
        if chosen is not None:
            matched[chosen] = waiting
    return [(waiting, instance_id) for instance_id, waiting in matched.items()]
