"""The order of a city's sights.

Without Places: by sitelinks, the number of Wikipedia and sister pages about the sight in all
languages, most first; of two with as many, the older Wikidata item. It needs no key, changes
slowly, and counts what people of many countries found worth a page.

With Places: the two orders are fused by reciprocal ranks (Cormack, Clarke and Büttcher, SIGIR 2009),

    score = 1 / (10 + r_wikidata) + 1 / (10 + r_places),

the second term only for sights that Places names. The paper's constant of 60 is for lists of a
thousand: in lists of some dozens it lets the 40th of both lists pass the first of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sightscan.city import Sight
from sightscan.discover.sights_file import SightsFile, find_sight
from sightscan.errors import SettingsError
from sightscan.warehouse.registry.sights import key_of

FUSION_CONSTANT = 10


def rank_sights(sights: Sequence[Sight], places_ranks: Mapping[str, int]) -> tuple[Sight, ...]:
    """Return sights in their order, given Places' ranks (from 1) by the sights' keys."""
    by_sitelinks = sorted(sights, key=lambda sight: (-sight.sitelink_count, _age(sight)))

    def score(turn: int, sight: Sight) -> float:
        places_rank = places_ranks.get(key_of(sight))
        fused = 1 / (FUSION_CONSTANT + turn)
        return fused if places_rank is None else fused + 1 / (FUSION_CONSTANT + places_rank)

    scored = [(-score(turn, sight), turn) for turn, sight in enumerate(by_sitelinks, start=1)]
    return tuple(by_sitelinks[turn - 1] for _, turn in sorted(scored))


def overrule_order(
    ranked: Sequence[Sight], added: Sequence[Sight], file: SightsFile, limit: int
) -> tuple[Sight, ...]:
    """Return at most `limit` sights, ranked from 1: pinned ones at their ranks, added ones surely.

    Raises:
        SettingsError: the file wants more sights, or a further rank, than the limit allows.

    """
    ranks = {
        key_of(sight): (rank, sight)
        for reference, rank in file.rank.items()
        if (sight := find_sight(reference, (*added, *ranked))) is not None
    }
    pinned = dict(ranks.values())
    loose = [sight for sight in added if sight not in pinned.values()]
    wanted = len(pinned) + len(loose)
    if wanted > limit or max(pinned, default=0) > limit:
        msg = (
            f"the file of sights adds or ranks {wanted} sights, up to rank "
            f"{max(pinned, default=0)}, expected at most MAX_SIGHTS_PER_CITY={limit}; raise it, or "
            "take some out of the file"
        )
        raise SettingsError(msg)
    free = [sight for sight in ranked if sight not in pinned.values() and sight not in loose]
    # Added ones without a rank come last of what is kept, so that no better known one goes for them
    # but the last.
    rest = iter([*free[: limit - wanted], *loose])
    order: list[Sight] = []
    while len(order) < limit:
        sight = pinned.pop(len(order) + 1, None) or next(rest, None)
        if sight is None:
            break
        order.append(sight)
    # Ranks beyond the last sight: right after it.
    order += [pinned[rank] for rank in sorted(pinned)]
    return tuple(replace(sight, rank=rank) for rank, sight in enumerate(order, start=1))


def _age(sight: Sight) -> int:
    """Return the number of the Wikidata item: smaller is older."""
    return int(sight.wikidata_id[1:]) if sight.wikidata_id else 0
