"""What cities that were asked for would cost, and which of them the monthly budget lets in."""

import logging
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import SettingsError
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.spend.estimate import estimate_spend
from sightscan.warehouse.registry.decisions import let_city_in, list_requested_cities
from sightscan.warehouse.registry.waits import CityWait, WaitsFor, save_waits
from sightscan.warehouse.spend.budgets import lock_budget, sum_usd_for_requests

# Who lets in, as core.city_decision has it.
BUDGET = "budget for requests"
# An estimate each; those behind them read theirs when they come nearer.
MAX_WAITS = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FirstBill:
    """What the first run of a city may cost, in US dollars; `problem` says why that is not known."""

    most_usd: float | None
    probable_usd: float | None
    problem: str = ""


def first_bill(connection: psycopg.Connection[Any], config: Settings, city: City) -> FirstBill:
    """Return what a first run of the city may cost."""
    try:
        bill = estimate_spend(
            connection,
            config.with_overrides(city.overrides),
            city,
            Run(city.city_id, city.dag_id),
        )
    except SettingsError as error:
        return FirstBill(None, None, str(error))
    return FirstBill(bill.most_usd, bill.probable_usd)


def left_for_requests(connection: psycopg.Connection[Any], config: Settings) -> float:
    """Return what is left of this month's budget for requests, in US dollars."""
    used = sum_usd_for_requests(connection, "").others_usd
    return max(config.max_usd_per_month_for_requests - used, 0.0)


def tell_budget(config: Settings, left_usd: float, next_bill: FirstBill | None) -> str:
    """Return what is left of the budget for requests, and whether the next city is let in by itself.

    `next_bill` is that of the city on top of those that wait, if one does.
    """
    budget_usd = config.max_usd_per_month_for_requests
    if not budget_usd:
        return "MAX_USD_PER_MONTH_FOR_REQUESTS is 0: every city waits for a decision."
    told = f"{left_usd:.2f} of {budget_usd:g} USD of this month's budget for requests are left"
    if next_bill is None:
        return f"{told}."
    most_usd = next_bill.most_usd
    if most_usd is None:
        return f"{told}; what the city on top would cost is not known, so nobody is let in."
    if most_usd <= left_usd:
        return f"{told}; the city on top fits, and is let in within ten minutes."
    asked = f"{told}; the first run of the city on top may cost {most_usd:.2f} USD"
    if most_usd <= budget_usd:
        return f"{asked}, so all wait for a decision or the next month."
    return (
        f"{asked}, more than the whole budget: all wait for a decision, for a higher "
        "MAX_USD_PER_MONTH_FOR_REQUESTS, or for a cheaper instance."
    )


def let_in_what_fits(connection: psycopg.Connection[Any], config: Settings) -> list[City]:
    """Let waiting cities in, in the order of demand, until the next one does not fit.

    Exact for workers that do so at once, and for runs that are estimated meanwhile.
    """
    let_in: list[City] = []
    while (city := _let_next_in(connection, config)) is not None:
        let_in.append(city)
    return let_in


def note_waits(connection: psycopg.Connection[Any], config: Settings) -> list[CityWait]:
    """Note what the cities wait for that are next, for the pages of those who asked for them."""
    waiting = list_requested_cities(connection, "waiting", most=MAX_WAITS)
    waits: list[CityWait] = []
    for place, (city, _) in enumerate(waiting):
        bill = first_bill(connection, config, city)
        waits_for: WaitsFor = "approval"
        if bill.most_usd is not None and bill.most_usd <= config.max_usd_per_month_for_requests:
            # Nobody passes another: behind a city that no budget lets in, all wait for a person, too.
            is_blocked = any(one.waits_for == "approval" for one in waits)
            waits_for = "approval" if is_blocked else "turn" if place else "budget"
        waits.append(CityWait(city.city_id, waits_for, bill.most_usd, bill.probable_usd))
    save_waits(connection, waits)
    return waits


def _let_next_in(connection: psycopg.Connection[Any], config: Settings) -> City | None:
    with connection.transaction():
        lock_budget(connection)
        waiting = list_requested_cities(connection, "waiting", most=1)
        if not waiting:
            return None
        ((city, asked),) = waiting
        bill = first_bill(connection, config, city)
        if bill.most_usd is None:
            logger.warning("%s waits: what it would cost is not known: %s", city.slug, bill.problem)
            return None
        left_usd = left_for_requests(connection, config)
        if bill.most_usd > left_usd:
            logger.info(
                "%s waits for a person (asked for by %d): its first run may cost %.2f USD, and "
                "%.2f USD are left of MAX_USD_PER_MONTH_FOR_REQUESTS=%g",
                city.slug,
                asked.vote_count,
                bill.most_usd,
                left_usd,
                config.max_usd_per_month_for_requests,
            )
            return None
        if not let_city_in(connection, city, decided_by=BUDGET, most_usd=bill.most_usd):
            return None
    logger.info("%s is let in: at most %.2f USD of %.2f", city.slug, bill.most_usd, left_usd)
    return city
