"""How much of a figure is luck: what it would be if other photos had been drawn.

The photos are drawn anew a thousand times, with replacement and the same draw for all that is
compared (a paired bootstrap). Draws of few photos are too much alike, and lopsided: where 5 % were
meant, a plain quantile of them lets 8 % of equal models through at 15 photos. So a bound is the
lower of two that allow for the number of photos: Student's, with the spread of the draws for its
standard error, and the draws' own quantile, moved outwards as far (Hesterberg 2015, section 5.3,
"expanded percentile"). `make bench-gate` holds them to it.
"""

from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

import numpy as np

from sightscan.publish.average_precision import Array

DRAWS = 1000
DRAW_SEED = 20_26
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, what it was in each draw (NaN: the draw says nothing), and of how many photos."""

    value: float
    draws: Array
    photo_count: int

    def lower_bound(self, level: float) -> float:
        """Return what luck alone falls below in a share `level` of cases, at most."""
        draws = self.draws[~np.isnan(self.draws)]
        freedom = self.photo_count - 1
        if freedom < 1 or not draws.size:
            return -inf
        steps = sqrt(self.photo_count / freedom) * student_quantile(level, freedom)
        student = self.value + steps * float(draws.std())
        return min(student, float(np.quantile(draws, NORMAL.cdf(steps))))

    def share_below(self, bound: float) -> float:
        """Return the share of draws below a bound; 0 if none says anything."""
        draws = self.draws[~np.isnan(self.draws)]
        return float((draws < bound).mean()) if draws.size else 0.0


def draw_photos(count: int) -> Array:
    """Return how often each photo was drawn, (photos, draws), always the same for one count."""
    chance = np.random.default_rng(DRAW_SEED)
    drawn = chance.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return np.ascontiguousarray(drawn.T, dtype=np.float64)


def student_quantile(level: float, freedom: int) -> float:
    """Return the quantile of Student's distribution (Abramowitz and Stegun 26.7.5, three terms).

    At 5 and 10 % it is within 0.002 from 4 degrees of freedom on, and too small by a ninth with 1.
    """
    x = NORMAL.inv_cdf(level)
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    return x + first / freedom + second / freedom**2 + third / freedom**3
