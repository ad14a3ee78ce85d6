"""What a check of a service is, what comes of it, and what all checks of one round share.

A check says beforehand what it asks of whom, why, and what the answer should look like. Its `ask`
returns in a few words what came, or raises: any error of ours is a failure in the server's words.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
from pydantic import SecretStr

from sightscan.city import City
from sightscan.crawl.fetch.fetcher import Fetcher, open_fetcher
from sightscan.crawl.sources.source import UNREADABLE
from sightscan.discover.wikidata import WIKIDATA_SILENCE_SECONDS, WikidataClient
from sightscan.errors import SettingsError, SightScanError
from sightscan.http import open_http
from sightscan.run import Run
from sightscan.settings import REPOSITORY, Settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.registry.cities import find_city, list_cities

MAX_CAME_CHARACTERS = 500
PAYER_DAG_ID = "check_services"
# Settings that are no secrets, and still nothing for strangers.
IDENTIFYING = ("aws_access_key_id", "contact", "pghost", "pguser", "photo_store")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

State = Literal["passed", "failed", "skipped"]
Paid = Literal["vision", "places"]


class CheckFailedError(SightScanError):
    """A service answers otherwise than it should; `advice` if there is better than the check's."""

    def __init__(self, came: str, advice: str = "") -> None:
        """Keep what came."""
        super().__init__(came)
        self.advice = advice


class CheckSkippedError(SightScanError):
    """Nothing was asked; the sentence says why, and what to set or agree to."""


