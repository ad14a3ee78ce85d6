"""The items that the Wikidata stand-in knows, in Wikidata's own terms.

Both faces of the stand-in, the graph and the MediaWiki API, are made from these items, so that they
never contradict each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.files import read_table
from sandbox.world.city_facts import Bystander, CityFacts, SightFacts
from sandbox.world.city_places import COUNTRIES, PlaceFacts
from sandbox.world.city_terms import LANGUAGES, fold


@dataclass(frozen=True)
class Entity:
    """A value that is another item."""

    id: str


@dataclass(frozen=True)
class Coordinates:
    """A value that is a place, in degrees; `globe` is the item of the body it lies on."""

    latitude: float
    longitude: float
    globe: str = "Q2"


@dataclass(frozen=True)
class Quantity:
    """A value that is a plain number."""

    amount: int


@dataclass(frozen=True)
class Area:
    """A value that is an area."""

    square_kilometres: float


@dataclass(frozen=True)
class Moment:
    """A value that is a point in time, as ISO 8601, and how exactly it is known (11: to the day)."""

    iso: str
    precision: int = 11


@dataclass(frozen=True)
class Length:
    """A value that is a length."""

    meters: float


@dataclass(frozen=True)
class MediaFile:
    """A value that is the name of a file on Commons, without `File:`."""

    name: str


@dataclass(frozen=True)
class Unknown:
    """A value that there is, and nobody knows which."""


Value = Entity | Coordinates | Quantity | Area | Length | Moment | MediaFile | Unknown | str


@dataclass(frozen=True)
class Claim:
    """One statement of an item: a property id and its value."""

    property_id: str
    value: Value


@dataclass(frozen=True)
class Item:
    """One Wikidata item; labels, descriptions and aliases by language."""

    id: str
    labels: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    sitelinks: int = 0

    def first(self, property_id: str) -> Value | None:
        """Return the first value of a property, None if there is none."""
        return next((c.value for c in self.claims if c.property_id == property_id), None)


# Real classes with their real ids and parents.
CLASSES = Path(__file__).with_name("classes.csv")
# Real items with their real ids and places, rounded: what anybody asks for first.
KNOWN_ITEMS = Path(__file__).with_name("known_items.csv")


def items_of(facts: CityFacts) -> tuple[Item, ...]:
    """Return every item of the small Wikidata around the world's cities."""
    return (
        *map(_class, read_table(CLASSES)),
        *(
            Item(
                country.wikidata_id,
                dict.fromkeys(LANGUAGES, country.name),
                {"en": "country"},
                claims=(Claim("P31", Entity("Q6256")), Claim("P297", country.code)),
                sitelinks=300,
            )
            for country in dict.fromkeys(
                (*COUNTRIES, *(near.city.country for near in facts.cities))
            )
        ),
        *(item for near in facts.cities for item in _around(near)),
        *_known({fold(near.city.name) for near in facts.cities}),
    )


def _around(facts: CityFacts) -> Iterator[Item]:
    """Yield a city and what is around it, or could be taken for it."""
    yield _place(facts.city)
    yield from (_place(place) for place in facts.other_places)
    yield from (_sight(sight, facts.city) for sight in facts.sights)
    yield from (_bystander(bystander, facts) for bystander in facts.bystanders)
    yield from _other_meanings(facts.city)


def _known(cities: set[str]) -> Iterator[Item]:
    """Yield the real items; a world of one of these cities has its own one alone."""
    for row in read_table(KNOWN_ITEMS):
        if fold(row["label"]) in cities:
            continue
        claims = [Claim("P31", Entity(kind)) for kind in row["class_ids"].split()]
        claims += [
            Claim("P17", Entity(row["country"])),
            Claim("P131", Entity(row["located_in"])),
            Claim("P625", Coordinates(float(row["latitude"]), float(row["longitude"]))),
            Claim("P373", row["commons_category"]),
        ]
        if row["population"]:
            claims.append(Claim("P1082", Quantity(int(row["population"]))))
            claims.append(Claim("P2046", Area(float(row["square_kilometres"]))))
        yield Item(
            row["id"],
            dict.fromkeys(LANGUAGES, row["label"]),
            {"en": row["description"]},
            claims=tuple(claims),
            sitelinks=int(row["sitelinks"]),
        )


