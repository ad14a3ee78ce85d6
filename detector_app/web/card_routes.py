"""Routes about one city: all that browsers are told of it, and the photos of its cards."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from detector_app.errors import AppError
from detector_app.photos.card_photo import obtain_card_photo
from detector_app.resources import (
    MAX_CITIES_WITH_CARDS,
    current_cards,
    current_catalogue,
    model_shelf,
)
from detector_app.settings import read_settings
from detector_app.warehouse import Warehouse
from detector_app.web.answers import refuse, send_answer
from detector_app.web.city_detail import CityAnswers

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# A photo that is taken down goes from the cards at once; a browser that shows it may keep it a day.
_PHOTO_CACHED: Final = "public, max-age=86400"

_city_answers = CityAnswers(MAX_CITIES_WITH_CARDS)


def send_city(request: Request) -> Response:
    """Send one city with its model, its sights and what is known of them."""
    slug = request.path_params["slug"]
    city = current_catalogue().find_city(slug)
    if city is None:
        return refuse(
            404,
            "There is no such city; ask /api/city-list for those that there are.",
            reason="no_city",
        )
    answer = _city_answers.write(
        city, model_shelf(), current_cards(city.slug), read_settings().public_keys
    )
    return send_answer(request, answer)


def send_card_photo(request: Request) -> Response:
    """Send a photo that one of the city's cards shows now."""
    slug, sha256 = request.path_params["slug"], request.path_params["sha256"]
    # Cards are asked for and kept by city: not for whatever an address says.
    is_city = current_catalogue().find_city(slug) is not None
    is_shown = is_city and _SHA256.fullmatch(sha256) and current_cards(slug).has_photo(sha256)
    if not is_shown:
        return refuse(
            404, "No card shows this photo; ask /api/city-list for the present ones.", reason="gone"
        )
    settings = read_settings()
    try:
        photo = obtain_card_photo(
            Warehouse.from_settings(settings), slug, sha256, settings.model_cache_dir
        )
    except AppError as error:
        return refuse(503, str(error), reason="busy")
    if photo is None:
        return refuse(404, "No card shows this photo any more.", reason="gone")
    return Response(photo, media_type="image/jpeg", headers={"Cache-Control": _PHOTO_CACHED})
