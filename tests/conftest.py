"""Fixtures for all tests of the Airflow environment: a real PostgreSQL, a fresh database each."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sandbox.addresses import PostgresAddress
from sandbox.postgres import EmbeddedPostgres
from sandbox.postgres import connect as connect_to

from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.migrate import migrate

REPOSITORY = Path(__file__).resolve().parents[1]

# Airflow reads these when it is first imported, by whichever test comes first.
_airflow_home = tempfile.TemporaryDirectory(prefix="sightscan-airflow-")
os.environ |= {
    "AIRFLOW_HOME": _airflow_home.name,
    "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_airflow_home.name}/airflow.db",
    "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")]),
}
TEMPLATE = "migrated_template"
# A developer's own settings must not leak into a test.
SETTING_PREFIXES = ("PG", "MTS_", "AWS_", "VISION_", "WIKIDATA_", "COMMONS_", "CRAWL_", "MAX_", "MIN_")

collect_ignore = ["app", "trainer"]  # they run in environments of their own

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test the defaults, read anew."""
    for name in list(os.environ):
        if name.startswith(SETTING_PREFIXES):
            monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    """Run one embedded PostgreSQL for the whole session; the value is its superuser."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), survives_power_cut=False)
    address = server.start()
    try:
        yield address
    finally:
        server.erase()


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresAddress) -> str:
    """Migrate one database, which the databases of the tests are copies of."""
    with connect_to(postgres) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    with psycopg.connect(**_parameters(postgres, TEMPLATE)) as connection:
        migrate(connection, REPOSITORY / "include" / "sql")
    return TEMPLATE


@pytest.fixture
def empty_database(
    postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresAddress]:
    """Create an empty database and point the settings at it."""
    yield from _database(postgres, None, monkeypatch)


@pytest.fixture
def warehouse_address(
    postgres: PostgresAddress, migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresAddress]:
    """Create a migrated database and point the settings (and child processes) at it."""
    yield from _database(postgres, migrated_template, monkeypatch)


@pytest.fixture
def warehouse(warehouse_address: PostgresAddress) -> Iterator[psycopg.Connection[Any]]:
    """Open an autocommit connection to a fresh, migrated warehouse."""
    with connect(autocommit=True) as connection:
        yield connection


def _database(
    server: PostgresAddress, template: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresAddress]:
    name = f"test_{next(_numbers)}"
    create = sql.SQL("create database {}").format(sql.Identifier(name))
    if template is not None:
        create += sql.SQL(" template {}").format(sql.Identifier(template))
    with connect_to(server) as connection:
        connection.execute(create)
    monkeypatch.setenv("PGHOST", server.host)
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGDATABASE", name)
    monkeypatch.setenv("PGUSER", server.user)
    monkeypatch.setenv("PGPASSWORD", server.password)
    settings.cache_clear()
    yield PostgresAddress(server.host, server.port, name, server.user, server.password)
    with connect_to(server) as connection:
        connection.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
        )


def _parameters(server: PostgresAddress, database: str) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "dbname": database,
        "user": server.user,
        "password": server.password,
        "options": "-c timezone=UTC",
    }
