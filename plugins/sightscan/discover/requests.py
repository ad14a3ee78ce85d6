"""What people ask for in the app becomes a city that waits to be let in, or a refusal that says why.

Strangers write the inbox, and Wikidata is written by everybody: whatever one name brings about ends
as a refusal of that name, or leaves it waiting, and the others go on.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.discover.cities import resolve_city
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import (
    AmbiguousCity,
    CityChoice,
    LastingServiceError,
    ServiceError,
    UnknownCity,
)
from sightscan.warehouse.registry.cities import add_city, city_of_id
from sightscan.warehouse.registry.city_requests import (
    Refusal,
    list_waiting_names,
    note_request_tried,
    refuse_request,
    resolve_request,
)
from sightscan.warehouse.registry.decisions import find_decision
from sightscan.warehouse.text import clean_name

# Asked to tell a name that Wikidata does not answer about from a Wikidata that answers nothing.
KNOWN_NAME = "Lisbon"
# Ten minutes after the first try, then twice as long each time, up to a day: the last is after two days.
MAX_TRIES = 9
MAX_DETAIL_CHARACTERS = 2_000
MAX_CHOICE_CHARACTERS = 200
# The task has half an hour; a name may take its last minutes.
MAX_ROUND_SECONDS = 15 * 60
# What nonsense from outside makes of a look-up: no number, a field that is missing, a value that a
# column refuses. The connection being lost is none of them.
NONSENSE = (ValueError, KeyError, TypeError, psycopg.DataError, psycopg.IntegrityError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestReport:
    """How many names became cities, were refused, asked for what was asked for already, or wait on.

    `trouble` says why Wikidata answers nothing at all; empty: it answers.
    """

    resolved: int
    refused: int
    merged: int
    waiting: int = 0
    trouble: str = ""


def resolve_requests(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    clock: Callable[[], float] = time.monotonic,
) -> RequestReport:
    """Decide each name that waits and is due, by itself, for a quarter of an hour."""
    stages: list[str] = []
    trouble = ""
    started = clock()
    for name in list_waiting_names(connection):
        if clock() - started > MAX_ROUND_SECONDS:
            break
        tries = note_request_tried(connection, name)
        try:
            stages.append(_resolve(connection, client, name))
        except ServiceError as error:
            trouble = _trouble_of(client)
            if trouble:
                break
            stages.append(_postpone(connection, name, tries, error))
        except NONSENSE as error:
            logger.exception("the request for %r cannot be decided", name)
            stages.append(_refuse(connection, name, "unfit", _nonsense_sentence(error)))
    return RequestReport(
        resolved=stages.count("resolved"),
        refused=stages.count("refused"),
        merged=stages.count("merged"),
        waiting=stages.count("waiting"),
        trouble=trouble,
    )


def _resolve(connection: psycopg.Connection[Any], client: WikidataClient, name: str) -> str:
    try:
        city = resolve_city(client, clean_name(name))
    except (UnknownCity, AmbiguousCity) as error:
        refusal: Refusal = "ambiguous" if isinstance(error, AmbiguousCity) else "unknown"
        return _refuse(connection, name, refusal, str(error), error.choices)
    known = city_of_id(connection, city.city_id)
    # What it costs is decided by who runs SightScan: whoever asks in the app brings nothing back.
    if known is not None and known.state == "disabled":
        detail = (
            f"{city.name}, {city.country} was retired; ask whoever runs SightScan to add it again"
        )
        return _refuse(connection, name, "retired", detail)
    if known is not None and known.state == "refused":
        _, reason = find_decision(connection, city.city_id)
        detail = f"{city.name}, {city.country} was refused: {reason}"
        return _refuse(connection, name, "refused", detail)
    with connection.transaction():
        # One that is there stays as it was set up, with its radius.
        stored: City = known or add_city(connection, city, state="waiting")
        return resolve_request(connection, name, city_id=stored.city_id)


def _refuse(
    connection: psycopg.Connection[Any],
    name: str,
    refusal: Refusal,
    detail: str,
    choices: tuple[CityChoice, ...] = (),
) -> str:
    # It may quote Wikidata, which anybody writes.
    said = clean_name(detail)[:MAX_DETAIL_CHARACTERS]
    logger.info("refused %r: %s", name, said)
    return refuse_request(connection, name, refusal, said, [_as_told(one) for one in choices])


def _as_told(choice: CityChoice) -> CityChoice:
    """Return a choice as it can be stored and shown."""
    return replace(
        choice,
        name=_told(choice.name),
        region=_told(choice.region),
        country=_told(choice.country),
        description=_told(choice.description),
    )


def _told(text: str) -> str:
    return clean_name(text)[:MAX_CHOICE_CHARACTERS]


def _postpone(
    connection: psycopg.Connection[Any], name: str, tries: int, error: ServiceError
) -> str:
    if isinstance(error, LastingServiceError):
        return _refuse(connection, name, "unanswered", str(error))
    if tries < MAX_TRIES:
        logger.warning("%r waits: %s", name, error)
        return "waiting"
    detail = f"Wikidata did not answer about this name in {tries} tries; ask for it in other words"
    return _refuse(connection, name, "unanswered", detail)


def _trouble_of(client: WikidataClient) -> str:
    """Return why Wikidata answers nothing at all; empty if it does."""
    try:
        client.search(KNOWN_NAME)
    except ServiceError as error:
        return str(error)
    return ""


def _nonsense_sentence(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"what is known of this place is no city that can be stored ({first:.200})"
