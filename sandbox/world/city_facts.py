"""Invent what Wikidata, Commons and Google know about a world's city and its sights.

A world is only photos and boxes. Everything else that the real services would say (ids, labels in
several languages, coordinates, how well known a sight is) is derived here from hashes of the names,
so that all stand-ins agree with each other, on every run. None of the ids claims to be a real one.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.files import read_table
from sandbox.world.city_places import (
    MERIDIA,
    Identifiers,
    PlaceFacts,
    invent_city,
    invent_namesake,
    invent_near_spelling,
    point_near,
)
from sandbox.world.city_terms import fold, kind_of, labels_of, without_diacritics
from sandbox.world.drawing.city import VALMORIA
from sandbox.world.seeded import seeded_between, seeded_fraction, seeded_identifier
from sandbox.world.world import World

# Nearer than the radius that the smallest city's area gives, so that all sights are found.
FARTHEST_SIGHT_KM = 2.0
# What a careless query takes for a sight, and why it is none.
BYSTANDERS = Path(__file__).with_name("bystanders.csv")

# Cathedral, basilica, church, lighthouse, tower, column.
TALL_KINDS = ("Q2977", "Q163687", "Q16970", "Q39715", "Q12518", "Q4989906")
# How exactly Wikidata knows when something was opened: to the year, the day, the century.
YEAR, DAY, CENTURY = 9, 11, 7
OPENING_PRECISIONS = (YEAR, DAY, CENTURY)

_BASE36 = string.digits + string.ascii_lowercase
_FREEBASE = string.digits + "bcdfghjklmnpqrstvwxyz_"
_PLACE_ID = string.ascii_letters + string.digits + "_-"


@dataclass(frozen=True)
class SightFacts:
    """A sight of the world as the services know it; `sight` is its name in the manifest."""

    sight: str
    wikidata_id: str
    labels: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]
    description: str
    class_id: str
    latitude: float
    longitude: float
    sitelinks: int
    commons_category: str
    freebase_id: str | None
    knowledge_graph_id: str | None
    place_id: str
    # As Wikidata writes it, with its number for how exactly it is known: 11 a day, 9 a year, 7 a century.
    opened_on: str = "1200-01-01T00:00:00Z"
    opened_precision: int = 7
    height_meters: float | None = None
    # The name of a file of Commons.
    image: str | None = None
    german_description: str | None = None

    @property
    def descriptions(self) -> Mapping[str, str]:
        """What it is, by language."""
        german = {"de": self.german_description} if self.german_description else {}
        return {"en": self.description, **german}

    @property
    def mid(self) -> str:
        """The Knowledge Graph id that Google Vision answers with."""
        return self.freebase_id or self.knowledge_graph_id or ""


@dataclass(frozen=True)
class Bystander:
    """An item near the city that is no sight of it, for queries to leave out."""

    wikidata_id: str
    label: str
    class_id: str
    description: str
    sitelinks: int
    latitude: float
    longitude: float
    located_in: str
    demolished_on: str | None = None
    has_commons_category: bool = True


@dataclass(frozen=True)
class CityFacts:
    """What the services know about the world's city, and about what could be mistaken for it."""

    city: PlaceFacts
    sights: tuple[SightFacts, ...]
    other_places: tuple[PlaceFacts, ...]
    bystanders: tuple[Bystander, ...]
    by_sight: Mapping[str, SightFacts] = field(repr=False)
    # Those of the world's neighbours, in its order.
    neighbours: tuple["CityFacts", ...] = ()

    @property
    def cities(self) -> tuple["CityFacts", ...]:
        """Give this city and its neighbours."""
        return (self, *self.neighbours)

    def of(self, sight: str) -> SightFacts:
        """Return the facts of a sight by its name in the manifest."""
        return self.by_sight[sight]


def facts_of(world: World) -> CityFacts:
    """Return the facts of `world`, the same ones for the same city and sight names."""
    taken: set[int] = set()
    facts = _facts_of_city(world, taken)
    return replace(
        facts, neighbours=tuple(_facts_of_city(other, taken) for other in world.neighbours)
    )


