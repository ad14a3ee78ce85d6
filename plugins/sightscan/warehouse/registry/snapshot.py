"""What a snapshot of the registry is made of, read while no other writer of it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import WarehouseError
from sightscan.warehouse.registry.cities import LET_IN, NOT_LET_IN, list_cities
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class Registry:
    """The cities that have a DAG, those that were not let in, the slugs that may be lost; which it is, where."""

    registry_id: str
    place: str
    cities: tuple[City, ...]
    not_let_in: tuple[City, ...] = ()
    forgotten_slugs: frozenset[str] = frozenset()


@contextmanager
def reading_for_snapshot(connection: psycopg.Connection[Any]) -> Iterator[Registry]:
    """Give the registry, and let no other writer read it before this one has written."""
    with connection.transaction():
        connection.execute(statement("registry/lock_snapshot"))
        forgotten = connection.execute(statement("registry/list_forgotten_slugs")).fetchall()
        info = connection.info
        yield Registry(
            registry_id=find_registry_id(connection),
            place=f"{info.dbname!r} on {info.host}:{info.port}",
            cities=list_cities(connection),
            not_let_in=list_cities(connection, *NOT_LET_IN),
            forgotten_slugs=frozenset(slug for (slug,) in forgotten),
        )


def find_registry_id(connection: psycopg.Connection[Any]) -> str:
    """Return which registry this is."""
    row = connection.execute(statement("registry/find_registry_id")).fetchone()
    return str(row[0]) if row else ""


def forget_city(connection: psycopg.Connection[Any], slug: str, *, forgotten_by: str) -> None:
    """Let the DAG of a city go that the registry lacks and the snapshot still has.

    Raises:
        WarehouseError: the registry has it.

    """
    if slug in {city.slug for city in list_cities(connection, *LET_IN, *NOT_LET_IN)}:
        msg = (
            f"{slug!r} is in the registry, whose cities keep their DAGs with their history; retire "
            f"it with `sightscan city disable {slug}`"
        )
        raise WarehouseError(msg)
    connection.execute(
        statement("registry/forget_city"), {"slug": slug, "forgotten_by": forgotten_by}
    )
