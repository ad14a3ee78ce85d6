"""`sightscan city`: the registry of cities."""

from dataclasses import replace
from typing import Annotated

from sightscan.city import City
from sightscan.cli.declare import AsJson, CityArgument, argument, command, flag, group, option
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.errors import SettingsError

commands = group("city", "Cities: add, list and retire them.")

Name = Annotated[
    str,
    argument(
        "NAME",
        "Its name in any language, its country after a comma if several cities are called so; or "
        "its Wikidata id.",
    ),
]
RadiusKm = Annotated[
    float | None,
    option(
        "How far its sights may lie, from 2 to 25, instead of the radius that its area gives.",
    ),
]


@command(commands, "add")
def add(
    name: Name,
    *,
    radius_km: RadiusKm = None,
    dry_run: Annotated[bool, flag("--dry-run", "Only say which city it is.")] = False,
) -> None:
    """Find a city on Wikidata and add it to the registry.

    Its DAG appears within a quarter of an hour. A city that is there already is renewed, and
    enabled if it was retired.

    Changes: one row of core.city, unless --dry-run.

    Examples:
        sightscan city add Lisbon
        sightscan city add "Valencia, Spain" --dry-run
        sightscan city add Q8818 --radius-km 8
    """
    from sightscan.discover.cities import resolve_city
    from sightscan.discover.wikidata import open_client
    from sightscan.warehouse.registry.cities import add_city

    with open_warehouse() as (config, connection):
        with open_client(config, connection) as client:
            city = _with_radius(resolve_city(client, name), radius_km)
        if dry_run:
            print_lines(
                f"{city.name}, {city.country} ({city.city_id}), "
                f"{city.radius_meters / 1000:g} km around {city.place.latitude:.4f}, "
                f"{city.place.longitude:.4f}; nothing is changed"
            )
        else:
            _print_synced(add_city(connection, city))


@command(commands, "list")
def list_registry(*, as_json: AsJson = False) -> None:
    """List the cities of the registry, those that are retired, too.

    Changes: nothing.

    Examples:
        sightscan city list
        sightscan city list --json
    """
    from sightscan.warehouse.registry.cities import list_cities

    with open_warehouse() as (_, connection):
        cities = list_cities(connection)
    if as_json:
        print_json(
            [
                {
                    "slug": city.slug,
                    "city_id": city.city_id,
                    "name": city.name,
                    "country": city.country,
                    "state": city.state,
                    "latitude": city.place.latitude,
                    "longitude": city.place.longitude,
                    "radius_meters": city.radius_meters,
                    "overrides": dict(city.overrides),
                    "dag_id": city.dag_id,
                }
                for city in cities
            ]
        )
    else:
        print_table(
            ("slug", "state", "name", "country", "Wikidata id"),
            [(city.slug, city.state, city.name, city.country, city.city_id) for city in cities],
        )


@command(commands, "disable")
def disable(city: CityArgument) -> None:
    """Retire a city: everything of it stays, and nothing of it runs by itself any more.

    Its DAG keeps its history and loses its schedule. `sightscan city add` enables it again.

    Changes: the state of one row of core.city; nothing is deleted.

    Examples:
        sightscan city disable lisbon
    """
    from sightscan.warehouse.registry.cities import disable_city

    with open_warehouse() as (_, connection):
        _print_synced(disable_city(connection, city))


def _with_radius(city: City, radius_km: float | None) -> City:
    from sightscan.discover.cities import MAX_RADIUS_METERS, MIN_RADIUS_METERS

    if radius_km is None:
        return city
    meters = round(radius_km * 1000)
    if not MIN_RADIUS_METERS <= meters <= MAX_RADIUS_METERS:
        msg = (
            f"--radius-km {radius_km:g}: expected from {MIN_RADIUS_METERS / 1000:g} to "
            f"{MAX_RADIUS_METERS / 1000:g}; a sight farther out can be added in a file of sights"
        )
        raise SettingsError(msg)
    return replace(city, radius_meters=meters)


def _print_synced(city: City) -> None:
    print_lines(
        f"{city.name}, {city.country} ({city.city_id}) is {city.state}; "
        f"the DAG sync_cities brings {city.dag_id} up to date within ten minutes"
    )
