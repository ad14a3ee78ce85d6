"""How far a share that was counted may be from the true one."""

from math import sqrt

# Of a normal distribution, 95 % lie within as many deviations.
_DEVIATIONS = 1.96


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return both ends of Wilson's interval of 95 % for a share."""
    if not of:
        return 0.0, 1.0
    share, square = count / of, _DEVIATIONS**2
    middle = share + square / (2 * of)
    spread = _DEVIATIONS * sqrt(share * (1 - share) / of + square / (4 * of**2))
    low, high = ((middle + side * spread) / (1 + square / of) for side in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def say_interval(count: int, of: int) -> str:
    """Say of how many a share is, and between what the true one lies."""
    low, high = wilson(count, of)
    return f"of {of}, true {low:.3f} to {high:.3f}"
