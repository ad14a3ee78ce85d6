"""The stand-in of Openverse: `GET /v1/images/`, paged, with the limits of anonymous clients.

Modelled on https://api.openverse.org/v1/: the fields are those of the serializer of its
source, which keeps `foreign_identifier` to itself; its catalogue takes the landing page of a photo of
Wikimedia from `descriptionshorturl` (`index.php?curid=`), and its address from `url`, of years ago,
so without what tracks. Its pictures are those of the Commons stand-in: the same photo is found by two
ways, whose addresses and pages differ. That a record may lack its address was seen in recorded
answers. Invented: that each search has one, and that all photos are of Wikimedia.
"""

import hashlib
import math
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from sandbox.commons.files import CommonsFile
from sandbox.commons.pages import file_url, short_page_url
from sandbox.commons.server import CommonsStandIn
from sandbox.counts import Counts
from sandbox.mediawiki import JsonObject
from sandbox.rates import TokenBucket
from sandbox.world.city_terms import fold
from sandbox.world.strange_texts import strange_author, strange_title

SEARCH_PATH = "/v1/images/"
MAX_PAGE_SIZE = 20


@dataclass(frozen=True)
class OpenverseLimits:
    """How often an anonymous client may ask, as documented."""

    per_minute: float = 20
    per_day: float = 200


class OpenverseStandIn:
    """Answers of Openverse about one world."""

    def __init__(
        self,
        commons: CommonsStandIn,
        counts: Counts,
        limits: OpenverseLimits = OpenverseLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._commons = commons
        self._counts = counts
        self._limits = limits
        self._minute = TokenBucket(limits.per_minute, clock=clock)
        self._day = TokenBucket(limits.per_day / (24 * 60), limits.per_day, clock=clock)

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount on the web server."""
        return [web.get(SEARCH_PATH, self._search)]

    async def _search(self, request: web.Request) -> web.Response:
        wait = max(self._minute.seconds_until_allowed(), self._day.seconds_until_allowed())
        if wait > 0:
            self._counts.add("openverse", "refused_too_many_requests")
            body: JsonObject = {"detail": "Request was throttled. Expected available in "}
            body["detail"] += f"{math.ceil(wait)} seconds."
            headers = {"Retry-After": str(math.ceil(wait))}
            return web.json_response(body, status=429, headers=headers)
        try:
            page = _number(request, "page", 1)
            page_size = _number(request, "page_size", MAX_PAGE_SIZE)
        except ValueError as error:
            return web.json_response({"detail": {"page": [str(error)]}}, status=400)
        if page_size > MAX_PAGE_SIZE:
            # Bigger pages are for registered clients.
            return web.json_response({"detail": "Authentication is needed."}, status=401)
        self._counts.add("openverse", "searches")
        found = self._found(request.query.get("q", ""), request.query.get("license", ""))
        pages = math.ceil(len(found) / page_size)
        shown = found[(page - 1) * page_size : page * page_size]
        origin = str(request.url.origin())
        answer = {
            "result_count": len(found),
            "page_count": pages,
            "page_size": page_size,
            "page": page,
            "results": [_result(file, origin) for file in shown] + _without_address(found, page),
        }
        limit = {"X-RateLimit-Limit-anon_burst": f"{self._limits.per_minute:g}/min"}
        return web.json_response(answer, headers=limit)

    def _found(self, words: str, licences: str) -> list[CommonsFile]:
        wanted = fold(words.replace('"', " ")).split()
        allowed = set(filter(None, licences.lower().split(",")))
        return [
            file
            for file in self._commons.catalogue.files
            if file.mime in ("image/jpeg", "image/png")
            and file.state == "there"
            and all(word in fold(f"{file.name} {file.description}") for word in wanted)
            and (not allowed or file.attribution.licence.openverse_code in allowed)
        ]


def _without_address(found: Sequence[CommonsFile], page: int) -> list[JsonObject]:
    """Return a record of a photo whose address Openverse lost: null, as are its size and type."""
    if page > 1 or not found:
        return []
    lost = ("url", "width", "height", "filetype", "filesize", "creator", "license_url")
    known = {"id": str(uuid.UUID(int=page)), "title": "Untitled"}
    code = found[0].attribution.licence.openverse_code
    return [known | {"license": code} | dict.fromkeys(lost)]


def _number(request: web.Request, name: str, default: int) -> int:
    number = int(request.query.get(name, default))
    if number < 1:
        msg = f"{name} must be at least 1, but is {number}"
        raise ValueError(msg)
    return number


def _result(file: CommonsFile, origin: str) -> JsonObject:
    attribution, licence = file.attribution, file.attribution.licence
    number = uuid.UUID(hashlib.sha256(file.name.encode()).hexdigest()[:32])
    title = file.name.rpartition(".")[0]
    return {
        "id": str(number),
        "title": strange_title(title),
        "indexed_on": attribution.uploaded_at,
        "foreign_landing_url": short_page_url(file),
        "url": file_url(origin, file),
        "creator": strange_author(attribution.author, file.name),
        "creator_url": None,
        "license": licence.openverse_code,
        "license_version": licence.version,
        "license_url": licence.url or "https://creativecommons.org/publicdomain/mark/1.0/",
        "provider": "wikimedia",
        "source": "wikimedia",
        "category": "photograph",
        "filesize": file.size_bytes,
        "filetype": "png" if file.mime == "image/png" else "jpg",
        "tags": [],
        "attribution": f'"{title}" by {attribution.author} is licensed under {licence.short_name}.',
        "fields_matched": ["title"],
        "mature": False,
        "height": file.height,
        "width": file.width,
        "thumbnail": f"{origin}{SEARCH_PATH}{number}/thumb/",
        "detail_url": f"{origin}{SEARCH_PATH}{number}/",
        "related_url": f"{origin}{SEARCH_PATH}{number}/related/",
        "unstable__sensitivity": [],
    }
