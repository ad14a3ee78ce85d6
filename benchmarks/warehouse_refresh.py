"""What an hourly refresh costs in a small and in a large warehouse, measured in turns.

Both have one rate of photos (`warehouse_rows.PHOTOS_PER_HOUR`), so the large one has ten times the
history. What is compared runs in turns, so that a noisy second is shared.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, LiteralString

import psycopg

from benchmarks.report import Row
from sightscan.warehouse.marts.hourly_facts import refresh_hourly_marts

MAX_MILLISECONDS = 40
MAX_GROWTH_UNCHANGED = 1.5
MAX_GROWTH_CHANGED = 3.0
CHANGED_PHOTOS = 200
ROUNDS = 9
HOUR = timedelta(hours=1)

Warehouse = psycopg.Connection[Any]

# Photos that nobody found before: found, paid for and labelled within the hour.
NEW_PHOTOS: tuple[LiteralString, ...] = (
    """
    create temporary table brought as
    select
        sha256(int8send(-%(round)s * 1000000 - n)) as sha256,
        n,
        sight.sight_id,
        sight.city_id,
        %(at)s + n * interval '1 second' as at
    from generate_series(1, %(count)s) as n
    inner join lateral (
        select sight_id, city_id from core.sight order by (sight_id * 7 + n) %% 10, sight_id limit 1
    ) as sight on true
    """,
    """
    insert into core.photo (
        sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash,
        cluster_sha256, recorded_at
    )
    select sha256, 8, 640, 480, 'image/jpeg', sha256, sha256, at from brought
    """,
    """
    insert into core.photo_source (
        sha256, url_sha256, sight_id, url, source, licence, author, query, found_at, recorded_at
    )
    select
        sha256, sha256, sight_id, 'https://commons.example/new', 'wikimedia_commons', 'cc-by-4.0',
        'Ann', 'q', at, at
    from brought
    """,
    """
    insert into core.paid_call (
        provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd,
        answer, settled_at, reserved_at, recorded_at, changed_at
    )
    select
        'google_vision', 'landmark_detection', sha256, 1, city_id, 'd', 'r', 'succeeded', 0.0015,
        '{}', at, at, at, at
    from brought
    """,
    """
    insert into core.label (
        call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2,
        state, recorded_at, changed_at
    )
    select
        paid_call.call_id, 0, brought.city_id, brought.sha256, brought.sight_id, 'd', 0.5, 0.1, 0.1,
        0.9, 0.9, 'accepted', brought.at, brought.at
    from brought
    inner join core.paid_call on brought.sha256 = paid_call.subject_sha256
    """,
    "drop table brought",
)
# Labels of photos of any age that a new rule decided otherwise.
# Of the newest photos, a round's after those of the round before: the same hours in both sizes.
NEWEST_LABELS_READ_ANEW: LiteralString = """
update core.label
set
    state = case state when 'accepted' then 'held_back' else 'accepted' end,
    reason = 'too small',
    changed_at = %(at)s
where label_id in (
    select label_id from core.label
    where state <> 'unmatched' and recorded_at < %(before)s
    order by recorded_at desc, label_id
    limit %(count)s offset %(count)s * %(round)s
)
"""
# Scattered over all of history, which is ten times as long in the large one.
SCATTERED_LABELS_READ_ANEW: LiteralString = """
update core.label
set
    state = case state when 'accepted' then 'held_back' else 'accepted' end,
    reason = 'too small',
    changed_at = %(at)s
