"""`backup`: write the whole warehouse into one file, while everything runs on."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sightscan.errors import WarehouseError
from sightscan.settings import REPOSITORY, settings
from sightscan.warehouse.backup.dump import backup_warehouse, manifest_of
from sightscan.warehouse.backup.pg_tools import end_like_ctrl_c

NAME = "backup"
HELP = "write the whole warehouse into one file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where to."""
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="a new file (var/backups/<database>-<time>.dump)"
    )


def run(arguments: argparse.Namespace) -> str:
    """Back up, and say what the file holds and what it does not."""
    config = settings()
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = REPOSITORY / "var" / "backups"
    target: Path = arguments.to or folder / f"{config.pgdatabase}-{moment}.dump"
    end_like_ctrl_c()
    try:
        manifest = backup_warehouse(config, target)
    except KeyboardInterrupt:
        msg = f"the backup was interrupted; {target} was not written"
        raise WarehouseError(msg) from None
    said = (
        f"{target}\n{manifest_of(target)}\n"
        f"bytes={manifest.byte_count} tables={len(manifest.rows)} rows={sum(manifest.rows.values())}"
    )
    if manifest.objects:
        said += (
            f"\nnot in it: the bytes of {manifest.objects} photos, which are in the object store; "
            "keep its own versions or copies"
        )
    return said
