"""Forward-only migrations: include/sql/schema/NNNN_*.sql in order, each once, then the marts.

Made for a running system: each file is a transaction of its own that gives way to readers and
writers (`lock_retry`), and may be interrupted anywhere; one migration runs at a time.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sightscan.errors import WarehouseError
from sightscan.warehouse.locks import MIGRATION_LOCK
from sightscan.warehouse.schema.files import (
    MARTS,
    MigrationFile,
    Squash,
    find_newer,
    forget,
    read_known,
    read_marts,
    read_migrations,
    read_squash,
    refuse_edited,
    remember,
)
from sightscan.warehouse.schema.lock_retry import LockRetry, run_with_lock_retry
from sightscan.warehouse.statements import statement

LOCK_POLL_SECONDS = 0.3
# The marts in the order of their dependence: a view comes after the views that it reads.
MART_ORDER = (
    "decided_label",
    "accepted_label",
    "label_to_review",
    "contribution",
    "settled_hour",
    "trainable_photo",
    "published_model",
    "published_model_file",
    "city_activity_hourly",
    "city_stage",
    "city_overview",
    "city_request",
    "city_answer",
    "city_progress",
    "sight_coverage",
    "label_quality",
    "model_scorecard",
    "model_version",
    "model_card",
    "model_example",
    "model_credit",
    "spend_by_month",
    "spend_estimate",
    "first_model",
    "photo_attribution",
    "sight_card",
    "sight_card_photo",
)
# Each row is of a person who alone knows its key. The app's login finds one by the function beside
# the view, and lists none.
FOUND_BY_SECRET = ("contribution", "city_answer")


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a call of `migrate` did."""

    applied: tuple[str, ...]
    already_there: int
    marts_renewed: bool


def be_silent(line: str) -> None:
    """Say nothing: what a caller without an operator wants."""
    del line


