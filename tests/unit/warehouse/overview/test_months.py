"""GPU time counts in the months in which it runs, on whatever day one looks."""

from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.warehouse.overview.money import list_months
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import sum_usd_of_month

Warehouse = psycopg.Connection[Any]

# Two dollars an hour; `first` is the first of this month, by the clock of UTC.
STORE_SESSION = """
    insert into core.instance_session (
        instance_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by
    )
    select 'i-gpu', 'd', 'r', 2, span.since, span.since, span.until, case when span.until is not null then 'teardown' end
    from
        (select date_trunc('month', now() at time zone 'UTC') as first) as today
    cross join
        lateral (
            select
                (today.first + %s::interval + %s::interval) at time zone 'UTC' as since,
                (today.first + %s::interval + %s::interval) at time zone 'UTC' as until
        ) as span
    returning session_id
"""
STORE_LEASE = """
    insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at)
    select session_id, instance_id, %s, 'd', %s, running_at + %s::interval
    from core.instance_session
    where session_id = %s
"""
Moment = tuple[str, str]


def store_session(warehouse: Warehouse, since: Moment, until: Moment | None) -> int:
    """Store a session; a moment is in a month, counted from this one, so and so long after it began."""
    row = warehouse.execute(STORE_SESSION, [*since, *(until or (None, None))]).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def hours_by_month(warehouse: Warehouse) -> list[float]:
    months = list_months(warehouse)
    for month in months:
        assert month.gpu_usd == pytest.approx(month.gpu_seconds / 3600 * 2)
    return [month.gpu_seconds / 3600 for month in months]


def test_session_over_the_first_counts_in_both_months(warehouse: Warehouse) -> None:
    store_session(warehouse, ("-1 month", "-2 hours"), ("-1 month", "5 hours"))
    assert hours_by_month(warehouse) == [*[0] * 9, pytest.approx(2), pytest.approx(5), 0]


def test_months_in_the_middle_of_a_session_count_whole(warehouse: Warehouse) -> None:
    store_session(warehouse, ("-4 months", "-1 hour"), ("-2 months", "1 hour"))
    hours = hours_by_month(warehouse)
    assert hours[:7] == [*[0] * 6, pytest.approx(1)]
    # Two months that follow each other.
    assert round(sum(hours[7:9]) / 24, 6) in {59, 60, 61, 62}
    assert hours[9:] == [pytest.approx(1), 0, 0]


def test_what_ran_before_the_first_month_is_left_out(warehouse: Warehouse) -> None:
    store_session(warehouse, ("-11 months", "-20 hours"), ("-11 months", "3 hours"))
    store_session(warehouse, ("-12 months", "1 hour"), ("-12 months", "2 hours"))
    assert hours_by_month(warehouse) == [pytest.approx(3), *[0] * 11]


def test_share_of_whoever_has_it_is_cut_too(warehouse: Warehouse) -> None:
    add_city(warehouse, City("Q1", "one", "One", "X", Place(1, 1), 1_000))
    session = store_session(warehouse, ("-1 month", "-2 hours"), ("-1 month", "6 hours"))
    for run_id, after in (("first", "0"), ("second", "3 hours")):
        warehouse.execute(STORE_LEASE, ["Q1", run_id, after, session])
    assert hours_by_month(warehouse) == [*[0] * 9, pytest.approx(2), pytest.approx(6), 0]


def test_this_month_is_what_is_said_to_be_spent_this_month(warehouse: Warehouse) -> None:
    # It runs on; one that ran for seconds costs a minute, of which half is of this month.
    store_session(warehouse, ("0", "-3 hours"), None)
    store_session(warehouse, ("0", "-30 seconds"), ("0", "-20 seconds"))
    with warehouse.transaction():
        months = list_months(warehouse)
        spent = sum_usd_of_month(warehouse).spent_usd
    assert months[-1].gpu_usd == pytest.approx(spent)
    assert months[-2].gpu_seconds == pytest.approx(3 * 3600 + 30)
