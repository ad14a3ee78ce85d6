"""The stand-in of Google's Places API (New): `POST /v1/places:searchText`.

As documented, a field mask is required and decides what is answered (and, in reality, the price),
a page has 20 places at most and a search 60 in all, and nothing is answered without a key.

Modelled on the documentation of Text Search (New) and its errors. Invented: places and their order.
"""

import base64
import json
from typing import Any

from aiohttp import web

from sandbox.counts import Counts
from sandbox.mediawiki import JsonObject
from sandbox.world.city_facts import CityFacts, SightFacts
from sandbox.world.city_terms import fold

SEARCH_PATH = "/v1/places:searchText"
MAX_PAGE_SIZE, MAX_PLACES = 20, 60
ID_FIELDS = {"places.id", "places.name", "nextPageToken"}
KNOWN_FIELDS = ID_FIELDS | {
    "*",
    "places.displayName",
    "places.displayName.text",
    "places.formattedAddress",
    "places.location",
    "places.types",
    "places.primaryType",
    "places.googleMapsUri",
}

# A real place with its real id: what anybody asks for first.
EIFFEL_TOWER = SightFacts(
    sight="Eiffel Tower",
    wikidata_id="Q243",
    labels={"en": "Eiffel Tower", "fr": "Tour Eiffel"},
    aliases={},
    description="tower in Paris",
    class_id="Q12518",
    latitude=48.8583,
    longitude=2.2945,
    sitelinks=200,
    commons_category="Eiffel Tower",
    freebase_id="/m/02j81",
    knowledge_graph_id=None,
    place_id="ChIJLU7jZClu5kcR4PcOOO6p3I0",
)


class PlacesStandIn:
    """Answers of Google Places about one city."""

    def __init__(self, facts: CityFacts, counts: Counts) -> None:
        self._facts = facts
        self._counts = counts

    def routes(self) -> list[web.RouteDef]:
        """Return what to mount on the web server."""
        # The colon is part of Google's path; in a pattern it needs no escape.
        return [web.post(SEARCH_PATH, self._search)]

    async def _search(self, request: web.Request) -> web.Response:
        if not (request.headers.get("X-Goog-Api-Key") or request.query.get("key")):
            return _refused(403, "PERMISSION_DENIED", "The request is missing a valid API key.")
        text = request.headers.get("X-Goog-FieldMask") or request.query.get("fields", "")
        mask = {field.strip() for field in text.split(",") if field.strip()}
        if not mask:
            return _refused(
                400,
                "INVALID_ARGUMENT",
                "FieldMask is a required parameter. See https://cloud.google.com/apis/docs/"
                "system-parameters on how to provide it.",
            )
        if unknown := mask - KNOWN_FIELDS:
            message = (
                f"Error expanding 'fields' parameter. Cannot find matching fields for {unknown}."
            )
            return _refused(400, "INVALID_ARGUMENT", message)
        try:
            asked = _read_query(await request.json())
        except (json.JSONDecodeError, ValueError) as error:
            return _refused(400, "INVALID_ARGUMENT", str(error))
        paid = "requests_ids_only" if mask <= ID_FIELDS else "requests_pro"
        self._counts.add("places", paid)
        words, language, page_size, start = asked
        found = self._found(words)[:MAX_PLACES]
        shown = found[start : start + page_size]
        body: JsonObject = {}
        if shown:
            body["places"] = [
                _masked(_place(sight, self._facts, language), mask) for sight in shown
            ]
        if start + page_size < len(found) and mask & {"nextPageToken", "*"}:
            token = json.dumps([words, start + page_size]).encode()
            body["nextPageToken"] = base64.urlsafe_b64encode(token).decode()
        return web.json_response(body)

    def _found(self, words: str) -> list[SightFacts]:
        """Return the sights that are named, or all of them if only the city is."""
        text = fold(words)
        named = [
            sight
            for sight in self._facts.sights
            if any(fold(label) in text for label in sight.labels.values())
        ]
        if named or fold(self._facts.city.name) in text:
            return named or list(self._facts.sights)
        return [EIFFEL_TOWER] if "paris" in text else []


def _read_query(body: Any) -> tuple[str, str, int, int]:
    """Return the text, language, page size and first place of a request body."""
    if not isinstance(body, dict) or not body.get("textQuery"):
        msg = "Request contains an invalid argument: textQuery must not be empty."
        raise ValueError(msg)
    words, start = str(body["textQuery"]), 0
    page_size = int(body.get("pageSize") or MAX_PAGE_SIZE)
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        msg = f"page_size must be between 1 and {MAX_PAGE_SIZE}, but is {page_size}."
        raise ValueError(msg)
    if token := body.get("pageToken"):
        before, start = json.loads(base64.urlsafe_b64decode(token))
        if before != words:
            msg = "All request parameters must be the same as in the request of the token."
            raise ValueError(msg)
    return words, str(body.get("languageCode", "en")), page_size, start


def _place(sight: SightFacts, facts: CityFacts, language: str) -> JsonObject:
    known = language if language in sight.labels else "en"
    city = facts.city
    return {
        "name": f"places/{sight.place_id}",
        "id": sight.place_id,
        "types": ["tourist_attraction", "point_of_interest", "establishment"],
        "primaryType": "tourist_attraction",
        "formattedAddress": f"{sight.labels[known]}, {city.name}, {city.country.name}",
        "location": {"latitude": sight.latitude, "longitude": sight.longitude},
        "googleMapsUri": f"https://maps.google.com/?cid={int(sight.wikidata_id[1:])}",
        "displayName": {"text": sight.labels[known], "languageCode": known},
    }


def _masked(place: JsonObject, mask: set[str]) -> JsonObject:
    if "*" in mask:
        return place
    wanted = {field.split(".")[1] for field in mask if field.startswith("places.")}
    shown = {name: value for name, value in place.items() if name in wanted}
    if "places.displayName.text" in mask and "places.displayName" not in mask:
        shown["displayName"] = {"text": place["displayName"]["text"]}
    return shown


def _refused(code: int, status: str, message: str) -> web.Response:
    body = {"error": {"code": code, "message": message, "status": status}}
    return web.json_response(body, status=code)
