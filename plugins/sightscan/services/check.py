"""What all checks of the outside services share: their clients, and what is shown to strangers."""

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

from sightscan.city import City
from sightscan.crawl.fetch.fetcher import Fetcher, open_fetcher
from sightscan.discover.wikidata import WIKIDATA_SILENCE_SECONDS, WikidataClient
from sightscan.http import open_http
from sightscan.run import Run
from sightscan.services.question import (
    CheckSkippedError,
    Finding,
    Question,
    answer_to,
    one_line,
    replaced,
    without_keys,
)
from sightscan.settings import REPOSITORY, Settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.registry.cities import find_city, list_cities

PAYER_DAG_ID = "check_services"
# Settings that are no secrets, and still nothing for strangers.
IDENTIFYING = ("aws_access_key_id", "contact", "pghost", "pguser", "photo_store")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Paid = Literal["vision", "places"]


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
class Check(Question[Probe]):
    """One question to one service; `max_requests` is how often it is asked if all is well."""

    max_requests: int
    paid: Paid | None = None


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
    return answer_to(
        check,
        probe,
        # Before it is cut: half a key is nothing that could be found.
        shown=lambda came: one_line(without_secrets(came, probe.config)),
    )


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
    text = without_keys(text, config)
    for name, value in config:
        if name in IDENTIFYING and value not in LOOPBACK:
            text = replaced(text, str(value or ""), f"[{name.upper()}]")
        elif isinstance(value, Path) and value.is_absolute():
            text = replaced(text, str(value), f"[{name.upper()}]")
    text = replaced(text, str(REPOSITORY), "[checkout]")
    for pattern, shown in _SHOWN:
        text = pattern.sub(shown, text)
    return _PATH.sub(_shown_path, text)


def _shown_path(found: re.Match[str]) -> str:
    """Hide a path of this machine; one of a server begins with a folder that is not here."""
    return "[path]" if Path("/", found[1]).exists() else found[0]
