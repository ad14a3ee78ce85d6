"""Label the photos of a city: choose, reserve, send, record, until cap or backlog is used up.

The warehouse is written in the calling thread only; other threads shrink photos and send them.
Whatever kills the worker, no photo is sent twice: its reservation was committed before it was made
fit to send, and that it is about to be sent is committed just before that.
"""

import logging
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from google.cloud import vision

from sightscan.city import City
from sightscan.errors import ServiceError, WarehouseError
from sightscan.label.calls import ReservedBatch, VisionCalls
from sightscan.label.matching import SightIndex
from sightscan.label.relabel import relabel_answers
from sightscan.label.results import RecordedBatch, Results
from sightscan.label.selection import PhotoChoice
from sightscan.label.sender import BatchResult, PreparedBatch, Sender, withhold_batch
from sightscan.label.throttle import Throttle
from sightscan.label.vision import IMAGES_PER_REQUEST, REQUEST_TIMEOUT_SECONDS
from sightscan.progress import PROGRESS_SECONDS
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.spend.caps import calls_left, explain_caps
from sightscan.spend.street_photos import street_photo_limit
from sightscan.warehouse.labels.labels import list_city_photos
from sightscan.warehouse.registry.sights import list_sights
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    CapName,
    Caps,
    close_abandoned_calls,
)

logger = logging.getLogger(__name__)

# A live worker's reservation is answered within the time-out, after it waited for a free thread.
ABANDONED_AFTER_SECONDS = 3 * REQUEST_TIMEOUT_SECONDS


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
    run: Run,
) -> LabelReport:
    """Send the city's photos that nobody has paid for to Google Vision, as many as its cap allows.

    Again is the same: a second call sends nothing that was sent before.

    Raises:
        ServiceError: Google Vision refuses, or is in trouble; what was answered is kept.
        SettingsError: the price of a call is missing.

    """
    abandoned = close_abandoned_calls(
        connection, VISION_LANDMARKS, run, older_than_seconds=ABANDONED_AFTER_SECONDS
    )
    relabelled = relabel_answers(connection, config, city).changed
    sights = list_sights(connection, city.city_id)
    choice = PhotoChoice(
        list_city_photos(
            connection,
            VISION_LANDMARKS,
            city.city_id,
            streets_wanted=street_photo_limit(connection, config, city) > 0,
        ),
        {sight.sight_id: sight.rank for sight in sights if sight.sight_id is not None},
        minimum=config.min_image_number_per_label,
    )
    with (
        VisionCalls(connection, config, run) as calls,
        ThreadPoolExecutor(config.vision_concurrency, thread_name_prefix="vision") as pool,
    ):
        # What the city may ever pay for decides what is begun; a run's or a month's cap only when.
        for_ever = Caps(city=calls.caps.city, in_all=calls.caps.in_all)
        waiting = WaitingPhotos(choice, calls_left(for_ever, calls.calls_spent()))
        results = Results(calls.store, SightIndex(city, sights), min_score=config.min_label_score)
        throttle = Throttle(
            config.vision_images_per_minute, config.vision_concurrency, calls.take_tokens
        )
        loop = LabelLoop(waiting, calls, Sender(client, city, pool), results, throttle)
        trouble = loop.run(city.slug)
        spent = calls.calls_spent()
    counts = results.counts
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
        cap=calls.caps.city,
        spent=spent.by_city,
        skipped_by_cap=len(waiting) if waiting.stopped_by else 0,
        stopped_by=explain_caps(waiting.stopped_by, calls.caps, spent),
    )
    logger.info(
        "label %s: %s",
        city.slug,
        " ".join(f"{name}={count}" for name, count in asdict(report).items()),
    )
    if trouble is not None:
        raise trouble
    return report


class WaitingPhotos:
    """Photos that wait for a call; `stopped_by` are the caps that keep them from being sent.

    `calls_left` is what the city may ever pay for: it decides what is begun.
    """

    def __init__(self, choice: PhotoChoice, calls_left: int) -> None:
        self.stopped_by: tuple[CapName, ...] = ()
        self._choice = choice
        self._calls_left = calls_left

    def __len__(self) -> int:
        """Return how many photos wait."""
        return len(self._choice)

    @property
    def may_be_sent(self) -> bool:
        """Tell whether there is a photo, and no cap in its way."""
        return len(self) > 0 and not self.stopped_by

    def take(self, count: int) -> list[bytes]:
        """Take the photos that are next."""
        return self._choice.take(count, calls_left=self._calls_left)

    def note_reserved(self, batch: ReservedBatch) -> None:
        """Learn what became of photos that were taken; those that a cap leaves out wait on."""
        self._choice.forget(batch.gone)
        self._choice.put_back(batch.left_out)
        self._calls_left = max(self._calls_left - len(batch.photos), 0)
        self.stopped_by = batch.stopped_by

    def note_recorded(self, batch: RecordedBatch) -> None:
        """Learn from answers; what was not paid for makes room below the caps again."""
        for sha256, sight_ids in batch.accepted.items():
            self._choice.note_answer(sha256, sight_ids)
        self._choice.put_back(batch.released)
        self._choice.forget(batch.unfit + batch.lost)
        if batch.released or batch.unfit:
            self._calls_left += len(batch.released) + len(batch.unfit)
            self.stopped_by = ()

    def give_up(self, sha256s: Collection[bytes]) -> None:
        """Give up photos that somebody else took over after they were reserved."""
        self._choice.forget(sha256s)


