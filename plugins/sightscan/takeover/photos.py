"""Take over the images of one city: look at the bytes, keep or reject them, enter paid answers.

A batch is one transaction, and what is done is known by its URL: a takeover that is killed goes
on where it was, and a second one changes nothing.
"""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.dedupe.clusters import cluster_photos
from sightscan.crawl.fetch.fetcher import PhotoRefusedError
from sightscan.label.answers import read_labels
from sightscan.label.matching import SightIndex
from sightscan.label.relabel import relabel_answers
from sightscan.progress import PROGRESS_SECONDS
from sightscan.settings import Settings
from sightscan.takeover.boxes import YAxis, rebuild_answer
from sightscan.takeover.source_database import (
    FirstCity,
    FirstImage,
    ListedImage,
    list_first_images,
    list_first_models,
    read_first_images,
    read_first_model,
)
from sightscan.takeover.store import (
    PaidAnswer,
    count_labels,
    ensure_unsorted_sight,
    imported_models,
    list_taken_over,
    sort_photos,
    store_model,
    store_paid_answers,
)
from sightscan.warehouse.labels.labels import StoredAnswer
from sightscan.warehouse.photos.blobs import open_photo_store
from sightscan.warehouse.photos.identity import identifiers_of
from sightscan.warehouse.photos.photos import Attribution, FoundPhoto, RejectedPhoto, merge_photos

SOURCE = "first_sightscan"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TakeoverReport:
    """What was done for a city, in images, labels and models.

    `known` images were handled by an earlier takeover; `copies` have the bytes of another one;
    `answered` had an answer of Google Vision, `waiting` had none; `labels` are all that are there
    now, by state and reason; `labels_without_photo` are those of rejected images.
    """

    city: str
    images: int = 0
    known: int = 0
    kept: int = 0
    copies: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    waiting: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    labels_without_photo: int = 0
    models: int = 0
    known_models: int = 0


