"""What Google's and Bing's image searches have in common: icrawler's own feeders and parsers.

Search engines change their pages, and icrawler's parsers then read nothing, without a word. So
every page is looked at twice: how many pictures does it seem to speak of, how many were read?
A first page that says something, and of which nothing is read, is a parser that has broken.
"""

# icrawler is untyped.
# mypy: disable-error-code="no-untyped-call"

import logging
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
from icrawler import Feeder, Parser
from icrawler.utils import Signal

from sightscan.crawl.sources.licences import UNKNOWN
from sightscan.crawl.sources.source import BrokenSourceError, Lead, Listing, PhotoSource
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.text import clean_text

# Search engines give no more than this, whatever is asked for.
MAX_RESULTS = 1_000
# An honest "nothing found" is a short page; a login, a consent form or a new layout is not.
SILENT_PAGE_CHARACTERS = 200
# Fewer than this share of what a page seems to have: it is said in the log.
SUSPICIOUS_SHARE = 0.25

_PICTURE = re.compile(rb"https?:[^\"'\s<>\[\]]{1,2000}?\.(?:jpe?g|png|webp)\b", re.IGNORECASE)
_NOT_TEXT = re.compile(rb"<(title)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)

logger = logging.getLogger(__name__)


class SearchPageSource(PhotoSource):
    """Asks a search engine for the sight in its city, page after page."""

    feeder_class: ClassVar[type[Feeder]]
    parser_class: ClassVar[type[Parser]]
    # What icrawler's licence filter is asked for under the open policy. It narrows the results;
    # which licence a photo has is said nowhere.
    open_filter: ClassVar[str] = "commercial,modify"

    @property
    @abstractmethod
    def search_url(self) -> str:
        """Return where the search is."""

    def leads(self) -> Iterator[Lead]:
        """Yield one search."""
        words = f"{self.sight.name} {self.city.name}"
        yield Lead(words, words)

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the pages of results, until one brings nothing new."""
        seen: set[str] = set()
        for number, url in enumerate(self._pages(lead.address)):
            body = self.fetcher.page(url, obey_robots=self.config.crawl_obey_robots_of_search_pages)
            urls = self._parsed(body)
            fresh = [url for url in dict.fromkeys(urls) if url not in seen]
            expected = max(count_pictures(body), len(urls))
            if number == 0:
                self._check(body, expected, len(urls))
            if not fresh:
                return
            if len(urls) < SUSPICIOUS_SHARE * expected:
                logger.warning(
                    "%s sight=%r expected=%d received=%d: icrawler's parser may have broken",
                    self.name, self.sight.name, expected, len(urls),
                )  # fmt: skip
            seen.update(fresh)
            yield Listing(tuple(self._found(url, lead.query) for url in fresh), expected)

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

    def _parsed(self, body: bytes) -> list[str]:
        parser = self.parser_class.__new__(self.parser_class)
        try:
            results: Iterable[dict[str, Any]] = parser.parse(SimpleNamespace(content=body)) or ()
            return [str(result["file_url"]) for result in results]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            msg = (
                f"icrawler's parser of {self.name} fails at a page of {len(body)} bytes "
                f"({type(error).__name__}: {error}): expected results; it needs an update, until "
                "then take the source out of PHOTO_SOURCES"
            )
            raise BrokenSourceError(msg) from error

    def _check(self, body: bytes, expected: int, received: int) -> None:
        text_bytes = len(_NOT_TEXT.sub(b"", body).strip())
        if received or (not expected and text_bytes < SILENT_PAGE_CHARACTERS):
            return
        msg = (
            f"{self.name} answers a page of {len(body)} bytes with about {expected} pictures, of "
            "which icrawler's parser reads none: the page has changed, or asks for consent or a "
            "login; open it in a browser, and take the source out of PHOTO_SOURCES until the "
            "parser is updated"
        )
        raise BrokenSourceError(msg)

    def _found(self, url: str, query: str) -> Attribution:
        return Attribution(
            url=clean_text(url),
            page_url=None,
            source=self.name,
            licence=UNKNOWN,
            licence_url=None,
            author=None,
            title=None,
            query=query,
        )


def count_pictures(body: bytes) -> int:
    """Return how many pictures a page seems to speak of: addresses of pictures, each once."""
    return len(set(_PICTURE.findall(body.replace(b"\\/", b"/"))))


class _Collected:
    """Takes what a feeder puts, in place of the queue between two threads."""

    def __init__(self) -> None:
        self.items: list[str] = []

    def put(self, item: str, **_: object) -> None:
        self.items.append(item)
