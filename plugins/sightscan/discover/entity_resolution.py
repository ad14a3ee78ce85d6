"""Tell when two entries are one sight: by ids first, then by distance and names together.

A sight that is wrongly kept twice costs some photos; two that are wrongly made one cannot be told
apart again by the detector. So whatever is in doubt stays two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sightscan.city import Sight
from sightscan.names import is_same_name, normalise_name
from sightscan.warehouse.registry.sights import SightMerge

# Two entries of one building lie that near; a bridge's may lie at its two ends.
NEAR_METERS = 150


def is_same_sight(one: Sight, other: Sight) -> bool:
    """Tell whether two entries of a city are one sight.

    Equal ids say yes; after that, different ids of Google's of one kind say no. Else they must lie
    near one another, and some name of the one must say the same as some name of the other.
    An entry without coordinates is only the same as one with exactly its name.
    """
    if one.wikidata_id is not None and one.wikidata_id == other.wikidata_id:
        return True
    google = (
        (one.freebase_id, other.freebase_id),
        (one.knowledge_graph_id, other.knowledge_graph_id),
        (one.place_id, other.place_id),
    )
    known = [(left, right) for left, right in google if left is not None and right is not None]
    if known:
        return any(left == right for left, right in known)
    if one.place is None or other.place is None:
        has_two_ids = one.wikidata_id is not None and other.wikidata_id is not None
        return not has_two_ids and normalise_name(one.name) == normalise_name(other.name)
    if one.place.distance_meters(other.place) > NEAR_METERS:
        return False
    return any_name_matches(_labels(one), _labels(other))


def any_name_matches(some: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether a name of the one side says the same as a name of the other."""
    right = [normalise_name(name) for name in others]
    return any(is_same_name(normalise_name(name), other) for name in some for other in right)


def merge_same_sights(
    sights: Sequence[Sight], known: Sequence[Sight] = ()
) -> tuple[tuple[Sight, ...], tuple[SightMerge, ...]]:
    """Return each sight once, in the order given, and what was merged into what.

    `known` are the sights that the warehouse has already: of two that are one, the one that is
    active there stays; else the first. What the other knows and it does not, it takes over.
    """
    active = {sight.wikidata_id for sight in known if sight.state == "active"}
    kept: list[Sight] = []
    merges: list[SightMerge] = []
    for sight in sights:
        number = next((n for n, other in enumerate(kept) if is_same_sight(sight, other)), None)
        if number is None:
            kept.append(sight)
            continue
        first = kept[number]
        if sight.wikidata_id in active and first.wikidata_id not in active:
            first, sight = sight, first  # noqa: PLW2901 - the roles change, not the loop
            merges = [
                SightMerge(first, each.merged) if each.survivor == kept[number] else each
                for each in merges
            ]
        kept[number] = joined(first, sight)
        merges = [
            SightMerge(kept[number], each.merged) if each.survivor == first else each
            for each in merges
        ]
        merges.append(SightMerge(kept[number], sight))
    return tuple(kept), tuple(merges)


def joined(first: Sight, second: Sight) -> Sight:
    """Return `first` with what only `second` knows; its names become aliases."""
    names = {second.name, *second.names.values(), *second.aliases}
    return replace(
        first,
        names={**second.names, **first.names},
        aliases=tuple(sorted({*first.aliases, *names} - {first.name})),
        place=first.place or second.place,
        commons_category=first.commons_category or second.commons_category,
        freebase_id=first.freebase_id or second.freebase_id,
        knowledge_graph_id=first.knowledge_graph_id or second.knowledge_graph_id,
        place_id=first.place_id or second.place_id,
        sitelink_count=max(first.sitelink_count, second.sitelink_count),
    )


def _labels(sight: Sight) -> tuple[str, ...]:
    # Aliases are left out: "Town Hall" is one of the old as of the new town hall.
    return tuple(dict.fromkeys((sight.name, *sight.names.values())))
