"""Runs of the data checks: each hour about what changed, once a day about everything.

What changed is told by the times of rows, as a refresh of the facts tells it. What nothing tells,
such as a row that was deleted, is found by the look at everything. What was found bad is looked at
each time until it is right. All that a run notes is one transaction, under one lock: of a run that
is killed nothing is noted, so the next looks from where the last whole one ended, and of two at
once the later one sees what the earlier one noted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sightscan.warehouse.connection import bulk_cursor
from sightscan.warehouse.locks import CHECK_LOCK
from sightscan.warehouse.marts.data_checks import CheckResult, DataCheck, ask, read_checks
from sightscan.warehouse.marts.hourly_facts import IN_FLIGHT
from sightscan.warehouse.statements import statement

# An hour less than a day: what an hourly run does at the latest, no row waits a day for.
MAX_HOURS_PARTIAL = 23
# More keys cost as much as everything does, more offences to keep are no use to anybody.
MAX_KEYS = 20_000
MAX_OFFENCES = 10_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has looked."""

    check_name: str
    text_sha256: bytes
    seen_until: datetime
    is_whole_due: bool


def run_checks(
    connection: psycopg.Connection[Any],
    *,
    dag_id: str,
    run_id: str,
    folder: Path | None = None,
    is_whole: bool = False,
) -> tuple[CheckResult, ...]:
    """Run all checks over all cities, keep their results in core.check_result, and return them.

    A check looks at what changed since it looked last and at what it found bad; at everything if
    that is due, if its text is new, or if `is_whole`.

    Raises:
        WarehouseError: a check does not say its severity and scope, or its rows not its keys.

    """
    checks = read_checks(folder)
    with connection.transaction():
        connection.execute(statement("marts/lock_checks"), {"lock_number": CHECK_LOCK})
        keys = {} if is_whole else _list_keys(connection, checks)
        whole = [ask(connection, check) for check in checks if check.name not in keys]
        parts = [
            ask(connection, check, keys=keys[check.name]) for check in checks if check.name in keys
        ]
        results = tuple(sorted((*whole, *parts), key=lambda result: result.name))
        _note_progress(connection, checks, results)
        _save_results(connection, results, dag_id, run_id)
    return results


def run_city_checks(
    connection: psycopg.Connection[Any], city_id: str, *, dag_id: str, run_id: str
) -> tuple[CheckResult, ...]:
    """Run all checks over all that is of one city, keep their results, and return them.

    What they find bad, the next run over all cities looks at, too.
    """
    results = tuple(ask(connection, check, city_id=city_id) for check in read_checks())
    with connection.transaction(), bulk_cursor(connection) as cursor:
        # Else a run that looked before would take off its list what was found bad since.
        cursor.execute(statement("marts/lock_checks"), {"lock_number": CHECK_LOCK})
        cursor.executemany(
            statement("marts/add_check_offences"),
            [
                {"check_name": result.name, "keys": sorted(result.offences)[:MAX_OFFENCES]}
                for result in results
            ],
        )
        _save_results(connection, results, dag_id, run_id)
    return results


def forget_old_results(connection: psycopg.Connection[Any], before: datetime) -> int:
    """Delete the results from before a moment, but the last of each check and DAG; return how many."""
    return connection.execute(
        statement("marts/delete_old_check_results"), {"before": before}
    ).rowcount


def _list_keys(
    connection: psycopg.Connection[Any], checks: Sequence[DataCheck]
) -> Mapping[str, frozenset[str]]:
    """Return what each check is to be asked about; without those that look at everything."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        cursor.execute(
            statement("marts/list_check_progress"),
            {"whole_after": timedelta(hours=MAX_HOURS_PARTIAL)},
        )
        progress = {one.check_name: one for one in cursor}
    partial = [
        check
        for check in checks
        if (known := progress.get(check.name)) is not None
        and known.text_sha256 == _hash(check)
        and not known.is_whole_due
    ]
    if not partial:
        return {}
    since = min(progress[check.name].seen_until for check in partial) - IN_FLIGHT
    with connection.transaction(force_rollback=True):
        connection.execute(statement("marts/prefer_indexes"))
        rows = connection.execute(statement("marts/list_changed_keys"), {"since": since}).fetchall()
    changed: dict[str, set[str]] = {}
    for scope, key in rows:
        changed.setdefault(scope, set()).add(key)
    offences: dict[str, set[str]] = {}
    for check_name, key in connection.execute(statement("marts/list_check_offences")):
        offences.setdefault(check_name, set()).add(key)
    keys = {
        check.name: frozenset(changed.get(check.scope, set()) | offences.get(check.name, set()))
        for check in partial
    }
    return {name: asked for name, asked in keys.items() if len(asked) <= MAX_KEYS}


def _note_progress(
    connection: psycopg.Connection[Any],
    checks: Sequence[DataCheck],
    results: Sequence[CheckResult],
) -> None:
    hashes = {check.name: _hash(check) for check in checks}
    # With too many to be kept, the next run looks at everything.
    kept = {
        result.name: sorted(result.offences) if len(result.offences) <= MAX_OFFENCES else None
        for result in results
    }
    with bulk_cursor(connection) as cursor:
        cursor.execute(statement("marts/forget_checks"), {"check_names": sorted(hashes)})
        cursor.executemany(
            statement("marts/note_check_progress"),
            [
                {
                    "check_name": result.name,
                    "text_sha256": hashes[result.name],
                    "is_whole": result.asked_count is None,
                    "is_known": kept[result.name] is not None,
                }
                for result in results
            ],
        )
        values = [
            {"check_name": result.name, "keys": kept[result.name] or []} for result in results
        ]
        cursor.executemany(statement("marts/delete_check_offences"), values)
        cursor.executemany(statement("marts/add_check_offences"), values)


def _save_results(
    connection: psycopg.Connection[Any],
    results: Sequence[CheckResult],
    dag_id: str,
    run_id: str,
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("marts/insert_check_result"),
            [
                {
                    "check_name": result.name,
                    "severity": result.severity,
                    "offending_count": result.offending_count,
                    "offending_sample": Jsonb(result.sample),
                    "asked_count": result.asked_count,
                    "dag_id": dag_id,
                    "run_id": run_id,
                }
                for result in results
            ],
        )


def _hash(check: DataCheck) -> bytes:
    return sha256(check.text.encode()).digest()
