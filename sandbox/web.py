"""One HTTP server with the stand-ins of Wikidata, Commons, Openverse, Places and search pages.

Each keeps the path that it has in reality; Wikidata's API, whose path is the same as that of
Commons, has a prefix. The server runs in a thread of its own.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.catalogues import openverse, places, search_pages
from sandbox.catalogues.openverse import OpenverseLimits, OpenverseStandIn
from sandbox.catalogues.places import PlacesStandIn
from sandbox.catalogues.search_pages import PRIVATE_PATH, SearchPagesStandIn
from sandbox.commons import server as commons
from sandbox.commons.pages import FILES_PATH
from sandbox.commons.server import CommonsLimits, CommonsStandIn
from sandbox.counts import Counts
from sandbox.mediawiki import parameters_of
from sandbox.ports import ON_LOOPBACK, Listening
from sandbox.processes.startable import Startable
from sandbox.refusals import Asked, Refusals
from sandbox.wikidata import server as wikidata
from sandbox.wikidata.server import WikidataLimits, WikidataStandIn
from sandbox.world.city_facts import CityFacts
from sandbox.world.world import World

START_SECONDS = 30
STOP_SECONDS = 10
ROBOTS = f"User-agent: *\nDisallow: {PRIVATE_PATH}/\nDisallow: /w/index.php\nAllow: /\n"

SERVICE_PATHS = {
    wikidata.SPARQL_PATH: "wikidata_sparql",
    wikidata.API_PATH: "wikidata_api",
    commons.API_PATH: "commons_api",
    FILES_PATH: "commons_files",
    openverse.SEARCH_PATH: "openverse",
    places.SEARCH_PATH: "places",
    search_pages.BING_PATH: "search_pages",
    search_pages.GOOGLE_PATH: "search_pages",
}
WIKIMEDIA = frozenset({"wikidata_sparql", "wikidata_api", "commons_api", "commons_files"})
COMPRESSED_TYPES = frozenset({"application/json", "application/sparql-results+json", "text/html"})

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
        wikimedia_at_once: int | None = None,
        listening: Listening = ON_LOOPBACK,
    ) -> None:
        """`wikimedia_at_once` is 3 in reality, all hosts together; None spares nobody."""
        self.port = port
        self._listening = listening
        self.refusals = Refusals()
        self._counts = counts
        self._wikimedia_at_once = wikimedia_at_once
        self._wikimedia_open = 0
        # How long each answer takes; may be changed while it runs.
        self.latency_seconds = latency_seconds
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
        return f"http://{self._listening.host}:{self.port}"

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

    def is_running(self) -> bool:
        """Say whether the server's thread is alive."""
        return self._thread is not None and self._thread.is_alive()

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
                f"port {self.port} on {self._listening.address} is taken or not allowed "
                f"({error.strerror}); "
                "end the program that listens there, or choose another port (0 takes a free one)"
            )
            self._failure = OSError(error.errno, message)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(
            middlewares=[self._wait, _compress, self._refuse], client_max_size=1 << 20
        )
        application.add_routes([web.get("/robots.txt", _robots)])
        for stand_in in self._stand_ins:
            application.add_routes(stand_in.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._listening.address, self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            await self._ending.wait()
        finally:
            await runner.cleanup()

    @web.middleware
    async def _wait(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer as late as a far-away service would."""
        await asyncio.sleep(self.latency_seconds)
        return await handler(request)

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer as a service does that has too much to do, or is told to say so."""
        service = service_at(request.path)
        if service is None:
            return await handler(request)
        if (refusal := self.refusals.take(service)) is not None:
            answering, seconds = refusal
            self._counts.add("refusals", service)
            return answering(Asked(await parameters_of(request), seconds))
        if self._wikimedia_at_once is None or service not in WIKIMEDIA:
            return await handler(request)
        if self._wikimedia_open >= self._wikimedia_at_once:
            self._counts.add("refusals", "wikimedia_at_once")
            return web.Response(status=429, text="Too many requests at once\n")
        self._wikimedia_open += 1
        try:
            return await handler(request)
        finally:
            self._wikimedia_open -= 1


def service_at(path: str) -> str | None:
    """Return the service whose path this is, by its name in `refusals`; None: no service's."""
    return next((name for prefix, name in SERVICE_PATHS.items() if path.startswith(prefix)), None)


@web.middleware
async def _compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress what APIs answer, for who takes it so; never pictures."""
    response = await handler(request)
    if response.content_type in COMPRESSED_TYPES:
        response.enable_compression()
    return response


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text=ROBOTS)
