"""Wikidata's full-text search (`action=query&list=search`), over the sandbox's items.

Of CirrusSearch's language (https://www.mediawiki.org/wiki/Help:CirrusSearch and
https://www.mediawiki.org/wiki/Help:Extension:WikibaseCirrusSearch) it speaks words, fuzzy words
(`Berln~`: two letters off at most), `inlabel:` and `haswbstatement:`; labels and aliases of all
languages are searched.
"""

import re
from collections.abc import Mapping, Sequence

from rapidfuzz.distance import DamerauLevenshtein

from sandbox.mediawiki import ApiError, JsonObject, required, whole_number
from sandbox.wikidata.items import Entity, Item
from sandbox.world.city_terms import fold

MAX_EDITS = 2
_TERM = re.compile(r'(?:(inlabel|haswbstatement):)?(?:"([^"]*)"|(\S+))')


def search_text(items: Sequence[Item], parameters: Mapping[str, str]) -> JsonObject:
    """Answer `list=search`: items for which every term of `srsearch` holds, best known first."""
    if parameters.get("list") != "search":
        raise ApiError(
            code="badvalue",
            info=f'Unrecognized value for parameter "list": {parameters.get("list")}.',
        )
    terms = _TERM.findall(required(parameters, "srsearch"))
    limit = whole_number(parameters, "srlimit", 10, 1, 500)
    found = [item for item in items if all(_holds(item, *term) for term in terms)]
    found.sort(key=lambda item: (-item.sitelinks, item.id))
    return {
        "batchcomplete": True,
        "query": {
            "searchinfo": {"totalhits": len(found)},
            "search": [_result(item) for item in found[:limit]],
        },
    }


def _holds(item: Item, keyword: str, quoted: str, bare: str) -> bool:
    text = quoted or bare
    if keyword == "haswbstatement":
        property_id, _, value = text.partition("=")
        return any(
            claim.property_id == property_id and value in ("", _value(claim.value))
            for claim in item.claims
        )
    names = [fold(name) for name in _names(item)]
    if keyword == "inlabel" or quoted:
        return any(f" {fold(text)} " in f" {name} " for name in names)
    words = {word for name in names for word in name.split()}
    if text.endswith("~"):
        wanted = fold(text[:-1])
        return any(DamerauLevenshtein.distance(wanted, word) <= MAX_EDITS for word in words)
    return fold(text) in words


def _names(item: Item) -> list[str]:
    return [*item.labels.values(), *(alias for names in item.aliases.values() for alias in names)]


def _value(value: object) -> str:
    return value.id if isinstance(value, Entity) else str(value)


def _result(item: Item) -> JsonObject:
    return {
        "ns": 0,
        "title": item.id,
        "pageid": int(item.id[1:]) + 1000,
        "size": 1000,
        "wordcount": 0,
        "snippet": item.descriptions.get("en", ""),
        "timestamp": "2026-11-01T00:00:00Z",
    }
