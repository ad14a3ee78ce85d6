"""A restore drill: the newest backup comes back into a database beside the warehouse, and is dropped.

What nobody has ever restored is no backup. The drill does what a person would do: it restores, compares
with the manifest, migrates, and asks all data checks about everything.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.errors import SightScanError, WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.backup.keep import KeptBackup, backup_folder, list_backups
from sightscan.warehouse.backup.restore import OWNER, UnsoundBackup, restore_warehouse
from sightscan.warehouse.backup.restored import open_restored
from sightscan.warehouse.backup.scratch import (
    drop_scratch,
    mark_of,
    require_no_other,
    scratch_name,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.incidents.watch import UNTRIED, list_failed_checks
from sightscan.warehouse.locks import DRILL_LOCK
from sightscan.warehouse.marts.check_runs import run_checks
from sightscan.warehouse.marts.data_checks import ask, read_checks
from sightscan.warehouse.statements import statement

DRILL_DAG = "restore_drill"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What came of a drill; `problem` says why it failed, None: it passed.

    `known_faults`: the data checks that fail in what came back as they do in the warehouse itself,
    which is no fault of the backup.
    """

    file_name: str
    row_count: int | None
    problem: str | None
    known_faults: tuple[str, ...] = ()


def drill_restore(config: Settings) -> DrillReport:
    """Restore the newest backup on trial, and note in the warehouse what came of it.

    Raises:
        WarehouseError: there is no backup, another drill is at it, the warehouse is away, or the copy
            could not be dropped.

    """
    backups = list_backups(config)
    if not backups:
        msg = (
            f"there is no backup of {config.pgdatabase!r} in {backup_folder(config)} to be tried (one "
            "that is dated in the future is none): make one with `sightscan upkeep backup`, or correct "
            "BACKUP_FOLDER"
        )
        raise WarehouseError(msg)
    started_at = datetime.now(UTC)
    with _one_drill_at_a_time(config) as connection:
        try:
            report = _try(connection, config, backups[-1])
        except BaseException:
            drop_scratch(connection, config)
            raise
        left = _drop(connection, config)
    with connect(config) as connection:
        connection.execute(
            statement("backup/note_drill"),
            {
                "file_name": report.file_name,
                "started_at": started_at,
                "row_count": report.row_count,
                "problem": report.problem,
            },
        )
    logger.info("file=%s rows=%s problem=%s", report.file_name, report.row_count, report.problem)
    if report.known_faults:
        logger.warning("fails here and in the warehouse: %s", ", ".join(report.known_faults))
    if left:
        msg = f"what {report.file_name} gave on trial could not be dropped, drop it: {left}"
        raise WarehouseError(msg)
    return report


def drop_leftovers(config: Settings) -> tuple[str, ...]:
    """Drop what drills left that were killed, the photos in it too; return the names.

    Raises:
        WarehouseError: a drill is at it, or the warehouse is away.

    """
    with _one_drill_at_a_time(config) as connection:
        names = drop_scratch(connection, config)
    logger.info("dropped=%s", ",".join(names))
    return names


def _try(connection: psycopg.Connection[Any], config: Settings, backup: KeptBackup) -> DrillReport:
    scratch = scratch_name(config)
    name = backup.path.name
    try:
        drop_scratch(connection, config)
        require_no_other(connection, scratch)
        report = restore_warehouse(config, backup.path, scratch, mark=mark_of(config))
        if not report.is_verified:
            problem = "it has no manifest beside it, so that nobody knows what should come out"
            return DrillReport(name, None, problem)
        known, new = _failing_checks(connection, config, scratch)
    except UnsoundBackup as error:
        return DrillReport(name, None, " ".join(str(error).split()))
    except (SightScanError, psycopg.Error, OSError) as error:
        return DrillReport(name, None, UNTRIED + " ".join(str(error).split()))
    if new:
        return DrillReport(name, None, f"data checks fail in what came back: {', '.join(new)}")
    return DrillReport(name, report.row_count, None, known)


def _drop(connection: psycopg.Connection[Any], config: Settings) -> str | None:
    """Drop the copy; return why that failed, which says nothing about the backup."""
    try:
        drop_scratch(connection, config)
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None


def _failing_checks(
    live: psycopg.Connection[Any], config: Settings, scratch: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ask all data checks about what came back; return which fail in the warehouse, too, and which do not.

    A row that broke a claim when the backup was made comes back as it was: that is what a backup is
    for. It is known where the warehouse said so then, or says so now.
    """
    restored = config.model_copy(update={"pgdatabase": scratch})
    with open_restored(restored, OWNER) as connection:
        said = {check.check_name for check in list_failed_checks(connection)}
        results = run_checks(connection, dag_id=DRILL_DAG, run_id=scratch, is_whole=True)
    checks = {check.name: check for check in read_checks()}
    known: list[str] = []
    new: list[str] = []
    for result in results:
        if result.severity == "fail" and result.offending_count:
            is_known = result.name in said or ask(live, checks[result.name]).offending_count
            (known if is_known else new).append(f"{result.name} ({result.offending_count} rows)")
    return tuple(known), tuple(new)


@contextmanager
def _one_drill_at_a_time(config: Settings) -> Iterator[psycopg.Connection[Any]]:
    with connect(config, autocommit=True) as connection:
        if not _lock(connection):
            msg = (
                f"another restore drill of {config.pgdatabase!r} is at it: wait until it has ended, and "
                "try again"
            )
            raise WarehouseError(msg)
        yield connection


def _lock(connection: psycopg.Connection[Any]) -> bool:
    """Take the lock until the connection ends, which the server notices if we are killed."""
    row = connection.execute("select pg_try_advisory_lock(%s)", [DRILL_LOCK]).fetchone()
    return row == (True,)
