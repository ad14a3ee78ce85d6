"""How fast, and how many at a time, hosts are asked; and which want to be left alone.

A provider's limit holds for all its hosts, and for all workers, together: such limits are counted in
the warehouse, where there is one. Other hosts' turns are buckets in memory, their places semaphores.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, Self

from sightscan.http_answers import Judge, NotNowError, judge_status
from sightscan.http_judges import judge_wikimedia

# https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits: for a User-Agent with a contact, without
# one, and in any case.
WIKIMEDIA_REQUESTS_PER_MINUTE = 200.0
WIKIMEDIA_REQUESTS_PER_MINUTE_WITHOUT_CONTACT = 10.0
WIKIMEDIA_REQUESTS_AT_ONCE = 3
WIKIMEDIA_DOMAINS = ("wikimedia.org", "wikipedia.org", "wikidata.org")
# The query service counts what queries cost, and bans for it; nobody else of Wikimedia does.
HOSTS_WITH_BANS = frozenset({"query.wikidata.org"})
# Photos come for hours: an even pace is worth more than a quick start.
WIKIMEDIA_BURST_SHARE = 0.05
# Who finds all places taken looks again after so long.
SLOT_POLL_SECONDS = 0.2

_HOST = re.compile(r"https?://([^/:?#]+)", re.IGNORECASE)

GiveBack = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket holds, and what flows into it."""

    capacity: float
    refill_per_second: float

    @classmethod
    def within(cls, count: float, seconds: float, burst_share: float) -> Self:
        """Return a rate that lets at most `count` pass in any so many seconds, a share at once."""
        capacity = max(1.0, count * burst_share)
        return cls(capacity, max(count - capacity, 1.0) / seconds)


