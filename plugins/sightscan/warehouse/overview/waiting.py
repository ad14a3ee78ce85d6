"""What waits for a person."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.registry.cities import LET_IN
from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class CityReviews:
    """How many labels of a city wait for a person; how many of them are on photos that people shared.

    Each says the sums over all cities, too.
    """

    slug: str
    name: str
    label_count: int
    contributed_count: int
    city_count: int
    all_label_count: int
    all_contributed_count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many cities wait to be let in, and reports for a decision, and shared photos to be taken in.

    And how many incidents are open.
    """

    city_count: int
    report_count: int
    contribution_count: int
    incident_count: int


def list_reviews(connection: psycopg.Connection[Any], most: int) -> list[CityReviews]:
    """Return the cities that were let in of which most labels wait."""
    with connection.cursor(row_factory=class_row(CityReviews)) as cursor:
        cursor.execute(statement("overview/list_reviews"), {"states": list(LET_IN), "most": most})
        return cursor.fetchall()


def count_waiting(connection: psycopg.Connection[Any]) -> Waiting:
    """Return how much waits, beside labels."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(statement("overview/count_waiting")).fetchone() or Waiting(0, 0, 0, 0)
