"""The page of models: the card of each version of a city's, made when it is asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from sightscan.errors import LastingPublicationError, UnknownCity
from sightscan.pages.card_page import write_page
from sightscan.pages.staff import Text, Viewer
from sightscan.pages.warehouse import open_warehouse
from sightscan.publish.card.card import make_card
from sightscan.warehouse.models.cards import list_models
from sightscan.warehouse.registry.cities import find_city, list_cities

router = APIRouter(prefix="/models")

Version = Annotated[int | None, Query(ge=1, lt=2**31)]


@router.get("/")
def show_page(_: Viewer, city: Text | None = None, version: Version = None) -> HTMLResponse:
    """Return the card of a version; without one, of the one in place, else of the newest."""
    with open_warehouse() as connection:
        cities = list_cities(connection)
        try:
            # With one city there is nothing to choose.
            slug = city or (cities[0].slug if len(cities) == 1 else None)
            chosen = find_city(connection, slug) if slug else None
            models = list_models(connection, chosen.city_id) if chosen else []
            offered = next((one for one in models if one.is_in_place), next(iter(models), None))
            shown = version or (offered and offered.model_version)
            card = make_card(connection, chosen.city_id, shown) if chosen and shown else None
        except (UnknownCity, LastingPublicationError) as error:
            return _page(write_page(cities, None, [], None, trouble=str(error)), status=404)
    return _page(write_page(cities, chosen, models, card))


def _page(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})
