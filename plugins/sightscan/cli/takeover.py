"""`sightscan takeover`: take over a first SightScan."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sightscan.cli.environment import open_settings
from sightscan.cli.manual import manual
from sightscan.cli.output import print_lines

if TYPE_CHECKING:
    from sightscan.takeover.run import CityReport

MANUAL = manual(
    changes="cities, photos, paid labels and models of our warehouse. The old database is only "
    "read. It can be stopped at any time and run again; a second run changes nothing.",
    examples=(
        "sightscan takeover --dry-run",
        'sightscan takeover --from postgresql://reader@host/name --city "MLAGA=Q8851"',
        'sightscan takeover --city "TEST=-" --y-axis down',
    ),
)


def take_over_first_system(
    context: typer.Context,
    *,
    address: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL",
            help="The database to take over, without its password (which libpq's .pgpass file "
            "gives); else FIRST_DATABASE_URL.",
            show_default=False,
        ),
    ] = None,
    cities: Annotated[
        list[str] | None,
        typer.Option(
            "--city",
            metavar="NAME=QID",
            help="Which city a name is, by Wikidata id; NAME=- leaves it out; may be repeated.",
            show_default=False,
        ),
    ] = None,
    y_axis: Annotated[
        Literal["up", "down"],
        typer.Option(help="How boxes run whose larger y comes first; see the runbook."),
    ] = "up",
    activate: Annotated[
        bool, typer.Option("--activate", help="Let new cities run at once.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and count the same, and write nothing.")
    ] = False,
) -> None:
    """Take over cities, photos, paid labels and models of a first SightScan.

    Which city is which is asked of Wikidata; if one cannot be told, nothing is taken over until you
    say what it is (docs/runbooks/take-over.md).
    """
    from psycopg.conninfo import conninfo_to_dict

    from sightscan.errors import SettingsError
    from sightscan.takeover.run import take_over

    config = open_settings(context)
    given = _given_cities(cities or [])
    first = address or (
        config.first_database_url.get_secret_value() if config.first_database_url else ""
    )
    if not first:
        msg = "no database to take over: give --from postgresql://..., or set FIRST_DATABASE_URL"
        raise SettingsError(msg)
    if address and "password" in conninfo_to_dict(address):
        sys.stderr.write(
            "warning: everybody on this machine can read a password on a command line; "
            "set FIRST_DATABASE_URL instead\n"
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    done = take_over(
        config,
        first,
        given=given,
        y_axis=y_axis,
        activate=activate,
        is_dry_run=dry_run,
        tell=_print_city,
    )
    if done.orphan_count:
        print_lines(
            f"{done.orphan_count} images belong to no city there and were left where they are"
        )
    told = "dry run: nothing was written" if dry_run else "taken over"
    print_lines(f"{done.city_count} cities {told}")


def _given_cities(options: list[str]) -> dict[str, str]:
    from sightscan.errors import SettingsError

    given: dict[str, str] = {}
    for option in options:
        name, separator, meant = option.rpartition("=")
        if not separator or not meant.strip():
            msg = f'--city {option!r} is not NAME=QID; expected such as --city "MLAGA=Q8851"'
            raise SettingsError(msg)
        given[name] = meant.strip()
    return given


def _print_city(told: CityReport) -> None:
    spelled = ", ".join(map(repr, told.spellings))
    lines = [f"{told.report.city} (there: {spelled})"]
    for name, value in asdict(told.report).items():
        if isinstance(value, dict):
            lines += [f"  {name} {reason}: {count}" for reason, count in value.items()]
        elif name != "city":
            lines.append(f"  {name}: {value}")
    print_lines(*lines)
