"""The hourly refresh as Airflow runs it: what it computes, what it shows, when it is red."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields

from benchmarks.warehouse_rows import fill
from sightscan.operators.marts import RefreshMartsOperator
from sightscan.warehouse.marts import hourly_facts as marts
from sightscan.warehouse.statements import statement
from tests.cities.colour_city import store_colour_city
from tests.dags.small_cloud import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("airflow_database")]


def run_refresh() -> DagRun:
    dag = DagBag(str(REPOSITORY / "dags" / "refresh_data_marts.py")).dags["refresh_data_marts"]
    for task in dag.tasks:
        task.retries = 0
    run: DagRun = dag.test()
    return run


def shown(run: DagRun, task_id: str) -> dict[str, Any]:
    """Return what the UI shows as the task's rendered templates."""
    instance = run.get_task_instance(task_id)
    assert instance is not None
    fields = RenderedTaskInstanceFields.get_templated_fields(instance)
    assert fields is not None
    return fields


def states(run: DagRun) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def test_interval_that_the_api_was_given_is_refreshed_in_whole_hours() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    run = SimpleNamespace(
        data_interval_start=datetime(2026, 11, 1, 3, tzinfo=india),
        data_interval_end=datetime(2026, 11, 2, 3, tzinfo=india),
        run_after=datetime(2026, 11, 2, 3, tzinfo=india),
    )
    operator = RefreshMartsOperator(task_id="refresh_interval")
    context: Any = {"dag_run": run}
    operator.render_template_fields(context)
    assert operator.parameters == {
        "start_at": "2026-10-31T21:00:00+00:00",
        "end_at": "2026-11-01T22:00:00+00:00",
    }


def test_refresh_fills_its_interval_and_shows_its_sql(
    warehouse: psycopg.Connection[Any],
) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    fill(warehouse, cities=1, sights_per_city=2, photos=50, end=hour)
    run = run_refresh()
    assert states(run) == {"refresh_interval": "success", "check_marts": "success"}
    known = warehouse.execute("select photo_count from mart.city_overview").fetchone()
    assert known == (50,)

    refreshed = shown(run, "refresh_interval")
    assert refreshed["conn_id"] == "sightscan_warehouse"
    assert "-- marts/insert_city_activity_hourly.sql\n" in refreshed["sql"]
    assert "-- marts/note_refreshed_hours.sql\n" in refreshed["sql"]
    assert set(refreshed["parameters"]) == {"start_at", "end_at"}
    checked = shown(run, "check_marts")
    assert checked["conn_id"] == "sightscan_warehouse"
    for file in (REPOSITORY / "include" / "sql" / "checks").glob("*.sql"):
        assert file.read_text() in checked["sql"]


def test_broken_claim_that_must_hold_is_red_and_all_its_rows_are_counted(
    warehouse: psycopg.Connection[Any],
) -> None:
    # Photos that train without a source: five sights, twelve photos each.
    store_colour_city(warehouse, photos_a_sight=12)
    run = run_refresh()
    assert states(run) == {"refresh_interval": "success", "check_marts": "failed"}
    found = warehouse.execute(
        "select severity, offending_count, jsonb_array_length(offending_sample), run_id"
        " from core.check_result where check_name = 'trainable_photo__has_a_source'"
    ).fetchall()
    assert found == [("fail", 60, 10, run.run_id)]


def test_statements_that_are_shown_are_those_that_are_run(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []

    def noted(name: str) -> Any:
        run.append(name)
        return statement(name)

    monkeypatch.setattr(marts, "statement", noted)
    hour = datetime(2026, 1, 1, tzinfo=UTC)
    marts.refresh_hourly_marts(warehouse, hour, hour + timedelta(hours=1))
    # Nothing moved that would have to be counted anew.
    recounts = {"marts/recount_labels", "marts/recount_answers"}
    assert set(run) | recounts == set(marts.REFRESH_STATEMENTS)
