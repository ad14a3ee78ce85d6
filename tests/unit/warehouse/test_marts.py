"""Hourly marts: any order, any number of times, the same as one computation from nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightscan.errors import WarehouseError
from sightscan.warehouse.marts import refresh_hourly_marts

START = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = 6


def fill(warehouse: psycopg.Connection[Any]) -> None:
    """Spread rejections and calls of two cities over six hours."""
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " values ('Q1', 'one', 'One', 'X', 1, 1, 1000), ('Q2', 'two', 'Two', 'X', 2, 2, 1000)"
    )
    warehouse.execute(
        "insert into core.sight (city_id, name, normalised_name, rank)"
        " values ('Q1', 'A', 'a', 1), ('Q2', 'B', 'b', 1)"
    )
    warehouse.execute(
        "insert into core.rejected_photo (url_sha256, sight_id, url, source, reason, recorded_at)"
        " select sha256(n::text::bytea), (select min(sight_id) from core.sight) + n %% 2,"
        " n::text, 's', 'too_small', %s + n * interval '17 minutes' from generate_series(0, 20) n",
        (START,),
    )
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, price_usd, recorded_at) select 'p', 'f', sha256(n::text::bytea), 1, 'Q1', 'd',"
        " 'r', 0, %s + n * interval '41 minutes' from generate_series(0, 8) n",
        (START,),
    )


def mart_rows(warehouse: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select * from mart.city_activity_hourly order by hour_at, city_id"
    ).fetchall()


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(range(HOURS)), repeated=st.lists(st.integers(0, HOURS - 1)))
def test_hourly_runs_in_any_order_give_one_computation_from_nothing(
    warehouse: psycopg.Connection[Any], order: list[int], repeated: list[int]
) -> None:
    warehouse.execute("truncate core.city, mart.city_activity_hourly_v1 cascade")
    fill(warehouse)
    refresh_hourly_marts(warehouse, START, START + timedelta(hours=HOURS))
    expected = mart_rows(warehouse)
    assert sum(row[3] + row[4] for row in expected) == 21 + 9
    warehouse.execute("truncate mart.city_activity_hourly_v1")
    for hour in [*order, *repeated]:
        start = START + timedelta(hours=hour)
        refresh_hourly_marts(warehouse, start, start + timedelta(hours=1))
    assert mart_rows(warehouse) == expected


def test_ragged_interval_is_refused(warehouse: psycopg.Connection[Any]) -> None:
    with pytest.raises(WarehouseError, match="whole hours"):
        refresh_hourly_marts(warehouse, START, START + timedelta(minutes=90))
