"""The budgets over all cities: what is used up of each, of this month and ever.

That of the cities that requests let in has a value from the start, and is one of them once it is used.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import psycopg

from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.warehouse.spend.budgets import (
    sum_usd_for_requests,
    sum_usd_in_all,
    sum_usd_of_month,
)
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, sum_calls_spent

REQUESTS_SETTING = "MAX_USD_PER_MONTH_FOR_REQUESTS"
Unit = Literal["US dollars", "images"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget that is set, and what is used up of it: in a month such as 2026-11, or ever.

    Of the budget for requests, what is promised to a city's first run is used up, too.
    """

    setting: str
    span: str
    used: float
    most: float
    unit: Unit


def list_limits(connection: psycopg.Connection[Any], config: Settings) -> list[Limit]:
    """Return the budgets that are set; what is used up is counted only of those, since "ever" takes a while."""
    month = f"{datetime.now(UTC):%Y-%m}"
    limits = []
    if (usd := config.max_usd_per_month) is not None:
        used = sum_usd_of_month(connection).spent_usd
        limits.append(Limit("MAX_USD_PER_MONTH", month, used, usd, "US dollars"))
    if (usd := config.max_usd_in_all) is not None:
        limits.append(
            Limit("MAX_USD_IN_ALL", "ever", sum_usd_in_all(connection), usd, "US dollars")
        )
    usd = config.max_usd_per_month_for_requests
    if usd and (used := sum_usd_for_requests(connection, "").others_usd):
        limits.append(Limit(REQUESTS_SETTING, month, used, usd, "US dollars"))
    per_month, in_all = (
        config.max_google_vision_calls_per_month,
        config.max_google_vision_calls_in_all,
    )
    if per_month is None and in_all is None:
        return limits
    calls = sum_calls_spent(connection, VISION_LANDMARKS, Run("", ""))
    if per_month is not None:
        setting = "MAX_GOOGLE_VISION_CALLS_PER_MONTH"
        limits.append(Limit(setting, month, calls.this_month, per_month, "images"))
    if in_all is not None:
        limits.append(
            Limit("MAX_GOOGLE_VISION_CALLS_IN_ALL", "ever", calls.in_all, in_all, "images")
        )
    return limits
