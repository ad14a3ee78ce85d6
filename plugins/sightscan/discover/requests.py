"""What people ask for in the app becomes a city of the registry, or a refusal that says why."""

import logging
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.discover.cities import resolve_city
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import AmbiguousCity, UnknownCity
from sightscan.warehouse.registry.cities import add_city, list_cities
from sightscan.warehouse.registry.city_requests import (
    RequestInbox,
    resolve_request,
    waiting_requests,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestReport:
    """How many requests became cities, were refused, or asked for what was asked for already."""

    resolved: int
    refused: int
    merged: int


def resolve_requests(connection: psycopg.Connection[Any], client: WikidataClient) -> RequestReport:
    """Decide every waiting request; each in a transaction of its own, so none holds up another.

    Raises:
        ServiceError: Wikidata does not answer; what is decided stays so, the rest waits.

    """
    stages = [_resolve(connection, client, request) for request in waiting_requests(connection)]
    return RequestReport(
        resolved=stages.count("resolved"),
        refused=stages.count("refused"),
        merged=stages.count("merged"),
    )


def _resolve(
    connection: psycopg.Connection[Any], client: WikidataClient, request: RequestInbox
) -> str:
    try:
        city = resolve_city(client, request.asked_name)
    except (UnknownCity, AmbiguousCity) as error:
        logger.info("refused %r: %s", request.asked_name, error)
        return resolve_request(connection, request, city_id=None, detail=str(error))
    states = {one.city_id: one.state for one in list_cities(connection)}
    if states.get(city.city_id) == "disabled":
        # Its runs cost money: who retired it may bring it back, whoever asks in the app may not.
        detail = (
            f"{city.name}, {city.country} was retired; ask whoever runs SightScan to add it again"
        )
        return resolve_request(connection, request, city_id=None, detail=detail)
    with connection.transaction():
        # One that is there stays as it was set up, with its radius.
        if city.city_id not in states:
            add_city(connection, city)
        return resolve_request(connection, request, city_id=city.city_id, detail=None)
