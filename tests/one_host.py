"""A source of photos that all lie on one host, and a crawl of it."""

import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

from sightscan.crawl.fetch.fetcher import Validators, Visit
from sightscan.crawl.job import CrawlJob, Limit
from sightscan.crawl.sources.source import Lead, Listing, PhotoSource
from sightscan.settings import Settings
from sightscan.warehouse.photos.photos import Attribution


class OneHost(PhotoSource):
    """Photos of one host."""

    name: ClassVar[str] = "one_host"

    def __init__(self, url: str, visit: Callable[[str, Validators | None], Visit]) -> None:
        self.url, self._visit = url, visit

    def leads(self) -> Iterator[Lead]:
        yield Lead("q", "a")

    def listings(self, lead: Lead) -> Iterator[Listing]:
        found = tuple(
            Attribution(f"{self.url}/{n}.jpg", None, self.name, "CC0", None, None, None, lead.query)
            for n in range(100)
        )
        yield Listing(found, len(found))

    def visit(self, url: str, validators: Validators | None) -> Visit:
        return self._visit(url, validators)


def job_of(config: Settings, source: PhotoSource, stop: threading.Event) -> CrawlJob:
    return CrawlJob(
        config=config,
        source=source,
        stop=stop,
        limit=Limit(100),
        known_names=frozenset(),
        kept_sha256s=set(),
    )
