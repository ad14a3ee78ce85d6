"""Invent the city of a world, its namesake and a town of nearly the same spelling.

The two others are there so that finding a city by its name is a real task, as it is on Wikidata.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.world.city_terms import LANGUAGES, fold, without_diacritics
from sandbox.world.drawing.city import VALMORIA
from sandbox.world.seeded import seeded_between, seeded_choice, seeded_fraction

KM_PER_DEGREE = 111.195
CITY_CLASS, TOWN_CLASS = "Q515", "Q3957"


@dataclass(frozen=True)
class Country:
    """A country: Wikidata id, English name, ISO 3166-1 alpha-2 code, a city-sized spot in it."""

    wikidata_id: str
    name: str
    code: str
    latitude: float
    longitude: float


COUNTRIES = (
    Country("Q45", "Portugal", "PT", 39.60, -8.00),
    Country("Q29", "Spain", "ES", 41.60, -2.90),
    Country("Q142", "France", "FR", 45.80, 2.70),
    Country("Q38", "Italy", "IT", 43.40, 11.90),
    Country("Q40", "Austria", "AT", 47.60, 14.60),
    Country("Q928", "Philippines", "PH", 14.60, 120.97),
    Country("Q155", "Brazil", "BR", -19.90, -44.00),
    Country("Q30", "United States", "US", 40.99, -109.72),
)


# The country of the drawn city; XM is among the codes that ISO leaves to users.
MERIDIA = Country("Q9000000", VALMORIA.country, "XM", VALMORIA.latitude, VALMORIA.longitude)


@dataclass(frozen=True)
class PlaceFacts:
    """A city or town: names, where it is (degrees), how big and how well known."""

    wikidata_id: str
    name: str
    labels: Mapping[str, str]
    aliases: tuple[str, ...]
    description: str
    class_id: str
    country: Country
    latitude: float
    longitude: float
    population: int
    square_kilometres: float
    sitelinks: int


class Identifiers:
    """Deal out Wikidata ids that are stable for a name and unique within a world."""

    def __init__(self, city: str, taken: set[int] | None = None) -> None:
        """`taken` are the numbers of other cities of the same Wikidata; these are added to it."""
        self._city = city
        self._taken = set() if taken is None else taken

    def deal(self, name: str) -> str:
        """Return the id of what is called `name`."""
        number = 9_000_001 + int(seeded_fraction("wikidata id", self._city, name) * 900_000)
        while number in self._taken:
            number += 1
        self._taken.add(number)
        return f"Q{number}"


def invent_city(name: str, ids: Identifiers) -> PlaceFacts:
    """Return the city of a world: where it really is if that is known, else anywhere."""
    known = _known_place(name)
    if known is None:
        country = seeded_choice(COUNTRIES[:5], "country", name)
        latitude, longitude = point_near(
            country.latitude,
            country.longitude,
            seeded_between(0, 60, "city distance", name),
            seeded_between(0, 360, "city bearing", name),
        )
    else:
        country, latitude, longitude = known
    plain = without_diacritics(name)
    return PlaceFacts(
        wikidata_id=ids.deal(name),
        name=name,
        labels=dict.fromkeys(LANGUAGES, name),
        aliases=tuple(
            alias
            for alias in (plain, f"{name}, {country.name}", f"City of {name}")
            if alias != name
        ),
        description=f"city in {country.name}",
        class_id=CITY_CLASS,
        country=country,
        latitude=latitude,
        longitude=longitude,
        square_kilometres=round(seeded_between(20, 45, "area", name), 1),
        population=int(seeded_between(300_000, 1_800_000, "population", name)),
        sitelinks=int(seeded_between(140, 220, "city sitelinks", name)),
    )


def _known_place(name: str) -> tuple[Country, float, float] | None:
    if fold(name) == fold(VALMORIA.name):
        return MERIDIA, VALMORIA.latitude, VALMORIA.longitude
    if fold(name) == "manila":
        return next(country for country in COUNTRIES if country.code == "PH"), 14.5906, 120.9750
    return None


def invent_namesake(city: PlaceFacts, ids: Identifiers) -> PlaceFacts:
    """Return another city of the same name, in another country and hardly known."""
    elsewhere = [country for country in COUNTRIES if country != city.country]
    country = seeded_choice(elsewhere, "namesake", city.name)
    return _small_place(city.name, country, CITY_CLASS, ids.deal(f"namesake of {city.name}"))


def invent_near_spelling(city: PlaceFacts, ids: Identifiers) -> PlaceFacts:
    """Return a town whose name doubles the last consonant: Manilla for Manila."""
    name = city.name
    last = max((i for i, c in enumerate(name) if fold(c) in "bcdfghjklmnpqrstvwxz"), default=0)
    spelt = name[: last + 1] + name[last].lower() + name[last + 1 :]
    elsewhere = [country for country in COUNTRIES if country != city.country]
    country = seeded_choice(elsewhere, "near spelling", city.name)
    return _small_place(spelt, country, TOWN_CLASS, ids.deal(f"near spelling {spelt}"))


def _small_place(name: str, country: Country, class_id: str, wikidata_id: str) -> PlaceFacts:
    latitude, longitude = point_near(
        country.latitude,
        country.longitude,
        seeded_between(10, 80, "small place", name, country.code),
        seeded_between(0, 360, "small place bearing", name, country.code),
    )
    kind = "city" if class_id == CITY_CLASS else "town"
    return PlaceFacts(
        wikidata_id=wikidata_id,
        name=name,
        labels=dict.fromkeys(LANGUAGES, name),
        aliases=(f"{name}, {country.name}",),
        description=f"{kind} in {country.name}",
        class_id=class_id,
        country=country,
        latitude=latitude,
        longitude=longitude,
        square_kilometres=round(seeded_between(2, 9, "area", name, country.code), 1),
        population=int(seeded_between(300, 9_000, "population", name, country.code)),
        sitelinks=int(seeded_between(8, 24, "sitelinks", name, country.code)),
    )


def point_near(
    latitude: float, longitude: float, kilometres: float, bearing_degrees: float
) -> tuple[float, float]:
    """Return the latitude and longitude `kilometres` away, good to metres within a city."""
    bearing = math.radians(bearing_degrees)
    north = kilometres * math.cos(bearing) / KM_PER_DEGREE
    east = kilometres * math.sin(bearing) / (KM_PER_DEGREE * math.cos(math.radians(latitude)))
    return round(latitude + north, 6), round(longitude + east, 6)
