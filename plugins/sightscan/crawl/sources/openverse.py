"""Openverse: openly licensed photos of many catalogues, by the sight's names.

https://api.openverse.org/v1/: anonymous clients get pages of 20, 20 of them a minute and 200 a day.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sightscan.crawl.sources.commons_answers import THUMBNAIL_WIDTH_PIXELS
from sightscan.crawl.sources.licences import licence_id
from sightscan.crawl.sources.source import (
    BrokenSourceError,
    Lead,
    Listing,
    PhotoSource,
    read_records,
    text_in,
)
from sightscan.plain_text import plain_text, web_address
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto
from sightscan.warehouse.text import clean_text

OPENVERSE_PAGE_SIZE = 20
# Openverse gives no more than 240 results of a search to anonymous clients.
MAX_PAGES = 12
OPEN_LICENCES = "by,by-sa,cc0,pdm"
BUCKET = "openverse.searches"
# Each name costs searches; the first ones find most.
MAX_NAMES = 2

_COMMONS_FILE = re.compile(r"^(https?://[^/]+/wikipedia/commons)(/[0-9a-f]/[0-9a-f]{2}/)([^/?]+)$")


class OpenverseSource(PhotoSource):
    """Searches for the exact name, together with the city's."""

    name = "openverse"

    def leads(self) -> Iterator[Lead]:
        """Yield a search for each of the sight's names."""
        for name in self.names()[:MAX_NAMES]:
            words = f'"{name}"' if self.city.name in name else f'"{name}" {self.city.name}'
            yield Lead(words, words)

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the pages of a search."""
        url = f"{self.config.openverse_api_url.rstrip('/')}/v1/images/"
        asked = {"q": lead.address, "page_size": str(OPENVERSE_PAGE_SIZE), "mature": "false"}
        if self.config.licence_policy == "open":
            asked["license"] = OPEN_LICENCES
        page, pages = 1, 1
        while page <= min(pages, MAX_PAGES):
            self.fetcher.wait_for_api(BUCKET, self.config.openverse_requests_per_minute)
            answer = self.fetcher.json(url, asked | {"page": str(page)})
            try:
                pages = int(answer["page_count"])
                listing = read_records(
                    answer["results"], lambda result: self._read(result, lead.query)
                )
                counted = int(answer["result_count"])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                msg = (
                    f"Openverse answers in another form than documented ({type(error).__name__}: "
                    f"{error}); the parser needs an update"
                )
                raise BrokenSourceError(msg) from error
            if page == 1 and counted and not listing.expected:
                msg = (
                    f"Openverse counts {counted} photos of {lead.address}, but lists none: expected "
                    "a page of them; its API has changed, and the parser needs an update"
                )
                raise BrokenSourceError(msg)
            yield listing
            page += 1

    def _read(self, result: Mapping[str, Any], query: str) -> Attribution | RejectedPhoto:
        # Sizes and the type may be null; the bytes will tell.
        width, height = int(result.get("width") or 0), int(result.get("height") or 0)
        url = clean_text(text_in(result, "url"))
        least = self.config.min_photo_side_pixels
        if width and height and min(width, height) < least:
            seen = f"{width} x {height}, at least {least} each"
            return RejectedPhoto(url, self.name, "too_small", seen)
        if not self.config.crawl_full_resolution and result.get("source") == "wikimedia":
            url = _thumbnail(url, width)
        code = plain_text(text_in(result, "license"))
        licence = f"cc-{code}-{result.get('license_version') or ''}".rstrip("-")
        licence_url = web_address(result.get("license_url"))
        return Attribution(
            url=url,
            page_url=web_address(result.get("foreign_landing_url")),
            source=self.name,
            licence=licence_id(
                licence.replace("cc-cc0", "cc0").replace("cc-pdm", "pdm"), licence_url
            ),
            licence_url=licence_url,
            author=plain_text(result.get("creator")),
            title=plain_text(result.get("title")),
            query=query,
        )


def _thumbnail(url: str, width_pixels: int) -> str:
    """Return where Commons has a scaled copy of its file: the one that its own listing names."""
    found = _COMMONS_FILE.match(url)
    if found is None or width_pixels <= THUMBNAIL_WIDTH_PIXELS:
        return url
    root, folder, name = found.groups()
    return f"{root}/thumb{folder}{name}/{THUMBNAIL_WIDTH_PIXELS}px-{name}"
