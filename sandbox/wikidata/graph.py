"""Turn items into RDF in the shape of Wikidata's query service.

The shape is that of https://www.mediawiki.org/wiki/Wikibase/Indexing/RDF_Dump_Format: direct
(`wdt:`) triples, full statements (`p:`, `ps:`, `psv:`) with value nodes for coordinates, labels,
aliases, descriptions, and the count of sitelinks on the item itself. Unknown values are addresses
below `.well-known/genid`, and points of another globe have its address in front, as recorded.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Quad, Store

from sandbox.files import read_table
from sandbox.wikidata.items import (
    Area,
    Claim,
    Coordinates,
    Entity,
    Item,
    Length,
    MediaFile,
    Moment,
    Quantity,
    Unknown,
    Value,
)
from sandbox.wikidata.sparql_services import LABEL_FUNCTIONS

_PREFIXES = Path(__file__).with_name("prefixes.csv")

EARTH_RADIUS_KM = 6371.0088
EARTH = "Q2"
SQUARE_METRE, SQUARE_KILOMETRE = "Q25343", "Q712226"
METRE, GREGORIAN = "Q11573", "Q1985727"

_POINT = re.compile(r"Point\(\s*(\S+)\s+(\S+)\s*\)", re.IGNORECASE)


@cache
def prefixes() -> dict[str, str]:
    """Return the addresses by prefix that the query service knows without being told."""
    return {row["prefix"]: row["iri"] for row in read_table(_PREFIXES)}


def graph_of(items: Iterable[Item]) -> Store:
    """Return an in-memory store that holds all triples of `items`."""
    store = Store()
    store.extend(quad for item in items for quad in _quads(item))
    return store


def geo_functions() -> dict[NamedNode, Any]:
    """Return the functions that the query service adds to SPARQL: geof:distance and its kin."""
    return {
        _node("geof", "distance"): _distance,
        _node("geof", "latitude"): lambda point: _coordinate(point, 0),
        _node("geof", "longitude"): lambda point: _coordinate(point, 1),
        _node("geof", "globe"): lambda _point: _node("wd", EARTH),
    }


def label_functions(items: Iterable[Item]) -> dict[NamedNode, Any]:
    """Return what the rewritten label service calls: f(entity, "en,de") -> literal in the first."""
    by_iri = {_node("wd", item.id).value: item for item in items}

    def label(entity: object, languages: Literal) -> Literal | None:
        if not isinstance(entity, NamedNode):
            return entity if isinstance(entity, Literal) else None
        item = by_iri.get(entity.value)
        found = _first_language(item.labels if item else {}, languages)
        # An entity without a label shows as its id.
        return found or Literal(entity.value.removeprefix(prefixes()["wd"]))

    def description(entity: object, languages: Literal) -> Literal | None:
        item = by_iri.get(entity.value) if isinstance(entity, NamedNode) else None
        return _first_language(item.descriptions if item else {}, languages)

    def aliases(entity: object, languages: Literal) -> Literal | None:
        item = by_iri.get(entity.value) if isinstance(entity, NamedNode) else None
        joined = {k: ", ".join(v) for k, v in item.aliases.items()} if item else {}
        return _first_language(joined, languages)

    functions = {"label": label, "description": description, "altLabel": aliases}
    return {NamedNode(LABEL_FUNCTIONS + name): function for name, function in functions.items()}


def kilometres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two (latitude, longitude) pairs in degrees."""
    lat_a, lon_a, lat_b, lon_b = (math.radians(value) for value in (*a, *b))
    h = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def _node(prefix: str, name: str) -> NamedNode:
    return NamedNode(prefixes()[prefix] + name)


def _quads(item: Item) -> Iterator[Quad]:
    subject = _node("wd", item.id)
    for language, label in item.labels.items():
        yield Quad(subject, _node("rdfs", "label"), Literal(label, language=language))
    for language, description in item.descriptions.items():
        text = Literal(description, language=language)
        yield Quad(subject, _node("schema", "description"), text)
    for language, aliases in item.aliases.items():
        for alias in aliases:
            yield Quad(subject, _node("skos", "altLabel"), Literal(alias, language=language))
    yield Quad(subject, _node("wikibase", "sitelinks"), Literal(item.sitelinks))
    yield Quad(subject, _node("wikibase", "statements"), Literal(len(item.claims)))
    for language, label in item.labels.items() if item.sitelinks else ():
        # Also of Wikipedia's sisters: a guide for travellers is no article.
        for project in ("wikipedia", "wikivoyage"):
            yield from _page_quads(subject, f"https://{language}.{project}.org/", language, label)
    for number, claim in enumerate(item.claims):
        yield from _claim_quads(item, number, claim)


def _page_quads(subject: NamedNode, site: str, language: str, label: str) -> Iterator[Quad]:
    title = label.replace(" ", "_")
    # Two items of one name have not one page.
    page = NamedNode(f"{site}wiki/{quote(title)}_({_local_id(subject)})")
    yield Quad(page, _node("rdf", "type"), _node("schema", "Article"))
    yield Quad(page, _node("schema", "about"), subject)
    yield Quad(page, _node("schema", "isPartOf"), NamedNode(site))
    yield Quad(page, _node("schema", "inLanguage"), Literal(language))
    yield Quad(page, _node("schema", "name"), Literal(label, language=language))


