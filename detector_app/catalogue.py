"""Which cities there are, and which model is in place for each.

The warehouse is asked first; its answer is kept as a snapshot on disk, so that the app starts and
works with the models it already has when the warehouse is away.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from detector_app.atomic_file import write_atomically
from detector_app.errors import WarehouseAway

logger = logging.getLogger(__name__)

SNAPSHOT_NAME = "catalogue.json"


@dataclass(frozen=True)
class PublishedModel:
    """The model in place for a city: which it is, and how good it was on its test photos.

    `class_names` are the sights that it may name; its file can have others, which are never named.
    What it would have shown people there: on how many of the photos of its sights it named one
    right, and to how many of those without a sight it gave a name. None where nobody counted.
    `onnx_signature` is base64, and None of a model that nobody signed.
    `live_...` are of the same network's smaller file, for films on phones; None where there is none.
    """

    city_slug: str
    city_name: str
    model_version: int
    published_at: datetime
    class_names: tuple[str, ...]
    image_size: int
    onnx_sha256: str
    onnx_bytes: int
    map50: float
    map50_95: float
    test_photo_count: int
    sight_photo_count: int | None = None
    named_sight_photo_count: int | None = None
    background_photo_count: int | None = None
    named_background_photo_count: int | None = None
    onnx_signature: str | None = None
    live_onnx_sha256: str | None = None
    live_onnx_bytes: int | None = None
    live_image_size: int | None = None
    live_map50_95: float | None = None
    live_onnx_signature: str | None = None

    def as_live(self) -> "PublishedModel | None":
        """Return the model with its live variant's file, which is obtained like its own; its measures stay."""
        if self.live_onnx_sha256 is None or self.live_onnx_bytes is None:
            return None
        return replace(
            self,
            onnx_sha256=self.live_onnx_sha256,
            onnx_bytes=self.live_onnx_bytes,
            image_size=self.live_image_size or self.image_size,
            onnx_signature=self.live_onnx_signature,
            live_onnx_sha256=None,
        )


@dataclass(frozen=True)
class City:
    """A city that SightScan knows, and how far it has come with it; why, if it was refused.

    `vote_count` people asked for one that is not let in. `names` are by language, where they are known.
    """

    slug: str
    name: str
    country: str | None
    stage: str
    sight_count: int
    photo_count: int
    labelled_photo_count: int
    model: PublishedModel | None
    vote_count: int = 0
    reason: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    latitude: float | None = None
    longitude: float | None = None
    city_id: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """All cities, by name, as they were at `as_of`; `away` says why the answer is an old one."""

    cities: tuple[City, ...]
    as_of: datetime | None
    away: str | None = None

    def find_city(self, slug: str | None) -> City | None:
        """Return the city with this slug, or None."""
        return next((city for city in self.cities if city.slug == slug), None)


class CitySource(Protocol):
    """Whatever can list the cities; the warehouse, or a test."""

    def list_cities(self) -> list[dict[str, object]]:
        """Return one row per city; raise `WarehouseAway` if that is impossible now."""


def read_catalogue(source: CitySource, cache_folder: Path) -> Catalogue:
    """Return the cities from the source, else from the last snapshot; never raise for a lost line.

    A snapshot that cannot be read counts as none: it is only a copy.
    """
    snapshot = cache_folder / SNAPSHOT_NAME
    try:
        cities = tuple(_city_of(row) for row in source.list_cities())
    except WarehouseAway as error:
        logger.warning("catalogue: %s", error)
        return _read_snapshot(snapshot, away=str(error))
    catalogue = Catalogue(cities=cities, as_of=datetime.now(UTC))
    try:
        save_snapshot(catalogue, cache_folder)
    except OSError as error:
        # A full or read-only disk costs the next offline start, not this visit.
        logger.warning("catalogue: the snapshot %s was not written: %s", snapshot, error)
    return catalogue


def save_snapshot(catalogue: Catalogue, cache_folder: Path) -> Path:
    """Write the catalogue where an app without its warehouse will look for it."""
    path = cache_folder / SNAPSHOT_NAME
    write_atomically(path, _CATALOGUE.dump_json(catalogue, indent=1))
    return path


_CATALOGUE = TypeAdapter(Catalogue)
_CITY = TypeAdapter(City)


def _read_snapshot(path: Path, away: str) -> Catalogue:
    try:
        kept = _CATALOGUE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        logger.warning("catalogue: no usable snapshot at %s: %s", path, error)
        return Catalogue(cities=(), as_of=None, away=away)
    return Catalogue(cities=kept.cities, as_of=kept.as_of, away=away)


def _city_of(row: Mapping[str, object]) -> City:
    city = dict(row) | {"slug": row["city_slug"], "name": row["city_name"]}
    city["model"] = row if row["model_version"] is not None else None
    try:
        return _CITY.validate_python(city)
    except ValidationError as error:
        # An app and a warehouse of different ages: what is on disk still works.
        msg = (
            f"The warehouse describes the city {row['city_slug']!r} in a way that this app cannot "
            f"read ({error.error_count()} fields); update the app and the warehouse together."
        )
        raise WarehouseAway(msg) from error
