"""A host that asks for a pause gets it from all threads, and the other hosts do not wait."""

from __future__ import annotations

import pytest

from sightscan.crawl.fetch.host_gate import HostGate
from sightscan.crawl.fetch.host_limits import HostPace
from sightscan.http_answers import NotNowError
from sightscan.settings import read_settings
from tests.stopped_clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> HostGate:
    pace = HostPace(read_settings(crawl_requests_per_second=0), clock=clock)
    return HostGate(pace, clock.sleep, max_pause_seconds=60, clock=clock)


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
    pace = HostPace(read_settings(crawl_requests_per_second=1), clock=clock)
    gate = HostGate(pace, clock.sleep, max_pause_seconds=60, clock=clock)
    for _ in range(4):
        with gate.turn("a.example"):
            pass
    assert clock.now == 3
