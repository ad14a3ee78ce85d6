"""The minute's quota is shared by all workers and never passed; trouble ends early."""

import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from sightscan.errors import ServiceError
from sightscan.label import throttle as throttle_module
from sightscan.label.throttle import Throttle
from sightscan.label.vision import Outcome, SendStatus
from sightscan.warehouse.spend.paid_calls import take_tokens

ANSWERED = Outcome(SendStatus.ANSWERED)
UNKNOWN = Outcome(SendStatus.UNKNOWN, detail="x")


def sharing(warehouse: psycopg.Connection[Any], per_minute: int) -> Throttle:
    """Return a throttle of a worker that shares its bucket with others."""
    return Throttle(per_minute, 1, partial(take_tokens, warehouse, "a bucket"))


def alone(concurrency: int = 1) -> Throttle:
    """Return a throttle whose bucket is never empty."""
    return Throttle(1_700, concurrency, lambda _, **_bucket: 0.0)


def stop_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for throttles."""
    monkeypatch.setattr(throttle_module, "time", SimpleNamespace(monotonic=lambda: 1_000.0))


def test_usual_city_goes_through_without_waiting(warehouse: psycopg.Connection[Any]) -> None:
    throttle = sharing(warehouse, 1_700)
    waits = []
    for _ in range(63):
        waits.append(throttle.seconds_to_wait(16))
        throttle.use(16)
    assert max(waits) == 0


def test_two_workers_never_pass_a_minutes_images(warehouse: psycopg.Connection[Any]) -> None:
    per_minute = 320
    workers = [sharing(warehouse, per_minute), sharing(warehouse, per_minute)]
    ready_at = []
    begun = time.monotonic()
    for number in range(60):
        worker = workers[number % 2]
        worker._tokens = 0
        worker._ready_at = 0.0
        ready_at += [worker.seconds_to_wait(16)] * 16
    busiest = max(sum(start <= at < start + 60 for at in ready_at) for start in set(ready_at))
    # The seconds that pass while the test runs refill the bucket, by two fifths of the quota a minute.
    refilled = 0.4 * per_minute / 60 * (time.monotonic() - begun)
    assert busiest <= per_minute + 16 + refilled


def test_clock_that_steps_back_neither_fills_the_bucket_nor_stops_its_filling(
    warehouse: psycopg.Connection[Any],
) -> None:
    # So slowly that the seconds of a busy machine are next to nothing.
    take = partial(take_tokens, warehouse, "a bucket", capacity=10, refill_per_second=0.01)
    shift = "update core.rate_limit set refilled_at = refilled_at + %s::interval"
    assert take(10) == 0
    warehouse.execute(shift, ("1 h",))
    assert take(5) == pytest.approx(500)
    warehouse.execute(shift, ("-400 s",))
    assert 100 < take(1) <= 200


def test_tokens_that_were_not_used_serve_the_next_batch(
    warehouse: psycopg.Connection[Any],
) -> None:
    throttle = sharing(warehouse, 1_700)
    throttle.seconds_to_wait(16)
    throttle.use(3)
    throttle.seconds_to_wait(13)
    row = warehouse.execute("select tokens from core.rate_limit").fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.6 * 1_700 - 16, abs=1)


def test_trouble_is_met_with_one_request_at_a_time() -> None:
    throttle = alone(concurrency=8)
    throttle.learn(UNKNOWN)
    assert throttle.width == 1
    throttle.learn(ANSWERED)
    assert throttle.width == 8


def test_unknown_fates_in_a_row_end_the_task() -> None:
    throttle = alone()
    for _ in range(2):
        throttle.learn(UNKNOWN)
    throttle.learn(ANSWERED)
    for _ in range(2):
        throttle.learn(UNKNOWN)
    with pytest.raises(ServiceError, match="count as spent"):
        throttle.learn(UNKNOWN)


def test_quota_waits_are_bounded_in_number_and_length() -> None:
    throttle = alone()
    for _ in range(7):
        throttle.learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=0.0))
    with pytest.raises(ServiceError, match="nothing was paid"):
        throttle.learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=0.0))
    alone().learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=120.0))
    with pytest.raises(ServiceError, match="wait 121 s"):
        alone().learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=121.0))


@pytest.mark.parametrize(
    ("outcome", "waits"),
    [
        (Outcome(SendStatus.OVER_QUOTA), [15.0, 15.0, 15.0]),
        # Told too little again and again: a second longer each time.
        (Outcome(SendStatus.OVER_QUOTA, wait_seconds=3.0), [3.0, 4.0, 5.0]),
        (Outcome(SendStatus.NEVER_OPENED), [1.0, 2.0, 4.0]),
    ],
    ids=["over quota", "over quota and told how long", "never opened"],
)
def test_refusals_in_a_row_are_waited_out(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, waits: list[float]
) -> None:
    stop_time(monkeypatch)
    throttle = alone()
    waited = []
    for _ in waits:
        throttle.learn(outcome)
        waited.append(throttle.seconds_to_wait(16))
    assert waited == waits


def test_refusal_ends_the_task_at_once() -> None:
    with pytest.raises(ServiceError, match="refuses"):
        alone().learn(Outcome(SendStatus.REFUSED, detail="no permission"))


def test_told_to_wait_it_waits_and_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_time(monkeypatch)
    throttle = alone()
    throttle.learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=20.0))
    assert throttle.seconds_to_wait(16) == 20
    throttle.learn(Outcome(SendStatus.OVER_QUOTA, wait_seconds=60.0))
    assert throttle.seconds_to_wait(16) == 61
