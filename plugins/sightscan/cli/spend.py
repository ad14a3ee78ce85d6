"""`sightscan spend`: what was paid, what caps and budgets still allow, and the bill before a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightscan.cli.declare import AsJson, CityArgument, argument, command, group, option
from sightscan.cli.environment import open_city, open_warehouse
from sightscan.cli.output import print_answer, print_json, print_lines, print_table
from sightscan.run import Run

if TYPE_CHECKING:
    import psycopg

    from sightscan.city import City
    from sightscan.settings import Settings

STOPPED_BY_BUDGET = 1

commands = group("spend", "Money: what was spent, what is left, what a run may cost.")


@command(commands, "show")
def show(
    city: Annotated[str | None, argument("CITY", "One city; without it, all.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what was spent, and what this month still allows.

    Of one city: what became of the images that were sent to Google Vision, and what each cap
    leaves. Of all cities: images and US dollars of each, and the budgets of this month and in all. What was taken
    over from a first SightScan counts against no cap.

    Changes: nothing.

    Examples:
        sightscan spend show
        sightscan spend show lisbon
        sightscan spend show lisbon --json
    """
    from sightscan.warehouse.registry.cities import find_city, list_cities

    with open_warehouse() as (config, connection):
        cities = list_cities(connection) if city is None else (find_city(connection, city),)
        ledgers = [_ledger(connection, config, each) for each in cities]
        month = _month(connection, config)
        in_all = _in_all(connection, config, month["under_way_usd"] or 0.0)
    if as_json:
        print_json({"cities": ledgers, "month": month, "in_all": in_all})
        return
    if city is None:
        rows = [
            (ledger["city"], ledger["images"], ledger["usd"], *_most_and_left(cap))
            for ledger in ledgers
            for cap in ledger["caps"]
            if cap["cap"] == "city"
        ]
        print_table(("city", "images", "USD", "cap", "left"), rows)
    else:
        (ledger,) = ledgers
        print_table(
            ("calls", "images", "USD"),
            [tuple(line.values()) for line in ledger["calls"]],
            title=f"{ledger['name']}: images sent to Google Vision",
        )
        print_lines("")
        print_table(
            ("cap", "used", "most", "left"),
            [(cap["scope"], cap["used"], *_most_and_left(cap)) for cap in ledger["caps"]],
        )
    print_lines("")
    print_table(
        ("this month (UTC), all cities", "USD"),
        [(name.removesuffix("_usd").replace("_", " "), usd) for name, usd in month.items()],
    )
    print_lines("")
    print_table(
        ("in all", "USD"),
        [(name.removesuffix("_usd").replace("_", " "), usd) for name, usd in in_all.items()],
    )


@command(
    commands,
    "estimate",
    statuses={STOPPED_BY_BUDGET: "done, and a budget would stop such a run"},
)
def estimate(
    city: CityArgument,
    *,
    sights: Annotated[int | None, option("Else MAX_SIGHTS_PER_CITY.")] = None,
    photos_per_sight: Annotated[int | None, option("Else MAX_IMAGES_PER_SIGHT.")] = None,
    vision_calls: Annotated[int | None, option("Else MAX_GOOGLE_VISION_CALLS_PER_RUN.")] = None,
    epochs: Annotated[int | None, option("Else MTS_EPOCHS.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run of the city may cost, at most and probably, if it were started now.

    The options are the fields of the trigger form. The run itself says the same before it spends,
    and stops if a budget might be passed.

    Changes: nothing.

    Examples:
        sightscan spend estimate lisbon
        sightscan spend estimate lisbon --sights 5 --vision-calls 500
    """
    from sightscan.spend.estimate import estimate_spend

    form = {
        "max_sights_per_city": sights,
        "max_images_per_sight": photos_per_sight,
        "max_google_vision_calls_per_run": vision_calls,
        "mts_epochs": epochs,
    }
    given = {name: value for name, value in form.items() if value is not None}
    with open_city(city, **given) as (config, connection, known):
        bill = estimate_spend(connection, config, known, Run(known.city_id, known.dag_id))
    refusal = (f"such a run would be stopped: {bill.refusal}",) if bill.refusal else ()
    print_answer(asdict(bill), bill.sentence, *refusal, as_json=as_json)
    if bill.refusal:
        raise typer.Exit(STOPPED_BY_BUDGET)


def _ledger(connection: psycopg.Connection[Any], config: Settings, city: City) -> dict[str, Any]:
    from sightscan.spend.caps import SCOPE, uses_of, vision_caps
    from sightscan.warehouse.spend.paid_calls import (
        VISION_LANDMARKS,
        sum_calls_spent,
        summarise_ledger,
    )

    lines = summarise_ledger(connection, VISION_LANDMARKS, city.city_id)
    spent = sum_calls_spent(connection, VISION_LANDMARKS, Run(city.city_id, city.dag_id))
    caps = vision_caps(config.with_overrides(city.overrides))
    return {
        "city": city.slug,
        "name": city.name,
        "images": spent.by_city,
        "usd": sum(line.usd for line in lines),
        "calls": [asdict(line) for line in lines],
        "caps": [
            {"cap": name, "scope": SCOPE[name], "used": used, "most": most}
            for name, (used, most) in uses_of(caps, spent).items()
        ],
    }


def _most_and_left(cap: dict[str, Any]) -> tuple[int, int]:
    return cap["most"], max(cap["most"] - cap["used"], 0)


def _month(connection: psycopg.Connection[Any], config: Settings) -> dict[str, float | None]:
    from sightscan.warehouse.spend.budgets import sum_usd_of_month

    month = sum_usd_of_month(connection)
    budget = config.max_usd_per_month
    taken = month.spent_usd + month.under_way_usd
    return {
        **asdict(month),
        "budget_usd": budget,
        "left_usd": None if budget is None else max(budget - taken, 0.0),
    }


def _in_all(
    connection: psycopg.Connection[Any], config: Settings, under_way_usd: float
) -> dict[str, float | None]:
    from sightscan.warehouse.spend.budgets import sum_usd_in_all

    budget = config.max_usd_in_all
    spent = sum_usd_in_all(connection)
    return {
        "spent_usd": spent,
        "under_way_usd": under_way_usd,
        "budget_usd": budget,
        "left_usd": None if budget is None else max(budget - spent - under_way_usd, 0.0),
    }