# For a bucket that is only there for its pauses.
ANY_PACE = Rate(1e6, 1e6)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a turn comes, and for how long the service wants none at all."""

    wait_seconds: float
    pause_seconds: float = 0.0


class Counter(Protocol):
    """Counts what is asked of services; threads may share it."""

    def take_turn(self, bucket: str, rate: Rate, max_wait_seconds: float = inf) -> Turn | None:
        """Take a turn, and say when it comes; None, and nothing taken, if that is too late."""

    def pause(self, bucket: str, pause_seconds: float) -> None:
        """Note that a service wants to be left alone for so long."""

    def take_slot(self, pool: str, at_once: int, lease_seconds: float) -> GiveBack | None:
        """Take one of the places, and return how to give it back; None: all are taken."""


@dataclass
class _Bucket:
    tokens: float
    refilled_at: float
    paused_until: float = 0.0


class MemoryCounter:
    """Counts what this process asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with all buckets full."""
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    def take_turn(self, bucket: str, rate: Rate, max_wait_seconds: float = inf) -> Turn | None:
        """Take a turn, in debt if need be: threads queue up in the order in which they took."""
        with self._lock:
            now = self._clock()
            known = self._buckets.setdefault(bucket, _Bucket(rate.capacity, now))
            flowed = (now - known.refilled_at) * rate.refill_per_second
            tokens = min(rate.capacity, known.tokens + flowed) - 1
            wait_seconds = max(-tokens / rate.refill_per_second, 0.0)
            if wait_seconds > max_wait_seconds:
                return None
            known.tokens, known.refilled_at = tokens, now
            return Turn(wait_seconds, max(known.paused_until - now, 0.0))

    def pause(self, bucket: str, pause_seconds: float) -> None:
        """Note that a service wants to be left alone for so long, if it was ever asked."""
        with self._lock:
            if (known := self._buckets.get(bucket)) is not None:
                known.paused_until = max(known.paused_until, self._clock() + pause_seconds)

    def take_slot(self, pool: str, at_once: int, lease_seconds: float) -> GiveBack | None:
        """Take one of the places: none outlives the process, so none needs a lease."""
        del lease_seconds
        with self._lock:
            if self._taken.get(pool, 0) >= at_once:
                return None
            self._taken[pool] = self._taken.get(pool, 0) + 1
        return lambda: self._give_back(pool)

    def _give_back(self, pool: str) -> None:
        with self._lock:
            self._taken[pool] -= 1


@dataclass(frozen=True, slots=True)
class HostLimit:
    """What holds for a host, under the name by which it is counted; None: no limit.

    `is_shared`: turns are counted with all workers; `has_shared_slots`: places, too. `own_pauses` is
    the name of pauses that are this host's alone, where the others of its provider need not keep them.
    """

    name: str
    rate: Rate | None = None
    at_once: int | None = None
    is_shared: bool = False
    has_shared_slots: bool = False
    own_pauses: str | None = None


@dataclass(slots=True)
class HostThrottle:
    """The limits of hosts, and who counts them; gates of several clients may share it."""

    limit_of: Callable[[str], HostLimit]
    shared: Counter
    own: Counter = field(default_factory=MemoryCounter)
    _places: dict[str, threading.BoundedSemaphore] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counter_of(self, limit: HostLimit) -> Counter:
        """Return who counts the turns at a host."""
        return self.shared if limit.is_shared else self.own

    def places(self, limit: HostLimit) -> AbstractContextManager[object]:
        """Return the places at a host for the threads of this process; to be entered is to hold one."""
        if limit.at_once is None:
            return nullcontext()
        with self._lock:
            return self._places.setdefault(limit.name, threading.BoundedSemaphore(limit.at_once))


class HostGate:
    """Lets threads ask hosts as fast as they allow, and none that wants to be left alone."""

    def __init__(
        self,
        throttle: HostThrottle,
        sleep: Callable[[float], None],
        *,
        max_pause_seconds: float,
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the throttle; a pause of up to `max_pause_seconds` is waited for.

        No request may take longer than `lease_seconds`: its place is free then.
        """
        self._throttle = throttle
        self._sleep = sleep
        self._max_pause_seconds = max_pause_seconds
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._paused_until: dict[str, float] = {}

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait for a turn at a host, and hold it.

        Raises:
            NotNowError: the host asked for a pause that is too long to wait for.

        """
        limit = self._throttle.limit_of(host)
        self._keep_pauses(limit, host)
        with self._throttle.places(limit):
            if limit.rate is not None:
                self._wait_for_turn(limit, limit.rate)
            # Somebody may have been told to go away meanwhile, here or on another worker.
            self._keep_pauses(limit, host)
            if limit.has_shared_slots and limit.at_once is not None:
                with self._slot(limit, limit.at_once):
                    yield
            else:
                yield

    def leave_alone(self, host: str, seconds: float) -> None:
        """Note what a host asks for; all threads wait: it asks us, not one connection."""
        limit = self._throttle.limit_of(host)
        name = limit.own_pauses or limit.name
        self._note_pause(name, seconds)
        self._throttle.counter_of(limit).pause(name, seconds)

    def _wait_for_turn(self, limit: HostLimit, rate: Rate) -> None:
        counter, wait_seconds = self._throttle.counter_of(limit), 0.0
        for name, pace in ((limit.name, rate), (limit.own_pauses, ANY_PACE)):
            if name is not None and (turn := counter.take_turn(name, pace)) is not None:
                wait_seconds += turn.wait_seconds
                self._note_pause(name, turn.pause_seconds)
        if wait_seconds > 0:
            self._sleep(wait_seconds)

    def _keep_pauses(self, limit: HostLimit, host: str) -> None:
        until = self._paused_until.get(limit.name, 0.0)
        if limit.own_pauses is not None:
            until = max(until, self._paused_until.get(limit.own_pauses, 0.0))
        pause = until - self._clock()
        if pause > self._max_pause_seconds:
            msg = f"{host} asks to be left alone for {pause:.0f} s more"
            raise NotNowError(msg, is_final=True, was_sent=False, advice="try later")
        if pause > 0:
            self._sleep(pause)

    def _note_pause(self, name: str, seconds: float) -> None:
        if seconds > 0:
            until = self._clock() + seconds
            self._paused_until[name] = max(self._paused_until.get(name, 0.0), until)

    @contextmanager
    def _slot(self, limit: HostLimit, at_once: int) -> Iterator[None]:
        counter = self._throttle.counter_of(limit)
        while True:
            give_back = counter.take_slot(limit.name, at_once, self._lease_seconds)
            if give_back is not None:
                break
            self._sleep(SLOT_POLL_SECONDS)
        try:
            yield
        finally:
            give_back()


def is_wikimedia(host: str) -> bool:
    """Tell whether a host is one of Wikimedia's, which have their limits in common."""
    return any(host == domain or host.endswith(f".{domain}") for domain in WIKIMEDIA_DOMAINS)


def leads_to_wikimedia(url: str) -> bool:
    """Tell whether a setting leads to Wikimedia itself, not to a mirror or a stand-in."""
    found = _HOST.match(url)
    return found is not None and is_wikimedia(found[1].lower())


def judge_at(host: str) -> Judge:
    """Return how answers of a host are taken that are not an API's."""
    return judge_wikimedia if is_wikimedia(host) else judge_status


def wikimedia_limit(host: str, *, has_contact: bool, max_per_second: float = inf) -> HostLimit:
    """Return what Wikimedia allows at one of its hosts, or less, if less is wanted."""
    published = (
        WIKIMEDIA_REQUESTS_PER_MINUTE
        if has_contact
        else WIKIMEDIA_REQUESTS_PER_MINUTE_WITHOUT_CONTACT
    )
    rate = Rate.within(min(published, max_per_second * 60), 60, WIKIMEDIA_BURST_SHARE)
    return HostLimit(
        "wikimedia",
        rate,
        WIKIMEDIA_REQUESTS_AT_ONCE,
        is_shared=True,
        has_shared_slots=True,
        own_pauses=f"wikimedia.{host}" if host in HOSTS_WITH_BANS else None,
    )
