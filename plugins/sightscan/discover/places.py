"""Ask Google Places (New) which sights of a city it names first, and what that costs.

A Text Search: names and places are asked for, to tell which sight a place is, and forgotten; only
place ids and the sights that they are stay, as Google's terms allow. A city is asked about once a
calendar year; each page is reserved in the ledger before it is sent, and never sent a second time.
"""

import hashlib
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import psycopg
from tenacity import stop_after_attempt, wait_none

from sightscan.city import City, Place, Sight
from sightscan.discover.entity_resolution import NEAR_METERS, any_name_matches
from sightscan.http import Request, RetryPolicy, Sender, open_http
from sightscan.http_answers import Answer, SendError, UnreadableError, take_any
from sightscan.plain_text import plain_text
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.registry.sights import key_of
from sightscan.warehouse.spend.paid_calls import (
    MAX_PLACES_PAGES,
    PLACES_SEARCH,
    CallResult,
    Caps,
    close_abandoned_calls,
    list_place_answers,
    record_call_results,
    reserve_calls,
)
from sightscan.warehouse.spend.prices import unit_price

PLACES_PAGE_SIZE = 20
# Names and places make it a call of the tier "Pro"; nextPageToken costs nothing.
FIELD_MASK = "places.id,places.displayName,places.location,nextPageToken"
PLACES_SILENCE_SECONDS = 30.0
# What is paid for is never sent a second time.
RETRY_POLICY = RetryPolicy(stop=stop_after_attempt(1), wait=wait_none(), max_pause_seconds=0.0)
# A page takes seconds: what is reserved longer belongs to nobody.
ABANDONED_SECONDS = 600
# Text Search takes no larger circle.
MAX_PLACES_RADIUS_METERS = 50_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlacesBuyer:
    """Who may buy pages of Places, and with which client."""

    client: "PlacesClient"
    run: Run


@dataclass(frozen=True, slots=True)
class PlacesRanking:
    """Ranks from 1 and place ids, by the keys of the sights; and why there is no more, if so.

    `left_out` places of the pages bought now had no id.
    """

    ranks: dict[str, int] = field(default_factory=dict)
    place_ids: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    problem: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Named:
    """A place of a page; without a name or a place it can still be known by its id."""

    place_id: str
    name: str | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class _Page:
    state: Literal["succeeded", "failed", "unknown"]
    places: tuple[_Named, ...] = ()
    left_out: int = 0
    next_token: str | None = None
    error: str | None = None


class PlacesClient:
    """Google's Text Search with a key in a header, where no log shows it."""

    def __init__(self, http: httpx.Client, base_url: str) -> None:
        """Keep the client, which has the key, and the address; nothing is sent yet."""
        self._sender = Sender(http, RETRY_POLICY)
        self._url = f"{base_url.rstrip('/')}/v1/places:searchText"

    def search(self, text: str, city: City, token: str | None) -> _Page:
        """Return one page, sent once; an error is a page with its state, never an exception."""
        centre = {"latitude": city.place.latitude, "longitude": city.place.longitude}
        radius = float(min(city.radius_meters, MAX_PLACES_RADIUS_METERS))
        body: dict[str, Any] = {
            "textQuery": text,
            "languageCode": "en",
            "pageSize": PLACES_PAGE_SIZE,
            "locationBias": {"circle": {"center": centre, "radius": radius}},
        }
        if token is not None:
            body["pageToken"] = token
        request = Request(url=self._url, method="POST", document=body, judge=take_any)
        try:
            answer = self._sender.send(request)
        except SendError as error:
            if error.was_sent:
                return _Page("unknown", error=str(error))
            return _Page("failed", error=f"cannot connect: {error}")
        if answer.is_redirect or httpx.codes.is_client_error(answer.status):
            return _Page("failed", error=_reason(answer))
        if not httpx.codes.is_success(answer.status):
            return _Page("unknown", error=_reason(answer))
        return _read_page(answer)


@contextmanager
def open_places(config: Settings) -> Iterator[PlacesClient | None]:
    """Open a client with the key of the settings; None without a key."""
    if config.maps_key is None:
        yield None
        return
    headers = {
        "X-Goog-Api-Key": config.maps_key.get_secret_value(),
        "X-Goog-FieldMask": FIELD_MASK,
    }
    with open_http(
        config.user_agent, silence_seconds=PLACES_SILENCE_SECONDS, headers=headers
    ) as http:
        yield PlacesClient(http, config.places_api_url)


