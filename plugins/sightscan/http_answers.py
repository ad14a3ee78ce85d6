"""What servers answer, and what it means: it is there, not now, or never. No I/O here.

Which answers mean which is told by a judge. Here are the ways of HTTP to say "not now"; those that
services have of their own are in `http_judges`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from http import HTTPStatus
from typing import Any

import httpx

from sightscan.errors import LastingServiceError, ServiceError, SightScanError
from sightscan.plain_text import one_line

# Of an answer that refuses, what is kept of its body, and what goes into a sentence.
MAX_REFUSAL_BYTES = 4_000
MAX_WORDS_CHARACTERS = 200
# A pause of centuries is no other than one of a year, and fits into every clock.
MAX_PAUSE_SECONDS = 366 * 24 * 3600.0

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A refusal about now.
HURRIED = frozenset({408, 425, 429})
# A refusal about us: nobody changes their mind within a second, but perhaps within a day.
FORBIDDEN = frozenset({401, 403})
# There is nothing, or no more.
GONE = frozenset({404, 410})
FIRST_REFUSAL = 400
FIRST_SERVER_ERROR = 500

TRY_LATER = "try later"
LOOK_AROUND = "check the address and the network, or try later"
LET_US_IN = "see what it says, and whether CONTACT and the keys are set"

# Where the words are in an answer in JSON, the likeliest first.
_WORDS_OF_JSON = ("detail", "error", "errors", "message", "info", "text", "html", "*", "title")
_MARKUP = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_TRACE = re.compile(rb"^[ \t]*(?:Caused by: )?[\w.$]+(?:Exception|Error)\b[^\n]*", re.MULTILINE)
_SAID_PAUSE = re.compile(
    r"\b(?:retry|again|available)\s+in\s+(\d{1,9})\s*(second|minute|hour)", re.IGNORECASE
)
_SAID_END = re.compile(
    r"\bbanned until (\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)", re.IGNORECASE
)
_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; of a refusal, the first part of its body; of a redirect, none.

    It took so many `seconds` from the request to the end of the answer.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    reason: str = ""
    seconds: float = 0.0

    @property
    def is_redirect(self) -> bool:
        """Say whether it sends us elsewhere."""
        return self.status in REDIRECTS

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object of the body.

        Raises:
            UnreadableError: it is something else.

        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            msg = f"no JSON: {error}"
            raise UnreadableError(msg, is_json=False) from error
        if not isinstance(found, dict):
            msg = f"a {type(found).__name__}, expected a JSON object"
            raise UnreadableError(msg, is_json=True)
        return found

    def words(self, max_characters: int = MAX_WORDS_CHARACTERS) -> str:
        """Return what the server says: an unusual reason phrase, then its body; one plain line."""
        body = without_markup(self._said_in_body())
        reason = without_markup(self.reason)
        if reason.lower() in body.lower() or reason.lower() == _usual_reason(self.status):
            reason = ""
        return "; ".join(part for part in (reason, body) if part)[:max_characters]

    def _said_in_body(self) -> str:
        """Return the words of a document in JSON, the error of a trace, or the text of a page."""
        if (trace := _TRACE.search(self.body)) is not None:
            # Before it stands the query, which may be long.
            return trace[0].decode("utf-8", "replace")
        text = self.body[:MAX_REFUSAL_BYTES].decode("utf-8", "replace")
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return _said_in(document) or text


class UnreadableError(SightScanError):
    """An answer is not in the form that was asked for; `is_json` means that it is another in JSON."""

    def __init__(self, problem: str, *, is_json: bool) -> None:
        """Keep what was wrong."""
        super().__init__(problem)
        self.is_json = is_json


class SendError(SightScanError):
    """No answer of use; `was_sent` is False if nothing can have reached the service.

    Its text is the problem, with the words of a server that refuses.
    """

    def __init__(
        self,
        problem: str,
        answer: Answer | None = None,
        *,
        was_sent: bool = True,
        advice: str = LOOK_AROUND,
    ) -> None:
        """Keep what was wrong, in a few words, and the answer that says so, if there is one."""
        words = answer.words() if answer is not None and answer.status >= FIRST_REFUSAL else ""
        super().__init__(f"{problem}: {words!r}" if words else problem)
        self.answer = answer
        self.was_sent = was_sent
        self._advice = advice

    def sentence(self, where: str) -> str:
        """Return what was wrong at an address, and what to do."""
        is_answered = self.answer is not None and self.answer.status < FIRST_REFUSAL
        verb = "answers" if is_answered else "does not answer:"
        return f"{where} {verb} {self}; {self._advice}"

    def service_error(self, where: str) -> ServiceError:
        """Return what a stage raises of it: whether another try may help is known by its class."""
        lasts = isinstance(self, NeverError) or (isinstance(self, NotNowError) and self.is_final)
        return (LastingServiceError if lasts else ServiceError)(self.sentence(where))


class NotNowError(SendError):
    """The service is silent, fails, or hurries us away: another time it may answer.

    `wait_seconds` is how long it asks us to wait, None if it does not say. `is_final` means that
    asking again at once is of no use.
    """

    def __init__(
        self,
        problem: str,
        answer: Answer | None = None,
        *,
        wait_seconds: float | None = None,
        is_final: bool = False,
        was_sent: bool = True,
        advice: str | None = None,
    ) -> None:
        """Keep what was wrong, and when to ask again."""
        advice = advice or (LOOK_AROUND if answer is None else TRY_LATER)
        super().__init__(problem, answer, was_sent=was_sent, advice=advice)
        self.wait_seconds = wait_seconds
        self.is_final = is_final


class NeverError(SendError):
    """The same request will never be answered otherwise."""


class TooLargeError(NeverError):
    """The answer is larger than what was allowed."""


class NoURLError(NeverError):
    """The address is none that can be asked."""


def without_markup(text: str) -> str:
    """Return the words of a page, its title's, too, on one line without what cannot be seen."""
    return one_line(unescape(_MARKUP.sub(" ", text)))


