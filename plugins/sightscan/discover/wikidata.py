"""Ask Wikidata: entity search and SPARQL, politely."""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
from tenacity import stop_after_attempt, wait_exponential

from sightscan.city import Place
from sightscan.errors import ServiceError
from sightscan.host_gate import (
    Counter,
    HostGate,
    HostLimit,
    HostThrottle,
    MemoryCounter,
    is_wikimedia,
    leads_to_wikimedia,
    wikimedia_limit,
)
from sightscan.http import CONNECT_SECONDS, Request, RetryPolicy, Sender, open_http
from sightscan.http_answers import SendError
from sightscan.http_judges import (
    MAX_TRACE_BYTES,
    judge_mediawiki,
    judge_sparql,
    mediawiki_error,
)
from sightscan.plain_text import plain_text
from sightscan.settings import Settings
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.spend.request_limits import SharedCounter

# The query service gives up after 60 s; a little more, so that its own answer is seen.
WIKIDATA_SILENCE_SECONDS = 65.0
MAX_QUERY_SECONDS = 90.0
# Four times, with pauses of 2, 4 and 8 s.
RETRY_POLICY = RetryPolicy(
    stop=stop_after_attempt(4), wait=wait_exponential(multiplier=2), max_pause_seconds=120.0
)
# The search service answers at most 50 to anonymous clients.
SEARCH_LIMIT = "20"

WIKIDATA_ID = re.compile(r"Q[1-9][0-9]*")
# The edge keeps what was got for some minutes, and takes no address of more than 8 KB.
MAX_GET_CHARACTERS = 4_000
# Well-known text: longitude first. Another globe than Earth stands before it as an address.
_POINT = re.compile(
    r"(?:<http://www\.wikidata\.org/entity/(?P<globe>Q\d+)>\s*)?"
    r"Point\(\s*(?P<longitude>\S+)\s+(?P<latitude>\S+)\s*\)",
    re.IGNORECASE,
)
_EARTH = "Q2"
# Where a value stands that nobody knows; older answers have a blank node.
_UNKNOWN = "/.well-known/genid/"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One answer of the entity search: an item, and the label or alias that matched."""

    item_id: str
    label: str
    description: str
    matched: str


class WikidataClient:
    """Search and query Wikidata."""

    def __init__(
        self,
        http: httpx.Client,
        config: Settings,
        sleep: Callable[[float], None] = time.sleep,
        shared: Counter | None = None,
    ) -> None:
        """Keep the client and the addresses; `shared` counts what all workers ask Wikimedia."""
        has_contact = config.own_contact is not None
        gate = HostGate(
            HostThrottle(
                lambda host: (
                    wikimedia_limit(host, has_contact=has_contact)
                    if is_wikimedia(host)
                    else HostLimit(host)
                ),
                shared or MemoryCounter(),
            ),
            sleep,
            max_pause_seconds=RETRY_POLICY.max_pause_seconds,
            lease_seconds=CONNECT_SECONDS + MAX_QUERY_SECONDS + WIKIDATA_SILENCE_SECONDS,
        )
        self._sender = Sender(
            http, RETRY_POLICY, gate=gate if asks_wikimedia(config) else None, sleep=sleep
        )
        self._config = config

    def search(self, text: str, language: str = "en") -> tuple[SearchHit, ...]:
        """Return the items whose label or alias begins with `text`, in the order of Wikidata.

        Raises:
            ServiceError: Wikidata does not answer, or not in its documented form.

        """
        answer = self._ask_api(
            action="wbsearchentities",
            search=text,
            language=language,
            uselang="en",
            type="item",
            limit=SEARCH_LIMIT,
        )
        try:
            if (error := mediawiki_error(answer)) is not None:
                msg = (
                    f"Wikidata's search refuses {text!r}: {error[1] or error[0]}; try another name"
                )
                raise ServiceError(msg)
            return _hits(answer["search"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            msg = f"Wikidata's search at {self._config.wikidata_api_url} answers in another form than documented: no {error}"
            raise ServiceError(msg) from error

    def search_text(self, text: str) -> tuple[str, ...]:
        """Return the ids of items that the full-text search finds, in any language.

        `text` is in the language of CirrusSearch: `inlabel:Praha`, `Berln~`, `haswbstatement:P31`.

        Raises:
            ServiceError: Wikidata does not answer, or not in its documented form.

        """
        answer = self._ask_api(
            action="query", list="search", srsearch=text, srnamespace="0", srlimit=SEARCH_LIMIT
        )
        try:
            if (error := mediawiki_error(answer)) is not None:
                msg = f"Wikidata's full-text search refuses {text!r}: {error[1] or error[0]}; try another name"
                raise ServiceError(msg)
            titles = [
                str(found["title"])
                for found in answer["query"]["search"]
                if isinstance(found, Mapping) and "title" in found
            ]
        except (KeyError, TypeError) as error:
            msg = f"Wikidata's full-text search at {self._config.wikidata_api_url} answers in another form: no {error}"
            raise ServiceError(msg) from error
        return tuple(title for title in titles if WIKIDATA_ID.fullmatch(title))

    def query(self, file: Path, **values: str) -> tuple[Mapping[str, str], ...]:
        """Return the rows of a SPARQL query kept in a file, its `$names` replaced by values.

        Ids come without the address of the entity: `Q64`, not `http://.../entity/Q64`. A value that
        is known to exist, but not which one it is, is left out as if there were none. Values are put
        into the text as they are: give numbers and ids only.

        Raises:
            ServiceError: Wikidata does not answer, or not in its documented form.

        """
        text = Template(file.read_text(encoding="utf-8")).substitute(values)
        url = self._config.wikidata_sparql_url
        asked = {"query": text}
        is_short = len(urlencode(asked)) <= MAX_GET_CHARACTERS
        request = Request(
            url=url,
            method="GET" if is_short else "POST",
            headers={"Accept": "application/sparql-results+json"},
            parameters=asked if is_short else None,
            form=None if is_short else asked,
            max_seconds=MAX_QUERY_SECONDS,
            max_refusal_bytes=MAX_TRACE_BYTES,
            is_silence_final=True,
            judge=judge_sparql,
        )
        answer = self._ask(request)
        try:
            bindings = answer["results"]["bindings"]
            cells = [cell for binding in bindings for cell in binding.values()]
            rows = tuple(map(_row, bindings))
        except (KeyError, TypeError, AttributeError) as error:
            msg = f"Wikidata's query service at {url} answers in another form than documented: {error}"
            raise ServiceError(msg) from error
        if unknown_count := len(cells) - sum(map(_is_known, cells)):
            logger.info("wikidata query=%s unknown_values=%d", file.stem, unknown_count)
        return rows

    def _ask_api(self, **parameters: str) -> dict[str, Any]:
        parameters |= {"format": "json", "formatversion": "2"}
        url = self._config.wikidata_api_url
        return self._ask(
            Request(
                url=url,
                parameters=parameters,
                max_seconds=MAX_QUERY_SECONDS,
                judge=judge_mediawiki,
            )
        )

    def _ask(self, request: Request) -> dict[str, Any]:
        try:
            return self._sender.send(request).json_object()
        except SendError as error:
            raise error.service_error(str(request.url)) from error


@contextmanager
def open_client(
    config: Settings, connection: psycopg.Connection[Any] | None = None
) -> Iterator[WikidataClient]:
    """Open a client that says who we are, and close it at the end.

    Where there is a warehouse, it keeps Wikimedia's limits together with all who use that.
    """
    shared: Counter = MemoryCounter()
    with ExitStack() as opened:
        if asks_wikimedia(config):
            if config.contact_problem:
                logger.warning("%s", config.contact_problem)
            if connection is not None:
                # The other one may be in the middle of a transaction.
                counted = SharedCounter(opened.enter_context(reopener(connection)()))
                if counted.may_count():
                    shared = counted
                else:
                    logger.warning("this login only reads: what it asks Wikimedia is not counted")
        http = opened.enter_context(
            open_http(config.user_agent, silence_seconds=WIKIDATA_SILENCE_SECONDS)
        )
        yield WikidataClient(http, config, shared=shared)


def asks_wikimedia(config: Settings) -> bool:
    """Tell whether the settings lead to Wikimedia's own Wikidata."""
    return any(map(leads_to_wikimedia, (config.wikidata_sparql_url, config.wikidata_api_url)))


