"""How fast, and how many at a time, each host is asked; and which want to be left alone.

Hosts of the catalogues are asked by several tasks at once, on several workers: their throttle is a
token bucket in the warehouse, shared by all. Photos lie on thousands of hosts, most asked once:
theirs are buckets in memory. How many requests are open at a time is counted in each task.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from sightscan.http_answers import NotNowError
from sightscan.settings import Settings

# https://www.mediawiki.org/wiki/API:Etiquette asks for one request after the other.
SERIAL_HOSTS = (".wikimedia.org", ".wikipedia.org")
BURST_SECONDS = 1.0
# A bucket that holds a quarter of a minute's requests and refills with the rest never lets more
# than a minute's requests pass in any sixty seconds.
HOST_BURST_SHARE = 0.25

# (name of the bucket, its capacity, its refill a second) -> seconds to wait.
TakeToken = Callable[[str, float, float], float]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket holds, and what flows into it."""

    capacity: float
    refill_per_second: float


@dataclass
class _Bucket:
    tokens: float
    refilled_at: float

    def take(self, rate: Rate, now: float) -> float:
        """Take a token, in debt if need be: threads queue up in the order in which they took."""
        flowed = (now - self.refilled_at) * rate.refill_per_second
        self.tokens = min(rate.capacity, self.tokens + flowed) - 1
        self.refilled_at = now
        return max(-self.tokens / rate.refill_per_second, 0.0)


class HostThrottle:
    """Lets threads ask a host one after the other, and not too many at a time."""

    def __init__(
        self,
        config: Settings,
        take_shared: TakeToken | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the limits; `take_shared` takes from the warehouse's buckets."""
        self._config = config
        self._take_shared = take_shared
        self._clock = clock
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()
        apis = (config.commons_api_url, config.openverse_api_url, config.flickr_api_url)
        pages = (config.google_images_url, config.bing_images_url)
        self._shared = {httpx.URL(url).host for url in (*apis, *pages)}

    @contextmanager
    def turn(self, host: str, sleep: Callable[[float], None]) -> Iterator[None]:
        """Wait for a turn at a host, with `sleep`, and hold it."""
        with self._slots_of(host):
            wait = self._wait_for_host(host)
            if wait > 0:
                sleep(wait)
            yield

    def seconds_to_wait(self, name: str, per_minute: float) -> float:
        """Take a turn at an API with a limit of its own; return how long to wait for it."""
        capacity = max(1.0, per_minute * HOST_BURST_SHARE)
        refill = max(per_minute - capacity, 1.0) / 60
        return self._take(name, Rate(capacity, refill), is_shared=True)

    def _slots_of(self, host: str) -> threading.BoundedSemaphore:
        at_once = 1 if host.endswith(SERIAL_HOSTS) else self._config.crawl_requests_at_once
        with self._lock:
            return self._slots.setdefault(host, threading.BoundedSemaphore(at_once))

    def _wait_for_host(self, host: str) -> float:
        per_second = self._config.crawl_requests_per_second
        if per_second == 0:
            return 0.0
        rate = Rate(max(1.0, per_second * BURST_SECONDS), per_second)
        is_shared = host in self._shared or host.endswith(SERIAL_HOSTS)
        return self._take(f"crawl.{host}", rate, is_shared=is_shared)

    def _take(self, name: str, rate: Rate, *, is_shared: bool) -> float:
        if is_shared and self._take_shared is not None:
            return self._take_shared(name, rate.capacity, rate.refill_per_second)
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(rate.capacity, self._clock()))
            return bucket.take(rate, self._clock())


class HostGate:
    """Lets threads ask hosts as fast as they allow, and none that wants to be left alone."""

    def __init__(
        self,
        throttle: HostThrottle,
        sleep: Callable[[float], None],
        max_pause_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the throttle; a pause of up to `max_pause_seconds` is waited for."""
        self._throttle = throttle
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
        with self._throttle.turn(host, self._sleep):
            yield

    def leave_alone(self, host: str, seconds: float) -> None:
        """Note what a host asks for; all threads wait: it asks us, not one connection."""
        self._paused_until[host] = self._clock() + seconds