class LabelLoop:
    """Takes turns between sending and recording; what it goes by is in the parts it is given."""

    def __init__(
        self,
        waiting: WaitingPhotos,
        calls: VisionCalls,
        sender: Sender,
        results: Results,
        throttle: Throttle,
    ) -> None:
        self._waiting = waiting
        self._calls = calls
        self._sender = sender
        self._results = results
        self._throttle = throttle
        self._trouble: ServiceError | None = None
        self._logged_at = time.monotonic()

    def run(self, name: str) -> ServiceError | None:
        """Send and record until nothing may be sent any more; return why not, in trouble."""
        try:
            while self._take_turn():
                self._log_progress(name)
        finally:
            # Also when the task is interrupted: what is in flight is paid for.
            self._record_the_rest()
        return self._trouble

    def _take_turn(self) -> bool:
        """Send one batch, or record what came back; return whether there is more to do."""
        pause_seconds = PROGRESS_SECONDS
        if self._may_send():
            batch_size = min(len(self._waiting), IMAGES_PER_REQUEST)
            pause_seconds = self._throttle.seconds_to_wait(batch_size)
            if pause_seconds == 0:
                self._reserve_next()
                return True
        elif not self._sender.in_flight:
            return False
        self._sender.wait_for_one(min(pause_seconds, PROGRESS_SECONDS))
        self._take_what_came_back()
        return True

    def _may_send(self) -> bool:
        return (
            self._waiting.may_be_sent
            and self._trouble is None
            and self._sender.has_room(self._throttle.width)
        )

    def _reserve_next(self) -> None:
        """Reserve the next photos, and let them be made fit."""
        batch = self._calls.reserve(self._waiting.take(IMAGES_PER_REQUEST))
        self._waiting.note_reserved(batch)
        if batch.photos:
            self._throttle.use(len(batch.photos))
            self._sender.prepare(batch.photos)

    def _take_what_came_back(self) -> None:
        # What is ready is sent before an answer is recorded, and answers are recorded one at a
        # time: no sender waits for the warehouse longer than it must.
        while (batch := self._sender.take_prepared()) is not None:
            if self._trouble is None:
                self._send(batch)
            else:
                self._release(batch)
        with self._sender.next_result() as result:
            if result is not None:
                self._record(result)

    def _send(self, batch: PreparedBatch) -> None:
        """Send a batch, without the photos that were given up meanwhile by somebody else."""
        marked = self._calls.mark_sent(batch)
        self._waiting.give_up(batch.sha256s - marked.sha256s)
        self._sender.send(marked)

    def _record(self, result: BatchResult) -> None:
        self._waiting.note_recorded(self._results.record(result))
        if not result.sent:
            # Nothing was sent, so nothing is to be learnt of the service.
            return
        try:
            self._throttle.learn(result.outcome)
        except ServiceError as error:
            # What is in flight is paid for: it is recorded before the task fails.
            self._trouble = self._trouble or error

    def _release(self, batch: PreparedBatch) -> None:
        """Give back what was reserved and not sent."""
        self._waiting.note_recorded(self._results.record(withhold_batch(batch)))

    def _record_the_rest(self) -> None:
        """Record all that is in flight: one that cannot be does not keep the others from it.

        Raises:
            psycopg.Error, WarehouseError: what went wrong first, after all others.

        """
        problems = []
        for came_back in self._sender.drain():
            try:
                if isinstance(came_back, BatchResult):
                    self._record(came_back)
                else:
                    self._release(came_back)
            except (psycopg.Error, WarehouseError) as error:
                problems.append(error)
        if problems:
            raise problems[0]

    def _log_progress(self, name: str) -> None:
        if time.monotonic() - self._logged_at < PROGRESS_SECONDS:
            return
        self._logged_at = time.monotonic()
        logger.info(
            "label %s: answered=%d in_flight=%d waiting=%d",
            name,
            self._results.counts["answered"],
            self._sender.in_flight * IMAGES_PER_REQUEST,
            len(self._waiting),
        )
