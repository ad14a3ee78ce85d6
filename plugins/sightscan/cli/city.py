"""`sightscan city`: the registry of cities, and those that were asked for in the app."""

from dataclasses import replace
from typing import Annotated

from sightscan.city import City
from sightscan.cli.declare import AsJson, CityArgument, argument, command, flag, group, option
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.errors import SettingsError
from sightscan.surroundings import login_name

commands = group(
    "city", "Cities: add, list and retire them; decide about those that were asked for."
)

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

    Its DAG appears within two minutes. A city that is there already is renewed, and
    enabled if it was retired.

    Changes: one row of core.city, unless --dry-run.

    Examples:
        sightscan city add Lisbon
        sightscan city add "Valencia, Spain" --dry-run
        sightscan city add Q8818 --radius-km 8
    """
    from sightscan.discover.cities import resolve_city
    from sightscan.discover.wikidata import open_client
    from sightscan.warehouse.registry.cities import add_city, city_of_id

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
            known = city_of_id(connection, city.city_id)
            added = add_city(connection, city)
            _print_synced(added)
            if known is not None and known.state == "disabled":
                # Airflow pauses what it first sees retired, and only a person may lift a pause.
                print_lines(
                    "it was retired; if its DAG is paused, it runs again after "
                    f"`airflow dags unpause {added.dag_id}`"
                )


@command(commands, "list")
def list_registry(*, as_json: AsJson = False) -> None:
    """List the cities of the registry, those that are retired, too.

    Cities that were asked for and not let in are not among them: `sightscan city waiting`.

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


@command(commands, "set")
def set_overrides(
    city: CityArgument,
    values: Annotated[
        list[str] | None,
        argument("NAME=VALUE", "Settings of .env.example; without a value: as set for all."),
    ] = None,
) -> None:
    """Give a city settings of its own, such as its schedule; without any, show those that it has.

    They hold for its next tasks; the trigger form goes before them.

    Changes: the settings in one row of core.city.

    Examples:
        sightscan city set lisbon
        sightscan city set lisbon CITY_SCHEDULE="30 4 * * 2" MTS_EPOCHS=60
        sightscan city set lisbon CITY_SCHEDULE=
    """
    from pydantic import SecretStr

    from sightscan.warehouse.registry.cities import find_city, save_overrides

    with open_warehouse() as (config, connection):
        found = find_city(connection, city)
        overrides = dict(found.overrides)
        for given in values or ():
            name, _, value = given.partition("=")
            overrides.pop(name.lower(), None)
            if value:
                overrides[name.lower()] = value
            elif "=" not in given:
                msg = f"{given!r}: expected NAME=VALUE, or NAME= for what is set for all"
                raise SettingsError(msg)
        checked = config.with_overrides(overrides)
        for name in overrides:
            if isinstance(getattr(checked, name, None), SecretStr):
                msg = f"{name.upper()} is a secret, and many may read a city's row: set it for all"
                raise SettingsError(msg)
        # As settings have them, numbers as numbers.
        overrides = {
            name: checked.model_dump(mode="json").get(name, value)
            for name, value in overrides.items()
        }
        if values:
            found = save_overrides(connection, found, overrides)
    print_table(
        ("setting", "of its own"),
        [(name.upper(), str(value)) for name, value in sorted(found.overrides.items())],
    )
    if values:
        _print_synced(found)


@command(commands, "waiting")
def waiting(
    *,
    most: Annotated[int, option("How many are listed, with what they would cost.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the cities that were asked for in the app and wait to be let in.

    Those that most people asked for first, with what the first run may cost at most and probably.
    The one on top is let in by itself if its most fits what is left of
    MAX_USD_PER_MONTH_FOR_REQUESTS; the others wait for it, or for you.

    Changes: nothing.

    Examples:
        sightscan city waiting
        sightscan city waiting --json
    """
    from sightscan.spend.requests import first_bill, left_for_requests, tell_budget
    from sightscan.warehouse.registry.decisions import (
        count_requested_cities,
        list_requested_cities,
    )

    with open_warehouse() as (config, connection):
        bills = [
            (city, asked, first_bill(connection, config, city))
            for city, asked in list_requested_cities(connection, "waiting", most=most)
        ]
        count = count_requested_cities(connection, "waiting")
        left_usd = left_for_requests(connection, config)
    rows = [
        {
            "slug": city.slug,
            "name": city.name,
            "country": city.country,
            "city_id": city.city_id,
            "asked_by": asked.vote_count,
            "most_usd": bill.most_usd,
            "probable_usd": bill.probable_usd,
        }
        for city, asked, bill in bills
    ]
    if as_json:
        budget_usd = config.max_usd_per_month_for_requests
        print_json(
            {"waiting": count, "budget_usd": budget_usd, "left_usd": left_usd, "cities": rows}
        )
        return
    print_table(
        ("slug", "name", "country", "Wikidata id", "asked by", "most USD", "probably USD"),
        [tuple("not known" if value is None else value for value in row.values()) for row in rows],
    )
    told = tell_budget(config, left_usd, bills[0][2] if bills else None)
    print_lines("", f"{'1 city waits' if count == 1 else f'{count} cities wait'}; {told}")


@command(commands, "approve")
def approve(city: CityArgument) -> None:
    """Let a city in that was asked for, whether it waits or was refused.

    From then on it is a city like those that you added: it runs every week, within
    MAX_USD_PER_RUN, MAX_USD_PER_MONTH and MAX_USD_IN_ALL where they are set, and off the budget
    for requests.

    Changes: the state of one row of core.city, and a row of core.city_decision with your login.

    Examples:
        sightscan city approve lisbon
    """
    from sightscan.warehouse.registry.decisions import approve_city

    with open_warehouse() as (_, connection):
        _print_synced(approve_city(connection, city, decided_by=login_name()))


@command(commands, "refuse")
def refuse(
    city: CityArgument,
    *,
    reason: Annotated[str, option("A sentence for who asked; the app shows it to everybody.")],
) -> None:
    """Refuse a city that was asked for and waits.

    Who asks for it again is told the same. `sightscan city approve` lets it in all the same.

    Changes: the state of one row of core.city, and a row of core.city_decision with your login.

    Examples:
        sightscan city refuse lisbon --reason "This year we add cities of the Alps only."
    """
    from sightscan.warehouse.registry.decisions import refuse_city

    with open_warehouse() as (_, connection):
        refused = refuse_city(connection, city, decided_by=login_name(), reason=reason)
    print_lines(f"{refused.name}, {refused.country} ({refused.city_id}) is refused: {reason}")


@command(commands, "forget")
def forget(slug: Annotated[str, argument("SLUG", "As the error of sync_cities names it.")]) -> None:
    """Let the DAG of a city go that the registry lacks.

    The snapshot from which DAGs are built loses no city by itself: a registry that lacks one may be
    the wrong database, or an old backup. Say so here if it is right, city by city.

    Changes: a row of core.forgotten_city with your login; the next sync_cities drops the DAG.

    Examples:
        sightscan city forget atlantis
    """
    from sightscan.warehouse.registry.snapshot import forget_city

    with open_warehouse() as (_, connection):
        forget_city(connection, slug, forgotten_by=login_name())
    print_lines(f"sync_cities may drop the DAG of {slug!r} now")


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
        f"the DAG sync_cities brings {city.dag_id} up to date within two minutes"
    )
