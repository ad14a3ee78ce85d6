"""Data checks find what they claim, and keep what they found."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.marts.data_checks import run_checks


def test_every_check_runs_and_an_empty_warehouse_passes(
    warehouse: psycopg.Connection[Any],
) -> None:
    results = run_checks(warehouse, dag_id="d", run_id="r")
    files = {file.stem for file in (settings().sql_folder / "checks").glob("*.sql")}
    assert {result.name for result in results} == files
    assert all(result.offending_count == 0 for result in results)


def test_offending_rows_are_counted_sampled_and_kept(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "mart__claim.sql").write_text(
        "-- severity: warn\nselect n, sha256('x') as hash from generate_series(1, 25) n"
    )
    (result,) = run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)
    assert (result.severity, result.offending_count, len(result.sample)) == ("warn", 25, 10)
    kept = warehouse.execute(
        "select check_name, offending_count, offending_sample -> 0 ->> 'n' from core.check_result"
    ).fetchone()
    assert kept == ("mart__claim", 25, "1")


def test_a_check_of_a_city_at_a_time_adds_up_over_all_cities(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    warehouse.execute(
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
        " select 'Q' || n, 'c' || n, 'c', 'x', 0, 0, 1000 from generate_series(1, 3) as n"
    )
    (tmp_path / "mart__claim.sql").write_text(
        "-- severity: warn, a city at a time\n"
        "select %(city_id)s::text as city_id, n from generate_series(1, 4) as n"
    )
    (result,) = run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)
    assert (result.offending_count, len(result.sample)) == (12, 10)
    assert {row["city_id"] for row in result.sample} == {"Q1", "Q2", "Q3"}


def test_a_check_without_severity_is_refused_by_name(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "mart__claim.sql").write_text("select 1")
    with pytest.raises(WarehouseError, match=r"mart__claim\.sql must start with"):
        run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)