def migrate(
    connection: psycopg.Connection[Any],
    sql_folder: Path,
    *,
    retry: LockRetry | None = None,
    say: Callable[[str], None] = be_silent,
) -> MigrationReport:
    """Bring the warehouse to the newest schema; a warehouse that is there already is left alone.

    Raises:
        WarehouseError: an applied migration was edited, the warehouse has only some of those that
            were squashed or is of another line of versions, a file fails (nothing of that one
            stays), or locks are not to be had.

    """
    files = read_migrations(sql_folder / "schema")
    squash = read_squash(sql_folder / "schema", files)
    marts = read_marts(sql_folder / "marts", MART_ORDER)
    run = _Run(connection, retry or LockRetry(), say)
    with _autocommit(connection), _alone(connection, say):
        known = read_known(connection)
        is_squash_due = squash.is_due(known)
        if is_squash_due:
            known = squash.replace_in(known)
        refuse_edited(files, known)
        missing = [file for file in files if file.name not in known]
        newer = find_newer(missing, known, files)
        if newer:
            say(f"left as it is: the warehouse is newer than these files, it has {newer[-1]}")
            return MigrationReport((), len(files), marts_renewed=False)
        if is_squash_due:
            run.take_over(squash)
        for number, file in enumerate(missing, start=1):
            say(f"applying {file.name} ({number} of {len(missing)}) ...")
            run.apply(file)
        renewed = run.renew(marts)
        connection.execute(statement("schema/forbid_temporary_tables"))
        _forbid_shared_functions(connection, sql_folder, say if missing else be_silent)
    return MigrationReport(
        tuple(file.name for file in missing), len(known.keys() - {MARTS}), renewed
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One call of `migrate`, while nobody else migrates."""

    connection: psycopg.Connection[Any]
    retry: LockRetry
    say: Callable[[str], None]

    def take_over(self, squash: Squash) -> None:
        """Note that the files of today were applied, instead of those that were squashed."""

        def replace() -> None:
            with self._transaction():
                forget(self.connection, squash.old)
                for file in squash.new:
                    remember(self.connection, file.name, file.sha256)

        self.say(f"{len(squash.new)} files stand for the {len(squash.old)} that were applied ...")
        self._with_lock_retry("the new register", replace)

    def apply(self, file: MigrationFile) -> None:
        """Apply one file, whole or not at all, and remember it."""

        def inside() -> None:
            with self._transaction():
                self.connection.execute(file.text.encode())
                remember(self.connection, file.name, file.sha256)
                forget(self.connection, [MARTS])

        def outside() -> None:
            # It waits for older transactions to end, and nobody waits behind it.
            self._limit(self.retry.total_seconds, 0, is_local=False)
            try:
                self._drop_unfinished_indexes(file)
                self.connection.execute(file.text.encode())
            finally:
                if not self.connection.broken:
                    self.connection.execute("reset lock_timeout")
                    self.connection.execute("reset statement_timeout")
            with self._transaction():
                remember(self.connection, file.name, file.sha256)
                forget(self.connection, [MARTS])

        self._with_lock_retry(file.name, outside if file.is_outside else inside)

    def renew(self, marts: dict[str, str]) -> bool:
        """Replace all views of schema mart, in one transaction, when their texts changed."""
        digest = hashlib.sha256("\n".join(marts.values()).encode()).hexdigest()
        if read_known(self.connection).get(MARTS) == digest:
            return False

        def replace() -> None:
            with self._transaction():
                self._drop_views(marts)
                for text in marts.values():
                    self.connection.execute(text.encode())
                self.connection.execute(
                    "grant select on all tables in schema mart"
                    " to sightscan_pipeline, sightscan_app, sightscan_analyst"
                )
                for name in marts.keys() & set(FOUND_BY_SECRET):
                    revoke = sql.SQL("revoke select on {} from sightscan_app")
                    self.connection.execute(revoke.format(sql.Identifier("mart", name)))
                remember(self.connection, MARTS, digest)

        self.say(f"renewing {len(marts)} marts ...")
        self._with_lock_retry("the renewal of the marts", replace)
        return True

    def _with_lock_retry(self, name: str, attempt: Callable[[], None]) -> None:
        run_with_lock_retry(self.connection, name, attempt, self.retry, self.say)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.connection.transaction():
            self._limit(self.retry.lock_seconds, self.retry.statement_seconds, is_local=True)
            yield

    def _limit(self, lock_seconds: float, statement_seconds: float, *, is_local: bool) -> None:
        self.connection.execute(
            "select set_config('lock_timeout', %s, %s), set_config('statement_timeout', %s, %s)",
            (_milliseconds(lock_seconds), is_local, _milliseconds(statement_seconds), is_local),
        )

    def _drop_views(self, marts: Iterable[str]) -> None:
        """Drop all views in one statement; those that no file makes any more first.

        A view goes before those that it reads: in this order readers lock them, too, so that
        neither waits for the other.
        """
        found = self.connection.execute(
            "select viewname from pg_views where schemaname = 'mart' order by viewname"
        ).fetchall()
        place = {name: number for number, name in enumerate(marts)}
        views = sorted((name for (name,) in found), key=lambda name: -place.get(name, len(place)))
        if views:
            names = sql.SQL(", ").join(sql.Identifier("mart", name) for name in views)
            self.connection.execute(sql.SQL("drop view {}").format(names))

    def _drop_unfinished_indexes(self, file: MigrationFile) -> None:
        """Drop what an interrupted `create index concurrently` of this file left.

        No query uses it, every write pays for it, and `if not exists` takes it for the index.
        """
        names = re.findall(r"\w+", file.text)
        unfinished = self.connection.execute(
            statement("schema/find_unfinished_indexes"), {"names": names}
        ).fetchall()
        for name in unfinished:
            self.say(f"{file.name} drops the unfinished index {'.'.join(name)}")
            drop = sql.SQL("drop index concurrently if exists {}")
            self.connection.execute(drop.format(sql.Identifier(*name)))


def forbid_shared_functions(connection: psycopg.Connection[Any]) -> None:
    """Take from everybody what only the server's superuser can take."""
    connection.execute(statement("schema/forbid_shared_functions"))


def _forbid_shared_functions(
    connection: psycopg.Connection[Any], sql_folder: Path, say: Callable[[str], None]
) -> None:
    """Take from everybody what only the server's superuser can take, or say who should."""
    forbid_shared_functions(connection)
    left = connection.execute(statement("schema/count_shared_functions")).fetchone()
    if left != (0,):
        file = sql_folder / "queries/schema/forbid_shared_functions.sql"
        say(
            "every login may still make large objects and take advisory locks in "
            f"{connection.info.dbname!r}; to forbid it, once, as the server's superuser: "
            f"psql --dbname={connection.info.dbname} --file={file}"
        )


@contextmanager
def _autocommit(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let each statement commit by itself, as concurrent index builds demand."""
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        msg = "migrate needs a connection without an open transaction: commit or roll back first"
        raise WarehouseError(msg)
    before = connection.autocommit
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = before


@contextmanager
def _alone(connection: psycopg.Connection[Any], say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of the one who migrates; the server frees it when the session dies."""
    is_waiting = False
    # Asked again and again: a session that waits in the server holds a snapshot, and concurrent
    # index builds would wait for it, and it for them.
    while connection.execute("select pg_try_advisory_lock(%s)", [MIGRATION_LOCK]).fetchone() != (
        True,
    ):
        if not is_waiting:
            say("another migration is running; waiting for its end ...")
        is_waiting = True
        time.sleep(LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
