"""Flickr's search, by icrawler's feeder and parser: each photo states its licence.

https://www.flickr.com/services/api/flickr.photos.search.html; it wants a key.
"""

# icrawler is untyped.
# mypy: disable-error-code="no-untyped-call"

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
from icrawler.builtin.flickr import FlickrFeeder, FlickrParser
from icrawler.utils import Signal

from sightscan.crawl.sources.licences import UNKNOWN
from sightscan.crawl.sources.source import BrokenSourceError, Lead, Listing, PhotoSource
from sightscan.errors import ServiceError
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.text import clean_text

CC = "https://creativecommons.org/licenses/"
# https://www.flickr.com/services/api/flickr.photos.licenses.getInfo.html; 0 is all rights reserved.
LICENCES: dict[str, tuple[str, str | None]] = {
    "0": ("all-rights-reserved", None),
    "1": ("cc-by-nc-sa-2.0", CC + "by-nc-sa/2.0/"),
    "2": ("cc-by-nc-2.0", CC + "by-nc/2.0/"),
    "3": ("cc-by-nc-nd-2.0", CC + "by-nc-nd/2.0/"),
    "4": ("cc-by-2.0", CC + "by/2.0/"),
    "5": ("cc-by-sa-2.0", CC + "by-sa/2.0/"),
    "6": ("cc-by-nd-2.0", CC + "by-nd/2.0/"),
    "7": ("public-domain", "https://www.flickr.com/commons/usage/"),
    "8": ("public-domain", "https://www.usa.gov/government-copyright"),
    "9": ("cc0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "10": ("pdm-1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
    "11": ("cc-by-4.0", CC + "by/4.0/"),
    "12": ("cc-by-sa-4.0", CC + "by-sa/4.0/"),
    "13": ("cc-by-nd-4.0", CC + "by-nd/4.0/"),
    "14": ("cc-by-nc-4.0", CC + "by-nc/4.0/"),
    "15": ("cc-by-nc-sa-4.0", CC + "by-nc-sa/4.0/"),
    "16": ("cc-by-nc-nd-4.0", CC + "by-nc-nd/4.0/"),
}
OPEN = "4,5,7,8,9,10,11,12"
# Each photo costs a request for its sizes, and a key has 3,600 an hour.
PER_PAGE = 50
REQUESTS_PER_MINUTE = 55
BUCKET = "flickr.requests"
SIZES = ("large", "medium 800", "medium 640", "large 1600", "large 2048", "original")


class FlickrSource(PhotoSource):
    """Searches titles, descriptions and tags for the sight in its city."""

    name = "flickr"

    def leads(self) -> Iterator[Lead]:
        """Yield one search."""
        if self.config.flickr_api_key is None:
            msg = (
                "FLICKR_API_KEY is not set, but PHOTO_SOURCES names flickr: get a key at "
                "https://www.flickr.com/services/apps/create/ or take flickr out"
            )
            raise ServiceError(msg)
        words = f"{self.sight.name} {self.city.name}"
        yield Lead(words, words)

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the pages of a search."""
        for url in self._pages(lead.address):
            answer = self._asked(url)
            if answer.get("stat") != "ok":
                msg = f"Flickr refuses the search: {clean_text(str(answer.get('message', answer)))}; check FLICKR_API_KEY"
                raise ServiceError(msg)
            try:
                expected = len(answer["photos"]["photo"])
                page_count = int(answer["photos"]["pages"])
                page = int(answer["photos"]["page"])
            except (KeyError, TypeError, ValueError) as error:
                msg = (
                    f"Flickr answers in another form than documented ({type(error).__name__}: "
                    f"{error}); the parser needs an update"
                )
                raise BrokenSourceError(msg) from error
            found = self._parsed(answer, lead.query)
            if expected and not found:
                msg = (
                    f"Flickr lists {expected} photos of {lead.query!r}, of which icrawler's parser "
                    "reads none; it needs an update, until then take flickr out of PHOTO_SOURCES"
                )
                raise BrokenSourceError(msg)
            yield Listing(found, expected)
            if page >= page_count:
                return

    def _pages(self, words: str) -> list[str]:
        feeder = FlickrFeeder(1, Signal(), None)
        feeder.signal.set(reach_max_num=False)
        pages: list[str] = []
        feeder.output = lambda url, **_: pages.append(url)  # type: ignore[method-assign]
        licences = {"license": OPEN} if self.config.licence_policy == "open" else {}
        feeder.feed(
            apikey=self._key, text=words, content_type=1, sort="relevance",
            extras="license,owner_name", per_page=PER_PAGE, **licences,
        )  # fmt: skip
        return pages

    @property
    def _key(self) -> str:
        key = self.config.flickr_api_key
        return "" if key is None else key.get_secret_value()

    def _asked(self, url: str) -> dict[str, Any]:
        """Ask for what icrawler's address asks, at the API of the settings."""
        self.fetcher.wait_for_api(BUCKET, REQUESTS_PER_MINUTE)
        return self.fetcher.json(self.config.flickr_api_url, dict(httpx.URL(url).params))

    def _parsed(self, answer: Mapping[str, Any], query: str) -> tuple[Attribution, ...]:
        parser = FlickrParser.__new__(FlickrParser)
        parser.session = session = _Session(self._asked)
        response = SimpleNamespace(content=json.dumps(answer).encode())
        sizes = ("original", *SIZES) if self.config.crawl_full_resolution else SIZES
        found = tuple(
            self._read(result["file_url"], result["meta"], query)
            for result in parser.parse(response, self._key, size_preference=sizes)
        )
        if session.problem is not None and not found:
            raise session.problem
        return found

    def _read(self, url: str, photo: Mapping[str, Any], query: str) -> Attribution:
        licence, licence_url = LICENCES.get(str(photo.get("license", "")), (UNKNOWN, None))
        page = f"https://www.flickr.com/photos/{photo.get('owner')}/{photo.get('id')}/"
        return Attribution(
            url=clean_text(url),
            page_url=clean_text(page),
            source=self.name,
            licence=licence,
            licence_url=licence_url,
            author=clean_text(str(photo.get("ownername") or "")) or None,
            title=clean_text(str(photo.get("title") or "")) or None,
            query=query,
        )


class _Session:
    """What icrawler's parser takes for a session of requests; the parser swallows all errors."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask
        self.problem: BaseException | None = None

    def get(self, url: str) -> SimpleNamespace:
        """Return an answer, or keep the problem and raise it."""
        if self.problem is not None:
            raise self.problem
        try:
            return SimpleNamespace(content=json.dumps(self._ask(url)).encode())
        except BaseException as error:
            self.problem = error
            raise
