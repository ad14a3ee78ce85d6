"""The stand-in of image search pages, in the shapes that icrawler's Bing and Google parsers read.

The pictures they point at lie on somebody's web site: the world's photos saved again at another
quality, with no licence stated, one behind robots.txt, one under a URL of over 300 characters.

Modelled on what icrawler's parsers read. Invented: the pages and the pictures, and a result of Bing
without the address of one, as a record that is odd.
"""

import asyncio
import html
import json
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache

from aiohttp import web

from sandbox.counts import Counts
from sandbox.world.city_facts import CityFacts
from sandbox.world.city_terms import fold
from sandbox.world.photo_copies import recompressed
from sandbox.world.world import World, WorldPhoto

BING_PATH, GOOGLE_PATH, SITE_PATH = "/images/async", "/search", "/elsewhere"
PRIVATE_PATH = f"{SITE_PATH}/private"
BING_PAGE, GOOGLE_PAGE = 20, 100
SITE_QUALITY = 78

_PICTURE = re.compile(rf"https?://[^/]+{SITE_PATH}/[^/]+/([0-9]+)\.jpg")
_LONG = "an-article-whose-address-says-all-that-it-is-about-" * 6


def photo_at(world: World, url: str) -> WorldPhoto | None:
    """Return the photo of the world that the web site shows at an address."""
    found = _PICTURE.match(url)
    return world.photos[int(found[1])] if found and int(found[1]) < len(world.photos) else None


class SearchPagesStandIn:
    """Result pages about one world, and the web site that they point at."""

    def __init__(self, world: World, facts: CityFacts, counts: Counts) -> None:
        self._world = world
        self._facts = facts
        self._counts = counts

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount on the web server."""
        return [
            web.get(BING_PATH, self._bing),
            web.get(GOOGLE_PATH, self._google),
            web.get(SITE_PATH + "/{folder}/{number}.jpg", self._picture),
        ]

    async def _bing(self, request: web.Request) -> web.Response:
        first = _number(request, "first")
        found = self._pictures(request)[first : first + BING_PAGE]
        results = [_bing_result({"murl": url, "turl": url}, n) for n, url in enumerate(found)]
        if found:
            results.append(_bing_result({"turl": found[0]}, len(found)))
        return _page("".join(results))

    async def _google(self, request: web.Request) -> web.Response:
        start = _number(request, "start")
        found = self._pictures(request)[start : start + GOOGLE_PAGE]
        data = "".join(f',["{url}",480,640]' for url in found)
        script = f"AF_initDataCallback({{key: 'ds:1', data:[null{data}], sideChannel: {{}}}});"
        return _page(f"<script>{script}</script>" if found else "")

    def _pictures(self, request: web.Request) -> list[str]:
        """Return the URLs of the pictures of the sight that the query names."""
        self._counts.add("search_pages", "searches")
        words = fold(request.query.get("q", ""))
        origin = str(request.url.origin())
        named = {
            sight.sight
            for sight in self._facts.sights
            if any(fold(label) in words for label in sight.labels.values())
        }
        numbers = [
            number
            for number, photo in enumerate(self._world.photos)
            if named & {box.sight for box in photo.boxes}
        ]
        special = {0: "private", 1: _LONG}
        return [
            f"{origin}{SITE_PATH}/{special.get(position, 'travels')}/{number}.jpg"
            for position, number in enumerate(numbers)
        ]

    @cached_property
    def _photos(self) -> dict[str, WorldPhoto]:
        return {str(number): photo for number, photo in enumerate(self._world.photos)}

    async def _picture(self, request: web.Request) -> web.Response:
        photo = self._photos.get(request.match_info["number"])
        if photo is None or request.match_info["folder"] not in ("private", "travels", _LONG):
            raise web.HTTPNotFound
        self._counts.add("search_pages", "picture_downloads")
        body = await asyncio.to_thread(_saved_again, photo)
        return web.Response(body=body, content_type="image/jpeg")


@lru_cache(maxsize=256)
def _saved_again(photo: WorldPhoto) -> bytes:
    return recompressed(photo, SITE_QUALITY).content


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    return int(text) if text.isdigit() else 0


def _bing_result(addresses: Mapping[str, str], number: int) -> str:
    about = json.dumps({**addresses, "t": f"Result {number}"}, separators=(",", ":"))
    return (
        f'<div class="imgpt"><a class="iusc" href="#" m="{html.escape(about)}">'
        f'<img class="mimg" alt="Result {number}"/></a></div>'
    )


def _page(body: str) -> web.Response:
    text = f"<!DOCTYPE html><html><head><title>Images</title></head><body>{body}</body></html>"
    return web.Response(text=text, content_type="text/html")
