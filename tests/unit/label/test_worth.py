"""The order in which a cap is spent: what comes first, and why; how likely a call brings a label."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.label.worth import CallWorth, HitRates, Stratum, Tier

# Ten labels are missing, forty photos bring twenty: twenty calls.
BEGUN = CallWorth(
    sight_id=1,
    rank=1,
    labels=20,
    labels_to_come=20,
    hit_rate=0.5,
    minimum=30,
    calls_left=100,
)
FINISHED = replace(BEGUN, labels=30)
HOPELESS = replace(BEGUN, labels_to_come=9.5)
COMMONS, SEARCH = Stratum("commons", "medium"), Stratum("search", "medium")


def in_order(*worths: CallWorth) -> list[CallWorth]:
    return sorted(worths, key=lambda worth: worth.order, reverse=True)


@pytest.mark.parametrize(
    ("worth", "tier"),
    [
        (BEGUN, Tier.REACHES_MINIMUM),
        (replace(BEGUN, labels_to_come=10), Tier.REACHES_MINIMUM),
        (replace(BEGUN, labels_to_come=9.9), Tier.OUT_OF_REACH),
        (replace(BEGUN, calls_left=20), Tier.REACHES_MINIMUM),
        (replace(BEGUN, calls_left=19), Tier.OUT_OF_REACH),
        (replace(BEGUN, labels=29.9), Tier.REACHES_MINIMUM),
        (replace(BEGUN, labels=30, labels_to_come=0.1, calls_left=1), Tier.HAS_MINIMUM),
    ],
)
def test_tier_says_what_the_calls_lead_to(worth: CallWorth, tier: Tier) -> None:
    assert worth.tier is tier


def test_one_more_class_comes_before_more_views_and_these_before_luck() -> None:
    assert in_order(HOPELESS, FINISHED, BEGUN) == [BEGUN, FINISHED, HOPELESS]


def test_cheapest_class_is_finished_first() -> None:
    assert BEGUN.calls_to_minimum == 20
    nearer = replace(BEGUN, labels=25, hit_rate=0.2)
    likelier = replace(BEGUN, labels=15, hit_rate=0.9)
    assert in_order(nearer, BEGUN, likelier) == [likelier, BEGUN, nearer]


@pytest.mark.parametrize(
    ("labels", "worth"), [(30, 0.6), (59, 0.6), (60, 0.3), (89, 0.3), (90, 0.2)]
)
def test_second_thirty_views_count_half_and_the_third_a_third(labels: int, worth: float) -> None:
    more_views = replace(FINISHED, labels=labels, hit_rate=0.6)
    assert more_views.within_tier == pytest.approx(worth)


def test_of_sights_out_of_reach_the_nearest_comes_first() -> None:
    nearer = replace(HOPELESS, labels=2, labels_to_come=12, calls_left=5)
    farther = replace(HOPELESS, labels=8, labels_to_come=5, hit_rate=0.9)
    assert in_order(farther, nearer) == [nearer, farther]


def test_as_near_ones_take_turns() -> None:
    asked_more = replace(HOPELESS, labels=3.0, labels_to_come=5.9)
    asked_less = replace(HOPELESS, labels=2.0, labels_to_come=6.0, rank=9)
    assert in_order(asked_more, asked_less) == [asked_less, asked_more]


def test_better_known_sight_comes_first_among_equals() -> None:
    others = [replace(BEGUN, rank=2), replace(BEGUN, rank=2, sight_id=9)]
    assert in_order(*reversed(others), BEGUN) == [BEGUN, *others]


def rates_after(*answers: tuple[int, Stratum, int, int]) -> HitRates:
    """Return the rates after (sight, stratum, hits, misses)."""
    rates = HitRates()
    for sight_id, stratum, hits, misses in answers:
        for number in range(hits + misses):
            rates.note(sight_id, stratum, is_hit=number < hits)
    return rates


def test_every_second_call_is_believed_to_hit_before_any_answer() -> None:
    assert HitRates().rate(1, COMMONS) == 0.5


def test_many_answers_outweigh_the_first_belief() -> None:
    assert rates_after((1, COMMONS, 90, 10)).rate(1, COMMONS) == pytest.approx(0.9, abs=0.02)


def test_a_source_is_known_by_other_sights() -> None:
    rates = rates_after((1, COMMONS, 40, 10), (1, SEARCH, 10, 40))
    assert rates.rate(2, COMMONS) - rates.rate(2, SEARCH) > 0.2


def test_a_sight_is_known_by_its_other_sources() -> None:
    rates = rates_after((1, COMMONS, 5, 45), (2, COMMONS, 45, 5))
    assert rates.rate(1, SEARCH) < 0.2 < rates.rate(2, SEARCH)


def test_one_unknown_sight_does_not_make_a_source_a_bad_one() -> None:
    rates = rates_after((1, COMMONS, 0, 500))
    assert 5 * rates.rate(1, COMMONS) < rates.rate(2, COMMONS)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from([COMMONS, SEARCH]),
            st.integers(0, 30),
            st.integers(0, 30),
        ),
        max_size=8,
    )
)
def test_no_photo_is_ever_hopeless_or_certain(answers: list[tuple[int, Stratum, int, int]]) -> None:
    rates = rates_after(*answers)
    assert all(0.01 <= rates.rate(each, COMMONS) <= 0.99 for each in (1, 2, 3, 4))


def test_many_answers_of_one_kind_go_as_far_as_the_bounds() -> None:
    assert rates_after((1, COMMONS, 0, 10_000)).rate(1, COMMONS) == 0.01
    assert rates_after(*((sight, COMMONS, 999, 0) for sight in range(99))).rate(1, COMMONS) == 0.99
