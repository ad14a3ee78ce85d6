"""`sightscan warehouse refresh-marts`, and the facts that a demo's migration fills."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from benchmarks.warehouse_rows import fill
from sandbox.addresses import PostgresAddress
from sandbox.demo.pipeline import migrate_warehouse
from sightscan.cli.main import main

END = datetime(2026, 11, 1, tzinfo=UTC)
PHOTOS = 400  # at a hundred an hour: from 20:00 on


@pytest.fixture
def filled(warehouse: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    fill(warehouse, cities=1, sights_per_city=2, photos=PHOTOS, end=END)
    return warehouse


Command = Callable[..., int]


@pytest.fixture
def refresh_marts() -> Command:
    def run(*arguments: str) -> int:
        return main(["warehouse", "refresh-marts", *arguments])

    return run


def photos_known(warehouse: psycopg.Connection[Any]) -> int:
    row = warehouse.execute("select sum(photos_new) from mart.city_activity_hourly").fetchone()
    return int(row[0] or 0) if row else 0


def test_all_of_history_is_refreshed(
    filled: psycopg.Connection[Any],
    refresh_marts: Command,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert refresh_marts("--all") == 0
    output = capsys.readouterr()
    assert photos_known(filled) == PHOTOS
    assert "city_activity_hourly=5" in output.out
    assert "refreshed 2026-10-31 00:00 to 2026-11-01 00:00" in output.err


def test_an_interval_is_refreshed_with_the_two_hours_before_it(
    filled: psycopg.Connection[Any], refresh_marts: Command
) -> None:
    assert refresh_marts("--from", "2026-10-31T23", "--to", "2026-11-01T00") == 0
    assert photos_known(filled) == 300


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        # Half past and a quarter to, by their offsets.
        ("2026-11-01T03:00+05:30", "2026-11-02T03:00+05:30", "10-31 21:00 to 2026-11-01 22:00"),
        ("2026-11-01T05:45+05:45", "2026-11-01T06:00+05:45", "11-01 00:00 to 2026-11-01 01:00"),
        ("2026-10-31T20:30-03:30", "2026-10-31T20:31-03:30", "11-01 00:00 to 2026-11-01 01:00"),
        # Parts of hours, down to a microsecond.
        ("2026-11-01T00:59:59", "2026-11-01T01:00:00.000001", "11-01 00:00 to 2026-11-01 02:00"),
        ("2026-11-01T00:30", "2026-11-01T00:31", "11-01 00:00 to 2026-11-01 01:00"),
        # Whole ones, in other ways to write them.
        ("2026-11-01", "2026-11-02", "11-01 00:00 to 2026-11-02 00:00"),
        ("2026-11-01T01+01:00", "2026-11-01T01:00:00Z", "11-01 00:00 to 2026-11-01 01:00"),
    ],
)
def test_hours_that_are_asked_for_in_part_are_refreshed_whole(
    refresh_marts: Command,
    capsys: pytest.CaptureFixture[str],
    start: str,
    end: str,
    hours: str,
) -> None:
    assert refresh_marts("--from", start, "--to", end) == 0
    assert capsys.readouterr().err == f"refreshed 2026-{hours}\n"


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ([], "needs either --all or both --from and --to"),
        (["--from", "2026-11-01T00"], "needs either --all or both --from and --to"),
        (["--all", "--from", "2026-11-01T00", "--to", "2026-11-02T00"], "needs either"),
        (["--from", "2026-11-02T00", "--to", "2026-11-01T00"], "must be before --to"),
        (["--from", "2026-11-01T24:30", "--to", "2026-11-02"], "2026-11-01T24:30"),
        (["--from", "1. 11. 2026", "--to", "2026-11-02"], "expected one such as"),
        (["--from", "0001-01-01T00:00+05:30", "--to", "2026-11-02"], "from the year 2000"),
        (["--from", "2026-11-01", "--to", "9999-12-31T23:30"], "from the year 2000"),
    ],
)
def test_what_is_no_interval_is_refused_in_words(
    warehouse: psycopg.Connection[Any],
    refresh_marts: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    output: str,
) -> None:
    assert refresh_marts(*arguments) == 2
    assert output in capsys.readouterr().err


def test_a_demo_over_earlier_rows_fills_the_facts_that_a_migration_emptied(
    filled: psycopg.Connection[Any], migrated_database: PostgresAddress
) -> None:
    addresses: Any = SimpleNamespace(postgres=migrated_database, warehouse=migrated_database)
    migrate_warehouse(addresses)
    assert photos_known(filled) == PHOTOS
