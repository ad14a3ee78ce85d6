"""Take-downs: a photo goes from all layers, and what is left makes sure that it stays away.

A tombstone by its hash, by its addresses, pages and identifiers, and by what it looks like keeps every
later crawl from fetching or storing it, from whatever source.
Frozen datasets keep the hash as a number, so that it can always be said which models saw it.
Bytes in an object store are deleted after the commit; until then the tombstone knows where they
are, and the next take-down (or `remove_withdrawn_photos`) finishes what a killed one left.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sightscan.errors import WarehouseError
from sightscan.warehouse.marts.hourly_facts import refresh_hours
from sightscan.warehouse.photos.blob_cleanup import note_possible_objects
from sightscan.warehouse.photos.blobs import delete_objects
from sightscan.warehouse.photos.identity import (
    former_addresses,
    identifiers_of,
    name_sha256,
    read_identifier,
)
from sightscan.warehouse.photos.photos import ALL_CLUSTERS, lock_clustering
from sightscan.warehouse.statements import statement

SHA256_HEX = re.compile(r"[0-9a-fA-F]{64}")
URL = re.compile(r"https?://[^\s/]\S*")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subjects:
    """What is to be taken down: photos by hash, and whatever is or would be found under names.

    A name is an address of a photo, its page, or an identifier of its provider.
    """

    sha256s: tuple[bytes, ...] = ()
    urls: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the URLs and the identifiers, those that the URLs name included."""
        return tuple(dict.fromkeys((*self.urls, *self.identifiers, *identifiers_of(*self.urls))))

    @property
    def url_sha256s(self) -> list[bytes]:
        """Return the SHA-256 of each name, as core.photo_source and core.photo_identifier have it."""
        return [name_sha256(name) for name in self.names]