def _facts_of_city(world: World, taken: set[int]) -> CityFacts:
    ids = Identifiers(world.city, taken)
    city = invent_city(world.city, ids)
    sights = tuple(
        _sight(name, rank, city, ids, _image_of(name, world))
        for rank, name in enumerate(_by_fame(world.sights, city.name))
    )
    others = (invent_namesake(city, ids), invent_near_spelling(city, ids))
    return CityFacts(
        city=city,
        sights=sights,
        other_places=others,
        bystanders=tuple(
            _bystander(row, others[1] if row["home"] == "town" else city, ids)
            for row in read_table(BYSTANDERS)
        ),
        by_sight={sight.sight: sight for sight in sights},
    )


def _by_fame(sights: Sequence[str], city: str) -> list[str]:
    return sorted(sights, key=lambda name: seeded_fraction("fame", city, name))


def _image_of(name: str, world: World) -> str | None:
    """Return the file of Commons that shows a sight first, as its stand-in calls it."""
    for photo in world.photos:
        if photo.boxes and photo.boxes[0].sight == name:
            return f"{name}, {world.city} 001{photo.path.suffix.lower()}"
    return None


def _sight(
    name: str, rank: int, city: PlaceFacts, ids: Identifiers, image: str | None
) -> SightFacts:
    latitude, longitude = _sight_place(name, city)
    labels = labels_of(name)
    kind = kind_of(name)
    precision = OPENING_PRECISIONS[rank % len(OPENING_PRECISIONS)]
    year = int(seeded_between(1100, 1990, "opened", city.name, name))
    has_freebase_id = rank % 3 != 2  # younger items only have a Knowledge Graph id
    return SightFacts(
        sight=name,
        wikidata_id=ids.deal(name),
        labels=labels,
        aliases=_aliases(labels, city.name),
        description=f"sight in {city.name}, {city.country.name}",
        class_id=kind.class_id,
        latitude=latitude,
        longitude=longitude,
        sitelinks=max(3, 90 - 7 * rank - int(5 * seeded_fraction("sitelinks", name))),
        # Commons tells categories of the same name apart by the place in brackets.
        commons_category=name if fold(city.name) in fold(name) else f"{name} ({city.name})",
        freebase_id=(
            "/m/0" + seeded_identifier(_FREEBASE, 5, "freebase", city.name, name)
            if has_freebase_id
            else None
        ),
        knowledge_graph_id=(
            None
            if has_freebase_id
            else "/g/11" + seeded_identifier(_BASE36, 8, "kg", city.name, name)
        ),
        place_id="ChIJ" + seeded_identifier(_PLACE_ID, 23, "place", city.name, name),
        # A century is written as its last year.
        opened_on=f"{-(-year // 100) * 100 if precision == CENTURY else year}-01-01T00:00:00Z",
        opened_precision=precision,
        height_meters=(
            round(seeded_between(30, 120, "height", city.name, name), 1)
            if kind.class_id in TALL_KINDS
            else None
        ),
        image=image,
        german_description=f"{kind.words[1]} in {city.name}",
    )


def _sight_place(name: str, city: PlaceFacts) -> tuple[float, float]:
    if city.country == MERIDIA:
        for drawn in VALMORIA.sights:
            if drawn.name == name:
                return drawn.latitude, drawn.longitude
    return point_near(
        city.latitude,
        city.longitude,
        seeded_between(0.2, FARTHEST_SIGHT_KM, "distance", city.name, name),
        seeded_between(0, 360, "bearing", city.name, name),
    )


def _aliases(labels: Mapping[str, str], city: str) -> Mapping[str, tuple[str, ...]]:
    aliases: dict[str, tuple[str, ...]] = {}
    for language, label in labels.items():
        plain = without_diacritics(label)
        # A comma in a name once lost a paid label, so every English name has an alias with one.
        found = [plain, f"{label}, {city}"] if language == "en" else [plain]
        aliases[language] = tuple(alias for alias in found if alias != label)
    return aliases


def _bystander(row: Mapping[str, str], home: PlaceFacts, ids: Identifiers) -> Bystander:
    label = row["label"].format(home.name)
    return Bystander(
        ids.deal(label),
        label,
        row["class_id"],
        row["description"].format(home.name),
        int(row["sitelinks"]),
        *point_near(home.latitude, home.longitude, float(row["kilometres"]), float(row["bearing"])),
        located_in=home.wikidata_id,
        demolished_on=row["demolished_on"] or None,
        has_commons_category=row["on_commons"] == "yes",
    )
