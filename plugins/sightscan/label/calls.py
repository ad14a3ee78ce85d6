"""The paid calls of one label task in the warehouse: reserved, marked as sent, recorded.

Each is committed when it returns, so that no transaction is open while somebody waits. A connection
that is lost with paid answers in hand is replaced.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Self

import psycopg
from tenacity import (
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
)

from sightscan.errors import WarehouseError
from sightscan.label.sender import PreparedBatch, ReservedPhoto
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.spend.caps import vision_caps
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.labels.labels import LabelRow, merge_labels, read_photos_to_label
from sightscan.warehouse.spend.budgets import find_promise
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    CallResult,
    CallsSpent,
    CapName,
    count_calls,
    mark_calls_sent,
    record_call_results,
    reserve_calls,
    sum_calls_spent,
    take_tokens,
)
from sightscan.warehouse.spend.prices import UnitPrice, unit_price

logger = logging.getLogger(__name__)

BUCKET = "google_vision.images"
# So long is a warehouse waited for that went away, with paid answers in hand.
MAX_AWAY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ReservedBatch:
    """What became of chosen photos: those to be sent, those that a cap left out, and the others.

    `gone` were removed meanwhile, or somebody else pays for them.
    """

    photos: tuple[ReservedPhoto, ...]
    left_out: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    stopped_by: tuple[CapName, ...] = ()


class VisionCalls:
    """The calls of one run; leave it to close a connection that it opened itself."""

    def __init__(self, connection: psycopg.Connection[Any], config: Settings, run: Run) -> None:
        promise = find_promise(connection, run)
        self.caps = vision_caps(config, None if promise is None else promise.most_calls)
        self._connection = connection
        self._reopen = reopener(connection)
        self._config = config
        self._run = run
        self._opened = ExitStack()
        self._price: tuple[date, UnitPrice] | None = None
        self._counted = (
            None if self.caps.in_all is None else count_calls(connection, VISION_LANDMARKS)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def calls_spent(self) -> CallsSpent:
        """Return the images that count against the caps."""
        return sum_calls_spent(self._connection, VISION_LANDMARKS, self._run)

    def reserve(self, chosen: Sequence[bytes]) -> ReservedBatch:
        """Read photos and reserve calls about them, as many as the caps allow."""
        # Read before they are reserved: a photo that is gone by now must not cost a call.
        photos = {
            photo.sha256: photo
            for photo in read_photos_to_label(self._connection, self._run.city_id, chosen)
        }
        reserved = reserve_calls(
            self._connection,
            VISION_LANDMARKS,
            self._run,
            list(photos),
            caps=self.caps,
            price=self._price_in_force(),
            is_marked_when_sent=True,
            counted=self._counted,
        )
        calls = {call.subject_sha256: call.call_id for call in reserved.calls}
        not_mine = tuple(sha256 for sha256 in photos if sha256 not in calls)
        removed = tuple(sha256 for sha256 in chosen if sha256 not in photos)
        stopped_by = reserved.stopped_by
        if "in_all" in stopped_by and self._counted is not None:
            # Some may have been released since that was counted: from now on it is exact, and slow.
            self._counted, stopped_by = None, ()
        return ReservedBatch(
            tuple(ReservedPhoto(call_id, photos[sha256]) for sha256, call_id in calls.items()),
            left_out=not_mine if reserved.stopped_by else (),
            # Without a cap in the way, somebody else reserved them at the same moment.
            gone=removed if reserved.stopped_by else removed + not_mine,
            stopped_by=stopped_by,
        )

    def mark_sent(self, batch: PreparedBatch) -> PreparedBatch:
        """Note that a batch is about to be sent; return it without what others gave up meanwhile."""
        return batch.only(mark_calls_sent(self._connection, batch.call_ids))

    def store(self, call_results: Sequence[CallResult], labels: Sequence[LabelRow]) -> None:
        """Write what became of calls, and the labels of their answers: both or neither.

        Raises:
            psycopg.DataError, psycopg.IntegrityError: the warehouse refuses one of them.
            WarehouseError: it went away, and did not come back.

        """
        try:
            self._store(call_results, labels)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connect_again()
            # Again is the same, should the first have been committed.
            self._store(call_results, labels)

    def take_tokens(self, count: int, *, capacity: float, refill_per_second: float) -> float:
        """Take images from the quota that all workers share; return the seconds to wait for them."""
        return take_tokens(
            self._connection, BUCKET, count, capacity=capacity, refill_per_second=refill_per_second
        )

    def _price_in_force(self) -> UnitPrice:
        """Return today's price: a task may work past midnight."""
        today = datetime.now(UTC).date()
        if self._price is None or self._price[0] != today:
            self._price = today, unit_price(self._config, VISION_LANDMARKS.price_name, on=today)
        return self._price[1]

    def _store(self, call_results: Sequence[CallResult], labels: Sequence[LabelRow]) -> None:
        with self._connection.transaction():
            record_call_results(self._connection, call_results)
            merge_labels(self._connection, labels)

    def _connect_again(self) -> None:
        reopen = Retrying(
            stop=stop_before_delay(MAX_AWAY_SECONDS),
            wait=wait_exponential(multiplier=0.5),
            retry=retry_if_exception_type(WarehouseError),
            before_sleep=before_sleep_log(logger, logging.WARNING),
            reraise=True,
        )
        self._connection = reopen(lambda: self._opened.enter_context(self._reopen()))
