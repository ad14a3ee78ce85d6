"""Photos and where they were found: loaded by COPY, merged as a set; and their clusters."""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import psycopg
from psycopg.rows import class_row

from sightscan.city import Place
from sightscan.dataset_folder import SUFFIXES
from sightscan.errors import WarehouseError
from sightscan.warehouse.commits import commit_at_once, is_outermost
from sightscan.warehouse.connection import bulk_cursor
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.photos.blobs import PhotoStore
from sightscan.warehouse.photos.identity import former_addresses, name_sha256
from sightscan.warehouse.statements import statement
from sightscan.warehouse.text import clean_text, is_clean

# `core.photo_source.source` of photos that people shared in the app.
CONTRIBUTED = "contribution"
PHOTO_TYPES = (
    *("uuid", "bytea", "int4", "int4", "int4", "text", "bytea"),
    *(
        "int8",
        "text",
        "text",
        "text",
        "text",
        "text",
        "text",
        "text",
        "text",
        "timestamptz",
        "text",
        "float8",
        "float8",
    ),
)
BLOB_TYPES = ("bytea", "bytea", "text")
REJECTED_PHOTO_TYPES = ("uuid", "int8", "text", "text", "text", "text")
HASH_BYTES = 32
# What core.rejected_photo takes as a reason.
REASON = re.compile(r"[a-z][a-z0-9_]*")
# What core.photo_source takes.
OLDEST_FIND = datetime(2000, 1, 1, tzinfo=UTC)
# The lock on the clusters that several cities share; city ids begin with Q, so it is none of them.
ALL_CLUSTERS = "all"
# Of 256: one photo scaled or compressed anew stays below, two different ones never came (decision 25).
MAX_RENDERED_BITS = 32


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
    # What its provider knows it by, whatever the address (identity.py).
    identifiers: tuple[str, ...] = ()
    # The day it was taken, as YYYY-MM-DD.
    taken_on: str | None = None
    # Where it was taken, if its page says so; of what visitors share there is none.
    camera: Place | None = None


ATTRIBUTION_TEXTS = tuple(
    column.name for column in fields(Attribution) if column.name not in {"identifiers", "camera"}
)


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo as it is stored; `perceptual_hash` has 32 bytes, sizes are upright pixels."""

    sha256: bytes
    content: bytes
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
    # What the server said of it (RFC 9110), for the question whether it has changed.
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedPhoto:
    """A photo that is there already, found for one more sight."""

    sha256: bytes
    attribution: Attribution
    found_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedPhoto:
    """A photo that is not kept, and why: one word, and what exactly was seen."""

    is_kept: ClassVar[bool] = False

    url: str
    source: str
    reason: str
    detail: str | None = None
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetPhoto:
    """A photo that is known, met again."""

    url: str
    identifiers: tuple[str, ...]
    camera: Place | None = None


@dataclass(frozen=True, slots=True)
class HashedPhoto:
    """What clustering needs of a photo; clustered: compared with all that were there before."""

    sha256: bytes
    perceptual_hash: bytes
    cluster_sha256: bytes
    is_clustered: bool


def find_fault(photo: FoundPhoto) -> str | None:
    """Return what core would refuse of a photo, in a sentence; None if it is as it should be."""
    file = photo.file
    faults = _faults_of_find(photo.attribution, photo.found_at)
    # The hash is taken on trust: whoever read the bytes took it, and taking it twice costs a tenth.
    if len(file.sha256) != HASH_BYTES:
        faults.append(f"a SHA-256 of {len(file.sha256)} bytes, not {HASH_BYTES}")
    if not file.content or min(file.width_pixels, file.height_pixels) <= 0:
        faults.append(f"an empty photo: {file.width_pixels} x {file.height_pixels} pixels")
    if file.media_type not in SUFFIXES:
        faults.append(f"media type {file.media_type!r}, not one of {', '.join(SUFFIXES)}")
    if len(file.perceptual_hash) != HASH_BYTES:
        faults.append(f"a perceptual hash of {len(file.perceptual_hash)} bytes, not {HASH_BYTES}")
    return "; ".join(faults) or None


def find_link_fault(photo: LinkedPhoto) -> str | None:
    """Return what core would refuse of a link, in a sentence; None if it is as it should be."""
    return "; ".join(_faults_of_find(photo.attribution, photo.found_at)) or None


def _faults_of_find(found: Attribution, found_at: datetime) -> list[str]:
    texts = {name: getattr(found, name) for name in ("url", "source", "licence", "query")}
    faults = [f"no {name}" for name, text in texts.items() if not clean_text(text or "").strip()]
    # Other texts are cleaned; an address that was would be another one.
    if not is_clean(found.url or ""):
        faults.append(f"an address with a NUL or half a character: {found.url!r}")
    if not OLDEST_FIND <= found_at <= datetime.now(UTC) + timedelta(hours=23):
        faults.append(f"found at {found_at.isoformat()}, which cannot be")
    return faults


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What became of a batch; `new_count` photos were stored, the other valid ones were known.

    `removed_count` were taken down before, `removed_copy_count` look the same as one that was.
    `refused_urls` are where those, and the invalid ones, are.
    """

    new_count: int
    removed_count: int
    invalid_count: int
    removed_copy_count: int = 0
    refused_urls: frozenset[str] = frozenset()


