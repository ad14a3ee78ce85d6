"""How far a city is: what a run's note has beside what the run itself has done."""

from dataclasses import dataclass
from typing import Any

import psycopg

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class CityStanding:
    """Photos kept and boxes accepted, as of the last refresh of the facts; the model in place now."""

    photo_count: int
    box_count: int
    model_version: int | None
    map50: float | None


def find_city_standing(connection: psycopg.Connection[Any], city_id: str) -> CityStanding:
    """Return how far a city is; nowhere, if the registry has none of this id."""
    row = connection.execute(statement("marts/find_city_standing"), {"city_id": city_id}).fetchone()
    return CityStanding(0, 0, None, None) if row is None else CityStanding(*row)
