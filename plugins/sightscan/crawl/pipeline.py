"""Crawl one source for one sight; icrawler's base classes are a shell in which all is replaced.

The shell is the shape: feeder, parser and downloader, pools of threads with queues between them,
and a fourth that looks at what was fetched. What icrawler does inside a thread is not used: there errors die unseen, full queues lose
photos, and threads find out by seconds-long polling that the work is over.
"""

# icrawler is untyped, and its methods take whatever they are given; ours say what they take.
# mypy: disable-error-code="override, no-untyped-call"

import logging
import os
import queue
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard, TypeVar

from icrawler import Crawler, Downloader, Feeder, Parser
from icrawler.utils import ThreadPool

from sightscan.crawl.clean.clean import inspect_photo
from sightscan.crawl.fetch.fetcher import (
    CrawlStoppedError,
    PhotoRefusedError,
    PhotoUnavailableError,
    Visit,
)
from sightscan.crawl.job import (
    JOB_POLL_SECONDS,
    CrawlJob,
    FailedPhoto,
    FetchedPhoto,
    Outcome,
    SharedPhoto,
)
from sightscan.crawl.report import MIN_EXPECTED, describe_unreadable
from sightscan.crawl.sources.source import ODD, BrokenSourceError, Lead
from sightscan.licences import is_open
from sightscan.warehouse.photos.photos import Attribution, FoundPhoto, RejectedPhoto, own_names
from sightscan.warehouse.text import clean_text

Read = TypeVar("Read")
# Whoever ends a crawl early, as Airflow's time-outs do, waits no longer than this for its threads.
MAX_ENDING_SECONDS = 4.0
# More at a time than there are cores would be no faster, and would keep the threads that fetch
# from what has come for them.
INSPECTORS = os.cpu_count() or 1
# Tells the threads behind a queue that nothing more will come.
END = object()


