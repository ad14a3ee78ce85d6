"""The one writer of a crawl: collects what came of photos, and stores it batch by batch.

It does not wait for the server's disk with each batch: what was fetched for it stays in the spool
until the batch is on that disk, so a server that dies costs no second fetch. In the end it waits.
"""

import time
from collections import Counter, deque
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
from sightscan.warehouse.commits import is_on_disk, log_end, write_to_disk
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
# What listings say of photos that nobody then asks for: it is there to be read again.
LISTED_REASONS = frozenset({"licence", "no_licence", "unsupported_type", "too_small"})


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that is stored, up to `log_end` of the server's log, and not known to be on its disk."""

    log_end: str
    urls: tuple[str, ...]


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
    # What the spool still has of, the oldest first.
    in_spool: deque[StoredBatch] = field(default_factory=deque)
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
        """Store what is there, whole or not at all; a server that dies may forget the last of it."""
        if self.found or self.rejected or self.linked:
            self._merge()
        if self.met:
            learn_identifiers(self.connection, self.met)
            self.met.clear()
        while self.in_spool and is_on_disk(self.connection, self.in_spool[0].log_end):
            self.spool.drop(self.in_spool.popleft().urls)
        self.stored_at = time.monotonic()

    def finish(self) -> None:
        """Store what is there, and return when all that was ever stored is on the server's disk."""
        self.store()
        if self.in_spool:
            write_to_disk(self.connection)
            self.store()

    def _merge(self) -> None:
        merged = merge_photos(
            self.connection,
            self.sight_id,
            self.found,
            self.rejected,
            self.photo_store,
            linked=self.linked,
            waits_for_disk=not self._can_be_repeated(),
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
        urls = (
            *(photo.attribution.url for photo in self.found),
            *(each.url for each in self.rejected),
        )
        self.in_spool.append(StoredBatch(log_end(self.connection), urls))
        self.found.clear()
        self.linked.clear()
        self.rejected.clear()
        self.duplicate_urls.clear()

    def _can_be_repeated(self) -> bool:
        """Say whether a crawl that finds nothing of this in the warehouse need not fetch it again."""
        return all(self.spool.has(photo.attribution.url) for photo in self.found) and all(
            refusal.reason in LISTED_REASONS or self.spool.has(refusal.url)
            for refusal in self.rejected
        )

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

    def report(self, tally: Tally, problem: str | None, *, remark: str = "") -> SourceReport:
        """Return what came of the source; `remark` is what it says itself where nothing went wrong."""
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
            problem=problem or self.last_problem or describe_odd(tally) or remark or None,
            has_ended_early=problem is not None,
        )
