"""`make bench-warehouse`: what the warehouse promises in numbers, measured in one run.

It starts an embedded PostgreSQL of its own, fills databases in it, measures, prints the table,
writes var/bench/warehouse.json and var/bench/warehouse_plans.txt, and removes the server. A million
rows take minutes to fill; `--quick` measures the same on a small machine in about one, but a tenth
of the rows says nothing about a million.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks import report
from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.report import Row
from benchmarks.warehouse_checks import measure_checks
from benchmarks.warehouse_photos import measure_photos
from benchmarks.warehouse_reads import measure_overview, measure_reads, measure_registry
from benchmarks.warehouse_refresh import measure_refreshes
from benchmarks.warehouse_rows import fill
from sandbox.addresses import PostgresAddress
from sandbox.postgres.server import EmbeddedPostgres
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import rebuild_hourly_marts
from sightscan.warehouse.schema.migrate import migrate

SIGHTS_PER_CITY = 10
END = datetime(2026, 11, 1, tzinfo=UTC)
# The large warehouse by the small one.
GROWTH = 10
# Their cities by those of the small registry.
REGISTRY_GROWTH = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; the defaults are what is promised."""

    refresh_photos: int = 4_000
    row_photos: int = 1_000_000
    row_cities: int = 100
    byte_photos: int = 10_000
    registry_cities: int = 1_000


QUICK = Sizes(
    refresh_photos=400, row_photos=20_000, row_cities=2, byte_photos=400, registry_cities=200
)
REGISTRY_PHOTOS = 20_000


def measure(server: PostgresAddress, sizes: Sizes, folder: Path = report.FOLDER) -> list[Row]:
    """Measure everything on a server that is this measure's own."""
    refreshed = (sizes.refresh_photos, sizes.refresh_photos * GROWTH)
    with warehouse(server, "small") as small, warehouse(server, "large") as large:
        for connection, photos in zip((small, large), refreshed, strict=True):
            _fill(connection, 1, photos)
        refreshes = _shown(measure_refreshes(small, large, refreshed, END))
    cities = (max(sizes.registry_cities // REGISTRY_GROWTH, 1), sizes.registry_cities)
    with warehouse(server, "few") as few, warehouse(server, "many") as many:
        for connection, count in zip((few, many), cities, strict=True):
            _fill(connection, count, REGISTRY_PHOTOS)
        checks = _shown(measure_registry(few, many, cities))
        checks += _shown(measure_overview(many, cities[1]))
    with warehouse(server, "rows") as connection:
        _fill(connection, sizes.row_cities, sizes.row_photos)
        middle = (sizes.row_cities + 1) // 2
        plans = folder / "warehouse_plans.txt"
        reads = _shown(measure_reads(connection, f"Q{middle}", f"city-{middle}", plans=plans))
        hourly = _shown(measure_checks(connection, END))
    with warehouse(server, "photos") as connection:
        _say(f"taking in and exporting {sizes.byte_photos:,} photos of 80 KB, in turns ...")
        photos_moved = _shown(measure_photos(connection, sizes.byte_photos))
    return [*refreshes, *photos_moved, *checks, *reads, *hourly]


@contextmanager
def warehouse(server: PostgresAddress, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Create a migrated database, point the settings at it, and drop it at the end."""
    with server.connect() as owner:
        database = sql.Identifier(f"bench_{name}")
        owner.execute(sql.SQL("create database {}").format(database))
        address = replace(server, database=f"bench_{name}")
        before = dict(os.environ)
        os.environ |= address.environment
        settings.cache_clear()
        try:
            with connect(autocommit=True) as connection:
                migrate(connection, settings().sql_folder)
                yield connection
        finally:
            os.environ.clear()
            os.environ |= before
            settings.cache_clear()
            owner.execute(sql.SQL("drop database {} with (force)").format(database))


def _fill(connection: psycopg.Connection[Any], cities: int, photos: int) -> None:
    started = time.perf_counter()
    _say(f"filling {cities} cities with {photos:,} photos ...")
    fill(connection, cities=cities, sights_per_city=SIGHTS_PER_CITY, photos=photos, end=END)
    rebuild_hourly_marts(connection, lambda start, _end: _say(f"  facts from {start:%Y-%m-%d} on"))
    connection.execute("vacuum analyze")
    _say(f"  filled in {time.perf_counter() - started:.0f} s")


def _shown(rows: list[Row]) -> list[Row]:
    """Show a part as soon as it is measured: the whole takes long."""
    _say(report.table(rows))
    return rows


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on an embedded server; return 0, or 1 if a bound does not hold."""
    defaults = Sizes()
    parser = argparse.ArgumentParser(
        prog="make bench-warehouse", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--refresh-photos", type=int, help=f"{defaults.refresh_photos:,}")
    parser.add_argument("--row-photos", type=int, help=f"{defaults.row_photos:,}")
    parser.add_argument("--row-cities", type=int, help=f"{defaults.row_cities:,}")
    parser.add_argument("--byte-photos", type=int, help=f"{defaults.byte_photos:,}")
    parser.add_argument("--registry-cities", type=int, help=f"{defaults.registry_cities:,}")
    given = vars(parser.parse_args(arguments))
    sizes = QUICK if given.pop("quick") else defaults
    chosen = {name: value for name, value in given.items() if value is not None}
    sizes = Sizes(**{name: chosen.get(name, getattr(sizes, name)) for name in given})
    end_as_by_ctrl_c()
    with tempfile.TemporaryDirectory(prefix="sightscan-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            rows = measure(server.start(), sizes)
        finally:
            server.erase()
    return report.publish("warehouse", rows)


if __name__ == "__main__":
    sys.exit(main())
