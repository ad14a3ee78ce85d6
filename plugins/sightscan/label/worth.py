"""What the next call about a sight is worth: the order in which a cap is spent.

docs/choosing-photos.md says why it is this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


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
