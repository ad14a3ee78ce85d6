"""All that is done each night, in this order: what is removed is in the backup before."""

from collections.abc import Iterator
from datetime import timedelta

from sightscan.errors import UpkeepError
from sightscan.services.doctor.installation import Installation
from sightscan.services.question import CheckSkippedError
from sightscan.upkeep.clean import Outcome, outcome_of, remove_what_is_old
from sightscan.warehouse.backup.drill import drill_restore, drop_leftovers
from sightscan.warehouse.backup.dump import backup_warehouse
from sightscan.warehouse.backup.keep import (
    list_backups,
    list_passed_backups,
    new_backup_path,
    remove_killed_backups,
    remove_old_backups,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.incidents.watch import UNTRIED, find_last_drill

# A night's drill is not to wait for another week because it begins some minutes sooner.
EARLY = timedelta(hours=2)
# Kubernetes begins a job that failed once more, at once.
REPEATED = timedelta(hours=6)
UNTIL_THE_NEXT_NIGHT = timedelta(days=1)


def do_the_night(installation: Installation) -> Iterator[Outcome]:
    """Back up, remove what is old, and try the backup if that is due; give what came of each."""
    # First, for the room that they take.
    yield outcome_of("killed-backups", lambda: drop_killed_backups(installation))
    yield outcome_of("killed-drills", lambda: drop_killed_drills(installation))
    made = outcome_of("backup", lambda: make_tonights_backup(installation))
    yield made
    yield from remove_what_is_old(installation)
    yield outcome_of("restore-drill", lambda: drill_if_due(installation))
    # Last, since the drill may say that the new ones are not good.
    if made.state == "done":
        yield outcome_of("old-backups", lambda: drop_old_backups(installation))
    else:
        # The old ones are all that there is.
        yield Outcome("old-backups", "skipped", "none goes while no new one is made")


def drop_killed_backups(installation: Installation) -> str:
    """Remove the halves of backups that were killed."""
    return f"removed={len(remove_killed_backups(installation.config))}"


def drop_killed_drills(installation: Installation) -> str:
    """Drop the databases of drills that were killed."""
    return f"dropped: {', '.join(drop_leftovers(installation.config)) or 'none was left'}"


def make_tonights_backup(installation: Installation) -> str:
    """Write a backup, unless one was written some hours ago: a night that failed may be repeated."""
    config = installation.config
    mine = [backup for backup in list_backups(config) if backup.is_by_upkeep]
    if config.max_backup_age_hours and mine:
        age = installation.now() - mine[-1].taken_at
        # One of the evening would be too old before the next night has made another.
        most = timedelta(hours=config.max_backup_age_hours) - UNTIL_THE_NEXT_NIGHT
        # A clock that was wrong has made one of the future.
        if timedelta(0) <= age < min(REPEATED, most):
            msg = f"{mine[-1].path.name} is of this night"
            raise CheckSkippedError(msg)
    return make_backup(installation)


def make_backup(installation: Installation) -> str:
    """Write a backup into the folder."""
    config = installation.config
    if not config.max_backup_age_hours:
        msg = "MAX_BACKUP_AGE_HOURS=0: the server is backed up otherwise"
        raise CheckSkippedError(msg)
    path = new_backup_path(config, is_by_upkeep=True)
    manifest = backup_warehouse(config, path)
    return f"{path} bytes={manifest.byte_count} rows={sum(manifest.rows.values())}"


def drop_old_backups(installation: Installation, *, is_trial: bool = False) -> str:
    """Remove the upkeep's backups that are too many, unless the last that was tried is not good."""
    config = installation.config
    with connect(config) as connection:
        # One that could not be made is told of, and says nothing about the backup; the newest that
        # passed stays in any case. Else the disk would be full before somebody has seen to it.
        drill = find_last_drill(connection, that_says_something=True)
        passed = list_passed_backups(connection)
    if config.restore_drill_days and drill is not None and drill.problem is not None:
        msg = f"none goes until a restore drill passes: that of {drill.file_name} did not"
        raise CheckSkippedError(msg)
    old = remove_old_backups(config, passed, is_trial=is_trial)
    return f"removed={len(old)}"


def try_backup(installation: Installation) -> str:
    """Restore the newest backup on trial.

    Raises:
        UpkeepError: it did not come back as it was.

    """
    report = drill_restore(installation.config)
    if report.problem is not None and report.problem.startswith(UNTRIED):
        msg = f"{report.file_name} {report.problem}; then try again: `sightscan upkeep drill`"
        raise UpkeepError(msg)
    if report.problem is not None:
        msg = (
            f"{report.file_name} is not good: {report.problem}; make another backup and try that "
            "one: `sightscan upkeep backup`, `sightscan upkeep drill`"
        )
        raise UpkeepError(msg)
    came = f"{report.file_name} came back whole, rows={report.row_count}"
    if report.known_faults:
        return (
            f"{came}; data checks fail in it as in the warehouse: {', '.join(report.known_faults)}"
        )
    return came


def drill_if_due(installation: Installation) -> str:
    """Restore the newest backup on trial, unless one was restored lately."""
    config = installation.config
    if not config.max_backup_age_hours or not config.restore_drill_days:
        msg = "MAX_BACKUP_AGE_HOURS or RESTORE_DRILL_DAYS is 0"
        raise CheckSkippedError(msg)
    with connect(config) as connection:
        drill = find_last_drill(connection)
    every = timedelta(days=config.restore_drill_days)
    if drill and drill.problem is None and installation.now() - drill.finished_at < every - EARLY:
        msg = f"{drill.file_name} came back whole on {drill.finished_at:%Y-%m-%d}"
        raise CheckSkippedError(msg)
    return try_backup(installation)
