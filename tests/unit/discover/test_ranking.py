"""Sights are ordered by sitelinks, helped by Places, overruled by the operator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.city import Sight
from sightscan.discover.ranking import overrule_order, rank_sights
from sightscan.discover.sights_file import SightsFile
from sightscan.errors import SettingsError


def sight(number: int, sitelinks: int = 0) -> Sight:
    return Sight(None, "Q64", f"S{number}", 1, f"Q{number}", sitelink_count=sitelinks)


def ids(sights: tuple[Sight, ...]) -> list[str | None]:
    return [each.wikidata_id for each in sights]


def test_more_sitelinks_go_first_and_the_older_item_of_equals() -> None:
    given_sights = [sight(3, 5), sight(2, 5), sight(9, 70)]
    assert ids(rank_sights(given_sights, {})) == ["Q9", "Q2", "Q3"]


def test_places_lifts_what_it_names_first() -> None:
    given_sights = [sight(1, 9), sight(2, 8), sight(3, 7), sight(4, 6)]
    assert ids(rank_sights(given_sights, {"Q4": 1, "Q3": 2})) == ["Q4", "Q3", "Q1", "Q2"]


def test_places_lifts_what_it_names_ninth_over_a_neighbour_that_it_does_not_name() -> None:
    assert ids(rank_sights([sight(1, 9), sight(2, 8)], {"Q2": 9})) == ["Q2", "Q1"]


def test_places_at_its_end_does_not_lift_over_the_first() -> None:
    given_sights = [sight(number, 100 - number) for number in range(1, 41)]
    assert ids(rank_sights(given_sights, {"Q40": 40}))[0] == "Q1"


def test_pinned_ranks_hold_and_added_ones_stay() -> None:
    ranked = [sight(number) for number in (1, 2, 3, 4)]
    order = overrule_order(ranked, [sight(9)], SightsFile(rank={"Q4": 1}), 4)
    assert ids(order) == ["Q4", "Q1", "Q2", "Q9"]
    assert [each.rank for each in order] == [1, 2, 3, 4]


def test_more_than_the_limit_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="MAX_SIGHTS_PER_CITY=1"):
        overrule_order([], [sight(1), sight(2)], SightsFile(), 1)
    with pytest.raises(SettingsError, match="up to rank 7"):
        overrule_order([sight(1)], [], SightsFile(rank={"Q1": 7}), 3)


@given(
    st.integers(0, 12),
    st.integers(0, 3),
    st.dictionaries(st.integers(1, 15).map("Q{}".format), st.integers(1, 12), max_size=5),
    st.integers(8, 12),
)
def test_order_never_repeats_a_sight_and_keeps_all_added(
    found: int, added: int, pins: dict[str, int], limit: int
) -> None:
    own = [sight(100 + number) for number in range(added)]
    ranks = {key: rank for rank, key in {rank: key for key, rank in pins.items()}.items()}
    file = SightsFile(rank={key: rank for key, rank in ranks.items() if rank <= limit})
    order = overrule_order([sight(n) for n in range(1, found + 1)], own, file, limit)
    assert len(order) == len(set(ids(order))) == min(found + added, limit)
    assert {each.wikidata_id for each in own} <= set(ids(order))
    assert [each.rank for each in order] == list(range(1, len(order) + 1))
