"""The stand-in of Wikimedia Commons: its API, its files and its thumbnails.

It is as strict as the real one: a contact in the User-Agent, only the standard thumbnail widths, no
enlarging, HTTP 429 for who hurries, and ETags for who already has a file.

Modelled on the API's help, the list of thumbnail widths, addresses that public projects recorded and
messages that others quote. Invented: the files, and figures of limits where none is published.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property, lru_cache

from aiohttp import web

from sandbox.commons.files import CommonsCatalogue, CommonsFile, catalogue_of
from sandbox.commons.pages import FILES_PATH, THUMBNAIL_WIDTHS
from sandbox.commons.query import answer_query
from sandbox.counts import Counts
from sandbox.mediawiki import (
    ApiError,
    Etiquette,
    JsonObject,
    answer,
    error_answer,
    parameters_of,
    required,
)
from sandbox.rates import TokenBucket
from sandbox.world.city_facts import CityFacts
from sandbox.world.photo_copies import scaled
from sandbox.world.world import World

API_PATH = "/w/api.php"

_THUMBNAIL = re.compile(r"(?:lossy-)?(?:page\d+-)?(\d+)px-")


@dataclass(frozen=True)
class CommonsLimits:
    """How much one client may ask.

    Wikimedia publishes 200 a minute and 3 at once, all its hosts together. Here it is more, so that
    a demo takes minutes: SightScan keeps these limits at Wikimedia's own hosts.
    """

    api_requests_per_minute: float = 600
    files_per_minute: float = 6000
    files_at_once: float = 500


class CommonsStandIn:
    """Answers of Commons about one world."""

    def __init__(
        self,
        world: World,
        facts: CityFacts,
        counts: Counts,
        limits: CommonsLimits = CommonsLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world = world
        self._facts = facts
        self._counts = counts
        api_bucket = TokenBucket(limits.api_requests_per_minute, clock=clock)
        file_bucket = TokenBucket(limits.files_per_minute, limits.files_at_once, clock=clock)
        self._api_etiquette = Etiquette("commons", counts, api_bucket)
        self._file_etiquette = Etiquette("commons", counts, file_bucket)

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount on the web server."""
        # Commons' URLs have the raw file name twice in a thumbnail's path.
        return [
            web.get(API_PATH, self._api),
            web.post(API_PATH, self._api),
            web.get(FILES_PATH + "/thumb/{a}/{ab}/{name}/{thumbnail}", self._thumbnail),
            web.get(FILES_PATH + "/{a}/{ab}/{name}", self._original),
        ]

    @cached_property
    def catalogue(self) -> CommonsCatalogue:
        """All files and categories; made at the first use, since it reads every photo."""
        return catalogue_of(self._world, self._facts)

    @cached_property
    def _by_name(self) -> dict[str, CommonsFile]:
        return {file.name: file for file in self.catalogue.files}

    async def _api(self, request: web.Request) -> web.Response:
        self._api_etiquette.check(request)
        parameters = await parameters_of(request)
        self._counts.add("commons", "api_requests")
        try:
            origin = str(request.url.origin())
            return answer(await asyncio.to_thread(self._answer, parameters, origin))
        except ApiError as error:
            return error_answer(error, parameters.get("formatversion", "1"))

    def _answer(self, parameters: Mapping[str, str], origin: str) -> JsonObject:
        action = required(parameters, "action")
        if action != "query":
            info = f'Unrecognized value for parameter "action": {action}.'
            raise ApiError(code="badvalue", info=info)
        if parameters.get("format", "jsonfm") != "json":
            raise ApiError(code="badvalue", info='The sandbox speaks "format=json" only.')
        return answer_query(self.catalogue, parameters, origin)

    async def _original(self, request: web.Request) -> web.Response:
        self._file_etiquette.check(request)
        file = await self._file(request)
        if (unchanged := _unchanged(request, file)) is not None:
            self._counts.add("commons", "files_unchanged")
            return unchanged
        self._counts.add("commons", "file_downloads")
        body = await asyncio.to_thread(file.read_content)
        return web.Response(body=body, content_type=file.mime, headers=_headers(file))

    async def _thumbnail(self, request: web.Request) -> web.Response:
        self._file_etiquette.check(request)
        file = await self._file(request)
        found = _THUMBNAIL.match(request.match_info["thumbnail"])
        width = int(found[1]) if found else 0
        if width not in THUMBNAIL_WIDTHS:
            self._counts.add("commons", "refused_thumbnail_width")
            allowed = ", ".join(map(str, THUMBNAIL_WIDTHS))
            raise web.HTTPTooManyRequests(
                text=f"Use thumbnail sizes listed on https://w.wiki/GHai ({allowed}).\n"
            )
        if file.raster is None and width >= file.width:
            raise web.HTTPBadRequest(
                text="Error generating thumbnail. Requested width is not smaller than the file's "
                f"({file.width}px); use the original file.\n"
            )
        if (unchanged := _unchanged(request, file)) is not None:
            self._counts.add("commons", "files_unchanged")
            return unchanged
        try:
            body = await asyncio.to_thread(_thumbnail_of, file, width)
        except OSError as error:
            # Thumbnails of broken files fail on Commons as well.
            raise web.HTTPInternalServerError(text="Error generating thumbnail\n") from error
        self._counts.add("commons", "thumbnail_downloads")
        is_png = body.startswith(b"\x89PNG")
        content_type = "image/png" if is_png else "image/jpeg"
        return web.Response(body=body, content_type=content_type, headers=_headers(file))

    async def _file(self, request: web.Request) -> CommonsFile:
        by_name = await asyncio.to_thread(lambda: self._by_name)
        name = request.match_info["name"].replace("_", " ")
        file = by_name.get(name)
        folder = f"{request.match_info['a']}/{request.match_info['ab']}"
        if file is None or file.url_folder != folder or file.state != "there":
            raise web.HTTPNotFound(text=f"File not found: {request.path}\n")
        return file


@lru_cache(maxsize=256)
def _thumbnail_of(file: CommonsFile, width: int) -> bytes:
    return scaled(file.raster or file.read_content(), width)


def _headers(file: CommonsFile) -> dict[str, str]:
    return {
        "ETag": f'"{file.sha1}"',
        "Last-Modified": formatdate(_uploaded_at(file), usegmt=True),
        "Cache-Control": "max-age=86400",
        **dict(file.headers),
    }


def _uploaded_at(file: CommonsFile) -> float:
    return datetime.fromisoformat(file.attribution.uploaded_at).timestamp()


def _unchanged(request: web.Request, file: CommonsFile) -> web.Response | None:
    known = request.headers.get("If-None-Match")
    since = request.headers.get("If-Modified-Since")
    if known is not None:
        is_same = f'"{file.sha1}"' in known or known == "*"
    elif since is not None:
        try:
            is_same = parsedate_to_datetime(since).timestamp() >= _uploaded_at(file)
        except ValueError:
            is_same = False
    else:
        is_same = False
    return web.Response(status=304, headers=_headers(file)) if is_same else None
