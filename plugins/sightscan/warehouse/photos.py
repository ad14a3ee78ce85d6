"""Photos and where they were found: loaded by COPY, merged as a set; and their clusters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sightscan.warehouse.statements import statement

PHOTO_TYPES = (
    *("uuid", "bytea", "bytea", "int4", "int4", "text", "bytea"),
    *("int8", "text", "text", "text", "text", "text", "text", "text", "text", "timestamptz"),
)
REJECTED_PHOTO_TYPES = ("uuid", "int8", "text", "text", "text", "text")
# The lock on the clusters that several cities share; city ids begin with Q, so it is none of them.
ALL_CLUSTERS = "all"


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a photo is, where it was found, whose it is, under which licence."""

    url: str
    page_url: str | None
    source: str
    licence: str
    licence_url: str | None
    author: str | None
    title: str | None
    query: str


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo as it is stored; `perceptual_hash` has 32 bytes, sizes are upright pixels."""

    sha256: bytes
    data: bytes
    width_pixels: int
    height_pixels: int
    media_type: str
    perceptual_hash: bytes


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo that was fetched for a sight."""

    file: PhotoFile
    attribution: Attribution
    found_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedPhoto:
    """A photo that is not kept, and why: one word, and what exactly was seen."""

    url: str
    source: str
    reason: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class HashedPhoto:
    """What clustering needs of a photo; settled: compared with all that were there before."""

    sha256: bytes
    perceptual_hash: bytes
    cluster_sha256: bytes
    is_settled: bool


def merge_photos(
    connection: psycopg.Connection[Any],
    sight_id: int,
    found: Sequence[FoundPhoto],
    rejected: Sequence[RejectedPhoto],
) -> int:
    """Store one batch of a crawl, whole or not at all; return how many were taken down before.

    Photos with a tombstone are not stored: they become rejections.
    """
    batch = uuid.uuid4()
    key = {"batch_id": batch}
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(statement("copy_photos")) as copy:
            copy.set_types(PHOTO_TYPES)
            for photo in found:
                copy.write_row(_photo_row(batch, sight_id, photo))
        with cursor.copy(statement("copy_rejected_photos")) as copy:
            copy.set_types(REJECTED_PHOTO_TYPES)
            for refusal in rejected:
                copy.write_row(
                    (batch, sight_id, refusal.url, refusal.source, refusal.reason, refusal.detail)
                )
        cursor.execute(statement("hold_off_removals"))
        cursor.execute(statement("discard_removed_photos"), key)
        removed_count = cursor.rowcount
        for merge in ("merge_photos", "merge_photo_blobs", "merge_photo_sources"):
            cursor.execute(statement(merge), key)
        cursor.execute(statement("merge_rejected_photos"), key)
        cursor.execute(statement("delete_loaded_photos"), key)
        cursor.execute(statement("delete_loaded_rejected_photos"), key)
    return removed_count


def known_urls(connection: psycopg.Connection[Any], sight_id: int) -> frozenset[bytes]:
    """Return the SHA-256 of each URL that need not be fetched again for a sight."""
    rows = connection.execute(statement("list_known_urls"), {"sight_id": sight_id})
    return frozenset(bytes(row[0]) for row in rows)


def photos_of_sight(connection: psycopg.Connection[Any], sight_id: int) -> frozenset[bytes]:
    """Return the SHA-256 of each photo that is kept for a sight."""
    rows = connection.execute(statement("list_sight_photos"), {"sight_id": sight_id})
    return frozenset(bytes(row[0]) for row in rows)


def lock_clustering(connection: psycopg.Connection[Any], subject: str) -> None:
    """Wait until nobody else clusters `subject` (a city, or ALL_CLUSTERS) in a transaction."""
    connection.execute(statement("lock_clustering"), {"subject": subject})


def hashes_of_city(
    connection: psycopg.Connection[Any], city_id: str, near_duplicate_bits: int
) -> tuple[HashedPhoto, ...]:
    """Return the photos of a city, sorted by SHA-256, with what clustering needs."""
    rows = connection.execute(
        statement("list_city_hashes"),
        {"city_id": city_id, "near_duplicate_bits": near_duplicate_bits},
    )
    return tuple(HashedPhoto(*row) for row in rows)


def clusters_of(
    connection: psycopg.Connection[Any], sha256s: Sequence[bytes]
) -> Mapping[bytes, bytes]:
    """Return the cluster of each photo, both by SHA-256."""
    rows = connection.execute(statement("list_clusters"), {"sha256s": list(sha256s)})
    return {row[0]: row[1] for row in rows}


def store_clusters(
    connection: psycopg.Connection[Any],
    city_id: str,
    near_duplicate_bits: int,
    renamed: Mapping[bytes, bytes],
    settled: Sequence[bytes],
) -> None:
    """Give clusters their new names, and note which photos have been compared."""
    if renamed:
        connection.execute(
            statement("rename_clusters"),
            {"old_sha256s": list(renamed), "new_sha256s": list(renamed.values())},
        )
    connection.execute(
        statement("settle_clusters"),
        {
            "city_id": city_id,
            "near_duplicate_bits": near_duplicate_bits,
            "sha256s": list(settled),
        },
    )


def _photo_row(batch: uuid.UUID, sight_id: int, photo: FoundPhoto) -> tuple[object, ...]:
    file, found = photo.file, photo.attribution
    return (
        batch,
        file.sha256,
        file.data,
        file.width_pixels,
        file.height_pixels,
        file.media_type,
        file.perceptual_hash,
        sight_id,
        found.url,
        found.page_url,
        found.source,
        found.licence,
        found.licence_url,
        found.author,
        found.title,
        found.query,
        photo.found_at,
    )
