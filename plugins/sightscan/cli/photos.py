"""`sightscan photos`: where their bytes are, and taking photos down."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

from sightscan.cli.declare import AsJson, argument, command, flag, group, option
from sightscan.cli.environment import open_settings, open_warehouse
from sightscan.cli.output import Progress, counts_of, print_answer
from sightscan.errors import SettingsError, WarehouseError
from sightscan.surroundings import login_name

if TYPE_CHECKING:
    from sightscan.warehouse.takedowns.takedowns import PhotoUse, RemovalReport, Subjects

commands = group("photos", "Photos: move their bytes, and take them down.")

Photos = Annotated[
    list[str],
    argument(
        "SHA256|URL|ID...",
        "The photo's hash, its address, its page's, or its provider's identifier (File:Tower.jpg,"
        " commons:123, flickr:123, openverse:...); several at once if need be.",
    ),
]
ToDatabase = Annotated[bool, flag("--to-database", "Back to PostgreSQL; empty PHOTO_STORE first.")]
NearCopies = Annotated[bool, flag("--near-copies", "Near-duplicates of these photos go, too.")]


@command(commands, "move")
def move(*, to_database: ToDatabase = False, as_json: AsJson = False) -> None:
    """Bring the bytes of all photos to where PHOTO_STORE says, while everybody works on.

    Set PHOTO_STORE for all workers first, so that new photos go there too. It may be interrupted
    at any time, and goes on when it is run again (docs/runbooks/move-photos.md).

    Changes: where bytes of photos are, row by row in core.photo_blob; each object is read back and
    hashed before its row lets go of the bytes.

    Examples:
        sightscan photos move
        sightscan photos move --to-database
    """
    from sightscan.warehouse.connection import connect
    from sightscan.warehouse.photos.blob_moves import move_photos
    from sightscan.warehouse.photos.blobs import open_photo_store

    config = open_settings()
    store = None if to_database else open_photo_store(config)
    if store is None and not to_database:
        msg = (
            "PHOTO_STORE is empty: expected where to move the photos, such as s3://bucket/photos; "
            "set it, or move them back to PostgreSQL with --to-database"
        )
        raise SettingsError(msg)
    where = store.url if store else "PostgreSQL"
    progress = Progress("moved")
    try:
        with connect(config, autocommit=True) as connection, progress:
            report = move_photos(connection, config, store, progress.tell)
    except KeyboardInterrupt:
        msg = f"interrupted after {progress.count} photos; run the same command again to go on"
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
    if to_database and config.photo_store:
        lines.append("PHOTO_STORE is still set, so new photos go there: empty it for all workers")
    print_answer({**asdict(report), "to": where}, *lines, as_json=as_json)


@command(commands, "remove")
def remove(
    photos: Photos,
    *,
    reason: Annotated[str, option("Why; kept with the tombstone.")],
    by: Annotated[str | None, option("Who asked for it (your login).")] = None,
    near_copies: NearCopies = False,
    dry_run: Annotated[bool, flag("--dry-run", "Say what would go, and change nothing.")] = False,
    yes: Annotated[bool, flag("--yes", "Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take photos down for good, from all layers, and say which datasets and models saw them.

    No crawl fetches or stores them again, from whatever source (docs/runbooks/take-down.md). What is already gone is
    said so; doing it again completes what was interrupted.

    Changes: deletes bytes and rows of the photos, for all cities, and leaves tombstones. It cannot
    be taken back: look at it with --dry-run first.

    Examples:
        sightscan photos remove https://example.org/a.jpg --reason "asked by mail" --dry-run
        sightscan photos remove https://example.org/a.jpg --reason "asked by mail"
        sightscan photos remove "File:My house.jpg" flickr:51745389858 --reason "asked by mail"
    """
    from sightscan.warehouse.takedowns.takedowns import read_subjects, remove_photos

    subjects = read_subjects(photos)
    with open_warehouse() as (_, connection):
        take_down = partial(
            remove_photos,
            connection,
            subjects,
            reason=reason,
            removed_by=by or login_name(),
            near_copies=near_copies,
        )
        if not dry_run and not yes:
            _ask(take_down(is_rehearsal=True), subjects)
        report = take_down(is_rehearsal=dry_run)
    described = _describe(report, subjects)
    if dry_run:
        described.insert(0, "dry run, nothing is changed")
    print_answer({"dry_run": dry_run, **asdict(report)}, *described, as_json=as_json)


def _ask(plan: RemovalReport, subjects: Subjects) -> None:
    if not sys.stdin.isatty():
        msg = "a take-down cannot be taken back: look at it with --dry-run, then say --yes"
        raise WarehouseError(msg)
    described = "\n".join(_describe(plan, subjects))
    sys.stderr.write(f"{described}\nThis cannot be taken back. Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        msg = "nothing was removed: the answer was not yes"
        raise WarehouseError(msg)


def _describe(report: RemovalReport, subjects: Subjects) -> list[str]:
    rows = counts_of(dict(sorted(report.row_counts.items())))
    lines = [
        (
            f"photos={len(report.removed)} removed_before={len(report.removed_before)} "
            f"new_address_tombstones={report.url_count} objects={report.object_count}"
        ),
        f"rows: {rows or 'none'}",
    ]
    lines += [f"removed {sha256.hex()}" for sha256 in report.removed]
    if not report.removed and not report.removed_before:
        hashes = (sha256.hex() for sha256 in subjects.sha256s)
        asked = ", ".join((*hashes, *subjects.urls, *subjects.identifiers))
        lines.append(f"nothing is stored of {asked}; it will never be fetched or stored")
    lines += [
        f"near copy, still there: {sha256.hex()} (--near-copies takes it, too)"
        for sha256 in report.near_copies
    ]
    lines += [_describe_use(use) for use in report.uses] or ["no dataset and no model used it"]
    return lines


def _describe_use(use: PhotoUse) -> str:
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
