"""What Google's and Bing's image searches have in common: icrawler's feeders, and pages of results.

Search engines change their pages, and a parser then reads nothing, without a word. So every page is
looked at twice: how many pictures does it seem to speak of, how many were read?
A first page that says something, and of which nothing is read, is a parser that has broken.
"""

# icrawler is untyped.
# mypy: disable-error-code="no-untyped-call"

import logging
import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import httpx
from icrawler import Feeder
from icrawler.utils import Signal

from sightscan.crawl.sources.source import (
    UNREADABLE,
    BrokenSourceError,
    Lead,
    Listing,
    PhotoSource,
    photo_address,
    read_records,
)
from sightscan.licences import UNKNOWN
from sightscan.plain_text import shown_text
from sightscan.warehouse.photos.identity import identifiers_of
from sightscan.warehouse.photos.photos import Attribution

# Search engines give no more than this, whatever is asked for.
MAX_RESULTS = 1_000
# An honest "nothing found" is a short page; a login, a consent form or a new layout is not.
SILENT_PAGE_CHARACTERS = 200
# Fewer than this share of what a page seems to have: it is said in the log.
SUSPICIOUS_SHARE = 0.25

# A page says what it is at its beginning.
MAX_SHOWN_BYTES = 100_000

# Where the address of a picture begins, where it ends, and what is in none.
_ADDRESS_PART = re.compile(
    rb"(?P<begin>https?:)|(?P<end>\.(?:jpe?g|png|webp)\b)|[\"'\s<>\[\]]", re.IGNORECASE
)

logger = logging.getLogger(__name__)


class SearchPageSource(PhotoSource):
    """Asks a search engine for the sight in its city, page after page."""

    feeder_class: ClassVar[type[Feeder]]
    # What icrawler's licence filter is asked for under the open policy. It narrows the results;
    # which licence a photo has is said nowhere.
    open_filter: ClassVar[str] = "commercial,modify"

    @property
    @abstractmethod
    def search_url(self) -> str:
        """Return where the search is."""

    @abstractmethod
    def results_in(self, body: bytes) -> list[str]:
        """Return what a page says of each result, for `address_of`."""

    @abstractmethod
    def address_of(self, result: str) -> str:
        """Return where the photo of a result is; any error means that it is odd."""

    def leads(self) -> Iterator[Lead]:
        """Yield one search."""
        words = f"{self.sight.name} {self.city.name}"
        yield Lead(words, words)

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the pages of results, until one brings nothing new."""
        seen: set[str] = set()
        for number, url in enumerate(self._pages(lead.address)):
            body = self.fetcher.page(url, obey_robots=self.config.crawl_obey_robots_of_search_pages)
            listing = self._parsed(body, lead.query)
            expected = max(count_pictures(body), listing.expected)
            if number == 0:
                self._check(body, expected, len(listing.found))
            fresh = {each.url: each for each in listing.found if each.url not in seen}
            if not fresh:
                return
            if len(listing.found) < SUSPICIOUS_SHARE * expected:
                logger.warning(
                    "%s sight=%r expected=%d received=%d: the parser may have broken",
                    self.name, self.sight.name, expected, len(listing.found),
                )  # fmt: skip
            seen.update(fresh)
            yield replace(listing, found=tuple(fresh.values()), expected=expected)

    def _pages(self, words: str) -> list[str]:
        """Return the addresses that icrawler's feeder makes, on the host of the settings."""
        filters = {"license": self.open_filter} if self.config.licence_policy == "open" else None
        feeder = self.feeder_class(1, Signal(), None)
        feeder.out_queue = queue = _Collected()
        feeder.feed(keyword=self._keyword(words), offset=0, max_num=MAX_RESULTS, filters=filters)
        own = httpx.URL(self.search_url)
        return [str(own.copy_with(query=httpx.URL(url).query)) for url in queue.items]

    def _keyword(self, words: str) -> str:
        """Return the search words as the feeder wants them."""
        return words

    def _parsed(self, body: bytes, query: str) -> Listing:
        try:
            return read_records(
                self.results_in(body), lambda each: self._found(self.address_of(each), query)
            )
        except UNREADABLE as error:
            msg = (
                f"the parser of {self.name} fails at a page of {len(body)} bytes "
                f"({type(error).__name__}: {error}): expected results; it needs an update, until "
                "then take the source out of PHOTO_SOURCES"
            )
            raise BrokenSourceError(msg) from error

    def _check(self, body: bytes, expected: int, received: int) -> None:
        shown = shown_text(body[:MAX_SHOWN_BYTES]).split()
        if received or (not expected and len(" ".join(shown)) < SILENT_PAGE_CHARACTERS):
            return
        msg = (
            f"{self.name} answers a page of {len(body)} bytes with about {expected} pictures, of "
            "which the parser reads none: the page has changed, or asks for consent or a "
            "login; open it in a browser, and take the source out of PHOTO_SOURCES until the "
            "parser is updated"
        )
        raise BrokenSourceError(msg)

    def _found(self, url: str, query: str) -> Attribution:
        address = photo_address(url)
        if not address.lower().startswith(("http://", "https://")):
            msg = f"{address[:80]!r} is no address of a photo"
            raise ValueError(msg)
        return Attribution(
            url=address,
            page_url=None,
            source=self.name,
            licence=UNKNOWN,
            licence_url=None,
            author=None,
            title=None,
            query=query,
            identifiers=identifiers_of(address),
        )


def count_pictures(body: bytes) -> int:
    """Return how many pictures a page seems to speak of: addresses of pictures, each once."""
    page = body.replace(b"\\/", b"/")
    pictures: set[bytes] = set()
    begin: int | None = None
    for part in _ADDRESS_PART.finditer(page):
        if part["begin"]:
            begin = part.start() if begin is None else begin
        else:
            if part["end"] and begin is not None:
                pictures.add(page[begin : part.end()])
            begin = None
    return len(pictures)


class _Collected:
    """Takes what a feeder puts, in place of the queue between two threads."""

    def __init__(self) -> None:
        self.items: list[str] = []

    def put(self, item: str, **_: object) -> None:
        self.items.append(item)
