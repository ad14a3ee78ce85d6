"""Noise: bounds hold as often as they say, however few the photos."""

import numpy as np
import pytest
from scipy import stats

from sightscan.publish.noise import Drawn, draw_photos, student_quantile

ROUNDS = 2000


@pytest.mark.parametrize("kind", ["normal", "lopsided", "few"])
@pytest.mark.parametrize("count", [5, 10, 15, 30])
def test_luck_passes_at_most_one_time_in_twenty(count: int, kind: str) -> None:
    chance = np.random.default_rng(count)
    differences = {
        "normal": chance.normal(0, 1, (ROUNDS, count)),
        # One model is better on many photos by little, the other on few by much.
        "lopsided": chance.exponential(1, (ROUNDS, count))
        * chance.choice([-1, 1], (ROUNDS, count)),
        # Most photos are found by both.
        "few": chance.choice([-1, 0, 0, 0, 1], (ROUNDS, count)),
    }[kind]
    weights = draw_photos(count) / count
    passed = [
        Drawn(float(one.mean()), one @ weights, count).lower_bound(0.05) > 0 for one in differences
    ]
    # 5 %, and what 2,000 rounds may be off.
    assert np.mean(passed) <= 0.06


def test_bound_is_near_the_figure_when_there_are_many_photos() -> None:
    values = np.random.default_rng(1).normal(0.2, 1, 1000)
    drawn = Drawn(float(values.mean()), values @ draw_photos(1000) / 1000, 1000)
    assert drawn.lower_bound(0.05) == pytest.approx(values.mean() - 1.645 / 1000**0.5, abs=0.01)


@pytest.mark.parametrize("count", [0, 1])
def test_one_photo_bounds_nothing(count: int) -> None:
    assert Drawn(1.0, np.ones(1000), count).lower_bound(0.05) == -np.inf


def test_draws_that_say_nothing_do_not_count() -> None:
    drawn = Drawn(0.5, np.array([np.nan, 0.4, 0.6, np.nan]), 10)
    assert drawn.share_below(0.5) == 0.5
    assert Drawn(0.5, np.full(4, np.nan), 10).share_below(0.5) == 0


@pytest.mark.parametrize("level", [0.05, 0.1])
@pytest.mark.parametrize(("freedom", "off"), [(1, 0.75), (2, 0.04), (4, 0.002), (14, 0.0001)])
def test_student_quantile_is_that_of_tables(level: float, freedom: int, off: float) -> None:
    assert student_quantile(level, freedom) == pytest.approx(stats.t.ppf(level, freedom), abs=off)
