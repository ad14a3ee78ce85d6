"""Wait for locks without standing in the way: short lock time-outs, many tries, one sentence.

A statement that waits for a strong lock makes everybody behind it wait as well. So it waits only
briefly, gives way, and tries again later. Who is in the way is noted from a second connection
while it waits: afterwards nobody knows.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo
from tenacity import Retrying, retry_if_exception_type, stop_before_delay, wait_exponential

from sightscan.errors import WarehouseError
from sightscan.warehouse.statements import statement

WATCH_EVERY_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
MAX_RETRY_PAUSE_SECONDS = 8.0
GIVES_WAY = (errors.LockNotAvailable, errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class LockRetry:
    """How long a migration may stand in the way, and how long it keeps trying.

    PostgreSQL looks for deadlocks after one second and ends whoever it finds first. Who waits for
    less than that gives way before: no worker's transaction is ended for a migration.
    """

    lock_seconds: float = 0.8
    statement_seconds: float = 60
    total_seconds: float = 300


def run_with_lock_retry(
    connection: psycopg.Connection[Any],
    name: str,
    attempt: Callable[[], None],
    retry: LockRetry,
    say: Callable[[str], None],
) -> None:
    """Run `attempt` until it gets its locks; it must leave nothing behind when it fails.

    Raises:
        WarehouseError: it failed, or the retries ended; the sentence names it and what blocks it.

    """
    blockers = ["another session"]
    retrying = Retrying(
        retry=retry_if_exception_type(GIVES_WAY),
        wait=wait_exponential(multiplier=FIRST_PAUSE_SECONDS, max=MAX_RETRY_PAUSE_SECONDS),
        stop=stop_before_delay(retry.total_seconds),
        before_sleep=lambda state: say(
            f"{name} gives way to {' and '.join(blockers)}; next try in {state.upcoming_sleep:g} s"
        ),
        reraise=True,
    )
    try:
        with _watched(connection, blockers):
            retrying(attempt)
    except GIVES_WAY as error:
        msg = (
            f"{name} did not get its locks within {retry.total_seconds:g} s: "
            f"{' and '.join(blockers)} is in the way; nothing of it stays; let that session end, "
            "or end it (`select pg_terminate_backend(<process>)`), and migrate again"
        )
        raise WarehouseError(msg) from error
    except psycopg.Error as error:
        raise WarehouseError(_explain(name, error, retry)) from error


@contextmanager
def _watched(connection: psycopg.Connection[Any], blockers: list[str]) -> Iterator[None]:
    """Look from a connection of its own who keeps `connection` waiting, and keep `blockers` so."""
    process = connection.info.backend_pid
    is_over = threading.Event()

    def watch() -> None:
        # Nobody waits, most of the time: then no second connection is needed.
        if is_over.wait(WATCH_EVERY_SECONDS):
            return
        info = connection.info
        query = statement("schema/find_blockers")
        # A server without a free connection: the migration goes on, its blocker stays unnamed.
        with (
            suppress(psycopg.Error),
            psycopg.connect(
                make_conninfo(info.dsn, password=info.password), autocommit=True
            ) as second,
        ):
            while not is_over.wait(WATCH_EVERY_SECONDS):
                if found := [row[0] for row in second.execute(query, {"process": process})]:
                    blockers[:] = found

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _explain(name: str, error: psycopg.Error, retry: LockRetry) -> str:
    reason = str(error).strip().splitlines()[0]
    if isinstance(error, errors.QueryCanceled) and "statement timeout" in reason:
        return (
            f"{name} took longer than {retry.statement_seconds:g} s, while others may have "
            "waited for it; nothing of it stays; migrate at a quiet hour with a larger "
            "--statement-seconds"
        )
    return f"{name} failed: {reason}; nothing of it stays, correct the cause and migrate again"