@dataclass(slots=True)
class Probe:
    """The clients of a round of checks, what was agreed to, and what earlier checks found."""

    config: Settings
    wikidata: WikidataClient
    fetcher: Fetcher
    agreed: frozenset[Paid]
    payer_name: str | None
    clock: Callable[[], float]
    closing: ExitStack
    # Items around Paris, the best known first.
    item_ids: tuple[str, ...] = ()
    # What the catalogues named: by title on Commons, and what Openverse found.
    commons_photos: dict[str, Attribution] = field(default_factory=dict)
    found_photos: list[Attribution] = field(default_factory=list)
    photo: bytes | None = None
    # How long our own limits and the pauses that services asked for were kept.
    waited_seconds: float = 0.0

    def seconds(self) -> float:
        """Return what the clock says, without our own waiting: what is left, services took."""
        return self.clock() - self.waited_seconds

    def open_ledger(self) -> tuple[psycopg.Connection[Any], Run]:
        """Return a connection to the warehouse, and the run on which a paid call is booked.

        Raises:
            CheckSkippedError: no city is there to book it on.
            WarehouseError: the warehouse cannot be reached.

        """
        connection = self.closing.enter_context(connect(self.config, autocommit=True))
        payer = self._payer(connection)
        if payer is None:
            msg = (
                "the ledger books each call on a city, and the registry has none: add one with "
                "`sightscan city add`"
            )
            raise CheckSkippedError(msg)
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        return connection, Run(payer.city_id, PAYER_DAG_ID, moment)

    def _payer(self, connection: psycopg.Connection[Any]) -> City | None:
        if self.payer_name is not None:
            return find_city(connection, self.payer_name)
        return next((city for city in list_cities(connection) if city.state == "active"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to one service; `max_requests` is how often it is asked if all is well."""

    name: str
    service: str
    asks: str
    why: str
    expected: str
    advice: str
    max_requests: int
    ask: Callable[[Probe], str] = field(repr=False)
    paid: Paid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a check: in the service's own words, without secrets, on one line."""

    name: str
    service: str
    state: State
    expected: str
    came: str
    advice: str


@contextmanager
def open_probe(
    config: Settings,
    *,
    agreed: frozenset[Paid] = frozenset(),
    payer_name: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Probe]:
    """Open the clients that the stages use, and close them at the end; nothing is asked yet."""
    with ExitStack() as closing:
        http = closing.enter_context(
            open_http(config.user_agent, silence_seconds=WIKIDATA_SILENCE_SECONDS)
        )
        fetcher = closing.enter_context(open_fetcher(config, threading.Event()))

        def wait(seconds: float) -> None:
            sleep(seconds)
            probe.waited_seconds += seconds

        probe = Probe(
            config=config,
            wikidata=WikidataClient(http, config, wait),
            fetcher=fetcher,
            agreed=agreed,
            payer_name=payer_name,
            clock=clock,
            closing=closing,
        )
        yield probe


def run_check(check: Check, probe: Probe) -> Finding:
    """Ask once, and return what came of it; an error of ours is a finding, not the end."""
    advice = ""
    try:
        state: State = "passed"
        came = check.ask(probe)
    except CheckSkippedError as skipped:
        state, came = "skipped", str(skipped)
    except CheckFailedError as failed:
        state, came, advice = "failed", str(failed), failed.advice or check.advice
    except SettingsError as error:
        # Its sentence says what to set.
        state, came, advice = "failed", str(error), "correct the setting that is named"
    except SightScanError as error:
        state, came, advice = "failed", str(error), check.advice
    except psycopg.Error as error:
        came = f"the warehouse: {error}"
        state, advice = "failed", "`sightscan warehouse migrate`, or mend what it says"
    except UNREADABLE as error:
        came = f"an answer in another form than documented ({type(error).__name__}: {error})"
        state, advice = "failed", check.advice
    return Finding(
        name=check.name,
        service=check.service,
        state=state,
        expected=check.expected,
        # Before it is cut: half a key is nothing that could be found.
        came=one_line(without_secrets(came, probe.config)),
        advice=advice,
    )


def one_line(text: str, most: int = MAX_CAME_CHARACTERS) -> str:
    """Return a stranger's words on one line, printable, and cut."""
    line = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return line if len(line) <= most else f"{line[: most - 3]}..."


_USER_OF_URL = re.compile(r"(?<=://)[^/\s@]+@")
# Google's projects have names or numbers of any length, Amazon's accounts 12 digits.
_PROJECT = re.compile(r"(?<=\bproject[ =/])#?\w[\w-]*\d\b|(?<=\bprojects/)[\w-]+")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_AMAZON_USER = re.compile(r"(?<=:user/|:role/)[\w+=,.@/-]+|(?<=:assumed-role/)[\w+=,.@/-]+")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PRIVATE_HOST = re.compile(r"\b[\w.-]+\.(?:amazonaws\.com|internal)\b")
_ADDRESS = re.compile(r"(?<![\w.])(?!127\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_PATH = re.compile(r"(?<![\w/:.~])/([\w.-]+)(?:/[\w.@-]+)+/?")
_SHOWN = (
    (_USER_OF_URL, "[user]@"),
    (_PROJECT, "[account]"),
    (_ACCOUNT, "[account]"),
    (_AMAZON_USER, "[user]"),
    (_PRIVATE_HOST, "[host]"),
    (_MAIL, "[address]"),
    (_ADDRESS, "[host]"),
)


def without_secrets(text: str, config: Settings) -> str:
    """Return a text that may be shown to strangers: no key, account, host or path of this machine."""
    for name, value in config:
        if isinstance(value, SecretStr):
            text = _replaced(text, value.get_secret_value(), f"[{name.upper()}]")
        elif name in IDENTIFYING and value not in LOOPBACK:
            text = _replaced(text, str(value or ""), f"[{name.upper()}]")
        elif isinstance(value, Path) and value.is_absolute():
            text = _replaced(text, str(value), f"[{name.upper()}]")
    text = _replaced(text, str(REPOSITORY), "[checkout]")
    for pattern, shown in _SHOWN:
        text = pattern.sub(shown, text)
    return _PATH.sub(_shown_path, text)


def _replaced(text: str, secret: str, shown: str) -> str:
    # What is so short is found in every word.
    return text.replace(secret, shown) if len(secret) > 3 else text  # noqa: PLR2004 - see above


def _shown_path(found: re.Match[str]) -> str:
    """Hide a path of this machine; one of a server begins with a folder that is not here."""
    return "[path]" if Path("/", found[1]).exists() else found[0]