@dataclass(frozen=True, slots=True)
class PhotoUse:
    """A frozen dataset that holds some of the photos, and the models that came of it."""

    city_slug: str
    dataset_version: int
    split: str
    photo_count: int
    model_versions: tuple[int, ...]
    version_in_place: int | None


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What a take-down did: `removed_before` were gone already, `near_copies` are still there.

    `row_counts` is by table; `object_count` is what was deleted from the object store.
    """

    removed: tuple[bytes, ...]
    removed_before: tuple[bytes, ...]
    near_copies: tuple[bytes, ...]
    url_count: int
    row_counts: Mapping[str, int]
    uses: tuple[PhotoUse, ...]
    object_count: int = 0


def read_subjects(texts: Sequence[str]) -> Subjects:
    """Read hashes (64 hexadecimal digits), URLs of photos or of their pages, and identifiers.

    Raises:
        WarehouseError: one is none of them.

    """
    sha256s: list[bytes] = []
    urls: list[str] = []
    identifiers: list[str] = []
    for text in texts:
        if SHA256_HEX.fullmatch(text):
            sha256s.append(bytes.fromhex(text))
        elif URL.fullmatch(text):
            urls.append(text)
        elif (identifier := read_identifier(text)) is not None:
            identifiers.append(identifier)
        else:
            msg = (
                f"{text!r} is no photo: expected its sha256 (64 hexadecimal digits), its URL or its "
                "page's (http:// or https://), or its provider's identifier: File:<name> or "
                "commons:<page id> for Commons, flickr:<photo id>, openverse:<image id>"
            )
            raise WarehouseError(msg)
    return Subjects(tuple(sha256s), tuple(urls), tuple(identifiers))


def remove_photos(
    connection: psycopg.Connection[Any],
    subjects: Subjects,
    *,
    reason: str,
    removed_by: str,
    near_copies: bool = False,
    is_rehearsal: bool = False,
) -> RemovalReport:
    """Delete photos from all layers, whole or not at all, and leave tombstones.

    Again is the same. A hash or a name of which nothing is stored gets its tombstone all the same.
    A rehearsal does and reports the same, and takes it back.

    Raises:
        WarehouseError: no reason or nobody is given.

    """
    if not reason.strip() or not removed_by.strip():
        msg = "a take-down needs a reason and somebody who asked for it, but got none; say both"
        raise WarehouseError(msg)
    with connection.transaction(force_rollback=is_rehearsal):
        lock_removals(connection)
        report = take_down_photos(connection, subjects, reason, removed_by, near_copies=near_copies)
    if is_rehearsal:
        return report
    object_count = delete_removed_objects(connection)
    logger.info(
        "removed=%d removed_before=%d addresses=%d objects=%d near_copies_left=%d",
        len(report.removed),
        len(report.removed_before),
        report.url_count,
        object_count,
        len(report.near_copies),
    )
    return replace(report, object_count=object_count)


def lock_removals(connection: psycopg.Connection[Any]) -> None:
    """Wait until nobody stores photos, labels or datasets, or clusters; until the commit.

    Everything after it sees what they have committed, and they will see the tombstones.
    """
    connection.execute(statement("takedowns/lock_removals"))
    lock_clustering(connection, ALL_CLUSTERS)


def take_down_photos(
    connection: psycopg.Connection[Any],
    subjects: Subjects,
    reason: str,
    removed_by: str,
    *,
    near_copies: bool = False,
) -> RemovalReport:
    """Delete photos and leave tombstones, in the transaction of a caller that holds the lock."""
    url_sha256s = _all_names(connection, subjects)
    found = _find(connection, subjects, url_sha256s)
    sha256s = [row["sha256"] for row in found]
    stored = {row["sha256"] for row in found if row["is_stored"]}
    before = [row["sha256"] for row in found if row["is_removed"] and not row["is_stored"]]
    copies = _near_copies(connection, sha256s)
    if near_copies:
        sha256s += copies
        stored |= set(copies)
        copies = []
    values = {
        "sha256s": sorted(sha256s),
        "url_sha256s": url_sha256s,
        "urls": list(subjects.urls),
        "reason": reason,
        "removed_by": removed_by,
    }
    connection.execute(statement("takedowns/insert_removed_photos"), values)
    url_count = connection.execute(statement("takedowns/insert_removed_urls"), values).rowcount
    connection.execute(statement("takedowns/redact_check_results"), values)
    connection.execute(statement("takedowns/delete_check_offences"), values)
    note_possible_objects(connection, sha256s)
    gone = connection.execute(statement("takedowns/delete_removed_photos"), values).fetchall()
    hours: set[datetime] = {hour for _, _, some in gone for hour in some}
    if hours:
        refresh_hours(connection, hours)
    return RemovalReport(
        removed=tuple(sorted(stored)),
        removed_before=tuple(before),
        near_copies=tuple(copies),
        url_count=url_count,
        row_counts={name: count for name, count, _ in gone},
        uses=list_photo_uses(connection, sha256s),
    )


def find_photos(connection: psycopg.Connection[Any], subjects: Subjects) -> tuple[bytes, ...]:
    """Return the stored photos that a take-down of these would delete, without their near copies."""
    found = _find(connection, subjects, _all_names(connection, subjects))
    return tuple(row["sha256"] for row in found if row["is_stored"])


def list_photo_uses(
    connection: psycopg.Connection[Any], sha256s: Sequence[bytes]
) -> tuple[PhotoUse, ...]:
    """Return the frozen datasets that hold photos, taken down or not, and the models of each."""
    rows = connection.execute(statement("takedowns/list_photo_uses"), {"sha256s": list(sha256s)})
    return tuple(
        PhotoUse(slug, version, split, count, tuple(models), in_place)
        for slug, version, split, count, models, in_place in rows
    )


def delete_removed_objects(connection: psycopg.Connection[Any]) -> int:
    """Delete from the object store what take-downs left there; return how many rows knew of.

    Objects that no row knew of go, too: where the store would have the photo, and where a move
    that was killed left it.

    Raises:
        WarehouseError: the object store refuses; the rows are gone, and the next call goes on.

    """
    waiting = connection.execute(statement("takedowns/list_removed_objects")).fetchall()
    for sha256, uri, _ in waiting:
        try:
            delete_objects([uri])
        except WarehouseError as error:
            msg = f"the photo is out of the warehouse, but {error}; then run the same command again"
            raise WarehouseError(msg) from error
        connection.execute(
            statement("takedowns/forget_removed_object"), {"sha256": sha256, "object_uri": uri}
        )
    return sum(is_known for _, _, is_known in waiting)


def _find(
    connection: psycopg.Connection[Any], subjects: Subjects, url_sha256s: Sequence[bytes]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            statement("takedowns/find_photos_to_remove"),
            {
                "sha256s": list(subjects.sha256s),
                "url_sha256s": url_sha256s,
                "urls": list(subjects.urls),
            },
        ).fetchall()


def _all_names(connection: psycopg.Connection[Any], subjects: Subjects) -> list[bytes]:
    """Return the SHA-256 of all names of the photos: what is one photo by one of them goes whole.

    What was taken down before there were identifiers is known by the addresses of then.
    """
    former = map(name_sha256, former_addresses(subjects.names))
    rows = connection.execute(
        statement("takedowns/list_photo_names"),
        {
            "sha256s": list(subjects.sha256s),
            "url_sha256s": [*subjects.url_sha256s, *former],
            "urls": list(subjects.urls),
        },
    )
    return sorted({*subjects.url_sha256s, *(bytes(row[0]) for row in rows)})


def _near_copies(connection: psycopg.Connection[Any], sha256s: Sequence[bytes]) -> list[bytes]:
    rows = connection.execute(statement("takedowns/list_near_copies"), {"sha256s": list(sha256s)})
    return [bytes(row[0]) for row in rows]
