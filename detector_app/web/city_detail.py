"""One city as browsers read it: `GET /api/cities/<slug>`, with its model, its sights and their cards."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from detector_app.catalogue import City, PublishedModel
from detector_app.models.sight_facts import SightFacts
from detector_app.sight_cards import SightCard, SightCards
from detector_app.signature import write_key
from detector_app.web.cities import (
    CitiesAnswer,
    as_answer,
    describe_city,
    find_live,
    find_shelved,
    tag_of,
)
from detector_app.web.model_shelf import ModelShelf, ShelvedModel

# The languages of the pages; a sight's names in others would be most of the answer.
PAGE_LANGUAGES: Final = ("en", "de")
# A link that people may open; the pages themselves ask nobody else.
MAP_ADDRESS: Final = "https://www.openstreetmap.org/"


@dataclass(frozen=True)
class _Known:
    """All that an answer was written from."""

    city: City
    changes: int
    cards: SightCards
    public_keys: tuple[bytes, ...]


class CityAnswers:
    """Writes each city once for all who ask while nothing changes. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        """Start without an answer; those of `most` cities are kept, of those asked for last."""
        self._most = most
        self._answers: OrderedDict[str, tuple[_Known, CitiesAnswer]] = OrderedDict()
        self._lock = threading.Lock()

    def write(
        self, city: City, shelf: ModelShelf, cards: SightCards, public_keys: tuple[bytes, ...]
    ) -> CitiesAnswer:
        """Return the answer for a city; the last one, if nothing has changed."""
        # Before the answer is made: what changes meanwhile is in the next one.
        known = _Known(city, shelf.changes, cards, public_keys)
        with self._lock:
            last = self._answers.pop(city.slug, None)
        if last is None or last[0] != known:
            last = known, as_answer(write_city(city, shelf, cards, public_keys))
        with self._lock:
            self._answers[city.slug] = last
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return last[1]


def write_city(
    city: City, shelf: ModelShelf, cards: SightCards, public_keys: tuple[bytes, ...]
) -> dict[str, Any]:
    """Return all that browsers are told of one city, ready to become JSON."""
    shelved = find_shelved(city, shelf)
    model = _model(city.model, shelved, shelf, cards) if city.model and shelved else None
    return describe_city(city) | {
        "public_keys": [write_key(key) for key in public_keys],
        "model": model,
    }


def _model(
    model: PublishedModel, shelved: ShelvedModel, shelf: ModelShelf, cards: SightCards
) -> dict[str, Any]:
    live = find_live(model, shelf)
    shown = [sight for sight in shelved.sights if sight.name in model.class_names]
    return {
        "version": model.model_version,
        "tag": tag_of(model, live),
        "published_at": model.published_at.isoformat(),
        "map50_95": model.map50_95,
        "file": _file(model),
        "live": _file(live) if live else None,
        "sights": [_sight(sight, cards.by_name.get(sight.name)) for sight in shown],
        "hidden_classes": [sight.class_number for sight in shelved.sights if sight not in shown],
    }


def _sight(sight: SightFacts, card: SightCard | None) -> dict[str, Any]:
    card = card or SightCard(sight.name)
    # What discovery says now is newer than what the model's file has.
    is_newer = card.latitude is not None and card.longitude is not None
    latitude, longitude = (
        (card.latitude, card.longitude) if is_newer else (sight.latitude, sight.longitude)
    )
    return {
        "class": sight.class_number,
        "name": sight.name,
        "names": _in_page_languages(sight.names),
        "latitude": latitude,
        "longitude": longitude,
        "view_meters": card.view_meters,
        "ap50_95": card.ap50_95,
        "descriptions": _in_page_languages(card.descriptions or {}),
        "articles": _in_page_languages(card.articles or {}),
        "since": (
            {"year": card.since_year, "precision": card.since_precision}
            if card.since_year is not None
            else None
        ),
        "height_meters": card.height_meters,
        "map": _map_of(latitude, longitude),
        "photo": _photo(card),
    }


def _map_of(latitude: float | None, longitude: float | None) -> str | None:
    if latitude is None or longitude is None:
        return None
    place = f"{latitude:.5f}", f"{longitude:.5f}"
    marker = urlencode({"mlat": place[0], "mlon": place[1]})
    return f"{MAP_ADDRESS}?{marker}#map=17/{place[0]}/{place[1]}"


def _photo(card: SightCard) -> dict[str, Any] | None:
    if card.photo_sha256 is None:
        return None
    return {
        "sha256": card.photo_sha256,
        "page": card.photo_page_url,
        "author": card.photo_author,
        "licence": card.photo_licence,
        "licence_page": card.photo_licence_url,
    }


def _in_page_languages(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: texts[language] for language in PAGE_LANGUAGES if language in texts}


def _file(model: PublishedModel) -> dict[str, Any]:
    return {
        "sha256": model.onnx_sha256,
        "bytes": model.onnx_bytes,
        "image_size": model.image_size,
        "signature": model.onnx_signature,
    }
