"""No host is asked faster, or more at a time, than it should be."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.host_gate import (
    Counter,
    HostGate,
    HostLimit,
    HostThrottle,
    MemoryCounter,
    Rate,
    Turn,
    judge_at,
    wikimedia_limit,
)
from sightscan.http_answers import Answer, NotNowError
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.spend.request_limits import SharedCounter
from tests.stopped_clock import Clock

SLOW = Rate(1.0, 1.0)


def gate_of(
    clock: Clock, rate: Rate | None = None, *, shared: Counter | None = None, **limit: Any
) -> HostGate:
    """Return a gate under which each host has a limit of its own, on a clock that stands still."""
    own = MemoryCounter(clock)
    throttle = HostThrottle(lambda host: HostLimit(host, rate, **limit), shared or own, own)
    return HostGate(throttle, clock.sleep, max_pause_seconds=60, lease_seconds=90, clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@given(per_second=st.floats(0.1, 50), pauses=st.lists(st.floats(0, 3), min_size=30, max_size=60))
def test_host_is_never_asked_more_often_than_the_rate_and_a_burst(
    per_second: float, pauses: list[float]
) -> None:
    clock = Clock()
    gate = gate_of(clock, Rate(max(1.0, per_second), per_second))
    asked: list[float] = []
    for pause in pauses:
        clock.now += pause
        with gate.turn("a.example"):
            asked.append(clock.now)
    for first, start in enumerate(asked):
        within = [moment for moment in asked[first:] if moment < start + 2.0]
        assert len(within) <= max(1.0, per_second) + 2.0 * per_second + 1


@given(
    count=st.floats(1, 600), seconds=st.sampled_from([60.0, 86_400.0]), share=st.floats(0.01, 0.9)
)
def test_rate_lets_no_more_pass_in_any_span(count: float, seconds: float, share: float) -> None:
    clock = Clock()
    counter, rate = MemoryCounter(clock), Rate.within(count, seconds, share)
    asked: list[float] = []
    while clock.now < seconds * 2.5 and len(asked) < 1_500:
        turn = counter.take_turn("an.api", rate)
        assert turn is not None
        clock.now += turn.wait_seconds
        asked.append(clock.now)
    for start in asked[:: max(len(asked) // 50, 1)]:
        within = [moment for moment in asked if start <= moment < start + seconds * (1 - 1e-9)]
        assert len(within) <= max(count, 1) + 1


def test_hosts_do_not_wait_for_one_another(clock: Clock) -> None:
    gate = gate_of(clock, SLOW)
    for number in range(20):
        with gate.turn(f"{number}.example"):
            pass
    assert clock.now == 0


def test_pace_of_the_host_is_kept(clock: Clock) -> None:
    gate = gate_of(clock, SLOW)
    for _ in range(4):
        with gate.turn("a.example"):
            pass
    assert clock.now == 3


def test_turn_that_comes_too_late_is_not_taken(clock: Clock) -> None:
    counter = MemoryCounter(clock)
    assert counter.take_turn("a", SLOW, 0.5) == Turn(0.0)
    assert [counter.take_turn("a", SLOW, 0.5) for _ in range(3)] == [None] * 3
    assert counter.take_turn("a", SLOW, 1.0) == Turn(1.0)


def test_pause_is_waited_for_once(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.leave_alone("a.example", 30)
    for _ in range(2):
        with gate.turn("a.example"):
            assert clock.now == 30


@pytest.mark.parametrize(
    ("host", "wait_seconds"), [("upload.wikimedia.org", 60), ("live.staticflickr.com", None)]
)
def test_wikimedia_waits_a_minute_where_it_does_not_say(
    host: str, wait_seconds: float | None
) -> None:
    problem = judge_at(host)(Answer(429, httpx.Headers(), b""))
    assert isinstance(problem, NotNowError)
    assert problem.wait_seconds == wait_seconds


def test_other_hosts_do_not_wait(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.leave_alone("a.example", 30)
    with gate.turn("b.example"):
        assert clock.now == 0


def test_pause_that_is_too_long_is_an_error_until_it_is_short(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.leave_alone("a.example", 100)
    with (
        pytest.raises(NotNowError, match="left alone for 100 s more") as caught,
        gate.turn("a.example"),
    ):
        pass
    assert caught.value.is_final
    clock.now = 50
    with gate.turn("a.example"):
        assert clock.now == 100


def test_pause_of_one_host_of_a_provider_holds_for_its_others(clock: Clock) -> None:
    own = MemoryCounter(clock)
    throttle = HostThrottle(lambda _: HostLimit("wikimedia"), own, own)
    gate = HostGate(throttle, clock.sleep, max_pause_seconds=60, lease_seconds=90, clock=clock)
    gate.leave_alone("upload.wikimedia.org", 30)
    with gate.turn("query.wikidata.org"):
        assert clock.now == 30


@pytest.fixture(params=["memory", "warehouse"])
def workers(request: pytest.FixtureRequest) -> Iterator[list[Counter]]:
    """Give the counters of three workers: one in memory, or three connections to a warehouse."""
    if request.param == "memory":
        yield [MemoryCounter()] * 3
        return
    warehouse: psycopg.Connection[Any] = request.getfixturevalue("warehouse")
    connect = reopener(warehouse)
    with ExitStack() as opened:
        yield [SharedCounter(opened.enter_context(connect())) for _ in range(3)]


def most_at_once(gates: list[HostGate], expected: int) -> int:
    """Return how many threads held a turn at a host at the same time."""
    lock, here, most = threading.Lock(), [0], [0]
    crowd, nobody = threading.Barrier(expected), threading.Event()

    def ask(number: int) -> None:
        with gates[number % len(gates)].turn("upload.wikimedia.org"):
            with lock:
                here[0] += 1
                most[0] = max(most[0], here[0])
            # All who may be here come; one more would come meanwhile.
            crowd.wait(timeout=60)
            nobody.wait(0.05)
            with lock:
                here[0] -= 1

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(ask, range(expected * 5)))
    return most[0]


def test_workers_have_three_places_together(workers: list[Counter]) -> None:
    limit = HostLimit("wikimedia", None, 3, is_shared=True, has_shared_slots=True)
    pause = threading.Event().wait
    gates = [
        HostGate(
            HostThrottle(lambda _: limit, worker), pause, max_pause_seconds=60, lease_seconds=90
        )
        for worker in workers
    ]
    assert most_at_once(gates, 3) == 3


def test_threads_of_one_process_share_the_places_at_a_host(clock: Clock) -> None:
    assert most_at_once([gate_of(clock, at_once=2)], 2) == 2


def test_place_is_given_back_after_an_error(workers: list[Counter]) -> None:
    for number in range(7):
        give_back = workers[number % 3].take_slot("wikimedia", 3, 90)
        assert give_back is not None
        give_back()


def test_fourth_place_is_not_to_be_had(workers: list[Counter]) -> None:
    taken = [worker.take_slot("wikimedia", 3, 90) for worker in workers]
    assert None not in taken
    assert workers[0].take_slot("wikimedia", 3, 90) is None
    assert workers[0].take_slot("another", 3, 90) is not None


def test_turns_are_counted_together(workers: list[Counter]) -> None:
    turns = [worker.take_turn("wikimedia", Rate(2.0, 0.001)) for worker in workers]
    waits = [turn.wait_seconds for turn in turns if turn is not None]
    assert waits[:2] == [0, 0]
    assert waits[2] == pytest.approx(1_000, abs=60)


def test_turn_that_is_too_late_leaves_no_debt(workers: list[Counter]) -> None:
    rate = Rate(1.0, 0.001)
    assert workers[0].take_turn("openverse", rate, 60) is not None
    assert [worker.take_turn("openverse", rate, 60) for worker in workers] == [None] * 3
    late = workers[0].take_turn("openverse", rate)
    assert late is not None
    assert late.wait_seconds == pytest.approx(1_000, abs=60)


def test_pause_is_known_to_all_and_a_shorter_one_does_not_shorten_it(
    workers: list[Counter],
) -> None:
    rate = Rate(100.0, 1.0)
    workers[0].take_turn("wikimedia", rate)
    workers[0].pause("wikimedia", 86_400)
    workers[1].pause("wikimedia", 60)
    turn = workers[2].take_turn("wikimedia", rate)
    assert turn is not None
    assert turn.pause_seconds == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize(
    ("told", "is_kept_by"),
    [
        (
            "upload.wikimedia.org",
            {"upload.wikimedia.org", "www.wikidata.org", "query.wikidata.org"},
        ),
        # What queries cost is counted by the query service alone.
        ("query.wikidata.org", {"query.wikidata.org"}),
    ],
)
def test_ban_of_one_worker_ends_the_requests_of_another(
    workers: list[Counter], told: str, is_kept_by: set[str]
) -> None:
    gates = [
        HostGate(
            HostThrottle(lambda host: wikimedia_limit(host, has_contact=True), worker),
            lambda _: None,
            max_pause_seconds=60,
            lease_seconds=90,
        )
        for worker in workers
    ]
    with gates[0].turn(told):
        gates[0].leave_alone(told, 7_200)
    kept = set()
    for host in ("upload.wikimedia.org", "www.wikidata.org", "query.wikidata.org"):
        try:
            with gates[1].turn(host):
                pass
        except NotNowError:
            kept.add(host)
    assert kept == is_kept_by


def test_worker_that_was_killed_gives_its_place_back(warehouse: psycopg.Connection[Any]) -> None:
    counter = SharedCounter(warehouse)
    for _ in range(3):
        assert counter.take_slot("wikimedia", 3, 90) is not None
    warehouse.execute("update core.request_slot set expires_at = now() - interval '1 second'")
    assert counter.take_slot("wikimedia", 3, 90) is not None


def test_holder_that_was_late_takes_nothing_from_the_next(
    warehouse: psycopg.Connection[Any],
) -> None:
    counter = SharedCounter(warehouse)
    late = counter.take_slot("wikimedia", 1, 0)
    assert counter.take_slot("wikimedia", 1, 90) is not None
    assert late is not None
    late()
    assert counter.take_slot("wikimedia", 1, 90) is None
