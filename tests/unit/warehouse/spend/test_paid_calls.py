"""The ledger: one standing call a photo, caps in images, prices in force."""

from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place
from sightscan.errors import WarehouseError
from sightscan.run import Run
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    AbandonedCalls,
    CallResult,
    Caps,
    Reservation,
    close_abandoned_calls,
    count_calls,
    mark_calls_sent,
    record_call_results,
    reserve_calls,
    sum_calls_spent,
)
from sightscan.warehouse.spend.prices import UnitPrice

PRICE = UnitPrice(free_units_per_month=3, usd_per_unit=0.5)
PHOTOS = [bytes([number]) * 32 for number in range(1, 9)]


@pytest.fixture(autouse=True)
def cities(warehouse: psycopg.Connection[Any]) -> None:
    for city_id, slug in (("Q1", "one"), ("Q2", "two")):
        add_city(warehouse, City(city_id, slug, slug, "X", Place(1, 1), 1_000))


def reserve(
    warehouse: psycopg.Connection[Any],
    photos: list[bytes],
    *,
    cap: int = 100,
    city_id: str = "Q1",
    run_id: str = "r",
    run_cap: int | None = None,
) -> tuple[Reservation, ...]:
    run = Run(city_id, f"city_{city_id}", run_id)
    caps = Caps(city=cap, run=run_cap)
    return reserve_calls(
        warehouse, VISION_LANDMARKS, run, photos, caps=caps, price=PRICE, is_marked_when_sent=True
    ).calls


def record(warehouse: psycopg.Connection[Any], state: Any, reservation: Reservation) -> None:
    answer = {"response": {}} if state == "succeeded" else None
    record_call_results(warehouse, [CallResult(reservation.call_id, state, answer, "why")])


def test_reservations_come_in_the_order_of_preference(warehouse: psycopg.Connection[Any]) -> None:
    reserved = reserve(warehouse, PHOTOS[::-1], cap=3)
    assert [each.subject_sha256 for each in reserved] == PHOTOS[:4:-1]


@pytest.mark.parametrize("state", ["reserved", "succeeded", "unknown"])
def test_photo_with_a_standing_call_is_not_reserved_again(
    warehouse: psycopg.Connection[Any], state: str
) -> None:
    (reservation,) = reserve(warehouse, PHOTOS[:1])
    if state != "reserved":
        record(warehouse, state, reservation)
    assert reserve(warehouse, PHOTOS[:1], city_id="Q2") == ()
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, Run("Q1", "city_Q1")).by_city == 1


def test_failed_call_is_not_spent_and_may_be_reserved_again(
    warehouse: psycopg.Connection[Any],
) -> None:
    (reservation,) = reserve(warehouse, PHOTOS[:1], cap=1)
    record(warehouse, "failed", reservation)
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, Run("Q1", "city_Q1")).by_city == 0
    assert len(reserve(warehouse, PHOTOS[:1], cap=1)) == 1