def _class(row: Mapping[str, str]) -> Item:
    return Item(
        row["id"],
        {"en": row["label"]},
        claims=tuple(Claim("P279", Entity(parent)) for parent in row["parents"].split()),
        sitelinks=60,
    )


def _place(place: PlaceFacts) -> Item:
    return Item(
        place.wikidata_id,
        place.labels,
        {"en": place.description},
        {"en": place.aliases},
        (
            Claim("P31", Entity(place.class_id)),
            Claim("P17", Entity(place.country.wikidata_id)),
            Claim("P131", Entity(place.country.wikidata_id)),
            Claim("P625", Coordinates(place.latitude, place.longitude)),
            Claim("P2046", Area(place.square_kilometres)),
            Claim("P1082", Quantity(place.population)),
            Claim("P373", place.name),
        ),
        place.sitelinks,
    )


def _sight(sight: SightFacts, city: PlaceFacts) -> Item:
    claims = [
        Claim("P31", Entity(sight.class_id)),
        Claim("P17", Entity(city.country.wikidata_id)),
        Claim("P131", Entity(city.wikidata_id)),
        Claim("P625", Coordinates(sight.latitude, sight.longitude)),
        Claim("P373", sight.commons_category),
    ]
    if sight.class_id != "Q570116":
        # Famous buildings have a second class, so that a query without `distinct` finds them twice.
        claims.append(Claim("P31", Entity("Q570116")))
    if sight.freebase_id is not None:
        claims.append(Claim("P646", sight.freebase_id))
    if sight.knowledge_graph_id is not None:
        claims.append(Claim("P2671", sight.knowledge_graph_id))
    claims.append(Claim("P571", Moment(sight.opened_on, sight.opened_precision)))
    if sight.height_meters is not None:
        claims.append(Claim("P2048", Length(sight.height_meters)))
    if sight.image is not None:
        claims.append(Claim("P18", MediaFile(sight.image)))
    return Item(
        sight.wikidata_id,
        sight.labels,
        sight.descriptions,
        {language: names for language, names in sight.aliases.items() if names},
        tuple(claims),
        sight.sitelinks,
    )


def _bystander(bystander: Bystander, facts: CityFacts) -> Item:
    home = next(
        (place for place in facts.other_places if place.wikidata_id == bystander.located_in),
        facts.city,
    )
    claims = [
        Claim("P31", Entity(bystander.class_id)),
        Claim("P17", Entity(home.country.wikidata_id)),
        Claim("P131", Entity(bystander.located_in)),
        Claim("P625", Coordinates(bystander.latitude, bystander.longitude)),
    ]
    if bystander.has_commons_category:
        claims.append(Claim("P373", bystander.label))
    if bystander.demolished_on is not None:
        claims.append(Claim("P576", Moment(bystander.demolished_on)))
    return Item(
        bystander.wikidata_id,
        {"en": bystander.label, "de": bystander.label},
        {"en": bystander.description},
        claims=tuple(claims),
        sitelinks=bystander.sitelinks,
    )


def _other_meanings(city: PlaceFacts) -> tuple[Item, ...]:
    """Return what shares the city's name: no places at all, one on the Moon, one nobody can find."""
    number = int(city.wikidata_id[1:])
    return (
        Item(
            f"Q{number + 1_000_000}",
            {"en": city.name, "de": city.name},
            {"en": "Wikimedia disambiguation page"},
            claims=(Claim("P31", Entity("Q4167410")),),
            sitelinks=12,
        ),
        Item(
            f"Q{number + 1_000_002}",
            {"en": city.name},
            {"en": "crater on the Moon"},
            claims=(
                Claim("P31", Entity("Q1348589")),
                Claim("P625", Coordinates(0.67, -23.47, "Q405")),
            ),
            sitelinks=9,
        ),
        Item(
            f"Q{number + 1_000_003}",
            {"en": city.name},
            {"en": "lost village"},
            claims=(
                Claim("P31", Entity("Q486972")),
                Claim("P625", Unknown()),
                Claim("P1082", Unknown()),
            ),
            sitelinks=3,
        ),
        Item(
            f"Q{number + 1_000_001}",
            {"en": city.name},
            {"en": "album"},
            claims=(Claim("P31", Entity("Q482994")),),
            sitelinks=2,
        ),
    )
