"""`move-photos`: bring the bytes of all photos to where PHOTO_STORE says, while everybody works on.

Set PHOTO_STORE for all workers first, so that new photos go there too. It may be interrupted at any
time, and goes on when it is run again. `--to-database` is the way back.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field

from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos.blob_moves import move_photos
from sightscan.warehouse.photos.blobs import open_photo_store

NAME = "move-photos"
HELP = "move the bytes of photos to PHOTO_STORE, or back to PostgreSQL"
PROGRESS_SECONDS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the way back."""
    parser.add_argument(
        "--to-database", action="store_true", help="back to PostgreSQL; empty PHOTO_STORE first"
    )


def run(arguments: argparse.Namespace) -> str:
    """Move, and say what was done and what is left to do by hand."""
    config = settings()
    store = None if arguments.to_database else open_photo_store(config)
    if store is None and not arguments.to_database:
        msg = (
            "PHOTO_STORE is empty: expected where to move the photos, such as s3://bucket/photos; "
            "set it, or move them back to PostgreSQL with --to-database"
        )
        raise SettingsError(msg)
    where = store.url if store else "PostgreSQL"
    progress = _Progress()
    try:
        with connect(config, autocommit=True) as connection:
            report = move_photos(connection, config, store, progress.tell)
    except KeyboardInterrupt:
        msg = f"interrupted after {progress.moved} photos; run the same command again to go on"
        raise WarehouseError(msg) from None
    lines = [f"moved={report.moved_count} bytes={report.byte_count} to={where}"]
    if report.left_count:
        lines.append(
            f"{report.left_count} photos came or were in use meanwhile: run the command again"
        )
    if store and report.moved_count:
        lines.append(
            "their space in PostgreSQL is given back to the disk by: vacuum core.photo_blob"
        )
    if arguments.to_database and config.photo_store:
        lines.append("PHOTO_STORE is still set, so new photos go there: empty it for all workers")
    return "\n".join(lines)


@dataclass(slots=True)
class _Progress:
    """A line every few seconds."""

    moved: int = 0
    said_at: float = field(default_factory=time.monotonic)

    def tell(self, moved: int, total: int) -> None:
        self.moved = moved
        if time.monotonic() - self.said_at >= PROGRESS_SECONDS:
            self.said_at = time.monotonic()
            sys.stderr.write(f"moved={moved} of={total}\n")
