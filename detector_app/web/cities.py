"""The catalogue as browsers read it: `GET /api/city-list`.

The list has what is needed to choose a city: with a thousand cities it is fetched before the first tap.
All that is known of one, its sights above all, is asked for when it is chosen (`city_detail`).

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

# Enough to tell two states of a city's model apart.
_TAG_DIGITS: Final = 16
# A kilometre: the list is for finding the nearest city.
_PLACE_DIGITS: Final = 2


@dataclass(frozen=True)
class CitiesAnswer:
    """An answer as it is sent, plain and by coding; its `as_of` is when it was first so."""

    content: bytes
    tag: str
    compressed: dict[str, bytes]


class CitiesAnswers:
    """Writes the list once for all who ask while nothing changes. Safe to share between threads."""

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
        answer = as_answer(write_cities(catalogue, shelf, public_keys))
        self._last = (catalogue, changes, public_keys, answer)
        return answer


def write_cities(
    catalogue: Catalogue, shelf: ModelShelf, public_keys: tuple[bytes, ...]
) -> dict[str, Any]:
    """Return the list, ready to become JSON; without who is asked for the warehouse, and where."""
    return {
        "as_of": catalogue.as_of.isoformat() if catalogue.as_of else None,
        "away": _away(catalogue),
        "public_keys": [write_key(key) for key in public_keys],
        "cities": [_entry(city, shelf) for city in catalogue.cities],
    }


def as_answer(value: dict[str, Any]) -> CitiesAnswer:
    """Return what is ready to become JSON as it is sent; its tag is that of all but `as_of`."""
    digest = hashlib.sha256(_as_json(value | {"as_of": None})).hexdigest()
    content = _as_json(value)
    compressed = {coding: compress(content) for coding, compress in COMPRESS.items()}
    return CitiesAnswer(content, f'W/"{digest[:32]}"', compressed)


def _away(catalogue: Catalogue) -> str | None:
    if catalogue.away is None:
        return None
    if catalogue.as_of is None:
        return "The warehouse is away, and this server has not seen it before; try again later."
    return (
        "The warehouse is away; cities and detectors are those of the last time that it answered."
    )


def describe_city(city: City) -> dict[str, Any]:
    """Return what a city is called and where it lies."""
    return {
        "slug": city.slug,
        "name": city.name,
        # A name that is the same in a language says nothing.
        "names": {language: name for language, name in city.names.items() if name != city.name},
        "country": city.country,
        "stage": city.stage,
        "latitude": _rounded(city.latitude),
        "longitude": _rounded(city.longitude),
    }


def _entry(city: City, shelf: ModelShelf) -> dict[str, Any]:
    shelved = find_shelved(city, shelf)
    if city.model is None or shelved is None:
        return describe_city(city) | {"model": None}
    live = find_live(city.model, shelf)
    file_bytes = city.model.onnx_bytes + (live.onnx_bytes if live else 0)
    model = {
        "version": city.model.model_version,
        "tag": tag_of(city.model, live),
        "bytes": file_bytes,
    }
    return describe_city(city) | {"model": model}


def find_shelved(city: City, shelf: ModelShelf) -> ShelvedModel | None:
    """Return the checked file of a city's model, None if there is none on this machine."""
    return shelf.peek(city.model) if city.model else None


def find_live(model: PublishedModel, shelf: ModelShelf) -> PublishedModel | None:
    """Return a model's live variant, None if it has none that was checked on this machine."""
    live = model.as_live()
    return live if live and shelf.peek(live) else None


def tag_of(model: PublishedModel, live: PublishedModel | None) -> str:
    """Return what another model, another live variant, a signature or other hidden sights change."""
    files = (model, live) if live else (model,)
    signed = [part for file in files for part in (file.onnx_sha256, file.onnx_signature or "")]
    # An empty part of its own, so that no name can stand for a live variant.
    parts = (*signed, "", *model.class_names)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_TAG_DIGITS]


def _rounded(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, _PLACE_DIGITS)


def _as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