def place_of(point: str) -> Place:
    """Return the place of a WKT literal such as `Point(13.38 52.51)`.

    Raises:
        ValueError: it is no point, or none on Earth.

    """
    found = _POINT.fullmatch(point.strip())
    place = None
    if found is not None and found["globe"] in (None, _EARTH):
        with suppress(ValueError):
            place = Place(float(found["latitude"]), float(found["longitude"]))
    if place is None or not place.is_on_earth:
        msg = (
            f"Wikidata gives the coordinates {point!r}, expected a point on Earth such as "
            "Point(13.38 52.51)"
        )
        raise ValueError(msg)
    return place


def _hits(found: Iterable[Any]) -> tuple[SearchHit, ...]:
    """Return what was found, without what is odd; raise what is odd about the first if all are."""
    hits: list[SearchHit] = []
    problems: list[Exception] = []
    for each in found:
        try:
            hits.append(_hit(each))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(error)
    if problems:
        if not hits:
            raise problems[0]
        logger.warning(
            "odd hits of the search left out: %d, the first: %s", len(problems), problems[0]
        )
    return tuple(hits)


def _hit(found: Mapping[str, Any]) -> SearchHit:
    item_id = found["id"]
    if not WIKIDATA_ID.fullmatch(item_id):
        msg = f"id {item_id!r:.80}, expected one such as Q64"
        raise ValueError(msg)
    # Labels may be missing in the language asked for, and are null where they are hidden.
    label = plain_text(found.get("label"))
    return SearchHit(
        item_id=item_id,
        label=label or item_id,
        description=plain_text(found.get("description")) or "",
        matched=plain_text(found.get("match", {}).get("text")) or label or "",
    )


def _row(binding: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    row = {}
    for name, cell in binding.items():
        if not _is_known(cell):
            continue
        value = cell["value"]
        last = value.rsplit("/", 1)[-1]
        row[name] = last if cell["type"] == "uri" and WIKIDATA_ID.fullmatch(last) else value
        if "xml:lang" in cell:
            row[f"{name}_language"] = cell["xml:lang"]
    return row


def _is_known(cell: Mapping[str, str]) -> bool:
    """Say whether it has a value of its own; `uri` and `bnode` both stand for one nobody knows."""
    is_unknown_uri = cell["type"] == "uri" and _UNKNOWN in cell["value"]
    return cell["type"] != "bnode" and not is_unknown_uri
