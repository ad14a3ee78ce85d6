"""What a score is worth: how often a name with it is right, learnt from validation photos.

A score says which of two names is surer, not how often it is right. How often that is depends on how
many of the photos show a sight at all, and the validation photos are no measure of it: they have as
many without one as could be had. So both kinds count the same in all: a confidence is for a photo
that may as well show no sight as one (docs/decisions/0051-what-a-confidence-supposes.md).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit, logit

# The package is untyped.
isotonic_regression: Any = optimize.isotonic_regression  # type: ignore[attr-defined]
minimize: Any = optimize.minimize

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
# Scores (n,) -> confidences (n,).
Curve = Callable[[Floats], Floats]
# Scores, which are right, what each counts (n,) -> a curve.
Fit = Callable[[Floats, Truths, Floats], Curve]
Table = tuple[tuple[float, float], ...]

# Below, names are so many and so seldom right that they would outweigh all others.
MIN_FITTED_SCORE = 0.05
# Fewer say nothing of a curve; one without a form of its own needs many.
MIN_FITTED_NAMES = 10
MIN_ISOTONIC_NAMES = 200
# A handful of photos without a sight cannot speak for as many as there are with one.
MAX_BACKGROUND_WEIGHT = 4.0
_FOLDS = 5
_BINS = 10
_EDGE = 1e-6
# Nothing that was learnt from some hundred names is surer than this, either way.
_DOUBT = 1e-3
# Close where curves bend: at both ends.
_TABLE_SCORES = np.concatenate(([0.0], expit(np.linspace(-5, 5, 31)), [1.0]))
# Of steps of equal confidence, so that what differs in score always differs in confidence.
_SLOPE = 0.01


@dataclass(frozen=True, slots=True)
class Names:
    """What a model names on some photos, (n,) each: in which photo, its class and score, if it is right.

    `boxes` (classes,): how many there are to be found, on `sight_photos` photos. `backgrounds`: the
    photos without a sight.
    """

    photos: NDArray[np.intp]
    classes: NDArray[np.intp]
    scores: Floats
    right: Truths
    boxes: NDArray[np.intp]
    sight_photos: int
    backgrounds: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve as (score, confidence), both rising, and its kind.

    `error` is its expected calibration error on photos held out, and `error_by_chance` what as many
    names would show whose confidence is true; None where none was fitted.
    """

    table: Table
    kind: str
    error: float | None
    error_by_chance: float | None

    def to_confidence(self, scores: Floats) -> Floats:
        """Return the confidences of scores."""
        points = np.array(self.table)
        confidences: Floats = np.interp(scores, points[:, 0], points[:, 1])
        return confidences


def fit_calibration(names: Names) -> Calibration:
    """Fit a curve of two numbers to the names; with many, steps if they tell more of photos held out."""
    is_fitted = names.scores >= MIN_FITTED_SCORE
    scores, right, photos = names.scores[is_fitted], names.right[is_fitted], names.photos[is_fitted]
    if len(scores) < MIN_FITTED_NAMES:
        return Calibration(((0.0, 0.0), (1.0, 1.0)), "identity", None, None)
    weights = weigh(names)[is_fitted]
    fits: dict[str, Fit] = {"platt": _fit_platt}
    if len(scores) >= MIN_ISOTONIC_NAMES:
        fits["isotonic"] = _fit_isotonic
    # Photos are held out whole: names on one photo err together.
    fold_of = np.random.default_rng(0).permutation(int(photos.max()) + 1) % _FOLDS
    held_out = {
        kind: _hold_out(fit, scores, right, weights, fold_of[photos]) for kind, fit in fits.items()
    }
    kind = min(fits, key=lambda kind: _surprise(held_out[kind], right, weights))
    confidences = np.maximum.accumulate(fits[kind](scores, right, weights)(_TABLE_SCORES))
    table = zip(_TABLE_SCORES.round(6).tolist(), confidences.round(6).tolist(), strict=True)
    return Calibration(
        tuple(table),
        kind,
        calibration_error(held_out[kind], right, weights),
        error_by_chance(held_out[kind], weights),
    )


