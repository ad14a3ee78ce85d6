"""`sightscan upkeep`: what is done each night, outside Airflow, or by hand."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sightscan.cli.declare import AsJson, command, flag, group
from sightscan.cli.environment import open_settings
from sightscan.cli.output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sightscan.services.doctor.installation import Installation
    from sightscan.upkeep.clean import Outcome

UNDONE = 1

commands = group("upkeep", "Upkeep: back up, remove what is old, try the backup.")

Trial = Annotated[bool, flag("--dry-run", "Only say what would go.")]
Quiet = Annotated[bool, flag("--quiet", "Print only what failed: nothing if all was done.")]
STATUSES = {UNDONE: "a part could not be done"}


@command(commands, "night", statuses=STATUSES)
def do_night(*, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Do all that is done each night: back up, remove what is old, and try the backup if that is due.

    It runs outside Airflow, since a task of Airflow may not touch Airflow's own database, and a
    backup is wanted most when Airflow is dead. Give it the environment of Airflow's parts. A part
    that fails keeps no other from being done.

    A line in the machine's cron, `30 2 * * * ... sightscan upkeep night --quiet`, has cron send a
    mail when something failed; docker/compose.yaml and docker/helm-values.yaml have it
    (docs/runbooks/kept-small.md).

    Changes: as `upkeep backup`, `upkeep clean` and, every RESTORE_DRILL_DAYS, `upkeep drill`.

    Examples:
        sightscan upkeep night
        sightscan upkeep night --quiet
    """
    from sightscan.upkeep.night import do_the_night

    _end_with(do_the_night(_open_installation()), quiet=quiet, as_json=as_json)


@command(commands, "backup", statuses=STATUSES)
def back_up(*, as_json: AsJson = False) -> None:
    """Write a backup into BACKUP_FOLDER, and remove those that are too many.

    One of each of the last KEEP_DAILY_BACKUPS days stays, and one of each of the last
    KEEP_WEEKLY_BACKUPS weeks, and the newest that came back whole on trial. None goes while the
    last trial failed. Only files of this command and of `upkeep night` go, which end in
    -upkeep.dump: what `sightscan warehouse backup` wrote stays until you remove it.

    Changes: writes a file and its manifest, and removes older ones if that went well.

    Examples:
        sightscan upkeep backup
    """
    from sightscan.upkeep.clean import outcome_of
    from sightscan.upkeep.night import drop_old_backups, make_backup

    installation = _open_installation()
    outcomes = [outcome_of("backup", lambda: make_backup(installation))]
    if outcomes[0].state == "done":
        outcomes.append(outcome_of("old-backups", lambda: drop_old_backups(installation)))
    _end_with(outcomes, quiet=False, as_json=as_json)


@command(commands, "clean", statuses=STATUSES)
def clean(*, dry_run: Trial = False, as_json: AsJson = False) -> None:
    """Remove what is older than the limits: Airflow's history, logs, exports, the spool, old findings.

    Nothing goes that a run in progress needs, and nothing of what was spent. The limits are
    KEEP_HISTORY_DAYS, KEEP_LOGS_DAYS and KEEP_EXPORTS_DAYS.

    Changes: rows of Airflow's database and of the warehouse, and files, are deleted for good.

    Examples:
        sightscan upkeep clean --dry-run
        sightscan upkeep clean
    """
    from sightscan.upkeep.clean import remove_what_is_old

    outcomes = remove_what_is_old(_open_installation(), is_trial=dry_run)
    _end_with(outcomes, quiet=False, as_json=as_json)


@command(commands, "drill", statuses=STATUSES)
def drill(*, as_json: AsJson = False) -> None:
    """Restore the newest backup on trial, into a database beside the warehouse.

    It is compared with its manifest, migrated, asked all data checks, and dropped. The login must be
    allowed to create databases (docs/runbooks/backup-and-restore.md). What came of it is noted; one
    that failed is told (docs/runbooks/alerts.md).

    Changes: makes the database <name>_drill and drops it; writes a row of core.restore_drill.

    Examples:
        sightscan upkeep drill
    """
    from sightscan.upkeep.clean import outcome_of
    from sightscan.upkeep.night import try_backup

    installation = _open_installation()
    outcomes = [outcome_of("restore-drill", lambda: try_backup(installation))]
    _end_with(outcomes, quiet=False, as_json=as_json)


def _open_installation() -> Installation:
    from sightscan.services.doctor.installation import Installation
    from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c

    config = open_settings()
    # Else a night that is stopped would leave databases and half a backup.
    end_like_ctrl_c()
    return Installation(config=config, environment=dict(os.environ))


def _end_with(outcomes: Iterable[Outcome], *, quiet: bool, as_json: bool) -> None:
    told = list(outcomes)
    failed = [outcome for outcome in told if outcome.state == "failed"]
    if as_json:
        print_json([asdict(outcome) for outcome in (failed if quiet else told)])
    elif quiet:
        print_lines(*(f"{outcome.name}: {outcome.came}" for outcome in failed))
    else:
        print_table(
            ("part", "state", "came"),
            [(outcome.name, outcome.state, outcome.came) for outcome in told],
        )
    if failed:
        raise typer.Exit(UNDONE)
