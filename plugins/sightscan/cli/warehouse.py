"""`sightscan warehouse`: its schema, its hourly facts, its backups."""

import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sightscan.cli.declare import AsJson, argument, command, flag, group, option
from sightscan.cli.environment import open_settings, open_warehouse
from sightscan.cli.output import counts_of, print_answer
from sightscan.errors import WarehouseError

commands = group("warehouse", "The warehouse: migrate, refresh, back up, restore.")

# Nothing that the warehouse knows lies outside.
YEARS = range(2000, 3000)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        msg = (
            f"{text!r} is no time from the year 2000 on: expected one such as 2026-11-01T00, or "
            "2026-11-01T05:30+05:30"
        )
        raise typer.BadParameter(msg)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


LockTime = Annotated[float, typer.Option(min=0, help="How long each file tries to get its locks.")]
StatementTime = Annotated[
    float, typer.Option(min=0, help="How long a file may run while others may wait for it.")
]
FirstHour = Annotated[
    datetime | None,
    option("Start; UTC, or with its offset.", "--from", metavar="TIME", parser=_moment),
]
EndHour = Annotated[
    datetime | None, option("End, not included.", "--to", metavar="TIME", parser=_moment)
]
NewFile = Annotated[
    Path | None,
    option(
        "A new file (<database>-<time>.dump in BACKUP_FOLDER, or in var/backups).", metavar="FILE"
    ),
]
Backup = Annotated[Path, argument("FILE", "A file that `sightscan warehouse backup` wrote.")]
Replace = Annotated[bool, flag("--replace", "A database of this name gets another one.")]


