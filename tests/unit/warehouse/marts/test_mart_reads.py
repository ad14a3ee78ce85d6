"""The overview of a filled warehouse adds up, and reads facts instead of photos."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from benchmarks.warehouse_rows import fill
from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts

END = datetime(2026, 11, 1, tzinfo=UTC)


def test_overview_and_coverage_add_up_to_what_was_filled_in(
    warehouse: psycopg.Connection[Any],
) -> None:
    fill(warehouse, cities=2, sights_per_city=5, photos=400, end=END)
    rebuild_hourly_marts(warehouse)
    overview = warehouse.execute(
        "select photo_count, labelled_photo_count, box_count, held_back_count, paid_call_count"
        " from mart.city_overview order by city_id"
    ).fetchall()
    assert overview == [(200, 140, 140, 20, 200)] * 2
    coverage = warehouse.execute(
        "select sum(photo_count), sum(labelled_photo_count) from mart.sight_coverage"
    ).fetchone()
    assert coverage == (400, 280)


def test_overview_reads_no_photo_no_call_and_no_label(
    warehouse: psycopg.Connection[Any],
) -> None:
    rows = warehouse.execute("explain select * from mart.city_overview").fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert not any(f" {name} " in plan for name in ("photo_source", "paid_call", "label"))
