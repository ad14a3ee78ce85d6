"""Cities and their sights from the command line: `python -m sightscan.discover COMMAND`.

`add NAME` puts a city into the registry, `list` and `disable SLUG` show and retire; `sights CITY`
shows which sights a run would keep and why the others are left out, and changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from sightscan.city import City
from sightscan.discover.cities import (
    LARGEST_RADIUS_METERS,
    SMALLEST_RADIUS_METERS,
    resolve_city,
)
from sightscan.discover.preview import preview_sights
from sightscan.discover.wikidata import open_client
from sightscan.errors import SettingsError, SightScanError
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import add_city, disable_city, find_city, list_cities


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.discover", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="find the city on Wikidata and add it")
    add.add_argument("name", help="its name in any language, or its Wikidata id")
    add.add_argument("--radius-km", type=float, help="instead of the radius that its area gives")
    add.add_argument("--dry-run", action="store_true", help="only say which city it would be")
    commands.add_parser("list", help="list the registry")
    disable = commands.add_parser("disable", help="keep the city, but run it no more")
    disable.add_argument("slug", help="its slug, as `list` shows it")
    sights = commands.add_parser("sights", help="show what a run would find; nothing is changed")
    sights.add_argument("city", help="its slug, as `list` shows it")
    arguments = parser.parse_args()
    try:
        sys.stdout.write(_run(arguments))
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _run(arguments: argparse.Namespace) -> str:
    config = settings()
    with connect(config, autocommit=True) as connection:
        if arguments.command == "list":
            return "".join(
                f"{city.slug:30} {city.state:9} {city.name}, {city.country}\n"
                for city in list_cities(connection)
            )
        if arguments.command == "disable":
            return _synced(disable_city(connection, arguments.slug))
        with open_client(config) as client:
            if arguments.command == "sights":
                city = find_city(connection, arguments.city)
                own = config.with_overrides(city.overrides)
                return preview_sights(connection, client, city, own)
            city = _with_radius(resolve_city(client, arguments.name), arguments.radius_km)
        if arguments.dry_run:
            return (
                f"{city.name}, {city.country} ({city.city_id}), "
                f"{city.radius_meters / 1000:g} km around {city.place.latitude:.4f}, "
                f"{city.place.longitude:.4f}; nothing is changed\n"
            )
        return _synced(add_city(connection, city))


def _with_radius(city: City, radius_km: float | None) -> City:
    if radius_km is None:
        return city
    meters = round(radius_km * 1000)
    if not SMALLEST_RADIUS_METERS <= meters <= LARGEST_RADIUS_METERS:
        msg = (
            f"--radius-km {radius_km:g}: expected from {SMALLEST_RADIUS_METERS / 1000:g} to "
            f"{LARGEST_RADIUS_METERS / 1000:g}; a sight farther out can be added in a file of sights"
        )
        raise SettingsError(msg)
    return replace(city, radius_meters=meters)


def _synced(city: City) -> str:
    return (
        f"{city.name}, {city.country} ({city.city_id}) is {city.state}; "
        f"the DAG sync_cities brings {city.dag_id} up to date within ten minutes\n"
    )


if __name__ == "__main__":
    sys.exit(main())
