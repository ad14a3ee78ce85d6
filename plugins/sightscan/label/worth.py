"""What the next call about a sight is worth: the order in which a cap is spent.

docs/choosing-photos.md says why it is this one.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

# Before any answer, every second call finds its sight.
FIRST_RATE = 0.5
# So many answers weigh as much as what was believed before them.
PRIOR_ANSWERS = 4.0
# About a stratum, the answers of one sight together never outweigh that.
MAX_ANSWERS_OF_A_SIGHT = PRIOR_ANSWERS
# No stratum is hopeless or certain: it would never be tried again, or never be doubted.
MIN_RATE, MAX_RATE = 0.01, 0.99


class Tier(IntEnum):
    """What calls about a sight lead to; the highest comes first."""

    OUT_OF_REACH = 1  # too few photos or calls for the minimum: only luck can help
    HAS_MINIMUM = 2  # more views of a class that there is already
    REACHES_MINIMUM = 3  # one more class: nothing else makes what it has cost so far worth anything


@dataclass(frozen=True, slots=True)
class CallWorth:
    """The next call about a sight, by what is known of the sight; the greatest `order` comes first.

    `labels` counts views, with what those on their way will probably bring; `labels_to_come` is what
    all that are left will probably bring, `hit_rate` how likely the next call brings one. A sight
    needs `minimum` labels to be trained; `calls_left` is what the city may ever pay for.
    """

    sight_id: int
    rank: int
    labels: float
    labels_to_come: float
    hit_rate: float
    minimum: int
    calls_left: int

    @property
    def calls_to_minimum(self) -> float:
        """Return how many calls will probably bring it to the minimum; 0 if it is there."""
        return max(self.minimum - self.labels, 0) / self.hit_rate

    @property
    def tier(self) -> Tier:
        """Return what its calls lead to."""
        if self.labels >= self.minimum:
            return Tier.HAS_MINIMUM
        has_photos = self.labels_to_come >= self.minimum - self.labels
        if has_photos and self.calls_to_minimum <= self.calls_left:
            return Tier.REACHES_MINIMUM
        return Tier.OUT_OF_REACH

    @property
    def within_tier(self) -> float:
        """Return what the call is worth beside others of its tier: no measure across tiers."""
        match self.tier:
            case Tier.REACHES_MINIMUM:
                # The cheapest is finished first.
                return -self.calls_to_minimum
            case Tier.HAS_MINIMUM:
                # The second thirty views of a sight teach about half as much as the first.
                return self.hit_rate / (self.labels // self.minimum)
            case Tier.OUT_OF_REACH:
                # The nearest, since luck may help; those as near take turns.
                return int(self.labels + self.labels_to_come)

    @property
    def order(self) -> tuple[Tier, float, float, int, int]:
        """Return what calls are compared by; of equal ones, the sight with the fewest labels first."""
        return self.tier, self.within_tier, -self.labels, -self.rank, -self.sight_id


class Stratum(NamedTuple):
    """Photos of one source and size class, which are about equally likely to show their sight."""

    source: str
    size: Literal["small", "medium", "large"]


class HitRates:
    """How often a call about a photo brought a label of the sight it was found for.

    A rate is that of the photo's stratum (its source and size) in the whole city, times how much
    better or worse the sight does than its strata would let expect. Few answers say little, so each
    of the two starts from the next larger group and moves away from it as answers come. However
    many answers there are about one sight, they say only so much about a stratum: else a sight that
    Vision does not know would pass for a bad source.
    """

    def __init__(self) -> None:
        # Weighed: what one sight says about a stratum.
        self._answers: defaultdict[Stratum, float] = defaultdict(float)
        self._hits: defaultdict[Stratum, float] = defaultdict(float)
        self._sight_answers: defaultdict[int, Counter[Stratum]] = defaultdict(Counter)
        self._sight_hits: defaultdict[int, Counter[Stratum]] = defaultdict(Counter)

    def note(self, sight_id: int, stratum: Stratum, *, is_hit: bool) -> None:
        """Count an answer about a photo that was found for a sight."""
        answers, hits = self._sight_answers[sight_id], self._sight_hits[sight_id]
        before = _weight(answers[stratum])
        after = _weight(answers[stratum] + 1)
        self._answers[stratum] += after * (answers[stratum] + 1) - before * answers[stratum]
        self._hits[stratum] += after * (hits[stratum] + is_hit) - before * hits[stratum]
        answers[stratum] += 1
        hits[stratum] += is_hit

    def rate(self, sight_id: int, stratum: Stratum) -> float:
        """Return how likely the next such photo gives a label of the sight."""
        believed = self._stratum_rate(stratum) * self._lift(sight_id)
        return min(max(believed, MIN_RATE), MAX_RATE)

    def _lift(self, sight_id: int) -> float:
        answers = self._sight_answers[sight_id]
        expected_hits = sum(self._stratum_rate(each) * count for each, count in answers.items())
        hits = self._sight_hits[sight_id].total()
        return (hits + PRIOR_ANSWERS) / (expected_hits + PRIOR_ANSWERS)

    def _stratum_rate(self, stratum: Stratum) -> float:
        return _drawn_to(self._city_rate(), self._hits[stratum], self._answers[stratum])

    def _city_rate(self) -> float:
        return _drawn_to(FIRST_RATE, sum(self._hits.values()), sum(self._answers.values()))


def _weight(answers: int) -> float:
    """Return how much each of so many answers about one sight says about a stratum."""
    return MAX_ANSWERS_OF_A_SIGHT / (MAX_ANSWERS_OF_A_SIGHT + answers)


def _drawn_to(prior: float, hits: float, answers: float) -> float:
    return (hits + prior * PRIOR_ANSWERS) / (answers + PRIOR_ANSWERS)
