"""Label the photos of a city: choose, reserve, send, settle, until the cap or the pile is used up.

The warehouse is written in the calling thread only; other threads shrink photos and send them.
Whatever kills the worker, no photo is sent twice: its reservation was committed before it was sent.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from google.cloud import vision

from sightscan.city import City
from sightscan.errors import ServiceError
from sightscan.label.batch import BatchResult, ReservedPhoto, send_batch
from sightscan.label.matching import SightIndex
from sightscan.label.pace import Pace
from sightscan.label.relabel import relabel_answers
from sightscan.label.settling import RELEASED, settle_batch
from sightscan.label.vision import IMAGES_PER_REQUEST, REQUEST_TIMEOUT_SECONDS
from sightscan.settings import Settings
from sightscan.warehouse.labels import list_photos_to_label, read_photos_to_label
from sightscan.warehouse.ledger import (
    VISION_LANDMARKS,
    Payer,
    UnitsSpent,
    reserve_calls,
    settle_abandoned_calls,
    sum_units_spent,
)
from sightscan.warehouse.prices import unit_price
from sightscan.warehouse.sights import list_sights

logger = logging.getLogger(__name__)

# A live worker's reservation is answered within the time-out, after it waited for a free thread.
ABANDONED_AFTER_SECONDS = 3 * REQUEST_TIMEOUT_SECONDS
PROGRESS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What a label task did.

    In images: `sent` (perhaps or surely processed) is answered + failed + unknown, less those
    failed that were unfit to send; `empty` are answers without a landmark; `released` were not
    processed; `abandoned` were left by dead workers and are unknown now; `spent` of `cap` is the
    city's total; `skipped_by_cap` wait for a higher cap. In labels, of this task's answers:
    accepted, held_back, unmatched; `relabelled` are earlier ones that read differently today.
    """

    sent: int
    answered: int
    empty: int
    failed: int
    unknown: int
    released: int
    abandoned: int
    accepted: int
    held_back: int
    unmatched: int
    relabelled: int
    cap: int
    spent: int
    skipped_by_cap: int


def label_photos(
    connection: psycopg.Connection[Any],
    client: vision.ImageAnnotatorClient,
    config: Settings,
    city: City,
    *,
    dag_id: str,
    run_id: str,
) -> LabelReport:
    """Send the city's photos that nobody has paid for to Google Vision, as many as its cap allows.

    Again is the same: a second call sends nothing that was sent before.

    Raises:
        ServiceError: Google Vision refuses, or is in trouble; what was answered is kept.
        SettingsError: the price of a call is missing.

    """
    abandoned = settle_abandoned_calls(
        connection,
        VISION_LANDMARKS,
        older_than_seconds=ABANDONED_AFTER_SECONDS,
        dag_id=dag_id,
        run_id=run_id,
    )
    relabelled = relabel_answers(connection, config, city).changed
    payer = Payer(city.city_id, dag_id, run_id)
    run = _LabelRun(connection, client, config, city, payer)
    trouble = run.go()
    counts = run.counts
    report = LabelReport(
        sent=counts["sent"],
        answered=counts["answered"],
        empty=counts["empty"],
        failed=counts["failed"],
        unknown=counts["unknown"],
        released=counts["released"],
        abandoned=abandoned,
        accepted=counts["accepted"],
        held_back=counts["held_back"],
        unmatched=counts["unmatched"],
        relabelled=relabelled,
        cap=run.cap,
        spent=run.spent(),
        skipped_by_cap=len(run.waiting) if run.is_capped else 0,
    )
    logger.info(
        "label %s: %s",
        city.slug,
        " ".join(f"{name}={count}" for name, count in asdict(report).items()),
    )
    if trouble is not None:
        raise trouble
    return report