# Says what is wrong with an answer; None: it is what was asked for.
Judge = Callable[[Answer], SendError | None]


def judge_status(answer: Answer) -> SendError | None:
    """Take every answer but "not now"; also that there is nothing, and a redirect."""
    is_forbidden = answer.status in FORBIDDEN
    if not (is_forbidden or answer.status in HURRIED or answer.status >= FIRST_SERVER_ERROR):
        return None
    asked = seconds_asked_for(answer)
    return NotNowError(
        f"status {answer.status}{telling(asked)}",
        answer,
        wait_seconds=asked,
        is_final=is_forbidden,
        advice=LET_US_IN if is_forbidden else TRY_LATER,
    )


def judge_success(answer: Answer) -> SendError | None:
    """Take nothing but a success."""
    if (problem := judge_status(answer)) is not None or httpx.codes.is_success(answer.status):
        return problem
    return NeverError(f"status {answer.status}", answer, advice="check the address")


def take_any(answer: Answer) -> SendError | None:
    """Take every answer: whoever asks reads the status."""
    del answer
    return None


def telling(asked_seconds: float | None) -> str:
    """Return the end of a problem: the pause that a service asks for, if it does."""
    return "" if asked_seconds is None else f", and asks for a pause of {asked_seconds:.0f} s"


def seconds_asked_for(answer: Answer, now: datetime | None = None) -> float | None:
    """Return the pause that a refusal asks for: by its header, else in its words; None: by neither."""
    if (stated := seconds_to_wait(answer.headers.get("Retry-After"), now)) is not None:
        return stated
    words = answer.words(MAX_REFUSAL_BYTES)
    if (pause := _SAID_PAUSE.search(words)) is not None:
        return min(float(pause[1]) * _UNIT_SECONDS[pause[2].lower()], MAX_PAUSE_SECONDS)
    if (end := _SAID_END.search(words)) is not None:
        try:
            return _seconds_until(datetime.fromisoformat(end[1]), now)
        except ValueError:
            return None
    return None


def seconds_to_wait(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for; None if it asks for nothing legible.

    Both forms of RFC 9110, section 10.2.3, are read: a number of seconds, and a date.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_PAUSE_SECONDS)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, LookupError, OverflowError):
        # Dates that no calendar has, numbers that no integer holds.
        return None
    return _seconds_until(until, now)


def _seconds_until(moment: datetime, now: datetime | None) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(0.0, seconds), MAX_PAUSE_SECONDS)


def _said_in(document: object) -> str:
    """Return the first words of an error in JSON, whatever form it has."""
    if isinstance(document, list):
        document = document[0] if document else ""
    if isinstance(document, Mapping):
        named = [document[key] for key in _WORDS_OF_JSON if document.get(key)]
        return next(filter(None, map(_said_in, named or document.values())), "")
    return document if isinstance(document, str) else ""


def _usual_reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return ""
