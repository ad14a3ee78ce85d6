"""When the next batch may be sent: the minute's quota, shared by all workers, and backoff."""

import time
from typing import Protocol

from sightscan.errors import ServiceError
from sightscan.label.vision import Outcome, SendStatus

# Google counts images a minute. A bucket that holds this share of a minute's images and refills
# with the rest lets a city of the usual size through at once, and never more than a minute's
# images pass in any sixty seconds.
VISION_BURST_SHARE = 0.6
# Over quota without a word about how long: Google's quotas are renewed each minute.
WAIT_SECONDS_UNTOLD = 15.0
MAX_WAIT_SECONDS = 120.0
MAX_BACKOFFS = 8
RECONNECT_SECONDS = 1.0
# Each may have been billed, so a service in trouble is left alone soon.
MAX_UNKNOWN_IN_A_ROW = 3


class TakeTokens(Protocol):
    """Takes tokens from the bucket that all workers share; returns the seconds to wait for them."""

    def __call__(self, count: int, *, capacity: float, refill_per_second: float) -> float:
        """Take so many."""


class Throttle:
    """Says when and how many batches may be in flight; counts refusals in a row."""

    def __init__(self, images_per_minute: int, concurrency: int, take_tokens: TakeTokens) -> None:
        self._capacity = images_per_minute * VISION_BURST_SHARE
        self._refill_per_second = (images_per_minute - self._capacity) / 60
        self._concurrency = concurrency
        self._take_tokens = take_tokens
        self._tokens = 0
        self._ready_at = 0.0
        self._backoffs = 0
        self._unknown = 0

    @property
    def width(self) -> int:
        """Return how many batches may be in flight: one, while the service is in trouble."""
        return 1 if self._backoffs or self._unknown else self._concurrency

    def seconds_to_wait(self, calls: int) -> float:
        """Return the seconds until that many images may be sent; 0: now."""
        if self._tokens < calls:
            wait = self._take_tokens(
                calls - self._tokens,
                capacity=self._capacity,
                refill_per_second=self._refill_per_second,
            )
            self._tokens = calls
            self._ready_at = max(self._ready_at, time.monotonic() + wait)
        return max(self._ready_at - time.monotonic(), 0.0)

    def use(self, calls: int) -> None:
        """Note that so many images are sent; tokens left over serve the next batch."""
        self._tokens -= calls

    def learn(self, outcome: Outcome) -> None:
        """Back off after a refusal, speed up after an answer.

        Raises:
            ServiceError: it is no use, or would cost too much, to go on.

        """
        match outcome.status:
            case SendStatus.ANSWERED:
                self._backoffs = self._unknown = 0
            case SendStatus.REFUSED:
                msg = f"Google Vision refuses: {outcome.detail}; nothing was paid for it"
                raise ServiceError(msg)
            case SendStatus.OVER_QUOTA:
                told = outcome.wait_seconds
                # Told too little again and again: wait longer each time.
                wait = WAIT_SECONDS_UNTOLD if told is None else told + self._backoffs
                self._back_off(outcome, wait)
            case SendStatus.NEVER_OPENED:
                self._back_off(outcome, RECONNECT_SECONDS * 2**self._backoffs)
            case SendStatus.UNKNOWN:
                self._unknown += 1
                if self._unknown >= MAX_UNKNOWN_IN_A_ROW:
                    msg = (
                        f"Google Vision left {self._unknown} requests in a row without an answer, "
                        f"the last with {outcome.detail}; their images count as spent and are not "
                        "sent again; look at https://status.cloud.google.com, then run the task "
                        "again for the rest"
                    )
                    raise ServiceError(msg)

    def _back_off(self, outcome: Outcome, wait_seconds: float) -> None:
        self._backoffs += 1
        if self._backoffs >= MAX_BACKOFFS or wait_seconds > MAX_WAIT_SECONDS:
            msg = (
                f"Google Vision cannot be used now ({outcome.detail}; wait {wait_seconds:.0f} s, "
                f"setback {self._backoffs} in a row); nothing was paid for it: check the quota and "
                "the connection, then run the task again for the rest"
            )
            raise ServiceError(msg)
        self._ready_at = max(self._ready_at, time.monotonic() + wait_seconds)
