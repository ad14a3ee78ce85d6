"""Move the bytes of photos between PostgreSQL and an object store, while everybody works on.

A few photos at a time: their rows are locked, their objects written and read back, their rows
updated, committed; only then are objects deleted that nothing points to any more. So a reader finds
each photo at one place or the other, and a move that is killed anywhere goes on where it was: the
old objects are noted in the same transaction, and the next move deletes them.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.errors import WarehouseError
from sightscan.settings import Settings
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.photos.blob_cleanup import (
    delete_leftover_objects,
    forget_objects,
    note_objects,
)
from sightscan.warehouse.photos.blobs import (
    PhotoPlace,
    PhotoStore,
    read_contents,
    read_object,
)
from sightscan.warehouse.statements import statement

# Photos at a time, one transaction: of 80 KB mostly, of 20 MB at most.
MOVE_AT_ONCE = 8

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MoveReport:
    """What a move did; `left_count` photos were locked by somebody else: move again."""

    moved_count: int
    byte_count: int
    left_count: int


def move_photos(
    connection: psycopg.Connection[Any],
    config: Settings,
    store: PhotoStore | None,
    tell: Tell | None = None,
) -> MoveReport:
    """Move all photos that are elsewhere to `store`, or to PostgreSQL if there is none.

    `connection` is in autocommit; `tell` is called after each batch with the photos moved, and all.

    Raises:
        WarehouseError: an object is missing, is not what it should be, or the store refuses. What
            was moved before stays moved.

    """
    prefix = store.prefix if store else ""
    delete_leftover_objects(connection, config)
    total = _count(connection, prefix)
    moved_count = byte_count = 0
    after = b""
    while True:
        batch = _move_batch(connection, config, store, after)
        if batch is None:
            return MoveReport(moved_count, byte_count, _count(connection, prefix))
        moved_count += batch.moved_count
        byte_count += batch.byte_count
        after = batch.last_sha256
        if tell is not None:
            tell(moved_count, total)


@dataclass(frozen=True, slots=True)
class _Batch:
    moved_count: int
    byte_count: int
    last_sha256: bytes


def _move_batch(
    connection: psycopg.Connection[Any], config: Settings, store: PhotoStore | None, after: bytes
) -> _Batch | None:
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            statement("photos/lock_photos_to_move"),
            {
                "after_sha256": after,
                "prefix": store.prefix if store else "",
                "most": MOVE_AT_ONCE,
            },
            binary=True,
        ).fetchall()
        if not rows:
            return None
        media_types = {row["sha256"]: row["media_type"] for row in rows}
        stored = (PhotoPlace(row["sha256"], row["bytes"], row["uri"]) for row in rows)
        photos = [
            (sha256, media_types[sha256], content)
            for sha256, content in read_contents(stored, reopener(connection))
        ]
        places = _new_places(config, store, photos)
        for sha256, content, uri in places:
            connection.execute(
                statement("photos/move_photo"), {"sha256": sha256, "bytes": content, "uri": uri}
            )
        forget_objects(connection, [uri for _, _, uri in places if uri is not None])
        note_objects(
            connection, [(row["uri"], row["sha256"]) for row in rows if row["uri"] is not None]
        )
    # After the commit only: until then, the rows point to them.
    delete_leftover_objects(connection, config)
    return _Batch(len(rows), sum(len(content) for _, _, content in photos), rows[-1]["sha256"])


def _new_places(
    config: Settings, store: PhotoStore | None, photos: Sequence[tuple[bytes, str, bytes]]
) -> list[tuple[bytes, bytes | None, str | None]]:
    if store is None:
        return [(sha256, content, None) for sha256, _, content in photos]
    for sha256, _, content in photos:
        if hashlib.sha256(content).digest() != sha256:
            msg = (
                f"the bytes of photo {sha256.hex()} in core.photo_blob are not those of its hash; "
                "restore them from a backup or remove the photo, then move again"
            )
            raise WarehouseError(msg)
    uris = store.write(photos)
    # Read back, and hashed there: bytes are let go of only when their copy is known to be good.
    for sha256, uri in zip((sha256 for sha256, _, _ in photos), uris, strict=True):
        _verify(sha256, uri, config)
    return [(sha256, None, uri) for (sha256, _, _), uri in zip(photos, uris, strict=True)]


def _verify(sha256: bytes, uri: str, config: Settings) -> None:
    try:
        read_object(sha256, uri, config)
    except FileNotFoundError as error:
        msg = (
            f"the object store took {uri} and does not have it; expected it to be there at once; "
            "check the bucket's rules, then move again"
        )
        raise WarehouseError(msg) from error


def _count(connection: psycopg.Connection[Any], prefix: str) -> int:
    row = connection.execute(
        statement("photos/count_photos_to_move"), {"prefix": prefix}
    ).fetchone()
    count: int = row[0] if row else 0
    return count
