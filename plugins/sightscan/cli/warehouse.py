"""`sightscan warehouse`: its schema, its hourly facts, its backups."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sightscan.cli.environment import open_settings, open_warehouse
from sightscan.cli.manual import AsJson, group, manual
from sightscan.cli.output import print_json, print_lines

commands = group("The warehouse: migrate, refresh, back up, restore.")


def _hour(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@commands.command(
    "migrate",
    epilog=manual(
        changes="the schema; safe to repeat, at once with another, and while the system runs.",
        examples=(
            "sightscan warehouse migrate",
            "sightscan warehouse migrate --statement-seconds 900",
        ),
    ),
)
def migrate_schema(
    context: typer.Context,
    *,
    patience_seconds: Annotated[
        float, typer.Option(min=0, help="How long each file tries to get its locks.")
    ] = 300,
    statement_seconds: Annotated[
        float, typer.Option(min=0, help="How long a file may run while others may wait for it.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse to the newest schema, while others use it.

    Give it a login that owns the database. A line for each file goes to the error channel; one
    that is in somebody's way gives way (docs/runbooks/upgrade.md).
    """
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.marts.hourly_facts import fill_empty_marts
    from sightscan.warehouse.schema.lock_retry import Patience
    from sightscan.warehouse.schema.migrate import migrate

    config = open_settings(context)
    patience = Patience(total_seconds=patience_seconds, statement_seconds=statement_seconds)
    with connect(config) as connection:
        report = migrate(connection, config.sql_folder, patience=patience, say=_say)
    # A migration that changes a table of facts leaves it empty.
    with connect(config, autocommit=True) as connection:
        filled = sum(fill_empty_marts(connection).values())
    if as_json:
        print_json({**asdict(report), "facts_filled": filled})
        return
    print_lines(
        f"applied={len(report.applied)} already_there={report.already_there} "
        f"marts_renewed={'yes' if report.marts_renewed else 'no'} facts_filled={filled}"
    )


@commands.command(
    "refresh-marts",
    epilog=manual(
        changes="the tables of hourly facts; safe to repeat, to interrupt, and beside running DAGs.",
        examples=(
            "sightscan warehouse refresh-marts --all",
            "sightscan warehouse refresh-marts --from 2026-11-01T00 --to 2026-11-02T00",
        ),
    ),
)
def refresh_marts(
    context: typer.Context,
    *,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--from", metavar="TIME", parser=_hour, help="First hour, UTC.", show_default=False
        ),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--to", metavar="TIME", parser=_hour, help="End, not included.", show_default=False
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All hours that the warehouse knows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compute the hourly facts anew, week by week, the newest first.

    The DAG refresh_data_marts does so each hour; this is for hours that it missed.
    """
    from sightscan.errors import WarehouseError
    from sightscan.warehouse.marts.hourly_facts import (
        rebuild_hourly_marts,
        refresh_hourly_marts,
        split_span,
    )

    has_interval = start is not None and end is not None
    if has_interval == everything or (start is None) != (end is None):
        msg = "refresh-marts needs either --all or both --from and --to; give one of them"
        raise WarehouseError(msg)
    with open_warehouse(context) as (_, connection):
        if start is None or end is None:
            counts = rebuild_hourly_marts(connection, _say_refreshed)
        elif start >= end:
            msg = f"--from must be before --to, but got {start} and {end}; exchange them"
            raise WarehouseError(msg)
        else:
            written: Counter[str] = Counter()
            for span in split_span(start, end):
                written.update(refresh_hourly_marts(connection, *span))
                _say_refreshed(*span)
            counts = dict(written)
    if as_json:
        print_json(counts)
        return
    print_lines(" ".join(f"{mart}={count}" for mart, count in counts.items()))


@commands.command(
    "backup",
    epilog=manual(
        changes="writes a file that only you may read, and its manifest beside it; never over "
        "another one.",
        examples=(
            "sightscan warehouse backup",
            "sightscan warehouse backup --to /mnt/backups/monday.dump",
        ),
    ),
)
def back_up(
    context: typer.Context,
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A new file (var/backups/<database>-<time>.dump).",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the whole warehouse into one file, while everything runs on.

    It is a picture of one moment, and appears when it is whole. Photos that are in an object store
    are not in it; it says how many (docs/runbooks/backup-and-restore.md).
    """
    from sightscan.errors import WarehouseError
    from sightscan.settings import REPOSITORY
    from sightscan.warehouse.backup.dump import backup_warehouse, manifest_of
    from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c

    config = open_settings(context)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = REPOSITORY / "var" / "backups"
    target = to or folder / f"{config.pgdatabase}-{moment}.dump"
    end_like_ctrl_c()
    try:
        manifest = backup_warehouse(config, target)
    except KeyboardInterrupt:
        msg = f"the backup was interrupted; {target} was not written"
        raise WarehouseError(msg) from None
    if as_json:
        print_json({"file": target, **asdict(manifest)})
        return
    rows = sum(manifest.rows.values())
    print_lines(
        str(target),
        str(manifest_of(target)),
        f"bytes={manifest.byte_count} tables={len(manifest.rows)} rows={rows}",
    )
    if manifest.objects:
        print_lines(
            f"not in it: the bytes of {manifest.objects} photos, which are in the object store; "
            "keep its own versions or copies"
        )


@commands.command(
    "restore",
    epilog=manual(
        changes="makes a database; with --replace, the one of this name is renamed, not deleted. "
        "Whatever fails, nothing is left and nothing was touched.",
        examples=(
            "sightscan warehouse restore monday.dump --into sightscan_monday",
            "sightscan warehouse restore monday.dump --into sightscan --replace",
        ),
    ),
)
def restore(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A file that `sightscan warehouse backup` wrote.",
            show_default=False,
        ),
    ],
    *,
    into: Annotated[
        str, typer.Option(metavar="DATABASE", help="A new database.", show_default=False)
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="A database of this name gets another one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into a database, verified against its manifest.

    The login must be allowed to create databases. Take-downs since the backup are carried over
    from a database that is replaced (docs/runbooks/backup-and-restore.md).
    """
    from sightscan.errors import WarehouseError
    from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c
    from sightscan.warehouse.backup.restore import restore_warehouse

    config = open_settings(context)
    end_like_ctrl_c()
    try:
        report = restore_warehouse(config, file, into, replace_existing=replace)
    except KeyboardInterrupt:
        msg = f"the restore was interrupted; {into!r} is as it was before"
        raise WarehouseError(msg) from None
    if as_json:
        print_json(asdict(report))
        return
    verified = "yes" if report.is_verified else "no manifest"
    lines = [f"database={report.database} rows={report.row_count} verified={verified}"]
    if report.kept_as:
        lines.append(f"what was there is kept as {report.kept_as}")
    if report.buried is None:
        lines.append(f"its take-downs could not be read: do them again in {report.database}")
    elif report.buried:
        lines.append(f"{report.buried} photos that were taken down after the backup are gone again")
    if report.objects:
        lines.append(f"{report.objects} photos have their bytes in the object store: check it, too")
    lines.append(f"next: PGDATABASE={report.database} sightscan warehouse migrate")
    print_lines(*lines)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _say_refreshed(start: datetime, end: datetime) -> None:
    _say(f"refreshed {start:%Y-%m-%d %H:00} to {end:%Y-%m-%d %H:00}")
