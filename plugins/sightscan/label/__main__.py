"""`python -m sightscan.label estimate|ledger|resend-unknown CITY`: what labelling costs and has cost.

estimate: what a run started now may cost, and whether a budget would stop it (exit code 1).
ledger: what became of the city's paid calls, and what each cap leaves.
resend-unknown: let photos be sent again whose calls were perhaps billed, on your word.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import SightScanError
from sightscan.label.run import ABANDONED_AFTER_SECONDS
from sightscan.settings import Settings, settings
from sightscan.spend.caps import SCOPE, uses_of, vision_caps
from sightscan.spend.estimate import estimate_spend
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    allow_resend,
    sum_units_spent,
    summarise_ledger,
)
from sightscan.warehouse.spend.prices import unit_price

# The fields of the trigger form, as settings.
FORM = {
    "sights": "max_sights_per_city",
    "photos_per_sight": "max_images_per_sight",
    "vision_calls": "max_google_vision_calls_per_run",
    "epochs": "mts_epochs",
}


def main() -> int:
    """Run one command; return 0, 1 if a budget would stop the run, or 2 after an error."""
    arguments = _parser().parse_args()
    try:
        with connect(settings(), autocommit=True) as connection:
            city = find_city(connection, arguments.city)
            form = {setting: getattr(arguments, field, None) for field, setting in FORM.items()}
            given = {name: value for name, value in form.items() if value is not None}
            config = settings().with_overrides({**city.overrides, **given})
            return _run(connection, config, city, arguments)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sightscan.label",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    estimate = commands.add_parser("estimate", help="what a run may cost, at most and probably")
    ledger = commands.add_parser("ledger", help="what became of the paid calls")
    resend = commands.add_parser("resend-unknown", help="let unknown calls be sent again")
    for command in (estimate, ledger, resend):
        command.add_argument(
            "city", help="its slug, as `python -m sightscan.discover list` shows it"
        )
    estimate.add_argument("--sights", type=int, help="else MAX_SIGHTS_PER_CITY")
    estimate.add_argument("--photos-per-sight", type=int, help="else MAX_IMAGES_PER_SIGHT")
    estimate.add_argument("--vision-calls", type=int, help="else MAX_GOOGLE_VISION_CALLS_PER_RUN")
    estimate.add_argument("--epochs", type=int, help="else MTS_EPOCHS")
    choice = resend.add_mutually_exclusive_group()
    choice.add_argument("--dry-run", action="store_true", help="say what it would do")
    choice.add_argument("--yes", action="store_true", help="do it")
    return parser


def _run(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    arguments: argparse.Namespace,
) -> int:
    if arguments.command == "estimate":
        estimate = estimate_spend(connection, config, city, dag_id=city.dag_id)
        sys.stdout.write(f"{estimate.sentence}\n")
        if estimate.refusal:
            sys.stdout.write(f"such a run would be stopped: {estimate.refusal}\n")
            return 1
    elif arguments.command == "ledger":
        for line in _ledger(connection, config, city):
            sys.stdout.write(f"{line}\n")
    else:
        sys.stdout.write(f"{_resend(connection, config, city, is_agreed=arguments.yes)}\n")
    return 0


def _ledger(connection: psycopg.Connection[Any], config: Settings, city: City) -> Iterator[str]:
    yield f"{city.name}: images sent to Google Vision"
    for line in summarise_ledger(connection, VISION_LANDMARKS, city.city_id):
        yield f"  {line.state:28} {line.units:9,}  {line.usd:10.4f} USD"
    yield "caps"
    spent = sum_units_spent(connection, VISION_LANDMARKS, city.city_id)
    for name, (used, cap) in uses_of(vision_caps(config), spent).items():
        yield f"  {SCOPE[name]:28} {used:9,} of {cap:,}"


def _resend(
    connection: psycopg.Connection[Any], config: Settings, city: City, *, is_agreed: bool
) -> str:
    """Allow it, or do so and take it back at once to see what it would be."""
    with connection.transaction(force_rollback=not is_agreed):
        units = allow_resend(
            connection,
            VISION_LANDMARKS,
            city.city_id,
            allowed_by=getpass.getuser(),
            # No answer comes any more.
            older_than_seconds=ABANDONED_AFTER_SECONDS,
        )
    if not units:
        return (
            f"{city.name}: no image of unknown fate may be sent again (one must have been unknown "
            f"for {ABANDONED_AFTER_SECONDS / 60:.0f} minutes); nothing was changed"
        )
    spent = sum_units_spent(connection, VISION_LANDMARKS, city.city_id)
    usd = unit_price(config, VISION_LANDMARKS.price_name).usd_of(units, spent.this_month)
    cost = f"{units} images of unknown fate, for up to {usd:.4f} USD in addition"
    if is_agreed:
        return f"{city.name}: the next run sends {cost}, as far as its caps allow"
    return f"{city.name}: would send again {cost}; nothing was changed, add --yes to do it"


if __name__ == "__main__":
    sys.exit(main())
