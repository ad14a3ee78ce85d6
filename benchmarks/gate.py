"""How often the gate errs: simulated detectors, judged as models are: `make bench-gate` (minutes).

A round draws test photos (each shows one sight, one in seven a second), how hard each is for any
detector, and what two detectors say of them: boxes whose scores and overlaps both follow from how
sure the detector is of this sight on this photo, misses, second boxes on one sight, boxes of
nothing, and buildings that look like a sight to both. A detector of skill 0 measures about what
trained ones do on real photos (mAP50 0.90, mAP50-95 0.55). Then `judge` says its verdict.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Row, publish
from sightscan.publish.average_precision import ClassEvidence, average_precision
from sightscan.publish.judge import Contender, Verdict, judge
from sightscan.publish.measure import ClassMeasure, Measure

Floats = NDArray[np.float64]

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
OVERLAPS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class Photos:
    """Test photos: which sights each shows, how hard each is, and what looks like one (n, sights)."""

    shows: NDArray[np.bool_]
    difficulty: Floats
    lookalikes: NDArray[np.bool_]

    @classmethod
    def draw(cls, chance: np.random.Generator, counts: Sequence[int]) -> "Photos":
        """Draw photos, `counts` of each sight and some that show a second one."""
        main = np.repeat(np.arange(len(counts)), counts)
        shape = (len(main), len(counts))
        shows = main[:, None] == np.arange(len(counts))
        second = np.flatnonzero(chance.uniform(size=len(main)) < 1 / 7)
        shows[second, chance.integers(0, len(counts), len(second))] = True
        return cls(
            shows=shows,
            difficulty=chance.normal(0, 0.8, (len(main), 1)) + chance.normal(0, 0.6, shape),
            lookalikes=~shows & (chance.uniform(size=shape) < 0.04),
        )


def detect(chance: np.random.Generator, photos: Photos, skills: Floats) -> list[ClassEvidence]:
    """Return what a detector says of each sight; `skills` (sights,), of which 0 is the usual."""
    shape = photos.shows.shape
    sure = skills - photos.difficulty + chance.normal(0, 0.6, shape)
    found = photos.shows & (sure > -1.9)
    overlaps = 0.33 + 0.63 * squash(1 + sure + chance.normal(0, 0.35, shape))
    scores = squash(0.8 + sure + chance.normal(0, 0.6, shape))
    twice = found & (chance.uniform(size=shape) < 0.1)
    nothing = chance.poisson(0.15, shape)
    mistaken = photos.lookalikes & (chance.uniform(size=shape) < 0.6)
    evidence = []
    for sight in range(shape[1]):
        first, again = np.flatnonzero(found[:, sight]), np.flatnonzero(twice[:, sight])
        empty = np.repeat(np.arange(shape[0]), nothing[:, sight])
        alike = np.flatnonzero(mistaken[:, sight])
        where = np.concatenate((first, again, empty, alike))
        score = np.concatenate((
            scores[first, sight],
            # Behind the first, whose overlap is the better one: never right.
            scores[again, sight] * chance.uniform(0, 1, len(again)),
            squash(chance.normal(-1.8, 1.2, len(empty))),
            squash(chance.normal(-0.3, 1, len(alike))),
        ))  # fmt: skip
        overlap = np.zeros(len(where))
        overlap[: len(first)] = overlaps[first, sight]
        surest = np.argsort(-score, kind="stable")
        evidence.append(
            ClassEvidence(
                photos=where[surest],
                right=overlap[surest, None] >= OVERLAPS,
                truths=photos.shows[:, sight].astype(np.int64),
            )
        )
    return evidence


def squash(values: Floats) -> Floats:
    """Return the logistic function of each."""
    return 1 / (1 + np.exp(-values))


def measure(names: Sequence[str], evidence: Sequence[ClassEvidence]) -> Measure:
    """Measure what a detector said."""
    ones = np.ones((len(evidence[0].truths), 1))
    averages = [average_precision(one, ones)[:, 0] for one in evidence]
    return Measure(
        map50=float(np.mean([one[0] for one in averages])),
        map50_95=float(np.mean(averages)),
        photo_count=len(ones),
        per_class=tuple(
            ClassMeasure(
                name=name,
                map50=float(average[0]),
                map50_95=float(average.mean()),
                photos=int((one.truths > 0).sum()),
                boxes=int(one.truths.sum()),
            )
            for name, average, one in zip(names, averages, evidence, strict=True)
        ),
        evidence=dict(zip(names, evidence, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A true difference, as average precisions of the sights of both, and what the gate must do."""

    name: str
    new: Callable[[int], list[float]]
    more: int = 0
    lost: int = 0
    rounds: int = ROUNDS

    def judge_once(self, chance: np.random.Generator, size: int, skill_of: "Skills") -> Verdict:
        """Let a new detector stand against the one in place, on photos drawn for it."""
        count = SIZES[size]
        old_names, names = SIGHTS[:count], (*SIGHTS[:count], *NEW_SIGHTS[: self.more])
        photos = Photos.draw(chance, [size // count] * len(names))
        old_skills = np.array([skill_of(BASE_AP)] * count + [-np.inf] * self.more)
        new_aps = [*self.new(count), *[NEW_SIGHT_AP] * self.more]
        new_skills = np.array([skill_of(one) for one in new_aps])
        new, old = (measure(names, detect(chance, photos, one)) for one in (new_skills, old_skills))
        return judge(
            Contender(2, new, frozenset(names[self.lost :])),
            Contender(1, old, frozenset(old_names)),
            min_map50=MIN_MAP50,
        )


class Skills:
    """Which skill reaches which average precision, found on many photos."""

    def __init__(self, chance: np.random.Generator) -> None:
        """Measure each of a row of skills."""
        photos = Photos.draw(chance, [4000])
        self._skills = np.arange(-4, 4, 0.25)
        measures = [
            measure(["Arch"], detect(chance, photos, np.array([one]))) for one in self._skills
        ]
        # Chance apart, they rise.
        self._aps = np.maximum.accumulate([one.map50_95 for one in measures])
        self._ap50s = np.maximum.accumulate([one.map50 for one in measures])

    def __call__(self, ap: float) -> float:
        """Return the skill for an average precision."""
        return float(np.interp(ap, self._aps, self._skills))

    def of_ap50(self, ap50: float) -> float:
        """Return the skill for an average precision at overlap 0.50."""
        return float(np.interp(ap50, self._ap50s, self._skills))


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
        published = sum(first_model(chance, size, skill_of) for _ in range(ROUNDS))
        rows += [Row.at_most(f"{size} photos: first model of mAP50 0.47", share(published), "%", 5)]
    rows += [Row("processor time", time.process_time() - started, "s")]
    return publish("gate", rows)


def first_model(chance: np.random.Generator, size: int, skill_of: Skills) -> bool:
    """Tell whether a first model is published that is a little below the minimum."""
    names = SIGHTS[: SIZES[size]]
    photos = Photos.draw(chance, [size // len(names)] * len(names))
    skills = np.full(len(names), skill_of.of_ap50(0.47))
    measured = measure(names, detect(chance, photos, skills))
    return judge(Contender(1, measured, frozenset(names)), None, min_map50=MIN_MAP50).published


def judged(case: Case, size: int, published: int) -> list[Row]:
    """Return the rows of a case at a size."""
    name, percent = f"{size} photos: {case.name}", share(published, case.rounds)
    if case.name == "equal":
        return [
            Row.at_most(name, percent, "%", 5),
            Row.at_most(
                f"{name}, upper end (95 %)", 100 * upper_end(published, case.rounds), "%", 8
            ),
        ]
    if case.name in NEVER:
        return [Row.at_most(name, percent, "%", 0)]
    # Fifteen photos are too few to be sure of that.
    if case.name == "better by 0.15" and size >= 30:
        return [Row.at_least(name, percent, "%", 90)]
    return [Row(name, percent, "%")]


def share(count: int, rounds: int = ROUNDS) -> float:
    """Return per cent."""
    return 100 * count / rounds


def upper_end(count: int, rounds: int) -> float:
    """Return the upper end of Wilson's interval of 95 %."""
    z = 1.96
    middle = count / rounds + z**2 / (2 * rounds)
    spread = z * sqrt(count / rounds * (1 - count / rounds) / rounds + z**2 / (4 * rounds**2))
    return (middle + spread) / (1 + z**2 / rounds)


def tell(row: Row) -> None:
    """Show how far it is, on a terminal."""
    if sys.stderr.isatty() or os.environ.get("VERBOSE"):
        print(f"{row.measure}: {row.value:.1f} {row.unit}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