@command(commands, "migrate")
def migrate_schema(
    *,
    patience_seconds: LockTime = 300,
    statement_seconds: StatementTime = 60,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse to the newest schema, while others use it.

    Give it a login that owns the database. A line for each file goes to the error channel; one
    that is in somebody's way gives way (docs/runbooks/upgrade.md).

    Changes: the schema; safe to repeat, at once with another, and while the system runs.

    Examples:
        sightscan warehouse migrate
        sightscan warehouse migrate --statement-seconds 900
    """
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.marts.hourly_facts import fill_empty_marts
    from sightscan.warehouse.schema.lock_retry import LockRetry
    from sightscan.warehouse.schema.migrate import migrate

    config = open_settings()
    retry = LockRetry(total_seconds=patience_seconds, statement_seconds=statement_seconds)
    with connect(config) as connection:
        report = migrate(connection, config.sql_folder, retry=retry, say=_say)
    # A migration that changes a table of facts leaves it empty.
    with connect(config, autocommit=True) as connection:
        filled = sum(fill_empty_marts(connection).values())
    print_answer(
        {**asdict(report), "facts_filled": filled},
        f"applied={len(report.applied)} already_there={report.already_there} "
        f"marts_renewed={'yes' if report.marts_renewed else 'no'} facts_filled={filled}",
        as_json=as_json,
    )


@command(commands, "refresh-marts")
def refresh_marts(
    *,
    start: FirstHour = None,
    end: EndHour = None,
    everything: Annotated[bool, flag("--all", "All hours that the warehouse knows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute the hourly facts anew, week by week, the newest first.

    The DAG refresh_data_marts does so each hour; this is for hours that it missed. Facts are those
    of an hour of UTC: one that lies in part between the two times is computed whole.

    Changes: the tables of hourly facts; safe to repeat, to interrupt, and beside running DAGs.

    Examples:
        sightscan warehouse refresh-marts --all
        sightscan warehouse refresh-marts --from 2026-11-01T00 --to 2026-11-02T00
    """
    from sightscan.warehouse.marts.hourly_facts import (
        rebuild_hourly_marts,
        refresh_hourly_marts,
        split_span,
        whole_hours,
    )

    has_interval = start is not None and end is not None
    if has_interval == everything or (start is None) != (end is None):
        msg = "refresh-marts needs either --all or both --from and --to; give one of them"
        raise WarehouseError(msg)
    with open_warehouse() as (_, connection):
        if start is None or end is None:
            counts = rebuild_hourly_marts(connection, _say_refreshed)
        elif start >= end:
            msg = f"--from must be before --to, but got {start} and {end}; exchange them"
            raise WarehouseError(msg)
        else:
            written: Counter[str] = Counter()
            for span in split_span(*whole_hours(start, end)):
                written.update(refresh_hourly_marts(connection, *span))
                _say_refreshed(*span)
            counts = dict(written)
    print_answer(counts, counts_of(counts), as_json=as_json)


@command(commands, "backup")
def back_up(*, to: NewFile = None, as_json: AsJson = False) -> None:
    """Write the whole warehouse into one file, while everything runs on.

    It is a picture of one moment, and appears when it is whole. Photos that are in an object store
    are not in it; it says how many (docs/runbooks/backup-and-restore.md).

    Changes: writes a file that only you may read, and its manifest beside it; never over another
    one.

    Examples:
        sightscan warehouse backup
        sightscan warehouse backup --to /mnt/backups/monday.dump
    """
    from sightscan.warehouse.backup.dump import backup_warehouse, manifest_of
    from sightscan.warehouse.backup.keep import new_backup_path
    from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c

    config = open_settings()
    target = to or new_backup_path(config)
    end_like_ctrl_c()
    try:
        manifest = backup_warehouse(config, target)
    except KeyboardInterrupt:
        msg = f"the backup was interrupted; {target} was not written"
        raise WarehouseError(msg) from None
    rows = sum(manifest.rows.values())
    lines = [
        str(target),
        str(manifest_of(target)),
        f"bytes={manifest.byte_count} tables={len(manifest.rows)} rows={rows}",
    ]
    if manifest.objects:
        lines.append(
            f"not in it: the bytes of {manifest.objects} photos, which are in the object store; "
            "keep its own versions or copies"
        )
    print_answer({"file": target, **asdict(manifest)}, *lines, as_json=as_json)


@command(commands, "restore")
def restore(
    file: Backup,
    *,
    into: Annotated[str, option("A new database.", metavar="DATABASE")],
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into a database, verified against its manifest.

    The login must be allowed to create databases. Take-downs and paid calls since the backup are
    carried over from a database that is replaced (docs/runbooks/backup-and-restore.md).

    Changes: makes a database; with --replace, the one of this name is renamed, not deleted.
    Whatever fails, nothing is left and nothing was touched.

    Examples:
        sightscan warehouse restore monday.dump --into sightscan_monday
        sightscan warehouse restore monday.dump --into sightscan --replace
    """
    from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c
    from sightscan.warehouse.backup.restore import restore_warehouse

    config = open_settings()
    end_like_ctrl_c()
    try:
        report = restore_warehouse(config, file, into, replace_existing=replace)
    except KeyboardInterrupt:
        msg = f"the restore was interrupted; {into!r} is as it was before"
        raise WarehouseError(msg) from None
    verified = "yes" if report.is_verified else "no manifest"
    lines = [f"database={report.database} rows={report.row_count} verified={verified}"]
    if report.kept_as:
        lines.append(f"what was there is kept as {report.kept_as}")
    if report.buried is None:
        lines.append(f"its take-downs could not be read: do them again in {report.database}")
    elif report.buried:
        lines.append(f"{report.buried} photos that were taken down after the backup are gone again")
    if report.carried is None:
        lines.append(
            "what it has paid could not be read: its photos would be paid for again, and the caps "
            "count less than was spent; lower them"
        )
    elif report.carried.calls or report.carried.sessions:
        lines.append(
            f"{report.carried.calls} paid calls ({report.carried.usd:.2f} USD) and "
            f"{report.carried.sessions} instance sessions after the backup were carried over"
        )
    if report.objects:
        lines.append(f"{report.objects} photos have their bytes in the object store: check it, too")
    lines.append(f"next: PGDATABASE={report.database} sightscan warehouse migrate")
    print_answer(asdict(report), *lines, as_json=as_json)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _say_refreshed(start: datetime, end: datetime) -> None:
    _say(f"refreshed {start:%Y-%m-%d %H:00} to {end:%Y-%m-%d %H:00}")
