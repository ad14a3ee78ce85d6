"""All checks in their order: later ones use what earlier ones found."""

from sightscan.services import google, gpu, photos, wikimedia
from sightscan.services.check import Check
from sightscan.settings import Settings

CHECKS: tuple[Check, ...] = (
    *wikimedia.CHECKS,
    *photos.CHECKS,
    *google.CHECKS,
    *gpu.CHECKS,
    photos.STORE_CHECK,
)


def plan_of(config: Settings) -> list[dict[str, object]]:
    """Return what would be asked of whom, why, and for how much at the most, as records."""
    return [
        {
            "name": check.name,
            "service": check.service,
            "asks": check.asks,
            "why": check.why,
            "expected": check.expected,
            "max_requests": check.max_requests,
            "max_usd": 0.0 if check.paid is None else google.most_usd(config, check.paid),
        }
        for check in CHECKS
    ]
