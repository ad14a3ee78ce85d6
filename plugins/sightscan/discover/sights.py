"""Find the sights of a city and keep the best known of them.

Wikidata says which there are, Google Places (with a key) helps to rank them, the operator's file of
sights overrules both; the order is explained in `ranking`.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.discover.candidates import Candidate, list_candidates
from sightscan.discover.cards import store_cards
from sightscan.discover.entity_resolution import joined, merge_same_sights
from sightscan.discover.facts import category_of, read_facts, read_sight_facts, read_sights
from sightscan.discover.places import PlacesBuyer, PlacesRanking, rank_by_places
from sightscan.discover.ranking import overrule_order, rank_sights
from sightscan.discover.sights_file import SightsFile, find_sight, read_sights_file
from sightscan.discover.wikidata import WikidataClient
from sightscan.errors import ServiceError
from sightscan.settings import Settings
from sightscan.spend.street_photos import BACKGROUND_SOURCE, street_photo_limit
from sightscan.warehouse.models.datasets import count_far_photos
from sightscan.warehouse.registry.backgrounds import ensure_elsewhere, ensure_streets
from sightscan.warehouse.registry.sights import (
    SightMerge,
    key_of,
    known_sights,
    replace_sights,
)

# More are asked for than are kept: some turn out to be one, and Places may prefer later ones.
SPARE_CANDIDATES = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundSights:
    """What there is, before it is stored: the sights to keep in their order, and the rest.

    `unknown` is what the file of sights names and nobody has found, `no_sights` what is around and
    none, `city_category` the city's own category on Commons.
    """

    found: int
    sights: tuple[Sight, ...]
    behind: tuple[Sight, ...]
    merges: tuple[SightMerge, ...]
    dropped: tuple[Sight, ...]
    unknown: tuple[str, ...]
    no_sights: tuple[Candidate, ...]
    places: PlacesRanking
    city_category: str | None


@dataclass(frozen=True, slots=True)
class DiscoverReport:
    """What a call of `discover_sights` did: candidates, those kept, their ids by rank; names."""

    found: int
    kept: int
    sight_ids: tuple[int, ...]
    merged: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unknown_in_file: tuple[str, ...] = ()
    places_calls: int = 0
    places_problem: str = ""
    places_left_out: int = 0
    background_ids: tuple[int, ...] = ()


def discover_sights(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    city: City,
    config: Settings,
    *,
    buyer: PlacesBuyer | None = None,
) -> DiscoverReport:
    """Store the best known sights of a city; the same sight keeps its id from run to run.

    Raises:
        ServiceError: Wikidata does not answer, or nobody knows a sight there.
        SettingsError: the city's file of sights is wrong.

    """
    found = find_sights(connection, client, city, config, buyer=buyer)
    if not found.sights:
        msg = (
            f"Wikidata knows no sight with photos within {city.radius_meters / 1000:g} km of "
            f"{city.name} ({city.city_id}); check the city's coordinates and radius"
        )
        raise ServiceError(msg)
    stored = replace_sights(
        connection, city.city_id, found.sights, merges=found.merges, dropped=found.dropped
    )
    ids = tuple(sight.sight_id for sight in stored.sights if sight.sight_id is not None)
    card_count = store_cards(connection, client, city, stored.sights, config)
    logger.info(
        "discover city=%s found=%d kept=%d cards=%d merged=%s retired=%s dropped=%s places_calls=%d",
        city.slug,
        found.found,
        len(ids),
        card_count,
        list(stored.merged),
        list(stored.retired),
        list(stored.dropped),
        found.places.calls,
    )
    if found.unknown:
        logger.warning("the file of sights of %s names unknown %s", city.slug, list(found.unknown))
    return DiscoverReport(
        found=found.found,
        kept=len(ids),
        sight_ids=ids,
        merged=stored.merged,
        retired=stored.retired,
        dropped=stored.dropped,
        unknown_in_file=found.unknown,
        places_calls=found.places.calls,
        places_problem=found.places.problem,
        places_left_out=found.places.left_out,
        background_ids=_crawled_backgrounds(connection, config, city, found.city_category),
    )


def find_sights(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    city: City,
    config: Settings,
    *,
    buyer: PlacesBuyer | None = None,
) -> FoundSights:
    """Return what `discover_sights` would store; without a buyer, nothing is paid for.

    What Wikidata says of classes is remembered.

    Raises:
        ServiceError: Wikidata does not answer.
        SettingsError: the city's file of sights is wrong.

    """
    file = read_sights_file(config.sights_folder, city.slug, city.city_id)
    pool = _gather(connection, client, city, config, file)
    folded, merges = merge_same_sights(pool.everything, pool.stored)
    folded, file_merges = _merge_as_told(folded, file)
    dropped = _named_by(file.drop, folded, pool.stored)
    eligible = _without(folded, _keys(dropped) | (_keys(pool.name_only) - _keys(pool.added)))
    places = rank_by_places(connection, buyer, config, city, eligible)
    ranked = rank_sights(_with_place_ids(eligible, places), places.ranks)
    kept = overrule_order(
        _without(ranked, _keys(pool.added)),
        [sight for sight in ranked if key_of(sight) in _keys(pool.added)],
        file,
        config.max_sights_per_city,
    )
    return FoundSights(
        found=pool.candidate_count,
        sights=_named_apart(_renamed(_marked(kept, file), file)),
        behind=tuple(_without(ranked, _keys(kept))),
        merges=(*merges, *file_merges),
        dropped=dropped,
        unknown=_unknown_references(file, pool),
        no_sights=pool.no_sights,
        places=places,
        city_category=pool.city_category,
    )


@dataclass(frozen=True, slots=True)
class _Pool:
    """What the sights are chosen from: the operator's own, Wikidata's, and those in the warehouse."""

    added: tuple[Sight, ...]
    found: tuple[Sight, ...]
    stored: tuple[Sight, ...]
    candidate_count: int
    no_sights: tuple[Candidate, ...]
    city_category: str | None

    @property
    def name_only(self) -> tuple[Sight, ...]:
        """Return those in use that Wikidata does not know: kept only as long as the file adds them."""
        return tuple(
            sight for sight in self.stored if sight.wikidata_id is None and sight.state == "active"
        )

    @property
    def everything(self) -> tuple[Sight, ...]:
        """Return each once; added ones first: of two that are one, the operator's stays."""
        return _unique([*self.added, *self.found, *self.name_only])


