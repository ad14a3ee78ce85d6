"""Threads that make reserved photos fit and send them to Google Vision: batches in, results out.

A batch comes back twice: prepared, so that its owner can note that it is about to be sent, then with
its outcome. Nothing here touches the warehouse.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from google.cloud import vision

from sightscan.city import City
from sightscan.label.prepare import PreparedPhoto, UnfitPhotoError, prepare_photo
from sightscan.label.vision import Outcome, SendStatus, annotate_photos
from sightscan.warehouse.labels.labels import PhotoToLabel


@dataclass(frozen=True, slots=True)
class ReservedPhoto:
    """A photo about which a call is reserved."""

    call_id: int
    photo: PhotoToLabel


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """A photo of the ledger, with the size at which it was sent."""

    call_id: int
    sha256: bytes
    query_sight_ids: frozenset[int]
    width_pixels: int
    height_pixels: int


@dataclass(frozen=True, slots=True)
class UnfitPhoto:
    """A photo that cannot be sent, and why."""

    call_id: int
    sha256: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Photos that are ready to be sent, and those that cannot be; nothing is sent yet.

    Their bytes as stored are not in it, so that what waits to be sent is small.
    """

    ready: tuple[tuple[SentPhoto, PreparedPhoto], ...]
    unfit: tuple[UnfitPhoto, ...]

    @property
    def call_ids(self) -> list[int]:
        """Return the calls of the photos that are ready."""
        return [photo.call_id for photo, _ in self.ready]

    @property
    def sha256s(self) -> frozenset[bytes]:
        """Return which photos are ready."""
        return frozenset(photo.sha256 for photo, _ in self.ready)

    def only(self, call_ids: Collection[int]) -> Self:
        """Return the batch without the calls that may not be sent."""
        ready = tuple(each for each in self.ready if each[0].call_id in call_ids)
        return replace(self, ready=ready)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcome of a request, the photos in it in their order, and those that never got into it."""

    outcome: Outcome
    sent: tuple[SentPhoto, ...]
    unfit: tuple[UnfitPhoto, ...]

    def by_photo(self) -> list["BatchResult"]:
        """Return the same as results of one photo each."""
        responses = self.outcome.responses or (None,) * len(self.sent)
        return [
            BatchResult(
                replace(self.outcome, responses=() if response is None else (response,)),
                (photo,),
                (),
            )
            for photo, response in zip(self.sent, responses, strict=True)
        ] + [BatchResult(Outcome(SendStatus.ANSWERED), (), (photo,)) for photo in self.unfit]


class Sender:
    """Batches on their way; the caller says how many there may be at once.

    What a thread raised is raised where its batch would have come back.
    """

    def __init__(self, client: vision.ImageAnnotatorClient, city: City, pool: Executor) -> None:
        self._client = client
        self._city = city
        self._pool = pool
        self._preparing: list[Future[PreparedBatch]] = []
        self._sending: list[Future[BatchResult]] = []

    @property
    def in_flight(self) -> int:
        """Return how many batches are being prepared or sent, or wait to be recorded."""
        return len(self._preparing) + len(self._sending)

    def has_room(self, width: int) -> bool:
        """Tell whether one of so many senders is free, or is as good as free.

        One good answer may wait to be recorded until the next batch is sent: the sender need not
        wait for the warehouse. A bad one is learnt from first.
        """
        is_answered = any(future.done() and _is_good(future) for future in self._sending)
        return self.in_flight - is_answered < width

    def prepare(self, photos: Sequence[ReservedPhoto]) -> None:
        """Let a thread shrink the photos."""
        self._preparing.append(self._pool.submit(prepare_batch, photos))

    def send(self, batch: PreparedBatch) -> None:
        """Let a thread send the photos: the one that prepared them is free."""
        self._sending.append(self._pool.submit(send_batch, self._client, batch, self._city))

    def wait_for_one(self, timeout_seconds: float) -> None:
        """Wait until a batch is back, or for so long."""
        if self.in_flight:
            wait(self._futures, timeout=timeout_seconds, return_when=FIRST_COMPLETED)
        else:
            time.sleep(timeout_seconds)

    def take_prepared(self) -> PreparedBatch | None:
        """Return a batch that is prepared, if there is one; it is the caller's from now on."""
        for future in self._preparing:
            if future.done():
                batch = future.result()
                # Already now: what may have been sent must not come back from `drain` unsent.
                self._preparing.remove(future)
                return batch
        return None

    @contextmanager
    def next_result(self) -> Iterator[BatchResult | None]:
        """Give the result of a batch that was sent, if there is one.

        It is taken off at the end, so that `drain` gives it again if recording it is interrupted.
        """
        future = next((each for each in self._sending if each.done()), None)
        yield None if future is None else future.result()
        if future is not None:
            self._sending.remove(future)

    def drain(self) -> Iterator[PreparedBatch | BatchResult]:
        """Wait for all that is on its way, and give what came of it; lost is what threads raised."""
        futures = self._futures
        wait(futures)
        self._preparing, self._sending = [], []
        for future in futures:
            if future.exception() is None:
                yield future.result()

    @property
    def _futures(self) -> tuple[Future[Any], ...]:
        return *self._preparing, *self._sending


def prepare_batch(photos: Sequence[ReservedPhoto]) -> PreparedBatch:
    """Shrink the photos."""
    ready: list[tuple[SentPhoto, PreparedPhoto]] = []
    unfit: list[UnfitPhoto] = []
    for reserved in photos:
        call_id, photo = reserved.call_id, reserved.photo
        try:
            prepared = prepare_photo(photo.content)
        except UnfitPhotoError as error:
            unfit.append(UnfitPhoto(call_id, photo.sha256, str(error)))
            continue
        size = (prepared.width_pixels, prepared.height_pixels)
        ready.append((SentPhoto(call_id, photo.sha256, photo.query_sight_ids, *size), prepared))
    return PreparedBatch(tuple(ready), tuple(unfit))


def send_batch(
    client: vision.ImageAnnotatorClient, batch: PreparedBatch, city: City
) -> BatchResult:
    """Send the photos in one request, once, and return what became of it."""
    photos = [prepared for _, prepared in batch.ready]
    outcome = annotate_photos(client, photos, city) if photos else Outcome(SendStatus.ANSWERED)
    return _result(batch, outcome)


def withhold_batch(batch: PreparedBatch) -> BatchResult:
    """Return the result of a batch that was never sent, so that its calls are released."""
    return _result(
        batch, Outcome(SendStatus.NEVER_OPENED, detail="the task ended before it was sent")
    )


def _result(batch: PreparedBatch, outcome: Outcome) -> BatchResult:
    return BatchResult(outcome, tuple(photo for photo, _ in batch.ready), batch.unfit)


def _is_good(future: Future[BatchResult]) -> bool:
    return future.exception() is None and future.result().outcome.status is SendStatus.ANSWERED
