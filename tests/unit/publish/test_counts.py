"""Chances of counts: what SciPy says of them."""

import pytest
from scipy import stats

from sightscan.publish.counts import chance_of, chance_of_more


@pytest.mark.parametrize("share", [0.05, 0.5, 0.93])
@pytest.mark.parametrize(
    ("count", "of"), [(1, 1), (1, 20), (3, 7), (8, 200), (200, 200), (16, 3000)]
)
def test_chance_is_the_binomial_tests(count: int, of: int, share: float) -> None:
    exact = stats.binomtest(count, of, share, alternative="greater").pvalue
    assert chance_of(count, of, share) == pytest.approx(exact)


@pytest.mark.parametrize(("count", "of"), [(1, 20), (8, 200)])
def test_at_the_bound_of_clopper_and_pearson_it_is_what_luck_is_allowed(
    count: int, of: int
) -> None:
    bound = stats.binomtest(count, of).proportion_ci(confidence_level=0.9, method="exact").low
    assert chance_of(count, of, bound) == pytest.approx(0.05)


@pytest.mark.parametrize(("more", "less"), [(5, 0), (9, 2), (2, 9), (700, 640)])
def test_sign_test(more: int, less: int) -> None:
    expected = stats.binomtest(more, more + less, alternative="greater").pvalue
    assert chance_of_more(more, less) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("count", "of", "share", "chance"),
    [(0, 0, 0.5, 1), (0, 5, 0.0, 1), (1, 5, 0.0, 0), (5, 5, 1.0, 1), (1, 1, -0.1, 0)],
)
def test_what_is_certain_or_impossible(count: int, of: int, share: float, chance: int) -> None:
    assert chance_of(count, of, share) == chance