def test_cap_of_a_run_counts_its_own_images_and_the_citys_cap_still_holds(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert len(reserve(warehouse, PHOTOS[:4], cap=5, run_id="a", run_cap=3)) == 3
    assert len(reserve(warehouse, PHOTOS[3:], cap=5, run_id="a", run_cap=3)) == 0
    assert len(reserve(warehouse, PHOTOS[3:], cap=5, run_id="b", run_cap=3)) == 2


def test_cap_counts_the_citys_images_of_all_runs(warehouse: psycopg.Connection[Any]) -> None:
    assert len(reserve(warehouse, PHOTOS[:3], cap=4, run_id="a")) == 3
    assert len(reserve(warehouse, PHOTOS[3:], cap=4, run_id="b")) == 1
    assert len(reserve(warehouse, PHOTOS[4:], cap=4, city_id="Q2")) == 4
    assert reserve(warehouse, PHOTOS, cap=4) == ()


def test_cap_in_all_holds_though_the_clock_steps_back_in_mid_task(
    warehouse: psycopg.Connection[Any],
) -> None:
    run, caps = Run("Q1", "city_Q1", "r"), Caps(city=100, in_all=3)
    counted = count_calls(warehouse, VISION_LANDMARKS)
    given = 0
    for photo in PHOTOS:
        reserved = reserve_calls(
            warehouse, VISION_LANDMARKS, run, [photo], caps=caps, price=PRICE, counted=counted
        )
        given += len(reserved.calls)
        # As if the clock had been two hours behind when the task counted.
        warehouse.execute("update core.paid_call set reserved_at = now() - interval '2 h'")
    assert given == 3


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Asia/Kolkata", "America/Los_Angeles"])
def test_month_of_a_cap_is_that_of_utc_whatever_the_session_thinks(
    warehouse: psycopg.Connection[Any], zone: str
) -> None:
    reserve(warehouse, PHOTOS[:2])
    warehouse.execute("update core.paid_call set reserved_at = date_trunc('month', now(), 'UTC')")
    warehouse.execute("select set_config('timezone', %s, false)", (zone,))
    run, caps = Run("Q1", "city_Q1", "r"), Caps(city=100, month=3)
    assert sum_calls_spent(warehouse, VISION_LANDMARKS, run).this_month == 2
    reserved = reserve_calls(warehouse, VISION_LANDMARKS, run, PHOTOS[2:], caps=caps, price=PRICE)
    assert len(reserved.calls) == 1


def test_units_above_the_months_free_ones_have_their_price(
    warehouse: psycopg.Connection[Any],
) -> None:
    reserve(warehouse, PHOTOS[:2], city_id="Q2")
    reserve(warehouse, PHOTOS[2:5])
    prices = warehouse.execute("select price_usd from core.paid_call order by call_id").fetchall()
    assert [float(price) for (price,) in prices] == [0, 0, 0, 0.5, 0.5]


def test_late_answer_is_recorded_for_a_call_that_was_given_up(
    warehouse: psycopg.Connection[Any],
) -> None:
    (reservation,) = reserve(warehouse, PHOTOS[:1])
    record(warehouse, "unknown", reservation)
    record(warehouse, "succeeded", reservation)
    record(warehouse, "failed", reservation)
    assert warehouse.execute("select state from core.paid_call").fetchall() == [("succeeded",)]


def test_abandoned_are_old_ones_and_those_of_an_earlier_try(
    warehouse: psycopg.Connection[Any],
) -> None:
    old = reserve(warehouse, PHOTOS[:1], run_id="old")
    mark_calls_sent(warehouse, [call.call_id for call in old])
    warehouse.execute("update core.paid_call set reserved_at = now() - interval '1 hour'")
    reserve(warehouse, PHOTOS[1:2], run_id="mine")
    reserve(warehouse, PHOTOS[2:3], run_id="alive elsewhere")
    closed = close_abandoned_calls(
        warehouse, VISION_LANDMARKS, older_than_seconds=180, run=Run("Q1", "city_Q1", "mine")
    )
    states = warehouse.execute("select state from core.paid_call order by call_id").fetchall()
    # The old one was marked as sent, mine was not.
    assert closed == AbandonedCalls(released=1, unknown=1)
    assert states == [("unknown",), ("failed",), ("reserved",)]


def test_call_that_was_given_up_may_not_be_sent(warehouse: psycopg.Connection[Any]) -> None:
    first, second = reserve(warehouse, PHOTOS[:2])
    record(warehouse, "failed", first)
    assert mark_calls_sent(warehouse, [first.call_id, second.call_id]) == {second.call_id}


def test_reserving_in_an_open_transaction_is_refused(warehouse: psycopg.Connection[Any]) -> None:
    with warehouse.transaction(), pytest.raises(WarehouseError, match="outside any transaction"):
        reserve(warehouse, PHOTOS)
    with connect() as plain, pytest.raises(WarehouseError, match="autocommit"):
        reserve(plain, PHOTOS)
