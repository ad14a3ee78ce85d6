"""What a check is, of a service or of this installation, and what comes of it.

A check says beforehand what it asks of whom, why, and what the answer should look like. Its `ask`
returns in a few words what came, or raises: any error of ours is a failure in the server's words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import psycopg
from pydantic import SecretStr

from sightscan.crawl.sources.source import UNREADABLE
from sightscan.errors import SettingsError, SightScanError
from sightscan.settings import Settings

MAX_CAME_CHARACTERS = 500
MAX_NAMED = 5

State = Literal["passed", "failed", "skipped"]
Given = TypeVar("Given")


class CheckFailedError(SightScanError):
    """Something is otherwise than it should be; `advice` if there is better than the check's.

    `things` are the names of what is wrong, if several may be, each for a reason of its own.
    """

    def __init__(self, came: str, advice: str = "", things: Sequence[str] = ()) -> None:
        """Keep what came, and of what."""
        super().__init__(came)
        self.advice = advice
        self.things = tuple(things)


class CheckSkippedError(SightScanError):
    """Nothing was asked; the sentence says why, and what to set or agree to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Given]):
    """One question: what is asked of whom, why, what should come, and what to do if it does not."""

    name: str
    service: str
    asks: str
    why: str
    expected: str
    advice: str
    ask: Callable[[Given], str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a check: in the service's own words, without secrets, on one line.

    `things` are those of `CheckFailedError`.
    """

    name: str
    service: str
    state: State
    expected: str
    came: str
    advice: str
    things: tuple[str, ...] = ()


def answer_to(question: Question[Given], given: Given, *, shown: Callable[[str], str]) -> Finding:
    """Ask once, and return what came of it as it may be `shown`; an error of ours is a finding."""
    advice = ""
    things: tuple[str, ...] = ()
    try:
        state: State = "passed"
        came = question.ask(given)
    except CheckSkippedError as skipped:
        state, came = "skipped", str(skipped)
    except CheckFailedError as failed:
        state, came, advice = "failed", str(failed), failed.advice or question.advice
        things = failed.things
    except SettingsError as error:
        # Its sentence says what to set.
        state, came, advice = "failed", str(error), "correct the setting that is named"
    except SightScanError as error:
        state, came, advice = "failed", str(error), question.advice
    except psycopg.Error as error:
        came = f"the warehouse: {error}"
        state, advice = "failed", "`sightscan warehouse migrate`, or mend what it says"
    except UNREADABLE as error:
        came = f"an answer in another form than documented ({type(error).__name__}: {error})"
        state, advice = "failed", question.advice
    return finding_of(question, state, shown(came), advice, things)


def finding_of(
    question: Question[Given], state: State, came: str, advice: str, things: tuple[str, ...] = ()
) -> Finding:
    """Return what came of a question, in words that may be shown."""
    return Finding(
        name=question.name,
        service=question.service,
        state=state,
        expected=question.expected,
        came=came,
        advice=advice,
        things=things,
    )


def one_line(text: str, most: int = MAX_CAME_CHARACTERS) -> str:
    """Return a stranger's words on one line, printable, and cut."""
    line = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def first_few(names: Sequence[str]) -> str:
    """Return the first of many names, for a sentence."""
    return ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")


def without_keys(text: str, config: Settings) -> str:
    """Return a text without the secrets of the settings."""
    for name, value in config:
        if isinstance(value, SecretStr):
            text = replaced(text, value.get_secret_value(), f"[{name.upper()}]")
    return text


def replaced(text: str, secret: str, shown: str) -> str:
    """Return a text without a secret, unless that is so short that it is found in every word."""
    return text.replace(secret, shown) if len(secret) > 3 else text  # noqa: PLR2004 - see above
