"""`restore`: bring a backup back into a database, verified, without overwriting anything."""

from __future__ import annotations

import argparse
from pathlib import Path

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c
from sightscan.warehouse.backup.restore import restore_warehouse

NAME = "restore"
HELP = "bring a backup back into a database"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what from, and where to."""
    parser.add_argument("file", type=Path, help="a file that `backup` wrote")
    parser.add_argument("--into", required=True, metavar="DATABASE", help="a new database")
    parser.add_argument(
        "--replace", action="store_true", help="a database of this name gets another one"
    )


def run(arguments: argparse.Namespace) -> str:
    """Restore, and say what to do next."""
    end_like_ctrl_c()
    try:
        report = restore_warehouse(
            settings(), arguments.file, arguments.into, replace_existing=arguments.replace
        )
    except KeyboardInterrupt:
        msg = f"the restore was interrupted; {arguments.into!r} is as it was before"
        raise WarehouseError(msg) from None
    lines = [
        (
            f"database={report.database} rows={report.row_count} "
            f"verified={'yes' if report.is_verified else 'no manifest'}"
        )
    ]
    if report.kept_as:
        lines.append(f"what was there is kept as {report.kept_as}")
    if report.buried is None:
        lines.append(f"its take-downs could not be read: do them again in {report.database}")
    elif report.buried:
        lines.append(f"{report.buried} photos that were taken down after the backup are gone again")
    if report.objects:
        lines.append(f"{report.objects} photos have their bytes in the object store: check it, too")
    lines.append(f"next: PGDATABASE={report.database} python -m sightscan.warehouse migrate")
    return "\n".join(lines)
