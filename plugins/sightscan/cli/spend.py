"""`sightscan spend`: what was paid, what caps and budgets still allow, and the bill before a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightscan.cli.environment import open_warehouse
from sightscan.cli.manual import AsJson, CityArgument, group, manual
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.run import Run

if TYPE_CHECKING:
    import psycopg

    from sightscan.city import City
    from sightscan.settings import Settings

STOPPED_BY_BUDGET = 1

commands = group("Money: what was spent, what is left, what a run may cost.")


@commands.command(
    "show",
    epilog=manual(
        changes="nothing.",
        examples=(
            "sightscan spend show",
            "sightscan spend show lisbon",
            "sightscan spend show lisbon --json",
        ),
    ),
)
def show(
    context: typer.Context,
    city: Annotated[
        str | None,
        typer.Argument(metavar="CITY", help="One city; without it, all.", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what was spent, and what this month still allows.

    Of one city: what became of the images that were sent to Google Vision, and what each cap
    leaves. Of all cities: images and US dollars of each, and this month's budget. What was taken
    over from a first SightScan counts against no cap.
    """
    from sightscan.warehouse.registry.cities import find_city, list_cities

    with open_warehouse(context) as (config, connection):
        cities = list_cities(connection) if city is None else (find_city(connection, city),)
        ledgers = [_ledger(connection, config, each) for each in cities]
        month = _month(connection, config)
    if as_json:
        print_json({"cities": ledgers, "month": month})
        return
    if city is None:
        _print_cities(ledgers)
    else:
        _print_ledger(ledgers[0])
    print_lines("")
    print_table(
        ("this month (UTC), all cities", "USD"),
        [(name.removesuffix("_usd").replace("_", " "), usd) for name, usd in month.items()],
    )


@commands.command(
    "estimate",
    epilog=manual(
        changes="nothing.",
        examples=(
            "sightscan spend estimate lisbon",
            "sightscan spend estimate lisbon --sights 5 --vision-calls 500",
        ),
        statuses={STOPPED_BY_BUDGET: "done, and a budget would stop such a run"},
    ),
)
def estimate(
    context: typer.Context,
    city: CityArgument,
    *,
    sights: Annotated[
        int | None, typer.Option(help="Else MAX_SIGHTS_PER_CITY.", show_default=False)
    ] = None,
    photos_per_sight: Annotated[
        int | None, typer.Option(help="Else MAX_IMAGES_PER_SIGHT.", show_default=False)
    ] = None,
    vision_calls: Annotated[
        int | None, typer.Option(help="Else MAX_GOOGLE_VISION_CALLS_PER_RUN.", show_default=False)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Else MTS_EPOCHS.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run of the city may cost, at most and probably, if it were started now.

    The options are the fields of the trigger form. The run itself says the same before it spends,
    and stops if a budget might be passed.
    """
    from sightscan.spend.estimate import estimate_spend
    from sightscan.warehouse.registry.cities import find_city

    form = {
        "max_sights_per_city": sights,
        "max_images_per_sight": photos_per_sight,
        "max_google_vision_calls_per_run": vision_calls,
        "mts_epochs": epochs,
    }
    given = {name: value for name, value in form.items() if value is not None}
    with open_warehouse(context) as (config, connection):
        known = find_city(connection, city)
        own = config.with_overrides({**known.overrides, **given})
        bill = estimate_spend(connection, own, known, Run(known.city_id, known.dag_id))
    if as_json:
        print_json(asdict(bill))
    else:
        refusal = (f"such a run would be stopped: {bill.refusal}",) if bill.refusal else ()
        print_lines(bill.sentence, *refusal)
    if bill.refusal:
        raise typer.Exit(STOPPED_BY_BUDGET)


def _ledger(connection: psycopg.Connection[Any], config: Settings, city: City) -> dict[str, Any]:
    from sightscan.spend.caps import SCOPE, uses_of, vision_caps
    from sightscan.warehouse.spend.paid_calls import (
        VISION_LANDMARKS,
        sum_units_spent,
        summarise_ledger,
    )

    lines = summarise_ledger(connection, VISION_LANDMARKS, city.city_id)
    spent = sum_units_spent(connection, VISION_LANDMARKS, Run(city.city_id, city.dag_id))
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


def _month(connection: psycopg.Connection[Any], config: Settings) -> dict[str, float | None]:
    from sightscan.warehouse.spend.budgets import sum_usd_of_month

    month = sum_usd_of_month(connection)
    budget = config.max_usd_per_month
    taken = month.spent_usd + month.under_way_usd
    return {
        "calls_usd": month.calls_usd,
        "gpu_usd": month.gpu_usd,
        "under_way_usd": month.under_way_usd,
        "budget_usd": budget,
        "left_usd": None if budget is None else max(budget - taken, 0.0),
    }


def _print_cities(ledgers: list[dict[str, Any]]) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        for ledger in ledgers:
            most = {cap["cap"]: cap["most"] for cap in ledger["caps"]}["city"]
            images = ledger["images"]
            yield ledger["city"], images, ledger["usd"], most, max(most - images, 0)

    print_table(("city", "images", "USD", "cap", "left"), rows())


def _print_ledger(ledger: dict[str, Any]) -> None:
    print_table(
        ("calls", "images", "USD"),
        [(line["state"], line["units"], line["usd"]) for line in ledger["calls"]],
        title=f"{ledger['name']}: images sent to Google Vision",
    )
    print_lines("")
    print_table(
        ("cap", "used", "most", "left"),
        [
            (cap["scope"], cap["used"], cap["most"], max(cap["most"] - cap["used"], 0))
            for cap in ledger["caps"]
        ],
    )