def rank_by_places(
    connection: psycopg.Connection[Any],
    buyer: PlacesBuyer | None,
    config: Settings,
    city: City,
    sights: Sequence[Sight],
) -> PlacesRanking:
    """Return Places' order of these sights: what is known, and pages that are still to be bought.

    Nothing is bought without a buyer. Whatever goes wrong leaves the order to
    Wikidata, and says so.
    """
    bought = PlacesRanking()
    if buyer is not None:
        bought = _buy_pages(connection, buyer, config, city, sights)
    known = {sight.place_id: key_of(sight) for sight in sights if sight.place_id is not None}
    ranks: dict[str, int] = {}
    place_ids: dict[str, str] = {}
    answers = list_place_answers(connection, _subjects(city))
    named = [entry for answer in answers for entry in answer.get("places", [])]
    for rank, entry in enumerate(named, start=1):
        key = entry.get("sight") or known.get(entry["place_id"])
        if key is not None:
            ranks.setdefault(key, rank)
            place_ids.setdefault(key, entry["place_id"])
    if bought.problem or bought.left_out:
        logger.warning(
            "places city=%s left_out=%d problem=%s", city.slug, bought.left_out, bought.problem
        )
    return replace(bought, ranks=ranks, place_ids=place_ids)


def _buy_pages(
    connection: psycopg.Connection[Any],
    buyer: PlacesBuyer,
    config: Settings,
    city: City,
    sights: Sequence[Sight],
) -> PlacesRanking:
    """Return what was bought, and why no more; the ranks are read from the ledger."""
    close_abandoned_calls(
        connection,
        PLACES_SEARCH,
        buyer.run,
        older_than_seconds=ABANDONED_SECONDS,
    )
    price = unit_price(config, PLACES_SEARCH.price_name)
    token: str | None = None
    left_out = 0
    for number, subject in enumerate(_subjects(city)):
        reserved = reserve_calls(
            connection,
            PLACES_SEARCH,
            buyer.run,
            [subject],
            # A run that is cleared in the next year asks anew, and was promised these pages once.
            caps=Caps(city=config.max_places_calls_per_city, run=MAX_PLACES_PAGES),
            price=price,
        )
        if not reserved.calls:
            # Bought before, this year, or the cap is reached: what is known must do.
            return PlacesRanking(calls=number, left_out=left_out)
        page = buyer.client.search(
            f"tourist attractions in {city.name}, {city.country}", city, token
        )
        answer = {"places": [_kept(place, sights) for place in page.places]}
        result = CallResult(
            reserved.calls[0].call_id,
            page.state,
            answer=answer if page.state == "succeeded" else None,
            error=page.error,
        )
        record_call_results(connection, [result])
        left_out += page.left_out
        if page.state != "succeeded":
            problem = f"Google Places {page.state}: {page.error}"
            return PlacesRanking(calls=number + 1, problem=problem, left_out=left_out)
        token = page.next_token
        if token is None:
            return PlacesRanking(calls=number + 1, left_out=left_out)
    return PlacesRanking(calls=MAX_PLACES_PAGES, left_out=left_out)


def _subjects(city: City) -> list[bytes]:
    """Return what this year's pages are known by in the ledger."""
    year = datetime.now(UTC).year
    return [
        hashlib.sha256(f"places/{city.city_id}/{year}/{page}".encode()).digest()
        for page in range(1, MAX_PLACES_PAGES + 1)
    ]


def _kept(named: _Named, sights: Sequence[Sight]) -> dict[str, str | None]:
    """Return what may be kept of a place: its id, and the key of the sight that it is."""
    where, name = named.place, named.name
    found = next(
        (
            sight
            for sight in sights
            if sight.place_id == named.place_id
            or (
                sight.place is not None
                and where is not None
                and name is not None
                and sight.place.distance_meters(where) <= NEAR_METERS
                and any_name_matches([name], [sight.name, *sight.names.values(), *sight.aliases])
            )
        ),
        None,
    )
    return {"place_id": named.place_id, "sight": None if found is None else key_of(found)}


def _read_page(answer: Answer) -> _Page:
    """Return what a page names; of unknown fate is one of which nothing can be read."""
    try:
        document = answer.json_object()
        listed = list(document.get("places") or ())
    except (UnreadableError, TypeError):
        return _Page("unknown", error=_reason(answer))
    places = tuple(named for named in map(_named, listed) if named is not None)
    if listed and not places:
        return _Page("unknown", error=_reason(answer))
    token = document.get("nextPageToken")
    return _Page(
        "succeeded",
        places,
        left_out=len(listed) - len(places),
        next_token=token if isinstance(token, str) else None,
    )


def _named(place: object) -> _Named | None:
    """Return what a page says of a place; None if it has no id, by which alone it may be kept."""
    if not isinstance(place, Mapping) or not isinstance(place.get("id"), str) or not place["id"]:
        return None
    shown = place.get("displayName")
    name = plain_text(shown.get("text")) if isinstance(shown, Mapping) else None
    return _Named(place["id"], name, _place_of(place.get("location")))


def _place_of(location: object) -> Place | None:
    """Return a place; None if that is no place on Earth."""
    if not isinstance(location, Mapping):
        return None
    try:
        # As everywhere in Google's JSON, zeros are left out.
        latitude, longitude = (float(location.get(name, 0)) for name in ("latitude", "longitude"))
    except (OverflowError, TypeError, ValueError):
        return None
    if not location or not math.isfinite(latitude) or not math.isfinite(longitude):
        return None
    return Place(latitude, longitude)


def _reason(answer: Answer) -> str:
    return f"status {answer.status}: {answer.words()}"
