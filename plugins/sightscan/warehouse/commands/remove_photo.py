"""`remove-photo`: take photos down, by hash or URL, from all layers and for good."""

from __future__ import annotations

import argparse
import getpass
import sys

from sightscan.errors import WarehouseError
from sightscan.warehouse.connection import connect
from sightscan.warehouse.takedowns.takedowns import (
    PhotoUse,
    RemovalReport,
    Subjects,
    read_subjects,
    remove_photos,
)

NAME = "remove-photo"
HELP = "take photos down for good, and say which models saw them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to go, and why."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="SHA256|URL",
        help="the photo's hash, its address, or its page's",
    )
    parser.add_argument("--reason", required=True, help="kept with the tombstone")
    parser.add_argument("--by", help="who asked for it (your login)")
    parser.add_argument(
        "--near-copies", action="store_true", help="near-duplicates of these photos go, too"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> str:
    """Take the photos down and say what is gone, what is left, and which models saw them."""
    subjects = read_subjects(arguments.photos)
    said = {
        "reason": arguments.reason,
        "removed_by": arguments.by or getpass.getuser(),
        "near_copies": arguments.near_copies,
    }
    with connect(autocommit=True) as connection:
        if arguments.dry_run or not arguments.yes:
            plan = remove_photos(connection, subjects, **said, is_rehearsal=True)
            if arguments.dry_run:
                return "dry run, nothing is changed\n" + _told(plan, subjects)
            _ask(plan, subjects)
        return _told(remove_photos(connection, subjects, **said), subjects)


def _ask(plan: RemovalReport, subjects: Subjects) -> None:
    if not sys.stdin.isatty():
        msg = "a take-down cannot be taken back: look at it with --dry-run, then say --yes"
        raise WarehouseError(msg)
    sys.stderr.write(_told(plan, subjects) + "\nThis cannot be taken back. Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        msg = "nothing was removed: the answer was not yes"
        raise WarehouseError(msg)


def _told(report: RemovalReport, subjects: Subjects) -> str:
    rows = " ".join(f"{table}={count}" for table, count in sorted(report.row_counts.items()))
    lines = [
        (
            f"photos={len(report.removed)} removed_before={len(report.removed_before)} "
            f"new_address_tombstones={report.url_count} objects={report.object_count}"
        ),
        f"rows: {rows or 'none'}",
    ]
    lines += [f"removed {sha256.hex()}" for sha256 in report.removed]
    if not report.removed and not report.removed_before:
        asked = ", ".join((*(sha256.hex() for sha256 in subjects.sha256s), *subjects.urls))
        lines.append(f"nothing is stored of {asked}; it will never be fetched or stored")
    lines += [
        f"near copy, still there: {sha256.hex()} (--near-copies takes it, too)"
        for sha256 in report.near_copies
    ]
    lines += [_use_line(use) for use in report.uses] or ["no dataset and no model used it"]
    return "\n".join(lines)


def _use_line(use: PhotoUse) -> str:
    models = ", ".join(str(version) for version in use.model_versions) or "none"
    line = (
        f"used: city={use.city_slug} dataset={use.dataset_version} split={use.split} "
        f"photos={use.photo_count} models={models}"
    )
    if use.version_in_place is not None:
        line += (
            f"; model {use.version_in_place} is in place: to replace it, run the city's DAG, "
            "whose next dataset is without the photo"
        )
    return line
