"""List what is well known around a city, and say of each why it is a sight of it, or why not.

In stages, because Wikidata's query service stops what asks for all at once (docs/decisions/0023):
candidates by place and fame; their classes; the roots of those classes that are not known yet; and
the decision here. So a run and a preview decide alike, and the reasons come with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.discover.classes import know_class_roots, read_kinds
from sightscan.discover.kinds import SCULPTURES, ItemKind, roots_of, why_no_sight
from sightscan.discover.rows import Row, read_rows
from sightscan.discover.wikidata import WikidataClient

CANDIDATES_QUERY = Path(__file__).with_name("candidates.rq")
LEFT_OUT_QUERY = Path(__file__).with_name("sights_left_out.rq")
# Enough for the largest city: among its 600 best known items are more than 200 sights.
MAX_ITEMS_AROUND = 600

THE_CITY = "the city itself"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item around a city; `reason` says why it is no sight of it, None: it is one."""

    item_id: str
    sitelink_count: int
    reason: str | None = None
    class_ids: tuple[str, ...] = ()


def list_candidates(
    connection: psycopg.Connection[Any], client: WikidataClient, city: City
) -> tuple[Candidate, ...]:
    """Return the best known items around a city that have photos, decided, most sitelinks first.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    sitelinks = list_items_around(client, city)
    kinds = read_kinds(client, sitelinks)
    classes = {class_id for kind in kinds.values() for class_id in kind.class_ids}
    roots = dict(know_class_roots(connection, client, classes))
    # Only of sculptures does it matter what they are kept in.
    holders = read_kinds(
        client,
        {
            holder_id
            for kind in kinds.values()
            if SCULPTURES & roots_of(kind.class_ids, roots)
            for holder_id in kind.holder_ids
        },
    )
    holder_classes = {class_id for kind in holders.values() for class_id in kind.class_ids}
    roots |= know_class_roots(connection, client, holder_classes - roots.keys())

    def decide(item_id: str, sitelink_count: int) -> Candidate:
        kind = kinds.get(item_id, ItemKind())
        if item_id == city.city_id:
            return Candidate(item_id, sitelink_count, THE_CITY)
        kept_in = [holders[each] for each in kind.holder_ids if each in holders]
        reason = why_no_sight(kind, roots, [one for each in kept_in for one in each.class_ids])
        return Candidate(item_id, sitelink_count, reason, kind.class_ids)

    return _by_fame(decide(*known) for known in sitelinks.items())


def list_items_around(client: WikidataClient, city: City) -> dict[str, int]:
    """Return the best known items around a city that have photos, undecided, and their sitelinks.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    rows = client.query(CANDIDATES_QUERY, **_area(city), limit=str(MAX_ITEMS_AROUND))
    return dict(read_rows(rows, "sight", _known_item))


def list_left_out(client: WikidataClient, city: City, limit: int) -> tuple[Candidate, ...]:
    """Return the best known items around a city that are gone or without photos on Commons.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    rows = client.query(LEFT_OUT_QUERY, **_area(city), limit=str(limit))
    # Several values give several rows: the first.
    found = {each.item_id: each for each in reversed(read_rows(rows, "sight", _missing_item))}
    return _by_fame(found.values())


def _by_fame(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda each: (-each.sitelink_count, int(each.item_id[1:]))))


def _area(city: City) -> Mapping[str, str]:
    return {
        "longitude": f"{city.place.longitude:.6f}",
        "latitude": f"{city.place.latitude:.6f}",
        "radius_km": f"{city.radius_meters / 1000:.3f}",
    }


def _known_item(row: Row) -> tuple[str, int]:
    return row["sight"], int(row["sitelinks"])


def _missing_item(row: Row) -> Candidate:
    item_id, sitelink_count = _known_item(row)
    if "end" in row:
        reason = f"gone since {row['end'][:10]}"
    elif "category" in row:
        # Asked for was what has an end or no category: its end is one that nobody knows.
        reason = "gone, nobody knows since when"
    else:
        reason = "no Commons category, so no photos"
    return Candidate(item_id, sitelink_count, reason)
