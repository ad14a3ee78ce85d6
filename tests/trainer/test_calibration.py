"""Confidence: what is learnt from few photos, and for photos of which half show no sight."""

import numpy as np
import pytest
from val_names import Row, names

from trainer.calibration import (
    Names,
    calibration_error,
    error_by_chance,
    fit_calibration,
    weigh,
)
from trainer.thresholds import choose_thresholds


def many(count: int, power: float, seed: int = 1) -> Names:
    """Return names of which one with a score is right with that score to a power."""
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0.06, 0.98, count)
    right = chance.uniform(size=count) < scores**power
    photos = np.arange(count) // 2
    return Names(
        photos,
        np.arange(count) % 2,
        scores,
        right,
        np.array([right[::2].sum(), right[1::2].sum()]),
        (count + 1) // 2,
        np.array([], dtype=np.intp),
    )


@pytest.mark.parametrize("power", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("count", [30, 100, 2000])
def test_confidence_is_nearer_the_truth_than_the_score_or_as_near(power: float, count: int) -> None:
    fitted = fit_calibration(many(count, power))
    other = many(4000, power, seed=2)
    before = calibration_error(other.scores, other.right)
    after = calibration_error(fitted.to_confidence(other.scores), other.right)
    assert before is not None
    assert after is not None
    assert after < max(0.5 * before, {30: 0.12, 100: 0.08, 2000: 0.03}[count])


@pytest.mark.parametrize(
    "case",
    {
        "nothing named": names([]),
        "one name": names([(0, 0, 0.7, True)]),
        "all right": names([(n, n % 2, 0.5 + n / 100, True) for n in range(40)]),
        "all wrong": names([(n, n % 2, 0.5 + n / 100, False) for n in range(40)]),
        "one photo": names([(0, n % 2, n / 40, n > 20) for n in range(40)]),
        "a clean cut": names([(n, n % 2, n / 40, n > 20) for n in range(40)]),
        "upside down": names([(n, n % 2, n / 40, n < 20) for n in range(40)]),
        "one score": names([(n, n % 2, 0.5, n % 2 == 0) for n in range(40)]),
        "sure as can be": names([(n, 0, 1.0, True) for n in range(40)]),
        "many": many(500, 2.0),
    }.items(),
    ids=lambda case: case[0],
)
def test_table_is_one_that_readers_take(case: tuple[str, Names]) -> None:
    fitted = fit_calibration(case[1])
    scores, confidences = np.array(fitted.table).T
    assert 2 <= len(scores) <= 64
    assert (np.diff(scores) > 0).all()
    assert (np.diff(confidences) >= 0).all()
    assert ((scores >= 0) & (scores <= 1) & (confidences >= 0) & (confidences <= 1)).all()
    thresholds = choose_thresholds(case[1], fitted).confidences
    assert all(0 < each <= confidences[-1] for each in thresholds)


def test_too_few_names_leave_the_score_as_it_is() -> None:
    fitted = fit_calibration(names([(n, 0, 0.9, True) for n in range(9)]))
    assert (fitted.table, fitted.kind) == (((0, 0), (1, 1)), "identity")
    assert (fitted.error, fitted.error_by_chance) == (None, None)


def test_names_that_are_all_right_are_sure_but_not_certain() -> None:
    fitted = fit_calibration(names([(n, 0, 0.6 + n / 200, True) for n in range(40)]))
    assert 0.8 < float(fitted.to_confidence(np.array([0.7]))[0]) < 0.999


def test_steps_need_many_names() -> None:
    assert fit_calibration(many(100, 3.0)).kind == "platt"
    # Right from 0.5 on, and from there on always by nine in ten: no smooth curve is like that.
    chance = np.random.default_rng(3)
    rows = [
        (n, 0, float(score), bool(score > 0.5 and chance.uniform() < 0.7))
        for n, score in enumerate(chance.uniform(0.06, 0.98, 1000))
    ]
    assert fit_calibration(names(rows)).kind == "isotonic"


def test_calibration_error_is_the_weighted_distance_of_the_bins() -> None:
    # 0.9 said of two, one right: off by 0.4. 0.25 said of two, none right: off by 0.25.
    confidences, right = np.array([0.9, 0.9, 0.25, 0.25]), np.array([True, False, False, False])
    assert calibration_error(confidences, right) == pytest.approx((0.4 + 0.25) / 2)
    assert calibration_error(np.array([]), np.array([], dtype=bool)) is None
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


def mixed(own: int, strange: int, seed: int = 1) -> Names:
    """Return a name a photo: with a sight, right with the root of its score; without one, wrong."""
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0.06, 0.98, own + strange)
    rows: list[Row] = [
        (n, 0, float(score), bool(n < own and chance.uniform() < score**0.5))
        for n, score in enumerate(scores)
    ]
    return names(rows, boxes=(own,), backgrounds=tuple(range(own, own + strange)))


def test_confidence_supposes_that_every_other_photo_shows_no_sight() -> None:
    scores = np.linspace(0.1, 0.9, 9)
    true = scores**0.5 / 2
    for own, strange in ((1000, 1000), (2000, 600), (600, 2000)):
        told = fit_calibration(mixed(own, strange)).to_confidence(scores)
        assert np.abs(told - true).max() < 0.07, (own, strange)


def test_without_backgrounds_each_name_counts_the_same() -> None:
    assert weigh(many(30, 1.0)).tolist() == [1.0] * 30


def test_a_few_backgrounds_do_not_speak_for_many_photos() -> None:
    assert sorted({*weigh(mixed(100, 50)).tolist()}) == [1.0, 2.0]
    assert sorted({*weigh(mixed(100, 2)).tolist()}) == [1.0, 4.0]
    assert sorted({*weigh(mixed(10, 40)).tolist()}) == [0.25, 1.0]


def test_calibration_error_counts_what_names_count() -> None:
    # 0.9 said of two, of which the one that is right counts three times: off by 0.6 of 4.
    confidences, right = np.array([0.9, 0.9]), np.array([True, False])
    error = calibration_error(confidences, right, np.array([3.0, 1.0]))
    assert error == pytest.approx(0.6 / 4)


@pytest.mark.parametrize(("count", "expected"), [(20, 0.18), (200, 0.08)])
def test_true_confidences_of_few_names_seem_wrong_by_chance(count: int, expected: float) -> None:
    chance = np.random.default_rng(5)
    confidences = chance.uniform(0, 1, count)
    weights = chance.uniform(0.2, 1, count)
    seen = [
        calibration_error(confidences, chance.uniform(size=count) < confidences, weights)
        for _ in range(400)
    ]
    by_chance = error_by_chance(confidences, weights)
    assert by_chance == pytest.approx(np.mean([one for one in seen if one is not None]), rel=0.15)
    assert by_chance == pytest.approx(expected, rel=0.25)
    assert error_by_chance(np.array([])) is None


def test_error_is_told_beside_what_chance_makes_of_it() -> None:
    few, more = (fit_calibration(many(count, 0.25)) for count in (30, 2000))
    assert few.error is not None
    assert few.error_by_chance is not None
    assert more.error_by_chance is not None
    assert few.error_by_chance > 3 * more.error_by_chance
    assert few.error < 3 * few.error_by_chance