class LeadFeeder(Feeder):
    """Feed what to ask of the source, the most promising first."""

    def __init__(self, *args: object, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job
        self.out_queue = queue.Queue(maxsize=100)

    def worker_exec(self) -> None:
        """Run the thread."""
        with propagate_errors(self.job):
            for lead in parse_or_raise(self.job.source.name, self.job.source.leads()):
                self.job.put(self.out_queue, lead)
            self.job.put(self.out_queue, END)


class ListingParser(Parser):
    """Follow each lead, and hand on what is to be fetched."""

    def __init__(self, *args: object, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job
        self.out_queue = queue.Queue(maxsize=100)
        self._seen: set[bytes] = set()

    def worker_exec(self, downloader_threads: int) -> None:
        """Run the thread."""
        with propagate_errors(self.job):
            while (lead := self.job.take(self.in_queue)) is not END:
                for task in self.parse(lead):
                    self.job.put(self.out_queue, task)
            for _ in range(downloader_threads):
                self.job.put(self.out_queue, END)

    def parse(self, lead: Lead) -> Iterator[Attribution]:
        """Yield what is to be fetched; report what needs no fetching."""
        for listing in parse_or_raise(self.job.source.name, self.job.source.listings(lead)):
            tally = self.job.tally
            tally.expected += listing.expected
            tally.received += len(listing.found)
            tally.left_out.update(listing.left_out)
            tally.problem = tally.problem or listing.problem
            if not tally.received and tally.left_out[ODD] >= MIN_EXPECTED:
                # It would be no better to ask for the rest.
                raise BrokenSourceError(describe_unreadable(self.job.source.name, tally))
            admitted = tuple(found for found in listing.found if self._admits(found))
            # Asked only about what is to be fetched.
            yield from self.job.source.located(admitted)

    def _admits(self, found: Attribution | RejectedPhoto) -> TypeGuard[Attribution]:
        """Say whether to fetch a photo; report one that needs no fetching."""
        config = self.job.config
        names = own_names(found)
        # The same file can be in several categories of a tree, or results of a search.
        is_seen = not self._seen.isdisjoint(names)
        self._seen |= names
        if is_seen:
            return False
        if self.job.knows(found):
            can_ask = isinstance(found, Attribution) and self.job.validators_of(found)
            if config.crawl_skip_known or not can_ask:
                self.job.report(self.job.known(found))
                return False
        if isinstance(found, Attribution):
            if config.licence_policy != "open" or is_open(found.licence):
                return True
            refusal = rejected(found, "licence", found.licence)
        else:
            refusal = found
        # Refused before, and nothing has changed about it.
        is_old = self.job.was_refused(found)
        self.job.report(self.job.known(found) if is_old else refusal)
        return False


@dataclass(frozen=True, slots=True)
class ComePhoto:
    """A photo that has come and was not looked at yet; `has_claim`: it holds a place of the limit."""

    task: Attribution
    visit: Visit
    has_claim: bool


class PhotoDownloader(Downloader):
    """Fetch photos."""

    def __init__(self, *args: object, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job
        # Whatever waits here is in memory.
        self.out_queue = queue.Queue(maxsize=INSPECTORS)

    def worker_exec(self) -> None:
        """Run one of the threads."""
        with propagate_errors(self.job):
            while (task := self.job.take(self.in_queue)) is not END:
                # A second visit takes no place, and is no reason to stop.
                has_claim = not self.job.knows(task)
                if has_claim and not self.job.limit.claim(self.job.stop):
                    if self.job.config.crawl_skip_known:
                        # Enough photos: feeder and parser need not go on.
                        self.signal.set(reach_max_num=True)
                        return
                    continue
                come: Outcome | ComePhoto | None = None
                try:
                    come = self.download(task, has_claim=has_claim)
                finally:
                    if has_claim and not isinstance(come, ComePhoto):
                        self.job.limit.record(kept=come is not None and come.is_kept)
                if isinstance(come, ComePhoto):
                    self.job.put(self.out_queue, come)
                else:
                    self.job.report(come)

    def download(self, task: Attribution, *, has_claim: bool) -> Outcome | ComePhoto:
        """Return a photo as it came, or what else came of it."""
        if (sha256 := self.job.sha256_elsewhere(task)) is not None:
            # It shows another sight of the city too, and was fetched for that one.
            is_new = self.job.is_new(sha256)
            return SharedPhoto(task, sha256, datetime.now(UTC), is_duplicate=not is_new)
        try:
            visit = self._visit(task)
        except PhotoRefusedError as error:
            return rejected(task, error.reason, clean_text(error.detail))
        except PhotoUnavailableError as error:
            return FailedPhoto(task.url, str(error))
        return self.job.known(task) if visit.content is None else ComePhoto(task, visit, has_claim)

    def _visit(self, task: Attribution) -> Visit:
        """Fetch a photo, unless a crawl that was killed has left it behind."""
        url, spool, validators = task.url, self.job.spool, self.job.validators_of(task)
        # Whoever asks whether a photo has changed wants what is there now.
        if spool is not None and not validators and (left := spool.get(url)) is not None:
            return Visit(left)
        visit = self.job.source.visit(url, validators)
        if spool is not None and visit.content is not None:
            spool.put(url, visit.content)
        return visit


class PhotoInspector(ThreadPool):
    """Look at what has come: in threads of its own, so that those that fetch go on fetching."""

    def __init__(self, job: CrawlJob, downloader: PhotoDownloader) -> None:
        """Take part in a job."""
        super().__init__(INSPECTORS, in_queue=downloader.out_queue, name="inspector")
        self.job = job
        self._downloader = downloader

    def worker_exec(self) -> None:
        """Run one of the threads, until nothing more can come."""
        with propagate_errors(self.job):
            while (come := self._take()) is not None:
                outcome: Outcome | None = None
                try:
                    outcome = self.inspect(come)
                finally:
                    if come.has_claim:
                        self.job.limit.record(kept=outcome is not None and outcome.is_kept)
                self.job.report(outcome)

    def inspect(self, come: ComePhoto) -> Outcome:
        """Return what came of a photo."""
        config, task, visit = self.job.config, come.task, come.visit
        try:
            file = inspect_photo(
                visit.content or b"", config.min_photo_side_pixels, config.rejected_face_share
            )
        except PhotoRefusedError as error:
            return rejected(task, error.reason, clean_text(error.detail))
        is_new = self.job.is_new(file.sha256)
        found = FoundPhoto(
            file,
            task,
            datetime.now(UTC),
            etag=visit.validators.etag,
            last_modified=visit.validators.last_modified,
        )
        return FetchedPhoto(found, is_duplicate=not is_new)

    def _take(self) -> ComePhoto | None:
        """Return the next photo; None when all are fetched and looked at."""
        while True:
            # Asked before: what comes last comes before its thread ends.
            is_last = not self._downloader.is_alive()
            self.job.raise_if_stopped()
            try:
                come: ComePhoto = self.in_queue.get(timeout=0 if is_last else JOB_POLL_SECONDS)
            except queue.Empty:
                if is_last:
                    return None
            else:
                return come


class SourceCrawler(Crawler):
    """Crawl one source: `outcomes` is the whole of it."""

    def __init__(self, job: CrawlJob) -> None:
        """Make the three pools; nothing runs yet."""
        self.job = job
        self.threads = job.config.crawl_threads
        super().__init__(
            feeder_cls=LeadFeeder,
            parser_cls=ListingParser,
            downloader_cls=PhotoDownloader,
            downloader_threads=self.threads,
            extra_feeder_args={"job": job},
            extra_parser_args={"job": job},
            extra_downloader_args={"job": job},
        )
        self.inspector = PhotoInspector(job, self.downloader)

    def set_logger(self, log_level: int = logging.INFO) -> None:
        """Use our logger; icrawler would set up the root logger of the whole process."""
        del log_level
        self.logger = logging.getLogger(__name__)

    def set_session(self, headers: object = None) -> None:
        """Fetch with our fetcher; icrawler's session pretends to be a browser."""
        del headers
        self.session = None  # type: ignore[assignment]

    def set_storage(self, storage: object) -> None:
        """Store nothing here: outcomes go to the writer."""
        del storage
        self.storage = None  # type: ignore[assignment]

    def outcomes(self) -> Generator[Outcome | None]:
        """Crawl; yield what came of each file as it comes, and None now and then while waiting.

        Raises:
            CrawlError, ServiceError: what ended a thread before its work was done.

        """
        try:
            self.feeder.start()
            self.parser.start(downloader_threads=self.threads)
            self.downloader.start()
            self.inspector.start()
            while self.inspector.is_alive() or not self.job.outcomes.empty():
                try:
                    yield self.job.outcomes.get(timeout=JOB_POLL_SECONDS / 2)
                except queue.Empty:
                    yield None
        finally:
            self._end_threads()
        if self.job.failures:
            raise self.job.failures[0]

    def _end_threads(self) -> None:
        """Stop; who waits for a server sees it soon, and no crawl waits long for who does not."""
        self.job.stop.set()
        until = time.monotonic() + MAX_ENDING_SECONDS
        pools = (self.feeder, self.parser, self.downloader, self.inspector)
        workers = [worker for pool in pools for worker in pool.workers]
        # Who ends it may come while they are being started.
        for worker in filter(threading.Thread.is_alive, workers):
            worker.join(max(until - time.monotonic(), 0.0))
        busy = [worker.name for worker in workers if worker.is_alive()]
        if busy:
            self.logger.warning("crawl left %d threads behind: %s", len(busy), ", ".join(busy))


def rejected(found: Attribution, reason: str, detail: str | None) -> RejectedPhoto:
    """Return a photo as one that is not kept."""
    return RejectedPhoto(found.url, found.source, reason, detail, found.identifiers)


def parse_or_raise(name: str, items: Iterator[Read]) -> Iterator[Read]:
    """Yield what a source reads; an answer in another form than documented is a broken source."""
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            msg = (
                f"{name} answers in another form than documented ({type(error).__name__}: {error}); "
                "the parser needs an update"
            )
            raise BrokenSourceError(msg) from error
        yield item


@contextmanager
def propagate_errors(job: CrawlJob) -> Iterator[None]:
    """Carry an error out of a thread: it ends the crawl and is raised by it; a stop is none."""
    try:
        yield
    except CrawlStoppedError:
        return
    except BaseException as error:  # noqa: BLE001 - whatever ends a thread must be told
        job.fail(error)
