"""Find the sights of a city on Wikidata and keep the best known of them.

Rank: by sitelinks, the number of Wikipedia and sister pages about the sight in all languages, most
first; of two with as many, the one with the smaller Wikidata id, which is the older item. It needs
no key, changes slowly, and counts what people of many countries found worth a page.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.points import place_of
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import ServiceError
from sightscan.settings import Settings
from sightscan.warehouse.sights import upsert_sights

SIGHTS_QUERY = Path(__file__).with_name("sights.rq")
FACTS_QUERY = Path(__file__).with_name("sight_facts.rq")

# The first of these in which a sight has a label names it. `mul` is Wikidata's "any language".
LANGUAGES = ("en", "de", "fr", "es", "pt")
NAME_ORDER = (*LANGUAGES[:1], "mul", *LANGUAGES[1:])
# More are asked for than are kept, so that the order among equally known ones is ours.
SPARE_CANDIDATES = 20
# Google's two kinds of ids, as the warehouse demands them; Wikidata has a few malformed ones.
FREEBASE_ID = re.compile(r"/m/[0-9a-z_]+")
KNOWLEDGE_GRAPH_ID = re.compile(r"/g/[0-9a-z_]+")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DiscoverReport:
    """What a call of `discover_sights` found: candidates, those kept, and their ids by rank."""

    found: int
    kept: int
    sight_ids: tuple[int, ...]


def discover_sights(
    connection: psycopg.Connection[Any], client: WikidataClient, city: City, config: Settings
) -> DiscoverReport:
    """Store the best known sights of a city; the same sight keeps its id from run to run.

    Raises:
        ServiceError: Wikidata does not answer, or knows no sight there.

    """
    wanted = config.max_sights_per_city
    candidates = _candidates(client, city, wanted + SPARE_CANDIDATES)
    if not candidates:
        msg = (
            f"Wikidata knows no sight with photos within {city.radius_meters / 1000:g} km of "
            f"{city.name} ({city.city_id}); check the city's coordinates and radius"
        )
        raise ServiceError(msg)
    best = candidates[:wanted]
    facts = client.query(FACTS_QUERY, items=" ".join(f"wd:{item}" for item, _ in best))
    sights = read_sights(city.city_id, best, facts)
    stored = upsert_sights(connection, city.city_id, sights)
    ids = tuple(sight.sight_id for sight in stored if sight.sight_id is not None)
    log.info("discover city=%s found=%d kept=%d", city.slug, len(candidates), len(ids))
    return DiscoverReport(len(candidates), len(ids), ids)


def read_sights(
    city_id: str, ranked: Sequence[tuple[str, int]], facts: Iterable[Mapping[str, str]]
) -> tuple[Sight, ...]:
    """Return the sights that (item, sitelinks) pairs and rows of facts describe, ranked from 1."""
    by_item: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in facts:
        by_item[row["sight"]].append(row)
    sights = [
        _sight(city_id, item, rank, sitelinks, by_item[item])
        for rank, (item, sitelinks) in enumerate(ranked, start=1)
    ]
    # A name is also a class of the detector: two sights of one name must not become one class.
    count = Counter(sight.name for sight in sights)
    return tuple(
        replace(sight, name=f"{sight.name} ({sight.wikidata_id})")
        if count[sight.name] > 1
        else sight
        for sight in sights
    )


def _candidates(client: WikidataClient, city: City, limit: int) -> list[tuple[str, int]]:
    rows = client.query(
        SIGHTS_QUERY,
        longitude=f"{city.place.longitude:.6f}",
        latitude=f"{city.place.latitude:.6f}",
        radius_km=f"{city.radius_meters / 1000:.3f}",
        limit=str(limit),
    )
    try:
        found = {row["sight"]: int(row["sitelinks"]) for row in rows}
    except (KeyError, ValueError) as error:
        msg = f"Wikidata's query service answers without what was asked for: {error}; try later"
        raise ServiceError(msg) from error
    return sorted(found.items(), key=lambda pair: (-pair[1], int(pair[0][1:])))


def _sight(
    city_id: str, item: str, rank: int, sitelinks: int, rows: Sequence[Mapping[str, str]]
) -> Sight:
    values: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, str] = {}
    for row in rows:
        kind = re.split(r"[/#]", row["property"])[-1]
        if kind == "label":
            labels[row["value_language"]] = row["value"]
        else:
            values[kind].append(row["value"])
    name = next((labels[language] for language in NAME_ORDER if language in labels), item)
    places = values["P625"]
    return Sight(
        sight_id=None,
        city_id=city_id,
        name=name,
        rank=rank,
        wikidata_id=item,
        names={language: labels[language] for language in LANGUAGES if language in labels},
        aliases=tuple(sorted(set(values["altLabel"]) - {name})),
        place=place_of(places[0]) if places else None,
        commons_category=next(iter(values["P373"]), None),
        freebase_id=next(filter(FREEBASE_ID.fullmatch, values["P646"]), None),
        knowledge_graph_id=next(filter(KNOWLEDGE_GRAPH_ID.fullmatch, values["P2671"]), None),
        sitelink_count=sitelinks,
    )