def merge_photos(
    connection: psycopg.Connection[Any],
    sight_id: int,
    found: Sequence[FoundPhoto],
    rejected: Sequence[RejectedPhoto],
    store: PhotoStore | None = None,
    *,
    linked: Sequence[LinkedPhoto] = (),
    waits_for_disk: bool = True,
) -> MergeReport:
    """Store one batch of a crawl, whole or not at all; bytes travel only if they are new.

    Photos with a tombstone, by whatever name, those that are one rendered anew, and rows that core
    would refuse, become rejections. A photo whose bytes were lost gets them back. Bytes go to
    `store` if there is one. `linked` photos are there already, of another sight. Each table is
    written in one pass, in the order of its keys, so that crawls that find the same photos wait for
    each other and never in a circle. Who can hand the batch over once more need not wait for the
    disk (`commits`); where there are tombstones to add, or the transaction is another's, it is waited
    for all the same.

    Raises:
        WarehouseError: there is no such sight, or the store refuses a photo.

    """
    batch = uuid.uuid4()
    key = {"batch_id": batch}
    valid, links = [], []
    invalid: list[RejectedPhoto] = []
    for photo in found:
        if (fault := find_fault(photo)) is None:
            valid.append(photo)
        else:
            invalid.append(_invalid(photo.attribution, fault))
    for link in linked:
        if (fault := find_link_fault(link)) is None:
            links.append(link)
        else:
            invalid.append(_invalid(link.attribution, fault))
    can_be_repeated = not waits_for_disk and is_outermost(connection)
    try:
        with connection.transaction(), bulk_cursor(connection) as cursor:
            _load_batch(cursor, batch, sight_id, valid, [*rejected, *invalid])
            hold_off_removals(connection)
            attributions = [photo.attribution for photo in valid]
            attributions += [link.attribution for link in links]
            cursor.execute(
                statement("photos/discard_removed_photos"), key | _names_of(attributions)
            )
            removed = [url for (url,) in cursor]
            cursor.execute(
                statement("photos/discard_removed_copies"), key | {"most_bits": MAX_RENDERED_BITS}
            )
            copies = [url for (url,) in cursor]
            cursor.execute(statement("photos/merge_photos"), key)
            new = {bytes(row[0]) for row in cursor}
            _store_bytes(cursor, valid, new, store)
            # Of addresses that are no link's, nobody asks there.
            linked_urls = {link.attribution.url for link in links}
            names = _names_of([found for found in attributions if found.url in linked_urls])
            cursor.execute(
                statement("photos/merge_photo_sources"),
                key | names | _columns_of(sight_id, links),
            )
            cursor.execute(statement("photos/delete_loaded_photos"), key)
            _note_visits(cursor, valid)
            if removed or copies or rejected or invalid:
                cursor.execute(statement("photos/merge_rejected_photos"), key)
                cursor.execute(statement("photos/delete_loaded_rejected_photos"), key)
            _note_identifiers(cursor, [*attributions, *rejected])
            if can_be_repeated and not removed and not copies:
                commit_at_once(cursor)
    except psycopg.errors.ForeignKeyViolation as error:
        if "sight_id" not in (error.diag.constraint_name or ""):
            raise
        msg = (
            f"no sight {sight_id} in core.sight, so nothing of the batch ({len(found)} photos, "
            f"{len(rejected)} rejections) was stored; discover the city again, then crawl"
        )
        raise WarehouseError(msg) from error
    return MergeReport(
        new_count=len(new),
        removed_count=len(removed),
        invalid_count=len(invalid),
        removed_copy_count=len(copies),
        refused_urls=frozenset((*removed, *copies, *(each.url for each in invalid))),
    )


