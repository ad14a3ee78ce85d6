"""Openverse: openly licensed photos of many catalogues, by the sight's names.

https://api.openverse.org/v1/: anonymous clients get pages of 20, 20 of them a minute and 200 a day.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sightscan.crawl.sources.commons_thumbnails import ask_thumbnails
from sightscan.crawl.sources.source import (
    BrokenSourceError,
    Lead,
    Listing,
    PhotoSource,
    photo_address,
    read_records,
    text_in,
)
from sightscan.errors import ServiceError
from sightscan.licences import licence_id
from sightscan.plain_text import plain_text, web_address
from sightscan.warehouse.photos.identity import (
    OPENVERSE,
    identifiers_of,
    page_id_of,
    provider_identifiers,
    read_identifier,
)
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto

OPENVERSE_PAGE_SIZE = 20
# Openverse gives no more than 240 results of a search to anonymous clients.
MAX_PAGES = 12
OPEN_LICENCES = "by,by-sa,cc0,pdm"
BUCKET = "openverse.searches"
# Each name costs searches; the first ones find most.
MAX_NAMES = 2

logger = logging.getLogger(__name__)


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
            self.fetcher.wait_for_api(
                BUCKET,
                self.config.openverse_requests_per_minute,
                self.config.openverse_requests_per_day,
            )
            answer = self.fetcher.json(url, asked | {"page": str(page)})
            try:
                listing = read_records(
                    answer["results"], lambda result: self._read(result, lead.query)
                )
                pages = _count(answer.get("page_count")) or 1
                counted = _count(answer.get("result_count"))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                msg = (
                    f"Openverse answers in another form than documented ({type(error).__name__}: "
                    f"{error}); the parser needs an update"
                )
                raise BrokenSourceError(msg) from error
            if page == 1 and counted != 0 and not listing.expected:
                said = (
                    "answers in another form than documented, with neither photos nor their number"
                    if counted is None
                    else f"counts {counted} photos of {lead.address}, but lists none: expected a page"
                )
                msg = f"Openverse {said}; its API has changed, and the parser needs an update"
                raise BrokenSourceError(msg)
            yield listing
            page += 1

    def _read(self, result: Mapping[str, Any], query: str) -> Attribution | RejectedPhoto:
        # Sizes and the type may be null; the bytes will tell.
        width, height = int(result.get("width") or 0), int(result.get("height") or 0)
        url = photo_address(result.get("url"))
        page_url = web_address(result.get("foreign_landing_url"))
        # Openverse keeps the provider's identifier to itself, but its page and its file name it.
        identifiers = (*provider_identifiers(page_url), *identifiers_of(url))
        if image := read_identifier(f"{OPENVERSE}{result.get('id')}"):
            identifiers = (*identifiers, image)
        identifiers = tuple(dict.fromkeys(identifiers))
        least = self.config.min_photo_side_pixels
        if width and height and min(width, height) < least:
            seen = f"{width} x {height}, at least {least} each"
            return RejectedPhoto(url, self.name, "too_small", seen, identifiers)
        code = plain_text(text_in(result, "license"))
        licence = f"cc-{code}-{result.get('license_version') or ''}".rstrip("-")
        licence_url = web_address(result.get("license_url"))
        return Attribution(
            url=url,
            page_url=page_url,
            source=self.name,
            licence=licence_id(
                licence.replace("cc-cc0", "cc0").replace("cc-pdm", "pdm"), licence_url
            ),
            licence_url=licence_url,
            author=plain_text(result.get("creator")),
            title=plain_text(result.get("title")),
            query=query,
            identifiers=identifiers,
        )

    def located(self, found: Sequence[Attribution]) -> Sequence[Attribution]:
        """Return photos with the scaled copies that Commons names of its own files.

        While Commons does not answer, they come from where Openverse says.
        """
        page_ids = {photo.url: page_id_of(photo.identifiers) for photo in found}
        asked = tuple(page_id for page_id in page_ids.values() if page_id is not None)
        if self.config.crawl_full_resolution or not asked:
            return found
        try:
            thumbnails = ask_thumbnails(self.fetcher, self.config.commons_api_url, asked)
        except ServiceError as error:
            logger.warning("openverse sight=%r: originals, since %s", self.sight.name, error)
            return found
        return tuple(_moved(photo, thumbnails.get(page_ids[photo.url] or "")) for photo in found)


def _count(number: object) -> int | None:
    """Return a number of an answer; None for what is none: what it lists is read all the same."""
    return number if isinstance(number, int) else None


def _moved(photo: Attribution, url: str | None) -> Attribution:
    if url is None:
        return photo
    identifiers = tuple(dict.fromkeys((*photo.identifiers, *identifiers_of(url))))
    return replace(photo, url=url, identifiers=identifiers)
