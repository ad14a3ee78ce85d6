"""The ways of each service to say "not now", beside those of HTTP: errors inside a 200, cut JSON.

A judge is given with a request; what it takes for "not now" is asked again by the sender, as the
client's policy says, unless asking again cannot help. Never is such an answer the fault of an
address, a name, or a key.
"""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from sightscan.http_answers import (
    FIRST_REFUSAL,
    FORBIDDEN,
    HURRIED,
    LET_US_IN,
    LOOK_AROUND,
    MAX_WORDS_CHARACTERS,
    Answer,
    NeverError,
    NotNowError,
    SendError,
    UnreadableError,
    judge_status,
    judge_success,
    seconds_asked_for,
    seconds_to_wait,
    telling,
    without_markup,
)

# https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits: who is not told how long waits a minute.
WIKIMEDIA_PAUSE_SECONDS = 60.0
# Before its trace, Blazegraph repeats the query, of which only the first part would be read else.
MAX_TRACE_BYTES = 200_000

# The query service gives up after a minute, or for lack of memory: it would do so again.
_TOO_COSTLY = re.compile(rb"\b(?:\w*TimeoutException|\w*OutOfMemory\w*|StackOverflowError)\b")
# Whatever is answered then, and how: the limit was reached, behind which a proxy may have its own.
QUERY_LIMIT_SECONDS = 55.0
_MAKE_SMALLER = "asking the same again does not help: the query must be made smaller"
# https://www.mediawiki.org/wiki/API:Errors_and_warnings, and what CirrusSearch and PoolCounter add.
_MEDIAWIKI_BUSY = re.compile(
    r"maxlag(:.*)?|readonly(text)?|ratelimited|actionthrottled(text)?|internal_api_error(_.*)?"
    r"|cirrussearch-(backend-error|.*too-busy.*)|pool-(timeout|queuefull|errorunknown)|.*-timed-?out"
)
_MEDIAWIKI_HURRY = re.compile(r"ratelimited|actionthrottled(text)?")
_MEDIAWIKI_BLOCKED = re.compile(r"(auto|tor|system|range)?blocked|.*globalblocking-.*")
# A width that is not allowed is refused as if it were hurry, for ever.
_NOT_ALLOWED = re.compile(r"\bthumbnail sizes? listed\b", re.IGNORECASE)
# https://www.flickr.com/services/api/flickr.photos.search.html; its sentences have other codes, too.
_FLICKR_BUSY_CODES = frozenset({"0", "10", "105", "106", "201"})
_FLICKR_BUSY = re.compile(
    r"not currently available|(currently|temporar\w+) unavailable", re.IGNORECASE
)
# Where Google sends whom it takes for a robot.
_GOOGLE_SORRY = "/sorry/"


def judge_wikimedia(answer: Answer) -> SendError | None:
    """Take what `judge_status` takes; who is not told how long to wait waits a minute."""
    problem = judge_status(answer)
    if problem is None or answer.status != httpx.codes.TOO_MANY_REQUESTS:
        return problem
    if _NOT_ALLOWED.search(answer.words()):
        return NotNowError(f"status {answer.status}", answer, is_final=True)
    asked = seconds_asked_for(answer)
    return NotNowError(
        f"status {answer.status}{telling(asked)}",
        answer,
        wait_seconds=WIKIMEDIA_PAUSE_SECONDS if asked is None else max(asked, 1.0),
    )


def judge_json(answer: Answer) -> SendError | None:
    """Take a success with a JSON object; one that breaks off is not there now."""
    return judge_success(answer) or _judge_body(answer)


def judge_mediawiki(answer: Answer) -> SendError | None:
    """Take an answer of MediaWiki's API, and errors that are about what was asked."""
    problem = judge_wikimedia(answer) or judge_json(answer)
    error = None if problem is not None else mediawiki_error(answer.json_object())
    if error is None:
        return problem
    code, info = error
    said = f"{code}: {info!r}" if info else code
    if _MEDIAWIKI_BLOCKED.fullmatch(code):
        return NotNowError(said, answer, is_final=True, advice=LET_US_IN)
    if not _MEDIAWIKI_BUSY.fullmatch(code):
        return None
    asked = seconds_to_wait(answer.headers.get("Retry-After"))
    default = WIKIMEDIA_PAUSE_SECONDS if _MEDIAWIKI_HURRY.fullmatch(code) else None
    return NotNowError(
        f"{said}{telling(asked)}", answer, wait_seconds=default if asked is None else asked
    )


def judge_sparql(answer: Answer) -> SendError | None:
    """Take rows in JSON; a query that takes too long does so the next time, too."""
    if answer.status >= FIRST_REFUSAL and _TOO_COSTLY.search(answer.body):
        return _too_costly(answer)
    if answer.status == httpx.codes.BAD_REQUEST:
        return NeverError("status 400", answer, advice="the query is not understood, mend it")
    problem = judge_wikimedia(answer) or judge_json(answer)
    is_hurried = answer.status in HURRIED | FORBIDDEN
    if problem is None or is_hurried or answer.seconds < QUERY_LIMIT_SECONDS:
        return problem
    return NotNowError(
        f"status {answer.status} after {answer.seconds:.0f} s, the query takes too long",
        answer,
        is_final=True,
        advice=_MAKE_SMALLER,
    )


def judge_flickr(answer: Answer) -> SendError | None:
    """Take an answer of Flickr's API, and failures that are about what was asked."""
    if (problem := judge_json(answer)) is not None:
        return problem
    document = answer.json_object()
    code, message = str(document.get("code", "")), str(document.get("message", ""))
    if document.get("stat") != "fail" or not (
        code in _FLICKR_BUSY_CODES or _FLICKR_BUSY.search(message)
    ):
        return None
    return NotNowError(f"error {code}: {_cut(message)!r}", answer)


def judge_page(answer: Answer) -> SendError | None:
    """Take a page, or that there is none; not the question whether we are a robot."""
    if answer.is_redirect and _GOOGLE_SORRY in answer.headers.get("Location", ""):
        problem = f"status {answer.status} to a page that asks whether we are a robot"
        return NotNowError(problem, answer, is_final=True)
    return judge_status(answer)


def mediawiki_error(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return code and sentence of an error of MediaWiki, in its old and new form; None: none."""
    errors = document.get("errors")
    error = document.get("error") or (errors[0] if isinstance(errors, list) and errors else None)
    if not isinstance(error, Mapping):
        return None
    words = (error.get(name) for name in ("info", "text", "html", "*"))
    return _cut(error.get("code", "unknown")), _cut(next(filter(None, words), ""))


def _cut(text: object) -> str:
    return without_markup(str(text))[:MAX_WORDS_CHARACTERS]


def _judge_body(answer: Answer) -> SendError | None:
    try:
        answer.json_object()
    except UnreadableError as error:
        if error.is_json:
            return NeverError(str(error), answer, advice="check the address")
        if _TOO_COSTLY.search(answer.body):
            return _too_costly(answer)
        problem = f"{error}, of {len(answer.body)} bytes"
        if not answer.body.lstrip().startswith(b"{"):
            return NotNowError(f"{problem}: {answer.words()!r}", answer, advice=LOOK_AROUND)
        return NotNowError(f"{problem}, which break off or are garbled", answer)
    return None


def _too_costly(answer: Answer) -> NotNowError:
    problem = f"status {answer.status}, the query takes too long"
    if answer.status < FIRST_REFUSAL:
        problem += f": {answer.words()!r}"
    return NotNowError(problem, answer, is_final=True, advice=_MAKE_SMALLER)
