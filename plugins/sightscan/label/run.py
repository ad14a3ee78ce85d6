"""Label the photos of a city: choose, reserve, send, settle, until the cap or the pile is used up.

The warehouse is written in the calling thread only; other threads shrink photos and send them.
Whatever kills the worker, no photo is sent twice: its reservation was committed before it was made
fit to send, and that it is about to be sent is committed just before that.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from google.cloud import vision

from sightscan.city import City
from sightscan.errors import ServiceError, WarehouseError
from sightscan.label.matching import SightIndex
from sightscan.label.relabel import relabel_answers
from sightscan.label.results import RELEASED, SettledBatch, settle_batch
from sightscan.label.selection import PhotoChoice
from sightscan.label.sender import (
    BatchResult,
    PreparedBatch,
    ReservedPhoto,
    prepare_batch,
    send_batch,
    withhold_batch,
)
from sightscan.label.throttle import Pace
from sightscan.label.vision import IMAGES_PER_REQUEST, REQUEST_TIMEOUT_SECONDS, Fate
from sightscan.settings import Settings
from sightscan.spend.caps import calls_left, explain_caps, vision_caps
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.labels import list_city_photos, read_photos_to_label
from sightscan.warehouse.registry.sights import list_sights
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    CapName,
    Caps,
    Payer,
    UnitsSpent,
    count_units,
    mark_calls_sent,
    reserve_calls,
    settle_abandoned_calls,
    sum_units_spent,
)
from sightscan.warehouse.spend.prices import UnitPrice, unit_price

logger = logging.getLogger(__name__)

# A live worker's reservation is answered within the time-out, after it waited for a free thread.
ABANDONED_AFTER_SECONDS = 3 * REQUEST_TIMEOUT_SECONDS
PROGRESS_SECONDS = 5.0
# So long is a warehouse waited for that went away, with paid answers in hand.
RECONNECT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What a label task did.

    In images: `sent` (perhaps or surely processed) is answered + failed + unknown, less those
    failed that were unfit to send; `empty` are answers without a landmark; `released` were not
    processed, or left unsent by dead workers; `abandoned` were left by them and are unknown now;
    `spent` of `cap` is the city's total; `skipped_by_cap` wait for a higher cap, `stopped_by` says
    which and what to raise. In labels, of this task's answers: accepted, held_back, unmatched;
    `relabelled` are earlier ones that read differently today.
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
    stopped_by: str = ""


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
    with ExitStack() as opened:
        run = _LabelRun(connection, client, config, city, payer, opened=opened)
        trouble = run.go()
        spent = run.units_spent()
    counts = run.counts
    report = LabelReport(
        sent=counts["sent"],
        answered=counts["answered"],
        empty=counts["empty"],
        failed=counts["failed"],
        unknown=counts["unknown"],
        released=counts["released"] + abandoned.released,
        abandoned=abandoned.unknown,
        accepted=counts["accepted"],
        held_back=counts["held_back"],
        unmatched=counts["unmatched"],
        relabelled=relabelled,
        cap=run.caps.city,
        spent=spent.by_city,
        skipped_by_cap=len(run.waiting) if run.stopped_by else 0,
        stopped_by=explain_caps(run.stopped_by, run.caps, spent),
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
    """The state of one label task; `waiting` are the photos still to be sent."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        client: vision.ImageAnnotatorClient,
        config: Settings,
        city: City,
        payer: Payer,
        *,
        opened: ExitStack,
    ) -> None:
        self._opened = opened
        self.caps = vision_caps(config)
        self.counts: Counter[str] = Counter()
        self.stopped_by: tuple[CapName, ...] = ()
        sights = list_sights(connection, city.city_id)
        self.waiting = PhotoChoice(
            list_city_photos(connection, VISION_LANDMARKS, city.city_id),
            {sight.sight_id: sight.rank for sight in sights if sight.sight_id is not None},
            minimum=config.min_image_number_per_label,
        )
        self._connection = connection
        self._client = client
        self._city = city
        self._payer = payer
        self._min_score = config.min_label_score
        self._concurrency = config.vision_concurrency
        self._index = SightIndex(city, sights)
        self._pace = Pace(config.vision_images_per_minute, config.vision_concurrency)
        self._config = config
        self._price: tuple[date, UnitPrice] | None = None
        self._counted = (
            None if self.caps.in_all is None else count_units(connection, VISION_LANDMARKS)
        )
        # What the city may ever pay for decides what is begun; a run's or a month's cap only when.
        for_ever = Caps(city=self.caps.city, in_all=self.caps.in_all)
        self._calls_left = calls_left(for_ever, self.units_spent())
        self._in_flight: dict[Future[PreparedBatch | BatchResult], None] = {}
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

    def units_spent(self) -> UnitsSpent:
        """Return the images that count against the caps."""
        return sum_units_spent(
            self._connection,
            VISION_LANDMARKS,
            self._city.city_id,
            dag_id=self._payer.dag_id,
            run_id=self._payer.run_id,
        )

    def _price_in_force(self) -> UnitPrice:
        """Return today's price: a task may work past midnight."""
        today = datetime.now(UTC).date()
        if self._price is None or self._price[0] != today:
            self._price = today, unit_price(self._config, VISION_LANDMARKS.price_name, on=today)
        return self._price[1]

    def _go_on(self, pool: ThreadPoolExecutor) -> bool:
        """Send one batch, or settle what came back; return whether there is more to do."""
        pause = None
        if self._may_send():
            batch_size = min(len(self.waiting), IMAGES_PER_REQUEST)
            pause = self._pace.seconds_to_wait(self._connection, batch_size)
            if pause == 0:
                self._prepare_next(pool)
                return True
        elif not self._in_flight:
            return False
        self._take_what_came_back(pool, pause)
        return True

    def _may_send(self) -> bool:
        return (
            len(self.waiting) > 0
            and not self.stopped_by
            and self._trouble is None
            and self._has_room()
        )

    def _has_room(self) -> bool:
        """Tell whether a sender is free, or is as good as free.

        One good answer may wait to be settled until the next batch is sent: the sender need not
        wait for the warehouse. A bad one is learnt from first.
        """
        answered = sum(future.done() and _is_good(future) for future in self._in_flight)
        return len(self._in_flight) - min(answered, 1) < self._pace.width

    def _prepare_next(self, pool: ThreadPoolExecutor) -> None:
        """Read, reserve and prepare the next photos; those that a cap leaves out wait on."""
        chosen = self.waiting.take(IMAGES_PER_REQUEST, calls_left=self._calls_left)
        # Read before they are reserved: a photo that is gone by now must not cost a call.
        photos = {
            photo.sha256: photo
            for photo in read_photos_to_label(self._connection, self._city.city_id, chosen)
        }
        reserved = reserve_calls(
            self._connection,
            VISION_LANDMARKS,
            self._payer,
            list(photos),
            caps=self.caps,
            price=self._price_in_force(),
            is_marked_when_sent=True,
            counted=self._counted,
        )
        self.waiting.forget([sha256 for sha256 in chosen if sha256 not in photos])
        self._calls_left = max(self._calls_left - len(reserved.calls), 0)
        self.stopped_by = reserved.stopped_by
        if "in_all" in self.stopped_by and self._counted is not None:
            # Some may have been released since that was counted: from now on it is exact, and slow.
            self._counted, self.stopped_by = None, ()
        mine = {call.subject_sha256 for call in reserved.calls}
        left_out = [sha256 for sha256 in photos if sha256 not in mine]
        if reserved.stopped_by:
            self.waiting.put_back(left_out)
        else:
            # Somebody else reserved them at the same moment.
            self.waiting.forget(left_out)
        if reserved.calls:
            self._pace.use(len(reserved.calls))
            batch = [
                ReservedPhoto(call.call_id, photos[call.subject_sha256]) for call in reserved.calls
            ]
            self._in_flight[pool.submit(prepare_batch, batch)] = None

    def _take_what_came_back(self, pool: ThreadPoolExecutor, pause: float | None) -> None:
        """Wait for a batch, or for the pause to be over; send what is ready, settle the answers."""
        timeout = PROGRESS_SECONDS if pause is None else min(pause, PROGRESS_SECONDS)
        if not self._in_flight:
            time.sleep(timeout)
        done, _ = wait(self._in_flight, timeout=timeout, return_when=FIRST_COMPLETED)
        # What is ready is sent before an answer is settled, and answers are settled one at a time: no
        # sender waits for the warehouse longer than it must.
        answers = []
        for future in done:
            result = future.result()
            if isinstance(result, BatchResult):
                answers.append((future, result))
                continue
            # Already now: what may have been sent must not be released by _settle_the_rest.
            del self._in_flight[future]
            if self._trouble is None:
                self._send(pool, result)
            else:
                self._release(result)
        for future, result in answers[:1]:
            self._settle(result)
            # Only now: an interrupted settlement is made up for by _settle_the_rest.
            del self._in_flight[future]

    def _send(self, pool: ThreadPoolExecutor, batch: PreparedBatch) -> None:
        """Send a batch, without the photos that were given up meanwhile by somebody else."""
        # The thread that prepared it is free: it is sent at once.
        may_be_sent = set(mark_calls_sent(self._connection, batch.call_ids))
        ready = batch.only(may_be_sent)
        self.waiting.forget(
            [photo.sha256 for photo, _ in batch.ready if photo.call_id not in may_be_sent]
        )
        self._in_flight[pool.submit(send_batch, self._client, ready, self._city)] = None

    def _settle_the_rest(self) -> None:
        """Settle all that is on its way: one that cannot be settled does not keep the others from it.

        Raises:
            psycopg.Error, WarehouseError: what went wrong first, after all others.

        """
        done, _ = wait(self._in_flight)
        problems = []
        for future in done:
            if future.exception() is not None:
                continue
            result = future.result()
            try:
                if isinstance(result, BatchResult):
                    self._settle(result)
                else:
                    self._release(result)
            except (psycopg.Error, WarehouseError) as error:
                problems.append(error)
        self._in_flight.clear()
        if problems:
            raise problems[0]

    def _connect_again(self) -> None:
        """Replace a connection that was lost: what is on its way is paid for, and must be written."""
        deadline = time.monotonic() + RECONNECT_SECONDS
        pause = 0.5
        while self._connection.closed:
            try:
                self._connection = self._opened.enter_context(
                    connect(self._config, autocommit=True)
                )
            except WarehouseError:
                if time.monotonic() + pause > deadline:
                    raise
                logger.warning("the warehouse is away; again in %.0f s", pause)
                time.sleep(pause)
                pause *= 2

    def _settle(self, result: BatchResult) -> None:
        self._write(result)
        if not result.sent:
            # Nothing was sent, so nothing is to be learnt of the service.
            return
        try:
            self._pace.learn(result.outcome)
        except ServiceError as error:
            # What is on its way is paid for: it is settled before the task fails.
            self._trouble = self._trouble or error

    def _release(self, batch: PreparedBatch) -> None:
        """Give back what was reserved and not sent."""
        self._write(withhold_batch(batch))

    def _settle_batch(self, result: BatchResult) -> SettledBatch:
        try:
            return settle_batch(self._connection, result, self._index, min_score=self._min_score)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connect_again()
        # Again is the same, should the first have been committed.
        return settle_batch(self._connection, result, self._index, min_score=self._min_score)

    def _write(self, result: BatchResult) -> None:
        """Settle a batch in the warehouse, and let the choice learn from it."""
        settled = self._settle_batch(result)
        self.counts += settled.counts
        sent = [photo.sha256 for photo in result.sent]
        if result.outcome.fate in RELEASED:
            # Not processed, so not spent: there may be room below the caps again.
            self.waiting.put_back(sent)
            self._calls_left += len(sent)
            self.stopped_by = ()
        else:
            for sha256, sight_ids in settled.accepted_sight_ids.items():
                self.waiting.note_answer(sha256, sight_ids)
            self.waiting.forget(
                [sha256 for sha256 in sent if sha256 not in settled.accepted_sight_ids]
            )
        if result.unfit:
            # They were never sent, so there is room for others.
            self.waiting.forget([photo.sha256 for photo in result.unfit])
            self._calls_left += len(result.unfit)
            self.stopped_by = ()

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


def _is_good(future: Future[PreparedBatch | BatchResult]) -> bool:
    if future.exception() is not None:
        return False
    result = future.result()
    return isinstance(result, BatchResult) and result.outcome.fate is Fate.ANSWERED
