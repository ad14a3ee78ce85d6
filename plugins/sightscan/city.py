"""Cities and sights as values, and the names that identify them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Self

from slugify import slugify

from sightscan.names import normalise_name

EARTH_RADIUS_METERS = 6_371_000
MAX_LATITUDE_DEGREES, MAX_LONGITUDE_DEGREES = 90, 180
# Beyond a city's radius, what a photo shows is none of its sights, however far one of them is seen.
MIN_BACKGROUND_DISTANCE_METERS = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """A point on Earth in degrees (WGS 84)."""

    latitude: float
    longitude: float

    @property
    def is_on_earth(self) -> bool:
        """Tell whether there is such a point; what is not a number is none."""
        return (
            abs(self.latitude) <= MAX_LATITUDE_DEGREES
            and abs(self.longitude) <= MAX_LONGITUDE_DEGREES
        )

    def distance_meters(self, other: Self) -> float:
        """Return the great-circle distance in metres (haversine formula)."""
        lat1, lat2 = radians(self.latitude), radians(other.latitude)
        half_dlat = (lat2 - lat1) / 2
        half_dlon = radians(other.longitude - self.longitude) / 2
        chord = sin(half_dlat) ** 2 + cos(lat1) * cos(lat2) * sin(half_dlon) ** 2
        return 2 * EARTH_RADIUS_METERS * asin(sqrt(min(chord, 1.0)))


@dataclass(frozen=True, slots=True)
class City:
    """A row of the registry."""

    city_id: str
    slug: str
    name: str
    country: str
    place: Place
    radius_meters: int
    state: str = "active"
    overrides: Mapping[str, object] = field(default_factory=dict)

    @property
    def dag_id(self) -> str:
        """Return the id of the city's DAG."""
        return dag_id_of(self.slug)

    def is_far_from(self, place: Place) -> bool:
        """Tell whether what stands there cannot be one of the city's sights, nor be seen with one."""
        far = self.radius_meters + MIN_BACKGROUND_DISTANCE_METERS
        return self.place.distance_meters(place) > far


def dag_id_of(slug: str) -> str:
    """Return the id of the DAG of the city with a slug."""
    return f"city_{slug}"


@dataclass(frozen=True, slots=True)
class Sight:
    """A sight of a city; `sight_id` is None until the warehouse has given it one."""

    sight_id: int | None
    city_id: str
    name: str
    rank: int
    wikidata_id: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    place: Place | None = None
    commons_category: str | None = None
    freebase_id: str | None = None
    knowledge_graph_id: str | None = None
    place_id: str | None = None
    sitelink_count: int = 0
    state: str = "active"
    is_asymmetric: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it stands for well-known sights far away, of which backgrounds are made."""
        return self.state == "elsewhere"

    @property
    def is_streets(self) -> bool:
        """Tell whether it stands for the city's own streets and houses, of which backgrounds are made."""
        return self.state == "streets"

    @property
    def holds_backgrounds(self) -> bool:
        """Tell whether it is no sight, but holds photos of none."""
        return self.is_elsewhere or self.is_streets


def slug_of(name: str, city_id: str, taken: Collection[str] = ()) -> str:
    """Return the ASCII slug of a city's name; its Wikidata id is appended on a collision.

    A name of which nothing can be written in ASCII becomes its Wikidata id.
    """
    slug = slugify(name, max_length=80) or city_id.lower()
    # More than once only if another city is called like this one with its id.
    while slug in taken:
        slug = f"{slug}-{city_id.lower()}"
    return slug


def identity_of(name: str) -> str:
    """Return what identifies a sight without a Wikidata id: never empty for a name that is not."""
    return normalise_name(name) or " ".join(name.casefold().split()) or name
