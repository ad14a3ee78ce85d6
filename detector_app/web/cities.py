"""The catalogue as browsers read it: `GET /api/cities`.

A city has a model here once its file has been checked on this machine; until then, and if it was
refused, the city is listed without.
"""

from typing import Any

from detector_app.catalogue import Catalogue, City, PublishedModel
from detector_app.signature import write_key
from detector_app.web.model_shelf import ModelShelf, ShelvedModel


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
                "names": dict(sight.names),
                "latitude": sight.latitude,
                "longitude": sight.longitude,
            }
            for sight in shown
        ],
        "hidden_classes": [sight.class_number for sight in shelved.sights if sight not in shown],
    }


def _file(model: PublishedModel) -> dict[str, Any]:
    return {
        "sha256": model.onnx_sha256,
        "bytes": model.onnx_bytes,
        "image_size": model.image_size,
        "signature": model.onnx_signature,
    }
