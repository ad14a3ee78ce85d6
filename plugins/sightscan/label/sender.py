"""One batch of reserved photos: what the sending threads do, and what they bring back.

First the photos are made fit, then they are sent; in between the batch is marked as sent by the
thread that owns the warehouse. Nothing here touches the warehouse, so that a thread can do it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from google.cloud import vision

from sightscan.city import City
from sightscan.label.prepare import PreparedPhoto, UnfitPhotoError, prepare_photo
from sightscan.label.vision import Fate, Outcome, annotate_photos
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
    found_for: frozenset[int]
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

    def only(self, call_ids: Collection[int]) -> PreparedBatch:
        """Return the batch without the calls that may not be sent."""
        ready = tuple(each for each in self.ready if each[0].call_id in call_ids)
        return PreparedBatch(ready, self.unfit)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The fate of a request, the photos in it in their order, and those that never got into it."""

    outcome: Outcome
    sent: tuple[SentPhoto, ...]
    unfit: tuple[UnfitPhoto, ...]

    def by_photo(self) -> list[BatchResult]:
        """Return the same as results of one photo each."""
        responses = self.outcome.responses or (None,) * len(self.sent)
        return [
            BatchResult(
                replace(self.outcome, responses=() if response is None else (response,)),
                (photo,),
                (),
            )
            for photo, response in zip(self.sent, responses, strict=True)
        ] + [BatchResult(Outcome(Fate.ANSWERED), (), (photo,)) for photo in self.unfit]


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
        ready.append((SentPhoto(call_id, photo.sha256, photo.found_for, *size), prepared))
    return PreparedBatch(tuple(ready), tuple(unfit))


def send_batch(
    client: vision.ImageAnnotatorClient, batch: PreparedBatch, city: City
) -> BatchResult:
    """Send the photos in one request, once, and return what became of it."""
    photos = [prepared for _, prepared in batch.ready]
    outcome = annotate_photos(client, photos, city) if photos else Outcome(Fate.ANSWERED)
    return _result(batch, outcome)


def withhold_batch(batch: PreparedBatch) -> BatchResult:
    """Return the result of a batch that was never sent, so that its calls are released."""
    return _result(batch, Outcome(Fate.NEVER_OPENED, detail="the task ended before it was sent"))


def _result(batch: PreparedBatch, outcome: Outcome) -> BatchResult:
    return BatchResult(outcome, tuple(photo for photo, _ in batch.ready), batch.unfit)
