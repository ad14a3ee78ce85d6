"""Crawl the photos of a sight into the warehouse.

What is done is known by the warehouse: a crawl that is killed goes on where it was, and a second
one fetches nothing that is kept, or was refused for good, already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.crawl.commons import CommonsCrawler
from sightscan.crawl.fetching import open_fetcher
from sightscan.crawl.job import CrawlJob, FailedPhoto, FetchedPhoto, KnownPhoto, Limit, Outcome
from sightscan.errors import CrawlError
from sightscan.settings import Settings
from sightscan.warehouse.photo_store import PhotoStore, open_photo_store
from sightscan.warehouse.photos import (
    FoundPhoto,
    RejectedPhoto,
    known_urls,
    merge_photos,
    photos_of_sight,
)

# A kill loses one batch at most; larger ones would load hardly faster.
BATCH_PHOTOS = 64
# Large photos are stored sooner, so that they do not fill the memory.
BATCH_BYTES = 32_000_000
BATCH_SECONDS = 3.0
PROGRESS_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CrawlReport:
    """What a crawl of one sight did, in photos.

    `found` is all that the source listed until the limit was reached; `known` of them were settled
    by an earlier crawl; `failed` ones are tried again by the next. `kept` are new to the sight.
    """

    found: int
    known: int
    kept: int
    duplicate: int
    failed: int
    rejected: Mapping[str, int]
    seconds: float

    def __str__(self) -> str:
        """Return the counts as a line of a log."""
        reasons = ",".join(f"{reason}:{count}" for reason, count in sorted(self.rejected.items()))
        return (
            f"found={self.found} known={self.known} kept={self.kept} duplicate={self.duplicate} "
            f"rejected={sum(self.rejected.values())}{f'({reasons})' if reasons else ''} "
            f"failed={self.failed} seconds={self.seconds:.1f}"
        )


def crawl_photos(
    connection: psycopg.Connection[Any], config: Settings, city: City, sight: Sight
) -> CrawlReport:
    """Fetch photos of a sight from Wikimedia Commons until it has as many as the settings allow.

    Raises:
        CrawlError: the sight has no Commons category, that yields nothing, or nothing of it could
            be fetched.
        ServiceError: Commons does not answer.

    """
    if sight.sight_id is None or sight.commons_category is None:
        msg = (
            f"{sight.name!r} has no Commons category to crawl: expected P373 on its Wikidata item "
            f"{sight.wikidata_id}; add it there and discover the city again, or drop the sight"
        )
        raise CrawlError(msg)
    started = time.monotonic()
    there = photos_of_sight(connection, sight.sight_id)
    batch = _Batch(connection, sight.sight_id, open_photo_store(config))
    wanted = config.max_images_per_sight - len(there)
    if wanted <= 0:
        report = batch.report(started)
        log.info("crawl city=%s sight=%r full=%d", city.slug, sight.name, len(there))
        return report
    stop = threading.Event()
    with open_fetcher(config, stop) as fetcher:
        job = CrawlJob(
            config=config,
            fetcher=fetcher,
            stop=stop,
            limit=Limit(wanted),
            known_urls=known_urls(connection, sight.sight_id),
            kept_sha256s=set(there),
        )
        _drain(CommonsCrawler(job, sight.commons_category), batch, sight, started)
    report = batch.report(started)
    log.info("crawl city=%s sight=%r %s", city.slug, sight.name, report)
    if report.found == 0:
        msg = (
            f"the Commons category {sight.commons_category!r} of {sight.name!r} yields no file: "
            "expected at least one; check that the category exists and is the right one"
        )
        raise CrawlError(msg)
    if report.failed and not there and not report.kept:
        msg = (
            f"none of {report.failed} photos of {sight.name!r} could be fetched "
            f"({batch.last_problem}); nothing is lost, run the crawl again later"
        )
        raise CrawlError(msg)
    return report


@dataclass
class _Batch:
    """The one writer: collects outcomes, and stores them batch by batch."""

    connection: psycopg.Connection[Any]
    sight_id: int
    photo_store: PhotoStore | None
    found: list[FoundPhoto] = field(default_factory=list)
    rejected: list[RejectedPhoto] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    last_problem: str = ""
    stored_at: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        self.counts["found"] += 1
        match outcome:
            case FetchedPhoto(found, is_duplicate):
                self.found.append(found)
                self.counts["duplicate" if is_duplicate else "kept"] += 1
            case RejectedPhoto():
                self.rejected.append(outcome)
                self.reasons[outcome.reason] += 1
            case KnownPhoto():
                self.counts["known"] += 1
            case FailedPhoto(_, problem):
                self.counts["failed"] += 1
                self.last_problem = problem

    def store_if_due(self) -> None:
        is_old = time.monotonic() - self.stored_at > BATCH_SECONDS
        is_large = sum(len(photo.file.data) for photo in self.found) >= BATCH_BYTES
        if len(self.found) >= BATCH_PHOTOS or is_large or is_old:
            self.store()

    def store(self) -> None:
        if self.found or self.rejected:
            merged = merge_photos(
                self.connection, self.sight_id, self.found, self.rejected, self.photo_store
            )
            # Taken down before, or not to be kept as it came: fetched in good faith, and not kept.
            refused = {"removed": merged.removed_count, "invalid": merged.invalid_count}
            self.counts["kept"] -= sum(refused.values())
            self.reasons.update({reason: count for reason, count in refused.items() if count})
            self.found.clear()
            self.rejected.clear()
        self.stored_at = time.monotonic()

    def report(self, started: float) -> CrawlReport:
        return CrawlReport(
            **{
                name: self.counts[name]
                for name in ("found", "known", "kept", "duplicate", "failed")
            },
            rejected=dict(self.reasons),
            seconds=time.monotonic() - started,
        )


def _drain(crawler: CommonsCrawler, batch: _Batch, sight: Sight, started: float) -> None:
    """Store what the crawler finds, until it is done; an error of it comes after what it found."""
    told_at = started
    outcomes = crawler.outcomes()
    try:
        for outcome in outcomes:
            if outcome is not None:
                batch.add(outcome)
            batch.store_if_due()
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                log.info("crawl sight=%r so far: %s", sight.name, batch.report(started))
    finally:
        outcomes.close()
        batch.store()
