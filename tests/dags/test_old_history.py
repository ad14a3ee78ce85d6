"""Ten thousand runs in Airflow's database, on PostgreSQL: those within the limits are left, logs likewise."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from psycopg import sql
from sqlalchemy import create_engine

from sandbox.addresses import PostgresAddress
from sightscan.cli.main import main
from sightscan.settings import settings
from tests.kept_off import keep_off_this_machine

# Two DAGs with a run every 57.6 minutes for 200 days, of which 90 stay.
FILL = """
insert into dag_bundle (name, active) values ('dags-folder', true);
insert into dag (dag_id, is_paused, is_stale, bundle_name, last_parsed_time, timetable_type, partition_mapper_info,
    max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits)
select name, false, false, 'dags-folder', now() - interval '200 days', 't', '{}', 1, 0, false
from unnest(array['reaper', 'teller', 'city_stuck', 'city_cleared', 'city_retired']) as name;
insert into dag_version (id, version_number, dag_id, created_at, last_updated)
select gen_random_uuid(), 1, dag.dag_id, now() - interval '200 days', now() from dag;
create temporary table fake (dag_id text, run_id text, run_type text, state text, run_after timestamptz, start_date timestamptz);
insert into fake
select name, 'r' || number, 'scheduled', 'success', began.at, began.at
from unnest(array['reaper', 'teller']) as name, generate_series(1, 5000) as number,
    lateral (select now() - make_interval(secs => 3456.0 * number - 1800)) as began (at);
insert into fake values
-- It has hung for long, or waits for somebody who unpauses its DAG.
('city_stuck', 'hangs', 'manual', 'running', now() - interval '120 days', now() - interval '120 days'),
('city_stuck', 'before', 'scheduled', 'success', now() - interval '150 days', now() - interval '150 days'),
('city_stuck', 'first', 'scheduled', 'success', now() - interval '160 days', now() - interval '160 days'),
-- Somebody has cleared its last task, so it begins anew.
('city_cleared', 'again', 'scheduled', 'queued', now() - interval '120 days', null),
('city_cleared', 'since', 'scheduled', 'success', now() - interval '100 days', now() - interval '100 days'),
('city_retired', 'last', 'scheduled', 'success', now() - interval '150 days', now() - interval '150 days'),
('city_retired', 'by-hand', 'manual', 'success', now() - interval '140 days', now() - interval '140 days');
insert into dag_run (dag_id, run_id, run_type, state, run_after, start_date, created_dag_version_id)
select fake.dag_id, fake.run_id, fake.run_type, fake.state, fake.run_after, fake.start_date, dag_version.id
from fake inner join dag_version using (dag_id);
insert into task_instance (id, task_id, dag_id, run_id, map_index, start_date, state, try_number, pool, pool_slots, dag_version_id)
select gen_random_uuid(), 'work', fake.dag_id, fake.run_id, -1, fake.run_after, 'success', 1, 'work', 1, dag_version.id
from fake inner join dag_version using (dag_id);
insert into xcom (dag_run_id, task_id, map_index, key, dag_id, run_id, value, timestamp)
select dag_run.id, 'work', -1, 'return_value', fake.dag_id, fake.run_id, '1', fake.run_after
from fake inner join dag_run using (dag_id, run_id);
insert into log (dttm, dag_id, run_id, event) select fake.run_after, fake.dag_id, fake.run_id, 'x' from fake;
insert into log (dttm, event) values (now() - interval '91 days', 'a command'), (now(), 'another');
insert into job (job_type, state, latest_heartbeat) values
('SchedulerJob', 'success', now() - interval '91 days'), ('SchedulerJob', 'running', now());
insert into trigger (classpath, kwargs, created_date) values ('InboxTrigger', '', now() - interval '200 days')
"""


@pytest.fixture
def airflow(
    postgres: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection[Any]]:
    """Fill a database of Airflow's on PostgreSQL, and its logs."""
    with postgres.connect() as connection:
        connection.execute("create database old_airflow")
    address = replace(postgres, database="old_airflow")
    at = f"{address.user}:{address.password}@{address.host}:{address.port}/old_airflow"
    import_all_models()
    engine = create_engine(f"postgresql+psycopg://{at}")
    Base.metadata.create_all(engine)
    engine.dispose()
    keep_off_this_machine(monkeypatch, tmp_path)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"postgresql+psycopg2://{at}")
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path / "logs"))
    settings.cache_clear()
    with address.connect() as connection:
        psycopg.ClientCursor(connection).execute(FILL)
        for dag_id, run_id, begun_at in connection.execute(
            "select dag_id, run_id, run_after from dag_run where dag_id <> 'teller'"
        ):
            write_log(tmp_path / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}", begun_at)
        yield connection
    with postgres.connect() as connection:
        connection.execute(sql.SQL("drop database old_airflow with (force)"))


