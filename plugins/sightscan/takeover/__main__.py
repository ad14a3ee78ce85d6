"""`python -m sightscan.takeover --from postgresql://reader@host/name`: take over a first SightScan.

Nothing is written there. `--dry-run` reads, counts and prints the same, and writes nothing here
either. It can be stopped at any time and run again. See docs/runbooks/take-over.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sightscan.discover.wikidata import WikidataClient, open_client
from sightscan.errors import SettingsError, SightScanError
from sightscan.settings import Settings, settings
from sightscan.takeover.cities import (
    ResolvedCity,
    merge_spellings,
    register_city,
    resolve_cities,
)
from sightscan.takeover.photos import CityTakeover, TakeoverReport
from sightscan.takeover.source_database import (
    count_orphans,
    list_first_cities,
    open_first_system,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.run_reports import save_report
from sightscan.warehouse.registry.sights import list_sights

DAG_ID = "takeover"


def main() -> int:
    """Take over; return 0, or 2 after an error in a sentence."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        _take_over(settings(), arguments)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        sys.stderr.write(
            f"error: a database went away: {reason}; run it again, it goes on where it was\n"
        )
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sightscan.takeover", description=__doc__)
    parser.add_argument(
        "--from",
        dest="address",
        help="the database to take over, without its password (which libpq's .pgpass file gives); "
        "else FIRST_DATABASE_URL",
    )
    parser.add_argument(
        "--city",
        action="append",
        default=[],
        metavar="NAME=QID",
        help="which city a name is, by Wikidata id; NAME=- leaves it out; may be repeated",
    )
    parser.add_argument(
        "--y-axis",
        choices=("up", "down"),
        default="up",
        help="how boxes run whose larger y comes first; see the runbook",
    )
    parser.add_argument("--activate", action="store_true", help="let new cities run at once")
    parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    return parser.parse_args()


def _take_over(config: Settings, arguments: argparse.Namespace) -> None:
    address = arguments.address or (
        config.first_database_url.get_secret_value() if config.first_database_url else ""
    )
    if not address:
        msg = "no database to take over: give --from postgresql://..., or set FIRST_DATABASE_URL"
        raise SettingsError(msg)
    if arguments.address and "password" in conninfo_to_dict(arguments.address):
        sys.stderr.write(
            "warning: everybody on this machine can read a password on a command line; "
            "set FIRST_DATABASE_URL instead\n"
        )
    given = _given_cities(arguments.city)
    run_id = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        open_first_system(address) as first,
        connect(config, autocommit=True) as connection,
        open_client(config) as client,
    ):
        orphans = count_orphans(first)
        cities = resolve_cities(client, merge_spellings(list_first_cities(first)), given)
        for resolved in cities:
            with _registered(connection, client, config, resolved, arguments) as (city, sights):
                takeover = CityTakeover(
                    first=first,
                    connection=connection,
                    config=config,
                    resolved=city,
                    sights=sights,
                    y_axis=arguments.y_axis,
                    is_dry_run=arguments.dry_run,
                )
            report = takeover.run()
            _print(report, resolved)
            if not arguments.dry_run:
                save_report(
                    connection,
                    dag_id=DAG_ID,
                    run_id=run_id,
                    city_id=city.city.city_id,
                    task_id="take_over",
                    subject=f"{resolved.first.spellings[0]}",
                    report=asdict(report),
                )
    if orphans:
        sys.stdout.write(f"{orphans} images belong to no city there and were left where they are\n")
    done = "dry run: nothing was written" if arguments.dry_run else "taken over"
    sys.stdout.write(f"{len(cities)} cities {done}\n")


@contextmanager
def _registered(
    connection: psycopg.Connection[Any],
    client: WikidataClient,
    config: Settings,
    resolved: ResolvedCity,
    arguments: argparse.Namespace,
) -> Iterator[tuple[ResolvedCity, Any]]:
    """Give the city with its sights; in a dry run they are forgotten at once."""
    # Only a dry run: otherwise the registry would be locked while Wikidata is asked.
    forgetting: AbstractContextManager[object] = (
        connection.transaction(force_rollback=True) if arguments.dry_run else nullcontext()
    )
    with forgetting:
        city = register_city(connection, client, config, resolved.city, activate=arguments.activate)
        yield ResolvedCity(resolved.first, city), list_sights(connection, city.city_id)


def _given_cities(options: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for option in options:
        name, separator, meant = option.rpartition("=")
        if not separator or not meant.strip():
            msg = f'--city {option!r} is not NAME=QID; expected such as --city "MLAGA=Q8851"'
            raise SettingsError(msg)
        given[name] = meant.strip()
    return given


def _print(report: TakeoverReport, resolved: ResolvedCity) -> None:
    spelled = ", ".join(map(repr, resolved.first.spellings))
    lines = [f"{report.city} (there: {spelled})"]
    for name, value in asdict(report).items():
        if isinstance(value, dict):
            lines += [f"  {name} {reason}: {count}" for reason, count in value.items()]
        elif name != "city":
            lines.append(f"  {name}: {value}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
