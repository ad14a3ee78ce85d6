"""Thresholds: what is learnt from few photos without a sight, and from none."""

import numpy as np
import pytest
from val_names import Row, names

from trainer.calibration import Names, fit_calibration
from trainer.thresholds import choose_thresholds, silent_score, upper_bound


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
