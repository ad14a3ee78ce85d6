"""Flickr's search, by icrawler's feeder: each photo states its licence.

https://www.flickr.com/services/api/flickr.photos.search.html; it wants a key.
"""

# icrawler is untyped.
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from icrawler.builtin.flickr import FlickrFeeder
from icrawler.utils import Signal

from sightscan.crawl.sources.source import (
    HIDDEN,
    MISSING,
    BrokenSourceError,
    Lead,
    LeftOutError,
    Listing,
    PhotoSource,
    day_in,
    photo_address,
    read_records,
    text_in,
)
from sightscan.errors import ServiceError
from sightscan.http_judges import judge_flickr
from sightscan.licences import UNKNOWN
from sightscan.plain_text import plain_text, web_address
from sightscan.warehouse.photos.identity import FLICKR, identifiers_of, read_identifier
from sightscan.warehouse.photos.photos import Attribution

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
# Of https://www.flickr.com/services/api/flickr.photos.search.html: keys, signatures and logins.
CODES_OF_A_KEY = frozenset({"96", "97", "98", "99", "100"})
BUCKET = "flickr.requests"
# https://www.flickr.com/services/api/flickr.photos.getSizes.html: not found, permission denied.
GONE = {1: MISSING, 2: HIDDEN}
NO_SIZE = "no_size"
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
            answer = self._asked(dict(httpx.URL(url).params))
            if answer.get("stat") != "ok":
                msg = f"Flickr refuses the search: {_reason(answer)}"
                raise ServiceError(msg)
            try:
                photos = list(answer["photos"]["photo"])
                page_count = int(answer["photos"]["pages"])
                page = int(answer["photos"]["page"])
            except (KeyError, TypeError, ValueError) as error:
                msg = (
                    f"Flickr answers in another form than documented ({type(error).__name__}: "
                    f"{error}); the parser needs an update"
                )
                raise BrokenSourceError(msg) from error
            for photo in photos:
                # Each costs a request: what was read before one fails is kept.
                yield read_records([photo], lambda each: self._read(each, lead.query))
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
            extras="license,owner_name,date_taken", per_page=PER_PAGE, **licences,
        )  # fmt: skip
        return pages

    @property
    def _key(self) -> str:
        key = self.config.flickr_api_key
        return "" if key is None else key.get_secret_value()

    def _asked(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        self.fetcher.wait_for_api(BUCKET, REQUESTS_PER_MINUTE)
        return self.fetcher.json(self.config.flickr_api_url, parameters, judge_flickr)

    def _read(self, photo: Mapping[str, Any], query: str) -> Attribution:
        number = text_in(photo, "id")
        url = self._address(number)
        numbered = [found] if (found := read_identifier(f"{FLICKR}{number}")) else []
        licence, licence_url = LICENCES.get(str(photo.get("license", "")), (UNKNOWN, None))
        owner = photo.get("owner")
        page = (
            f"https://www.flickr.com/photos/{owner}/{number}/" if isinstance(owner, str) else None
        )
        return Attribution(
            url=url,
            page_url=web_address(page),
            source=self.name,
            licence=licence,
            licence_url=licence_url,
            author=plain_text(photo.get("ownername")),
            title=plain_text(photo.get("title")),
            query=query,
            identifiers=tuple(dict.fromkeys((*numbered, *identifiers_of(url)))),
            taken_on=_day_of(photo),
        )

    def _address(self, number: str) -> str:
        """Ask where the photo is in the best size; raise LeftOutError if there is none for us."""
        asked = {"method": "flickr.photos.getSizes", "api_key": self._key, "photo_id": number}
        answer = self._asked(asked | {"format": "json", "nojsoncallback": "1"})
        if answer.get("stat") != "ok":
            if (reason := GONE.get(answer.get("code", 0))) is not None:
                raise LeftOutError(reason)
            msg = f"Flickr refuses the sizes of a photo: {_reason(answer)}"
            raise ServiceError(msg)
        by_label = {
            str(size.get("label")).lower(): size["source"]
            for size in answer["sizes"]["size"]
            if isinstance(size, Mapping) and isinstance(size.get("source"), str)
        }
        wanted = ("original", *SIZES) if self.config.crawl_full_resolution else SIZES
        for label in wanted:
            if label in by_label:
                return photo_address(by_label[label])
        raise LeftOutError(NO_SIZE)


def _day_of(photo: Mapping[str, Any]) -> str | None:
    """Return the day; where nobody said when, or only the month, Flickr makes one up."""
    is_known = str(photo.get("datetakenunknown", 0)) == "0"
    is_exact = str(photo.get("datetakengranularity", 0)) == "0"
    return day_in(photo.get("datetaken")) if is_known and is_exact else None


def _reason(answer: Mapping[str, Any]) -> str:
    """Return why Flickr refuses, and what to do."""
    is_about_key = str(answer.get("code")) in CODES_OF_A_KEY
    todo = "check FLICKR_API_KEY" if is_about_key else "take flickr out of PHOTO_SOURCES"
    return f"{plain_text(str(answer.get('message', answer)))}; {todo}"
