"""How often the gate errs: simulated detectors, judged as models are: `make bench-gate` (minutes).

A round draws test photos, with and without a sight, and what two detectors say of them
(`simulated_detector`). Each is shown as its trainer would choose it: from a threshold on that was
chosen on 50 other photos without a sight, with a confidence that other photos taught it. Then
`judge` says its verdict. What is only shown wrongly is a case of its own: does the gate refuse it?
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.intervals import wilson
from benchmarks.report import Row, publish
from benchmarks.simulated_detector import (
    Floats,
    Photos,
    Said,
    Skills,
    choose_threshold,
    detect,
    draw_strangers,
    measure,
    meet,
    show,
    threshold_for,
)
from sightscan.publish.judge import Contender, Verdict, judge
from sightscan.publish.shipped import ShownModel, object_to

ROUNDS = 200
# Enough that 5 % are told from 8 %.
EQUAL_ROUNDS = 800
# Test photos of the sights that both detectors know, and how many sights these are.
SIZES = {15: 3, 30: 5, 60: 6}
SIGHTS = ("Arch", "Bridge", "Castle", "Dome", "Exchange", "Fountain")
NEW_SIGHTS = ("Gate", "Hall", "Inn", "Jetty")
BASE_AP, NEW_SIGHT_AP = 0.55, 0.65
MIN_MAP50 = 0.5
SEED = 14
# Photos without a sight: those on which thresholds are chosen, and those that judge.
VAL_STRANGERS, TEST_STRANGERS = 50, 200
# Learnt on as few photos, confidence is off by so much.
CONFIDENCE_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Shipping:
    """How a detector is shown: thresholds chosen as the trainer does, or so that something is wrong.

    `false_names` is the true share of photos without a sight that get a name; `min_score` is the
    least that is shown; `overconfidence` is how much surer it says to be than it is right.
    """

    false_names: float | None = None
    min_score: float = 0.3
    overconfidence: float = 0.0

    def choose(self, chance: np.random.Generator, likeness: Floats) -> float:
        """Return the least score that is shown, after a look at photos without a sight."""
        silent = (
            choose_threshold(meet(chance, likeness))
            if self.false_names is None
            else threshold_for(self.false_names)
        )
        return max(silent, self.min_score)


@dataclass(frozen=True, slots=True)
class Case:
    """A true difference, as average precisions of the sights of both, and what the gate must do."""

    name: str
    new: Callable[[int], list[float]]
    more: int = 0
    lost: int = 0
    rounds: int = ROUNDS
    shipping: Shipping = field(default=Shipping())
    strangers: int = TEST_STRANGERS

    def judge_once(self, chance: np.random.Generator, size: int, skill_of: Skills) -> Verdict:
        """Let a new detector stand against the one in place, on photos drawn for it."""
        new, old = (
            Contender(version, measure(one.shown.names, said), one.shown, one.sights)
            for version, (one, said) in zip(
                (2, 1), self.contend(chance, size, skill_of), strict=True
            )
        )
        return judge(new, old, min_map50=MIN_MAP50)

    def is_unfit(self, chance: np.random.Generator, size: int, skill_of: Skills) -> bool:
        """Tell whether a new detector is refused for what it shows, whatever its precision."""
        new, old = (one for one, _ in self.contend(chance, size, skill_of))
        return bool(object_to(new, old))

    def contend(
        self, chance: np.random.Generator, size: int, skill_of: Skills
    ) -> Iterator[tuple[ShownModel, Said]]:
        """Yield a new detector and the one in place, on photos drawn for them."""
        count = SIZES[size]
        old_names, names = SIGHTS[:count], (*SIGHTS[:count], *NEW_SIGHTS[: self.more])
        photos = Photos.draw(chance, [size // count] * len(names))
        # The same photos for all that is compared.
        seen, likeness = (draw_strangers(chance, one) for one in (VAL_STRANGERS, self.strangers))
        new_aps = [*self.new(count), *[NEW_SIGHT_AP] * self.more]
        for version, aps, known, shipping in (
            (2, new_aps, names[self.lost :], self.shipping),
            (1, [BASE_AP] * count, old_names, Shipping()),
        ):
            skills = np.array([skill_of(one) for one in aps] + [-np.inf] * (len(names) - len(aps)))
            said = detect(chance, photos, skills)
            shown = show(
                said,
                meet(chance, likeness),
                photos=photos,
                names=names,
                threshold=shipping.choose(chance, seen),
                curve=skill_of.curve(float(np.mean(aps))),
                shift=shipping.overconfidence + chance.normal(0, CONFIDENCE_ERROR),
            )
            yield (
                ShownModel(
                    f"model {version}", shown.without({*names} - {*known}), frozenset(known)
                ),
                said,
            )


def all_by(difference: float) -> Callable[[int], list[float]]:
    """Let every sight differ."""
    return lambda count: [BASE_AP + difference] * count


def one_collapses(count: int) -> list[float]:
    """Let one sight all but vanish, and the others gain so much that the mean is better."""
    return [0.05, *[0.85] * (count - 1)]


CASES = (
    Case("equal", all_by(0), rounds=EQUAL_ROUNDS),
    Case("worse by 0.10", all_by(-0.10)),
    *(Case(f"worse by 0.10, {more} new", all_by(-0.10), more=more) for more in (1, 2, 4)),
    Case("one sight collapsed, others better", one_collapses),
    Case("one sight lost, others better", all_by(0.2), lost=1),
    Case("better by 0.15", all_by(0.15)),
    Case("worse by 0.05, 1 new", all_by(-0.05), more=1),
    Case("equal, 1 new", all_by(0), more=1),
    Case("better by 0.05", all_by(0.05)),
)
# Equal but for what is shown. Of those that are shown as their trainer chose it, at most some are
# refused for that: by too many false names, and by a fall of recall, 5 % each.
AS_CHOSEN = (
    Case("shown as chosen", all_by(0), rounds=EQUAL_ROUNDS),
    Case("shown as chosen, 20 strangers", all_by(0), rounds=EQUAL_ROUNDS, strangers=20),
    Case("shown as chosen, better by 0.15", all_by(0.15), rounds=EQUAL_ROUNDS),
)
MAX_REFUSED_AS_CHOSEN = 10
UNFIT = (
    Case("10 % of strangers named", all_by(0), shipping=Shipping(0.10, 0)),
    Case("20 % of strangers named", all_by(0), shipping=Shipping(0.20, 0)),
    Case("20 % of 20 strangers named", all_by(0), shipping=Shipping(0.20, 0), strangers=20),
    Case("nothing shown below 0.85", all_by(0), shipping=Shipping(min_score=0.85)),
    Case("surer by 0.3 than right", all_by(0), shipping=Shipping(overconfidence=0.3)),
)
MIN_REFUSED = {"20 % of strangers named": 90}
# What may never be published, and what is only told.
NEVER = frozenset(one.name for one in CASES[1:7])


def main() -> int:
    """Simulate, and say whether the bounds hold."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    started = time.process_time()
    chance = np.random.default_rng(SEED)
    skill_of = Skills(chance)
    rows: list[Row] = []
    for size in SIZES:
        for case in CASES:
            published = sum(
                case.judge_once(chance, size, skill_of).published for _ in range(case.rounds)
            )
            rows += judged(case, size, published)
            tell(rows[-1])
        for case in (*AS_CHOSEN, *UNFIT):
            unfit = sum(case.is_unfit(chance, size, skill_of) for _ in range(case.rounds))
            rows.append(refused(case, size, unfit))
            tell(rows[-1])
        published = sum(first_model(chance, size, skill_of) for _ in range(ROUNDS))
        rows += [Row.at_most(f"{size} photos: first model of mAP50 0.47", share(published), "%", 5)]
    rows += [Row("processor time", time.process_time() - started, "s")]
    return publish("gate", rows)


