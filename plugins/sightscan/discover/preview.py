"""Show which sights a run would keep, and why the others are left out; nothing is changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.sights import find_sights
from sightscan.discover.wikidata import WikidataClient
from sightscan.settings import Settings
from sightscan.warehouse.registry.sights import key_of

LEFT_OUT_QUERY = Path(__file__).with_name("sights_left_out.rq")
MAX_SIGHTS_LEFT_OUT = 30


@dataclass(frozen=True, slots=True)
class PreviewedSight:
    """A sight that a run would keep; `places_rank` is Google's order, None where it has none."""

    rank: int
    sitelink_count: int
    places_rank: int | None
    wikidata_id: str | None
    names: tuple[str, ...]
    google_ids: tuple[str, ...]
    commons_category: str | None


@dataclass(frozen=True, slots=True)
class LeftOutSight:
    """A sight that a run would not keep, and why."""

    wikidata_id: str | None
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SightsPreview:
    """What a run would keep, in its order, and the best known of what it would leave out."""

    kept: tuple[PreviewedSight, ...]
    left_out: tuple[LeftOutSight, ...]


def preview_sights(
    connection: psycopg.Connection[Any], client: WikidataClient, city: City, config: Settings
) -> SightsPreview:
    """Return what `discover_sights` would store; Places is read, not asked.

    Raises:
        ServiceError: Wikidata does not answer.
        SettingsError: the city's file of sights is wrong.

    """
    found = find_sights(connection, client, city, config)
    decided = {
        *(key_of(sight) for sight in (*found.sights, *found.behind, *found.dropped)),
        *(key_of(merge.merged) for merge in found.merges),
    }
    beyond = f"beyond MAX_SIGHTS_PER_CITY={config.max_sights_per_city}"
    left_out = (
        *(_left_out(merge.merged, f"is {merge.survivor.name}") for merge in found.merges),
        *(_left_out(sight, "dropped by the file") for sight in found.dropped),
        *(_left_out(sight, beyond) for sight in found.behind[:MAX_SIGHTS_LEFT_OUT]),
        *_excluded(client, city, decided),
        *(
            LeftOutSight(None, name, "named in the file of sights, found nowhere")
            for name in found.unknown
        ),
    )
    kept = (_kept(sight, found.places.ranks.get(key_of(sight))) for sight in found.sights)
    return SightsPreview(tuple(kept), left_out)


def _kept(sight: Sight, places_rank: int | None) -> PreviewedSight:
    return PreviewedSight(
        rank=sight.rank,
        sitelink_count=sight.sitelink_count,
        places_rank=places_rank,
        wikidata_id=sight.wikidata_id,
        names=tuple(dict.fromkeys((sight.name, *sight.names.values()))),
        google_ids=tuple(filter(None, (sight.freebase_id, sight.knowledge_graph_id))),
        commons_category=sight.commons_category,
    )


def _left_out(sight: Sight, reason: str) -> LeftOutSight:
    return LeftOutSight(sight.wikidata_id, sight.name, reason)


def _excluded(client: WikidataClient, city: City, decided: set[str]) -> Iterator[LeftOutSight]:
    """Yield the best known items around that the query for sights leaves out, with the reason."""
    rows = client.query(
        LEFT_OUT_QUERY,
        longitude=f"{city.place.longitude:.6f}",
        latitude=f"{city.place.latitude:.6f}",
        radius_km=f"{city.radius_meters / 1000:.3f}",
        limit=str(MAX_SIGHTS_LEFT_OUT + len(decided)),
    )
    for row in rows:
        if row["sight"] not in decided and row["sight"] != city.city_id:
            reason = f"{_reason(row)} ({row['sitelinks']} sitelinks)"
            yield LeftOutSight(row["sight"], row.get("name", "?"), reason)


def _reason(row: Mapping[str, str]) -> str:
    if "end" in row:
        return f"gone since {row['end'][:10]}"
    if row.get("has_category") != "true":
        return "no Commons category, so no photos"
    return f"no sight to photograph, but: {row.get('kinds') or 'unknown'}"
