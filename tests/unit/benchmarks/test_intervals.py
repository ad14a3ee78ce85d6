"""Intervals of shares that were counted."""

import pytest

from benchmarks.intervals import wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 200, 0.0, 0.0188), (40, 800, 0.0369, 0.0674), (20, 22, 0.7219, 0.9747), (5, 5, 0.5655, 1)],
)
def test_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == (pytest.approx(low, abs=0.0002), pytest.approx(high, abs=0.0002))


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0, 1)