where label_id in (
    select label_id from core.label
    where state <> 'unmatched'
    order by sha256(int8send(label_id + %(round)s)) limit %(count)s
)
"""


def measure_refreshes(
    small: Warehouse, large: Warehouse, sizes: Sequence[int], end: datetime
) -> list[Row]:
    """Measure warehouses whose newest photo is just before `end` and whose facts are filled."""
    names = [f"{size:,} photos" for size in sizes]
    unchanged = [list[float](), list[float]()]
    for connection in (small, large):
        _refresh(connection, end)
    before = [_blob_reads(connection) for connection in (small, large)]
    for _ in range(ROUNDS):
        for times, connection in zip(unchanged, (small, large), strict=True):
            times.append(_refresh(connection, end))
    reads = sum(map(_blob_reads, (small, large))) - sum(before)
    new = _measure_changes(small, large, end + HOUR, _bring_photos)
    later = end + (ROUNDS + 3) * 3 * HOUR
    anew = _measure_changes(small, large, later, partial(_read_anew, end))
    later += (ROUNDS + 3) * 3 * HOUR
    scattered = _measure_changes(small, large, later, _read_anew_all_over)
    return [
        Row.at_most(
            f"refresh, unchanged, {names[0]}", _median(unchanged[0]), "ms", MAX_MILLISECONDS
        ),
        Row(f"refresh, unchanged, {names[1]}", _median(unchanged[1]), "ms"),
        Row.at_most(
            "refresh, unchanged, large by small", _ratio(unchanged), "ratio", MAX_GROWTH_UNCHANGED
        ),
        Row.at_most("blocks of photos' bytes that they read", reads, "blocks", 0),
        Row(f"hourly run, {CHANGED_PHOTOS} new photos, {names[0]}", _median(new[0]), "ms"),
        Row(f"hourly run, {CHANGED_PHOTOS} new photos, {names[1]}", _median(new[1]), "ms"),
        Row.at_most(
            f"hourly run, {CHANGED_PHOTOS} new photos, large by small",
            _ratio(new),
            "ratio",
            MAX_GROWTH_CHANGED,
        ),
        Row(f"hourly run, {CHANGED_PHOTOS} labels read anew, {names[0]}", _median(anew[0]), "ms"),
        Row(f"hourly run, {CHANGED_PHOTOS} labels read anew, {names[1]}", _median(anew[1]), "ms"),
        Row.at_most(
            f"hourly run, {CHANGED_PHOTOS} labels read anew, large by small",
            _ratio(anew),
            "ratio",
            MAX_GROWTH_CHANGED,
        ),
        Row(
            f"the same, scattered over all hours, {names[0]}",
            _median(scattered[0]),
            "ms",
        ),
        Row(
            f"the same, scattered over all hours, {names[1]}",
            _median(scattered[1]),
            "ms",
        ),
    ]


def _measure_changes(
    small: Warehouse,
    large: Warehouse,
    start: datetime,
    change: Callable[[Warehouse, int, datetime], None],
) -> list[list[float]]:
    """Return the times of hourly runs, each after a change three hours after that before it."""
    found = [list[float](), list[float]()]
    for number in range(ROUNDS):
        at = start + 3 * number * HOUR
        for times, connection in zip(found, (small, large), strict=True):
            change(connection, number, at)
            times.append(_refresh(connection, at))
    return found


def _refresh(connection: Warehouse, at: datetime) -> float:
    started = time.perf_counter()
    refresh_hourly_marts(connection, at, at + HOUR)
    return time.perf_counter() - started


def _bring_photos(connection: Warehouse, number: int, at: datetime) -> None:
    given = {"round": number + 1, "at": at, "count": CHANGED_PHOTOS}
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for text in NEW_PHOTOS:
            connection.execute(text, given)


def _read_anew(before: datetime, connection: Warehouse, number: int, at: datetime) -> None:
    given = {"round": number, "at": at, "count": CHANGED_PHOTOS, "before": before}
    connection.execute(NEWEST_LABELS_READ_ANEW, given)


def _read_anew_all_over(connection: Warehouse, number: int, at: datetime) -> None:
    given = {"round": number, "at": at, "count": CHANGED_PHOTOS}
    connection.execute(SCATTERED_LABELS_READ_ANEW, given)


def _blob_reads(connection: Warehouse) -> int:
    connection.execute("select pg_stat_force_next_flush()")
    row = connection.execute(
        "select heap_blks_read + heap_blks_hit + toast_blks_read + toast_blks_hit"
        " from pg_statio_all_tables where relid = 'core.photo_blob'::regclass"
    ).fetchone()
    return int(row[0]) if row else 0


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1_000


def _ratio(times: Sequence[Sequence[float]]) -> float:
    """Return the median of the ratios of each turn: both sides of one had the same noise."""
    return statistics.median(large / small for small, large in zip(*times, strict=True))