def weigh(names: Names) -> Floats:
    """Return what each name counts, so that photos with and without a sight count the same in all."""
    if not len(names.backgrounds):
        return np.ones(len(names.scores))
    weight = min(names.sight_photos / len(names.backgrounds), MAX_BACKGROUND_WEIGHT)
    return np.where(np.isin(names.photos, names.backgrounds), weight, 1.0)


def calibration_error(
    confidences: Floats, right: Truths, weights: Floats | None = None
) -> float | None:
    """Return the expected calibration error, over ten bins of confidence; None without a name."""
    if not len(confidences):
        return None
    weights = np.ones(len(confidences)) if weights is None else weights
    said, was = (_by_bin(confidences, weights * each) for each in (confidences, right))
    return float(np.abs(said - was).sum() / weights.sum())


def error_by_chance(confidences: Floats, weights: Floats | None = None) -> float | None:
    """Return the calibration error to be expected of these names if every confidence were true.

    How far a bin is off by chance is near enough normal, of which the mean distance is known.
    """
    if not len(confidences):
        return None
    weights = np.ones(len(confidences)) if weights is None else weights
    variances = _by_bin(confidences, weights**2 * confidences * (1 - confidences))
    return float(np.sqrt(2 / math.pi * variances).sum() / weights.sum())


def to_odds(scores: Floats) -> Floats:
    """Return the logarithms of odds; what is 0 or 1 has none, and gets large ones."""
    odds: Floats = logit(scores.clip(_EDGE, 1 - _EDGE))
    return odds


def _by_bin(confidences: Floats, values: Floats) -> Floats:
    bins = np.minimum((confidences * _BINS).astype(np.intp), _BINS - 1)
    return np.bincount(bins, weights=values, minlength=_BINS).astype(np.float64)


def _hold_out(
    fit: Fit, scores: Floats, right: Truths, weights: Floats, folds: NDArray[np.intp]
) -> Floats:
    """Return the confidence of each name by a curve that was fitted to other photos."""
    confidences = np.empty(len(scores))
    for fold in np.unique(folds):
        is_out = folds == fold
        curve = fit(scores[~is_out], right[~is_out], weights[~is_out])
        confidences[is_out] = curve(scores[is_out])
    return confidences


def _surprise(confidences: Floats, right: Truths, weights: Floats) -> float:
    """Return how surprising it is what is right: by far less a matter of luck than the error by bins."""
    sure = confidences.clip(_DOUBT, 1 - _DOUBT)
    return float(-(weights * np.log(np.where(right, sure, 1 - sure))).sum())


def _fit_platt(scores: Floats, right: Truths, weights: Floats) -> Curve:
    # Platt's targets: never quite 0 or 1, the less so the fewer there are, so that names that are
    # all right make no step of the curve.
    rights, wrongs = float(weights[right].sum()), float(weights[~right].sum())
    targets = np.where(right, (rights + 1) / (rights + 2), 1 / (wrongs + 2))
    odds = to_odds(scores)

    def surprise(guess: Floats) -> float:
        logits = math.exp(guess[0]) * odds + guess[1]
        misfit = weights * (np.logaddexp(0, logits) - targets * logits)
        # The last term keeps a curve that nothing bends from bending.
        return float(misfit.sum() + 0.5 * guess[0] ** 2)

    steepness, offset = minimize(surprise, np.zeros(2), method="BFGS").x
    return lambda given: expit(math.exp(steepness) * to_odds(given) + offset)


def _fit_isotonic(scores: Floats, right: Truths, weights: Floats) -> Curve:
    order = np.argsort(scores, kind="stable")
    steps = isotonic_regression(right[order].astype(float), weights=weights[order]).x
    return lambda given: (1 - _SLOPE) * np.interp(given, scores[order], steps) + _SLOPE * given
