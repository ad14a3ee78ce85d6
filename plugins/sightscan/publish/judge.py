"""Whether a model may take the place of another, judged sight by sight on the same photos.

No sight that people see may be lost or become worse; all of them together must be better by more
than luck, or as good with a sight more; and what people are shown must be fit for them (`shipped`).
A sight that a model does not surely know is not shown: the model is published without its name. Pure: what was measured comes in, a sentence goes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from sightscan.publish.average_precision import Array, ClassEvidence, average_precision
from sightscan.publish.measure import ClassMeasure, Measure
from sightscan.publish.noise import Drawn, draw_photos
from sightscan.publish.shipped import ShownModel, object_to
from sightscan.publish.shown import ShownNames

# Promised is that luck alone passes 1 time in 20, in every city: so 1 in 25 is asked for.
MAX_LUCK = 0.04
FIRST_MODEL_BOUND = 0.05
# As good as: not worse than this in nine draws of ten.
MAX_MEAN_FALL = 0.01
MIN_SHARE_OF_DRAWS = 0.9
# A single sight; on fewer photos its average precision says too little.
MAX_SIGHT_FALL = 0.10
MIN_PHOTOS_TO_GUARD = 5
MIN_AP50_TO_SHOW = 0.5
MIN_PHOTOS_TO_SHOW = 3


@dataclass(frozen=True, slots=True)
class Contender:
    """A model as it is judged: what it says on the common photos, and the names of its sights.

    Names are those of the dataset whose photos they are. `names` is what it would show people of all
    its sights. `hidden` are sights that it is not shown to know: the app does not name them.
    `has_thresholds`: it says itself from which confidence on each is shown.
    """

    version: int
    measure: Measure
    names: ShownNames
    sights: frozenset[str]
    hidden: frozenset[str] = frozenset()
    has_thresholds: bool = True

    @property
    def shown(self) -> frozenset[str]:
        """Return the sights that the app names."""
        return self.sights - self.hidden

    def as_shown(self) -> ShownModel:
        """Return what people are shown of it."""
        return ShownModel(
            f"model {self.version}",
            self.names.without(self.hidden),
            self.shown,
            self.has_thresholds,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new model may be put in place, why, and which of its sights are not shown."""

    published: bool
    reason: str
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class SightComparison:
    """Average precision (over overlaps 0.50 to 0.95) of one sight, and the difference in each draw."""

    name: str
    photo_count: int
    new: float
    old: float
    draws: Array

    @property
    def difference(self) -> float:
        """Return by how much the new model is better."""
        return self.new - self.old

    @property
    def is_worse(self) -> bool:
        """Tell whether the sight falls by more than it may, and not by luck."""
        behind = Drawn(self.difference, self.draws, self.photo_count).share_below(0)
        return (
            self.photo_count >= MIN_PHOTOS_TO_GUARD
            and self.difference < -MAX_SIGHT_FALL
            and behind >= MIN_SHARE_OF_DRAWS
        )


def judge(
    new: Contender,
    in_place: Contender | None,
    *,
    min_map50: float,
    accepted_loss: str | None = None,
) -> Verdict:
    """Judge a model against the one in place, both measured on the same photos.

    Without one, or with no sight in common, its mAP50 must surely reach `min_map50`. `accepted_loss`
    is why sights that the one in place names may be lost; people read it, so it names nobody.
    """
    seen = in_place.shown if in_place else frozenset()
    hidden = frozenset(name for name in new.sights if not _is_known(new.measure, name, seen))
    shown = new.sights - hidden
    lost = sorted(seen - shown)
    common = compare_sights(new.measure, in_place.measure, seen & shown) if in_place else []
    if in_place is None or not common:
        published, reason = _judge_alone(new.measure, min_map50, is_first=in_place is None)
    else:
        published, reason = _judge_mean(new, in_place, common, more=len(shown) - len(seen))
    objections = [
        f"{one.name} is worse: AP {one.old:.2f} -> {one.new:.2f} on {photos(one.photo_count)}"
        for one in common
        if one.is_worse
    ]
    if lost and accepted_loss is None:
        objections += [f"{', '.join(lost)} would be lost (--accept-lost publishes it all the same)"]
    objections += (
        object_to(replace(new, hidden=hidden).as_shown(), in_place.as_shown() if in_place else None)
        if shown
        else ["no sight could be shown"]
    )
    notes = [
        *([f"lost: {', '.join(lost)}, because {accepted_loss}"] if lost and accepted_loss else []),
        *_named("new", new.measure, shown - seen if in_place else ()),
        *_named("not shown", new.measure, hidden),
    ]
    return Verdict(
        published=published and not objections,
        reason="; ".join([*objections, reason, *notes]),
        hidden=hidden,
    )