def write_log(folder: Path, moment: datetime) -> None:
    folder.mkdir(parents=True)
    file = folder / "attempt=1.log"
    file.write_text("line\n")
    os.utime(file, (moment.timestamp(), moment.timestamp()))


def runs_left(airflow: psycopg.Connection[Any]) -> dict[str, set[str]]:
    rows = airflow.execute("select dag_id, array_agg(run_id) from dag_run group by dag_id")
    return {dag_id: set(run_ids) for dag_id, run_ids in rows}


# Airflow's command is started twice, and ten thousand files are written and deleted.
@pytest.mark.timeout(900)
def test_of_ten_thousand_runs_those_within_the_limits_are_left(
    airflow: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["upkeep", "clean", "--json"]) == 0
    told = {one["name"]: one["came"] for one in json.loads(capsys.readouterr().out)}
    assert told["airflow-history"].endswith(
        "runs in progress are older, so their DAGs were left: city_cleared, city_stuck"
    )
    # 90 days of one every 3,456 seconds, and half an hour.
    young = {f"r{number}" for number in range(1, 2_251)}
    assert runs_left(airflow) == {
        "reaper": young,
        "teller": young,
        "city_stuck": {"hangs", "before", "first"},
        "city_cleared": {"again", "since"},
        "city_retired": {"last"},
    }
    counted = "select count(*) filter (where dag_id = 'reaper'), count(*) filter (where dag_id = 'city_cleared') from {}"
    for table in ("task_instance", "xcom"):
        query = sql.SQL(counted).format(sql.Identifier(table))
        assert airflow.execute(query).fetchone() == (2_250, 2), table
    # No table of what went stays beside, no DAG and no trigger went, and what belongs to no DAG did.
    assert airflow.execute(
        "select (select count(*) from dag), (select count(*) from trigger), (select count(*) from job),"
        " (select count(*) from log where event = 'a command'), (select count(*) from log where event = 'another'),"
        " (select count(*) from pg_tables where tablename like '%deleted%')"
    ).fetchone() == (5, 1, 1, 0, 1, 0)
    logs = {path.parent.name for path in (tmp_path / "logs" / "dag_id=reaper").rglob("*.log")}
    # Of 30 days.
    assert logs == {f"run_id=r{number}" for number in range(1, 751)}
    kept = [
        (tmp_path / "logs").glob(f"dag_id=city_{name}/*/*.log") for name in ("stuck", "cleared")
    ]
    assert [[path.parent.name for path in paths] for paths in kept] == [
        ["run_id=hangs"],
        ["run_id=again"],
    ]


def test_a_database_that_cannot_be_asked_keeps_its_rows_and_logs(
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep_off_this_machine(monkeypatch, tmp_path)
    address = "postgresql+psycopg://airflow:secret-of-airflow@127.0.0.1:9/airflow"
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", address)
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    write_log(tmp_path / "dag_id=a" / "run_id=r", datetime.now(UTC) - timedelta(days=99))
    assert main(["upkeep", "clean", "--json"]) == 1
    output = capsys.readouterr().out
    states = {one["name"]: one["state"] for one in json.loads(output)}
    assert (states["airflow-history"], states["logs"], states["exports"]) == (
        "failed",
        "failed",
        "done",
    )
    assert "secret-of-airflow" not in output
    assert (tmp_path / "dag_id=a" / "run_id=r" / "attempt=1.log").is_file()