def _crawled_backgrounds(
    connection: psycopg.Connection[Any], config: Settings, city: City, category: str | None
) -> tuple[int, ...]:
    """Return what is crawled for backgrounds: nothing where other cities have enough (decision 38)."""
    crawled = []
    enough = count_far_photos(connection, city) >= config.max_background_photos
    if not enough and BACKGROUND_SOURCE in config.photo_source_names:
        crawled.append(ensure_elsewhere(connection, city.city_id))
    if street_photo_limit(connection, config, city):
        crawled.append(ensure_streets(connection, city.city_id, category))
    return tuple(crawled)


def _gather(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    city: City,
    config: Settings,
    file: SightsFile,
) -> _Pool:
    languages = tuple(config.sight_languages.split(","))
    around = list_candidates(connection, client, city)
    wanted_count = 2 * config.max_sights_per_city + SPARE_CANDIDATES
    candidates = [(each.item_id, each.sitelink_count) for each in around if each.reason is None][
        :wanted_count
    ]
    added_ids = [sight.wikidata_id for sight in file.add if sight.wikidata_id is not None]
    # With the city's own item, whose category on Commons names those of its streets.
    items = list(dict.fromkeys([*(item for item, _ in candidates), *added_ids, city.city_id]))
    facts = read_facts(client, items, languages)
    return _Pool(
        added=tuple(_added(sight, facts, languages) for sight in file.add),
        found=read_sights(city.city_id, candidates, facts, languages),
        stored=known_sights(connection, city.city_id),
        candidate_count=len(candidates),
        no_sights=tuple(each for each in around if each.reason is not None),
        city_category=category_of(city.city_id, facts),
    )


