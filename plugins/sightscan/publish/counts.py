"""How much of a count is luck: exact, so that it stays honest where there is little to count."""

from math import exp, lgamma, log


def chance_of(count: int, of: int, share: float) -> float:
    """Return how likely `count` or more of `of` are hit, if each is with a chance of `share`.

    Where it is small, the true share is surely larger: Clopper and Pearson's bound is the share at
    which it is just as large as is allowed to luck.
    """
    if count <= 0:
        return 1.0
    if not 0 < share < 1:
        return float(share >= 1)
    return min(1.0, sum(_chance_of_just(hits, of, share) for hits in range(count, of + 1)))


def chance_of_more(more: int, less: int) -> float:
    """Return how likely luck alone gives so many more, of what differs either way (the sign test)."""
    return chance_of(more, more + less, 0.5)


def _chance_of_just(hits: int, of: int, share: float) -> float:
    ways = lgamma(of + 1) - lgamma(hits + 1) - lgamma(of - hits + 1)
    return exp(ways + hits * log(share) + (of - hits) * log(1 - share))
