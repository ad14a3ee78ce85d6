"""The bill before the run: what it may cost at most, and what it will probably cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.settings import Settings
from sightscan.warehouse.labels import list_photos_to_label
from sightscan.warehouse.ledger import (
    VISION_LANDMARKS,
    mean_session_seconds,
    sum_units_spent,
)
from sightscan.warehouse.prices import gpu_price_per_hour_usd, unit_price

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class SpendEstimate:
    """What a run may spend. Calls are images; money is in US dollars.

    `gpu_usd` is the probable cost of the GPU: the mean of earlier sessions, else the most.
    """

    waiting_photos: int
    calls_left_for_city: int
    most_calls: int
    most_usd: float
    free_units_left: int
    gpu_usd: float
    sentence: str


def estimate_spend(
    connection: psycopg.Connection[Any], config: Settings, city: City
) -> SpendEstimate:
    """Estimate a run before its crawl: the photos to come count with the most there may be.

    Raises:
        SettingsError: a price is missing.

    """
    price = unit_price(config, VISION_LANDMARKS.price_name)
    spent = sum_units_spent(connection, VISION_LANDMARKS, city.city_id)
    waiting = len(
        list_photos_to_label(connection, VISION_LANDMARKS, city.city_id, dag_id="", run_id="")
    )
    calls_left = max(config.max_google_vision_calls_per_new_city - spent.by_city, 0)
    photos_to_come = config.max_sights_per_city * config.max_images_per_sight
    most_calls = min(calls_left, waiting + photos_to_come)
    if config.max_google_vision_calls_per_run is not None:
        most_calls = min(most_calls, config.max_google_vision_calls_per_run)
    most_vision_usd = price.usd_of(most_calls, spent.this_month)

    gpu_per_hour = gpu_price_per_hour_usd(config)
    most_gpu_usd = gpu_per_hour * config.mts_time_limit_seconds / SECONDS_PER_HOUR
    earlier_seconds = mean_session_seconds(connection, city.city_id)
    gpu_usd = (
        most_gpu_usd
        if earlier_seconds is None
        else min(gpu_per_hour * earlier_seconds / SECONDS_PER_HOUR, most_gpu_usd)
    )
    free_units_left = max(price.free_units_per_month - spent.this_month, 0)
    return SpendEstimate(
        waiting_photos=waiting,
        calls_left_for_city=calls_left,
        most_calls=most_calls,
        most_usd=round(most_vision_usd + most_gpu_usd, 4),
        free_units_left=free_units_left,
        gpu_usd=round(gpu_usd, 4),
        sentence=(
            f"{city.name}: at most {most_vision_usd + most_gpu_usd:.2f} USD "
            f"({most_calls} Vision images for {most_vision_usd:.2f} USD, {free_units_left} of them "
            f"may still be free this month; GPU {most_gpu_usd:.2f} USD), "
            f"probably {most_vision_usd + gpu_usd:.2f} USD; {waiting} photos wait already, "
            f"{spent.by_city} of the city's {config.max_google_vision_calls_per_new_city} calls "
            "are spent"
        ),
    )
