"""Labels in the warehouse, the photos that wait for them, and the answers they are read from."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, Literal
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from sightscan.box import Box
from sightscan.city import Place
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.labels.sanitise import sanitise_label
from sightscan.warehouse.locks import hold_off_removals
from sightscan.warehouse.photos.blobs import PhotoPlace, read_contents
from sightscan.warehouse.photos.photos import CONTRIBUTED
from sightscan.warehouse.spend.paid_calls import PaidFeature
from sightscan.warehouse.statements import statement

logger = logging.getLogger(__name__)

LabelState = Literal["accepted", "held_back", "unmatched"]

ANSWERS_AT_ONCE = 500
COLUMN_TYPES = (
    "uuid", "int8", "int2", "text", "bytea", "int8", "text", "text", "float4",
    "float4", "float4", "float4", "float4", "float8", "float8", "text", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PhotoToLabel:
    """A photo with its bytes as stored, and the sights of the city that it was found for."""

    sha256: bytes
    content: bytes
    query_sight_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class CityPhoto:
    """A photo of a city without its bytes, and what came of it: the ground of a choice.

    It waits for a call, or one stands; that one is answered, with these sights' accepted labels, or
    not (yet). `is_street`: it was found for no sight, but to be a background.
    """

    sha256: bytes
    cluster_sha256: bytes
    width_pixels: int
    height_pixels: int
    source: str
    query_sight_ids: tuple[int, ...]
    is_waiting: bool
    is_answered: bool = False
    accepted_sight_ids: tuple[int, ...] = ()
    is_street: bool = False

    @property
    def longest_side_pixels(self) -> int:
        """Return its width or its height, whichever is more."""
        return max(self.width_pixels, self.height_pixels)

    @property
    def pixel_count(self) -> int:
        """Return its area."""
        return self.width_pixels * self.height_pixels


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer of the ledger about a photo, and the sights that the photo was found for."""

    call_id: int
    sha256: bytes
    answer: Mapping[str, Any]
    query_sight_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One landmark of one answer as it was read for a city."""

    call_id: int
    annotation_number: int
    city_id: str
    sha256: bytes
    sight_id: int | None
    description: str
    mid: str | None
    score: float
    box: Box
    place: Place | None
    state: LabelState
    reason: str | None


def list_photos_to_label(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    city_id: str,
    *,
    streets_wanted: bool = True,
) -> list[bytes]:
    """Return the sha256 of the city's photos that may be sent, in order."""
    photos = list_city_photos(connection, bought, city_id, streets_wanted=streets_wanted)
    return [photo.sha256 for photo in photos if photo.is_waiting]


def list_city_photos(
    connection: psycopg.Connection[Any],
    bought: PaidFeature,
    city_id: str,
    *,
    streets_wanted: bool = True,
) -> list[CityPhoto]:
    """Return the city's photos that may be sent, and those about which a call stands.

    Unless `streets_wanted`, photos of streets that an earlier run brought are not paid for.
    """
    rows = connection.execute(
        statement("labels/list_photos_to_label"),
        {
            "provider": bought.provider,
            "feature": bought.feature,
            "city_id": city_id,
            "contributed": CONTRIBUTED,
        },
    )
    # Names of sources are few: one string for all, not one a photo.
    return [
        CityPhoto(
            sha256, cluster, width, height, intern(source), tuple(sights), waits, answered,
            tuple(accepted), is_street,
        )
        for sha256, cluster, width, height, source, sights, is_street, waits, answered, accepted in rows
        if streets_wanted or not (is_street and waits)
    ]  # fmt: skip


def read_photos_to_label(
    connection: psycopg.Connection[Any], city_id: str, sha256s: Sequence[bytes]
) -> tuple[PhotoToLabel, ...]:
    """Read photos of the city, in the order given, without those that were removed meanwhile."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            statement("labels/read_photos_to_label"),
            {"city_id": city_id, "sha256s": list(sha256s)},
            binary=True,
        ).fetchall()
    query_sight_ids = {row["sha256"]: frozenset(row["query_sight_ids"]) for row in rows}
    stored = (PhotoPlace(row["sha256"], row["bytes"], row["uri"]) for row in rows)
    photos = {
        sha256: PhotoToLabel(sha256, content, query_sight_ids[sha256])
        for sha256, content in read_contents(stored, reopener(connection))
    }
    return tuple(photos[sha256] for sha256 in sha256s if sha256 in photos)


def list_answers(
    connection: psycopg.Connection[Any], bought: PaidFeature, city_id: str
) -> Iterator[tuple[StoredAnswer, ...]]:
    """Give all answers about photos of the city that name a landmark, some hundred at a time."""
    after_call_id = 0
    while True:
        rows = connection.execute(
            statement("labels/list_answers"),
            {
                "provider": bought.provider,
                "feature": bought.feature,
                "city_id": city_id,
                "after_call_id": after_call_id,
                "most": ANSWERS_AT_ONCE,
            },
        )
        answers = tuple(
            StoredAnswer(call_id, bytes(sha256), answer, frozenset(query_sight_ids))
            for call_id, sha256, answer, query_sight_ids in rows
        )
        if not answers:
            return
        yield answers
        after_call_id = answers[-1].call_id


@dataclass(frozen=True, slots=True)
class LabelMergeReport:
    """What became of a batch: labels new or different now, sanitised, and not kept (and why)."""

    changed_count: int = 0
    mended_count: int = 0
    refused_count: int = 0
    removed_count: int = 0


def merge_labels(
    connection: psycopg.Connection[Any], labels: Sequence[LabelRow]
) -> LabelMergeReport:
    """Merge labels into core.label, whole or not at all.

    Labels that core would refuse are sanitised and held back with a reason. What cannot be a row
    (an impossible number, a photo that was taken down) is counted and logged; nothing is lost with
    it, since the answer stays whole in core.paid_call and can be read anew.
    """
    if not labels:
        return LabelMergeReport()
    batch_id = uuid4()
    sanitised = [(label, sanitise_label(label)) for label in labels]
    fit = [new for _, new in sanitised if new is not None]
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(statement("labels/copy_labels")) as copy:
            copy.set_types(COLUMN_TYPES)
            for label in fit:
                copy.write_row((batch_id, *_columns(label)))
        hold_off_removals(connection)
        cursor.execute(statement("labels/discard_orphaned_labels"), {"batch_id": batch_id})
        removed_count = cursor.rowcount
        cursor.execute(statement("labels/merge_labels"), {"batch_id": batch_id})
        changed_count = cursor.rowcount
        cursor.execute(statement("labels/delete_loaded_labels"), {"batch_id": batch_id})
    report = LabelMergeReport(
        changed_count,
        mended_count=sum(new is not None and new != old for old, new in sanitised),
        refused_count=len(labels) - len(fit),
        removed_count=removed_count,
    )
    if report.mended_count or report.refused_count or report.removed_count:
        logger.warning(
            "labels=%d mended=%d not_kept=%d of_removed_photos=%d first=%s",
            len(labels),
            report.mended_count,
            report.refused_count,
            report.removed_count,
            next((old for old, new in sanitised if old != new), None),
        )
    return report


def _columns(label: LabelRow) -> tuple[object, ...]:
    return (
        label.call_id,
        label.annotation_number,
        label.city_id,
        label.sha256,
        label.sight_id,
        label.description,
        label.mid,
        label.score,
        label.box.x1,
        label.box.y1,
        label.box.x2,
        label.box.y2,
        label.place.latitude if label.place else None,
        label.place.longitude if label.place else None,
        label.state,
        label.reason,
    )
