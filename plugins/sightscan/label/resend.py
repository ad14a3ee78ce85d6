"""Let images be sent again whose calls were perhaps billed, on a person's word."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.label.run import ABANDONED_AFTER_SECONDS
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, allow_resend, sum_calls_spent
from sightscan.warehouse.spend.prices import unit_price

# No answer comes any more to a call that has been unknown for so long.
UNANSWERABLE_SECONDS = ABANDONED_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Resend:
    """Images that may be sent again, and what that costs at most in addition, in US dollars."""

    image_count: int
    usd: float


def allow_unknown_calls(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    *,
    allowed_by: str,
    is_rehearsal: bool,
) -> Resend:
    """Allow a city's calls of unknown fate to be tried once more; a rehearsal takes it back.

    Raises:
        SettingsError: the price is missing.

    """
    with connection.transaction(force_rollback=is_rehearsal):
        image_count = allow_resend(
            connection,
            VISION_LANDMARKS,
            city.city_id,
            allowed_by=allowed_by,
            older_than_seconds=UNANSWERABLE_SECONDS,
        )
    spent = sum_calls_spent(connection, VISION_LANDMARKS, Run(city.city_id, city.dag_id))
    price = unit_price(config, VISION_LANDMARKS.price_name)
    return Resend(image_count, price.usd_of(image_count, spent.this_month))