class _LabelRun:
    """The state of one label task; `waiting` are the photos still to be sent, the next one first."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        client: vision.ImageAnnotatorClient,
        config: Settings,
        city: City,
        payer: Payer,
    ) -> None:
        self.cap = config.max_google_vision_calls_per_new_city
        self._run_cap = config.max_google_vision_calls_per_run
        self.counts: Counter[str] = Counter()
        self.is_capped = False
        self.waiting = deque(
            list_photos_to_label(
                connection,
                VISION_LANDMARKS,
                city.city_id,
                dag_id=payer.dag_id,
                run_id=payer.run_id,
            )
        )
        self._connection = connection
        self._client = client
        self._city = city
        self._payer = payer
        self._min_score = config.min_label_score
        self._concurrency = config.vision_concurrency
        self._index = SightIndex(city, list_sights(connection, city.city_id))
        self._pace = Pace(config.vision_images_per_minute, config.vision_concurrency)
        self._price = unit_price(config, VISION_LANDMARKS.price_name)
        self._in_flight: dict[Future[BatchResult], None] = {}
        self._trouble: ServiceError | None = None
        self._logged_at = time.monotonic()

    def go(self) -> ServiceError | None:
        """Send and settle until nothing may be sent any more; return why not, in trouble."""
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="vision") as pool:
            try:
                while self._go_on(pool):
                    self._log_progress()
            finally:
                # Also when the task is interrupted: what is on its way is paid for.
                self._settle_the_rest()
        return self._trouble

    def spent(self) -> int:
        """Return the images that count against the city's cap."""
        return self._units_spent().by_city

    def _units_spent(self) -> UnitsSpent:
        return sum_units_spent(
            self._connection,
            VISION_LANDMARKS,
            self._city.city_id,
            dag_id=self._payer.dag_id,
            run_id=self._payer.run_id,
        )

    def _is_spent(self) -> bool:
        """Tell whether the city's cap or the run's is reached."""
        spent = self._units_spent()
        return spent.by_city >= self.cap or (
            self._run_cap is not None and spent.by_run >= self._run_cap
        )

    def _go_on(self, pool: ThreadPoolExecutor) -> bool:
        """Send one batch, or settle what came back; return whether there is more to do."""
        pause = None
        if self._may_send():
            batch_size = min(len(self.waiting), IMAGES_PER_REQUEST)
            pause = self._pace.seconds_to_wait(self._connection, batch_size)
            if pause == 0:
                self._send_next(pool)
                return True
        elif not self._in_flight:
            return False
        self._settle_what_came_back(pause)
        return True

    def _may_send(self) -> bool:
        return (
            bool(self.waiting)
            and not self.is_capped
            and self._trouble is None
            and len(self._in_flight) < self._pace.width
        )

    def _send_next(self, pool: ThreadPoolExecutor) -> None:
        """Read, reserve and send the next photos; those that the cap leaves out wait on."""
        chosen = [self.waiting.popleft() for _ in range(min(len(self.waiting), IMAGES_PER_REQUEST))]
        # Read before they are reserved: a photo that is gone by now must not cost a call.
        photos = {
            photo.sha256: photo
            for photo in read_photos_to_label(self._connection, self._city.city_id, chosen)
        }
        reservations = reserve_calls(
            self._connection,
            VISION_LANDMARKS,
            self._payer,
            list(photos),
            cap=self.cap,
            price=self._price,
            run_cap=self._run_cap,
        )
        reserved = {reservation.subject_sha256 for reservation in reservations}
        left_out = [sha256 for sha256 in photos if sha256 not in reserved]
        # Left out because of a cap, or because somebody else reserved them at the same moment.
        if left_out and self._is_spent():
            self.is_capped = True
            self.waiting.extendleft(reversed(left_out))
        if reservations:
            self._pace.use(len(reservations))
            batch = [
                ReservedPhoto(reservation.call_id, photos[reservation.subject_sha256])
                for reservation in reservations
            ]
            self._in_flight[pool.submit(send_batch, self._client, batch, self._city)] = None

    def _settle_what_came_back(self, pause: float | None) -> None:
        """Wait for an answer, or for the pause to be over; settle what is there."""
        timeout = PROGRESS_SECONDS if pause is None else min(pause, PROGRESS_SECONDS)
        if not self._in_flight:
            time.sleep(timeout)
        done, _ = wait(self._in_flight, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            self._settle(future.result())
            # Only now: an interrupted settlement is made up for by _settle_the_rest.
            del self._in_flight[future]

    def _settle_the_rest(self) -> None:
        done, _ = wait(self._in_flight)
        for future in done:
            if future.exception() is None:
                self._settle(future.result())
        self._in_flight.clear()

    def _settle(self, result: BatchResult) -> None:
        self.counts += settle_batch(
            self._connection, result, self._index, min_score=self._min_score
        )
        if result.outcome.fate in RELEASED:
            # Not processed, so not spent: there may be room below the cap again.
            self.waiting.extendleft(photo.sha256 for photo in reversed(result.sent))
            self.is_capped = False
        try:
            self._pace.learn(result.outcome)
        except ServiceError as error:
            # What is on its way is paid for: it is settled before the task fails.
            self._trouble = self._trouble or error

    def _log_progress(self) -> None:
        if time.monotonic() - self._logged_at < PROGRESS_SECONDS:
            return
        self._logged_at = time.monotonic()
        logger.info(
            "label %s: answered=%d on_their_way=%d waiting=%d",
            self._city.slug,
            self.counts["answered"],
            len(self._in_flight) * IMAGES_PER_REQUEST,
            len(self.waiting),
        )