def _added(sight: Sight, facts: Iterable[Mapping[str, str]], languages: Sequence[str]) -> Sight:
    """Return an added sight with what Wikidata knows of it beside what the file says."""
    if sight.wikidata_id is None:
        return sight
    rows = [row for row in facts if row["sight"] == sight.wikidata_id]
    known = read_sight_facts(sight.city_id, sight.wikidata_id, 0, rows, languages)
    return joined(replace(sight, name=sight.name or known.name), known)


def _merge_as_told(
    sights: Sequence[Sight], file: SightsFile
) -> tuple[tuple[Sight, ...], tuple[SightMerge, ...]]:
    kept, merges = list(sights), []
    for first, second in file.merge:
        survivor, merged = find_sight(first, kept), find_sight(second, kept)
        if survivor is None or merged is None or survivor is merged:
            continue
        one = joined(survivor, merged)
        kept = [one if sight is survivor else sight for sight in kept if sight is not merged]
        merges.append(SightMerge(one, merged))
    return tuple(kept), tuple(merges)


def _named_by(references: Iterable[str], *lists: Sequence[Sight]) -> tuple[Sight, ...]:
    """Return the sight that each reference means, from the first of the lists that has it."""
    found = (
        next(filter(None, (find_sight(reference, sights) for sights in lists)), None)
        for reference in references
    )
    return tuple(sight for sight in found if sight is not None)


def _with_place_ids(sights: Iterable[Sight], places: PlacesRanking) -> list[Sight]:
    return [
        replace(sight, place_id=sight.place_id or places.place_ids.get(key_of(sight)))
        for sight in sights
    ]


def _unknown_references(file: SightsFile, pool: _Pool) -> tuple[str, ...]:
    """Return what the file names and nobody has found."""
    pairs = (reference for pair in file.merge for reference in pair)
    references = dict.fromkeys([*file.drop, *file.rename, *file.rank, *pairs, *file.asymmetric])
    return tuple(each for each in references if not _named_by([each], pool.everything, pool.stored))


def _keys(sights: Iterable[Sight]) -> set[str]:
    return {key_of(sight) for sight in sights}


def _without(sights: Iterable[Sight], keys: Collection[str]) -> list[Sight]:
    return [sight for sight in sights if key_of(sight) not in keys]


def _unique(sights: Iterable[Sight]) -> tuple[Sight, ...]:
    """Return each sight once; the first entry goes first, with the sitelinks of the others."""
    first: dict[str, Sight] = {}
    for sight in sights:
        first_seen = first.setdefault(key_of(sight), sight)
        if sight.sitelink_count > first_seen.sitelink_count:
            first[key_of(sight)] = replace(first_seen, sitelink_count=sight.sitelink_count)
    return tuple(first.values())


def _renamed(sights: Sequence[Sight], file: SightsFile) -> list[Sight]:
    new_names = {
        key_of(sight): name
        for reference, name in file.rename.items()
        if (sight := find_sight(reference, sights)) is not None
    }
    return [
        replace(sight, name=name, aliases=tuple(sorted({*sight.aliases, sight.name} - {name})))
        if (name := new_names.get(key_of(sight))) is not None
        else sight
        for sight in sights
    ]


def _marked(sights: Sequence[Sight], file: SightsFile) -> list[Sight]:
    """Return sights, those asymmetric that the file says are."""
    keys = _keys(_named_by(file.asymmetric, sights))
    return [replace(sight, is_asymmetric=key_of(sight) in keys) for sight in sights]


def _named_apart(sights: Sequence[Sight]) -> tuple[Sight, ...]:
    """A name is also a class of the detector: two sights of one name must not become one class."""
    count = Counter(sight.name for sight in sights)
    return tuple(
        replace(sight, name=f"{sight.name} ({sight.wikidata_id})")
        if count[sight.name] > 1 and sight.wikidata_id is not None
        else sight
        for sight in sights
    )
