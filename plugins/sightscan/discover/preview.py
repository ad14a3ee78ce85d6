"""Show which sights a run would keep, and why the others are left out; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.sights import find_sights
from sightscan.discover.wikidata import WikidataClient
from sightscan.settings import Settings
from sightscan.warehouse.registry.sights import key_of

LEFT_OUT_QUERY = Path(__file__).with_name("sights_left_out.rq")
MOST_LEFT_OUT = 30


def preview_sights(
    connection: psycopg.Connection[Any], client: WikidataClient, city: City, config: Settings
) -> str:
    """Return a table of what `discover_sights` would store; Places is read, not asked.

    Raises:
        ServiceError: Wikidata does not answer.
        SettingsError: the city's file of sights is wrong.

    """
    found = find_sights(connection, client, city, config)
    lines = [f"{'rank':>4} {'sitelinks':>9} {'places':>6}  {'id':<12} name; Google ids; category"]
    lines += [_line(sight, found.places.ranks.get(key_of(sight))) for sight in found.sights]
    settled = {
        *(key_of(sight) for sight in (*found.sights, *found.behind, *found.dropped)),
        *(key_of(merge.merged) for merge in found.merges),
    }
    lines.append("\nleft out:")
    lines += [
        f"{merge.merged.wikidata_id or '-':<12} {merge.merged.name}: is {merge.survivor.name}"
        for merge in found.merges
    ]
    lines += [f"{s.wikidata_id or '-':<12} {s.name}: dropped by the file" for s in found.dropped]
    lines += [
        f"{s.wikidata_id or '-':<12} {s.name}: beyond MAX_SIGHTS_PER_CITY={config.max_sights_per_city}"
        for s in found.behind[:MOST_LEFT_OUT]
    ]
    lines += _excluded(client, city, settled)
    lines += [f"{name}: named in the file of sights, found nowhere" for name in found.unknown]
    return "\n".join(lines) + "\n"


def _line(sight: Sight, places_rank: int | None) -> str:
    ids = " ".join(filter(None, (sight.freebase_id, sight.knowledge_graph_id))) or "-"
    names = dict.fromkeys((sight.name, *sight.names.values()))
    return (
        f"{sight.rank:>4} {sight.sitelink_count:>9} {places_rank or '-':>6}  "
        f"{sight.wikidata_id or '-':<12} {' / '.join(names)}; {ids}; {sight.commons_category or '-'}"
    )


def _excluded(client: WikidataClient, city: City, settled: set[str]) -> Iterator[str]:
    """Yield the best known items around that the query for sights leaves out, with the reason."""
    rows = client.query(
        LEFT_OUT_QUERY,
        longitude=f"{city.place.longitude:.6f}",
        latitude=f"{city.place.latitude:.6f}",
        radius_km=f"{city.radius_meters / 1000:.3f}",
        limit=str(MOST_LEFT_OUT + len(settled)),
    )
    for row in rows:
        if row["sight"] not in settled and row["sight"] != city.city_id:
            name = row.get("name", "?")
            yield f"{row['sight']:<12} {name} ({row['sitelinks']} sitelinks): {_reason(row)}"


def _reason(row: Mapping[str, str]) -> str:
    if "end" in row:
        return f"gone since {row['end'][:10]}"
    if row.get("has_category") != "true":
        return "no Commons category, so no photos"
    return f"no sight to photograph, but: {row.get('kinds') or 'unknown'}"
