"""No host is asked faster, or more at a time, than it should be."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.crawl.fetch.host_limits import HostGate, HostThrottle
from sightscan.http_answers import NotNowError
from sightscan.settings import read_settings
from tests.stopped_clock import Clock


@given(per_second=st.floats(0.1, 50), pauses=st.lists(st.floats(0, 3), min_size=30, max_size=60))
def test_host_is_never_asked_more_often_than_the_rate_and_a_burst(
    per_second: float, pauses: list[float]
) -> None:
    clock = Clock()
    config = read_settings(crawl_requests_per_second=per_second)
    throttle = HostThrottle(config, clock=clock)
    asked: list[float] = []
    for pause in pauses:
        clock.now += pause
        with throttle.turn("a.example", clock.sleep):
            asked.append(clock.now)
    for first, start in enumerate(asked):
        within = [moment for moment in asked[first:] if moment < start + 2.0]
        assert len(within) <= max(1.0, per_second) + 2.0 * per_second + 1


def test_hosts_do_not_wait_for_one_another() -> None:
    clock = Clock()
    throttle = HostThrottle(read_settings(crawl_requests_per_second=1), clock=clock)
    for number in range(20):
        with throttle.turn(f"{number}.example", clock.sleep):
            pass
    assert clock.now == 0


def most_at_once(throttle: HostThrottle, host: str, expected: int) -> int:
    """Return how many threads held a turn at a host at the same time."""
    lock, here, most = threading.Lock(), [0], [0]
    crowd, nobody = threading.Barrier(expected), threading.Event()

    def ask(_: int) -> None:
        with throttle.turn(host, lambda _seconds: None):
            with lock:
                here[0] += 1
                most[0] = max(most[0], here[0])
            # All who may be here come; one more would come meanwhile.
            crowd.wait(timeout=60)
            nobody.wait(0.01)
            with lock:
                here[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(expected * 5)))
    return most[0]


@pytest.mark.parametrize(
    ("host", "most"),
    [("a.example", 3), ("commons.wikimedia.org", 1), ("upload.wikimedia.org", 1)],
)
def test_threads_share_the_places_at_a_host(host: str, most: int) -> None:
    config = read_settings(crawl_requests_at_once=3, crawl_requests_per_second=0)
    assert most_at_once(HostThrottle(config), host, most) == most


def taken() -> tuple[list[str], Callable[[str, float, float], float]]:
    names: list[str] = []

    def take(name: str, _capacity: float, _refill: float) -> float:
        names.append(name)
        return 0.0

    return names, take


def test_catalogues_share_a_bucket_with_all_workers_and_other_hosts_do_not() -> None:
    names, take = taken()
    config = read_settings(
        openverse_api_url="https://api.openverse.org",
        google_images_url="https://www.google.com/search",
    )
    throttle = HostThrottle(config, take)
    for host in ("upload.wikimedia.org", "api.openverse.org", "www.google.com", "a.example"):
        with throttle.turn(host, lambda _seconds: None):
            pass
    assert names == [
        "crawl.upload.wikimedia.org",
        "crawl.api.openverse.org",
        "crawl.www.google.com",
    ]


def test_shared_buckets_hold_a_second_of_a_host_and_a_quarter_of_an_apis_minute() -> None:
    buckets: list[tuple[str, float, float]] = []

    def take(name: str, capacity: float, refill_per_second: float) -> float:
        buckets.append((name, capacity, refill_per_second))
        return 0.0

    throttle = HostThrottle(read_settings(crawl_requests_per_second=3), take)
    with throttle.turn("upload.wikimedia.org", lambda _seconds: None):
        throttle.seconds_to_wait("an.api", 20)
    assert buckets == [("crawl.upload.wikimedia.org", 3.0, 3.0), ("an.api", 5.0, 0.25)]


@given(per_minute=st.floats(1, 600))
def test_api_with_a_limit_a_minute_is_not_asked_more_often_in_any_minute(
    per_minute: float,
) -> None:
    clock = Clock()
    throttle = HostThrottle(read_settings(), clock=clock)
    asked: list[float] = []
    while clock.now < 150 and len(asked) < 300:
        clock.now += throttle.seconds_to_wait("an.api", per_minute)
        asked.append(clock.now)
    for start in asked:
        within = [moment for moment in asked if start <= moment < start + 60 - 1e-6]
        assert len(within) <= max(per_minute, 1) + 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> HostGate:
    throttle = HostThrottle(read_settings(crawl_requests_per_second=0), clock=clock)
    return HostGate(throttle, clock.sleep, max_pause_seconds=60, clock=clock)


def test_pause_is_waited_for_once(gate: HostGate, clock: Clock) -> None:
    gate.leave_alone("a.example", 30)
    for _ in range(2):
        with gate.turn("a.example"):
            assert clock.now == 30


def test_other_hosts_do_not_wait(gate: HostGate, clock: Clock) -> None:
    gate.leave_alone("a.example", 30)
    with gate.turn("b.example"):
        assert clock.now == 0


def test_pause_that_is_too_long_is_an_error_until_it_is_short(gate: HostGate, clock: Clock) -> None:
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


def test_pace_of_the_host_is_kept_as_well(clock: Clock) -> None:
    throttle = HostThrottle(read_settings(crawl_requests_per_second=1), clock=clock)
    gate = HostGate(throttle, clock.sleep, max_pause_seconds=60, clock=clock)
    for _ in range(4):
        with gate.turn("a.example"):
            pass
    assert clock.now == 3
