"""Ask Wikidata for what it knows of sights, and read it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sightscan.city import Place, Sight
from sightscan.discover.classes import values_of
from sightscan.discover.rows import Row, read_rows
from sightscan.discover.sights_file import FREEBASE_ID, KNOWLEDGE_GRAPH_ID
from sightscan.discover.wikidata import WikidataClient, place_of

FACTS_QUERY = Path(__file__).with_name("sight_facts.rq")


def read_facts(
    client: WikidataClient, items: Sequence[str], languages: Sequence[str]
) -> tuple[Mapping[str, str], ...]:
    """Return a row for each fact about these items."""
    if not items:
        return ()
    rows = client.query(
        FACTS_QUERY,
        items=values_of(items),
        languages=", ".join(f'"{language}"' for language in ("", *languages, "mul")),
    )
    return tuple(read_rows(rows, "sight", _checked))


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
    return Sight(
        sight_id=None,
        city_id=city_id,
        name=name,
        rank=1,
        wikidata_id=item,
        names={language: labels[language] for language in languages if language in labels},
        aliases=tuple(sorted(set(values["altLabel"]) - {name})),
        place=next(_places(values["P625"]), None),
        commons_category=next(iter(values["P373"]), None),
        freebase_id=next(filter(FREEBASE_ID.fullmatch, values["P646"]), None),
        knowledge_graph_id=next(filter(KNOWLEDGE_GRAPH_ID.fullmatch, values["P2671"]), None),
        sitelink_count=sitelinks,
    )


def category_of(item: str, rows: Iterable[Mapping[str, str]]) -> str | None:
    """Return the category on Commons (P373) that the facts give an item, if they do."""
    stated = (row for row in rows if row["sight"] == item and row["property"].endswith("/P373"))
    return next((row["value"] for row in stated), None)


def _checked(row: Row) -> Row:
    """Return a fact that is whole; its value may be one that nobody knows, which is none."""
    if re.split(r"[/#]", row["property"])[-1] == "label" and "value_language" not in row:
        msg = f"a label of {row['sight']} in no language"
        raise ValueError(msg)
    if not row["value"]:
        msg = f"an empty {row['property']} of {row['sight']}"
        raise ValueError(msg)
    return row


def _places(points: Iterable[str]) -> Iterator[Place]:
    """Yield the places on Earth; a sight may have points elsewhere, and some that are none."""
    for point in points:
        with suppress(ValueError):
            yield place_of(point)
