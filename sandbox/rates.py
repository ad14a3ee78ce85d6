"""Limit how often a client may ask, as the real services do, with a token bucket."""

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Allow `per_minute` requests a minute on average, and `burst` of them at once."""

    def __init__(
        self,
        per_minute: float,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_minute / 60
        self._size = per_minute if burst is None else burst
        self._tokens = self._size
        self._clock = clock
        self._filled_at = clock()
        self._lock = threading.Lock()

    def seconds_until_allowed(self, units: float = 1) -> float:
        """Take `units` and return 0, or take nothing and return the seconds to wait for them."""
        with self._lock:
            self._fill()
            if self._tokens >= units:
                self._tokens -= units
                return 0.0
            return (units - self._tokens) / self._per_second

    def spend(self, units: float) -> None:
        """Take `units` that were used already, into debt if there are not as many."""
        with self._lock:
            self._fill()
            self._tokens -= units

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
