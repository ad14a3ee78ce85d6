"""One batch of reserved photos: what the sending threads do, and what they bring back.

Nothing here touches the warehouse, so that a thread can do it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
class BatchResult:
    """The fate of a request, the photos in it in their order, and those that never got into it."""

    outcome: Outcome
    sent: tuple[SentPhoto, ...]
    unfit: tuple[tuple[ReservedPhoto, str], ...]


def send_batch(
    client: vision.ImageAnnotatorClient, photos: Sequence[ReservedPhoto], city: City
) -> BatchResult:
    """Shrink the photos, send them in one request, once, and return what became of it."""
    fit: list[tuple[ReservedPhoto, PreparedPhoto]] = []
    unfit: list[tuple[ReservedPhoto, str]] = []
    for reserved in photos:
        try:
            fit.append((reserved, prepare_photo(reserved.photo.content)))
        except UnfitPhotoError as error:
            unfit.append((reserved, str(error)))
    outcome = (
        annotate_photos(client, [prepared for _, prepared in fit], city)
        if fit
        else Outcome(Fate.ANSWERED)
    )
    sent = tuple(
        SentPhoto(
            reserved.call_id,
            reserved.photo.sha256,
            reserved.photo.found_for,
            prepared.width_pixels,
            prepared.height_pixels,
        )
        for reserved, prepared in fit
    )
    return BatchResult(outcome, sent, tuple(unfit))
