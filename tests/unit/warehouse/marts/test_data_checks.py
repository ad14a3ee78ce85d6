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


def test_the_registry_has_no_part_in_how_many_statements_the_checks_of_all_cities_are(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: psycopg.Cursor[Any], *given: Any, **named: Any) -> Any:
        asked[-1] += 1
        return execute(cursor, *given, **named)

    for cities in (10, 1_000):
        warehouse.execute(
            "insert into core.city"
            " (city_id, slug, name, country, latitude, longitude, radius_meters)"
            " select 'Q' || n, 'c' || n, 'c', 'x', 0, 0, 1000 from generate_series(1, %s) as n"
            " on conflict do nothing",
            (cities,),
        )
        asked.append(0)
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", noted)
            run_checks(warehouse, dag_id="d", run_id="r")
    # A statement of each check, and what opens and ends the transaction that keeps the results.
    assert asked[0] == asked[1] <= 20


def test_a_check_without_severity_is_refused_by_name(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "mart__claim.sql").write_text("select 1")
    with pytest.raises(WarehouseError, match=r"mart__claim\.sql must start with"):
        run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)
