"""Data checks find what they claim, and keep what they found."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.errors import WarehouseError
from sightscan.settings import settings
from sightscan.warehouse.marts.check_runs import run_checks


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
        "-- severity: warn\n-- scope: city\n"
        "select n, sha256('x') as hash, 'Q' || n as city_id from generate_series(1, 25) n"
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
            run_checks(warehouse, dag_id="d", run_id="r", is_whole=True)
    # A statement of each check, and those that keep what was found.
    assert asked[0] == asked[1] <= 25


@pytest.mark.parametrize("head", ["", "-- severity: warn\n", "-- severity: warn\n-- scope: town\n"])
def test_a_check_without_severity_and_scope_is_refused_by_name(
    warehouse: psycopg.Connection[Any], tmp_path: Path, head: str
) -> None:
    (tmp_path / "mart__claim.sql").write_text(f"{head}select 1")
    with pytest.raises(WarehouseError, match=r"mart__claim\.sql must start with .* photo, city"):
        run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)


def test_a_check_whose_rows_do_not_tell_their_keys_is_refused_by_name(
    warehouse: psycopg.Connection[Any], tmp_path: Path
) -> None:
    head = "-- severity: warn\n-- scope: run\n"
    (tmp_path / "mart__claim.sql").write_text(f"{head}select 'd' as dag_id, 1 as n")
    with pytest.raises(WarehouseError, match=r"mart__claim .* dag_id and run_id, but .* dag_id, n"):
        run_checks(warehouse, dag_id="d", run_id="r", folder=tmp_path)
