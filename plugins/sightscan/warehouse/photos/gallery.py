"""What crawls kept and left out, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo as it was found first for a sight; a near copy has another photo as its cluster's."""

    sha256: bytes
    sight_id: int
    sight_name: str
    recorded_at: datetime
    source: str
    licence: str
    licence_url: str | None
    author: str | None
    title: str | None
    page_url: str
    width_pixels: int
    height_pixels: int
    is_near_copy: bool


@dataclass(frozen=True, slots=True)
class LeftOutPhoto:
    """A photo that was found for a sight and not kept, and why."""

    url: str
    sight_id: int
    sight_name: str
    recorded_at: datetime
    source: str
    reason: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class CrawlCount:
    """How many photos of a sight were kept (no reason), or left out for a reason."""

    sight_id: int
    sight_name: str
    reason: str | None
    photo_count: int


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The last photo of a page of kept ones: the next page begins behind it."""

    recorded_at: datetime
    sha256: bytes
    sight_id: int


def list_kept_photos(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    sight_id: int | None = None,
    sha256s: Sequence[bytes] | None = None,
    after: PageEnd | None = None,
    most: int = 60,
) -> Sequence[KeptPhoto]:
    """Return the newest photos of a city, of one of its sights, of these; at most `most`."""
    values = {
        "city_id": city_id,
        "sight_id": sight_id,
        "sha256s": None if sha256s is None else list(sha256s),
        "after_recorded_at": after and after.recorded_at,
        "after_sha256": after and after.sha256,
        "after_sight_id": after and after.sight_id,
        "most": most,
    }
    with connection.cursor(row_factory=class_row(KeptPhoto)) as cursor:
        return cursor.execute(statement("photos/list_kept_photos"), values).fetchall()


def list_left_out_photos(
    connection: psycopg.Connection[Any],
    city_id: str,
    *,
    sight_id: int | None = None,
    reason: str | None = None,
    most: int = 200,
) -> Sequence[LeftOutPhoto]:
    """Return the newest photos of a city that were not kept, at most `most`."""
    values = {"city_id": city_id, "sight_id": sight_id, "reason": reason, "most": most}
    with connection.cursor(row_factory=class_row(LeftOutPhoto)) as cursor:
        return cursor.execute(statement("photos/list_rejected_photos"), values).fetchall()


def count_crawled_photos(connection: psycopg.Connection[Any], city_id: str) -> Sequence[CrawlCount]:
    """Count what was kept and left out of each sight of a city."""
    with connection.cursor(row_factory=class_row(CrawlCount)) as cursor:
        return cursor.execute(
            statement("photos/count_crawled_photos"), {"city_id": city_id}
        ).fetchall()
