"""Whatever happens in whatever order: nothing is sent twice, no cap is passed.

Workers reserve, mark, send, get answers or none, and vanish; others take them for dead; the server's
clock steps. What Google would have counted is kept beside the ledger.
"""

from collections import Counter
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sightscan.city import City, Place
from sightscan.run import Run
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    CallResult,
    Caps,
    CountedCalls,
    allow_resend,
    close_abandoned_calls,
    count_calls,
    mark_calls_sent,
    record_call_results,
    reserve_calls,
    sum_calls_spent,
)
from sightscan.warehouse.spend.prices import UnitPrice

PHOTOS = [bytes([number]) * 32 for number in range(12)]
CITIES = ("Q1", "Q2")
CAPS = Caps(city=6, run=4, month=9, in_all=10)
WORKERS = st.integers(0, 3)


class LedgerMachine(RuleBasedStateMachine):
    """Four workers of two cities; each holds what it reserved, until it forgets it."""

    warehouse: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.warehouse.execute("delete from core.paid_call")
        for city_id in CITIES:
            add_city(self.warehouse, City(city_id, city_id, city_id, "X", Place(1, 1), 1_000))
        self.reserved: dict[int, dict[int, bytes]] = {}
        self.marked: dict[int, dict[int, bytes]] = {}
        self.images = Counter[bytes]()
        self.allowed = Counter[bytes]()
        self.counted: CountedCalls | None = None
        self.has_stepped = False

    def city_of(self, worker: int) -> str:
        return CITIES[worker % 2]

    def dag_of(self, worker: int) -> str:
        return f"city_{self.city_of(worker)}"

    @rule(worker=WORKERS, wanted=st.lists(st.sampled_from(PHOTOS), unique=True, max_size=5))
    def reserve(self, worker: int, wanted: list[bytes]) -> None:
        run = Run(self.city_of(worker), self.dag_of(worker), f"run {worker}")
        reserved = reserve_calls(
            self.warehouse,
            VISION_LANDMARKS,
            run,
            wanted,
            caps=CAPS,
            price=UnitPrice(3, 1),
            is_marked_when_sent=True,
            counted=self.counted,
        )
        held = self.reserved.setdefault(worker, {})
        held.update({call.call_id: call.subject_sha256 for call in reserved.calls})

    @rule()
    def count(self) -> None:
        """Count once, as a label task does when it begins; what it counts grows old."""
        self.counted = count_calls(self.warehouse, VISION_LANDMARKS)

    @rule(seconds=st.sampled_from([-90 * 60, 90 * 60]))
    def step_clock(self, seconds: int) -> None:
        """Let the ledger have been written by a clock that was so far off."""
        self.warehouse.execute(
            "update core.paid_call set reserved_at = reserved_at + make_interval(secs => %s),"
            " sent_at = sent_at + make_interval(secs => %s)",
            (seconds, seconds),
        )
        self.has_stepped = True

    @rule(worker=WORKERS)
    def send(self, worker: int) -> None:
        """Send what may be sent; a worker that was taken for dead finds out here."""
        held = self.reserved.pop(worker, {})
        for call_id in mark_calls_sent(self.warehouse, list(held)):
            self.images[held[call_id]] += 1
            self.marked.setdefault(worker, {})[call_id] = held[call_id]

    @rule(worker=WORKERS, state=st.sampled_from(["succeeded", "unknown", "failed"]))
    def record(self, worker: int, state: Any) -> None:
        calls = self.marked.pop(worker, {})
        answer = {"response": {}} if state == "succeeded" else None
        record_call_results(
            self.warehouse, [CallResult(call, state, answer, "why") for call in calls]
        )
        if state == "failed":  # provably not processed
            self.images.subtract(calls.values())

    @rule(worker=WORKERS)
    def die(self, worker: int) -> None:
        self.reserved.pop(worker, None)
        self.marked.pop(worker, None)

    @rule(worker=WORKERS, is_patient=st.booleans())
    def take_over(self, worker: int, is_patient: bool) -> None:  # noqa: FBT001 - drawn
        """Start a label task: a retry of the same run, or one that finds all others too old."""
        close_abandoned_calls(
            self.warehouse,
            VISION_LANDMARKS,
            older_than_seconds=3600 if is_patient else -1,
            run=Run(self.city_of(worker), self.dag_of(worker), f"run {worker}"),
        )

    @rule(city_id=st.sampled_from(CITIES))
    def resend(self, city_id: str) -> None:
        """Allow it while nobody waits for an answer any more."""
        if not any(self.marked.values()):
            before = dict(self.warehouse.execute(ALLOWED).fetchall())
            allow_resend(
                self.warehouse,
                VISION_LANDMARKS,
                city_id,
                allowed_by="ann",
                older_than_seconds=-1,
            )
            after = dict(self.warehouse.execute(ALLOWED).fetchall())
            self.allowed.update({photo: n - before.get(photo, 0) for photo, n in after.items()})

    @invariant()
    def nothing_is_sent_twice_unless_a_person_said_so(self) -> None:
        assert all(n <= 1 + self.allowed[photo] for photo, n in self.images.items())

    @invariant()
    def caps_hold_and_cover_what_was_sent(self) -> None:
        in_all = 0
        for worker in range(4):
            spent = sum_calls_spent(
                self.warehouse,
                VISION_LANDMARKS,
                Run(self.city_of(worker), self.dag_of(worker), f"run {worker}"),
            )
            assert spent.by_city <= 6
            assert spent.by_run <= 4
            # Which month it is, only the clock can say.
            assert spent.this_month <= 9 or self.has_stepped
            in_all = spent.in_all
        assert in_all <= 10
        assert sum(self.images.values()) <= in_all


ALLOWED = (
    "select subject_sha256, count(*) from core.paid_call where resend_allowed_at is not null"
    " group by 1"
)


def test_ledger_is_exact_in_any_order_of_events(warehouse: psycopg.Connection[Any]) -> None:
    class Machine(LedgerMachine):
        pass

    Machine.warehouse = warehouse
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
