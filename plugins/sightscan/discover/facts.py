"""Ask Wikidata for a city's sights and read what it knows of each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sightscan.city import City, Sight
from sightscan.discover.sights_file import FREEBASE_ID, KNOWLEDGE_GRAPH_ID
from sightscan.discover.wikidata import WikidataClient, place_of
from sightscan.errors import ServiceError

SIGHTS_QUERY = Path(__file__).with_name("sights.rq")
FACTS_QUERY = Path(__file__).with_name("sight_facts.rq")


def list_candidates(client: WikidataClient, city: City, limit: int) -> list[tuple[str, int]]:
    """Return the best known sights of a city and their sitelinks, most first."""
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


def read_facts(
    client: WikidataClient, items: Sequence[str], languages: Sequence[str]
) -> tuple[Mapping[str, str], ...]:
    """Return a row for each fact about these items."""
    if not items:
        return ()
    return client.query(
        FACTS_QUERY,
        items=" ".join(f"wd:{item}" for item in items),
        languages=", ".join(f'"{language}"' for language in ("", *languages, "mul")),
    )


def read_sights(
    city_id: str,
    ranked: Sequence[tuple[str, int]],
    facts: Iterable[Mapping[str, str]],
    languages: Sequence[str],
) -> tuple[Sight, ...]:
    """Return the sights that (item, sitelinks) pairs and rows of facts describe, ranked from 1."""
    by_item: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in facts:
        by_item[row["sight"]].append(row)
    return tuple(
        replace(read_sight_facts(city_id, item, sitelinks, by_item[item], languages), rank=rank)
        for rank, (item, sitelinks) in enumerate(ranked, start=1)
    )


def read_sight_facts(
    city_id: str,
    item: str,
    sitelinks: int,
    rows: Sequence[Mapping[str, str]],
    languages: Sequence[str],
) -> Sight:
    """Return the sight that its rows of facts describe, not yet ranked."""
    values: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, str] = {}
    for row in rows:
        kind = re.split(r"[/#]", row["property"])[-1]
        if kind == "label":
            labels[row["value_language"]] = row["value"]
        else:
            values[kind].append(row["value"])
    # The first language that has a label names it; `mul` is Wikidata's "any language".
    order = (*languages[:1], "mul", *languages[1:])
    name = next((labels[language] for language in order if language in labels), item)
    places = values["P625"]
    return Sight(
        sight_id=None,
        city_id=city_id,
        name=name,
        rank=1,
        wikidata_id=item,
        names={language: labels[language] for language in languages if language in labels},
        aliases=tuple(sorted(set(values["altLabel"]) - {name})),
        place=place_of(places[0]) if places else None,
        commons_category=next(iter(values["P373"]), None),
        freebase_id=next(filter(FREEBASE_ID.fullmatch, values["P646"]), None),
        knowledge_graph_id=next(filter(KNOWLEDGE_GRAPH_ID.fullmatch, values["P2671"]), None),
        sitelink_count=sitelinks,
    )
