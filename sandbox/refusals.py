"""The ways in which a person or a test can have the web stand-ins say "not now".

Modelled on what is documented, and on answers that others recorded:
- query.wikidata.org: Jetty's pages "Too Many Requests - Please retry in 9 seconds." and "You have
  been banned until ...", with the same words as reason phrase; Blazegraph's trace with
  `TimeoutException`, as a 500 or in the middle of the rows of a 200; the outage whose reason phrase
  alone says "1 req / min"
- MediaWiki: https://www.mediawiki.org/wiki/API:Errors_and_warnings and Manual:Maxlag_parameter, an
  HTTP 200 with a header MediaWiki-API-Error; CirrusSearch's "too busy"
- Wikimedia's edge: the sentences of https://w.wiki/4wJS and of its error page
- Openverse: `detail`, as Django REST framework throttles; Google APIs: `error.status`
- Google's image search: the redirect to /sorry/

Invented: how many requests are met, the numbers of requests and hosts in the words, and the text of
the error page, which is shorter than the real one.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from sandbox.mediawiki import ApiError, error_answer

Answering = Callable[["Asked"], web.Response]

_EDGE_PAGE = (
    "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>Wikimedia Error</title>\n<style>* "
    "{{ margin: 0; padding: 0; }}</style>\n<h1>Error</h1>\n<p>Our servers are currently under "
    "maintenance or experiencing a technical issue. Please try again in a few minutes.</p>\n"
    "<p>Error: {status}, {reason}</p>\n</html>\n"
)
_ROWS = (
    '{\n  "head" : {\n    "vars" : [ "item" ]\n  },\n  "results" : {\n    "bindings" : [ {\n'
    '      "item" : {\n        "type" : "uri",\n        "value" : "'
)
_TRACE = (
    "SPARQL-QUERY: queryStr={query}\njava.util.concurrent.TimeoutException\n"
    "\tat java.util.concurrent.FutureTask.get(FutureTask.java:205)\n"
    "\tat com.bigdata.rdf.sail.webapp.BigdataServlet.submitApiTask(BigdataServlet.java:292)\n"
)
_ROBOT_POLICY = (
    "Please set a user-agent and respect our robot policy https://w.wiki/4wJS. See also T400119.\n"
)


@dataclass(frozen=True)
class Asked:
    """What a refused request asked, and for how many seconds it is sent away."""

    parameters: Mapping[str, str]
    seconds: int


def _edge(status: int, reason: str, *, asks: bool = False) -> Answering:
    def refuse(asked: Asked) -> web.Response:
        headers = {"Retry-After": str(asked.seconds)} if asks else {}
        text = _EDGE_PAGE.format(status=status, reason=reason)
        return web.Response(
            status=status, reason=reason, text=text, content_type="text/html", headers=headers
        )

    return refuse


def _jetty(status: int, words: str, seconds: int) -> web.Response:
    text = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        f"<title>Error {status} {words}</title>\n</head>\n<body><h2>HTTP ERROR {status}</h2>\n"
        f"<p>Problem accessing /bigdata/namespace/wdq/sparql. Reason:\n<pre>    {words}</pre></p>\n"
        "</body>\n</html>\n"
    )
    headers = {"Retry-After": str(seconds)}
    return web.Response(
        status=status, reason=words, text=text, content_type="text/html", headers=headers
    )


def _hurry(asked: Asked) -> web.Response:
    words = f"Too Many Requests - Please retry in {asked.seconds} seconds."
    return _jetty(429, words, asked.seconds)


def _ban(asked: Asked) -> web.Response:
    end = datetime.now(UTC) + timedelta(seconds=asked.seconds)
    until = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    words = (
        f"You have been banned until {until}, please respect throttling and retry-after headers."
    )
    return _jetty(403, words, asked.seconds)


def _too_slow(asked: Asked) -> web.Response:
    return web.Response(status=500, text=_TRACE.format(query=asked.parameters.get("query", "")))


def _too_slow_after_rows(asked: Asked) -> web.Response:
    text = _ROWS + _TRACE.format(query=asked.parameters.get("query", ""))
    return web.Response(text=text, content_type="application/sparql-results+json")


def _text(status: int, text: str, content_type: str = "text/plain") -> Answering:
    return lambda _: web.Response(status=status, text=text, content_type=content_type)


def _mediawiki(code: str, info: str, *, asks: bool = False) -> Answering:
    def refuse(asked: Asked) -> web.Response:
        response = error_answer(
            ApiError(code, info),
            asked.parameters.get("formatversion", "1"),
            asked.parameters.get("errorformat", "bc"),
        )
        if asks:
            response.headers["Retry-After"] = str(asked.seconds)
        return response

    return refuse


def _throttled(asked: Asked) -> web.Response:
    words = f"Request was throttled. Expected available in {asked.seconds} seconds."
    headers = {"Retry-After": str(asked.seconds)}
    return web.json_response({"detail": words}, status=429, headers=headers)


def _google(code: int, status: str, message: str) -> Answering:
    body = {"error": {"code": code, "message": message, "status": status}}
    return lambda _: web.json_response(body, status=code)


def _sorry(_: Asked) -> web.Response:
    return web.Response(status=302, headers={"Location": "/sorry/index?continue=/search"})


_WIKIMEDIA: dict[str, Answering] = {
    "hurry": _edge(429, "Too Many Requests", asks=True),
    "outage": _edge(429, "Too many requests (1 req / min)"),
    "robot_policy": _text(403, _ROBOT_POLICY),
    "bad_gateway": _edge(502, "Next Hop Connection Failed"),
    "gateway_timeout": _text(504, "upstream request timeout"),
}
_MEDIAWIKI = _WIKIMEDIA | {
    "maxlag": _mediawiki("maxlag", "Waiting for 10.64.0.1: 6.1 seconds lagged.", asks=True),
    "readonly": _mediawiki("readonly", "The wiki is currently in read-only mode."),
    "ratelimited": _mediawiki(
        "ratelimited", "You've exceeded your rate limit. Please wait some time and try again.",
        asks=True,
    ),
    "internal_error": _mediawiki(
        "internal_api_error_DBQueryError", "[a1b2c3] Caught exception of type DBQueryError"
    ),
    "busy_search": _mediawiki(
        "cirrussearch-too-busy-error", "Search is currently too busy. Please try again later."
    ),
    "cut": _text(200, '{"batchcomplete":true,"query":{"pages":[{"pageid":12,"ti', "application/json"),
}  # fmt: skip
WAYS: dict[str, dict[str, Answering]] = {
    "wikidata_sparql": _WIKIMEDIA
    | {
        "hurry": _hurry,
        "ban": _ban,
        "too_slow": _too_slow,
        "too_slow_after_rows": _too_slow_after_rows,
        "cut": _text(200, _ROWS + "http://www.wik", "application/sparql-results+json"),
    },
    "wikidata_api": _MEDIAWIKI,
    "commons_api": _MEDIAWIKI,
    "commons_files": _WIKIMEDIA,
    "openverse": {
        "throttled": _throttled,
        "unauthorized": lambda _: web.json_response(
            {"detail": "page_size may not exceed 20 for anonymous requests"}, status=401
        ),
        "unavailable": _text(503, "<html><body>upstream connect error</body></html>", "text/html"),
    },
    "places": {
        "quota": _google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Search'."),
        "unavailable": _google(503, "UNAVAILABLE", "The service is currently unavailable."),
    },
    "search_pages": {
        "sorry": _sorry,
        "unusual_traffic": _text(429, "<html>Our systems have detected unusual traffic.</html>"),
    },
}


class Refusals:
    """What the next requests of each service are refused with, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, deque[tuple[Answering, int]]] = defaultdict(deque)

    def set(
        self, service: str, way: str, next_requests: int | str = 1, seconds: int | str = 1
    ) -> None:
        """Refuse the next requests of a service in a way; `none` forgets those still to come.

        `seconds` is for how long they are sent away, where the way says it. Numbers may come as
        text, as from a query string.
        """
        if service not in WAYS:
            msg = f"unknown service {service!r}; choose one of {', '.join(WAYS)}"
            raise ValueError(msg)
        if way != "none" and way not in WAYS[service]:
            msg = f"unknown way {way!r}; choose one of none, {', '.join(WAYS[service])}"
            raise ValueError(msg)
        with self._lock:
            if way == "none":
                self._next[service].clear()
                return
            refusal = WAYS[service][way], int(seconds)
            self._next[service].extend([refusal] * int(next_requests))

    def take(self, service: str) -> tuple[Answering, int] | None:
        """Return the refusal of the request that just came in, None if it is to be answered."""
        with self._lock:
            return self._next[service].popleft() if self._next[service] else None
