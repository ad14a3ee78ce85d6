"""Confidence and thresholds: what is learnt from few photos, and from none."""

import numpy as np
import pytest

from trainer.calibration import (
    Names,
    calibration_error,
    choose_thresholds,
    fit_calibration,
    silent_score,
    upper_bound,
)

Row = tuple[int, int, float, bool]


def names(
    rows: list[Row], boxes: tuple[int, ...] = (5, 5), backgrounds: tuple[int, ...] = ()
) -> Names:
    """Return names from (photo, class, score, whether it is right)."""
    photos, classes, scores, right = (
        np.array([row[column] for row in rows], dtype=kind)
        for column, kind in enumerate((np.intp, np.intp, np.float64, np.bool_))
    )
    return Names(
        photos, classes, scores, right, np.array(boxes), np.array(backgrounds, dtype=np.intp)
    )


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
    assert (fitted.table, fitted.kind, fitted.error) == (((0, 0), (1, 1)), "identity", None)


def test_names_that_are_all_right_are_sure_but_not_certain() -> None:
    fitted = fit_calibration(names([(n, 0, 0.6 + n / 200, True) for n in range(40)]))
    assert 0.8 < float(fitted.to_confidence(np.array([0.7]))[0]) < 0.999


def test_steps_need_many_names() -> None:
    assert fit_calibration(many(100, 3.0)).kind in {"temperature", "platt"}
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


def certain(backgrounds: list[float], right: float = 0.9, wrong: float = 0.2) -> Names:
    """Return ten right names and ten wrong ones on photos with sights, and one on each background."""
    rows: list[Row] = [(n, n % 2, right, True) for n in range(10)]
    rows += [(n, n % 2, wrong, False) for n in range(10)]
    rows += [(10 + n, n % 2, score, False) for n, score in enumerate(backgrounds)]
    return names(rows, backgrounds=tuple(range(10, 10 + len(backgrounds))))


def least_score(given: Names) -> list[float]:
    """Return the scores from which on the classes are named, by the table of the fit."""
    fitted = fit_calibration(given)
    scores = np.linspace(0, 1, 10_001)
    confidences = fitted.to_confidence(scores)
    chosen = choose_thresholds(given, fitted).confidences
    return [float(scores[np.argmax(confidences >= each)]) for each in chosen]


def test_without_backgrounds_the_floor_is_cautious_and_nothing_is_claimed() -> None:
    thresholds = choose_thresholds(certain([]), fit_calibration(certain([])))
    assert (thresholds.backgrounds, thresholds.false_alarms, thresholds.bound) == (0, None, None)
    assert least_score(certain([])) == pytest.approx([0.6, 0.6], abs=0.01)


def test_few_silent_backgrounds_do_not_lower_the_floor() -> None:
    assert least_score(certain([0.01] * 19)) == pytest.approx([0.6, 0.6], abs=0.01)


def test_silent_backgrounds_leave_each_class_its_best_f1() -> None:
    given = certain([0.01] * 60)
    thresholds = choose_thresholds(given, fit_calibration(given))
    assert thresholds.false_alarms == 0
    assert thresholds.bound == pytest.approx(0.0487, abs=0.0001)
    assert all(0.2 < each < 0.6 for each in least_score(given))


def test_silent_score_is_reached_by_one_in_fifty_further_backgrounds() -> None:
    # Of 149 and a further photo, three may be above: two of these, as likely as not the further one.
    assert silent_score(certain([n / 200 for n in range(149)])) == 146 / 200


def test_few_backgrounds_put_the_silent_score_beyond_the_surest() -> None:
    scores = [0.5 + n / 100 for n in range(24)]
    few, more, enough = (silent_score(certain(scores * times)) for times in (1, 2, 3))
    assert few > more > enough == pytest.approx(0.73)


def test_what_few_backgrounds_leave_open_does_not_silence_a_model() -> None:
    """Guesses beyond the surest stranger end where half of the right names would go."""
    right: list[Row] = [(n, 0, 0.40 + n / 100, True) for n in range(31)]
    strange: list[Row] = [(31 + n, 0, 0.02 + n / 50, False) for n in range(24)]
    given = names(right + strange, boxes=(31, 0), backgrounds=tuple(range(31, 55)))
    # The guess alone is above 0.7, what is surest of all; a half is at 0.55.
    assert silent_score(given) == pytest.approx(0.55)
    louder = names(
        [*right, *((photo, 0, score + 0.2, False) for photo, _, score, _ in strange)],
        boxes=(31, 0),
        backgrounds=tuple(range(31, 55)),
    )
    assert silent_score(louder) == pytest.approx(0.68)


def test_background_as_sure_as_a_sight_silences_all_but_what_is_surer() -> None:
    given = certain([0.97] * 60)
    thresholds = choose_thresholds(given, fit_calibration(given))
    assert thresholds.false_alarms == 0


def test_sight_without_photos_gets_what_suits_all() -> None:
    rows: list[Row] = [(n, 0, 0.9, True) for n in range(10)]
    rows += [(n, 0, 0.2, False) for n in range(10)]
    quiet: list[Row] = [(10 + n, 0, 0.01, False) for n in range(60)]
    given = names(rows + quiet, boxes=(10, 0), backgrounds=tuple(range(10, 70)))
    first, second = choose_thresholds(given, fit_calibration(given)).confidences
    assert first == second


def test_each_sight_has_its_own_threshold() -> None:
    # The second class is often named wrongly up to 0.7.
    rows: list[Row] = [(n, n % 2, 0.95, True) for n in range(40)]
    rows += [(n, 1, 0.4 + n / 130, False) for n in range(40)]
    rows += [(n, 0, 0.35, True) for n in range(20)]
    quiet: list[Row] = [(40 + n, 0, 0.01, False) for n in range(60)]
    given = names(rows + quiet, boxes=(40, 20), backgrounds=tuple(range(40, 100)))
    first, second = choose_thresholds(given, fit_calibration(given)).confidences
    assert first < second


@pytest.mark.parametrize(
    ("alarms", "photos", "bound"), [(0, 20, 0.139), (0, 200, 0.0149), (4, 200, 0.0452), (3, 3, 1.0)]
)
def test_bound_is_clopper_and_pearsons(alarms: int, photos: int, bound: float) -> None:
    assert upper_bound(alarms, photos) == pytest.approx(bound, abs=0.0005)
