"""Remove what is older than the limits of the settings, and nothing that a run in progress needs.

The ledger stays whole for ever: calls, sessions and estimates are what caps and budgets count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import psycopg

from sightscan.crawl.spool import spool_folder
from sightscan.errors import SightScanError
from sightscan.services.doctor.installation import Installation
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.settings import REPOSITORY
from sightscan.upkeep.airflow_history import (
    RunInProgress,
    list_runs_in_progress,
    list_tables_set_aside,
    remove_old_history,
)
from sightscan.upkeep.old_files import (
    Removed,
    drop_old_spool,
    log_folder,
    remove_old_exports,
    remove_old_logs,
)
from sightscan.warehouse.backup.keep import forget_old_notes
from sightscan.warehouse.connection import connect
from sightscan.warehouse.incidents.history import forget_old_incidents
from sightscan.warehouse.marts.check_runs import forget_old_results

# Where `sightscan dataset export` writes in a checkout, unless a folder is named.
EXPORTS_FOLDER = REPOSITORY / "var" / "datasets"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part of the upkeep: done, skipped or failed, in a sentence or counts."""

    name: str
    state: str
    came: str


def outcome_of(name: str, work: Callable[[], str]) -> Outcome:
    """Do a part; one that fails keeps no other from being done."""
    try:
        return Outcome(name, "done", work())
    except CheckSkippedError as skipped:
        return Outcome(name, "skipped", str(skipped))
    except (CheckFailedError, SightScanError, psycopg.Error, OSError) as error:
        return Outcome(name, "failed", " ".join(str(error).split()))


def remove_what_is_old(
    installation: Installation, *, is_trial: bool = False
) -> tuple[Outcome, ...]:
    """Remove what is old of each kind; `is_trial`: only count it."""
    return tuple(
        outcome_of(name, partial(part, installation, is_trial=is_trial))
        for name, part in PARTS.items()
    )


def _remove_history(installation: Installation, *, is_trial: bool) -> str:
    before = installation.now() - timedelta(days=installation.config.keep_history_days)
    counts, kept = remove_old_history(installation, before, is_trial=is_trial)
    told = " ".join(f"{table}={count}" for table, count in sorted(counts.items()) if count)
    left = (
        f"; runs in progress are older, so their DAGs were left: {', '.join(kept)}" if kept else ""
    )
    # Not dropped: somebody may keep in them what a command by hand has removed.
    aside = list_tables_set_aside(installation)
    if aside:
        left += (
            f"; tables of an `airflow db clean` that was killed or typed by hand are there: "
            f"{', '.join(aside)}; look at them, then `airflow db drop-archived`"
        )
    return f"{told or 'nothing is older'}{left}"


def _remove_logs(installation: Installation, *, is_trial: bool) -> str:
    folder = log_folder(installation)
    # Without knowing what is in progress, nothing is removed.
    runs: tuple[RunInProgress, ...] = list_runs_in_progress(installation)
    if not folder.is_dir():
        msg = f"there is no folder {folder} on this machine"
        raise CheckSkippedError(msg)
    before = installation.now() - timedelta(days=installation.config.keep_logs_days)
    in_progress = {(run.dag_id, run.run_id) for run in runs}
    return _told(remove_old_logs(folder, before, in_progress, is_trial=is_trial))


def _remove_exports(installation: Installation, *, is_trial: bool) -> str:
    days = installation.config.keep_exports_days
    if not days:
        msg = "KEEP_EXPORTS_DAYS=0: kept for ever"
        raise CheckSkippedError(msg)
    before = installation.now() - timedelta(days=days)
    return _told(remove_old_exports(EXPORTS_FOLDER, before, is_trial=is_trial))


def _empty_spool(installation: Installation, *, is_trial: bool) -> str:
    if is_trial:
        msg = "photos that nobody came back for within a day would go"
        raise CheckSkippedError(msg)
    folder = drop_old_spool(installation.config.crawl_spool_folder)
    if folder is None:
        named = spool_folder(installation.config.crawl_spool_folder)
        msg = f"there is no folder {named} on this machine: a worker's next crawl empties its own"
        raise CheckSkippedError(msg)
    return f"in {folder}, photos that nobody came back for within a day are gone"


def _remove_rows(installation: Installation, *, is_trial: bool) -> str:
    before = installation.now() - timedelta(days=installation.config.keep_history_days)
    with (
        connect(installation.config, autocommit=True) as connection,
        connection.transaction(force_rollback=is_trial),
    ):
        return (
            f"check_results={forget_old_results(connection, before)} "
            f"incidents={forget_old_incidents(connection, before)} "
            f"notes_of_backups={forget_old_notes(connection, before)}"
        )


def _told(removed: Removed) -> str:
    told = f"files={removed.files} megabytes={removed.byte_count / 1e6:.1f}"
    if removed.failed:
        msg = f"{told}; {removed.failed} could not be removed: see that they belong to this user"
        raise CheckFailedError(msg)
    return told


PARTS = {
    "airflow-history": _remove_history,
    "logs": _remove_logs,
    "exports": _remove_exports,
    "spool": _empty_spool,
    "warehouse-history": _remove_rows,
}
