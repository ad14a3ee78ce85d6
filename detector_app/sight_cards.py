"""What visitors are told about the sights of a city's model: facts, links, a photo with its credit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from detector_app.errors import WarehouseAway


@dataclass(frozen=True)
class SightCard:
    """One sight of a model, by the name of its class; what is not known is None or empty.

    `since_year` 0 is the year before 1, and `since_precision` year, decade or century. `view_meters`
    is from how far it can be recognised, `ap50_95` how well the model finds it.
    """

    class_name: str
    latitude: float | None = None
    longitude: float | None = None
    descriptions: Mapping[str, str] | None = None
    articles: Mapping[str, str] | None = None
    since_year: int | None = None
    since_precision: str | None = None
    height_meters: float | None = None
    view_meters: float | None = None
    photo_sha256: str | None = None
    photo_page_url: str | None = None
    photo_author: str | None = None
    photo_licence: str | None = None
    photo_licence_url: str | None = None
    ap50_95: float | None = None


@dataclass(frozen=True)
class SightCards:
    """The cards of a city by the names of its classes."""

    by_name: Mapping[str, SightCard] = field(default_factory=dict)

    def has_photo(self, sha256: str) -> bool:
        """Tell whether one of the cards shows this photo."""
        return any(card.photo_sha256 == sha256 for card in self.by_name.values())


class CardSource(Protocol):
    """Whatever has the cards; the warehouse, or a test."""

    def list_sight_cards(self, city_slug: str) -> list[dict[str, object]]:
        """Return one row per sight; raise `WarehouseAway` if that is impossible now."""

    def read_card_photo(self, city_slug: str, sha256: str) -> bytes | None:
        """Return a photo as it was found; raise `WarehouseAway` if that is impossible now."""


def read_cards(source: CardSource, city_slug: str) -> SightCards:
    """Return the cards of a city.

    Raises `WarehouseAway`.
    """
    try:
        cards = _CARDS.validate_python(source.list_sight_cards(city_slug))
    except ValidationError as error:
        msg = (
            f"The warehouse describes the sights of {city_slug!r} in a way that this app cannot read "
            f"({error.error_count()} fields); update the app and the warehouse together."
        )
        raise WarehouseAway(msg) from error
    return SightCards({card.class_name: card for card in cards})


_CARDS = TypeAdapter(tuple[SightCard, ...])
