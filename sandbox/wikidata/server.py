"""The stand-in of Wikidata: a SPARQL endpoint that evaluates what it is sent, and entity search.

Queries run on a real engine (pyoxigraph) over a small graph in Wikidata's shape, so a wrong query
finds nothing here either. The documented limits hold: a contact in the User-Agent, 60 s a query,
60 s of computing a minute, 30 errors a minute, 5 queries at once.

What would take the real service longer than 60 s, by what others measured there (`query_cost`), is
refused at once in its words: status 500 with the trace of a TimeoutException, or 200 with JSON that
is cut in the middle, the query and the trace behind it. Both were recorded by others. Which one comes is
inferred: what is sorted or counted cannot begin before it ends, all else is on its way already. The
trace is short, and how many rows come before it is invented.

Modelled on the manuals of the query service and of the API, the User-Agent policy, the RDF dump format,
and times and messages that others measured and quoted. Invented: the world's city and sights.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiohttp import web
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, Store

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
from sandbox.wikidata.entity_search import get_entities, search_entities
from sandbox.wikidata.graph import geo_functions, graph_of, label_functions, prefixes
from sandbox.wikidata.item_search import search_text
from sandbox.wikidata.items import Item, items_of
from sandbox.wikidata.query_cost import cost_of
from sandbox.wikidata.sparql_services import UnsupportedServiceError, rewrite_services
from sandbox.world.city_facts import CityFacts

SPARQL_PATH = "/sparql"
API_PATH = "/wikidata/w/api.php"

_FORMATS = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/json": QueryResultsFormat.JSON,
    "json": QueryResultsFormat.JSON,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
    "application/sparql-results+xml": QueryResultsFormat.XML,
}


@dataclass(frozen=True)
class WikidataLimits:
    """How much one client may ask; the defaults are the documented ones."""

    query_seconds: float = 60
    computing_seconds_per_minute: float = 60
    errors_per_minute: float = 30
    queries_at_once: int = 5
    api_requests_per_minute: float = 600


class WikidataStandIn:
    """Answers of Wikidata about one world's city."""

    def __init__(
        self,
        facts: CityFacts,
        counts: Counts,
        limits: WikidataLimits = WikidataLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._facts = facts
        self._counts = counts
        self._limits = limits
        self._computing = TokenBucket(limits.computing_seconds_per_minute, clock=clock)
        self._errors = TokenBucket(limits.errors_per_minute, clock=clock)
        api_bucket = TokenBucket(limits.api_requests_per_minute, clock=clock)
        # Queries are limited by what they cost, not by their number.
        unlimited = TokenBucket(1e9, clock=clock)
        self._api_etiquette = Etiquette("wikidata", counts, api_bucket)
        self._sparql_etiquette = Etiquette("wikidata", counts, unlimited)
        self._running = 0

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount on the web server."""
        return [
            web.get(SPARQL_PATH, self._sparql),
            web.post(SPARQL_PATH, self._sparql),
            web.get(API_PATH, self._api),
            web.post(API_PATH, self._api),
        ]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All items."""
        return items_of(self._facts)

    @cached_property
    def _graph(self) -> Store:
        return graph_of(self.items)

    @cached_property
    def _functions(self) -> dict[NamedNode, Any]:
        return geo_functions() | label_functions(self.items)

    async def _sparql(self, request: web.Request) -> web.Response:
        self._sparql_etiquette.check(request)
        if self._running >= self._limits.queries_at_once:
            self._sparql_etiquette.refuse_hurry(1)
        self._wait_for(self._computing)
        self._wait_for(self._errors)
        query = await _query_of(request)
        self._counts.add("wikidata", "sparql_queries")
        self._running += 1
        started = time.monotonic()
        try:
            body, content_type = await asyncio.wait_for(
                asyncio.to_thread(self.evaluate, query, _accepted(request)),
                self._limits.query_seconds,
            )
        except (SyntaxError, UnsupportedServiceError, ValueError) as error:
            self._errors.spend(1)
            self._counts.add("wikidata", "sparql_errors")
            text = f"SPARQL-QUERY: queryStr={query}\nMalformedQueryException: {error}\n"
            return web.Response(status=400, text=text)
        except TimeoutError as error:
            self._errors.spend(1)
            self._counts.add("wikidata", "sparql_errors")
            return _timed_out(query, _accepted(request), error.args[0] if error.args else b"")
        finally:
            self._running -= 1
            self._computing.spend(time.monotonic() - started)
        return web.Response(body=body, headers={"Content-Type": content_type})

    def evaluate(
        self, query: str, results: QueryResultsFormat = QueryResultsFormat.JSON
    ) -> tuple[bytes, str]:
        """Return the serialised answer to a query and its media type.

        Raises SyntaxError or UnsupportedServiceError for a query that the service would refuse, and
        TimeoutError, with what would be answered before that, for one that would take it too long.
        """
        body, media_type = self._answer(query, results)
        cost = cost_of(query)
        if cost.seconds > self._limits.query_seconds:
            raise TimeoutError(body[: len(body) // 2] if cost.is_streamed else b"")
        return body, media_type

    def _answer(self, query: str, results: QueryResultsFormat) -> tuple[bytes, str]:
        found = self._graph.query(
            rewrite_services(query), prefixes=prefixes(), custom_functions=self._functions
        )
        if isinstance(found, QuerySolutions | QueryBoolean):
            return found.serialize(format=results) or b"", results.media_type
        return found.serialize(format=RdfFormat.TURTLE) or b"", RdfFormat.TURTLE.media_type

    async def _api(self, request: web.Request) -> web.Response:
        self._api_etiquette.check(request)
        parameters = await parameters_of(request)
        try:
            return answer(self._acted(parameters))
        except ApiError as error:
            return error_answer(error, parameters.get("formatversion", "1"))

    def _acted(self, parameters: Any) -> JsonObject:
        action = required(parameters, "action")
        if parameters.get("format", "jsonfm") != "json":
            raise ApiError(code="badvalue", info='The sandbox speaks "format=json" only.')
        if action == "wbsearchentities":
            self._counts.add("wikidata", "entity_searches")
            return search_entities(self.items, parameters)
        if action == "wbgetentities":
            self._counts.add("wikidata", "entity_downloads")
            return get_entities(self.items, parameters)
        if action == "query":
            self._counts.add("wikidata", "text_searches")
            return search_text(self.items, parameters)
        raise ApiError(
            code="badvalue", info=f'Unrecognized value for parameter "action": {action}.'
        )

    def _wait_for(self, bucket: TokenBucket) -> None:
        """Raise HTTP 429 if a budget is used up; looking costs next to nothing."""
        seconds = bucket.seconds_until_allowed(0.001)
        if seconds > 0:
            self._sparql_etiquette.refuse_hurry(seconds)


def _timed_out(query: str, results: QueryResultsFormat, begun: bytes) -> web.Response:
    trace = (
        f"SPARQL-QUERY: queryStr={query}\n"
        "java.util.concurrent.TimeoutException\n"
        "\tat java.util.concurrent.FutureTask.get(FutureTask.java:205)\n"
        "\tat com.bigdata.rdf.sail.webapp.BigdataServlet.submitApiTask(BigdataServlet.java:292)\n"
    )
    if not begun:
        return web.Response(status=500, text=trace)
    headers = {"Content-Type": results.media_type}
    return web.Response(body=begun + b"\n" + trace.encode(), headers=headers)


async def _query_of(request: web.Request) -> str:
    if request.content_type == "application/sparql-query":
        query = await request.text()
    else:
        query = (await parameters_of(request)).get("query", "")
    if not query:
        raise web.HTTPBadRequest(text="The query parameter is missing; send query=<SPARQL>.\n")
    return query


def _accepted(request: web.Request) -> QueryResultsFormat:
    asked = [request.query.get("format", ""), *request.headers.get("Accept", "").split(",")]
    for media_type in asked:
        known = _FORMATS.get(media_type.split(";")[0].strip())
        if known is not None:
            return known
    return QueryResultsFormat.XML  # what the query service answers when nothing is asked for
