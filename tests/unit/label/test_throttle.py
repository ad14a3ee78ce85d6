"""The minute's quota is shared by all workers and never passed; trouble ends early."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from sightscan.errors import ServiceError
from sightscan.label import throttle as pace_module
from sightscan.label.throttle import Pace
from sightscan.label.vision import Fate, Outcome

ANSWERED = Outcome(Fate.ANSWERED)
UNKNOWN = Outcome(Fate.UNKNOWN, detail="x")


def test_usual_city_goes_through_without_waiting(warehouse: psycopg.Connection[Any]) -> None:
    pace = Pace(1_700, concurrency=4)
    waits = []
    for _ in range(63):
        waits.append(pace.seconds_to_wait(warehouse, 16))
        pace.use(16)
    assert max(waits) == 0


def test_two_workers_never_pass_a_minutes_images(warehouse: psycopg.Connection[Any]) -> None:
    per_minute = 320
    workers = [Pace(per_minute, concurrency=1), Pace(per_minute, concurrency=1)]
    ready_at = []
    for number in range(60):
        worker = workers[number % 2]
        worker._tokens = 0
        worker._ready_at = 0.0
        ready_at += [worker.seconds_to_wait(warehouse, 16)] * 16
    busiest = max(sum(start <= at < start + 60 for at in ready_at) for start in set(ready_at))
    # Seconds that pass while the test runs refill a few.
    assert busiest <= per_minute + 16


def test_tokens_that_were_not_used_serve_the_next_batch(
    warehouse: psycopg.Connection[Any],
) -> None:
    pace = Pace(1_700, concurrency=1)
    pace.seconds_to_wait(warehouse, 16)
    pace.use(3)
    pace.seconds_to_wait(warehouse, 13)
    row = warehouse.execute("select tokens from core.rate_limit").fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.6 * 1_700 - 16, abs=1)


def test_trouble_is_met_with_one_request_at_a_time() -> None:
    pace = Pace(1_700, concurrency=8)
    pace.learn(UNKNOWN)
    assert pace.width == 1
    pace.learn(ANSWERED)
    assert pace.width == 8


def test_third_unknown_fate_in_a_row_ends_the_task() -> None:
    pace = Pace(1_700, concurrency=1)
    for _ in range(2):
        pace.learn(UNKNOWN)
    pace.learn(ANSWERED)
    for _ in range(2):
        pace.learn(UNKNOWN)
    with pytest.raises(ServiceError, match="count as spent"):
        pace.learn(UNKNOWN)


def test_eighth_setback_in_a_row_ends_the_task() -> None:
    pace = Pace(1_700, concurrency=1)
    for _ in range(7):
        pace.learn(Outcome(Fate.OVER_QUOTA, wait_seconds=0.0))
    with pytest.raises(ServiceError, match="nothing was paid"):
        pace.learn(Outcome(Fate.OVER_QUOTA, wait_seconds=0.0))


def test_wait_of_two_minutes_is_waited_for_and_a_longer_one_ends_the_task() -> None:
    Pace(1_700, concurrency=1).learn(Outcome(Fate.OVER_QUOTA, wait_seconds=120.0))
    with pytest.raises(ServiceError, match="wait 121 s"):
        Pace(1_700, concurrency=1).learn(Outcome(Fate.OVER_QUOTA, wait_seconds=121.0))


@pytest.mark.parametrize(
    ("outcome", "waits"),
    [
        (Outcome(Fate.OVER_QUOTA), [15.0, 15.0, 15.0]),
        # Told too little again and again: a second longer each time.
        (Outcome(Fate.OVER_QUOTA, wait_seconds=3.0), [3.0, 4.0, 5.0]),
        (Outcome(Fate.NEVER_OPENED), [1.0, 2.0, 4.0]),
    ],
    ids=["over quota", "over quota and told how long", "never opened"],
)
def test_setbacks_in_a_row_are_waited_out(
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
    waits: list[float],
) -> None:
    # Time stands still.
    monkeypatch.setattr(pace_module, "time", SimpleNamespace(monotonic=lambda: 1_000.0))
    pace = Pace(1_700, concurrency=1)
    waited = []
    for _ in waits:
        pace.learn(outcome)
        waited.append(pace.seconds_to_wait(warehouse, 16))
    assert waited == waits


def test_refusal_ends_the_task_at_once() -> None:
    with pytest.raises(ServiceError, match="refuses"):
        Pace(1_700, concurrency=1).learn(Outcome(Fate.REFUSED, detail="no permission"))
