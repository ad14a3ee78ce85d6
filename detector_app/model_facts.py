"""What the page of models shows of a version: figures, pictures with their credits, whom to name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from detector_app.errors import WarehouseAway
from detector_app.warehouse import Warehouse

# Of a page of credits; the table scrolls within itself.
CREDITS_AT_ONCE: Final = 100


@dataclass(frozen=True)
class ListedVersion:
    """A version of a city's model among all others."""

    city_slug: str
    city_name: str
    country: str | None
    model_version: int
    state: str
    is_in_place: bool
    recorded_at: datetime


@dataclass(frozen=True)
class Version:
    """A judged version; shares are of 1, and None where they were not measured."""

    city_slug: str
    city_name: str
    model_version: int
    state: str
    is_in_place: bool
    decision: str | None
    recorded_at: datetime
    published_at: datetime | None
    map50: float
    map50_95: float
    precision: float | None
    recall: float | None
    false_alarms: float | None
    class_names: tuple[str, ...]
    train_count: int
    val_count: int
    test_count: int
    curve: tuple[float, ...] | None
    markdown: str | None
    confusions: tuple[tuple[int, ...], ...] | None


@dataclass(frozen=True)
class SightScore:
    """How well a sight is found on the test photos."""

    sight_name: str
    is_shown: bool
    ap50: float | None
    ap50_95: float | None
    test_photo_count: int | None


@dataclass(frozen=True)
class Example:
    """A test photo: `there` has names and edges, `shown` names, confidences, whether right, and edges."""

    is_right: bool
    there: tuple[tuple[str, float, float, float, float], ...]
    shown: tuple[tuple[str, float, bool, float, float, float, float], ...]
    thumbnail: bytes
    author: str | None
    title: str | None
    licence: str | None
    licence_url: str | None
    page_url: str | None


@dataclass(frozen=True)
class Credit:
    """Whom to name for a photo, and which of how many there are."""

    author: str | None
    title: str | None
    licence: str | None
    licence_url: str | None
    page_url: str | None
    split: str
    credit_count: int


@dataclass(frozen=True)
class VersionFacts:
    """All that the page shows of a version, but its credits."""

    version: Version
    sights: tuple[SightScore, ...]
    examples: tuple[Example, ...]


_LISTED: Final = TypeAdapter(tuple[ListedVersion, ...])
_VERSION: Final = TypeAdapter(Version)
_SIGHTS: Final = TypeAdapter(tuple[SightScore, ...])
_EXAMPLES: Final = TypeAdapter(tuple[Example, ...])
_CREDITS: Final = TypeAdapter(tuple[Credit, ...])


def list_versions(warehouse: Warehouse) -> tuple[ListedVersion, ...]:
    """Return the judged versions of all cities, by city, the one in place first."""
    listed: tuple[ListedVersion, ...] = _read(_LISTED, warehouse.ask("list_model_versions", {}))
    return listed


def read_version(warehouse: Warehouse, city_slug: str, model_version: int) -> VersionFacts | None:
    """Return what is known of a version; None: there is none."""
    which: dict[str, object] = {"city_slug": city_slug, "model_version": model_version}
    rows = warehouse.ask("find_model_version", which)
    if not rows:
        return None
    return VersionFacts(
        _read(_VERSION, rows[0]),
        _read(_SIGHTS, warehouse.ask("list_model_sights", which)),
        _read(_EXAMPLES, warehouse.ask("list_model_examples", which)),
    )


def list_credits(
    warehouse: Warehouse, city_slug: str, model_version: int, page: int
) -> tuple[Credit, ...]:
    """Return a page of whom to name for the photos of a version; the first is 0."""
    which: dict[str, object] = {
        "city_slug": city_slug,
        "model_version": model_version,
        "most": CREDITS_AT_ONCE,
        "left_out": page * CREDITS_AT_ONCE,
    }
    credited: tuple[Credit, ...] = _read(_CREDITS, warehouse.ask("list_model_credits", which))
    return credited


def _read(adapter: TypeAdapter[Any], rows: object) -> Any:
    try:
        return adapter.validate_python(rows)
    except ValidationError as error:
        msg = (
            "The warehouse describes a model in a way that this app cannot read "
            f"({error.error_count()} fields); update the app and the warehouse together."
        )
        raise WarehouseAway(msg) from error
