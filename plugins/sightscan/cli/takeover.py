"""`sightscan takeover`: take over a first SightScan."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sightscan.cli.declare import flag, option
from sightscan.cli.environment import open_settings
from sightscan.cli.output import print_lines
from sightscan.errors import SettingsError

if TYPE_CHECKING:
    from sightscan.takeover.photos import TakeoverReport

Address = Annotated[
    str | None,
    option(
        "The database to take over, without its password (which libpq's .pgpass file gives); else "
        "FIRST_DATABASE_URL.",
        "--from",
        metavar="URL",
    ),
]
Cities = Annotated[
    list[str] | None,
    option(
        "Which city a name is, by Wikidata id; NAME=- leaves it out; may be repeated.",
        "--city",
        metavar="NAME=QID",
    ),
]
YAxis = Annotated[
    Literal["up", "down"],
    typer.Option(help="How boxes run whose larger y comes first; see the runbook."),
]


def take_over_first_system(
    *,
    address: Address = None,
    cities: Cities = None,
    y_axis: YAxis = "up",
    activate: Annotated[bool, flag("--activate", "Let new cities run at once.")] = False,
    dry_run: Annotated[
        bool, flag("--dry-run", "Read and count the same, and write nothing.")
    ] = False,
) -> None:
    """Take over cities, photos, paid labels and models of a first SightScan.

    Which city is which is asked of Wikidata; if one cannot be told, nothing is taken over until you
    say what it is (docs/runbooks/take-over.md).

    Changes: cities, photos, paid labels and models of our warehouse. The old database is only read.
    It can be stopped at any time and run again; a second run changes nothing.

    Examples:
        sightscan takeover --dry-run
        sightscan takeover --from postgresql://reader@host/name --city "MLAGA=Q8851"
        sightscan takeover --city "TEST=-" --y-axis down
    """
    from psycopg.conninfo import conninfo_to_dict

    from sightscan.takeover.run import take_over

    config = open_settings()
    given = _given_cities(cities or [])
    kept = config.first_database_url
    first = address or (kept.get_secret_value() if kept else "")
    if not first:
        msg = "no database to take over: give --from postgresql://..., or set FIRST_DATABASE_URL"
        raise SettingsError(msg)
    if address and "password" in conninfo_to_dict(address):
        sys.stderr.write(
            "warning: everybody on this machine can read a password on a command line; "
            "set FIRST_DATABASE_URL instead\n"
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
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
    outcome = "dry run: nothing was written" if dry_run else "taken over"
    print_lines(f"{done.city_count} cities {outcome}")


def _given_cities(options: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in options:
        name, separator, meant = text.rpartition("=")
        if not separator or not meant.strip():
            msg = f'--city {text!r} is not NAME=QID; expected such as --city "MLAGA=Q8851"'
            raise SettingsError(msg)
        given[name] = meant.strip()
    return given


def _print_city(spellings: tuple[str, ...], report: TakeoverReport) -> None:
    lines = [f"{report.city} (there: {', '.join(map(repr, spellings))})"]
    for name, value in asdict(report).items():
        if isinstance(value, dict):
            lines += [f"  {name} {reason}: {count}" for reason, count in value.items()]
        elif name != "city":
            lines.append(f"  {name}: {value}")
    print_lines(*lines)
