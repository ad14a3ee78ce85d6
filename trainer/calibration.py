"""What a score is worth, and from which confidence on a name is shown: learnt from validation photos.

A score says which of two names is surer, not how often it is right. Of the curves from one to the
other, that one wins which errs least on photos that it was not fitted to; of several about as good,
the smoothest, since validation photos are few. Then each sight gets the confidence from which on it
is named, and all of them at least that which keeps names away from photos without a sight.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import betaincinv, expit, logit

# The package is untyped.
isotonic_regression: Any = optimize.isotonic_regression  # type: ignore[attr-defined]
minimize: Any = optimize.minimize

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
# Scores (n,) -> confidences (n,).
Curve = Callable[[Floats], Floats]
Table = tuple[tuple[float, float], ...]

# Below, names are so many and so seldom right that they would outweigh all others.
MIN_FITTED_SCORE = 0.05
# Fewer say nothing of a curve; one without a form of its own needs many.
MIN_FITTED_NAMES = 10
MIN_ISOTONIC_NAMES = 200
_FOLDS = 5
# Curves whose errors differ by less are about as good.
_ERROR_GRAIN = 0.01
_BINS = 10
_EDGE = 1e-6
# Close where curves bend: at both ends.
_TABLE_SCORES = np.concatenate(([0.0], expit(np.linspace(-5, 5, 31)), [1.0]))
# Of steps of equal confidence, so that what differs in score always differs in confidence.
_SLOPE = 0.01

MAX_FALSE_ALARMS = 0.02
# A name that is right less than one time in three is not shown, however few others there are.
MIN_THRESHOLD = 0.3
# Without photos that have no sight, nothing says how sure the model is of strangers. At this score
# 5 % of them got a name from a model that had learnt backgrounds, 46 % from one that had not.
CAUTIOUS_SCORE = 0.6
MIN_BACKGROUNDS = 20
# What all sights together say counts as much as this many boxes of a sight's own.
_SHARED_BOXES = 5.0
_GRID = np.linspace(0.01, 0.99, 99)
_GRAIN = 1e-4


@dataclass(frozen=True, slots=True)
class Names:
    """What a model names on some photos, (n,) each: in which photo, its class and score, if it is right.

    `boxes` (classes,): how many there are to be found. `backgrounds`: the photos without a sight.
    """

    photos: NDArray[np.intp]
    classes: NDArray[np.intp]
    scores: Floats
    right: Truths
    boxes: NDArray[np.intp]
    backgrounds: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve as (score, confidence), both rising; its kind, and its error on photos held out."""

    table: Table
    kind: str
    error: float | None

    def to_confidence(self, scores: Floats) -> Floats:
        """Return the confidences of scores."""
        points = np.array(self.table)
        confidences: Floats = np.interp(scores, points[:, 0], points[:, 1])
        return confidences


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least confidence of each class, and what is known of false alarms there.

    `false_alarms`: the share of the photos without a sight that get a name all the same. The true
    share is below `bound` with a certainty of 95 %. None without such photos.
    """

    confidences: tuple[float, ...]
    backgrounds: int
    false_alarms: float | None
    bound: float | None


def fit_calibration(names: Names) -> Calibration:
    """Choose the curve that errs least on photos held out, and fit it to all."""
    is_fitted = names.scores >= MIN_FITTED_SCORE
    scores, right, photos = names.scores[is_fitted], names.right[is_fitted], names.photos[is_fitted]
    if len(scores) < MIN_FITTED_NAMES:
        return Calibration(((0.0, 0.0), (1.0, 1.0)), "identity", None)
    # The smoothest first.
    fits = {"temperature": _fit_temperature, "platt": _fit_platt}
    if len(scores) >= MIN_ISOTONIC_NAMES:
        fits["isotonic"] = _fit_isotonic
    # Photos are held out whole: names on one photo err together.
    fold_of = np.random.default_rng(0).permutation(int(photos.max()) + 1) % _FOLDS
    errors = {
        kind: _held_out_error(fit, scores, right, fold_of[photos]) for kind, fit in fits.items()
    }
    best = min(errors.values())
    kind = next(kind for kind, error in errors.items() if error <= best + _ERROR_GRAIN)
    confidences = np.maximum.accumulate(fits[kind](scores, right)(_TABLE_SCORES))
    table = zip(_TABLE_SCORES.round(6).tolist(), confidences.round(6).tolist(), strict=True)
    return Calibration(tuple(table), kind, errors[kind])


def calibration_error(confidences: Floats, right: Truths) -> float | None:
    """Return the expected calibration error, over ten bins of confidence; None without a name."""
    if not len(confidences):
        return None
    bins = np.minimum((confidences * _BINS).astype(np.intp), _BINS - 1)
    said, was = (np.bincount(bins, weights=each) for each in (confidences, right))
    return float(np.abs(said - was).sum() / len(confidences))


def choose_thresholds(names: Names, calibration: Calibration) -> Thresholds:
    """Choose where the F1 of each class is best, but no lower than keeps photos without a sight silent."""
    confidences = calibration.to_confidence(names.scores)
    floor = _above(calibration.to_confidence(np.array([silent_score(names)]))[0])
    # What even a score of 1 does not reach would never be shown.
    highest = calibration.table[-1][1]
    chosen = np.array(
        [
            min(max(_best_f1(names, confidences, each), floor, MIN_THRESHOLD), highest)
            for each in range(len(names.boxes))
        ]
    )
    count = len(names.backgrounds)
    if not count:
        return Thresholds(tuple(chosen.tolist()), 0, None, None)
    named = names.photos[confidences >= chosen[names.classes]]
    alarms = len(np.intersect1d(named, names.backgrounds))
    return Thresholds(tuple(chosen.tolist()), count, alarms / count, upper_bound(alarms, count))


def upper_bound(count: int, of: int) -> float:
    """Return the share that the true one is below with a certainty of 95 % (Clopper and Pearson)."""
    return 1.0 if count == of else float(betaincinv(count + 1, of - count, 0.95))


def _held_out_error(
    fit: Callable[[Floats, Truths], Curve], scores: Floats, right: Truths, folds: NDArray[np.intp]
) -> float:
    confidences = np.empty(len(scores))
    for fold in np.unique(folds):
        is_out = folds == fold
        confidences[is_out] = fit(scores[~is_out], right[~is_out])(scores[is_out])
    return calibration_error(confidences, right) or 0.0


def _fit_temperature(scores: Floats, right: Truths) -> Curve:
    (steepness,) = _most_likely(scores, right, parameters=1)
    return lambda given: expit(math.exp(steepness) * _odds(given))


def _fit_platt(scores: Floats, right: Truths) -> Curve:
    steepness, offset = _most_likely(scores, right, parameters=2)
    return lambda given: expit(math.exp(steepness) * _odds(given) + offset)


def _most_likely(scores: Floats, right: Truths, *, parameters: int) -> Floats:
    # Platt's targets: never quite 0 or 1, the less so the fewer there are, so that names that are
    # all right make no step of the curve.
    rights = int(right.sum())
    wrongs = len(right) - rights
    targets = np.where(right, (rights + 1) / (rights + 2), 1 / (wrongs + 2))
    odds = _odds(scores)

    def surprise(guess: Floats) -> float:
        logits = math.exp(guess[0]) * odds + guess[1:].sum()
        # The last term keeps a curve that nothing bends from bending.
        return float((np.logaddexp(0, logits) - targets * logits).sum() + 0.5 * guess[0] ** 2)

    found: Floats = minimize(surprise, np.zeros(parameters), method="BFGS").x
    return found


def _fit_isotonic(scores: Floats, right: Truths) -> Curve:
    order = np.argsort(scores, kind="stable")
    steps = isotonic_regression(right[order].astype(float)).x
    return lambda given: (1 - _SLOPE) * np.interp(given, scores[order], steps) + _SLOPE * given


def _odds(scores: Floats) -> Floats:
    odds: Floats = logit(scores.clip(_EDGE, 1 - _EDGE))
    return odds


def silent_score(names: Names) -> float:
    """Return the score that at most MAX_FALSE_ALARMS of further photos without a sight are to reach."""
    count = len(names.backgrounds)
    surest = np.zeros(int(max(names.photos.max(initial=0), names.backgrounds.max(initial=0))) + 1)
    np.maximum.at(surest, names.photos, names.scores)
    ordered = np.sort(surest[names.backgrounds])
    # A further photo is as likely to be the surest, second surest ... of all: so many may be above.
    rank = math.ceil((count + 1) * (1 - MAX_FALSE_ALARMS))
    if rank <= count:
        return float(ordered[rank - 1])
    if not count:
        return CAUTIOUS_SCORE
    # Too few to see one in fifty: beyond the surest, odds go on to thin out as in the upper half.
    odds = _odds(ordered)
    upper = odds[count // 2 :]
    beyond = float((upper - upper[0]).mean()) * -math.log((count + 1) * MAX_FALSE_ALARMS)
    score = float(expit(odds[-1] + max(beyond, 0.0)))
    # But not so far that the model falls silent: what a few photos leave open, the gate asks more of.
    score = max(float(ordered[-1]), min(score, _speaking_score(names)))
    return score if count >= MIN_BACKGROUNDS else max(score, CAUTIOUS_SCORE)


def _speaking_score(names: Names) -> float:
    """Return the score that half of the right names reach; 1 where there are none."""
    right = names.scores[names.right]
    return float(np.median(right)) if len(right) else 1.0


def _best_f1(names: Names, confidences: Floats, class_index: int) -> float:
    """Return the confidence with the best F1, in the middle of those that are as good."""
    share = _SHARED_BOXES / max(1, int(names.boxes.sum()))
    weights = (names.classes == class_index) + share
    said, right = (
        (confidences[:, None] >= _GRID).T @ each for each in (weights, weights * names.right)
    )
    f1 = 2 * right / (said + names.boxes[class_index] + share * names.boxes.sum()).clip(min=_EDGE)
    first = last = int(f1.argmax())
    while last + 1 < len(f1) and f1[last + 1] >= f1[first] - _EDGE:
        last += 1
    return float(_GRID[(first + last) // 2].round(2))


def _above(confidence: float) -> float:
    """Return the next confidence of four decimals, so that this one is not reached."""
    return round((math.floor(confidence / _GRAIN) + 1) * _GRAIN, 4)