def own_names(found: Attribution | RejectedPhoto) -> frozenset[bytes]:
    """Return the SHA-256 of all that names this photo alone: its address and its identifiers."""
    return frozenset(map(name_sha256, (found.url, *found.identifiers)))


def all_names(found: Attribution | RejectedPhoto) -> frozenset[bytes]:
    """Return the SHA-256 of all that a take-down of this photo may have left.

    Of a photo that was taken down, the page may be all that is known; and what was taken down before
    there were identifiers is known by the addresses of then.
    """
    page_url = found.page_url if isinstance(found, Attribution) else None
    addresses = [*former_addresses(found.identifiers), *((page_url,) if page_url else ())]
    return own_names(found) | frozenset(map(name_sha256, addresses))


def known_names(
    connection: psycopg.Connection[Any],
    sight_id: int,
    reopened_reasons: Collection[str] = (),
    bounds: Mapping[str, str] | None = None,
) -> frozenset[bytes]:
    """Return the SHA-256 of each address and identifier not to be fetched again for a sight.

    What was rejected for one of `reopened_reasons` is wanted again, and what was rejected for one of
    `bounds` while it was another: they are LIKE patterns of details, by reason.
    """
    bounds = bounds or {}
    rows = connection.execute(
        statement("photos/list_known_names"),
        {
            "sight_id": sight_id,
            "reopened_reasons": list(reopened_reasons),
            "bound_reasons": list(bounds),
            "bounds": list(bounds.values()),
        },
    )
    return frozenset(bytes(row[0]) for row in rows)


def photos_by_name(
    connection: psycopg.Connection[Any], city_id: str, sight_id: int, since: datetime | None = None
) -> Mapping[bytes, bytes]:
    """Return the photos of a city's other sights, by SHA-256 of their URLs and identifiers."""
    rows = connection.execute(
        statement("photos/list_city_names"),
        {"city_id": city_id, "sight_id": sight_id, "since": since},
    )
    return dict(rows.fetchall())


def visited_photos(
    connection: psycopg.Connection[Any], sight_id: int
) -> Mapping[bytes, tuple[str | None, str | None]]:
    """Return ETag and Last-Modified of a sight's photos, by SHA-256 of their URL and identifiers."""
    rows = connection.execute(statement("photos/list_photo_visits"), {"sight_id": sight_id})
    return {name: (etag, last_modified) for name, etag, last_modified in rows}


def learn_identifiers(connection: psycopg.Connection[Any], met: Sequence[MetPhoto]) -> None:
    """Note identifiers, and where they were taken, of photos that are known by one, or by their address.

    Of one that was taken down, its tombstone holds for the others, too.
    """
    pairs = [
        (known, name)
        for photo in met
        for known in (photo.url, *photo.identifiers)
        for name in photo.identifiers
    ]
    values = {
        "known": [clean_text(known) for known, _ in pairs],
        "identifiers": [clean_text(name) for _, name in pairs],
    }
    with connection.transaction(), bulk_cursor(connection) as cursor:
        hold_off_removals(connection)
        cursor.execute(statement("photos/learn_removed_names"), values)
        _note_identifiers(cursor, met)
        cursor.execute(statement("photos/learn_identifiers"), values)
        _learn_cameras(cursor, met)


