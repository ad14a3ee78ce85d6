"""What the threads of one crawl share: limits, what is known already, and the way to the writer."""

import queue
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from sightscan.crawl.fetch.fetcher import CrawlStoppedError, Validators
from sightscan.crawl.sources.source import PhotoSource
from sightscan.crawl.spool import Spool
from sightscan.settings import Settings
from sightscan.warehouse.photos.identity import name_sha256
from sightscan.warehouse.photos.photos import (
    Attribution,
    FoundPhoto,
    MetPhoto,
    RejectedPhoto,
    all_names,
    own_names,
)

Value = TypeVar("Value")

# How long a thread that waits takes to see that the crawl is over.
JOB_POLL_SECONDS = 0.1
# Of what was looked at and waits for the writer, which may be storing a batch: about as much as is
# looked at meanwhile, so that nobody waits for the writer. This bounds the memory.
WAITING_BYTES = 32_000_000
# For each outcome, also one without a photo.
OUTCOME_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A file that need not be fetched: it was kept, or refused for good, by an earlier crawl.

    `met` tells its identifiers, if the warehouse does not know them all, and where it was taken.
    """

    is_kept: ClassVar[bool] = False

    url: str
    met: MetPhoto | None = None


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that could not be had now."""

    is_kept: ClassVar[bool] = False

    url: str
    problem: str


@dataclass(frozen=True, slots=True)
class FetchedPhoto:
    """A photo to keep; a duplicate has the same bytes as another one of the same sight."""

    found: FoundPhoto
    is_duplicate: bool

    @property
    def is_kept(self) -> bool:
        """Say whether it is one more photo of the sight."""
        return not self.is_duplicate


@dataclass(frozen=True, slots=True)
class SharedPhoto:
    """A photo that another sight of the city has by the same name: it is not fetched again."""

    attribution: Attribution
    sha256: bytes
    found_at: datetime
    is_duplicate: bool

    @property
    def is_kept(self) -> bool:
        """Say whether it is one more photo of the sight."""
        return not self.is_duplicate


Outcome = KnownPhoto | FailedPhoto | FetchedPhoto | SharedPhoto | RejectedPhoto


class OutcomeQueue(queue.Queue[Outcome]):
    """Outcomes on their way to the writer; its size is counted in bytes.

    It is full when it holds `maxsize` bytes: photos may be of kilobytes, or of many megabytes.
    """

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: Outcome) -> None:
        super()._put(item)
        self._bytes += _bytes_of(item)

    def _get(self) -> Outcome:
        item: Outcome = super()._get()
        self._bytes -= _bytes_of(item)
        return item


def _bytes_of(outcome: Outcome) -> int:
    content = outcome.found.file.content if isinstance(outcome, FetchedPhoto) else b""
    return OUTCOME_BYTES + len(content)


@dataclass(slots=True)
class Tally:
    """How many photos a source spoke of, how many of them could be read, and why not the others."""

    expected: int = 0
    received: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    # What was odd about the first record that was not as documented.
    problem: str = ""


class Limit:
    """How many more photos a sight may get, however many threads fetch at once."""

    def __init__(self, most: int) -> None:
        """Allow `most` photos to be kept."""
        self.most = most
        self._kept = 0
        self._in_flight = 0
        self._changed = threading.Condition()

    def claim(self, stop: threading.Event) -> bool:
        """Wait for a place for one more photo; False when there will be none."""
        with self._changed:
            while self._kept + self._in_flight >= self.most:
                if self._kept >= self.most or stop.is_set():
                    return False
                self._changed.wait(JOB_POLL_SECONDS)
            self._in_flight += 1
            return True

    def record(self, *, kept: bool) -> None:
        """Give a claimed place back, or use it up."""
        with self._changed:
            self._in_flight -= 1
            self._kept += kept
            self._changed.notify_all()


@dataclass(slots=True)
class CrawlJob:
    """One crawl of one source for one sight; shared by its threads."""

    config: Settings
    source: PhotoSource
    stop: threading.Event
    limit: Limit
    known_names: frozenset[bytes]
    kept_sha256s: set[bytes]
    # Refused by what their sources said of them: they are looked at again if that has changed.
    refused_names: frozenset[bytes] = frozenset()
    # By SHA-256 of the URL, and of each identifier: photos of the city's other sights, and what
    # servers said of photos.
    elsewhere: Mapping[bytes, bytes] = field(default_factory=dict)
    validators: Mapping[bytes, Validators] = field(default_factory=dict)
    spool: Spool | None = None
    tally: Tally = field(default_factory=Tally)
    outcomes: queue.Queue[Outcome] = field(default_factory=lambda: OutcomeQueue(WAITING_BYTES))
    failures: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def knows(self, found: Attribution | RejectedPhoto) -> bool:
        """Say whether a photo was handled by an earlier crawl of this sight, or was taken down."""
        return not self.known_names.isdisjoint(all_names(found))

    def was_refused(self, found: Attribution | RejectedPhoto) -> bool:
        """Say whether an earlier crawl refused a photo by what its source said of it."""
        return not self.refused_names.isdisjoint(own_names(found))

    def known(self, found: Attribution | RejectedPhoto) -> KnownPhoto:
        """Return a photo as one that need not be fetched."""
        are_all_known = {*map(name_sha256, found.identifiers)} <= (
            self.known_names | self.refused_names
        )
        camera = found.camera if isinstance(found, Attribution) else None
        has_news = camera is not None or not are_all_known
        met = MetPhoto(found.url, found.identifiers, camera) if has_news else None
        return KnownPhoto(found.url, met)

    def sha256_elsewhere(self, found: Attribution) -> bytes | None:
        """Return the photo that another sight of the city has by one of these names."""
        return None if self.knows(found) else _first(self.elsewhere, found)

    def validators_of(self, found: Attribution) -> Validators | None:
        """Return what to ask with whether a photo has changed; None: it was never fetched."""
        return _first(self.validators, found)

    def is_new(self, sha256: bytes) -> bool:
        """Say whether these bytes come for the first time for this sight; remember them."""
        with self._lock:
            is_new = sha256 not in self.kept_sha256s
            self.kept_sha256s.add(sha256)
            return is_new

    def report(self, outcome: Outcome) -> None:
        """Hand an outcome to the writer; wait while it is behind."""
        self.put(self.outcomes, outcome)

    def put(self, items: queue.Queue[Any], item: object) -> None:
        """Put an item into a bounded queue; raise CrawlStoppedError when the crawl is over.

        icrawler's own queue drops an item for good when it is full at the first try.
        """
        while not self.stop.is_set():
            try:
                items.put(item, timeout=JOB_POLL_SECONDS)
            except queue.Full:
                continue
            return
        raise CrawlStoppedError

    def take(self, items: queue.Queue[Any]) -> Any:
        """Take the next item; raise CrawlStoppedError when the crawl is over."""
        while not self.stop.is_set():
            try:
                return items.get(timeout=JOB_POLL_SECONDS)
            except queue.Empty:
                continue
        raise CrawlStoppedError

    def raise_if_stopped(self) -> None:
        """Raise CrawlStoppedError when the crawl is over."""
        if self.stop.is_set():
            raise CrawlStoppedError

    def fail(self, error: BaseException) -> None:
        """End the crawl with an error: the first one is raised in the end."""
        with self._lock:
            self.failures.append(error)
        self.stop.set()


def _first(by_name: Mapping[bytes, Value], found: Attribution) -> Value | None:
    """Return what is there under the address of a photo, else under one of its identifiers."""
    names = map(name_sha256, (found.url, *found.identifiers))
    return next((by_name[name] for name in names if name in by_name), None)
