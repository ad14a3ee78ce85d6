"""One pass over labelled photos: each is decoded once, and each model that is judged answers it once.

From that answer comes all that is measured: what counts for average precision, what people are
shown, how long it took. Photos come one by one, and boxes are all that is kept of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

from sightscan.box import Box
from sightscan.publish.coco import IGNORED
from sightscan.publish.detector import OnnxDetector, PhotoAnswer, decode_photo
from sightscan.publish.measure import Measure, measure_detections
from sightscan.publish.shown import ShownNames, collect_shown, measure_shown


@dataclass(frozen=True, slots=True)
class JudgedPhoto:
    """A photo on which models are judged: its SHA-256, and the names and boxes that are its truth."""

    sha256: bytes
    truth: tuple[tuple[str, Box], ...]

    @property
    def sights(self) -> tuple[str, ...]:
        """Return the names of the sights on it, sorted."""
        return tuple(sorted({name for name, _ in self.truth} - {IGNORED}))


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model that is loaded, and the names of its classes, in their order, as the truth has them.

    A class of the truth that it does not know counts as never found; what it takes for a class that
    the truth never has counts only where it is shown.
    """

    detector: OnnxDetector
    names: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What one model says of the photos: `answers` has one for each of `photos`, in their order."""

    entrant: Entrant
    photos: tuple[JudgedPhoto, ...]
    answers: tuple[PhotoAnswer, ...]

    @cached_property
    def measure(self) -> Measure:
        """Measure average precision, as COCO reads it.

        Raises:
            LastingPublicationError: no photo has a box.

        """
        counted = [one.counted for one in self.answers]
        return measure_detections(counted, [one.truth for one in self.photos], self.entrant.names)

    @cached_property
    def shown(self) -> ShownNames:
        """Return each name that people are shown, and whether it is right."""
        shown = [one.shown for one in self.answers]
        return collect_shown(shown, [one.truth for one in self.photos], self.entrant.names)

    def measure_shipped(self, hidden: Collection[str] = ()) -> dict[str, Any]:
        """Measure what people are shown if the app does not name `hidden`, and how long a photo takes.

        The same figures, under the same keys, as in `shipped` of result.json, and counts of photos.
        """
        names, decoding = self.entrant.names, self.entrant.detector.decoding
        seconds = [one.seconds for one in self.answers]
        thresholds = dict(zip(names, decoding.thresholds, strict=True))
        return {
            **measure_shown(self.shown, thresholds, hidden),
            "milliseconds": 1000 * median(seconds) if seconds else None,
        }

    def list_named(self, among: Collection[str]) -> list[tuple[str, ...]]:
        """Return which of the sights `among` are named on each photo, sorted."""
        names = self.entrant.names
        return [
            tuple(sorted({names[own] for own in one.shown.classes} & {*among}))
            for one in self.answers
        ]


def read_photos(
    entrants: Sequence[Entrant], photos: Iterable[tuple[JudgedPhoto, bytes]]
) -> list[Reading]:
    """Let each of the models answer each photo once; return a reading of each, in their order.

    Raises:
        LastingPublicationError: the bytes of a photo are no image.

    """
    seen: list[JudgedPhoto] = []
    answers: list[list[PhotoAnswer]] = [[] for _ in entrants]
    for photo, content in photos:
        pixels = decode_photo(content)
        seen.append(photo)
        for own, entrant in zip(answers, entrants, strict=True):
            own.append(entrant.detector.read(pixels))
    return [
        Reading(entrant, tuple(seen), tuple(own))
        for entrant, own in zip(entrants, answers, strict=True)
    ]