def photos_of_sight(connection: psycopg.Connection[Any], sight_id: int) -> frozenset[bytes]:
    """Return the SHA-256 of each photo that is kept for a sight."""
    rows = connection.execute(statement("photos/list_sight_photos"), {"sight_id": sight_id})
    return frozenset(bytes(row[0]) for row in rows)


def lock_clustering(connection: psycopg.Connection[Any], subject: str) -> None:
    """Wait until nobody else clusters `subject` (a city, or ALL_CLUSTERS) in a transaction."""
    connection.execute(statement("photos/lock_clustering"), {"subject": subject})


def hashes_of_city(
    connection: psycopg.Connection[Any], city_id: str, near_duplicate_bits: int
) -> tuple[HashedPhoto, ...]:
    """Return the photos of a city, sorted by SHA-256, with what clustering needs."""
    with connection.cursor(row_factory=class_row(HashedPhoto)) as cursor:
        cursor.execute(
            statement("photos/list_city_hashes"),
            {"city_id": city_id, "near_duplicate_bits": near_duplicate_bits},
        )
        return tuple(cursor)


def clusters_of(
    connection: psycopg.Connection[Any], sha256s: Sequence[bytes]
) -> Mapping[bytes, bytes]:
    """Return the cluster of each photo, both by SHA-256."""
    rows = connection.execute(statement("photos/list_clusters"), {"sha256s": list(sha256s)})
    return dict(rows.fetchall())


def store_clusters(
    connection: psycopg.Connection[Any],
    city_id: str,
    near_duplicate_bits: int,
    renamed: Mapping[bytes, bytes],
    clustered: Sequence[bytes],
) -> None:
    """Give clusters their new names, and note which photos have been compared."""
    if renamed:
        connection.execute(
            statement("photos/rename_clusters"),
            {"old_sha256s": list(renamed), "new_sha256s": list(renamed.values())},
        )
    connection.execute(
        statement("photos/mark_photos_clustered"),
        {
            "city_id": city_id,
            "near_duplicate_bits": near_duplicate_bits,
            "sha256s": list(clustered),
        },
    )


def _load_batch(
    cursor: psycopg.Cursor[Any],
    batch: uuid.UUID,
    sight_id: int,
    found: Sequence[FoundPhoto],
    rejected: Sequence[RejectedPhoto],
) -> None:
    with cursor.copy(statement("photos/copy_photos")) as copy:
        copy.set_types(PHOTO_TYPES)
        for photo in found:
            copy.write_row(_photo_row(batch, sight_id, photo))
    if not rejected:
        return
    with cursor.copy(statement("photos/copy_rejected_photos")) as copy:
        copy.set_types(REJECTED_PHOTO_TYPES)
        for refusal in rejected:
            copy.write_row((batch, sight_id, *_rejected_row(refusal)))


def _store_bytes(
    cursor: psycopg.Cursor[Any],
    found: Sequence[FoundPhoto],
    new: Collection[bytes],
    store: PhotoStore | None,
) -> None:
    """Store the bytes of photos that have none: those that this transaction inserted, and lost ones.

    Nobody else can write those of `new`: their rows are not committed yet.
    """
    by_hash = {photo.file.sha256: photo.file for photo in found}
    lacking = sorted(new)
    if len(new) < len(by_hash):
        cursor.execute(statement("photos/list_photos_without_bytes"), {"sha256s": list(by_hash)})
        lacking = [bytes(row[0]) for row in cursor]
    files = [by_hash[sha256] for sha256 in lacking]
    rows: Sequence[tuple[bytes, bytes | None, str | None]]
    if store is None:
        rows = [(file.sha256, file.content, None) for file in files]
    else:
        # Before the commit: an object without a row is harmless, a row without its object is not.
        uris = store.write([(file.sha256, file.media_type, file.content) for file in files])
        rows = [(file.sha256, None, uri) for file, uri in zip(files, uris, strict=True)]
    with cursor.copy(statement("photos/copy_photo_blobs")) as copy:
        copy.set_types(BLOB_TYPES)
        for sha256, content, uri in rows:
            if sha256 in new:
                copy.write_row((sha256, content, uri))
    for sha256, content, uri in rows:
        if sha256 not in new:
            cursor.execute(
                statement("photos/restore_photo_blob"),
                {"sha256": sha256, "bytes": content, "uri": uri},
            )


