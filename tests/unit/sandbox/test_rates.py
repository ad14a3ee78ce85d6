"""The token bucket: how many at once, how many in the long run."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.rates import TokenBucket


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_allows_its_burst_and_no_more() -> None:
    bucket = TokenBucket(60, burst=3, clock=Clock())
    waits = [bucket.seconds_until_allowed() for _ in range(4)]
    assert waits == [0, 0, 0, 1]


def test_waiting_as_told_is_enough() -> None:
    clock = Clock()
    bucket = TokenBucket(30, burst=1, clock=clock)
    bucket.seconds_until_allowed()
    clock.now += bucket.seconds_until_allowed()
    assert bucket.seconds_until_allowed() == 0


def test_what_was_spent_before_is_waited_for() -> None:
    bucket = TokenBucket(60, burst=2, clock=Clock())
    bucket.spend(4)
    assert bucket.seconds_until_allowed() == 3


@given(st.lists(st.floats(0, 20), max_size=60))
def test_never_more_than_the_rate_and_the_burst(pauses: list[float]) -> None:
    clock = Clock()
    bucket = TokenBucket(20, burst=5, clock=clock)
    allowed = 0
    for pause in pauses:
        clock.now += pause
        allowed += bucket.seconds_until_allowed() == 0
    assert allowed <= 5 + clock.now * 20 / 60 + 1e-6
