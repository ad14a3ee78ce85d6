"""Fixtures for all tests of the Airflow environment: a real PostgreSQL, emptied for each."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sandbox.postgres.server import EmbeddedPostgres
from sandbox.postgres.server import connect as connect_to
from sightscan.settings import Settings, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.schema.migrate import migrate

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
# A database of its own for each test would cost half a second, and truncating the tables a fifth.
FORGET_EVERYTHING = """
do $$
declare
    found regclass;
begin
    -- Processes that a test killed may still hold connections, and locks.
    perform pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    -- Without foreign keys, in any order.
    perform set_config('session_replication_role', 'replica', true);
    for found in
        select oid from pg_class
        where relkind = 'r' and relnamespace::regnamespace::text in ('load', 'core', 'mart')
    loop
        execute format('delete from %s', found);
    end loop;
    perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null;
end
$$
"""
# Tables, keys, triggers, functions and rights, so that a test that leaves them changed is named.
SCHEMA_NOW = """
with schemas as (
    select oid from pg_namespace where nspname in ('load', 'core', 'mart', 'public')
), parts (name) as (
    select format('relation %s %s, %s columns, %s', oid, relname, relnatts, relacl) from pg_class
    where relnamespace in (select oid from schemas) and relkind <> 'S'
    union all
    select format('constraint %s %s %s', oid, conname, convalidated) from pg_constraint
    where connamespace in (select oid from schemas)
    union all
    select format('trigger %s %s', oid, tgname) from pg_trigger where not tgisinternal
    union all
    select format('function %s %s %s', oid, proname, md5(prosrc)) from pg_proc
    where pronamespace in (select oid from schemas)
)
select array_agg(name order by name) from parts
"""
# A developer's own settings must not leak into a test; libpq, boto and Google's libraries read more.
SETTING_NAMES = {name.upper() for name in Settings.model_fields}
FOREIGN_PREFIXES = ("PG", "AWS_", "GOOGLE_")
# The defaults are the real services. Nobody listens here, for who forgets to name a stand-in.
NOBODY = "127.0.0.1:9"
SERVICES = {
    name.upper(): f"http://{NOBODY}"
    for name, field in Settings.model_fields.items()
    if name.endswith("_url") and str(field.default).startswith("https://")
} | {
    "VISION_ENDPOINT": NOBODY,
    "AWS_ENDPOINT_URL": f"http://{NOBODY}",
    "CONTACT": "mailto:tests@example.org",
}

pytest_plugins = ("tests.loopback_only",)
collect_ignore = ["app", "trainer"]  # they run in environments of their own

# How long one example takes says more about the machine than about the code.
# The same examples each time, so that what passed passes; `--hypothesis-profile search` looks for new ones.
hypothesis.settings.register_profile("sightscan", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("sightscan")

_numbers = itertools.count(1)
_last_schema: list[str] = []
_keepers: list[psycopg.Connection[Any]] = []


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test the defaults, read anew; services that it does not name are nobody."""
    for name in list(os.environ):
        if name in SETTING_NAMES or name.startswith(FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    for name, value in SERVICES.items():
        monkeypatch.setenv(name, value)
    # What one test's crawl left behind must not be found by the next.
    monkeypatch.setenv("CRAWL_SPOOL_FOLDER", tempfile.mkdtemp(dir=_airflow_home.name))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    """Run one embedded PostgreSQL for the whole session; the value is its superuser."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), survives_power_cut=False)
    address = server.start()
    with connect_to(address) as connection:
        # Thousands of connections are opened, and what makes a password hard to guess takes time at each.
        for scope in ("alter system set", "set"):
            connection.execute(f"{scope} scram_iterations = 1")
        connection.execute("select pg_reload_conf()")
        password = sql.SQL("alter role {} password {}")
        connection.execute(password.format(sql.Identifier(address.user), address.password))
    try:
        yield address
    finally:
        _keepers.clear()
        server.erase()


@pytest.fixture(scope="session")
def migrated_database(postgres: PostgresAddress) -> PostgresAddress:
    """Migrate one database, which all tests use in turn."""
    address = _create_database(postgres, "warehouse")
    with connect_to(address) as connection:
        migrate(connection, REPOSITORY / "include" / "sql")
    return address


@pytest.fixture
def empty_database(
    postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresAddress]:
    """Create an empty database and point the settings at it."""
    address = _create_database(postgres, f"test_{next(_numbers)}")
    _use(address, monkeypatch)
    yield address
    with connect_to(postgres) as connection:
        connection.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(address.database))
        )


@pytest.fixture
def warehouse_address(
    migrated_database: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresAddress]:
    """Empty the migrated database and point the settings (and child processes) at it.

    A test that leaves its schema changed fails, instead of another that comes after it by chance.
    """
    _keeper(migrated_database).execute(FORGET_EVERYTHING)
    schema_before = list(_last_schema) or _schema(_keeper(migrated_database))
    _use(migrated_database, monkeypatch)
    yield migrated_database
    _last_schema[:] = _schema(_keeper(migrated_database))
    assert _last_schema == schema_before, "undo what you did to the schema"


@pytest.fixture
def warehouse(warehouse_address: PostgresAddress) -> Iterator[psycopg.Connection[Any]]:
    """Open an autocommit connection to a migrated warehouse without rows."""
    with connect(autocommit=True) as connection:
        yield connection


def _keeper(address: PostgresAddress) -> psycopg.Connection[Any]:
    """Return a superuser's connection that outlives the tests, opened anew if one ended it."""
    try:
        _keepers[0].execute("select 1")
    except (IndexError, psycopg.OperationalError):
        # Without what a test told libpq.
        with pytest.MonkeyPatch.context() as plain:
            for name in [name for name in os.environ if name.startswith("PG")]:
                plain.delenv(name)
            _keepers[:] = [connect_to(address)]
    return _keepers[0]


def _schema(connection: psycopg.Connection[Any]) -> list[str]:
    row = connection.execute(SCHEMA_NOW).fetchone()
    assert row is not None
    found: list[str] = row[0]
    return found


def _create_database(server: PostgresAddress, name: str) -> PostgresAddress:
    with connect_to(server) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return replace(server, database=name)


def _use(address: PostgresAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in address.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
