"""What an hourly refresh costs in a small and in a large warehouse, measured in turns.

Both have one rate of photos (`warehouse_rows.PHOTOS_PER_HOUR`), so the large one has ten times the
history. What is compared runs in turns, so that a noisy second is shared.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from benchmarks.report import Row
from benchmarks.warehouse_rows import SQL, execute_all
from sightscan.warehouse.marts.hourly_facts import refresh_hourly_marts

MAX_MILLISECONDS = 40
MAX_GROWTH_UNCHANGED = 1.5
MAX_GROWTH_CHANGED = 3.0
CHANGED_PHOTOS = 200
ROUNDS = 9
HOUR = timedelta(hours=1)

Warehouse = psycopg.Connection[Any]


def measure_refreshes(
    small: Warehouse, large: Warehouse, sizes: Sequence[int], end: datetime
) -> list[Row]:
    """Measure warehouses whose newest photo is just before `end` and whose facts are filled."""
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
    anew = _measure_changes(small, large, later, partial(_read_anew, "newest", end))
    later += (ROUNDS + 3) * 3 * HOUR
    scattered = _measure_changes(small, large, later, partial(_read_anew, "scattered", end))
    idle, brought = "refresh, unchanged", f"hourly run, {CHANGED_PHOTOS} new photos"
    reread = f"hourly run, {CHANGED_PHOTOS} labels read anew"
    everywhere = "the same, scattered over all hours"
    small_idle, large_idle = _rows(idle, sizes, unchanged)
    return [
        Row.at_most(small_idle.measure, _median(unchanged[0]), "ms", MAX_MILLISECONDS),
        large_idle,
        _growth(idle, unchanged, MAX_GROWTH_UNCHANGED),
        Row.at_most("blocks of photos' bytes that they read", reads, "blocks", 0),
        *_rows(brought, sizes, new),
        _growth(brought, new, MAX_GROWTH_CHANGED),
        *_rows(reread, sizes, anew),
        _growth(reread, anew, MAX_GROWTH_CHANGED),
        *_rows(everywhere, sizes, scattered),
        _growth(everywhere, scattered, MAX_GROWTH_CHANGED),
    ]


def _rows(what: str, sizes: Sequence[int], times: Sequence[Sequence[float]]) -> list[Row]:
    return [
        Row(f"{what}, {size:,} photos", _median(seconds), "ms")
        for size, seconds in zip(sizes, times, strict=True)
    ]


def _growth(what: str, times: Sequence[Sequence[float]], bound: float) -> Row:
    """Bound the median of the ratios of each turn: both sides of one had the same noise."""
    ratio = statistics.median(large / small for small, large in zip(*times, strict=True))
    return Row.at_most(f"{what}, large by small", ratio, "ratio", bound)


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
        execute_all(connection, "bring_photos", given)


def _read_anew(
    which: str, before: datetime, connection: Warehouse, number: int, at: datetime
) -> None:
    """Let a new rule decide labels otherwise: those of the newest photos, or scattered ones."""
    given = {"round": number, "at": at, "count": CHANGED_PHOTOS, "before": before}
    connection.execute((SQL / "read_anew" / f"{which}.sql").read_bytes(), given)


def _blob_reads(connection: Warehouse) -> int:
    connection.execute("select pg_stat_force_next_flush()")
    row = connection.execute(
        "select heap_blks_read + heap_blks_hit + toast_blks_read + toast_blks_hit"
        " from pg_statio_all_tables where relid = 'core.photo_blob'::regclass"
    ).fetchone()
    return int(row[0]) if row else 0


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1_000
