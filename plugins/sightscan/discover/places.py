"""Ask Google Places (New) which sights of a city it names first, and what that costs.

A Text Search: names and places are asked for, to tell which sight a place is, and forgotten; only
place ids and the sights that they are stay, as Google's terms allow. A city is asked about once a
calendar year; each page is reserved in the ledger before it is sent, and never sent a second time.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import psycopg
from tenacity import stop_after_attempt, wait_none

from sightscan.city import City, Place, Sight
from sightscan.discover.entity_resolution import NEAR_METERS, any_name_matches
from sightscan.http import Request, RetryPolicy, Sender, open_http
from sightscan.http_answers import Answer, SendError, UnreadableError, take_any
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
    """Ranks from 1 and place ids, by the keys of the sights; and why there is no more, if so."""

    ranks: dict[str, int] = field(default_factory=dict)
    place_ids: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    state: Literal["succeeded", "failed", "unknown"]
    places: tuple[dict[str, Any], ...] = ()
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
        try:
            document = answer.json_object()
            places = tuple(_checked(place) for place in document.get("places", []))
        except (UnreadableError, ValueError, KeyError, TypeError, AttributeError):
            return _Page("unknown", error=_reason(answer))
        return _Page("succeeded", places, document.get("nextPageToken"))


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
    calls, problem = 0, ""
    if buyer is not None:
        calls, problem = _buy_pages(connection, buyer, config, city, sights)
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
    if problem:
        logger.warning("places city=%s problem=%s", city.slug, problem)
    return PlacesRanking(ranks, place_ids, calls, problem)


def _buy_pages(
    connection: psycopg.Connection[Any],
    buyer: PlacesBuyer,
    config: Settings,
    city: City,
    sights: Sequence[Sight],
) -> tuple[int, str]:
    close_abandoned_calls(
        connection,
        PLACES_SEARCH,
        buyer.run,
        older_than_seconds=ABANDONED_SECONDS,
    )
    price = unit_price(config, PLACES_SEARCH.price_name)
    token: str | None = None
    for number, subject in enumerate(_subjects(city)):
        reserved = reserve_calls(
            connection,
            PLACES_SEARCH,
            buyer.run,
            [subject],
            caps=Caps(city=config.max_places_calls_per_city),
            price=price,
        )
        if not reserved.calls:
            # Bought before, this year, or the cap is reached: what is known must do.
            return number, ""
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
        if page.state != "succeeded":
            return number + 1, f"Google Places {page.state}: {page.error}"
        token = page.next_token
        if token is None:
            return number + 1, ""
    return MAX_PLACES_PAGES, ""


def _subjects(city: City) -> list[bytes]:
    """Return what this year's pages are known by in the ledger."""
    year = datetime.now(UTC).year
    return [
        hashlib.sha256(f"places/{city.city_id}/{year}/{page}".encode()).digest()
        for page in range(1, MAX_PLACES_PAGES + 1)
    ]


def _kept(place: dict[str, Any], sights: Sequence[Sight]) -> dict[str, str | None]:
    """Return what may be kept of a place: its id, and the key of the sight that it is."""
    where = Place(place["location"]["latitude"], place["location"]["longitude"])
    name = place["displayName"]["text"]
    found = next(
        (
            sight
            for sight in sights
            if sight.place_id == place["id"]
            or (
                sight.place is not None
                and sight.place.distance_meters(where) <= NEAR_METERS
                and any_name_matches([name], [sight.name, *sight.names.values(), *sight.aliases])
            )
        ),
        None,
    )
    return {"place_id": place["id"], "sight": None if found is None else key_of(found)}


def _checked(place: dict[str, Any]) -> dict[str, Any]:
    location = place["location"]
    return {
        "id": str(place["id"]),
        "displayName": {"text": str(place["displayName"]["text"])},
        # As everywhere in Google's JSON, zeros are left out.
        "location": {name: float(location.get(name, 0)) for name in ("latitude", "longitude")},
    }


def _reason(answer: Answer) -> str:
    return f"status {answer.status}: {answer.words()}"
