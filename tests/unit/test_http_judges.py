"""Each service's ways to say "not now" are known: what is asked again, after how long, in whose words.

Bodies are in the forms that the services document, or that others recorded of them.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from sightscan.http_answers import Answer, Judge, NeverError, NotNowError, seconds_asked_for
from sightscan.http_judges import (
    judge_flickr,
    judge_json,
    judge_mediawiki,
    judge_page,
    judge_sparql,
    judge_wikimedia,
    mediawiki_error,
)

TRACE = (
    b"SPARQL-QUERY: queryStr=SELECT ?item WHERE { ?item wdt:P31/wdt:P279* wd:Q1 }\n"
    b"java.util.concurrent.TimeoutException\n"
    b"\tat java.util.concurrent.FutureTask.get(FutureTask.java:205)\n"
)
ROWS = b'{"head": {"vars": ["item"]}, "results": {"bindings": [ {"item": {"type": "uri", "value": "'
JETTY = (
    b'<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
    b"<title>Error 429 Too Many Requests - Please retry in 9 seconds.</title>\n</head>\n"
    b"<body><h2>HTTP ERROR 429</h2>\n<p>Problem accessing /sparql. Reason:\n</body></html>"
)
BAN = "You have been banned until 2999-01-01T02:42:25.612Z, please respect throttling."
OUTAGE = (
    b"<!DOCTYPE html><html><head><title>Wikimedia Error</title><style>body { margin: 0 }</style>"
    b"</head><body><h1>Error</h1><p>Please try again in a few minutes.</p></body></html>"
)


def old(code: str, info: str) -> bytes:
    return json.dumps({"error": {"code": code, "info": info, "docref": "See the API"}}).encode()


def new(code: str, text: str, form: str = "text") -> bytes:
    return json.dumps({"errors": [{"code": code, form: text, "module": "main"}]}).encode()


def flickr(code: int | str, message: str) -> bytes:
    return json.dumps({"stat": "fail", "code": code, "message": message}).encode()


@dataclass(frozen=True)
class Case:
    """An answer, and what a judge makes of it."""

    judge: Judge
    status: int
    body: bytes = b""
    reason: str = ""
    retry_after: str | None = None
    seconds: float = 0.0
    wait_seconds: float | None = None
    is_final: bool = False
    says: str = ""

    def answer(self) -> Answer:
        stated = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return Answer(self.status, httpx.Headers(stated), self.body, self.reason, self.seconds)


NOT_NOW = {
    # Wikidata's query service: too slow.
    "gateway that waited as long as the engine": Case(
        judge_sparql, 504, b"upstream request timeout", seconds=60.2, is_final=True,
        says="status 504 after 60 s, the query takes too long: 'upstream request timeout'",
    ),
    "gateway in a hurry": Case(judge_sparql, 504, b"upstream request timeout", seconds=3.0),
    "rows cut at the limit, without a word": Case(
        judge_sparql, 200, ROWS, seconds=60.2, is_final=True,
        says="status 200 after 60 s, the query takes too long",
    ),
    "rows cut sooner": Case(judge_sparql, 200, ROWS, seconds=3.0, says="break off"),
    "hurry after a long wait": Case(
        judge_sparql, 429, seconds=60.2, retry_after="9", wait_seconds=9, says="429"
    ),
    "trace of a timeout": Case(
        judge_sparql, 500, TRACE, is_final=True, says="java.util.concurrent.TimeoutException"
    ),
    "trace behind a long query": Case(
        judge_sparql, 500, b"SPARQL-QUERY: queryStr=" + b"wd:Q1 " * 9_000 + TRACE[24:],
        is_final=True, says="takes too long",
    ),
    "JSON cut by a trace": Case(
        judge_sparql, 200, ROWS + TRACE, is_final=True, says="takes too long: 'java.util"
    ),
    "trace of another timeout": Case(
        judge_sparql, 500, b"com.bigdata.bop.engine.QueryTimeoutException: x", is_final=True,
        says="QueryTimeoutException",
    ),
    "out of memory": Case(
        judge_sparql, 500, b"q\ncom.bigdata.rwstore.sector.MemoryManagerOutOfMemory\n",
        is_final=True, says="takes too long",
    ),
    "JSON cut": Case(judge_sparql, 200, ROWS, says="bytes, which break off"),
    "other trace": Case(judge_sparql, 500, b"q\njava.lang.NullPointerException\n", says="Null"),
    # Wikidata's query service: too much.
    "hurry": Case(
        judge_sparql, 429, JETTY, retry_after="9", wait_seconds=9, says="Please retry in 9 seconds."
    ),
    "hurry in words alone": Case(judge_sparql, 429, JETTY, wait_seconds=9, says="a pause of 9 s"),
    "hurry without a pause": Case(
        judge_sparql, 429, b"", "Too Many Requests - Please retry in 0 seconds.", "0",
        wait_seconds=1, says="Please retry in 0 seconds.",
    ),
    "outage": Case(
        judge_sparql, 429, OUTAGE, "Too many requests (1 req / min)", wait_seconds=60,
        says="(1 req / min); Wikimedia Error Error Please try",
    ),
    "ban in the reason": Case(
        judge_sparql, 403, b"", BAN, is_final=True, wait_seconds=31_622_400, says="banned until 2999"
    ),
    "ban with a header": Case(
        judge_sparql, 403, f"<title>Error 403 {BAN}</title>".encode(), retry_after="86400",
        is_final=True, wait_seconds=86_400, says="pause of 86400 s: 'Error 403 You have been banned",
    ),
    "bad gateway": Case(judge_sparql, 502, OUTAGE, says="status 502: 'Wikimedia Error"),
    "gateway timeout": Case(judge_sparql, 504, b"upstream request timeout", says="upstream request"),
    # Wikimedia's edge.
    "robot policy": Case(
        judge_wikimedia, 403, b"Please set a user-agent and respect our robot policy T400119.\n",
        is_final=True, says="status 403: 'Please set a user-agent and respect our robot policy",
    ),
    "thumbnail width": Case(
        judge_wikimedia, 429, b"Use thumbnail sizes listed on https://w.wiki/GHai", is_final=True,
        says="Use thumbnail sizes listed",
    ),
    "hurry of files": Case(judge_wikimedia, 429, b"", wait_seconds=60, says="status 429"),
    "until a date": Case(
        judge_wikimedia, 429, retry_after="Fri, 31 Dec 9999 23:59:59 GMT", wait_seconds=31_622_400,
        says="asks for a pause",
    ),
    # MediaWiki's API, inside a 200.
    "maxlag": Case(
        judge_mediawiki, 200, old("maxlag", "Waiting for 10.64.1.2: 6.1 seconds lagged."), "", "5",
        wait_seconds=5, says="maxlag: 'Waiting for 10.64.1.2: 6.1 seconds lagged.', and asks",
    ),
    "maxlag of the query service": Case(
        judge_mediawiki, 200, new("maxlag:wikibase-queryservice", "lagged"), says="lagged"
    ),
    "read only": Case(
        judge_mediawiki, 200, old("readonly", "The wiki is currently in read-only mode."),
        says="readonly: 'The wiki is currently",
    ),
    "rate limit": Case(
        judge_mediawiki, 200, old("ratelimited", "You've exceeded your rate limit."),
        wait_seconds=60, says="exceeded your rate limit",
    ),
    "rate limit in the new form": Case(
        judge_mediawiki, 200, new("ratelimited", "You've <b>exceeded</b> your\nrate limit.", "html"),
        wait_seconds=60, says="You've exceeded your rate limit.",
    ),
    "text under a star": Case(judge_mediawiki, 200, new("readonly", "locked", "*"), says="locked"),
    "internal error": Case(
        judge_mediawiki, 200, old("internal_api_error_DBQueryError", "[ab12] Caught exception"),
        says="internal_api_error_DBQueryError: '[ab12] Caught exception'",
    ),
    "internal error in the new form": Case(
        judge_mediawiki, 200, new("internal_api_error_Wikimedia\\RequestTimeout", "x"), says="x"
    ),
    "busy search": Case(
        judge_mediawiki, 200, old("cirrussearch-too-busy-error", "Search is currently too busy."),
        says="too busy",
    ),
    "broken search": Case(
        judge_mediawiki, 200, old("cirrussearch-backend-error", "We could not complete your search"),
        says="could not complete",
    ),
    "full pool": Case(judge_mediawiki, 200, new("pool-queuefull", "Pool queue is full"), says="full"),
    "block": Case(
        judge_mediawiki, 200, old("globalblocking-blockedtext-range", "Your IP is in a range"),
        is_final=True, says="range",
    ),
    "cut listing": Case(judge_mediawiki, 200, b'{"batchcomplete": true, "query": {', says="break off"),
    "empty answer": Case(judge_mediawiki, 200, b"", says="no JSON"),
    "page of an outage": Case(judge_mediawiki, 200, OUTAGE, says="Wikimedia Error"),
    # Openverse.
    "throttled": Case(
        judge_json, 429,
        b'{"detail": "Request was throttled. Expected available in 3540 seconds."}',
        wait_seconds=3_540, says="'Request was throttled. Expected available in 3540 seconds.'",
    ),
    "not authorised": Case(
        judge_json, 401,
        b'{"detail": {"page_size": ["page_size may not exceed 20 for anonymous requests"]}}',
        is_final=True, says="status 401: 'page_size may not exceed 20",
    ),
    # Flickr, inside a 200.
    "site disabled": Case(
        judge_flickr, 200, flickr("105", "Service currently unavailable (Site Disabled)"),
        says="error 105: 'Service currently unavailable (Site Disabled)'",
    ),
    "failed operation": Case(judge_flickr, 200, flickr(106, "Write operation failed"), says="106"),
    "no API": Case(judge_flickr, 200, flickr(201, "Sorry, not currently available."), says="201"),
    "no search": Case(
        judge_flickr, 200, flickr(10, "Sorry, the Flickr search API is not currently available."),
        says="search API is not",
    ),
    "unknown code": Case(
        judge_flickr, 200, flickr(7, "The Flickr API is not currently available."), says="error 7"
    ),
    "cut search": Case(judge_flickr, 200, b'{"photos": {"page": 1,', says="break off"),
    # Pages of results.
    "Google's question": Case(judge_page, 503, b"<html>unusual traffic</html>", says="unusual"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_NOW)
def test_not_now_is_known(name: str) -> None:
    case = NOT_NOW[name]
    problem = case.judge(case.answer())
    assert isinstance(problem, NotNowError)
    assert (problem.wait_seconds, problem.is_final) == (case.wait_seconds, case.is_final)
    assert case.says in str(problem)


@pytest.mark.parametrize("name", NOT_NOW)
def test_nothing_else_is_blamed_and_the_words_are_one_short_line(name: str) -> None:
    case = NOT_NOW[name]
    problem = case.judge(case.answer())
    assert isinstance(problem, NotNowError)
    sentence = problem.sentence("https://a.example/")
    for blamed in ("another name", "check the sight", "FLICKR_API_KEY", "check the address;"):
        assert blamed not in sentence
    assert sentence.isprintable()
    assert "<" not in sentence
    assert len(sentence) < 500


def test_robot_question_is_asked_once() -> None:
    location = {"Location": "https://www.google.com/sorry/index?continue=x"}
    problem = judge_page(Answer(302, httpx.Headers(location), b""))
    assert isinstance(problem, NotNowError)
    assert problem.is_final


@pytest.mark.parametrize(
    ("judge", "status", "body"),
    [
        (judge_sparql, 200, b'{"results": {"bindings": [{"l": {"value": "TimeoutException"}}]}}'),
        (judge_mediawiki, 200, b'{"batchcomplete": true}'),
        # About what was asked: the client says what to do.
        (judge_mediawiki, 200, old("invalidcategory", "The category name is not valid")),
        (judge_mediawiki, 200, new("badvalue", "Unrecognized value")),
        (judge_flickr, 200, b'{"stat": "ok", "photos": {}}'),
        (judge_flickr, 200, flickr(100, "Invalid API Key (Key has invalid format)")),
        (judge_page, 404, b""),
        (judge_page, 302, b""),
        (judge_wikimedia, 404, b""),
    ],
)
def test_what_is_an_answer_is_taken(judge: Judge, status: int, body: bytes) -> None:
    assert judge(Answer(status, httpx.Headers(), body)) is None


@pytest.mark.parametrize(
    ("judge", "status", "body", "says"),
    [
        (judge_sparql, 400, b"q\nMalformedQueryException: Encountered x\n", "status 400"),
        (judge_sparql, 404, b"", "check the address"),
        (judge_json, 200, b"[1]", "expected a JSON object"),
        (judge_json, 302, b"", "status 302"),
        (judge_mediawiki, 404, b"gone", "status 404: 'gone'"),
    ],
)
def test_what_never_will_be_answered_is_not_asked_again(
    judge: Judge, status: int, body: bytes, says: str
) -> None:
    problem = judge(Answer(status, httpx.Headers(), body))
    assert isinstance(problem, NeverError)
    assert says in problem.sentence("https://a.example/")


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"error": {"code": "x", "info": "y"}}, ("x", "y")),
        ({"errors": [{"code": "x", "html": "<i>y</i>"}]}, ("x", "y")),
        ({"error": "in a form of its own"}, None),
        ({"error": {}}, None),
        ({"errors": []}, None),
        ({"query": {}}, None),
    ],
)
def test_both_forms_of_an_error_are_read(
    document: dict[str, object], error: tuple[str, str] | None
) -> None:
    assert mediawiki_error(document) == error


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please retry in 90 seconds", 90),
        ("Expected available in 2 minutes", 120),
        ("try again in 1 hour", 3_600),
        ("banned until 2026-03-01T12:00:30.500Z, please", 30.5),
        ("banned until 2026-03-01T11:00:00Z", 0),
        ("banned until 2026-99-99T11:00:00Z", None),
        ("retry in a while", None),
    ],
)
def test_pause_in_words_is_read(words: str, seconds: float | None) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert seconds_asked_for(Answer(403, httpx.Headers(), b"", words), now) == seconds
