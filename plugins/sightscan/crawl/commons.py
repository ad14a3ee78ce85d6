"""Crawl a category of Wikimedia Commons: feeder, parser and downloader of icrawler.

icrawler gives the shape: three pools of threads with queues between them. What its base classes do
inside a thread is replaced, because there errors die unseen, full queues lose photos, and threads
find out by seconds-long polling that the work is over.
"""

# icrawler is untyped, and its methods take whatever they are given; ours say what they take.
# mypy: disable-error-code="override, no-untyped-call"

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any

from icrawler import Crawler, Downloader, Feeder, Parser

from sightscan.crawl.commons_answers import (
    METADATA,
    SOURCE,
    THUMBNAIL_WIDTH_PIXELS,
    plain,
    read_page,
)
from sightscan.crawl.fetching import (
    CrawlStoppedError,
    PhotoRefusedError,
    PhotoUnavailableError,
)
from sightscan.crawl.inspection import inspect_photo
from sightscan.crawl.job import (
    POLL_SECONDS,
    CrawlJob,
    FailedPhoto,
    FetchedPhoto,
    KnownPhoto,
    Outcome,
)
from sightscan.errors import CrawlError
from sightscan.warehouse.photos import Attribution, FoundPhoto, RejectedPhoto

# Deeper, categories drift away from what the sight looks like: its architect, its street.
DEEPEST_SUBCATEGORY = 2
# With 50 files, an answer with all its metadata stays within what MediaWiki sends at once.
FILES_PER_ANSWER = 50
SUBCATEGORIES_PER_ANSWER = 500
# Tells the threads behind a queue that nothing more will come.
END = object()


