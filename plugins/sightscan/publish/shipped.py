"""Whether a model is fit to be shown to people, by what it would show them on the test photos.

Average precision asks whether the right boxes come first, whatever their scores. People see what
reaches a threshold, and read a confidence beside it; both were learnt on a rented machine, from few
photos. So each must hold on photos that no training saw, as far as these are enough to tell
(docs/decisions/0044-what-is-shown-decides-too.md). Pure: what was shown comes in, sentences go out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightscan.publish.counts import chance_of, chance_of_more
from sightscan.publish.shown import ShownNames

Counts = NDArray[np.intp]

# As sure as a rule must be before it refuses.
MAX_REFUSED_BY_LUCK = 0.05
# Of photos without a sight. Thresholds are chosen so that 2 % of them get a name. Chosen as they must
# be, on 50 such photos, they let more than 5 % through 1 time in 13, more than 6 % 1 time in 22.
MAX_SURE_FALSE_ALARMS = 0.05
MAX_MORE_FALSE_ALARMS = 0.06
# Of the boxes that the model in place names. Lesser falls are the luck of thresholds as well; see
# `make bench-gate`.
MAX_RECALL_FALL = 0.35
MAX_SIGHT_RECALL_FALL = 0.7
# By how much more sure of its names a model may be than it is right. Photos without a sight are up
# to four times as many here as where confidence was learnt, which alone can make 0.1 of it.
MAX_OVERCONFIDENCE = 0.15


@dataclass(frozen=True, slots=True)
class ShownModel:
    """What a model shows: its names without those that the app hides, and its sights.

    `called` is what sentences call it, such as "model 3".
    `has_thresholds`: it says itself from which confidence on each is shown; an older one does not.
    """

    called: str
    shown: ShownNames
    sights: frozenset[str]
    has_thresholds: bool = True


def object_to(new: ShownModel, in_place: ShownModel | None) -> list[str]:
    """Say why a model is not fit to be shown, a sentence each; empty if nothing speaks against it."""
    return [
        *_of_false_names(new, in_place),
        *_of_confidence(new.shown),
        # Before a first model there is silence anyway; how good it must be is MIN_MAP50_FOR_FIRST_MODEL.
        *((*_of_silence(new), *_of_recall(new, in_place)) if in_place else ()),
    ]


def _of_false_names(new: ShownModel, in_place: ShownModel | None) -> Iterator[str]:
    backgrounds = len(new.shown.backgrounds)
    named = len(new.shown.false_alarms)
    if not backgrounds:
        return
    said = f"{named} of {backgrounds} photos without a sight get a name"
    if chance_of(named, backgrounds, MAX_SURE_FALSE_ALARMS) <= MAX_REFUSED_BY_LUCK:
        yield f"{said}, surely more than {MAX_SURE_FALSE_ALARMS:.0%} of all such"
    elif in_place and _is_surely_worse(new.shown, in_place.shown):
        yield f"{said}, from {in_place.called} {len(in_place.shown.false_alarms)}"


def _is_surely_worse(one: ShownNames, other: ShownNames) -> bool:
    """Tell whether one gives too many false names, and more than the other on the same photos."""
    if len(one.false_alarms) <= MAX_MORE_FALSE_ALARMS * len(one.backgrounds):
        return False
    more, less = (
        len(np.setdiff1d(first.false_alarms, second.false_alarms))
        for first, second in ((one, other), (other, one))
    )
    return chance_of_more(more, less) <= MAX_REFUSED_BY_LUCK


def _of_confidence(shown: ShownNames) -> Iterator[str]:
    """Compare how sure it is with how often it is right, over all names.

    The expected calibration error is never less than this, and says too much of few names: it is
    0.1 and more of twenty whose confidences are true.
    """
    names, right = len(shown.right), int(shown.right.sum())
    if not names:
        return
    confidence = float(shown.confidences.mean())
    # As few right, were it not surer than it may be.
    is_luck = chance_of(names - right, names, 1 - confidence + MAX_OVERCONFIDENCE)
    if is_luck <= MAX_REFUSED_BY_LUCK:
        yield (
            f"{right} of {names} names are right, but it says to be {confidence:.0%} sure of them"
        )


def _of_silence(new: ShownModel) -> Iterator[str]:
    named, photos = new.shown.count_named_photos(sorted(new.sights))
    if photos and not named:
        yield f"on none of the {photos} test photos of its sights one is named right"


def _of_recall(new: ShownModel, in_place: ShownModel) -> Iterator[str]:
    # Thresholds that nobody chose are no measure, nor those that let strangers through.
    if not in_place.has_thresholds or _is_surely_worse(in_place.shown, new.shown):
        return
    sights = sorted(new.sights & in_place.sights)
    (now, boxes), (before, _) = (one.shown.count_right(sights) for one in (new, in_place))
    if _has_fallen(now, before, boxes, MAX_RECALL_FALL):
        yield (
            f"{now.sum()} of {boxes.sum()} sights are named, by {in_place.called} {before.sum()}"
        )
    for name, here, there, of in zip(sights, now.T, before.T, boxes.T, strict=True):
        if _has_fallen(here, there, of, MAX_SIGHT_RECALL_FALL):
            yield (
                f"{name} is named {here.sum()} times of {of.sum()}, by {in_place.called} "
                f"{there.sum()}"
            )


def _has_fallen(now: Counts, before: Counts, boxes: Counts, at_most: float) -> bool:
    """Tell whether fewer boxes are named, by more than a share `at_most` of all, and not by luck."""
    fall = int(before.sum() - now.sum())
    is_luck = chance_of_more(int((now < before).sum()), int((now > before).sum()))
    return fall > at_most * boxes.sum() and is_luck <= MAX_REFUSED_BY_LUCK
