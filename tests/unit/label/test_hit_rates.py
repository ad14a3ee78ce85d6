"""How likely a call brings a label, from the answers so far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.label.hit_rates import HitRates, Stratum

COMMONS, SEARCH = Stratum("commons", "medium"), Stratum("search", "medium")


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
