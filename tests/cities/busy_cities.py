"""A warehouse in which something is going on everywhere, for the page SightScan.

Three cities with photos, labels and models, one that waits, a GPU in the middle of a training, money spent
in three months, and incidents.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.warehouse_rows import fill
from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts
from tests.cities.doubtful_city import HOSTILE

__all__ = ["HOSTILE", "store_busy_cities", "store_many_cities"]

STEPS = Path(__file__).with_suffix(".sql")


def store_busy_cities(warehouse: psycopg.Connection[Any]) -> None:
    """Fill an empty warehouse; the connection is a superuser's, in autocommit. The facts are refreshed."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    fill(warehouse, cities=3, sights_per_city=2, photos=240, end=hour)
    warehouse.execute(STEPS.read_bytes())
    rebuild_hourly_marts(warehouse)


def store_many_cities(warehouse: psycopg.Connection[Any], count: int) -> None:
    """Store cities of which only the names are known."""
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " select 'Q' || (1000 + number), 'town-' || to_char(number, 'FM0000'), 'Town ' || number,"
        " 'Land', 0, 0, 5000 from generate_series(1, %s) as number",
        [count],
    )
