"""Simulated detectors: what they say of simulated photos, and of photos without a sight.

Photos show one sight each (one in seven a second), and are hard or easy for any detector. What a
detector says of them are boxes whose scores and overlaps both follow from how sure it is of this
sight on this photo, misses, second boxes on one sight, boxes of nothing, and buildings that look
like a sight to both. A detector of skill 0 measures about what trained ones do on real photos
(mAP50 0.90, mAP50-95 0.55).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sightscan.publish.average_precision import ClassEvidence, average_precision
from sightscan.publish.measure import ClassMeasure, Measure
from sightscan.publish.shown import ShownNames

Floats = NDArray[np.float64]

OVERLAPS = np.linspace(0.5, 0.95, 10)
SCORES = np.linspace(0, 1, 21)
STRANGER_ODDS, STRANGER_NOISE = -2.6, 0.6
CURVE_SEED = 15


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


@dataclass(frozen=True, slots=True)
class Said:
    """What a detector says of photos: evidence by sight, and all its boxes but second ones, (n,) each."""

    evidence: list[ClassEvidence]
    photos: NDArray[np.intp]
    classes: NDArray[np.intp]
    scores: Floats
    right: NDArray[np.bool_]


def detect(chance: np.random.Generator, photos: Photos, skills: Floats) -> Said:
    """Return what a detector says; `skills` (sights,), of which 0 is the usual."""
    shape = photos.shows.shape
    sure = skills - photos.difficulty + chance.normal(0, 0.6, shape)
    found = photos.shows & (sure > -1.9)
    overlaps = 0.33 + 0.63 * squash(1 + sure + chance.normal(0, 0.35, shape))
    scores = squash(0.8 + sure + chance.normal(0, 0.6, shape))
    twice = found & (chance.uniform(size=shape) < 0.1)
    nothing = chance.poisson(0.15, shape)
    mistaken = photos.lookalikes & (chance.uniform(size=shape) < 0.6)
    evidence, boxes = [], []
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
        is_second = np.zeros(len(where), dtype=np.bool_)
        is_second[len(first) : len(first) + len(again)] = True
        seen = (where, np.full(len(where), sight), score, overlap >= OVERLAPS[0])
        boxes.append([one[~is_second] for one in seen])
        surest = np.argsort(-score, kind="stable")
        evidence.append(
            ClassEvidence(
                photos=where[surest],
                right=overlap[surest, None] >= OVERLAPS,
                truths=photos.shows[:, sight].astype(np.int64),
            )
        )
    return Said(evidence, *(np.concatenate(one) for one in zip(*boxes, strict=True)))


def squash(values: Floats) -> Floats:
    """Return the logistic function of each."""
    return 1 / (1 + np.exp(-values))


def measure(names: Sequence[str], said: Said) -> Measure:
    """Measure what a detector said."""
    evidence = said.evidence
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
        self._curves: dict[float, Floats] = {}
        self._aps = np.maximum.accumulate([one.map50_95 for one in measures])
        self._ap50s = np.maximum.accumulate([one.map50 for one in measures])

    def __call__(self, ap: float) -> float:
        """Return the skill for an average precision."""
        return float(np.interp(ap, self._aps, self._skills))

    def of_ap50(self, ap50: float) -> float:
        """Return the skill for an average precision at overlap 0.50."""
        return float(np.interp(ap50, self._ap50s, self._skills))

    def curve(self, ap: float) -> Floats:
        """Return how often names of a detector are right at each of SCORES, as val photos tell it."""
        skill = round(self(ap), 1)
        if skill not in self._curves:
            chance = np.random.default_rng(CURVE_SEED)
            photos = Photos.draw(chance, [700] * 6)
            said = detect(chance, photos, np.full(6, skill))
            strangers = meet(chance, draw_strangers(chance, len(photos.shows) * 50 // 40))
            scores = np.concatenate((said.scores, strangers))
            right = np.concatenate((said.right, np.zeros(len(strangers), np.bool_)))
            bins = np.rint(scores * (len(SCORES) - 1)).astype(np.intp)
            rights, all_names = (
                np.bincount(bins, weights=one, minlength=len(SCORES))
                for one in (right, np.ones(len(right)))
            )
            self._curves[skill] = np.maximum.accumulate(rights / all_names.clip(min=1))
        return self._curves[skill]


def draw_strangers(chance: np.random.Generator, count: int) -> Floats:
    """Draw photos without a sight: how much each looks like one to any detector."""
    return chance.normal(0, 1, count)


def meet(chance: np.random.Generator, likeness: Floats) -> Floats:
    """Return the best score that a detector has on each photo without a sight: 1 in 50 reaches 0.45."""
    return squash(STRANGER_ODDS + likeness + chance.normal(0, STRANGER_NOISE, likeness.shape))


def choose_threshold(scores: Floats) -> float:
    """Return the score that 1 further photo without a sight in 50 is to reach, as the trainer does."""
    return float(np.sort(scores)[ceil((len(scores) + 1) * 0.98) - 1])


def threshold_for(share: float) -> float:
    """Return the score that a share of all photos without a sight reaches."""
    steps = NormalDist().inv_cdf(1 - share)
    return float(squash(np.array(STRANGER_ODDS + steps * hypot(1, STRANGER_NOISE))))


def show(
    said: Said,
    strangers: Floats,
    *,
    photos: Photos,
    names: Sequence[str],
    threshold: float,
    curve: Floats,
    shift: float,
) -> ShownNames:
    """Return what people are shown of the photos, and of photos without a sight behind them.

    From a score of `threshold` on, with a confidence by `curve`, at SCORES, and `shift`.
    """
    count = len(photos.shows)
    kept, named = said.scores >= threshold, np.flatnonzero(strangers >= threshold)
    scores = np.concatenate((said.scores[kept], strangers[named]))
    return ShownNames(
        names=tuple(names),
        photos=np.concatenate((said.photos[kept], count + named)),
        # A stranger is taken for the first sight: for which, no rule asks.
        classes=np.concatenate((said.classes[kept], np.zeros(len(named), np.intp))),
        confidences=np.clip(np.interp(scores, SCORES, curve) + shift, 0, 1),
        right=np.concatenate((said.right[kept], np.zeros(len(named), np.bool_))),
        boxes=np.vstack((photos.shows, np.zeros((len(strangers), len(names)), np.bool_))).astype(
            np.intp
        ),
        backgrounds=count + np.arange(len(strangers)),
    )
