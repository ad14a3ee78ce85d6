"""Wait for locks without standing in the way: short lock time-outs, many tries, one sentence.

A statement that waits for a strong lock makes everybody behind it wait as well. So it waits only
briefly, gives way, and tries again later. Who is in the way is noted from a second connection
while it waits: afterwards nobody knows.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from sightscan.errors import WarehouseError
from sightscan.warehouse.statements import statement

WATCH_EVERY_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
MAX_RETRY_PAUSE_SECONDS = 8.0


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
    give_up_at = time.monotonic() + retry.total_seconds
    with BlockerWatch(connection) as watch:
        for pause_seconds in _pauses():
            try:
                return attempt()
            except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
                if time.monotonic() + pause_seconds > give_up_at:
                    msg = (
                        f"{name} did not get its locks within {retry.total_seconds:g} s: "
                        f"{watch.seen} is in the way; nothing of it stays; let that session end, "
                        "or end it (`select pg_terminate_backend(<process>)`), and migrate again"
                    )
                    raise WarehouseError(msg) from error
                say(f"{name} gives way to {watch.seen}; next try in {pause_seconds:g} s")
                time.sleep(pause_seconds)
            except psycopg.Error as error:
                raise WarehouseError(_explain(name, error, retry)) from error
    raise AssertionError  # the pauses never end


class BlockerWatch:
    """Look from a connection of its own who keeps `connection` waiting."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.seen = "another session"
        self._connection = connection
        self._process = connection.info.backend_pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        # Nobody waits, most of the time: then no second connection is needed.
        if self._over.wait(WATCH_EVERY_SECONDS):
            return
        info = self._connection.info
        query = statement("schema/find_blockers")
        try:
            address = make_conninfo(info.dsn, password=info.password)
            with psycopg.connect(address, autocommit=True) as second:
                while not self._over.wait(WATCH_EVERY_SECONDS):
                    found = [row[0] for row in second.execute(query, {"process": self._process})]
                    if found:
                        self.seen = " and ".join(found)
        except psycopg.Error:
            # A server without a free connection: the migration goes on, its blocker stays unnamed.
            return


def _pauses() -> Iterator[float]:
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        yield pause_seconds
        pause_seconds = min(2 * pause_seconds, MAX_RETRY_PAUSE_SECONDS)


def _explain(name: str, error: psycopg.Error, retry: LockRetry) -> str:
    reason = str(error).strip().splitlines()[0]
    if isinstance(error, errors.QueryCanceled) and "statement timeout" in reason:
        return (
            f"{name} took longer than {retry.statement_seconds:g} s, while others may have "
            "waited for it; nothing of it stays; migrate at a quiet hour with a larger "
            "--statement-seconds"
        )
    return f"{name} failed: {reason}; nothing of it stays, correct the cause and migrate again"