def compare_sights(new: Measure, old: Measure, names: Iterable[str]) -> list[SightComparison]:
    """Compare two models on the sights among `names` that the photos show, by name."""
    weights = draw_photos(new.photo_count)
    return [
        SightComparison(
            name=name,
            photo_count=_photo_count([new.evidence[name]]),
            new=new.by_name[name].map50_95,
            old=old.by_name[name].map50_95,
            draws=_draw(new.evidence[name], weights) - _draw(old.evidence[name], weights),
        )
        for name in sorted(names)
        if name in new.evidence
    ]


def photos(count: int) -> str:
    """Say how many test photos."""
    return f"{count or 'no'} test photo{'' if count <= 1 else 's'}"


def _judge_alone(measure: Measure, minimum: float, *, is_first: bool) -> tuple[bool, str]:
    weights = draw_photos(measure.photo_count)
    drawn = [average_precision(one, weights)[0] for one in measure.evidence.values()]
    shown_on = _photo_count(measure.evidence.values())
    sure = Drawn(measure.map50, _mean(drawn), shown_on).lower_bound(FIRST_MODEL_BOUND)
    who = "first model" if is_first else "no sight in common with the model in place"
    return sure >= minimum, (
        f"{who}: mAP50 {measure.map50:.3f} on {photos(shown_on)}, surely {max(sure, 0):.3f}; "
        f"{minimum:.2f} needed"
    )


def _judge_mean(
    new: Contender, old: Contender, common: list[SightComparison], *, more: int
) -> tuple[bool, str]:
    measures = [(one.new, one.old) for one in common]
    new_mean, old_mean = (float(mean) for mean in np.mean(measures, axis=0))
    evidence = [new.measure.evidence[one.name] for one in common]
    drawn = Drawn(new_mean - old_mean, _mean([one.draws for one in common]), _photo_count(evidence))
    better = drawn.lower_bound(MAX_LUCK)
    not_worse = drawn.lower_bound(1 - MIN_SHARE_OF_DRAWS)
    is_better = better > 0
    is_larger = more > 0 and not_worse >= -MAX_MEAN_FALL
    sure = better if is_better or not is_larger else not_worse
    verdict = (
        "better than"
        if is_better
        else f"with {more} sight{'s' if more > 1 else ''} more, and as good as"
        if is_larger
        else "not surely better than"
    )
    return is_better or is_larger, (
        f"{verdict} model {old.version}: mAP50-95 {new_mean:.3f} against {old_mean:.3f} on "
        f"{len(common)} sight{'s' if len(common) > 1 else ''} of both and the same "
        f"{photos(drawn.photo_count)}, by {drawn.value:+.3f}, surely by {sure:+.3f}"
    )


def _is_known(measure: Measure, name: str, seen: frozenset[str]) -> bool:
    """Tell whether a sight may be shown: it was before and can be judged, or it proves itself."""
    one = measure.by_name.get(name)
    if one is None:
        return False
    return name in seen or (one.photos >= MIN_PHOTOS_TO_SHOW and one.map50 >= MIN_AP50_TO_SHOW)


def _named(what: str, measure: Measure, names: Iterable[str]) -> list[str]:
    said = [f"{name} ({_figures(measure.by_name.get(name))})" for name in sorted(names)]
    return [f"{what}: {', '.join(said)}"] if said else []


def _figures(one: ClassMeasure | None) -> str:
    return photos(0) if one is None else f"AP50 {one.map50:.2f} on {photos(one.photos)}"


def _draw(evidence: ClassEvidence, weights: Array) -> Array:
    drawn: Array = average_precision(evidence, weights).mean(axis=0)
    return drawn


def _mean(drawn: list[Array]) -> Array:
    """Return the mean over sights in each draw, of those that were drawn; NaN if none was."""
    stacked = np.stack(drawn)
    count = (~np.isnan(stacked)).sum(axis=0)
    mean: Array = np.where(count > 0, np.nansum(stacked, axis=0) / np.maximum(count, 1), np.nan)
    return mean


def _photo_count(evidence: Iterable[ClassEvidence]) -> int:
    """Count the photos that show any of these."""
    return int(np.any([one.truths > 0 for one in evidence], axis=0).sum())
