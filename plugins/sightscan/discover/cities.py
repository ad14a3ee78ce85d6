"""Find the city that a name means, on Wikidata.

A name that several cities bear means the one that is clearly better known, by sitelinks; if none
is, the choices are given. `Paris, Texas` and `Valencia, Spain` tell namesakes apart, and so does a
Wikidata id such as Q830149.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from pathlib import Path

from rapidfuzz import fuzz, process

from sightscan.city import City, Place, slug_of
from sightscan.discover.classes import read_class_roots, read_kinds, values_of
from sightscan.discover.kinds import is_only_municipality, is_settlement
from sightscan.discover.rows import Row, amount_of, read_rows
from sightscan.discover.wikidata import WIKIDATA_ID, SearchHit, WikidataClient, place_of
from sightscan.errors import AmbiguousCity, CityChoice, UnknownCity
from sightscan.names import MIN_SUGGESTION_SIMILARITY, normalise_name

SETTLEMENTS_QUERY = Path(__file__).with_name("settlements.rq")
NAMES_QUERY = Path(__file__).with_name("settlement_names.rq")
AREAS_QUERY = Path(__file__).with_name("settlement_areas.rq")

# Names are looked up in these, one after the other, until a city bears the name.
SEARCH_LANGUAGES = ("en", "de", "fr", "es", "pt")
# Paris has about 6 times the sitelinks of Paris, Texas: who types Paris means the first.
CLEARLY_BETTER_KNOWN = 5.0
MAX_CHOICES = 6
MIN_PREFIX_CHARACTERS = 3

# Without a known area: far enough for the sights of most cities.
DEFAULT_RADIUS_METERS = 10_000
MIN_RADIUS_METERS, MAX_RADIUS_METERS = 2_000, 25_000
# Cities are no circles: a circle of the same area, enlarged, holds most of what belongs to them.
RADIUS_ALLOWANCE = 1.2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A city, town or village as Wikidata describes it."""

    item_id: str
    name: str
    country: str
    place: Place
    sitelink_count: int
    radius_meters: int
    description: str = ""
    region: str = ""
    population: int | None = None

    def __str__(self) -> str:
        """Return it as a choice that a person can tell from others."""
        where = dict.fromkeys(part for part in (self.name, self.region, self.country) if part)
        facts = [self.item_id]
        if self.population is not None:
            facts.append(f"{self.population:,} people")
        if self.description:
            facts.append(self.description)
        return f"{', '.join(where)} ({'; '.join(facts)})"


def resolve_city(client: WikidataClient, name: str) -> City:
    """Return the city that a name, `name, country`, or Wikidata id means.

    Raises:
        UnknownCity: there is none; the sentence gives the nearest spellings.
        AmbiguousCity: there are several, none clearly better known; the sentence gives them.
        ServiceError: Wikidata does not answer.

    """
    asked = " ".join(name.split())
    if not normalise_name(asked):
        msg = f"no city is called {name!r}: expected a name such as Lisbon, or a Wikidata id"
        raise UnknownCity(msg)
    if WIKIDATA_ID.fullmatch(asked.upper()):
        return _city(_by_id(client, asked.upper()))
    namesakes = _namesakes(client, asked)
    if not namesakes and "," in asked:
        first, _, where = asked.partition(",")
        namesakes = _lying_in(client, _namesakes(client, first), where)
    if not namesakes:
        raise _unknown(client, asked)
    return _city(_the_one(asked, namesakes))


def radius_of_area(square_meters: float | None) -> int:
    """Return the radius in metres within which a city's sights are looked for."""
    if not square_meters or square_meters <= 0:
        return DEFAULT_RADIUS_METERS
    radius = RADIUS_ALLOWANCE * sqrt(square_meters / pi)
    return round(min(max(radius, MIN_RADIUS_METERS), MAX_RADIUS_METERS))


def _by_id(client: WikidataClient, item_id: str) -> Settlement:
    found = _settlements(client, [item_id])
    if not found:
        msg = f"{item_id} is no city or town with coordinates on Wikidata; give the id of one"
        raise UnknownCity(msg)
    return found[0]


def _namesakes(client: WikidataClient, name: str) -> list[Settlement]:
    """Return the settlements that bear exactly this name in some language, best known first."""
    wanted = normalise_name(name)
    for language in SEARCH_LANGUAGES:
        hits = client.search(name, language)
        exact = [hit for hit in hits if normalise_name(hit.matched) == wanted]
        found = _settlements(client, [hit.item_id for hit in exact], exact)
        if found:
            return found
    # "Praha", "北京": the full-text search knows the labels of all languages.
    items = client.search_text(f'inlabel:"{_quoted(name)}" haswbstatement:P625')
    if not items:
        return []
    named = client.query(NAMES_QUERY, items=values_of(items))
    exact_items = _named(named, "name", wanted)
    return _settlements(client, [item for item in items if item in exact_items])


def _named(rows: Iterable[Row], column: str, wanted: str) -> set[str]:
    """Return the items of which a column holds a name."""
    pairs = read_rows(rows, "item", lambda row: (row["item"], normalise_name(row[column])))
    return {item for item, name in pairs if name == wanted}


