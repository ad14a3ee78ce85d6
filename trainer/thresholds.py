"""From which confidence on a name is shown: learnt from validation photos, with a sight and without.

Each sight is named from where that is worth most on, but none before photos without a sight keep
silent, as far as those that there are can tell.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, expit

from trainer.calibration import Calibration, Floats, Names, to_odds

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
_EDGE = 1e-6


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
    odds = to_odds(ordered)
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
