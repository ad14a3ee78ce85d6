"""Checks of the warehouse: let in, newest schema, all rights, the same clock, a recent backup."""

from datetime import timedelta

from sightscan.services.doctor.installation import Installation, InstallationCheck, open_warehouse
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.warehouse.backup.pg_tools import find_program
from sightscan.warehouse.connection import connect
from sightscan.warehouse.incidents.watch import find_ages, find_last_drill
from sightscan.warehouse.schema.standing import (
    list_lacking_migrations,
    list_missing_rights,
    list_newer_migrations,
    read_clock,
)

MAX_CLOCK_SECONDS = 5.0
MAX_RIGHTS_NAMED = 3
MAX_DRILL_DAYS_LATE = 3


def log_in(installation: Installation) -> str:
    """Open a connection, as every task does."""
    with connect(installation.config, autocommit=True) as connection:
        info = connection.info
        return (
            f"{info.dbname} at {info.host}:{info.port}, PostgreSQL {info.server_version // 10_000}"
        )


def compare_schema(installation: Installation) -> str:
    """Compare the migrations that it has with the files that are here."""
    folder = installation.config.sql_folder
    with open_warehouse(installation) as connection:
        lacking = list_lacking_migrations(connection, folder)
        if lacking:
            msg = f"it lacks {len(lacking)} migrations, the first is {lacking[0]}"
            raise CheckFailedError(msg)
        newer = list_newer_migrations(connection, folder)
    if newer:
        msg = (
            f"it has {newer[-1]}, which this version does not know: it is newer than what runs here"
        )
        raise CheckFailedError(msg, "bring this machine to the version that migrated the warehouse")
    return "the schema of this version"


def try_rights(installation: Installation) -> str:
    """See what the login may not do that the pipeline must."""
    with open_warehouse(installation) as connection:
        missing = list_missing_rights(connection)
    if missing:
        named = ", ".join(missing[:MAX_RIGHTS_NAMED])
        more = (
            f" and {len(missing) - MAX_RIGHTS_NAMED} more"
            if len(missing) > MAX_RIGHTS_NAMED
            else ""
        )
        msg = f"{installation.config.pguser} lacks {named}{more}"
        raise CheckFailedError(msg)
    return f"{installation.config.pguser} may do what the pipeline does"


def compare_clocks(installation: Installation) -> str:
    """Hold this machine's clock against the server's."""
    with open_warehouse(installation) as connection:
        before = installation.now()
        server = read_clock(connection)
        after = installation.now()
    # The server looked at its clock between the two.
    apart = max((before - server).total_seconds(), (server - after).total_seconds(), 0.0)
    if apart > MAX_CLOCK_SECONDS:
        msg = f"this machine's clock and the warehouse's are {apart:.0f} s apart"
        raise CheckFailedError(msg)
    return f"{apart:.1f} s apart"


def look_for_backup(installation: Installation) -> str:
    """See when the last backup was made, and that one can be made here."""
    hours = installation.config.max_backup_age_hours
    if not hours:
        msg = "MAX_BACKUP_AGE_HOURS=0: the server is backed up otherwise"
        raise CheckSkippedError(msg)
    with open_warehouse(installation) as connection:
        major = connection.info.server_version // 10_000
        ages = find_ages(connection)
    find_program(installation.config, "pg_dump", major)
    if ages.backed_up_at is None:
        if ages.begun_at is None:
            return "there is nothing to back up yet"
        since = ages.backups_known_since or ages.begun_at
        msg = f"no backup is known since {since:%Y-%m-%d %H:%M} UTC"
        raise CheckFailedError(msg)
    if installation.now() - ages.backed_up_at > timedelta(hours=hours):
        msg = f"the last backup is of {ages.backed_up_at:%Y-%m-%d %H:%M} UTC"
        raise CheckFailedError(msg)
    return f"the last backup is of {ages.backed_up_at:%Y-%m-%d %H:%M} UTC"


def look_for_drill(installation: Installation) -> str:
    """See that the last backup that was restored on trial came back whole, and was so lately."""
    config = installation.config
    days = config.restore_drill_days
    if not days or not config.max_backup_age_hours:
        msg = "RESTORE_DRILL_DAYS or MAX_BACKUP_AGE_HOURS is 0: no backup is tried"
        raise CheckSkippedError(msg)
    with open_warehouse(installation) as connection:
        drill = find_last_drill(connection)
    if drill is None:
        msg = "no backup was restored on trial yet: `sightscan upkeep drill`"
        raise CheckSkippedError(msg)
    said = f"{drill.file_name} {drill.came}"
    if drill.problem is not None:
        raise CheckFailedError(said)
    # One that fell out is made up for by the next night.
    if installation.now() - drill.finished_at > timedelta(days=days + MAX_DRILL_DAYS_LATE):
        msg = f"{said}; that was the last trial"
        raise CheckFailedError(msg)
    return said


CHECKS = (
    InstallationCheck(
        name="warehouse",
        service="PostgreSQL",
        asks="to be let in, as every task does",
        why="everything that is known is there",
        expected="a connection, to PostgreSQL 15 or newer",
        advice="start the server, or correct PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD",
        ask=log_in,
    ),
    InstallationCheck(
        name="schema",
        service="PostgreSQL",
        asks="which migrations it has",
        why="tasks of this version fail on the tables of another",
        expected="those of this version",
        advice="`sightscan warehouse migrate` with the login that owns it (docs/runbooks/upgrade.md)",
        ask=compare_schema,
    ),
    InstallationCheck(
        name="rights",
        service="PostgreSQL",
        asks="what its login may do",
        why="a right that is missing shows only in the task that needs it",
        expected="the rights of the role sightscan_pipeline",
        advice="let its owner `grant sightscan_pipeline to` the login, and log in with none of the app's",
        ask=try_rights,
    ),
    InstallationCheck(
        name="clock",
        service="PostgreSQL",
        asks="what time it is",
        why="leases, deadlines and hours of the marts are compared across machines",
        expected=f"at most {MAX_CLOCK_SECONDS:g} s apart from here",
        advice="set the clocks by NTP (`timedatectl set-ntp true`), on this machine and on the server",
        ask=compare_clocks,
    ),
    InstallationCheck(
        name="backup",
        service="PostgreSQL",
        asks="when the last backup was whole, and for a pg_dump that fits",
        why="what was paid for cannot be got again for nothing",
        expected="one within MAX_BACKUP_AGE_HOURS",
        advice="`sightscan warehouse backup`; each night `sightscan upkeep night` (docs/runbooks/kept-small.md)",
        ask=look_for_backup,
    ),
    InstallationCheck(
        name="restore-drill",
        service="PostgreSQL",
        asks="what came of the last backup that was restored on trial",
        why="a backup that cannot be restored is none",
        expected="one that came back whole, within RESTORE_DRILL_DAYS and some days more",
        advice="`sightscan upkeep drill` says what is wrong (docs/runbooks/alerts.md#restore-failed)",
        ask=look_for_drill,
    ),
)
