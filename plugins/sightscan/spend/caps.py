"""The caps of labelling: which there are, and what to raise when one stops a run."""

from collections.abc import Sequence

from sightscan.settings import Settings
from sightscan.warehouse.spend.paid_calls import CallsSpent, CapName, Caps

# cap: the setting, and where else it may be raised
WHERE_TO_RAISE: dict[CapName, str] = {
    "city": "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY, or the city's overrides",
    "run": "MAX_GOOGLE_VISION_CALLS_PER_RUN, or vision_calls in the trigger form",
    "estimate": "it: clear estimate_spend of this run, with everything downstream of it",
    "month": "MAX_GOOGLE_VISION_CALLS_PER_MONTH, or wait for the next month (UTC)",
    "in_all": "MAX_GOOGLE_VISION_CALLS_IN_ALL",
}
SCOPE: dict[CapName, str] = {
    "city": "of the city",
    "run": "of this run",
    "estimate": "of this run's estimate",
    "month": "of this month, all cities",
    "in_all": "of all cities ever",
}


def vision_caps(config: Settings, promised_calls: int | None = None) -> Caps:
    """Return the caps of Google Vision, in images; of a run, also what it was let through with."""
    return Caps(
        city=config.max_google_vision_calls_per_new_city,
        run=config.max_google_vision_calls_per_run,
        estimate=promised_calls,
        month=config.max_google_vision_calls_per_month,
        in_all=config.max_google_vision_calls_in_all,
    )


def uses_of(caps: Caps, spent: CallsSpent) -> dict[CapName, tuple[int, int]]:
    """Return, of each cap that there is, the images spent and the cap."""
    uses: dict[CapName, tuple[int, int | None]] = {
        "city": (spent.by_city, caps.city),
        "run": (spent.by_run, caps.run),
        "estimate": (spent.by_run, caps.estimate),
        "month": (spent.this_month, caps.month),
        "in_all": (spent.in_all, caps.in_all),
    }
    return {name: (used, cap) for name, (used, cap) in uses.items() if cap is not None}


def calls_left(caps: Caps, spent: CallsSpent) -> int:
    """Return how many images may still be paid for."""
    return min(max(cap - used, 0) for used, cap in uses_of(caps, spent).values())


def explain_caps(stopped_by: Sequence[CapName], caps: Caps, spent: CallsSpent) -> str:
    """Return a sentence that names the caps which stopped a run, and what to raise; else empty."""
    uses = uses_of(caps, spent)
    return "; ".join(
        f"the cap {SCOPE[name]} is reached ({uses[name][0]} of {uses[name][1]} images): "
        f"raise {WHERE_TO_RAISE[name]}"
        for name in stopped_by
    )