def _the_one(asked: str, namesakes: Sequence[Settlement]) -> Settlement:
    best, *others = namesakes
    if not others:
        return best
    if best.sitelink_count >= CLEARLY_BETTER_KNOWN * others[0].sitelink_count:
        logger.info("city %r taken as %s, not %s", asked, best, "; ".join(map(str, others)))
        return best
    meant = namesakes[:MAX_CHOICES]
    choices = "; ".join(str(place) for place in meant)
    msg = (
        f"several cities are called {asked!r}: {choices}; give the id, or the country after a comma"
    )
    raise AmbiguousCity(msg, _choices(meant))


def _choices(places: Iterable[Settlement]) -> tuple[CityChoice, ...]:
    return tuple(
        CityChoice(
            place.item_id,
            place.name,
            place.region,
            place.country,
            place.description,
            place.population,
        )
        for place in places
    )


def _lying_in(client: WikidataClient, places: Sequence[Settlement], where: str) -> list[Settlement]:
    """Return the places in a country or area, which may be named in any language."""
    if not places:
        return []
    wanted = normalise_name(where)
    rows = client.query(AREAS_QUERY, items=values_of(place.item_id for place in places))
    inside = _named(rows, "area", wanted)
    return [
        place
        for place in places
        if place.item_id in inside
        or wanted in normalise_name(f"{place.country} {place.description}")
    ]


def _unknown(client: WikidataClient, asked: str) -> UnknownCity:
    """Return what is said about an unknown city, with the nearest spellings that there are."""
    first = asked.partition(",")[0].strip()
    near = _nearest(_spelt_like(client, first), asked)
    prefix = first
    while not near and len(prefix) > MIN_PREFIX_CHARACTERS:
        prefix = prefix[: max(MIN_PREFIX_CHARACTERS, len(prefix) * 2 // 3)]
        hits = client.search(prefix)
        near = _nearest(_settlements(client, [hit.item_id for hit in hits], hits), asked)
    if not near:
        return UnknownCity(
            f"no city {asked!r} on Wikidata; check the spelling, or give a Wikidata id"
        )
    spellings = " or ".join(dict.fromkeys(place.name for place in near))
    return UnknownCity(f"no city {asked!r} on Wikidata; did you mean {spellings}?", _choices(near))


def _spelt_like(client: WikidataClient, name: str) -> list[Settlement]:
    """Return settlements whose name is up to two letters off, also at its beginning."""
    words = normalise_name(name).split()
    if not words or not all(word.isalnum() for word in words):
        return []
    fuzzy = " ".join(f"{word}~" for word in words)
    return _settlements(client, client.search_text(f"{fuzzy} haswbstatement:P1082"))


def _nearest(places: Sequence[Settlement], asked: str) -> list[Settlement]:
    by_id = {place.item_id: place for place in places}
    matches = process.extract(
        asked,
        {item_id: place.name for item_id, place in by_id.items()},
        scorer=fuzz.ratio,
        processor=normalise_name,
        limit=MAX_CHOICES,
        score_cutoff=MIN_SUGGESTION_SIMILARITY,
    )
    return [by_id[item_id] for _, _, item_id in matches]


def _quoted(name: str) -> str:
    return name.replace("\\", " ").replace('"', " ")


def _settlements(
    client: WikidataClient, item_ids: Sequence[str], hits: Iterable[SearchHit] = ()
) -> list[Settlement]:
    """Return what of these items is a city, town or village, best known first."""
    kinds = read_kinds(client, item_ids)
    roots = read_class_roots(
        client, {class_id for kind in kinds.values() for class_id in kind.class_ids}
    )
    towns = {item: kind for item, kind in kinds.items() if is_settlement(kind.class_ids, roots)}
    if not towns:
        return []
    descriptions = {hit.item_id: hit.description for hit in hits}
    rows = client.query(SETTLEMENTS_QUERY, items=values_of(towns))
    found: dict[str, Settlement] = {}
    for place in read_rows(rows, "item", lambda row: _settlement(row, descriptions)):
        # Several countries or areas give several rows: the first, in the order of the query.
        found.setdefault(place.item_id, place)
    offices = {item for item, kind in towns.items() if is_only_municipality(kind.class_ids, roots)}
    return sorted(
        (place for place in found.values() if not _is_office(place, found, offices)),
        key=lambda place: (-place.sitelink_count, int(place.item_id[1:])),
    )


def _is_office(
    place: Settlement, found: Mapping[str, Settlement], offices: Collection[str]
) -> bool:
    """Say whether it is the municipality of a town that is there itself, under the same name."""
    return place.item_id in offices and any(
        town.item_id not in offices
        and normalise_name(town.name) == normalise_name(place.name)
        and town.place.distance_meters(place.place) <= MAX_RADIUS_METERS
        for town in found.values()
    )


def _settlement(row: Row, descriptions: Mapping[str, str]) -> Settlement:
    population = amount_of(row, "population")
    return Settlement(
        item_id=row["item"],
        name=row.get("name", row["item"]),
        country=row.get("country", "unknown"),
        place=place_of(row["location"]),
        sitelink_count=int(row["sitelinks"]),
        radius_meters=radius_of_area(amount_of(row, "area")),
        description=descriptions.get(row["item"], ""),
        region=row.get("region", ""),
        population=None if population is None else int(population),
    )


def _city(found: Settlement) -> City:
    return City(
        city_id=found.item_id,
        slug=slug_of(found.name, found.item_id),
        name=found.name,
        country=found.country,
        place=found.place,
        radius_meters=found.radius_meters,
    )
