"""What a fetcher remembers about a host: its pace, and how long it asked to be left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sightscan.crawl.fetch.host_limits import HostPace
from sightscan.http_answers import NotNowError


class HostGate:
    """Lets threads ask hosts at their pace, and none that wants to be left alone."""

    def __init__(
        self,
        pace: HostPace,
        sleep: Callable[[float], None],
        max_pause_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the pace; a pause of up to `max_pause_seconds` is waited for."""
        self._pace = pace
        self._sleep = sleep
        self._max_pause_seconds = max_pause_seconds
        self._clock = clock
        self._paused_until: dict[str, float] = {}

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait for a turn at a host, and hold it.

        Raises:
            NotNowError: the host asked for a pause that is too long to wait for.

        """
        pause = self._paused_until.get(host, 0.0) - self._clock()
        if pause > self._max_pause_seconds:
            msg = f"{host} asks to be left alone for {pause:.0f} s more"
            raise NotNowError(msg, is_final=True, was_sent=False)
        if pause > 0:
            self._sleep(pause)
        with self._pace.turn(host, self._sleep):
            yield

    def leave_alone(self, host: str, seconds: float) -> None:
        """Note what a host asks for; all threads wait: it asks us, not one connection."""
        self._paused_until[host] = self._clock() + seconds
