"""One batch of reserved photos: what the sending threads do, and what they bring back.

First the photos are made fit, then they are sent; in between the batch is marked as sent by the
thread that owns the warehouse. Nothing here touches the warehouse, so that a thread can do it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from google.cloud import vision

from sightscan.city import City
from sightscan.label.sending import PreparedPhoto, UnfitPhotoError, prepare_photo
from sightscan.label.vision import Fate, Outcome, annotate_photos
from sightscan.warehouse.labels import PhotoToLabel


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
class PreparedBatch:
    """Photos that are ready to be sent, and those that cannot be; nothing is sent yet."""

    ready: tuple[tuple[ReservedPhoto, PreparedPhoto], ...]
    unfit: tuple[tuple[ReservedPhoto, str], ...]

    @property
    def call_ids(self) -> list[int]:
        """Return the calls of the photos that are ready."""
        return [reserved.call_id for reserved, _ in self.ready]

    def only(self, call_ids: Collection[int]) -> PreparedBatch:
        """Return the batch without the calls that may not be sent."""
        ready = tuple(each for each in self.ready if each[0].call_id in call_ids)
        return PreparedBatch(ready, self.unfit)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The fate of a request, the photos in it in their order, and those that never got into it."""

    outcome: Outcome
    sent: tuple[SentPhoto, ...]
    unfit: tuple[tuple[ReservedPhoto, str], ...]


def prepare_batch(photos: Sequence[ReservedPhoto]) -> PreparedBatch:
    """Shrink the photos."""
    ready: list[tuple[ReservedPhoto, PreparedPhoto]] = []
    unfit: list[tuple[ReservedPhoto, str]] = []
    for reserved in photos:
        try:
            ready.append((reserved, prepare_photo(reserved.photo.content)))
        except UnfitPhotoError as error:
            unfit.append((reserved, str(error)))
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
    sent = tuple(
        SentPhoto(
            reserved.call_id,
            reserved.photo.sha256,
            reserved.photo.found_for,
            prepared.width_pixels,
            prepared.height_pixels,
        )
        for reserved, prepared in batch.ready
    )
    return BatchResult(outcome, sent, batch.unfit)
