"""`python -m sightscan.discover add NAME`: put a city into the registry; `list` and `disable` too."""

from __future__ import annotations

import argparse
import sys

from sightscan.discover.cities import resolve_city
from sightscan.discover.wikidata import open_client
from sightscan.errors import SightScanError
from sightscan.settings import settings
from sightscan.warehouse.cities import add_city, disable_city, list_cities
from sightscan.warehouse.connection import connect


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.discover", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="find the city on Wikidata and add it")
    add.add_argument("name", help="its name in any language, or its Wikidata id")
    commands.add_parser("list", help="list the registry")
    disable = commands.add_parser("disable", help="keep the city, but run it no more")
    disable.add_argument("slug", help="its slug, as `list` shows it")
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _run(arguments: argparse.Namespace) -> int:
    config = settings()
    with connect(config, autocommit=True) as connection:
        if arguments.command == "list":
            for city in list_cities(connection):
                sys.stdout.write(f"{city.slug:30} {city.state:9} {city.name}, {city.country}\n")
            return 0
        if arguments.command == "disable":
            city = disable_city(connection, arguments.slug)
        else:
            with open_client(config) as client:
                city = add_city(connection, resolve_city(client, arguments.name))
    sys.stdout.write(
        f"{city.name}, {city.country} ({city.city_id}) is {city.state}; "
        f"the DAG sync_cities brings {city.dag_id} up to date within ten minutes\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