def _invalid(found: Attribution, fault: str) -> RejectedPhoto:
    return RejectedPhoto(found.url or "", found.source or "", "invalid", fault)


def _rejected_row(refusal: RejectedPhoto) -> tuple[str, str, str, str | None]:
    """Return a rejection as core takes it, whatever is in it: one must not cost the batch."""
    reason, detail = refusal.reason, refusal.detail
    if REASON.fullmatch(reason) is None:
        detail = f"{reason!r}: {detail}" if detail else repr(reason)
        reason = "invalid"
    url, source = (clean_text(text).strip() or "unknown" for text in (refusal.url, refusal.source))
    return url, source, reason, clean_text(detail)


def _photo_row(batch: uuid.UUID, sight_id: int, photo: FoundPhoto) -> tuple[object, ...]:
    file, found = photo.file, _cleaned(photo.attribution)
    return (
        batch,
        file.sha256,
        len(file.content),
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
        found.taken_on,
        *_coordinates_of(found),
    )


def _cleaned(found: Attribution) -> Attribution:
    return replace(found, **{name: clean_text(getattr(found, name)) for name in ATTRIBUTION_TEXTS})


def _coordinates_of(found: Attribution | MetPhoto) -> tuple[float | None, float | None]:
    return (found.camera.latitude, found.camera.longitude) if found.camera else (None, None)


def _learn_cameras(cursor: psycopg.Cursor[Any], met: Sequence[MetPhoto]) -> None:
    told = [
        (clean_text(name), *_coordinates_of(photo))
        for photo in met
        if photo.camera is not None
        for name in (photo.url, *photo.identifiers)
    ]
    if told:
        names, latitudes, longitudes = (list(column) for column in zip(*told, strict=True))
        cursor.execute(
            statement("photos/learn_camera_places"),
            {"names": names, "latitudes": latitudes, "longitudes": longitudes},
        )


def _names_of(photos: Sequence[Attribution]) -> dict[str, object]:
    """Return all names of photos as columns, and whether no other photo can have them."""
    names = [
        (photo.url, name, name in own)
        for photo in photos
        for own in (own_names(photo),)
        for name in all_names(photo)
    ]
    return {
        "named_urls": [url for url, _, _ in names],
        "name_sha256s": [name for _, name, _ in names],
        "are_own": [is_own for _, _, is_own in names],
    }


def _note_identifiers(
    cursor: psycopg.Cursor[Any], photos: Sequence[Attribution | RejectedPhoto | MetPhoto]
) -> None:
    pairs = [(photo.url, name) for photo in photos for name in photo.identifiers]
    if pairs:
        cursor.execute(
            statement("photos/note_identifiers"),
            {
                "urls": [clean_text(url) for url, _ in pairs],
                "identifiers": [clean_text(name) for _, name in pairs],
            },
        )


def _columns_of(sight_id: int, links: Sequence[LinkedPhoto]) -> dict[str, object]:
    """Return links as columns: one statement takes them all, in an order of its own."""
    texts = [_cleaned(link.attribution) for link in links]
    return {
        "sight_id": sight_id,
        "sha256s": [link.sha256 for link in links],
        "found_at": [link.found_at for link in links],
        "camera_latitudes": [_coordinates_of(text)[0] for text in texts],
        "camera_longitudes": [_coordinates_of(text)[1] for text in texts],
        **{f"{name}_texts": [getattr(text, name) for text in texts] for name in ATTRIBUTION_TEXTS},
    }


def _note_visits(cursor: psycopg.Cursor[Any], found: Sequence[FoundPhoto]) -> None:
    validated = [photo for photo in found if photo.etag or photo.last_modified]
    if validated:
        cursor.execute(
            statement("photos/note_photo_visits"),
            {
                "urls": [photo.attribution.url for photo in validated],
                "etags": [clean_text(photo.etag) for photo in validated],
                "last_modified": [clean_text(photo.last_modified) for photo in validated],
                "visited_at": [photo.found_at for photo in validated],
            },
        )
