"""What servers answer, and what it means: it is there, not now, or never. No I/O here.

Which answers mean which is told by a judge; whatever way a service has to say "not now" belongs
into one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from sightscan.errors import SightScanError

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
FIRST_REFUSAL = 400
FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; of a refusal, the first part of its body; of a redirect, none."""

    status: int
    headers: httpx.Headers
    body: bytes
    reason: str = ""

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
            raise UnreadableError(msg) from error
        if not isinstance(found, dict):
            msg = f"a {type(found).__name__}, expected a JSON object"
            raise UnreadableError(msg)
        return found

    def words(self, most: int = MAX_WORDS_CHARACTERS) -> str:
        """Return what the server says in its body, on one line, for a sentence."""
        line = " ".join(self.body[:MAX_REFUSAL_BYTES].decode("utf-8", "replace").split())
        return "".join(character for character in line if character.isprintable())[:most]


class UnreadableError(SightScanError):
    """An answer is not in the form that was asked for."""


class SendError(SightScanError):
    """No answer of use; `was_sent` is False if nothing can have reached the service."""

    def __init__(
        self, problem: str, answer: Answer | None = None, *, was_sent: bool = True
    ) -> None:
        """Keep what was wrong, in a few words, and the answer that says so, if there is one."""
        super().__init__(problem)
        self.answer = answer
        self.was_sent = was_sent

    def with_words(self) -> str:
        """Return what was wrong, and what the server says of it."""
        return str(self) if self.answer is None else f"{self}: {self.answer.words()!r}"


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
    ) -> None:
        """Keep what was wrong, and when to ask again."""
        super().__init__(problem, answer, was_sent=was_sent)
        self.wait_seconds = wait_seconds
        self.is_final = is_final


class NeverError(SendError):
    """The same request will never be answered otherwise."""


class TooLargeError(NeverError):
    """The answer is larger than what was allowed."""


class NoURLError(NeverError):
    """The address is none that can be asked."""


# Says what is wrong with an answer; None: it is what was asked for.
Judge = Callable[[Answer], SendError | None]


def judge_status(answer: Answer) -> SendError | None:
    """Take every answer but "not now"; also that there is nothing, and a redirect."""
    problem = f"status {answer.status}"
    if answer.status in FORBIDDEN:
        return NotNowError(problem, answer, is_final=True)
    if answer.status in HURRIED or answer.status >= FIRST_SERVER_ERROR:
        wait_seconds = seconds_to_wait(answer.headers.get("Retry-After"))
        if wait_seconds is not None:
            problem += f", and asks for a pause of {wait_seconds:.0f} s"
        return NotNowError(problem, answer, wait_seconds=wait_seconds)
    return None


def judge_success(answer: Answer) -> SendError | None:
    """Take nothing but a success."""
    if (problem := judge_status(answer)) is not None or httpx.codes.is_success(answer.status):
        return problem
    return NeverError(f"status {answer.status}", answer)


def take_any(answer: Answer) -> SendError | None:
    """Take every answer: whoever asks reads the status."""
    del answer
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
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(0.0, seconds), MAX_PAUSE_SECONDS)
