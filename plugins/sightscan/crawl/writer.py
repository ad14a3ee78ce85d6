"""The one writer of a crawl: collects what came of photos, and stores it batch by batch."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sightscan.crawl.job import (
    FailedPhoto,
    FetchedPhoto,
    KnownPhoto,
    Outcome,
    SharedPhoto,
    Tally,
)
from sightscan.crawl.report import SourceReport, describe_odd, reasons_of
from sightscan.crawl.spool import Spool
from sightscan.warehouse.photos.blobs import PhotoStore
from sightscan.warehouse.photos.photos import (
    FoundPhoto,
    LinkedPhoto,
    MetPhoto,
    RejectedPhoto,
    learn_identifiers,
    merge_photos,
)

# A kill loses one batch at most, which the spool still has; larger ones would load hardly faster.
BATCH_PHOTOS = 256
# Large photos are stored sooner, so that they do not fill the memory.
BATCH_BYTES = 32_000_000
BATCH_SECONDS = 3.0


@dataclass
class Writer:
    """Stores the photos of one source for one sight, of which `wanted` are wanted."""

    connection: psycopg.Connection[Any]
    source: str
    sight_id: int
    wanted: int
    spool: Spool
    photo_store: PhotoStore | None = None
    found: list[FoundPhoto] = field(default_factory=list)
    linked: list[LinkedPhoto] = field(default_factory=list)
    rejected: list[RejectedPhoto] = field(default_factory=list)
    met: list[MetPhoto] = field(default_factory=list)
    # Where photos are that another address had brought before: they were never counted as kept.
    duplicate_urls: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    last_problem: str = ""
    started_at: float = field(default_factory=time.monotonic)
    stored_at: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, and keep what is to be stored of it."""
        self.counts["found"] += 1
        match outcome:
            case FetchedPhoto(found, is_duplicate):
                self.found.append(found)
                self._count(found.attribution.url, is_duplicate=is_duplicate)
            case SharedPhoto(attribution, sha256, found_at, is_duplicate):
                self.linked.append(LinkedPhoto(sha256, attribution, found_at))
                self._count(attribution.url, is_duplicate=is_duplicate)
                self.counts["shared"] += 1
            case RejectedPhoto():
                self.rejected.append(outcome)
                self.reasons[outcome.reason] += 1
            case KnownPhoto(_, met):
                self.counts["known"] += 1
                if met is not None:
                    self.met.append(met)
            case FailedPhoto(_, problem):
                self.counts["failed"] += 1
                self.last_problem = problem

    def store_if_due(self) -> bool:
        """Store what is there if it is many or old; return whether it was."""
        is_old = time.monotonic() - self.stored_at > BATCH_SECONDS
        is_large = sum(len(photo.file.content) for photo in self.found) >= BATCH_BYTES
        if len(self.found) >= BATCH_PHOTOS or is_large or is_old:
            self.store()
            return True
        return False

    def store(self) -> None:
        """Store what is there, whole or not at all."""
        if self.found or self.rejected or self.linked:
            merged = merge_photos(
                self.connection,
                self.sight_id,
                self.found,
                self.rejected,
                self.photo_store,
                linked=self.linked,
            )
            # Taken down before, or not to be kept as it came: fetched in good faith, and not kept.
            refused = {
                "removed": merged.removed_count,
                "removed_copy": merged.removed_copy_count,
                "invalid": merged.invalid_count,
            }
            again_count = len(merged.refused_urls & self.duplicate_urls)
            self.counts["duplicate"] -= again_count
            self.counts["kept"] -= sum(refused.values()) - again_count
            self.reasons.update({reason: count for reason, count in refused.items() if count})
            self.spool.drop(photo.attribution.url for photo in self.found)
            self.spool.drop(photo.url for photo in self.rejected)
            self.found.clear()
            self.linked.clear()
            self.rejected.clear()
            self.duplicate_urls.clear()
        if self.met:
            learn_identifiers(self.connection, self.met)
            self.met.clear()
        self.stored_at = time.monotonic()

    def _count(self, url: str, *, is_duplicate: bool) -> None:
        self.counts["duplicate" if is_duplicate else "kept"] += 1
        if is_duplicate:
            self.duplicate_urls.add(url)

    def progress(self) -> str:
        """Return where the crawl is, as a line of a log."""
        seconds = max(time.monotonic() - self.started_at, 0.001)
        kept = self.counts["kept"]
        rate = kept / seconds
        left = f"{(self.wanted - kept) / rate:.0f}s" if rate else "unknown"
        return (
            f"source={self.source} kept={kept} of {self.wanted} "
            f"duplicate={self.counts['duplicate']} rejected={reasons_of(self.reasons)} "
            f"failed={self.counts['failed']} rate={rate:.1f}/s left<={left}"
        )

    def report(self, tally: Tally, problem: str | None) -> SourceReport:
        """Return what came of the source."""
        return SourceReport(
            source=self.source,
            expected=tally.expected,
            received=tally.received,
            left_out=dict(tally.left_out),
            **{
                name: self.counts[name]
                for name in ("found", "known", "kept", "shared", "duplicate", "failed")
            },
            rejected=dict(self.reasons),
            seconds=time.monotonic() - self.started_at,
            problem=problem or self.last_problem or describe_odd(tally) or None,
            has_ended_early=problem is not None,
        )