class CategoryFeeder(Feeder):
    """Walk a category's tree, and feed the name of each category once, the nearest first."""

    def __init__(self, *args: Any, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job
        self.out_queue = queue.Queue(maxsize=100)

    def worker_exec(self, category: str) -> None:
        """Run the thread."""
        with surfacing(self.job):
            self.feed(category)
            self.job.put(self.out_queue, END)

    def feed(self, category: str) -> None:
        """Feed a category and its subcategories; Commons has cycles, so each only once."""
        waiting = deque([(category, 0)])
        seen = {category}
        while waiting:
            name, depth = waiting.popleft()
            self.job.put(self.out_queue, name)
            if depth == DEEPEST_SUBCATEGORY:
                continue
            for subcategory in self._subcategories(name):
                if subcategory not in seen:
                    seen.add(subcategory)
                    waiting.append((subcategory, depth + 1))

    def _subcategories(self, category: str) -> Iterator[str]:
        parameters = {
            "list": "categorymembers",
            "cmtitle": f"Category:{category}",
            "cmtype": "subcat",
            "cmlimit": str(SUBCATEGORIES_PER_ANSWER),
        }
        for answer in answers(self.job, parameters):
            for member in answer.get("query", {}).get("categorymembers", ()):
                yield str(member["title"]).removeprefix("Category:")


class CategoryParser(Parser):
    """Ask for the files of each category, and hand on those that are to be fetched."""

    def __init__(self, *args: Any, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job
        self.out_queue = queue.Queue(maxsize=100)
        self._seen: set[str] = set()

    def worker_exec(self, downloader_threads: int) -> None:
        """Run the thread."""
        with surfacing(self.job):
            while (category := self.job.take(self.in_queue)) is not END:
                for page in self._pages(category):
                    for task in self.parse(page, category):
                        self.job.put(self.out_queue, task)
            for _ in range(downloader_threads):
                self.job.put(self.out_queue, END)

    def parse(self, page: dict[str, Any], category: str) -> Iterator[Attribution]:
        """Yield what is to be fetched of a page: a file at most, none if that is settled."""
        try:
            read = read_page(page, category, self.job.config.min_photo_side_pixels)
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"Commons describes {page.get('title')!r} in another form than documented "
                f"({type(error).__name__}: {error}); the parser needs an update"
            )
            raise CrawlError(msg) from error
        # The same file can be in several categories of the tree.
        if read is None or read.url in self._seen:
            return
        self._seen.add(read.url)
        # A take-down names the page, too: the same file comes in other widths at other addresses.
        page_url = read.page_url if isinstance(read, Attribution) else None
        if self.job.knows(read.url, page_url):
            self.job.report(KnownPhoto(read.url))
        elif isinstance(read, RejectedPhoto):
            self.job.report(read)
        else:
            yield read

    def _pages(self, category: str) -> Iterator[dict[str, Any]]:
        parameters = {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{category}",
            "gcmtype": "file",
            "gcmlimit": str(FILES_PER_ANSWER),
            "prop": "imageinfo",
            "iiprop": "url|size|mime|extmetadata",
            "iiurlwidth": str(THUMBNAIL_WIDTH_PIXELS),
            "iiextmetadatafilter": "|".join(METADATA),
            "iiextmetadatalanguage": "en",
        }
        waiting: dict[int, dict[str, Any]] = {}
        for answer in answers(self.job, parameters):
            for page in answer.get("query", {}).get("pages", ()):
                # A long batch comes in parts: each names all pages, and describes some.
                waiting[page["pageid"]] = waiting.get(page["pageid"], {}) | page
            if answer.get("batchcomplete"):
                yield from waiting.values()
                waiting.clear()
        yield from waiting.values()


class PhotoDownloader(Downloader):
    """Fetch and inspect photos."""

    def __init__(self, *args: Any, job: CrawlJob) -> None:
        """Take part in a job."""
        super().__init__(*args)
        self.job = job

    def worker_exec(self) -> None:
        """Run one of the threads."""
        with surfacing(self.job):
            while (task := self.job.take(self.in_queue)) is not END:
                if not self.job.limit.claim(self.job.stop):
                    # Enough photos: feeder and parser need not go on.
                    self.signal.set(reach_max_num=True)
                    return
                outcome: Outcome | None = None
                try:
                    outcome = self.download(task)
                finally:
                    kept = isinstance(outcome, FetchedPhoto) and not outcome.is_duplicate
                    self.job.limit.settle(kept=kept)
                self.job.report(outcome)

    def download(self, task: Attribution) -> Outcome:
        """Return what came of one photo."""
        config = self.job.config
        try:
            data = self.job.fetcher.photo(task.url)
            file = inspect_photo(data, config.min_photo_side_pixels, config.rejected_face_share)
        except PhotoRefusedError as error:
            detail = None if error.detail is None else plain(error.detail)
            return RejectedPhoto(task.url, SOURCE, error.reason, detail)
        except PhotoUnavailableError as error:
            return FailedPhoto(task.url, str(error))
        is_new = self.job.is_new(file.sha256)
        return FetchedPhoto(FoundPhoto(file, task, datetime.now(UTC)), is_duplicate=not is_new)


class CommonsCrawler(Crawler):
    """Crawl one category: `outcomes` is the whole of it."""

    def __init__(self, job: CrawlJob, category: str) -> None:
        """Make the three pools; nothing runs yet."""
        self.job = job
        self.category = category
        self.threads = job.config.crawl_threads
        super().__init__(
            feeder_cls=CategoryFeeder,
            parser_cls=CategoryParser,
            downloader_cls=PhotoDownloader,
            downloader_threads=self.threads,
            extra_feeder_args={"job": job},
            extra_parser_args={"job": job},
            extra_downloader_args={"job": job},
        )

    def set_logger(self, log_level: int = logging.INFO) -> None:
        """Use our logger; icrawler would set up the root logger of the whole process."""
        del log_level
        self.logger = logging.getLogger(__name__)

    def set_session(self, headers: object = None) -> None:
        """Fetch with our fetcher; icrawler's session pretends to be a browser."""
        del headers
        self.session = self.job.fetcher  # type: ignore[assignment]

    def set_storage(self, storage: object) -> None:
        """Store nothing here: outcomes go to the writer."""
        del storage
        self.storage = None  # type: ignore[assignment]

    def outcomes(self) -> Generator[Outcome | None]:
        """Crawl; yield what came of each file as it comes, and None now and then while waiting.

        Raises:
            CrawlError, ServiceError: what ended a thread before its work was done.

        """
        self.feeder.start(category=self.category)
        self.parser.start(downloader_threads=self.threads)
        self.downloader.start()
        try:
            while self.downloader.is_alive() or not self.job.outcomes.empty():
                try:
                    yield self.job.outcomes.get(timeout=POLL_SECONDS / 2)
                except queue.Empty:
                    yield None
        finally:
            self.job.stop.set()
            for worker in (*self.feeder.workers, *self.parser.workers, *self.downloader.workers):
                worker.join()
        if self.job.failures:
            raise self.job.failures[0]


def answers(job: CrawlJob, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the answers of a query to the Commons API, going on where each one ends.

    Raises:
        CrawlError: Commons refuses the query.
        ServiceError: Commons does not answer.

    """
    url = job.config.commons_api_url
    asked = {"action": "query", "format": "json", "formatversion": "2", **parameters}
    while True:
        answer = job.fetcher.json(url, asked)
        if "error" in answer:
            info = answer["error"].get("info", answer["error"])
            msg = f"Commons refuses to list a category: {info}; check the sight's Commons category"
            raise CrawlError(msg)
        yield answer
        if "continue" not in answer:
            return
        asked |= {name: str(value) for name, value in answer["continue"].items()}


class surfacing:  # noqa: N801 - a context manager that reads as a verb
    """Carry an error out of a thread: it ends the crawl and is raised by it."""

    def __init__(self, job: CrawlJob) -> None:
        """Remember the job."""
        self._job = job

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        """Hand an error over; being told to stop is none."""
        if error is not None and not isinstance(error, CrawlStoppedError):
            self._job.fail(error)
        return True
