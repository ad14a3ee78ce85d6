"""The catalogue as browsers read it: `GET /api/cities`.

A city has a model here once its file has been checked on this machine; until then, and if it was
refused, the city is listed without.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from detector_app.catalogue import Catalogue, City, PublishedModel
from detector_app.signature import write_key
from detector_app.web.files import COMPRESS
from detector_app.web.model_shelf import ModelShelf, ShelvedModel

# The languages of the pages; a sight's names in others would be most of the answer.
PAGE_LANGUAGES: Final = ("en", "de")


@dataclass(frozen=True)
class CitiesAnswer:
    """The answer as it is sent, plain and by coding; its `as_of` is when it was first so."""

    content: bytes
    tag: str
    compressed: dict[str, bytes]


class CitiesAnswers:
    """Writes the answer once for all who ask while nothing changes. Safe to share between threads."""

    def __init__(self) -> None:
        """Start without an answer."""
        self._last: tuple[Catalogue, int, tuple[bytes, ...], CitiesAnswer] | None = None

    def write(
        self, catalogue: Catalogue, shelf: ModelShelf, public_keys: tuple[bytes, ...]
    ) -> CitiesAnswer:
        """Return the answer for a catalogue; the last one, if nothing but its time has changed."""
        # Before the answer is made: what changes meanwhile is in the next one.
        changes = shelf.changes
        last = self._last
        if last and last[1:3] == (changes, public_keys):
            before = last[0]
            if (before.cities, before.away) == (catalogue.cities, catalogue.away):
                return last[3]
        cities = write_cities(catalogue, shelf, public_keys)
        digest = hashlib.sha256(_as_json(cities | {"as_of": None})).hexdigest()
        content = _as_json(cities)
        compressed = {coding: compress(content) for coding, compress in COMPRESS.items()}
        answer = CitiesAnswer(content, f'W/"{digest[:32]}"', compressed)
        self._last = (catalogue, changes, public_keys, answer)
        return answer


def write_cities(
    catalogue: Catalogue, shelf: ModelShelf, public_keys: tuple[bytes, ...]
) -> dict[str, Any]:
    """Return the answer, ready to become JSON; without who is asked for the warehouse, and where."""
    return {
        "as_of": catalogue.as_of.isoformat() if catalogue.as_of else None,
        "away": _away(catalogue),
        "public_keys": [write_key(key) for key in public_keys],
        "cities": [_city(city, shelf) for city in catalogue.cities],
    }


def _away(catalogue: Catalogue) -> str | None:
    if catalogue.away is None:
        return None
    if catalogue.as_of is None:
        return "The warehouse is away, and this server has not seen it before; try again later."
    return (
        "The warehouse is away; cities and detectors are those of the last time that it answered."
    )


def _city(city: City, shelf: ModelShelf) -> dict[str, Any]:
    shelved = shelf.peek(city.model) if city.model else None
    return {
        "slug": city.slug,
        "name": city.name,
        "names": dict(city.names),
        "country": city.country,
        "stage": city.stage,
        "model": _model(city.model, shelved, shelf) if city.model and shelved else None,
    }


def _model(model: PublishedModel, shelved: ShelvedModel, shelf: ModelShelf) -> dict[str, Any]:
    live = model.as_live()
    shown = [sight for sight in shelved.sights if sight.name in model.class_names]
    return {
        "version": model.model_version,
        "published_at": model.published_at.isoformat(),
        "map50_95": model.map50_95,
        "file": _file(model),
        "live": _file(live) if live and shelf.peek(live) else None,
        "sights": [
            {
                "class": sight.class_number,
                "name": sight.name,
                "names": {
                    language: name
                    for language, name in sight.names.items()
                    if language in PAGE_LANGUAGES
                },
                "latitude": sight.latitude,
                "longitude": sight.longitude,
            }
            for sight in shown
        ],
        "hidden_classes": [sight.class_number for sight in shelved.sights if sight not in shown],
    }


def _as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _file(model: PublishedModel) -> dict[str, Any]:
    return {
        "sha256": model.onnx_sha256,
        "bytes": model.onnx_bytes,
        "image_size": model.image_size,
        "signature": model.onnx_signature,
    }
