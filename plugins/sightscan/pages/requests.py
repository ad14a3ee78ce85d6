"""The page where people let in or refuse the cities that strangers asked for."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from sightscan.city import City
from sightscan.pages.navigation import page_of
from sightscan.pages.staff import Decider, FromOwnPage, Text, Viewer, may_decide
from sightscan.pages.warehouse import open_warehouse
from sightscan.settings import settings
from sightscan.spend.requests import first_bill, left_for_requests, tell_budget
from sightscan.warehouse.registry.decisions import (
    MAX_REASON_CHARACTERS,
    Asked,
    approve_city,
    count_requested_cities,
    list_requested_cities,
    refuse_city,
)

# What holds a city's weekly runs back, if anything is set.
LIMITS = ("max_usd_per_run", "max_usd_per_month", "max_usd_in_all")
# Each is estimated while the page waits.
MAX_CITIES_SHOWN = 50

router = APIRouter(prefix="/requests")


class CityDecision(BaseModel):
    """What somebody decided about one city; a refusal has a reason."""

    city_id: Annotated[str, Field(pattern="^Q[1-9][0-9]{0,18}$")]
    decision: Literal["approve", "refuse"]
    reason: Annotated[Text, Field(max_length=MAX_REASON_CHARACTERS)] = ""


@router.get("/")
def show_page(_: Viewer) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page_of("requests"), headers={"Cache-Control": "no-cache"})


@router.get("/list")
def list_requests(_: Viewer, user: GetUserDep) -> dict[str, Any]:
    """Return who waits, what that may cost, what the budget has left, and what was refused last."""
    config = settings()
    with open_warehouse() as connection:
        bills = [
            (city, asked, first_bill(connection, config, city))
            for city, asked in list_requested_cities(connection, "waiting", most=MAX_CITIES_SHOWN)
        ]
        refused = [
            _shown(city, asked)
            for city, asked in list_requested_cities(connection, "refused", most=MAX_CITIES_SHOWN)
        ]
        counts = {
            state: count_requested_cities(connection, state) for state in ("waiting", "refused")
        }
        left_usd = left_for_requests(connection, config)
    return {
        "may_decide": may_decide(user),
        "budget": tell_budget(config, left_usd, bills[0][2] if bills else None),
        "limits_usd": {name.upper(): getattr(config, name) for name in LIMITS},
        "counts": counts,
        "waiting": [_shown(city, asked) | asdict(bill) for city, asked, bill in bills],
        "refused": refused,
    }


@router.post("/decide", dependencies=[FromOwnPage])
def decide(decider: Decider, body: CityDecision) -> dict[str, str]:
    """Let a city in, or refuse it."""
    with open_warehouse() as connection:
        if body.decision == "approve":
            city = approve_city(connection, body.city_id, decided_by=decider)
        else:
            city = refuse_city(connection, body.city_id, decided_by=decider, reason=body.reason)
    return {"state": city.state}


def _shown(city: City, asked: Asked) -> dict[str, Any]:
    return asdict(asked) | {
        "name": city.name,
        "country": city.country,
        "slug": city.slug,
        "page_url": f"https://www.wikidata.org/wiki/{city.city_id}",
        "radius_meters": city.radius_meters,
    }
