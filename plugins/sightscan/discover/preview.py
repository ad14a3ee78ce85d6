"""Show which sights a run would keep, and why the others are left out; no sight is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.candidates import Candidate, list_left_out
from sightscan.discover.facts import read_facts, read_sights
from sightscan.discover.kinds import NO_SIGHT
from sightscan.discover.sights import find_sights
from sightscan.discover.wikidata import WikidataClient
from sightscan.settings import Settings
from sightscan.warehouse.registry.sights import key_of

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
    gone = list_left_out(client, city, MAX_SIGHTS_LEFT_OUT + len(decided))
    no_sights = sorted(
        (
            each
            for each in (*found.no_sights, *gone)
            if each.item_id not in {*decided, city.city_id}
        ),
        key=lambda each: -each.sitelink_count,
    )[:MAX_SIGHTS_LEFT_OUT]
    beyond = f"beyond MAX_SIGHTS_PER_CITY={config.max_sights_per_city}"
    left_out = (
        *(_left_out(merge.merged, f"is {merge.survivor.name}") for merge in found.merges),
        *(_left_out(sight, "dropped by the file") for sight in found.dropped),
        *(_left_out(sight, beyond) for sight in found.behind[:MAX_SIGHTS_LEFT_OUT]),
        *_explained(client, no_sights, config.sight_languages.split(",")),
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


def _explained(
    client: WikidataClient, no_sights: Sequence[Candidate], languages: Sequence[str]
) -> Iterator[LeftOutSight]:
    """Yield items that are no sights with their names, and their classes where these decided."""
    items = dict.fromkeys(item for each in no_sights for item in (each.item_id, *each.class_ids))
    facts = read_facts(client, tuple(items), languages)
    names = {
        sight.wikidata_id: sight.name
        for sight in read_sights("", [(item, 0) for item in items], facts, languages)
    }
    for each in no_sights:
        reason = each.reason
        if reason == NO_SIGHT:
            kinds = ", ".join(names[class_id] for class_id in each.class_ids)
            reason = f"{NO_SIGHT}, but: {kinds or 'unknown'}"
        yield LeftOutSight(
            each.item_id, names[each.item_id], f"{reason} ({each.sitelink_count} sitelinks)"
        )
