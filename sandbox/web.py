"""One HTTP server with the stand-ins of Wikidata, Commons, Openverse, Places and search pages.

Each keeps the path that it has in reality; Wikidata's API, whose path is the same as that of
Commons, has a prefix. The server runs in a thread of its own, on loopback only.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.catalogues import search_pages
from sandbox.catalogues.openverse import OpenverseLimits, OpenverseStandIn
from sandbox.catalogues.places import PlacesStandIn
from sandbox.catalogues.search_pages import PRIVATE_PATH, SearchPagesStandIn
from sandbox.commons import server as commons
from sandbox.commons.server import CommonsLimits, CommonsStandIn
from sandbox.counts import Counts
from sandbox.ports import LOOPBACK
from sandbox.processes.startable import Startable
from sandbox.wikidata import server as wikidata
from sandbox.wikidata.server import WikidataLimits, WikidataStandIn
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World

START_SECONDS = 30
STOP_SECONDS = 10
ROBOTS = f"User-agent: *\nDisallow: {PRIVATE_PATH}/\nDisallow: /w/index.php\nAllow: /\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer(Startable):
    """The stand-ins that speak HTTP; `start` returns when they answer, `stop` when they are gone.

    Port 0 lets the system choose.
    """

    def __init__(
        self,
        world: World,
        facts: CityFacts,
        counts: Counts,
        port: int = 0,
        latency_seconds: float = 0,
        *,
        wikidata_limits: WikidataLimits = WikidataLimits(),  # noqa: B008 - frozen
        commons_limits: CommonsLimits = CommonsLimits(),  # noqa: B008 - frozen
        openverse_limits: OpenverseLimits = OpenverseLimits(),  # noqa: B008 - frozen
    ) -> None:
        self.port = port
        self._latency_seconds = latency_seconds
        commons_stand_in = CommonsStandIn(world, facts, counts, commons_limits)
        self._stand_ins = (
            WikidataStandIn(facts, counts, wikidata_limits),
            commons_stand_in,
            OpenverseStandIn(commons_stand_in, counts, openverse_limits),
            PlacesStandIn(facts, counts),
            SearchPagesStandIn(world, facts, counts),
        )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    @property
    def url(self) -> str:
        """The origin of all stand-ins, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def wikidata_sparql_url(self) -> str:
        """What WIKIDATA_SPARQL_URL is set to."""
        return self.url + wikidata.SPARQL_PATH

    @property
    def wikidata_api_url(self) -> str:
        """What WIKIDATA_API_URL is set to."""
        return self.url + wikidata.API_PATH

    @property
    def commons_api_url(self) -> str:
        """What COMMONS_API_URL is set to."""
        return self.url + commons.API_PATH

    @property
    def openverse_api_url(self) -> str:
        """What OPENVERSE_API_URL is set to: an origin, as https://api.openverse.org is."""
        return self.url

    @property
    def places_api_url(self) -> str:
        """What PLACES_API_URL is set to: an origin, as https://places.googleapis.com is."""
        return self.url

    @property
    def search_pages_url(self) -> str:
        """The origin of the image search pages."""
        return self.url

    @property
    def bing_url(self) -> str:
        """The image search that answers as icrawler's Bing parser expects (`q`, `first`)."""
        return self.url + search_pages.BING_PATH

    @property
    def google_url(self) -> str:
        """The image search that answers as icrawler's Google parser expects (`q`, `start`)."""
        return self.url + search_pages.GOOGLE_PATH

    def start(self) -> None:
        """Serve; raise OSError if the port is taken."""
        if self._thread is not None:
            msg = "the web stand-ins are running already; stop them before starting them again"
            raise RuntimeError(msg)
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="sandbox-web", daemon=True)
        self._thread.start()
        is_ready = self._ready.wait(START_SECONDS)
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            raise self._failure
        if not is_ready:
            msg = f"the web stand-ins did not start within {START_SECONDS} s; is the host busy?"
            raise TimeoutError(msg)

    def stop(self) -> None:
        """End the server and its thread; a second call does nothing."""
        if self._thread is None:
            return
        if self._loop is not None and self._ending is not None:
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(STOP_SECONDS)
        self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            message = (
                f"port {self.port} on {LOOPBACK} is taken or not allowed ({error.strerror}); "
                "end the program that listens there, or choose another port (0 takes a free one)"
            )
            self._failure = OSError(error.errno, message)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(middlewares=[self._wait], client_max_size=1 << 20)
        application.add_routes([web.get("/robots.txt", _robots)])
        for stand_in in self._stand_ins:
            application.add_routes(stand_in.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, LOOPBACK, self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            await self._ending.wait()
        finally:
            await runner.cleanup()

    @web.middleware
    async def _wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer as late as a far-away service would."""
        await asyncio.sleep(self._latency_seconds)
        return await handler(request)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text=ROBOTS)
