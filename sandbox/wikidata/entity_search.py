"""Wikidata's entity search and entity download, over the sandbox's items.

The answers have the shapes of https://www.wikidata.org/w/api.php?action=help&modules=wbsearchentities
and `wbgetentities`, in the parts that clients read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.mediawiki import ApiError, JsonObject, required, values_of, whole_number
from sandbox.wikidata.graph import METRE, SQUARE_KILOMETRE
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
)
from sandbox.world.city_terms import fold

ENTITY = "http://www.wikidata.org/entity/"


@dataclass(frozen=True)
class _Match:
    kind: str
    language: str
    text: str


def search_entities(items: Sequence[Item], parameters: Mapping[str, str]) -> JsonObject:
    """Answer `wbsearchentities`: items with a label or alias that begins with the search term."""
    term = required(parameters, "search")
    language = required(parameters, "language")
    if parameters.get("type", "item") != "item":
        raise ApiError(
            code="badvalue", info=f'Unrecognized value for parameter "type": {parameters["type"]}'
        )
    limit = whole_number(parameters, "limit", 7, 1, 50)
    offset = whole_number(parameters, "continue", 0, 0, 10_000)
    strict = "strictlanguage" in parameters
    found = [
        (item, match)
        for item in items
        if (match := _best_match(item, term, language, strict=strict)) is not None
    ]
    # Exact names first, then the better known: what Wikidata's ranking amounts to here.
    found.sort(key=lambda pair: (fold(pair[1].text) != fold(term), -pair[0].sitelinks, pair[0].id))
    shown = parameters.get("uselang", language)
    body: JsonObject = {
        "searchinfo": {"search": term},
        "search": [_search_result(*pair, shown) for pair in found[offset : offset + limit]],
    }
    if offset + limit < len(found):
        body["search-continue"] = offset + limit
    body["success"] = 1
    return body


def get_entities(items: Sequence[Item], parameters: Mapping[str, str]) -> JsonObject:
    """Answer `wbgetentities` for ids, with the asked props and languages."""
    ids = values_of(required(parameters, "ids"), name="ids")
    props = set(
        values_of(parameters.get("props", "labels|descriptions|aliases|claims|sitelinks|info"))
    )
    languages = values_of(parameters.get("languages", ""), 500)
    by_id = {item.id: item for item in items}
    entities: JsonObject = {}
    for entity_id in ids:
        if not (entity_id.startswith("Q") and entity_id[1:].isdigit()):
            raise ApiError(
                code="no-such-entity", info=f'Could not find an entity with the ID "{entity_id}".'
            )
        item = by_id.get(entity_id)
        entities[entity_id] = (
            {"id": entity_id, "missing": ""} if item is None else _entity(item, props, languages)
        )
    return {"entities": entities, "success": 1}


def _best_match(item: Item, term: str, language: str, *, strict: bool) -> _Match | None:
    if item.id.casefold() == term.casefold():
        return _Match("entityId", language, item.id)
    wanted = fold(term)
    candidates = [
        m for m in _names(item, language, strict=strict) if fold(m.text).startswith(wanted)
    ]
    return min(candidates, key=lambda match: fold(match.text) != wanted, default=None)


def _names(item: Item, language: str, *, strict: bool) -> Iterator[_Match]:
    languages = [language] if strict else list(dict.fromkeys((language, "en")))
    for name in languages:
        if name in item.labels:
            yield _Match("label", name, item.labels[name])
        for alias in item.aliases.get(name, ()):
            yield _Match("alias", name, alias)


def _search_result(item: Item, match: _Match, language: str) -> JsonObject:
    display: JsonObject = {}
    result: JsonObject = {
        "id": item.id,
        "title": item.id,
        "pageid": int(item.id[1:]) + 1000,
        "concepturi": ENTITY + item.id,
        "repository": "wikidata",
        "url": f"//www.wikidata.org/wiki/{item.id}",
        "display": display,
    }
    for name, texts in (("label", item.labels), ("description", item.descriptions)):
        known = language if language in texts else "en"
        if known in texts:
            display[name] = {"value": texts[known], "language": known}
            result[name] = texts[known]
    result["match"] = {"type": match.kind, "language": match.language, "text": match.text}
    if match.kind == "alias":
        result["aliases"] = [match.text]
    return result


def _entity(item: Item, props: set[str], languages: list[str]) -> JsonObject:
    def wanted(language: str) -> bool:
        return not languages or language in languages

    entity: JsonObject = {"type": "item", "id": item.id}
    if "info" in props:
        entity |= {"pageid": int(item.id[1:]) + 1000, "ns": 0, "title": item.id, "lastrevid": 1}
    for name, texts in (("labels", item.labels), ("descriptions", item.descriptions)):
        if name in props:
            entity[name] = {
                language: {"language": language, "value": text}
                for language, text in texts.items()
                if wanted(language)
            }
    if "aliases" in props:
        entity["aliases"] = {
            language: [{"language": language, "value": alias} for alias in aliases]
            for language, aliases in item.aliases.items()
            if wanted(language)
        }
    if "claims" in props:
        claims: dict[str, list[JsonObject]] = {}
        for number, claim in enumerate(item.claims):
            claims.setdefault(claim.property_id, []).append(_statement(item.id, number, claim))
        entity["claims"] = claims
    if "sitelinks" in props and item.sitelinks:
        entity["sitelinks"] = {
            "enwiki": {"site": "enwiki", "title": item.labels["en"], "badges": []}
        }
    return entity


def _statement(item_id: str, number: int, claim: Claim) -> JsonObject:
    value: JsonObject
    match claim.value:
        case Entity(entity_id):
            datatype = "wikibase-item"
            inner = {"entity-type": "item", "numeric-id": int(entity_id[1:]), "id": entity_id}
            value = {"value": inner, "type": "wikibase-entityid"}
        case Coordinates(latitude, longitude, globe):
            datatype = "globe-coordinate"
            place: JsonObject = {"latitude": latitude, "longitude": longitude, "altitude": None}
            place |= {"precision": 0.0001, "globe": ENTITY + globe}
            value = {"value": place, "type": "globecoordinate"}
        case Quantity(amount):
            datatype = "quantity"
            value = {"value": {"amount": f"+{amount}", "unit": "1"}, "type": "quantity"}
        case Area(square_kilometres):
            datatype = "quantity"
            unit = ENTITY + SQUARE_KILOMETRE
            value = {
                "value": {"amount": f"+{square_kilometres:g}", "unit": unit},
                "type": "quantity",
            }
        case Length(metres):
            datatype = "quantity"
            value = {
                "value": {"amount": f"+{metres:g}", "unit": ENTITY + METRE},
                "type": "quantity",
            }
        case Moment(iso, precision):
            datatype = "time"
            value = {"value": {"time": f"+{iso}", "precision": precision}, "type": "time"}
        case MediaFile(name):
            datatype, value = "commonsMedia", {"value": name, "type": "string"}
        case Unknown():
            datatype = "globe-coordinate" if claim.property_id == "P625" else "quantity"
            value = {}
        case str(text):
            is_id = claim.property_id in {"P646", "P2671"}
            datatype, value = (
                "external-id" if is_id else "string",
                {"value": text, "type": "string"},
            )
    known_as = {"snaktype": "value", "datavalue": value} if value else {"snaktype": "somevalue"}
    return {
        "mainsnak": {"property": claim.property_id, "datatype": datatype, **known_as},
        "type": "statement",
        "id": f"{item_id}-{number}",
        "rank": "normal",
    }