def first_model(chance: np.random.Generator, size: int, skill_of: Skills) -> bool:
    """Tell whether a first model is published that is a little below the minimum."""
    names = SIGHTS[: SIZES[size]]
    photos = Photos.draw(chance, [size // len(names)] * len(names))
    skills = np.full(len(names), skill_of.of_ap50(0.47))
    said = detect(chance, photos, skills)
    shown = show(
        said,
        meet(chance, draw_strangers(chance, TEST_STRANGERS)),
        photos=photos,
        names=names,
        threshold=Shipping().choose(chance, draw_strangers(chance, VAL_STRANGERS)),
        curve=skill_of.curve(BASE_AP),
        shift=0,
    )
    first = Contender(1, measure(names, said), shown, frozenset(names))
    return judge(first, None, min_map50=MIN_MAP50).published


def judged(case: Case, size: int, published: int) -> list[Row]:
    """Return the rows of a case at a size."""
    name, percent = f"{size} photos: {case.name}", share(published, case.rounds)
    if case.name == "equal":
        return [
            Row.at_most(name, percent, "%", 5),
            Row.at_most(
                f"{name}, upper end (95 %)", 100 * wilson(published, case.rounds)[1], "%", 8
            ),
        ]
    if case.name in NEVER:
        return [Row.at_most(name, percent, "%", 0)]
    # Fifteen photos are too few to be sure of that.
    if case.name == "better by 0.15" and size >= 30:
        return [Row.at_least(name, percent, "%", 90)]
    return [Row(name, percent, "%")]


def refused(case: Case, size: int, unfit: int) -> Row:
    """Return the row of a case of what is shown: how many were refused for that."""
    name, percent = f"{size} photos: {case.name}: refused", share(unfit, case.rounds)
    if case in AS_CHOSEN:
        return Row.at_most(name, percent, "%", MAX_REFUSED_AS_CHOSEN)
    if case.name in MIN_REFUSED:
        return Row.at_least(name, percent, "%", MIN_REFUSED[case.name])
    return Row(name, percent, "%")


def share(count: int, rounds: int = ROUNDS) -> float:
    """Return per cent."""
    return 100 * count / rounds


def tell(row: Row) -> None:
    """Show how far it is, on a terminal."""
    if sys.stderr.isatty() or os.environ.get("VERBOSE"):
        print(f"{row.measure}: {row.value:.1f} {row.unit}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
