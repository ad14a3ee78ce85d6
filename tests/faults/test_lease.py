"""The lease on an instance: one holder whatever happens, again is the same, nothing taken over."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import (
    close_session,
    find_open_session,
    lease_instance,
    lease_of,
    list_leases,
    mark_session_running,
    open_session,
    release_lease,
)
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import sum_usd_of_run

CITY_ID = "Q8851"


@pytest.fixture(autouse=True)
def city(warehouse: psycopg.Connection[Any]) -> City:
    place = Place(36.72, -4.42)
    return add_city(warehouse, City(CITY_ID, "malaga", "Málaga", "Spain", place, 8_000))


def lease(
    warehouse: psycopg.Connection[Any],
    run_id: str,
    *instance_ids: str,
    seconds: int = 3600,
) -> str | None:
    return lease_instance(warehouse, Run(CITY_ID, "d", run_id), instance_ids, seconds=seconds)


def test_first_free_instance_is_taken_in_the_order_given(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert lease(warehouse, "run 1", "i-2", "i-1") == "i-2"
    assert lease(warehouse, "run 2", "i-2", "i-1") == "i-1"


def test_held_instance_is_not_given_away(warehouse: psycopg.Connection[Any]) -> None:
    lease(warehouse, "run 1", "i-1")
    assert lease(warehouse, "run 2", "i-1") is None


def test_same_run_gets_the_same_lease_with_its_deadline(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    before = lease_of(warehouse, Run(CITY_ID, "d", "run 1"))
    assert lease(warehouse, "run 1", "i-2", "i-1") == "i-1"
    assert lease_of(warehouse, Run(CITY_ID, "d", "run 1")) == before


def test_expired_lease_is_listed_and_not_taken_over(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1", seconds=100)
    warehouse.execute(
        "update core.instance_lease set leased_at = now() - interval '1 h', "
        "deadline_at = now() - interval '1 s'"
    )
    assert lease(warehouse, "run 2", "i-1") is None
    assert [one.is_expired for one in list_leases(warehouse)] == [True]


def test_released_instance_is_free_and_releasing_again_does_nothing(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    assert release_lease(warehouse, Run(CITY_ID, "d", "run 1")) == "i-1"
    assert release_lease(warehouse, Run(CITY_ID, "d", "run 1")) is None
    assert lease(warehouse, "run 2", "i-1") == "i-1"


def test_runs_at_once_never_share_an_instance(warehouse: psycopg.Connection[Any]) -> None:
    def ask(number: int) -> str | None:
        with connect(autocommit=True) as connection:
            return lease(connection, f"run {number}", "i-1", "i-2", "i-3")

    with ThreadPoolExecutor(12) as pool:
        given = [one for one in pool.map(ask, range(12)) if one is not None]
    assert sorted(given) == ["i-1", "i-2", "i-3"]


def test_same_run_asking_at_once_holds_one_instance(
    warehouse: psycopg.Connection[Any],
) -> None:
    def ask(_: int) -> str | None:
        with connect(autocommit=True) as connection:
            return lease(connection, "run 1", "i-1", "i-2", "i-3")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(list_leases(warehouse)) == 1


def start(warehouse: psycopg.Connection[Any], run_id: str = "run 1") -> int:
    config = read_settings(mts_price_per_hour_usd=3.6)
    return open_session(warehouse, config, Run(CITY_ID, "d", run_id), "i-1").session_id


def cost_usd(warehouse: psycopg.Connection[Any]) -> float:
    row = warehouse.execute(
        "select coalesce(sum(cost_usd), 0)::double precision from core.session_cost"
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_second_start_opens_no_second_session(warehouse: psycopg.Connection[Any]) -> None:
    assert start(warehouse) == start(warehouse, "run 2")


def test_seconds_are_billed_from_the_first_running_to_the_first_stopped(
    warehouse: psycopg.Connection[Any],
) -> None:
    start(warehouse)
    mark_session_running(warehouse, "i-1")
    warehouse.execute(
        "update core.instance_session set started_at = now() - interval '1 h',"
        " running_at = now() - interval '1000 s'"
    )
    mark_session_running(warehouse, "i-1")
    assert close_session(warehouse, "i-1", stopped_by="teardown") is not None
    assert cost_usd(warehouse) == pytest.approx(1.0, rel=0.01)
    assert close_session(warehouse, "i-1", stopped_by="reaper") is None


def test_instance_is_started_and_stopped_though_the_clock_steps_back(
    warehouse: psycopg.Connection[Any],
) -> None:
    """Its lease is freed only after its session was closed, and a start must not fail for a clock."""
    start(warehouse)
    warehouse.execute("update core.instance_session set started_at = now() + interval '1 h'")
    mark_session_running(warehouse, "i-1")
    running = find_open_session(warehouse, "i-1")
    assert running is not None
    assert running.running_at == running.started_at
    # A minute, as of any start: never less than nothing.
    assert sum_usd_of_run(warehouse, Run(CITY_ID, "d", "run 1")).gpu_usd == pytest.approx(0.06)
    warehouse.execute("update core.instance_session set running_at = now() + interval '2 h'")
    closed = close_session(warehouse, "i-1", stopped_by="teardown")
    assert closed is not None
    assert closed.stopped_at == closed.running_at
    assert cost_usd(warehouse) == pytest.approx(0.06)


def test_each_holder_of_a_session_pays_from_its_lease_on(
    warehouse: psycopg.Connection[Any],
) -> None:
    lease(warehouse, "run 1", "i-1")
    start(warehouse)
    mark_session_running(warehouse, "i-1")
    warehouse.execute(
        "update core.instance_session set started_at = now() - interval '1 h',"
        " running_at = now() - interval '1000 s'"
    )
    warehouse.execute("update core.lease_use set leased_at = now() - interval '1010 s'")
    release_lease(warehouse, Run(CITY_ID, "d", "run 1"))
    # Handed over while it runs: the second run starts nothing, and pays from its lease on.
    lease(warehouse, "run 2", "i-1")
    start(warehouse, "run 2")
    close_session(warehouse, "i-1", stopped_by="teardown")
    rows = warehouse.execute(
        "select run_id, round(billed_seconds) from core.session_cost order by running_at"
    ).fetchall()
    assert rows == [("run 1", 1000), ("run 2", 0)]
    released = "select count(released_at), count(*) from core.lease_use"
    assert warehouse.execute(released).fetchone() == (1, 2)


def test_session_that_never_ran_costs_nothing(warehouse: psycopg.Connection[Any]) -> None:
    start(warehouse)
    assert close_session(warehouse, "i-1", stopped_by="teardown") is not None
    assert cost_usd(warehouse) == 0
    assert find_open_session(warehouse, "i-1") is None


def test_price_comes_from_the_price_list_unless_it_is_set(
    warehouse: psycopg.Connection[Any],
) -> None:
    session = open_session(warehouse, read_settings(), Run(CITY_ID, "d", "run 1"), "i-1")
    assert session.price_per_hour_usd == pytest.approx(3.06)