@dataclass(slots=True)
class CityTakeover:
    """The takeover of one city of the source; a dry run reads and counts, and writes nothing."""

    first: psycopg.Connection[Any]
    connection: psycopg.Connection[Any]
    config: Settings
    source_city: FirstCity
    city: City
    sights: tuple[Sight, ...]
    y_axis: YAxis
    is_dry_run: bool
    report: TakeoverReport = field(init=False)
    rejected: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    # Eight bytes of each hash: enough to count copies, little enough for a million images.
    seen: set[bytes] = field(default_factory=set)

    def run(self) -> TakeoverReport:
        """Take over the city's images, labels and models; return what was done."""
        self.report = TakeoverReport(self.city.name)
        started = told_at = time.monotonic()
        for batch in list_first_images(self.first, self.source_city):
            self._take_over_batch(batch)
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                self._log_progress(told_at - started)
        self._take_over_models()
        if not self.is_dry_run:
            # Read once to learn which sights the labels name, and again when these are known.
            relabel_answers(self.connection, self.config, self.city)
            sort_photos(self.connection, self.city.city_id)
            relabel_answers(self.connection, self.config, self.city)
            cluster_photos(self.connection, self.city, self.config)
            self.labels = Counter(count_labels(self.connection, self.city.city_id))
        self.report.rejected = dict(sorted(self.rejected.items()))
        self.report.labels = dict(sorted(self.labels.items()))
        return self.report

    def _take_over_batch(self, batch: Sequence[ListedImage]) -> None:
        self.report.images += len(batch)
        due = self._without_known(batch)
        self.report.known += len(batch) - len(due)
        if not due:
            return
        found: list[FoundPhoto] = []
        refused: list[RejectedPhoto] = []
        paid: list[PaidAnswer] = []
        for image in read_first_images(self.first, due):
            self._look_at(image, found, refused, paid)
        if self.is_dry_run:
            return
        city_id = self.city.city_id
        with self.connection.transaction():
            merged = merge_photos(
                self.connection,
                ensure_unsorted_sight(self.connection, city_id),
                found,
                refused,
                open_photo_store(self.config),
            )
            store_paid_answers(self.connection, city_id, paid)
        for reason, count in (
            ("removed", merged.removed_count),
            ("removed_copy", merged.removed_copy_count),
            ("invalid", merged.invalid_count),
        ):
            if count:
                self.report.kept -= count
                self.rejected[reason] += count

    def _without_known(self, batch: Sequence[ListedImage]) -> list[ListedImage]:
        """Leave out what an earlier takeover handled, unless its labels came or differ since."""
        hashes = {image: hashlib.sha256(url_of(image).encode()).digest() for image in batch}
        known = list_taken_over(self.connection, self.city.city_id, list(hashes.values()))

        def is_taken_over(image: ListedImage) -> bool:
            stored = known.get(hashes[image])
            if stored is None:
                return False
            if not image.is_labelled:
                return True
            return stored.has_answer and stored.y_axis in {None, self.y_axis}

        return [image for image in batch if not is_taken_over(image)]

    def _look_at(
        self,
        image: FirstImage,
        found: list[FoundPhoto],
        refused: list[RejectedPhoto],
        paid: list[PaidAnswer],
    ) -> None:
        url = url_of(image.listed)
        try:
            file = inspect_photo(image.content, self.config.min_photo_side_pixels)
        except PhotoRefusedError as refusal:
            refused.append(
                RejectedPhoto(url, SOURCE, refusal.reason, refusal.detail, identifiers_of(url))
            )
            self.rejected[refusal.reason] += 1
            self.report.labels_without_photo += len(image.labels or ())
            return
        self.report.kept += 1
        self.report.copies += file.sha256[:8] in self.seen
        self.seen.add(file.sha256[:8])
        found.append(FoundPhoto(file, _attribution(url), image.found_at or datetime.now(UTC)))
        if image.labels is None:
            self.report.waiting += 1
            return
        self.report.answered += 1
        answer = rebuild_answer(image, file, self.y_axis)
        paid.append(PaidAnswer(file.sha256, answer, image.found_at))
        if self.is_dry_run:
            self._foretell_labels(file.sha256, answer)

    def _foretell_labels(self, sha256: bytes, answer: dict[str, Any]) -> None:
        """Count labels as they will be read when the photo is known to show their sights."""
        every_sight = frozenset(
            sight.sight_id for sight in self.sights if sight.sight_id is not None
        )
        labels = read_labels(
            StoredAnswer(0, sha256, answer, every_sight),
            SightIndex(self.city, self.sights),
            min_score=self.config.min_label_score,
        )
        for label in labels:
            self.labels[f"{label.state}: {label.reason}" if label.reason else label.state] += 1

    def _take_over_models(self) -> None:
        city_id = self.city.city_id
        known = imported_models(self.connection, city_id)
        for model in list_first_models(self.first, self.source_city):
            if model.sha256 in known:
                self.report.known_models += 1
                continue
            self.report.models += 1
            if not self.is_dry_run:
                store_model(self.connection, city_id, model, read_first_model(self.first, model))

    def _log_progress(self, seconds: float) -> None:
        done, total = self.report.images, max(self.source_city.image_count, 1)
        left = seconds / done * max(total - done, 0)
        logger.info(
            "take over %s: images=%d of=%d known=%d kept=%d rejected=%d minutes_left=%.0f",
            self.city.slug,
            done,
            total,
            self.report.known,
            self.report.kept,
            self.rejected.total(),
            left / 60,
        )


def url_of(image: ListedImage) -> str:
    """Return where the image came from; uploads have no URL and get a stable one."""
    if image.source.startswith(("http://", "https://")):
        return image.source
    return f"first-sightscan:{image.key}"


def _attribution(url: str) -> Attribution:
    return Attribution(
        url=url,
        page_url=None,
        source=SOURCE,
        licence="unknown",
        licence_url=None,
        author=None,
        title=None,
        query=SOURCE,
        identifiers=identifiers_of(url),
    )