def _claim_quads(item: Item, number: int, claim: Claim) -> Iterator[Quad]:
    subject, name = _node("wd", item.id), claim.property_id
    statement = _node("wds", f"{item.id}-{number}")
    value = _term(claim.value, statement)
    yield Quad(subject, _node("wdt", name), value)
    yield Quad(subject, _node("p", name), statement)
    yield Quad(statement, _node("ps", name), value)
    yield Quad(statement, _node("wikibase", "rank"), _node("wikibase", "NormalRank"))
    yield Quad(statement, _node("rdf", "type"), _node("wikibase", "BestRank"))
    if isinstance(claim.value, Coordinates):
        yield from _place_quads(statement, name, claim.value)
    elif isinstance(claim.value, Area):
        square_kilometres = claim.value.square_kilometres
        measured = (square_kilometres, SQUARE_KILOMETRE), (square_kilometres * 1e6, SQUARE_METRE)
        yield from _quantity_quads(statement, name, *measured)
    elif isinstance(claim.value, Length):
        metres = (claim.value.meters, METRE)
        yield from _quantity_quads(statement, name, metres, metres)
    elif isinstance(claim.value, Moment):
        yield from _time_quads(statement, name, claim.value)


def _place_quads(statement: NamedNode, name: str, place: Coordinates) -> Iterator[Quad]:
    node = _node("wdv", _local(statement))
    yield Quad(statement, _node("psv", name), node)
    yield Quad(node, _node("rdf", "type"), _node("wikibase", "GlobecoordinateValue"))
    yield Quad(node, _node("wikibase", "geoLatitude"), Literal(place.latitude))
    yield Quad(node, _node("wikibase", "geoLongitude"), Literal(place.longitude))
    yield Quad(node, _node("wikibase", "geoPrecision"), Literal(0.0001))
    yield Quad(node, _node("wikibase", "geoGlobe"), _node("wd", place.globe))


def _time_quads(statement: NamedNode, name: str, moment: Moment) -> Iterator[Quad]:
    node = _node("wdv", _local(statement))
    yield Quad(statement, _node("psv", name), node)
    yield Quad(node, _node("rdf", "type"), _node("wikibase", "TimeValue"))
    yield Quad(node, _node("wikibase", "timeValue"), _term(moment, statement))
    yield Quad(node, _node("wikibase", "timePrecision"), Literal(moment.precision))
    yield Quad(node, _node("wikibase", "timeTimezone"), Literal(0))
    yield Quad(node, _node("wikibase", "timeCalendarModel"), _node("wd", GREGORIAN))


def _quantity_quads(
    statement: NamedNode, name: str, entered: tuple[float, str], normalised: tuple[float, str]
) -> Iterator[Quad]:
    """Yield an amount as it was entered and, beside it, normalised to the unit of its kind."""
    for prefix, (amount, unit) in (("psv", entered), ("psn", normalised)):
        node = _node("wdv", f"{_local(statement)}-{prefix}")
        yield Quad(statement, _node(prefix, name), node)
        yield Quad(node, _node("rdf", "type"), _node("wikibase", "QuantityValue"))
        yield Quad(node, _node("wikibase", "quantityAmount"), _decimal(amount))
        yield Quad(node, _node("wikibase", "quantityUnit"), _node("wd", unit))


def _local_id(subject: NamedNode) -> str:
    return subject.value.removeprefix(prefixes()["wd"])


def _local(statement: NamedNode) -> str:
    return statement.value.removeprefix(prefixes()["wds"])


def _decimal(amount: float) -> Literal:
    return Literal(
        f"{amount:g}" if amount < 1e5 else f"{amount:.0f}", datatype=_node("xsd", "decimal")
    )


def _term(value: Value, statement: NamedNode) -> NamedNode | Literal:
    term: NamedNode | Literal
    match value:
        case Entity(entity_id):
            term = _node("wd", entity_id)
        case Coordinates(latitude, longitude, globe):
            body = "" if globe == EARTH else f"<{_node('wd', globe).value}> "
            point = f"{body}Point({longitude} {latitude})"
            term = Literal(point, datatype=_node("geo", "wktLiteral"))
        case Quantity(amount):
            term = Literal(str(amount), datatype=_node("xsd", "decimal"))
        case Area(square_kilometres):
            term = _decimal(square_kilometres)
        case Length(metres):
            term = _decimal(metres)
        case Moment(iso):
            term = Literal(iso, datatype=_node("xsd", "dateTime"))
        case MediaFile(name):
            path = "http://commons.wikimedia.org/wiki/Special:FilePath/"
            term = NamedNode(path + quote(name))
        case Unknown():
            # An address that stands for nothing but this one value.
            digest = hashlib.md5(statement.value.encode(), usedforsecurity=False).hexdigest()
            term = NamedNode(f"http://www.wikidata.org/.well-known/genid/{digest}")
        case str():
            term = Literal(value)
    return term


def _first_language(texts: Mapping[str, str], languages: Literal) -> Literal | None:
    for language in languages.value.split(","):
        if language in texts:
            return Literal(texts[language], language=language)
    return None


def _distance(a: object, b: object) -> Literal | None:
    """Return the kilometres between two points, unbound for anything that is no point."""
    first, second = _latitude_longitude(a), _latitude_longitude(b)
    if first is None or second is None:
        return None
    return Literal(kilometres_between(first, second))


def _coordinate(point: object, index: int) -> Literal | None:
    found = _latitude_longitude(point)
    return None if found is None else Literal(found[index])


def _latitude_longitude(point: object) -> tuple[float, float] | None:
    found = _POINT.match(point.value) if isinstance(point, Literal) else None
    if found is None:
        return None
    try:
        return float(found[2]), float(found[1])
    except ValueError:
        return None
